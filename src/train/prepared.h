/*
 * prepared: the past as training sees it: read, joined, checked, split, and the features fitted on
 * the training rows alone.
 *
 *     struct prepared prepared;
 *     if (!prepared_load(&prepared, &config, &arena, &err)) ...
 *
 * The prepare step writes it down, the audit looks it over, and `assay check` does both but write.
 */
#ifndef TRAIN_PREPARED_H
#define TRAIN_PREPARED_H

#include "data/past.h"
#include "data/split.h"
#include "feature/fit.h"

struct prepared {
    struct schema schema;
    struct declared_plan declared;
    struct plan plan;
    struct past past;
    struct split split;
    uint8_t *slice;  /* by row: an enum slice */
    uint8_t *wanted; /* by row: it trains */
    double *time_ms; /* by row, split.kind time and dates */
    uint32_t *group; /* by row, split.kind group */
    size_t groups;
    uint32_t *entity; /* by row, split.leave_out_known */
    size_t entities;
    const double *weight; /* by row, evaluation.weight; in validation and test some are above 0 */
    size_t count[SLICE_COUNT][2]; /* rows by slice and label */
};

bool prepared_load(struct prepared *prepared, const struct config *config, struct arena *arena,
                   struct err *err);

struct split_rows prepared_rows(const struct prepared *prepared);

/* The column that the setting `key` names: ERR_INPUT unless the data has it. */
bool prepared_column(const struct prepared *prepared, const char *key, struct view name,
                     uint32_t *out, struct err *err);

/* Of evaluation.* and challenge.group: columns beside the features. ERR_INPUT unless each is
 * declared; whether the data has them, prepared_load looks. */
bool prepared_names_declared(const struct config *config, struct err *err);

/* One name that assay.yaml has under `key`. */
bool prepared_name_declared(const struct schema *schema, const char *key, struct view name,
                            struct err *err);
void prepared_names_digest(const struct config *config, struct digester *digester);

#endif
