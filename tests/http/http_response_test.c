#include "http/http_response.h"

#include "harness.h"

static const char *head_of(const struct http_response *response, struct http_manner manner)
{
    static char bytes[4096];
    struct text text = text_in(bytes, sizeof bytes);
    manner.date = VIEW("Thu, 01 Jan 1970 00:00:00 GMT");
    http_response_head(response, &manner, &text);
    return text_c(&text);
}

TEST(a_head_says_status_date_type_and_length)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct http_response response = http_response_in(&arena);
    text_adds(&response.body, "{}");
    TEXT(view_of(head_of(&response, (struct http_manner){0})),
         "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n");
}

TEST(an_answer_without_a_body_says_so_in_the_way_of_its_status)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct http_response response = http_response_in(&arena);
    TRUE(strstr(head_of(&response, (struct http_manner){0}), "Content-Length: 0\r\n") != NULL);
    response.status = 204;
    TRUE(strstr(head_of(&response, (struct http_manner){0}), "Content-") == NULL);
}

TEST(a_value_cannot_begin_a_line_of_its_own)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct http_response response = http_response_in(&arena);
    http_response_field(&response, "X-Id", VIEW("a\r\nSet-Cookie: b"));
    TRUE(strstr(head_of(&response, (struct http_manner){0}), "X-Id: a  Set-Cookie: b\r\n") != NULL);
}

TEST(closing_and_staying_in_version_1_0_are_said)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct http_response response = http_response_in(&arena);
    TRUE(strstr(head_of(&response, (struct http_manner){.close = true}), "Connection: close\r\n"));
    TRUE(strstr(head_of(&response, (struct http_manner){.version_1_0 = true}),
                "Connection: keep-alive\r\n"));
    TRUE(strstr(head_of(&response, (struct http_manner){0}), "Connection") == NULL);
}

TEST(an_error_takes_the_place_of_what_was_written_and_its_kind_gives_the_status)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct http_response response = http_response_in(&arena);
    response.content_type = VIEW("text/csv");
    text_adds(&response.body, "half an answ");
    struct err err;
    err_set(&err, ERR_NOT_FOUND, "no model \"x\"");
    http_response_fail(&response, &err);
    SAME(response.status, 404);
    TEXT(response.content_type, "application/json");
    TEXT(text_view(&response.body), "{\"error\":\"no model \\\"x\\\"\"}");
}

TEST(every_status_has_a_reason_and_stands_once_in_order)
{
    for (size_t slot = 0; slot < HTTP_STATUS_SLOTS; slot++) {
        int status = http_status_at(slot);
        SAME(http_status_slot(status), slot);
        TRUE(strcmp(http_status_reason(status), "Unknown") != 0);
        TRUE(slot == 0 || status > http_status_at(slot - 1));
    }
    SAME(http_status_slot(299), HTTP_STATUS_SLOTS);
    TEXT(view_of(http_status_reason(299)), "Unknown");
}
