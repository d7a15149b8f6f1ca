/*
 * project: a directory with an assay.yaml, opened for a command.
 */
#ifndef CLI_PROJECT_H
#define CLI_PROJECT_H

#include "cli/command.h"
#include "data/config.h"
#include "model/bundle.h"
#include "store/registry.h"

struct project {
    struct arena arena;
    struct config config;
    struct store store; /* open when project_open_store was called */
};

/* assay.yaml of --project, the environment, then --set. */
bool project_open(struct project *project, const struct call *call, struct err *err);

/* The same, but defaults alone when there is no assay.yaml: for commands that work without. */
bool project_open_loosely(struct project *project, const struct call *call, struct err *err);

bool project_open_store(struct project *project, struct err *err);

/* Something says where: a file, the environment, a flag, or a store that lies where it would. */
bool project_is_here(const struct project *project);

/* project_open_store for who only reads: nothing is made where there is no project. */
bool project_find_store(struct project *project, struct err *err);

/* After a long time: a connection that was lost is made again. Nothing may be open on it. */
bool project_keep_store(struct project *project, struct err *err);
struct store_place project_store_place(struct project *project); /* for who opens one himself */
void project_close(struct project *project);

/* A bundle: --bundle FILE, or --model REFERENCE of the registry, by default the champion. `version`
 * is zeroed for a file. */
bool project_load_bundle(struct project *project, const char *file, const char *reference,
                         struct bundle *bundle, struct version *version, struct err *err);

/* The version that `reference` means, opening the store when it is not; texts are in the arena. */
bool project_load_version(struct project *project, const char *reference, struct arena *arena,
                          struct bundle *bundle, struct version *version, struct err *err);

/* False: says so, and how one is made. */
bool project_no_champion(const struct project *project, struct err *err);

/* ERR_GATE when signatures are required and no trusted key vouches for the version. */
bool project_vouched(struct project *project, const struct version *version, struct err *err);

/* After a command that wrote: signs the audit log when it is time to, or `now`. */
bool project_checkpoint(struct project *project, bool now, struct err *err);

/* Who is at the keyboard, for the registry. */
const char *project_actor(void);

#endif
