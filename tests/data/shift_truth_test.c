#include "shift_ground.h"

#include "data/shift_truth.h"

#include "base/doc.h"
#include "base/file.h"

TEST(the_truth_tells_what_from_when_how_much_and_how_many)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct shift_plan plan = ground_plan("prior:factor=2,from=1,over=2");
    WORKS(shift_add(&plan, &ground, VIEW("mix:column=kind,value=shop,factor=2"), &err), err);
    struct shift_tally tally[3] = {
        {.events = 1},
        {.events = 10, .frauds = 3, .added = {2, 0}, .removed = {0, 4}},
        {.events = 20, .frauds = 5, .added = {3, 0}, .changed = {1, 0}},
    };
    struct shift_truth truth = {"ground", &plan, 7, ground.first_day_ms, 1, 3, tally};
    const char *path = path_join(&arena, test_dir(), "drift.json");
    WORKS(shift_truth_save(&truth, path, &err), err);
    const struct doc *doc = doc_load(path, 1 << 16, &arena, &err), *shift, *day;
    TRUE(doc != NULL);
    shift = doc_find(doc, "shifts")->first;
    TEXT(doc_find(shift, "kind")->text, "prior");
    TEXT(doc_find(shift, "settings")->text, "factor=2,from=1,over=2");
    TEXT(doc_find(shift, "from")->text, "2025-01-02");
    SAME(doc_find(shift, "from_day")->number, 1);
    SAME(doc_find(shift, "over_days")->number, 2);
    SAME(doc_find(shift, "until_day")->kind, DOC_NULL);
    SAME(doc_find(shift, "added")->number, 5);
    SAME(doc_find(shift, "changed")->number, 1);
    SAME(doc_find(shift->next, "removed")->number, 4);
    SAME(doc_find(doc, "by_day")->count, 2); /* the first day was not written */
    day = doc_find(doc, "by_day")->first;
    TEXT(doc_find(day, "date")->text, "2025-01-02");
    SAME(doc_find(day, "events")->number, 10);
    SAME(doc_find(day, "frauds")->number, 3);
    NEAR(doc_find(day, "strength")->first->number, 0.5, 0);
    SAME(doc_find(day, "removed")->first->next->number, 4);
}
