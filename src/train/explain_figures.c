#include "train/explain_figures.h"

#include "decide/reason.h"
#include "measure/interval.h"

#include <math.h>

enum { BLOCK = 256, CELLS_MAX = 32 << 20 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the explanations do not fit the memory limit (data.memory_mb raises it)");
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- the sample */

static const float *row_of(const struct explained *x, size_t sampled, size_t i)
{
    return x->matrix + i * x->rows / sampled * x->plan->width;
}

bool explained_init(struct explained *x, struct arena *arena, struct err *err)
{
    size_t width = x->plan->width, columns = x->plan->schema->count;
    x->sampled = least(least(x->rows, QUANTILE_ROWS), CELLS_MAX / (width + columns));
    x->phi = arena_new(arena, double, x->sampled *width);
    x->of_column = arena_new(arena, double, x->sampled *columns);
    void *scratch = arena_alloc(arena, 1, x->explainer->row_scratch);
    if (x->phi == NULL || x->of_column == NULL || scratch == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < x->sampled; i++) {
        shap_row(x->explainer, row_of(x, x->sampled, i), x->phi + i * width, scratch);
        reason_columns(x->plan, x->phi + i * width, x->of_column + i * columns);
    }
    return true;
}

bool explained_write_quantiles(const struct explained *x, bool column, size_t index,
                               struct json *json, struct arena *arena, struct err *err)
{
    static const struct {
        const char *name;
        double share;
    } quantile[] = {{"p05", 0.05}, {"p25", 0.25}, {"p50", 0.5}, {"p75", 0.75}, {"p95", 0.95}};
    size_t stride = column ? x->plan->schema->count : x->plan->width;
    const double *from = column ? x->of_column : x->phi;
    double *value = arena_new(arena, double, x->sampled);
    if (value == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < x->sampled; i++)
        value[i] = from[i * stride + index];
    size_t count = draws_sort(value, x->sampled);
    json_key(json, "quantiles");
    json_open(json, '{');
    for (size_t i = 0; i < LENGTH_OF(quantile); i++) {
        json_key(json, quantile[i].name);
        json_number(json, draws_quantile(value, count, quantile[i].share));
    }
    json_close(json);
    return true;
}

/* A feature's values over the slice that are not missing, lowest first. */
static double *sorted_values(const struct explained *x, size_t feature, struct arena *arena,
                             size_t *count)
{
    double *value = arena_new(arena, double, x->rows);
    for (size_t i = 0; value != NULL && i < x->rows; i++)
        value[i] = (double)x->matrix[i * x->plan->width + feature];
    *count = value == NULL ? 0 : draws_sort(value, x->rows);
    return value;
}

/* ---------------------------------------------------------------- partial dependence */

struct dependence {
    const struct explained *x;
    size_t feature, rows;
    float *row; /* BLOCK of them */
    float *margin;
};

/* The means over the rows when the feature has this value in all of them. */
static void set_to(const struct dependence *d, float value, double *margin, double *score)
{
    size_t width = d->x->plan->width;
    *margin = *score = 0;
    for (size_t done = 0; done < d->rows; done += BLOCK) {
        size_t count = least(d->rows - done, BLOCK);
        for (size_t i = 0; i < count; i++) {
            memcpy(d->row + i * width, row_of(d->x, d->rows, done + i), width * sizeof *d->row);
            d->row[i * width + d->feature] = value;
        }
        engine_margins(d->x->engine, d->row, count, width, d->margin);
        for (size_t i = 0; i < count; i++) {
            *margin += (double)d->margin[i] / (double)d->rows;
            *score +=
                (double)forest_predict(&d->x->explainer->forest, d->margin[i]) / (double)d->rows;
        }
    }
}

static void write_at(const struct dependence *d, float value, struct json *json)
{
    double margin, score;
    set_to(d, value, &margin, &score);
    json_open(json, '{');
    json_key(json, "value"), json_number(json, (double)value);
    json_key(json, "score"), json_number(json, score);
    json_key(json, "margin"), json_number(json, margin);
    json_close(json);
}

/* At even shares of the values, each once; where some are missing, that is a point too. */
static bool write_feature_dependence(const struct dependence *d, struct json *json,
                                     struct arena *arena, struct err *err)
{
    const struct explained *x = d->x;
    size_t count;
    double *value = sorted_values(x, d->feature, arena, &count);
    if (value == NULL)
        return out_of_memory(err);
    json_open(json, '{');
    json_key(json, "feature"), json_text(json, x->plan->width_name[d->feature]);
    json_key(json, "points");
    json_open(json, '[');
    float last = (float)NAN;
    for (int i = 0; count > 0 && i < DEPENDENCE_GRID; i++) {
        float at = (float)draws_quantile(value, count, (double)i / (DEPENDENCE_GRID - 1));
        if (at == last)
            continue;
        last = at;
        write_at(d, at, json);
    }
    json_close(json);
    if (count < x->rows) {
        json_key(json, "missing_share");
        json_number(json, (double)(x->rows - count) / (double)x->rows);
        json_key(json, "missing"), write_at(d, (float)NAN, json);
    }
    json_close(json);
    return true;
}

bool explained_write_dependence(const struct explained *x, const uint32_t *feature, size_t count,
                                struct json *json, struct arena *arena, struct err *err)
{
    struct dependence d = {.x = x,
                           .rows = least(x->rows, DEPENDENCE_ROWS),
                           .row = arena_new(arena, float, BLOCK * x->plan->width),
                           .margin = arena_new(arena, float, BLOCK)};
    if (d.row == NULL || d.margin == NULL)
        return out_of_memory(err);
    json_key(json, "partial_dependence");
    json_open(json, '{');
    json_key(json, "rows"), json_count(json, d.rows);
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < least(count, DEPENDENCE_FEATURES); i++) {
        CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
        d.feature = feature[i];
        if (!write_feature_dependence(&d, json, &scratch, err))
            return false;
    }
    json_close(json);
    json_close(json);
    return true;
}

