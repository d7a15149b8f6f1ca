#include "store/trust.h"

#include "base/clock.h"
#include "base/doc.h"
#include "store/audit.h"

enum { MESSAGE_MAX = 160, PAYLOAD_MAX = 640, SUBJECT_MAX = 64, PATH_SIZE_MAX = 8192 };

/* ---------------------------------------------------------------- settings */

static bool read_trusted(struct trust *trust, const struct config *config, struct err *err)
{
    const struct yaml *list = config_node(config, "sign.trusted");
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        if (trust->count == TRUSTED_MAX)
            return config_wrong(config, item, err, "at most %d keys", TRUSTED_MAX);
        const char *path = config_path_of(config, item->text);
        if (!public_key_load(&trust->trusted[trust->count++], path, err))
            return err_while(err, "sign.trusted");
    }
    return true;
}

static void add_trusted(struct trust *trust, const struct public_key *key)
{
    if (trust->count < TRUSTED_MAX)
        trust->trusted[trust->count++] = *key;
}

bool trust_open(struct trust *trust, const struct config *config, struct err *err)
{
    *trust = (struct trust){.required = config_bool(config, KEY_SIGN_REQUIRED),
                            .every = config_count(config, KEY_SIGN_EVERY)};
    if (!read_trusted(trust, config, err))
        return false;
    char path[PATH_SIZE_MAX];
    struct public_key own;
    struct err absent = {0};
    int length = snprintf(path, sizeof path, "%s.pub", config_path(config, KEY_SIGN_KEY));
    if (config_text(config, KEY_SIGN_KEY).length == 0 || length >= PATH_SIZE_MAX)
        return true;
    if (public_key_load(&own, path, &absent))
        add_trusted(trust, &own);
    else if (absent.kind != ERR_NOT_FOUND)
        *err = absent;
    return err->kind == ERR_NONE;
}

bool trust_open_to_sign(struct trust *trust, const struct config *config, struct err *err)
{
    if (!trust_open(trust, config, err))
        return false;
    if (config_text(config, KEY_SIGN_KEY).length == 0)
        return true;
    if (!signing_key_load(&trust->key, config_path(config, KEY_SIGN_KEY), err))
        return err_while(err, "sign.key");
    add_trusted(trust, &trust->key.public);
    return true;
}

void trust_close(struct trust *trust)
{
    if (trust->key.handle != NULL)
        signing_key_close(&trust->key);
}

static bool is_trusted(const struct trust *trust, const struct public_key *key)
{
    for (size_t i = 0; i < trust->count; i++)
        if (public_key_same(&trust->trusted[i], key))
            return true;
    return false;
}

/* ---------------------------------------------------------------- bundles */

static struct view bundle_message(const struct digest *digest, char message[MESSAGE_MAX])
{
    char hex[DIGEST_HEX_SIZE];
    snprintf(message, MESSAGE_MAX, "assay bundle sha256 %s\n", digest_print(digest, hex));
    return view_of(message);
}

static bool has_signed(struct store *store, int64_t number, const char *key, bool *out,
                       struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, "select 1 from signature where number = $1 and key = $2",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    db_bind_text(&statement, 2, view_of(key));
    *out = db_next(&statement, err);
    return err->kind == ERR_NONE;
}

static bool insert(struct store *store, int64_t number, const char *key, const char *signature,
                   const char *actor, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "insert into signature (number, key, signature, at_ms, actor) values ($1, $2, "
                    "$3, $4, $5)",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, number);
    db_bind_text(&statement, 2, view_of(key));
    db_bind_text(&statement, 3, view_of(signature));
    db_bind_i64(&statement, 4, clock_now_ms());
    db_bind_text(&statement, 5, view_of(actor));
    return db_done(&statement, err);
}

static bool sign_version(const struct trust *trust, struct store *store,
                         const struct version *version, const char *actor, struct err *err)
{
    char message[MESSAGE_MAX], key[PUBLIC_KEY_HEX_SIZE], hex[SIGNATURE_HEX_SIZE];
    char room[PAYLOAD_MAX], subject[SUBJECT_MAX];
    struct signature signature;
    bool signed_already;
    public_key_print(&trust->key.public, key);
    if (!has_signed(store, version->number, key, &signed_already, err))
        return false;
    if (signed_already)
        return true;
    if (!sign(&trust->key, bundle_message(&version->bundle, message), &signature, err))
        return false;
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "key"), json_string(&json, key);
    json_key(&json, "signature"), json_string(&json, signature_print(&signature, hex));
    json_close(&json);
    snprintf(subject, sizeof subject, "version %lld", (long long)version->number);
    return insert(store, version->number, key, hex, actor, err) &&
           audit_append(store, actor, "sign", subject, text_c(&payload), err);
}

bool trust_sign(const struct trust *trust, struct store *store, const struct version *version,
                const char *actor, struct err *err)
{
    if (trust->key.handle == NULL)
        return true;
    return db_begin(&store->db, err) &&
           db_end(&store->db, sign_version(trust, store, version, actor, err), err);
}

