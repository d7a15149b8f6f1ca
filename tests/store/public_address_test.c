#include "store/public_address.h"

#include "harness.h"

#include <arpa/inet.h>

static bool is_public(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return is_public_address((struct sockaddr *)&four, sizeof four);
    FAIL_UNLESS(inet_pton(AF_INET6, text, &six.sin6_addr) == 1, "%s", text);
    return is_public_address((struct sockaddr *)&six, sizeof six);
}

TEST(what_is_ours_or_nobodys_is_not_public)
{
    static const char *const kept[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "100::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "4000::1",
    };
    for (size_t i = 0; i < LENGTH_OF(kept); i++)
        FAIL_UNLESS(!is_public(kept[i]), "%s", kept[i]);
}

TEST(the_internet_is_public_up_to_each_ranges_edge)
{
    static const char *const open[] = {
        "1.0.0.1",         "8.8.8.8",         "9.255.255.255",
        "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
        "126.0.0.1",       "128.0.0.1",       "168.63.129.15",
        "169.253.255.255", "169.255.0.0",     "172.15.0.1",
        "172.32.0.0",      "192.0.1.1",       "192.167.255.255",
        "192.169.0.0",     "198.17.255.255",  "198.20.0.0",
        "223.255.255.255", "2001:200::1",     "2001:4860:4860::8888",
        "2003::1",         "2606:4700::1111", "3ffe::1",
    };
    for (size_t i = 0; i < LENGTH_OF(open); i++)
        FAIL_UNLESS(is_public(open[i]), "%s", open[i]);
}

TEST(what_is_no_address_of_the_internet_is_not_public)
{
    struct sockaddr local = {.sa_family = AF_UNIX};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};
    TRUE(!is_public_address(&local, sizeof local));
    TRUE(!is_public_address((struct sockaddr *)&four, sizeof four - 1));
    TRUE(is_public_address((struct sockaddr *)&four, sizeof four));
}
