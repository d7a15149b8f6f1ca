#include "data/fixture.h"

#include "base/rng.h"
#include "data/split.h"

#include <math.h>

enum { ROWS_MAX = 5000, DAY_MS = 86400000 };

/* A history: every seventh-or-so row is a fraud, instants are whole hours, groups are of any size.
 */
struct history {
    struct split_rows rows;
    uint8_t label[ROWS_MAX];
    double time_ms[ROWS_MAX];
    uint32_t group[ROWS_MAX];
    uint8_t slice[ROWS_MAX];
    uint8_t fold[ROWS_MAX * 10];
};

static void fill(struct history *h, size_t count, uint64_t seed)
{
    struct rng rng = rng_of(seed, 1, 0);
    h->rows = (struct split_rows){.count = count,
                                  .label = h->label,
                                  .time_ms = h->time_ms,
                                  .group = h->group,
                                  .group_count = count / 8};
    for (size_t i = 0; i < count; i++) {
        h->label[i] = rng_below(&rng, 7) == 0;
        h->time_ms[i] = (double)rng_below(&rng, 365 * 24) * 3600000;
        h->group[i] = (uint32_t)(i < count / 8 ? i : rng_below(&rng, count / 8));
    }
}

static bool make(struct history *h, const struct split *split, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    *err = (struct err){0};
    memset(h->slice, 99, sizeof h->slice);
    return split_make(split, &h->rows, h->slice, &arena, err);
}

static bool fold(struct history *h, const struct split *split, size_t folds, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    *err = (struct err){0};
    memset(h->fold, 99, sizeof h->fold);
    return split_folds(split, &h->rows, folds, h->fold, &arena, err);
}

static size_t count(const struct history *h, enum slice slice, int label)
{
    size_t found = 0;
    for (size_t i = 0; i < h->rows.count; i++)
        found += h->slice[i] == slice && (label < 0 || h->label[i] == label);
    return found;
}

static size_t count_label(const struct history *h, int label)
{
    size_t found = 0;
    for (size_t i = 0; i < h->rows.count; i++)
        found += h->label[i] == label;
    return found;
}

static struct history history; /* too large for a stack */

TEST(slices_and_kinds_have_names)
{
    enum split_kind kind;
    TEXT(view_of(slice_name(SLICE_TRAIN)), "train");
    TEXT(view_of(slice_name(SLICE_VALIDATION)), "validation");
    TEXT(view_of(slice_name(SLICE_TEST)), "test");
    TEXT(view_of(slice_name(SLICE_NONE)), "none");
    TRUE(split_kind_find(VIEW("random"), &kind) && kind == SPLIT_RANDOM);
    TRUE(split_kind_find(VIEW("time"), &kind) && kind == SPLIT_TIME);
    TRUE(split_kind_find(VIEW("group"), &kind) && kind == SPLIT_GROUP);
    TRUE(!split_kind_find(VIEW("rand"), &kind));
}

/* ---------------------------------------------------------------- random */

TEST(a_random_split_gives_each_class_its_shares)
{
    struct err err;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        fill(&history, 1000 + seed, seed);
        struct split split = {.train = 0.7, .validation = 0.1, .seed = seed};
        WORKS(make(&history, &split, &err), err);
        for (int label = 0; label < 2; label++) {
            double all = (double)count_label(&history, label);
            NEAR(count(&history, SLICE_TRAIN, label), 0.7 * all, 0.51);
            NEAR(count(&history, SLICE_VALIDATION, label), 0.1 * all, 1.01);
            NEAR(count(&history, SLICE_TEST, label), 0.2 * all, 0.51);
        }
        SAME(count(&history, SLICE_NONE, -1), 0);
    }
}

TEST(the_same_seed_splits_alike_and_another_does_not)
{
    struct err err;
    static uint8_t first[ROWS_MAX];
    static const enum split_kind kinds[] = {SPLIT_RANDOM, SPLIT_GROUP};
    for (size_t k = 0; k < LENGTH_OF(kinds); k++) {
        fill(&history, 2000, 3);
        struct split split = {.kind = kinds[k], .train = 0.8, .validation = 0.1, .seed = 5};
        WORKS(make(&history, &split, &err), err);
        memcpy(first, history.slice, 2000);
        WORKS(make(&history, &split, &err), err);
        TRUE(memcmp(first, history.slice, 2000) == 0);
        split.seed = 6;
        WORKS(make(&history, &split, &err), err);
        size_t moved = 0;
        for (size_t i = 0; i < 2000; i++)
            moved += first[i] != history.slice[i];
        TRUE(moved > 200);
    }
}

