/*
 * challenge: the new version and the champion on the same rows, those of the test slice.
 *
 * The rows chose neither model's threshold. What comes of it is kept in the registry
 * (store/meeting.h) and decides whether deploy may replace the champion:
 *
 *     promote        the gain is beyond chance and no rail objects
 *     keep           a rail objects, or no gain worth having is left to hope for
 *     insufficient   too few frauds to tell; the document says how many more
 *     incomparable   the champion cannot read these rows
 *
 * challenge.mode f1 replaces on a higher F1, whatever the chance, and says what the chance was.
 */
#include "measure/challenge.h"

#include "base/doc.h"
#include "decide/decision.h"
#include "model/shap.h"
#include "store/meeting.h"
#include "train/rescore.h"
#include "train/scored.h"

#include <math.h>

enum { EXAMPLES_MAX = 20, REASONS_MAX = 3, GROUPS_MAX = 255, DOCUMENT_SIZE_MAX = 1 << 20 };

/* The two of them before the rows. */
struct duel {
    struct pipeline *pipeline;
    struct arena *arena;
    struct beside beside;
    struct trained model;
    struct scored test;
    struct bundle champion, challenger;
    struct version champion_version;
    float *champion_score;
    double ece[2]; /* champion, challenger */
    struct challenge_rules rules;
    struct challenge_rows rows;
    struct challenge verdict;
};

static bool inputs(struct pipeline *pipeline, struct digester *digester, struct err *err UNUSED)
{
    const struct digest *bundle = &pipeline->version.bundle;
    digest_add(digester, (struct view){(const char *)bundle->bytes, sizeof bundle->bytes});
    config_digest(pipeline->config, "challenge", digester);
    return true;
}

/* ---------------------------------------------------------------- rules */

static bool is_off(const struct config *config)
{
    return view_is(config_text(config, KEY_CHALLENGE_MODE), "off");
}

static bool read_rules(const struct config *config, struct challenge_rules *out, struct err *err)
{
    struct view primary = config_text(config, KEY_CHALLENGE_PRIMARY);
    *out = challenge_rules_default;
    out->mode = view_is(config_text(config, KEY_CHALLENGE_MODE), "f1") ? CHALLENGE_PLAIN_F1
                                                                       : CHALLENGE_BOUND;
    out->primary = metric_find(primary);
    out->confidence = config_number(config, KEY_CHALLENGE_CONFIDENCE);
    out->least_gain = config_number(config, KEY_CHALLENGE_GAIN);
    out->non_inferior = config_number(config, KEY_CHALLENGE_MARGIN);
    out->seed = config_count(config, KEY_EVALUATION_SEED);
    out->limit[RAIL_alert_volume] = config_number(config, KEY_CHALLENGE_ALERTS);
    out->limit[RAIL_ece] = config_number(config, KEY_CHALLENGE_ECE);
    out->limit[RAIL_fpr_ratio] = config_number(config, KEY_CHALLENGE_RATIO);
    if (out->mode == CHALLENGE_PLAIN_F1)
        out->primary = &metric_f1;
    if (out->primary == NULL || out->primary->describes)
        return err_set(err, ERR_INPUT,
                       "challenge.primary: '" VIEW_FMT "' is no metric that judges a model",
                       VIEW_ARG(primary));
    return true;
}

static bool check(const struct config *config, struct err *err)
{
    struct challenge_rules rules;
    return read_rules(config, &rules, err);
}

/* ---------------------------------------------------------------- the rows */

static bool take_group(struct duel *d, struct err *err)
{
    static const char key[] = "challenge.group";
    struct view name = config_text(d->pipeline->config, KEY_CHALLENGE_GROUP);
    const struct table *table = &d->beside.prepared.past.table;
    struct dictionary values = dictionary_in(d->arena);
    uint32_t column, code;
    if (name.length == 0)
        return true;
    if (!prepared_column(&d->beside.prepared, key, name, &column, err))
        return false;
    uint8_t *group = arena_new(d->arena, uint8_t, d->test.count);
    for (size_t i = 0; group != NULL && i < d->test.count; i++) {
        char number[32];
        struct view text = table_text(table, column, d->test.row[i], number);
        if (!dictionary_add(&values, text.text == NULL ? VIEW("") : text, &code))
            group = NULL;
        else if (code > GROUPS_MAX)
            return err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' has more than %d values", key,
                           VIEW_ARG(name), GROUPS_MAX);
        else
            group[i] = (uint8_t)code;
    }
    d->rows.group = group;
    return group != NULL || err_set(err, ERR_LIMIT, "the groups do not fit the memory limit");
}

