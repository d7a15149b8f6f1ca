/*
 * The metrics of the test slice's parts: by the values of a column, numbers by their quarters.
 *
 * A part with few frauds says little: below SEGMENT_FRAUDS_MIN it is marked so. Values beyond the
 * most frequent SEGMENT_VALUES_MAX are one part, named null.
 */
#include "base/dictionary.h"
#include "base/number.h"
#include "train/evaluation.h"

#include <math.h>

enum { SEGMENT_VALUES_MAX = 50, SEGMENT_FRAUDS_MIN = 10, QUARTERS = 4 };

/* The parts of one column: each row's, and the parts' names. */
struct parts {
    uint32_t *of; /* by row of the slice */
    struct view name[SEGMENT_VALUES_MAX + 1];
    size_t count;
};

static int by_double(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the segments do not fit the memory limit");
}

/* ---------------------------------------------------------------- numbers */

static struct view name_quarter(const double *edge, size_t quarter, struct arena *arena)
{
    char low[NUMBER_SIZE], high[NUMBER_SIZE], bytes[2 * NUMBER_SIZE + 16];
    struct text text = text_in(bytes, sizeof bytes);
    size_t low_length = quarter == 0 ? 0 : number_print(edge[quarter - 1], low);
    size_t high_length = quarter + 1 == QUARTERS ? 0 : number_print(edge[quarter], high);
    if (quarter == 0)
        text_addf(&text, "below %.*s", (int)high_length, high);
    else if (quarter + 1 == QUARTERS)
        text_addf(&text, "%.*s and more", (int)low_length, low);
    else
        text_addf(&text, "%.*s to %.*s", (int)low_length, low, (int)high_length, high);
    const char *copy = view_copy(text_view(&text), arena);
    return copy == NULL ? VIEW("") : view_of(copy);
}

/* Quarters of the slice's own values; missing is a part of its own. */
static bool cut_numbers(const struct scored *s, const double *value, struct parts *out,
                        struct arena *arena, struct err *err)
{
    double *sorted = arena_new(arena, double, s->count), edge[QUARTERS - 1] = {0};
    size_t known = 0;
    if (sorted == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < s->count; i++)
        if (!isnan(value[s->row[i]]))
            sorted[known++] = value[s->row[i]];
    qsort(sorted, known, sizeof *sorted, by_double);
    for (size_t q = 0; q + 1 < QUARTERS && known > 0; q++)
        edge[q] = sorted[known * (q + 1) / QUARTERS];
    for (size_t i = 0; i < s->count; i++) {
        double at = value[s->row[i]];
        out->of[i] = isnan(at) ? QUARTERS : 0;
        for (size_t q = 0; q + 1 < QUARTERS; q++)
            out->of[i] += at >= edge[q];
    }
    out->count = QUARTERS + 1;
    for (size_t q = 0; q < QUARTERS; q++)
        out->name[q] = name_quarter(edge, q, arena);
    out->name[QUARTERS] = (struct view){0};
    return true;
}

/* ---------------------------------------------------------------- values */

struct seen {
    uint32_t value;
    size_t rows;
};

static int by_rows(const void *a, const void *b)
{
    const struct seen *left = a, *right = b;
    if (left->rows != right->rows)
        return left->rows > right->rows ? -1 : 1;
    return left->value < right->value ? -1 : left->value > right->value;
}

/* The most frequent values get a part each. */
static bool keep_frequent(const struct dictionary *values, uint32_t *of, size_t rows,
                          struct parts *out, struct arena *arena, struct err *err)
{
    struct seen *seen = arena_new(arena, struct seen, values->count + 1);
    uint32_t *part = arena_new(arena, uint32_t, values->count + 1);
    if (seen == NULL || part == NULL)
        return out_of_memory(err);
    for (uint32_t v = 0; v < values->count; v++)
        seen[v] = (struct seen){v, 0}, part[v] = SEGMENT_VALUES_MAX;
    part[values->count] = SEGMENT_VALUES_MAX; /* missing */
    for (size_t i = 0; i < rows; i++)
        if (of[i] < values->count)
            seen[of[i]].rows++;
    qsort(seen, values->count, sizeof *seen, by_rows);
    for (uint32_t p = 0; p < values->count && p < SEGMENT_VALUES_MAX; p++) {
        part[seen[p].value] = p;
        out->name[p] = values->text[seen[p].value];
    }
    for (size_t i = 0; i < rows; i++)
        of[i] = part[of[i]];
    out->count = SEGMENT_VALUES_MAX + 1;
    out->name[SEGMENT_VALUES_MAX] = (struct view){0};
    return true;
}

