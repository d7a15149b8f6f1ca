#include "model/adopt.h"

#include "base/text.h"
#include "harness.h"
#include "model/small_model.h"

#include <math.h>

enum { MEMORY = 64 << 20, GOLDEN = 64 };

#define PARAM_2 "\"base_score\":\"5E-1\",\"num_class\":\"0\",\"num_feature\":\"2\""

/* feature 1 is a category: 1 or 2 go right. */
#define TREE_OF_THREE_CODES                                                                        \
    "{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],\"parents\":[2147483647,0,0],"      \
    "\"split_indices\":[1,0,0],\"split_type\":[1,0,0],\"categories\":[1,2],"                       \
    "\"categories_nodes\":[0],\"categories_segments\":[0],\"categories_sizes\":[2],"               \
    "\"split_conditions\":[1E-45,-2.5E-1,5E-1],\"default_left\":[1,0,0],"                          \
    "\"sum_hessian\":[8,5,3],\"loss_changes\":[1,0,0],"                                            \
    "\"tree_param\":{\"num_nodes\":\"3\",\"size_leaf_vector\":\"0\"}}"

/* Adopts, opens and returns the bundle, or fails the test. */
static void adopts(const struct adoption *adoption, struct arena *arena, struct bundle *bundle)
{
    struct view file;
    struct err err = {0};
    WORKS(adopt_model(adoption, arena, &file, &err), err);
    WORKS(bundle_open(bundle, file, &err), err);
    SAME(bundle->golden_count, GOLDEN);
}

static struct adoption adoption_of(struct view model)
{
    return (struct adoption){.model = model, .project = VIEW("elsewhere"), .threshold = 0.5F};
}

TEST(a_forest_without_names_reads_f0_f1_as_numbers)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small small = {0};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    adopts(&adoption, &arena, &bundle);
    TEXT(bundle.project, "elsewhere");
    TEXT(bundle.schema.column[0].name, "f0");
    TEXT(bundle.schema.column[1].name, "f1");
    SAME(bundle.schema.column[1].kind, COLUMN_NUMBER);
    TRUE(!bundle.schema.column[0].optional);
    SAME(bundle.plan.width, 2);
    TRUE(bundle.policy.threshold == 0.5F);
    TRUE(view_same(bundle.model, adoption.model));
}

TEST(a_forest_with_names_reads_columns_of_those_names)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small small = {.learner_more = ",\"feature_names\":[\"amount\",\"age\"],"
                                          "\"feature_types\":[\"float\",\"int\"]"};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    adopts(&adoption, &arena, &bundle);
    TEXT(bundle.schema.column[0].name, "amount");
    TEXT(bundle.plan.width_name[1], "age");
    SAME(bundle.schema.column[1].kind, COLUMN_NUMBER);
}

TEST(the_callers_names_are_taken_when_the_forest_has_none)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    const struct view name[] = {VIEW("one"), VIEW("two")};
    struct small small = {0};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    adoption.name = name, adoption.name_count = 2;
    adopts(&adoption, &arena, &bundle);
    TEXT(bundle.schema.column[1].name, "two");
}

/* The header: names "when the model has none or other ones". */
TEST(the_callers_names_stand_in_for_the_forests_own)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    const struct view name[] = {VIEW("one"), VIEW("two")};
    struct small small = {.learner_more = ",\"feature_names\":[\"V1\",\"V2\"],"
                                          "\"feature_types\":[\"float\",\"float\"]"};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    adoption.name = name, adoption.name_count = 2;
    adopts(&adoption, &arena, &bundle);
    TEXT(bundle.schema.column[0].name, "one");
}

TEST(the_forests_own_names_in_another_order_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct view name[] = {VIEW("V2"), VIEW("V1")}, shifted[] = {VIEW("V0"), VIEW("V1")};
    struct small small = {.learner_more = ",\"feature_names\":[\"V1\",\"V2\"],"
                                          "\"feature_types\":[\"float\",\"float\"]"};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    struct view file = {0};
    struct err err = {0};
    adoption.name = name, adoption.name_count = 2;
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_INPUT);
    SAYS(err, "'V2' is given as feature 1 and is feature 2 of the model");
    adoption.name = shifted;
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_INPUT);
    SAYS(err, "'V1' is given as feature 2 and is feature 1 of the model");
}

TEST(a_wrong_count_of_names_an_empty_one_or_one_twice_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct view name[] = {VIEW("one"), VIEW("one"), VIEW("")};
    struct small small = {0};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    struct view file = {0};
    struct err err = {0};
    adoption.name = name, adoption.name_count = 3;
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_INPUT);
    SAYS(err, "3 feature names for a model of 2 features");
    adoption.name_count = 0;
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_INPUT);
    adoption.name_count = 2;
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_INPUT);
    SAYS(err, "'one' stands twice");
    adoption.name = name + 1;
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_INPUT);
    TRUE(file.text == NULL);
}

