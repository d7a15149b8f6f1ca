#include "model/lightgbm.h"

#include "base/file.h"
#include "base/number.h"
#include "harness.h"
#include "model/import.h"

#include <math.h>

/* x0 <= 0.5: -1, else x1 <= 2: 3, else 4; a missing x0 goes left, a missing x1 right. */
#define BRANCHES                                                                                   \
    "num_leaves=3\nnum_cat=0\nsplit_feature=0 1\nsplit_gain=5.5 2\nthreshold=0.5 2\n"              \
    "decision_type=10 8\nleft_child=-1 -2\nright_child=1 -3\nleaf_value=-1 3 4\n"                  \
    "leaf_weight=1 1 1\nleaf_count=10 6 4\ninternal_count=20 10\n"

/* Every member has a working default. */
struct small {
    const char *version;   /* v4 */
    const char *classes;   /* 1 */
    const char *last;      /* max_feature_idx=1 */
    const char *objective; /* objective=binary sigmoid:1\n */
    const char *names;     /* x0 x1 */
    const char *infos;     /* [0:1] [0:5] */
    const char *sizes;     /* tree_sizes=300\n */
    const char *tree;      /* BRANCHES, lines of tree 0 */
    const char *more;      /* after tree 0: other trees */
    const char *begin;     /* "tree\n" */
};

static const char *or_else(const char *text, const char *other)
{
    return text == NULL ? other : text;
}

static struct view small_text(const struct small *small, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    text_adds(&text, or_else(small->begin, "tree\n"));
    text_addf(&text, "version=%s\nnum_class=%s\nnum_tree_per_iteration=1\nlabel_index=0\n",
              or_else(small->version, "v4"), or_else(small->classes, "1"));
    text_addf(&text, "%s\n", or_else(small->last, "max_feature_idx=1"));
    text_adds(&text, or_else(small->objective, "objective=binary sigmoid:1\n"));
    text_addf(&text, "feature_names=%s\n", or_else(small->names, "x0 x1"));
    text_addf(&text, "feature_infos=%s\n", or_else(small->infos, "[0:1] [0:5]"));
    text_addf(&text, "%s\n", or_else(small->sizes, "tree_sizes=300\n"));
    text_addf(&text, "Tree=0\n%sis_linear=0\nshrinkage=1\n\n\n", or_else(small->tree, BRANCHES));
    text_adds(&text, or_else(small->more, ""));
    text_adds(&text, "end of trees\n\nfeature_importances:\nx0=1\n\nparameters:\n[boosting: gbdt]\n"
                     "end of parameters\n\npandas_categorical:null\n");
    assert(!text.cut);
    return text_view(&text);
}

static struct forest parse(const struct small *small, struct arena *arena)
{
    struct forest forest;
    struct err err = {0};
    WORKS(lightgbm_parse(small_text(small, arena), arena, &forest, &err), err);
    return forest;
}

static float walk(const struct forest *forest, float x0, float x1)
{
    return forest_margin(forest, (const float[]){x0, x1});
}

static void refused(const struct small *small, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = {.node_count = 77};
    struct err err = {0};
    FAILS(lightgbm_parse(small_text(small, &arena), &arena, &forest, &err), err, ERR_MODEL);
    SAYS(err, says);
    SAME(forest.node_count, 77);
}

/* ---------------------------------------------------------------- splits */

TEST(at_the_threshold_a_number_goes_left)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(&(struct small){0}, &arena);
    NEAR(walk(&forest, 0.5F, 0), -1, 0);
    NEAR(walk(&forest, nextafterf(0.5F, 1), 2), 3, 0);
    NEAR(walk(&forest, 1, nextafterf(2, 3)), 4, 0);
    NEAR(walk(&forest, NAN, 0), -1, 0);
    NEAR(walk(&forest, 1, NAN), 4, 0);
    SAME(forest.feature_count, 2);
    TEXT(forest.feature_name[1], "x1");
    TRUE(forest.feature_type == NULL);
    TRUE(forest.objective == &objective_binary_logistic);
    NEAR(forest.base_margin, 0, 0);
}

TEST(counts_become_covers_and_gains_stay)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(&(struct small){0}, &arena);
    static const float cover[] = {20, 10, 10, 6, 4}, gain[] = {5.5F, 0, 2, 0, 0};
    for (size_t i = 0; i < LENGTH_OF(cover); i++) {
        NEAR(forest.cover[i], cover[i], 0);
        NEAR(forest.gain[i], gain[i], 0);
    }
}

