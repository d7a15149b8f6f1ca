/*
 * bias: whether decisions have come to fall on a group otherwise than they did on the reference.
 *
 * The groups are assay.yaml's bias.facets, as far as the model reads their column: the journal
 * keeps what the model saw. Mature decisions are compared with the reference's held-out rows,
 * metric by metric (docs/bias.md): WATCH when a metric is farther from where nobody is favoured
 * than it was, with its whole 95 % interval; ALARM when by BIAS_DRIFT_LEAST more, of ratios past
 * four fifths of what they were.
 */
#include "base/number.h"
#include "measure/bias.h"
#include "monitor/columns.h"
#include "monitor/stretch.h"
#include "store/reference.h"

#include <math.h>

#define BIAS_DRIFT_LEAST 0.05
#define BIAS_RATIO_LEAST 0.22314355131420976 /* -ln 0.8: the four-fifths rule */

static const struct alarm *const covers[] = {&alarm_bias_drift};

/* Of decisions alone, and of decisions beside labels. */
static const struct bias *const metrics_watched[] = {&bias_DPPL, &bias_DI, &bias_RD, &bias_SD,
                                                     &bias_AD};

/* Rows with their labels and verdicts, favourable ones as 1. */
struct group_rows {
    const float *value;
    size_t rows, width;
    uint8_t *observed, *predicted, *member;
};

struct facet_of {
    struct view column, value; /* value: of a limit, its number */
    const struct watched *watched;
    double from;   /* NaN: a value */
    uint32_t code; /* of a category's value; DICTIONARY_NONE: nobody has it */
};

struct biasing {
    struct watch_look *look;
    struct watched_columns columns;
    struct group_rows before, now;
    size_t facets, left_out, too_small; /* the last: already among the reference's rows */
};

/* ---------------------------------------------------------------- rows */

static bool rows_init(struct group_rows *out, size_t rows, size_t width, struct arena *arena,
                      struct err *err)
{
    *out = (struct group_rows){.width = width,
                               .observed = arena_new(arena, uint8_t, rows + 1),
                               .predicted = arena_new(arena, uint8_t, rows + 1),
                               .member = arena_new(arena, uint8_t, rows + 1)};
    return (out->observed != NULL && out->predicted != NULL && out->member != NULL) ||
           window_too_large(err);
}

static bool take_reference(struct biasing *b, struct err *err)
{
    const struct bundle *bundle = b->look->bundle;
    struct reference reference;
    if (!reference_load(&reference, bundle, b->look->arena, err) ||
        !rows_init(&b->before, reference.rows, reference.width, b->look->arena, err))
        return false;
    float *value = arena_new(b->look->arena, float, reference.rows *reference.width + 1);
    if (value == NULL)
        return window_too_large(err);
    for (struct held_out row = {0}; reference_next_held_out(&reference, bundle, &row);) {
        size_t at = b->before.rows++;
        memcpy(value + at * reference.width, row.value, reference.width * sizeof *value);
        b->before.observed[at] = !row.label;
        b->before.predicted[at] = !row.fraud;
    }
    b->before.value = value;
    return true;
}

static bool take_window(struct biasing *b, struct err *err)
{
    struct watch_look *look = b->look;
    bool all = stretch_unlabelled_count(look);
    struct window window;
    if (!stretch_load_mature(look, &window, err) ||
        !rows_init(&b->now, window.rows, window.width, look->arena, err))
        return false;
    for (size_t i = 0; i < window.rows; i++) {
        if (!all && window.label[i] == WINDOW_UNLABELLED)
            continue;
        size_t at = b->now.rows++;
        memmove(window.value + at * window.width, window.value + i * window.width,
                window.width * sizeof *window.value);
        b->now.observed[at] = window.label[i] != 1;
        b->now.predicted[at] = !window.fraud[i];
    }
    b->now.value = window.value;
    look->rows = b->now.rows;
    return true;
}

/* ---------------------------------------------------------------- facets */

