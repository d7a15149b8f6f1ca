#include "cli/verbs.h"

#include "harness.h"

static int ran;

static bool note(struct project *project, const struct call *call UNUSED, struct err *err UNUSED)
{
    ran++;
    return project->store.dir != NULL;
}

static const struct verb rows[] = {
    {"list", .run = note}, {"show", 1, 2, .run = note}, {"add", .writes = true, .run = note}};
static const struct verbs verbs = {rows, LENGTH_OF(rows), .usage = "usage: assay x list | show A"};

static bool call_verb(const char *name, struct err *err)
{
    const char *argument[] = {name};
    struct call call = {.project = test_dir(), .arguments = 1, .argument = argument};
    ran = 0;
    return verbs_run(&verbs, &call, err);
}

TEST(a_verb_that_only_reads_makes_no_store)
{
    struct err err = {0};
    FAILS(call_verb("list", &err), err, ERR_NOT_FOUND);
    SAME(ran, 0);
    err = (struct err){0};
    WORKS(call_verb("add", &err), err);
    WORKS(call_verb("list", &err), err);
    SAME(ran, 1);
}

TEST(a_verb_runs_with_its_project_and_as_many_arguments_as_it_takes)
{
    static const struct {
        const char *argument[4];
        size_t arguments;
        bool runs;
    } cases[] = {
        {{"list"}, 1, true},           {{"list", "a"}, 2, false},
        {{"show"}, 1, false},          {{"show", "a"}, 2, true},
        {{"show", "a", "b"}, 3, true}, {{"show", "a", "b", "c"}, 4, false},
        {{"shows", "a"}, 2, false},
    };
    struct err none = {0};
    WORKS(call_verb("add", &none), none);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct call call = {
            .project = test_dir(), .arguments = cases[i].arguments, .argument = cases[i].argument};
        struct err err = {0};
        ran = 0;
        if (cases[i].runs) {
            WORKS(verbs_run(&verbs, &call, &err), err);
        } else {
            FAILS(verbs_run(&verbs, &call, &err), err, ERR_USAGE);
            TEXT(view_of(err.text), "usage: assay x list | show A");
        }
        SAME(ran, cases[i].runs);
    }
}

TEST(a_verb_is_found_by_its_whole_name)
{
    TRUE(verbs_find(&verbs, "show") == &rows[1]);
    TRUE(verbs_find(&verbs, "sho") == NULL && verbs_find(&verbs, "") == NULL);
}
