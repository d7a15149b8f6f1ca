/*
 * retrainer: the monitor's way to a new model: `assay train` in a process of its own.
 *
 * A training takes gigabytes and may die; the monitor goes on. The process obeys the same
 * assay.yaml and --set, with three settings over them: the newest days alone are read, nothing is
 * deployed, and the champion is met on the same rows. It ends when the monitor does.
 */
#ifndef CLI_RETRAINER_H
#define CLI_RETRAINER_H

#include "cli/project.h"
#include "monitor/retrain.h"

struct retrainer {
    struct project *project;
    const struct call *call;
};

struct trainer retrainer_port(struct retrainer *retrainer);

#endif
