#include "store/registry.h"

#include "base/clock.h"
#include "ground.h"

enum { MEMORY = 8 << 20, PROCESSES = 4, EACH = 25 };

static bool open_fresh(struct store *store, const struct ground *ground, struct arena *arena,
                       const char *name, struct err *err)
{
    struct store_place place = ground_place(ground, arena, name);
    return store_open_place(store, &place, err);
}

static struct version wanted(const char *bundle)
{
    return (struct version){.bundle = digest_of(view_of(bundle)),
                            .project = VIEW("p"),
                            .algorithm = VIEW("xgboost"),
                            .origin = VERSION_IMPORTED,
                            .metrics = VIEW("{\"roc_auc\":0.9}")};
}

/* Its bundle is in the store, as it must be. */
static void put(struct store *store, const char *bundle)
{
    struct digest digest;
    struct err err = {0};
    WORKS(store_put_bundle(store, view_of(bundle), &digest, &err), err);
}

static struct version added(struct store *store, const char *bundle, struct arena *arena)
{
    /* Each a bundle of its own, whatever it is called. */
    static int count;
    char name[64];
    snprintf(name, sizeof name, "%s %d", bundle, ++count);
    struct version want = wanted(name), out;
    struct err err = {0};
    bool known;
    put(store, name);
    WORKS(registry_add(store, &want, "me", arena, &out, &known, &err), err);
    TRUE(!known);
    return out;
}

ON_BOTH(numbers_are_contiguous_and_names_are_the_time_and_never_the_same)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    WORKS(open_fresh(&store, ground, &arena, "numbers", &err), err);
    struct view names[30];
    for (int64_t i = 0; i < 30; i++) {
        int64_t before = clock_now_ms();
        struct version version = added(&store, "b", &arena);
        SAME(version.number, i + 1);
        TRUE(version.created_ms >= before && version.created_ms <= clock_now_ms());
        struct civil c = civil_of(version.created_ms);
        char stem[32];
        snprintf(stem, sizeof stem, "v%04d%02d%02d_%02d%02d%02d", c.year % 10000, c.month % 100,
                 c.day % 100, c.hour % 100, c.minute % 100, c.second % 100);
        TRUE(view_starts(version.name, stem));
        names[i] = version.name;
        for (int64_t j = 0; j < i; j++)
            TRUE(!view_same(names[i], names[j]));
    }
}

ON_BOTH(the_second_version_of_a_second_is_called_2_and_the_next_3)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    WORKS(open_fresh(&store, ground, &arena, "seconds", &err), err);
    struct version one, two, three;
    do { /* until three fall into one second, which is nearly always at once */
        one = added(&store, "b", &arena), two = added(&store, "b", &arena);
        three = added(&store, "b", &arena);
    } while (one.created_ms / 1000 != three.created_ms / 1000 || one.name.length != 16);
    char name[40];
    snprintf(name, sizeof name, "%.16s_2", one.name.text);
    TEXT(two.name, name);
    snprintf(name, sizeof name, "%.16s_3", one.name.text);
    TEXT(three.name, name);
}

ON_BOTH(a_version_is_found_by_number_name_alias_and_the_digests_first_8_digits)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    WORKS(open_fresh(&store, ground, &arena, "find", &err), err);
    added(&store, "one", &arena);
    struct version two = added(&store, "two", &arena), found;
    added(&store, "three", &arena);
    WORKS(alias_move(&store, "champion", 0, 2, "me", &err), err);
    char hex[DIGEST_HEX_SIZE];
    digest_print(&two.bundle, hex);
    const struct view references[] = {VIEW("2"),    two.name, VIEW("champion"),
                                      view_of(hex), {hex, 8}, {hex, 9}};
    for (size_t i = 0; i < LENGTH_OF(references); i++) {
        WORKS(registry_find(&store, references[i], &arena, &found, &err), err);
        SAME(found.number, 2);
        TRUE(digest_same(&found.bundle, &two.bundle));
        TEXT(found.metrics, "{\"roc_auc\":0.9}");
        SAME(found.origin, VERSION_IMPORTED);
        SAME(found.created_ms, two.created_ms);
        TRUE(view_same(found.name, two.name));
    }
}

