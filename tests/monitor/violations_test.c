#include "harness.h"

#include "monitor/violations.h"

#include "base/doc.h"
#include "base/file.h"

TEST(violations_are_written_in_model_monitors_words)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct violations violations;
    struct err err = {0};
    const char *path = path_join(&arena, test_dir(), "constraint_violations.json");
    violations_begin(&violations, &arena);
    violations_add(&violations, VIEW("amount"), VIOLATION_DRIFT, "PSI is %.2f, \"%s\"", 0.5,
                   "high");
    violations_add(&violations, VIEW("channel"), VIOLATION_CATEGORICAL_VALUES, "new values");
    SAME(violations.count, 2);
    WORKS(violations_save(&violations, path, &err), err);
    const struct doc *doc = doc_load(path, 1 << 16, &arena, &err);
    WORKS(doc != NULL, err);
    const struct doc *first = doc_find(doc, "violations")->first;
    TEXT(doc_find(first, "feature_name")->text, "amount");
    TEXT(doc_find(first, "constraint_check_type")->text, "baseline_drift_check");
    TEXT(doc_find(first, "description")->text, "PSI is 0.50, \"high\"");
    TEXT(doc_find(first->next, "constraint_check_type")->text, "categorical_values_check");
    TRUE(first->next->next == NULL);
}

TEST(no_violations_are_an_empty_list)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct violations violations;
    struct err err = {0};
    struct view whole;
    violations_begin(&violations, &arena);
    WORKS(violations_end(&violations, &whole, &err), err);
    const struct doc *doc = doc_parse(whole, &arena, &err);
    WORKS(doc != NULL, err);
    SAME(doc_find(doc, "violations")->count, 0);
}

TEST(every_violation_has_a_name_of_its_own)
{
    for (size_t i = 0; i < VIOLATIONS; i++) {
        TRUE(view_ends(view_of(violation_names[i]), "_check"));
        for (size_t k = 0; k < i; k++)
            TRUE(strcmp(violation_names[i], violation_names[k]) != 0);
    }
}
