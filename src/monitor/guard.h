/*
 * guard: whether labels came in a way that labels do not come, before a model learns from them.
 *
 * Who can label can teach. So before a retraining the labels told since the last look are held
 * against how they came before:
 *
 *     source, client   one of them told so many times more labels a day than in the weeks before
 *     entity           one card or policy was called fraud so often
 *     turned           labels that were said already were turned round, so many of them
 *
 * A finding stops the retraining until a person has released it (monitor/retraining.h).
 */
#ifndef MONITOR_GUARD_H
#define MONITOR_GUARD_H

#include "store/store.h"

enum { GUARD_FINDINGS_MAX = 16, GUARD_TEXT_SIZE = 256, GUARD_USUAL_DAYS = 28 };

struct guard_limits {
    double times;           /* more than usual, a day */
    uint64_t labels_min;    /* fewer than this since the last look are no influx */
    uint64_t entity_labels; /* of fraud, of one entity */
    double turned_share;    /* of the labelled decisions */
};

struct guard_findings {
    char text[GUARD_FINDINGS_MAX][GUARD_TEXT_SIZE];
    size_t count; /* those beyond GUARD_FINDINGS_MAX are not kept */
    uint64_t labels;
};

/* The labels that are looked over: those that came into the database after number `after` and up to
 * number `upto`, in [since_us, until_us); by number, because a label is told before it is there. */
struct guard_span {
    int64_t after, upto;
    int64_t since_us, until_us;
};

bool guard_look(struct store *store, const struct guard_span *span,
                const struct guard_limits *limits, struct guard_findings *out, struct err *err);

#endif
