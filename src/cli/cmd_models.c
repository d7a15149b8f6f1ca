#include "base/clock.h"
#include "base/doc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "cli/govern.h"
#include "cli/model_dir.h"
#include "cli/verbs.h"
#include "model/adopt.h"
#include "model/xgboost_write.h"
#include "store/governance.h"
#include "store/meeting.h"

#include <math.h>

enum {
    OPTION_OUT,
    OPTION_COMMENT,
    OPTION_AS,
    OPTION_FEATURES,
    OPTION_MISSING,
    OPTION_SCALER,
    OPTION_THRESHOLD,
    OPTION_CHAMPION,
    OPTION_OLDER,
    OPTION_DRY_RUN,
};

enum { FILE_MAX = 1 << 30, NAMES_MAX = 1 << 24, COMPANIONS_MAX = 8 };

/* ---------------------------------------------------------------- list, show */

static void print_time(int64_t time_ms)
{
    char bytes[40];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_time(&text, time_ms);
    printf("%.19sZ", text_c(&text));
}

static const char *alias_of(int64_t number, int64_t champion, int64_t challenger)
{
    return number == champion ? "champion" : number == challenger ? "challenger" : "-";
}

/* "-" for a metric that nobody measured: a model from elsewhere has none. */
static const char *metric_named(const struct version *version, const char *name, char out[16],
                                struct arena *arena)
{
    struct err ignored = {0};
    const struct doc *doc = doc_parse(version->metrics, arena, &ignored);
    const struct doc *item = doc_find(doc, name);
    bool measured = item != NULL && item->kind == DOC_NUMBER;
    if (!measured)
        return "-";
    snprintf(out, 16, "%.4f", item->number);
    return out;
}

static bool list(struct project *project, const struct call *call UNUSED, struct err *err)
{
    struct version *version;
    size_t count;
    int64_t champion, challenger;
    if (!registry_list(&project->store, &project->arena, &version, &count, err) ||
        !alias_get(&project->store, "champion", &champion, err) ||
        !alias_get(&project->store, "challenger", &challenger, err))
        return false;
    printf("%6s  %-20s %-10s %-14s %-7s %8s %8s  %-12s  %s\n", "number", "name", "alias",
           "algorithm", "origin", "roc_auc", "pr_auc", "bundle", "created");
    for (size_t i = 0; i < count; i++) {
        char hex[DIGEST_HEX_SIZE], roc[16], pr[16];
        printf("%6lld  %-20.*s %-10s %-14.*s %-7s %8s %8s  %.12s  ", (long long)version[i].number,
               VIEW_ARG(version[i].name), alias_of(version[i].number, champion, challenger),
               VIEW_ARG(version[i].algorithm), version_origin_name(version[i].origin),
               metric_named(&version[i], "roc_auc", roc, &project->arena),
               metric_named(&version[i], "pr_auc", pr, &project->arena),
               digest_print(&version[i].bundle, hex));
        print_time(version[i].created_ms);
        putchar('\n');
    }
    return true;
}

static void write_version(const struct version *version, const char *alias, struct json *json)
{
    char hex[DIGEST_HEX_SIZE], time[40];
    struct text stamp = text_in(time, sizeof time);
    text_add_time(&stamp, version->created_ms);
    json_key(json, "number"), json_i64(json, version->number);
    json_key(json, "name"), json_text(json, version->name);
    json_key(json, "alias"), json_string(json, alias);
    json_key(json, "bundle"), json_string(json, digest_print(&version->bundle, hex));
    json_key(json, "project"), json_text(json, version->project);
    json_key(json, "algorithm"), json_text(json, version->algorithm);
    json_key(json, "origin"), json_string(json, version_origin_name(version->origin));
    json_key(json, "created"), json_text(json, text_view(&stamp));
    json_key(json, "metrics"), json_raw(json, version->metrics);
}

static void write_bundle(const struct bundle *bundle, struct json *json)
{
    json_key(json, "threshold"), json_number(json, (double)bundle->policy.threshold);
    json_key(json, "trees"), json_count(json, bundle->forest.tree_count);
    json_key(json, "golden_records"), json_count(json, bundle->golden_count);
    json_key(json, "features");
    json_open(json, '[');
    for (size_t i = 0; i < bundle->plan.width; i++)
        json_text(json, bundle->plan.width_name[i]);
    json_close(json);
    for (size_t i = 0; i < PAPERS; i++)
        if (bundle->paper[i].length > 0 && i != PAPER_reference) /* megabytes, for no eye */
            json_key(json, paper_name((enum paper)i)), json_raw(json, view_trim(bundle->paper[i]));
}

static bool write_comparison(struct project *project, int64_t number, struct json *json,
                             struct err *err)
{
    struct meeting last;
    if (!meeting_last(&project->store, number, &project->arena, &last, err))
        return false;
    json_key(json, "comparison");
    if (last.number == 0)
        json_null(json);
    else
        json_raw(json, view_trim(last.document));
    return true;
}

