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
#include "store/objects.h"

struct store {
    struct arena arena; /* paths */
    const char *dir;
    struct db db;
    struct objects bundles;
    bool bundles_elsewhere; /* DIR/bundles holds copies of those that were read */
};

/* Where its parts are. What is NULL or "" is in the directory. */
struct store_place {
    const char *dir;
    const char *database; /* postgresql://... */
    struct objects_place bundles;
};

bool store_open_place(struct store *store, const struct store_place *place, struct err *err);
bool store_open(struct store *store, const char *dir, struct err *err); /* all in one directory */
void store_close(struct store *store);

/* Bundles by digest. Putting one that is there already is fine, and heals one that was damaged. */
bool store_put_bundle(struct store *store, struct view bytes, struct digest *out, struct err *err);
bool store_has_bundle(struct store *store, const struct digest *digest, bool *out, struct err *err);

/* A file to read it from: the bundle itself, which its reader checks, or a copy, which was checked.
 * ERR_NOT_FOUND; ERR_MODEL when what came from elsewhere has another digest. */
bool store_get_bundle(struct store *store, const struct digest *digest, struct arena *arena,
                      const char **out, struct err *err);

/* Held while work/ is written or cleared; `fd` is -1 before, and closed it is given up.
 * ERR_CONFLICT: somebody else has it. */
bool store_lock_work(const struct store *store, int *fd, struct err *err);

#endif
