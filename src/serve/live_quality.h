/*
 * live_quality: what a model's records are held against while it is served, and counted.
 *
 * The same expectations as in files (data/quality.h), those that one record is enough for: declared
 * ones from the bundle's schema, implied ones from the schema and from constraints.json. Each has a
 * counter of each worker's own in the meters: counting neither locks nor allocates. Of a request
 * that is refused the cell that it was refused for is counted, as not_null or type.
 *
 *     live_quality_open(&quality, bundle, err)                  when the model is loaded
 *     live_quality_place(&quality, schema, meters);             before it is in force
 *     live_quality_see(&quality, &record, meters, worker);      of each record decided
 */
#ifndef SERVE_LIVE_QUALITY_H
#define SERVE_LIVE_QUALITY_H

#include "model/bundle.h"
#include "serve/meters.h"

struct expectation;

struct live_rule {
    const struct expectation *expectation;
    uint32_t column;
    uint16_t place; /* of its counter */
};

struct live_quality {
    const struct live_rule
        *rule; /* in the bundle's arena; those that only a gap breaks come first */
    size_t count, of_gaps;
    struct live_rule *unplaced; /* the same, until they have their places; then NULL */
};

bool live_quality_open(struct live_quality *quality, struct bundle *bundle, struct err *err);
void live_quality_place(struct live_quality *quality, const struct schema *schema,
                        struct meters *meters);

void live_quality_see(const struct live_quality *quality, const struct record *record,
                      struct meters *meters, unsigned worker);
/* A record that could not be read: what it was refused for, if it was a cell. */
void live_quality_refused(const struct live_quality *quality, const struct record *record,
                          struct meters *meters, unsigned worker);

#endif
