#include "train/parameter.h"

#include "base/doc.h"
#include "harness.h"

enum { MEMORY = 8 << 20 };

static void parse(const char *yaml, struct arena *arena, struct config *config)
{
    struct err err = {0};
    config_init(config, arena);
    WORKS(config_parse(config, view_of(yaml), &err), err);
}

static struct parameters resolved(const char *yaml, size_t rows, size_t positives,
                                  struct arena *arena)
{
    struct config config;
    struct parameters parameters;
    struct err err = {0};
    parse(yaml, arena, &config);
    WORKS(parameters_resolve(&config, rows, positives, arena, &parameters, &err), err);
    return parameters;
}

static struct view value_of(const struct parameters *parameters, const char *name)
{
    struct view found = {0};
    for (size_t i = 0; i < parameters->count; i++) {
        if (!view_is(parameters->item[i].name, name))
            continue;
        FAIL_UNLESS(found.text == NULL, "%s is there twice", name);
        found = parameters->item[i].value;
    }
    return found;
}

static void refused(const char *parameter, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct config config;
    struct parameters parameters = {.count = 77};
    struct err err = {0};
    char yaml[512];
    snprintf(yaml, sizeof yaml, "project: p\nmodel:\n  rounds: 3\n  parameters:\n%s\n", parameter);
    parse(yaml, &arena, &config);
    FAILS(parameters_check(&config, &err), err, ERR_INPUT);
    SAYS(err, says);
    SAYS(err, "line ");
    err = (struct err){0};
    FAILS(parameters_resolve(&config, 100, 10, &arena, &parameters, &err), err, ERR_INPUT);
    SAME(parameters.count, 77);
}

TEST(a_parameter_xgboost_does_not_have_is_refused_with_its_line)
{
    refused("    max_dept: 3", "line 5, column 15: XGBoost has no parameter 'max_dept'");
    refused("    Eta: 0.3", "'Eta'");
    refused("    objective: reg:squarederror", "'objective'");
    refused("    seed: 3", "rounds, seed and threads are keys of `model`");
    refused("    nthread: 3", "'nthread'");
    refused("    num_parallel_tree: 3", "'num_parallel_tree'");
}

TEST(a_value_out_of_range_or_of_another_type_is_refused_with_the_range)
{
    refused("    eta: 1.01", "'eta' takes a number from 0 to 1");
    refused("    eta: -0.01", "'eta' takes a number from 0 to 1");
    refused("    eta: nan", "'eta' takes a number");
    refused("    eta: inf", "'eta' takes a number");
    refused("    eta: fast", "'eta' takes a number");
    refused("    eta: 0.1x", "'eta' takes a number");
    refused("    max_depth: 21", "'max_depth' takes a whole number from 0 to 20");
    refused("    max_depth: 2.5", "'max_depth' takes a whole number");
    refused("    subsample: 0", "'subsample' takes a number from 1e-06 to 1");
    refused("    base_score: 0", "'base_score'");
    refused("    base_score: 1", "'base_score'");
    refused("    tree_method: gpu_hist", "'tree_method' takes one of: hist approx exact");
    refused("    booster: gblinear", "'booster' takes one of: gbtree dart");
}

TEST(two_names_of_one_parameter_are_refused)
{
    refused("    eta: 0.1\n    learning_rate: 0.1",
            "line 6, column 20: 'eta' and 'learning_rate' are one parameter");
    refused("    learning_rate: 0.1\n    eta: 0.1", "are one parameter");
    refused("    gamma: 1\n    min_split_loss: 1", "are one parameter");
    refused("    lambda: 1\n    reg_lambda: 1", "are one parameter");
    refused("    alpha: 1\n    reg_alpha: 1", "are one parameter");
}

TEST(bounds_are_within_the_range)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct parameters parameters = resolved("model:\n  parameters:\n    eta: 1\n    max_depth: 20\n"
                                            "    subsample: 1e-6\n    gamma: 1e9\n",
                                            100, 10, &arena);
    TEXT(value_of(&parameters, "eta"), "1");
    TEXT(value_of(&parameters, "max_depth"), "20");
    TEXT(value_of(&parameters, "subsample"), "1e-6");
}

TEST(the_depth_follows_the_number_of_frauds)
{
    static const struct {
        size_t positives;
        const char *depth;
    } cases[] = {{1, "2"}, {499, "2"}, {500, "3"}, {1999, "3"}, {2000, "4"}, {90000, "4"}};
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        struct parameters parameters = resolved("", 100000, cases[i].positives, &arena);
        TEXT(value_of(&parameters, "max_depth"), cases[i].depth);
    }
}

TEST(the_defaults_are_there_and_the_base_score_is_the_share_of_fraud)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct parameters parameters = resolved("model: {seed: 7, threads: 3}", 4000, 131, &arena);
    TEXT(value_of(&parameters, "base_score"), "0.03275");
    TEXT(value_of(&parameters, "objective"), "binary:logistic");
    TEXT(value_of(&parameters, "tree_method"), "hist");
    TEXT(value_of(&parameters, "seed"), "7");
    TEXT(value_of(&parameters, "nthread"), "3");
    TEXT(value_of(&parameters, "eta"), "0.1");
    TRUE(value_of(&parameters, "num_parallel_tree").text == NULL);
    TRUE(value_of(&parameters, "scale_pos_weight").text == NULL); /* it would spoil calibration */
}

TEST(what_the_user_gives_stands_first_and_replaces_the_default_under_either_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct parameters parameters = resolved("model:\n  parameters:\n    reg_lambda: 3\n"
                                            "    learning_rate: 0.3\n    base_score: 0.5\n",
                                            4000, 131, &arena);
    TEXT(parameters.item[0].name, "reg_lambda");
    TEXT(parameters.item[1].name, "learning_rate");
    TRUE(value_of(&parameters, "eta").text == NULL);
    TRUE(value_of(&parameters, "lambda").text == NULL);
    TEXT(value_of(&parameters, "base_score"), "0.5");
}

TEST(a_random_forest_is_one_round_of_as_many_parallel_trees)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct parameters parameters =
        resolved("model: {algorithm: random_forest, rounds: 120}", 4000, 131, &arena);
    TEXT(value_of(&parameters, "num_parallel_tree"), "120");
    TEXT(value_of(&parameters, "eta"), "1"); /* weights of an average are not shrunk */
    TEXT(value_of(&parameters, "colsample_bynode"), "0.5");
    TRUE(value_of(&parameters, "colsample_bytree").text == NULL);
}

TEST(the_order_is_always_the_same)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct parameters one = resolved("model: {seed: 3}", 100, 9, &arena);
    struct parameters two = resolved("model: {seed: 3}", 100, 9, &arena);
    SAME(one.count, two.count);
    for (size_t i = 0; i < one.count; i++)
        TRUE(view_same(one.item[i].name, two.item[i].name) &&
             view_same(one.item[i].value, two.item[i].value));
}
