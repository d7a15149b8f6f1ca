/*
 * quality: what the servers counted of broken expectations since the last look, against what the
 * champion's expectations allow.
 *
 * The servers' counters only go up, so a look leaves them in its document, and the next one takes
 * the difference; a server that was started anew has counted from 0.
 */
#include "base/dictionary.h"
#include "base/number.h"
#include "data/quality.h"
#include "measure/excess.h"
#include "monitor/exposition.h"
#include "monitor/servers.h"

#include <math.h>

static const struct alarm *const covers[] = {&alarm_quality};

enum { COUNTERS_MAX = 4096 };
#define ROWS "rows"

/* One page, as it is kept: {"started":...,"rows":...,"type amount":...} */
struct kept {
    struct dictionary name;
    double *value;
    double started;
    bool answered;
};

/* What was added since the last look, by "expectation column", and the rows. */
struct counting {
    struct watch_look *look;
    const struct doc *before; /* by server; NULL: nobody has looked yet */
    struct dictionary name;
    double *added;       /* by name */
    struct kept *server; /* by server */
    size_t answered;
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the counters do not fit the memory limit");
}

/* ---------------------------------------------------------------- one server */

static bool keep(struct kept *kept, struct view expectation, struct view column, double value,
                 struct err *err)
{
    char bytes[EXPECTATION_NAME_MAX + COLUMN_NAME_MAX + 2];
    struct text text = text_in(bytes, sizeof bytes);
    uint32_t index;
    text_add(&text, expectation);
    if (column.length > 0)
        text_adds(&text, " "), text_add(&text, column);
    if (text.cut)
        return true; /* nothing of ours has such a name */
    if (!dictionary_add(&kept->name, text_view(&text), &index) || index >= COUNTERS_MAX)
        return out_of_memory(err);
    kept->value[index] += value;
    return true;
}

static bool read_page(struct kept *kept, struct view text, struct err *err)
{
    struct exposition page = exposition_of(text);
    struct exposition_sample sample;
    bool ok = true;
    while (ok && exposition_next(&page, &sample, err)) {
        if (view_is(sample.name, "process_start_time_seconds"))
            kept->started = sample.value;
        else if (view_is(sample.name, "assay_quality_rows_total"))
            ok = keep(kept, VIEW(ROWS), VIEW(""), sample.value, err);
        else if (view_is(sample.name, "assay_quality_violations_total"))
            ok = keep(kept, exposition_label(&sample, "expectation"),
                      exposition_label(&sample, "column"), sample.value, err);
    }
    return ok && err->kind == ERR_NONE;
}

static double number_in(const struct doc *doc, struct view name)
{
    for (const struct doc *item = doc == NULL ? NULL : doc->first; item != NULL; item = item->next)
        if (view_same(item->key, name) && item->kind == DOC_NUMBER)
            return item->number;
    return 0;
}

static const struct doc *server_in(const struct doc *before, struct view server)
{
    for (const struct doc *item = before == NULL ? NULL : before->first; item != NULL;
         item = item->next)
        if (view_same(item->key, server))
            return item;
    return NULL;
}

static bool add_increase(struct counting *counting, const struct kept *kept,
                         const struct doc *before, struct err *err)
{
    if (before == NULL)
        return true; /* a server new to monitor.servers: what it did before is no news */
    /* A process's start is told to the second or so. */
    bool same = kept->started <= number_in(before, VIEW("started")) + 1;
    for (uint32_t i = 0; i < kept->name.count; i++) {
        uint32_t index;
        if (!dictionary_add(&counting->name, kept->name.text[i], &index) || index >= COUNTERS_MAX)
            return out_of_memory(err);
        double was = same ? number_in(before, kept->name.text[i]) : 0;
        counting->added[index] += fmax(0, kept->value[i] - was);
    }
    return true;
}

static bool look_at(struct counting *counting, struct servers *servers, size_t i, struct err *err)
{
    struct arena *arena = counting->look->arena;
    struct kept *kept = &counting->server[i];
    struct view page;
    struct err why = {0};
    if (!scrape_page(&servers->scraper, servers->server[i], &page, &why))
        return true; /* that it is away is the watch `service`'s to say */
    *kept = (struct kept){.name = dictionary_in(arena),
                          .value = arena_new(arena, double, COUNTERS_MAX),
                          .answered = true};
    if (kept->value == NULL)
        return out_of_memory(err);
    if (!read_page(kept, page, err))
        return err_while(err, VIEW_FMT, VIEW_ARG(servers->server[i]));
    counting->answered++;
    return counting->before == NULL ||
           add_increase(counting, kept, server_in(counting->before, servers->server[i]), err);
}

/* ---------------------------------------------------------------- judging */

/* A page may say what it likes: no more than a double counts. */
static double added(const struct counting *counting, struct view name)
{
    uint32_t index = dictionary_find(&counting->name, name);
    return index == DICTIONARY_NONE ? 0 : fmin(counting->added[index], 9007199254740992.0);
}

