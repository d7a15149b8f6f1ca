#include "train/baseline.h"

#include <math.h>

struct moments {
    size_t present, missing;
    double sum, mean, square, least, most; /* square: of distances from the mean, added up */
};

struct value_count {
    struct view value;
    size_t rows;
};

/* The values of a coded column, the most frequent first. */
struct values {
    struct value_count *item;
    size_t count, present, missing;
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the baseline does not fit the memory limit");
}

static bool is_text(enum column_kind kind)
{
    return kind == COLUMN_CATEGORY || kind == COLUMN_ORDINAL || kind == COLUMN_ID ||
           kind == COLUMN_TEXT;
}

static const char *type_of(enum column_kind kind)
{
    return is_text(kind) ? "String" : kind == COLUMN_NUMBER ? "Fractional" : "Integral";
}

/* ---------------------------------------------------------------- numbers */

static struct moments measure(const struct prepared *p, const double *number)
{
    struct moments m = {.least = (double)INFINITY, .most = -(double)INFINITY};
    for (size_t i = 0; i < p->past.table.rows; i++) {
        if (!p->wanted[i])
            continue;
        double value = number[i];
        if (isnan(value)) {
            m.missing++;
            continue;
        }
        double step = value - m.mean;
        m.sum += value;
        m.mean += step / (double)++m.present;
        m.square += step * (value - m.mean);
        m.least = fmin(m.least, value);
        m.most = fmax(m.most, value);
    }
    return m;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void write_buckets(const struct prepared *p, const double *number, const struct moments *m,
                          struct json *json)
{
    size_t count[BASELINE_BUCKETS] = {0};
    double width = (m->most - m->least) / BASELINE_BUCKETS;
    for (size_t i = 0; i < p->past.table.rows; i++) {
        if (!p->wanted[i] || isnan(number[i]))
            continue;
        double at = width > 0 ? floor((number[i] - m->least) / width) : 0;
        count[at < BASELINE_BUCKETS ? (size_t)at : BASELINE_BUCKETS - 1]++;
    }
    json_key(json, "buckets");
    json_open(json, '[');
    for (size_t b = 0; b < BASELINE_BUCKETS; b++) {
        bool last = b + 1 == BASELINE_BUCKETS;
        json_open(json, '{');
        json_key(json, "lower_bound"), json_number(json, m->least + width * (double)b);
        json_key(json, "upper_bound");
        json_number(json, last ? m->most : m->least + width * (double)(b + 1));
        json_key(json, "count"), json_count(json, count[b]);
        json_close(json);
    }
    json_close(json);
}

static bool write_quantiles(const struct prepared *p, const double *number, const struct moments *m,
                            struct arena *arena, struct json *json, struct err *err)
{
    size_t step = m->present / BASELINE_SORTED_MAX + 1, seen = 0, kept = 0;
    double *sorted = arena_new(arena, double, m->present / step + 1);
    if (sorted == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < p->past.table.rows; i++)
        if (p->wanted[i] && !isnan(number[i]) && seen++ % step == 0)
            sorted[kept++] = number[i];
    qsort(sorted, kept, sizeof *sorted, by_value);
    json_key(json, "sketch");
    json_open(json, '{');
    json_key(json, "parameters");
    json_open(json, '{');
    json_key(json, "kind"), json_string(json, "quantiles");
    json_key(json, "k"), json_count(json, BASELINE_QUANTILES);
    json_close(json);
    json_key(json, "data");
    json_open(json, '[');
    json_open(json, '[');
    for (size_t q = 0; q < BASELINE_QUANTILES; q++) {
        size_t at = (kept - 1) * q / (BASELINE_QUANTILES - 1);
        bool edge = q == 0 || q + 1 == BASELINE_QUANTILES;
        json_number(json, !edge ? sorted[at] : q == 0 ? m->least : m->most);
    }
    json_close(json);
    json_close(json);
    json_close(json);
    return true;
}

static void write_common(size_t present, size_t missing, struct json *json)
{
    json_key(json, "common");
    json_open(json, '{');
    json_key(json, "num_present"), json_count(json, present);
    json_key(json, "num_missing"), json_count(json, missing);
    json_close(json);
}

static bool write_numbers(const struct prepared *p, const double *number, struct arena *arena,
                          struct json *json, struct err *err)
{
    struct moments m = measure(p, number);
    json_key(json, "numerical_statistics");
    json_open(json, '{');
    write_common(m.present, m.missing, json);
    if (m.present > 0) {
        json_key(json, "mean"), json_number(json, m.mean);
        json_key(json, "sum"), json_number(json, m.sum);
        json_key(json, "std_dev"), json_number(json, sqrt(m.square / (double)m.present));
        json_key(json, "min"), json_number(json, m.least);
        json_key(json, "max"), json_number(json, m.most);
        json_key(json, "distribution");
        json_open(json, '{');
        json_key(json, "kll");
        json_open(json, '{');
        write_buckets(p, number, &m, json);
        if (!write_quantiles(p, number, &m, arena, json, err))
            return false;
        json_close(json);
        json_close(json);
    }
    json_close(json);
    return true;
}

/* ---------------------------------------------------------------- texts */

static int by_rows(const void *a, const void *b)
{
    const struct value_count *left = a, *right = b;
    if (left->rows != right->rows)
        return left->rows > right->rows ? -1 : 1;
    return view_order(left->value, right->value);
}

static bool count_values(const struct prepared *p, const uint32_t *text, struct arena *arena,
                         struct values *out, struct err *err)
{
    const struct dictionary *texts = &p->past.table.texts;
    struct value_count *item = arena_new(arena, struct value_count, texts->count + 1);
    *out = (struct values){.item = item};
    if (item == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < p->past.table.rows; i++) {
        if (!p->wanted[i])
            continue;
        if (text[i] == DICTIONARY_NONE) {
            out->missing++;
            continue;
        }
        item[text[i]].rows++;
        out->present++;
    }
    for (uint32_t v = 0; v < texts->count; v++)
        if (item[v].rows > 0)
            item[out->count++] = (struct value_count){texts->text[v], item[v].rows};
    qsort(item, out->count, sizeof *item, by_rows);
    return true;
}

static size_t listed(const struct values *values)
{
    return values->count < BASELINE_VALUES_MAX ? values->count : BASELINE_VALUES_MAX;
}

static bool write_texts(const struct prepared *p, const uint32_t *text, struct arena *arena,
                        struct json *json, struct err *err)
{
    struct values values;
    if (!count_values(p, text, arena, &values, err))
        return false;
    json_key(json, "string_statistics");
    json_open(json, '{');
    write_common(values.present, values.missing, json);
    json_key(json, "distinct_count"), json_count(json, values.count);
    json_key(json, "distribution");
    json_open(json, '{');
    json_key(json, "categorical");
    json_open(json, '{');
    json_key(json, "buckets");
    json_open(json, '[');
    for (size_t v = 0; v < listed(&values); v++) {
        json_open(json, '{');
        json_key(json, "value"), json_text(json, values.item[v].value);
        json_key(json, "count"), json_count(json, values.item[v].rows);
        json_close(json);
    }
    json_close(json);
    json_close(json);
    json_close(json);
    json_close(json);
    return true;
}

/* ---------------------------------------------------------------- the two documents */

bool baseline_statistics(const struct prepared *p, struct arena *arena, struct json *json,
                         struct err *err)
{
    json_open(json, '{');
    json_key(json, "version"), json_number(json, 0);
    json_key(json, "dataset");
    json_open(json, '{');
    json_key(json, "item_count");
    json_count(json, p->count[SLICE_TRAIN][0] + p->count[SLICE_TRAIN][1]);
    json_close(json);
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < p->schema.input_count; i++) {
        CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
        const struct column *column = &p->schema.column[p->schema.input[i]];
        const struct series *series = &p->past.table.series[p->schema.input[i]];
        json_open(json, '{');
        json_key(json, "name"), json_text(json, column->name);
        json_key(json, "inferred_type"), json_string(json, type_of(column->kind));
        if (is_text(column->kind) ? !write_texts(p, series->text, &scratch, json, err)
                                  : !write_numbers(p, series->number, &scratch, json, err))
            return false;
        json_close(json);
    }
    json_close(json);
    json_close(json);
    return true;
}

