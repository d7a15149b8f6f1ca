/*
 * register: everything a decision needs goes into one bundle, and the bundle gets a version.
 *
 * The bundle holds nothing of when, where and by whom: the same inputs give the
 * same digest, and a bundle that is registered already keeps its version.
 */
#include "base/doc.h"
#include "base/file.h"
#include "base/version.h"
#include "model/bundle.h"
#include "store/trust.h"
#include "train/card.h"
#include "train/pipeline.h"

enum { DOCUMENT_SIZE_MAX = 256 << 20, MODEL_SIZE_MAX = 1 << 30 };

struct registration {
    struct pipeline *pipeline;
    struct arena *arena;
    struct schema schema;
    struct plan plan;
    struct bundle_parts parts;
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    for (size_t i = 0; i < STEP_ID_register; i++) {
        const struct digest *output = &pipeline->output[i];
        digest_add(digester, (struct view){(const char *)output->bytes, sizeof output->bytes});
    }
    config_digest(pipeline->config, "project", digester);
    config_digest(pipeline->config, "card", digester);
    return true;
}

static bool load_text(struct registration *r, enum step_id step, const char *name, struct view *out,
                      struct err *err)
{
    return file_load(pipeline_file(r->pipeline, step, name), MODEL_SIZE_MAX, r->arena, out, err);
}

static const struct doc *load_doc(struct registration *r, enum step_id step, const char *name,
                                  struct err *err)
{
    return doc_load(pipeline_file(r->pipeline, step, name), DOCUMENT_SIZE_MAX, r->arena, err);
}

static bool load_plan(struct registration *r, struct err *err)
{
    const struct doc *schema = load_doc(r, STEP_ID_prepare, "schema.json", err);
    if (schema == NULL || !schema_read(&r->schema, schema, r->arena, err))
        return false;
    const struct doc *plan = load_doc(r, STEP_ID_prepare, "plan.json", err);
    return plan != NULL && plan_read(&r->plan, &r->schema, plan, r->arena, err);
}

/* golden.json of prepare: a list of records, each a list of the inputs. */
static bool read_record(struct registration *r, struct scan *scan, struct record *out,
                        struct err *err)
{
    struct token token;
    struct cell *cell = arena_new(r->arena, struct cell, r->schema.count);
    if (cell == NULL)
        return err_set(err, ERR_LIMIT, "the golden records do not fit the memory limit");
    *out = record_of(&r->schema, cell);
    for (size_t i = 0; i < r->schema.input_count; i++)
        if (!scan_next(scan, &token, err) ||
            !record_set_token(out, r->schema.input[i], &token, err))
            return false;
    return scan_next(scan, &token, err) && token.kind == TOKEN_LIST_END && record_finish(out, err);
}

static bool load_golden(struct registration *r, struct err *err)
{
    struct view bytes;
    struct record *record = arena_new(r->arena, struct record, BUNDLE_GOLDEN_MAX);
    if (record == NULL || !load_text(r, STEP_ID_prepare, "golden.json", &bytes, err))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_LIMIT, "no memory is left");
    struct text scratch = text_in_arena(r->arena);
    struct scan scan = scan_of(bytes, &scratch);
    struct token token;
    bool ok = scan_next(&scan, &token, err);
    while (ok && scan_next(&scan, &token, err) && token.kind == TOKEN_LIST) {
        assert(r->parts.golden_count < BUNDLE_GOLDEN_MAX); /* prepare wrote fewer */
        ok = read_record(r, &scan, &record[r->parts.golden_count++], err);
    }
    r->parts.golden = record;
    return ok && err->kind == ERR_NONE;
}

static bool load_policy(struct registration *r, struct err *err)
{
    const struct doc *doc = load_doc(r, STEP_ID_evaluate, "policy.json", err);
    return doc != NULL && policy_read(&r->parts.policy, doc, r->arena, err);
}

static void write_settings(const struct config *config, struct json *json)
{
    static const enum key_id keys[] = {
        KEY_MODEL_ALGORITHM,  KEY_MODEL_SEED,       KEY_MODEL_THREADS,      KEY_SPLIT_KIND,
        KEY_SPLIT_SEED,       KEY_SPLIT_TRAIN,      KEY_SPLIT_VALIDATION,   KEY_SPLIT_DELAY_DAYS,
        KEY_SPLIT_COLUMN,     KEY_SPLIT_TRAIN_FROM, KEY_SPLIT_TRAIN_BEFORE, KEY_SPLIT_TEST_FROM,
        KEY_SPLIT_TEST_BEFORE};
    json_key(json, "settings");
    json_open(json, '{');
    for (size_t i = 0; i < LENGTH_OF(keys); i++) {
        json_key(json, config_keys[keys[i]].path);
        json_text(json, config_text(config, keys[i]));
    }
    json_close(json);
}

