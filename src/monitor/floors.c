#include "monitor/floors.h"

#include <math.h>

enum { SEED = 1 };
#define LEVEL 0.95

bool floors_read(struct floors *floors, const struct config *config, struct err *err)
{
    const struct yaml *list = config_node(config, "monitor.floors");
    if (list == NULL)
        list = config_node(config, "gate");
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        struct err why = {0};
        if (floors->count == FLOORS_MAX)
            return config_wrong(config, item, err, "at most %d floors", FLOORS_MAX);
        if (!gate_parse(item->text, &floors->rule[floors->count++], &why))
            return config_wrong(config, item, err, "%s", why.text);
    }
    return true;
}

/* The end of the interval that is nearest to keeping the rule. */
static double kindest(const struct gate_rule *rule, const struct interval *interval)
{
    bool more = rule->comparison == GATE_AT_LEAST || rule->comparison == GATE_ABOVE;
    return more ? interval->high : interval->low;
}

static enum alarm_state judge(const struct floors *floors, size_t i)
{
    const struct gate_rule *rule = &floors->rule[i];
    const struct interval *metric = &floors->metric[i];
    if (floors->frauds < FLOORS_FRAUDS_MIN || isnan(metric->value) || isnan(metric->low))
        return STATE_INSUFFICIENT;
    if (gate_holds(rule, metric->value))
        return STATE_OK;
    return gate_holds(rule, kindest(rule, metric)) ? STATE_WATCH : STATE_ALARM;
}

bool floors_judge(struct floors *floors, const struct contender *contender, size_t frauds,
                  struct arena *arena, struct err *err)
{
    const struct metric *metric[FLOORS_MAX];
    struct bootstrap bootstrap;
    floors->rows = contender->sample.count;
    floors->frauds = frauds;
    for (size_t i = 0; i < floors->count; i++)
        metric[i] = floors->rule[i].metric;
    if (frauds == 0 || frauds == floors->rows) {
        for (size_t i = 0; i < floors->count; i++)
            floors->metric[i] =
                (struct interval){(double)NAN, (double)NAN, (double)NAN, (double)NAN, 0};
    } else if (!bootstrap_init(&bootstrap, contender, 1, NULL, SEED, arena, err) ||
               !bootstrap_intervals(&bootstrap, metric, floors->count, BOOTSTRAP_DRAWS, LEVEL,
                                    arena, floors->metric, NULL, err)) {
        return false;
    }
    for (size_t i = 0; i < floors->count; i++)
        floors->state[i] = judge(floors, i);
    return true;
}

/* Its metric's name; of a metric with more than one floor, the later ones' own words. */
static struct view subject_of(const struct floors *floors, size_t floor)
{
    for (size_t i = 0; i < floor; i++)
        if (floors->rule[i].metric == floors->rule[floor].metric)
            return floors->rule[floor].text;
    return view_of(floors->rule[floor].metric->name);
}

bool floors_tell(const struct floors *floors, struct watch_look *look, struct err *err)
{
    struct json *json = look->document;
    json_key(json, "floors");
    json_open(json, '[');
    for (size_t i = 0; i < floors->count; i++) {
        const struct interval *metric = &floors->metric[i];
        char bytes[160];
        struct text text = text_in(bytes, sizeof bytes);
        json_open(json, '{');
        json_key(json, "rule"), json_text(json, floors->rule[i].text);
        json_key(json, "state"), json_string(json, alarm_states[floors->state[i]]);
        json_key(json, "value"), json_number(json, metric->value);
        json_key(json, "low"), json_number(json, metric->low);
        json_key(json, "high"), json_number(json, metric->high);
        json_key(json, "standard_deviation"), json_number(json, metric->deviation);
        json_close(json);
        text_addf(&text, "%.4g, between %.4g and %.4g, of %zu frauds among %zu", metric->value,
                  metric->low, metric->high, floors->frauds, floors->rows);
        struct reading reading = {.alarm = &alarm_performance,
                                  .subject = subject_of(floors, i),
                                  .state = floors->state[i],
                                  .value = metric->value,
                                  .limit = floors->rule[i].bound,
                                  .at_ms = look->until_us / 1000,
                                  .text = text_view(&text)};
        if (!look_read(look, &reading, err))
            return false;
        if (floors->state[i] == STATE_ALARM || floors->state[i] == STATE_WATCH)
            text_addf(look->message, "; %s is %s", floors->rule[i].metric->name, text_c(&text));
    }
    json_close(json);
    return true;
}
