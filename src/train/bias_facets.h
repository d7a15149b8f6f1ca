/*
 * bias_facets: the groups that assay.yaml, and a Clarify configuration it names, declare.
 *
 *     bias:
 *       group: policy_state
 *       facets:
 *         - {column: customer_gender, value: Female}
 *         - {column: customer_age, from: 50}
 *         - columns: [customer_gender, policy_state]      # every combination of their values
 *       analysis_config: analysis_config.json             # Clarify's facets beside these
 *
 * The columns are of the data, read by the model or not.
 */
#ifndef TRAIN_BIAS_FACETS_H
#define TRAIN_BIAS_FACETS_H

#include "measure/bias_config.h"
#include "measure/facet.h"
#include "train/prepared.h"

enum { BIAS_COLUMNS_MAX = 64 };

struct bias_facets {
    struct facet_list list;
    const struct facet_column *group; /* or NULL */
    struct bias_methods method[2];    /* before training, after it */
    const struct view *unused;        /* keys of Clarify's file that say nothing here */
    size_t unused_count;

    struct facet_column column[BIAS_COLUMNS_MAX]; /* those read so far */
    uint32_t index[BIAS_COLUMNS_MAX];             /* of the table */
    size_t columns;
};

/* What can be refused before anything is read. */
bool bias_facets_check(const struct config *config, struct err *err);
bool bias_facets_are_declared(const struct config *config);

/* Adds Clarify's file, when one is named, to what the step depends on. */
bool bias_facets_digest(const struct config *config, struct digester *digester, struct err *err);

bool bias_facets_load(struct bias_facets *facets, const struct config *config,
                      const struct prepared *prepared, struct arena *arena, struct err *err);

#endif