static bool open_bundle(struct duel *d, const struct version *version, struct bundle *out,
                        struct err *err)
{
    const char *path;
    return (store_get_bundle(d->pipeline->store, &version->bundle, d->arena, &path, err) &&
            bundle_load(out, path, err)) ||
           err_while(err, "version %lld", (long long)version->number);
}

static bool open_bundles(struct duel *d, int64_t champion, struct err *err)
{
    char reference[32];
    snprintf(reference, sizeof reference, "%lld", (long long)champion);
    return registry_find(d->pipeline->store, view_of(reference), d->arena, &d->champion_version,
                         err) &&
           open_bundle(d, &d->champion_version, &d->champion, err) &&
           open_bundle(d, &d->pipeline->version, &d->challenger, err);
}

/* Of the probabilities that the policy's calibrator makes of the scores. */
static bool measure_ece(const struct duel *d, const struct policy *policy, const float *score,
                        double *out, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = d->arena->limit};
    struct sample sample = d->test.stream.sample;
    float *probability = arena_new(&scratch, float, sample.count);
    struct ranking ranking;
    if (probability == NULL)
        return err_set(err, ERR_LIMIT, "the probabilities do not fit the memory limit");
    for (size_t i = 0; i < sample.count; i++)
        probability[i] = (float)calibration_of(&policy->calibration, score[i]);
    sample.score = probability;
    if (!ranking_init(&ranking, sample, &scratch, err))
        return false;
    *out = metric_value(&metric_ece, &ranking, NULL);
    return true;
}

/* False with `err` unset in `why`'s favour: the champion cannot read the rows. */
static bool score_both(struct duel *d, struct err *why, struct err *err)
{
    if (!trained_load(&d->model, d->pipeline, d->arena, err) ||
        !beside_load(&d->beside, d->pipeline->config, true, d->arena, err) ||
        !scored_load(&d->test, "test", d->pipeline, &d->model, &d->beside, d->arena, err))
        return false;
    d->champion_score = arena_new(d->arena, float, d->test.count);
    if (d->champion_score == NULL)
        return err_set(err, ERR_LIMIT, "the champion's scores do not fit the memory limit");
    if (!rescore(&d->champion, &d->beside.prepared, d->test.row, d->test.count, d->champion_score,
                 d->arena, why)) {
        if (why->kind != ERR_INPUT)
            *err = *why;
        return false;
    }
    struct sample sample = d->test.stream.sample;
    d->rows.challenger = (struct contender){sample, d->challenger.policy.threshold};
    sample.score = d->champion_score;
    d->rows.champion = (struct contender){sample, d->champion.policy.threshold};
    d->rows.ece = d->ece;
    if (!measure_ece(d, &d->champion.policy, d->champion_score, &d->ece[0], err) ||
        !measure_ece(d, &d->challenger.policy, d->test.stream.sample.score, &d->ece[1], err))
        return false;
    d->rows.entity = d->test.stream.entity;
    d->rows.amount = d->test.stream.amount;
    return take_group(d, err);
}

static bool same_setting(const struct doc *a, const struct doc *b, const char *key)
{
    const struct doc *left = doc_find(doc_find(a, "settings"), key);
    const struct doc *right = doc_find(doc_find(b, "settings"), key);
    return left != NULL && right != NULL && view_same(left->text, right->text);
}

static bool same_past(const struct doc *a, const struct doc *b)
{
    const struct doc *left = doc_find(doc_find(a, "prepared"), "data_sha256");
    const struct doc *right = doc_find(doc_find(b, "prepared"), "data_sha256");
    if (left == NULL || right == NULL || left->count != right->count)
        return false;
    for (left = left->first, right = right->first; left != NULL;
         left = left->next, right = right->next)
        if (!view_same(left->text, right->text))
            return false;
    return true;
}

