#include "look_ground.h"

#define YAML "monitor: {rows_min: 200}\n"

/* What is seen of so many decisions of the hour before. */
static struct seen look_at(struct store *store, const struct champion *champion, const char *yaml,
                           struct decided decided, struct arena *arena)
{
    decided.prefix = "d";
    decided.since_us = START_US - 1800 * SECOND_US;
    if (decided.times == 0)
        decided.times = 1;
    decide_many(store, champion, &decided);
    return champion_look(&watch_drift, store, champion, yaml, START_US, arena);
}

#define CHAMPION(champion, title, count)                                                           \
    STORE(store, title);                                                                           \
    CLEANUP(champion_release) struct champion champion;                                            \
    champion_make(&champion, &(struct champion_kind){.rows = (count)}, &arena)

/* By name, in the document. */
static const struct doc *column_of(const struct seen *seen, const char *name)
{
    const struct doc *column = doc_at(seen->document, "columns")->first;
    while (column != NULL && !view_is(doc_at(column, "name")->text, name))
        column = column->next;
    FAIL_UNLESS(column != NULL, "the document has no column '%s'", name);
    return column;
}

ON_BOTH(what_is_as_it_was_has_not_drifted)
{
    CHAMPION(champion, "drift_ok", 1000);
    struct seen seen = look_at(&store, &champion, YAML, (struct decided){.count = 400}, &arena);
    SAME(seen.state, WATCH_OK);
    SAME(seen.rows, 400);
    SAME(seen.count, 5);
    SAME(reading_of(&seen, &alarm_drift, "amount")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_drift, "kind")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_score_drift, "")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_score_drift, "alerts")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_attribution_drift, "")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_drift, "amount")->at_ms, START);
    TEXT(view_of(seen.message), "400 rows, 0 of 3 columns moved");
}

ON_BOTH(the_document_says_of_each_column_what_was_measured)
{
    CHAMPION(champion, "drift_document", 1000);
    struct seen seen = look_at(&store, &champion, YAML, (struct decided){.count = 400}, &arena);
    SAME(doc_at(seen.document, "reference_rows")->number, 1000);
    SAME(doc_at(seen.document, "seen")->number, 400);
    SAME(doc_at(seen.document, "columns")->count, 3);
    static const char *const columns[] = {"amount", "kind", "score"};
    static const char *const keys[] = {"floor",   "chance",         "psi",
                                       "missing", "missing_before", "outside"};
    for (size_t i = 0; i < LENGTH_OF(columns); i++)
        for (size_t k = 0; k < LENGTH_OF(keys); k++)
            SAME(doc_at(column_of(&seen, columns[i]), keys[k])->kind, DOC_NUMBER);
    TEXT(doc_at(column_of(&seen, "kind"), "state")->text, "OK");
    const struct doc *alerts = doc_at(seen.document, "alerts");
    double before = doc_at(alerts, "share_before")->number;
    NEAR(before, 0.09, 0.04); /* P(z > (ln 100 - 3) / 1.2) */
    NEAR(doc_at(alerts, "share")->number, before, 0.05);
    const struct doc *attribution = doc_at(seen.document, "attribution");
    NEAR(doc_at(attribution, "ndcg")->number, 1, 1e-9);
    /* Then and now, the mean of .3 and seldom 2.7, and of .45 and 1.05. */
    const struct doc *amount = doc_at(doc_at(attribution, "columns"), "amount")->first;
    const struct doc *kind = doc_at(doc_at(attribution, "columns"), "kind")->first;
    NEAR(amount->number, 0.52, 0.1);
    NEAR(amount->next->number, 0.52, 0.1);
    NEAR(kind->number, 0.63, 0.05);
    NEAR(kind->next->number, 0.63, 0.05);
}

ON_BOTH(amounts_four_times_as_large_are_an_alarm_of_the_column_the_scores_and_the_alerts)
{
    CHAMPION(champion, "drift_alarm", 1000);
    struct seen seen =
        look_at(&store, &champion, YAML, (struct decided){.count = 400, .times = 4}, &arena);
    SAME(seen.state, WATCH_ALARM);
    const struct reading *amount = reading_of(&seen, &alarm_drift, "amount");
    SAME(amount->state, STATE_ALARM);
    TRUE(amount->value >= 0.25);
    NEAR(amount->limit, 0.25, 0);
    SAME(reading_of(&seen, &alarm_drift, "kind")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_score_drift, "")->state, STATE_ALARM);
    const struct reading *alerts = reading_of(&seen, &alarm_score_drift, "alerts");
    SAME(alerts->state, STATE_ALARM);
    TRUE(alerts->value > 3 && alerts->value < 8);
    TRUE(strstr(seen.message, "of 3 columns moved: ") != NULL);
    TRUE(strstr(seen.message, "amount ALARM (PSI ") != NULL);
    TRUE(strstr(seen.message, "% of the records are called fraud") != NULL);
}