ON_BOTH(what_is_not_registered_is_not_found_and_the_remedy_is_said)
{
    static const char *const references[] = {"",   "4",   "0",          "-1",         "1 ",
                                             "01", "1.0", "nobody",     "challenger", "deadbeef",
                                             "%",  "v%",  "' or 1=1 --"};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct version found, one;
    struct err err = {0};
    WORKS(open_fresh(&store, ground, &arena, "absent", &err), err);
    one = added(&store, "one", &arena);
    for (size_t i = 0; i < LENGTH_OF(references); i++) {
        err = (struct err){0};
        FAILS(registry_find(&store, view_of(references[i]), &arena, &found, &err), err,
              ERR_NOT_FOUND);
        SAYS(err, "`assay models list`");
    }
    char hex[DIGEST_HEX_SIZE];
    digest_print(&one.bundle, hex);
    err = (struct err){0};
    FAILS(registry_find(&store, (struct view){hex, 7}, &arena, &found, &err), err, ERR_NOT_FOUND);
    err = (struct err){0};
    FAILS(registry_find(&store, (struct view){one.name.text, 15}, &arena, &found, &err), err,
          ERR_NOT_FOUND);
}

ON_BOTH(a_version_whose_bundle_is_not_there_is_not_registered)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct version want = wanted("nowhere"), out;
    bool known;
    WORKS(open_fresh(&store, ground, &arena, "nowhere", &err), err);
    FAILS(registry_add(&store, &want, "me", &arena, &out, &known, &err), err, ERR_CONFLICT);
    SAYS(err, "the bundle is not in the store any more");
    SAME(added(&store, "one", &arena).number, 1);
}

ON_BOTH(a_bundle_that_is_registered_keeps_its_version)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct version want = wanted("same"), first, again;
    bool known;
    WORKS(open_fresh(&store, ground, &arena, "once", &err), err);
    put(&store, "same");
    WORKS(registry_add(&store, &want, "me", &arena, &first, &known, &err), err);
    TRUE(!known);
    added(&store, "other", &arena);
    want.run_id = 0;
    WORKS(registry_add(&store, &want, "me", &arena, &again, &known, &err), err);
    TRUE(known);
    SAME(again.number, 1);
    TRUE(view_same(again.name, first.name));
    SAME(added(&store, "third", &arena).number, 3);
}

ON_BOTH(a_list_is_oldest_first_and_survives_reopening)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = ground_place(ground, &arena, "list");
    struct err err = {0};
    struct version *version;
    size_t count;
    for (int64_t times = 0; times < 3; times++) {
        CLEANUP(store_close) struct store store = {0};
        WORKS(store_open_place(&store, &place, &err), err);
        WORKS(registry_list(&store, &arena, &version, &count, &err), err);
        SAME((int64_t)count, times);
        for (size_t i = 0; i < count; i++)
            SAME(version[i].number, (int64_t)i + 1);
        SAME(added(&store, "b", &arena).number, times + 1);
        WORKS(alias_move(&store, "champion", times, times + 1, "me", &err), err);
    }
}

