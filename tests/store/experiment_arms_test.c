#include "store/experiment_arms.h"

#include "ground.h"
#include "journal_add.h"

#include <math.h>

static const int64_t now_ms = 2000000000000, hour_ms = 3600000;

struct told {
    const char *id, *entity, *variant, *outcome;
    double amount;
    int64_t age_ms;
};

static void add(struct store *store, const char *experiment, const struct told *told, size_t count)
{
    static const float row[2] = {1, 2};
    struct err err = {0};
    WORKS(db_begin(&store->db, &err), err);
    for (size_t i = 0; i < count; i++) {
        struct journal_decision decision = {
            .id = view_of(told[i].id),
            .at_us = (now_ms - told[i].age_ms) * 1000,
            .variant = view_of(told[i].variant),
            .outcome = view_of(told[i].outcome),
            .entity = view_of(told[i].entity),
            .amount = told[i].amount,
            .experiment = view_of(experiment),
            .row = row,
            .width = 2,
        };
        SAME(add_decision(store, &decision), 1);
    }
    WORKS(db_commit(&store->db, &err), err);
}

static void label(struct store *store, const char *id, const char *what, const char *source,
                  int64_t label_ms, double lost)
{
    struct err err = {0};
    struct journal_label label = {.decision = view_of(id),
                                  .label = view_of(what),
                                  .source = view_of(source),
                                  .at_us = label_ms * 1000,
                                  .label_ms = label_ms,
                                  .amount_lost = lost};
    WORKS(db_begin(&store->db, &err), err);
    add_label(store, &label);
    WORKS(db_commit(&store->db, &err), err);
}

static struct experiment autumn(enum experiment_kind kind)
{
    return (struct experiment){.name = "autumn",
                               .kind = kind,
                               .started_ms = now_ms - 100 * hour_ms,
                               .mature_ms = 10 * hour_ms};
}

#define UNKNOWN ((double)NAN)

ON_BOTH(entities_are_units_and_only_mature_decisions_cost)
{
    FRESH_STORE(store, "arms_units");
    static const struct told told[] = {
        {"d1", "a", "champion", "approve", 100, 20 * 3600000},
        {"d2", "a", "champion", "approve", 50, 20 * 3600000},
        {"d3", "a", "champion", "decline", 70, 20 * 3600000},
        {"d4", "b", "champion", "review", 10, 11 * 3600000},
        {"d5", "b", "champion", "approve", 10, 3600000}, /* too young */
        {"d6", "c", "rival", "decline", 30, 20 * 3600000},
        {"d7", "c", "rival", "approve", 30, 20 * 3600000},
        {"d8", "e", "rival", "approve", 30, 3600000},
        {"d9", "f", "rival", "fallback", 30, 20 * 3600000},
        {"d0", "z", "champion", "approve", 30, 200 * 3600000}, /* before it began */
    };
    add(&store, "autumn", told, LENGTH_OF(told));
    add(&store, "winter", (struct told[]){{"w", "a", "rival", "approve", 1, 20 * 3600000}}, 1);
    label(&store, "d1", "fraud", "chargeback", now_ms, UNKNOWN);
    label(&store, "d3", "fraud", "analyst", now_ms, UNKNOWN);
    label(&store, "d7", "fraud", "analyst", now_ms, 12);
    label(&store, "d5", "fraud", "chargeback", now_ms, UNKNOWN);

    struct experiment experiment = autumn(EXPERIMENT_AB);
    struct experiment_arms arms;
    const struct cost_matrix costs = {
        .handling = 5, .insult = 40, .loss_given_fraud = 0.5, .chargeback = 15};
    WORKS(experiment_gather(&store, &experiment, &costs, now_ms, &arms, &err), err);
    TRUE(arms.entities[ARM_CHAMPION] == 2 && arms.entities[ARM_RIVAL] == 3);
    TRUE(arms.decisions[ARM_CHAMPION] == 5 && arms.mature[ARM_CHAMPION] == 4);
    TRUE(arms.outcome[ARM_CHAMPION][0] == 3 && arms.outcome[ARM_CHAMPION][2] == 1);
    TRUE(arms.decisions[ARM_RIVAL] == 4 && arms.mature[ARM_RIVAL] == 2);
    TRUE(arms.frauds[ARM_CHAMPION] == 2 && arms.frauds[ARM_RIVAL] == 1 && arms.crossed == 0);
    /* a: 100 x 0.5 + 15, and the decline was right; b: a review, 5. */
    SAME(arms.arm[ARM_CHAMPION].count, 2);
    NEAR(arms.arm[ARM_CHAMPION].mean, (65 + 5) / 2.0, 1e-12);
    /* c: an insult of 40, and 12 x 0.5 + 15. */
    SAME(arms.arm[ARM_RIVAL].count, 1);
    NEAR(arms.arm[ARM_RIVAL].mean, 61, 1e-12);

    WORKS(experiment_gather(&store, &experiment, NULL, now_ms, &arms, &err), err);
    NEAR(arms.arm[ARM_CHAMPION].mean, 50, 1e-12);
    NEAR(arms.arm[ARM_RIVAL].mean, 12, 1e-12);
}

