/*
 * progress: what a long job tells whoever watches: a port that the command line wires.
 */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include "base/view.h"

enum progress_kind {
    PROGRESS_STEP,    /* a step begins */
    PROGRESS_PART,    /* some of it is done: `done` of `total` */
    PROGRESS_FINISHED /* the step ended; `text` says how */
};

struct progress_event {
    enum progress_kind kind;
    const char *step;
    const char *text; /* what is being done, or what came of it */
    uint64_t done, total;
};

struct progress {
    void (*report)(void *self, const struct progress_event *event); /* NULL: nobody watches */
    void *self;
};

static inline void progress_report(const struct progress *progress,
                                   const struct progress_event *event)
{
    if (progress->report != NULL)
        progress->report(progress->self, event);
}

#endif
