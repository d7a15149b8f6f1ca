#include "store/client.h"

#include "base/clock.h"
#include "base/number.h"
#include "store/audit.h"

#include <errno.h>
#include <sys/random.h>

enum { SECRET_BYTES = 32, SECRET_HEX = 2 * SECRET_BYTES, PAYLOAD_MAX = 1024, SUBJECT_MAX = 160 };

static_assert(sizeof(struct digest) == SECRET_BYTES, "a secret is printed like a digest");

static const char prefix[] = "assay_";

static const char *const scope_name[CLIENT_SCOPES] = {
#define CLIENT_SCOPE(id, name, about) name,
#include "store/client_scopes.def"
#undef CLIENT_SCOPE
};

/* ---------------------------------------------------------------- scopes */

static bool find_scope(struct view name, unsigned *out)
{
    for (size_t i = 0; i < CLIENT_SCOPES; i++) {
        if (!view_is(name, scope_name[i]))
            continue;
        *out = 1U << i;
        return true;
    }
    return false;
}

const char *client_scopes_print(unsigned scopes, char out[CLIENT_SCOPES_SIZE])
{
    struct text text = text_in(out, CLIENT_SCOPES_SIZE);
    for (size_t i = 0; i < CLIENT_SCOPES; i++) {
        if (!(scopes & 1U << i))
            continue;
        text_adds(&text, text.length > 0 ? "," : "");
        text_adds(&text, scope_name[i]);
    }
    text_c(&text);
    assert(!text.cut);
    return out;
}

bool client_scopes_parse(struct view list, unsigned *out, struct err *err)
{
    char all[CLIENT_SCOPES_SIZE];
    unsigned scopes = 0, one;
    struct view rest = list, name;
    while (rest.length > 0 && view_cut(&rest, ',', &name)) {
        if (!find_scope(view_trim(name), &one))
            return err_set(err, ERR_USAGE, "'" VIEW_FMT "' is no scope; there are %s",
                           VIEW_ARG(name), client_scopes_print((1U << CLIENT_SCOPES) - 1, all));
        scopes |= one;
    }
    if (scopes == 0)
        return err_set(err, ERR_USAGE, "a client needs a scope; there are %s",
                       client_scopes_print((1U << CLIENT_SCOPES) - 1, all));
    *out = scopes;
    return true;
}

/* ---------------------------------------------------------------- keys */

static bool draw(unsigned char *bytes, size_t size, struct err *err)
{
    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set(err, ERR_UNAVAILABLE, "the system gives no random numbers: %s",
                           strerror(errno));
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

bool client_key_parse(struct view text, int64_t *id, struct digest *hash)
{
    struct view number, secret = text;
    struct digest ignored;
    if (!view_starts(text, prefix))
        return false;
    secret = view_from(text, sizeof prefix - 1);
    if (!view_cut(&secret, '_', &number) || number.length == 0 || number.text[0] < '1' ||
        number.text[0] > '9' || !number_parse_i64(number, id) || !digest_parse(secret, &ignored))
        return false;
    *hash = digest_of(secret);
    return true;
}

bool client_hash_same(const struct digest *a, const struct digest *b)
{
    const volatile unsigned char *left = a->bytes, *right = b->bytes;
    unsigned char differ = 0;
    for (size_t i = 0; i < sizeof a->bytes; i++)
        differ = (unsigned char)(differ | (left[i] ^ right[i]));
    return differ == 0;
}

static void bind_time(struct db_statement *statement, int parameter, int64_t time_ms)
{
    if (time_ms == 0)
        db_bind_null(statement, parameter);
    else
        db_bind_i64(statement, parameter, time_ms);
}

static bool insert_key(struct store *store, int64_t client, int64_t expires_ms,
                       struct client_key_text *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    struct digest secret;
    char secret_hex[DIGEST_HEX_SIZE], hash_hex[DIGEST_HEX_SIZE];
    if (!draw(secret.bytes, sizeof secret.bytes, err) ||
        !db_prepare(&store->db,
                    "insert into client_key (client_id, hash, created_ms, expires_ms) values ($1, "
                    "$2, $3, $4) returning id",
                    &statement, err))
        return false;
    struct digest hash = digest_of(view_of(digest_print(&secret, secret_hex)));
    db_bind_i64(&statement, 1, client);
    db_bind_text(&statement, 2, view_of(digest_print(&hash, hash_hex)));
    db_bind_i64(&statement, 3, clock_now_ms());
    bind_time(&statement, 4, expires_ms);
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no key id came back");
    out->id = db_i64(&statement, 0);
    snprintf(out->text, sizeof out->text, "%s%lld_%s", prefix, (long long)out->id, secret_hex);
    explicit_bzero(&secret, sizeof secret);
    explicit_bzero(secret_hex, sizeof secret_hex);
    return db_done(&statement, err);
}

/* ---------------------------------------------------------------- the audit log's words */

static void json_time(struct json *json, const char *key, int64_t time_ms)
{
    char bytes[40];
    struct text text = text_in(bytes, sizeof bytes);
    json_key(json, key);
    if (time_ms == 0) {
        json_null(json);
        return;
    }
    text_add_time(&text, time_ms);
    json_text(json, text_view(&text));
}

static bool append(struct store *store, const char *actor, const char *action, struct view name,
                   struct text *payload, struct err *err)
{
    char subject[SUBJECT_MAX];
    struct text text = text_in(subject, sizeof subject);
    text_adds(&text, "client ");
    text_add(&text, name);
    const char *about = text_c(&text);
    assert(!text.cut && (payload == NULL || !payload->cut));
    return audit_append(store, actor, action, about, payload == NULL ? NULL : text_c(payload), err);
}

/* ---------------------------------------------------------------- adding */

static bool is_name(struct view name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || strchr("._@:/-", c) != NULL;
        if (c == '\0' || !(letter || (i > 0 && other)))
            return false;
    }
    return name.length > 0 && name.length <= CLIENT_NAME_MAX;
}

