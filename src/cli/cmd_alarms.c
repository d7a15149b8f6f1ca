#include "base/clock.h"
#include "base/number.h"
#include "cli/duration.h"
#include "cli/verbs.h"
#include "cloud/sink.h"
#include "monitor/alarms.h"
#include "monitor/outbox.h"

#include <math.h>
#include <sys/random.h>

enum { OPTION_FOR, OPTION_REASON, OPTION_LAST, OPTION_JSON };
enum { WAITING_SHOWN = 20, HISTORY_DEFAULT = 50, HISTORY_MAX = 100000, DELIVER_MS = 60000 };

/* ---------------------------------------------------------------- words */

static const char *time_text(int64_t at_ms, char bytes[40])
{
    struct text text = text_in(bytes, 40);
    if (at_ms <= 0)
        return "-";
    text_add_time(&text, at_ms);
    return text_c(&text);
}

/* What a watch said may hold what somebody sent: no line of it looks like another. */
static void print_plain(struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        putchar((unsigned char)text.text[i] < ' ' || text.text[i] == 0x7f ? ' ' : text.text[i]);
}

static void print_cell(struct view text, int width)
{
    print_plain(text);
    printf("%*s  ", width > (int)text.length ? width - (int)text.length : 0, "");
}

static void print_quantity(const struct alarm *alarm, double value, int width)
{
    char bytes[64];
    struct text text = text_in(bytes, sizeof bytes);
    quantity_add(&text, alarm == NULL ? QUANTITY_NUMBER : alarm->quantity, value);
    print_cell(text.length == 0 ? VIEW("-") : text_view(&text), width);
}

/* ---------------------------------------------------------------- list */

static void print_key(const struct alarm_key *key, const struct silence *silence)
{
    char since[40];
    printf("%-12s  ", alarm_states[key->memory.state]);
    print_cell(key->name, 18);
    print_cell(key->subject.length == 0 ? VIEW("-") : key->subject, 16);
    printf("%-24s  ", time_text(key->memory.since_ms, since));
    print_quantity(key->alarm, key->memory.value, 10);
    print_quantity(key->alarm, key->memory.limit, 10);
    if (silence != NULL)
        printf("[silence %lld] ", (long long)silence->id);
    print_plain(view_of(key->memory.said));
    putchar('\n');
}

static void print_silences(const struct silence *silence, size_t count)
{
    char until[40];
    for (size_t i = 0; i < count; i++) {
        printf("%ssilence %lld: ", i == 0 ? "\n" : "", (long long)silence[i].id);
        print_plain(silence[i].alarm);
        putchar(' ');
        print_plain(silence[i].subject);
        printf(" until %s, by ", time_text(silence[i].until_ms, until));
        print_plain(silence[i].actor);
        printf(": ");
        print_plain(silence[i].reason);
        putchar('\n');
    }
}

static bool is_configured(const struct alarm_rules *rules, struct view sink)
{
    for (size_t i = 0; i < rules->routes; i++)
        if (view_is(sink, rules->route[i].sink))
            return true;
    return false;
}

static bool print_waiting(struct project *project, const struct alarm_rules *rules, int64_t now_ms,
                          struct err *err)
{
    struct outbox_item *item;
    size_t count;
    char made[40], next[40];
    if (!outbox_list(&project->store, WAITING_SHOWN, &project->arena, &item, &count, err))
        return false;
    if (count > 0)
        printf("\nnotices that wait to be delivered, the oldest first:\n");
    for (size_t i = 0; i < count; i++) {
        bool overdue = now_ms - item[i].made_ms > rules->overdue_ms;
        printf("%-8s ", overdue ? "OVERDUE" : "");
        print_cell(item[i].sink, 12);
        print_cell(item[i].title, 30);
        printf("since %s, %lld tries, next %s", time_text(item[i].made_ms, made),
               (long long)item[i].attempts, time_text(item[i].next_ms, next));
        if (item[i].error.length > 0) {
            printf(": ");
            print_plain(item[i].error);
        }
        if (!is_configured(rules, item[i].sink))
            printf(": alarms.sinks has no sink of this name any more");
        putchar('\n');
    }
    return true;
}