TEST(a_row_s_slice_does_not_follow_from_its_place)
{
    struct err err;
    fill(&history, 4000, 8);
    struct split split = {.train = 0.5, .validation = 0.25, .seed = 1};
    WORKS(make(&history, &split, &err), err);
    size_t early = 0;
    for (size_t i = 0; i < 2000; i++)
        early += history.slice[i] == SLICE_TRAIN;
    NEAR(early, 1000, 110); /* 5 deviations */
}

TEST(ten_rows_are_split_as_a_hand_would)
{
    struct err err;
    fill(&history, 20, 1);
    for (size_t i = 0; i < 20; i++)
        history.label[i] = i >= 10;
    struct split split = {.train = 0.7, .validation = 0.1, .seed = 1};
    WORKS(make(&history, &split, &err), err);
    for (int label = 0; label < 2; label++) {
        SAME(count(&history, SLICE_TRAIN, label), 7);
        SAME(count(&history, SLICE_VALIDATION, label), 1);
        SAME(count(&history, SLICE_TEST, label), 2);
    }
}

/* ---------------------------------------------------------------- time */

static double earliest(const struct history *h, enum slice slice)
{
    double found = (double)INFINITY;
    for (size_t i = 0; i < h->rows.count; i++)
        if (h->slice[i] == slice && h->time_ms[i] < found)
            found = h->time_ms[i];
    return found;
}

static double latest(const struct history *h, enum slice slice)
{
    double found = -(double)INFINITY;
    for (size_t i = 0; i < h->rows.count; i++)
        if (h->slice[i] == slice && h->time_ms[i] > found)
            found = h->time_ms[i];
    return found;
}

TEST(by_time_each_slice_is_older_than_the_next_by_more_than_the_delay)
{
    struct err err;
    static const double delays[] = {0, 1, 7, 30};
    for (uint64_t seed = 1; seed <= 10; seed++) {
        for (size_t d = 0; d < LENGTH_OF(delays); d++) {
            fill(&history, 3000, seed);
            struct split split = {
                .kind = SPLIT_TIME, .train = 0.6, .validation = 0.2, .delay_days = delays[d]};
            WORKS(make(&history, &split, &err), err);
            double gap = delays[d] * DAY_MS;
            double validation = earliest(&history, SLICE_VALIDATION);
            double test = earliest(&history, SLICE_TEST);
            TRUE(latest(&history, SLICE_TRAIN) < validation - gap);
            TRUE(latest(&history, SLICE_VALIDATION) < test - gap);
            /* nothing is left out but for the delay */
            for (size_t i = 0; i < 3000; i++) {
                double at = history.time_ms[i];
                bool near =
                    (at < validation && at >= validation - gap) || (at < test && at >= test - gap);
                SAME(history.slice[i] == SLICE_NONE, near);
            }
        }
    }
}

TEST(by_time_equal_instants_never_straddle_a_boundary)
{
    struct err err;
    fill(&history, 1000, 4);
    for (size_t i = 0; i < 1000; i++)
        history.time_ms[i] = (double)(i % 13) * DAY_MS;
    struct split split = {.kind = SPLIT_TIME, .train = 0.5, .validation = 0.3};
    WORKS(make(&history, &split, &err), err);
    uint8_t slice_of[13];
    memset(slice_of, 99, sizeof slice_of);
    for (size_t i = 0; i < 1000; i++) {
        if (slice_of[i % 13] == 99)
            slice_of[i % 13] = history.slice[i];
        SAME(history.slice[i], slice_of[i % 13]);
    }
}

TEST(by_time_ten_days_are_split_as_a_hand_would)
{
    struct err err;
    fill(&history, 20, 1);
    for (size_t i = 0; i < 20; i++) {
        history.label[i] = i % 2;
        history.time_ms[i] = (double)(9 - i / 2) * DAY_MS; /* newest first */
    }
    struct split split = {.kind = SPLIT_TIME, .train = 0.7, .validation = 0.1, .delay_days = 0};
    WORKS(make(&history, &split, &err), err);
    for (size_t i = 0; i < 20; i++) {
        double day = history.time_ms[i] / DAY_MS;
        SAME(history.slice[i], day < 7 ? SLICE_TRAIN : day < 8 ? SLICE_VALIDATION : SLICE_TEST);
    }
    /* Labels are late by two days: those of days 4 and 5 are not known on day 6. */
    split = (struct split){.kind = SPLIT_TIME, .train = 0.6, .validation = 0.3, .delay_days = 2};
    WORKS(make(&history, &split, &err), err);
    for (size_t i = 0; i < 20; i++) {
        double day = history.time_ms[i] / DAY_MS;
        SAME(history.slice[i], day < 4    ? SLICE_TRAIN
                               : day < 6  ? SLICE_NONE
                               : day == 6 ? SLICE_VALIDATION
                               : day < 9  ? SLICE_NONE
                                          : SLICE_TEST);
    }
}

