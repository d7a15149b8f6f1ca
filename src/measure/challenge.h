/*
 * challenge: may the challenger take the champion's place?
 *
 * Both score the same rows, each at the threshold fixed for it on a validation slice. The question,
 * the primary metric, the margins and the rails are said before the rows are looked at:
 *
 *     struct challenge_rules rules = challenge_rules_default;
 *     rules.seed = 7;
 *     struct challenge_rows rows = {.champion = a, .challenger = b, .entity = card};
 *     struct challenge verdict;
 *     if (!challenge_judge(&rows, &rules, arena, &verdict, err))
 *         return false;
 *
 * PROMOTE when the one-sided lower bound of the gain is above -non_inferior (0: it must be better)
 * and no rail objects. KEEP when a rail objects, or the upper bound of the gain is below the least
 * gain worth having: more rows would not change that. Otherwise INSUFFICIENT, and `frauds_needed`
 * says how many further frauds would show a gain of that size (or of the size seen, if larger) four
 * times in five. Gains count in the metric's good direction.
 *
 * The bound is the lower of the normal approximation's and the bootstrap's percentile, the latter
 * taken so far out that the chance in a finite number of draws cannot make it too high: with 1000
 * draws the 3.9 % point stands for the 5 % one.
 *
 * The plain mode is what is often done instead: a larger F1 is promoted, whatever the chance. It
 * says what the chance was: `false_promotion` is the share of bootstrap differences above zero once
 * they are centred there, as they would be were the two equally good.
 *
 * With weights everything is weighed but the evidence: frauds needed and a group's rows are
 * counted. Not defined (rows of one class, say) is NaN, and never promotes.
 */
#ifndef MEASURE_CHALLENGE_H
#define MEASURE_CHALLENGE_H

#include "measure/interval.h"

enum challenge_mode { CHALLENGE_BOUND, CHALLENGE_PLAIN_F1 };

enum challenge_verdict { CHALLENGE_PROMOTE, CHALLENGE_KEEP, CHALLENGE_INSUFFICIENT };

enum rail_index {
#define RAIL(name, about) RAIL_##name,
#include "measure/rails.def"
#undef RAIL
    RAIL_COUNT,
};

struct challenge_rules {
    enum challenge_mode mode;
    const struct metric *primary;
    double confidence;   /* of the one-sided bound */
    double power;        /* of the number of frauds needed */
    double least_gain;   /* the smallest gain worth having, above 0 */
    double non_inferior; /* how much worse a cheaper model may be; 0: it must be better */
    size_t draws;
    uint64_t seed;
    double limit[RAIL_COUNT];
    double ece_slack;        /* differences below it are no worse */
    uint32_t group_rows_min; /* legitimate rows that a group needs to be judged */
};

/* pr_auc, 95 %, power 80 %, least gain .01, 1000 draws; alarms +-20 %, ECE +10 %, ratio .8. */
extern const struct challenge_rules challenge_rules_default;

struct challenge_rows {
    struct contender champion;
    struct contender challenger;
    const uint32_t *entity; /* as bootstrap_init; may be NULL */
    const double *amount;   /* money; may be NULL */
    const uint8_t *group;   /* of people, by row; may be NULL: then fpr_ratio is not judged */
    /* Calibration errors of the champion's and the challenger's probabilities, where calibrators
     * make them of the scores; NULL: those of the scores. */
    const double *ece;
};

struct rail_check {
    const char *name;
    double value;
    double limit;
    bool judged; /* false: there is nothing to judge it by, and it does not object */
    bool passed;
};

/* Rows that one model raises an alarm on and the other does not. */
struct swap_side {
    double rows; /* these and the money by weight */
    double frauds;
    double money;
    double fraud_money;
};

struct challenge {
    enum challenge_verdict verdict;
    double champion; /* the primary metric */
    double challenger;
    double gain; /* above zero: the challenger is better */
    double low;  /* its one-sided bounds */
    double high;
    double deviation;
    double frauds_needed;   /* further ones; INSUFFICIENT only, else 0 */
    double false_promotion; /* plain mode only, else NaN */
    struct rail_check rail[RAIL_COUNT];
    struct swap_side gained; /* the challenger alone raises the alarm */
    struct swap_side lost;   /* the champion alone did */
    size_t swaps;
    const uint32_t *swap; /* those rows, the most money first; in the arena */
};

const char *challenge_verdict_name(enum challenge_verdict verdict); /* "promote", "keep", ... */

bool challenge_judge(const struct challenge_rows *rows, const struct challenge_rules *rules,
                     struct arena *arena, struct challenge *out, struct err *err);

#endif