static void number_member(struct json *json, const char *key, double value)
{
    json_key(json, key), json_number(json, value);
}

static void write_key(struct json *json, const struct alarm_key *key, const struct silence *silence)
{
    char since[40];
    json_open(json, '{');
    json_key(json, "alarm"), json_text(json, key->name);
    json_key(json, "subject"), json_text(json, key->subject);
    json_key(json, "state"), json_string(json, alarm_states[key->memory.state]);
    json_key(json, "since"), json_string(json, time_text(key->memory.since_ms, since));
    number_member(json, "value", key->memory.value);
    number_member(json, "limit", key->memory.limit);
    json_key(json, "said"), json_string(json, key->memory.said);
    json_key(json, "incident"), json_string(json, key->memory.incident);
    json_key(json, "silence");
    if (silence == NULL)
        json_null(json);
    else
        json_i64(json, silence->id);
    json_close(json);
}

static const struct silence *silence_of(const struct alarm_key *key, const struct silence *silence,
                                        size_t silences)
{
    return silence_find(silence, silences, key->name, key->subject);
}

static bool list(struct project *project, const struct call *call, struct err *err)
{
    struct alarm_rules rules;
    struct alarm_key *key;
    struct silence *silence;
    size_t keys, silences;
    int64_t now_ms = clock_now_ms();
    if (!alarm_rules_read(&project->config, &rules, err) ||
        !alarms_list(&project->store, &project->arena, &key, &keys, err) ||
        !silence_list(&project->store, now_ms, &project->arena, &silence, &silences, err))
        return false;
    if (call->option[OPTION_JSON] != NULL) {
        for (size_t i = 0; i < keys; i++) {
            struct text line = text_in_arena(&project->arena);
            struct json json = json_to(&line);
            write_key(&json, &key[i], silence_of(&key[i], silence, silences));
            printf("%s\n", text_c(&line));
        }
        return true;
    }
    if (keys == 0)
        printf("nothing has been watched yet: `assay monitor` does\n");
    else
        printf("%-12s  %-18s  %-16s  %-24s  %-10s  %-10s  %s\n", "state", "alarm", "subject",
               "since", "value", "limit", "seen");
    for (size_t i = 0; i < keys; i++)
        print_key(&key[i], silence_of(&key[i], silence, silences));
    print_silences(silence, silences);
    return print_waiting(project, &rules, now_ms, err);
}

/* ---------------------------------------------------------------- history, rules */

