#include "train/explain_reasons.h"

#include "data/declare.h"
#include "decide/reason.h"
#include "harness.h"

static const char columns[] = "columns:\n  amount: {type: number}\n  kind: {type: category}\n"
                              "  fraud: {type: integer}\ndata: {label: fraud}\n";

static bool written(const char *yaml, struct arena *arena, struct schema *schema, struct view *out,
                    struct err *err)
{
    struct config config;
    struct text text = text_in_arena(arena);
    config_init(&config, arena);
    text_adds(&text, columns);
    text_adds(&text, yaml);
    return config_parse(&config, text_view(&text), err) &&
           declare_schema(&config, arena, schema, err) &&
           explain_reasons_write(&config, schema, arena, out, err);
}

TEST(reasons_of_assay_yaml_are_what_a_bundle_reads_back)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct schema schema;
    struct view paper;
    struct reason_book book;
    struct err err = {0};
    WORKS(written("reasons:\n  kind: {code: K, text: \"An \\\"odd\\\" kind\"}\n"
                  "explain: {reasons_max: 2, reasons_floor: 0.25}\n",
                  &arena, &schema, &paper, &err),
          err);
    WORKS(reason_book_read(&book, &schema, paper, &arena, &err), err);
    SAME(book.most, 2);
    NEAR(book.floor, 0.25, 0);
    uint32_t kind = dictionary_find(&schema.names, VIEW("kind"));
    uint32_t amount = dictionary_find(&schema.names, VIEW("amount"));
    TEXT(book.group[book.group_of[kind]].code, "K");
    TEXT(book.group[book.group_of[kind]].text, "An \"odd\" kind");
    TEXT(book.group[book.group_of[amount]].code, "amount");
}

TEST(without_reasons_the_defaults_are_written_down)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct schema schema;
    struct view paper;
    struct reason_book book;
    struct err err = {0};
    WORKS(written("", &arena, &schema, &paper, &err), err);
    WORKS(reason_book_read(&book, &schema, paper, &arena, &err), err);
    SAME(book.most, 4);
    NEAR(book.floor, 0.05, 0);
    SAME(book.groups, 3);
}

TEST(a_reason_of_no_column_is_refused_with_its_line)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct schema schema;
    struct view paper;
    struct err err = {0};
    FAILS(written("reasons:\n  colour: {code: C}\n", &arena, &schema, &paper, &err), err,
          ERR_INPUT);
    SAYS(err, "line 7");
    SAYS(err, "'colour' is no column");
}
