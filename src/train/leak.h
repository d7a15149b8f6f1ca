/*
 * leak: what in the past would make a model look better than it is.
 *
 * Each kind of leak is a row of train/leaks.def: a name, what to do about it,
 * and a function that looks for it and says what it measured. `assay check` and
 * the audit step go through the table:
 *
 *     struct leaks leaks;
 *     if (!leaks_find(&leaks, &prepared, config, &arena, &err)) ...
 *     for (size_t i = 0; i < leaks.count; i++)          the worst first
 *         print(leaks.finding[i].level, leaks.finding[i].text);
 *
 * A finding of level LEAK_ERROR stops training unless assay.yaml accepts it by
 * name, `audit: {accept: [id_feature:policy_id]}`: then it is kept, and said to
 * be accepted, in everything that is written about the model.
 */
#ifndef TRAIN_LEAK_H
#define TRAIN_LEAK_H

#include "base/json.h"
#include "base/text.h"
#include "train/prepared.h"

enum leak_level { LEAK_NOTE, LEAK_WARNING, LEAK_ERROR };

struct leak;

struct leak_finding {
    const struct leak *leak;
    enum leak_level level;
    struct view subject; /* the column or file; empty when it is the whole past */
    double value;        /* what was measured: a share, an AUC, a factor */
    struct view text;    /* one line for people, with the value in words */
    bool accepted;
};

struct leaks {
    const struct prepared *prepared;
    struct arena *arena;
    struct leak_finding *finding;
    size_t count, room;

    /* Of up to LEAK_ROWS_MAX training rows at even distances: features by column, and labels. */
    const float *feature;
    const uint8_t *label;
    size_t rows;
    /* Of every row: what all its features and its label come to. */
    const uint64_t *hash;
};

enum { LEAK_ROWS_MAX = 200 * 1000 };

struct leak {
    const char *name;
    const char *about;
    const char *remedy;
    bool (*look)(struct leaks *leaks, const struct leak *leak, struct err *err);
};

#define LEAK(name) extern const struct leak leak_##name;
#include "train/leaks.def"
#undef LEAK

extern const struct leak *const leak_table[];
extern const size_t leak_table_count;

bool leaks_find(struct leaks *leaks, const struct prepared *prepared, const struct config *config,
                struct arena *arena, struct err *err);

/* For the rows of the table. `text` lives in the leaks' arena. */
PRINTF(7, 8)
bool leak_add(struct leaks *leaks, const struct leak *leak, enum leak_level level,
              struct view subject, double value, struct err *err, const char *fmt, ...);

/* The worst first; after something was added. */
void leaks_rank(struct leaks *leaks);

const char *leak_level_name(enum leak_level level);
size_t leaks_unaccepted(const struct leaks *leaks); /* errors that stop training */
void leaks_write(const struct leaks *leaks, struct json *json);

#endif
