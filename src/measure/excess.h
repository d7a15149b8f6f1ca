/*
 * excess: are there more violations than were allowed, or is it chance?
 *
 * So many rows were looked at and a share of them may break a rule. ALARM: more do, and a share
 * that is just what is allowed would give so many or more in less than one window of a hundred (the
 * exact binomial tail). Below `rows_min` rows it is INSUFFICIENT, whatever they say: a window of
 * three has nothing to tell about a share.
 *
 *     excess_judge(violations, rows, 0.99, EXCESS_ROWS_MIN)
 */
#ifndef MEASURE_EXCESS_H
#define MEASURE_EXCESS_H

#include "base/base.h"

enum { EXCESS_ROWS_MIN = 100 };

enum excess_state { EXCESS_OK, EXCESS_INSUFFICIENT, EXCESS_ALARM };

/* P(so many of the rows or more), each with chance `share`. */
double excess_chance(uint64_t violations, uint64_t rows, double share);

/* `mostly`: the share of the rows that must hold, above 0 and 1 at most. */
enum excess_state excess_judge(uint64_t violations, uint64_t rows, double mostly,
                               uint64_t rows_min);

#endif
