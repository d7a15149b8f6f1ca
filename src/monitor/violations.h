/*
 * violations: what broke a baseline, as SageMaker Model Monitor's constraint_violations.json says
 * it.
 *
 *     {"violations":[{"feature_name","constraint_check_type","description"}]}
 *
 *     struct violations violations;
 *     violations_begin(&violations, arena);
 *     violations_add(&violations, name, VIOLATION_DRIFT, "PSI is %.3g, the limit %.3g", psi,
 * limit); violations_save(&violations, path, err)
 *
 * The first five types are Model Monitor's own; it has no words for the others, so they have ours.
 */
#ifndef MONITOR_VIOLATIONS_H
#define MONITOR_VIOLATIONS_H

#include "base/err.h"
#include "base/json.h"

enum violation {
    VIOLATION_DATA_TYPE,
    VIOLATION_COMPLETENESS,
    VIOLATION_DRIFT,
    VIOLATION_MISSING_COLUMN,
    VIOLATION_EXTRA_COLUMN,
    VIOLATION_CATEGORICAL_VALUES,
    VIOLATION_RANGE,
    VIOLATION_PATTERN,
    VIOLATION_UNIQUENESS,
    VIOLATION_ATTRIBUTION,
    VIOLATIONS,
};
extern const char *const violation_names[VIOLATIONS]; /* "data_type_check", ... */

struct violations {
    struct text text; /* grows in the caller's arena */
    struct json json;
    size_t count;
};

void violations_begin(struct violations *violations, struct arena *arena);
void violations_add(struct violations *violations, struct view feature, enum violation what,
                    const char *fmt, ...) PRINTF(4, 5);
/* The document; ERR_LIMIT when the arena was full. Nothing is added afterwards. */
bool violations_end(struct violations *violations, struct view *out, struct err *err);
bool violations_save(struct violations *violations, const char *path, struct err *err);

#endif