static bool show(struct project *project, const struct call *call, struct err *err)
{
    struct bundle bundle = {0};
    struct version version;
    int64_t champion, challenger;
    if (!project_load_bundle(project, NULL, call->argument[1], &bundle, &version, err))
        return false;
    bool ok = alias_get(&project->store, "champion", &champion, err) &&
              alias_get(&project->store, "challenger", &challenger, err);
    struct text text = text_in_arena(&project->arena);
    struct json json = json_pretty_to(&text);
    json_open(&json, '{');
    if (ok) {
        write_version(&version, alias_of(version.number, champion, challenger), &json);
        ok = governance_write(&project->store, version.number, &json, err) &&
             write_comparison(project, version.number, &json, err);
        write_bundle(&bundle, &json);
    }
    json_close(&json);
    if (ok)
        fwrite(text.bytes, 1, text.length, stdout);
    bundle_release(&bundle);
    return ok;
}

/* ---------------------------------------------------------------- import, export */

/* ["a", "b"], or an object with such a list under "features" or "feature_names". */
static bool read_names(struct project *project, const char *path, struct adoption *adoption,
                       struct err *err)
{
    const struct doc *doc = doc_load(path, NAMES_MAX, &project->arena, err);
    if (doc == NULL)
        return false;
    if (doc->kind == DOC_OBJECT) {
        const struct doc *inner = doc_find(doc, "features");
        doc = inner != NULL ? inner : doc_find(doc, "feature_names");
    }
    if (doc == NULL || doc->kind != DOC_LIST)
        return err_set(err, ERR_INPUT, "'%s' holds no list of feature names", path);
    struct view *name = arena_new(&project->arena, struct view, doc->count);
    if (name == NULL)
        return err_set(err, ERR_LIMIT, "the names do not fit the memory limit");
    for (const struct doc *item = doc->first; item != NULL; item = item->next) {
        if (item->kind != DOC_TEXT)
            return err_set(err, ERR_INPUT, "'%s' holds a feature name that is no text", path);
        name[adoption->name_count++] = item->text;
    }
    adoption->name = name;
    return true;
}

static bool read_adoption(struct project *project, const struct call *call,
                          struct adoption *adoption, struct err *err)
{
    adoption->project = config_text(&project->config, KEY_PROJECT);
    adoption->allow_missing = call->option[OPTION_MISSING] != NULL;
    return call->option[OPTION_FEATURES] == NULL ||
           read_names(project, call->option[OPTION_FEATURES], adoption, err);
}

/* `name` says what a number in it is. */
static bool add_companion(struct project *project, const char *path, struct view name,
                          struct imported *model, struct err *err)
{
    struct view bytes;
    return (file_load(path, FILE_MAX, &project->arena, &bytes, err) &&
            import_companion(name, bytes, &project->arena, model, err)) ||
           err_while(err, "'%s'", path);
}

/* --threshold is a probability, or a file that holds one; it stands above what came with the model.
 */
static bool read_threshold(struct project *project, const struct call *call, struct imported *model,
                           struct err *err)
{
    const char *given = call->option[OPTION_THRESHOLD];
    double threshold;
    if (given == NULL)
        return true;
    model->threshold = (double)NAN;
    if (!number_parse(view_of(given), &threshold) && file_exists(given))
        return add_companion(project, given, VIEW("threshold"), model, err);
    if (!(number_parse(view_of(given), &threshold) && threshold >= 0 && threshold <= 1))
        return err_set(err, ERR_USAGE, "--threshold takes a probability or a file, not '%s'",
                       given);
    model->threshold = threshold;
    return true;
}

/* The first file is the model; the others stand beside it. */
static bool read_import(struct project *project, const struct call *call, struct view bytes,
                        struct imported *model, struct err *err)
{
    const char *scaler = call->option[OPTION_SCALER];
    if (!import_read(bytes, &project->arena, model, err))
        return false;
    for (size_t i = 2; i < call->arguments; i++)
        if (!add_companion(project, call->argument[i], view_of(call->argument[i]), model, err))
            return false;
    return (scaler == NULL || add_companion(project, scaler, VIEW("scaler"), model, err)) &&
           read_threshold(project, call, model, err);
}

static bool make_bundle(struct project *project, const struct call *call, struct view bytes,
                        struct view *out, struct err *err)
{
    struct imported model;
    struct adoption adoption = {0};
    if (model_dir_is_bundle(bytes)) {
        if (call->arguments > 2 || call->option[OPTION_SCALER] != NULL)
            return err_set(err, ERR_USAGE, "a bundle is complete: nothing stands beside it");
        *out = bytes;
        return true;
    }
    if (!read_import(project, call, bytes, &model, err) ||
        !read_adoption(project, call, &adoption, err))
        return false;
    adoption.threshold = isnan(model.threshold) ? 0.5F : (float)model.threshold;
    if (model.notes.length > 0)
        fprintf(stderr, "assay models: " VIEW_FMT "\n", (int)model.notes.length, model.notes.text);
    return adopt_imported(&adoption, &model, &project->arena, out, err);
}

