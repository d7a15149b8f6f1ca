#include "cli/govern.h"

#include "base/doc.h"
#include "base/number.h"
#include "measure/metrics.h"
#include "model/kernel.h"
#include "store/audit.h"
#include "store/books.h"
#include "store/gc.h"
#include "store/governance.h"
#include "store/meeting.h"
#include "store/trust.h"

#include <math.h>

static bool find(struct project *project, const char *reference, struct version *out,
                 struct err *err)
{
    return registry_find(&project->store, view_of(reference), &project->arena, out, err);
}

static bool say(struct project *project, const struct version *version, struct err *err)
{
    struct standing standing;
    if (!governance_standing(&project->store, version->number, &standing, err))
        return false;
    printf("%lld " VIEW_FMT " %s, approved by %zu\n", (long long)version->number,
           VIEW_ARG(version->name), approval_name(standing.approval), standing.approvers);
    return true;
}

static bool judge(struct project *project, const char *reference, bool approve, const char *comment,
                  struct err *err)
{
    struct version version;
    return find(project, reference, &version, err) &&
           governance_judge(&project->store, version.number, approve, project_actor(),
                            comment == NULL ? "" : comment, err) &&
           say(project, &version, err);
}

bool govern_approve(struct project *project, const char *reference, const char *comment,
                    struct err *err)
{
    return judge(project, reference, true, comment, err);
}

bool govern_reject(struct project *project, const char *reference, const char *comment,
                   struct err *err)
{
    return judge(project, reference, false, comment, err);
}

bool govern_promote(struct project *project, int64_t from, const struct version *version,
                    const char *comment, struct err *err)
{
    CLEANUP(trust_close) struct trust trust = {0};
    size_t approvers = config_count(&project->config, KEY_DEPLOY_APPROVALS);
    return trust_open(&trust, &project->config, err) &&
           trust_demand(&trust, &project->store, version, err) &&
           governance_promote(&project->store, "champion", from, version->number, approvers,
                              project_actor(), comment == NULL ? "" : comment, err);
}

/* Under sign.required what nobody vouches for does not come back either. */
static bool is_vouched(void *self, struct store *store, int64_t number, bool *out, struct err *err)
{
    enum { MEMORY = 16 << 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct trust *trust = self;
    struct version version;
    char reference[32];
    size_t vouched;
    snprintf(reference, sizeof reference, "%lld", (long long)number);
    if (!registry_find(store, view_of(reference), &arena, &version, err) ||
        !trust_check(trust, store, &version, &vouched, err))
        return false;
    *out = !trust->required || vouched > 0;
    return true;
}

bool govern_rollback(struct project *project, const char *comment, struct err *err)
{
    CLEANUP(trust_close) struct trust trust = {0};
    struct governance_filter filter = {.may = is_vouched, .self = &trust};
    int64_t number;
    if (!trust_open(&trust, &project->config, err) ||
        !governance_rollback(&project->store, "champion", project_actor(),
                             comment == NULL ? "" : comment, &filter, &number, err))
        return false;
    printf("%lld champion\n", (long long)number);
    return true;
}

bool govern_tag(struct project *project, const char *reference, const char *tag, struct err *err)
{
    struct version version;
    const char *sign = strchr(tag, '=');
    if (sign == NULL)
        return err_set(err, ERR_USAGE, "a tag is NAME=VALUE; NAME= takes it away");
    struct view name = {tag, (size_t)(sign - tag)};
    return find(project, reference, &version, err) &&
           governance_tag(&project->store, version.number, name, view_of(sign + 1), project_actor(),
                          err);
}

/* ---------------------------------------------------------------- compare */

static double number_in(const struct doc *doc, const char *name)
{
    const struct doc *item = doc_find(doc, name);
    return item != NULL && item->kind == DOC_NUMBER ? item->number : (double)NAN;
}

bool govern_compare(struct project *project, const char *left, const char *right, struct err *err)
{
    struct version version[2];
    const struct doc *metric[2];
    const char *reference[2] = {left, right};
    for (size_t i = 0; i < 2; i++) {
        if (!find(project, reference[i], &version[i], err))
            return false;
        metric[i] = doc_parse(version[i].metrics, &project->arena, err);
        if (metric[i] == NULL)
            return err_while(err, "the metrics of version %lld", (long long)version[i].number);
    }
    printf("%-28s %12lld %12lld %12s\n", "test slice, each its own", (long long)version[0].number,
           (long long)version[1].number, "difference");
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        double a = number_in(metric[0], metrics[i]->name),
               b = number_in(metric[1], metrics[i]->name);
        printf("%-28s %12.6f %12.6f %+12.6f\n", metrics[i]->name, a, b, b - a);
    }
    return true;
}