static bool history(struct project *project, const struct call *call, struct err *err)
{
    struct alarm_change *change;
    size_t count;
    int64_t most = HISTORY_DEFAULT;
    const char *last = call->option[OPTION_LAST];
    const char *name = call->arguments > 1 ? call->argument[1] : "";
    char at[40];
    if (last != NULL && (!number_parse_i64(view_of(last), &most) || most < 1 || most > HISTORY_MAX))
        return err_set(err, ERR_USAGE, "--last takes a number of changes, up to %d", HISTORY_MAX);
    if (!alarms_history(&project->store, view_of(name), (size_t)most, &project->arena, &change,
                        &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct alarm_change *c = &change[i];
        printf("%-24s  ", time_text(c->at_ms, at));
        print_cell(c->alarm, 18);
        print_cell(c->subject.length == 0 ? VIEW("-") : c->subject, 16);
        print_cell(c->was, 12);
        print_cell(c->state, 12);
        print_plain(c->said);
        putchar('\n');
    }
    return true;
}

static void print_limit(const struct alarm_rule *rule)
{
    char bytes[100];
    struct text text = text_in(bytes, sizeof bytes);
    const struct alarm *alarm = rule->alarm;
    if (alarm->compare == ALARM_JUDGED) {
        text_adds(&text, "its watch judges");
    } else {
        text_adds(&text, alarm->compare == ALARM_ABOVE ? "> " : "< ");
        quantity_add(&text, alarm->quantity, rule->limit);
        if (rule->window_ms > 0) {
            text_adds(&text, " in ");
            quantity_add(&text, QUANTITY_TIME, (double)rule->window_ms / 1e3);
        }
    }
    print_cell(text_view(&text), 20);
}

static bool list_rules(struct project *project, const struct call *call UNUSED, struct err *err)
{
    struct alarm_rules rules;
    if (!alarm_rules_read(&project->config, &rules, err))
        return false;
    printf("%-18s  %-20s  %-8s  %-8s  %-8s  %-22s  %s\n", "alarm", "breach", "windows", "missing",
           "severity", "when", "of what");
    for (size_t i = 0; i < ALARMS; i++) {
        const struct alarm_rule *rule = &rules.rule[i];
        char bytes[100], windows[32];
        struct text hours = text_in(bytes, sizeof bytes);
        alarm_hours_add(&hours, &rule->hours);
        snprintf(windows, sizeof windows, "%u of %u", rule->breaches, rule->windows);
        printf("%-18s  ", rule->alarm->name);
        print_limit(rule);
        printf("%-8s  %-8s  %-8s  %-22s  %s%s\n", windows, alarm_missings[rule->missing],
               severities[rule->severity], text_c(&hours),
               rule->enabled ? "" : "OFF: ", rule->alarm->measures);
    }
    printf("\n");
    for (size_t i = 0; i < rules.routes; i++)
        printf("sink %s is told from %s on\n", rules.route[i].sink,
               severities[rules.route[i].least]);
    return true;
}

/* ---------------------------------------------------------------- silences */

static bool silence(struct project *project, const struct call *call, struct err *err)
{
    int64_t for_ms, id, now_ms = clock_now_ms();
    char until[40];
    const char *reason = call->option[OPTION_REASON];
    if (call->arguments < 2 || call->option[OPTION_FOR] == NULL || reason == NULL)
        return err_set(err, ERR_USAGE,
                       "usage: assay alarms silence ALARM [SUBJECT] --for 2h --reason TEXT; * is "
                       "any");
    if (!duration_read(call->option[OPTION_FOR], "for", &for_ms, err))
        return false;
    struct silence wanted = {
        .alarm = view_of(call->argument[1]),
        .subject = view_of(call->arguments > 2 ? call->argument[2] : "*"),
        .from_ms = now_ms,
        .until_ms = now_ms + for_ms,
        .actor = view_of(project_actor()),
        .reason = view_of(reason),
    };
    if (!silence_add(&project->store, &wanted, &id, err))
        return false;
    printf("silence %lld, until %s\n", (long long)id, time_text(wanted.until_ms, until));
    return project_checkpoint(project, false, err);
}

static bool unsilence(struct project *project, const struct call *call, struct err *err)
{
    int64_t id;
    if (call->arguments < 2 || !number_parse_i64(view_of(call->argument[1]), &id))
        return err_set(err, ERR_USAGE, "usage: assay alarms unsilence NUMBER");
    return silence_lift(&project->store, id, project_actor(), clock_now_ms(), err) &&
           project_checkpoint(project, false, err);
}

/* ---------------------------------------------------------------- sending */

static struct notice test_notice(char id[NOTICE_ID_SIZE], const char *incident)
{
    snprintf(id, NOTICE_ID_SIZE, "%s-1", incident);
    return (struct notice){
        .id = view_of(id),
        .incident = view_of(incident),
        .kind = NOTICE_TEST,
        .severity = SEVERITY_INFO,
        .alarm = VIEW("test"),
        .title = VIEW("A test of Assay's alarms"),
        .text = VIEW("Somebody asked for this by `assay alarms test`. Nothing is wrong."),
        .runbook = VIEW("Nothing is to be done."),
        .since_ms = clock_now_ms(),
        .at_ms = clock_now_ms(),
    };
}

static bool unknown_sink(const struct sinks *sinks, const char *name, struct err *err)
{
    char bytes[300];
    struct text names = text_in(bytes, sizeof bytes);
    for (size_t i = 0; i < sinks->count; i++)
        text_addf(&names, "%s%s", i == 0 ? "" : ", ", sinks->port[i].name);
    return err_set(err, ERR_NOT_FOUND, "no sink '%s'; there are: %s", name, text_c(&names));
}

static bool test(struct project *project, const struct call *call, struct err *err)
{
    CLEANUP(sinks_release) struct sinks sinks = {0};
    uint64_t draw[2] = {0};
    char incident[33], id[NOTICE_ID_SIZE];
    int64_t retry_after_ms;
    if (call->arguments < 2)
        return err_set(err, ERR_USAGE, "usage: assay alarms test SINK");
    if (!sinks_read(&sinks, &project->config, err))
        return false;
    const struct notice_port *port = sinks_find(&sinks, call->argument[1]);
    if (port == NULL)
        return unknown_sink(&sinks, call->argument[1], err);
    ssize_t size = getrandom(draw, sizeof draw, 0);
    assert(size == (ssize_t)sizeof draw);
    snprintf(incident, sizeof incident, "%016llx%016llx", (unsigned long long)draw[0],
             (unsigned long long)draw[1]);
    struct notice notice = test_notice(id, incident);
    if (!port->send(port->self, &notice, &retry_after_ms, err))
        return err_while(err, "sink '%s'", port->name);
    printf("%s took it\n", port->name);
    return true;
}

static bool deliver(struct project *project, const struct call *call UNUSED, struct err *err)
{
    CLEANUP(sinks_release) struct sinks sinks = {0};
    struct outbox_tally tally;
    if (!sinks_read(&sinks, &project->config, err) ||
        !outbox_deliver(&project->store, sinks.port, sinks.count, clock_now_ms() + DELIVER_MS,
                        &tally, err))
        return false;
    printf("%zu sent, %zu waiting\n", tally.sent, tally.waiting);
    return tally.failed == 0 || err_set(err, ERR_IO, "%s", tally.error);
}

/* ---------------------------------------------------------------- the command */

static bool run(const struct call *call, struct err *err)
{
    static const struct verb rows[] = {
        {"list", .run = list},
        {"history", 0, 1, .run = history},
        {"rules", .run = list_rules},
        {"silence", 0, 2, .run = silence},
        {"unsilence", 0, 1, .run = unsilence},
        {"test", 0, 1, .run = test},
        {"deliver", .run = deliver},
    };
    static const struct verbs verbs = {rows, LENGTH_OF(rows), .usage = NULL};
    const char *name = call->arguments == 0 ? "list" : call->argument[0];
    const struct verb *verb = verbs_find(&verbs, name);
    if (verb == NULL || !verb_takes(verb, call))
        return err_set(err, ERR_USAGE, "'%s' %s; `assay help alarms`", name,
                       verb == NULL ? "is nothing to do with alarms" : "takes fewer arguments");
    return verbs_call(&verbs, verb, call, err);
}

static const struct option_row options[] = {
    [OPTION_FOR] = {"for", "DURATION", "silence: how long: 2h, 30m, 7d"},
    [OPTION_REASON] = {"reason", "TEXT", "silence: why, for the audit log"},
    [OPTION_LAST] = {"last", "N", "history: so many changes, default 50"},
    [OPTION_JSON] = {"json", NULL, "list: a JSON line for each"},
    {0},
};

const struct command command_alarms = {
    .name = "alarms",
    .arguments = "[list | history [ALARM] | rules | silence ALARM [SUBJECT] | unsilence N | test "
                 "SINK | deliver]",
    .about = "what stands, what changed, who is told: alarms, their silences and sinks",
    .more =
        "list shows every alarm with its state, the silences in force and the notices that no\n"
        "sink has taken yet. rules shows what is in force (alarms.rules.*). A silence keeps\n"
        "notices back until it ends; what stands then is told. test sends a notice to one sink\n"
        "of alarms.sinks.*; deliver sends what is due now, as `assay monitor` does by itself.\n",
    .options = options,
    .most = 3,
    .run = run,
};