/* Log-normal with deviation 1.2: PSI is about (ln 1.5 / 1.2)^2 = .11, between .05 and .25. */
ON_BOTH(a_smaller_shift_is_watched)
{
    CHAMPION(champion, "drift_watch", 1000);
    struct seen seen =
        look_at(&store, &champion, YAML, (struct decided){.count = 400, .times = 1.5}, &arena);
    SAME(reading_of(&seen, &alarm_drift, "amount")->state, STATE_WATCH);
    SAME(seen.state, WATCH_WATCH);
}

ON_BOTH(a_category_is_one_column)
{
    CHAMPION(champion, "drift_category", 1000);
    struct seen seen =
        look_at(&store, &champion, YAML, (struct decided){.count = 400, .rotated = true}, &arena);
    SAME(reading_of(&seen, &alarm_drift, "kind")->state, STATE_ALARM);
    SAME(reading_of(&seen, &alarm_drift, "amount")->state, STATE_OK);
    SAME(seen.count, 5);
}

ON_BOTH(values_that_are_missing_now_are_a_drift_and_are_counted)
{
    CHAMPION(champion, "drift_missing", 1000);
    struct seen seen =
        look_at(&store, &champion, YAML, (struct decided){.count = 400, .missing = true}, &arena);
    SAME(reading_of(&seen, &alarm_drift, "amount")->state, STATE_ALARM);
    SAME(doc_at(column_of(&seen, "amount"), "missing")->number, 1);
    SAME(doc_at(column_of(&seen, "amount"), "missing_before")->number, 0);
    TRUE(strstr(reading_of(&seen, &alarm_drift, "amount")->text.text, "missing 100 % (was 0 %)") !=
         NULL);
}

/* A large amount counts for 2.7 and a small one for .3; a theft for 1.05 and what is none for .45.
 */
ON_BOTH(reasons_that_changed_are_seen)
{
    CHAMPION(champion, "drift_reasons", 1000);
    struct seen seen =
        look_at(&store, &champion, YAML, (struct decided){.count = 400, .times = 4}, &arena);
    SAME(reading_of(&seen, &alarm_attribution_drift, "")->state, STATE_WATCH);
    TRUE(strstr(seen.message, "; reasons: NDCG") != NULL);
    TRUE(strstr(seen.message, "amount now matters more than kind") != NULL);
}

ON_BOTH(a_columns_own_limits_hold)
{
    CHAMPION(champion, "drift_limits", 1000);
    struct seen seen = look_at(&store, &champion,
                               "monitor: {rows_min: 200, limits: {amount: {watch: 2, alarm: 3}}}\n",
                               (struct decided){.count = 400, .times = 2}, &arena);
    SAME(reading_of(&seen, &alarm_drift, "amount")->state, STATE_OK);
    NEAR(reading_of(&seen, &alarm_drift, "amount")->limit, 3, 0);
    NEAR(reading_of(&seen, &alarm_drift, "kind")->limit, 0.25, 0);
}

ON_BOTH(of_too_few_rows_nothing_is_said)
{
    CHAMPION(champion, "drift_few", 1000);
    struct seen seen =
        look_at(&store, &champion, YAML, (struct decided){.count = 199, .times = 4}, &arena);
    SAME(seen.state, WATCH_INSUFFICIENT);
    SAME(seen.rows, 199);
    for (size_t i = 0; i < seen.count; i++)
        SAME(seen.reading[i].state, STATE_INSUFFICIENT);
    TRUE(doc_find(seen.document, "attribution") == NULL);
}

ON_BOTH(scores_are_compared_with_rows_that_trained_nothing)
{
    CHAMPION(champion, "drift_held_out", 380); /* of which 190 are held out */
    struct seen seen = look_at(&store, &champion, YAML, (struct decided){.count = 200}, &arena);
    SAME(reading_of(&seen, &alarm_drift, "amount")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_score_drift, "")->state, STATE_INSUFFICIENT);
    SAME(reading_of(&seen, &alarm_score_drift, "alerts")->state, STATE_INSUFFICIENT);
    SAME(reading_of(&seen, &alarm_attribution_drift, "")->state, STATE_INSUFFICIENT);
}

TEST(a_column_that_there_is_not_has_no_limits)
{
    struct ground here = {0}, *ground = &here;
    CHAMPION(champion, "drift_unknown", 1000);
    struct watch_look look = {.store = &store, .bundle = &champion.bundle};
    struct seen seen;
    FAILS(champion_try(&watch_drift, &look, "monitor: {limits: {amuont: {watch: 0.1}}}\n", START_US,
                       &arena, &seen, &err),
          err, ERR_INPUT);
    SAYS(err, "amuont");
}

TEST(a_champion_without_reference_rows_says_how_to_get_one_with_them)
{
    struct ground here = {0}, *ground = &here;
    CHAMPION(champion, "drift_bare", 0);
    struct watch_look look = {.store = &store, .bundle = &champion.bundle};
    struct seen seen;
    FAILS(champion_try(&watch_drift, &look, YAML, START_US, &arena, &seen, &err), err,
          ERR_NOT_FOUND);
    SAYS(err, "train it again to watch it");
}
