/*
 * champion_ground: a champion that a test can watch: a sealed bundle of a number and a category
 * with a reference of its own, and its decisions and their labels in the tables.
 *
 *     struct champion champion;
 *     champion_make(&champion, &(struct champion_kind){.rows = 1000}, &arena);
 *     decide_many(&store, &champion, &(struct decided){"a", 400, .times = 1, .since_us =
 * START_US});
 *
 * An amount of 100 or more is called fraud. A record is fraud with the probability that the model
 * gives it, so estimates hold where nothing is done about it.
 */
#ifndef TESTS_MONITOR_CHAMPION_GROUND_H
#define TESTS_MONITOR_CHAMPION_GROUND_H

#include "base/rng.h"
#include "data/config.h"
#include "data/split.h"
#include "model/bundle.h"
#include "model/small_model.h"
#include "store/base64.h"
#include "store/governance.h"
#include "store/journal_add.h"
#include "watch_ground.h"

enum { CHAMPION_WIDTH = 4, CHAMPION_COLUMNS = 3 };
#define SECOND_US INT64_C(1000000)
#define START_US  (START * 1000)

/* `cover`: the weights of the rows at the root, left and right. */
#define CHAMPION_TREE(feature, threshold, left, right, cover)                                      \
    "{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],\"parents\":[2147483647,0,0],"      \
    "\"split_indices\":[" feature ",0,0],\"split_conditions\":[" threshold "," left "," right      \
    "],\"default_left\":[1,0,0],\"sum_hessian\":" cover ",\"loss_changes\":[1.5E0,0,0],"           \
    "\"tree_param\":{\"num_nodes\":\"3\",\"size_leaf_vector\":\"1\"}}"

struct champion_kind {
    size_t rows;         /* of the reference; 0: it carries none */
    int number;          /* two of different numbers are different bundles */
    const char *lineage; /* {} when not given */
    const char *entity;  /* "card", or none */
};

struct champion {
    struct bundle bundle;
    struct view file;
};

/* ---------------------------------------------------------------- settings */

static inline struct config *config_from(const char *yaml, struct arena *arena)
{
    struct err err = {0};
    struct config *config = arena_new(arena, struct config, 1);
    assert(config != NULL);
    config_init(config, arena);
    WORKS(config_parse(config, view_of(yaml), &err), err);
    return config;
}

/* ---------------------------------------------------------------- rows */

static inline void champion_row(struct rng *rng, double times, float *row)
{
    uint64_t tenth = rng_below(rng, 10);
    row[0] = (float)(times * exp(3 + 1.2 * rng_normal(rng)));
    row[1] = tenth < 5;
    row[2] = tenth >= 5 && tenth < 8;
    row[3] = tenth >= 8;
}

static inline float champion_score(const struct bundle *bundle, const float *row)
{
    return forest_predict(&bundle->forest, engine_margin(&bundle->engine, row));
}

/* ---------------------------------------------------------------- the bundle */

static inline void champion_schema(struct schema *schema, struct arena *arena)
{
    static const char *const kinds[] = {"fire", "theft", "other"};
    const double none = (double)NAN;
    struct err err = {0};
    struct column *column = arena_new(arena, struct column, CHAMPION_COLUMNS);
    column[0] = (struct column){.name = VIEW("amount"),
                                .kind = COLUMN_NUMBER,
                                .input = true,
                                .optional = true,
                                .min = none,
                                .max = none};
    column[1] = (struct column){.name = VIEW("kind"),
                                .kind = COLUMN_CATEGORY,
                                .input = true,
                                .values = dictionary_in(arena),
                                .min = none,
                                .max = none};
    column[2] = (struct column){
        .name = VIEW("card"), .kind = COLUMN_ID, .optional = true, .min = none, .max = none};
    for (uint32_t i = 0, index; i < LENGTH_OF(kinds); i++)
        assert(dictionary_add(&column[1].values, view_of(kinds[i]), &index) && index == i);
    WORKS(schema_init(schema, column, CHAMPION_COLUMNS, arena, &err), err);
}

