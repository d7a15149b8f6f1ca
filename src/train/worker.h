/*
 * worker: the process that has libxgboost in it. It trains one job and ends.
 *
 * The command line runs it as a hidden command of the same program, started by
 * fork and exec from a process that never touched OpenMP (train/child.h).
 */
#ifndef TRAIN_WORKER_H
#define TRAIN_WORKER_H

#include "base/err.h"

/* Trains what job.json says; progress goes to standard output. */
bool worker_run(const char *job_path, struct err *err);

/* {"xgboost":"1.7.4"} on standard output: which library training will use. */
bool worker_probe(struct err *err);

#endif
