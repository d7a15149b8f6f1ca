/*
 * gate: the rules a model must pass before it may be registered or promoted.
 *
 * A rule is a line of configuration, `roc_auc >= 0.7`, held against the metrics'
 * table when it is read and against a model's figures when it is judged:
 *
 *     struct gate_rule rule;
 *     struct gate_check check;
 *     if (!gate_parse(VIEW("log_loss <= 0.2"), &rule, err))
 *         return false;
 *     if (!gate_judge(&rule, 1, value, &check))
 *         report(check.rule, check.value);
 *
 * A figure that is not defined (NaN) passes no rule. No rules pass every model.
 */
#ifndef MEASURE_GATE_H
#define MEASURE_GATE_H

#include "measure/metrics.h"

enum gate_operator { GATE_AT_LEAST, GATE_ABOVE, GATE_AT_MOST, GATE_BELOW };

struct gate_rule {
    struct view text; /* as written, without the blanks around it; in the caller's bytes */
    const struct metric *metric;
    enum gate_operator comparison;
    double bound;
};

/* What became of one rule. */
struct gate_check {
    struct view rule; /* the rule's text */
    const struct metric *metric;
    double value;
    double bound;
    bool passed;
};

/* METRIC SIGN NUMBER; the signs are >= > <= <, blanks around them are free. ERR_INPUT. */
bool gate_parse(struct view text, struct gate_rule *out, struct err *err);

bool gate_holds(const struct gate_rule *rule, double value); /* NaN keeps none */

/* One check per rule; true when all passed. `value` is in the table's order. */
bool gate_judge(const struct gate_rule *rule, size_t count, const double value[METRIC_COUNT],
                struct gate_check *check);

#endif