static bool register_bundle(struct project *project, const struct bundle *bundle, struct view bytes,
                            struct version *version, struct err *err)
{
    struct version wanted = {.project = bundle->project,
                             .algorithm = bundle->algorithm,
                             .origin = VERSION_IMPORTED,
                             .metrics = VIEW("{}")};
    bool known;
    return store_put_bundle(&project->store, bytes, &wanted.bundle, err) &&
           registry_add(&project->store, &wanted, project_actor(), &project->arena, version, &known,
                        err);
}

static bool import(struct project *project, const struct call *call, struct err *err)
{
    struct view bytes, sealed;
    struct bundle bundle = {0};
    struct version version;
    const char *path = call->argument[1];
    if (!file_load(path, FILE_MAX, &project->arena, &bytes, err) ||
        !make_bundle(project, call, bytes, &sealed, err) || !bundle_open(&bundle, sealed, err))
        return err_while(err, "importing '%s'", path);
    bool ok = register_bundle(project, &bundle, sealed, &version, err);
    bundle_release(&bundle);
    if (ok && call->option[OPTION_CHAMPION] != NULL)
        ok = govern_promote(project, GOVERNANCE_ANY, &version, "imported as the champion", err);
    char hex[DIGEST_HEX_SIZE];
    if (ok)
        printf("%lld " VIEW_FMT " %s%s\n", (long long)version.number, VIEW_ARG(version.name),
               digest_print(&version.bundle, hex),
               call->option[OPTION_CHAMPION] != NULL ? " champion" : "");
    return ok;
}

/* What Python must do to a record itself, because XGBoost's format holds trees alone. */
static void warn_of_plan(const struct plan *plan)
{
    size_t made = 0;
    for (size_t i = 0; i < plan->count; i++)
        made += plan->feature[i].transform != &transform_identity || !isnan(plan->feature[i].fill);
    if (made > 0)
        fprintf(stderr,
                "assay models export: %zu of %zu features are made from columns (scaled, encoded, "
                "filled); the file holds the trees alone and reads the finished features\n",
                made, plan->count);
}

static bool export_trees(struct project *project, const struct bundle *bundle, struct view format,
                         const char *out, struct err *err)
{
    enum xgboost_format as;
    if (!xgboost_format_find(format, &as))
        return err_set(err, ERR_USAGE, "--as takes xgboost-json or xgboost-ubj, not '" VIEW_FMT "'",
                       VIEW_ARG(format));
    struct forest forest = bundle->forest;
    if (forest.feature_name == NULL)
        forest.feature_name = bundle->plan.width_name;
    struct text text = text_in_arena(&project->arena);
    if (!xgboost_write(&forest, as, &text, err) || !file_save(out, text_view(&text), err))
        return false;
    warn_of_plan(&bundle->plan);
    if (forest.weight != NULL)
        fprintf(stderr, "assay models export: this model sums in double; XGBoost sums in float and "
                        "differs in the last digits\n");
    return true;
}

static bool export(struct project *project, const struct call *call, struct err *err)
{
    struct bundle bundle = {0};
    struct version version;
    struct view bytes;
    const char *out = call->option[OPTION_OUT], *as = call->option[OPTION_AS];
    if (!project_load_bundle(project, NULL, call->argument[1], &bundle, &version, err))
        return false;
    const char *path;
    bool ok = as != NULL ? export_trees(project, &bundle, view_of(as), out, err)
                         : store_get_bundle(&project->store, &version.bundle, &project->arena,
                                            &path, err) &&
                               file_load(path, FILE_MAX, &project->arena, &bytes, err) &&
                               file_save(out, bytes, err);
    bundle_release(&bundle);
    return ok;
}

/* ---------------------------------------------------------------- governance */

/* The bundle is verified first: what does not open is not put in force. */
static bool promote(struct project *project, const struct call *call, struct err *err)
{
    struct bundle bundle = {0};
    struct version version;
    if (!project_load_bundle(project, NULL, call->argument[1], &bundle, &version, err))
        return false;
    bundle_release(&bundle);
    if (!govern_promote(project, GOVERNANCE_ANY, &version, call->option[OPTION_COMMENT], err))
        return false;
    printf("%lld " VIEW_FMT " champion\n", (long long)version.number, VIEW_ARG(version.name));
    return true;
}

static bool approve(struct project *project, const struct call *call, struct err *err)
{
    return govern_approve(project, call->argument[1], call->option[OPTION_COMMENT], err);
}