static bool mark_members(const struct facet_of *facet, struct group_rows *rows, struct arena *arena,
                         struct err *err)
{
    const struct watched *column = facet->watched;
    double wanted = facet->from;
    if (column->numbers) {
        float *number = arena_new(arena, float, rows->rows + 1);
        if (number == NULL)
            return window_too_large(err);
        watched_numbers(column, rows->value, rows->rows, rows->width, number);
        if (isnan(facet->from) && !number_parse(facet->value, &wanted))
            wanted = (double)NAN;
        for (size_t i = 0; i < rows->rows; i++)
            rows->member[i] =
                isnan(facet->from) ? (double)number[i] == wanted : (double)number[i] >= wanted;
        return true;
    }
    uint32_t *code = arena_new(arena, uint32_t, rows->rows + 1);
    if (code == NULL)
        return window_too_large(err);
    watched_codes(column, rows->value, rows->rows, rows->width, code);
    for (size_t i = 0; i < rows->rows; i++)
        rows->member[i] = code[i] == facet->code;
    return true;
}

/* How far a value is from where nobody is favoured. */
static double distance_of(const struct bias *bias, double value)
{
    return fabs(bias->neutral == 1 ? log(value) : value);
}

static enum alarm_state judge(const struct bias *bias, const struct bias_value *before,
                              const struct bias_value *now)
{
    double was = distance_of(bias, before->value), is = distance_of(bias, now->value);
    double nearest = fmin(distance_of(bias, now->low), distance_of(bias, now->high));
    double least = bias->neutral == 1 ? BIAS_RATIO_LEAST : BIAS_DRIFT_LEAST;
    bool same_side = (now->low - bias->neutral) * (now->high - bias->neutral) > 0;
    if (!(isfinite(was) && isfinite(is) && isfinite(nearest)))
        return STATE_INSUFFICIENT;
    if (!same_side || nearest <= was)
        return STATE_OK;
    return is >= was + least ? STATE_ALARM : STATE_WATCH;
}

static bool read_metric(struct biasing *b, const struct facet_of *facet, const struct bias *bias,
                        const struct bias_table *before, const struct bias_table *now,
                        struct err *err)
{
    struct bias_value was = bias_of(bias, before), is = bias_of(bias, now);
    char name[300], bytes[200];
    struct text text = text_in(bytes, sizeof bytes);
    struct json *json = b->look->document;
    enum alarm_state state =
        was.why != NULL || is.why != NULL ? STATE_INSUFFICIENT : judge(bias, &was, &is);
    snprintf(name, sizeof name, "%s " VIEW_FMT " " VIEW_FMT, bias->name, VIEW_ARG(facet->column),
             VIEW_ARG(facet->value));
    json_open(json, '{');
    json_key(json, "metric"), json_string(json, bias->name);
    json_key(json, "state"), json_string(json, alarm_states[state]);
    json_key(json, "before"), json_number(json, was.value);
    json_key(json, "value"), json_number(json, is.value);
    json_key(json, "low"), json_number(json, is.low);
    json_key(json, "high"), json_number(json, is.high);
    json_close(json);
    text_addf(&text, "%.3g, between %.3g and %.3g; it was %.3g", is.value, is.low, is.high,
              was.value);
    if (state == STATE_WATCH || state == STATE_ALARM)
        text_addf(b->look->message, "; %s is %s", name, text_c(&text));
    struct reading reading = {.alarm = &alarm_bias_drift,
                              .subject = view_of(name),
                              .state = state,
                              .value = is.value,
                              .limit = was.value,
                              .at_ms = b->look->until_us / 1000,
                              .text = text_view(&text)};
    return look_read(b->look, &reading, err);
}

static bool count(const struct facet_of *facet, struct group_rows *rows, struct bias_table *out,
                  struct arena *arena, struct err *err)
{
    struct bias_sample sample = {.observed = rows->observed,
                                 .predicted = rows->predicted,
                                 .member = rows->member,
                                 .count = rows->rows};
    return mark_members(facet, rows, arena, err) && bias_count(&sample, out, arena, err);
}