static bool write_column(const struct prepared *p, uint32_t index, size_t memory, struct json *json,
                         struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = memory};
    const struct column *column = &p->schema.column[index];
    const struct series *series = &p->past.table.series[index];
    struct values values = {0};
    struct moments m = {0};
    bool text = is_text(column->kind);
    if (text && !count_values(p, series->text, &scratch, &values, err))
        return false;
    if (!text)
        m = measure(p, series->number);
    double present = (double)(text ? values.present : m.present);
    double rows = present + (double)(text ? values.missing : m.missing);
    json_open(json, '{');
    json_key(json, "name"), json_text(json, column->name);
    json_key(json, "inferred_type"), json_string(json, type_of(column->kind));
    json_key(json, "completeness"), json_number(json, rows > 0 ? present / rows : 0);
    if (!text) {
        json_key(json, "num_constraints");
        json_open(json, '{');
        json_key(json, "is_non_negative"), json_bool(json, m.present > 0 && m.least >= 0);
        json_close(json);
    } else if (values.count <= BASELINE_VALUES_MAX) {
        json_key(json, "string_constraints");
        json_open(json, '{');
        json_key(json, "domains");
        json_open(json, '[');
        for (size_t v = 0; v < values.count; v++)
            json_text(json, values.item[v].value);
        json_close(json);
        json_close(json);
    }
    json_close(json);
    return true;
}

static void write_monitoring(struct json *json)
{
    json_key(json, "monitoring_config");
    json_open(json, '{');
    json_key(json, "evaluate_constraints"), json_string(json, "Enabled");
    json_key(json, "emit_metrics"), json_string(json, "Enabled");
    json_key(json, "datatype_check_threshold"), json_number(json, 0.1);
    json_key(json, "domain_content_threshold"), json_number(json, 0.1);
    json_key(json, "distribution_constraints");
    json_open(json, '{');
    json_key(json, "perform_comparison"), json_string(json, "Enabled");
    json_key(json, "comparison_threshold"), json_number(json, 0.1);
    json_key(json, "comparison_method"), json_string(json, "Robust");
    json_close(json);
    json_close(json);
}

bool baseline_constraints(const struct prepared *p, struct arena *arena, struct json *json,
                          struct err *err)
{
    json_open(json, '{');
    json_key(json, "version"), json_number(json, 0);
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < p->schema.input_count; i++)
        if (!write_column(p, p->schema.input[i], arena->limit, json, err))
            return false;
    json_close(json);
    write_monitoring(json);
    json_close(json);
    return true;
}
