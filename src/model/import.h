/*
 * import: a model out of a file that somebody else's program saved.
 *
 * Each format is a row of model/imports.def: a file says whether some bytes are
 * its own, and reads them into a forest with what came along: feature names, a
 * scaler, a threshold.
 *
 *     struct imported model;
 *     if (!import_read(bytes, &arena, &model, &err) ||
 *         !import_companion(VIEW("scaler.joblib"), scaler, &arena, &model, &err))
 *         ...
 *
 * Nothing in a file is ever executed. What is packed (gzip, zlib, a tar with
 * one model in it) is unpacked first, up to a ceiling. ERR_MODEL: damaged, or
 * refused by name with the remedy; ERR_LIMIT: past a ceiling.
 *
 * A foreign forest is written so that our walk gives its scores: averages and
 * base values stand in its leaves, its objective is binary:logistic or
 * reg:squarederror with a margin that starts at 0 (grove.h, forest.h).
 */
#ifndef MODEL_IMPORT_H
#define MODEL_IMPORT_H

#include "base/err.h"
#include "model/forest.h"

enum { IMPORT_SIZE_MAX = 1 << 30 }; /* of a file, and of what is unpacked from one */

struct imported {
    struct view kind;  /* "sklearn.ensemble.RandomForestClassifier 1.7.2", for people */
    struct view model; /* XGBoost's own bytes, when it is XGBoost's format already; else empty */
    struct forest forest;
    const struct view *feature_name; /* by feature, or NULL */
    const double *mean, *scale;      /* by feature: (x - mean) / scale comes first; NULL: nothing */
    double threshold;                /* fraud from this score on; NaN: the file says none */
    bool missing_refused;            /* trained without missing values, and refuses them */
    struct view notes;               /* what was looked into and stepped over, for people */
};

/* A row of the table imports.def. */
struct importer {
    const char *name;
    const char *about;
    bool (*is)(struct view bytes); /* by the first bytes; the rows are asked in their order */
    /* Fills a struct that is zero but for threshold, NaN. May keep views into the bytes. */
    bool (*read)(struct view bytes, struct arena *arena, struct imported *out, struct err *err);
};

#define IMPORT(name) extern const struct importer importer_##name;
#include "model/imports.def"
#undef IMPORT

extern const struct importer *const importers[];
extern const size_t importers_count;

/* `bytes` must live as long as the arena: forests and names may point into them. */
bool import_read(struct view bytes, struct arena *arena, struct imported *out, struct err *err);

/* A file that stands beside the model: a StandardScaler, a threshold, or an object or dict that
 * holds them one level down. A number is a threshold only if the file's name says so. Adds to
 * `model`; on failure it is as it was. */
bool import_companion(struct view name, struct view bytes, struct arena *arena,
                      struct imported *model, struct err *err);

#endif
