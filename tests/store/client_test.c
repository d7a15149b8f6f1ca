#include "store/client.h"

#include "base/clock.h"
#include "ground.h"
#include "store/audit.h"

static struct client_terms terms_of(const char *name)
{
    return (struct client_terms){.name = view_of(name),
                                 .scopes = CLIENT_SCORE | CLIENT_LABEL,
                                 .rate_milli = 1500,
                                 .burst = 3,
                                 .quota_day = 10};
}

static struct client_key_text add(struct store *store, const char *name, int64_t expires_ms)
{
    struct client_key_text key = {0};
    struct client_terms terms = terms_of(name);
    struct err err = {0};
    WORKS(client_add(store, &terms, expires_ms, "ann", &key, &err), err);
    return key;
}

static struct client_key key_at(struct store *store, struct arena *arena, size_t index)
{
    struct client_key *key;
    size_t count;
    struct err err = {0};
    WORKS(client_list_keys(store, arena, &key, &count, &err), err);
    TRUE(index < count);
    return key[index];
}

/* Its views last until the reader is closed. */
static struct audit_event event_at(struct store *store, int64_t seq, struct audit_reader *reader)
{
    struct audit_event event;
    struct err err = {0};
    audit_close(reader);
    WORKS(audit_read(store, seq, reader, &err), err);
    WORKS(audit_next(reader, &event, &err), err);
    return event;
}

ON_BOTH(a_client_keeps_its_terms_and_of_its_key_only_the_hash)
{
    FRESH_STORE(store, "client_add");
    struct client_key_text made = add(&store, "till-7", 5000);
    struct client *client;
    size_t count;
    int64_t id;
    struct digest hash;
    WORKS(client_list(&store, &arena, &client, &count, &err), err);
    SAME(count, 1);
    TEXT(client[0].terms.name, "till-7");
    SAME(client[0].terms.scopes, CLIENT_SCORE | CLIENT_LABEL);
    SAME(client[0].terms.rate_milli, 1500);
    SAME(client[0].terms.burst, 3);
    SAME(client[0].terms.quota_day, 10);
    SAME(client[0].revoked_ms, 0);
    struct client_key key = key_at(&store, &arena, 0);
    TRUE(client_key_parse(view_of(made.text), &id, &hash));
    SAME(id, key.id);
    SAME(key.id, made.id);
    SAME(key.client_id, client[0].id);
    SAME(key.expires_ms, 5000);
    TRUE(client_hash_same(&hash, &key.hash));
    char hex[DIGEST_HEX_SIZE];
    TRUE(strstr(made.text, digest_print(&key.hash, hex)) == NULL);
}

ON_BOTH(two_keys_are_never_the_same)
{
    FRESH_STORE(store, "client_draw");
    struct client_key_text one = add(&store, "a", 0), other = add(&store, "b", 0);
    TRUE(other.id > one.id);
    TRUE(strcmp(strrchr(one.text, '_'), strrchr(other.text, '_')) != 0);
}

ON_BOTH(after_a_rotation_two_keys_are_good_until_the_grace_is_over)
{
    FRESH_STORE(store, "client_rotate");
    struct client_key_text first = add(&store, "a", 0), second;
    int64_t before = clock_now_ms();
    WORKS(client_rotate(&store, VIEW("a"), 60000, 0, "ann", &second, &err), err);
    TRUE(second.id != first.id);
    struct client_key old = key_at(&store, &arena, 0), new = key_at(&store, &arena, 1);
    TRUE(old.expires_ms >= before + 60000 && old.expires_ms <= clock_now_ms() + 60000);
    SAME(old.revoked_ms, 0);
    SAME(new.expires_ms, 0);
    SAME(new.client_id, old.client_id);
}

ON_BOTH(a_rotation_lengthens_no_key)
{
    FRESH_STORE(store, "client_shorten");
    struct client_key_text second;
    add(&store, "a", 5000);
    WORKS(client_rotate(&store, VIEW("a"), 60000, 0, "ann", &second, &err), err);
    SAME(key_at(&store, &arena, 0).expires_ms, 5000);
}

ON_BOTH(a_rotation_leaves_other_clients_alone)
{
    FRESH_STORE(store, "client_others");
    struct client_key_text second;
    add(&store, "a", 0);
    add(&store, "b", 0);
    WORKS(client_rotate(&store, VIEW("b"), 60000, 0, "ann", &second, &err), err);
    SAME(key_at(&store, &arena, 0).expires_ms, 0);
}

