#include "http/http_parse.h"

#include "base/text.h"
#include "harness.h"

enum { BODY_MAX = 1000 };

struct probe {
    const char *name;
    int status;
    struct view bytes;
};

static const struct probe probes[] = {
#define PROBE(name, status, bytes) {#name, status, VIEW(bytes)},
#include "http/probes.def"
#undef PROBE
};

/* Feeds as a socket would: `step` bytes more each time, what is not taken again. Returns how many
 * bytes were taken up to the first whole or refused request. */
static size_t feed(struct http_parse *parse, struct view bytes, size_t step)
{
    size_t from = 0, arrived = 0;
    for (;;) {
        size_t taken = http_parse_feed(parse, (struct view){bytes.text + from, arrived - from});
        from += taken;
        if (parse->state == HTTP_PARSE_WHOLE || parse->state == HTTP_PARSE_REFUSED)
            return from;
        if (taken > 0)
            continue;
        if (arrived == bytes.length)
            return from;
        arrived = arrived + step < bytes.length ? arrived + step : bytes.length;
    }
}

static size_t parse_all(struct http_parse *parse, struct view bytes)
{
    http_parse_init(parse, BODY_MAX, NULL);
    return feed(parse, bytes, bytes.length);
}

TEST(a_request_with_a_body_is_taken_apart)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    struct view bytes = VIEW("POST /invocations?format=csv HTTP/1.1\r\nHost: x\r\n"
                             "Content-Type: text/csv\r\naccept:  text/plain \r\n"
                             "Content-Length: 3\r\n\r\nabcGET");
    SAME(parse_all(&parse, bytes), bytes.length - 3);
    SAME(parse.state, HTTP_PARSE_WHOLE);
    TEXT(parse.request.method, "POST");
    TEXT(parse.request.path, "/invocations");
    TEXT(parse.request.query, "format=csv");
    TEXT(parse.request.content_type, "text/csv");
    TEXT(parse.request.accept, "text/plain");
    TEXT(parse.request.body, "abc");
    SAME(parse.request.lengths,
         http_length_bit(4) | http_length_bit(12) | http_length_bit(6) | http_length_bit(14));
    TRUE(parse.request.keep_alive);
    TRUE(!parse.request.version_1_0);
}

TEST(every_malformed_request_is_refused_in_one_piece_and_byte_by_byte)
{
    for (size_t i = 0; i < LENGTH_OF(probes); i++) {
        const struct probe *probe = &probes[i];
        for (size_t step = 1; step <= probe->bytes.length; step += probe->bytes.length - 1) {
            CLEANUP(http_parse_release) struct http_parse parse;
            http_parse_init(&parse, BODY_MAX, NULL);
            feed(&parse, probe->bytes, step);
            FAIL_UNLESS(parse.state == HTTP_PARSE_REFUSED && parse.status == probe->status,
                        "%s, %zu bytes a time: state %d, status %d, wanted %d", probe->name, step,
                        (int)parse.state, parse.status, probe->status);
            TRUE(parse.why != NULL);
        }
    }
}

TEST(chunks_are_put_together)
{
    struct view bytes = VIEW("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
                             "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
    size_t size = bytes.length - 16;
    for (size_t step = 1; step < bytes.length; step++) {
        CLEANUP(http_parse_release) struct http_parse parse;
        http_parse_init(&parse, BODY_MAX, NULL);
        SAME(feed(&parse, bytes, step), size);
        SAME(parse.state, HTTP_PARSE_WHOLE);
        TEXT(parse.request.body, "abc0123456789");
    }
}

TEST(requests_that_follow_each_other_begin_at_their_own_first_byte)
{
    struct view bytes = VIEW("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
                             "\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"
                             "GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CLEANUP(http_parse_release) struct http_parse parse;
    http_parse_init(&parse, BODY_MAX, NULL);
    const char *const paths[] = {"/a", "/b", "/c"};
    for (size_t i = 0; i < LENGTH_OF(paths); i++) {
        bytes = view_from(bytes, feed(&parse, bytes, 5));
        SAME(parse.state, HTTP_PARSE_WHOLE);
        TEXT(parse.request.path, paths[i]);
        SAME(parse.request.body.length, i == 0 ? 2 : 0);
        SAME(parse.request.keep_alive, i < 2);
        http_parse_next(&parse);
    }
    SAME(bytes.length, 0);
}

TEST(an_absolute_target_gives_its_path)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    parse_all(&parse, VIEW("GET http://example.org:80/ping?a=b HTTP/1.1\r\nHost: x\r\n\r\n"));
    SAME(parse.state, HTTP_PARSE_WHOLE);
    TEXT(parse.request.path, "/ping");
    TEXT(parse.request.query, "a=b");
}

TEST(an_offer_to_upgrade_is_answered_as_usual)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    struct view bytes = VIEW("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                             "Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n");
    SAME(parse_all(&parse, bytes), bytes.length);
    SAME(parse.state, HTTP_PARSE_WHOLE);
    TRUE(parse.request.keep_alive);
}

TEST(version_1_0_closes_unless_it_asks_to_stay)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    parse_all(&parse, VIEW("GET / HTTP/1.0\r\n\r\n"));
    SAME(parse.state, HTTP_PARSE_WHOLE);
    TRUE(parse.request.version_1_0 && !parse.request.keep_alive);
    http_parse_release(&parse);
    parse_all(&parse, VIEW("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    TRUE(parse.request.version_1_0 && parse.request.keep_alive);
}

TEST(a_client_that_waits_for_100_is_told_apart)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    parse_all(&parse, VIEW("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n"
                           "Content-Length: 3\r\n\r\n"));
    SAME(parse.state, HTTP_PARSE_BODY);
    TRUE(parse.wants_continue);
    feed(&parse, VIEW("abc"), 3);
    SAME(parse.state, HTTP_PARSE_WHOLE);
    TEXT(parse.request.body, "abc");
}

/* "GET / HTTP/1.1\r\nHost: x\r\n" and `count` fields of `length` bytes each, CRLF included. */
static struct view with_fields(struct arena *arena, size_t count, size_t length)
{
    struct text text = text_in_arena(arena);
    text_adds(&text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (size_t i = 0; i < count; i++) {
        text_adds(&text, "a: ");
        for (size_t k = 5; k < length; k++)
            text_addc(&text, 'b');
        text_adds(&text, "\r\n");
    }
    text_adds(&text, "\r\n");
    return text_view(&text);
}

static int status_of(struct view bytes)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    parse_all(&parse, bytes);
    return parse.state == HTTP_PARSE_WHOLE ? 200 : parse.status;
}

TEST(a_head_has_at_most_100_fields_and_16_kib)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 22};
    SAME(status_of(with_fields(&arena, 99, 10)), 200);
    SAME(status_of(with_fields(&arena, 100, 10)), 431);
    size_t rest = HTTP_HEAD_MAX - with_fields(&arena, 0, 0).length;
    SAME(with_fields(&arena, 1, rest).length, HTTP_HEAD_MAX);
    SAME(status_of(with_fields(&arena, 1, rest)), 200);
    SAME(status_of(with_fields(&arena, 1, rest + 1)), 431);
    SAME(status_of(with_fields(&arena, 10000, 10)), 431);
}

