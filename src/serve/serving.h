/*
 * serving: the models in force, and how they are replaced while requests run.
 *
 * What is in force is a line-up: the champion, the rival of an experiment, and
 * models that were loaded by name. A line-up is never changed: whoever wants
 * another one drafts it from the one in force and publishes that. A worker takes
 * the line-up before a request and leaves it behind: both are a few loads and
 * stores on a line of its own, no lock. So one request sees one line-up. The old
 * one is released when the last worker that took it has left it, and each model
 * with the last line-up that it is in.
 *
 *     const struct lineup *lineup = serving_take(&serving, worker);
 *     ...                                      never NULL; its champion may be
 *     serving_leave(&serving, worker);
 *
 *     struct lineup *lineup = serving_draft(&serving);      others wait
 *     lineup_set(&lineup->champion, served);
 *     serving_publish(&serving, lineup);
 */
#ifndef SERVE_SERVING_H
#define SERVE_SERVING_H

#include "decide/reason.h"
#include "model/shap.h"
#include "serve/live_quality.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SERVED_NAME_SIZE = 129, SERVED_URL_SIZE = 1025 };

struct served {
    struct bundle bundle;
    struct explainer explainer; /* in the bundle's arena, like all of it */
    struct reason_book reasons;
    struct live_quality quality;
    size_t amount_column, entity_column; /* of the schema; SIZE_MAX: none */
    char sha256[DIGEST_HEX_SIZE];        /* the bundle's */
    char model[128];                     /* its name in the registry */
    char version[64];                    /* as answers say it */
    char alias[64];                      /* what it is served as: champion */
    struct view said;                    /* {"name","version","sha256"}, as answers hold it */
    char name[SERVED_NAME_SIZE];         /* what it was loaded as by name; "": by its model's */
    char url[SERVED_URL_SIZE];           /* and from where, as it was said */
    int64_t loaded_ms;
    uint16_t work;    /* its place among the meters; 0: not placed yet */
    double f1;        /* as the registry has it; NaN: not known */
    unsigned holders; /* line-ups; under the serving's lock */
};

struct served *served_new(void); /* all zero; its bundle is the caller's to load */
/* After the bundle is loaded and the model has its name and version: what answers need besides. */
bool served_ready(struct served *served, struct err *err);
void served_free(struct served *served);
const char *served_name(const struct served *served); /* as paths and answers call it */

enum { LINEUP_NAMED_MAX = 32 };

/* The experiment that runs, as the registry has it (store/experiment.h). */
struct trial {
    struct served *rival; /* NULL: none runs */
    char name[80], kind[16];
    bool shadow;
    double share;         /* of the entities that the rival decides; the shadow decides all again */
    size_t entity_column; /* of the champion's schema */
    int64_t id, step;
};

struct lineup {
    uint64_t number;         /* of those that were in force before it */
    struct served *champion; /* NULL: none */
    struct trial trial;
    struct served *named[LINEUP_NAMED_MAX];
    size_t named_count;
};

/* Puts a model in a place of a draft; NULL empties it. The draft owns it from here on. */
void lineup_set(struct served **place, struct served *served);

struct serving_seat;

struct serving {
    _Atomic(struct lineup *) now;
    unsigned workers;
    struct serving_seat *seat;
    pthread_mutex_t lock; /* one draft at a time */
};

void serving_open(struct serving *serving, unsigned workers);
void serving_close(struct serving *serving); /* no worker may hold a line-up any more */

const struct lineup *serving_take(struct serving *serving, unsigned worker);
void serving_leave(struct serving *serving, unsigned worker);

struct lineup *serving_draft(struct serving *serving);
/* Returns when the old line-up is released: never on a worker's thread. */
void serving_publish(struct serving *serving, struct lineup *lineup);
void serving_discard(struct serving *serving,
                     struct lineup *lineup); /* the draft comes to nothing */

/* Draft, champion, publish. Owns `served` from here on; NULL: there is no champion. */
void serving_replace(struct serving *serving, struct served *served);

#endif
