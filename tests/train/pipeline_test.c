#include "train/pipeline.h"

#include "base/doc.h"
#include "base/file.h"
#include "harness.h"
#include "train/npy.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMORY = 64 << 20, ROWS = 400 };

/* A project in a directory of its own: 400 rows, every fifth a fraud. */
struct bench {
    struct arena arena;
    const char *dir;
    struct config config;
    struct store store;
    struct pipeline pipeline;
    size_t begun, finished, unchanged;
    char outcome[400];
};

static void watch(void *self, const struct progress_event *event)
{
    struct bench *bench = self;
    bench->begun += event->kind == PROGRESS_STEP;
    if (event->kind != PROGRESS_FINISHED)
        return;
    bench->finished++;
    bench->unchanged += event->done != 0;
    snprintf(bench->outcome, sizeof bench->outcome, "%s", event->text);
}

static void write_rows(struct bench *bench)
{
    struct text text = text_in_arena(&bench->arena);
    struct err err = {0};
    text_adds(&text, "id,amount,kind,fraud\n");
    for (int i = 0; i < ROWS; i++)
        text_addf(&text, "r-%d,%d.5,%s,%d\n", i, i * 37 % 101, i % 3 == 0 ? "a" : "b", i % 5 == 0);
    WORKS(file_save(path_join(&bench->arena, bench->dir, "rows.csv"), text_view(&text), &err), err);
}

static void configure(struct bench *bench, const char *more)
{
    struct err err = {0};
    struct text yaml = text_in_arena(&bench->arena);
    text_adds(&yaml, "data: {file: rows.csv, label: fraud}\ncolumns:\n  id: {type: id}\n"
                     "  amount: {type: number}\n  kind: {type: category}\n"
                     "  fraud: {type: integer}\n");
    text_adds(&yaml, more);
    WORKS(file_save(path_join(&bench->arena, bench->dir, "assay.yaml"), text_view(&yaml), &err),
          err);
    WORKS(config_load(&bench->config, path_join(&bench->arena, bench->dir, "assay.yaml"),
                      &bench->arena, &err),
          err);
}

static void bench_open(struct bench *bench, const char *name, const char *more)
{
    struct err err = {0};
    *bench = (struct bench){.arena = {.limit = MEMORY}};
    bench->dir = path_join(&bench->arena, test_dir(), name);
    WORKS(dir_remove(bench->dir, &err) && dir_make(bench->dir, &err), err);
    write_rows(bench);
    configure(bench, more);
    WORKS(store_open(&bench->store, path_join(&bench->arena, bench->dir, "store"), &err), err);
}

static void bench_close(struct bench *bench)
{
    store_close(&bench->store);
    arena_release(&bench->arena);
}

static bool run(struct bench *bench, enum step_id until, struct err *err)
{
    bench->begun = bench->finished = bench->unchanged = 0;
    bench->pipeline = (struct pipeline){.config = &bench->config,
                                        .store = &bench->store,
                                        .program = "/bin/false",
                                        .actor = "tester",
                                        .progress = {.report = watch, .self = bench},
                                        .arena = &bench->arena};
    return pipeline_run(&bench->pipeline, until, err);
}

/* Prepares again; true when nothing had to be done. */
static bool again(struct bench *bench)
{
    struct err err = {0};
    WORKS(run(bench, STEP_ID_prepare, &err), err);
    return bench->pipeline.unchanged[STEP_ID_prepare];
}

static void text_is(struct bench *bench, const char *sql, const char *wanted)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_prepare(&bench->store.db, sql, &statement, &err), err);
    WORKS(db_next(&statement, &err), err);
    TEXT(db_text(&statement, 0), wanted);
}

TEST(every_step_is_complete_and_its_name_its_own)
{
    for (size_t i = 0; i < STEP_COUNT; i++) {
        const struct step *step = steps[i];
        enum step_id id = STEP_COUNT;
        TRUE(step != NULL && step->name[0] != '\0' && step->about[0] != '\0');
        FAIL_UNLESS(step->inputs != NULL && step->run != NULL, "%s is half a step", step->name);
        TRUE(step_find(view_of(step->name), &id));
        SAME(id, i); /* found under its own name: no earlier step has it */
    }
    enum step_id id = STEP_ID_gate;
    TRUE(!step_find(VIEW("Prepare"), &id) && !step_find(VIEW(""), &id));
    SAME(id, STEP_ID_gate);
    TRUE(STEP_ID_prepare < STEP_ID_train && STEP_ID_train < STEP_ID_evaluate);
    TRUE(STEP_ID_evaluate < STEP_ID_gate && STEP_ID_gate < STEP_ID_register);
    SAME(STEP_ID_deploy, STEP_COUNT - 1);
}

