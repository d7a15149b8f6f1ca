#include "store/reference.h"

#include "harness.h"
#include "model/small_model.h"
#include "store/base64.h"

#include <math.h>

static struct view name[] = {{"a", 1}, {"b", 1}};
static const float value[] = {1, 2, 3, NAN, 5, 6};
static const uint8_t slice[] = {0, 1, 2}, label[] = {0, 1, 0};

static struct view sixty_four(const void *bytes, size_t size, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    base64_add(&text, (struct view){bytes, size});
    return text_view(&text);
}

/* A paper with these parts, and the bundle that carries it. */
static struct bundle bundle_with(const char *rows, const char *features, struct view slices,
                                 struct view labels, struct view values, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    text_addf(&text,
              "{\"rows\":%s,\"features\":%s,\"slice\":\"" VIEW_FMT "\",\"label\":\"" VIEW_FMT
              "\",\"values\":\"" VIEW_FMT "\"}",
              rows, features, VIEW_ARG(slices), VIEW_ARG(labels), VIEW_ARG(values));
    struct bundle bundle = {.plan = {.width = 2, .width_name = name}};
    bundle.paper[PAPER_reference] = text_view(&text);
    return bundle;
}

TEST(the_rows_come_back_as_they_were)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct reference read;
    struct bundle bundle =
        bundle_with("3", "[\"a\",\"b\"]", sixty_four(slice, 3, &arena),
                    sixty_four(label, 3, &arena), sixty_four(value, sizeof value, &arena), &arena);
    WORKS(reference_load(&read, &bundle, &arena, &err), err);
    SAME(read.rows, 3);
    SAME(read.width, 2);
    SAME(memcmp(read.value, value, sizeof value), 0);
    SAME(memcmp(read.slice, slice, 3), 0);
    SAME(memcmp(read.label, label, 3), 0);
}

TEST(a_bundle_without_them_says_how_to_get_one_with_them)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct reference read;
    struct bundle bundle = {.plan = {.width = 2, .width_name = name}};
    FAILS(reference_load(&read, &bundle, &arena, &err), err, ERR_NOT_FOUND);
    SAYS(err, "train it again");
    err = (struct err){0};
    bundle = bundle_with("0", "[\"a\",\"b\"]", VIEW(""), VIEW(""), VIEW(""), &arena);
    FAILS(reference_load(&read, &bundle, &arena, &err), err, ERR_NOT_FOUND);
}

TEST(what_is_not_whole_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view slices = sixty_four(slice, 3, &arena), labels = sixty_four(label, 3, &arena);
    struct view values = sixty_four(value, sizeof value, &arena);
    static const uint8_t none[] = {0, SLICE_NONE, 0}, two[] = {0, 2, 0};
    const struct {
        const char *rows, *features;
        struct view slices, labels, values;
    } bad[] = {
        {"2", "[\"a\",\"b\"]", slices, labels, values},
        {"3", "[\"b\",\"a\"]", slices, labels, values},
        {"3", "[\"a\"]", slices, labels, values},
        {"3", "[\"a\",\"b\",\"c\"]", slices, labels, values},
        {"3", "[\"a\",\"b\"]", sixty_four(none, 3, &arena), labels, values},
        {"3", "[\"a\",\"b\"]", slices, sixty_four(two, 3, &arena), values},
        {"3", "[\"a\",\"b\"]", slices, labels, sixty_four(value, sizeof value - 4, &arena)},
        {"3", "[\"a\",\"b\"]", slices, labels, VIEW("!!!!")},
        {"9000000", "[\"a\",\"b\"]", slices, labels, values},
        {"3", "7", slices, labels, values},
    };
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        struct err err = {0};
        struct reference read;
        struct bundle bundle = bundle_with(bad[i].rows, bad[i].features, bad[i].slices,
                                           bad[i].labels, bad[i].values, &arena);
        FAIL_UNLESS(!reference_load(&read, &bundle, &arena, &err), "case %zu was read", i);
        SAYS(err, "reference.json");
    }
}

/* The tree says 2, far from -1: x0 is at 0.5 or above. */
TEST(the_rows_that_trained_nothing_are_scored_one_after_the_other)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    static const float x[] = {0, 9, 1, 9, 0, 9, 1, 9, 0, 9};
    static const uint8_t slices[] = {SLICE_TRAIN, SLICE_TEST, SLICE_VALIDATION, SLICE_TRAIN,
                                     SLICE_TEST};
    static const uint8_t labels[] = {0, 1, 0, 1, 1};
    struct reference read = {.rows = 5, .width = 2, .value = x, .slice = slices, .label = labels};
    struct bundle bundle = {.policy.threshold = 0.5F};
    struct small small = {.trees = TREE_OF_THREE};
    struct held_out row = {0};
    struct err err = {0};
    WORKS(xgboost_parse(small_json(&small, &arena), &arena, &bundle.forest, &err), err);
    WORKS(engine_build(&bundle.forest, NULL, &arena, &bundle.engine, &err), err);
    static const size_t wanted[] = {1, 2, 4};
    for (size_t i = 0; i < LENGTH_OF(wanted); i++) {
        TRUE(reference_next_held_out(&read, &bundle, &row));
        TRUE(row.value == x + 2 * wanted[i]);
        SAME(row.label, labels[wanted[i]]);
        SAME(row.fraud, wanted[i] == 1);
        TRUE((row.score >= 0.5F) == row.fraud);
    }
    TRUE(!reference_next_held_out(&read, &bundle, &row));
}