static bool write_lineage(struct registration *r, struct err *err)
{
    struct view prepared, training, gate;
    if (!load_text(r, STEP_ID_prepare, "prepared.json", &prepared, err) ||
        !load_text(r, STEP_ID_train, "training.json", &training, err) ||
        !load_text(r, STEP_ID_gate, "gate.json", &gate, err))
        return false;
    struct text text = text_in_arena(r->arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    json_key(&json, "assay"), json_string(&json, ASSAY_VERSION);
    write_settings(r->pipeline->config, &json);
    json_key(&json, "prepared"), json_raw(&json, view_trim(prepared));
    json_key(&json, "training"), json_raw(&json, view_trim(training));
    json_key(&json, "gate"), json_raw(&json, view_trim(gate));
    json_close(&json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "the lineage does not fit the memory limit");
    r->parts.paper[PAPER_lineage] = text_view(&text);
    return true;
}

static bool load_papers(struct registration *r, struct err *err)
{
    static const struct {
        enum paper paper;
        enum step_id step;
    } from[] = {
        {PAPER_evaluation, STEP_ID_evaluate},  {PAPER_leaks, STEP_ID_audit},
        {PAPER_explanations, STEP_ID_explain}, {PAPER_bias, STEP_ID_bias},
        {PAPER_reasons, STEP_ID_explain},      {PAPER_statistics, STEP_ID_prepare},
        {PAPER_constraints, STEP_ID_prepare},  {PAPER_reference, STEP_ID_prepare},
    };
    for (size_t i = 0; i < LENGTH_OF(from); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.json", paper_name(from[i].paper));
        if (!load_text(r, from[i].step, name, &r->parts.paper[from[i].paper], err))
            return false;
    }
    return true;
}

static bool write_card(struct registration *r, struct err *err)
{
    const struct doc *paper[PAPERS] = {0};
    for (size_t i = 0; i < PAPERS; i++)
        if (r->parts.paper[i].length > 0) {
            paper[i] = doc_parse(r->parts.paper[i], r->arena, err);
            if (paper[i] == NULL)
                return err_while(err, "%s.json", paper_name((enum paper)i));
        }
    struct text text = text_in_arena(r->arena);
    struct json json = json_pretty_to(&text);
    card_write(r->pipeline->config, paper, &json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "the model card does not fit the memory limit");
    r->parts.paper[PAPER_card] = text_view(&text);
    return true;
}

static bool gather(struct registration *r, struct err *err)
{
    const struct config *config = r->pipeline->config;
    r->parts.project = config_text(config, KEY_PROJECT);
    r->parts.algorithm = config_text(config, KEY_MODEL_ALGORITHM);
    r->parts.schema = &r->schema;
    r->parts.plan = &r->plan;
    return load_plan(r, err) && load_golden(r, err) && load_policy(r, err) &&
           load_text(r, STEP_ID_train, "model.ubj", &r->parts.model, err) && load_papers(r, err) &&
           write_lineage(r, err) && write_card(r, err);
}

/* A bundle that is there already keeps its version; a new one gets the next number. */
static bool add_version(struct registration *r, const struct digest *digest, bool *known,
                        struct err *err)
{
    struct pipeline *pipeline = r->pipeline;
    struct version wanted = {.bundle = *digest,
                             .project = r->parts.project,
                             .algorithm = r->parts.algorithm,
                             .origin = VERSION_TRAINED,
                             .run_id = pipeline->run_id};
    if (!file_load(pipeline_file(pipeline, STEP_ID_evaluate, "metrics.json"), DOCUMENT_SIZE_MAX,
                   pipeline->arena, &wanted.metrics, err))
        return false;
    return registry_add(pipeline->store, &wanted, pipeline->actor, pipeline->arena,
                        &pipeline->version, known, err);
}

/* The key is read before hours of training, not after. */
static bool check(const struct config *config, struct err *err)
{
    CLEANUP(trust_close) struct trust trust = {0};
    return trust_open_to_sign(&trust, config, err);
}

static bool vouch(const struct pipeline *pipeline, struct err *err)
{
    CLEANUP(trust_close) struct trust trust = {0};
    return trust_open_to_sign(&trust, pipeline->config, err) &&
           trust_sign(&trust, pipeline->store, &pipeline->version, pipeline->actor, err);
}

static bool run(struct pipeline *pipeline, const char *dir UNUSED, struct text *outcome,
                struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct registration r = {.pipeline = pipeline, .arena = &arena};
    struct view bytes;
    struct digest digest;
    bool known;
    if (!gather(&r, err) || !bundle_seal(&r.parts, &arena, &bytes, err) ||
        !store_put_bundle(pipeline->store, bytes, &digest, err) ||
        !add_version(&r, &digest, &known, err) || !vouch(pipeline, err))
        return false;
    char hex[DIGEST_HEX_SIZE];
    text_addf(outcome, "%sversion %lld, " VIEW_FMT ", bundle %.12s", known ? "already " : "",
              (long long)pipeline->version.number, VIEW_ARG(pipeline->version.name),
              digest_print(&digest, hex));
    return true;
}

const struct step step_register = {
    .name = "register",
    .about = "seal the bundle, test it on its golden records, give it a version",
    .check = check,
    .inputs = inputs,
    .run = run,
};
