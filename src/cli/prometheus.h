/*
 * prometheus: the alarms as a Prometheus server's alerting rules.
 *
 * An alarm whose figures are on the servers' own /metrics is asked there, with the limit, the
 * window, the hours and the persistence in force; any other is asked of assay_alarm_state, which
 * has what `assay monitor` found out. One rule for each row of monitor/alarms.def that is enabled.
 *
 *     prometheus_rules_write(&rules, "assay", &text)        the file, as YAML
 *
 * `job` is what the scrape configuration calls the servers.
 */
#ifndef CLI_PROMETHEUS_H
#define CLI_PROMETHEUS_H

#include "base/text.h"
#include "monitor/rules.h"

/* Whether a job's name can stand in expressions as it is: letters, digits, '_', '-', '.'. */
bool prometheus_job_is_plain(struct view job);

void prometheus_rules_write(const struct alarm_rules *rules, const char *job, struct text *text);

/* The condition of one alarm. */
void prometheus_condition(const struct alarm_rules *rules, enum alarm_id alarm, const char *job,
                          struct text *text);

/* "AssayLatencySevere" */
void prometheus_alert_name(const struct alarm *alarm, struct text *text);

/* An expression with $job and $route, the paths that score, filled in; all else is left alone. */
void prometheus_expand(const char *expression, const char *job, struct text *text);

#endif