static bool judge_rule(struct counting *counting, const struct expectation *expectation,
                       struct view column, double rows, size_t *broken, struct err *err)
{
    static const enum alarm_state states[] = {[EXCESS_OK] = STATE_OK,
                                              [EXCESS_INSUFFICIENT] = STATE_INSUFFICIENT,
                                              [EXCESS_ALARM] = STATE_ALARM};
    char name_bytes[EXPECTATION_NAME_MAX + COLUMN_NAME_MAX + 2], bytes[200];
    struct text name = text_in(name_bytes, sizeof name_bytes), text = text_in(bytes, sizeof bytes);
    text_add(&name, expectation->name), text_adds(&name, " "), text_add(&name, column);
    double violations = fmin(added(counting, text_view(&name)), rows);
    enum alarm_state state = states[excess_judge((uint64_t)violations, (uint64_t)rows,
                                                 expectation->mostly, EXCESS_ROWS_MIN)];
    bool alarming = state == STATE_ALARM;
    /* Who said that it is for information is not to be woken. */
    if (alarming && expectation->severity == EXPECT_INFO)
        state = STATE_WATCH;
    text_addf(&text, "%.0f of %.0f records break it, %.3g %% may", violations, rows,
              100 * (1 - expectation->mostly));
    if (alarming && (*broken)++ < 3)
        text_addf(counting->look->message, "; %s: %s", text_c(&name), text_c(&text));
    struct reading reading = {.alarm = &alarm_quality,
                              .subject = text_view(&name),
                              .state = state,
                              .value = rows > 0 ? violations / rows : (double)NAN,
                              .limit = 1 - expectation->mostly,
                              .at_ms = counting->look->now_ms,
                              .text = text_view(&text)};
    return look_read(counting->look, &reading, err);
}

static bool judge(struct counting *counting, struct err *err)
{
    struct watch_look *look = counting->look;
    const struct bundle *bundle = look->bundle;
    struct view paper = bundle->paper[PAPER_constraints];
    const struct doc *constraints = paper.length == 0 ? NULL : doc_parse(paper, look->arena, err);
    struct quality_rules rules;
    double rows = added(counting, VIEW(ROWS));
    size_t broken = 0;
    if ((paper.length > 0 && constraints == NULL) ||
        !quality_rules_of(&rules, &bundle->schema, constraints, look->arena, err))
        return false;
    look->rows = (size_t)rows;
    text_addf(look->message, "%.0f records, %zu expectations", rows, rules.count);
    for (size_t i = 0; i < rules.count; i++)
        if (!judge_rule(counting, rules.rule[i].expectation,
                        bundle->schema.column[rules.rule[i].column].name, rows, &broken, err))
            return false;
    return true;
}

/* ---------------------------------------------------------------- what is left for the next look
 */

static void write_kept(const struct kept *kept, struct json *json)
{
    json_key(json, "started"), json_number(json, kept->started);
    for (uint32_t i = 0; i < kept->name.count; i++)
        json_key_view(json, kept->name.text[i]), json_number(json, kept->value[i]);
}

static void write_again(const struct doc *before, struct json *json)
{
    for (const struct doc *item = before->first; item != NULL; item = item->next)
        if (item->kind == DOC_NUMBER)
            json_key_view(json, item->key), json_number(json, item->number);
}

/* What was too little to judge is looked at again with what follows; and a server that is away
 * counts on meanwhile. */
static void write_counters(const struct counting *counting, const struct servers *servers)
{
    struct json *json = counting->look->document;
    bool judged = added(counting, VIEW(ROWS)) >= EXCESS_ROWS_MIN;
    json_key(json, "servers");
    json_open(json, '{');
    for (size_t i = 0; i < servers->count; i++) {
        const struct doc *before = server_in(counting->before, servers->server[i]);
        bool fresh = counting->server[i].answered && (judged || before == NULL);
        if (!fresh && before == NULL)
            continue;
        json_key_view(json, servers->server[i]);
        json_open(json, '{');
        if (fresh)
            write_kept(&counting->server[i], json);
        else
            write_again(before, json);
        json_close(json);
    }
    json_close(json);
}

static bool load_before(struct counting *counting, struct err *err)
{
    struct view document;
    if (!run_last_document(counting->look->store, "quality", counting->look->arena, &document, err))
        return false;
    if (document.length == 0)
        return true;
    const struct doc *doc = doc_parse(document, counting->look->arena, err);
    counting->before = doc_find(doc, "servers");
    return doc != NULL;
}

static bool look_at_all(struct counting *counting, struct servers *servers, struct err *err)
{
    struct watch_look *look = counting->look;
    for (size_t i = 0; i < servers->count; i++)
        if (!look_at(counting, servers, i, err))
            return false;
    write_counters(counting, servers);
    if (servers->count == 0)
        text_adds(look->message, "monitor.servers names none");
    else if (counting->answered == 0)
        look->state = WATCH_INSUFFICIENT, text_adds(look->message, "no server answers");
    else if (counting->before == NULL)
        look->state = WATCH_INSUFFICIENT,
        text_adds(look->message, "the first look: counting begins");
    else
        return judge(counting, err);
    return true;
}

static bool look(struct watch_look *look, struct err *err)
{
    struct servers servers;
    struct counting counting = {.look = look,
                                .name = dictionary_in(look->arena),
                                .added = arena_new(look->arena, double, COUNTERS_MAX),
                                .server = arena_new(look->arena, struct kept, SERVERS_MAX)};
    if (counting.added == NULL || counting.server == NULL)
        return out_of_memory(err);
    if (!load_before(&counting, err) || !servers_open(&servers, look, err))
        return false;
    bool ok = look_at_all(&counting, &servers, err);
    servers_close(&servers);
    return ok;
}

const struct watch watch_quality = {
    .name = "quality",
    .about = "what the servers counted of broken expectations",
    .schedule = KEY_MONITOR_QUALITY,
    .needs_champion = true,
    .covers = covers,
    .covers_count = LENGTH_OF(covers),
    .look = look,
};