TEST(an_indicator_is_a_boolean_and_a_bare_category_a_code)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small small = {.trees = TREE_OF_THREE "," TREE_OF_THREE_CODES,
                          .tree_info = "[0,0]",
                          .learner_more = ",\"feature_names\":[\"is_new\",\"kind\"],"
                                          "\"feature_types\":[\"i\",\"c\"]"};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    adopts(&adoption, &arena, &bundle);
    SAME(bundle.schema.column[0].kind, COLUMN_BOOLEAN);
    SAME(bundle.schema.column[1].kind, COLUMN_INTEGER);
}

TEST(categories_that_the_model_names_become_the_columns_values)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small small = {
        .version = "[3,1,0]",
        .trees = TREE_OF_THREE_CODES,
        .learner_more = ",\"feature_names\":[\"x\",\"kind\"],\"feature_types\":[\"float\",\"c\"]",
        .model_more = ",\"cats\":{\"enc\":[{\"offsets\":[],\"values\":[]},"
                      "{\"offsets\":[0,1,3,6],\"values\":[97,98,98,99,99,99]}],"
                      "\"feature_segments\":[0,0,3],\"sorted_idx\":[0,1,2]}",
    };
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    adopts(&adoption, &arena, &bundle);
    const struct column *kind = &bundle.schema.column[1];
    SAME(kind->kind, COLUMN_CATEGORY);
    SAME(kind->values.count, 3);
    TEXT(kind->values.text[0], "a");
    TEXT(kind->values.text[2], "ccc");
    /* The text finds its code's way: bb is 1, and goes right. */
    struct cell cell[2] = {0};
    struct err err = {0};
    float row[2];
    WORKS(cell_parse(kind, VIEW("bb"), &cell[1], &err), err);
    struct record record = {.schema = &bundle.schema, .cell = cell};
    feature_apply(&bundle.plan, &record, row);
    TRUE(forest_margin(&bundle.forest, row) == 0.5F);
}

TEST(allow_missing_makes_every_column_optional_and_some_golden_cells_null)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small small = {0};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    struct view strict, loose;
    struct err err = {0};
    WORKS(adopt_model(&adoption, &arena, &strict, &err), err);
    adoption.allow_missing = true;
    WORKS(adopt_model(&adoption, &arena, &loose, &err), err);
    WORKS(bundle_open(&bundle, loose, &err), err);
    TRUE(bundle.schema.column[0].optional && bundle.schema.column[1].optional);
    TRUE(memmem(loose.text, loose.length, "null", 4) != NULL);
    TRUE(memmem(strict.text, strict.length, "null", 4) == NULL);
}

TEST(golden_records_stand_on_both_sides_of_a_threshold_and_on_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small small = {0}; /* x0 < 0.5: -1, else 2 */
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    struct view file;
    struct err err = {0};
    WORKS(adopt_model(&adoption, &arena, &file, &err), err);
    TRUE(memmem(file.text, file.length, "\"margin\": -1,", 13) != NULL);
    TRUE(memmem(file.text, file.length, "\"margin\": 2,", 12) != NULL);
    TRUE(memmem(file.text, file.length, "0.49999997", 10) != NULL); /* the float below */
}

TEST(the_same_model_is_adopted_with_the_same_bytes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small small = {0};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    struct view one, two, other;
    struct err err = {0};
    CLEANUP(arena_release) struct arena elsewhere = {.limit = MEMORY};
    WORKS(adopt_model(&adoption, &arena, &one, &err), err);
    WORKS(adopt_model(&adoption, &elsewhere, &two, &err), err);
    TRUE(view_same(one, two));
    adoption.threshold = 0.25F;
    WORKS(adopt_model(&adoption, &arena, &other, &err), err);
    TRUE(!view_same(one, other));
}

TEST(extreme_thresholds_give_golden_records_that_can_be_read_back)
{
    static const char *const trees[] = {
#define AT(threshold)                                                                              \
    "{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],\"parents\":[2147483647,0,0],"      \
    "\"split_indices\":[0,0,0],\"split_conditions\":[" threshold ",-1E0,2E0],"                     \
    "\"default_left\":[0,0,0],\"sum_hessian\":[8,5,3],\"loss_changes\":[1.5,0,0],"                 \
    "\"tree_param\":{\"num_nodes\":\"3\",\"size_leaf_vector\":\"1\"}}"
        AT("3.4028235E38"), AT("-3.4028235E38"), AT("1E-45"), AT("-1E-45"), AT("0E0"), AT("2.5E38"),
    };
    for (size_t i = 0; i < LENGTH_OF(trees); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        CLEANUP(bundle_release) struct bundle bundle = {0};
        struct small small = {.trees = trees[i]};
        struct adoption adoption = adoption_of(small_json(&small, &arena));
        adopts(&adoption, &arena, &bundle);
    }
}

TEST(a_damaged_model_is_not_adopted)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small small = {0};
    struct adoption adoption = adoption_of(small_json(&small, &arena));
    struct view file = {0};
    struct err err = {0};
    adoption.model.length /= 2;
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_MODEL);
    small.booster = "gblinear", adoption.model = small_json(&small, &arena);
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_MODEL);
    SAYS(err, "gblinear");
    adoption.model = (struct view){"", 0};
    FAILS(adopt_model(&adoption, &arena, &file, &err), err, ERR_MODEL);
}
