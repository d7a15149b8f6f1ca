#include "base/clock.h"
#include "base/json.h"
#include "base/number.h"
#include "cli/instant.h"
#include "cli/verbs.h"
#include "store/journal_capture.h"
#include "store/journal_config.h"
#include "store/journal_log.h"
#include "store/journal_move.h"

#include <errno.h>
#include <math.h>

enum {
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_CLIENT,
    OPTION_ENTITY,
    OPTION_OUTCOME,
    OPTION_VARIANT,
    OPTION_LIMIT,
    OPTION_FORMAT,
    OPTION_DIR,
    OPTION_ENDPOINT,
    OPTION_ID,
};

enum {
    LINE_MEMORY = 16 << 20,
    LIST_MEMORY = 128 << 20,
    SHOWN_LINE_SIZE = 640,
    LIMIT_DEFAULT = 50,
    LIMIT_MAX = 100000
};

/* ---------------------------------------------------------------- what is asked for */

static struct view text_option(const struct call *call, size_t option)
{
    return view_of(call->option[option] == NULL ? "" : call->option[option]);
}

static bool query_of(const struct call *call, struct journal_query *out, struct err *err)
{
    *out = (struct journal_query){
        .client = text_option(call, OPTION_CLIENT),
        .entity = text_option(call, OPTION_ENTITY),
        .outcome = text_option(call, OPTION_OUTCOME),
        .variant = text_option(call, OPTION_VARIANT),
    };
    return instant_option(call, OPTION_SINCE, &out->since_us, err) &&
           instant_option(call, OPTION_UNTIL, &out->until_us, err);
}

static bool limit_of(const struct call *call, size_t *out, struct err *err)
{
    const char *text = call->option[OPTION_LIMIT];
    int64_t limit = (int64_t)*out;
    if (text != NULL &&
        (!number_parse_i64(view_of(text), &limit) || limit < 1 || limit > LIMIT_MAX))
        return err_set(err, ERR_USAGE, "--limit takes a number from 1 to %d, not '%s'", LIMIT_MAX,
                       text);
    *out = (size_t)limit;
    return true;
}

/* What could not be read is told, once, where errors are told. */
static void tell_damage(const struct segment_damage *damage)
{
    if (damage->places > 0)
        fprintf(stderr, "assay log: %zu damaged places in the journal, the first: %s\n",
                damage->places, damage->text);
}

/* ---------------------------------------------------------------- show */

/* A word of somebody's must not look like a line of the log. */
static const char *shown(struct view word, size_t most, char out[VIEW_SHOWN_MAX + 1])
{
    size_t length = word.length < most ? word.length : most;
    for (size_t i = 0; i < length; i++)
        out[i] = (unsigned char)word.text[i] < ' ' || word.text[i] == 127 ? '?' : word.text[i];
    out[length] = '\0';
    return out;
}

static const char *number_shown(double value, char out[NUMBER_SIZE])
{
    if (isnan(value))
        snprintf(out, NUMBER_SIZE, "-");
    else
        snprintf(out, NUMBER_SIZE, "%.6g", value);
    return out;
}

static void time_shown(int64_t at_us, char out[32])
{
    struct text time = text_in(out, 32);
    text_add_time(&time, at_us / 1000);
    text_c(&time);
}

static void write_line(const struct journal_decision *d, char out[SHOWN_LINE_SIZE])
{
    enum { WIDE = 24, NARROW = 12 };
    char time[32], probability[NUMBER_SIZE], amount[NUMBER_SIZE], hex[DIGEST_HEX_SIZE];
    char id[VIEW_SHOWN_MAX + 1], outcome[VIEW_SHOWN_MAX + 1], variant[VIEW_SHOWN_MAX + 1];
    char client[VIEW_SHOWN_MAX + 1], entity[VIEW_SHOWN_MAX + 1];
    time_shown(d->at_us, time);
    snprintf(out, SHOWN_LINE_SIZE, "%s  %-32s  %-9s  %-11s  %-10s  %-10s  %.8s  %-12s  %s", time,
             shown(d->id, 36, id), shown(d->outcome, NARROW, outcome),
             number_shown(d->probability, probability), number_shown(d->amount, amount),
             shown(d->variant, NARROW, variant), digest_print(&d->bundle, hex),
             shown(d->client, WIDE, client), shown(d->entity, WIDE, entity));
}

