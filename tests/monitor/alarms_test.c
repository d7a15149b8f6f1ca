#include "monitor/alarms.h"

#include "store/audit.h"
#include "watch_ground.h"

ON_BOTH(an_alarm_is_told_once_when_it_begins_and_once_when_it_is_over)
{
    STORE(store, "alarms_once");
    struct alarm_tally tally = take_errors(&store, &rules, "", 0, 12);
    TRUE(tally.judged == 1 && tally.standing == 1 && tally.begun == 1);
    tally = take_errors(&store, &rules, "", 1, 15);
    TRUE(tally.standing == 1 && tally.begun == 0 && tally.reminded == 0);
    tally = take_errors(&store, &rules, "", 10, 0);
    TRUE(tally.standing == 0 && tally.over == 1);
    tally = take_errors(&store, &rules, "", 20, 0);
    SAME(tally.over, 0);
    SAME(count_rows(&store, "select count(*) from alarm_notice"), 2);
    SAME(count_rows(&store, "select count(distinct incident) from alarm_notice"), 1);
    SAME(count_rows(&store, "select count(distinct name) from alarm_notice"), 2);
    SAME(count_rows(&store, "select count(*) from alarm_delivery where sink = 'log'"), 2);
    take_errors(&store, &rules, "", 30, 12);
    SAME(count_rows(&store, "select count(distinct incident) from alarm_notice"), 2);
}

ON_BOTH(what_replicas_find_out_at_once_is_told_once)
{
    STORE(store, "alarms_replicas");
    CLEANUP(store_close) struct store other = {0};
    WORKS(store_open_place(&other, &place, &err), err);
    SAME(take_errors(&store, &rules, "", 0, 12).begun, 1);
    SAME(take_errors(&other, &rules, "", 0, 12).begun, 0);
    SAME(take_errors(&other, &rules, "", 10, 0).over, 1);
    SAME(take_errors(&store, &rules, "", 10, 0).over, 0);
    SAME(count_rows(&store, "select count(*) from alarm_notice"), 2);
}

ON_BOTH(each_subject_is_an_alarm_of_its_own_and_a_missing_one_follows_the_policy)
{
    STORE(store, "alarms_subjects");
    struct alarm_tally tally;
    struct reading readings[] = {
        {.alarm = &alarm_performance,
         .subject = VIEW("amount"),
         .state = STATE_ALARM,
         .value = 0.4,
         .limit = 0.25,
         .text = VIEW("psi 0.4")},
        {.alarm = &alarm_performance,
         .subject = VIEW("age"),
         .state = STATE_OK,
         .value = 0.01,
         .limit = 0.25},
    };
    const struct alarm *covers[] = {&alarm_performance};
    struct alarm_round round = {covers, 1, readings, 2, START};
    WORKS(alarms_take(&store, &rules, &round, &tally, &err), err);
    TRUE(tally.judged == 2 && tally.standing == 1 && tally.begun == 1);

    round = (struct alarm_round){covers, 1, &readings[1], 1, START + MINUTE};
    WORKS(alarms_take(&store, &rules, &round, &tally, &err), err);
    TRUE(tally.judged == 2 && tally.standing == 1 && tally.over == 0); /* kept */
    rules.rule[ALARM_ID_performance].missing = MISSING_OK;
    round.now_ms += MINUTE;
    WORKS(alarms_take(&store, &rules, &round, &tally, &err), err);
    TRUE(tally.judged == 2 && tally.standing == 0 && tally.over == 1);
    round = (struct alarm_round){NULL, 0, readings, 1, START + 5 * MINUTE};
    WORKS(alarms_take(&store, &rules, &round, &tally, &err), err);
    SAME(tally.judged, 1); /* covers nothing: misses nothing */

    struct alarm_key *key;
    size_t count;
    WORKS(alarms_list(&store, &arena, &key, &count, &err), err);
    SAME(count, 2);
    TEXT(key[0].subject, "amount");
    TRUE(key[0].alarm == &alarm_performance && key[0].memory.state == STATE_ALARM);
    TRUE(key[0].memory.value == 0.4 && key[0].memory.limit == 0.25);
    TEXT(view_of(key[0].memory.said), "psi 0.4");
    SAME(key[1].memory.state, STATE_OK);
}

ON_BOTH(who_stays_in_alarm_is_reminded_of_it)
{
    STORE(store, "alarms_remind");
    rules.remind_ms = 60 * MINUTE;
    take_errors(&store, &rules, "", 0, 12);
    SAME(take_errors(&store, &rules, "", 59, 12).reminded, 0);
    /* The log has not taken the first notice yet, so it is not told again. */
    SAME(take_errors(&store, &rules, "", 60, 12).reminded, 1);
    SAME(count_rows(&store, "select count(*) from alarm_delivery"), 1);
    WORKS(db_run(&store.db, "update alarm_delivery set state = 'sent'", &err), err);
    SAME(take_errors(&store, &rules, "", 119, 12).reminded, 0);
    SAME(take_errors(&store, &rules, "", 120, 12).reminded, 1);
    SAME(count_rows(&store, "select count(*) from alarm_delivery"), 2);
}

