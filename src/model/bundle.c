#include "model/bundle.h"

#include "base/file.h"
#include "base/number.h"
#include "base/scan.h"
#include "model/golden.h"
#include "model/tar.h"
#include "model/xgboost.h"

#include <math.h>

/* The members, in their order; manifest and seal stand around them. */
enum part {
    PART_SCHEMA,
    PART_PLAN,
    PART_MODEL,
    PART_POLICY,
    PART_GOLDEN,
    PART_PAPERS, /* the first of them */
    PARTS = PART_PAPERS + PAPERS
};

static const struct {
    const char *name, *other_name;
    bool optional;
} parts_table[PARTS] = {
    [PART_SCHEMA] = {"schema.json", NULL, false},      [PART_PLAN] = {"plan.json", NULL, false},
    [PART_MODEL] = {"model.ubj", "model.json", false}, [PART_POLICY] = {"policy.json", NULL, false},
    [PART_GOLDEN] = {"golden.json", NULL, false},
#define PAPER(name) [PART_PAPERS + PAPER_##name] = {#name ".json", NULL, true},
#include "model/papers.def"
#undef PAPER
};

const char *paper_name(enum paper paper)
{
    static const char *const names[] = {
#define PAPER(name) #name,
#include "model/papers.def"
#undef PAPER
    };
    return names[paper];
}

struct member {
    const char *name;
    struct view bytes; /* NULL text: not there */
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the bundle does not fit the memory limit");
}

/* Whatever a part's own parser called it, in a bundle it is a damaged model. */
static bool damaged(struct err *err, const char *where)
{
    err_while(err, "%s", where);
    if (err->kind == ERR_INPUT)
        err->kind = ERR_MODEL;
    return false;
}

/* ---------------------------------------------------------------- sealing */

static bool write_golden(const struct bundle_parts *parts, struct text *text, struct arena *arena,
                         struct err *err)
{
    struct forest forest;
    if (!xgboost_parse(parts->model, arena, &forest, err))
        return damaged(err, "model");
    float *row = arena_new(arena, float, parts->plan->width);
    if (row == NULL)
        return out_of_memory(err);
    if (forest.feature_count != parts->plan->width)
        return err_set(err, ERR_MODEL, "the model reads %zu features, the plan makes %zu",
                       forest.feature_count, parts->plan->width);
    struct json json = json_pretty_to(text);
    return golden_write(parts, &forest, row, &json, arena, err);
}

static bool write_members(const struct bundle_parts *parts, struct member *member,
                          struct arena *arena, struct err *err)
{
    struct text text[PARTS];
    for (size_t i = 0; i < PARTS; i++) {
        text[i] = text_in_arena(arena);
        member[i].name = parts_table[i].name;
    }
    struct json json = json_pretty_to(&text[PART_SCHEMA]);
    schema_write(parts->schema, &json);
    json = json_pretty_to(&text[PART_PLAN]);
    plan_write(parts->plan, &json);
    json = json_pretty_to(&text[PART_POLICY]);
    policy_write(&parts->policy, &json);
    if (!write_golden(parts, &text[PART_GOLDEN], arena, err))
        return false;
    for (size_t i = 0; i < PARTS; i++) {
        if (text[i].cut)
            return out_of_memory(err);
        member[i].bytes = text_view(&text[i]);
    }
    member[PART_MODEL].bytes = parts->model;
    if (xgboost_is_json(parts->model))
        member[PART_MODEL].name = parts_table[PART_MODEL].other_name;
    for (size_t i = 0; i < PAPERS; i++)
        member[PART_PAPERS + i].bytes = parts->paper[i];
    return true;
}

