#include "monitor/window.h"

#include "store/ground.h"
#include "store/journal_add.h"

#include <math.h>

enum { MEMORY = 64 << 20 };
static const int64_t base_us = 1760000000000000;

static struct bundle bundle_of_two(void)
{
    return (struct bundle){.digest = digest_of(VIEW("ours")), .plan = {.width = 2}};
}

struct told {
    const char *id;
    int64_t at_s; /* after the base */
    const char *bundle, *variant;
};

static void add(struct store *store, const struct told *told, float value)
{
    float row[2] = {value, NAN};
    struct journal_decision decision = {
        .id = view_of(told->id),
        .at_us = base_us + told->at_s * 1000000,
        .bundle = digest_of(view_of(told->bundle)),
        .variant = view_of(told->variant),
        .outcome = VIEW("approve"),
        .fraud = value > 2,
        .score = value / 10,
        .probability = (double)value / 20,
        .amount = (double)value * 3,
        .row = row,
        .width = 2,
    };
    SAME(add_decision(store, &decision), 1);
}

static void label(struct store *store, const char *id, const char *what, const char *source,
                  int64_t at_s)
{
    struct journal_label label = {.decision = view_of(id),
                                  .label = view_of(what),
                                  .source = view_of(source),
                                  .at_us = base_us + at_s * 1000000,
                                  .label_ms = (base_us + at_s * 1000000) / 1000,
                                  .amount_lost = (double)NAN};
    add_label(store, &label);
}

ON_BOTH(only_what_this_bundle_told_in_that_time_is_there)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct store_place place = ground_place(ground, &arena, "window_told");
    struct bundle bundle = bundle_of_two();
    struct window window;
    static const struct told told[] = {
        {"a", 1, "ours", "champion"},   {"b", 2, "theirs", "champion"},
        {"c", 3, "ours", "shadow"},     {"d~shadow", 3, "ours", "challenger"},
        {"e", 4, "ours", "challenger"}, {"f", 10, "ours", "champion"},
        {"g", 0, "ours", "champion"},
    };
    WORKS(store_open_place(&store, &place, &err), err);
    for (size_t i = 0; i < LENGTH_OF(told); i++)
        add(&store, &told[i], (float)i + 1);
    struct window_query query = {
        .since_us = base_us + 1000000, .until_us = base_us + 10000000, .bundle = &bundle};
    WORKS(window_load(&window, &store, test_dir(), &query, &arena, &err), err);
    SAME(window.seen, 2);
    SAME(window.rows, 2);
    NEAR(window.value[0], 1, 0);
    TRUE(isnan(window.value[1]));
    NEAR(window.value[2], 5, 0);
    NEAR(window.score[1], 0.5F, 0);
    NEAR(window.probability[1], 0.25, 0);
    NEAR(window.amount[1], 15, 0);
    SAME(window.fraud[0], 0);
    SAME(window.fraud[1], 1);
    SAME(window.at_us[1], base_us + 4000000);
    TRUE(window.label == NULL);
}

ON_BOTH(labels_are_those_of_the_strongest_source_and_when_fraud_was_first_said)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct store_place place = ground_place(ground, &arena, "window_labels");
    struct bundle bundle = bundle_of_two();
    struct window window;
    static const struct told told[] = {{"a", 1, "ours", "champion"},
                                       {"b", 2, "ours", "champion"},
                                       {"c", 3, "ours", "champion"},
                                       {"d", 4, "theirs", "champion"}};
    WORKS(store_open_place(&store, &place, &err), err);
    for (size_t i = 0; i < LENGTH_OF(told); i++)
        add(&store, &told[i], (float)i);
    label(&store, "a", "legit", "analyst", 100);
    label(&store, "a", "fraud", "chargeback", 200);
    label(&store, "a", "legit", "customer", 300);
    label(&store, "b", "fraud", "analyst", 100);
    label(&store, "b", "legit", "analyst", 200);
    label(&store, "d", "fraud", "analyst", 100);
    struct window_query query = {
        .since_us = base_us, .until_us = base_us + 10000000, .bundle = &bundle, .labels = true};
    WORKS(window_load(&window, &store, test_dir(), &query, &arena, &err), err);
    SAME(window.rows, 3);
    SAME(window.label[0], 1);
    SAME(window.told_us[0], base_us + 200000000);
    SAME(window.label[1], 0);
    SAME(window.told_us[1], base_us + 100000000);
    SAME(window.label[2], WINDOW_UNLABELLED);
    SAME(window.told_us[2], 0);
}

TEST(of_too_many_every_so_many_th_is_kept_with_its_own_label)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    struct bundle bundle = bundle_of_two();
    struct window window;
    WORKS(store_open(&store, path_join(&arena, test_dir(), "many"), &err), err);
    WORKS(db_begin(&store.db, &err), err);
    for (int i = 0; i < 3000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%04d", i);
        add(&store, &(struct told){id, i, "ours", "champion"}, (float)i);
        if (i % 3 == 0)
            label(&store, id, "fraud", "analyst", i);
    }
    WORKS(db_commit(&store.db, &err), err);
    struct window_query query = {.since_us = base_us,
                                 .until_us = base_us + 3000000000,
                                 .bundle = &bundle,
                                 .rows_max = 1100,
                                 .labels = true};
    WORKS(window_load(&window, &store, test_dir(), &query, &arena, &err), err);
    SAME(window.seen, 3000);
    SAME(window.rows, 750); /* every fourth: every second would be 1,500 */
    for (size_t i = 0; i < window.rows; i++) {
        NEAR(window.value[2 * i], 4 * i, 0);
        SAME(window.label[i], 4 * i % 3 == 0 ? 1 : WINDOW_UNLABELLED);
    }
}
