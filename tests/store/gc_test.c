#include "store/gc.h"

#include "base/clock.h"
#include "ground.h"
#include "store/audit.h"
#include "store/registry.h"
#include "store/runs.h"

enum { MEMORY = 16 << 20, DAY_S = 24 * 60 * 60 };

/* Makes a file or a directory as old as that. */
static void age(const char *path, int days)
{
    struct timespec then = {.tv_sec = (time_t)(clock_now_ms() / 1000) - (time_t)days * DAY_S};
    const struct timespec times[2] = {then, then};
    assert(utimensat(AT_FDCWD, path, times, 0) == 0);
}

static const char *bundle_of(struct store *store, const char *bytes, int days, struct arena *arena)
{
    struct digest digest;
    struct err err = {0};
    const char *path;
    WORKS(store_put_bundle(store, view_of(bytes), &digest, &err), err);
    WORKS(store_get_bundle(store, &digest, arena, &path, &err), err);
    age(path, days);
    return path;
}

static void registered(struct store *store, const char *bytes, struct arena *arena)
{
    struct version wanted = {.bundle = digest_of(view_of(bytes)),
                             .project = VIEW("p"),
                             .algorithm = VIEW("xgboost"),
                             .metrics = VIEW("{}")},
                   out;
    struct err err = {0};
    bool known;
    WORKS(registry_add(store, &wanted, "me", arena, &out, &known, &err), err);
}

static const char *file_in(struct store *store, const char *name, const char *bytes, int days,
                           struct arena *arena)
{
    const char *path = path_join(arena, store->dir, name);
    struct err err = {0};
    WORKS(file_save(path, view_of(bytes), &err), err);
    age(path, days);
    return path;
}

static const char *step_of(struct store *store, const char *name, int days, struct arena *arena)
{
    const char *path = path_join(arena, path_join(arena, store->dir, "work"), name);
    struct err err = {0};
    WORKS(dir_make(path, &err), err);
    WORKS(file_save(path_join(arena, path, "x"), VIEW("12345"), &err), err);
    age(path, days);
    return path;
}

static void ignore(void *self UNUSED, enum gc_kind kind UNUSED, struct view name UNUSED,
                   int64_t bytes UNUSED)
{
}

static struct gc_summary collect(struct store *store, int days, bool dry)
{
    struct gc_options options = {
        .keep_ms = (int64_t)days * DAY_S * 1000, .dry = dry, .actor = "me", .say = ignore};
    struct gc_summary summary;
    struct err err = {0};
    WORKS(gc_run(store, &options, &summary, &err), err);
    return summary;
}

static struct view last_payload(struct store *store, struct arena *arena, int64_t *events)
{
    CLEANUP(audit_close) struct audit_reader reader = {0};
    struct audit_event event;
    struct view payload = {0};
    struct err err = {0};
    *events = 0;
    WORKS(audit_read(store, 0, &reader, &err), err);
    while (audit_next(&reader, &event, &err)) {
        payload = view_of(view_copy(event.payload, arena));
        *events += 1;
    }
    return payload;
}

ON_BOTH(bundles_of_versions_stay_and_old_orphans_go)
{
    FRESH_STORE(store, "gc_orphans");
    const char *kept = bundle_of(&store, "registered", 400, &arena);
    registered(&store, "registered", &arena);
    const char *old = bundle_of(&store, "orphan", 40, &arena);
    const char *young = bundle_of(&store, "orphan of today", 0, &arena);
    char hex[DIGEST_HEX_SIZE], name[200];
    struct digest digest = digest_of(VIEW("orphan"));
    snprintf(name, sizeof name, "bundles/%s.tar.put-77", digest_print(&digest, hex));
    const char *piece = file_in(&store, name, "half", 40, &arena);
    const char *foreign = file_in(&store, "bundles/notes.txt", "mine", 400, &arena);
    snprintf(name, sizeof name, "bundles/%s.tar.put-78", hex);
    const char *writing = file_in(&store, name, "half", 0, &arena);

    struct gc_summary dry = collect(&store, 30, true), real = collect(&store, 30, false);
    SAME(dry.count[GC_BUNDLE], 2);
    SAME(dry.bytes, 10);
    TRUE(memcmp(&dry, &real, sizeof dry) == 0);
    TRUE(file_exists(kept) && file_exists(young) && file_exists(foreign));
    TRUE(!file_exists(old) && !file_exists(piece));

    int64_t events;
    struct view payload = last_payload(&store, &arena, &events);
    SAME(events, 2); /* a registration, a clearing */
    snprintf(name, sizeof name,
             "{\"removed\":\"bundle\",\"names\":[\"%s.tar\",\"%s.tar.put-77\"],"
             "\"bytes\":10}",
             hex, hex);
    TEXT(payload, name);
    struct audit_summary chain;
    WORKS(audit_verify(&store, VIEW(""), &chain, &err), err);

    real = collect(&store, 0, false); /* even so, what a version has stays */
    SAME(real.count[GC_BUNDLE], 1);
    TRUE(file_exists(kept) && !file_exists(young) && file_exists(writing));
}

