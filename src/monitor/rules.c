#include "monitor/rules.h"

#include "base/clock.h"
#include "base/number.h"

#include <math.h>

enum { MINUTES_OF_DAY = 24 * 60, EVERY_DAY = 0x7f };
#define DAY_MS INT64_C(86400000)

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---------------------------------------------------------------- hours */

static bool read_day(struct view text, unsigned *out)
{
    *out = 0;
    while (*out < LENGTH_OF(day_names) && !view_is(text, day_names[*out]))
        (*out)++;
    return *out < LENGTH_OF(day_names);
}

/* "mon-fri", "sat", "mon,wed,fri", "sat-mon" */
static bool read_days(struct view text, unsigned *out)
{
    struct view part;
    *out = 0;
    while (view_cut(&text, ',', &part)) {
        struct view last = view_trim(part), first;
        unsigned from, to;
        if (!view_cut(&last, '-', &first) || !read_day(view_trim(first), &from))
            return false;
        to = from;
        if (last.length > 0 && !read_day(view_trim(last), &to))
            return false;
        for (unsigned day = from;; day = (day + 1) % LENGTH_OF(day_names)) {
            *out |= 1u << day;
            if (day == to)
                break;
        }
    }
    return *out != 0;
}

/* "08:30"; "24:00" is the end of a day. */
static bool read_minute(struct view text, int *out)
{
    struct view hour;
    int64_t hours, minutes;
    text = view_trim(text);
    if (text.length != strlen("08:30") || !view_cut(&text, ':', &hour) || hour.length != 2 ||
        !number_parse_i64(hour, &hours) || !number_parse_i64(text, &minutes) || hours < 0 ||
        minutes < 0 || minutes > 59 || hours * 60 + minutes > MINUTES_OF_DAY)
        return false;
    *out = (int)(hours * 60 + minutes);
    return true;
}

static bool read_hours(struct view text, struct alarm_hours *out)
{
    struct view from;
    return view_cut(&text, '-', &from) && read_minute(from, &out->from_minute) &&
           read_minute(text, &out->to_minute) && out->from_minute < out->to_minute;
}

bool alarm_hours_hold(const struct alarm_hours *hours, int64_t at_ms, int64_t window_ms)
{
    bool whole_days = hours->from_minute == 0 && hours->to_minute == MINUTES_OF_DAY;
    struct civil civil = civil_of(at_ms);
    if ((hours->days >> civil.weekday & 1) == 0)
        return false;
    if (whole_days)
        return true;
    int64_t of_day = at_ms - at_ms / DAY_MS * DAY_MS;
    return of_day - window_ms >= INT64_C(60000) * hours->from_minute &&
           of_day <= INT64_C(60000) * hours->to_minute;
}

void alarm_hours_add(struct text *text, const struct alarm_hours *hours)
{
    const char *before = "";
    if (hours->days == EVERY_DAY && hours->from_minute == 0 && hours->to_minute == MINUTES_OF_DAY) {
        text_adds(text, "always");
        return;
    }
    for (unsigned day = 0; day < LENGTH_OF(day_names); day++) {
        unsigned last = day;
        if ((hours->days >> day & 1) == 0)
            continue;
        while (last + 1 < LENGTH_OF(day_names) && (hours->days >> (last + 1) & 1) != 0)
            last++;
        text_addf(text, "%s%s", before, day_names[day]);
        if (last > day)
            text_addf(text, "-%s", day_names[last]);
        before = ",";
        day = last;
    }
    text_addf(text, " %02d:%02d-%02d:%02d", hours->from_minute / 60, hours->from_minute % 60,
              hours->to_minute / 60, hours->to_minute % 60);
}

/* ---------------------------------------------------------------- the table's defaults */

static struct alarm_rule rule_of(const struct alarm *alarm)
{
    struct alarm_rule rule = {
        .alarm = alarm,
        .enabled = true,
        .limit = alarm->limit,
        .recover = alarm->recover,
        .window_ms = alarm->window_ms,
        .breaches = alarm->breaches,
        .windows = alarm->windows,
        .hours = {.days = EVERY_DAY, .to_minute = MINUTES_OF_DAY},
        .missing = alarm->missing,
        .severity = alarm->severity,
    };
    bool ok = (alarm->hours == NULL || read_hours(view_of(alarm->hours), &rule.hours)) &&
              (alarm->days == NULL || read_days(view_of(alarm->days), &rule.hours.days));
    assert(ok);
    return rule;
}

