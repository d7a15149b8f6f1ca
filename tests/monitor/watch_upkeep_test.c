#include "look_ground.h"

#define DAY_MS INT64_C(86400000)

static struct seen look_at(struct store *store, const struct version *version,
                           const char *journal_dir, struct arena *arena)
{
    struct watch_look look = {.store = store, .version = version};
    struct seen seen;
    struct err err = {0};
    WORKS(champion_try_in(&watch_upkeep, &look, "project: p\n", journal_dir, START_US, arena, &seen,
                          &err),
          err);
    return seen;
}

ON_BOTH(disks_are_read_and_the_champions_age)
{
    STORE(store, "upkeep");
    struct version version = {.name = VIEW("v20250610_120000"), .created_ms = START - 10 * DAY_MS};
    struct seen seen = look_at(&store, &version, test_dir(), &arena);
    SAME(seen.count, 3);
    double free_share = reading_of(&seen, &alarm_disk, "store")->value;
    TRUE(free_share > 0 && free_share <= 1);
    NEAR(reading_of(&seen, &alarm_disk, "journal")->value, free_share, 0.05); /* the same disk */
    const struct reading *age = reading_of(&seen, &alarm_model_age, "");
    NEAR(age->value, 10 * 86400, 0);
    TEXT(age->text, "v20250610_120000");
    NEAR(doc_at(seen.document, "store")->number, free_share, 0.05);
    NEAR(doc_at(seen.document, "champion_seconds")->number, 10 * 86400, 0);
    TRUE(strstr(seen.message, "store ") == seen.message);
    TRUE(strstr(seen.message, ", journal ") != NULL);
    TRUE(strstr(seen.message, ", the champion is 10.0 days old") != NULL);
}

ON_BOTH(without_a_champion_there_is_no_age)
{
    STORE(store, "upkeep_none");
    struct seen seen = look_at(&store, NULL, test_dir(), &arena);
    SAME(seen.count, 2);
    TRUE(doc_find(seen.document, "champion_seconds") == NULL);
}

TEST(a_journal_that_is_not_there_yet_has_no_disk)
{
    struct ground here = {0}, *ground = &here;
    STORE(store, "upkeep_missing");
    struct seen seen = look_at(&store, NULL, path_join(&arena, test_dir(), "not there"), &arena);
    TRUE(isnan(reading_of(&seen, &alarm_disk, "journal")->value));
    SAME(doc_at(seen.document, "journal")->kind, DOC_NULL);
    TRUE(strstr(seen.message, "journal") == NULL);
}

TEST(a_disk_that_cannot_be_read_fails_the_look_by_name)
{
    struct ground here = {0}, *ground = &here;
    STORE(store, "upkeep_file");
    const char *file = path_join(&arena, test_dir(), "a file");
    WORKS(file_save(file, VIEW("x"), &err), err);
    struct watch_look look = {.store = &store};
    struct seen seen;
    FAILS(champion_try_in(&watch_upkeep, &look, "project: p\n", path_join(&arena, file, "below"),
                          START_US, &arena, &seen, &err),
          err, ERR_IO);
    SAYS(err, "a file/below");
}

ON_BOTH(what_the_alarms_remember_of_years_ago_is_cleared)
{
    STORE(store, "upkeep_clear");
    take_errors(&store, &rules, "", -500 * 24 * 60, 99);
    SAME(count_rows(&store, "select count(*) from alarm_change"), 1);
    take_errors(&store, &rules, "b", -300 * 24 * 60, 99);
    look_at(&store, NULL, test_dir(), &arena);
    SAME(count_rows(&store, "select count(*) from alarm_change"), 1);
    SAME(count_rows(&store, "select count(*) from alarm_change where subject = 'b'"), 1);
}