/* ---------------------------------------------------------------- group */

TEST(by_group_a_group_is_whole_and_groups_with_fraud_are_shared_out)
{
    struct err err;
    static uint8_t slice_of[ROWS_MAX], positive[ROWS_MAX];
    for (uint64_t seed = 1; seed <= 10; seed++) {
        fill(&history, 4000, seed);
        struct split split = {.kind = SPLIT_GROUP, .train = 0.6, .validation = 0.2, .seed = seed};
        WORKS(make(&history, &split, &err), err);
        size_t groups = history.rows.group_count;
        memset(slice_of, 99, groups);
        memset(positive, 0, groups);
        for (size_t i = 0; i < 4000; i++) {
            uint32_t group = history.group[i];
            if (slice_of[group] == 99)
                slice_of[group] = history.slice[i];
            SAME(history.slice[i], slice_of[group]);
            positive[group] |= history.label[i];
        }
        size_t all[2] = {0}, trains[2] = {0};
        for (size_t g = 0; g < groups; g++) {
            all[positive[g]]++;
            trains[positive[g]] += slice_of[g] == SLICE_TRAIN;
        }
        NEAR(trains[0], 0.6 * (double)all[0], 0.51);
        NEAR(trains[1], 0.6 * (double)all[1], 0.51);
        SAME(count(&history, SLICE_NONE, -1), 0);
    }
}

/* ---------------------------------------------------------------- what cannot be split */

TEST(shares_that_leave_no_test_slice_are_refused)
{
    struct err err;
    fill(&history, 1000, 1);
    struct split split = {.train = 0.9, .validation = 0.1};
    FAILS(make(&history, &split, &err), err, ERR_INPUT);
    TEXT(view_of(err.text),
         "split.train (0.9) and split.validation (0.1) leave nothing to test on");
}

TEST(a_slice_of_one_class_is_refused_and_named)
{
    struct err err;
    struct split split = {.train = 0.8, .validation = 0.1, .seed = 1};
    fill(&history, 100, 1);
    memset(history.label, 0, 100);
    FAILS(make(&history, &split, &err), err, ERR_INPUT);
    SAYS(err, "the train slice has 0 frauds and 80 legitimate rows, both are needed");
    memset(history.label, 1, 100);
    FAILS(make(&history, &split, &err), err, ERR_INPUT);
    SAYS(err, "the train slice has 80 frauds and 0 legitimate rows, both are needed");
    memset(history.label, 0, 100);
    memset(history.label, 1, 4);
    FAILS(make(&history, &split, &err), err, ERR_INPUT);
    SAYS(err, "the test slice has 0 frauds and 10 legitimate rows");
    TRUE(strstr(err.text, "delay_days") == NULL);
}

TEST(a_delay_longer_than_the_slices_is_refused_and_named)
{
    struct err err;
    fill(&history, 1000, 1);
    struct split split = {.kind = SPLIT_TIME, .train = 0.6, .validation = 0.2, .delay_days = 300};
    FAILS(make(&history, &split, &err), err, ERR_INPUT);
    SAYS(err, "the train slice has 0 frauds and 0 legitimate rows");
    SAYS(err, ", or a shorter split.delay_days");
}

TEST(an_arena_too_small_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64};
    static const enum split_kind kinds[] = {SPLIT_RANDOM, SPLIT_TIME, SPLIT_GROUP};
    fill(&history, 1000, 1);
    for (size_t k = 0; k < LENGTH_OF(kinds); k++) {
        struct split split = {.kind = kinds[k], .train = 0.6, .validation = 0.2};
        struct err err = {0};
        FAILS(split_make(&split, &history.rows, history.slice, &arena, &err), err, ERR_LIMIT);
        FAILS(split_folds(&split, &history.rows, 3, history.fold, &arena, &err), err, ERR_LIMIT);
    }
}

/* ---------------------------------------------------------------- folds */

