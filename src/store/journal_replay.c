#include "store/journal_replay.h"

#include "decide/outcome.h"

#include <errno.h>

void replay_open(struct replay *replay, struct store *store)
{
    *replay = (struct replay){.store = store};
}

void replay_close(struct replay *replay)
{
    for (size_t i = 0; i < REPLAY_BUNDLES_MAX; i++)
        if (replay->used[i] != 0)
            bundle_release(&replay->bundle[i]);
    *replay = (struct replay){0};
}

static bool load(struct replay *replay, const struct digest *digest, size_t at, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct bundle *bundle = &replay->bundle[at];
    const char *path;
    char hex[DIGEST_HEX_SIZE];
    if (!store_get_bundle(replay->store, digest, &arena, &path, err) ||
        !bundle_load(bundle, path, err))
        return err_while(err, "loading the bundle %.12s", digest_print(digest, hex));
    if (digest_same(&bundle->digest, digest))
        return true;
    bundle_release(bundle);
    return err_set(err, ERR_MODEL, "'%s' is not the bundle %.12s", path, digest_print(digest, hex));
}

static bool bundle_for(struct replay *replay, const struct digest *digest,
                       const struct bundle **out, struct err *err)
{
    size_t oldest = 0;
    for (size_t i = 0; i < REPLAY_BUNDLES_MAX; i++) {
        if (replay->used[i] != 0 && digest_same(&replay->bundle[i].digest, digest)) {
            replay->used[i] = ++replay->clock;
            *out = &replay->bundle[i];
            return true;
        }
        if (replay->used[i] < replay->used[oldest])
            oldest = i;
    }
    if (replay->used[oldest] != 0)
        bundle_release(&replay->bundle[oldest]);
    replay->used[oldest] = 0;
    replay->bundle[oldest] = (struct bundle){0};
    if (!load(replay, digest, oldest, err))
        return false;
    replay->used[oldest] = ++replay->clock;
    *out = &replay->bundle[oldest];
    return true;
}

static const char *first_difference(const struct journal_decision *d, const struct replayed *r)
{
    if (memcmp(&d->margin, &r->margin, sizeof d->margin) != 0)
        return "margin";
    if (memcmp(&d->score, &r->score, sizeof d->score) != 0)
        return "score";
    if (memcmp(&d->probability, &r->probability, sizeof d->probability) != 0)
        return "probability";
    if (d->fraud != r->fraud)
        return "verdict";
    return r->outcome != NULL && !view_is(d->outcome, r->outcome) ? "outcome" : NULL;
}

bool replay_decision(struct replay *replay, const struct journal_decision *d, struct replayed *out,
                     struct err *err)
{
    const struct bundle *bundle;
    *out = (struct replayed){.was_scored = d->width > 0};
    if (!out->was_scored)
        return true;
    if (!bundle_for(replay, &d->bundle, &bundle, err))
        return false;
    if (d->width != bundle->plan.width)
        return err_set(err, ERR_STORE,
                       "decision " VIEW_FMT " has a row of %zu floats, its bundle reads %zu: the "
                       "journal was changed",
                       VIEW_ARG(d->id), d->width, (size_t)bundle->plan.width);
    const struct policy *policy = &bundle->policy;
    enum outcome kept;
    out->margin = engine_margin(&bundle->engine, d->row);
    out->score = forest_predict(&bundle->forest, out->margin);
    out->probability = calibration_of(&policy->calibration, out->score);
    out->fraud = out->score >= policy->threshold;
    if (outcome_find(d->outcome, &kept))
        out->outcome = outcome_names[outcome_of(policy, out->score, out->probability, d->amount)];
    out->differs = first_difference(d, out);
    return true;
}