/* The champion trained on what was before every row of this slice. */
static bool is_older(const struct duel *d, const struct doc *lineage)
{
    const struct doc *until = doc_find(doc_find(lineage, "prepared"), "trained_until_ms");
    const int64_t *time_ms = d->test.stream.time_ms;
    if (until == NULL || until->kind != DOC_NUMBER || time_ms == NULL)
        return false;
    for (size_t i = 0; i < d->test.count; i++)
        if ((double)time_ms[i] <= until->number)
            return false;
    return true;
}

/* Rows that test here may have trained the champion, which flatters it: unless it trained on the
 * same split of the same past, or on what is older. What cannot be known is a yes. */
static bool may_have_seen(const struct duel *d)
{
    static const enum key_id keys[] = {
        KEY_SPLIT_KIND,      KEY_SPLIT_SEED,       KEY_SPLIT_TRAIN,      KEY_SPLIT_VALIDATION,
        KEY_SPLIT_COLUMN,    KEY_SPLIT_DELAY_DAYS, KEY_SPLIT_TRAIN_FROM, KEY_SPLIT_TRAIN_BEFORE,
        KEY_SPLIT_TEST_FROM, KEY_SPLIT_TEST_BEFORE};
    struct view theirs = d->champion.paper[PAPER_lineage];
    struct view ours = d->challenger.paper[PAPER_lineage];
    struct err ignored = {0};
    const struct doc *then = theirs.length == 0 ? NULL : doc_parse(theirs, d->arena, &ignored);
    const struct doc *now = ours.length == 0 ? NULL : doc_parse(ours, d->arena, &ignored);
    if (then == NULL || now == NULL)
        return true;
    if (is_older(d, then))
        return false;
    for (size_t i = 0; i < LENGTH_OF(keys); i++)
        if (!same_setting(then, now, config_keys[keys[i]].path))
            return true;
    return !same_past(then, now);
}

/* ---------------------------------------------------------------- writing */

static void write_rails(const struct challenge *verdict, struct json *json)
{
    json_key(json, "rails");
    json_open(json, '[');
    for (size_t i = 0; i < RAIL_COUNT; i++) {
        const struct rail_check *rail = &verdict->rail[i];
        json_open(json, '{');
        json_key(json, "name"), json_string(json, rail->name);
        json_key(json, "value"), json_number(json, rail->value);
        json_key(json, "limit"), json_number(json, rail->limit);
        json_key(json, "judged"), json_bool(json, rail->judged);
        json_key(json, "passed"), json_bool(json, rail->passed);
        json_close(json);
    }
    json_close(json);
}

static void write_side(const char *key, const struct swap_side *side, struct json *json)
{
    json_key(json, key);
    json_open(json, '{');
    json_key(json, "rows"), json_number(json, side->rows);
    json_key(json, "frauds"), json_number(json, side->frauds);
    json_key(json, "money"), json_number(json, side->money);
    json_key(json, "fraud_money"), json_number(json, side->fraud_money);
    json_close(json);
}

/* The features that moved the challenger's score up the most. */
static void write_reasons(const struct duel *d, const double *phi, struct json *json)
{
    const struct plan *plan = &d->challenger.plan;
    double below = (double)INFINITY;
    json_key(json, "reasons");
    json_open(json, '[');
    for (size_t n = 0; n < REASONS_MAX; n++) {
        size_t best = plan->width;
        for (size_t f = 0; f < plan->width; f++)
            if (phi[f] > 0 && phi[f] < below && (best == plan->width || phi[f] > phi[best]))
                best = f;
        if (best == plan->width)
            break;
        below = phi[best];
        json_open(json, '{');
        json_key(json, "feature"), json_text(json, plan->width_name[best]);
        json_key(json, "contribution"), json_number(json, phi[best]);
        json_close(json);
    }
    json_close(json);
}