static bool check(const struct client_terms *terms, struct err *err)
{
    if (!is_name(terms->name))
        return err_set(err, ERR_USAGE,
                       "'" VIEW_FMT "' is no client's name: a letter, then letters, digits and "
                       ". _ @ : / -, %d at most",
                       VIEW_ARG(terms->name), CLIENT_NAME_MAX);
    if (terms->scopes == 0)
        return err_set(err, ERR_USAGE, "a client needs a scope");
    if (terms->rate_milli < 0 || terms->rate_milli > CLIENT_RATE_MILLI_MAX)
        return err_set(err, ERR_USAGE, "a rate is 0.001 to 1000000 requests a second, or 0");
    if (terms->burst < (terms->rate_milli > 0) || terms->burst > CLIENT_BURST_MAX)
        return err_set(err, ERR_USAGE, "a burst is 1 to 1000000 requests");
    if (terms->quota_day < 0 || terms->quota_day > CLIENT_QUOTA_MAX)
        return err_set(err, ERR_USAGE, "a quota is 1 to 10^12 requests a day, or 0");
    return true;
}

/* 0: there is none. */
static bool find_client(struct store *store, struct view name, int64_t *id, int64_t *revoked_ms,
                        struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    *id = *revoked_ms = 0;
    if (!db_prepare(&store->db, "select id, revoked_ms from client where name = $1", &statement,
                    err))
        return false;
    db_bind_text(&statement, 1, name);
    if (db_next(&statement, err)) {
        *id = db_i64(&statement, 0);
        *revoked_ms = db_i64(&statement, 1);
    }
    return err->kind == ERR_NONE;
}

static bool insert_client(struct store *store, const struct client_terms *terms, int64_t *id,
                          struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    char scopes[CLIENT_SCOPES_SIZE];
    if (!db_prepare(&store->db,
                    "insert into client (name, scopes, rate_milli, burst, quota_day, created_ms) "
                    "values ($1, $2, $3, $4, $5, $6) returning id",
                    &statement, err))
        return false;
    db_bind_text(&statement, 1, terms->name);
    db_bind_text(&statement, 2, view_of(client_scopes_print(terms->scopes, scopes)));
    db_bind_i64(&statement, 3, terms->rate_milli);
    db_bind_i64(&statement, 4, terms->burst);
    db_bind_i64(&statement, 5, terms->quota_day);
    db_bind_i64(&statement, 6, clock_now_ms());
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no client id came back");
    *id = db_i64(&statement, 0);
    return db_done(&statement, err);
}