static bool look_at_facet(struct biasing *b, const struct facet_of *facet, struct err *err)
{
    const struct config *config = b->look->config;
    struct arena *arena = b->look->arena;
    struct json *json = b->look->document;
    struct bias_table before, now;
    struct bias_minima minima = {.members = config_count(config, KEY_BIAS_MEMBERS_MIN),
                                 .outcomes = config_count(config, KEY_BIAS_OUTCOMES_MIN)};
    char bytes[300];
    struct text why = text_in(bytes, sizeof bytes);
    if (!count(facet, &b->before, &before, arena, err) || !count(facet, &b->now, &now, arena, err))
        return false;
    bool stood = bias_judge(&before, &minima, &why) == BIAS_STANDS;
    bool stands = stood && bias_judge(&now, &minima, &why) == BIAS_STANDS;
    json_open(json, '{');
    json_key(json, "column"), json_text(json, facet->column);
    json_key(json, "value"), json_text(json, facet->value);
    if (!stands)
        json_key(json, "why_not"), json_text(json, text_view(&why));
    json_key(json, "metrics");
    json_open(json, '[');
    for (size_t i = 0; stands && i < LENGTH_OF(metrics_watched); i++)
        if (!read_metric(b, facet, metrics_watched[i], &before, &now, err))
            return false;
    json_close(json);
    json_close(json);
    if (stood && !stands && b->look->state == WATCH_OK)
        b->look->state = WATCH_INSUFFICIENT; /* the reference's group will not grow */
    b->too_small += !stood;
    b->facets++;
    return true;
}

static const struct watched *find_column(const struct biasing *b, struct view name)
{
    for (size_t i = 0; i < b->columns.count; i++) {
        const struct watched *watched = &b->columns.column[i];
        const struct plan *plan = &b->look->bundle->plan;
        if (view_same(plan->schema->column[watched->feature->column].name, name) &&
            (!watched->numbers || watched->feature->transform == &transform_identity))
            return watched;
    }
    return NULL;
}

static bool take_facet(struct biasing *b, const struct yaml *item, struct err *err)
{
    struct facet_of facet = {.column = config_item_text(item, KEY_BIAS_FACET_COLUMN),
                             .value = config_item_text(item, KEY_BIAS_FACET_VALUE),
                             .from = config_item_number(item, KEY_BIAS_FACET_FROM)};
    char *bytes = arena_new(b->look->arena, char, NUMBER_SIZE);
    if (bytes == NULL)
        return window_too_large(err);
    if (!isnan(facet.from))
        facet.value = (struct view){bytes, number_print(facet.from, bytes)};
    facet.watched = facet.column.length == 0 ? NULL : find_column(b, facet.column);
    if (facet.watched == NULL || facet.value.length == 0 ||
        (!facet.watched->numbers && !isnan(facet.from))) {
        b->left_out++;
        return true;
    }
    if (!facet.watched->numbers)
        facet.code = dictionary_find(
            &b->look->bundle->plan.schema->column[facet.watched->feature->column].values,
            facet.value);
    if (!facet.watched->numbers && facet.code == DICTIONARY_NONE) {
        b->left_out++;
        return true;
    }
    return look_at_facet(b, &facet, err);
}

static bool look(struct watch_look *look, struct err *err)
{
    struct biasing b = {.look = look};
    const struct yaml *list = config_node(look->config, "bias.facets");
    if (list == NULL || list->first == NULL) {
        text_adds(look->message, "bias.facets names no group");
        return true;
    }
    if (!watched_columns_of(&look->bundle->plan, &b.columns, look->arena, err) ||
        !take_reference(&b, err) || !take_window(&b, err))
        return false;
    text_addf(look->message, "%zu mature rows", b.now.rows);
    json_key(look->document, "facets");
    json_open(look->document, '[');
    for (const struct yaml *item = list->first; item != NULL; item = item->next)
        if (!take_facet(&b, item, err))
            return false;
    json_close(look->document);
    text_addf(look->message, ", %zu groups", b.facets);
    if (b.too_small > 0)
        text_addf(look->message, "; %zu too small among the reference's held-out rows to judge",
                  b.too_small);
    if (b.left_out > 0)
        text_addf(
            look->message,
            "; %zu left out: the model does not read their column as it is, or knows no such value",
            b.left_out);
    return true;
}

const struct watch watch_bias = {
    .name = "bias",
    .about = "mature decisions about the groups of bias.facets against the reference's",
    .schedule = KEY_MONITOR_BIAS,
    .needs_champion = true,
    .covers = covers,
    .covers_count = LENGTH_OF(covers),
    .look = look,
};
