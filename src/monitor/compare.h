/*
 * compare: two files of records, column by column.
 *
 *     struct comparison comparison;
 *     struct comparison_options options = {.mode = &drift_mode_assay, .limits = limits};
 *     if (!compare_sheets(&before, &now, &options, arena, &comparison, err)) ...
 *     for (size_t i = 0; i < comparison.count; i++)
 *         print(comparison.order[i]->column->name, comparison.order[i]->state);
 *
 * Instants and names of things are left out, and said to be: they are never what they were. What is
 * only in one of the files, or what the caller ignores, is left out too. A column of two values of
 * which one is rare (fraud, say) is judged as a rate besides, because no distance sees it double.
 */
#ifndef MONITOR_COMPARE_H
#define MONITOR_COMPARE_H

#include "measure/drift_judge.h"
#include "monitor/drift_mode.h"
#include "monitor/sheet.h"

/* Rarer than one in twenty is a class of its own; PSI sees what happens to larger ones. */
#define COMPARE_RARE 0.05

struct comparison_options {
    const struct drift_mode *mode;
    const char *const *ignore; /* names of columns */
    size_t ignores;
    const struct drift_limits *limits; /* by column of the schema */
};

struct comparison_column {
    const struct column *column;
    const struct sheet_column *before, *now;
    struct drift_limits limits;
    bool ignored;         /* because the caller said so */
    const char *left_out; /* why it is not compared; NULL: it is, and what follows is there */
    struct drift_reference reference;
    struct drift_window window;
    double figure[DRIFT_COUNT];
    double chance[DRIFT_COUNT]; /* 1 of a distance without one */
    struct drift_finding finding;
    bool has_rate;
    struct rate_case rate_case;
    struct view common; /* the value that the rate is not of */
    struct rate_finding rate;
    bool judged;            /* by the mode */
    enum drift_state state; /* the graver of the two; by a mode of columns alone: OK or ALARM */
    double p;               /* what the mode looked at */
};

struct comparison {
    const struct sheet *before, *now;
    const struct drift_mode *mode;
    struct comparison_column *column; /* the schema's order */
    size_t count;                     /* of all columns */
    struct comparison_column **order; /* by gravity, then effect; those left out come last */
    size_t judged, rates, drifted;    /* drifted: WATCH or ALARM */
    double false_alarms;              /* of the family, where nothing drifted */
    enum drift_state state;
};

/* ERR_USAGE when a column to ignore is in neither file. Views and pointers into both sheets. */
bool compare_sheets(const struct sheet *before, const struct sheet *now,
                    const struct comparison_options *options, struct arena *arena,
                    struct comparison *out, struct err *err);

/* As a document. */
void comparison_write(const struct comparison *comparison, struct json *json);

#endif