static bool add(struct store *store, const struct client_terms *terms, int64_t expires_ms,
                const char *actor, struct client_key_text *key, struct err *err)
{
    int64_t id, revoked_ms;
    char room[PAYLOAD_MAX], scopes[CLIENT_SCOPES_SIZE];
    if (!find_client(store, terms->name, &id, &revoked_ms, err))
        return false;
    if (id != 0)
        return err_set(err, ERR_CONFLICT,
                       revoked_ms != 0
                           ? "client '" VIEW_FMT "' was revoked, and a name means one client for "
                             "ever: choose another"
                           : "there is a client '" VIEW_FMT "' already: `assay clients rotate` "
                             "gives it a new key",
                       VIEW_ARG(terms->name));
    if (!insert_client(store, terms, &id, err) ||
        (key != NULL && !insert_key(store, id, expires_ms, key, err)))
        return false;
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "scopes"), json_string(&json, client_scopes_print(terms->scopes, scopes));
    json_key(&json, "rate"), json_number(&json, (double)terms->rate_milli / 1000);
    json_key(&json, "burst"), json_i64(&json, terms->burst);
    json_key(&json, "quota"), json_i64(&json, terms->quota_day);
    if (key != NULL) {
        json_key(&json, "key"), json_i64(&json, key->id);
        json_time(&json, "expires", expires_ms);
    }
    json_close(&json);
    return append(store, actor, "client add", terms->name, &payload, err);
}

bool client_add(struct store *store, const struct client_terms *terms, int64_t expires_ms,
                const char *actor, struct client_key_text *key, struct err *err)
{
    return check(terms, err) && db_begin(&store->db, err) &&
           db_end(&store->db, add(store, terms, expires_ms, actor, key, err), err);
}

/* ---------------------------------------------------------------- rotating */

static bool shorten(struct store *store, int64_t client, int64_t until_ms, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "update client_key set expires_ms = $2 where client_id = $1 and revoked_ms is "
                    "null and (expires_ms is null or expires_ms > $2)",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, client);
    db_bind_i64(&statement, 2, until_ms);
    return db_done(&statement, err);
}

static bool need_client(struct store *store, struct view name, int64_t *id, struct err *err)
{
    int64_t revoked_ms;
    if (!find_client(store, name, id, &revoked_ms, err))
        return false;
    if (*id == 0)
        return err_set(err, ERR_NOT_FOUND,
                       "there is no client '" VIEW_FMT "'; `assay clients list` shows them",
                       VIEW_ARG(name));
    return revoked_ms == 0 ||
           err_set(err, ERR_CONFLICT, "client '" VIEW_FMT "' was revoked", VIEW_ARG(name));
}

static bool rotate(struct store *store, struct view name, int64_t grace_ms, int64_t expires_ms,
                   const char *actor, struct client_key_text *key, struct err *err)
{
    int64_t id, until_ms = clock_now_ms() + grace_ms;
    char room[PAYLOAD_MAX];
    if (!need_client(store, name, &id, err) || !shorten(store, id, until_ms, err) ||
        !insert_key(store, id, expires_ms, key, err))
        return false;
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "key"), json_i64(&json, key->id);
    json_time(&json, "expires", expires_ms);
    json_time(&json, "earlier_until", until_ms);
    json_close(&json);
    return append(store, actor, "client rotate", name, &payload, err);
}

bool client_rotate(struct store *store, struct view name, int64_t grace_ms, int64_t expires_ms,
                   const char *actor, struct client_key_text *key, struct err *err)
{
    assert(grace_ms >= 0);
    return db_begin(&store->db, err) &&
           db_end(&store->db, rotate(store, name, grace_ms, expires_ms, actor, key, err), err);
}

/* ---------------------------------------------------------------- revoking */

static bool revoke_client(struct store *store, struct view name, const char *actor, struct err *err)
{
    CLEANUP(db_finish) struct db_statement client = {0}, keys = {0};
    int64_t id, now = clock_now_ms();
    if (!need_client(store, name, &id, err) ||
        !db_prepare(&store->db, "update client set revoked_ms = $2 where id = $1", &client, err) ||
        !db_prepare(&store->db,
                    "update client_key set revoked_ms = $2 where client_id = $1 and revoked_ms is "
                    "null",
                    &keys, err))
        return false;
    db_bind_i64(&client, 1, id);
    db_bind_i64(&client, 2, now);
    db_bind_i64(&keys, 1, id);
    db_bind_i64(&keys, 2, now);
    return db_done(&client, err) && db_done(&keys, err) &&
           append(store, actor, "client revoke", name, NULL, err);
}

static bool find_key(struct store *store, int64_t id, char name[CLIENT_NAME_MAX + 1],
                     struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db,
                    "select client.name, client_key.revoked_ms from client_key join client on "
                    "client.id = client_key.client_id where client_key.id = $1",
                    &statement, err))
        return false;
    db_bind_i64(&statement, 1, id);
    if (!db_next(&statement, err))
        return err->kind == ERR_NONE &&
               err_set(err, ERR_NOT_FOUND, "there is no key %lld; `assay clients list` shows them",
                       (long long)id);
    if (!db_is_null(&statement, 1))
        return err_set(err, ERR_CONFLICT, "key %lld was revoked", (long long)id);
    snprintf(name, CLIENT_NAME_MAX + 1, "%.*s", (int)db_text(&statement, 0).length,
             db_text(&statement, 0).text);
    return true;
}

