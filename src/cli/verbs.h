/*
 * verbs: a command of several, as `assay models list`: which one is meant, and its project opened.
 *
 *     static const struct verb rows[] = {{"list", .run = list}, {"show", 1, 1, .run = show}};
 *     static const struct verbs verbs = {
 *         rows, LENGTH_OF(rows), .usage = "usage: assay models list | show REFERENCE"};
 *     return verbs_run(&verbs, call, err);
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/project.h"

struct verb {
    const char *name;
    size_t least, most; /* arguments, without the verb */
    bool writes;        /* events of the audit log, which is signed when it is time to */
    bool (*run)(struct project *project, const struct call *call, struct err *err);
};

struct verbs {
    const struct verb *verb;
    size_t count;
    bool needs_project; /* an assay.yaml; else its defaults will do */
    const char *usage;  /* the error when it is none of them, or with other arguments */
};

const struct verb *verbs_find(const struct verbs *verbs, const char *name); /* or NULL */
bool verb_takes(const struct verb *verb, const struct call *call);          /* so many arguments */

/* With the project and its store opened. */
bool verbs_call(const struct verbs *verbs, const struct verb *verb, const struct call *call,
                struct err *err);

/* The one that the first argument names. */
bool verbs_run(const struct verbs *verbs, const struct call *call, struct err *err);

#endif
