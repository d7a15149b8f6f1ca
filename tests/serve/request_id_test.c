#include "serve/request_id.h"

#include "harness.h"

static struct view id_of(const char *fields, char room[REQUEST_ID_MAX])
{
    struct http_request request = {.fields = view_of(fields), .number = 0xabc};
    return request_id_of(&request, room);
}

TEST(a_clients_own_id_is_taken_when_it_is_a_short_word)
{
    char room[REQUEST_ID_MAX];
    TEXT(id_of("X-Request-Id: till-7.2026_A\r\n", room), "till-7.2026_A");
    TEXT(id_of("Host: x\r\n", room), "0000000000000abc");
    TEXT(id_of("X-Request-ID: \r\n", room), "0000000000000abc");
    TEXT(id_of("X-Request-ID: two words\r\n", room), "0000000000000abc");
    TEXT(id_of("X-Request-ID: \"quoted\"\r\n", room), "0000000000000abc");
    char long_one[128] = "X-Request-ID: ";
    memset(long_one + 14, 'a', 65);
    TEXT(id_of(long_one, room), "0000000000000abc");
    long_one[14 + 64] = '\0';
    SAME(id_of(long_one, room).length, 64);
}

TEST(an_id_with_a_cards_number_in_it_is_replaced)
{
    char room[REQUEST_ID_MAX];
    TEXT(id_of("X-Request-ID: 4111111111111111\r\n", room), "0000000000000abc");
    TEXT(id_of("X-Request-ID: order-4111-1111-1111-1111-x\r\n", room), "0000000000000abc");
}
