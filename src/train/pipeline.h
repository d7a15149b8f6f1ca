/*
 * pipeline: training as steps that know what they depend on.
 *
 * Each step is a row of train/steps.def. Before it runs, its inputs are
 * digested: the outputs of the steps it reads, the settings it obeys, the
 * program and the library. What it writes goes into work/<step>-<digest>, which
 * appears whole or not at all; when it is there already, the step is unchanged
 * and does not run again. So a run that was killed resumes where it stopped, and
 * a changed setting runs again just what depends on it.
 *
 * register and deploy change the registry instead of writing files, and are
 * safe to repeat.
 */
#ifndef TRAIN_PIPELINE_H
#define TRAIN_PIPELINE_H

#include "base/digest.h"
#include "base/text.h"
#include "data/config.h"
#include "store/registry.h"
#include "train/progress.h"

enum step_id {
#define STEP(name) STEP_ID_##name,
#include "train/steps.def"
#undef STEP
    STEP_COUNT,
};

/* What the champion's place asks of a version, and whether it has it. */
struct challenge_result {
    int64_t champion;  /* the version it met; 0: there was none to meet */
    bool may_replace;  /* it may take its place */
    bool worth_a_look; /* it may not, for lack of evidence alone */
    const char *text;  /* why, in a line */
};

struct pipeline {
    const struct config *config;
    struct store *store;
    const char *program; /* whose hidden command is the worker */
    const char *actor;
    struct progress progress;
    struct arena *arena; /* the job's */

    /* Of the steps so far. */
    const char *dir[STEP_COUNT]; /* where its outputs are */
    struct digest output[STEP_COUNT];
    bool unchanged[STEP_COUNT];
    int64_t run_id;
    struct digest build;               /* of the program: another one runs every step again */
    struct view library;               /* libxgboost's version */
    struct version version;            /* after register */
    struct challenge_result challenge; /* after challenge */
    bool champion;                     /* after deploy: the version is the champion */
};

struct step {
    const char *name;
    const char *about;
    bool writes; /* files, into its directory */
    /* What of its settings can be refused before anything runs; NULL: nothing. */
    bool (*check)(const struct config *config, struct err *err);
    /* Adds to the digest all that the outcome depends on. */
    bool (*inputs)(struct pipeline *pipeline, struct digester *digester, struct err *err);
    /* `dir` is empty and its own; `outcome` is a line for people. */
    bool (*run)(struct pipeline *pipeline, const char *dir, struct text *outcome, struct err *err);
};

#define STEP(name) extern const struct step step_##name;
#include "train/steps.def"
#undef STEP

extern const struct step *const steps[STEP_COUNT];
bool step_find(struct view name, enum step_id *out);

/* Every step's settings, before anything is read or trained. */
bool pipeline_check(const struct config *config, struct err *err);

/* Checks, then runs the steps up to and including `until`. One training at a time in a store: the
 * second is ERR_CONFLICT. A gate that refuses is ERR_GATE, and nothing after it happens. */
bool pipeline_run(struct pipeline *pipeline, enum step_id until, struct err *err);

/* Which libxgboost the worker opens, asked of it once: pipeline->library. */
bool pipeline_library(struct pipeline *pipeline, struct err *err);

/* For the steps: how far they are, and a file of an earlier step. */
void pipeline_part(const struct pipeline *pipeline, enum step_id step, const char *text,
                   uint64_t done, uint64_t total);
const char *pipeline_file(const struct pipeline *pipeline, enum step_id step, const char *name);

#endif
