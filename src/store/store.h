/*
 * store: the one directory where everything persistent lives.
 *
 *     assay.db            the registry: runs, versions, aliases
 *     bundles/            bundles, each a file named by its SHA-256
 *     work/               what the steps of training left, by the digest of their inputs
 *
 * Opening makes what is not there and brings the database to this program's
 * schema, one migration a transaction. A database of a newer program is refused.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/digest.h"
#include "store/db.h"

struct store {
    struct arena arena; /* paths */
    const char *dir;
    struct db db;
};

bool store_open(struct store *store, const char *dir, struct err *err);
void store_close(struct store *store);

/* Bundles by digest. Putting one that is there already is fine; what is read back is checked. */
const char *store_bundle_path(const struct store *store, const struct digest *digest,
                              struct arena *arena);
bool store_put_bundle(struct store *store, struct view bytes, struct digest *out, struct err *err);

#endif
