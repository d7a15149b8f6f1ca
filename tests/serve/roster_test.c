#include "serve/roster.h"

#include "harness.h"
#include "store/client.h"

#include <pthread.h>

static const struct digest some_hash = {{1, 2, 3}};

static struct client client_of(int64_t id, const char *name)
{
    return (struct client){
        .id = id, .terms = {.name = view_of(name), .scopes = CLIENT_SCORE}, .created_ms = 1};
}

static struct client_key key_of(int64_t id, int64_t client)
{
    return (struct client_key){.id = id, .client_id = client, .hash = some_hash, .created_ms = 1};
}

#define ROSTER(name)                                                                               \
    CLEANUP(roster_close) struct roster name;                                                      \
    roster_open(&name);                                                                            \
    struct err err = {0}

TEST(clients_are_found_by_name_and_keys_by_number)
{
    ROSTER(roster);
    struct client clients[] = {client_of(3, "a"), client_of(7, "b")};
    struct client_key keys[] = {key_of(1, 7), key_of(2, 3), key_of(900, 3)};
    WORKS(roster_update(&roster, clients, 2, keys, 3, 100, &err), err);
    SAME(roster_client(&roster, VIEW("b"))->id, 7);
    TRUE(roster_client(&roster, VIEW("c")) == NULL);
    TRUE(roster_client(&roster, VIEW("")) == NULL);
    TRUE(roster_key(&roster, 1)->client == roster_client(&roster, VIEW("b")));
    TRUE(roster_key(&roster, 900)->client == roster_client(&roster, VIEW("a")));
    TRUE(client_hash_same(&roster_key(&roster, 2)->hash, &some_hash));
    TRUE(roster_key(&roster, 3) == NULL);
    SAME(roster_position(&roster, roster_client(&roster, VIEW("b"))), 1);
}

TEST(an_update_changes_what_is_known_where_it_is)
{
    ROSTER(roster);
    struct client one = client_of(1, "a");
    struct client_key key = key_of(5, 1);
    WORKS(roster_update(&roster, &one, 1, &key, 1, 100, &err), err);
    struct roster_client *client = roster_client(&roster, VIEW("a"));
    const struct roster_key *known = roster_key(&roster, 5);
    SAME(known->expires_ms, INT64_MAX);
    one.terms.scopes = CLIENT_READ, one.terms.quota_day = 9;
    one.terms.rate_milli = 2000, one.terms.burst = 4, one.revoked_ms = 50;
    key.expires_ms = 80, key.revoked_ms = 70;
    WORKS(roster_update(&roster, &one, 1, &key, 1, 100, &err), err);
    TRUE(roster_client(&roster, VIEW("a")) == client);
    TRUE(roster_key(&roster, 5) == known);
    SAME(client->scopes, CLIENT_READ);
    SAME(client->quota_day, 9);
    SAME(client->interval_ns, 500000000);
    SAME(client->ahead_ns, 2000000000);
    TRUE(client->revoked && known->revoked);
    SAME(known->expires_ms, 80);
}

TEST(what_was_past_before_it_was_known_takes_no_room)
{
    ROSTER(roster);
    struct client clients[] = {client_of(1, "a"), client_of(2, "b")};
    struct client_key keys[] = {key_of(1, 1), key_of(2, 1), key_of(3, 1), key_of(4, 99)};
    clients[1].revoked_ms = 5;
    keys[0].expires_ms = 100;
    keys[1].revoked_ms = 5;
    keys[2].expires_ms = 101;
    WORKS(roster_update(&roster, clients, 2, keys, 4, 100, &err), err);
    TRUE(roster_client(&roster, VIEW("b")) == NULL);
    TRUE(roster_key(&roster, 1) == NULL && roster_key(&roster, 2) == NULL);
    TRUE(roster_key(&roster, 3) != NULL);
    TRUE(roster_key(&roster, 4) == NULL); /* its client is not known yet */
    SAME(roster.clients, 1);
    SAME(roster.keys, 1);
}

TEST(more_keys_than_fit_are_refused_and_those_that_fit_are_good)
{
    ROSTER(roster);
    struct client one = client_of(1, "a");
    enum { COUNT = ROSTER_KEYS_MAX + 1 };
    struct client_key *keys = calloc(COUNT, sizeof *keys);
    for (int i = 0; i < COUNT; i++)
        keys[i] = key_of(i + 1, 1);
    FAILS(roster_update(&roster, &one, 1, keys, COUNT, 100, &err), err, ERR_LIMIT);
    for (int i = 0; i < ROSTER_KEYS_MAX; i++)
        FAIL_UNLESS(roster_key(&roster, i + 1) != NULL, "key %d", i + 1);
    TRUE(roster_key(&roster, COUNT) == NULL);
    free(keys);
}

enum { MANY = 2000 };

static void *look_up(void *roster_)
{
    const struct roster *roster = roster_;
    for (int64_t id = 1; id <= MANY;) {
        const struct roster_key *key = roster_key(roster, id);
        if (key == NULL)
            continue;
        TRUE(key->id == id && client_hash_same(&key->hash, &some_hash));
        TRUE(strcmp(key->client->name, "a") == 0 && key->client->scopes == CLIENT_SCORE);
        id++;
    }
    return NULL;
}

TEST(what_is_added_while_others_read_is_seen_whole_or_not_at_all)
{
    ROSTER(roster);
    struct client one = client_of(1, "a");
    CLEANUP(test_thread_join) struct test_thread reader = {0};
    test_thread_start(&reader, look_up, &roster);
    for (int i = 1; i <= MANY; i++) {
        struct client_key key = key_of(i, 1);
        WORKS(roster_update(&roster, &one, 1, &key, 1, 100, &err), err);
    }
}