TEST(sixteen_kib_without_an_end_are_refused_at_the_last_byte)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view bytes = with_fields(&arena, 40, 1000);
    SAME(status_of((struct view){bytes.text, HTTP_HEAD_MAX - 1}), 0);
    SAME(status_of((struct view){bytes.text, HTTP_HEAD_MAX}), 431);
}

TEST(a_target_longer_than_8_kib_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 22};
    const size_t lengths[] = {8192, 8193, 100000};
    for (size_t i = 0; i < LENGTH_OF(lengths); i++) {
        struct text text = text_in_arena(&arena);
        text_adds(&text, "GET /");
        for (size_t k = 1; k < lengths[i]; k++)
            text_addc(&text, 'a');
        text_adds(&text, " HTTP/1.1\r\nHost: x\r\n\r\n");
        SAME(status_of(text_view(&text)), i == 0 ? 200 : 414);
    }
}

TEST(a_body_past_the_ceiling_is_refused_by_its_length_or_by_its_chunks)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    for (int over = 0; over < 2; over++) {
        struct text text = text_in_arena(&arena);
        text_addf(&text, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
                  BODY_MAX + over);
        for (int i = 0; i < BODY_MAX + over; i++)
            text_addc(&text, 'x');
        SAME(status_of(text_view(&text)), over ? 413 : 200);

        text = text_in_arena(&arena);
        text_adds(&text, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < BODY_MAX + over; i++)
            text_adds(&text, "1\r\nx\r\n");
        text_adds(&text, "0\r\n\r\n");
        SAME(status_of(text_view(&text)), over ? 413 : 200);
    }
}

TEST(a_chunk_that_announces_too_much_is_refused_before_it_comes)
{
    static const struct view bytes[] = {
        VIEW("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"),
        VIEW("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n3e8\r\n"),
        VIEW("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n3e7\r\n"),
    };
    static const enum http_parse_state states[] = {HTTP_PARSE_REFUSED, HTTP_PARSE_REFUSED,
                                                   HTTP_PARSE_BODY};
    for (size_t i = 0; i < LENGTH_OF(bytes); i++) {
        CLEANUP(http_parse_release) struct http_parse parse;
        parse_all(&parse, bytes[i]);
        SAME(parse.state, states[i]);
        TRUE(parse.state != HTTP_PARSE_REFUSED || parse.status == 413);
    }
}

TEST(a_chunk_size_of_endless_zeros_is_refused)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    parse_all(&parse, VIEW("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    char zeros[4096];
    memset(zeros, '0', sizeof zeros);
    for (int i = 0; i < 1000 && parse.state == HTTP_PARSE_BODY; i++)
        http_parse_feed(&parse, (struct view){zeros, sizeof zeros});
    SAME(parse.state, HTTP_PARSE_REFUSED);
    SAME(parse.status, 400);
}

TEST(large_bodies_draw_on_one_budget_and_give_it_back)
{
    enum { SIZE = 200000 };
    struct http_budget budget = {.max = 300000};
    struct http_parse parse[3];
    static char body[SIZE];
    for (size_t i = 0; i < LENGTH_OF(parse); i++) {
        http_parse_init(&parse[i], SIZE, &budget);
        feed(&parse[i], VIEW("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"), 100);
        http_parse_feed(&parse[i], (struct view){body, SIZE});
    }
    SAME(parse[0].state, HTTP_PARSE_WHOLE);
    SAME(parse[1].state, HTTP_PARSE_WHOLE);
    SAME(parse[2].state, HTTP_PARSE_REFUSED);
    SAME(parse[2].status, 503);
    http_parse_next(&parse[0]);
    TRUE(parse[0].body.size <= 64 * 1024);
    for (size_t i = 0; i < LENGTH_OF(parse); i++)
        http_parse_release(&parse[i]);
    SAME(budget.used, 0);
}

TEST(an_announced_body_costs_no_memory_before_it_comes)
{
    CLEANUP(http_parse_release) struct http_parse parse;
    http_parse_init(&parse, (size_t)1 << 40, NULL);
    feed(&parse, VIEW("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\nabc"), 9);
    SAME(parse.state, HTTP_PARSE_BODY);
    TRUE(parse.body.size <= 4096);
}
