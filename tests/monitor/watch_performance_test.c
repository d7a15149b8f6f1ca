#include "look_ground.h"

#include "measure/estimate.h"

#define DAY_US (INT64_C(86400) * SECOND_US)
/* The hour that ends a day before the look's is mature. */
#define YAML(more) "monitor: {rows_min: 200, maturity_days: 1" more "}\n"
#define MATURE_US  (START_US - DAY_US - 1800 * SECOND_US)

#define CHAMPION(champion, title, count)                                                           \
    STORE(store, title);                                                                           \
    CLEANUP(champion_release) struct champion champion;                                            \
    champion_make(&champion, &(struct champion_kind){.rows = (count)}, &arena)

static void decide(struct store *store, const struct champion *champion, const char *prefix,
                   struct decided decided)
{
    decided.prefix = prefix;
    decided.times = 1;
    if (decided.since_us == 0)
        decided.since_us = MATURE_US;
    decide_many(store, champion, &decided);
}

static struct seen look_at(struct store *store, const struct champion *champion, const char *yaml,
                           struct arena *arena)
{
    return champion_look(&watch_performance, store, champion, yaml, START_US, arena);
}

ON_BOTH(labels_that_keep_the_floors_and_the_estimates_are_fine)
{
    CHAMPION(champion, "performance_ok", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 600, .labels = true});
    struct seen seen =
        look_at(&store, &champion, YAML(", floors: [precision >= 0.5, recall >= 0.1]"), &arena);
    SAME(seen.state, WATCH_OK);
    SAME(seen.rows, 600);
    SAME(seen.count, 2 + ESTIMATE_COUNT + 1);
    SAME(reading_of(&seen, &alarm_performance, "precision")->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_label_rate, "")->state, STATE_OK);
    for (size_t i = 0; i < ESTIMATE_COUNT; i++)
        SAME(reading_of(&seen, &alarm_concept_drift, estimates[i]->name)->state, STATE_OK);
    TRUE(strstr(seen.message, "600 mature rows, 600 labelled, ") != NULL);
}

ON_BOTH(a_floor_is_an_alarm_when_the_whole_interval_is_past_it_and_watched_before)
{
    CHAMPION(champion, "performance_floors", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 600, .labels = true});
    struct seen seen = look_at(
        &store, &champion,
        YAML(", floors: [recall >= 0.6, precision > 0.99, f1 <= 0.2, specificity < 2]"), &arena);
    const struct reading *recall = reading_of(&seen, &alarm_performance, "recall");
    SAME(recall->state, STATE_ALARM);
    NEAR(recall->limit, 0.6, 0);
    TRUE(recall->value < 0.4);
    SAME(reading_of(&seen, &alarm_performance, "precision")->state, STATE_ALARM);
    SAME(reading_of(&seen, &alarm_performance, "f1")->state, STATE_ALARM);
    SAME(reading_of(&seen, &alarm_performance, "specificity")->state, STATE_OK);
    TRUE(strstr(seen.message, "; recall is 0.") != NULL);
    /* A little above what it is, and within the interval. */
    char yaml[200];
    snprintf(yaml, sizeof yaml, YAML(", floors: [recall >= %.4f, f1 <= %.4f]"),
             recall->value + 0.01, reading_of(&seen, &alarm_performance, "f1")->value - 0.01);
    seen = look_at(&store, &champion, yaml, &arena);
    SAME(reading_of(&seen, &alarm_performance, "recall")->state, STATE_WATCH);
    SAME(reading_of(&seen, &alarm_performance, "f1")->state, STATE_WATCH);
    SAME(seen.state, WATCH_WATCH);
}

ON_BOTH(without_floors_of_its_own_those_of_the_gate_hold)
{
    CHAMPION(champion, "performance_gate", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 300, .labels = true});
    struct seen seen =
        look_at(&store, &champion, YAML("") "gate: [precision >= 0.5, recall >= 0.9]\n", &arena);
    SAME(reading_of(&seen, &alarm_performance, "recall")->state, STATE_ALARM);
    SAME(doc_at(seen.document, "floors")->count, 2);
}

ON_BOTH(labels_that_are_not_what_was_expected_are_concept_drift)
{
    CHAMPION(champion, "performance_concept", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 600, .labels = true, .turned = true});
    struct seen seen = look_at(&store, &champion, YAML(""), &arena);
    SAME(seen.state, WATCH_ALARM);
    size_t drifted = 0;
    for (size_t i = 0; i < ESTIMATE_COUNT; i++)
        drifted +=
            reading_of(&seen, &alarm_concept_drift, estimates[i]->name)->state == STATE_ALARM;
    TRUE(drifted >= 2);
    /* Two thirds are fraud where a third was. */
    const struct reading *rate = reading_of(&seen, &alarm_label_rate, "");
    SAME(rate->state, STATE_WATCH);
    NEAR(rate->value, 2, 0.4);
    TRUE(strstr(seen.message, " was expected, ") != NULL);
}

