#include "base/clock.h"
#include "base/number.h"
#include "cli/verbs.h"
#include "store/audit.h"
#include "store/trust.h"

enum { OPTION_ANCHOR, OPTION_FROM };

enum { LINE_MEMORY = 1 << 20 };

static bool verify(struct project *project, const struct call *call, struct err *err)
{
    struct audit_summary summary;
    const char *anchor = call->option[OPTION_ANCHOR];
    if (!audit_verify(&project->store, view_of(anchor == NULL ? "" : anchor), &summary, err))
        return false;
    CLEANUP(trust_close) struct trust trust = {0};
    struct checkpoints checkpoints;
    if (!trust_open(&trust, &project->config, err) ||
        !trust_check_log(&trust, &project->store, &checkpoints, err))
        return false;
    printf("%lld events, each follows from the one before; the last is %s\n",
           (long long)summary.events, summary.last);
    if (checkpoints.count > 0)
        printf("%llu signed checkpoints, %llu of them by trusted keys, which cover the first %lld "
               "events\n",
               (unsigned long long)checkpoints.count, (unsigned long long)checkpoints.trusted,
               (long long)checkpoints.last_seq);
    return true;
}

static bool checkpoint(struct project *project, const struct call *call UNUSED, struct err *err)
{
    if (config_text(&project->config, KEY_SIGN_KEY).length == 0)
        return err_set(err, ERR_USAGE, "sign.key names no key: `assay keys new FILE` makes one");
    return project_checkpoint(project, true, err);
}

static void write_event(const struct audit_event *event, struct json *json)
{
    char bytes[40];
    struct text time = text_in(bytes, sizeof bytes);
    text_add_time(&time, event->at_ms);
    json_open(json, '{');
    json_key(json, "seq"), json_i64(json, event->seq);
    json_key(json, "at_ms"), json_i64(json, event->at_ms);
    json_key(json, "at"), json_text(json, text_view(&time));
    json_key(json, "actor"), json_text(json, event->actor);
    json_key(json, "action"), json_text(json, event->action);
    json_key(json, "subject"), json_text(json, event->subject);
    json_key(json, "payload"), json_text(json, event->payload);
    json_key(json, "previous"), json_text(json, event->previous);
    json_key(json, "hash"), json_text(json, event->hash);
    json_close(json);
}

/* A word of somebody's must not look like a line of the log. */
static void shown(struct view word, char out[VIEW_SHOWN_MAX + 1])
{
    size_t length = word.length < VIEW_SHOWN_MAX ? word.length : VIEW_SHOWN_MAX;
    for (size_t i = 0; i < length; i++)
        out[i] = (unsigned char)word.text[i] < ' ' || word.text[i] == 127 ? '?' : word.text[i];
    out[length] = '\0';
}

static void print_line(const struct audit_event *event)
{
    char actor[VIEW_SHOWN_MAX + 1], subject[VIEW_SHOWN_MAX + 1], payload[VIEW_SHOWN_MAX + 1];
    shown(event->actor, actor), shown(event->subject, subject), shown(event->payload, payload);
    char bytes[40];
    struct text time = text_in(bytes, sizeof bytes);
    text_add_time(&time, event->at_ms);
    printf("%6lld  %.19sZ  %-12s  %-10.*s  %-14s  %s\n", (long long)event->seq, text_c(&time),
           actor, VIEW_ARG(event->action), subject, payload);
}

static bool each(struct project *project, const struct call *call, bool lines, struct err *err)
{
    CLEANUP(audit_close) struct audit_reader reader = {0};
    CLEANUP(arena_release) struct arena line = {.limit = LINE_MEMORY};
    struct audit_event event;
    double from = 0;
    const char *option = call->option[OPTION_FROM];
    if (option != NULL && (!number_parse(view_of(option), &from) || from < 0 || from > 1e15))
        return err_set(err, ERR_USAGE, "--from takes the number of an event, not '%s'", option);
    if (!audit_read(&project->store, (int64_t)from, &reader, err))
        return false;
    while (audit_next(&reader, &event, err)) {
        if (!lines) {
            print_line(&event);
            continue;
        }
        struct text text = text_in_arena(&line);
        struct json json = json_to(&text);
        write_event(&event, &json);
        if (text.cut)
            return err_set(err, ERR_LIMIT, "event %lld does not fit a line", (long long)event.seq);
        text_addc(&text, '\n');
        fwrite(text.bytes, 1, text.length, stdout); /* VIEW_ARG is for messages: it shortens */
        arena_reset(&line);
    }
    return err->kind == ERR_NONE;
}

static bool show(struct project *project, const struct call *call, struct err *err)
{
    return each(project, call, false, err);
}

static bool export(struct project *project, const struct call *call, struct err *err)
{
    return each(project, call, true, err);
}

static bool run(const struct call *call, struct err *err)
{
    static const struct verb rows[] = {{"verify", .run = verify},
                                       {"show", .run = show},
                                       {"export", .run = export},
                                       {"checkpoint", .run = checkpoint}};
    static const struct verbs verbs = {
        rows, LENGTH_OF(rows), .usage = "usage: assay audit verify | show | export | checkpoint"};
    return verbs_run(&verbs, call, err);
}

static const struct option_row options[] = {
    [OPTION_ANCHOR] = {"anchor", "HASH", "verify: the log must hold this event, noted earlier"},
    [OPTION_FROM] = {"from", "N", "show, export: from this event on"},
    {0},
};

const struct command command_audit = {
    .name = "audit",
    .arguments = "verify | show | export | checkpoint",
    .about = "what was done to the registry, by whom, in a chain that shows changes",
    .more =
        "Every training, registration, judgement, promotion and rollback is an event; its hash\n"
        "covers its words and the event before. verify recomputes them all and names the first\n"
        "that was changed. Note the last hash somewhere else: with --anchor, verify also sees a\n"
        "log whose end was cut off. With sign.key the log is signed every sign.checkpoint_events\n"
        "events, and by checkpoint at once.\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
