#include "model/xgboost.h"

#include "base/file.h"
#include "base/number.h"
#include "model/small_model.h"

#include <math.h>

static const enum ubj_lists spellings[] = {UBJ_PLAIN, UBJ_COUNTED, UBJ_TYPED};

static void parse(const struct small *small, struct arena *arena, struct forest *out)
{
    struct err err = {0};
    WORKS(xgboost_parse(small_json(small, arena), arena, out, &err), err);
}

/* Everything the walk relies on: what a fuzzer checks too. */
static void check_well_formed(const struct forest *forest)
{
    TRUE(forest->tree_count > 0 && isfinite(forest->base_margin) && forest->objective != NULL);
    for (size_t tree = 0; tree < forest->tree_count; tree++) {
        size_t first = forest->root[tree];
        size_t end = tree + 1 < forest->tree_count ? forest->root[tree + 1] : forest->node_count;
        size_t children = 0;
        TRUE(first < end && end <= forest->node_count);
        for (size_t at = first; at < end; at++) {
            const struct node *node = &forest->node[at];
            if (node_is_leaf(node)) {
                TRUE(isfinite(node->weight));
                continue;
            }
            children += 2;
            TRUE(node->left > at && node->left + 1 < end && node->feature < forest->feature_count);
            if (!node->categorical) {
                TRUE(!isnan(node->threshold));
                continue;
            }
            TRUE(node->set < forest->set_count);
            struct category_set set = forest->set[node->set];
            TRUE(set.words > 0 && set.first + set.words <= forest->bits_count);
        }
        SAME(children, end - first - 1);
    }
}

TEST(a_hand_written_model_becomes_the_forest_it_says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    parse(&(struct small){.trees = TREE_OF_THREE "," TREE_OF_CATEGORIES, .tree_info = "[0,0]"},
          &arena, &forest);
    check_well_formed(&forest);
    SAME(forest.tree_count, 2);
    SAME(forest.node_count, 6);
    SAME(forest.feature_count, 2);
    SAME(forest.depth_max, 1);
    SAME(forest.version[0], 1);
    SAME(forest.version[1], 7);
    SAME(forest.version[2], 4);
    SAME(forest.root[1], 3);
    SAME(forest.node[0].left, 1);
    NEAR(forest.node[0].threshold, 0.5, 0);
    NEAR(forest.node[1].weight, -1, 0);
    NEAR(forest.node[2].weight, 2, 0);
    NEAR(forest.cover[0], 8, 0);
    NEAR(forest.cover[2], 3, 0);
    NEAR(forest.gain[0], 1.5, 0);
    TRUE(forest.node[3].categorical && forest.node[3].missing_left && forest.node[3].feature == 1);
    TRUE(forest.feature_name == NULL && forest.feature_type == NULL && forest.category == NULL);
    TEXT(view_of(forest.objective->name), "binary:logistic");
}

TEST(json_and_every_way_of_writing_ubj_give_one_forest)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct small small = {.trees = TREE_OF_THREE "," TREE_OF_CATEGORIES, .tree_info = "[0,0]"};
    struct view json = small_json(&small, &arena);
    struct forest want;
    parse(&small, &arena, &want);
    for (size_t i = 0; i < LENGTH_OF(spellings); i++) {
        struct err err = {0};
        struct forest forest;
        WORKS(xgboost_parse(small_ubj(json, spellings[i], &arena), &arena, &forest, &err), err);
        SAME(forest.node_count, want.node_count);
        SAME(memcmp(forest.node, want.node, want.node_count * sizeof *want.node), 0);
        SAME(memcmp(forest.cover, want.cover, want.node_count * sizeof *want.cover), 0);
        SAME(memcmp(forest.bits, want.bits, want.bits_count * sizeof *want.bits), 0);
    }
}