static struct forest parse_split(const char *threshold, const char *decision, struct arena *arena)
{
    char tree[512];
    snprintf(tree, sizeof tree,
             "num_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=%s\ndecision_type=%s\n"
             "left_child=-1\nright_child=-2\nleaf_value=-1 1\n",
             threshold, decision);
    return parse(&(struct small){.tree = tree}, arena);
}

TEST(a_missing_value_that_counts_as_zero_goes_where_zero_goes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    static const struct {
        const char *threshold;
        float goes;
    } cases[] = {{"0", -1}, {"1e-300", -1}, {"-1e-300", 1}, {"7", -1}, {"-7", 1}};
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        for (int decision = 0; decision <= 2; decision += 2) { /* the default bit says nothing */
            struct forest forest =
                parse_split(cases[i].threshold, decision == 0 ? "0" : "2", &arena);
            NEAR(walk(&forest, NAN, 0), cases[i].goes, 0);
            NEAR(walk(&forest, 0, 0), cases[i].goes, 0);
        }
}

/* 8: missing goes right, so LightGBM writes a split of the missing from the rest. */
TEST(a_threshold_of_infinity_parts_the_missing_from_all_others)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse_split("inf", "8", &arena);
    NEAR(walk(&forest, NAN, 0), 1, 0);
    NEAR(walk(&forest, 3e38F, 0), -1, 0);
    NEAR(walk(&forest, -INFINITY, 0), -1, 0);
}

/* 4: zero is missing and goes right; 6: it goes left. */
TEST(zeros_that_count_as_missing_are_taken_where_a_threshold_can_say_so)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    static const float zeros[] = {0.0F, -0.0F, 1e-35F, -1e-35F, 1e-40F, NAN};
    static const struct {
        const char *threshold, *decision;
        float below, zero, above; /* where -2e-35, zeros and 2e-35 go */
    } cases[] = {
        {"5", "6", -1, -1, -1},
        {"0", "6", -1, -1, 1},
        {"1.0000000180025095e-35", "6", -1, -1, 1},
        {"-1.0000000180025095e-35", "6", -1, -1, 1},
        {"-5", "4", 1, 1, 1},
        {"0", "4", -1, 1, 1},
        {"1.0000000180025095e-35", "4", -1, 1, 1},
        {"-1.0000000180025095e-35", "4", -1, 1, 1},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct forest forest = parse_split(cases[i].threshold, cases[i].decision, &arena);
        NEAR(walk(&forest, -2e-35F, 0), cases[i].below, 0);
        NEAR(walk(&forest, 2e-35F, 0), cases[i].above, 0);
        for (size_t j = 0; j < LENGTH_OF(zeros); j++)
            NEAR(walk(&forest, zeros[j], 0), cases[i].zero, 0);
    }
}

#define SPLIT(threshold, decision)                                                                 \
    "num_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=" threshold "\ndecision_type=" decision   \
    "\nleft_child=-1\nright_child=-2\nleaf_value=-1 1\n"

TEST(zeros_that_go_another_way_than_both_neighbours_are_refused)
{
    refused(&(struct small){.tree = SPLIT("5", "4")},
            "zeros count as missing and go right, numbers on both sides of them the other way: "
            "train with zero_as_missing=false");
    refused(&(struct small){.tree = SPLIT("-5", "6")}, "zeros count as missing and go left");
}

/* x1 in {1, 33}: 5, else -5. */
#define CATEGORIES                                                                                 \
    "num_leaves=2\nnum_cat=1\nsplit_feature=1\nthreshold=0\ndecision_type=1\nleft_child=-1\n"      \
    "right_child=-2\nleaf_value=5 -5\nleaf_count=3 7\ncat_boundaries=0 2\ncat_threshold=2 2\n"

TEST(categories_of_the_set_go_left_and_the_others_right)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small){.tree = CATEGORIES, .infos = "[0:1] 1:33:0"}, &arena);
    static const float others[] = {0, 2, 32, 34, 65, 1e9F, -1, -5, NAN};
    NEAR(walk(&forest, 0, 1), 5, 0);
    NEAR(walk(&forest, 0, 33), 5, 0);
    NEAR(walk(&forest, 0, 33.9F), 5, 0);
    for (size_t i = 0; i < LENGTH_OF(others); i++)
        NEAR(walk(&forest, 0, others[i]), -5, 0);
    NEAR(forest.cover[1], 7, 0); /* our left is their right */
    TEXT(forest.feature_type[0], "float");
    TEXT(forest.feature_type[1], "c");
}

#define SETS(boundaries, words, threshold)                                                         \
    "num_leaves=2\nnum_cat=1\nsplit_feature=1\nthreshold=" threshold "\ndecision_type=1\n"         \
    "left_child=-1\nright_child=-2\nleaf_value=5 -5\ncat_boundaries=" boundaries                   \
    "\ncat_threshold=" words "\n"

