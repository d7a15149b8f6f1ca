#include "measure/bias_report.h"

#include "measure/bias_flip.h"
#include "measure/bias_interval.h"
#include "measure/bias_rate.h"

#include <math.h>

/* One facet of a part, counted at one point. */
struct entry {
    const struct bias_part *part;
    const struct bias_point *point; /* NULL before training */
    struct bias_table table;
    enum bias_verdict verdict;
    char why[200];
};

/* Of a facet's rows, over the part. */
struct membership {
    uint8_t *member;
    uint32_t *group; /* or NULL */
    uint8_t *leave;  /* features made of the facet's own columns */
    size_t groups;
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the facets do not fit the memory limit");
}

/* ---------------------------------------------------------------- counting */

static bool is_of_facet(const struct facet *facet, struct view column)
{
    for (size_t i = 0; i < facet->columns; i++)
        if (view_same(facet->column[i]->name, column))
            return true;
    return false;
}

/* Rows without a group are a group of their own, the last. */
static bool gather(const struct bias_part *part, const struct facet *facet, struct arena *arena,
                   struct membership *out)
{
    *out = (struct membership){
        .member = arena_new(arena, uint8_t, part->rows),
        .leave = arena_new(arena, uint8_t, part->width + 1),
        .group = part->group == NULL ? NULL : arena_new(arena, uint32_t, part->rows),
        .groups = part->group == NULL ? 0 : part->group->values.count + (size_t)1,
    };
    if (out->member == NULL || out->leave == NULL || (part->group != NULL && out->group == NULL))
        return false;
    for (size_t i = 0; i < part->rows; i++) {
        out->member[i] = facet_has(facet, part->row[i]);
        if (out->group == NULL)
            continue;
        uint32_t code = part->group->code[part->row[i]];
        out->group[i] = code == DICTIONARY_NONE ? part->group->values.count : code;
    }
    for (size_t i = 0; i < part->width; i++)
        out->leave[i] = is_of_facet(facet, part->feature_from[i]);
    return true;
}

static bool count_flips(const struct bias_part *part, const struct membership *m,
                        const struct bias_point *point, struct bias_table *table,
                        struct arena *arena, struct err *err)
{
    struct bias_flip_sample sample = {
        .feature = part->feature,
        .leave = m->leave,
        .width = part->width,
        .stride = part->width,
        .member = m->member,
        .predicted = point->passes,
        .count = part->rows,
    };
    table->flips = true;
    return bias_flip_count(&sample, &table->flip, arena, err);
}

static bool count(const struct bias_part *part, const struct membership *m,
                  const struct bias_point *point, struct entry *out, struct arena *arena,
                  struct err *err)
{
    struct bias_sample sample = {
        .observed = part->observed,
        .predicted = point == NULL ? NULL : point->passes,
        .member = m->member,
        .group = m->group,
        .groups = m->groups,
        .count = part->rows,
    };
    *out = (struct entry){.part = part, .point = point};
    if (!bias_count(&sample, &out->table, arena, err))
        return false;
    struct text why = text_in(out->why, sizeof out->why);
    out->verdict = bias_judge(&out->table, &part->minima, &why);
    text_c(&why);
    return point == NULL || part->feature == NULL || out->verdict == BIAS_TOO_SMALL ||
           count_flips(part, m, point, &out->table, arena, err);
}

/* ---------------------------------------------------------------- metrics */

static void write_number(struct json *json, const char *key, double value)
{
    if (key != NULL)
        json_key(json, key);
    if (isinf(value))
        json_string(json, value > 0 ? "Infinity" : "-Infinity");
    else
        json_number(json, value);
}

static void write_interval(struct json *json, double low, double high)
{
    json_key(json, "interval_95");
    json_open(json, '[');
    write_number(json, NULL, low), write_number(json, NULL, high);
    json_close(json);
}

static void write_value(const struct bias *bias, const struct bias_value *value, struct json *json)
{
    write_number(json, "value", value->value);
    const char *favours = bias_favours(bias, value->value);
    if (!isnan(value->low)) {
        write_interval(json, value->low, value->high);
        json_key(json, "interval_method"), json_string(json, bias_interval_name(bias->interval));
    }
    if (favours != NULL)
        json_key(json, "favours"), json_string(json, favours);
}

/* The error itself is Clarify's own, word for word. */
static const char group_remedy[] =
    "name the column to condition on: bias.group in assay.yaml, group_variable in "
    "analysis_config.json";

static void write_metric(const struct entry *entry, const struct bias *bias, struct json *json)
{
    char bytes[240];
    struct bias_value value = {(double)NAN, (double)NAN, (double)NAN, bytes};
    snprintf(bytes, sizeof bytes, "withheld: %s", entry->why);
    if (entry->verdict != BIAS_TOO_SMALL)
        value = bias_of(bias, &entry->table);
    json_open(json, '{');
    json_key(json, "name"), json_string(json, bias->name);
    json_key(json, "description"), json_string(json, bias->description);
    if (value.why == NULL)
        write_value(bias, &value, json);
    else
        json_key(json, "value"), json_null(json);
    if (value.why != NULL)
        json_key(json, "error"), json_string(json, value.why);
    if (bias->grouped && entry->verdict != BIAS_TOO_SMALL && !entry->table.grouped)
        json_key(json, "remedy"), json_string(json, group_remedy);
    json_close(json);
}

