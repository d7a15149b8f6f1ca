/*
 * shift_truth: what shifts did to a stream, told beside it as drift.json.
 *
 *     {"version":1,"preset","seed","first_day","days",
 *      "shifts":[{"kind","settings","from_day","from","over_days","until_day",
 *                 "changed","removed","added"}],
 *      "by_day":[{"day","date","events","frauds",
 *                 "strength":[...],"changed":[...],"removed":[...],"added":[...]}]}
 *
 * The lists of a day have an entry for each shift. Which events a shift changed or added stands in
 * the preset's own file of truth; what was removed is nowhere.
 */
#ifndef DATA_SHIFT_TRUTH_H
#define DATA_SHIFT_TRUTH_H

#include "data/shift.h"

/* One day's counts; filled by the one thread that makes the day. */
struct shift_tally {
    uint32_t events, frauds;
    uint32_t changed[SHIFTS_MAX], removed[SHIFTS_MAX], added[SHIFTS_MAX];
};

struct shift_truth {
    const char *preset;
    const struct shift_plan *plan;
    uint64_t seed;
    int64_t stream_start_ms;         /* day 0 */
    uint32_t first_day, days;        /* written are first_day .. days - 1 */
    const struct shift_tally *tally; /* by day, from 0 */
};

bool shift_truth_save(const struct shift_truth *truth, const char *path, struct err *err);

#endif
