/*
 * drift_mode: by which rule columns are said to have drifted.
 *
 * `assay` is the rule of measure/drift_judge.h. The others look at each column alone, as systems do
 * that came before: they are here so that who relied on their answer gets it, with how often it is
 * wrong beside it.
 */
#ifndef MONITOR_DRIFT_MODE_H
#define MONITOR_DRIFT_MODE_H

#include "measure/drift.h"

struct drift_mode {
    const char *name;
    const char *about;
    double alpha; /* the chance below which a column alone has drifted; of `assay`: of the family */
    bool of_the_family;
    bool categories; /* looks at them too */
};

#define DRIFT_MODE(name) extern const struct drift_mode drift_mode_##name;
#include "monitor/drift_modes.def"
#undef DRIFT_MODE

extern const struct drift_mode *const drift_modes[];
extern const size_t drift_modes_count;

const struct drift_mode *drift_mode_find(struct view name); /* or NULL */

/* How likely at least one of so many columns is said to have drifted where none has: 1 - (1 -
 * alpha)^columns for columns looked at alone, if they are independent; alpha at most for a family.
 */
double drift_mode_false_alarms(const struct drift_mode *mode, size_t columns);

/* The test of one column alone: KS of numbers, chi-square of categories. */
const struct drift *drift_mode_test(bool numbers);

#endif
