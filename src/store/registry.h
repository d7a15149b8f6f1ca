/*
 * registry: versions of the model, and which of them is in force.
 *
 * A version is a contiguous number, a name made of the time it was registered
 * (vYYYYMMDD_HHMMSS, with _2, _3 for the next ones of one second), and the
 * digest of a bundle. Versions are never changed or deleted. An alias, champion
 * or challenger, points to one; it moves by compare-and-swap, so of two that
 * want to move it from the same place one is told ERR_CONFLICT.
 */
#ifndef STORE_REGISTRY_H
#define STORE_REGISTRY_H

#include "store/store.h"

enum { VERSION_NAME_SIZE = 32 };

enum version_origin { VERSION_TRAINED, VERSION_IMPORTED };

struct version {
    int64_t number;
    struct view name;
    struct digest bundle;
    struct view project, algorithm;
    enum version_origin origin;
    int64_t run_id; /* 0: none */
    int64_t created_ms;
    struct view metrics; /* a JSON object: metric to value */
};

const char *version_origin_name(enum version_origin origin);

/* Number, name and time are given here; the rest is the caller's. Texts of `out` are in the arena.
 * When a version has this bundle already, `out` is that one and `known` is true: of several that
 * add one bundle at once, one adds and the others find it. */
bool registry_add(struct store *store, const struct version *wanted, const char *actor,
                  struct arena *arena, struct version *out, bool *known, struct err *err);

/* Oldest first. */
bool registry_list(struct store *store, struct arena *arena, struct version **out, size_t *count,
                   struct err *err);

/* By number, name, alias, or the first 8 or more digits of the bundle's digest. ERR_NOT_FOUND. */
bool registry_find(struct store *store, struct view reference, struct arena *arena,
                   struct version *out, struct err *err);

/* 0: the alias points nowhere yet. */
bool alias_get(struct store *store, const char *name, int64_t *number, struct err *err);
/* The swap alone, inside a transaction: store/governance.h decides, remembers and tells. */
bool alias_move(struct store *store, const char *name, int64_t from, int64_t to, const char *actor,
                struct err *err);

/* The alias points nowhere, if it pointed to `number`. Inside a transaction. */
bool alias_leave(struct store *store, const char *name, int64_t number, struct err *err);

#endif
