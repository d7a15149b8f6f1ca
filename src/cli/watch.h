/*
 * watch: which models the server is to have in force, by the registry.
 *
 *     struct watch watch = {.project = &project};
 *     struct served *served;
 *     if (!watch_load(&watch, "champion", &served, err)) ...      once, at the start
 *     options.source = watch_source(&watch);                      from then on
 *
 * Each look reads the champion's number and the running experiment; when the champion is another
 * one, its bundle is loaded, self-tested and handed over, and so is an experiment's rival. An
 * experiment whose champion is no longer the champion splits nothing. After an error of the
 * database the store is opened anew at the next look.
 *
 * A canary's steps are minded here too (serve/canary.h): of several servers each judges what it has
 * seen itself, the first that sees an alarm takes the canary back for all, and the first that has
 * baked a step takes the next.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/project.h"
#include "serve/canary.h"
#include "serve/server.h"
#include "store/experiment.h"

struct watch {
    struct project *project;
    const char *models_dir; /* where models asked for by name are; NULL: nowhere */
    int64_t champion;       /* the number that is served; 0: none */

    struct experiment experiment; /* the one that runs; id 0: none */
    int64_t told;                 /* the experiment whose rival could not be loaded */
    int64_t alarms_ns;            /* when the alarms were last looked at; 0: never */
    int64_t step_seen;            /* of the canary, and what was counted before; -1: none */
    int64_t step_ns;
    struct meters_tally champion_before, rival_before;
    struct meters_tally begun; /* the champion's, before the canary */
};

/* A served model of a version, ready. What it says of itself is the registry's. */
bool watch_load(struct watch *watch, const char *reference, struct served **out,
                struct version *version, struct err *err);
/* The same of a bundle that is loaded already. */
bool watch_name(struct served *served, const struct version *version, const char *alias,
                struct err *err);

struct model_source watch_source(struct watch *watch);
/* The same without the registry's champion: what was named at the start stays. */
struct model_source watch_source_of_names(struct watch *watch);

/* A served model out of a directory or a file that a platform laid down (cli/model_dir.h); below
 * `root`, when that is not NULL. */
bool watch_load_dir(struct watch *watch, const char *root, struct view path, struct served **out,
                    struct err *err);

#endif
