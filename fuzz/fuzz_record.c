/*
 * Any bytes as one event, a JSON object by names or a list by positions: an error, or cells that
 * are what their columns allow and that the plan turns into a row without infinities. A value that
 * is accepted as a number is accepted as CSV text too, as the same cell.
 */
#include "data/declare.h"
#include "feature/fit.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char declaration[] =
    "columns:\n"
    "  amount: {type: number, min: -1e30, max: 1e38, missing: ['-999', N/A], optional: true}\n"
    "  count: {type: integer, optional: true, impute: 3}\n"
    "  state: {type: category, values: [Utah, Ohio], unseen: accept, optional: true}\n"
    "  kind: {type: category, values: [x, y], optional: true}\n"
    "  rank: {type: ordinal, order: [low, high], optional: true, encode: one_hot}\n"
    "  flag: {type: boolean, optional: true}\n"
    "  at: {type: timestamp, optional: true}\n"
    "  second: {type: timestamp, format: seconds, optional: true}\n"
    "  ms: {type: timestamp, format: milliseconds, optional: true}\n"
    "  must: {type: number}\n"
    "  who: {type: id}\n"
    "features:\n"
    "  - {transform: hour, column: at}\n"
    "  - {transform: weekday, column: second}\n"
    "  - {transform: day, column: ms}\n"
    "  - {transform: ratio, column: amount, other: must}\n"
    "  - {transform: log1p, column: amount}\n";

enum { COLUMNS_MAX = 16, ROW_MAX = 32 };

/* The schema and plan above, made once; nothing here needs training rows. */
static struct world {
    struct arena arena;
    struct schema schema;
    struct plan plan;
} world;

static void make_world(void)
{
    if (world.arena.limit > 0)
        return;
    world.arena.limit = 4 << 20;
    struct err err = {0};
    struct config config;
    struct declared_plan declared;
    config_init(&config, &world.arena);
    bool ok = config_parse(&config, view_of(declaration), &err) &&
              declare_schema(&config, &world.arena, &world.schema, &err) &&
              plan_declare(&config, &world.schema, &world.arena, &declared, &err);
    assert(ok);
    world.plan = declared.plan;
    for (size_t i = 0; i < world.plan.count; i++)
        if (declared.imputation[i].how == IMPUTE_CONSTANT)
            world.plan.feature[i].fill = declared.imputation[i].constant;
    ok = plan_layout(&world.plan, &world.arena, &err);
    assert(ok && world.plan.width <= ROW_MAX && world.schema.count <= COLUMNS_MAX);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
    bool missing = isnan(a->number) && isnan(b->number);
    return (missing || memcmp(&a->number, &b->number, sizeof a->number) == 0) &&
           view_same(a->text, b->text);
}

/* A token that is text or a number says the same as a CSV field. */
static void check_twin(size_t column, const struct token *token, const struct cell *cell)
{
    struct cell cells[COLUMNS_MAX];
    struct record twin = record_of(&world.schema, cells);
    struct err err = {0};
    if (token->kind != TOKEN_NUMBER && token->kind != TOKEN_TEXT)
        return;
    bool ok = record_set_text(&twin, column, token->text, &err);
    assert(ok && same_cell(&cells[column], cell));
}

static bool find(struct scan *scan, bool list, size_t position, struct token *token, size_t *column,
                 struct err *err)
{
    if (list) {
        *column = world.schema.input[position < world.schema.input_count ? position : 0];
        return true;
    }
    const struct column *found = schema_find(&world.schema, token->text);
    if (found == NULL)
        return err_set(err, ERR_INPUT, "unknown field");
    *column = (size_t)(found - world.schema.column);
    return scan_next(scan, token, err);
}

static bool read_fields(struct scan *scan, bool list, struct record *record, struct err *err)
{
    struct token token;
    for (size_t position = 0; scan_next(scan, &token, err); position++) {
        if (token.kind == TOKEN_OBJECT_END || token.kind == TOKEN_LIST_END)
            continue;
        size_t column;
        if (!find(scan, list, position, &token, &column, err) ||
            !record_set_token(record, column, &token, err) || !scan_skip(scan, &token, err))
            return false;
        check_twin(column, &token, &record->cell[column]);
    }
    return err->kind == ERR_NONE;
}

static void check_cells(const struct record *record)
{
    float row[ROW_MAX];
    for (size_t i = 0; i < world.schema.count; i++) {
        const struct column *column = &world.schema.column[i];
        const struct cell *cell = &record->cell[i];
        assert(cell->set && !isinf(cell->number));
        if (kind_is_coded(column->kind) && !isnan(cell->number))
            assert(cell->number >= CODE_UNSEEN && cell->number < (double)column->values.count);
    }
    feature_apply(&world.plan, record, row);
    for (size_t i = 0; i < world.plan.width; i++)
        assert(!isinf(row[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_world();
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text scratch = text_in_arena(&arena);
    text_reserve(&scratch, size + 1);
    struct scan scan = scan_of((struct view){(const char *)data, size}, &scratch);
    struct cell cells[COLUMNS_MAX];
    struct record record = record_of(&world.schema, cells);
    struct token token;
    struct err err = {0};
    if (!scan_next(&scan, &token, &err) || (token.kind != TOKEN_OBJECT && token.kind != TOKEN_LIST))
        return 0;
    if (!read_fields(&scan, token.kind == TOKEN_LIST, &record, &err) ||
        !record_finish(&record, &err)) {
        assert(err.kind == ERR_INPUT || err.kind == ERR_LIMIT);
        return 0;
    }
    check_cells(&record);
    return 0;
}
