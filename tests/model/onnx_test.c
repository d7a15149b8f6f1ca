#include "model/onnx.h"

#include "model/import.h"
#include "model/small_onnx.h"

#include <math.h>

static struct forest parse(const struct small_onnx *small, struct arena *arena)
{
    struct forest forest;
    struct err err = {0};
    struct view bytes = small_onnx(small, arena);
    TRUE(onnx_is(bytes));
    WORKS(onnx_parse(bytes, arena, &forest, &err), err);
    return forest;
}

static float walk(const struct forest *forest, float x0, float x1)
{
    return forest_margin(forest, (const float[]){x0, x1});
}

static void refused_as(const struct small_onnx *small, enum err_kind kind, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = {.node_count = 77};
    struct err err = {0};
    FAILS(onnx_parse(small_onnx(small, &arena), &arena, &forest, &err), err, kind);
    SAYS(err, says);
    SAME(forest.node_count, 77);
}

static void refused(const struct small_onnx *small, const char *says)
{
    refused_as(small, ERR_MODEL, says);
}

TEST(an_ensemble_alone_is_a_forest)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(&(struct small_onnx){.width = 7}, &arena);
    SAME(forest.feature_count, 7);
    SAME(forest.tree_count, 1);
    TRUE(forest.objective == &objective_reg_squarederror);
    TRUE(forest.weight != NULL && forest.feature_name == NULL);
    float row[7] = {1, 2};
    NEAR(forest_predict(&forest, forest_margin(&forest, row)), 3, 0);
}

TEST(what_converters_put_around_it_changes_nothing)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct forest forest = parse(
        &(struct small_onnx){.input = "b",
                             .one = 1,
                             .node_count = 7,
                             .node = {{.op = "Cast", .input = "x", .output = "a", .to = 11},
                                      {.op = "Identity", .input = "a", .output = "b"},
                                      {.op = "Identity", .input = "scores", .output = "c"},
                                      {.op = "Mul", .input = "c", .second = "one", .output = "d"},
                                      {.op = "ZipMap", .input = "d", .output = "e"},
                                      {.op = "Identity", .input = "label", .output = "f"},
                                      {.op = "Cast", .input = "f", .output = "g", .to = 7}}},
        &arena);
    NEAR(walk(&forest, 1, 3), 4, 0);
}

TEST(anything_else_is_refused_by_its_name)
{
    refused(&(struct small_onnx){.node_count = 1,
                                 .node = {{.op = "Div", .input = "scores", .output = "y"}}},
            "the graph has a 'Div', which is not supported");
    refused(&(struct small_onnx){.input = "a",
                                 .node_count = 1,
                                 .node = {{.op = "Concat", .input = "x", .output = "a"}}},
            "the graph has a 'Concat', which is not supported");
    refused(&(struct small_onnx){.input = "a",
                                 .node_count = 1,
                                 .node = {{.op = "Cast", .input = "x", .output = "a", .to = 7}}},
            "the graph has a 'Cast', which is not supported");
    refused(
        &(struct small_onnx){.node_count = 1,
                             .node = {{.op = "Cast", .input = "scores", .output = "a", .to = 7}}},
        "the graph has a 'Cast', which is not supported");
    refused(&(struct small_onnx){.op = "LinearClassifier"}, "has a 'LinearClassifier', which is");
    refused(
        &(struct small_onnx){
            .node_count = 1,
            .node = {{.op = "TreeEnsembleRegressor", .input = "x", .output = "z"}}},
        "the graph has 2 tree ensembles, one is supported");
}

TEST(a_product_is_stepped_over_only_when_it_is_with_one)
{
    struct small_onnx small = {
        .one = 2,
        .node_count = 1,
        .node = {{.op = "Mul", .input = "scores", .second = "one", .output = "d"}}};
    refused(&small, "the graph has a 'Mul', which is not supported");
    small.one = 0;
    refused(&small, "the graph has a 'Mul', which is not supported");
}

TEST(values_that_nothing_makes_are_refused)
{
    refused(&(struct small_onnx){.input = "nowhere"}, "nothing makes the value 'nowhere'");
    refused(&(struct small_onnx){.input = "a",
                                 .node_count = 2,
                                 .node = {{.op = "Identity", .input = "b", .output = "a"},
                                          {.op = "Identity", .input = "a", .output = "b"}}},
            "nothing makes the value 'a'");
    refused(&(struct small_onnx){.input = "scores"}, "nothing makes the value 'scores'");
}

TEST(inputs_that_are_no_rows_of_floats_are_refused)
{
    refused(&(struct small_onnx){.type = 7}, "the input 'x' holds no floats");
    refused(&(struct small_onnx){.width = 1}, "it splits on feature 1, and the model has 1");
}

TEST(graphs_past_a_ceiling_are_a_limit)
{
    struct small_onnx small = {.node_count = 64};
    for (size_t i = 0; i < small.node_count; i++)
        small.node[i] = (struct small_node){.op = "Identity", .input = "scores", .output = "y"};
    refused_as(&small, ERR_LIMIT, "the graph has 65 nodes, more than 64");
}

