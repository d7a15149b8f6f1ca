#include "store/registry.h"

#include "base/clock.h"
#include "base/number.h"
#include "store/audit.h"

static const char *const origin_names[] = {"train", "import"};

const char *version_origin_name(enum version_origin origin)
{
    return origin_names[origin];
}

#define VERSION_COLUMNS                                                                            \
    "number, name, bundle, project, algorithm, origin, run_id, created_ms, metrics"

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the registry does not fit the memory limit");
}

static bool keep(struct view *view, struct view text, struct arena *arena)
{
    const char *copy = view_copy(text, arena);
    *view = (struct view){copy, text.length};
    return copy != NULL;
}

static bool read_version(const struct db_statement *row, struct arena *arena, struct version *out,
                         struct err *err)
{
    struct version version = {
        .number = db_i64(row, 0),
        .origin = view_is(db_text(row, 5), "import") ? VERSION_IMPORTED : VERSION_TRAINED,
        .run_id = db_i64(row, 6),
        .created_ms = db_i64(row, 7),
    };
    if (!digest_parse(db_text(row, 2), &version.bundle))
        return err_set(err, ERR_STORE, "version %lld has no valid digest",
                       (long long)version.number);
    if (!keep(&version.name, db_text(row, 1), arena) ||
        !keep(&version.project, db_text(row, 3), arena) ||
        !keep(&version.algorithm, db_text(row, 4), arena) ||
        !keep(&version.metrics, db_text(row, 8), arena))
        return out_of_memory(err);
    *out = version;
    return true;
}

/* ---------------------------------------------------------------- adding */

static bool next_number(struct db *db, int64_t *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(db, "select coalesce(max(number), 0) + 1 from version", &statement, err))
        return false;
    if (!db_next(&statement, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_STORE, "no number came back");
    *out = db_i64(&statement, 0);
    return true;
}

static bool name_is_taken(struct db *db, struct view name, bool *out, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(db, "select 1 from version where name = $1", &statement, err))
        return false;
    db_bind_text(&statement, 1, name);
    *out = db_next(&statement, err);
    return err->kind == ERR_NONE;
}

/* vYYYYMMDD_HHMMSS, then _2, _3, ... within one second. */
static bool free_name(struct db *db, int64_t now_ms, char name[VERSION_NAME_SIZE], struct err *err)
{
    enum { TRIES_MAX = 10000 };
    struct civil c = civil_of(now_ms);
    for (int n = 1; n < TRIES_MAX; n++) {
        struct text text = text_in(name, VERSION_NAME_SIZE);
        text_addf(&text, "v%04d%02d%02d_%02d%02d%02d", c.year, c.month, c.day, c.hour, c.minute,
                  c.second);
        if (n > 1)
            text_addf(&text, "_%d", n);
        bool taken;
        if (!name_is_taken(db, view_of(text_c(&text)), &taken, err))
            return false;
        if (!taken)
            return true;
    }
    return err_set(err, ERR_LIMIT, "more than %d versions in one second", TRIES_MAX);
}

static bool insert(struct db *db, const struct version *version, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(db,
                    "insert into version (" VERSION_COLUMNS
                    ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    &statement, err))
        return false;
    char hex[DIGEST_HEX_SIZE];
    db_bind_i64(&statement, 1, version->number);
    db_bind_text(&statement, 2, version->name);
    db_bind_text(&statement, 3, view_of(digest_print(&version->bundle, hex)));
    db_bind_text(&statement, 4, version->project);
    db_bind_text(&statement, 5, version->algorithm);
    db_bind_text(&statement, 6, view_of(origin_names[version->origin]));
    if (version->run_id == 0)
        db_bind_null(&statement, 7);
    else
        db_bind_i64(&statement, 7, version->run_id);
    db_bind_i64(&statement, 8, version->created_ms);
    db_bind_text(&statement, 9, version->metrics);
    return db_done(&statement, err);
}

/* Looked at under the write lock, which whoever removes bundles holds too: a version's is there. */
static bool has_bundle(struct store *store, const struct version *version, struct err *err)
{
    bool there;
    return store_has_bundle(store, &version->bundle, &there, err) &&
           (there ||
            err_set(err, ERR_CONFLICT,
                    "the bundle is not in the store any more: somebody cleared it away; do "
                    "it again"));
}

static bool add_inside(struct store *store, struct version *version, char name[VERSION_NAME_SIZE],
                       struct err *err)
{
    struct db *db = &store->db;
    if (!has_bundle(store, version, err))
        return false;
    version->created_ms = clock_now_ms();
    if (!next_number(db, &version->number, err) || !free_name(db, version->created_ms, name, err))
        return false;
    version->name = view_of(name);
    return insert(db, version, err);
}

/* ---------------------------------------------------------------- reading */

bool registry_list(struct store *store, struct arena *arena, struct version **out, size_t *count,
                   struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    int64_t most;
    if (!next_number(&store->db, &most, err) ||
        !db_prepare(&store->db, "select " VERSION_COLUMNS " from version order by number limit $1",
                    &statement, err))
        return false;
    struct version *versions = arena_new(arena, struct version, (size_t)most);
    if (versions == NULL)
        return out_of_memory(err);
    db_bind_i64(&statement, 1, most);
    size_t have = 0;
    while (db_next(&statement, err))
        if (!read_version(&statement, arena, &versions[have++], err))
            return false;
    if (err->kind != ERR_NONE)
        return false;
    *out = versions;
    *count = have;
    return true;
}