TEST(base_score_is_read_in_each_spelling_there_has_been)
{
    static const char *const spelled[] = {"2.5E-1", "\"0.250000\"", "\"2.5E-1\"", "\"[2.5E-1]\""};
    for (size_t i = 0; i < LENGTH_OF(spelled); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        char param[128];
        snprintf(param, sizeof param, "\"base_score\":%s,\"num_feature\":\"2\"", spelled[i]);
        struct forest forest;
        parse(&(struct small){.param = param}, &arena, &forest);
        NEAR(forest.base_score, 0.25, 0);
        NEAR(forest.base_margin, -1.0986122886681098, 1e-7); /* ln(1/3) */
        parse(&(struct small){.param = param, .objective = "reg:squarederror"}, &arena, &forest);
        NEAR(forest.base_margin, 0.25, 0);
    }
}

TEST(a_base_score_of_several_values_or_of_none_is_refused)
{
#define PARAM(base) "\"base_score\":" base ",\"num_feature\":\"2\""
    small_refused(&(struct small){.param = PARAM("\"[1E-1,2E-1]\"")}, ERR_MODEL,
                  "a base score per output, [1E-1,2E-1], is not supported");
    small_refused(&(struct small){.param = PARAM("\"[]\"")}, ERR_MODEL, "'[]' is not a number");
    small_refused(&(struct small){.param = PARAM("\"nan\"")}, ERR_MODEL, "'nan' is not a number");
    small_refused(&(struct small){.param = PARAM("\"1\"")}, ERR_MODEL, "base_score 1 is not one");
    small_refused(&(struct small){.param = PARAM("\"0\"")}, ERR_MODEL, "base_score 0 is not one");
    small_refused(&(struct small){.param = PARAM("\"-3\"")}, ERR_MODEL, "base_score -3 is not one");
    small_refused(&(struct small){.param = PARAM("\"1e40\"")}, ERR_MODEL, "is not a number");
    small_refused(&(struct small){.param = "\"num_feature\":\"2\""}, ERR_MODEL,
                  "learner: learner_model_param: the key 'base_score' is missing");
}

TEST(what_cannot_be_scored_is_refused_by_name)
{
    small_refused(&(struct small){.objective = "multi:softprob"}, ERR_MODEL,
                  "objective 'multi:softprob' is not supported");
    small_refused(&(struct small){.booster = "gblinear"}, ERR_MODEL,
                  "booster 'gblinear' is not supported");
    small_refused(&(struct small){.version = "[4,0,0]"}, ERR_MODEL,
                  "saved by XGBoost 4, and 1 to 3 are understood");
    small_refused(&(struct small){.version = "[0,90,0]"}, ERR_MODEL, "saved by XGBoost 0");
    small_refused(&(struct small){.version = "[3,4]"}, ERR_MODEL, "version is not three numbers");
    small_refused(&(struct small){.param = PARAM("\"5E-1\"") ",\"num_class\":\"3\""}, ERR_MODEL,
                  "3 classes are not supported");
    small_refused(&(struct small){.param = PARAM("\"5E-1\"") ",\"num_target\":\"2\""}, ERR_MODEL,
                  "2 targets are not supported");
    small_refused(&(struct small){.tree_info = "[1]"}, ERR_MODEL, "tree 0 is for output 1");
}

TEST(a_linear_booster_is_refused_by_name_although_it_has_no_trees)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct forest forest;
    struct view json = VIEW(
        "{\"learner\":{\"gradient_booster\":{\"model\":{\"weights\":[1.5,2]},\"name\":\"gblinear\"}"
        ",\"learner_model_param\":{\"base_score\":\"5E-1\",\"num_feature\":\"1\"},"
        "\"objective\":{\"name\":\"binary:logistic\"}},\"version\":[1,7,4]}");
    FAILS(xgboost_parse(json, &arena, &forest, &err), err, ERR_MODEL);
    SAYS(err, "booster 'gblinear' is not supported");
}

