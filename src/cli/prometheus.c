#include "cli/prometheus.h"

#include "base/json.h"
#include "base/number.h"
#include "serve/route.h"

#include <math.h>

#define SCORED "{job=\"$job\",route=~\"$route\"}"
#define FAILED "{job=\"$job\",route=~\"$route\",code=~\"5..\"}"

/* What an alarm measures, where the servers tell it themselves. $window is the alarm's own,
 * $allowed the share of requests that may fail. */
static const struct expression {
    const struct alarm *alarm;
    const char *value;
} expressions[] = {
    {&alarm_latency, "histogram_quantile(0.99, sum by (le) (rate("
                     "assay_http_request_duration_seconds_bucket" SCORED "[$window])))"},
    {&alarm_latency_severe, "histogram_quantile(0.99, sum by (le) (rate("
                            "assay_http_request_duration_seconds_bucket" SCORED "[$window])))"},
    {&alarm_errors, "sum(increase(assay_http_requests_total{job=\"$job\",route=~\"$route\","
                    "code=~\"[45]..\"}[$window]))"},
    {&alarm_error_rate, "sum(rate(assay_http_requests_total" FAILED "[$window])) / "
                        "sum(rate(assay_http_requests_total" SCORED "[$window]))"},
    /* A server that was never asked has no such series at all. */
    {&alarm_invocations,
     "(sum(increase(assay_http_requests_total" SCORED "[$window])) or vector(0))"},
    {&alarm_error_budget, "sum(rate(assay_http_requests_total" FAILED "[$window])) / "
                          "sum(rate(assay_http_requests_total" SCORED "[$window])) / $allowed"},
    {&alarm_error_budget_slow,
     "sum(rate(assay_http_requests_total" FAILED "[$window])) / "
     "sum(rate(assay_http_requests_total" SCORED "[$window])) / $allowed"},
    {&alarm_journal_lag, "assay_journal_lag_seconds{job=\"$job\"}"},
    {&alarm_journal_stalled, "assay_journal_stalled{job=\"$job\"}"},
    {&alarm_memory, "process_resident_memory_bytes{job=\"$job\"}"},
};

static const struct expression *expression_of(const struct alarm *alarm)
{
    for (size_t i = 0; i < LENGTH_OF(expressions); i++)
        if (expressions[i].alarm == alarm)
            return &expressions[i];
    return NULL;
}

/* The burn rate counts when its window's last twelfth burns as well. */
static bool burns(const struct alarm *alarm)
{
    return alarm == &alarm_error_budget || alarm == &alarm_error_budget_slow;
}

bool prometheus_job_is_plain(struct view job)
{
    for (size_t i = 0; i < job.length; i++) {
        char c = job.text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '-' && c != '.')
            return false;
    }
    return job.length > 0;
}

/* ---------------------------------------------------------------- expressions */

/* The paths that score, as one regular expression: two rows may share a path. Braces and what else
 * means something are any character, which is easier to read than what stands for itself. */
static void add_routes(struct text *text)
{
    const char *before = "";
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again ||
                    (routes[k].scope == SCOPE_SCORE && strcmp(routes[k].path, routes[i].path) == 0);
        if (routes[i].scope != SCOPE_SCORE || again)
            continue;
        text_adds(text, before);
        for (const char *c = routes[i].path; *c != '\0'; c++)
            text_addc(text, strchr(".+*?()[]{}|^$", *c) != NULL ? '.' : *c);
        before = "|";
    }
}

struct blanks {
    const char *job;
    int64_t window_ms;
    double objective;
};

static void add_duration(struct text *text, int64_t ms)
{
    if (ms % 3600000 == 0 && ms > 0)
        text_addf(text, "%lldh", (long long)(ms / 3600000));
    else if (ms % 60000 == 0 && ms > 0)
        text_addf(text, "%lldm", (long long)(ms / 60000));
    else
        text_addf(text, "%llds", (long long)(ms / 1000));
}

