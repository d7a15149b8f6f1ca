/*
 * drift: the champion's columns, scores and reasons of a window against the rows it was trained on.
 *
 * Columns are compared with all reference rows. Scores, the share of records that would be called
 * fraud, and what the columns contributed, only with those that did not train the model: of what it
 * has learnt it is surer.
 */
#include "measure/drift_judge.h"
#include "monitor/contributions.h"
#include "monitor/drift_limits.h"
#include "monitor/stretch.h"

#include <math.h>

static const struct alarm *const covers[] = {&alarm_drift, &alarm_score_drift,
                                             &alarm_attribution_drift};

/* A family: the columns, and the score last. */
struct comparing {
    struct watch_look *look;
    struct reference reference;
    struct window window;
    struct watched_columns columns;
    size_t cases;
    struct drift_reference *was;
    struct drift_window *is;
    struct drift_case *one;
    struct drift_finding *finding;
    const float *held_out; /* scores of the reference's rows that did not train */
    size_t held_out_rows;
    struct rate_case alerts;
};

/* ---------------------------------------------------------------- comparing */

static bool score_reference(struct comparing *c, struct err *err)
{
    float *score = arena_new(c->look->arena, float, c->reference.rows + 1);
    if (score == NULL)
        return window_too_large(err);
    for (struct held_out row = {0};
         reference_next_held_out(&c->reference, c->look->bundle, &row);) {
        score[c->held_out_rows++] = row.score;
        c->alerts.hits_before += row.fraud;
    }
    c->held_out = score;
    return true;
}

static bool compare_column(struct comparing *c, size_t index, struct err *err)
{
    const struct watched *column = &c->columns.column[index];
    struct arena *arena = c->look->arena;
    size_t was = c->reference.rows, is = c->window.rows, width = c->window.width;
    if (column->numbers) {
        float *before = arena_new(arena, float, was + 1), *now = arena_new(arena, float, is + 1);
        if (before == NULL || now == NULL)
            return window_too_large(err);
        watched_numbers(column, c->reference.value, was, width, before);
        watched_numbers(column, c->window.value, is, width, now);
        return drift_reference_numbers(&c->was[index], before, was, arena, err) &&
               drift_window_numbers(&c->is[index], &c->was[index], now, is, arena, err);
    }
    uint32_t *before = arena_new(arena, uint32_t, was + 1),
             *now = arena_new(arena, uint32_t, is + 1);
    if (before == NULL || now == NULL)
        return window_too_large(err);
    watched_codes(column, c->reference.value, was, width, before);
    watched_codes(column, c->window.value, is, width, now);
    return drift_reference_codes(&c->was[index], before, was, column->values, arena, err) &&
           drift_window_codes(&c->is[index], &c->was[index], now, is, arena, err);
}

static bool compare_score(struct comparing *c, struct err *err)
{
    struct arena *arena = c->look->arena;
    size_t at = c->cases - 1;
    c->alerts.rows_before = c->held_out_rows;
    c->alerts.rows = c->window.rows;
    for (size_t i = 0; i < c->window.rows; i++)
        c->alerts.hits += c->window.fraud[i];
    return drift_reference_numbers(&c->was[at], c->held_out, c->held_out_rows, arena, err) &&
           drift_window_numbers(&c->is[at], &c->was[at], c->window.score, c->window.rows, arena,
                                err);
}

static struct view name_of(const struct comparing *c, size_t index)
{
    return index < c->columns.count ? c->columns.column[index].name : VIEW("score");
}

static bool compare(struct comparing *c, struct err *err)
{
    struct arena *arena = c->look->arena;
    struct drift_limits limits = drift_limits_default;
    limits.rows_min = (size_t)config_count(c->look->config, KEY_MONITOR_ROWS_MIN);
    c->alerts =
        (struct rate_case){.watch = RATE_WATCH, .alarm = RATE_ALARM, .rows_min = limits.rows_min};
    if (!drift_limits_are_named(c->look->config, &c->look->bundle->schema, err) ||
        !watched_columns_of(&c->look->bundle->plan, &c->columns, arena, err))
        return false;
    c->cases = c->columns.count + 1;
    c->was = arena_new(arena, struct drift_reference, c->cases);
    c->is = arena_new(arena, struct drift_window, c->cases);
    c->one = arena_new(arena, struct drift_case, c->cases);
    c->finding = arena_new(arena, struct drift_finding, c->cases);
    if (c->was == NULL || c->is == NULL || c->one == NULL || c->finding == NULL)
        return window_too_large(err);
    for (size_t i = 0; i < c->columns.count; i++)
        if (!compare_column(c, i, err))
            return false;
    if (!score_reference(c, err) || !compare_score(c, err))
        return false;
    for (size_t i = 0; i < c->cases; i++) {
        if (!drift_limits_of(c->look->config, name_of(c, i), &limits, err))
            return false;
        c->one[i] = drift_case_of(&c->was[i], &c->is[i], &limits);
    }
    drift_judge(c->one, c->cases, DRIFT_ALPHA, c->finding);
    return true;
}

/* ---------------------------------------------------------------- telling */

static void write_case(const struct comparing *c, size_t i, struct json *json)
{
    json_open(json, '{');
    json_key(json, "name"), json_text(json, name_of(c, i));
    json_key(json, "state"), json_string(json, drift_state_name(c->finding[i].state));
    json_key(json, "floor"), json_number(json, c->finding[i].floor);
    json_key(json, "chance"), json_number(json, c->finding[i].chance);
    for (size_t d = 0; d < DRIFT_COUNT; d++)
        json_key(json, drifts[d]->name),
            json_number(json, drifts[d]->distance(&c->was[i], &c->is[i]));
    json_key(json, "missing"), json_number(json, drift_missing_share(&c->is[i]));
    json_key(json, "missing_before"), json_number(json, drift_missing_share(&c->was[i].self));
    json_key(json, "outside"), json_number(json, drift_outside_share(&c->is[i]));
    json_close(json);
}

