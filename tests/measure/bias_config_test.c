#include "measure/bias_config.h"

#include "base/file.h"
#include "harness.h"

#include <math.h>

static struct arena *arena_of_test(void)
{
    static struct arena arena = {.limit = 16 << 20};
    arena_reset(&arena);
    return &arena;
}

static void refused(const char *json, const char *says)
{
    struct bias_config config;
    struct err err = {0};
    FAILS(bias_config_read(&config, view_of(json), arena_of_test(), &err), err, ERR_INPUT);
    SAYS(err, says);
}

TEST(clarifys_own_example_is_read)
{
    const char *path = test_data("claims/clarify/analysis_config.json");
    if (path == NULL)
        SKIP("the data is not there");
    struct bias_config config;
    struct err err = {0};
    WORKS(bias_config_load(&config, path, arena_of_test(), &err), err);
    TEXT(config.label.name, "fraud");
    SAME(config.label_values.count, 1);
    TEXT(config.label_values.text[0], "0");
    SAME(config.facets, 1);
    TEXT(config.facet[0].column.name, "customer_gender_female");
    TEXT(config.facet[0].values.text[0], "1");
    TRUE(config.method[0].wanted && config.method[0].names.count == 0);
    TRUE(!config.method[1].wanted);
    SAME(config.unused_count, 0);
}

TEST(every_key_that_says_something_of_bias_is_read_and_the_others_are_named)
{
    struct bias_config config;
    struct err err = {0};
    WORKS(bias_config_read(
              &config,
              VIEW("{\"version\":\"1.0\",\"dataset_type\":\"text/csv\",\"headers\":[\"a\",\"b\"],"
                   "\"label\":1,\"label_values_or_threshold\":\"no\",\"facet\":["
                   "{\"name_or_index\":0,\"value_or_threshold\":[1,2.5,true,\"x\"]},"
                   "{\"name_or_index\":\"b\"}],\"group_variable\":\"g\","
                   "\"probability_threshold\":0.25,\"predictor\":{\"model_name\":\"m\"},"
                   "\"joinsource_name_or_index\":0,\"methods\":{\"shap\":{\"num_samples\":1},"
                   "\"pre_training_bias\":{\"methods\":[\"CI\",\"KL\"]},"
                   "\"post_training_bias\":{\"methods\":\"all\"},\"report\":{}}}"),
              arena_of_test(), &err),
          err);
    TRUE(config.label.name.text == NULL && config.label.index == 1);
    TEXT(config.label_values.text[0], "no");
    TRUE(config.facet[0].column.name.text == NULL && config.facet[0].column.index == 0);
    static const char *const value[] = {"1", "2.5", "true", "x"};
    SAME(config.facet[0].values.count, 4);
    for (size_t i = 0; i < 4; i++)
        TEXT(config.facet[0].values.text[i], value[i]);
    SAME(config.facet[1].values.count, 0);
    TRUE(config.grouped);
    TEXT(config.group.name, "g");
    NEAR(config.probability_threshold, 0.25, 0);
    SAME(config.headers.count, 2);
    TRUE(config.method[0].wanted && config.method[1].wanted);
    SAME(config.method[0].names.count, 2);
    SAME(config.method[1].names.count, 0);
    static const char *const unused[] = {"predictor", "joinsource_name_or_index", "methods.shap",
                                         "methods.report"};
    SAME(config.unused_count, LENGTH_OF(unused));
    for (size_t i = 0; i < LENGTH_OF(unused); i++)
        TEXT(config.unused[i], unused[i]);
}

TEST(the_favourable_label_must_be_declared)
{
    refused("{\"label\":\"fraud\",\"facet\":[{\"name_or_index\":\"a\"}]}",
            "which label is favourable");
    refused("{\"label\":\"fraud\",\"label_values_or_threshold\":[],\"facet\":[]}",
            "which label is favourable");
    refused("{\"label_values_or_threshold\":[0],\"facet\":[]}", "'label' is not there");
    refused("{\"label\":\"fraud\",\"label_values_or_threshold\":[0]}", "'facet' is not there");
}

TEST(what_makes_no_sense_is_refused_by_its_key)
{
    refused("[]", "an object is expected");
    refused("{\"dataset_type\":\"application/jsonlines\"}", "'dataset_type'");
    refused("{\"label\":\"\"}", "'label' is empty");
    refused("{\"label\":-1}", "'label' takes");
    refused("{\"label\":1.5}", "'label' takes");
    refused("{\"label_values_or_threshold\":[[1]]}", "'label_values_or_threshold'");
    refused("{\"label_values_or_threshold\":null}", "'label_values_or_threshold'");
    refused("{\"facet\":7}", "'facet' takes");
    refused("{\"facet\":[{}]}", "facet 1 has no 'name_or_index'");
    refused("{\"facet\":[{\"name_or_index\":\"a\",\"value\":1}]}", "facet 1 has 'value'");
    refused("{\"probability_threshold\":2}", "'probability_threshold'");
    refused("{\"methods\":\"all\"}", "'methods'");
    refused("{\"methods\":{\"pre_training_bias\":{\"methods\":[\"DPPL\"]}}}",
            "'DPPL' is no metric before training");
    refused("{\"methods\":{\"post_training_bias\":{\"methods\":[]}}}", "names no method");
    refused("{\"methods\":{\"post_training_bias\":7}}", "'post_training_bias' takes");
}

TEST(a_file_that_is_wrong_is_named)
{
    struct arena *arena = arena_of_test();
    const char *path = path_join(arena, test_dir(), "analysis_config.json");
    struct bias_config config;
    struct err err = {0};
    WORKS(file_save(path, VIEW("{"), &err), err);
    FAILS(bias_config_load(&config, path, arena, &err), err, ERR_INPUT);
    SAYS(err, path);
}