TEST(counts_that_disagree_are_refused)
{
    small_refused(&(struct small){.trees = "", .tree_info = "[]"}, ERR_MODEL, "no trees");
    small_refused(&(struct small){.tree_info = "[0,0]"}, ERR_MODEL,
                  "there are 1 trees, tree_info has 2 entries");
    small_refused(&(struct small){.model_more = ",\"gbtree_model_param\":{\"num_trees\":\"2\"}"},
                  ERR_MODEL, "there are 1 trees, num_trees says 2");
    small_refused(&(struct small){.param = "\"base_score\":\"5E-1\",\"num_feature\":\"0\""},
                  ERR_MODEL, "num_feature is 0");
    small_refused(&(struct small){.trees = TREE_OF_CATEGORIES,
                                  .param = "\"base_score\":\"5E-1\",\"num_feature\":\"1\""},
                  ERR_MODEL, "tree 0: node 0: it splits on feature 1, and the model has 1");
    small_refused(&(struct small){.param = "\"base_score\":\"5E-1\",\"num_feature\":\"9000000\""},
                  ERR_LIMIT, "more than 1048576 features");
    small_refused(&(struct small){.learner_more = ",\"feature_names\":[\"a\"]"}, ERR_MODEL,
                  "feature_names has 1 entries, num_feature says 2");
    small_refused(&(struct small){.learner_more = ",\"feature_types\":[\"c\",\"i\",\"q\"]"},
                  ERR_MODEL, "feature_types has 3 entries");
}

TEST(a_key_that_matters_may_not_come_twice_and_others_are_stepped_over)
{
    small_refused(&(struct small){.learner_more = ",\"objective\":{\"name\":\"reg:logistic\"}"},
                  ERR_MODEL, "the key 'objective' comes twice");
    small_refused(&(struct small){.model_more = ",\"trees\":[]"}, ERR_MODEL,
                  "the key 'trees' comes twice");
    small_refused(&(struct small){.booster_more = ",\"gbtree\":{\"model\":{\"trees\":[]}}"},
                  ERR_MODEL, "gbtree: model: it comes twice");
    small_refused(&(struct small){.booster = "dart",
                                  .model_more = ",\"weight_drop\":[1.0]",
                                  .booster_more = ",\"weight_drop\":[1.0]"},
                  ERR_MODEL, "weight_drop: it comes twice");

    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    parse(&(struct small){.learner_more = ",\"future\":{\"trees\":[[1,{\"a\":null}],true]}"},
          &arena, &forest);
    SAME(forest.node_count, 3);
}

TEST(names_and_types_outlive_the_file)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20}, other = {.limit = 1 << 20};
    struct err err = {0};
    struct forest forest;
    struct small small = {.learner_more = ",\"feature_names\":[\"amount\",\"pa\\u00eds\"],"
                                          "\"feature_types\":[\"float\",\"c\"]"};
    struct view json = small_json(&small, &other);
    WORKS(xgboost_parse(json, &arena, &forest, &err), err);
    TRUE(forest.feature_name[0].text < json.text ||
         forest.feature_name[0].text >= json.text + json.length);
    arena_release(&other);
    TEXT(forest.feature_name[0], "amount");
    TEXT(forest.feature_name[1], "pa\303\255s");
    TEXT(forest.feature_type[1], "c");
}

TEST(dart_multiplies_leaves_by_their_trees_weight_in_both_layouts)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest;
    struct small small = {.model_more = ",\"weight_drop\":[2.5E-1]"};
    parse(&small, &arena, &forest);
    NEAR(forest.node[0].threshold, 0.5, 0);
    NEAR(forest.node[1].weight, -0.25, 0);
    NEAR(forest.node[2].weight, 0.5, 0);

    struct view old =
        VIEW("{\"learner\":{\"gradient_booster\":{\"gbtree\":{\"model\":{\"trees\":[" TREE_OF_THREE
             "],\"tree_info\":[0]},\"name\":\"gbtree\"},"
             "\"name\":\"dart\",\"weight_drop\":[2.5E-1]},\"learner_model_param\":{"
             "\"base_score\":\"5E-1\",\"num_feature\":\"2\"},\"objective\":{"
             "\"name\":\"binary:logistic\"}},\"version\":[1,7,4]}");
    struct forest nested;
    struct err err = {0};
    WORKS(xgboost_parse(old, &arena, &nested, &err), err);
    SAME(memcmp(forest.node, nested.node, 3 * sizeof *nested.node), 0);

    small_refused(&(struct small){.booster = "dart"}, ERR_MODEL, "without weight_drop");
    small_refused(&(struct small){.model_more = ",\"weight_drop\":[1.0,1.0]"}, ERR_MODEL,
                  "weight_drop has 2 entries");
    small_refused(&(struct small){.trees = "{\"left_children\":[-1],\"right_children\":[-1],"
                                           "\"split_indices\":[0],\"split_conditions\":[3E38],"
                                           "\"default_left\":[0],\"sum_hessian\":[1],"
                                           "\"loss_changes\":[0],\"tree_param\":{\"num_nodes\":1}}",
                                  .model_more = ",\"weight_drop\":[2E0]"},
                  ERR_MODEL, "weight_drop: tree 0: a leaf is not finite");
}