TEST(sets_that_do_not_fit_are_refused)
{
    refused(&(struct small){.tree = SETS("0 3", "2 2", "0")}, "cat_boundaries: entry 1 is out of");
    refused(&(struct small){.tree = SETS("1 2", "2 2", "0")}, "cat_boundaries: entry 0 is out of");
    refused(&(struct small){.tree = SETS("0 -1", "2 2", "0")}, "cat_boundaries: entry 1 is out of");
    refused(&(struct small){.tree = SETS("0", "2 2", "0")}, "cat_boundaries has 1 entries, 2 are");
    refused(&(struct small){.tree = SETS("0 1", "4294967296", "0")}, "entry 0 is not 32 bits");
    refused(&(struct small){.tree = SETS("0 1", "0", "0")}, "splits on categories and lists none");
    refused(&(struct small){.tree = SETS("0 1", "2", "1")}, "its set of categories does not exist");
    refused(&(struct small){.tree = SETS("0 1", "2", "-1")}, "set of categories does not exist");
}

/* ---------------------------------------------------------------- objectives */

TEST(the_factor_of_binary_is_in_the_leaves)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small){.objective = "objective=binary sigmoid:1.5\n"}, &arena);
    NEAR(walk(&forest, 0, 0), -1.5, 0);
    NEAR(forest.weight[1], -1.5, 0);
}

TEST(regression_and_models_without_objective_score_the_sum_itself)
{
    static const char *const objectives_used[] = {"objective=regression\n", "objective=huber\n", "",
                                                  "objective=custom\n"};
    for (size_t i = 0; i < LENGTH_OF(objectives_used); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
        struct forest forest = parse(&(struct small){.objective = objectives_used[i]}, &arena);
        TRUE(forest.objective == &objective_reg_squarederror);
        NEAR(forest_predict(&forest, walk(&forest, 1, 3)), 4, 0);
    }
}

#define LEAF(value)   "num_leaves=1\nnum_cat=0\nleaf_value=" value "\n"
#define TREE_1(lines) "Tree=1\n" lines "\n\n"

TEST(leaves_are_summed_as_doubles)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest =
        parse(&(struct small){.tree = LEAF("16777216"),
                              .sizes = "tree_sizes=9 9 9\n",
                              .more = TREE_1(LEAF("1.25")) "Tree=2\n" LEAF("-16777216") "\n"},
              &arena);
    SAME(forest.tree_count, 3);
    NEAR(walk(&forest, 0, 0), 1.25, 0);
}

TEST(an_average_is_divided_in_the_leaves)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(&(struct small){.objective = "objective=binary sigmoid:1\n"
                                                              "average_output\n",
                                                 .tree = LEAF("0.25"),
                                                 .sizes = "tree_sizes=9 9\n",
                                                 .more = TREE_1(LEAF("0.75"))},
                                 &arena);
    NEAR(walk(&forest, 0, 0), 0.5, 0);
    TRUE(forest.objective == &objective_binary_logistic);
}

TEST(an_old_forests_probabilities_are_averaged_as_they_are)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct small small = {.version = "v2",
                          .objective = "objective=binary sigmoid:1\naverage_output\n",
                          .tree = LEAF("0.25"),
                          .sizes = "tree_sizes=9 9\n",
                          .more = TREE_1(LEAF("0.75"))};
    struct forest forest = parse(&small, &arena);
    TRUE(forest.objective == &objective_reg_squarederror);
    NEAR(forest_predict(&forest, walk(&forest, 0, 0)), 0.5, 0);
    small.more = TREE_1(LEAF("1.75")); /* no probability: this one was saved by 2.2.3 */
    forest = parse(&small, &arena);
    TRUE(forest.objective == &objective_binary_logistic);
    NEAR(walk(&forest, 0, 0), 1, 0);
}

TEST(what_cannot_be_scored_alike_is_refused_by_name)
{
    refused(&(struct small){.objective = "objective=multiclass num_class:3\n", .classes = "3"},
            "3 classes are not supported: two, as objective=binary, are");
    refused(&(struct small){.objective = "objective=poisson\n"},
            "objective 'poisson' is not supported");
    refused(&(struct small){.objective = "objective=cross_entropy_lambda\n"},
            "objective 'cross_entropy_lambda' is not supported");
    refused(&(struct small){.objective = "objective=regression sqrt\n"}, "reg_sqrt=false");
    refused(&(struct small){.objective = "objective=binary sigmoid:0\n"}, "not a number above 0");
    refused(&(struct small){.version = "v1"}, "version 'v1' of LightGBM's text is not supported");
    refused(&(struct small){.version = "v5"}, "version 'v5' of LightGBM's text is not supported");
    refused(&(struct small){.tree = LEAF("1") "is_linear=1\n"}, "train with linear_tree=false");
}