ON_BOTH(an_alias_moves_only_from_where_it_is)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    int64_t number = 7;
    WORKS(open_fresh(&store, ground, &arena, "alias", &err), err);
    added(&store, "one", &arena), added(&store, "two", &arena);
    WORKS(alias_get(&store, "champion", &number, &err), err);
    SAME(number, 0);
    FAILS(alias_move(&store, "champion", 1, 2, "me", &err), err, ERR_CONFLICT);
    SAYS(err, "champion points to version 0, not to 1");
    err = (struct err){0};
    WORKS(alias_move(&store, "champion", 0, 1, "me", &err), err);
    FAILS(alias_move(&store, "champion", 0, 2, "me", &err), err, ERR_CONFLICT);
    SAYS(err, "champion points to version 1, not to 0");
    err = (struct err){0};
    FAILS(alias_move(&store, "champion", 2, 2, "me", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    WORKS(alias_move(&store, "champion", 1, 2, "me", &err), err);
    WORKS(alias_get(&store, "champion", &number, &err), err);
    SAME(number, 2);
    WORKS(alias_get(&store, "challenger", &number, &err), err);
    SAME(number, 0);
}

ON_BOTH(an_alias_or_version_that_points_at_nothing_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    int64_t number;
    WORKS(open_fresh(&store, ground, &arena, "foreign", &err), err);
    added(&store, "one", &arena);
    FAILS(alias_move(&store, "champion", 0, 2, "me", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    WORKS(alias_get(&store, "champion", &number, &err), err);
    SAME(number, 0);
    struct version want = wanted("two"), out = {.number = 77};
    want.run_id = 9;
    bool known;
    put(&store, "two");
    FAILS(registry_add(&store, &want, "me", &arena, &out, &known, &err), err, ERR_CONFLICT);
    SAME(out.number, 77);
    /* The refused one left no gap. */
    SAME(added(&store, "three", &arena).number, 2);
}

/* One process: opens, registers, ends. */
static void register_many(struct store_place place)
{
    struct arena arena = {.limit = MEMORY};
    struct store store = {0};
    struct err err = {0};
    struct version out;
    bool ok = store_open_place(&store, &place, &err), known;
    for (int i = 0; i < EACH && ok; i++) {
        char name[64];
        snprintf(name, sizeof name, "%ld %d", (long)getpid(), i);
        struct version want = wanted(name);
        struct digest digest;
        ok = store_put_bundle(&store, view_of(name), &digest, &err) &&
             registry_add(&store, &want, "me", &arena, &out, &known, &err);
    }
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
    store_close(&store);
    arena_release(&arena);
    _exit(ok ? 0 : 1);
}

ON_BOTH(four_processes_registering_at_once_in_a_new_store_get_100_contiguous_numbers)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct store_place place = ground_place(ground, &arena, "many");
    pid_t child[PROCESSES];
    struct err err = {0};
    struct version *version;
    size_t count;
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        if (child[i] == 0)
            register_many(place);
        TRUE(child[i] > 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        TRUE(waitpid(child[i], &status, 0) == child[i] && status == 0);
    }
    WORKS(store_open_place(&store, &place, &err), err);
    WORKS(registry_list(&store, &arena, &version, &count, &err), err);
    SAME(count, (size_t)PROCESSES * EACH);
    for (size_t i = 0; i < count; i++) {
        SAME(version[i].number, (int64_t)i + 1);
        for (size_t j = 0; j < i; j++)
            TRUE(!view_same(version[i].name, version[j].name));
    }
}

ON_BOTH(of_processes_that_move_an_alias_from_one_place_one_wins)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct store_place place = ground_place(ground, &arena, "race");
    struct err err = {0};
    for (int times = 0; times < 5; times++) {
        int won = 0;
        {
            CLEANUP(store_close) struct store store = {0};
            WORKS(store_open_place(&store, &place, &err), err);
            for (int i = 0; i < PROCESSES; i++)
                added(&store, "b", &arena);
        }
        pid_t child[PROCESSES];
        for (int i = 0; i < PROCESSES; i++) {
            child[i] = fork();
            if (child[i] == 0) {
                struct store store;
                struct err why = {0};
                char name[24];
                snprintf(name, sizeof name, "alias%d", times);
                bool ok = store_open_place(&store, &place, &why) &&
                          alias_move(&store, name, 0, i + 1, "me", &why);
                _exit(ok ? 0 : why.kind == ERR_CONFLICT ? 1 : 2);
            }
        }
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            TRUE(waitpid(child[i], &status, 0) == child[i]);
            TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
            won += WEXITSTATUS(status) == 0;
        }
        SAME(won, 1);
    }
}