TEST(random_folds_validate_each_row_once_with_classes_and_sizes_level)
{
    struct err err;
    for (size_t folds = 2; folds <= 10; folds++) {
        fill(&history, 1003, folds);
        struct split split = {.seed = folds};
        WORKS(fold(&history, &split, folds, &err), err);
        size_t least[3] = {ROWS_MAX, ROWS_MAX, ROWS_MAX}, most[3] = {0};
        for (size_t f = 0; f < folds; f++) {
            size_t n[3] = {0}; /* legitimate, frauds, all */
            for (size_t i = 0; i < 1003; i++) {
                uint8_t role = history.fold[f * 1003 + i];
                TRUE(role == 1 || role == 2);
                n[history.label[i]] += role == 2;
                n[2] += role == 2;
            }
            for (size_t c = 0; c < 3; c++) {
                least[c] = n[c] < least[c] ? n[c] : least[c];
                most[c] = n[c] > most[c] ? n[c] : most[c];
            }
        }
        for (size_t c = 0; c < 3; c++)
            TRUE(most[c] - least[c] <= 1);
        for (size_t i = 0; i < 1003; i++) {
            size_t validated = 0;
            for (size_t f = 0; f < folds; f++)
                validated += history.fold[f * 1003 + i] == 2;
            SAME(validated, 1);
        }
    }
}

TEST(folds_follow_their_seed_and_are_not_in_row_order)
{
    struct err err;
    static uint8_t first[2000];
    fill(&history, 1000, 1);
    struct split split = {.seed = 1};
    WORKS(fold(&history, &split, 2, &err), err);
    memcpy(first, history.fold, 2000);
    WORKS(fold(&history, &split, 2, &err), err);
    TRUE(memcmp(first, history.fold, 2000) == 0);
    split.seed = 2;
    WORKS(fold(&history, &split, 2, &err), err);
    TRUE(memcmp(first, history.fold, 2000) != 0);
    size_t early = 0;
    for (size_t i = 0; i < 500; i++)
        early += first[i] == 2;
    NEAR(early, 250, 60);
}

TEST(group_folds_keep_groups_whole)
{
    struct err err;
    fill(&history, 2000, 5);
    struct split split = {.kind = SPLIT_GROUP, .seed = 1};
    WORKS(fold(&history, &split, 4, &err), err);
    static uint8_t role_of[ROWS_MAX];
    for (size_t f = 0; f < 4; f++) {
        memset(role_of, 0, sizeof role_of);
        for (size_t i = 0; i < 2000; i++) {
            uint8_t role = history.fold[f * 2000 + i];
            if (role_of[history.group[i]] == 0)
                role_of[history.group[i]] = role;
            SAME(role, role_of[history.group[i]]);
        }
    }
}

TEST(time_folds_train_on_what_is_older_than_the_block_and_the_delay)
{
    struct err err;
    fill(&history, 3000, 5);
    struct split split = {.kind = SPLIT_TIME, .delay_days = 5};
    WORKS(fold(&history, &split, 4, &err), err);
    double last_end = -(double)INFINITY;
    for (size_t f = 0; f < 4; f++) {
        const uint8_t *role = &history.fold[f * 3000];
        double from = (double)INFINITY, to = -(double)INFINITY;
        size_t validated = 0;
        for (size_t i = 0; i < 3000; i++) {
            if (role[i] != 2)
                continue;
            from = history.time_ms[i] < from ? history.time_ms[i] : from;
            to = history.time_ms[i] > to ? history.time_ms[i] : to;
            validated++;
        }
        NEAR(validated, 600, 10); /* a fifth, but for equal hours at the boundaries */
        TRUE(from > last_end);
        last_end = to;
        for (size_t i = 0; i < 3000; i++) {
            double at = history.time_ms[i];
            SAME(role[i], at >= from && at <= to ? 2 : at < from - 5.0 * DAY_MS ? 1 : 0);
        }
    }
    double newest = 0;
    for (size_t i = 0; i < 3000; i++)
        newest = history.time_ms[i] > newest ? history.time_ms[i] : newest;
    NEAR(last_end, newest, 0);
}

TEST(a_fold_of_one_class_is_refused_and_named)
{
    struct err err;
    fill(&history, 100, 1);
    memset(history.label, 0, 100);
    history.label[3] = history.label[50] = 1;
    struct split split = {.seed = 1};
    WORKS(fold(&history, &split, 2, &err), err);
    FAILS(fold(&history, &split, 3, &err), err, ERR_INPUT);
    SAYS(err, "would train on ");
    SAYS(err, "take fewer folds (model.folds) or more rows");
    memset(history.label, 1, 100);
    FAILS(fold(&history, &split, 2, &err), err, ERR_INPUT);
    SAYS(err, "fold 1 of 2 would train on 50 frauds among 50 rows and validate on 50 among 50");
}