ON_BOTH(a_sink_hears_of_what_is_bad_enough_for_it_from_beginning_to_end)
{
    STORE(store, "alarms_routes");
    rules.routes = 2;
    rules.route[0] = (struct alarm_route){"team", SEVERITY_INFO};
    rules.route[1] = (struct alarm_route){"pager", SEVERITY_CRITICAL};
    take_errors(&store, &rules, "", 0, 12); /* a warning */
    SAME(count_rows(&store, "select count(*) from alarm_delivery where sink = 'team'"), 1);
    SAME(count_rows(&store, "select count(*) from alarm_delivery where sink = 'pager'"), 0);
    rules.rule[ALARM_ID_errors].severity = SEVERITY_CRITICAL;
    take_errors(&store, &rules, "", 10, 0);
    SAME(count_rows(&store, "select count(*) from alarm_delivery where sink = 'team'"), 2);
    SAME(count_rows(&store, "select count(*) from alarm_delivery where sink = 'pager'"), 0);
    take_errors(&store, &rules, "", 20, 12);
    SAME(count_rows(&store, "select count(*) from alarm_delivery where sink = 'pager'"), 1);
    rules.rule[ALARM_ID_errors].severity = SEVERITY_INFO;
    take_errors(&store, &rules, "", 30, 0);
    SAME(count_rows(&store, "select count(*) from alarm_delivery where sink = 'pager'"), 2);
}

ON_BOTH(an_alarm_that_is_not_enabled_is_passed_over)
{
    STORE(store, "alarms_off");
    rules.rule[ALARM_ID_errors].enabled = false;
    SAME(take_errors(&store, &rules, "", 0, 12).judged, 0);
    SAME(count_rows(&store, "select count(*) from alarm_key"), 0);
}

ON_BOTH(changes_are_history_and_old_ones_are_removed)
{
    STORE(store, "alarms_history");
    struct alarm_change *change;
    size_t count;
    take_errors(&store, &rules, "a", 0, 12);
    take_errors(&store, &rules, "b", 1, 0);
    take_errors(&store, &rules, "a", 10, 0);
    WORKS(alarms_history(&store, VIEW("errors"), 10, &arena, &change, &count, &err), err);
    SAME(count, 3);
    TEXT(change[0].subject, "a");
    TEXT(change[0].was, "ALARM");
    TEXT(change[0].state, "OK");
    SAME(change[0].at_ms, START + 10 * MINUTE);
    TEXT(change[2].was, "INSUFFICIENT");
    TEXT(change[2].value, "12");
    TEXT(change[2].limit, "10");
    TEXT(change[2].said, "12 of 40 failed");
    WORKS(alarms_history(&store, VIEW("performance"), 10, &arena, &change, &count, &err), err);
    SAME(count, 0);
    WORKS(alarms_prune(&store, START + 2 * MINUTE, &err), err);
    WORKS(alarms_history(&store, VIEW(""), 10, &arena, &change, &count, &err), err);
    SAME(count, 1);
    SAME(count_rows(&store, "select count(*) from alarm_notice"), 2); /* they wait still */
    WORKS(db_run(&store.db, "update alarm_delivery set state = 'sent', sent_ms = 5", &err), err);
    WORKS(alarms_prune(&store, START + 2 * MINUTE, &err), err);
    SAME(count_rows(&store, "select count(*) from alarm_delivery"), 0);
    SAME(count_rows(&store, "select count(*) from alarm_notice"), 1);
}

ON_BOTH(a_round_that_fails_leaves_nothing_behind)
{
    STORE(store, "alarms_fail");
    char subject[ALARM_SUBJECT_MAX + 1];
    memset(subject, 'x', sizeof subject);
    struct alarm_tally tally;
    struct reading readings[] = {
        {.alarm = &alarm_errors, .value = 12},
        {.alarm = &alarm_errors, .subject = {subject, sizeof subject}, .value = 12},
    };
    struct alarm_round round = {NULL, 0, readings, 2, START};
    FAILS(alarms_take(&store, &rules, &round, &tally, &err), err, ERR_LIMIT);
    SAME(count_rows(&store, "select count(*) from alarm_key"), 0);
    SAME(count_rows(&store, "select count(*) from alarm_notice"), 0);
}

ON_BOTH(a_silenced_alarm_is_judged_and_not_told)
{
    STORE(store, "alarms_silenced");
    struct silence wanted = {.alarm = VIEW("errors"),
                             .subject = VIEW("a"),
                             .from_ms = START,
                             .until_ms = START + 30 * MINUTE,
                             .actor = VIEW("ann"),
                             .reason = VIEW("a release")};
    int64_t id;
    WORKS(silence_add(&store, &wanted, &id, &err), err);
    struct alarm_tally tally = take_errors(&store, &rules, "a", 1, 12);
    TRUE(tally.standing == 1 && tally.begun == 0);
    SAME(take_errors(&store, &rules, "b", 1, 12).begun, 1);
    SAME(take_errors(&store, &rules, "a", 29, 12).begun, 0);
    SAME(take_errors(&store, &rules, "a", 30, 12).begun, 1); /* it stands still, and is told now */
}
