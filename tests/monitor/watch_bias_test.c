#include "look_ground.h"

#define DAY_US    (INT64_C(86400) * SECOND_US)
#define MATURE_US (START_US - DAY_US - 1800 * SECOND_US)
#define YAML(facets)                                                                               \
    "monitor: {rows_min: 200, maturity_days: 1}\nbias: {facets: [" facets "], "                    \
    "members_min: 30, outcomes_min: 10}\n"
#define THEFT "{column: kind, value: theft}"

#define CHAMPION(champion, title, count)                                                           \
    STORE(store, title);                                                                           \
    CLEANUP(champion_release) struct champion champion;                                            \
    champion_make(&champion, &(struct champion_kind){.rows = (count)}, &arena)

/* Mature decisions, of which so many thefts in ten are stopped whatever their amount. */
static void decide(struct store *store, const struct champion *champion, const char *prefix,
                   size_t count, int against, bool labels)
{
    decide_many(store, champion,
                &(struct decided){.prefix = prefix,
                                  .count = count,
                                  .times = 1,
                                  .against = against,
                                  .labels = labels,
                                  .since_us = MATURE_US + (labels ? 0 : 700 * SECOND_US)});
}

static struct seen look_at(struct store *store, const struct champion *champion, const char *yaml,
                           struct arena *arena)
{
    return champion_look(&watch_bias, store, champion, yaml, START_US, arena);
}

ON_BOTH(a_group_that_is_decided_as_before_is_fine)
{
    CHAMPION(champion, "bias_ok", 8000);
    decide(&store, &champion, "d", 600, 0, true);
    struct seen seen = look_at(&store, &champion, YAML(THEFT), &arena);
    SAME(seen.state, WATCH_OK);
    SAME(seen.rows, 600);
    SAME(seen.count, 5);
    for (size_t i = 0; i < seen.count; i++)
        SAME(seen.reading[i].state, STATE_OK);
    TEXT(view_of(seen.message), "600 mature rows, 1 groups");
}

ON_BOTH(a_group_that_is_stopped_far_more_often_than_before_is_an_alarm)
{
    CHAMPION(champion, "bias_alarm", 2000);
    decide(&store, &champion, "d", 600, 6, true);
    struct seen seen = look_at(&store, &champion, YAML(THEFT), &arena);
    SAME(seen.state, WATCH_ALARM);
    const struct reading *share = reading_of(&seen, &alarm_bias_drift, "DPPL kind theft");
    SAME(share->state, STATE_ALARM);
    NEAR(share->value, 0.6 * 0.91, 0.1);
    NEAR(share->limit, 0, 0.06); /* what it was */
    const struct reading *ratio = reading_of(&seen, &alarm_bias_drift, "DI kind theft");
    SAME(ratio->state, STATE_ALARM);
    TRUE(ratio->value < 0.8 * ratio->limit);
    TRUE(strstr(seen.message, "; DPPL kind theft is 0.") != NULL);
}

ON_BOTH(the_document_has_each_group_and_each_metric)
{
    CHAMPION(champion, "bias_document", 8000);
    decide(&store, &champion, "d", 600, 0, true);
    struct seen seen = look_at(&store, &champion, YAML(THEFT), &arena);
    const struct doc *facet = doc_at(seen.document, "facets")->first;
    TEXT(doc_at(facet, "column")->text, "kind");
    TEXT(doc_at(facet, "value")->text, "theft");
    static const char *const names[] = {"DPPL", "DI", "RD", "SD", "AD"};
    const struct doc *metric = doc_at(facet, "metrics")->first, *accuracy = NULL;
    for (size_t i = 0; i < LENGTH_OF(names); i++, metric = metric->next) {
        accuracy = metric;
        TEXT(doc_at(metric, "metric")->text, names[i]);
        TEXT(doc_at(metric, "state")->text, "OK");
        TRUE(doc_at(metric, "low")->number <= doc_at(metric, "value")->number);
        TRUE(doc_at(metric, "value")->number <= doc_at(metric, "high")->number);
        SAME(doc_at(metric, "before")->kind, DOC_NUMBER);
    }
    TRUE(metric == NULL);
    /* Right are .82 of the rest and, of thefts, half of the small amounts and .95 of the large. */
    NEAR(fabs(doc_at(accuracy, "before")->number), 0.28, 0.07);
    NEAR(doc_at(accuracy, "value")->number, doc_at(accuracy, "before")->number, 0.15);
}

