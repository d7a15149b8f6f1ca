#include "monitor/run.h"

#include "store/ground.h"

#include <math.h>

enum { HOUR = 3600 * 1000 };

static struct watch_run take(struct store *store, const char *watch, int64_t due_ms,
                             const char *owner, int64_t now_ms, bool want)
{
    struct err err = {0};
    struct watch_run run = {0};
    bool taken;
    struct run_wanted wanted = {.watch = watch, .due_ms = due_ms, .span_ms = 24 * HOUR};
    WORKS(run_take(store, &wanted, owner, now_ms, &run, &taken, &err), err);
    SAME(taken, want);
    return run;
}

static void end(struct store *store, const struct watch_run *run, enum watch_state state,
                const struct run_result *result, size_t results)
{
    struct err err = {0};
    struct run_outcome outcome = {.state = state,
                                  .version = 3,
                                  .rows = 700,
                                  .message = "seen",
                                  .document = VIEW("{}"),
                                  .finished_ms = 5};
    WORKS(run_finish(store, run, &outcome, result, results, &err), err);
}

ON_BOTH(of_two_monitors_one_takes_a_run)
{
    FRESH_STORE(store, "run_taken");
    struct watch_run run = take(&store, "drift", 100 * HOUR, "a", 100 * HOUR, true);
    SAME(run.since_ms, 76 * HOUR);
    SAME(run.until_ms, 100 * HOUR);
    take(&store, "drift", 100 * HOUR, "b", 100 * HOUR + 1, false);
    take(&store, "bias", 100 * HOUR, "b", 100 * HOUR + 1, true);
    end(&store, &run, WATCH_OK, NULL, 0);
    take(&store, "drift", 100 * HOUR, "b", 200 * HOUR, false);
}

ON_BOTH(a_run_whose_holder_is_gone_is_taken_over_and_the_first_to_finish_counts)
{
    FRESH_STORE(store, "run_lease");
    int64_t now = 100 * HOUR;
    struct watch_run first = take(&store, "drift", now, "a", now, true);
    take(&store, "drift", now, "b", now + RUN_LEASE_MS, false);
    struct watch_run second = take(&store, "drift", now, "b", now + RUN_LEASE_MS + 1, true);
    SAME(second.id, first.id);
    SAME(second.since_ms, first.since_ms);
    end(&store, &first, WATCH_OK, NULL, 0); /* it was slow, and not gone */
    FAILS(run_finish(&store, &second, &(struct run_outcome){.message = "", .document = VIEW("{}")},
                     NULL, 0, &err),
          err, ERR_CONFLICT);
    take(&store, "drift", now, "a", now + 3 * RUN_LEASE_MS, false);
}

static void fail(struct store *store, const struct watch_run *run, int64_t again_ms)
{
    struct err err = {0};
    struct run_outcome outcome = {.state = WATCH_FAILED,
                                  .message = "the database was away",
                                  .document = VIEW("{}"),
                                  .finished_ms = 5,
                                  .again_ms = again_ms};
    WORKS(run_finish(store, run, &outcome, NULL, 0, &err), err);
}

ON_BOTH(one_that_failed_is_tried_again_when_it_said_so_by_one_and_after_longer_and_longer)
{
    FRESH_STORE(store, "run_again");
    int64_t now = 100 * HOUR;
    struct watch_run run = take(&store, "drift", now, "a", now, true);
    int64_t since_ms = run.since_ms, id = run.id, longest = 0;
    for (int64_t i = 1; i <= 12; i++) {
        SAME(run.tries, i);
        int64_t pause_ms = run_pause_ms(&run);
        TRUE(pause_ms >= longest && pause_ms <= RUN_RETRY_MS_MAX);
        longest = pause_ms;
        fail(&store, &run, now + pause_ms);
        take(&store, "drift", 100 * HOUR, "a", now + pause_ms - 1, false);
        now += pause_ms;
        run = take(&store, "drift", 100 * HOUR, i % 2 == 0 ? "a" : "b", now, true);
        take(&store, "drift", 100 * HOUR, "c", now, false);
        TRUE(run.id == id && run.since_ms == since_ms);
    }
    SAME(longest, RUN_RETRY_MS_MAX);
    SAME(run_pause_ms(&(struct watch_run){.tries = 1}), RUN_RETRY_MS);
    SAME(run_pause_ms(&(struct watch_run){.tries = 2}), 2 * RUN_RETRY_MS);
    fail(&store, &run, 0);
    take(&store, "drift", 100 * HOUR, "a", now + 100 * HOUR, false);
}

ON_BOTH(ones_own_that_came_to_no_end_is_begun_again_after_the_pause_and_not_anothers)
{
    FRESH_STORE(store, "run_own");
    int64_t now = 100 * HOUR;
    take(&store, "drift", now, "a", now, true);
    take(&store, "drift", now, "a", now + RUN_RETRY_MS - 1, false);
    take(&store, "drift", now, "b", now + RUN_RETRY_MS, false);
    struct watch_run run = take(&store, "drift", now, "a", now + RUN_RETRY_MS, true);
    SAME(run.tries, 2);
    take(&store, "drift", now, "a", now + 2 * RUN_RETRY_MS, false);
    take(&store, "drift", now, "a", now + 3 * RUN_RETRY_MS, true);
}