static bool skip(const char **at, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

static void expand(const char *at, const struct blanks *blanks, struct text *text)
{
    while (*at != '\0') {
        if (skip(&at, "$job"))
            text_adds(text, blanks->job);
        else if (skip(&at, "$route"))
            add_routes(text);
        else if (blanks->window_ms > 0 && skip(&at, "$window"))
            add_duration(text, blanks->window_ms);
        else if (blanks->window_ms > 0 && skip(&at, "$allowed"))
            text_addf(text, "(1 - %.10g)", blanks->objective);
        else
            text_addc(text, *at++);
    }
}

void prometheus_expand(const char *expression, const char *job, struct text *text)
{
    expand(expression, &(struct blanks){.job = job}, text);
}

/* ---------------------------------------------------------------- conditions */

static void add_comparison(const struct alarm_rule *rule, const struct expression *expression,
                           const struct blanks *blanks, struct text *text)
{
    expand(expression->value, blanks, text);
    text_adds(text, rule->alarm->compare == ALARM_BELOW ? " < " : " > ");
    text_add_number(text, rule->limit);
}

/* A window counts when all of it lies within the hours; Prometheus counts days from Sunday. */
static void add_hours(const struct alarm_rule *rule, struct text *text)
{
    enum { EVERY_DAY = 127, DAY_MINUTES = 1440 };
    const struct alarm_hours *hours = &rule->hours;
    const char *before = "";
    if (hours->from_minute != 0 || hours->to_minute != DAY_MINUTES)
        text_addf(text, " and on () (hour() * 60 + minute() >= %d <= %d)",
                  hours->from_minute + (int)(rule->window_ms / 60000), hours->to_minute);
    if (hours->days == EVERY_DAY)
        return;
    text_adds(text, " and on () (");
    for (unsigned day = 0; day < 7; day++) {
        if ((hours->days >> day & 1) == 0)
            continue;
        text_addf(text, "%sday_of_week() == %u", before, (day + 1) % 7);
        before = " or ";
    }
    text_addc(text, ')');
}

void prometheus_condition(const struct alarm_rules *rules, enum alarm_id alarm, const char *job,
                          struct text *text)
{
    enum { BURN_PARTS = 12 };
    const struct alarm_rule *rule = &rules->rule[alarm];
    const struct expression *expression = expression_of(rule->alarm);
    struct blanks blanks = {job, rule->window_ms, rules->objective};
    if (rule->alarm == &alarm_server_down) {
        text_addf(text, "up{job=\"%s\"} == 0", job);
        return;
    }
    if (expression == NULL) {
        text_addf(text,
                  "max by (alarm, subject) (assay_alarm_state{job=\"%s\",alarm=\"%s\"}) == %d", job,
                  rule->alarm->name, (int)STATE_ALARM);
        return;
    }
    add_comparison(rule, expression, &blanks, text);
    if (burns(rule->alarm)) {
        blanks.window_ms /= BURN_PARTS;
        text_adds(text, " and ");
        add_comparison(rule, expression, &blanks, text);
    }
    add_hours(rule, text);
}

/* ---------------------------------------------------------------- the file */

void prometheus_alert_name(const struct alarm *alarm, struct text *text)
{
    bool upper = true;
    text_adds(text, "Assay");
    for (const char *c = alarm->name; *c != '\0'; c++) {
        if (*c != '_')
            text_addc(text, upper && *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
        upper = *c == '_';
    }
}

/* A JSON string is a YAML string too. */
static void add_member(struct text *text, const char *indent, const char *key, struct view value)
{
    text_addf(text, "%s%s: ", indent, key);
    struct json json = json_to(text);
    json_text(&json, value);
    text_addc(text, '\n');
}

/* How Prometheus shows a value in the alarm's unit. */
static const char *shown(enum quantity quantity)
{
    static const char *const filters[QUANTITIES] = {
        [QUANTITY_NUMBER] = "humanize",
        [QUANTITY_TIME] = "humanizeDuration",
        [QUANTITY_SHARE] = "humanizePercentage",
        [QUANTITY_SIZE] = "humanize1024",
    };
    return filters[quantity];
}

static void add_rule(const struct alarm_rules *rules, enum alarm_id id, const char *job,
                     struct text *text)
{
    const struct alarm_rule *rule = &rules->rule[id];
    const struct alarm *alarm = rule->alarm;
    bool state = expression_of(alarm) == NULL && alarm != &alarm_server_down;
    char condition[4096], words[512];
    struct text expr = text_in(condition, sizeof condition), said = text_in(words, sizeof words);
    prometheus_condition(rules, id, job, &expr);
    char first = alarm->measures[0];
    text_addf(&said, "%c%s", first >= 'a' && first <= 'z' ? first - 32 : first,
              alarm->measures + 1);
    if (state)
        text_adds(&said, ", as assay monitor judged it.");
    else
        text_addf(&said, ": {{ $value | %s }}.", shown(alarm->quantity));
    assert(!expr.cut && !said.cut);
    text_adds(text, "      - alert: ");
    prometheus_alert_name(alarm, text);
    text_addc(text, '\n');
    add_member(text, "        ", "expr", text_view(&expr));
    /* What the monitor judged has its persistence behind it. */
    if (!state && rule->breaches > 1) {
        text_adds(text, "        for: ");
        add_duration(text, (rule->breaches - 1) * rule->window_ms);
        text_addc(text, '\n');
    }
    text_addf(text, "        labels: {severity: %s, alarm: %s}\n        annotations:\n",
              severities[rule->severity], alarm->name);
    char title[256];
    struct text summary = text_in(title, sizeof title);
    text_addf(&summary, "%s%s", alarm->about,
              state ? "{{ with $labels.subject }}: {{ . }}{{ end }}"
                    : "{{ with $labels.instance }}: {{ . }}{{ end }}");
    add_member(text, "          ", "summary", text_view(&summary));
    add_member(text, "          ", "description", text_view(&said));
    add_member(text, "          ", "runbook", view_of(alarm->runbook));
}

void prometheus_rules_write(const struct alarm_rules *rules, const char *job, struct text *text)
{
    text_adds(text, "# Alarms for Prometheus, as `assay dashboards rules` writes them.\n"
                    "groups:\n  - name: assay\n    rules:\n");
    for (size_t i = 0; i < ALARMS; i++)
        if (rules->rule[i].enabled)
            add_rule(rules, (enum alarm_id)i, job, text);
}
