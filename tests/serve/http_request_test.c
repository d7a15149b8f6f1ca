#include "serve/http_request.h"

#include "harness.h"

static const struct http_request request = {
    .query = {.text = "format=csv&n=&x", .length = 15},
    .fields = {.text = "Host: a\r\nX-Request-ID:\t 7 \r\nx-request-id: 8\r\n", .length = 46},
};

TEST(a_field_is_found_in_any_case_the_first_one_wins)
{
    TEXT(http_request_field(&request, "x-request-id"), "7");
    TEXT(http_request_field(&request, "HOST"), "a");
    TRUE(http_request_field(&request, "x-request").text == NULL);
}

TEST(a_query_value_is_found_by_its_whole_name)
{
    TEXT(http_request_query(&request, "format"), "csv");
    TRUE(http_request_query(&request, "form").text == NULL);
    TRUE(http_request_query(&request, "x").text == NULL);
    TRUE(http_request_query(&request, "n").text != NULL);
    SAME(http_request_query(&request, "n").length, 0);
}

TEST(a_media_type_is_compared_without_its_parameters)
{
    TRUE(http_media_is(VIEW("application/json"), "application/json"));
    TRUE(http_media_is(VIEW("Application/JSON ; charset=utf-8"), "application/json"));
    TRUE(!http_media_is(VIEW("application/jsonlines"), "application/json"));
    TRUE(!http_media_is((struct view){0}, "application/json"));
}