/* ------------------------------------------------------------------- scalers */

/* What a runtime does: scale the row as floats, then walk the trees. */
static float scaled(float value, float offset, float scale)
{
    return (value - offset) * scale;
}

TEST(a_scaler_is_taken_into_the_thresholds_exactly)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    static const float offsets[] = {0.1F, -7.25e6F}, scales[] = {3.7F, 1.0e-7F};
    struct small_onnx small = {.input = "s",
                               .node_count = 1,
                               .node = {{.op = "Scaler",
                                         .input = "x",
                                         .output = "s",
                                         .offset = FLOATS(offsets[0], offsets[1]),
                                         .scale = FLOATS(scales[0], scales[1])}}};
    struct forest whole = parse(&small, &arena), bare = parse(&(struct small_onnx){0}, &arena);
    for (size_t i = 0; i < whole.node_count; i++) {
        if (node_is_leaf(&whole.node[i]))
            continue;
        float x[2] = {2e7F, 2e7F}, at = whole.node[i].threshold;
        for (int step = -3; step < 3; step++) { /* the floats around where it turns */
            float value = at;
            for (int j = 0; j < abs(step); j++)
                value = nextafterf(value, step < 0 ? -INFINITY : INFINITY);
            x[whole.node[i].feature] = value;
            NEAR(walk(&whole, x[0], x[1]),
                 walk(&bare, scaled(x[0], offsets[0], scales[0]),
                      scaled(x[1], offsets[1], scales[1])),
                 0);
        }
    }
    static const float odd[] = {-INFINITY, INFINITY, -3e38F, 3e38F, 0, 1e-45F};
    for (size_t i = 0; i < LENGTH_OF(odd); i++)
        for (size_t j = 0; j < LENGTH_OF(odd); j++)
            NEAR(walk(&whole, odd[i], odd[j]),
                 walk(&bare, scaled(odd[i], offsets[0], scales[0]),
                      scaled(odd[j], offsets[1], scales[1])),
                 0);
    NEAR(walk(&whole, NAN, 0), walk(&bare, NAN, 0), 0);
}

TEST(scalers_are_applied_in_their_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct small_onnx small = {
        .input = "t",
        .node_count = 2,
        .node = {
            {.op = "Scaler", .input = "x", .output = "s", .offset = FLOATS(1), .scale = FLOATS(2)},
            {.op = "Scaler",
             .input = "s",
             .output = "t",
             .offset = FLOATS(3),
             .scale = FLOATS(4)}}};
    struct forest forest = parse(&small, &arena); /* ((x - 1) * 2 - 3) * 4 <= 0.5: x <= 2.5625 */
    NEAR(walk(&forest, 2.5625F, 0), -1, 0);
    NEAR(walk(&forest, nextafterf(2.5625F, 3), 0), 3, 0);
}

TEST(scalers_that_turn_or_flatten_the_order_are_refused)
{
    static const float scales[] = {-1, 0, NAN, INFINITY};
    for (size_t i = 0; i < LENGTH_OF(scales); i++)
        refused(&(struct small_onnx){.input = "s",
                                     .node_count = 1,
                                     .node = {{.op = "Scaler",
                                               .input = "x",
                                               .output = "s",
                                               .offset = FLOATS(0),
                                               .scale = FLOATS(scales[i])}}},
                "is not one that keeps the order of numbers");
    refused(&(struct small_onnx){.input = "s",
                                 .node_count = 1,
                                 .node = {{.op = "Scaler",
                                           .input = "x",
                                           .output = "s",
                                           .offset = FLOATS(0, 0),
                                           .scale = FLOATS(1, 1)}},
                                 .features = WHOLES(0, 0, 5, 0, 0),
                                 .width = 9},
            "the Scaler has no feature 5");
    refused(&(struct small_onnx){.input = "s",
                                 .node_count = 1,
                                 .node = {{.op = "Scaler", .input = "x", .output = "s"}}},
            "the Scaler has no offset or no scale");
}

/* -------------------------------------------------------------------- import */

TEST(the_import_says_what_it_read_and_what_it_stepped_over)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct imported model = {.threshold = (double)NAN};
    struct err err = {0};
    struct view bytes = small_onnx(&(struct small_onnx){0}, &arena);
    TRUE(importer_onnx.is(bytes));
    WORKS(importer_onnx.read(bytes, &arena, &model, &err), err);
    TEXT(model.kind, "ONNX TreeEnsembleClassifier by by hand 1.0");
    TEXT(model.notes, "ONNX keeps no counts of rows: contributions weigh every leaf alike");
    SAME(model.forest.tree_count, 1);
    TRUE(isnan(model.threshold));
}

TEST(bytes_of_other_formats_are_not_taken_for_onnx)
{
    TRUE(!onnx_is(VIEW("tree\nversion=v4\n")));
    TRUE(!onnx_is(VIEW("{\"learner\":{}}")));
    TRUE(!onnx_is(VIEW("\x80\x04\x95")));
    TRUE(!onnx_is(VIEW("\x08\x08")));
    TRUE(!onnx_is(VIEW("")));
}
