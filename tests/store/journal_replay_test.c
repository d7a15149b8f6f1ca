#include "store/journal_replay.h"

#include "base/file.h"
#include "decide/outcome.h"
#include "harness.h"
#include "model/small_bundle.h"

#include <unistd.h>

enum { MEMORY = 64 << 20 };

/* A store with a bundle of this threshold in it, and what that decides about a golden record. */
static struct journal_decision decided(struct store *store, float threshold, size_t record,
                                       struct arena *arena)
{
    struct small_bundle small;
    struct bundle bundle = {0};
    struct cell cell[SMALL_COLUMNS];
    float *row = arena_new(arena, float, SMALL_WIDTH);
    struct digest digest;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, arena);
    small.parts.policy = policy_of(threshold);
    WORKS(bundle_seal(&small.parts, arena, &file, &err), err);
    WORKS(store_put_bundle(store, file, &digest, &err), err);
    WORKS(bundle_open(&bundle, file, &err), err);
    struct record r = small_record(&bundle.schema, small_row[record], cell);
    struct decision d = decide(&bundle, &r, row);
    const char *outcome =
        outcome_names[outcome_of(&bundle.policy, d.score, d.probability, (double)NAN)];
    bundle_release(&bundle);
    return (struct journal_decision){
        .id = VIEW("some-id"),
        .bundle = digest,
        .outcome = view_of(outcome),
        .fraud = d.fraud,
        .margin = d.margin,
        .score = d.score,
        .probability = d.probability,
        .amount = NAN,
        .row = row,
        .width = SMALL_WIDTH,
    };
}

static void open_store(struct store *store, const char *name, struct arena *arena)
{
    struct err err = {0};
    WORKS(store_open(store, path_join(arena, test_dir(), name), &err), err);
}

TEST(a_decision_made_again_is_the_same_to_the_bit)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct replay replay;
    struct replayed now;
    struct err err = {0};
    open_store(&store, "same", &arena);
    replay_open(&replay, &store);
    /* More bundles than are kept open, and back to the first. */
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < REPLAY_BUNDLES_MAX + 2; i++)
            for (size_t record = 0; record < SMALL_GOLDEN; record++) {
                struct journal_decision d = decided(&store, (float)(i + 1) / 20, record, &arena);
                WORKS(replay_decision(&replay, &d, &now, &err), err);
                TRUE(now.was_scored && now.differs == NULL);
                TRUE(now.outcome != NULL);
            }
    replay_close(&replay);
}

TEST(the_last_bit_of_each_figure_counts)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct replay replay;
    struct replayed now;
    struct err err = {0};
    open_store(&store, "bits", &arena);
    replay_open(&replay, &store);
    const struct journal_decision d = decided(&store, 0.5F, 0, &arena);
    struct journal_decision changed = d;
    changed.margin = nextafterf(d.margin, 100);
    WORKS(replay_decision(&replay, &changed, &now, &err), err);
    TEXT(view_of(now.differs), "margin");
    changed = d;
    changed.score = nextafterf(d.score, 0);
    WORKS(replay_decision(&replay, &changed, &now, &err), err);
    TEXT(view_of(now.differs), "score");
    changed = d;
    changed.probability = nextafter(d.probability, 0);
    WORKS(replay_decision(&replay, &changed, &now, &err), err);
    TEXT(view_of(now.differs), "probability");
    changed = d;
    changed.fraud = !d.fraud;
    WORKS(replay_decision(&replay, &changed, &now, &err), err);
    TEXT(view_of(now.differs), "verdict");
    changed = d;
    changed.outcome = view_is(d.outcome, "approve") ? VIEW("review") : VIEW("approve");
    WORKS(replay_decision(&replay, &changed, &now, &err), err);
    TEXT(view_of(now.differs), "outcome");
    changed.outcome = VIEW("blocked by a list"); /* no policy gives it: not compared */
    WORKS(replay_decision(&replay, &changed, &now, &err), err);
    TRUE(now.differs == NULL);
    replay_close(&replay);
}

TEST(what_cannot_be_replayed_says_why)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct replay replay;
    struct replayed now;
    struct err err = {0};
    open_store(&store, "why", &arena);
    replay_open(&replay, &store);
    struct journal_decision d = decided(&store, 0.5F, 0, &arena);
    d.width--;
    FAILS(replay_decision(&replay, &d, &now, &err), err, ERR_STORE);
    SAYS(err, "has a row of 12 floats, its bundle reads 13");
    d.width = 0;
    WORKS(replay_decision(&replay, &d, &now, &err), err);
    TRUE(!now.was_scored);
    d.width = SMALL_WIDTH;
    d.bundle = digest_of(VIEW("gone"));
    FAILS(replay_decision(&replay, &d, &now, &err), err, ERR_NOT_FOUND);
    SAYS(err, "loading the bundle");
    replay_close(&replay);
}
