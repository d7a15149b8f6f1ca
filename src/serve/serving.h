/*
 * serving: the model in force, and how it is replaced while requests run.
 *
 * A worker takes the model before a request and leaves it behind: both are a
 * few loads and stores on a line of its own, no lock. Replacing publishes the
 * new model at once; the old one is released when the last worker that took it
 * has left it.
 *
 *     struct served *served = serving_take(&serving, worker);
 *     ...                                      NULL: nothing is served
 *     serving_leave(&serving, worker);
 */
#ifndef SERVE_SERVING_H
#define SERVE_SERVING_H

#include "model/bundle.h"

#include <pthread.h>
#include <stdatomic.h>

struct served {
    struct bundle bundle;
    char model[128];  /* its name in the registry */
    char version[64]; /* as answers say it */
    char alias[64];   /* what it is served as: champion */
    int64_t loaded_ms;
};

struct served *served_new(void); /* all zero; its bundle is the caller's to load */
void served_free(struct served *served);

struct serving_seat;

struct serving {
    _Atomic(struct served *) now;
    unsigned workers;
    struct serving_seat *seat;
    pthread_mutex_t lock; /* one replacement at a time */
};

void serving_open(struct serving *serving, unsigned workers);
void serving_close(struct serving *serving); /* no worker may hold a model any more */

struct served *serving_take(struct serving *serving, unsigned worker);
void serving_leave(struct serving *serving, unsigned worker);

/* Owns `served` from here on; NULL: nothing is served. Returns when the old one is released. */
void serving_replace(struct serving *serving, struct served *served);

#endif
