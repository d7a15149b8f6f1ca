/* Leaks through a feature: one that is known too late, knows too much, or names the row. */
#include "train/leak.h"

#include <math.h>

/* ---------------------------------------------------------------- known after the event */

static bool is_read(const struct plan *plan, uint32_t column)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->feature[i].column == column || plan->feature[i].other == column)
            return true;
    return false;
}

static bool look_after(struct leaks *leaks, const struct leak *leak, struct err *err)
{
    const struct prepared *p = leaks->prepared;
    for (uint32_t i = 0; i < p->schema.count; i++) {
        const struct column *column = &p->schema.column[i];
        if (column->known_after && is_read(&p->plan, i) &&
            !leak_add(leaks, leak, LEAK_ERROR, column->name, 1, err,
                      "'" VIEW_FMT "' is known only after the event, and the model reads it",
                      VIEW_ARG(column->name)))
            return false;
    }
    return true;
}

const struct leak leak_after_event = {
    .name = "after_event",
    .about = "a column declared `known: after` that a feature reads",
    .remedy = "set `use: false` on the column",
    .look = look_after,
};

/* ---------------------------------------------------------------- a feature that knows */

struct value {
    float number;
    uint8_t fraud;
};

static int by_number(const void *a, const void *b)
{
    const struct value *left = a, *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* The chance that a fraud's value is above a legitimate row's, ties counting half: whichever side
 * of one half. Rows without a value are left out; 0.5 when a class is gone. */
static double auc_of(struct value *value, size_t count)
{
    double frauds = 0, wins = 0, below = 0;
    qsort(value, count, sizeof *value, by_number);
    for (size_t i = 0, end; i < count; i = end) {
        double fraud = 0;
        for (end = i; end < count && value[end].number == value[i].number; end++)
            fraud += value[end].fraud;
        double legitimate = (double)(end - i) - fraud;
        wins += fraud * (below + legitimate / 2);
        below += legitimate;
        frauds += fraud;
    }
    if (frauds == 0 || below == 0)
        return 0.5;
    double auc = wins / (frauds * below);
    return auc < 0.5 ? 1 - auc : auc;
}

static bool look_at_feature(struct leaks *leaks, const struct leak *leak, size_t feature,
                            struct value *value, struct err *err)
{
    enum { FRAUDS_LEAST = 10 }; /* below, chance reaches any AUC */
    const float *number = leaks->feature + feature * leaks->rows;
    size_t count = 0, frauds = 0;
    for (size_t i = 0; i < leaks->rows; i++) {
        if (isnan(number[i]))
            continue;
        value[count++] = (struct value){number[i], leaks->label[i]};
        frauds += leaks->label[i];
    }
    if (frauds < FRAUDS_LEAST)
        return true;
    double auc = auc_of(value, count);
    if (auc <= 0.95)
        return true;
    struct view name = leaks->prepared->plan.width_name[feature];
    return leak_add(leaks, leak, auc > 0.99 ? LEAK_ERROR : LEAK_WARNING, name, auc, err,
                    "'" VIEW_FMT "' alone has an AUC of %.4f on the training rows", VIEW_ARG(name),
                    auc);
}

static bool look_oracle(struct leaks *leaks, const struct leak *leak, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = leaks->arena->limit};
    struct value *value = arena_new(&scratch, struct value, leaks->rows);
    if (value == NULL)
        return err_set(err, ERR_LIMIT, "the rows do not fit the memory limit");
    for (size_t f = 0; f < leaks->prepared->plan.width; f++)
        if (!look_at_feature(leaks, leak, f, value, err))
            return false;
    return true;
}

const struct leak leak_oracle = {
    .name = "oracle",
    .about = "a feature whose AUC is above .95 all by itself; above .99 is an error",
    .remedy = "ask when and by whom the column is filled: before the decision, it is a gift; "
              "after it, declare it `known: after`",
    .look = look_oracle,
};

/* ---------------------------------------------------------------- a feature that names the row */