static bool write_examples(const struct duel *d, struct json *json, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = d->arena->limit};
    struct explainer explainer;
    const struct stream *stream = &d->test.stream;
    double *phi = arena_new(&scratch, double, d->test.width);
    if (!explainer_build(&d->model.forest, NULL, &scratch, &explainer, err))
        return false;
    void *room = arena_alloc(&scratch, 1, explainer.row_scratch);
    if (phi == NULL || room == NULL)
        return err_set(err, ERR_LIMIT, "the examples do not fit the memory limit");
    json_key(json, "examples");
    json_open(json, '[');
    for (size_t i = 0; i < d->verdict.swaps && i < EXAMPLES_MAX; i++) {
        uint32_t row = d->verdict.swap[i];
        shap_row(&explainer, d->test.matrix + row * d->test.width, phi, room);
        json_open(json, '{');
        json_key(json, "line");
        json_count(json, d->beside.prepared.past.table.line[d->test.row[row]]);
        json_key(json, "fraud"), json_bool(json, stream->sample.label[row] == 1);
        if (stream->amount != NULL)
            json_key(json, "amount"), json_number(json, stream->amount[row]);
        json_key(json, "champion_score"), json_number(json, (double)d->champion_score[row]);
        json_key(json, "challenger_score"), json_number(json, (double)stream->sample.score[row]);
        write_reasons(d, phi, json);
        json_close(json);
    }
    json_close(json);
    return true;
}

static void write_head(const struct duel *d, const char *verdict, const char *why,
                       struct json *json)
{
    char hex[DIGEST_HEX_SIZE];
    json_key(json, "verdict"), json_string(json, verdict);
    json_key(json, "why"), json_string(json, why);
    json_key(json, "champion"), json_i64(json, d->champion_version.number);
    json_key(json, "challenger"), json_i64(json, d->pipeline->version.number);
    json_key(json, "slice"), json_string(json, d->test.name);
    json_key(json, "rows"), json_count(json, d->test.ranking.rows);
    json_key(json, "frauds"), json_count(json, d->test.ranking.frauds);
    if (d->test.stream.sample.weight != NULL) {
        json_key(json, "weighted_by");
        json_text(json, config_text(d->pipeline->config, KEY_EVALUATION_WEIGHT));
    }
    json_key(json, "sha256"), json_string(json, digest_print(&d->test.digest, hex));
}

static void write_gain(const struct duel *d, struct json *json)
{
    const struct challenge *verdict = &d->verdict;
    const struct config *config = d->pipeline->config;
    json_key(json, "mode"), json_text(json, config_text(config, KEY_CHALLENGE_MODE));
    json_key(json, "champion_may_have_seen_the_rows"), json_bool(json, may_have_seen(d));
    json_key(json, "primary"), json_string(json, d->rules.primary->name);
    json_key(json, "champion_threshold");
    json_number(json, (double)d->champion.policy.threshold);
    json_key(json, "challenger_threshold");
    json_number(json, (double)d->challenger.policy.threshold);
    json_key(json, "champion_value"), json_number(json, verdict->champion);
    json_key(json, "challenger_value"), json_number(json, verdict->challenger);
    json_key(json, "gain"), json_number(json, verdict->gain);
    json_key(json, "gain_low"), json_number(json, verdict->low);
    json_key(json, "gain_high"), json_number(json, verdict->high);
    json_key(json, "confidence"), json_number(json, d->rules.confidence);
    json_key(json, "frauds_needed"), json_number(json, verdict->frauds_needed);
    json_key(json, "false_promotion_risk"), json_number(json, verdict->false_promotion);
    write_rails(verdict, json);
    json_key(json, "swap_set");
    json_open(json, '{');
    write_side("challenger_alone", &verdict->gained, json);
    write_side("champion_alone", &verdict->lost, json);
    json_close(json);
}

static bool keep(struct duel *d, const char *verdict, const char *why, bool compared,
                 struct err *err)
{
    struct text text = text_in_arena(d->arena);
    struct json json = json_to(&text);
    json_open(&json, '{');
    write_head(d, verdict, why, &json);
    if (compared) {
        write_gain(d, &json);
        if (!write_examples(d, &json, err))
            return false;
    }
    json_close(&json);
    if (text.cut)
        return err_set(err, ERR_LIMIT, "the comparison does not fit the memory limit");
    struct meeting meeting = {.number = d->pipeline->version.number,
                              .champion = d->champion_version.number,
                              .verdict = view_of(verdict),
                              .document = text_view(&text)};
    return meeting_add(d->pipeline->store, &meeting, d->pipeline->actor, err);
}

