#include "store/runs.h"

#include "base/clock.h"
#include "ground.h"

static struct store opened(const struct ground *ground, struct arena *arena, const char *name)
{
    struct store store;
    struct err err = {0};
    struct store_place place = ground_place(ground, arena, name);
    WORKS(store_open_place(&store, &place, &err), err);
    return store;
}

static void text_is(struct store *store, const char *sql, const char *wanted)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct err err = {0};
    WORKS(db_prepare(&store->db, sql, &statement, &err), err);
    WORKS(db_next(&statement, &err), err);
    if (wanted == NULL)
        TRUE(db_is_null(&statement, 0));
    else
        TEXT(db_text(&statement, 0), wanted);
}

ON_BOTH(a_run_is_kept_with_how_it_ended)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(store_close) struct store store = opened(ground, &arena, "run");
    struct digest config = digest_of(VIEW("config"));
    struct err err = {0};
    int64_t one, two;
    WORKS(run_begin(&store, &config, "me", &one, &err), err);
    WORKS(run_begin(&store, &config, "me", &two, &err), err);
    TRUE(two > one && one > 0);
    text_is(&store, "select state from run where id = 1", "running");
    text_is(&store, "select finished_ms from run where id = 1", NULL);
    WORKS(run_end(&store, one, RUN_DONE, NULL, &err), err);
    WORKS(run_end(&store, two, RUN_REFUSED, "the gate", &err), err);
    text_is(&store, "select state from run where id = 1", "done");
    text_is(&store, "select message from run where id = 1", NULL);
    text_is(&store, "select state || ' ' || message from run where id = 2", "refused the gate");
}

ON_BOTH(steps_are_kept_by_run_and_a_step_twice_or_of_no_run_is_a_conflict)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(store_close) struct store store = opened(ground, &arena, "step");
    struct digest digest = digest_of(VIEW("x"));
    struct err err = {0};
    int64_t id;
    WORKS(run_begin(&store, &digest, "me", &id, &err), err);
    struct step_entry step = {.name = "prepare",
                              .inputs = digest,
                              .outputs = &digest,
                              .state = STEP_UNCHANGED,
                              .started_ms = 1,
                              .finished_ms = 2,
                              .message = "fine"};
    WORKS(run_add_step(&store, id, &step, &err), err);
    text_is(&store, "select state from step", "unchanged");
    FAILS(run_add_step(&store, id, &step, &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(run_add_step(&store, id + 1, &step, &err), err, ERR_CONFLICT);
    err = (struct err){0};
    step.name = "train", step.outputs = NULL, step.message = NULL, step.state = STEP_FAILED;
    WORKS(run_add_step(&store, id, &step, &err), err);
    text_is(&store, "select outputs from step where name = 'train'", NULL);
    TEXT(view_of(step_state_name(STEP_REFUSED)), "refused");
}

ON_BOTH(runs_that_never_ended_are_buried_and_others_left_alone)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(store_close) struct store store = opened(ground, &arena, "dead");
    struct digest digest = digest_of(VIEW("x"));
    struct err err = {0};
    int64_t one, two;
    WORKS(run_begin(&store, &digest, "me", &one, &err), err);
    WORKS(run_begin(&store, &digest, "me", &two, &err), err);
    WORKS(run_end(&store, two, RUN_DONE, NULL, &err), err);
    WORKS(run_bury_dead(&store, &err), err);
    text_is(&store, "select state from run where id = 1", "failed");
    text_is(&store, "select message from run where id = 1", "the process was ended from outside");
    text_is(&store, "select state from run where id = 2", "done");
}

ON_BOTH(the_runs_of_another_store_in_the_same_database_are_not_buried)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(store_close) struct store one = opened(ground, &arena, "mine");
    struct digest digest = digest_of(VIEW("x"));
    struct err err = {0};
    int64_t id;
    WORKS(run_begin(&one, &digest, "me", &id, &err), err);
    WORKS(db_run(&one.db, "update run set place = 'elsewhere:/srv/assay'", &err), err);
    WORKS(run_bury_dead(&one, &err), err);
    text_is(&one, "select state from run where id = 1", "running");
    WORKS(db_run(&one.db, "update run set place = null", &err), err);
    WORKS(run_bury_dead(&one, &err), err);
    text_is(&one, "select state from run where id = 1", "failed");
}
