/*
 * bias_report: the metrics of every facet, written in the layout of Clarify's analysis.json.
 *
 * Whoever has rows, labels and decisions fills a part and has it written, the
 * part before training from one slice, the part after it from another:
 *
 *     struct bias_part part = {.after = true, .facets = &list, .row = row, .rows = n, ...};
 *     json_open(&json, '{');
 *     json_key(&json, "version"), json_string(&json, "1.0");
 *     if (!bias_write_part(&part, &json, arena_limit, &told, err)) ...
 *
 * Beside Clarify's name, description and value each metric has its interval, the way that was
 * made, and whom it favours in words; each facet its counts, its rates and a verdict. What a facet
 * is too small for is withheld: its value is null and its error says why. Combinations of columns
 * with too few rows are listed under "too_small".
 */
#ifndef MEASURE_BIAS_REPORT_H
#define MEASURE_BIAS_REPORT_H

#include "base/json.h"
#include "measure/bias.h"
#include "measure/bias_config.h"
#include "measure/facet.h"

/* Where decisions are made: at a threshold, or at a number of alarms. */
struct bias_point {
    const char *name;      /* "threshold", "budget" */
    double threshold;      /* flagged at or above; NaN: the decisions came as they are */
    uint64_t alarms;       /* of a budget, a period; 0: it is none */
    const char *period;    /* "day" */
    const uint8_t *passes; /* by row of the part: 1, it is not flagged */
};

enum { BIAS_POINTS_MAX = 2 };

struct bias_part {
    bool after;                    /* decisions; else labels alone */
    struct view label, favourable; /* the column, and its value that is good for a person */
    const char *slice;             /* "test", or NULL */
    const uint32_t *row;           /* which rows of the facets' columns these are */
    size_t rows;
    const uint8_t *observed;        /* by row of the part: 1, the label was favourable */
    const struct bias_point *point; /* after: the first is the one in force */
    size_t points;
    const struct facet_column *group; /* or NULL */
    const struct facet_list *facets;
    const float *feature; /* by row of the part, `width` each, for the flip test; or NULL */
    size_t width;
    const struct view *feature_from; /* by feature: the column it is made of */
    struct bias_minima minima;
    struct bias_texts methods; /* the metrics wanted; none: all */
};

struct bias_told {
    size_t facets, too_small, vacuous;
};

/* `told` is added to. */
bool bias_write_part(const struct bias_part *part, struct json *json, size_t memory,
                     struct bias_told *told, struct err *err);

/* The k rows of each period with the highest scores, the lower rows first among equals, as
 * decisions; without periods all rows are of one. `threshold` becomes the lowest score flagged. */
bool bias_budget_passes(const float *score, const uint32_t *period, size_t rows, size_t k,
                        struct arena *arena, uint8_t *passes, double *threshold, struct err *err);

#endif
