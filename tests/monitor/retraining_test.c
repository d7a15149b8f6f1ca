#include "monitor/retraining.h"

#include "store/audit.h"
#include "store/ground.h"

static struct retraining begin(struct store *store, int64_t now_ms, bool want)
{
    struct err err = {0};
    struct retraining retraining = {0};
    bool begun;
    WORKS(retraining_begin(store, "the schedule", 0, now_ms, "monitor", &retraining, &begun, &err),
          err);
    SAME(begun, want);
    return retraining;
}

static struct retraining change(struct store *store, const struct retraining *from,
                                enum retraining_state state, const char *message, bool want)
{
    struct err err = {0};
    struct retraining to = *from;
    bool changed;
    to.state = state;
    to.version = 4;
    snprintf(to.message, sizeof to.message, "%s", message);
    WORKS(retraining_change(store, from, &to, 7, "monitor", &changed, &err), err);
    SAME(changed, want);
    return to;
}

ON_BOTH(one_is_in_training_at_a_time_and_of_two_changes_one_is_made)
{
    FRESH_STORE(store, "retraining_one");
    struct retraining first = begin(&store, 5, true), list[4];
    size_t count;
    begin(&store, 6, false);
    struct retraining canary = change(&store, &first, RETRAINING_canary, "begun", true);
    change(&store, &first, RETRAINING_failed, "late", false);
    begin(&store, 8, true);
    change(&store, &canary, RETRAINING_promoted, "baked", true);
    WORKS(retraining_list(&store, list, LENGTH_OF(list), &count, &err), err);
    SAME(count, 2);
    SAME(list[0].state, RETRAINING_training);
    SAME(list[1].state, RETRAINING_promoted);
    SAME(list[1].version, 4);
    SAME(list[1].begun_ms, 5);
    TEXT(view_of(list[1].message), "baked");
    TEXT(view_of(list[1].why), "the schedule");
}

static bool begins_for(struct store *store, int64_t due_ms, int64_t now_ms)
{
    struct err err = {0};
    struct retraining it, to;
    bool begun, changed;
    WORKS(retraining_begin(store, "the schedule", due_ms, now_ms, "monitor", &it, &begun, &err),
          err);
    to = it;
    to.state = RETRAINING_failed;
    if (begun)
        WORKS(retraining_change(store, &it, &to, now_ms, "monitor", &changed, &err), err);
    return begun;
}

ON_BOTH(there_is_one_for_a_date_and_a_clock_that_was_far_ahead_counts_for_nothing)
{
    FRESH_STORE(store, "retraining_date");
    int64_t last_ms, ahead_ms = 900 + 2 * RETRAINING_AHEAD_MS;
    TRUE(begins_for(&store, 0, 900));
    WORKS(retraining_last_due(&store, 900, &last_ms, &err), err);
    TRUE(last_ms == INT64_MIN);
    TRUE(begins_for(&store, 500, 900));
    TRUE(!begins_for(&store, 500, 900));
    TRUE(begins_for(&store, 0, 900));
    TRUE(begins_for(&store, 501, 900));
    WORKS(retraining_last_due(&store, 900, &last_ms, &err), err);
    SAME(last_ms, 501);
    TRUE(begins_for(&store, ahead_ms, ahead_ms));
    TRUE(begins_for(&store, 502, 900));
}

ON_BOTH(of_two_that_take_it_up_one_does_and_who_lost_it_cannot_interrupt_it)
{
    FRESH_STORE(store, "retraining_taken");
    struct retraining one = begin(&store, 5, true), two = one, slow = one, list[1];
    size_t count;
    bool taken;
    WORKS(retraining_take_up(&store, &one, 1000, "a", &taken, &err), err);
    TRUE(taken && one.tries == 2);
    WORKS(retraining_take_up(&store, &two, 1000, "b", &taken, &err), err);
    TRUE(!taken && two.tries == 1);
    WORKS(retraining_interrupt(&store, &slow, "late", true, 1, 1001, "c", &err), err);
    WORKS(retraining_list(&store, list, 1, &count, &err), err);
    SAME(list[0].lease_ms, 1000 + RETRAINING_LEASE_MS);
    WORKS(retraining_interrupt(&store, &one, "'\xff'", false, 1500, 1001, "a", &err), err);
    WORKS(retraining_list(&store, list, 1, &count, &err), err);
    SAME(list[0].lease_ms, 1500);
    SAME(list[0].tries, 1);
    TEXT(view_of(list[0].message), "'?'");
}

ON_BOTH(the_audit_log_tells_the_story)
{
    FRESH_STORE(store, "retraining_story");
    struct retraining first = begin(&store, 5, true);
    struct retraining held = change(&store, &first, RETRAINING_quarantined, "too many", true);
    FAILS(retraining_release(&store, held.id, "", 9, "ann", &err), err, ERR_INPUT);
    err = (struct err){0};
    WORKS(retraining_release(&store, held.id, "it was a campaign", 9, "ann", &err), err);
    FAILS(retraining_release(&store, held.id, "again", 9, "ann", &err), err, ERR_NOT_FOUND);
    err = (struct err){0};
    FAILS(retraining_release(&store, 99, "none", 9, "ann", &err), err, ERR_NOT_FOUND);
    err = (struct err){0};
    static const char *const told[][2] = {{"retrain begin", "monitor"},
                                          {"retrain quarantined", "monitor"},
                                          {"retrain release", "ann"}};
    CLEANUP(audit_close) struct audit_reader reader = {0};
    struct audit_event event;
    WORKS(audit_read(&store, 1, &reader, &err), err);
    for (size_t i = 0; i < LENGTH_OF(told); i++) {
        TRUE(audit_next(&reader, &event, &err));
        TEXT(event.action, told[i][0]);
        TEXT(event.actor, told[i][1]);
        TEXT(event.subject, "retraining 1");
    }
    TRUE(!audit_next(&reader, &event, &err));
    struct retraining list[1];
    size_t count;
    WORKS(retraining_list(&store, list, 1, &count, &err), err);
    SAME(list[0].released_ms, 9);
}

ON_BOTH(a_message_that_is_no_text_is_made_one)
{
    FRESH_STORE(store, "retraining_message");
    struct retraining first = begin(&store, 5, true), list[1];
    size_t count;
    change(&store, &first, RETRAINING_failed, "line 2: '\xff'", true);
    WORKS(retraining_list(&store, list, 1, &count, &err), err);
    TEXT(view_of(list[0].message), "line 2: '?'");
}

ON_BOTH(its_lease_is_renewed_while_it_trains)
{
    FRESH_STORE(store, "retraining_lease");
    struct retraining first = begin(&store, 5, true), list[1];
    size_t count;
    WORKS(retraining_renew(&store, &first, 1000, &err), err);
    WORKS(retraining_list(&store, list, 1, &count, &err), err);
    SAME(list[0].lease_ms, 1000 + RETRAINING_LEASE_MS);
}
