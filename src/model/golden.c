#include "model/golden.h"

#include "base/clock.h"
#include "base/number.h"
#include "model/golden_shap.h"

#include <math.h>

enum { SCORE_ULPS_MAX = 2 };

static void write_time(const struct column *column, double time_ms, struct json *json)
{
    if (column->format == TIME_SECONDS) {
        json_number(json, time_ms / 1000);
    } else if (column->format == TIME_MILLISECONDS) {
        json_number(json, time_ms);
    } else {
        char bytes[40];
        struct text text = text_in(bytes, sizeof bytes);
        text_add_time(&text, (int64_t)time_ms);
        json_text(json, text_view(&text));
    }
}

static void write_cell(const struct column *column, const struct cell *cell, struct json *json)
{
    if (isnan(cell->number))
        json_null(json);
    else if (kind_is_coded(column->kind))
        json_text(json, cell->text);
    else if (column->kind == COLUMN_BOOLEAN)
        json_bool(json, cell->number != 0);
    else if (column->kind == COLUMN_TIMESTAMP)
        write_time(column, cell->number, json);
    else
        json_number(json, cell->number);
}

void golden_write_record(const struct record *record, struct json *json)
{
    const struct schema *schema = record->schema;
    json_open(json, '[');
    for (size_t i = 0; i < schema->input_count; i++) {
        uint32_t column = schema->input[i];
        write_cell(&schema->column[column], &record->cell[column], json);
    }
    json_close(json);
}

bool golden_write(const struct bundle_parts *parts, const struct forest *forest, float *row,
                  struct json *json, struct arena *arena, struct err *err)
{
    struct golden_shap shap;
    if (!golden_shap_init(&shap, forest, "portable", arena, err))
        return false;
    json_open(json, '[');
    for (size_t i = 0; i < parts->golden_count; i++) {
        feature_apply(parts->plan, &parts->golden[i], row);
        float margin = forest_margin(forest, row);
        float score = forest_predict(forest, margin);
        json_open(json, '{');
        json_key(json, "record");
        golden_write_record(&parts->golden[i], json);
        json_key(json, "margin"), json_number(json, (double)margin);
        json_key(json, "score"), json_number(json, (double)score);
        json_key(json, "fraud"), json_bool(json, score >= parts->policy.threshold);
        golden_shap_write(&shap, row, json);
        json_close(json);
    }
    json_close(json);
    return true;
}

/* ---------------------------------------------------------------- the check */

static bool expect(struct scan *scan, enum token_kind kind, struct token *token, struct err *err)
{
    if (!scan_next(scan, token, err))
        return err->kind == ERR_NONE && err_set(err, ERR_MODEL, "golden.json ends too early");
    if (token->kind != kind)
        return err_set(err, ERR_MODEL, "golden.json has %s where %s belongs",
                       token_name(token->kind), token_name(kind));
    return true;
}

static bool expect_key(struct scan *scan, const char *key, struct err *err)
{
    struct token token;
    if (!expect(scan, TOKEN_KEY, &token, err))
        return false;
    return view_is(token.text, key) || err_set(err, ERR_MODEL, "golden.json lacks '%s'", key);
}

static bool read_record(struct scan *scan, struct record *record, struct err *err)
{
    struct token token;
    if (!expect(scan, TOKEN_LIST, &token, err))
        return false;
    const struct schema *schema = record->schema;
    for (size_t i = 0; i < schema->input_count; i++) {
        if (!scan_next(scan, &token, err))
            return false;
        if (!record_set_token(record, schema->input[i], &token, err))
            return false;
    }
    return expect(scan, TOKEN_LIST_END, &token, err) && record_finish(record, err);
}

static bool compare(const struct bundle *bundle, size_t index, const float *row, float margin,
                    float score, bool fraud, struct err *err)
{
    float now = engine_margin(&bundle->engine, row);
    if (memcmp(&now, &margin, sizeof now) != 0)
        return err_set(err, ERR_MODEL,
                       "golden record %zu has the margin %.9g, it was sealed with %.9g", index + 1,
                       (double)now, (double)margin);
    float score_now = forest_predict(&bundle->forest, now);
    if (number_ulps(score_now, score) > SCORE_ULPS_MAX)
        return err_set(err, ERR_MODEL,
                       "golden record %zu has the score %.9g, it was sealed with %.9g", index + 1,
                       (double)score_now, (double)score);
    bool near = number_ulps(score_now, bundle->policy.threshold) <= SCORE_ULPS_MAX;
    if ((score_now >= bundle->policy.threshold) != fraud && !near)
        return err_set(err, ERR_MODEL, "golden record %zu has another verdict than when sealed",
                       index + 1);
    return true;
}