void alarm_rules_init(struct alarm_rules *out)
{
    *out = (struct alarm_rules){.remind_ms = DAY_MS, .overdue_ms = DAY_MS / 24, .objective = 0.999};
    for (size_t i = 0; i < ALARMS; i++)
        out->rule[i] = rule_of(alarms[i]);
    out->routes = 1;
    out->route[0] = (struct alarm_route){.sink = "log"};
}

/* ---------------------------------------------------------------- assay.yaml */

struct reader {
    const struct config *config;
    const struct yaml *item;
    struct err *err;
};

static const struct yaml *member(const struct reader *reader, const char *name)
{
    return yaml_find(reader->item, name);
}

/* What is not given leaves `out` as it is. */
static bool read_quantity(const struct reader *reader, const char *name, enum quantity quantity,
                          double *out)
{
    char bytes[300];
    struct text what = text_in(bytes, sizeof bytes);
    const struct yaml *node = member(reader, name);
    return node == NULL || quantity_read(node->text, quantity, out, &what) ||
           config_wrong(reader->config, node, reader->err, "'%s' of alarm '" VIEW_FMT "' %s", name,
                        VIEW_ARG(reader->item->key), text_c(&what));
}

/* "2 of 3" */
static bool read_windows(const struct reader *reader, struct alarm_rule *rule)
{
    const struct yaml *node = member(reader, "windows");
    int64_t breaches = 0, windows = 0;
    if (node == NULL)
        return true;
    const char *of = memmem(node->text.text, node->text.length, " of ", 4);
    size_t at = of == NULL ? 0 : (size_t)(of - node->text.text);
    bool ok = of != NULL && number_parse_i64((struct view){node->text.text, at}, &breaches) &&
              number_parse_i64(view_from(node->text, at + 4), &windows) && breaches >= 1 &&
              breaches <= windows && windows <= ALARM_WINDOWS_MAX;
    if (!ok)
        return config_wrong(reader->config, node, reader->err,
                            "'windows' takes '2 of 3': so many breaches among so many windows, up "
                            "to %d; not '" VIEW_FMT "'",
                            ALARM_WINDOWS_MAX, VIEW_ARG(node->text));
    rule->breaches = (unsigned)breaches;
    rule->windows = (unsigned)windows;
    return true;
}

static bool read_times(const struct reader *reader, struct alarm_rule *rule)
{
    const struct yaml *hours = member(reader, "hours"), *days = member(reader, "days");
    if (hours != NULL && !read_hours(hours->text, &rule->hours))
        return config_wrong(reader->config, hours, reader->err,
                            "'hours' takes a time of day in UTC, '08:00-20:00', not '" VIEW_FMT "'",
                            VIEW_ARG(hours->text));
    if (days != NULL && !read_days(days->text, &rule->hours.days))
        return config_wrong(reader->config, days, reader->err,
                            "'days' takes days such as 'mon-fri' or 'sat,sun', not '" VIEW_FMT "'",
                            VIEW_ARG(days->text));
    return true;
}

static bool read_words(const struct reader *reader, struct alarm_rule *rule)
{
    const struct yaml *enabled = member(reader, "enabled"), *missing = member(reader, "missing");
    const struct yaml *severity = member(reader, "severity");
    if (enabled != NULL)
        rule->enabled = view_is(enabled->text, "true");
    for (size_t i = 0; missing != NULL && i < MISSINGS; i++)
        if (view_is(missing->text, alarm_missings[i]))
            rule->missing = (enum alarm_missing)i;
    return severity == NULL || severity_of(severity->text, &rule->severity); /* a CHOICE */
}

