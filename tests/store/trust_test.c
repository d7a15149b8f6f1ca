#include "store/trust.h"

#include "ground.h"
#include "store/audit.h"

static struct version add_version(struct store *store, struct arena *arena)
{
    struct version wanted = {.project = VIEW("p"),
                             .algorithm = VIEW("xgboost"),
                             .metrics = VIEW("{}")},
                   out;
    struct err err = {0};
    bool known;
    WORKS(store_put_bundle(store, VIEW("one"), &wanted.bundle, &err), err);
    WORKS(registry_add(store, &wanted, "ann", arena, &out, &known, &err), err);
    return out;
}

#define STORE(store, name)                                                                         \
    FRESH_STORE(store, name);                                                                      \
    struct version version UNUSED = add_version(&store, &arena);                                   \
    CLEANUP(trust_close) struct trust trust = {.every = 3};                                        \
    WORKS(signing_key_make(&trust.key, &err), err)

ON_BOTH(a_signature_counts_when_its_key_is_trusted)
{
    STORE(store, "trust_counts");
    size_t vouched;
    WORKS(trust_sign(&trust, &store, &version, "ann", &err), err);
    WORKS(trust_sign(&trust, &store, &version, "ann", &err), err);
    WORKS(trust_check(&trust, &store, &version, &vouched, &err), err);
    SAME(vouched, 0);
    trust.required = true;
    FAILS(trust_demand(&trust, &store, &version, &err), err, ERR_GATE);
    err = (struct err){0};
    trust.trusted[trust.count++] = trust.key.public;
    WORKS(trust_check(&trust, &store, &version, &vouched, &err), err);
    SAME(vouched, 1);
    WORKS(trust_demand(&trust, &store, &version, &err), err);
}

ON_BOTH(a_signature_of_another_bundle_does_not_hold)
{
    STORE(store, "trust_other");
    size_t vouched;
    WORKS(trust_sign(&trust, &store, &version, "ann", &err), err);
    version.bundle.bytes[0] ^= 1;
    FAILS(trust_check(&trust, &store, &version, &vouched, &err), err, ERR_STORE);
    SAYS(err, "version 1: the signature by key");
}

ON_BOTH(checkpoints_come_in_their_time_and_cover_what_was_before_them)
{
    STORE(store, "trust_log");
    struct checkpoints found;
    trust.trusted[trust.count++] = trust.key.public;
    WORKS(trust_checkpoint(&trust, &store, false, "ann", &err), err);
    WORKS(trust_check_log(&trust, &store, &found, &err), err);
    SAME(found.count, 0);
    for (int i = 0; i < 2; i++)
        WORKS(audit_append(&store, "ann", "tag", "version 1", NULL, &err), err);
    WORKS(trust_checkpoint(&trust, &store, false, "ann", &err), err);
    WORKS(trust_check_log(&trust, &store, &found, &err), err);
    SAME(found.count, 1);
    SAME(found.last_seq, 3);
    WORKS(trust_checkpoint(&trust, &store, true, "ann", &err), err);
    WORKS(trust_check_log(&trust, &store, &found, &err), err);
    SAME(found.count, 1);
    trust.count = 0;
    WORKS(trust_check_log(&trust, &store, &found, &err), err);
    SAME(found.trusted, 0);
    SAME(found.count, 1);
}
