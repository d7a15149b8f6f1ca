/*
 * plan: how a record becomes the row a model sees.
 *
 * There is one way, feature_apply, and both training and serving walk it: the
 * pipeline calls it for each record of the past, the server for each record of
 * the present. A plan is fitted on the training rows only, is fixed from then
 * on, and is sealed in the bundle; there is no other place to get one from.
 *
 * A feature reads one column (ratio: two), fills what is missing if it was told
 * to, and writes `width` floats of the row. Missing that is not filled is NaN.
 */
#ifndef FEATURE_PLAN_H
#define FEATURE_PLAN_H

#include "base/doc.h"
#include "base/json.h"
#include "data/record.h"

struct feature;

/* A row of the table transforms.def. */
struct transform {
    const char *name;
    const char *about;
    unsigned columns;   /* how many it reads: 1 or 2 */
    uint32_t kinds;     /* bit per enum column_kind it reads */
    bool one_per_value; /* width is the column's number of values, else 1 */
    bool needs_spread;  /* standardise: centre and scale are fitted */
    bool needs_share;   /* frequency: each value's share is fitted */
    /* NULL: the cell's number as it is */
    void (*apply)(const struct feature *feature, const struct cell *cell, const struct cell *other,
                  float *out);
};

struct feature {
    struct view name; /* of the column, or its own */
    const struct transform *transform;
    uint32_t column, other; /* other: ratio's denominator */
    double fill;            /* stands in for a missing cell; NaN: nothing does */
    double centre, scale;   /* needs_spread: mean and standard deviation */
    const double *share;    /* needs_share: by code */
    size_t shares;
    uint32_t first, width; /* its place in the row */
};

enum { PLAN_WIDTH_MAX = 65536 };

struct plan {
    const struct schema *schema;
    struct feature *feature;
    size_t count;
    size_t width;            /* floats in a row */
    struct view *width_name; /* of each: "amount", "incident_type=Theft" */
};

#define TRANSFORM(name) extern const struct transform transform_##name;
#include "feature/transforms.def"
#undef TRANSFORM

extern const struct transform *const transforms[];
extern const size_t transforms_count;
const struct transform *transform_find(struct view name); /* or NULL */

static inline void feature_apply_one(const struct feature *feature, const struct cell *cell,
                                     const struct cell *other, float *out)
{
    if (feature->transform->apply == NULL)
        *out = (float)cell->number;
    else
        feature->transform->apply(feature, cell, other, out);
}

/* `row` is the caller's, plan->width floats. */
void feature_apply(const struct plan *plan, const struct record *record, float *row);

/* Whether a missing cell of the column may be given this value: a code it has, an instant there is,
 * a number that a float holds. */
bool plan_may_fill(const struct column *column, double fill);

/* Places and names the row once features, schema and values are final. */
bool plan_layout(struct plan *plan, struct arena *arena, struct err *err);

/* As a bundle's plan.json holds it, there and back, against its schema. */
void plan_write(const struct plan *plan, struct json *json);
bool plan_read(struct plan *plan, const struct schema *schema, const struct doc *doc,
               struct arena *arena, struct err *err);

#endif