/* A limit without a recovery keeps the table's proportion between the two. */
static bool read_limits(const struct reader *reader, struct alarm_rule *rule)
{
    const struct alarm *alarm = rule->alarm;
    const struct yaml *limit = member(reader, "limit"), *recover = member(reader, "recover");
    double window = (double)rule->window_ms / 1e3;
    const struct yaml *window_node = member(reader, "window");
    if (!read_quantity(reader, "window", QUANTITY_TIME, &window))
        return false;
    if (window_node != NULL && alarm->window_ms == 0)
        return config_wrong(reader->config, window_node, reader->err,
                            "alarm '%s' has no window to set: its watch has one of its own",
                            alarm->name);
    if (window_node != NULL && !(window >= 60 && window <= 30 * 86400.0))
        return config_wrong(reader->config, window_node, reader->err,
                            "'window' is from 1 min to 30 d");
    rule->window_ms = (int64_t)(window * 1e3);
    if (alarm->compare == ALARM_JUDGED && (limit != NULL || recover != NULL))
        return config_wrong(reader->config, limit != NULL ? limit : recover, reader->err,
                            "alarm '%s' has no limit of its own: its watch judges", alarm->name);
    if (!read_quantity(reader, "limit", alarm->quantity, &rule->limit))
        return false;
    if (limit != NULL)
        rule->recover =
            alarm->limit > 0 ? rule->limit / alarm->limit * alarm->recover : rule->limit;
    if (!read_quantity(reader, "recover", alarm->quantity, &rule->recover))
        return false;
    bool wrong = alarm->compare == ALARM_ABOVE   ? rule->recover > rule->limit
                 : alarm->compare == ALARM_BELOW ? rule->recover < rule->limit
                                                 : false;
    return !wrong || recover == NULL ||
           config_wrong(reader->config, recover, reader->err,
                        "alarm '%s' would be over while it still stands: 'recover' is on the wrong "
                        "side of 'limit'",
                        alarm->name);
}

static bool read_rule(const struct config *config, const struct yaml *item, struct alarm_rules *out,
                      struct err *err)
{
    const struct reader reader = {config, item, err};
    enum alarm_id id = alarm_find(item->key);
    if (id == ALARMS) {
        char bytes[400];
        struct text names = text_in(bytes, sizeof bytes);
        alarm_list_names(&names);
        return config_wrong(config, item, err, "no alarm '" VIEW_FMT "'; there are: %s",
                            VIEW_ARG(item->key), text_c(&names));
    }
    struct alarm_rule *rule = &out->rule[id];
    return read_limits(&reader, rule) && read_windows(&reader, rule) && read_times(&reader, rule) &&
           read_words(&reader, rule);
}

static bool read_route(const struct config *config, const struct yaml *item,
                       struct alarm_rules *out, struct err *err)
{
    struct alarm_route *route = &out->route[out->routes];
    if (out->routes == ALARM_SINKS_MAX)
        return config_wrong(config, item, err, "there are at most %d sinks", ALARM_SINKS_MAX);
    if (item->key.length > ALARM_SINK_NAME_MAX)
        return config_wrong(config, item, err, "a sink's name has at most %d bytes",
                            ALARM_SINK_NAME_MAX);
    snprintf(route->sink, sizeof route->sink, "%.*s", (int)item->key.length, item->key.text);
    out->routes++;
    return severity_of(config_item_text(item, KEY_ALARM_SINK_LEAST), &route->least);
}

bool alarm_rules_read(const struct config *config, struct alarm_rules *out, struct err *err)
{
    alarm_rules_init(out);
    out->remind_ms = (int64_t)(config_number(config, KEY_ALARM_REMIND) * 3600e3);
    out->overdue_ms = (int64_t)(config_number(config, KEY_ALARM_OVERDUE) * 3600e3);
    out->objective = config_number(config, KEY_ALARM_OBJECTIVE);
    const struct yaml *rules = config_node(config, "alarms.rules");
    for (const struct yaml *item = rules == NULL ? NULL : rules->first; item; item = item->next)
        if (!read_rule(config, item, out, err))
            return false;
    const struct yaml *sinks = config_node(config, "alarms.sinks");
    if (sinks == NULL || sinks->first == NULL)
        return true;
    out->routes = 0;
    for (const struct yaml *item = sinks->first; item != NULL; item = item->next)
        if (!read_route(config, item, out, err))
            return false;
    return true;
}