ON_BOTH(a_dry_run_removes_nothing_and_tells_nobody)
{
    FRESH_STORE(store, "gc_dry");
    const char *old = bundle_of(&store, "orphan", 40, &arena);
    const char *step = step_of(&store, "train-0123456789abcdef", 40, &arena);
    struct gc_summary summary = collect(&store, 30, true);
    SAME(summary.count[GC_BUNDLE], 1);
    SAME(summary.count[GC_STEP], 1);
    TRUE(file_exists(old) && file_exists(step));
    int64_t events;
    last_payload(&store, &arena, &events);
    SAME(events, 0);
}

ON_BOTH(more_orphans_than_one_batch_all_go)
{
    enum { MANY = 120 };
    FRESH_STORE(store, "gc_many");
    for (int i = 0; i < MANY; i++) {
        char bytes[16];
        snprintf(bytes, sizeof bytes, "%d", i);
        bundle_of(&store, bytes, 40, &arena);
        if (i % 10 == 0)
            registered(&store, bytes, &arena);
    }
    SAME(collect(&store, 30, false).count[GC_BUNDLE], MANY - MANY / 10);
    SAME(collect(&store, 30, false).count[GC_BUNDLE], 0);
    int64_t events;
    last_payload(&store, &arena, &events);
    SAME(events, MANY / 10 + 3);
}

ON_BOTH(steps_go_when_no_training_has_used_them_for_long)
{
    FRESH_STORE(store, "gc_steps");
    struct digest config = digest_of(VIEW("c"));
    struct step_entry entry = {
        .name = "train", .state = STEP_UNCHANGED, .started_ms = 1, .finished_ms = clock_now_ms()};
    TRUE(digest_parse(VIEW("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
                      &entry.inputs));
    int64_t run;
    WORKS(run_begin(&store, &config, "me", &run, &err), err);
    WORKS(run_add_step(&store, run, &entry, &err), err);
    const char *used = step_of(&store, "train-0123456789abcdef", 400, &arena);
    const char *unused = step_of(&store, "train-1123456789abcdef", 40, &arena);
    const char *other = step_of(&store, "prepare-0123456789abcdef", 40, &arena);
    const char *young = step_of(&store, "prepare-2123456789abcdef", 3, &arena);
    const char *left = step_of(&store, "prepare-3123456789abcdef.new", 40, &arena);
    const char *foreign = step_of(&store, "somebodys", 400, &arena);
    struct gc_summary summary = collect(&store, 30, false);
    SAME(summary.count[GC_STEP], 3);
    SAME(summary.bytes, 15);
    TRUE(file_exists(used) && file_exists(young) && file_exists(foreign));
    TRUE(!file_exists(unused) && !file_exists(other) && !file_exists(left));
}

ON_BOTH(nothing_goes_while_a_training_runs)
{
    FRESH_STORE(store, "gc_locked");
    CLEANUP(fd_close) int fd = -1;
    struct gc_options options = {.actor = "me", .say = ignore};
    struct gc_summary summary;
    WORKS(store_lock_work(&store, &fd, &err), err);
    FAILS(gc_run(&store, &options, &summary, &err), err, ERR_CONFLICT);
}

ON_BOTH(copies_of_bundles_that_are_kept_elsewhere_go)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct store_place place = ground_place(ground, &arena, "gc_copies");
    place.bundles.where = path_join(&arena, test_dir(), "gc_far");
    WORKS(dir_remove(place.bundles.where, &err), err);
    WORKS(store_open_place(&store, &place, &err), err);
    const char *copy = bundle_of(&store, "registered", 40, &arena);
    registered(&store, "registered", &arena);
    struct gc_summary summary = collect(&store, 30, false);
    SAME(summary.count[GC_COPY], 1);
    SAME(summary.count[GC_BUNDLE], 0);
    TRUE(!file_exists(copy));
    struct digest digest = digest_of(VIEW("registered"));
    WORKS(store_get_bundle(&store, &digest, &arena, &copy, &err), err);
    TRUE(file_exists(copy));
}