ON_BOTH(a_clock_that_was_far_ahead_keeps_nobody_from_looking)
{
    FRESH_STORE(store, "run_ahead");
    int64_t last, now = 100 * HOUR;
    struct watch_run run = take(&store, "drift", now, "a", now, true);
    end(&store, &run, WATCH_OK, NULL, 0);
    run = take(&store, "drift", now + HOUR / 2, "b", now + HOUR / 2, true);
    end(&store, &run, WATCH_OK, NULL, 0);
    WORKS(run_last_due(&store, "drift", now, &last, &err), err);
    SAME(last, now + HOUR / 2); /* somewhat ahead is looked at all the same */
    run = take(&store, "drift", 500 * HOUR, "b", 500 * HOUR, true);
    end(&store, &run, WATCH_OK, NULL, 0);
    WORKS(run_last_due(&store, "drift", now, &last, &err), err);
    SAME(last, now + HOUR / 2);
    run = take(&store, "drift", now + HOUR, "a", now + HOUR, true);
    SAME(run.since_ms, now + HOUR / 2);
}

ON_BOTH(stretches_follow_each_other_and_what_was_not_judged_is_looked_at_again)
{
    FRESH_STORE(store, "run_stretch");
    static const struct {
        int64_t due, since;
        enum watch_state state;
    } cases[] = {
        {100, 76, WATCH_OK},     {106, 100, WATCH_INSUFFICIENT}, {112, 100, WATCH_FAILED},
        {118, 100, WATCH_ALARM}, {124, 118, WATCH_INSUFFICIENT}, {160, 136, WATCH_WATCH},
        {161, 160, WATCH_OK},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct watch_run run =
            take(&store, "drift", cases[i].due * HOUR, "a", cases[i].due * HOUR, true);
        FAIL_UNLESS(run.since_ms == cases[i].since * HOUR, "case %zu: since %lld h", i,
                    (long long)run.since_ms / HOUR);
        end(&store, &run, cases[i].state, NULL, 0);
    }
    int64_t last;
    WORKS(run_last_due(&store, "drift", 161 * HOUR, &last, &err), err);
    SAME(last, 161 * HOUR);
    WORKS(run_last_due(&store, "bias", 161 * HOUR, &last, &err), err);
    SAME(last, INT64_MIN);
    WORKS(run_last_version(&store, "drift", &last, &err), err);
    SAME(last, 3);
    WORKS(run_last_version(&store, "bias", &last, &err), err);
    SAME(last, 0);
}

ON_BOTH(what_somebody_asked_for_is_no_part_of_the_history)
{
    FRESH_STORE(store, "run_manual");
    struct watch_run run = {0};
    bool taken;
    struct run_wanted wanted = {.watch = "drift",
                                .due_ms = 50 * HOUR,
                                .manual = true,
                                .since_ms = 1,
                                .until_ms = 90 * HOUR};
    struct run_result alarm = {"drift", VIEW("amount"), WATCH_ALARM, 0.3, 0.25};
    WORKS(run_take(&store, &wanted, "a", 50 * HOUR, &run, &taken, &err), err);
    TRUE(taken);
    SAME(run.since_ms, 1);
    end(&store, &run, WATCH_ALARM, &alarm, 1);
    run = take(&store, "drift", 100 * HOUR, "a", 100 * HOUR, true);
    SAME(run.since_ms, 76 * HOUR);
}

ON_BOTH(a_result_is_kept_to_its_last_bit_and_an_unknown_one_as_null)
{
    FRESH_STORE(store, "run_result");
    CLEANUP(db_finish) struct db_statement row = {0};
    struct watch_run run = take(&store, "drift", HOUR, "me", HOUR, true);
    struct run_result alarm = {"drift", VIEW("amount"), WATCH_ALARM, 0.1, (double)INFINITY};
    end(&store, &run, WATCH_ALARM, &alarm, 1);
    WORKS(db_prepare(&store.db,
                     "select 1 from monitor_result where value = cast('0.1' as double precision) "
                     "and bound is null",
                     &row, &err),
          err);
    TRUE(db_next(&row, &err));
}

ON_BOTH(a_message_that_is_no_text_is_made_one)
{
    FRESH_STORE(store, "run_message");
    CLEANUP(run_read_close) struct run_reader reader = {0};
    struct run_entry entry;
    struct watch_run run = take(&store, "drift", HOUR, "me", HOUR, true);
    struct run_outcome outcome = {.state = WATCH_FAILED,
                                  .message = "line 2: '\xff' and caf\xc3",
                                  .document = VIEW("{}"),
                                  .finished_ms = HOUR};
    WORKS(run_finish(&store, &run, &outcome, NULL, 0, &err), err);
    WORKS(run_read(&store, NULL, 1, &reader, &err), err);
    TRUE(run_next(&reader, &entry, &err));
    TEXT(entry.message, "line 2: '?' and caf?");
}

ON_BOTH(history_is_read_newest_first)
{
    FRESH_STORE(store, "run_history");
    for (int i = 1; i <= 3; i++) {
        struct watch_run run = take(&store, i == 2 ? "bias" : "drift", i * HOUR, "me", i, true);
        end(&store, &run, WATCH_WATCH, NULL, 0);
    }
    CLEANUP(run_read_close) struct run_reader reader = {0};
    struct run_entry entry;
    WORKS(run_read(&store, "drift", 0, &reader, &err), err);
    TRUE(run_next(&reader, &entry, &err));
    SAME(entry.due_ms, 3 * HOUR);
    SAME(entry.rows, 700);
    SAME(entry.version, 3);
    TEXT(entry.state, "watch");
    TEXT(entry.owner, "me");
    TEXT(entry.message, "seen");
    TRUE(run_next(&reader, &entry, &err));
    SAME(entry.due_ms, HOUR);
    TRUE(!run_next(&reader, &entry, &err));
    WORKS(err.kind == ERR_NONE, err);
    run_read_close(&reader);
    WORKS(run_read(&store, NULL, 2, &reader, &err), err);
    TRUE(run_next(&reader, &entry, &err) && run_next(&reader, &entry, &err));
    TEXT(entry.watch, "bias");
    TRUE(!run_next(&reader, &entry, &err));
}