/* The newest version that `where` holds for, with $1 = text or number. */
static bool find_one(struct store *store, const char *where, struct view text, struct arena *arena,
                     struct version *out, bool *found, struct err *err)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "select " VERSION_COLUMNS " from version where %s "
             "order by number desc limit 1",
             where);
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, sql, &statement, err))
        return false;
    db_bind_text(&statement, 1, text);
    *found = db_next(&statement, err);
    if (!*found)
        return err->kind == ERR_NONE;
    return read_version(&statement, arena, out, err);
}

static bool is_hex(struct view view)
{
    for (size_t i = 0; i < view.length; i++)
        if (strchr("0123456789abcdef", view.text[i]) == NULL)
            return false;
    return true;
}

bool registry_find(struct store *store, struct view reference, struct arena *arena,
                   struct version *out, struct err *err)
{
    enum { DIGITS_MIN = 8 };
    const struct {
        const char *where;
        bool fits;
    } ways[] = {
        {"number = (select number from alias where name = $1)", true},
        {"name = $1", true},
        {"cast(number as text) = $1", true},
        {"substr(bundle, 1, length($1)) = $1", reference.length >= DIGITS_MIN && is_hex(reference)},
    };
    for (size_t i = 0; i < LENGTH_OF(ways); i++) {
        bool found = false;
        if (ways[i].fits && !find_one(store, ways[i].where, reference, arena, out, &found, err))
            return false;
        if (found)
            return true;
    }
    return err_set(err, ERR_NOT_FOUND,
                   "no version '" VIEW_FMT "' is registered; `assay models list` shows them",
                   VIEW_ARG(reference));
}

static bool tell(struct store *store, const struct version *version, const char *actor,
                 struct err *err)
{
    char subject[64], room[2048], hex[DIGEST_HEX_SIZE];
    snprintf(subject, sizeof subject, "version %lld", (long long)version->number);
    struct text payload = text_in(room, sizeof room);
    struct json json = json_to(&payload);
    json_open(&json, '{');
    json_key(&json, "name"), json_text(&json, version->name);
    json_key(&json, "bundle"), json_string(&json, digest_print(&version->bundle, hex));
    struct digest metrics = digest_of(version->metrics);
    json_key(&json, "metrics"), json_string(&json, digest_print(&metrics, hex));
    json_key(&json, "origin"), json_string(&json, origin_names[version->origin]);
    json_key(&json, "project"), json_text(&json, version->project);
    json_key(&json, "algorithm"), json_text(&json, version->algorithm);
    json_key(&json, "run"), json_i64(&json, version->run_id);
    json_key(&json, "created_ms"), json_i64(&json, version->created_ms);
    json_close(&json);
    return audit_append(store, actor, "register", subject, text_c(&payload), err);
}

bool registry_add(struct store *store, const struct version *wanted, const char *actor,
                  struct arena *arena, struct version *out, bool *known, struct err *err)
{
    char hex[DIGEST_HEX_SIZE], name[VERSION_NAME_SIZE];
    struct version version = *wanted;
    if (!db_begin(&store->db, err))
        return false;
    bool ok = find_one(store, "bundle = $1", view_of(digest_print(&wanted->bundle, hex)), arena,
                       out, known, err);
    ok = ok &&
         (*known || (add_inside(store, &version, name, err) && tell(store, &version, actor, err)));
    if (!db_end(&store->db, ok, err))
        return false;
    if (*known)
        return true;
    *out = version;
    return keep(&out->name, version.name, arena) || out_of_memory(err);
}

/* ---------------------------------------------------------------- aliases */

bool alias_get(struct store *store, const char *name, int64_t *number, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, "select number from alias where name = $1", &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(name));
    *number = db_next(&statement, err) ? db_i64(&statement, 0) : 0;
    return err->kind == ERR_NONE;
}

bool alias_move(struct store *store, const char *name, int64_t from, int64_t to, const char *actor,
                struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    const char *sql =
        from == 0 ? "insert into alias (name, number, changed_ms, actor) values ($1, $2, $3, $4) "
                    "on conflict (name) do nothing"
                  : "update alias set number = $2, changed_ms = $3, actor = $4 "
                    "where name = $1 and number = $5";
    if (!db_prepare(&store->db, sql, &statement, err))
        return false;
    db_bind_text(&statement, 1, view_of(name));
    db_bind_i64(&statement, 2, to);
    db_bind_i64(&statement, 3, clock_now_ms());
    db_bind_text(&statement, 4, view_of(actor));
    if (from != 0)
        db_bind_i64(&statement, 5, from);
    if (!db_done(&statement, err))
        return false;
    if (db_changes(&store->db) == 1)
        return true;
    int64_t now;
    if (!alias_get(store, name, &now, err))
        return false;
    return err_set(err, ERR_CONFLICT, "%s points to version %lld, not to %lld: somebody moved it",
                   name, (long long)now, (long long)from);
}

bool alias_leave(struct store *store, const char *name, int64_t number, struct err *err)
{
    CLEANUP(db_finish) struct db_statement statement = {0};
    if (!db_prepare(&store->db, "delete from alias where name = $1 and number = $2", &statement,
                    err))
        return false;
    db_bind_text(&statement, 1, view_of(name));
    db_bind_i64(&statement, 2, number);
    return db_done(&statement, err);
}