/* ---------------------------------------------------------------- verify */

static bool verify_version(struct project *project, const struct trust *trust,
                           const struct version *version, struct err *err)
{
    struct bundle bundle = {0};
    char hex[DIGEST_HEX_SIZE];
    const char *path;
    size_t vouched;
    if (!trust_check(trust, &project->store, version, &vouched, err) ||
        !store_get_bundle(&project->store, &version->bundle, &project->arena, &path, err) ||
        !bundle_load(&bundle, path, err))
        return err_while(err, "version %lld", (long long)version->number);
    bool same = memcmp(&bundle.digest, &version->bundle, sizeof bundle.digest) == 0;
    if (same)
        printf("%6lld  " VIEW_FMT "  %.12s  %zu golden records by %s, signed by %zu trusted keys\n",
               (long long)version->number, VIEW_ARG(version->name),
               digest_print(&version->bundle, hex), bundle.golden_count, bundle.engine.kernel->name,
               vouched);
    bundle_release(&bundle);
    return same || err_set(err, ERR_STORE,
                           "version %lld: its bundle's digest is not the one that was registered",
                           (long long)version->number);
}

bool govern_verify(struct project *project, const char *reference, struct err *err)
{
    struct version *version, one;
    size_t count = 1;
    struct audit_summary summary;
    struct checkpoints checkpoints;
    CLEANUP(trust_close) struct trust trust = {0};
    if (!trust_open(&trust, &project->config, err))
        return false;
    if (reference != NULL) {
        version = &one;
        if (!find(project, reference, &one, err))
            return false;
    } else if (!registry_list(&project->store, &project->arena, &version, &count, err)) {
        return false;
    }
    if (!audit_verify(&project->store, VIEW(""), &summary, err) ||
        !trust_check_log(&trust, &project->store, &checkpoints, err) ||
        !books_check(&project->store, err))
        return false;
    if (trust.required && summary.events > 0 && checkpoints.count > 0 && checkpoints.trusted == 0)
        return err_set(err, ERR_STORE, "no checkpoint of the audit log is by a trusted key");
    for (size_t i = 0; i < count; i++)
        if (!governance_check(&project->store, &version[i], err) ||
            !meeting_check(&project->store, version[i].number, err) ||
            !verify_version(project, &trust, &version[i], err))
            return false;
    printf(
        "audit log: %lld events, the last is %s; %llu checkpoints, %llu of them by trusted keys\n",
        (long long)summary.events, summary.last, (unsigned long long)checkpoints.count,
        (unsigned long long)checkpoints.trusted);
    return true;
}

bool govern_sign(struct project *project, const char *reference, struct err *err)
{
    CLEANUP(trust_close) struct trust trust = {0};
    struct version version;
    char hex[PUBLIC_KEY_HEX_SIZE];
    if (!trust_open_to_sign(&trust, &project->config, err) ||
        !find(project, reference, &version, err))
        return false;
    if (trust.key.handle == NULL)
        return err_set(err, ERR_USAGE, "sign.key names no key: `assay keys new FILE` makes one");
    if (!trust_sign(&trust, &project->store, &version, project_actor(), err))
        return false;
    printf("%lld signed by %s\n", (long long)version.number,
           public_key_print(&trust.key.public, hex));
    return true;
}

/* ---------------------------------------------------------------- gc */

static void say_removed(void *self UNUSED, enum gc_kind kind, struct view name, int64_t bytes)
{
    printf("%-7s %12lld  " VIEW_FMT "\n", gc_kind_name(kind), (long long)bytes, VIEW_ARG(name));
}

bool govern_clear(struct project *project, const char *older, bool dry, struct err *err)
{
    enum { DAY_MS = 24 * 60 * 60 * 1000, DAYS_MAX = 36500 };
    int64_t days = (int64_t)config_count(&project->config, KEY_STORE_KEEP_DAYS);
    if (older != NULL && (!number_parse_i64(view_of(older), &days) || days < 0 || days > DAYS_MAX))
        return err_set(err, ERR_USAGE, "--older takes whole days from 0 to %d, not '%s'", DAYS_MAX,
                       older);
    struct gc_options options = {
        .keep_ms = days * DAY_MS, .dry = dry, .actor = project_actor(), .say = say_removed};
    struct gc_summary summary;
    if (!gc_run(&project->store, &options, &summary, err))
        return false;
    printf("%s %zu bundles, %zu copies, %zu steps: %lld bytes\n", dry ? "would remove" : "removed",
           summary.count[GC_BUNDLE], summary.count[GC_COPY], summary.count[GC_STEP],
           (long long)summary.bytes);
    return true;
}
