/*
 * trust: signatures of bundles and of the audit log, and whose are believed.
 *
 * A bundle is signed by its digest, the audit log by its last event's number and hash:
 *
 *     "assay bundle sha256 <64 hex digits>\n"          "assay audit <seq> <64 hex digits>\n"
 *
 * so that `openssl pkeyutl -verify -rawin` says the same as we do. Signatures of a version are in
 * the registry, beside the bundle; a checkpoint is an event of the log itself. Both name their key,
 * and count only when it is one of `sign.trusted`.
 *
 *     CLEANUP(trust_close) struct trust trust = {0};
 *     if (!trust_open(&trust, config, err) || !trust_sign(&trust, store, &version, actor,
 * err)) return false;
 */
#ifndef STORE_TRUST_H
#define STORE_TRUST_H

#include "base/signature.h"
#include "data/config.h"
#include "store/registry.h"

enum { TRUSTED_MAX = 64 };

struct trust {
    struct signing_key key;                 /* ours; its handle is NULL when sign.key names none */
    struct public_key trusted[TRUSTED_MAX]; /* sign.trusted, and our own */
    size_t count;
    bool required;  /* sign.required: what nobody vouches for is not put in force */
    uint64_t every; /* events between two checkpoints */
};

/* Reads the public keys: those of sign.trusted, and FILE.pub beside the FILE of sign.key when it is
 * there. To check, nobody needs the private one. */
bool trust_open(struct trust *trust, const struct config *config, struct err *err);
/* And the private key of sign.key, if it names one. */
bool trust_open_to_sign(struct trust *trust, const struct config *config, struct err *err);
void trust_close(struct trust *trust);

/* Signs the version with our key, if there is one and it has not yet. One transaction with its
 * event. */
bool trust_sign(const struct trust *trust, struct store *store, const struct version *version,
                const char *actor, struct err *err);

/* How many trusted keys vouch for it. ERR_STORE: a signature that does not hold, whoever's. */
bool trust_check(const struct trust *trust, struct store *store, const struct version *version,
                 size_t *vouched, struct err *err);
/* The same; ERR_GATE when signatures are required and it has none that is trusted. */
bool trust_demand(const struct trust *trust, struct store *store, const struct version *version,
                  struct err *err);

/* Signs the log as it stands when `every` events have come since the last checkpoint, or `now`.
 * Without a key nothing happens. */
bool trust_checkpoint(const struct trust *trust, struct store *store, bool now, const char *actor,
                      struct err *err);

/* Every checkpoint holds, and names the events before it as they are. ERR_STORE names the first
 * that does not. `trusted` counts those whose key is. */
struct checkpoints {
    uint64_t count, trusted;
    int64_t last_seq; /* covered by the last trusted one; 0: none */
};
bool trust_check_log(const struct trust *trust, struct store *store, struct checkpoints *out,
                     struct err *err);

#endif