TEST(what_is_no_model_is_refused_with_a_remedy)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const char *const not_models[] = {"binf\1\2", "\200\4\225 pickle", "[]", "tree=0"};
    for (size_t i = 0; i < LENGTH_OF(not_models); i++) {
        struct err err = {0};
        struct forest forest;
        FAILS(xgboost_parse(view_of(not_models[i]), &arena, &forest, &err), err, ERR_MODEL);
        SAYS(err, "save the model as .json or .ubj");
    }
    struct err err = {0};
    struct forest forest;
    FAILS(xgboost_parse(VIEW(""), &arena, &forest, &err), err, ERR_MODEL);
    FAILS(xgboost_parse(VIEW("{}"), &arena, &forest, &err), err, ERR_MODEL);
    SAYS(err, "the key 'learner' is missing");
}

TEST(a_model_that_does_not_fit_its_arena_is_a_limit)
{
    CLEANUP(arena_release) struct arena work = {.limit = 1 << 20}, arena = {.limit = 1};
    struct view json = small_json(&(struct small){0}, &work);
    struct forest forest;
    size_t limits = 0;
    for (size_t limit = 16; limit <= 1 << 16; limit += 64) {
        struct err err = {0};
        arena_release(&arena);
        arena.limit = limit;
        if (xgboost_parse(json, &arena, &forest, &err))
            break;
        SAME(err.kind, ERR_LIMIT);
        limits++;
    }
    TRUE(limits > 10 && forest.node_count == 3);
}

/* ------------------------------------------------------------ damaged files */

static const struct small damaged = {
    .trees = TREE_OF_THREE "," TREE_OF_CATEGORIES,
    .tree_info = "[0,0]",
    .model_more = ",\"weight_drop\":[1.0,5E-1],\"cats\":{\"enc\":[{\"offsets\":[],\"values\":[]},"
                  "{\"offsets\":[0,1,3],\"values\":[97,98,99]}]}",
    .learner_more = ",\"feature_names\":[\"a\",\"b\"]",
};

static void try_bytes(struct view bytes, struct arena *arena, size_t *accepted)
{
    struct err err = {0};
    struct forest forest;
    arena_reset(arena);
    if (!xgboost_parse(bytes, arena, &forest, &err)) {
        TRUE(err.kind == ERR_MODEL || err.kind == ERR_LIMIT);
        TRUE(err.text[0] != '\0');
        return;
    }
    ++*accepted;
    check_well_formed(&forest);
    static const float rows[][2] = {{NAN, NAN}, {0, 0}, {1e30F, 33}, {-INFINITY, INFINITY}};
    for (size_t i = 0; forest.feature_count <= 2 && i < LENGTH_OF(rows); i++) {
        float margin = forest_margin(&forest, rows[i]);
        TRUE(!isnan(forest_predict(&forest, margin)));
    }
}

static struct view damaged_model(bool binary, struct arena *arena)
{
    struct view json = small_json(&damaged, arena);
    return binary ? small_ubj(json, UBJ_TYPED, arena) : json;
}

TEST(every_cut_of_a_model_is_an_error)
{
    for (int binary = 0; binary < 2; binary++) {
        CLEANUP(arena_release) struct arena work = {.limit = 1 << 20}, arena = {.limit = 1 << 20};
        struct view whole = damaged_model(binary, &work);
        size_t accepted = 0;
        for (size_t length = 0; length < whole.length; length++) {
            /* A copy of just that size, so that a read past the end is seen. */
            char *bytes = malloc(length + 1);
            assert(bytes != NULL);
            memcpy(bytes, whole.text, length);
            try_bytes((struct view){bytes, length}, &arena, &accepted);
            free(bytes);
        }
        SAME(accepted, 0);
        try_bytes(whole, &arena, &accepted);
        SAME(accepted, 1);
    }
}