ON_BOTH(a_group_that_is_too_small_is_insufficient_and_says_why)
{
    CHAMPION(champion, "bias_few", 2000);
    decide(&store, &champion, "d", 60, 8, true);
    struct seen seen = look_at(&store, &champion, YAML(THEFT), &arena);
    SAME(seen.state, WATCH_INSUFFICIENT);
    SAME(seen.count, 0);
    const struct doc *facet = doc_at(seen.document, "facets")->first;
    TRUE(doc_at(facet, "why_not")->text.length > 0);
    SAME(doc_at(facet, "metrics")->count, 0);
}

ON_BOTH(a_group_that_the_reference_has_too_few_of_is_said_to_be_judged_by_nothing)
{
    CHAMPION(champion, "bias_none_before", 2000);
    decide(&store, &champion, "d", 600, 0, true);
    struct seen seen =
        look_at(&store, &champion, YAML(THEFT ", {column: amount, from: 1000000000}"), &arena);
    SAME(seen.state, WATCH_OK);
    TRUE(strstr(seen.message, "2 groups; 1 too small among the reference's held-out rows") != NULL);
}

ON_BOTH(a_group_may_be_numbers_from_somewhere_on)
{
    CHAMPION(champion, "bias_from", 2000);
    decide(&store, &champion, "d", 600, 0, true);
    struct seen seen = look_at(&store, &champion, YAML("{column: amount, from: 20}"), &arena);
    SAME(seen.count, 5);
    const struct reading *share = reading_of(&seen, &alarm_bias_drift, "DPPL amount 20");
    SAME(share->state, STATE_OK);
    NEAR(share->value, 0.18, 0.08); /* half of them, and all who are stopped */
}

ON_BOTH(what_the_model_does_not_read_is_left_out_and_said_to_be)
{
    CHAMPION(champion, "bias_left_out", 2000);
    decide(&store, &champion, "d", 600, 0, true);
    struct seen seen =
        look_at(&store, &champion,
                YAML(THEFT ", {column: card, value: c1}, {column: kind, value: flood}, "
                           "{column: kind, from: 1}, {column: nowhere, value: a}"),
                &arena);
    SAME(seen.count, 5);
    TRUE(strstr(seen.message, "1 groups; 4 left out: ") != NULL);
    SAME(doc_at(seen.document, "facets")->count, 1);
}

ON_BOTH(decisions_that_nobody_labelled_count_as_the_settings_say)
{
    CHAMPION(champion, "bias_unlabelled", 2000);
    decide(&store, &champion, "d", 400, 0, true);
    decide(&store, &champion, "u", 100, 0, false);
    SAME(look_at(&store, &champion, YAML(THEFT), &arena).rows, 500);
    struct seen seen = look_at(&store, &champion,
                               "monitor: {maturity_days: 1, unlabelled: unknown}\n"
                               "bias: {facets: [" THEFT "]}\n",
                               &arena);
    SAME(seen.rows, 400);
}

TEST(without_groups_nothing_is_looked_at)
{
    struct ground here = {0}, *ground = &here;
    CHAMPION(champion, "bias_none", 0);
    struct seen seen = look_at(&store, &champion, "project: p\n", &arena);
    SAME(seen.state, WATCH_OK);
    SAME(seen.count, 0);
    TEXT(view_of(seen.message), "bias.facets names no group");
}

TEST(a_champion_without_reference_rows_says_how_to_get_one_with_them)
{
    struct ground here = {0}, *ground = &here;
    CHAMPION(champion, "bias_bare", 0);
    struct watch_look look = {.store = &store, .bundle = &champion.bundle};
    struct seen seen;
    FAILS(champion_try(&watch_bias, &look, YAML(THEFT), START_US, &arena, &seen, &err), err,
          ERR_NOT_FOUND);
    SAYS(err, "train it again to watch it");
}
