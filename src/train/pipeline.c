#include "train/pipeline.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/doc.h"
#include "store/runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { OUTCOME_MAX = 400, RECEIPT_SIZE_MAX = 1 << 20 };

const struct step *const steps[STEP_COUNT] = {
#define STEP(name) &step_##name,
#include "train/steps.def"
#undef STEP
};

bool step_find(struct view name, enum step_id *out)
{
    for (size_t i = 0; i < STEP_COUNT; i++) {
        if (view_is(name, steps[i]->name)) {
            *out = (enum step_id)i;
            return true;
        }
    }
    return false;
}

void pipeline_part(const struct pipeline *pipeline, enum step_id step, const char *text,
                   uint64_t done, uint64_t total)
{
    progress_report(&pipeline->progress, &(struct progress_event){.kind = PROGRESS_PART,
                                                                  .step = steps[step]->name,
                                                                  .text = text,
                                                                  .done = done,
                                                                  .total = total});
}

const char *pipeline_file(const struct pipeline *pipeline, enum step_id step, const char *name)
{
    assert(pipeline->dir[step] != NULL);
    return path_join(pipeline->arena, pipeline->dir[step], name);
}

/* ---------------------------------------------------------------- receipts */

/* receipt.json names every file of a step's directory with its digest, and its own digest is the
 * step's output. It is the last file written. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_output(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "receipt.json") != 0;
}

static bool write_files(const char *dir, struct json *json, struct arena *arena, struct err *err)
{
    struct dirent **entry;
    int count = scandir(dir, &entry, is_output, by_name);
    if (count < 0)
        return err_set(err, ERR_IO, "'%s' cannot be listed: %s", dir, strerror(errno));
    bool ok = true;
    for (int i = 0; i < count; i++) {
        struct digest digest;
        char hex[DIGEST_HEX_SIZE];
        ok = ok && digest_of_file(path_join(arena, dir, entry[i]->d_name), &digest, err);
        if (ok) {
            json_key(json, entry[i]->d_name);
            json_string(json, digest_print(&digest, hex));
        }
        free(entry[i]);
    }
    free(entry);
    return ok;
}

static bool write_receipt(const char *dir, const char *outcome, struct arena *arena,
                          struct digest *output, struct err *err)
{
    struct text files = text_in_arena(arena), text = text_in_arena(arena);
    struct json json = json_pretty_to(&files);
    json_open(&json, '{');
    if (!write_files(dir, &json, arena, err))
        return false;
    json_close(&json);
    *output = digest_of(text_view(&files));

    json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "outcome"), json_string(&json, outcome);
    json_key(&json, "files"), json_raw(&json, view_trim(text_view(&files)));
    json_close(&json);
    return file_save(path_join(arena, dir, "receipt.json"), text_view(&text), err);
}

/* The receipt's files must be there with their digests: otherwise the step runs again. */
static bool check_receipt(const char *dir, struct arena *arena, char outcome[OUTCOME_MAX],
                          struct digest *output)
{
    struct err ignored = {0};
    const struct doc *doc =
        doc_load(path_join(arena, dir, "receipt.json"), RECEIPT_SIZE_MAX, arena, &ignored);
    struct view said;
    const struct doc *files;
    if (doc == NULL || !doc_need(doc, "files", DOC_OBJECT, &files, &ignored) ||
        !doc_need_text(doc, "outcome", &said, &ignored))
        return false;
    struct text text = text_in_arena(arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    if (!write_files(dir, &json, arena, &ignored))
        return false;
    json_close(&json);
    const struct doc *now = doc_parse(text_view(&text), arena, &ignored);
    if (now == NULL || now->count != files->count)
        return false;
    for (const struct doc *a = files->first, *b = now->first; a != NULL; a = a->next, b = b->next)
        if (!view_same(a->key, b->key) || !view_same(a->text, b->text))
            return false;
    *output = digest_of(text_view(&text));
    snprintf(outcome, OUTCOME_MAX, "%.*s", (int)said.length, said.text);
    return true;
}

/* ---------------------------------------------------------------- one step */

static bool digest_inputs(struct pipeline *pipeline, const struct step *step, struct digest *out,
                          struct err *err)
{
    struct digester digester;
    digester_open(&digester);
    digest_add(&digester, view_of(step->name));
    digest_add(&digester,
               (struct view){(const char *)pipeline->build.bytes, sizeof pipeline->build.bytes});
    if (!step->inputs(pipeline, &digester, err)) {
        digester_close(&digester);
        return false;
    }
    *out = digest_end(&digester);
    return true;
}

/* Runs in a directory beside, which takes its name when all is in it. */
static bool run_writing(struct pipeline *pipeline, const struct step *step, const char *dir,
                        struct text *outcome, struct digest *output, struct err *err)
{
    struct arena *arena = pipeline->arena;
    struct text beside = text_in_arena(arena);
    text_addf(&beside, "%s.new", dir);
    const char *building = text_c(&beside);
    if (!dir_remove(building, err) || !dir_make(building, err) ||
        !step->run(pipeline, building, outcome, err) ||
        !write_receipt(building, text_c(outcome), arena, output, err) || !dir_remove(dir, err)) {
        struct err second = {0};
        dir_remove(building, &second);
        return false;
    }
    if (rename(building, dir) < 0)
        return err_set(err, ERR_IO, "'%s' cannot be put in place: %s", dir, strerror(errno));
    return true;
}

static bool run_step(struct pipeline *pipeline, enum step_id id, const struct digest *inputs,
                     char outcome[OUTCOME_MAX], bool *unchanged, struct err *err)
{
    const struct step *step = steps[id];
    struct text text = text_in(outcome, OUTCOME_MAX);
    if (!step->writes)
        return step->run(pipeline, NULL, &text, err) && text_c(&text) != NULL;

    char name[128], hex[DIGEST_HEX_SIZE];
    snprintf(name, sizeof name, "work/%s-%.16s", step->name, digest_print(inputs, hex));
    const char *dir = path_join(pipeline->arena, pipeline->store->dir, name);
    *unchanged = check_receipt(dir, pipeline->arena, outcome, &pipeline->output[id]);
    if (!*unchanged && !run_writing(pipeline, step, dir, &text, &pipeline->output[id], err))
        return false;
    if (!*unchanged)
        text_c(&text);
    pipeline->dir[id] = dir;
    return true;
}

static bool record_step(struct pipeline *pipeline, enum step_id id, struct step_entry *entry,
                        const struct err *why, struct err *err)
{
    entry->finished_ms = clock_now_ms();
    if (why->kind != ERR_NONE) {
        entry->state = why->kind == ERR_GATE ? STEP_REFUSED : STEP_FAILED;
        entry->message = why->text;
    } else if (steps[id]->writes) {
        entry->outputs = &pipeline->output[id];
    }
    return run_add_step(pipeline->store, pipeline->run_id, entry, err);
}

static bool do_step(struct pipeline *pipeline, enum step_id id, struct err *err)
{
    const struct step *step = steps[id];
    char outcome[OUTCOME_MAX] = "";
    bool unchanged = false;
    struct step_entry entry = {.name = step->name, .started_ms = clock_now_ms()};
    progress_report(
        &pipeline->progress,
        &(struct progress_event){.kind = PROGRESS_STEP, .step = step->name, .text = step->about});
    bool ok = digest_inputs(pipeline, step, &entry.inputs, err) &&
              run_step(pipeline, id, &entry.inputs, outcome, &unchanged, err);
    pipeline->unchanged[id] = unchanged;
    entry.state = unchanged ? STEP_UNCHANGED : STEP_DONE;
    entry.message = outcome;
    struct err second = {0};
    if (!record_step(pipeline, id, &entry, err, &second) && ok) {
        *err = second;
        ok = false;
    }
    if (!ok)
        return err_while(err, "%s", step->name);
    progress_report(&pipeline->progress, &(struct progress_event){.kind = PROGRESS_FINISHED,
                                                                  .step = step->name,
                                                                  .text = outcome,
                                                                  .done = unchanged});
    return true;
}

/* ---------------------------------------------------------------- the run */

static int is_unfinished(const struct dirent *entry)
{
    return view_ends(view_of(entry->d_name), ".new");
}

/* What a killed run was building: under the lock nobody builds any more. */
static bool clear_unfinished(struct pipeline *pipeline, struct err *err)
{
    const char *work = path_join(pipeline->arena, pipeline->store->dir, "work");
    struct dirent **entry;
    int count = scandir(work, &entry, is_unfinished, by_name);
    if (count < 0)
        return err_set(err, ERR_IO, "'%s' cannot be listed: %s", work, strerror(errno));
    bool ok = true;
    for (int i = 0; i < count; i++) {
        ok = ok && dir_remove(path_join(pipeline->arena, work, entry[i]->d_name), err);
        free(entry[i]);
    }
    free(entry);
    return ok;
}

static void digest_config(struct pipeline *pipeline, struct digest *out)
{
    static const char *const sections[] = {"project", "data",       "columns",  "features",
                                           "split",   "model",      "decision", "audit",
                                           "gate",    "evaluation", "bias",     "reasons",
                                           "explain", "challenge",  "card",     "deploy"};
    struct digester digester;
    digester_open(&digester);
    for (size_t i = 0; i < LENGTH_OF(sections); i++)
        config_digest(pipeline->config, sections[i], &digester);
    *out = digest_end(&digester);
}

bool pipeline_check(const struct config *config, struct err *err)
{
    for (size_t i = 0; i < STEP_COUNT; i++)
        if (steps[i]->check != NULL && !steps[i]->check(config, err))
            return false;
    return true;
}

bool pipeline_run(struct pipeline *pipeline, enum step_id until, struct err *err)
{
    CLEANUP(fd_close) int fd = -1;
    struct digest config;
    digest_config(pipeline, &config);
    if (!digest_of_file("/proc/self/exe", &pipeline->build, err))
        return false;
    if (!pipeline_check(pipeline->config, err) || !store_lock_work(pipeline->store, &fd, err) ||
        !clear_unfinished(pipeline, err) || !run_bury_dead(pipeline->store, err) ||
        !run_begin(pipeline->store, &config, pipeline->actor, &pipeline->run_id, err))
        return false;
    bool ok = true;
    for (size_t i = 0; i <= until && ok; i++)
        ok = do_step(pipeline, (enum step_id)i, err);
    enum run_state state = ok ? RUN_DONE : err->kind == ERR_GATE ? RUN_REFUSED : RUN_FAILED;
    struct err second = {0};
    if (!run_end(pipeline->store, pipeline->run_id, state, ok ? NULL : err->text, &second) && ok) {
        *err = second;
        return false;
    }
    return ok;
}
