/* versions: versions of the registry for tests that need some. */
#ifndef TESTS_STORE_VERSIONS_H
#define TESTS_STORE_VERSIONS_H

#include "harness.h"
#include "store/registry.h"

static inline void add_version(struct store *store, const char *seed, struct arena *arena)
{
    struct version wanted = {.project = VIEW("p"),
                             .algorithm = VIEW("xgboost"),
                             .metrics = VIEW("{}")},
                   out;
    struct err err = {0};
    bool known;
    WORKS(store_put_bundle(store, view_of(seed), &wanted.bundle, &err), err);
    WORKS(registry_add(store, &wanted, "ann", arena, &out, &known, &err), err);
}

/* FRESH_STORE (ground.h) with versions 1 and 2. */
#define STORE_OF_TWO(store, name)                                                                  \
    FRESH_STORE(store, name);                                                                      \
    add_version(&store, "one", &arena);                                                            \
    add_version(&store, "two", &arena)

#endif
