#include "serve/listen.h"

#include "harness.h"

#include <sys/resource.h>

TEST(all_sockets_share_the_port_that_the_first_was_given)
{
    struct listen listen = {0};
    struct err err = {0};
    WORKS(listen_open(&listen, "127.0.0.1", 0, 3, &err), err);
    SAME(listen.count, 3);
    TRUE(listen.port > 0);
    listen_close(&listen);
}

TEST(a_port_in_use_is_a_conflict_that_names_the_address)
{
    struct listen first = {0}, second = {0};
    struct err err = {0};
    WORKS(listen_open(&first, "127.0.0.1", 0, 1, &err), err);
    FAILS(listen_open(&second, "127.0.0.1", first.port, 1, &err), err, ERR_CONFLICT);
    char address[40];
    snprintf(address, sizeof address, "127.0.0.1:%u is in use", (unsigned)first.port);
    SAYS(err, address);
    listen_close(&first);
    WORKS(listen_open(&second, "127.0.0.1", first.port, 1, &err), err);
    listen_close(&second);
}

TEST(an_address_that_is_not_ours_or_not_one_at_all_is_refused)
{
    struct listen listen = {0};
    struct err err = {0};
    FAILS(listen_open(&listen, "192.0.2.1", 0, 1, &err), err, ERR_IO);
    SAYS(err, "192.0.2.1");
    FAILS(listen_open(&listen, "256.1.1.1", 0, 1, &err), err, ERR_USAGE);
    SAYS(err, "256.1.1.1");
}

TEST(version_6_addresses_are_listened_on_too)
{
    struct listen listen = {0};
    struct err err = {0};
    if (!listen_open(&listen, "::1", 0, 2, &err))
        SKIP("this machine has no IPv6 loopback");
    TRUE(listen.port > 0);
    listen_close(&listen);
}

TEST(the_limit_of_open_files_is_raised_and_told)
{
    struct rlimit limit;
    TRUE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 64;
    TRUE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    SAME(listen_raise_files(), limit.rlim_max);
    TRUE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    SAME(limit.rlim_cur, limit.rlim_max);
}