bool trust_check(const struct trust *trust, struct store *store, const struct version *version,
                 size_t *vouched, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    char message[MESSAGE_MAX];
    struct view bytes = bundle_message(&version->bundle, message);
    *vouched = 0;
    if (!db_prepare(&store->db,
                    "select key, signature from signature where number = $1 order by key",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, version->number);
    while (db_next(&statement, err)) {
        struct public_key key;
        struct signature signature;
        if (!public_key_parse(db_text(&statement, 0), &key) ||
            !signature_parse(db_text(&statement, 1), &signature) ||
            !signature_holds(&key, bytes, &signature))
            return err_set(err, ERR_STORE, "version %lld: the signature by key %.16s does not hold",
                           (long long)version->number, db_text(&statement, 0).text);
        *vouched += is_trusted(trust, &key);
    }
    return err->kind == ERR_NONE;
}

bool trust_demand(const struct trust *trust, struct store *store, const struct version *version,
                  struct err *err)
{
    size_t vouched;
    if (!trust_check(trust, store, version, &vouched, err))
        return false;
    return !trust->required || vouched > 0 ||
           err_set(err, ERR_GATE,
                   "version %lld is signed by no key of sign.trusted, and sign.required asks for "
                   "one: `assay models sign %lld` by who holds it",
                   (long long)version->number, (long long)version->number);
}

/* ---------------------------------------------------------------- the log */

static struct view log_message(int64_t seq, struct view hash, char message[MESSAGE_MAX])
{
    snprintf(message, MESSAGE_MAX, "assay audit %lld " VIEW_FMT "\n", (long long)seq,
             VIEW_ARG(hash));
    return view_of(message);
}

/* The last event, and the last that is a checkpoint. */
static bool find_ends(struct store *store, int64_t *seq, char hash[DIGEST_HEX_SIZE], int64_t *last,
                      struct err *err)
{
    CLEANUP(db_finish) struct db_statement end = {0}, checkpoint = {0};
    *seq = *last = 0;
    if (!db_prepare(&store->db, "select seq, hash from audit order by seq desc limit 1", &end,
                    err) ||
        !db_prepare(&store->db,
                    "select coalesce(max(seq), 0) from audit where action = 'checkpoint'",
                    &checkpoint, err))
        return false;
    if (db_next(&end, err)) {
        *seq = db_i64(&end, 0);
        snprintf(hash, DIGEST_HEX_SIZE, VIEW_FMT, VIEW_ARG(db_text(&end, 1)));
    }
    if (err->kind == ERR_NONE && db_next(&checkpoint, err))
        *last = db_i64(&checkpoint, 0);
    return err->kind == ERR_NONE;
}

static bool checkpoint(const struct trust *trust, struct store *store, bool now, const char *actor,
                       struct err *err)
{
    int64_t seq, last;
    char hash[DIGEST_HEX_SIZE] = "", message[MESSAGE_MAX], room[PAYLOAD_MAX];
    char key[PUBLIC_KEY_HEX_SIZE], hex[SIGNATURE_HEX_SIZE];
    struct signature signature;
    if (!find_ends(store, &seq, hash, &last, err))
        return false;
    if (seq == last || (!now && seq - last < (int64_t)trust->every))
        return true;
    if (!sign(&trust->key, log_message(seq, view_of(hash), message), &signature, err))
        return false;
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "seq"), json_i64(&json, seq);
    json_key(&json, "hash"), json_string(&json, hash);
    json_key(&json, "key"), json_string(&json, public_key_print(&trust->key.public, key));
    json_key(&json, "signature"), json_string(&json, signature_print(&signature, hex));
    json_close(&json);
    return audit_append(store, actor, "checkpoint", "audit log", text_c(&payload), err);
}

bool trust_checkpoint(const struct trust *trust, struct store *store, bool now, const char *actor,
                      struct err *err)
{
    if (trust->key.handle == NULL)
        return true;
    return db_begin(&store->db, err) &&
           db_end(&store->db, checkpoint(trust, store, now, actor, err), err);
}

/* An event follows from the one before by its hash, so a checkpoint needs to name just its
 * predecessor as it is. */
static bool check_event(const struct trust *trust, const struct audit_event *event,
                        struct checkpoints *out, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view hash, key_hex, signature_hex;
    struct public_key key;
    struct signature signature;
    char message[MESSAGE_MAX];
    double seq;
    const struct doc *payload = doc_parse(event->payload, &arena, err);
    if (payload == NULL || !doc_need_number(payload, "seq", &seq, err) ||
        !doc_need_text(payload, "hash", &hash, err) ||
        !doc_need_text(payload, "key", &key_hex, err) ||
        !doc_need_text(payload, "signature", &signature_hex, err))
        return err_while(err, "checkpoint %lld", (long long)event->seq);
    bool holds = (int64_t)seq == event->seq - 1 && view_same(hash, event->previous) &&
                 public_key_parse(key_hex, &key) && signature_parse(signature_hex, &signature) &&
                 signature_holds(&key, log_message((int64_t)seq, hash, message), &signature);
    if (!holds)
        return err_set(err, ERR_STORE,
                       "the checkpoint in event %lld does not hold: the log before it is not the "
                       "one that was signed",
                       (long long)event->seq);
    out->count++;
    if (is_trusted(trust, &key)) {
        out->trusted++;
        out->last_seq = (int64_t)seq;
    }
    return true;
}

bool trust_check_log(const struct trust *trust, struct store *store, struct checkpoints *out,
                     struct err *err)
{
    CLEANUP(audit_close) struct audit_reader reader = {0};
    struct audit_event event;
    *out = (struct checkpoints){0};
    if (!audit_read(store, 1, &reader, err))
        return false;
    while (audit_next(&reader, &event, err))
        if (view_is(event.action, "checkpoint") && !check_event(trust, &event, out, err))
            return false;
    return err->kind == ERR_NONE;
}
