#include "feature/fit.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the feature plan does not fit the memory limit (data.memory_mb raises it)");
}

/* The training rows' cells of one column: numbers, or codes, without the missing ones. */
struct sample {
    double *value;
    size_t count;
};

static bool take_sample(const struct table *table, const uint8_t *wanted, uint32_t column,
                        struct arena *arena, struct sample *out, struct err *err)
{
    const struct series *series = &table->series[column];
    const struct column *declared = &table->schema->column[column];
    *out = (struct sample){.value = arena_new(arena, double, table->rows)};
    if (out->value == NULL)
        return out_of_memory(err);
    if (!series->present)
        return true;
    for (size_t row = 0; row < table->rows; row++) {
        if (!wanted[row])
            continue;
        double value = (double)NAN;
        if (series->number != NULL)
            value = series->number[row];
        else if (series->text[row] != DICTIONARY_NONE)
            value = dictionary_find(&declared->values, table->texts.text[series->text[row]]);
        if (!isnan(value) && value != (double)DICTIONARY_NONE)
            out->value[out->count++] = value;
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double mean_of(const struct sample *sample)
{
    double mean = 0;
    for (size_t i = 0; i < sample->count; i++)
        mean += (sample->value[i] - mean) / (double)(i + 1);
    return mean;
}

/* Population standard deviation, in two passes. */
static double deviation_of(const struct sample *sample, double mean)
{
    double square = 0;
    for (size_t i = 0; i < sample->count; i++)
        square += (sample->value[i] - mean) * (sample->value[i] - mean);
    return sqrt(square / (double)sample->count);
}

/* Both want the sample sorted. */
static double median_of(const struct sample *sorted)
{
    size_t middle = sorted->count / 2;
    if (sorted->count % 2 == 1)
        return sorted->value[middle];
    return (sorted->value[middle - 1] + sorted->value[middle]) / 2;
}

/* The most frequent value; of equals the lowest. */
static double mode_of(const struct sample *sorted)
{
    double mode = sorted->value[0];
    size_t most = 0;
    for (size_t i = 0; i < sorted->count;) {
        size_t from = i;
        while (i < sorted->count && sorted->value[i] == sorted->value[from])
            i++;
        if (i - from > most) {
            most = i - from;
            mode = sorted->value[from];
        }
    }
    return mode;
}

static bool constant_fill(const struct column *column, const struct imputation *imputation,
                          double *out, struct err *err)
{
    if (!kind_is_coded(column->kind)) {
        if (isnan(imputation->constant))
            return err_set(err, ERR_INPUT,
                           "line %zu: 'impute' of '" VIEW_FMT
                           "' is none, mean, median, mode or a number, not '" VIEW_FMT "'",
                           imputation->line, VIEW_ARG(column->name), VIEW_ARG(imputation->text));
        if (!plan_may_fill(column, imputation->constant))
            return err_set(err, ERR_INPUT,
                           "line %zu: 'impute' of '" VIEW_FMT "': no %s is '" VIEW_FMT "'",
                           imputation->line, VIEW_ARG(column->name), kind_name(column->kind),
                           VIEW_ARG(imputation->text));
        *out = imputation->constant;
        return true;
    }
    uint32_t code = dictionary_find(&column->values, imputation->text);
    if (code == DICTIONARY_NONE)
        return err_set(err, ERR_INPUT,
                       "line %zu: 'impute' of '" VIEW_FMT "': '" VIEW_FMT
                       "' is none of the column's values",
                       imputation->line, VIEW_ARG(column->name), VIEW_ARG(imputation->text));
    *out = (double)code;
    return true;
}

static bool fit_fill(const struct column *column, const struct imputation *imputation,
                     const struct sample *sorted, double *out, struct err *err)
{
    bool coded = kind_is_coded(column->kind);
    if (imputation->how == IMPUTE_NONE)
        return true;
    if (imputation->how == IMPUTE_CONSTANT)
        return constant_fill(column, imputation, out, err);
    if (coded && imputation->how != IMPUTE_MODE)
        return err_set(err, ERR_INPUT, "line %zu: '" VIEW_FMT "' has no mean or median: use mode",
                       imputation->line, VIEW_ARG(column->name));
    if (sorted->count == 0)
        return err_set(err, ERR_INPUT,
                       "line %zu: '" VIEW_FMT "' is missing in every training row: there is "
                       "nothing to impute from",
                       imputation->line, VIEW_ARG(column->name));
    *out = imputation->how == IMPUTE_MEAN     ? mean_of(sorted)
           : imputation->how == IMPUTE_MEDIAN ? median_of(sorted)
                                              : mode_of(sorted);
    return true;
}

/* Missing cells count as what fills them, as they will when the plan is applied. */
static void fit_spread(struct feature *feature, const struct sample *present, size_t rows)
{
    struct sample all = *present; /* its array has room for every row */
    if (!isnan(feature->fill))
        while (all.count < rows)
            all.value[all.count++] = feature->fill;
    if (all.count == 0)
        return;
    feature->centre = mean_of(&all);
    feature->scale = deviation_of(&all, feature->centre);
}

static bool fit_shares(const struct column *column, const struct sample *sample, size_t rows,
                       struct feature *feature, struct arena *arena, struct err *err)
{
    double *share = arena_new(arena, double, column->values.count);
    if (share == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < sample->count; i++)
        share[(size_t)sample->value[i]] += 1;
    for (size_t i = 0; i < column->values.count; i++)
        share[i] /= (double)rows;
    feature->share = share;
    feature->shares = column->values.count;
    return true;
}

static bool fit_feature(const struct imputation *imputation, const struct table *table,
                        const uint8_t *wanted, size_t rows, struct feature *feature,
                        struct arena *arena, struct err *err)
{
    bool idle = imputation->how == IMPUTE_NONE && !feature->transform->needs_spread &&
                !feature->transform->needs_share;
    if (idle)
        return true;
    const struct column *column = &table->schema->column[feature->column];
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    struct sample sample;
    if (!take_sample(table, wanted, feature->column, &scratch, &sample, err))
        return false;
    if (sample.count > 0)
        qsort(sample.value, sample.count, sizeof *sample.value, by_value);
    if (!fit_fill(column, imputation, &sample, &feature->fill, err))
        return false;
    if (feature->transform->needs_share)
        return fit_shares(column, &sample, rows, feature, arena, err);
    if (feature->transform->needs_spread)
        fit_spread(feature, &sample, rows);
    return true;
}

bool plan_fit(const struct declared_plan *declared, const struct table *table,
              const uint8_t *wanted, struct arena *arena, struct plan *out, struct err *err)
{
    struct plan made = declared->plan;
    size_t rows = 0;
    for (size_t i = 0; i < table->rows; i++)
        rows += wanted[i];
    for (size_t i = 0; i < made.count; i++)
        if (!fit_feature(&declared->imputation[i], table, wanted, rows, &made.feature[i], arena,
                         err))
            return false;
    if (!plan_layout(&made, arena, err))
        return false;
    *out = made;
    return true;
}
