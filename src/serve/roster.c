#include "serve/roster.h"

#include "store/client.h"

static_assert(ROSTER_NAME_SIZE == CLIENT_NAME_MAX + 1, "a name and its NUL");

/* Twice as many places as there are slots, and a power of two. An index holds a slot's number and
 * one; 0 is a place that is free. */
enum { NAME_PLACES = 2 * ROSTER_CLIENTS_MAX, KEY_PLACES = 2 * ROSTER_KEYS_MAX };

static void *zeroed(size_t size, size_t count, size_t alignment)
{
    void *bytes = aligned_alloc(alignment, size * count);
    assert(bytes != NULL);
    return memset(bytes, 0, size * count);
}

void roster_open(struct roster *roster)
{
    *roster = (struct roster){
        .client = zeroed(sizeof *roster->client, ROSTER_CLIENTS_MAX, 64),
        .key = zeroed(sizeof *roster->key, ROSTER_KEYS_MAX, 64),
        .name_index = zeroed(sizeof *roster->name_index, NAME_PLACES, 64),
        .key_index = zeroed(sizeof *roster->key_index, KEY_PLACES, 64),
    };
}

void roster_close(struct roster *roster)
{
    free(roster->client);
    free(roster->key);
    free(roster->name_index);
    free(roster->key_index);
    *roster = (struct roster){0};
}

/* ---------------------------------------------------------------- reading */

/* Numbers of rows follow each other: multiplied, they spread. */
static size_t place_of(int64_t id)
{
    return (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

const struct roster_key *roster_key(const struct roster *roster, int64_t id)
{
    for (size_t i = 0; i < KEY_PLACES; i++) {
        atomic_uint *place = &roster->key_index[(place_of(id) + i) % KEY_PLACES];
        unsigned slot = atomic_load_explicit(place, memory_order_acquire);
        if (slot == 0)
            return NULL;
        if (roster->key[slot - 1].id == id)
            return &roster->key[slot - 1];
    }
    return NULL;
}

struct roster_client *roster_client(const struct roster *roster, struct view name)
{
    size_t start = (size_t)view_hash(name);
    for (size_t i = 0; i < NAME_PLACES; i++) {
        atomic_uint *place = &roster->name_index[(start + i) % NAME_PLACES];
        unsigned slot = atomic_load_explicit(place, memory_order_acquire);
        if (slot == 0)
            return NULL;
        if (view_is(name, roster->client[slot - 1].name))
            return &roster->client[slot - 1];
    }
    return NULL;
}

uint32_t roster_position(const struct roster *roster, const struct roster_client *client)
{
    return (uint32_t)(client - roster->client);
}

/* ---------------------------------------------------------------- writing */

static void publish(atomic_uint *index, size_t places, size_t start, unsigned slot)
{
    size_t i = start % places;
    while (atomic_load_explicit(&index[i], memory_order_relaxed) != 0)
        i = (i + 1) % places;
    atomic_store_explicit(&index[i], slot + 1, memory_order_release);
}

static void set_terms(struct roster_client *slot, const struct client *client)
{
    struct limiter_pace pace = limiter_pace_of(client->terms.rate_milli, client->terms.burst);
    atomic_store_explicit(&slot->scopes, client->terms.scopes, memory_order_relaxed);
    atomic_store_explicit(&slot->interval_ns, pace.interval_ns, memory_order_relaxed);
    atomic_store_explicit(&slot->ahead_ns, pace.ahead_ns, memory_order_relaxed);
    atomic_store_explicit(&slot->quota_day, client->terms.quota_day, memory_order_relaxed);
    atomic_store_explicit(&slot->revoked, client->revoked_ms != 0, memory_order_relaxed);
}

static bool take_client(struct roster *roster, const struct client *client)
{
    struct view name = client->terms.name;
    struct roster_client *slot = roster_client(roster, name);
    if (slot == NULL && (client->revoked_ms != 0 || name.length > CLIENT_NAME_MAX))
        return true;
    if (slot != NULL) {
        set_terms(slot, client);
        return true;
    }
    if (roster->clients == ROSTER_CLIENTS_MAX)
        return false;
    slot = &roster->client[roster->clients];
    slot->id = client->id;
    memcpy(slot->name, name.text, name.length);
    set_terms(slot, client);
    publish(roster->name_index, NAME_PLACES, (size_t)view_hash(name), roster->clients++);
    return true;
}

static void set_key(struct roster_key *slot, const struct client_key *key)
{
    int64_t expires_ms = key->expires_ms == 0 ? INT64_MAX : key->expires_ms;
    atomic_store_explicit(&slot->expires_ms, expires_ms, memory_order_relaxed);
    atomic_store_explicit(&slot->revoked, key->revoked_ms != 0, memory_order_relaxed);
}

static struct roster_client *owner_of(const struct roster *roster, const struct client *clients,
                                      size_t count, int64_t id)
{
    for (size_t low = 0; low < count;) { /* ordered by id */
        size_t middle = low + (count - low) / 2;
        if (clients[middle].id == id)
            return roster_client(roster, clients[middle].terms.name);
        if (clients[middle].id < id)
            low = middle + 1;
        else
            count = middle;
    }
    return NULL;
}

static bool take_key(struct roster *roster, const struct client_key *key,
                     struct roster_client *owner, int64_t now_ms)
{
    const struct roster_key *known = roster_key(roster, key->id);
    bool past = key->revoked_ms != 0 || (key->expires_ms != 0 && key->expires_ms <= now_ms);
    if (known != NULL) {
        set_key(&roster->key[known - roster->key], key);
        return true;
    }
    if (past || owner == NULL)
        return true;
    if (roster->keys == ROSTER_KEYS_MAX)
        return false;
    struct roster_key *slot = &roster->key[roster->keys];
    slot->id = key->id;
    slot->client = owner;
    slot->hash = key->hash;
    set_key(slot, key);
    publish(roster->key_index, KEY_PLACES, place_of(key->id), roster->keys++);
    return true;
}

bool roster_update(struct roster *roster, const struct client *clients, size_t client_count,
                   const struct client_key *keys, size_t key_count, int64_t now_ms, struct err *err)
{
    bool fits = true;
    for (size_t i = 0; i < client_count; i++)
        fits = take_client(roster, &clients[i]) && fits;
    for (size_t i = 0; i < key_count; i++)
        fits = take_key(roster, &keys[i],
                        owner_of(roster, clients, client_count, keys[i].client_id), now_ms) &&
               fits;
    return fits || err_set(err, ERR_LIMIT,
                           "there are more than %d clients or %d keys since the server was "
                           "started: start it again to forget those that are revoked",
                           ROSTER_CLIENTS_MAX, ROSTER_KEYS_MAX);
}
