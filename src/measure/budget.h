/*
 * budget: what a team finds that can look at k alarms a period, and what fraud costs till then.
 *
 * A stream is a sample with more columns beside it, all kept by somebody else, in any order of
 * rows; a question asserts the columns it needs:
 *
 *     struct stream stream = {.sample = sample, .period = day, .entity = card, .amount = amount};
 *     struct budget budget;
 *     if (!budget_of(&stream, 100, arena, &budget, err))
 *         return false;
 *
 * Ties. Where more rows share the score at the edge of the budget than there are places left,
 * budget_of takes the mean over all choices among them: a constant score finds the prevalence. The
 * cards of budget_of_cards are taken at their worst instead, legitimate ones first and then by
 * number, because which card was found decides who is looked at the day after.
 *
 * A sample's weights (measure/sample.h) are looked at by budget_of, where a row of weight 20 takes
 * 20 places, and by the shares of money and alarms of detection_at. Days and entities that were
 * thinned out cannot be put together again: all that counts cards and entities counts the rows as
 * they stand.
 *
 * Precisions are by k even in a period with fewer rows, as the Fraud Detection Handbook has it:
 * places left empty are places not used. What is not defined is NaN: everything of no rows, recall
 * without a fraud, a share of money without any.
 */
#ifndef MEASURE_BUDGET_H
#define MEASURE_BUDGET_H

#include "measure/sample.h"

struct stream {
    struct sample sample;
    const uint32_t *period; /* a day, a week: any numbers */
    const uint32_t *entity; /* a card, a policy: any numbers */
    const double *amount;   /* money at stake, finite and not negative */
    const int64_t *time_ms;
};

struct budget {
    uint64_t periods;
    double alarms; /* k a period, or all its rows when they are fewer */
    double caught; /* frauds among them; not whole where ties stand at an edge */
    double precision;
    double recall;
    double precision_ceiling; /* were every fraud above every legitimate row */
    double recall_ceiling;
    double value_recall; /* of the frauds' money; NaN without amounts */
};

/* The k highest scores of each period; needs `period`. k > 0 (asserted). */
bool budget_of(const struct stream *stream, size_t k, struct arena *arena, struct budget *out,
               struct err *err);

struct card_budget {
    uint64_t periods;
    uint64_t caught;  /* distinct cards found compromised */
    double precision; /* card precision@k: mean over the periods */
    double ceiling;   /* of a score that knows the labels, which also runs out of cards to find */
};

/* Period by period in rising order: a card has its highest score and is compromised when one of its
 * rows is; cards found compromised before are left out; the precision of the top k. Needs `period`
 * and `entity`. */
bool budget_of_cards(const struct stream *stream, size_t k, struct arena *arena,
                     struct card_budget *out, struct err *err);

/* What one threshold means in money and to people. */
struct detection {
    double value_recall;   /* share of the frauds' money with an alarm on it */
    double false_per_true; /* false alarms for each true one; infinite when none is true */
    double insult_rate;    /* share of entities without fraud that have an alarm */
    uint64_t compromised;  /* entities with a fraud */
    uint64_t detected;     /* of these, with an alarm at their first fraud or later */
    double frauds_before;  /* mean frauds of a compromised entity before that alarm; all, if none */
    double money_before;   /* the same in money */
    double time_to_detect_ms; /* mean, from the first fraud, over the detected */
};

/* Needs `entity`, `amount` and `time_ms`. Rows of an entity at one time stand in the order given.
 * Any alarm on a compromised entity finds it, also on a row that is legitimate. */
bool detection_at(const struct stream *stream, float threshold, struct arena *arena,
                  struct detection *out, struct err *err);

#endif