static bool read_case(const struct comparing *c, size_t i, struct err *err)
{
    char bytes[200];
    struct text text = text_in(bytes, sizeof bytes);
    double psi = c->one[i].psi;
    text_addf(&text, "PSI %.3g where noise ends at %.3g; missing %.3g %% (was %.3g %%)", psi,
              c->finding[i].floor, 100 * drift_missing_share(&c->is[i]),
              100 * drift_missing_share(&c->was[i].self));
    bool score = i == c->columns.count;
    struct reading reading = {
        .alarm = score ? &alarm_score_drift : &alarm_drift,
        .subject = score ? VIEW("") : name_of(c, i),
        .state = alarm_state_of(c->finding[i].state),
        .value = psi,
        .limit = c->one[i].limits.alarm,
        .at_ms = c->look->until_us / 1000,
        .text = text_view(&text),
    };
    return look_read(c->look, &reading, err);
}

static bool read_alerts(const struct comparing *c, struct err *err)
{
    struct rate_finding finding;
    char bytes[160];
    struct text text = text_in(bytes, sizeof bytes);
    rate_judge(&c->alerts, 1, DRIFT_ALPHA, &finding);
    text_addf(&text, "%.3g %% of the records are called fraud, %.3g %% were", 100 * finding.now,
              100 * finding.before);
    struct json *json = c->look->document;
    json_key(json, "alerts");
    json_open(json, '{');
    json_key(json, "state"), json_string(json, drift_state_name(finding.state));
    json_key(json, "share"), json_number(json, finding.now);
    json_key(json, "share_before"), json_number(json, finding.before);
    json_key(json, "chance"), json_number(json, finding.chance);
    json_close(json);
    if (finding.state == DRIFT_WATCH || finding.state == DRIFT_ALARM)
        text_addf(c->look->message, "; %s", text_c(&text));
    struct reading reading = {
        .alarm = &alarm_score_drift,
        .subject = VIEW("alerts"),
        .state = alarm_state_of(finding.state),
        .value = finding.times,
        .limit = c->alerts.alarm,
        .at_ms = c->look->until_us / 1000,
        .text = text_view(&text),
    };
    return look_read(c->look, &reading, err);
}

/* ---------------------------------------------------------------- the look */

/* The three that drifted most, for people. */
static void write_message(const struct comparing *c)
{
    struct text *message = c->look->message;
    size_t drifted = 0;
    double below = (double)INFINITY;
    for (size_t i = 0; i < c->cases; i++)
        drifted += c->finding[i].state == DRIFT_WATCH || c->finding[i].state == DRIFT_ALARM;
    text_addf(message, "%zu rows, %zu of %zu columns moved", c->window.rows, drifted, c->cases);
    for (int told = 0; told < 3; told++) {
        size_t next = c->cases;
        for (size_t i = 0; i < c->cases; i++)
            if ((c->finding[i].state == DRIFT_WATCH || c->finding[i].state == DRIFT_ALARM) &&
                c->one[i].psi < below && (next == c->cases || c->one[i].psi > c->one[next].psi))
                next = i;
        if (next == c->cases)
            break;
        below = c->one[next].psi;
        text_addf(message, "%s" VIEW_FMT " %s (PSI %.3g)", told == 0 ? ": " : ", ",
                  VIEW_ARG(name_of(c, next)), drift_state_name(c->finding[next].state), below);
    }
}

static bool tell(struct comparing *c, struct err *err)
{
    struct json *json = c->look->document;
    json_key(json, "reference_rows"), json_count(json, c->reference.rows);
    json_key(json, "seen"), json_count(json, c->window.seen);
    json_key(json, "columns");
    json_open(json, '[');
    for (size_t i = 0; i < c->cases; i++) {
        write_case(c, i, json);
        if (!read_case(c, i, err))
            return false;
    }
    json_close(json);
    write_message(c);
    const struct contributions contributions = {c->look, &c->columns, &c->reference, &c->window};
    bool enough = c->held_out_rows >= c->alerts.rows_min && c->window.rows >= c->alerts.rows_min;
    return read_alerts(c, err) && contributions_read(&contributions, enough, err);
}

static bool look(struct watch_look *look, struct err *err)
{
    struct comparing comparing = {.look = look};
    if (!reference_load(&comparing.reference, look->bundle, look->arena, err) ||
        !stretch_load(look, look->since_us, look->until_us, &comparing.window, err))
        return false;
    look->rows = comparing.window.rows;
    if (!compare(&comparing, err) || !tell(&comparing, err))
        return false;
    /* What the reference alone has too few rows for will not have more: this stretch is judged. */
    if (look->state == WATCH_INSUFFICIENT && look->rows >= comparing.alerts.rows_min &&
        comparing.reference.rows >= comparing.alerts.rows_min)
        look->state = WATCH_OK;
    return true;
}

const struct watch watch_drift = {
    .name = "drift",
    .about = "columns, scores and reasons against the rows the champion was trained on",
    .schedule = KEY_MONITOR_DRIFT,
    .needs_champion = true,
    .covers = covers,
    .covers_count = LENGTH_OF(covers),
    .look = look,
};
