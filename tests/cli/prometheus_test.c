#include "cli/grafana.h"
#include "cli/prometheus.h"

#include "harness.h"

#include "base/doc.h"

static const char *condition(const struct alarm_rules *rules, enum alarm_id id)
{
    static char bytes[8192];
    struct text text = text_in(bytes, sizeof bytes);
    prometheus_condition(rules, id, "assay", &text);
    return text_c(&text);
}

static bool is_meter(const char *name, size_t length)
{
    static const struct {
        const char *name, *type;
    } meters[] = {
#define METER(id, kind, called, help) {called, #kind},
#include "serve/meters.def"
#undef METER
    };
    static const char *const parts[] = {"", "_bucket", "_sum", "_count"};
    for (size_t i = 0; i < LENGTH_OF(meters); i++) {
        size_t suffixes = strcmp(meters[i].type, "histogram") == 0 ? LENGTH_OF(parts) : 1;
        for (size_t k = 0; k < suffixes; k++) {
            char whole[128];
            snprintf(whole, sizeof whole, "%s%s", meters[i].name, parts[k]);
            if (strlen(whole) == length && memcmp(whole, name, length) == 0)
                return true;
        }
    }
    return false;
}

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Each metric that an expression names is one that /metrics shows. */
static size_t known_meters(const char *expression)
{
    size_t seen = 0;
    for (const char *at = expression; *at != '\0'; at++) {
        bool ours = strncmp(at, "assay_", 6) == 0 || strncmp(at, "process_", 8) == 0;
        if (!ours || (at > expression && in_name(at[-1])))
            continue;
        size_t length = 0;
        while (in_name(at[length]))
            length++;
        FAIL_UNLESS(is_meter(at, length), "no meter is called '%.*s'", (int)length, at);
        seen++;
        at += length - 1;
    }
    return seen;
}

TEST(every_alarm_asks_for_what_the_servers_show)
{
    struct alarm_rules rules;
    alarm_rules_init(&rules);
    for (size_t i = 0; i < ALARMS; i++) {
        const char *text = condition(&rules, (enum alarm_id)i);
        TRUE(known_meters(text) > 0 || i == ALARM_ID_server_down);
        FAIL_UNLESS(strchr(text, '$') == NULL, "a blank is left in '%s'", text);
    }
}

TEST(every_panel_asks_for_what_the_servers_show)
{
    for (size_t i = 0; i < panels_count; i++) {
        const struct panel *panel = &panels[i];
        if (panel->part == PANEL_QUERY) {
            TRUE(known_meters(panel->expression) > 0 || strstr(panel->expression, "up{") != NULL);
            TRUE(strstr(panel->expression, "job=~\"$job\"") != NULL);
        } else if (panel->part == PANEL_ITSELF) {
            TRUE(panel->width > 0 && panel->width <= 24 && panel->about[0] != '\0');
            TRUE(i + 1 < panels_count && panels[i + 1].part == PANEL_QUERY);
        }
        for (size_t k = 0; k < i && panel->title != NULL; k++)
            TRUE(panels[k].title == NULL || strcmp(panels[k].title, panel->title) != 0);
    }
}

TEST(what_is_in_force_is_what_is_asked)
{
    struct alarm_rules rules;
    alarm_rules_init(&rules);
    rules.rule[ALARM_ID_memory].limit = 1e9;
    TEXT(view_of(condition(&rules, ALARM_ID_memory)),
         "process_resident_memory_bytes{job=\"assay\"} > 1000000000");
    rules.rule[ALARM_ID_latency].window_ms = 7200000;
    TRUE(strstr(condition(&rules, ALARM_ID_latency), "[2h]") != NULL);
    rules.rule[ALARM_ID_latency].window_ms = 90000;
    TRUE(strstr(condition(&rules, ALARM_ID_latency), "[90s]") != NULL);
    rules.objective = 0.995;
    TRUE(strstr(condition(&rules, ALARM_ID_error_budget), "/ (1 - 0.995) > 14.4 and ") != NULL);
    TRUE(strstr(condition(&rules, ALARM_ID_error_budget), "[1h]") != NULL);
    TRUE(strstr(condition(&rules, ALARM_ID_error_budget), "[5m]") != NULL);
    TEXT(view_of(condition(&rules, ALARM_ID_drift)),
         "max by (alarm, subject) (assay_alarm_state{job=\"assay\",alarm=\"drift\"}) == 3");
}

TEST(hours_and_days_are_prometheus_own)
{
    struct alarm_rules rules;
    alarm_rules_init(&rules);
    struct alarm_rule *rule = &rules.rule[ALARM_ID_journal_lag];
    rule->hours =
        (struct alarm_hours){.days = 1U << 0 | 1U << 6, .from_minute = 60, .to_minute = 120};
    TEXT(view_of(condition(&rules, ALARM_ID_journal_lag)),
         "assay_journal_lag_seconds{job=\"assay\"} > 60 and on () (hour() * 60 + minute() >= 61 <= "
         "120) and on () (day_of_week() == 1 or day_of_week() == 0)");
    rule->hours = (struct alarm_hours){.days = 127, .to_minute = 1440};
    TEXT(view_of(condition(&rules, ALARM_ID_journal_lag)),
         "assay_journal_lag_seconds{job=\"assay\"} > 60");
}

TEST(an_alarm_that_is_off_has_no_rule)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct alarm_rules rules;
    alarm_rules_init(&rules);
    struct text text = text_in_arena(&arena);
    prometheus_rules_write(&rules, "assay", &text);
    TRUE(strstr(text_c(&text), "- alert: AssayLatencySevere\n") != NULL);
    TRUE(strstr(text_c(&text), "- alert: AssayDrift\n") != NULL);
    rules.rule[ALARM_ID_latency_severe].enabled = false;
    text = text_in_arena(&arena);
    prometheus_rules_write(&rules, "shop", &text);
    TRUE(strstr(text_c(&text), "AssayLatencySevere") == NULL);
    TRUE(strstr(text_c(&text), "job=\\\"shop\\\"") != NULL);
    TRUE(strstr(text_c(&text), "job=\\\"assay\\\"") == NULL);
}

TEST(only_plain_names_are_jobs)
{
    TRUE(prometheus_job_is_plain(VIEW("assay-1.b_C")));
    TRUE(!prometheus_job_is_plain(VIEW("")));
    TRUE(!prometheus_job_is_plain(VIEW("a\"b")));
    TRUE(!prometheus_job_is_plain(VIEW("a b")));
}