TEST(every_changed_byte_gives_an_error_or_a_well_formed_forest)
{
    static const unsigned char flips[] = {0x01, 0x02, 0x08, 0x10, 0x40, 0x80, 0xff};
    for (int binary = 0; binary < 2; binary++) {
        CLEANUP(arena_release) struct arena work = {.limit = 1 << 20}, arena = {.limit = 1 << 20};
        struct view whole = damaged_model(binary, &work);
        char *bytes = arena_copy(&work, whole.text, whole.length);
        assert(bytes != NULL);
        size_t accepted = 0;
        for (size_t at = 0; at < whole.length; at++)
            for (size_t i = 0; i < LENGTH_OF(flips); i++) {
                bytes[at] = (char)(whole.text[at] ^ flips[i]);
                try_bytes((struct view){bytes, whole.length}, &arena, &accepted);
                bytes[at] = whole.text[at];
            }
        TRUE(accepted > 0); /* a changed leaf is another model, and a good one */
    }
}

TEST(bytes_after_the_end_are_an_error)
{
    for (int binary = 0; binary < 2; binary++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        struct view whole = damaged_model(binary, &arena);
        struct text longer = text_in_arena(&arena);
        text_add(&longer, whole);
        text_addc(&longer, 'x');
        struct err err = {0};
        struct forest forest;
        FAILS(xgboost_parse(text_view(&longer), &arena, &forest, &err), err, ERR_MODEL);
        SAYS(err, "after the end of the document");
    }
}

/* -------------------------------------------------------------- real models */

enum { MODEL_SIZE_MAX = 16 << 20, FEATURES_MAX = 512 };

static bool load(const char *name, struct arena *arena, struct forest *out)
{
    const char *path = test_data(name);
    struct err err = {0};
    struct view bytes;
    if (path == NULL)
        return false;
    WORKS(file_load(path, MODEL_SIZE_MAX, arena, &bytes, &err), err);
    WORKS(xgboost_parse(bytes, arena, out, &err), err);
    check_well_formed(out);
    return true;
}

static struct view load_text(const char *name, struct arena *arena)
{
    const char *path = test_data(name);
    struct err err = {0};
    struct view bytes;
    FAIL_UNLESS(path != NULL, "%s is missing beside the models", name);
    WORKS(file_load(path, MODEL_SIZE_MAX, arena, &bytes, &err), err);
    return bytes;
}

/* The next line, without its end. */
static bool next_line(struct view *rest, struct view *out)
{
    if (!view_cut(rest, '\n', out))
        return false;
    *out = view_trim(*out);
    return out->length > 0;
}

static float cell_of(const struct forest *forest, size_t feature, struct view cell)
{
    if (cell.length == 0 || view_is(cell, "NA"))
        return NAN;
    if (forest->category != NULL && forest->category[feature].count > 0) {
        const struct category_names *names = &forest->category[feature];
        for (size_t code = 0; code < names->count; code++)
            if (view_same(names->name[code], cell))
                return (float)code;
        FAIL_UNLESS(false, "no category '" VIEW_FMT "'", VIEW_ARG(cell));
    }
    if (view_is(cell, "TRUE") || view_is(cell, "FALSE"))
        return view_is(cell, "TRUE");
    double value;
    FAIL_UNLESS(number_parse(cell, &value), "'" VIEW_FMT "' is no number", VIEW_ARG(cell));
    return (float)value;
}

/*
 * The expected scores were printed with 7 to 9 significant digits, the fewest that read back to
 * the float, by a library on another machine. expf differs by an ulp between C libraries, and the
 * sigmoid's division may double that: so 2 ulp are allowed, and most must be equal.
 */