static inline void champion_plan(struct plan *plan, const struct schema *schema,
                                 struct arena *arena)
{
    const double none = (double)NAN;
    struct err err = {0};
    struct feature *feature = arena_new(arena, struct feature, 2);
    feature[0] =
        (struct feature){.name = VIEW("amount"), .transform = &transform_identity, .fill = none};
    feature[1] = (struct feature){.name = VIEW("kind"),
                                  .transform = &transform_one_hot,
                                  .column = 1,
                                  .other = 1,
                                  .fill = none};
    *plan = (struct plan){.schema = schema, .feature = feature, .count = 2};
    WORKS(plan_layout(plan, arena, &err), err);
    SAME(plan->width, CHAMPION_WIDTH);
}

/* The forest alone, to label the reference before there is a bundle. */
static inline struct view champion_forest(struct arena *arena)
{
    struct small model = {
        .trees = CHAMPION_TREE("0", "1E2", "-1E0", "2E0", "[10,9,1]") "," CHAMPION_TREE(
            "2", "5E-1", "-5E-1", "1E0", "[10,7,3]"),
        .tree_info = "[0,0]",
        .param = "\"base_score\":\"5E-1\",\"num_class\":\"0\",\"num_feature\":\"4\"",
        .learner_more = ",\"feature_names\":[\"amount\",\"kind=fire\",\"kind=theft\","
                        "\"kind=other\"]",
    };
    return small_json(&model, arena);
}

/* The same as the forest, by hand. */
static inline double champion_probability(const float *row)
{
    double margin = (row[0] < 100 ? -1 : 2) + (row[2] < 0.5F ? -0.5 : 1);
    return 1 / (1 + exp(-margin));
}

static inline void champion_add_bytes(struct text *out, const char *key, const void *bytes,
                                      size_t size)
{
    text_addf(out, ",\"%s\":\"", key);
    base64_add(out, (struct view){bytes, size});
    text_adds(out, "\"");
}

/* Every other row trained, the rest are validation's and test's in turn. None of those that trained
 * is fraud: who takes them for held-out ones is seen to. */
static inline struct view champion_reference(size_t rows, struct arena *arena)
{
    static const uint8_t slices[] = {SLICE_TRAIN, SLICE_VALIDATION, SLICE_TRAIN, SLICE_TEST};
    struct rng rng = rng_of(7, 1, 0);
    float *value = arena_new(arena, float, rows *CHAMPION_WIDTH);
    uint8_t *slice = arena_new(arena, uint8_t, rows), *label = arena_new(arena, uint8_t, rows);
    struct text text = text_in_arena(arena);
    for (size_t i = 0; i < rows; i++) {
        champion_row(&rng, 1, value + i * CHAMPION_WIDTH);
        slice[i] = slices[i % 4];
        label[i] = slice[i] != SLICE_TRAIN &&
                   rng_unit(&rng) < champion_probability(value + i * CHAMPION_WIDTH);
    }
    text_addf(&text,
              "{\"rows\":%zu,\"features\":[\"amount\",\"kind=fire\",\"kind=theft\","
              "\"kind=other\"]",
              rows);
    champion_add_bytes(&text, "slice", slice, rows);
    champion_add_bytes(&text, "label", label, rows);
    champion_add_bytes(&text, "values", value, rows * CHAMPION_WIDTH * sizeof *value);
    text_adds(&text, "}");
    return text_view(&text);
}

static inline struct view champion_seal(const struct champion_kind *kind, struct arena *arena)
{
    struct err err = {0};
    struct schema schema;
    struct plan plan;
    struct cell cell[CHAMPION_COLUMNS];
    struct view file;
    struct text evaluation = text_in_arena(arena);
    champion_schema(&schema, arena);
    champion_plan(&plan, &schema, arena);
    struct record golden = record_of(&schema, cell);
    WORKS(record_set_text(&golden, 0, VIEW("250.5"), &err), err);
    WORKS(record_set_text(&golden, 1, VIEW("theft"), &err), err);
    WORKS(record_finish(&golden, &err), err);
    text_addf(&evaluation, "{\"number\":%d}", kind->number);
    struct bundle_parts parts = {
        .project = VIEW("p"),
        .algorithm = VIEW("xgboost"),
        .schema = &schema,
        .plan = &plan,
        .model = champion_forest(arena),
        .policy = policy_of(0.6F),
        .golden = &golden,
        .golden_count = 1,
        .paper = {[PAPER_evaluation] = text_view(&evaluation)},
    };
    if (kind->lineage != NULL)
        parts.paper[PAPER_lineage] = view_of(kind->lineage);
    if (kind->entity != NULL)
        parts.policy.entity = view_of(kind->entity);
    if (kind->rows > 0)
        parts.paper[PAPER_reference] = champion_reference(kind->rows, arena);
    WORKS(bundle_seal(&parts, arena, &file, &err), err);
    return file;
}