ON_BOTH(a_revoked_client_loses_all_keys_and_keeps_its_name)
{
    FRESH_STORE(store, "client_revoke");
    struct client_key_text key;
    struct client_terms terms = terms_of("a");
    add(&store, "a", 0);
    add(&store, "b", 0);
    WORKS(client_rotate(&store, VIEW("a"), 60000, 0, "ann", &key, &err), err);
    WORKS(client_revoke(&store, VIEW("a"), "bob", &err), err);
    TRUE(key_at(&store, &arena, 0).revoked_ms > 0);
    SAME(key_at(&store, &arena, 1).revoked_ms, 0);
    TRUE(key_at(&store, &arena, 2).revoked_ms > 0);
    FAILS(client_revoke(&store, VIEW("a"), "bob", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(client_rotate(&store, VIEW("a"), 0, 0, "bob", &key, &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(client_add(&store, &terms, 0, "bob", &key, &err), err, ERR_CONFLICT);
    SAYS(err, "a name means one client for ever");
}

ON_BOTH(one_key_is_revoked_by_its_number_alone)
{
    FRESH_STORE(store, "client_revoke_key");
    struct client_key_text key;
    char number[32];
    add(&store, "a", 0);
    WORKS(client_rotate(&store, VIEW("a"), 60000, 0, "ann", &key, &err), err);
    snprintf(number, sizeof number, "%lld", (long long)key.id);
    WORKS(client_revoke(&store, view_of(number), "bob", &err), err);
    SAME(key_at(&store, &arena, 0).revoked_ms, 0);
    TRUE(key_at(&store, &arena, 1).revoked_ms > 0);
    FAILS(client_revoke(&store, view_of(number), "bob", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    FAILS(client_revoke(&store, VIEW("4711"), "bob", &err), err, ERR_NOT_FOUND);
}

ON_BOTH(every_change_is_an_event_and_none_tells_a_secret)
{
    FRESH_STORE(store, "client_audit");
    CLEANUP(audit_close) struct audit_reader reader = {0};
    struct audit_summary summary;
    struct client_key_text key = add(&store, "a", 0);
    struct audit_event event = event_at(&store, 1, &reader);
    TEXT(event.action, "client add");
    TEXT(event.subject, "client a");
    TEXT(event.actor, "ann");
    TRUE(view_starts(event.payload, "{\"scopes\":\"score,label\",\"rate\":1.5,\"burst\":3,"));
    TRUE(memmem(event.payload.text, event.payload.length, strrchr(key.text, '_') + 1, 64) == NULL);
    WORKS(client_rotate(&store, VIEW("a"), 60000, 0, "bob", &key, &err), err);
    TEXT(event_at(&store, 2, &reader).action, "client rotate");
    WORKS(client_revoke(&store, VIEW("a"), "bob", &err), err);
    TEXT(event_at(&store, 3, &reader).action, "client revoke");
    WORKS(audit_verify(&store, (struct view){0}, &summary, &err), err);
    SAME(summary.events, 3);
}

ON_BOTH(terms_that_make_no_sense_are_refused)
{
    FRESH_STORE(store, "client_refused");
    static const char *const names[] = {"", "7", "a b", "a\"b", "-a", "a,b", "\xc3\xa4"};
    struct client_terms terms;
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        terms = terms_of(names[i]);
        FAILS(client_add(&store, &terms, 0, "ann", NULL, &err), err, ERR_USAGE);
        err = (struct err){0};
    }
    terms = terms_of("a"), terms.scopes = 0;
    FAILS(client_add(&store, &terms, 0, "ann", NULL, &err), err, ERR_USAGE);
    err = (struct err){0};
    terms = terms_of("a"), terms.burst = 0;
    FAILS(client_add(&store, &terms, 0, "ann", NULL, &err), err, ERR_USAGE);
    err = (struct err){0};
    terms = terms_of("a"), terms.rate_milli = -1;
    FAILS(client_add(&store, &terms, 0, "ann", NULL, &err), err, ERR_USAGE);
}

ON_BOTH(a_client_of_a_certificate_has_no_key)
{
    FRESH_STORE(store, "client_no_key");
    struct client_terms terms = terms_of("spiffe://bank/till@7");
    struct client_key *key;
    size_t count;
    WORKS(client_add(&store, &terms, 0, "ann", NULL, &err), err);
    WORKS(client_list_keys(&store, &arena, &key, &count, &err), err);
    SAME(count, 0);
}

TEST(scopes_are_read_and_written_by_name)
{
    struct err err = {0};
    char out[CLIENT_SCOPES_SIZE];
    unsigned scopes;
    WORKS(client_scopes_parse(VIEW("admin, score"), &scopes, &err), err);
    SAME(scopes, CLIENT_ADMIN | CLIENT_SCORE);
    TEXT(view_of(client_scopes_print(scopes, out)), "score,admin");
    FAILS(client_scopes_parse(VIEW("score,root"), &scopes, &err), err, ERR_USAGE);
    SAYS(err, "'root' is no scope; there are score,read,label,metrics,admin");
    err = (struct err){0};
    FAILS(client_scopes_parse(VIEW(""), &scopes, &err), err, ERR_USAGE);
}

TEST(what_is_no_key_is_refused_before_anybody_looks_it_up)
{
#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    struct digest hash, wanted = digest_of(VIEW(SECRET));
    int64_t id;
    TRUE(client_key_parse(VIEW("assay_12_" SECRET), &id, &hash));
    SAME(id, 12);
    TRUE(client_hash_same(&hash, &wanted));
    hash.bytes[31] ^= 1;
    TRUE(!client_hash_same(&hash, &wanted));
    static const char *const bad[] = {
        "",
        "assay_",
        "assay_12",
        "assay_12_",
        "assay__" SECRET,
        "assay_-1_" SECRET,
        "assay_0_" SECRET,
        "assay_012_" SECRET,
        "assay_1x_" SECRET,
        "assay_12_" SECRET "0",
        "assay_12_0" SECRET,
        "Assay_12_" SECRET,
        " assay_12_" SECRET,
        "assay_99999999999999999999_" SECRET,
        "assay_12_0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
    };
    for (size_t i = 0; i < LENGTH_OF(bad); i++)
        FAIL_UNLESS(!client_key_parse(view_of(bad[i]), &id, &hash), "'%s' is a key", bad[i]);
}
