/*
 * small_bundle: a bundle a test can take apart: five columns the model reads and one it does not,
 * most transforms, a forest of six trees, three golden records.
 *
 *     struct small_bundle small;
 *     small_bundle_init(&small, &arena);
 *     WORKS(bundle_seal(&small.parts, &arena, &file, &err), err);
 */
#ifndef TESTS_MODEL_SMALL_BUNDLE_H
#define TESTS_MODEL_SMALL_BUNDLE_H

#include "model/bundle.h"
#include "model/small_model.h"

#include <math.h>

enum { SMALL_COLUMNS = 6, SMALL_GOLDEN = 3, SMALL_WIDTH = 13 };

#define SMALL_TREE(feature, threshold, left, right, missing_left)                                  \
    "{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],\"parents\":[2147483647,0,0],"      \
    "\"split_indices\":[" feature ",0,0],\"split_conditions\":[" threshold "," left "," right      \
    "],\"default_left\":[" missing_left ",0,0],\"sum_hessian\":[8,5,3],"                           \
    "\"loss_changes\":[1.5E0,0,0],\"tree_param\":{\"num_nodes\":\"3\",\"size_leaf_vector\":"       \
    "\"1\"}}"

/* amount, seen at night, theft, seldom kinds, a grade above low, a known customer. */
#define SMALL_TREES                                                                                \
    SMALL_TREE("0", "1E2", "-1E0", "2E0", "0")                                                     \
    "," SMALL_TREE("9", "6E0", "7.5E-1", "-3.3E-1", "1") "," SMALL_TREE(                           \
        "3", "5E-1", "1E-1", "6E-1",                                                               \
        "1") "," SMALL_TREE("5", "3E-1", "2E-1", "-1E-1",                                          \
                            "0") "," SMALL_TREE("6", "1E0", "-2E-1", "3E-1",                       \
                                                "0") "," SMALL_TREE("8", "5E-1", "5E-1", "-7E-1",  \
                                                                    "1")

#define SMALL_NAMES                                                                                \
    "[\"amount\",\"log_amount\",\"kind=fire\",\"kind=theft\",\"kind=other, %5Bsee note%5D\","      \
    "\"kind_share\",\"grade\",\"grade_of_3\",\"known\",\"at_hour\",\"at_weekday\",\"z\",\"r\"]"

static const char *const small_row[SMALL_GOLDEN][SMALL_COLUMNS] = {
    {"250.5", "theft", "high", "true", "2024-02-29T03:04:05.678Z", "c-1"},
    {"0.1", "other, [see note]", "low", "no", "1969-12-31T23:59:59.999Z", "c-2"},
    {"", "never seen \xc3\xa9\"\\", "mid", "1", "2030-01-01T12:00:00Z", "c-3"},
};

struct small_bundle {
    struct column column[SMALL_COLUMNS];
    struct schema schema;
    struct feature feature[11];
    struct plan plan;
    struct cell cell[SMALL_GOLDEN][SMALL_COLUMNS];
    struct record golden[SMALL_GOLDEN];
    struct bundle_parts parts;
};

static inline struct dictionary small_values(struct arena *arena, const char *const *text,
                                             size_t count)
{
    struct dictionary values = dictionary_in(arena);
    for (size_t i = 0; i < count; i++) {
        uint32_t index;
        assert(dictionary_add(&values, view_of(text[i]), &index) && index == i);
    }
    return values;
}

/* A row of texts, in the order of the columns, as a record. */
static inline struct record small_record(const struct schema *schema, const char *const *text,
                                         struct cell *cell)
{
    struct record record = record_of(schema, cell);
    struct err err = {0};
    for (size_t i = 0; i < schema->count; i++)
        WORKS(record_set_text(&record, i, view_of(text[i]), &err), err);
    WORKS(record_finish(&record, &err), err);
    return record;
}