/* The newest so many, the newest last. */
static bool show_list(struct project *project, const struct call *call, struct err *err)
{
    CLEANUP(journal_log_close) struct journal_log log = {0};
    struct journal_query query;
    struct journal_decision d;
    size_t limit = LIMIT_DEFAULT, seen = 0;
    if (!query_of(call, &query, err) || !limit_of(call, &limit, err))
        return false;
    query.last = limit;
    char(*line)[SHOWN_LINE_SIZE] =
        arena_alloc(&project->arena, sizeof(char[SHOWN_LINE_SIZE]), limit);
    if (line == NULL)
        return err_set(err, ERR_LIMIT, "no memory for %zu lines", limit);
    if (!journal_log_open(&log, &project->store, journal_dir_of(&project->config), &query, err))
        return false;
    while (journal_log_next(&log, &d, err))
        write_line(&d, line[seen++ % limit]);
    if (err->kind != ERR_NONE)
        return false;
    tell_damage(&log.reader.damage);
    if (seen > 0)
        printf("%-24s  %-32s  %-9s  %-11s  %-10s  %-10s  %-8s  %-12s  %s\n", "time", "id",
               "outcome", "probability", "amount", "variant", "bundle", "client", "entity");
    for (size_t i = seen < limit ? 0 : seen - limit; i < seen; i++)
        printf("%s\n", line[i % limit]);
    return true;
}

static void print_label(void *self UNUSED, const struct journal_label *label)
{
    char time[32], what[VIEW_SHOWN_MAX + 1], source[VIEW_SHOWN_MAX + 1], client[VIEW_SHOWN_MAX + 1];
    char lost[NUMBER_SIZE];
    time_shown(label->at_us, time);
    printf("label        %s  %s, says %s%s%s", time, shown(label->label, 32, what),
           shown(label->source, 32, source), label->client.length > 0 ? " by " : "",
           shown(label->client, 32, client));
    if (!isnan(label->amount_lost))
        printf(", %s lost", number_shown(label->amount_lost, lost));
    printf("\n");
}

static void print_decision(const struct journal_decision *d)
{
    char time[32], hex[DIGEST_HEX_SIZE], word[VIEW_SHOWN_MAX + 1], number[NUMBER_SIZE];
    time_shown(d->at_us, time);
    printf("id           %s\n", shown(d->id, VIEW_SHOWN_MAX, word));
    printf("time         %s\n", time);
    printf("outcome      %s\n", shown(d->outcome, VIEW_SHOWN_MAX, word));
    printf("fraud        %s\n", d->fraud ? "yes" : "no");
    number_print(d->probability, number), printf("probability  %s\n", number);
    number_print((double)d->score, number), printf("score        %s\n", number);
    number_print((double)d->margin, number), printf("margin       %s\n", number);
    if (!isnan(d->amount))
        number_print(d->amount, number), printf("amount       %s\n", number);
    printf("variant      %s\n", shown(d->variant, VIEW_SHOWN_MAX, word));
    if (d->experiment.length > 0)
        printf("experiment   %s\n", shown(d->experiment, VIEW_SHOWN_MAX, word));
    printf("bundle       %s\n", digest_print(&d->bundle, hex));
    if (d->client.length > 0)
        printf("client       %s\n", shown(d->client, VIEW_SHOWN_MAX, word));
    if (d->entity.length > 0)
        printf("entity       %s\n", shown(d->entity, VIEW_SHOWN_MAX, word));
    printf("latency      %u us\n", d->latency_us);
    printf("row          ");
    for (size_t i = 0; i < d->width; i++) {
        number_print((double)d->row[i], number);
        printf("%s%s", i == 0 ? "" : ",", isnan(d->row[i]) ? "" : number);
    }
    printf("\n");
}

