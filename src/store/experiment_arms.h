/*
 * experiment_arms: what an experiment has shown, from the journal's tables.
 *
 *     struct experiment_arms arms;
 *     if (!experiment_gather(&store, &experiment, &costs, now_ms, &arms, err)) ...
 *     struct sequential bounds = sequential_of(&arms.arm[0], &arms.arm[1], alpha, planned);
 *
 * A unit is an entity, and its value the cost of all its decisions that are old enough for their
 * labels (measure/cost.h): an approved fraud loses amount x loss_given_fraud + chargeback, a
 * review costs the handling, a declined good record the insult. Of several labels of a decision
 * the strongest source counts (chargeback, then analyst, then customer, then any other), and of
 * these the latest; a mature decision without a label is good. Without costs an approved fraud
 * costs its amount, or 1 where that is not known.
 */
#ifndef STORE_EXPERIMENT_ARMS_H
#define STORE_EXPERIMENT_ARMS_H

#include "measure/cost.h"
#include "measure/sequential.h"
#include "store/experiment.h"

enum { ARM_CHAMPION, ARM_RIVAL, ARMS };

struct experiment_arms {
    struct arm arm[ARMS];    /* of entities that have a mature decision */
    uint64_t entities[ARMS]; /* exposed */
    uint64_t decisions[ARMS], mature[ARMS], frauds[ARMS], labelled[ARMS];
    uint64_t outcome[ARMS][3]; /* approve, review, decline */
    uint64_t crossed;          /* entities that met both: the assignment is broken */
};

/* `costs` NULL: the loss alone. Of a shadow the units are the records: ARM_CHAMPION is what was
 * told, ARM_RIVAL what the shadow would have said, with the same label. */
bool experiment_gather(struct store *store, const struct experiment *experiment,
                       const struct cost_matrix *costs, int64_t now_ms, struct experiment_arms *out,
                       struct err *err);

#endif