static bool reject(struct project *project, const struct call *call, struct err *err)
{
    return govern_reject(project, call->argument[1], call->option[OPTION_COMMENT], err);
}

static bool rollback(struct project *project, const struct call *call, struct err *err)
{
    return govern_rollback(project, call->option[OPTION_COMMENT], err);
}

static bool tag(struct project *project, const struct call *call, struct err *err)
{
    return govern_tag(project, call->argument[1], call->argument[2], err);
}

static bool compare(struct project *project, const struct call *call, struct err *err)
{
    return govern_compare(project, call->argument[1], call->argument[2], err);
}

static bool verify(struct project *project, const struct call *call, struct err *err)
{
    return govern_verify(project, call->arguments > 1 ? call->argument[1] : NULL, err);
}

static bool gc(struct project *project, const struct call *call, struct err *err)
{
    return govern_clear(project, call->option[OPTION_OLDER], call->option[OPTION_DRY_RUN] != NULL,
                        err);
}

/* ---------------------------------------------------------------- the command */

static bool sign_one(struct project *project, const struct call *call, struct err *err)
{
    return govern_sign(project, call->argument[1], err);
}

static const struct verb rows[] = {
    {"list", 0, 0, false, list},
    {"show", 1, 1, false, show},
    {"export", 1, 1, false, export},
    {"import", 1, COMPANIONS_MAX, true, import},
    {"compare", 2, 2, false, compare},
    {"approve", 1, 1, true, approve},
    {"reject", 1, 1, true, reject},
    {"promote", 1, 1, true, promote},
    {"rollback", 0, 0, true, rollback},
    {"tag", 2, 2, true, tag},
    {"sign", 1, 1, true, sign_one},
    {"verify", 0, 1, false, verify},
    {"gc", 0, 0, true, gc},
};

static const struct verbs verbs = {
    rows, LENGTH_OF(rows),
    .usage = "usage: assay models list | show REFERENCE | import FILE... | export REFERENCE "
             "--out FILE | compare REFERENCE REFERENCE | approve, reject or promote REFERENCE | "
             "rollback | tag REFERENCE NAME=VALUE | sign REFERENCE | verify [REFERENCE] | gc"};

static bool run(const struct call *call, struct err *err)
{
    const struct verb *verb = verbs_find(&verbs, call->argument[0]);
    if (verb != NULL && verb_takes(verb, call) && verb->run == export &&
        call->option[OPTION_OUT] == NULL)
        return err_set(err, ERR_USAGE, "--out FILE says where the bundle goes");
    return verbs_run(&verbs, call, err);
}

static const struct option_row options[] = {
    [OPTION_OUT] = {"out", "FILE", "export: where the bundle goes"},
    [OPTION_AS] = {"as", "FORMAT",
                   "export: the trees alone, as xgboost-json or xgboost-ubj, for Python"},
    [OPTION_COMMENT] = {"comment", "WORDS", "approve, reject, promote, rollback: why"},
    [OPTION_FEATURES] = {"features", "FILE", "import: JSON list of feature names"},
    [OPTION_MISSING] = {"allow-missing", NULL, "import: features may be absent"},
    [OPTION_SCALER] = {"scaler", "FILE", "import: the StandardScaler before the model"},
    [OPTION_THRESHOLD] = {"threshold", "P",
                          "import: fraud from this probability on, or a file with it; default 0.5"},
    [OPTION_CHAMPION] = {"champion", NULL, "import: and make it the champion"},
    [OPTION_OLDER] = {"older", "DAYS", "gc: unused for so long; default store.keep_days, 30"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "gc: say what would go, and remove nothing"},
    {0},
};

const struct command command_models = {
    .name = "models",
    .arguments =
        "list | show | import | export | compare | approve | reject | promote | rollback | "
        "tag | sign | verify | gc [REFERENCE...]",
    .about = "the registry: versions, their bundles, and models from elsewhere",
    .more =
        "REFERENCE is a version's number or name, champion, challenger, or the first eight or\n"
        "more digits of a bundle's digest. import takes an exported bundle, or a model: XGBoost\n"
        "as JSON or UBJ, LightGBM as text, ONNX, scikit-learn and XGBoost as pickle or joblib\n"
        "(docs/import.md); nothing in a file is run. Files after the first stand beside the "
        "model:\n"
        "its scaler, its threshold. approve and reject judge a version, with --comment;\n"
        "promote makes one the champion, if deploy.approvals people approved it; rollback goes "
        "back\n"
        "to the champion before, past those rejected since. A running server has it at its\n"
        "next look, serve.watch_ms. verify opens every bundle and walks the audit log.\n"
        "gc removes bundles that no version refers to and what training left, once old enough.\n",
    .options = options,
    .least = 1,
    .most = 1 + COMPANIONS_MAX,
    .run = run,
};
