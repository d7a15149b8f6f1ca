/*
 * watch: which models the server is to have in force, by the registry.
 *
 *     struct watch watch = {.project = &project};
 *     struct served *served;
 *     if (!watch_load(&watch, "champion", &served, err)) ...      once, at the start
 *     options.source = watch_source(&watch);                      from then on
 *
 * Each look reads the champion's number; when it is another one, its bundle is loaded, self-tested
 * and handed over. After an error of the database the store is opened anew at the next look.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/project.h"
#include "serve/server.h"

struct watch {
    struct project *project;
    int64_t champion; /* the number that is served; 0: none */
};

/* A served model of a version, ready. What it says of itself is the registry's. */
bool watch_load(struct watch *watch, const char *reference, struct served **out,
                struct version *version, struct err *err);
/* The same of a bundle that is loaded already. */
bool watch_name(struct served *served, const struct version *version, const char *alias,
                struct err *err);

struct model_source watch_source(struct watch *watch);

#endif
