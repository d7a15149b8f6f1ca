/*
 * journal_replay: a decision made again, from the row that was kept and the bundle it names.
 *
 * Margin, score, probability and verdict are computed by the code that serves, and compared with
 * what was kept bit by bit (a margin and a score are floats, a probability is a double). Scoring
 * reads nothing else, so a difference means: another program, another machine's library, or a
 * changed journal.
 */
#ifndef STORE_JOURNAL_REPLAY_H
#define STORE_JOURNAL_REPLAY_H

#include "decide/decision.h"
#include "store/journal_table.h"

enum { REPLAY_BUNDLES_MAX = 8 };

/* Bundles that were needed so far; the one that was not needed for longest makes room. */
struct replay {
    struct store *store;
    struct bundle bundle[REPLAY_BUNDLES_MAX];
    uint64_t used[REPLAY_BUNDLES_MAX]; /* 0: nothing is open here */
    uint64_t clock;
};

struct replayed {
    float margin, score;
    double probability;
    bool fraud;
    const char *outcome; /* NULL: what was kept is not one that a policy gives */
    bool was_scored;     /* false: there is no row, nothing to compute, nothing else is filled */
    const char *differs; /* the first that is not the same: "margin"; NULL: all are */
};

void replay_open(struct replay *replay, struct store *store);
void replay_close(struct replay *replay);

/* ERR_NOT_FOUND: the store does not have the bundle any more. */
bool replay_decision(struct replay *replay, const struct journal_decision *decision,
                     struct replayed *out, struct err *err);

#endif