TEST(a_step_that_is_done_is_unchanged_and_one_whose_files_were_touched_runs_again)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "touched", "");
    struct err err = {0};
    TRUE(!again(&bench));
    SAME(bench.begun, 1);
    SAME(bench.finished, 1);
    char first[400];
    memcpy(first, bench.outcome, sizeof first);
    TRUE(first[0] != '\0');
    struct digest output = bench.pipeline.output[STEP_ID_prepare];
    TRUE(again(&bench));
    SAME(bench.unchanged, 1);
    TEXT(view_of(bench.outcome), first); /* it says what it said */
    TRUE(digest_same(&output, &bench.pipeline.output[STEP_ID_prepare]));

    const char *matrix = pipeline_file(&bench.pipeline, STEP_ID_prepare, "train.npy");
    struct view bytes;
    WORKS(file_load(matrix, MEMORY, &bench.arena, &bytes, &err), err);
    char *other = arena_copy(&bench.arena, bytes.text, bytes.length);
    other[bytes.length - 1] ^= 1;
    WORKS(file_save(matrix, (struct view){other, bytes.length}, &err), err);
    TRUE(!again(&bench));
    TRUE(digest_same(&output, &bench.pipeline.output[STEP_ID_prepare]));
    TRUE(again(&bench));
    WORKS(file_remove(matrix, &err), err);
    TRUE(!again(&bench));
    WORKS(file_save(pipeline_file(&bench.pipeline, STEP_ID_prepare, "zz-stray"), VIEW("x"), &err),
          err);
    TRUE(!again(&bench));
    WORKS(
        file_save(pipeline_file(&bench.pipeline, STEP_ID_prepare, "receipt.json"), VIEW("{"), &err),
        err);
    TRUE(!again(&bench));
    WORKS(file_remove(pipeline_file(&bench.pipeline, STEP_ID_prepare, "receipt.json"), &err), err);
    TRUE(!again(&bench));
    TRUE(again(&bench));
}

TEST(a_changed_setting_or_file_runs_again_just_what_depends_on_it)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "settings", "");
    TRUE(!again(&bench));
    configure(&bench,
              "gate:\n  - roc_auc >= 0.9\nmodel: {rounds: 7}\ndeploy: {automatic: false}\n");
    TRUE(again(&bench));
    configure(&bench, "split: {seed: 2}\n");
    TRUE(!again(&bench));
    configure(&bench, "model: {folds: 3}\n");
    TRUE(!again(&bench));
    configure(&bench, "");
    TRUE(again(&bench)); /* what it left then is there still */
    struct err err = {0};
    struct view bytes;
    const char *rows = path_join(&bench.arena, bench.dir, "rows.csv");
    WORKS(file_load(rows, MEMORY, &bench.arena, &bytes, &err), err);
    bytes.length -= strlen("r-399,17.5,a,0\n");
    WORKS(file_save(rows, bytes, &err), err);
    TRUE(!again(&bench));
}

TEST(the_prepared_arrays_fit_each_other_and_hold_every_row_once)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "arrays", "");
    TRUE(!again(&bench));
    bool seen[ROWS] = {false};
    size_t rows = 0, frauds = 0;
    static const char *const slices[] = {"train", "validation", "test"};
    for (size_t s = 0; s < LENGTH_OF(slices); s++) {
        struct npy matrix, label, source;
        struct err err = {0};
        char name[64];
        snprintf(name, sizeof name, "%s.npy", slices[s]);
        WORKS(npy_load(pipeline_file(&bench.pipeline, STEP_ID_prepare, name), NPY_F4, &bench.arena,
                       &matrix, &err),
              err);
        snprintf(name, sizeof name, "%s_label.npy", slices[s]);
        WORKS(npy_load(pipeline_file(&bench.pipeline, STEP_ID_prepare, name), NPY_U1, &bench.arena,
                       &label, &err),
              err);
        snprintf(name, sizeof name, "%s_row.npy", slices[s]);
        WORKS(npy_load(pipeline_file(&bench.pipeline, STEP_ID_prepare, name), NPY_U4, &bench.arena,
                       &source, &err),
              err);
        SAME(matrix.width, 3); /* amount, kind=a, kind=b */
        SAME(matrix.rows, label.rows);
        SAME(matrix.rows, source.rows);
        for (size_t i = 0; i < matrix.rows; i++) {
            uint32_t row = ((const uint32_t *)source.value)[i];
            const float *value = (const float *)matrix.value + i * 3;
            TRUE(row < ROWS && !seen[row]);
            seen[row] = true;
            TRUE(value[0] == (float)(row * 37 % 101) + 0.5F);
            TRUE(value[1] == (row % 3 == 0) && value[2] == (row % 3 != 0));
            SAME(((const uint8_t *)label.value)[i], row % 5 == 0);
            frauds += row % 5 == 0;
        }
        rows += matrix.rows;
    }
    SAME(rows, ROWS);
    SAME(frauds, ROWS / 5);
}

