/*
 * label_delay: what becomes known of a generated event, by whom, and when.
 *
 * Fraud is found by an analyst within two days, or charged back weeks later, or never told. Honest
 * events are told of only where an analyst looked; the others stay without a label, as in life.
 *
 *     struct label_delay delay;
 *     label_delay_parse(VIEW("median=25,analyst=0.3"), &delay, err)
 *     struct label_said said;
 *     if (label_delay_draw(&delay, fraud, &rng, &said)) ...       somebody says something
 */
#ifndef DATA_LABEL_DELAY_H
#define DATA_LABEL_DELAY_H

#include "base/rng.h"
#include "data/knobs.h"

struct label_delay {
    double median;     /* days until a chargeback; log-normal */
    double spread;     /* deviation of the logarithm of the days */
    double most;       /* days a card holder has: what would come later comes then */
    double analyst;    /* share of the frauds that an analyst finds, within two days */
    double cleared;    /* share of the honest events that an analyst looks at and clears */
    double unreported; /* share of the frauds that nobody ever tells of */
    double noise;      /* share of all labels that are wrong */
};

struct label_said {
    bool fraud;
    const char *source; /* "chargeback" or "analyst" */
    uint32_t delay_s;
};

extern const struct label_delay label_delay_default;

/* What is not said is the default; an empty text is all of it. ERR_USAGE. */
bool label_delay_parse(struct view text, struct label_delay *out, struct err *err);

/* False: nobody says anything. Draws as often whatever comes out. */
bool label_delay_draw(const struct label_delay *delay, bool fraud, struct rng *rng,
                      struct label_said *out);

#endif