static inline void small_schema(struct small_bundle *small, struct arena *arena)
{
    static const char *const kinds[] = {"fire", "theft", "other, [see note]"};
    static const char *const grades[] = {"low", "mid", "high"};
    static const struct view unknown[] = {{"N/A", 3}, {"?", 1}};
    const double none = (double)NAN;
    struct column column[SMALL_COLUMNS] = {
        {.name = VIEW("amount"),
         .kind = COLUMN_NUMBER,
         .input = true,
         .optional = true,
         .missing = unknown,
         .missing_count = 2,
         .min = 0,
         .max = 1e6},
        {.name = VIEW("kind"), .kind = COLUMN_CATEGORY, .input = true, .min = none, .max = none},
        {.name = VIEW("grade"),
         .kind = COLUMN_ORDINAL,
         .input = true,
         .refuse_unseen = true,
         .min = none,
         .max = none},
        {.name = VIEW("known"), .kind = COLUMN_BOOLEAN, .input = true, .min = none, .max = none},
        {.name = VIEW("at"), .kind = COLUMN_TIMESTAMP, .input = true, .min = none, .max = none},
        {.name = VIEW("customer"), .kind = COLUMN_ID, .optional = true, .min = none, .max = none},
    };
    struct err err = {0};
    memcpy(small->column, column, sizeof column);
    small->column[1].values = small_values(arena, kinds, LENGTH_OF(kinds));
    small->column[2].values = small_values(arena, grades, LENGTH_OF(grades));
    WORKS(schema_init(&small->schema, small->column, SMALL_COLUMNS, arena, &err), err);
}

static inline void small_plan(struct small_bundle *small, struct arena *arena)
{
    static const double share[] = {0.1, 0.7, 0.2};
    const double none = (double)NAN;
    struct feature feature[] = {
        {.name = VIEW("amount"), .transform = &transform_identity, .fill = none},
        {.name = VIEW("log_amount"), .transform = &transform_log1p, .fill = 12.5},
        {.name = VIEW("kind"), .transform = &transform_one_hot, .column = 1, .fill = none},
        {.name = VIEW("kind_share"),
         .transform = &transform_frequency,
         .column = 1,
         .fill = none,
         .share = share,
         .shares = 3},
        {.name = VIEW("grade"), .transform = &transform_ordinal, .column = 2, .fill = none},
        {.name = VIEW("grade_of_3"), .transform = &transform_ordinal, .column = 2, .fill = 1},
        {.name = VIEW("known"), .transform = &transform_identity, .column = 3, .fill = none},
        {.name = VIEW("at_hour"), .transform = &transform_hour, .column = 4, .fill = none},
        {.name = VIEW("at_weekday"), .transform = &transform_weekday, .column = 4, .fill = none},
        {.name = VIEW("z"),
         .transform = &transform_standardise,
         .fill = none,
         .centre = 1.0 / 3,
         .scale = 1e-3},
        {.name = VIEW("r"), .transform = &transform_ratio, .fill = none},
    };
    struct err err = {0};
    static_assert(sizeof feature == sizeof small->feature, "one for one");
    memcpy(small->feature, feature, sizeof feature);
    for (size_t i = 0; i < LENGTH_OF(feature); i++)
        small->feature[i].other = small->feature[i].column;
    small->plan = (struct plan){
        .schema = &small->schema, .feature = small->feature, .count = LENGTH_OF(feature)};
    WORKS(plan_layout(&small->plan, arena, &err), err);
    SAME(small->plan.width, SMALL_WIDTH);
}

static inline struct view small_forest(struct arena *arena)
{
    struct small model = {
        .trees = SMALL_TREES,
        .tree_info = "[0,0,0,0,0,0]",
        .param = "\"base_score\":\"2.5E-1\",\"num_class\":\"0\",\"num_feature\":\"13\"",
        .learner_more = ",\"feature_names\":" SMALL_NAMES,
    };
    return small_json(&model, arena);
}

static inline void small_bundle_init(struct small_bundle *small, struct arena *arena)
{
    *small = (struct small_bundle){0};
    small_schema(small, arena);
    small_plan(small, arena);
    for (size_t i = 0; i < SMALL_GOLDEN; i++)
        small->golden[i] = small_record(&small->schema, small_row[i], small->cell[i]);
    small->parts = (struct bundle_parts){
        .project = VIEW("small"),
        .algorithm = VIEW("xgboost"),
        .schema = &small->schema,
        .plan = &small->plan,
        .model = small_forest(arena),
        .policy = policy_of(0.5F),
        .golden = small->golden,
        .golden_count = SMALL_GOLDEN,
        .paper = {[PAPER_evaluation] = VIEW("{\"roc_auc\":0.9}"),
                  [PAPER_lineage] = VIEW("{\"seed\":1}")},
    };
}

#endif