static int by_double(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static bool is_number(const struct column *column)
{
    return column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER;
}

/* Of a column of whole numbers: how many there are, and how many different ones. */
static bool count_whole(const struct table *table, size_t column, double *sorted, size_t *values,
                        size_t *distinct)
{
    const double *number = table->series[column].number;
    *values = *distinct = 0;
    for (size_t i = 0; i < table->rows; i++) {
        if (isnan(number[i]))
            continue;
        if (number[i] != floor(number[i]))
            return false;
        sorted[(*values)++] = number[i];
    }
    qsort(sorted, *values, sizeof *sorted, by_double);
    for (size_t i = 0; i < *values; i++)
        *distinct += i == 0 || sorted[i] != sorted[i - 1];
    return true;
}

/* Whole numbers of a wide range, amounts in cents, seldom repeat in few rows, and name nothing.
 * What is drawn from `range` values n times repeats some n - range (1 - e^(-n / range)) times: a
 * column that repeats much less, where much is due, was numbered. */
static bool is_numbered(size_t values, size_t distinct, double range)
{
    enum { REPEATS_LEAST = 20 };
    double n = (double)values, due = n - range * -expm1(-n / range);
    return due >= REPEATS_LEAST && n - (double)distinct < due / 10;
}

static bool judge_id(struct leaks *leaks, const struct leak *leak, const struct column *column,
                     size_t values, size_t distinct, struct err *err)
{
    double share = (double)distinct / (double)values;
    return leak_add(leaks, leak, distinct == values ? LEAK_ERROR : LEAK_WARNING, column->name,
                    share, err,
                    "'" VIEW_FMT "' has %zu different values in %zu rows: it names rows",
                    VIEW_ARG(column->name), distinct, values);
}

/* A column of texts has its values in the table's own dictionary. */
static bool count_texts(const struct table *table, size_t column, size_t *values, size_t *distinct)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    uint8_t *seen = arena_new(&scratch, uint8_t, table->texts.count);
    if (seen == NULL)
        return false;
    *values = *distinct = 0;
    for (size_t i = 0; i < table->rows; i++) {
        uint32_t text = table->series[column].text[i];
        if (text == DICTIONARY_NONE)
            continue;
        *distinct += !seen[text];
        seen[text] = 1;
        ++*values;
    }
    return true;
}

static bool look_id(struct leaks *leaks, const struct leak *leak, struct err *err)
{
    enum { ROWS_LEAST = 200 };
    const struct prepared *p = leaks->prepared;
    CLEANUP(arena_release) struct arena scratch = {.limit = leaks->arena->limit};
    double *sorted = arena_new(&scratch, double, p->past.table.rows);
    if (sorted == NULL)
        return err_set(err, ERR_LIMIT, "the rows do not fit the memory limit");
    for (uint32_t i = 0; i < p->schema.count; i++) {
        const struct column *column = &p->schema.column[i];
        size_t values, distinct;
        bool names = false;
        if (!is_read(&p->plan, i) || !p->past.table.series[i].present)
            continue;
        if (is_number(column) && count_whole(&p->past.table, i, sorted, &values, &distinct))
            names = values > 1 && is_numbered(values, distinct, sorted[values - 1] - sorted[0] + 1);
        else if (column->kind == COLUMN_CATEGORY &&
                 count_texts(&p->past.table, i, &values, &distinct))
            names = values >= ROWS_LEAST && (double)distinct >= 0.9 * (double)values;
        if (names && !judge_id(leaks, leak, column, values, distinct, err))
            return false;
    }
    return true;
}

const struct leak leak_id_feature = {
    .name = "id_feature",
    .about = "a column of whole numbers or categories that is different in (nearly) every row",
    .remedy = "declare it `type: id`: a model learns rows by heart through it",
    .look = look_id,
};

/* ---------------------------------------------------------------- a feature that tells the time */

/* Pearson's correlation with the row's place in the file. */
static double order_correlation(const double *number, size_t rows)
{
    double n = 0, mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < rows; i++) {
        if (isnan(number[i]))
            continue;
        n++;
        double x = (double)i - mean_x, y = number[i] - mean_y;
        mean_x += x / n;
        mean_y += y / n;
        xx += x * ((double)i - mean_x);
        yy += y * (number[i] - mean_y);
        xy += x * (number[i] - mean_y);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

static bool look_time(struct leaks *leaks, const struct leak *leak, struct err *err)
{
    enum { ROWS_LEAST = 200 };
    const struct prepared *p = leaks->prepared;
    for (uint32_t i = 0; i < p->schema.count; i++) {
        const struct column *column = &p->schema.column[i];
        if (!is_number(column) || !is_read(&p->plan, i) || !p->past.table.series[i].present ||
            p->past.table.rows < ROWS_LEAST)
            continue;
        double correlation = order_correlation(p->past.table.series[i].number, p->past.table.rows);
        if (fabs(correlation) > 0.99 &&
            !leak_add(leaks, leak, LEAK_WARNING, column->name, correlation, err,
                      "'" VIEW_FMT "' grows with the rows' order (correlation %.4f): it tells when",
                      VIEW_ARG(column->name), correlation))
            return false;
    }
    return true;
}

const struct leak leak_time_like = {
    .name = "time_like",
    .about = "a number that grows with the order of the rows",
    .remedy =
        "split by time, and use what of the time repeats (hour, weekday), not the time itself",
    .look = look_time,
};