static bool show_one(struct project *project, const char *id, struct err *err)
{
    CLEANUP(journal_log_close) struct journal_log log = {0};
    struct journal_decision d;
    const char *dir = journal_dir_of(&project->config);
    struct journal_query query = {.id = view_of(id)};
    if (!journal_log_open(&log, &project->store, dir, &query, err))
        return false;
    bool found = false;
    for (; journal_log_next(&log, &d, err); found = true) {
        if (found) /* a client's own id, used again */
            printf("\n");
        print_decision(&d);
    }
    if (err->kind != ERR_NONE)
        return false;
    tell_damage(&log.reader.damage);
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "there is no decision '%s' in the journal", id);
    return journal_labels(&project->store, dir, view_of(id), print_label, NULL, err);
}

static bool show(struct project *project, const struct call *call, struct err *err)
{
    return call->arguments == 2 ? show_one(project, call->argument[1], err)
                                : show_list(project, call, err);
}

/* ---------------------------------------------------------------- export */

static void add_jsonl(struct text *out, const struct journal_decision *d)
{
    char time[32], hex[DIGEST_HEX_SIZE];
    struct json json = json_to(out);
    time_shown(d->at_us, time);
    json_open(&json, '{');
    json_key(&json, "id"), json_text(&json, d->id);
    json_key(&json, "at"), json_string(&json, time);
    json_key(&json, "at_us"), json_i64(&json, d->at_us);
    json_key(&json, "outcome"), json_text(&json, d->outcome);
    json_key(&json, "is_fraud"), json_bool(&json, d->fraud);
    json_key(&json, "probability"), json_number(&json, d->probability);
    json_key(&json, "score"), json_number(&json, (double)d->score);
    json_key(&json, "margin"), json_number(&json, (double)d->margin);
    json_key(&json, "amount"), json_number(&json, d->amount);
    json_key(&json, "variant"), json_text(&json, d->variant);
    json_key(&json, "experiment"), json_text(&json, d->experiment);
    json_key(&json, "bundle"), json_string(&json, digest_print(&d->bundle, hex));
    json_key(&json, "client"), json_text(&json, d->client);
    json_key(&json, "entity"), json_text(&json, d->entity);
    json_key(&json, "latency_us"), json_count(&json, d->latency_us);
    json_key(&json, "row");
    json_open(&json, '[');
    for (size_t i = 0; i < d->width; i++)
        json_number(&json, (double)d->row[i]);
    json_close(&json);
    json_close(&json);
    text_addc(out, '\n');
}

static void add_cell(struct text *out, struct view text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.length; i++)
        quoted |= strchr(",\"\r\n", text.text[i]) != NULL;
    if (quoted)
        text_addc(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] == '"')
            text_addc(out, '"');
        text_addc(out, text.text[i]);
    }
    text_adds(out, quoted ? "\"," : ",");
}

static void add_number_cell(struct text *out, double value)
{
    if (!isnan(value))
        text_add_number(out, value);
    text_addc(out, ',');
}

static void add_csv(struct text *out, const struct journal_decision *d)
{
    char time[32], hex[DIGEST_HEX_SIZE];
    time_shown(d->at_us, time);
    add_cell(out, d->id), add_cell(out, view_of(time)), add_cell(out, d->outcome);
    text_addf(out, "%d,", d->fraud);
    add_number_cell(out, d->probability), add_number_cell(out, (double)d->score);
    add_number_cell(out, (double)d->margin), add_number_cell(out, d->amount);
    add_cell(out, d->variant), add_cell(out, d->experiment);
    add_cell(out, view_of(digest_print(&d->bundle, hex)));
    add_cell(out, d->client), add_cell(out, d->entity);
    text_addf(out, "%u,", d->latency_us);
    for (size_t i = 0; i < d->width; i++) {
        if (i > 0)
            text_addc(out, ' ');
        if (isnan(d->row[i]))
            text_adds(out, "nan");
        else
            text_add_number(out, (double)d->row[i]);
    }
    text_addc(out, '\n');
}

