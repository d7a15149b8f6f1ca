#include "data/fixture.h"

#include <math.h>

/* What is wrong with this `columns` section; its first line is line 3 of the file. */
static void refuses(const char *columns, const char *want)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct text yaml = text_in_arena(&arena);
    text_addf(&yaml, "data: {label: fraud}\ncolumns:\n%s\n", columns);
    struct config config = config_from(text_c(&yaml), &arena);
    struct schema schema;
    struct err err = {0};
    FAILS(declare_schema(&config, &arena, &schema, &err), err, ERR_INPUT);
    TEXT(view_of(err.text), want);
}

TEST(columns_are_declared_in_their_order_with_their_types)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema =
        schema_from("{b: {type: number}, a: {type: category}, c: {type: timestamp}}", &arena);
    SAME(schema.count, 3);
    TEXT(schema.column[0].name, "b");
    SAME(schema.column[0].kind, COLUMN_NUMBER);
    TRUE(isnan(schema.column[0].min) && isnan(schema.column[0].max));
    TRUE(!schema.column[0].optional);
    SAME(schema.column[1].kind, COLUMN_CATEGORY);
    SAME(schema.column[2].format, TIME_ISO);
    SAME(schema.input_count, 3);
}

TEST(the_label_ids_texts_and_unused_columns_are_no_inputs)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from("{fraud: {type: integer}, who: {type: id}, note: {type: "
                                       "text}, zip: {type: category, use: false}, a: {type: "
                                       "number, use: true}}",
                                       &arena);
    SAME(schema.input_count, 1);
    SAME(schema.input[0], 4);
}

TEST(declared_values_are_codes_and_refuse_others_unless_told)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from(
        "{a: {type: category, values: [x, y]}, b: {type: category, values: [x], unseen: "
        "accept}, c: {type: category}, d: {type: category, unseen: refuse}, e: {type: "
        "ordinal, order: [lo, hi]}, f: {type: ordinal, order: [lo, hi], unseen: "
        "accept}}",
        &arena);
    SAME(dictionary_find(&schema.column[0].values, VIEW("y")), 1);
    SAME(schema.column[0].refuse_unseen, true);
    SAME(schema.column[1].refuse_unseen, false);
    SAME(schema.column[2].refuse_unseen, false);
    SAME(schema.column[2].values.count, 0);
    SAME(schema.column[3].refuse_unseen, true);
    SAME(dictionary_find(&schema.column[4].values, VIEW("lo")), 0);
    SAME(schema.column[4].refuse_unseen, true);
    SAME(schema.column[5].refuse_unseen, false);
}

TEST(bounds_missing_texts_and_formats_are_taken)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema =
        schema_from("{a: {type: number, min: -2, max: 5.5, missing: [N/A, '?'], optional: true}, "
                    "t: {type: timestamp, format: milliseconds}, e: {type: number, missing: }}",
                    &arena);
    NEAR(schema.column[0].min, -2, 0);
    NEAR(schema.column[0].max, 5.5, 0);
    SAME(schema.column[0].missing_count, 2);
    TEXT(schema.column[0].missing[1], "?");
    TRUE(schema.column[0].optional);
    SAME(schema.column[1].format, TIME_MILLISECONDS);
    SAME(schema.column[2].missing_count, 0);
}

TEST(a_range_of_one_value_is_a_range)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct schema schema = schema_from("{a: {type: number, min: 2, max: 2}}", &arena);
    NEAR(schema.column[0].min, 2, 0);
}

TEST(a_file_without_columns_is_refused)
{
    refuses("", "assay.yaml: 'columns' is empty; `assay init` drafts it from a CSV");
    refuses("  {}", "assay.yaml: 'columns' is empty; `assay init` drafts it from a CSV");
}

TEST(a_column_without_a_type_is_refused)
{
    refuses("  a: {optional: true}", "assay.yaml line 3, column 3: column 'a' needs a type");
    refuses("  a: {type: id}\n  b:\n", "assay.yaml line 4, column 5: column 'b' needs a type");
}

TEST(a_member_that_belongs_to_another_type_is_refused)
{
    refuses("  a: {type: category, order: [x]}",
            "assay.yaml line 3, column 23: 'order' belongs to an ordinal, this column is category");
    refuses("  a: {type: ordinal, order: [x], values: [x]}",
            "assay.yaml line 3, column 34: 'values' belongs to a category, this column is ordinal");
    refuses("  a: {type: number, values: [x]}",
            "assay.yaml line 3, column 21: 'values' belongs to a category, this column is number");
    refuses("  a: {type: number, unseen: accept}", "assay.yaml line 3, column 29: 'unseen' belongs "
                                                   "to a category or an ordinal, this column is "
                                                   "number");
    refuses("  a: {type: category, min: 0}", "assay.yaml line 3, column 28: 'min' belongs to a "
                                             "number or an integer, this column is category");
    refuses("  a: {type: boolean, max: 0}", "assay.yaml line 3, column 27: 'max' belongs to a "
                                            "number or an integer, this column is boolean");
    refuses("  a: {type: number, format: iso}",
            "assay.yaml line 3, column 29: 'format' belongs to a timestamp, this column is number");
}

TEST(what_contradicts_itself_is_refused)
{
    refuses("  a: {type: ordinal}",
            "assay.yaml line 3, column 3: an ordinal needs its 'order', lowest first");
    refuses("  a: {type: ordinal, order: []}",
            "assay.yaml line 3, column 3: an ordinal needs its 'order', lowest first");
    refuses("  a: {type: number, min: 2, max: 1}",
            "assay.yaml line 3, column 3: 'min' is above 'max'");
    refuses("  a: {type: category, values: [x, y, x]}",
            "assay.yaml line 3, column 38: 'x' stands twice");
    refuses("  a: {type: ordinal, order: [x, x]}",
            "assay.yaml line 3, column 33: 'x' stands twice");
    refuses("  a: {type: category, values: [x, N/A], missing: [N/A]}",
            "assay.yaml line 3, column 41: 'N/A' means missing, so it is none of the values");
    refuses("  a: {type: category, values: [x, '']}",
            "assay.yaml line 3, column 23: the empty cell means missing, so it is none of the "
            "values");
    refuses("  a: {type: ordinal, order: ['', x]}",
            "assay.yaml line 3, column 22: the empty cell means missing, so it is none of the "
            "values");
}

TEST(a_column_that_the_model_never_reads_cannot_be_told_to_be_used)
{
    refuses("  who: {type: id, use: true}",
            "assay.yaml line 3, column 24: the model never reads id");
    refuses("  note: {type: text, use: true}",
            "assay.yaml line 3, column 27: the model never reads text");
    refuses("  fraud: {type: integer, use: true}",
            "assay.yaml line 3, column 31: the model never reads the label");
}

TEST(too_many_values_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    struct text yaml = text_in_arena(&arena);
    text_adds(&yaml, "columns:\n  a:\n    type: category\n    values:\n");
    for (size_t i = 0; i <= COLUMN_VALUES_MAX; i++)
        text_addf(&yaml, "    - v%zu\n", i);
    struct config config = config_from(text_c(&yaml), &arena);
    struct schema schema;
    struct err err = {0};
    FAILS(declare_schema(&config, &arena, &schema, &err), err, ERR_INPUT);
    TEXT(view_of(err.text), "assay.yaml line 4, column 5: at most 65536 values");
}
