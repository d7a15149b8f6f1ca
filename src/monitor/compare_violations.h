/*
 * compare_violations: a comparison as SageMaker Model Monitor's constraint_violations.json.
 *
 * The checks are its own, judged against what the baseline had:
 *
 *     data_type_check            more than a tenth of the values are not of the column's type
 *     completeness_check         more is missing than chance allows (Fisher's test, 1 % for all
 *                                columns together); in a column without gaps, anything
 *     baseline_drift_check       the column drifted, by the comparison's mode
 *     missing_column_check       the baseline has the column, the new data has not
 *     extra_column_check         the other way round
 *     categorical_values_check   more than a tenth of the values are none of the baseline's
 *
 * Ignored columns are not looked at. The tenths are the thresholds that constraints.json has
 * (datatype_check_threshold, domain_content_threshold).
 */
#ifndef MONITOR_COMPARE_VIOLATIONS_H
#define MONITOR_COMPARE_VIOLATIONS_H

#include "monitor/compare.h"
#include "monitor/violations.h"

#define VIOLATION_SHARE 0.1
#define VIOLATION_ALPHA 0.01

void compare_violations(const struct comparison *comparison, struct violations *out);

#endif