static void write_manifest(const struct bundle_parts *parts, const struct member *member,
                           struct json *json)
{
    json_open(json, '{');
    json_key(json, "format"), json_count(json, BUNDLE_FORMAT);
    json_key(json, "project"), json_text(json, parts->project);
    json_key(json, "algorithm"), json_text(json, parts->algorithm);
    json_key(json, "parts");
    json_open(json, '[');
    for (size_t i = 0; i < PARTS; i++) {
        if (member[i].bytes.length == 0)
            continue;
        struct digest digest = digest_of(member[i].bytes);
        char hex[DIGEST_HEX_SIZE];
        json_open(json, '{');
        json_key(json, "name"), json_string(json, member[i].name);
        json_key(json, "size"), json_count(json, member[i].bytes.length);
        json_key(json, "sha256"), json_string(json, digest_print(&digest, hex));
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

bool bundle_seal(const struct bundle_parts *parts, struct arena *arena, struct view *out,
                 struct err *err)
{
    assert(parts->golden_count <= BUNDLE_GOLDEN_MAX);
    struct member member[PARTS] = {0};
    if (!write_members(parts, member, arena, err))
        return false;
    struct text manifest = text_in_arena(arena), file = text_in_arena(arena);
    struct json json = json_pretty_to(&manifest);
    write_manifest(parts, member, &json);

    tar_add(&file, "manifest.json", text_view(&manifest));
    for (size_t i = 0; i < PARTS; i++)
        if (member[i].bytes.length > 0)
            tar_add(&file, member[i].name, member[i].bytes);
    struct digest digest = digest_of(text_view(&file));
    char hex[DIGEST_HEX_SIZE + 1];
    digest_print(&digest, hex);
    hex[DIGEST_HEX_SIZE - 1] = '\n';
    tar_add(&file, "seal", (struct view){hex, DIGEST_HEX_SIZE});
    tar_end(&file);
    if (file.cut || manifest.cut)
        return out_of_memory(err);

    struct bundle check = {0};
    if (!bundle_open(&check, text_view(&file), err))
        return err_while(err, "the bundle just sealed does not open");
    bundle_release(&check);
    *out = text_view(&file);
    return true;
}

/* ---------------------------------------------------------------- opening */

/* Which part has this name, at or after `from`: members keep their order. */
static enum part part_named(struct view name, enum part from)
{
    enum part part = from;
    while (part < PARTS && !view_is(name, parts_table[part].name) &&
           !(parts_table[part].other_name != NULL && view_is(name, parts_table[part].other_name)))
        part++;
    return part;
}

static bool check_seal(struct view file, const char *seal_header, struct view seal, struct err *err)
{
    struct view before = {file.text, (size_t)(seal_header - file.text)};
    struct digest digest = digest_of(before), stated;
    bool read = seal.length == DIGEST_HEX_SIZE && seal.text[seal.length - 1] == '\n' &&
                digest_parse((struct view){seal.text, seal.length - 1}, &stated);
    if (!read || !digest_same(&digest, &stated))
        return err_set(err, ERR_MODEL, "the seal is broken: the file is not what was written");
    return true;
}

static bool read_members(struct view file, struct view *manifest, struct member *member,
                         struct err *err)
{
    struct view rest = file, name, bytes;
    if (!tar_next(&rest, &name, &bytes, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_MODEL, "the file is empty");
    if (!view_is(name, "manifest.json"))
        return err_set(err, ERR_MODEL, "this is no Assay bundle: manifest.json is not its first");
    *manifest = bytes;
    enum part next = PART_SCHEMA;
    const char *header = rest.text;
    bool sealed = false;
    while (tar_next(&rest, &name, &bytes, err)) {
        if (sealed)
            return err_set(err, ERR_MODEL, "'" VIEW_FMT "' stands after the seal", VIEW_ARG(name));
        if (view_is(name, "seal")) {
            if (!check_seal(file, header, bytes, err))
                return false;
            sealed = true;
            continue;
        }
        enum part part = part_named(name, next);
        if (part == PARTS)
            return err_set(err, ERR_MODEL, "'" VIEW_FMT "' does not belong here", VIEW_ARG(name));
        member[part] = (struct member){parts_table[part].name, bytes};
        if (!view_is(name, parts_table[part].name))
            member[part].name = parts_table[part].other_name;
        next = part + 1;
        header = rest.text;
    }
    if (err->kind != ERR_NONE)
        return false;
    return sealed || err_set(err, ERR_MODEL, "the file has no seal");
}

static bool check_part(const struct doc *doc, const struct member *member, struct err *err)
{
    struct view name, hex;
    size_t size;
    struct digest stated, digest = digest_of(member->bytes);
    if (!doc_need_text(doc, "name", &name, err) || !doc_need_text(doc, "sha256", &hex, err) ||
        !doc_need_count(doc, "size", BUNDLE_SIZE_MAX, &size, err))
        return false;
    if (!view_is(name, member->name) || size != member->bytes.length ||
        !digest_parse(hex, &stated) || !digest_same(&stated, &digest))
        return err_set(err, ERR_MODEL, "%s is not what the manifest says", member->name);
    return true;
}

/* These are printed in tables and logs: short, and without control characters. */
static bool check_name(const char *key, struct view name, struct err *err)
{
    enum { NAME_MAX_BYTES = 64 };
    bool ok = name.length >= 1 && name.length <= NAME_MAX_BYTES;
    for (size_t i = 0; i < name.length; i++)
        ok &= (unsigned char)name.text[i] >= ' ' && name.text[i] != 0x7f;
    return ok || err_set(err, ERR_MODEL, "'%s' is no name of 1 to %d printable bytes", key,
                         NAME_MAX_BYTES);
}

/* What people read of a bundle must be one JSON object: nothing may hide behind it. */
/* A paper is only looked through here: as a document it would take fifty times its size, and most
 * who open a bundle never read it. */
static bool check_object(const struct member *member, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 2 * (size_t)BUNDLE_SIZE_MAX};
    if (member->bytes.text == NULL)
        return true;
    char *room = arena_new(&arena, char, member->bytes.length + 1);
    if (room == NULL)
        return out_of_memory(err);
    struct text texts = text_in(room, member->bytes.length + 1);
    struct scan scan = scan_of(member->bytes, &texts);
    struct token token;
    bool object = scan_next(&scan, &token, err) && token.kind == TOKEN_OBJECT;
    if (!object && err->kind == ERR_NONE)
        err_set(err, ERR_MODEL, "an object is expected");
    while (object && scan_next(&scan, &token, err))
        texts.length = 0;
    return err->kind == ERR_NONE || damaged(err, member->name);
}

static bool read_manifest(struct bundle *bundle, struct view manifest, const struct member *member,
                          struct err *err)
{
    size_t format;
    const struct doc *list, *doc = doc_parse(manifest, &bundle->arena, err);
    if (doc == NULL || !doc_need_count(doc, "format", INT32_MAX, &format, err))
        return false;
    if (format != BUNDLE_FORMAT)
        return err_set(err, ERR_MODEL, "format %zu, this program reads format %d", format,
                       BUNDLE_FORMAT);
    if (!doc_need_text(doc, "project", &bundle->project, err) ||
        !doc_need_text(doc, "algorithm", &bundle->algorithm, err) ||
        !check_name("project", bundle->project, err) ||
        !check_name("algorithm", bundle->algorithm, err) ||
        !doc_need(doc, "parts", DOC_LIST, &list, err))
        return false;
    const struct doc *item = list->first;
    for (size_t i = 0; i < PARTS; i++) {
        if (member[i].bytes.text == NULL) {
            if (!parts_table[i].optional)
                return err_set(err, ERR_MODEL, "%s is not there", parts_table[i].name);
            continue;
        }
        if (item == NULL || !check_part(item, &member[i], err))
            return err->kind != ERR_NONE
                       ? false
                       : err_set(err, ERR_MODEL, "%s is not in the manifest", member[i].name);
        item = item->next;
    }
    return item == NULL || err_set(err, ERR_MODEL, "the manifest names a part that is not there");
}

static bool read_policy(struct bundle *bundle, struct view bytes, struct err *err)
{
    const struct doc *doc = doc_parse(bytes, &bundle->arena, err);
    return doc != NULL && policy_read(&bundle->policy, doc, &bundle->arena, err);
}

static bool read_schema(struct bundle *bundle, struct view bytes, struct err *err)
{
    const struct doc *doc = doc_parse(bytes, &bundle->arena, err);
    return doc != NULL && schema_read(&bundle->schema, doc, &bundle->arena, err);
}

static bool read_plan(struct bundle *bundle, struct view bytes, struct err *err)
{
    const struct doc *doc = doc_parse(bytes, &bundle->arena, err);
    return doc != NULL && plan_read(&bundle->plan, &bundle->schema, doc, &bundle->arena, err);
}

/* The plan's row must be the row the forest was trained on, name by name where it has names. */
static bool check_fit(const struct bundle *bundle, struct err *err)
{
    const struct forest *forest = &bundle->forest;
    const struct plan *plan = &bundle->plan;
    if (forest->feature_count != plan->width)
        return err_set(err, ERR_MODEL, "the model reads %zu features, the plan makes %zu",
                       forest->feature_count, plan->width);
    for (size_t i = 0; forest->feature_name != NULL && i < plan->width; i++)
        if (!view_same(forest->feature_name[i], plan->width_name[i]))
            return err_set(err, ERR_MODEL,
                           "feature %zu is '" VIEW_FMT "' in the model, '" VIEW_FMT "' in the plan",
                           i + 1, VIEW_ARG(forest->feature_name[i]), VIEW_ARG(plan->width_name[i]));
    return true;
}

static bool read_parts(struct bundle *bundle, const struct member *member, struct err *err)
{
    if (!read_schema(bundle, member[PART_SCHEMA].bytes, err))
        return damaged(err, "schema.json");
    if (!read_plan(bundle, member[PART_PLAN].bytes, err))
        return damaged(err, "plan.json");
    if (!xgboost_parse(member[PART_MODEL].bytes, &bundle->arena, &bundle->forest, err))
        return damaged(err, member[PART_MODEL].name);
    if (!engine_build(&bundle->forest, NULL, &bundle->arena, &bundle->engine, err))
        return err_while(err, "compiling its model");
    if (!read_policy(bundle, member[PART_POLICY].bytes, err))
        return damaged(err, "policy.json");
    if (!check_fit(bundle, err))
        return false;
    for (size_t i = 0; i < PAPERS; i++) {
        if (!check_object(&member[PART_PAPERS + i], err))
            return false;
        bundle->paper[i] = member[PART_PAPERS + i].bytes;
    }
    bundle->model = member[PART_MODEL].bytes;
    return golden_check(bundle, member[PART_GOLDEN].bytes, &bundle->golden_count, err) ||
           damaged(err, "golden.json");
}

/* What documents and forest, parsed and compiled, may take: a multiple of the file. */
static size_t arena_for(struct view bytes)
{
    enum { MIN = 64 << 20, FACTOR = 24 };
    return MIN + bytes.length * FACTOR;
}

static bool open_members(struct bundle *bundle, struct view bytes, struct err *err)
{
    if (bytes.length > BUNDLE_SIZE_MAX)
        return err_set(err, ERR_LIMIT, "a bundle of %zu bytes, at most %d are read", bytes.length,
                       BUNDLE_SIZE_MAX);
    struct view manifest;
    struct member member[PARTS] = {0};
    if (!read_members(bytes, &manifest, member, err))
        return false;
    if (bundle->arena.limit == 0)
        bundle->arena.limit = arena_for(bytes);
    bundle->digest = digest_of(bytes);
    if (!read_manifest(bundle, manifest, member, err))
        return damaged(err, "manifest.json");
    return read_parts(bundle, member, err);
}

bool bundle_open(struct bundle *bundle, struct view bytes, struct err *err)
{
    if (open_members(bundle, bytes, err))
        return true;
    bundle_release(bundle);
    return false;
}

bool bundle_load(struct bundle *bundle, const char *path, struct err *err)
{
    struct view bytes;
    bool free_limit = bundle->arena.limit == 0;
    if (free_limit)
        bundle->arena.limit = 2 * (size_t)BUNDLE_SIZE_MAX;
    bool ok = file_load(path, BUNDLE_SIZE_MAX, &bundle->arena, &bytes, err);
    if (ok && free_limit)
        bundle->arena.limit = bundle->arena.used + arena_for(bytes);
    if (ok && bundle_open(bundle, bytes, err))
        return true;
    bundle_release(bundle);
    return err_while(err, "bundle '%s'", path);
}

void bundle_release(struct bundle *bundle)
{
    arena_release(&bundle->arena);
    *bundle = (struct bundle){0};
}