static bool is_wanted(const struct bias_part *part, const struct bias *bias)
{
    for (size_t i = 0; i < part->methods.count; i++)
        if (view_is(part->methods.text[i], bias->name))
            return true;
    return part->methods.count == 0;
}

static void write_metrics(const struct entry *entry, struct json *json)
{
    json_key(json, "metrics");
    json_open(json, '[');
    for (size_t i = 0; i < biases_count; i++)
        if (biases[i]->after == entry->part->after && is_wanted(entry->part, biases[i]))
            write_metric(entry, biases[i], json);
    json_close(json);
}

/* ---------------------------------------------------------------- counts and rates */

static const char *const facet_words[] = {[FACET_A] = "rest", [FACET_D] = "facet"};

static void write_counts(const struct bias_table *table, struct json *json)
{
    json_key(json, "counts");
    json_open(json, '{');
    for (int f = 0; f < 2; f++) {
        json_key(json, facet_words[f]);
        json_open(json, '{');
        json_key(json, "members"), json_count(json, bias_members(table, f));
        json_key(json, "frauds"), json_count(json, bias_observed(table, f, 0));
        if (table->predicts) {
            json_key(json, "flagged"), json_count(json, bias_predicted(table, f, 0));
            json_key(json, "good_flagged"), json_count(json, table->n[f][1][0]);
            json_key(json, "frauds_passed"), json_count(json, table->n[f][0][1]);
        }
        json_close(json);
    }
    json_close(json);
}

static void write_rates(const struct bias_table *table, struct json *json)
{
    json_key(json, "rates");
    json_open(json, '{');
    for (int f = 0; f < 2; f++) {
        json_key(json, facet_words[f]);
        json_open(json, '{');
        for (size_t i = 0; i < BIAS_RATES; i++) {
            struct bias_rate rate = bias_rate_of(i, table, f);
            json_key(json, bias_rate_names[i]);
            json_open(json, '{');
            json_key(json, "value"), json_number(json, rate.value);
            if (rate.of > 0)
                write_interval(json, rate.low, rate.high);
            json_key(json, "of"), json_count(json, rate.of);
            json_close(json);
        }
        json_close(json);
    }
    json_close(json);
}

static void write_verdict(const struct entry *entry, struct json *json)
{
    json_key(json, "verdict"), json_string(json, bias_verdict_name(entry->verdict));
    if (entry->verdict != BIAS_STANDS)
        json_key(json, "caveat"), json_string(json, entry->why);
}

static void write_flips(const struct bias_table *table, struct json *json)
{
    if (!table->flips)
        return;
    json_key(json, "flip_test");
    json_open(json, '{');
    json_key(json, "neighbours"), json_count(json, table->flip.neighbours);
    json_key(json, "members_compared"), json_count(json, table->flip.members);
    json_key(json, "among"), json_count(json, table->flip.others);
    json_key(json, "stopped_where_their_like_pass"), json_count(json, table->flip.against);
    json_key(json, "pass_where_their_like_are_stopped"), json_count(json, table->flip.towards);
    json_close(json);
}

/* ---------------------------------------------------------------- facets */

/* What is in force stands in the facet itself; any other point by its name. */
static void write_point(const struct entry *entry, struct json *json)
{
    const struct bias_point *point = entry->point;
    json_open(json, '{');
    json_key(json, "name"), json_string(json, point->name);
    if (!isnan(point->threshold))
        json_key(json, "threshold"), json_number(json, point->threshold);
    if (point->alarms > 0) {
        json_key(json, "alarms"), json_count(json, point->alarms);
        json_key(json, "period"), json_string(json, point->period);
    }
    write_verdict(entry, json);
    write_counts(&entry->table, json);
    write_rates(&entry->table, json);
    write_metrics(entry, json);
    json_close(json);
}

static bool write_points(const struct bias_part *part, const struct membership *m,
                         struct json *json, struct arena *arena, struct err *err)
{
    if (part->points < 2)
        return true;
    json_key(json, "other_points");
    json_open(json, '[');
    for (size_t i = 1; i < part->points; i++) {
        struct entry entry;
        if (!count(part, m, &part->point[i], &entry, arena, err))
            return false;
        write_point(&entry, json);
    }
    json_close(json);
    return true;
}