/* ---------------------------------------------------------------- beeswarm */

/* How many of the sorted values are below; `or_equal`: or the same. */
static size_t below(const double *sorted, size_t count, double value, bool or_equal)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool under = or_equal ? sorted[middle] <= value : sorted[middle] < value;
        *(under ? &low : &high) = under ? middle + 1 : middle;
    }
    return low;
}

/* [[quantile of the value, contribution], ...]; a missing value has no quantile. */
static bool write_swarm(const struct explained *x, size_t feature, size_t rows, struct json *json,
                        struct arena *arena, struct err *err)
{
    size_t count, width = x->plan->width;
    double *value = sorted_values(x, feature, arena, &count);
    if (value == NULL)
        return out_of_memory(err);
    struct json line = json_to(json->text); /* a line a feature, not three a point */
    json_key(json, "points");
    json_raw(json, VIEW(""));
    json_open(&line, '[');
    for (size_t i = 0; i < rows; i++) {
        size_t sampled = i * x->sampled / rows;
        double at = (double)row_of(x, x->sampled, sampled)[feature];
        double rank = (double)(below(value, count, at, false) + below(value, count, at, true)) / 2;
        json_open(&line, '[');
        json_number(&line, isnan(at) ? (double)NAN : rank / (double)count);
        json_number(&line, x->phi[sampled * width + feature]);
        json_close(&line);
    }
    json_close(&line);
    return true;
}

bool explained_write_beeswarm(const struct explained *x, const uint32_t *feature, size_t count,
                              struct json *json, struct arena *arena, struct err *err)
{
    size_t rows = least(x->sampled, BEESWARM_ROWS);
    json_key(json, "beeswarm");
    json_open(json, '{');
    json_key(json, "rows"), json_count(json, rows);
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < least(count, BEESWARM_FEATURES); i++) {
        CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
        json_open(json, '{');
        json_key(json, "feature"), json_text(json, x->plan->width_name[feature[i]]);
        if (!write_swarm(x, feature[i], rows, json, &scratch, err))
            return false;
        json_close(json);
    }
    json_close(json);
    json_close(json);
    return true;
}
