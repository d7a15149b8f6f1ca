#include "serve/datatype.h"

#include "data/fixture.h"

static bool takes(const char *name, const char *value)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text scratch = text_in_arena(&arena);
    struct scan scan = scan_of(view_of(value), &scratch);
    struct err err = {0};
    struct token token;
    const struct datatype *type = datatype_find(view_of(name));
    TRUE(type != NULL && scan_next(&scan, &token, &err));
    return datatype_takes(type, &token);
}

TEST(a_whole_number_is_taken_from_the_first_to_the_last_of_its_type)
{
    static const struct {
        const char *type, *first, *last, *before, *after;
    } ranges[] = {
        {"UINT8", "0", "255", "-1", "256"},
        {"UINT16", "0", "65535", "-1", "65536"},
        {"UINT32", "0", "4294967295", "-1", "4294967296"},
        {"UINT64", "0", "18446744073709551615", "-1", "18446744073709555712"},
        {"INT8", "-128", "127", "-129", "128"},
        {"INT16", "-32768", "32767", "-32769", "32768"},
        {"INT32", "-2147483648", "2147483647", "-2147483649", "2147483648"},
        {"INT64", "-9223372036854775808", "9223372036854775807", "-9223372036854777856",
         "9223372036854777856"},
    };
    for (size_t i = 0; i < LENGTH_OF(ranges); i++) {
        TRUE(takes(ranges[i].type, ranges[i].first) && takes(ranges[i].type, ranges[i].last));
        TRUE(!takes(ranges[i].type, ranges[i].before) && !takes(ranges[i].type, ranges[i].after));
        TRUE(takes(ranges[i].type, "null") && takes(ranges[i].type, "1.0"));
        TRUE(!takes(ranges[i].type, "1.5") && !takes(ranges[i].type, "\"1\""));
    }
}

TEST(the_others_take_their_kind_and_null)
{
    static const char *const real[] = {"FP16", "FP32", "FP64"};
    for (size_t i = 0; i < LENGTH_OF(real); i++)
        TRUE(takes(real[i], "1.5") && takes(real[i], "null") && !takes(real[i], "true"));
    TRUE(takes("BOOL", "true") && takes("BOOL", "0") && takes("BOOL", "1") &&
         takes("BOOL", "null"));
    TRUE(!takes("BOOL", "2") && !takes("BOOL", "\"true\""));
    TRUE(takes("BYTES", "\"web\"") && takes("BYTES", "null") && !takes("BYTES", "1"));
    TRUE(datatype_find(VIEW("FLOAT")) == NULL);
}

TEST(each_kind_of_column_has_one_that_takes_its_values)
{
    static const struct {
        const char *type, *datatype, *value;
    } kinds[] = {
        {"number", "FP64", "1.5"},
        {"integer", "INT64", "3"},
        {"boolean", "BOOL", "true"},
        {"category", "BYTES", "\"web\""},
        {"text", "BYTES", "\"a b\""},
        {"id", "BYTES", "\"ann\""},
        {"timestamp", "BYTES", "\"2025-01-01\""},
    };
    for (size_t i = 0; i < LENGTH_OF(kinds); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
        char columns[100];
        snprintf(columns, sizeof columns, "{x: {type: %s}, fraud: {type: integer}}", kinds[i].type);
        struct schema schema = schema_from(columns, &arena);
        TEXT(view_of(datatype_of_column(&schema.column[0])), kinds[i].datatype);
        TRUE(takes(kinds[i].datatype, kinds[i].value));
    }
}