static bool write_facet(const struct bias_part *part, const struct facet *facet, struct json *json,
                        size_t memory, struct bias_told *told, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct membership m;
    struct entry entry;
    if (!gather(part, facet, &arena, &m))
        return out_of_memory(err);
    if (!count(part, &m, part->after ? &part->point[0] : NULL, &entry, &arena, err))
        return false;
    told->facets++;
    told->too_small += entry.verdict == BIAS_TOO_SMALL;
    told->vacuous += entry.verdict == BIAS_VACUOUS;
    json_open(json, '{');
    json_key(json, "value_or_threshold"), json_text(json, facet->value);
    write_verdict(&entry, json);
    write_counts(&entry.table, json);
    if (part->after)
        write_rates(&entry.table, json);
    write_metrics(&entry, json);
    write_flips(&entry.table, json);
    if (!write_points(part, &m, json, &arena, err))
        return false;
    json_close(json);
    return true;
}

static uint64_t count_members(const struct bias_part *part, const struct facet *facet)
{
    uint64_t members = 0;
    for (size_t i = 0; i < part->rows; i++)
        members += facet_has(facet, part->row[i]);
    return members;
}

/* Of combinations there are many, and most of the small ones say nothing but that they are. */
static bool is_listed(const struct bias_part *part, const struct facet *facet)
{
    return facet->columns > 1 && count_members(part, facet) < part->minima.members;
}

static bool write_facets_named(const struct bias_part *part, size_t first, struct json *json,
                               size_t memory, struct bias_told *told, struct err *err)
{
    struct view name = part->facets->facet[first].name;
    json_key_view(json, name);
    json_open(json, '[');
    for (size_t i = first; i < part->facets->count; i++) {
        const struct facet *facet = &part->facets->facet[i];
        if (view_same(facet->name, name) && !is_listed(part, facet) &&
            !write_facet(part, facet, json, memory, told, err))
            return false;
    }
    json_close(json);
    return true;
}

static bool is_first_of_name(const struct facet_list *list, size_t facet)
{
    for (size_t i = 0; i < facet; i++)
        if (view_same(list->facet[i].name, list->facet[facet].name))
            return false;
    return true;
}

static void write_too_small(const struct bias_part *part, struct json *json, struct bias_told *told)
{
    json_key(json, "too_small");
    json_open(json, '[');
    for (size_t i = 0; i < part->facets->count; i++) {
        const struct facet *facet = &part->facets->facet[i];
        if (!is_listed(part, facet))
            continue;
        told->facets++;
        told->too_small++;
        json_open(json, '{');
        json_key(json, "facet"), json_text(json, facet->name);
        json_key(json, "value_or_threshold"), json_text(json, facet->value);
        json_key(json, "members"), json_count(json, count_members(part, facet));
        json_close(json);
    }
    json_close(json);
}

static void write_minima(const struct bias_minima *minima, bool after, struct json *json)
{
    json_key(json, "minima");
    json_open(json, '{');
    json_key(json, "members"), json_count(json, minima->members);
    json_key(json, "outcomes"), json_count(json, minima->outcomes);
    if (after)
        json_key(json, "flagged"), json_count(json, minima->flagged);
    json_close(json);
}

bool bias_write_part(const struct bias_part *part, struct json *json, size_t memory,
                     struct bias_told *told, struct err *err)
{
    assert(!part->after || (part->points >= 1 && part->points <= BIAS_POINTS_MAX));
    json_key(json, part->after ? "post_training_bias_metrics" : "pre_training_bias_metrics");
    json_open(json, '{');
    json_key(json, "label"), json_text(json, part->label);
    json_key(json, "label_value_or_threshold"), json_text(json, part->favourable);
    if (part->slice != NULL)
        json_key(json, "slice"), json_string(json, part->slice);
    json_key(json, "rows"), json_count(json, part->rows);
    write_minima(&part->minima, part->after, json);
    json_key(json, "facets");
    json_open(json, '{');
    for (size_t i = 0; i < part->facets->count; i++)
        if (is_first_of_name(part->facets, i) &&
            !write_facets_named(part, i, json, memory, told, err))
            return false;
    json_close(json);
    write_too_small(part, json, told);
    json_close(json);
    return true;
}

/* ---------------------------------------------------------------- budgets */

struct scored_row {
    float score;
    uint32_t period, row;
};

static int by_period_and_score(const void *a, const void *b)
{
    const struct scored_row *x = a, *y = b;
    if (x->period != y->period)
        return x->period < y->period ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

bool bias_budget_passes(const float *score, const uint32_t *period, size_t rows, size_t k,
                        struct arena *arena, uint8_t *passes, double *threshold, struct err *err)
{
    struct scored_row *order = arena_new(arena, struct scored_row, rows);
    if (order == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < rows; i++)
        order[i] = (struct scored_row){score[i], period == NULL ? 0 : period[i], (uint32_t)i};
    qsort(order, rows, sizeof *order, by_period_and_score);
    *threshold = (double)INFINITY;
    for (size_t i = 0, taken = 0; i < rows; i++) {
        taken = i > 0 && order[i].period == order[i - 1].period ? taken + 1 : 0;
        passes[order[i].row] = taken >= k;
        if (taken < k)
            *threshold = fmin(*threshold, (double)order[i].score);
    }
    return true;
}