static bool take_values(const struct scored *s, const struct table *table, uint32_t column,
                        struct parts *out, struct arena *arena, struct err *err)
{
    struct dictionary values = dictionary_in(arena);
    for (size_t i = 0; i < s->count; i++) {
        char number[32];
        struct view text = table_text(table, column, s->row[i], number);
        if (text.text == NULL)
            out->of[i] = UINT32_MAX;
        else if (!dictionary_add(&values, text, &out->of[i]))
            return out_of_memory(err);
    }
    for (size_t i = 0; i < s->count; i++)
        if (out->of[i] == UINT32_MAX)
            out->of[i] = (uint32_t)values.count;
    return keep_frequent(&values, out->of, s->count, out, arena, err);
}

/* ---------------------------------------------------------------- writing */

static bool write_part(struct evaluation *e, const struct parts *parts, uint32_t part,
                       struct json *json, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    const struct sample *all = &e->test.stream.sample;
    float *score = arena_new(&scratch, float, all->count);
    uint8_t *label = arena_new(&scratch, uint8_t, all->count);
    double *weight = arena_new(&scratch, double, all->count);
    struct sample sample = {
        .score = score, .label = label, .weight = all->weight == NULL ? NULL : weight};
    struct ranking ranking;
    if (score == NULL || label == NULL || weight == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < all->count; i++)
        if (parts->of[i] == part) {
            score[sample.count] = all->score[i];
            weight[sample.count] = weight_of(all, i);
            label[sample.count++] = all->label[i];
        }
    if (sample.count == 0)
        return true;
    if (!ranking_init(&ranking, sample, &scratch, err))
        return false;
    struct interval auc = delong_of(&ranking, 0.95);
    json_open(json, '{');
    json_key(json, "value");
    if (parts->name[part].text == NULL)
        json_null(json);
    else
        json_text(json, parts->name[part]);
    json_key(json, "rows"), json_count(json, ranking.rows);
    json_key(json, "frauds"), json_count(json, ranking.frauds);
    json_key(json, "too_few_frauds"), json_bool(json, ranking.frauds < SEGMENT_FRAUDS_MIN);
    if (all->weight != NULL)
        json_key(json, "weight"), json_number(json, ranking_weight(&ranking));
    json_key(json, "roc_auc_interval_95");
    json_open(json, '[');
    json_number(json, auc.low), json_number(json, auc.high);
    json_close(json);
    json_key(json, "metrics");
    write_metrics(&ranking, e->policy.threshold, NULL, json);
    json_close(json);
    return true;
}

static bool write_segment(struct evaluation *e, uint32_t column, struct json *json, struct err *err)
{
    const struct table *table = &e->beside.prepared.past.table;
    const struct column *about = &e->beside.prepared.schema.column[column];
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    struct parts *parts = arena_new(&scratch, struct parts, 1);
    if (parts == NULL || (parts->of = arena_new(&scratch, uint32_t, e->test.count)) == NULL)
        return out_of_memory(err);
    bool numbers = about->kind == COLUMN_NUMBER || about->kind == COLUMN_INTEGER;
    if (numbers ? !cut_numbers(&e->test, table->series[column].number, parts, &scratch, err)
                : !take_values(&e->test, table, column, parts, &scratch, err))
        return false;
    json_open(json, '{');
    json_key(json, "column"), json_text(json, about->name);
    json_key(json, "parts");
    json_open(json, '[');
    for (uint32_t part = 0; part < parts->count; part++)
        if (!write_part(e, parts, part, json, err))
            return false;
    json_close(json);
    json_close(json);
    return true;
}

static bool write_segments(struct evaluation *e, struct json *json, struct err *err)
{
    json_key(json, "segments");
    json_open(json, '{');
    write_origin(e, &e->test, json);
    json_key(json, "columns");
    json_open(json, '[');
    for (size_t i = 0; i < e->beside.segments; i++)
        if (!write_segment(e, e->beside.segment[i], json, err))
            return false;
    json_close(json);
    json_close(json);
    return true;
}

const struct figure figure_segments = {"segments", write_segments};
