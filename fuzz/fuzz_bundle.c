/*
 * Any bytes as a bundle: an error, or a bundle that decides.
 *
 * What begins like a bundle is opened as it is. Everything else is parts, in their order, with a
 * byte 1E between them, and is sealed with a manifest that holds: a seal keeps damage out, and
 * would keep the fuzzer out of the parsers behind it too.
 */
#include "base/digest.h"
#include "decide/decision.h"
#include "model/tar.h"
#include "model/xgboost.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS = 7, BETWEEN = 0x1e, MEMORY = 64 << 20 };

struct part {
    const char *name;
    struct view bytes;
};

static size_t cut(struct view rest, struct part part[PARTS])
{
    static const char *const names[PARTS] = {"schema.json", "plan.json",   "model.json",
                                             "policy.json", "golden.json", "evaluation.json",
                                             "lineage.json"};
    size_t count = 0;
    while (count < PARTS && view_cut(&rest, BETWEEN, &part[count].bytes)) {
        part[count].name = names[count];
        count++;
    }
    if (count > 2 && !xgboost_is_json(part[2].bytes))
        part[2].name = "model.ubj";
    return count;
}

static void write_manifest(const struct part *part, size_t count, struct json *json)
{
    json_open(json, '{');
    json_key(json, "format"), json_count(json, BUNDLE_FORMAT);
    json_key(json, "project"), json_string(json, "fuzz");
    json_key(json, "algorithm"), json_string(json, "xgboost");
    json_key(json, "parts");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        struct digest digest = digest_of(part[i].bytes);
        char hex[DIGEST_HEX_SIZE];
        json_open(json, '{');
        json_key(json, "name"), json_string(json, part[i].name);
        json_key(json, "size"), json_count(json, part[i].bytes.length);
        json_key(json, "sha256"), json_string(json, digest_print(&digest, hex));
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static struct view sealed(struct view input, struct arena *arena)
{
    struct part part[PARTS];
    size_t count = cut(input, part);
    struct text manifest = text_in_arena(arena), file = text_in_arena(arena);
    struct json json = json_to(&manifest);
    write_manifest(part, count, &json);
    tar_add(&file, "manifest.json", text_view(&manifest));
    for (size_t i = 0; i < count; i++)
        tar_add(&file, part[i].name, part[i].bytes);
    struct digest digest = digest_of(text_view(&file));
    char hex[DIGEST_HEX_SIZE];
    digest_print(&digest, hex);
    hex[DIGEST_HEX_SIZE - 1] = '\n';
    tar_add(&file, "seal", (struct view){hex, DIGEST_HEX_SIZE});
    tar_end(&file);
    assert(!file.cut && !manifest.cut);
    return text_view(&file);
}

/* A record of zeros or of nothing: what any column can hold. */
static void decide_on(const struct bundle *bundle, bool missing, struct arena *arena)
{
    struct cell *cell = arena_new(arena, struct cell, bundle->schema.count);
    float *row = arena_new(arena, float, bundle->plan.width);
    assert(cell != NULL && row != NULL);
    struct record record = record_of(&bundle->schema, cell);
    for (size_t i = 0; i < bundle->schema.count; i++) {
        const struct column *column = &bundle->schema.column[i];
        bool empty = missing || (kind_is_coded(column->kind) && column->values.count == 0);
        cell[i].number = empty ? (double)NAN : 0;
        cell[i].set = true;
    }
    struct decision decision = decide(bundle, &record, row);
    assert(!isnan(decision.score));
    assert(decision.fraud == (decision.score >= bundle->policy.threshold));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {(const char *)data, size};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct view file = view_starts(input, "manifest.json") ? input : sealed(input, &arena);
    struct bundle bundle = {0};
    struct err err = {0};
    if (!bundle_open(&bundle, file, &err)) {
        assert(err.kind == ERR_MODEL || err.kind == ERR_LIMIT);
        assert(bundle.arena.block == NULL);
        return 0;
    }
    decide_on(&bundle, false, &arena);
    decide_on(&bundle, true, &arena);
    bundle_release(&bundle);
    return 0;
}