ON_BOTH(the_strongest_label_counts_and_of_equal_ones_the_latest)
{
    FRESH_STORE(store, "arms_labels");
    static const struct told told[] = {{"d1", "a", "champion", "approve", 100, 20 * 3600000},
                                       {"d2", "b", "champion", "approve", 7, 20 * 3600000},
                                       {"d3", "c", "champion", "approve", UNKNOWN, 20 * 3600000}};
    add(&store, "autumn", told, LENGTH_OF(told));
    label(&store, "d1", "fraud", "customer", now_ms - 1, UNKNOWN);
    label(&store, "d1", "legit", "analyst", now_ms - 3, UNKNOWN);
    label(&store, "d1", "fraud", "customer", now_ms, UNKNOWN);
    label(&store, "d2", "legit", "chargeback", now_ms - 5, UNKNOWN);
    label(&store, "d2", "fraud", "chargeback", now_ms - 2, UNKNOWN);
    label(&store, "d2", "legit", "gossip", now_ms, UNKNOWN);
    label(&store, "d3", "fraud", "gossip", now_ms, UNKNOWN);
    struct experiment experiment = autumn(EXPERIMENT_AB);
    struct experiment_arms arms;
    WORKS(experiment_gather(&store, &experiment, NULL, now_ms, &arms, &err), err);
    SAME(arms.labelled[ARM_CHAMPION], 3);
    SAME(arms.frauds[ARM_CHAMPION], 2);
    NEAR(arms.arm[ARM_CHAMPION].mean, (0 + 7 + 1) / 3.0, 1e-12);
}

ON_BOTH(the_shadow_is_held_to_the_labels_of_what_was_told)
{
    FRESH_STORE(store, "arms_shadow");
    static const struct told told[] = {
        {"d1", "a", "champion", "approve", 100, 20 * 3600000},
        {"d1~shadow", "a", "shadow", "decline", 100, 20 * 3600000},
        {"d2", "a", "champion", "decline", 10, 20 * 3600000},
        {"d2~shadow", "a", "shadow", "approve", 10, 20 * 3600000},
        {"d3", "a", "champion", "decline", 10, 20 * 3600000}, /* the shadow could not */
    };
    add(&store, "autumn", told, LENGTH_OF(told));
    label(&store, "d1", "fraud", "chargeback", now_ms, UNKNOWN);
    struct experiment experiment = autumn(EXPERIMENT_SHADOW);
    const struct cost_matrix costs = {.insult = 40, .loss_given_fraud = 1};
    struct experiment_arms arms;
    WORKS(experiment_gather(&store, &experiment, &costs, now_ms, &arms, &err), err);
    TRUE(arms.entities[ARM_CHAMPION] == 3 && arms.entities[ARM_RIVAL] == 2 && arms.crossed == 0);
    TRUE(arms.arm[ARM_CHAMPION].count == 2 && arms.arm[ARM_RIVAL].count == 2);
    NEAR(arms.arm[ARM_CHAMPION].mean, (100 + 40) / 2.0, 1e-12);
    NEAR(arms.arm[ARM_RIVAL].mean, 0, 1e-12);
    TRUE(arms.frauds[ARM_CHAMPION] == 1 && arms.frauds[ARM_RIVAL] == 1);
}

ON_BOTH(an_id_that_came_twice_is_two_decisions)
{
    FRESH_STORE(store, "arms_twice");
    static const struct told told[] = {{"d1", "a", "champion", "approve", 100, 30 * 3600000},
                                       {"d1", "a", "champion", "decline", 100, 20 * 3600000}};
    add(&store, "autumn", told, LENGTH_OF(told));
    label(&store, "d1", "fraud", "customer", now_ms - 1, UNKNOWN);
    label(&store, "d1", "fraud", "chargeback", now_ms, UNKNOWN);
    struct experiment experiment = autumn(EXPERIMENT_AB);
    struct experiment_arms arms;
    WORKS(experiment_gather(&store, &experiment, NULL, now_ms, &arms, &err), err);
    TRUE(arms.decisions[ARM_CHAMPION] == 2 && arms.frauds[ARM_CHAMPION] == 2);
    NEAR(arms.arm[ARM_CHAMPION].mean, 100, 1e-12);
}

ON_BOTH(an_entity_that_met_both_is_counted)
{
    FRESH_STORE(store, "arms_crossed");
    static const struct told told[] = {{"d1", "a", "champion", "approve", 1, 20 * 3600000},
                                       {"d2", "a", "rival", "approve", 1, 20 * 3600000},
                                       {"d3", "b", "rival", "approve", 1, 20 * 3600000}};
    add(&store, "autumn", told, LENGTH_OF(told));
    struct experiment experiment = autumn(EXPERIMENT_AB);
    struct experiment_arms arms;
    WORKS(experiment_gather(&store, &experiment, NULL, now_ms, &arms, &err), err);
    SAME(arms.crossed, 1);

    char name[400] = {0};
    memset(name, 'e', sizeof name - 1);
    const struct told more[] = {{"d4", name, "champion", "approve", 1, 20 * 3600000},
                                {"d5", name, "rival", "approve", 1, 20 * 3600000}};
    add(&store, "autumn", more, LENGTH_OF(more));
    WORKS(experiment_gather(&store, &experiment, NULL, now_ms, &arms, &err), err);
    SAME(arms.crossed, 2);
}
