/*
 * store: the one directory where everything persistent lives, unless the registry is
 * on a PostgreSQL server.
 *
 *     assay.db            the registry: runs, versions, aliases; or they are on a server
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

/* Where its parts are. What is NULL or "" is in the directory. */
struct store_place {
    const char *dir;
    const char *database; /* postgresql://... */
};

bool store_open_place(struct store *store, const struct store_place *place, struct err *err);
bool store_open(struct store *store, const char *dir, struct err *err); /* all in one directory */
void store_close(struct store *store);

/* Bundles by digest. Putting one that is there already is fine; what is read back is checked. */
const char *store_bundle_path(const struct store *store, const struct digest *digest,
                              struct arena *arena);
bool store_put_bundle(struct store *store, struct view bytes, struct digest *out, struct err *err);

#endif