/* ---------------------------------------------------------------- damage */

TEST(trees_that_do_not_fit_together_are_refused)
{
    refused(&(struct small){.tree = "num_leaves=2\n"},
            "tree 0: split_feature has 0 entries, 1 are");
    refused(&(struct small){.tree = "num_leaves=0\n"}, "tree 0: num_leaves is 0");
    refused(&(struct small){.tree = "leaf_value=1\n"}, "tree 0: num_leaves is missing");
    refused(&(struct small){.tree = "num_leaves=two\n"}, "num_leaves: 'two' is not a count");
    refused(&(struct small){.tree = LEAF("nan")}, "leaf_value: 'nan' is not a number");
    refused(&(struct small){.tree = LEAF("1 2")}, "leaf_value has 2 entries, 1 are due");
    refused(&(struct small){.tree = LEAF("1e60")}, "node 0: its weight is not finite");
    refused(&(struct small){.tree = LEAF("1") "leaf_value=2\n"}, "leaf_value: it comes twice");
    refused(&(struct small){.tree = LEAF("1") "words\n"}, "'words' is no line of a tree");
    refused(&(struct small){.tree = SPLIT("1", "12")}, "decision_type 12 is not known");
    refused(&(struct small){.tree = SPLIT("1", "16")}, "decision_type 16 is not known");
}

#define CHILDREN(left, right)                                                                      \
    "num_leaves=3\nsplit_feature=0 1\nthreshold=0.5 2\ndecision_type=2 2\nleft_child=" left        \
    "\nright_child=" right "\nleaf_value=-1 3 4\n"

TEST(every_node_has_one_parent)
{
    refused(&(struct small){.tree = CHILDREN("-1 -2", "1 -4")}, "right_child -4 does not exist");
    refused(&(struct small){.tree = CHILDREN("-1 -2", "2 -3")}, "right_child 2 does not exist");
    refused(&(struct small){.tree = CHILDREN("-1 -1", "1 -3")}, "has a parent already");
    refused(&(struct small){.tree = CHILDREN("-1 1", "1 -3")}, "has a parent already");
    refused(&(struct small){.tree = CHILDREN("-1 0", "1 -3")}, "has a parent already");
    refused(&(struct small){.tree = CHILDREN("-1 -2", "-3 1")}, "nodes are reached from the root");
    refused(&(struct small){.tree = CHILDREN("-1 -2", "1.5 -3")}, "right_child 1.5 does not exist");
}

TEST(headers_that_do_not_fit_are_refused)
{
    refused(&(struct small){.last = ""}, "the line 'max_feature_idx' is missing");
    refused(&(struct small){.last = "max_feature_idx=-1"}, "max_feature_idx is -1");
    refused(&(struct small){.last = "max_feature_idx=0"},
            "splits on feature 1, and the model has 1");
    refused(&(struct small){.last = "max_feature_idx=1\nmax_feature_idx=1"},
            "the line 'max_feature_idx' comes twice");
    refused(&(struct small){.names = "x0"}, "feature_names has fewer entries");
    refused(&(struct small){.names = "x0 x1 x2"}, "feature_names has more entries");
    refused(&(struct small){.names = "x0 \xff"}, "feature_names: entry 1 is not valid UTF-8");
    refused(&(struct small){.begin = "forest\n"}, "no model saved by LightGBM as text");
    refused(&(struct small){.more = "Tree=7\n"}, "tree 1 calls itself '7'");
}

TEST(a_file_that_lost_its_end_is_refused)
{
    refused(&(struct small){.sizes = "tree_sizes=300 300\n"},
            "there are 1 trees, tree_sizes speaks of 2: the file has lost its end");
}

TEST(every_cut_gives_an_error_or_a_forest)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view text = small_text(&(struct small){.tree = CATEGORIES}, &arena);
    for (size_t length = 0; length < text.length; length++) {
        struct forest forest;
        struct err err = {0};
        if (!lightgbm_parse((struct view){text.text, length}, &arena, &forest, &err))
            SAME(err.kind, ERR_MODEL);
    }
}

