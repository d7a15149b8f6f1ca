/*
 * child: starting the worker, listening to it, and knowing how it ended.
 *
 * A crash of the library ends the worker and not the program: it comes back as
 * an error that says by which signal. If the program dies, the worker dies too.
 */
#ifndef TRAIN_CHILD_H
#define TRAIN_CHILD_H

#include "base/err.h"
#include "base/view.h"

struct child_listener {
    void (*line)(void *self, struct view line); /* each line of its standard output */
    void *self;
};

/* The hidden command that runs the worker. */
#define CHILD_COMMAND "xgboost-worker"

/* Runs `program` xgboost-worker `argument` to its end. What the worker reports as
 * {"error":...,"kind":...} becomes `err`. */
bool child_run(const char *program, const char *argument, const struct child_listener *listener,
               struct err *err);

#endif