static inline void champion_make(struct champion *out, const struct champion_kind *kind,
                                 struct arena *arena)
{
    struct err err = {0};
    *out = (struct champion){.file = champion_seal(kind, arena)};
    out->bundle.arena.limit = 64 << 20;
    WORKS(bundle_open(&out->bundle, out->file, &err), err);
}

static inline void champion_release(struct champion *champion)
{
    bundle_release(&champion->bundle);
}

/* Registers a bundle; its version's number. */
static inline int64_t champion_register(struct store *store, struct view file, struct arena *arena)
{
    struct err err = {0};
    struct version out,
        wanted = {.project = VIEW("p"), .algorithm = VIEW("xgboost"), .metrics = VIEW("{}")};
    bool known;
    WORKS(store_put_bundle(store, file, &wanted.bundle, &err), err);
    WORKS(registry_add(store, &wanted, "ann", arena, &out, &known, &err), err);
    return out.number;
}

static inline void champion_enthrone(struct store *store, int64_t number)
{
    struct err err = {0};
    WORKS(governance_promote(store, "champion", GOVERNANCE_ANY, number, 0, "ann", "first", &err),
          err);
}

/* ---------------------------------------------------------------- decisions */

struct decided {
    const char *prefix; /* of the ids */
    size_t count;
    double times;     /* what amounts are multiplied by */
    int64_t since_us; /* one a second from there on */
    bool labels;
    bool turned;  /* labels say the opposite of what the model expects */
    bool missing; /* every amount is */
    int against;  /* of ten thefts, so many more are called fraud */
    bool rotated; /* every fire is a theft, every theft another kind, ... */
};

static inline void champion_label(struct store *store, struct view id, bool fraud, int64_t at_us)
{
    struct journal_label label = {.decision = id,
                                  .label = fraud ? VIEW("fraud") : VIEW("legit"),
                                  .source = VIEW("chargeback"),
                                  .client = VIEW("bank"),
                                  .at_us = at_us,
                                  .label_ms = at_us / 1000,
                                  .amount_lost = (double)NAN};
    add_label(store, &label);
}

/* Decisions of the champion, in one transaction. */
static inline void decide_many(struct store *store, const struct champion *champion,
                               const struct decided *decided)
{
    struct err err = {0};
    struct rng rng = rng_of(7, 2, (uint64_t)decided->since_us);
    WORKS(db_begin(&store->db, &err), err);
    for (size_t i = 0; i < decided->count; i++) {
        char id[64];
        float row[CHAMPION_WIDTH];
        champion_row(&rng, decided->times, row);
        if (decided->missing)
            row[0] = NAN;
        if (decided->rotated) {
            float last = row[3];
            memmove(row + 2, row + 1, 2 * sizeof *row);
            row[1] = last;
        }
        float score = champion_score(&champion->bundle, row);
        double chance = decided->turned ? 1 - (double)score : (double)score;
        bool stopped = row[2] == 1 && (int)rng_below(&rng, 10) < decided->against;
        snprintf(id, sizeof id, "%s%zu", decided->prefix, i);
        struct journal_decision decision = {
            .id = view_of(id),
            .at_us = decided->since_us + (int64_t)i * SECOND_US,
            .bundle = champion->bundle.digest,
            .variant = VIEW("champion"),
            .outcome = VIEW("approve"),
            .fraud = stopped || score >= champion->bundle.policy.threshold,
            .score = score,
            .probability = (double)score,
            .amount = (double)row[0],
            .row = row,
            .width = CHAMPION_WIDTH,
        };
        add_decision(store, &decision);
        if (decided->labels)
            champion_label(store, decision.id, rng_unit(&rng) < chance,
                           decision.at_us + 3600 * SECOND_US);
    }
    WORKS(db_commit(&store->db, &err), err);
}

#endif