TEST(lines_may_end_as_on_windows)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct view text = small_text(&(struct small){0}, &arena);
    struct text windows = text_in_arena(&arena);
    struct forest forest;
    struct err err = {0};
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] == '\n')
            text_addc(&windows, '\r');
        text_addc(&windows, text.text[i]);
    }
    TRUE(lightgbm_is(text_view(&windows)));
    WORKS(lightgbm_parse(text_view(&windows), &arena, &forest, &err), err);
    NEAR(walk(&forest, 1, 3), 4, 0);
    TEXT(forest.feature_name[1], "x1");
}

TEST(a_ceiling_on_memory_is_a_limit)
{
    CLEANUP(arena_release) struct arena plenty = {.limit = 8 << 20};
    CLEANUP(arena_release) struct arena little = {.limit = 256};
    struct forest forest;
    struct err err = {0};
    FAILS(lightgbm_parse(small_text(&(struct small){0}, &plenty), &little, &forest, &err), err,
          ERR_LIMIT);
}

TEST(the_import_says_what_it_read)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct imported model = {.threshold = (double)NAN};
    struct err err = {0};
    struct view text = small_text(&(struct small){0}, &arena);
    TRUE(importer_lightgbm.is(text));
    WORKS(importer_lightgbm.read(text, &arena, &model, &err), err);
    TEXT(model.kind, "LightGBM text v4");
    SAME(model.forest.tree_count, 1);
    TEXT(model.feature_name[0], "x0");
    TRUE(isnan(model.threshold));
}

/* ------------------------------------------------------------- other people's */

/* One row of a file: numbers parted by `mark`, or by place, "2:5.1". The first cell of the second
 * kind is a label. */
static void read_row(struct view line, char mark, bool by_place, float *row, size_t width)
{
    struct view cell, place;
    for (size_t i = 0; i < width; i++)
        row[i] = 0;
    TRUE(!by_place || view_cut(&line, mark, &cell));
    for (size_t i = 0; view_cut(&line, mark, &cell); i++) {
        double value;
        int64_t at = (int64_t)i;
        if (by_place)
            TRUE(view_cut(&cell, ':', &place) && number_parse_i64(place, &at));
        TRUE(at >= 0 && (size_t)at < width && number_parse(view_trim(cell), &value));
        row[at] = (float)value;
    }
}

static void as_recorded(const char *model, const char *rows, const char *scores, char mark,
                        bool by_place)
{
    enum { WIDTH_MAX = 64, FILE_MAX = 4 << 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view bytes, row_rest, score_rest, line;
    struct forest forest;
    struct err err = {0};
    float row[WIDTH_MAX];
    double want;
    size_t count = 0;
    WORKS(file_load(test_data(model), FILE_MAX, &arena, &bytes, &err), err);
    WORKS(file_load(test_data(rows), FILE_MAX, &arena, &row_rest, &err), err);
    WORKS(file_load(test_data(scores), FILE_MAX, &arena, &score_rest, &err), err);
    WORKS(lightgbm_parse(bytes, &arena, &forest, &err), err);
    TRUE(forest.feature_count <= WIDTH_MAX);
    for (; view_cut(&row_rest, '\n', &line) && line.length > 0; count++) {
        read_row(line, mark, by_place, row, forest.feature_count);
        TRUE(view_cut(&score_rest, '\n', &line) && number_parse(view_trim(line), &want));
        NEAR(forest_predict(&forest, forest_margin(&forest, row)), want, 1e-7);
    }
    TRUE(count >= 30);
}

#define DATA "models/lightgbm/"

TEST(a_dart_scores_as_recorded)
{
    if (test_data(DATA "lg_dart_breast_cancer.model") == NULL)
        SKIP("ASSAY_DATA has no " DATA);
    as_recorded(DATA "lg_dart_breast_cancer.model", DATA "breast_cancer_test.tsv",
                DATA "lg_dart_breast_cancer_true_predictions.txt", '\t', false);
}

TEST(a_random_forest_scores_as_recorded)
{
    if (test_data(DATA "lg_rf_iris.model") == NULL)
        SKIP("ASSAY_DATA has no " DATA);
    as_recorded(DATA "lg_rf_iris.model", DATA "iris_test.libsvm",
                DATA "lg_rf_iris_true_predictions.txt", ' ', true);
}

TEST(a_gbdt_of_v3_is_read)
{
    const char *model = test_data(DATA "lg_breast_cancer.txt");
    if (model == NULL)
        SKIP("ASSAY_DATA has no " DATA);
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view bytes;
    struct forest forest;
    struct err err = {0};
    WORKS(file_load(model, 4 << 20, &arena, &bytes, &err), err);
    WORKS(lightgbm_parse(bytes, &arena, &forest, &err), err);
    SAME(forest.feature_count, 30);
    TRUE(forest.tree_count > 10);
}