static void check_audit(const char *model, const char *input)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    char name[256];
    struct forest json, ubj;
    snprintf(name, sizeof name, "models/xgboost/audit/%s.json", model);
    if (!load(name, &arena, &json))
        test_skip(model, "ASSAY_DATA has no models/xgboost/audit");
    snprintf(name, sizeof name, "models/xgboost/audit/%s.ubj", model);
    TRUE(load(name, &arena, &ubj));
    SAME(json.node_count, ubj.node_count);
    SAME(memcmp(json.node, ubj.node, json.node_count * sizeof *json.node), 0);
    SAME(json.version[0], 3);
    SAME(json.version[1], 4);

    snprintf(name, sizeof name, "models/xgboost/audit/%s.csv", input);
    struct view rows = load_text(name, &arena), row, cell;
    snprintf(name, sizeof name, "models/xgboost/audit/%s.csv", model);
    struct view wanted = load_text(name, &arena), want;
    TRUE(next_line(&rows, &row) && next_line(&wanted, &want));

    size_t count = 0, equal = 0;
    while (next_line(&rows, &row)) {
        float values[FEATURES_MAX];
        for (size_t i = 0; i < json.feature_count; i++) {
            TRUE(view_cut(&row, ',', &cell));
            values[i] = cell_of(&json, i, cell);
        }
        TRUE(next_line(&wanted, &want));
        while (view_cut(&want, ',', &cell)) /* the last column is the probability */
            continue;
        double expected;
        TRUE(number_parse(cell, &expected));
        float margin = forest_margin(&json, values);
        SAME(number_ulps(margin, forest_margin(&ubj, values)), 0);
        uint32_t apart = number_ulps(forest_predict(&json, margin), (float)expected);
        FAIL_UNLESS(apart <= 2, "%s row %zu is %.9g, wanted %.9g", model, count,
                    (double)forest_predict(&json, margin), expected);
        equal += apart == 0;
        count++;
    }
    TRUE(count > 1500);
    FAIL_UNLESS(equal * 10 >= count * 9, "%s: %zu of %zu are equal", model, equal, count);
}

TEST(the_audit_models_of_xgboost_3_4_score_as_published)
{
    check_audit("BinomialClassificationAudit", "Audit");
    check_audit("BinomialClassificationAuditNA", "AuditNA");
    check_audit("LogisticRegressionAudit", "Audit");
    check_audit("LogisticRegressionAuditNA", "AuditNA");
}

TEST(system_as_booster_gives_its_published_answer_to_the_last_digit)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct forest forest;
    if (!load("models/system-a/booster.json", &arena, &forest))
        SKIP("ASSAY_DATA has no models/system-a");
    struct view request = load_text("models/system-a/request.json", &arena);
    struct text scratch = text_in_arena(&arena);
    struct scan scan = scan_of(request, &scratch);
    struct token token;
    struct err err = {0};
    float row[FEATURES_MAX];
    size_t found = 0, feature = 0;
    while (scan_next(&scan, &token, &err)) {
        if (token.kind == TOKEN_KEY)
            for (feature = 0; !view_same(forest.feature_name[feature], token.text); feature++)
                TRUE(feature + 1 < forest.feature_count);
        if (token.kind == TOKEN_NUMBER) {
            row[feature] = (float)token.number;
            found++;
        }
    }
    SAME(found, forest.feature_count);
    char digits[NUMBER_SIZE];
    number_print((double)forest_predict(&forest, forest_margin(&forest, row)), digits);
    TEXT(view_of(digits), "0.016783954575657845");
}

TEST(the_ieee_cis_models_of_397_features_are_read)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct forest forest, deep;
    if (!load("models/xgboost/ieee-cis/IEEE-CIS_xgboost_model.json", &arena, &forest))
        SKIP("ASSAY_DATA has no models/xgboost/ieee-cis");
    TRUE(load("models/xgboost/ieee-cis/IEEE-CIS_xgboost_model_depth_16.json", &arena, &deep));
    SAME(forest.feature_count, 397);
    SAME(forest.tree_count, 100);
    SAME(forest.depth_max, 6);
    SAME(deep.tree_count, 10);
    NEAR(forest.base_margin, 3.5135217e-2F, 0);
    NEAR(deep.base_margin, 3.5135217e-2F, 0);
    TEXT(view_of(forest.objective->name), "reg:squarederror");
    TEXT(forest.feature_name[0], "TransactionAmt");
}
