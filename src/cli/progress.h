/*
 * progress: a pipeline's progress on a terminal (one bar that moves) or in a log (plain lines).
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "train/progress.h"

struct terminal {
    FILE *out;
    bool moves;    /* a terminal that can redraw its line */
    bool bar_open; /* the line has a bar on it */
    int64_t step_started_ns, bar_drawn_ns;
    uint64_t part_said; /* plain: how much of a part was reported */
};

struct terminal terminal_of(FILE *out);
struct progress terminal_progress(struct terminal *terminal);
void terminal_end(struct terminal *terminal);

#endif
