/*
 * client: who may ask the server what, and the keys by which they are known.
 *
 * A client has a name, scopes (client_scopes.def), a rate and a quota. It shows
 * a key, "assay_<id>_<64 hex digits>": the number finds the row, the digits are
 * 32 random bytes of which only the SHA-256 is kept, so that a key is seen once,
 * when it is made. A client known by its certificate needs none. A name means
 * one client for ever: what is revoked keeps it.
 *
 *     struct client_key_text key;
 *     struct client_terms terms = {.name = VIEW("till-7"), .scopes = CLIENT_SCORE};
 *     if (!client_add(&store, &terms, expires_ms, actor, &key, err)) ...
 *     printf("%s\n", key.text);
 *
 * Every change is one transaction with its event in the audit log.
 */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include "store/store.h"

enum client_scope_index {
#define CLIENT_SCOPE(id, name, about) CLIENT_SCOPE_##id,
#include "store/client_scopes.def"
#undef CLIENT_SCOPE
    CLIENT_SCOPES,
};

enum client_scope {
#define CLIENT_SCOPE(id, name, about) CLIENT_##id = 1 << CLIENT_SCOPE_##id,
#include "store/client_scopes.def"
#undef CLIENT_SCOPE
};

enum { CLIENT_NAME_MAX = 128, CLIENT_SCOPES_SIZE = 64 };

/* Bounds of what client_add takes. */
#define CLIENT_RATE_MILLI_MAX INT64_C(1000000000) /* a million requests a second */
#define CLIENT_BURST_MAX      INT64_C(1000000)
#define CLIENT_QUOTA_MAX      INT64_C(1000000000000) /* a day */

struct client_terms {
    struct view name;   /* a letter, then letters, digits and . _ @ : / - */
    unsigned scopes;    /* of enum client_scope, at least one */
    int64_t rate_milli; /* requests in a thousand seconds; 0: no bound */
    int64_t burst;      /* requests that may come at once; with a rate, at least 1 */
    int64_t quota_day;  /* requests in a day of UTC; 0: no bound */
};

struct client {
    int64_t id;
    struct client_terms terms;
    int64_t created_ms;
    int64_t revoked_ms; /* 0: in force */
};

struct client_key {
    int64_t id, client_id;
    struct digest hash; /* of its secret */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    int64_t revoked_ms; /* 0: not */
};

struct client_key_text {
    int64_t id;
    char text[96];
};

/* "score,label". Parsing is ERR_USAGE that lists what there is; printing never fails. */
bool client_scopes_parse(struct view list, unsigned *out, struct err *err);
const char *client_scopes_print(unsigned scopes, char out[CLIENT_SCOPES_SIZE]); /* returns out */

/* A new client, with a key unless `key` is NULL. `expires_ms` is the key's, 0: never. ERR_CONFLICT:
 * the name is taken. */
bool client_add(struct store *store, const struct client_terms *terms, int64_t expires_ms,
                const char *actor, struct client_key_text *key, struct err *err);

/* One more key; those before it expire after `grace_ms`, if they did not earlier. */
bool client_rotate(struct store *store, struct view name, int64_t grace_ms, int64_t expires_ms,
                   const char *actor, struct client_key_text *key, struct err *err);

/* A client with all its keys, by name; or one key, by its number. ERR_CONFLICT: revoked already. */
bool client_revoke(struct store *store, struct view reference, const char *actor, struct err *err);

/* All of them, revoked ones too, in the order they were made. Texts are in the arena. */
bool client_list(struct store *store, struct arena *arena, struct client **out, size_t *count,
                 struct err *err);
bool client_list_keys(struct store *store, struct arena *arena, struct client_key **out,
                      size_t *count, struct err *err);

/* What a key's text says: its number, and the hash that the row should have. False: no key. */
bool client_key_parse(struct view text, int64_t *id, struct digest *hash);

/* In a time that does not depend on where they differ. */
bool client_hash_same(const struct digest *a, const struct digest *b);

#endif