/* ---------------------------------------------------------------- dates, and the known */

static struct split dates(double train_from, double train_before, double validation_from,
                          double validation_before, double test_from, double test_before)
{
    return (struct split){
        .kind = SPLIT_DATES,
        .delay_days = 7,
        .window = {{train_from * DAY_MS, train_before * DAY_MS},
                   {validation_from * DAY_MS, validation_before * DAY_MS},
                   {test_from * DAY_MS, test_before * DAY_MS}},
    };
}

TEST(a_split_by_dates_takes_just_what_its_windows_say)
{
    static struct history h;
    struct split split = dates(100, 150, 50, 100, 157, 200);
    struct err err = {0};
    fill(&h, 5000, 3);
    WORKS(make(&h, &split, &err), err);
    for (size_t i = 0; i < h.rows.count; i++) {
        double day = h.time_ms[i] / DAY_MS;
        enum slice want = day >= 100 && day < 150   ? SLICE_TRAIN
                          : day >= 50 && day < 100  ? SLICE_VALIDATION
                          : day >= 157 && day < 200 ? SLICE_TEST
                                                    : SLICE_NONE;
        SAME(h.slice[i], want);
    }
}

TEST(windows_that_overlap_end_before_they_begin_or_come_too_soon_are_refused)
{
    static struct history h;
    struct split overlap = dates(100, 150, 120, 140, 160, 200);
    struct split backwards = dates(100, 150, 50, 40, 160, 200);
    struct split soon = dates(100, 150, 50, 100, 156, 200);
    struct err err = {0};
    fill(&h, 500, 3);
    FAILS(make(&h, &overlap, &err), err, ERR_INPUT);
    SAYS(err, "the train and the validation window of the split overlap");
    FAILS(make(&h, &backwards, &err), err, ERR_INPUT);
    SAYS(err, "split.validation_from is not before split.validation_before");
    FAILS(make(&h, &soon, &err), err, ERR_INPUT);
    SAYS(err, "split.test_from is less than split.delay_days (7) after split.train_before");
    err = (struct err){0};
    struct split past = dates(100, 150, 50, 100, 20, 40),
                 late = dates(100, 150, 157, 180, 185, 200);
    FAILS(make(&h, &past, &err), err, ERR_INPUT);
    SAYS(err, "split.test_from is less than split.delay_days (7) after split.train_before");
    FAILS(make(&h, &late, &err), err, ERR_INPUT);
    SAYS(err, "split.validation_before: the labels that choose the threshold were not known then");
}

/* By hand: training began on day 100; an entity is known on day d when it had a fraud from day 100
 * to d - 8. */
TEST(an_entity_whose_fraud_is_known_by_then_is_not_judged)
{
    static const struct {
        double day;
        uint32_t entity;
        uint8_t label;
        enum slice want;
    } row[] = {
        {40, 5, 1, SLICE_NONE},     {60, 6, 1, SLICE_VALIDATION}, {61, 6, 0, SLICE_VALIDATION},
        {100, 0, 1, SLICE_TRAIN},   {100.5, 0, 0, SLICE_TRAIN},   {149, 1, 0, SLICE_TRAIN},
        {152.9, 2, 1, SLICE_NONE},  {160, 0, 0, SLICE_NONE},      {160.2, 1, 0, SLICE_TEST},
        {159.9, 2, 0, SLICE_TEST},  {160, 2, 0, SLICE_NONE},      {161, 3, 1, SLICE_TEST},
        {168.99, 3, 0, SLICE_TEST}, {169, 3, 0, SLICE_NONE},      {162, 5, 0, SLICE_TEST},
        {163, 6, 0, SLICE_TEST},
    };
    static struct history h;
    uint32_t entity[LENGTH_OF(row)];
    struct split split = dates(100, 150, 50, 100, 157, 200);
    struct err err = {0};
    fill(&h, LENGTH_OF(row), 3);
    for (size_t i = 0; i < LENGTH_OF(row); i++) {
        h.time_ms[i] = row[i].day * DAY_MS;
        h.label[i] = row[i].label;
        entity[i] = row[i].entity;
    }
    h.rows.entity = entity;
    h.rows.entity_count = 7;
    WORKS(make(&h, &split, &err), err);
    for (size_t i = 0; i < LENGTH_OF(row); i++)
        FAIL_UNLESS(h.slice[i] == row[i].want, "row %zu is in %s, wanted %s", i,
                    slice_name((enum slice)h.slice[i]), slice_name(row[i].want));
    h.rows.entity = NULL;
}