static bool revoke_key(struct store *store, int64_t id, const char *actor, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    char name[CLIENT_NAME_MAX + 1], room[PAYLOAD_MAX];
    if (!find_key(store, id, name, err) ||
        !db_prepare(&store->db, "update client_key set revoked_ms = $2 where id = $1", &statement,
                    err))
        return false;
    db_bind_i64(&statement, 1, id);
    db_bind_i64(&statement, 2, clock_now_ms());
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "key"), json_i64(&json, id);
    json_close(&json);
    return db_done(&statement, err) &&
           append(store, actor, "client revoke", view_of(name), &payload, err);
}

bool client_revoke(struct store *store, struct view reference, const char *actor, struct err *err)
{
    int64_t id;
    bool by_number = number_parse_i64(reference, &id);
    return db_begin(&store->db, err) &&
           db_end(&store->db,
                  by_number ? revoke_key(store, id, actor, err)
                            : revoke_client(store, reference, actor, err),
                  err);
}

/* ---------------------------------------------------------------- listing */

static bool count_rows(struct store *store, const char *sql, size_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, sql, &statement, err))
        return false;
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no count came back");
    *out = (size_t)db_i64(&statement, 0);
    return true;
}

static bool read_client(const struct db_statement *row, struct arena *arena, struct client *out,
                        struct err *err)
{
    const char *name = view_copy(db_text(row, 1), arena);
    *out = (struct client){
        .id = db_i64(row, 0),
        .terms = {.name = view_of(name == NULL ? "" : name),
                  .rate_milli = db_i64(row, 3),
                  .burst = db_i64(row, 4),
                  .quota_day = db_i64(row, 5)},
        .created_ms = db_i64(row, 6),
        .revoked_ms = db_i64(row, 7),
    };
    if (name == NULL)
        return err_set(err, ERR_LIMIT, "the clients do not fit the memory limit");
    return client_scopes_parse(db_text(row, 2), &out->terms.scopes, err) ||
           err_while(err, "client '%s'", name);
}

bool client_list(struct store *store, struct arena *arena, struct client **out, size_t *count,
                 struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    size_t room, filled = 0;
    if (!count_rows(store, "select count(*) from client", &room, err) ||
        !db_prepare(&store->db,
                    "select id, name, scopes, rate_milli, burst, quota_day, created_ms, revoked_ms "
                    "from client order by id limit $1",
                    &statement, err))
        return false;
    struct client *client = arena_new(arena, struct client, room);
    if (client == NULL)
        return err_set(err, ERR_LIMIT, "the clients do not fit the memory limit");
    db_bind_i64(&statement, 1, (int64_t)room);
    while (db_next(&statement, err))
        if (!read_client(&statement, arena, &client[filled++], err))
            return false;
    if (err->kind != ERR_NONE)
        return false;
    *out = client;
    *count = filled;
    return true;
}

bool client_list_keys(struct store *store, struct arena *arena, struct client_key **out,
                      size_t *count, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    size_t room, filled = 0;
    if (!count_rows(store, "select count(*) from client_key", &room, err) ||
        !db_prepare(&store->db,
                    "select id, client_id, hash, created_ms, expires_ms, revoked_ms from "
                    "client_key order by id limit $1",
                    &statement, err))
        return false;
    struct client_key *key = arena_new(arena, struct client_key, room);
    if (key == NULL)
        return err_set(err, ERR_LIMIT, "the clients' keys do not fit the memory limit");
    db_bind_i64(&statement, 1, (int64_t)room);
    while (db_next(&statement, err)) {
        struct client_key *one = &key[filled++];
        *one = (struct client_key){
            .id = db_i64(&statement, 0),
            .client_id = db_i64(&statement, 1),
            .created_ms = db_i64(&statement, 3),
            .expires_ms = db_i64(&statement, 4),
            .revoked_ms = db_i64(&statement, 5),
        };
        if (!digest_parse(db_text(&statement, 2), &one->hash))
            return err_set(err, ERR_STORE, "client key %lld has no valid hash", (long long)one->id);
    }
    if (err->kind != ERR_NONE)
        return false;
    *out = key;
    *count = filled;
    return true;
}
