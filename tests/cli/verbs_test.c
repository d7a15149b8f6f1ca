#include "cli/verbs.h"

#include "harness.h"

static int ran;

static bool note(struct project *project, const struct call *call UNUSED, struct err *err UNUSED)
{
    ran++;
    return project->store.dir != NULL;
}

static const struct verb rows[] = {{"list", .run = note}, {"show", 1, 2, .run = note}};
static const struct verbs verbs = {rows, LENGTH_OF(rows), .usage = "usage: assay x list | show A"};

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
