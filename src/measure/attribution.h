/*
 * attribution: whether the model decides by other features than it was trained to.
 *
 * Two lists of attributions (mean |SHAP| by feature, then and now) are compared as Model Monitor
 * does, by the normalised discounted cumulative gain of the order now, each feature worth what it
 * was worth then (Jarvelin and Kekalainen, 2002):
 *
 *     DCG = sum over i of then(f'_i) / log2(i + 1),  f' ordered by now;   NDCG = DCG / the best DCG
 *
 * Below .90 is ALARM. It hardly moves when the first two of many change places, so two more are
 * looked at, and either is WATCH: one of the first three overtaken, or one share of the total
 * moved by a tenth of the total.
 */
#ifndef MEASURE_ATTRIBUTION_H
#define MEASURE_ATTRIBUTION_H

#include "measure/drift_judge.h"

#define ATTRIBUTION_NDCG  0.90
#define ATTRIBUTION_MOVED 0.10
/* Two features that change places count when their shares were, and are, this far apart together:
 * nearer ones change places by chance. */
#define ATTRIBUTION_APART 0.05
enum { ATTRIBUTION_TOP = 3 };

struct attribution_drift {
    enum drift_state state;
    double ndcg;          /* 1 where there is nothing to order */
    double moved;         /* the share of the total that moved most, now less then */
    size_t mover;         /* whose it is */
    bool overtaken;       /* one of the first three was */
    size_t loser, winner; /* if so: whose, and by whom */
};

/* Both lists are of the same features, finite and not negative (asserted). */
bool attribution_compare(const double *then, const double *now, size_t features,
                         struct arena *arena, struct attribution_drift *out, struct err *err);

#endif