/* What a model may know of the world is what its training rows show. */
TEST(the_values_of_a_category_are_those_of_the_training_rows_alone)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "learned", "");
    struct err err = {0};
    struct view yaml;
    const char *path = path_join(&bench.arena, bench.dir, "assay.yaml");
    WORKS(file_load(path, MEMORY, &bench.arena, &yaml, &err), err);
    char *text = arena_copy(&bench.arena, yaml.text, yaml.length);
    char *id = strstr(text, "id: {type: id}");
    TRUE(id != NULL);
    struct text other = text_in_arena(&bench.arena);
    text_add(&other, (struct view){text, (size_t)(id - text)});
    text_adds(&other, "id: {type: category, encode: ordinal}");
    text_adds(&other, id + strlen("id: {type: id}"));
    WORKS(file_save(path, text_view(&other), &err), err);
    WORKS(config_load(&bench.config, path, &bench.arena, &err), err);
    TRUE(!again(&bench));
    const struct doc *doc = doc_load(pipeline_file(&bench.pipeline, STEP_ID_prepare, "schema.json"),
                                     MEMORY, &bench.arena, &err);
    TRUE(doc != NULL);
    const struct doc *values = doc_find(doc_find(doc, "columns")->first, "values");
    SAME(values->count, ROWS * 8 / 10); /* each row has an id of its own */
}

TEST(a_failing_step_leaves_no_directory_and_the_run_says_why)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "failing", "");
    struct err err = {0};
    FAILS(run(&bench, STEP_ID_deploy, &err), err, ERR_UNAVAILABLE);
    SAYS(err, "train: ");
    text_is(&bench, "select state from run", "failed");
    text_is(&bench, "select group_concat(name || ' ' || state, ', ') from step",
            "prepare done, audit done, train failed");
    text_is(&bench, "select count(*) from version", "0");
    text_is(&bench, "select actor from run", "tester");
    /* Again: the first step stands, the second is tried again. */
    err = (struct err){0};
    FAILS(run(&bench, STEP_ID_deploy, &err), err, ERR_UNAVAILABLE);
    TRUE(bench.pipeline.unchanged[STEP_ID_prepare]);
    text_is(&bench, "select count(*) from run where state = 'failed'", "2");
}

TEST(data_that_is_not_named_or_not_there_is_said)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "absent", "");
    struct err err = {0};
    WORKS(config_set(&bench.config, VIEW("data.file"), VIEW("none.csv"), &err), err);
    FAILS(run(&bench, STEP_ID_prepare, &err), err, ERR_NOT_FOUND);
    SAYS(err, "none.csv");
    text_is(&bench, "select name || ' ' || state from step", "prepare failed");
}

TEST(a_second_training_in_the_store_is_refused_while_one_runs)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "lock", "");
    struct err err = {0};
    int fd = open(path_join(&bench.arena, bench.store.dir, "train.lock"), O_RDWR | O_CREAT, 0644);
    TRUE(fd >= 0 && flock(fd, LOCK_EX) == 0);
    FAILS(run(&bench, STEP_ID_prepare, &err), err, ERR_CONFLICT);
    SAYS(err, "another training runs");
    text_is(&bench, "select count(*) from run", "0");
    close(fd);
    TRUE(!again(&bench));
}

TEST(a_run_whose_process_was_killed_is_marked_failed_by_the_next)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "dead", "");
    struct err err = {0};
    WORKS(db_run(&bench.store.db,
                 "insert into run (started_ms, state, actor, config) values (1, 'running', 'x', "
                 "'y')",
                 &err),
          err);
    TRUE(!again(&bench));
    text_is(&bench, "select state from run where id = 1", "failed");
    text_is(&bench, "select state from run where id = 2", "done");
}