ON_BOTH(few_frauds_say_nothing_of_floors_and_estimates)
{
    CHAMPION(champion, "performance_few", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 15, .labels = true});
    struct seen seen = look_at(&store, &champion, YAML(", floors: [recall >= 0.99]"), &arena);
    SAME(seen.state, WATCH_INSUFFICIENT);
    SAME(reading_of(&seen, &alarm_performance, "recall")->state, STATE_INSUFFICIENT);
    SAME(reading_of(&seen, &alarm_concept_drift, "recall")->state, STATE_INSUFFICIENT);
    SAME(reading_of(&seen, &alarm_label_rate, "")->state, STATE_INSUFFICIENT);
}

ON_BOTH(decisions_that_nobody_labelled_are_said_to_be_that)
{
    CHAMPION(champion, "performance_none", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 300});
    struct seen seen = look_at(&store, &champion, YAML(", floors: [recall >= 0.99]"), &arena);
    SAME(seen.state, WATCH_INSUFFICIENT);
    SAME(seen.count, 0);
    TRUE(strstr(seen.message, "nobody has labelled any, POST /feedback") != NULL);
}

ON_BOTH(one_that_nobody_labelled_was_well_or_is_left_out)
{
    CHAMPION(champion, "performance_unlabelled", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 300, .labels = true});
    decide(&store, &champion, "u",
           (struct decided){.count = 200, .since_us = MATURE_US + 400 * SECOND_US});
    struct seen seen = look_at(&store, &champion, YAML(""), &arena);
    SAME(seen.rows, 500);
    SAME(doc_at(seen.document, "labelled")->number, 300);
    double frauds = doc_at(seen.document, "frauds")->number;
    seen = look_at(&store, &champion, YAML(", unlabelled: unknown"), &arena);
    SAME(seen.rows, 300);
    SAME(doc_at(seen.document, "frauds")->number, frauds);
}

ON_BOTH(the_document_has_what_is_not_mature_yet_and_how_soon_labels_come)
{
    CHAMPION(champion, "performance_document", 1000);
    decide(&store, &champion, "d", (struct decided){.count = 300, .labels = true});
    decide(&store, &champion, "n",
           (struct decided){.count = 120, .since_us = START_US - 1800 * SECOND_US});
    struct seen seen = look_at(&store, &champion, YAML(", floors: [recall >= 0.1]"), &arena);
    SAME(doc_at(seen.document, "rows")->number, 300);
    const struct doc *soon = doc_at(seen.document, "not_mature");
    SAME(doc_at(soon, "rows")->number, 120);
    for (size_t i = 0; i < ESTIMATE_COUNT; i++)
        TRUE(doc_at(doc_at(soon, estimates[i]->name), "low")->number <=
             doc_at(doc_at(soon, estimates[i]->name), "high")->number);
    const struct doc *complete = doc_at(seen.document, "label_completeness");
    SAME(complete->count, 8);
    SAME(doc_at(complete->first, "days")->number, 1);
    SAME(doc_at(complete->first, "share")->number, 1); /* they came after an hour */
    SAME(doc_at(seen.document, "estimates")->count, ESTIMATE_COUNT);
    TRUE(doc_find(doc_at(seen.document, "estimates")->first, "gap_before") != NULL);
    const struct doc *floor = doc_at(seen.document, "floors")->first;
    TEXT(doc_at(floor, "rule")->text, "recall >= 0.1");
    TRUE(doc_at(floor, "low")->number < doc_at(floor, "value")->number);
    NEAR(doc_at(seen.document, "fraud_share_before")->number, 1.0 / 3, 0.1);
}

ON_BOTH(only_what_is_mature_is_judged)
{
    CHAMPION(champion, "performance_mature", 1000);
    decide(&store, &champion, "d",
           (struct decided){.count = 300, .labels = true, .since_us = START_US - 1800 * SECOND_US});
    struct seen seen = look_at(&store, &champion, YAML(""), &arena);
    SAME(seen.rows, 0);
    SAME(seen.state, WATCH_INSUFFICIENT);
    seen = look_at(&store, &champion, "monitor: {rows_min: 200, maturity_days: 0}\n", &arena);
    SAME(seen.rows, 300);
}

ON_BOTH(without_reference_rows_floors_and_estimates_are_judged_all_the_same)
{
    CHAMPION(champion, "performance_bare", 0);
    decide(&store, &champion, "d", (struct decided){.count = 300, .labels = true});
    struct seen seen = look_at(&store, &champion, YAML(", floors: [recall >= 0.9]"), &arena);
    SAME(reading_of(&seen, &alarm_performance, "recall")->state, STATE_ALARM);
    SAME(reading_of(&seen, &alarm_concept_drift, estimates[0]->name)->state, STATE_OK);
    SAME(reading_of(&seen, &alarm_label_rate, "")->state, STATE_INSUFFICIENT);
    TRUE(doc_find(doc_at(seen.document, "estimates")->first, "gap_before") == NULL);
}

TEST(a_floor_that_is_none_is_refused_with_its_place)
{
    struct ground here = {0}, *ground = &here;
    CHAMPION(champion, "performance_refused", 0);
    struct watch_look look = {.store = &store, .bundle = &champion.bundle};
    struct seen seen;
    FAILS(champion_try(&watch_performance, &look, "monitor:\n  floors: [recal >= 0.9]\n", START_US,
                       &arena, &seen, &err),
          err, ERR_INPUT);
    SAYS(err, "line 2");
    SAYS(err, "recal");
}