static void explain_verdict(const struct duel *d, struct text *why)
{
    const struct challenge *verdict = &d->verdict;
    const char *metric = d->rules.mode == CHALLENGE_PLAIN_F1 ? "f1" : d->rules.primary->name;
    text_addf(why, "%s %.4f beside the champion's %.4f", metric, verdict->challenger,
              verdict->champion);
    if (d->rules.mode == CHALLENGE_PLAIN_F1) {
        text_addf(why, "; were the two equally good, one would still be replaced with chance %.2f",
                  verdict->false_promotion);
        return;
    }
    text_addf(why, ", gain %+.4f, with %.0f %% confidence %+.4f or more", verdict->gain,
              100 * d->rules.confidence, verdict->low);
    if (verdict->verdict == CHALLENGE_INSUFFICIENT && isfinite(verdict->frauds_needed))
        text_addf(why, "; about %.0f more frauds would tell", verdict->frauds_needed);
    for (size_t i = 0; i < RAIL_COUNT; i++)
        if (verdict->rail[i].judged && !verdict->rail[i].passed)
            text_addf(why, "; %s %.4g is outside its limit %.4g", verdict->rail[i].name,
                      verdict->rail[i].value, verdict->rail[i].limit);
    if (may_have_seen(d))
        text_adds(why, "; the champion may have trained on some of these rows, which flatters it");
}

/* ---------------------------------------------------------------- the step */

static bool judge(struct duel *d, struct err *err)
{
    struct challenge_result *result = &d->pipeline->challenge;
    struct text why = text_in_arena(d->pipeline->arena);
    struct err cannot = {0};
    if (!score_both(d, &cannot, err)) {
        if (err->kind != ERR_NONE)
            return false;
        text_addf(&why, "the champion cannot read these rows: %s", cannot.text);
        result->text = text_c(&why);
        return keep(d, "incomparable", result->text, false, err);
    }
    if (!read_rules(d->pipeline->config, &d->rules, err) ||
        !challenge_judge(&d->rows, &d->rules, d->arena, &d->verdict, err))
        return false;
    explain_verdict(d, &why);
    result->text = text_c(&why);
    result->may_replace = d->verdict.verdict == CHALLENGE_PROMOTE;
    result->worth_a_look = d->verdict.verdict == CHALLENGE_INSUFFICIENT;
    return keep(d, challenge_verdict_name(d->verdict.verdict), result->text, true, err);
}

static bool duel(struct pipeline *pipeline, int64_t champion, struct err *err)
{
    size_t memory = (size_t)config_number(pipeline->config, KEY_DATA_MEMORY_MB) << 20;
    CLEANUP(arena_release) struct arena arena = {.limit = memory};
    struct duel d = {.pipeline = pipeline, .arena = &arena};
    bool ok = open_bundles(&d, champion, err) && judge(&d, err);
    bundle_release(&d.champion);
    bundle_release(&d.challenger);
    return ok;
}

static bool run(struct pipeline *pipeline, const char *dir UNUSED, struct text *outcome,
                struct err *err)
{
    struct challenge_result *result = &pipeline->challenge;
    int64_t champion;
    if (!alias_get(pipeline->store, "champion", &champion, err))
        return false;
    *result = (struct challenge_result){.may_replace = true};
    if (champion == 0 || champion == pipeline->version.number || is_off(pipeline->config)) {
        text_adds(outcome, champion == 0 ? "there is no champion yet"
                           : champion == pipeline->version.number
                               ? "it is the champion"
                               : "not asked for (challenge.mode is off)");
        return true;
    }
    *result = (struct challenge_result){.champion = champion};
    if (!duel(pipeline, champion, err))
        return false;
    text_addf(outcome, "%s: %s",
              result->may_replace    ? "promote"
              : result->worth_a_look ? "insufficient evidence"
                                     : "keep the champion",
              result->text);
    return true;
}

const struct step step_challenge = {
    .name = "challenge",
    .about = "the version and the champion on the same rows",
    .check = check,
    .inputs = inputs,
    .run = run,
};