static const struct format {
    const char *name, *head;
    void (*add)(struct text *out, const struct journal_decision *decision);
} formats[] = {
    {"jsonl", "", add_jsonl},
    {"csv",
     "id,at,outcome,is_fraud,probability,score,margin,amount,variant,experiment,bundle,client,"
     "entity,latency_us,row\n",
     add_csv},
    {"capture", "", journal_capture_add},
};

static bool export_lines(struct journal_log *log, const struct format *format, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LINE_MEMORY};
    struct journal_decision d;
    fputs(format->head, stdout);
    while (journal_log_next(log, &d, err)) {
        arena_reset(&arena);
        struct text line = text_in_arena(&arena);
        format->add(&line, &d);
        if (line.cut)
            return err_set(err, ERR_LIMIT, "decision " VIEW_FMT " does not fit a line",
                           VIEW_ARG(d.id));
        if (fwrite(line.bytes, 1, line.length, stdout) != line.length)
            return err_set(err, ERR_IO, "the decisions cannot be written: %s", strerror(errno));
    }
    return err->kind == ERR_NONE;
}

static bool export_files(struct project *project, const struct call *call, struct journal_log *log,
                         struct err *err)
{
    CLEANUP(capture_close) struct capture capture = {0};
    struct journal_decision d;
    const char *endpoint = call->option[OPTION_ENDPOINT];
    if (endpoint == NULL)
        endpoint = view_copy(config_text(&project->config, KEY_PROJECT), &project->arena);
    assert(endpoint != NULL); /* keys.def bounds it */
    capture_open(&capture, call->option[OPTION_DIR], endpoint);
    while (journal_log_next(log, &d, err))
        if (!capture_add(&capture, &d, err))
            return false;
    size_t files = capture.files;
    if (err->kind != ERR_NONE || !capture_finish(&capture, err))
        return false;
    printf("%zu files in %s\n", files, call->option[OPTION_DIR]);
    return true;
}

static bool export(struct project *project, const struct call *call, struct err *err)
{
    CLEANUP(journal_log_close) struct journal_log log = {0};
    const char *name = call->option[OPTION_FORMAT] == NULL ? "jsonl" : call->option[OPTION_FORMAT];
    struct journal_query query;
    size_t at = 0;
    while (at < LENGTH_OF(formats) && strcmp(formats[at].name, name) != 0)
        at++;
    if (at == LENGTH_OF(formats))
        return err_set(err, ERR_USAGE, "--format is jsonl, csv or capture, not '%s'", name);
    bool to_files = call->option[OPTION_DIR] != NULL;
    if (to_files && formats[at].add != journal_capture_add)
        return err_set(err, ERR_USAGE, "--dir goes with --format capture, whose files have places");
    if (call->option[OPTION_LIMIT] != NULL)
        return err_set(err, ERR_USAGE, "--limit is for show; --since and --until bound an export");
    if (!query_of(call, &query, err) ||
        !journal_log_open(&log, &project->store, journal_dir_of(&project->config), &query, err))
        return false;
    bool ok =
        to_files ? export_files(project, call, &log, err) : export_lines(&log, &formats[at], err);
    tell_damage(&log.reader.damage);
    return ok;
}

/* ---------------------------------------------------------------- erase */

static bool count_segments(const char *dir, size_t count[SEGMENT_STATES], struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LIST_MEMORY};
    struct segment_file *file;
    size_t files;
    if (!segment_list(dir, &arena, &file, &files, err))
        return false;
    for (size_t i = 0; i < files; i++)
        count[file[i].state]++;
    return true;
}

