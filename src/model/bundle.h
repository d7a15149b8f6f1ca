/*
 * bundle: one versioned unit, everything a decision needs, in one file.
 *
 * The file is a POSIX tar (ustar) written in one canonical way, so that
 * `tar tf` lists it and Python reads model.json or model.ubj out of it, and its
 * SHA-256 is its name. Its members, in order:
 *
 *     manifest.json     format, project, algorithm, and every part's size and SHA-256
 *     schema.json       columns                    (data/schema.h)
 *     plan.json         features                   (feature/plan.h)
 *     model.ubj | .json the forest, XGBoost's own  (model/xgboost.h)
 *     policy.json       threshold and calibrator   (model/policy.h)
 *     golden.json       records with the margins and contributions they must have
 *     papers            what it earned, and from what; read by people     (model/papers.def)
 *     seal              SHA-256 of every byte before it
 *
 * Loading checks the seal, the canonical form and every part's digest, parses
 * each part strictly, and scores the golden records: any difference beyond
 * RULINGS' tolerances refuses the bundle. Nothing in it is executable.
 */
#ifndef MODEL_BUNDLE_H
#define MODEL_BUNDLE_H

#include "base/digest.h"
#include "feature/plan.h"
#include "model/engine.h"
#include "model/policy.h"

enum { BUNDLE_FORMAT = 1, BUNDLE_SIZE_MAX = 1 << 30, BUNDLE_GOLDEN_MAX = 256 };

enum paper {
#define PAPER(name) PAPER_##name,
#include "model/papers.def"
#undef PAPER
    PAPERS,
};
const char *paper_name(enum paper paper); /* "evaluation" */

struct bundle {
    struct arena arena; /* owns everything below */
    struct digest digest;
    struct view project;
    struct view algorithm;
    struct schema schema;
    struct plan plan;
    struct forest forest;
    struct engine engine; /* the same forest, compiled for this machine */
    struct policy policy;
    struct view paper[PAPERS]; /* each a JSON object, or empty */
    struct view model;         /* the forest's own bytes */
    size_t golden_count;
};

/* What goes in. Texts are JSON documents as they will stand in the file. */
struct bundle_parts {
    struct view project, algorithm;
    const struct schema *schema;
    const struct plan *plan;
    struct view model; /* XGBoost JSON or UBJ */
    struct policy policy;
    const struct record *golden; /* records whose margins are computed here */
    size_t golden_count;
    struct view paper[PAPERS]; /* empty: no such part */
};

/* The file's bytes, in the arena. The parts are read back and self-tested before it returns. */
bool bundle_seal(const struct bundle_parts *parts, struct arena *arena, struct view *out,
                 struct err *err);

/* `bytes` must outlive the bundle unless they are in its arena. Zeroed `bundle` in, ready out;
 * on failure there is nothing to release. ERR_MODEL says what is wrong and where. */
bool bundle_open(struct bundle *bundle, struct view bytes, struct err *err);
bool bundle_load(struct bundle *bundle, const char *path, struct err *err);
void bundle_release(struct bundle *bundle);

#endif
