#include "monitor/compare.h"

static void write_names(const struct comparison *comparison, struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < comparison->count; i++) {
        const struct comparison_column *c = comparison->order[i];
        if (c->judged && (c->state == DRIFT_WATCH || c->state == DRIFT_ALARM))
            json_text(json, c->column->name);
    }
    json_close(json);
}

static void write_side(const struct sheet *sheet, struct json *json)
{
    json_open(json, '{');
    json_key(json, "file"), json_string(json, sheet->path);
    json_key(json, "rows"), json_count(json, sheet->rows);
    json_key(json, "columns_not_in_schema");
    json_open(json, '[');
    for (size_t i = 0; i < sheet->extras; i++)
        json_text(json, sheet->extra[i]);
    json_close(json);
    json_close(json);
}

static void write_rate(const struct comparison_column *c, struct json *json)
{
    json_key(json, "rate");
    json_open(json, '{');
    json_key(json, "of_all_but"), json_text(json, c->common);
    json_key(json, "state"), json_string(json, drift_state_name(c->rate.state));
    json_key(json, "before"), json_number(json, c->rate.before);
    json_key(json, "now"), json_number(json, c->rate.now);
    json_key(json, "times"), json_number(json, c->rate.times);
    json_key(json, "p"), json_number(json, c->rate.chance);
    json_close(json);
}

static void write_distances(const struct comparison_column *c, struct json *json)
{
    json_key(json, "distances");
    json_open(json, '{');
    for (size_t i = 0; i < DRIFT_COUNT; i++) {
        if (drifts[i]->of_numbers && !c->reference.numbers)
            continue;
        json_key(json, drifts[i]->name), json_number(json, c->figure[i]);
    }
    json_close(json);
    json_key(json, "p_values");
    json_open(json, '{');
    for (size_t i = 0; i < DRIFT_COUNT; i++) {
        if (drifts[i]->chance == NULL || (drifts[i]->of_numbers && !c->reference.numbers))
            continue;
        json_key(json, drifts[i]->name), json_number(json, c->chance[i]);
    }
    json_close(json);
}

static void write_unseen(const struct comparison_column *c, struct json *json)
{
    enum { SHOWN_MAX = 20 };
    if (c->reference.numbers)
        return;
    json_key(json, "unseen_values");
    json_open(json, '[');
    for (uint32_t i = 0; i < c->now->values.count && i < SHOWN_MAX; i++)
        json_text(json, c->now->values.text[i]);
    json_close(json);
}

static void write_column(const struct comparison *comparison, const struct comparison_column *c,
                         struct json *json)
{
    json_open(json, '{');
    json_key(json, "name"), json_text(json, c->column->name);
    json_key(json, "type"), json_string(json, kind_name(c->column->kind));
    if (c->left_out != NULL) {
        json_key(json, "left_out"), json_string(json, c->left_out);
        json_close(json);
        return;
    }
    json_key(json, "state"), json_string(json, c->judged ? drift_state_name(c->state) : NULL);
    json_key(json, "p"), json_number(json, c->p);
    if (comparison->mode->of_the_family)
        json_key(json, "noise_floor_psi"), json_number(json, c->finding.floor);
    write_distances(c, json);
    if (c->has_rate)
        write_rate(c, json);
    json_key(json, "missing_before"), json_number(json, drift_missing_share(&c->reference.self));
    json_key(json, "missing"), json_number(json, drift_missing_share(&c->window));
    json_key(json, "outside"), json_number(json, drift_outside_share(&c->window));
    json_key(json, "mistyped_before"), json_count(json, c->before->mistyped);
    json_key(json, "mistyped"), json_count(json, c->now->mistyped);
    write_unseen(c, json);
    json_close(json);
}

void comparison_write(const struct comparison *comparison, struct json *json)
{
    const struct drift_mode *mode = comparison->mode;
    json_key(json, "state"), json_string(json, drift_state_name(comparison->state));
    json_key(json, "drift_detected"), json_bool(json, comparison->drifted > 0);
    json_key(json, "drifted_columns");
    write_names(comparison, json);
    json_key(json, "mode"), json_string(json, mode->name);
    json_key(json, "alpha"), json_number(json, mode->alpha);
    json_key(json, "columns_judged"), json_count(json, comparison->judged);
    json_key(json, "false_alarm_rate"), json_number(json, comparison->false_alarms);
    json_key(json, "baseline");
    write_side(comparison->before, json);
    json_key(json, "new_data");
    write_side(comparison->now, json);
    json_key(json, "columns");
    json_open(json, '[');
    for (size_t i = 0; i < comparison->count; i++)
        write_column(comparison, comparison->order[i], json);
    json_close(json);
}