/* One opening's scratch. */
struct checking {
    const struct bundle *bundle;
    struct arena *arena;
    struct scan scan;
    struct cell *cell;
    float *row;
    struct golden_shap shap; /* made when the first record states contributions */
    bool explains;
};

/* Until the record's end: contributions, when it states them. */
static bool check_contributions(struct checking *c, size_t index, struct err *err)
{
    struct token token;
    if (!scan_next(&c->scan, &token, err))
        return err->kind == ERR_NONE && err_set(err, ERR_MODEL, "golden.json ends too early");
    if (token.kind == TOKEN_OBJECT_END)
        return true;
    if (token.kind != TOKEN_KEY || !view_is(token.text, "expected"))
        return err_set(err, ERR_MODEL, "golden.json has %s where the record ends",
                       token_name(token.kind));
    if (!c->explains && !golden_shap_init(&c->shap, &c->bundle->forest, NULL, c->arena, err))
        return false;
    c->explains = true;
    return golden_shap_check(&c->shap, c->row, index, &c->scan, err) &&
           expect(&c->scan, TOKEN_OBJECT_END, &token, err);
}

static bool check_one(struct checking *c, size_t index, struct err *err)
{
    const struct bundle *bundle = c->bundle;
    struct scan *scan = &c->scan;
    float *row = c->row;
    struct record record = record_of(&bundle->schema, c->cell);
    struct token margin, score, fraud;
    if (!expect_key(scan, "record", err) || !read_record(scan, &record, err) ||
        !expect_key(scan, "margin", err) || !expect(scan, TOKEN_NUMBER, &margin, err) ||
        !expect_key(scan, "score", err) || !expect(scan, TOKEN_NUMBER, &score, err) ||
        !expect_key(scan, "fraud", err) || !scan_next(scan, &fraud, err))
        return false;
    if (fraud.kind != TOKEN_TRUE && fraud.kind != TOKEN_FALSE)
        return err_set(err, ERR_MODEL, "golden.json has %s where true or false belongs",
                       token_name(fraud.kind));
    feature_apply(&bundle->plan, &record, row);
    return compare(bundle, index, row, (float)margin.number, (float)score.number,
                   fraud.kind == TOKEN_TRUE, err) &&
           check_contributions(c, index, err);
}

static bool check_all(struct checking *c, size_t *count, struct err *err)
{
    struct scan *scan = &c->scan;
    struct token token;
    if (!expect(scan, TOKEN_LIST, &token, err))
        return false;
    for (*count = 0; scan_next(scan, &token, err); ++*count) {
        if (token.kind == TOKEN_LIST_END)
            break;
        if (token.kind != TOKEN_OBJECT || *count == BUNDLE_GOLDEN_MAX)
            return err_set(err, ERR_MODEL, "golden.json is no list of at most %d records",
                           BUNDLE_GOLDEN_MAX);
        if (!check_one(c, *count, err))
            return false;
        scan->scratch->length = 0;
    }
    if (err->kind != ERR_NONE || scan_next(scan, &token, err) || err->kind != ERR_NONE)
        return false;
    return *count > 0 || err_set(err, ERR_MODEL, "there is no golden record");
}

bool golden_check(const struct bundle *bundle, struct view json, size_t *count, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = SIZE_MAX / 2};
    struct text scratch = text_in_arena(&arena);
    struct checking c = {
        .bundle = bundle,
        .arena = &arena,
        .scan = scan_of(json, &scratch),
        .cell = arena_new(&arena, struct cell, bundle->schema.count),
        .row = arena_new(&arena, float, bundle->plan.width),
    };
    if (c.cell == NULL || c.row == NULL)
        return err_set(err, ERR_LIMIT, "there is no memory to check the golden records in");
    return check_all(&c, count, err);
}
