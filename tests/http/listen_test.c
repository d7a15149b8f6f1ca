#include "http/listen.h"

#include "base/file.h"
#include "harness.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

static int knock(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(fd, (struct sockaddr *)&address, sizeof address);
    return fd;
}

TEST(who_has_come_before_a_refusal_is_accepted_and_nobody_comes_after)
{
    struct listen listen = {0};
    struct err err = {0};
    WORKS(listen_open(&listen, "127.0.0.1", 0, 1, &err), err);
    int before = knock(listen.port);
    listen_refuse(listen.fd[0]);
    int after = knock(listen.port), taken = accept(listen.fd[0], NULL, NULL);
    TRUE(taken >= 0);
    TRUE(accept(listen.fd[0], NULL, NULL) < 0);
    struct pollfd wait = {.fd = after, .events = POLLOUT};
    SAME(poll(&wait, 1, 100), 0);
    listen_close(&listen);
    wait.fd = before;
    wait.events = POLLOUT | POLLRDHUP;
    SAME(poll(&wait, 1, 100), 1);
    SAME(wait.revents, POLLOUT); /* and lives on */
    close(before), close(after), close(taken);
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

TEST(only_this_machines_own_addresses_are_loopback)
{
    static const struct {
        const char *host;
        bool loopback;
    } cases[] = {{"127.0.0.1", true},
                 {"127.9.9.9", true},
                 {"::1", true},
                 {"localhost", true},
                 {"", false},
                 {"*", false},
                 {"0.0.0.0", false},
                 {"::", false},
                 {"192.0.2.1", false},
                 {"128.0.0.1", false},
                 {"::ffff:127.0.0.1", true},
                 {"::ffff:10.0.0.1", false}};
    struct err err = {0};
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        bool loopback = !cases[i].loopback;
        WORKS(listen_is_loopback(cases[i].host, &loopback, &err), err);
        FAIL_UNLESS(loopback == cases[i].loopback, "%s", cases[i].host);
    }
    bool ignored;
    FAILS(listen_is_loopback("256.1.1.1", &ignored, &err), err, ERR_USAGE);
}

static const char *socket_path(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    return path;
}

TEST(a_socket_at_a_path_is_for_owner_and_group_alone_whatever_the_umask)
{
    const char *path = socket_path("mode");
    static const mode_t masks[] = {0, 0777};
    struct err err = {0};
    for (size_t i = 0; i < LENGTH_OF(masks); i++) {
        struct stat about;
        mode_t before = umask(masks[i]);
        CLEANUP(fd_close) int fd = listen_open_path(path, &err);
        umask(before);
        FAIL_UNLESS(fd >= 0, "%s", err.text);
        TRUE(stat(path, &about) == 0);
        SAME(about.st_mode & 07777, 0660);
        fd_close(&fd);
        listen_remove_path(path);
        TRUE(!file_exists(path));
    }
}

TEST(a_stale_socket_is_replaced_and_a_served_one_is_not)
{
    const char *path = socket_path("stale");
    struct err err = {0};
    CLEANUP(fd_close) int first = listen_open_path(path, &err);
    TRUE(first >= 0);
    FAILS(listen_open_path(path, &err) >= 0, err, ERR_CONFLICT);
    SAYS(err, "is in use");
    fd_close(&first); /* as if it had been killed */
    CLEANUP(fd_close) int second = listen_open_path(path, &err);
    TRUE(second >= 0);
    listen_remove_path(path); /* the first server's: it is another's by now */
    TRUE(file_exists(path));
    fd_close(&second);
    listen_remove_path(path);
    TRUE(!file_exists(path));
}

TEST(a_file_that_is_no_socket_and_a_path_that_is_too_long_are_refused)
{
    const char *path = socket_path("file");
    struct err err = {0};
    WORKS(file_save(path, VIEW("precious"), &err), err);
    FAILS(listen_open_path(path, &err) >= 0, err, ERR_CONFLICT);
    listen_remove_path(path);
    TRUE(file_exists(path));
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    FAILS(listen_open_path(name, &err) >= 0, err, ERR_USAGE);
    FAILS(listen_open_path("", &err) >= 0, err, ERR_USAGE);
}
