/*
 * roster: the clients and keys that the server knows, in memory, without a lock.
 *
 * One thread writes, every worker reads. Slots are only ever added: what a
 * reader was given stays where it is until the roster is closed, and what may
 * change in a slot (revoked, expires, terms) is an atomic of its own. A slot is
 * filled before an index leads to it.
 *
 *     roster_update(&roster, clients, client_count, keys, key_count, now_ms, err);
 *     const struct roster_key *key = roster_key(&roster, id);
 *     struct roster_client *client = roster_client(&roster, name);
 */
#ifndef SERVE_ROSTER_H
#define SERVE_ROSTER_H

#include "base/digest.h"
#include "serve/limiter.h"

struct client;
struct client_key;

enum { ROSTER_CLIENTS_MAX = 4096, ROSTER_KEYS_MAX = 16384, ROSTER_NAME_SIZE = 129 };

struct roster_client {
    _Alignas(64) struct limiter limiter; /* the workers write it: a line of its own */
    _Alignas(64) int64_t id;
    char name[ROSTER_NAME_SIZE];
    atomic_uint scopes;
    atomic_bool revoked;
    _Atomic int64_t interval_ns, ahead_ns, quota_day;
};

struct roster_key {
    int64_t id;
    struct roster_client *client;
    struct digest hash;
    atomic_bool revoked;
    _Atomic int64_t expires_ms; /* INT64_MAX: never */
};

struct roster {
    struct roster_client *client;
    struct roster_key *key;
    uint32_t clients, keys; /* the writer's */
    atomic_uint *name_index, *key_index;
};

void roster_open(struct roster *roster);
void roster_close(struct roster *roster); /* nobody reads any more; safe on a zeroed struct */

/* What the store says now. Rows that are revoked or expired and were never known are left out.
 * ERR_LIMIT: there are more than fit; those that do are up to date. */
bool roster_update(struct roster *roster, const struct client *clients, size_t client_count,
                   const struct client_key *keys, size_t key_count, int64_t now_ms,
                   struct err *err);

const struct roster_key *roster_key(const struct roster *roster, int64_t id);       /* or NULL */
struct roster_client *roster_client(const struct roster *roster, struct view name); /* or NULL */

/* In force: 0 ..; the position is the same as long as the roster is open. */
uint32_t roster_position(const struct roster *roster, const struct roster_client *client);

#endif
