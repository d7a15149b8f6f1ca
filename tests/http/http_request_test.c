#include "http/http_request.h"

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

TEST(what_a_client_accepts_first_is_what_it_gets)
{
    static const char *const types[] = {"application/json", "text/csv"};
    static const struct {
        const char *accept;
        size_t wanted;
    } cases[] = {
        {"", 7},
        {"text/csv", 1},
        {"TEXT/CSV;q=0.5", 1},
        {"*/*", 7},
        {"*/*, text/csv", 7},
        {"image/png, text/csv, application/json", 1},
        {"text/csv;q=0", 7},
        {"text/csv; q=0, application/json", 0},
        {",,;", 7},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        SAME(http_accepts(view_of(cases[i].accept), types, LENGTH_OF(types), 7), cases[i].wanted);
}

TEST(a_charset_is_utf_8_unless_it_says_otherwise)
{
    TRUE(http_media_is_utf8(VIEW("")));
    TRUE(http_media_is_utf8(VIEW("text/csv")));
    TRUE(http_media_is_utf8(VIEW("text/csv; header=present; Charset=\"UTF-8\"")));
    TRUE(http_media_is_utf8(VIEW("text/csv;charset=utf8")));
    TRUE(!http_media_is_utf8(VIEW("text/csv;charset=latin-1")));
    TRUE(!http_media_is_utf8(VIEW("text/csv; charset=")));
}

TEST(a_name_of_a_length_that_did_not_come_is_not_looked_for)
{
    struct http_request came = {.fields = VIEW("Host: a\r\nX-Long: b\r\n")};
    TEXT(http_request_field(&came, "x-long"), "b"); /* the lengths are not known */
    came.lengths = http_length_bit(4);
    TEXT(http_request_field(&came, "host"), "a");
    TRUE(http_request_field(&came, "x-long").text == NULL);
    came.lengths |= http_length_bit(6);
    TEXT(http_request_field(&came, "x-long"), "b");
    SAME(http_length_bit(63), http_length_bit(16000));
    TRUE(http_length_bit(62) != http_length_bit(63));
}
