#include "store/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

struct range4 {
    uint32_t network;
    unsigned bits;
};

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

static const struct range4 ranges4[] = {
    {IPV4(0, 0, 0, 0), 8},        /* this network */
    {IPV4(10, 0, 0, 0), 8},       /* private */
    {IPV4(100, 64, 0, 0), 10},    /* shared, behind a carrier; Alibaba's metadata */
    {IPV4(127, 0, 0, 0), 8},      /* loopback */
    {IPV4(168, 63, 129, 16), 32}, /* Azure's own service, in a public range */
    {IPV4(169, 254, 0, 0), 16},   /* link-local; AWS's, Azure's and Google's metadata */
    {IPV4(172, 16, 0, 0), 12},    /* private */
    {IPV4(192, 0, 0, 0), 24},     /* protocol assignments; Oracle's metadata */
    {IPV4(192, 0, 2, 0), 24},     /* documents */
    {IPV4(192, 88, 99, 0), 24},   /* 6to4 relays */
    {IPV4(192, 168, 0, 0), 16},   /* private */
    {IPV4(198, 18, 0, 0), 15},    /* benchmarks */
    {IPV4(198, 51, 100, 0), 24},  /* documents */
    {IPV4(203, 0, 113, 0), 24},   /* documents */
    {IPV4(224, 0, 0, 0), 3},      /* multicast, reserved, broadcast */
};

static const struct range6 {
    unsigned char network[16];
    unsigned bits;
} ranges6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments; Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documents */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3f, 0xff}, 20},             /* documents */
};

static bool is_in4(uint32_t address, const struct range4 *range)
{
    return (address ^ range->network) >> (32 - range->bits) == 0;
}

static bool is_in6(const unsigned char *address, const unsigned char *network, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, network, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0;
}

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < LENGTH_OF(ranges4); i++)
        if (is_in4(address, &ranges4[i]))
            return false;
    return true;
}

static bool is_public6(const unsigned char *address)
{
    static const unsigned char global[16] = {0x20};
    if (!is_in6(address, global, 3))
        return false;
    for (size_t i = 0; i < LENGTH_OF(ranges6); i++)
        if (is_in6(address, ranges6[i].network, ranges6[i].bits))
            return false;
    return true;
}

bool is_public_address(const struct sockaddr *address, size_t size)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    if (address->sa_family == AF_INET && size >= sizeof four) {
        memcpy(&four, address, sizeof four);
        return is_public4(ntohl(four.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6 && size >= sizeof six) {
        memcpy(&six, address, sizeof six);
        return is_public6(six.sin6_addr.s6_addr);
    }
    return false;
}