/* Segments that are sealed are moved now, and so go; the others are told. */
static bool erase(struct project *project, const struct call *call, struct err *err)
{
    const char *id = call->option[OPTION_ID], *entity = call->option[OPTION_ENTITY];
    const char *dir = journal_dir_of(&project->config);
    struct journal_erased erased;
    struct journal_moved moved;
    size_t left[SEGMENT_STATES] = {0};
    if ((id == NULL) == (entity == NULL))
        return err_set(err, ERR_USAGE, "erase takes --id ID or --entity VALUE");
    if (!journal_erase(&project->store, id != NULL ? ERASE_BY_ID : ERASE_BY_ENTITY,
                       view_of(id != NULL ? id : entity), project_actor(), &erased, err) ||
        !journal_move(&project->store, dir, NULL, &moved, err) || !count_segments(dir, left, err))
        return false;
    printf("%llu decisions, %llu labels and %llu answers erased\n",
           (unsigned long long)erased.decisions, (unsigned long long)erased.labels,
           (unsigned long long)erased.answers);
    tell_damage(&moved.damage);
    if (left[SEGMENT_OPEN] + left[SEGMENT_SEALED] > 0)
        printf("%zu segments are not moved yet: what they hold of it is not shown any more, and "
               "left out when they are\n",
               left[SEGMENT_OPEN] + left[SEGMENT_SEALED]);
    if (left[SEGMENT_DAMAGED] > 0)
        printf("%zu damaged segments were put aside in %s and may hold some of it: remove them\n",
               left[SEGMENT_DAMAGED], dir);
    return project_checkpoint(project, false, err);
}

/* ---------------------------------------------------------------- the command */

static bool run(const struct call *call, struct err *err)
{
    static const struct verb rows[] = {
        {"show", 0, 1, .run = show}, {"export", .run = export}, {"erase", .run = erase}};
    static const struct verbs verbs = {rows, LENGTH_OF(rows),
                                       .usage = "usage: assay log show [ID] | export | erase"};
    return verbs_run(&verbs, call, err);
}

static const struct option_row options[] = {
    [OPTION_SINCE] = {"since", "TIME", "from this instant on: 2026-11-21, 2026-11-21T13:50:00Z"},
    [OPTION_UNTIL] = {"until", "TIME", "before this instant"},
    [OPTION_CLIENT] = {"client", "NAME", "asked for by this client"},
    [OPTION_ENTITY] = {"entity", "VALUE", "of this card, policy or whatever the entity is"},
    [OPTION_OUTCOME] = {"outcome", "NAME", "approve, review, decline, ..."},
    [OPTION_VARIANT] = {"variant", "NAME", "champion, challenger, shadow"},
    [OPTION_LIMIT] = {"limit", "N", "show: the newest so many; default: 50"},
    [OPTION_FORMAT] = {"format", "jsonl|csv|capture", "export: default: jsonl"},
    [OPTION_DIR] = {"dir", "DIR",
                    "export --format capture: into DIR/ENDPOINT/VARIANT/yyyy/mm/dd/hh"},
    [OPTION_ENDPOINT] = {"endpoint", "NAME", "export --dir: default: the project's name"},
    [OPTION_ID] = {"id", "ID", "erase: this decision; or --entity VALUE: all of it so far"},
    {0},
};

const struct command command_log = {
    .name = "log",
    .arguments = "show [ID] | export | erase",
    .about = "every decision that was made: read, exported and erased",
    .more =
        "Decisions come from the database and from the journal's segments that are not moved to "
        "it\n"
        "yet. show lists the newest, or one with its row and everything that was said of it "
        "since.\n"
        "export writes all of them, oldest first: JSON lines, CSV, or the data capture format of\n"
        "SageMaker. erase takes decisions, labels and answers out for good; the audit log tells "
        "how\n"
        "many, and not whose.\n",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};
