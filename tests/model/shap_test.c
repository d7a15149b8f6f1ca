/*
 * The kernels against two oracles that share nothing with them: Shapley's sum over all sets of
 * features, on walks that take the mean where a feature is not known; and, where there are too many
 * sets, a sum over leaves whose polynomials are multiplied out.
 */
#include "model/shap.h"

#include "base/rng.h"
#include "harness.h"
#include "model/shap_twig.h"

#include <math.h>
#include <time.h>

enum {
    FEATURES = 9,
    TREES_MAX = 40,
    NODES_MAX = 64 * 1024,
    DEPTH_MAX = FOREST_DEPTH_MAX,
    ROWS = 300,
    SETS = 4,
};

static const char *const kernels[] = {
#define SHAP_KERNEL(name) #name,
#include "model/shap_kernels.def"
#undef SHAP_KERNEL
};

/* ---------------------------------------------------------------- forests */

static const uint32_t bits[] = {0x15, 0x2, 0xffffffff, 0x1, 0x80000000, 0x8};
static const struct category_set sets[SETS] = {{0, 2}, {2, 1}, {3, 1}, {4, 2}};

static struct {
    struct node node[NODES_MAX];
    float cover[NODES_MAX];
    double weight[NODES_MAX];
    uint32_t root[TREES_MAX];
    uint8_t depth[NODES_MAX];
} plot;

/* How a random forest is grown. */
struct seed {
    size_t trees, depth, features;
    double branching; /* how likely a node that may be a branch is one */
    bool categories, precise, strange_covers;
};

static float odd_value(struct rng *rng)
{
    static const float odd[] = {0.0F,    -0.0F,    1e-45F,   -1e-45F,   1e-40F, 1.1e-38F,
                                3.4e38F, -3.4e38F, INFINITY, -INFINITY, 1.0F,   0x1.000002p0F,
                                -1e-40F, 2.0F,     3.0F,     33.0F,     -0.5F,  2.9F};
    return odd[rng_below(rng, LENGTH_OF(odd))];
}

static float some_value(struct rng *rng)
{
    double kind = rng_unit(rng);
    if (kind < 0.2)
        return odd_value(rng);
    return kind < 0.5 ? (float)rng_below(rng, 4) : (float)rng_normal(rng);
}

static float some_cover(struct rng *rng, bool strange)
{
    static const float odd[] = {0, 0, 0, -1, NAN, INFINITY, 1e-45F, 3.4e38F};
    if (strange && rng_unit(rng) < 0.3)
        return odd[rng_below(rng, LENGTH_OF(odd))];
    return (float)(1 + rng_below(rng, 50));
}

/* The features past half of them are split by category, when any are. */
static bool by_category(const struct seed *seed, size_t feature)
{
    return seed->categories && feature * 2 >= seed->features;
}

static struct forest grow(const struct seed *seed, uint32_t stream)
{
    struct rng rng = rng_of(20260301, stream, 3);
    size_t end = 0, depth_max = 0;
    for (size_t tree = 0; tree < seed->trees; tree++) {
        size_t first = end;
        plot.root[tree] = (uint32_t)end;
        plot.depth[end++] = 0;
        for (size_t i = first; i < end; i++) {
            struct node *node = &plot.node[i];
            bool branch = plot.depth[i] < seed->depth && rng_unit(&rng) < seed->branching;
            size_t feature = rng_below(&rng, seed->features);
            *node = (struct node){.feature = (uint32_t)feature & 0x3fffffff,
                                  .missing_left = rng_below(&rng, 2)};
            plot.weight[i] = rng_normal(&rng);
            plot.cover[i] = some_cover(&rng, seed->strange_covers);
            if (!branch || end + 2 > NODES_MAX) {
                node->weight = (float)plot.weight[i];
                continue;
            }
            node->categorical = by_category(seed, feature);
            if (node->categorical)
                node->set = (uint32_t)rng_below(&rng, SETS);
            else
                node->threshold = some_value(&rng);
            node->left = (uint32_t)end;
            plot.depth[end] = plot.depth[end + 1] = (uint8_t)(plot.depth[i] + 1);
            depth_max = plot.depth[end] > depth_max ? plot.depth[end] : depth_max;
            end += 2;
        }
    }
    return (struct forest){
        .node = plot.node,
        .weight = seed->precise ? plot.weight : NULL,
        .cover = plot.cover,
        .root = plot.root,
        .set = sets,
        .bits = bits,
        .node_count = end,
        .tree_count = seed->trees,
        .feature_count = seed->features,
        .set_count = SETS,
        .bits_count = LENGTH_OF(bits),
        .depth_max = depth_max,
        .objective = &objective_reg_squarederror,
        .base_margin = 0.25F,
    };
}

static void fill_row(struct rng *rng, float *row, size_t features)
{
    for (size_t i = 0; i < features; i++)
        row[i] = rng_unit(rng) < 0.15 ? NAN : some_value(rng);
}

/* ---------------------------------------------------------------- oracles */

static bool goes_left(const struct forest *forest, const struct node *node, float value)
{
    if (isnan(value))
        return node->missing_left;
    if (!node->categorical)
        return value < node->threshold;
    const struct category_set *set = &forest->set[node->set];
    for (uint32_t code = 0; code < set->words * 32; code++)
        if (truncf(value) == (float)code && value >= 0)
            return (forest->bits[set->first + code / 32] >> code % 32 & 1) == 0;
    return true;
}

static double leaf_weight(const struct forest *forest, uint32_t at)
{
    return forest->weight != NULL ? forest->weight[at] : (double)forest->node[at].weight;
}

static double share_left(const struct forest *forest, const struct node *node)
{
    double left = (double)fminf(fmaxf(forest->cover[node->left], 0), 0x1.fffffep127F);
    double right = (double)fminf(fmaxf(forest->cover[node->left + 1], 0), 0x1.fffffep127F);
    return left + right > 0 ? left / (left + right) : 0.5;
}

/* What a tree expects when the features whose bit is set are known. */
static double expectation(const struct forest *forest, uint32_t at, const float *row,
                          unsigned known)
{
    const struct node *node = &forest->node[at];
    if (node_is_leaf(node))
        return leaf_weight(forest, at);
    if (known >> node->feature & 1)
        return expectation(forest, node->left + !goes_left(forest, node, row[node->feature]), row,
                           known);
    double share = share_left(forest, node);
    return share * expectation(forest, node->left, row, known) +
           (1 - share) * expectation(forest, node->left + 1, row, known);
}

/* Shapley's own sum. It begins with phi, and expected, as they are. */
static void by_sets(const struct forest *forest, const float *row, double *phi, double *expected)
{
    static double value[1 << FEATURES];
    size_t n = forest->feature_count;
    double factorial[FEATURES + 1] = {1};
    for (size_t i = 1; i <= n; i++)
        factorial[i] = factorial[i - 1] * (double)i;
    for (unsigned known = 0; known < 1U << n; known++) {
        value[known] = (double)forest->base_margin;
        for (size_t tree = 0; tree < forest->tree_count; tree++)
            value[known] += expectation(forest, forest->root[tree], row, known);
    }
    *expected = value[0];
    for (unsigned i = 0; i < n; i++) {
        phi[i] = 0;
        for (unsigned known = 0; known < 1U << n; known++) {
            size_t size = (size_t)__builtin_popcount(known);
            if (!(known >> i & 1))
                phi[i] += factorial[size] * factorial[n - size - 1] / factorial[n] *
                          (value[known | 1U << i] - value[known]);
        }
    }
}

/* The path to a leaf, by feature: whether the row passes its branches, and the share that does. */
struct path {
    size_t count;
    uint32_t feature[DEPTH_MAX];
    double passed[DEPTH_MAX], share[DEPTH_MAX];
};

static void extend(struct path *path, uint32_t feature, bool passed, double share)
{
    size_t i = 0;
    while (i < path->count && path->feature[i] != feature)
        i++;
    if (i == path->count) {
        path->count++;
        path->feature[i] = feature;
        path->passed[i] = path->share[i] = 1;
    }
    path->passed[i] *= passed;
    path->share[i] *= share;
}

/* Sets of the others by size: the coefficients of the product of (share + passed z). */
static double gain_of(const struct path *path, size_t of)
{
    double product[DEPTH_MAX] = {1}, sum = 0, chance = 1.0 / (double)path->count;
    size_t degree = 0;
    for (size_t i = 0; i < path->count; i++) {
        if (i == of)
            continue;
        for (size_t j = ++degree; j-- > 0;) {
            product[j + 1] += product[j] * path->passed[i];
            product[j] *= path->share[i];
        }
    }
    for (size_t size = 0; size < path->count; size++) { /* size! (n - 1 - size)! / n! */
        sum += chance * product[size];
        chance *= (double)(size + 1) / (double)(path->count - 1 - size);
    }
    return sum * (path->passed[of] - path->share[of]);
}

static void by_leaves(const struct forest *forest, const float *row, double *phi, double *expected)
{
    static uint32_t parent[NODES_MAX];
    memset(phi, 0, forest->feature_count * sizeof *phi);
    *expected = (double)forest->base_margin;
    for (size_t tree = 0; tree < forest->tree_count; tree++)
        parent[forest->root[tree]] = UINT32_MAX;
    for (uint32_t i = 0; i < forest->node_count; i++)
        if (!node_is_leaf(&forest->node[i]))
            parent[forest->node[i].left] = parent[forest->node[i].left + 1] = i;
    for (uint32_t i = 0; i < forest->node_count; i++) {
        if (!node_is_leaf(&forest->node[i]))
            continue;
        struct path path = {0};
        double reach = leaf_weight(forest, i);
        for (uint32_t at = i; parent[at] != UINT32_MAX; at = parent[at]) {
            const struct node *node = &forest->node[parent[at]];
            bool left = at == node->left;
            double share = left ? share_left(forest, node) : 1 - share_left(forest, node);
            bool passed = goes_left(forest, node, row[node->feature]) == left;
            extend(&path, node->feature, passed, share);
            reach *= share;
        }
        *expected += reach;
        for (size_t j = 0; j < path.count; j++)
            phi[path.feature[j]] += leaf_weight(forest, i) * gain_of(&path, j);
    }
}

/* ---------------------------------------------------------------- comparing */

static struct explainer build(const struct forest *forest, const char *kernel, struct arena *arena)
{
    struct explainer explainer;
    struct err err = {0};
    WORKS(explainer_build(forest, kernel, arena, &explainer, &err), err);
    return explainer;
}

static bool kernel_here(const char *kernel)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest empty = {.objective = &objective_reg_squarederror};
    struct explainer explainer;
    struct err err = {0};
    return explainer_build(&empty, kernel, &arena, &explainer, &err);
}

static double size_of(const double *phi, size_t count, double expected)
{
    double size = fabs(expected);
    for (size_t i = 0; i < count; i++)
        size += fabs(phi[i]);
    return size + 1e-3;
}

static void check(const char *what, const double *phi, const double *want, size_t count,
                  double within)
{
    for (size_t i = 0; i < count; i++)
        FAIL_UNLESS(fabs(phi[i] - want[i]) <= within, "%s: phi[%zu] is %.17g, wanted %.17g", what,
                    i, phi[i], want[i]);
}

/* What the trees can say at most: a leaf each, and one for numbers near 0. */
static double reach_of(const struct forest *forest)
{
    double reach = 1e-3;
    for (size_t tree = 0; tree < forest->tree_count; tree++) {
        double largest = 0;
        size_t end = tree + 1 < forest->tree_count ? forest->root[tree + 1] : forest->node_count;
        for (uint32_t i = forest->root[tree]; i < end; i++)
            if (node_is_leaf(&forest->node[i]))
                largest = fmax(largest, fabs(leaf_weight(forest, i)));
        reach += largest;
    }
    return reach;
}

typedef void judge(const struct forest *forest, const float *row, double *phi, double *expected);

/* Every kernel, one row and many, against an oracle; sums against the exact margin. */
static void compare(const struct forest *forest, uint32_t stream, size_t count, judge *oracle)
{
    size_t features = forest->feature_count;
    struct rng rng = rng_of(7, stream, 1);
    float *rows = malloc(count * (features + 1) * sizeof *rows);
    double *want = malloc(count * features * sizeof *want), *phi = malloc(features * sizeof *phi);
    double *many = malloc(count * features * sizeof *many);
    assert(rows != NULL && want != NULL && phi != NULL && many != NULL);
    double expected = 0;
    for (size_t row = 0; row < count; row++) {
        float *cells = rows + row * (features + 1);
        fill_row(&rng, cells, features);
        oracle(forest, cells, want + row * features, &expected);
    }
    for (size_t i = 0; i < LENGTH_OF(kernels); i++) {
        if (!kernel_here(kernels[i]))
            continue;
        CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
        struct explainer explainer = build(forest, kernels[i], &arena);
        void *row_scratch = malloc(explainer.row_scratch);
        void *batch_scratch = malloc(explainer.batch_scratch);
        assert(row_scratch != NULL && batch_scratch != NULL);
        NEAR(explainer.expected, expected, 1e-12 * (1 + fabs(expected)));
        double *looked_up = malloc(count * features * sizeof *looked_up);
        assert(looked_up != NULL);
        explainer.table_rows = SIZE_MAX;
        shap_batch(&explainer, rows, count, features + 1, many, batch_scratch);
        explainer.table_rows = 0;
        shap_batch(&explainer, rows, count, features + 1, looked_up, batch_scratch);
        for (size_t row = 0; row < count; row++) {
            const float *cells = rows + row * (features + 1);
            const double *wanted = want + row * features;
            double within = 1e-11 * size_of(wanted, features, expected);
            shap_row(&explainer, cells, phi, row_scratch);
            check(kernels[i], phi, wanted, features, within);
            check(kernels[i], many + row * features, wanted, features, within);
            check(kernels[i], looked_up + row * features, wanted, features,
                  1e-7 * reach_of(forest));
            double margin = (double)forest->base_margin, sum = explainer.expected;
            for (size_t tree = 0; tree < forest->tree_count; tree++)
                margin += leaf_weight(forest, forest_leaf(forest, tree, cells));
            for (size_t j = 0; j < features; j++)
                sum += phi[j];
            NEAR(sum, margin, within);
        }
        free(looked_up);
        free(row_scratch);
        free(batch_scratch);
    }
    free(rows);
    free(want);
    free(phi);
    free(many);
}

/* ---------------------------------------------------------------- tests */

/* 80 when both are at least 1, each half the time: knowing one alone is worth 20, the other then
 * 40 more, and either comes first as often. */
TEST(two_features_that_need_each_other_share_what_they_add)
{
    static const struct node node[] = {
        {.threshold = 1, .left = 1, .feature = 0},
        {.weight = 0},
        {.threshold = 1, .left = 3, .feature = 1},
        {.weight = 0},
        {.weight = 80},
    };
    static const float cover[] = {100, 50, 50, 25, 25};
    static const uint32_t root[] = {0};
    const struct forest forest = {
        .node = node,
        .cover = cover,
        .root = root,
        .node_count = LENGTH_OF(node),
        .tree_count = 1,
        .feature_count = 3,
        .depth_max = 2,
        .objective = &objective_reg_squarederror,
    };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct explainer explainer = build(&forest, NULL, &arena);
    void *scratch = arena_alloc(&arena, 1, explainer.batch_scratch);
    double phi[3];
    NEAR(explainer.expected, 20, 1e-14);
    shap_row(&explainer, (const float[]){1, 1, 1}, phi, scratch);
    NEAR(phi[0], 30, 1e-13);
    NEAR(phi[1], 30, 1e-13);
    NEAR(phi[2], 0, 0);
    shap_row(&explainer, (const float[]){0, 1, 1}, phi, scratch); /* -20, or 20 less 40 */
    NEAR(phi[0], -30, 1e-13);
    NEAR(phi[1], 10, 1e-13);
    shap_batch(&explainer, (const float[]){1, 1, 1}, 1, 3, phi, scratch);
    NEAR(phi[0], 30, 1e-13);
    NEAR(phi[2], 0, 0);
}

TEST(small_forests_agree_with_shapleys_sum_over_all_sets)
{
    for (uint32_t i = 0; i < 60; i++) {
        struct seed seed = {.trees = 1 + i % 4,
                            .depth = 1 + i % 6,
                            .features = 1 + i % 7,
                            .branching = 0.85,
                            .categories = i % 3 == 0,
                            .precise = i % 2,
                            .strange_covers = i % 5 == 0};
        struct forest forest = grow(&seed, i);
        compare(&forest, i, 9, by_sets);
        compare(&forest, i, 9, by_leaves);
    }
}

TEST(every_kernel_agrees_with_the_sum_over_leaves_at_every_depth)
{
    for (uint32_t depth = 1; depth <= 12; depth++)
        for (uint32_t kind = 0; kind < 4; kind++) {
            struct seed seed = {.trees = 6,
                                .depth = depth,
                                .features = kind == 3 ? 40 : FEATURES,
                                .branching = depth < 7 ? 0.97 : 0.8,
                                .categories = kind % 2,
                                .precise = kind == 2,
                                .strange_covers = kind == 1};
            struct forest forest = grow(&seed, 100 + depth * 4 + kind);
            compare(&forest, depth, kind == 0 ? 19 : 5, by_leaves);
        }
}

/* Whole vectors, the rest of one, whole blocks and the rest of one. */
TEST(batches_of_every_size_are_the_rows_one_by_one)
{
    struct seed seed = {.trees = 3, .depth = 4, .features = FEATURES, .branching = 0.9};
    struct forest forest = grow(&seed, 77);
    static const size_t counts[] = {1, 2, 7, 8, 9, 63, 64, 127, 128, 129, ROWS, 511, 513, 1030};
    for (size_t i = 0; i < LENGTH_OF(counts); i++)
        compare(&forest, (uint32_t)i, counts[i], by_leaves);
}

static size_t tabled(const struct forest *forest, struct explainer *out)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    *out = build(forest, NULL, &arena);
    return out->table_clumps;
}

TEST(the_tables_of_more_trees_than_fit_at_once_are_made_in_turns)
{
    struct seed seed = {.trees = TREES_MAX,
                        .depth = 7,
                        .features = FEATURES,
                        .branching = 0.97,
                        .categories = true};
    struct forest forest = grow(&seed, 400);
    struct explainer explainer;
    TRUE(tabled(&forest, &explainer) == explainer.clump_count);
    SAME(explainer.tables_max, SHAP_TABLES);
    compare(&forest, 1, 70, by_leaves);
}

TEST(clumps_with_and_without_tables_stand_side_by_side)
{
    struct seed seed = {.trees = TREES_MAX, .depth = 12, .features = 40, .branching = 0.75};
    for (uint32_t i = 0; i < 3; i++) {
        struct forest forest = grow(&seed, 500 + i);
        struct explainer explainer;
        TRUE(tabled(&forest, &explainer) > 0);
        TRUE(explainer.table_clumps < explainer.clump_count);
        compare(&forest, 1, 70, by_leaves);
    }
}

static struct shap_stands stands_of(const struct seed *seed, uint32_t stream)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct forest forest = grow(seed, stream);
    return build(&forest, NULL, &arena).stands;
}

/* Whole eights and the rest of one, some trees of one leaf among them, more than one pass. */
TEST(shallow_trees_stand_together_whatever_their_number_and_shape)
{
    static const size_t trees[] = {1, 7, 8, 9, 16, 17, TREES_MAX};
    for (uint32_t i = 0; i < LENGTH_OF(trees); i++)
        for (uint32_t kind = 0; kind < 4; kind++) {
            struct seed seed = {.trees = trees[i],
                                .depth = kind == 3 ? 9 : 6,
                                .features = kind == 3 ? 8 : 30,
                                .branching = kind == 0 ? 1 : 0.7 + 0.1 * kind,
                                .categories = kind == 2,
                                .precise = kind == 1};
            struct forest forest = grow(&seed, 800 + i * 4 + kind);
            compare(&forest, i, 9, by_leaves);
        }
    struct seed full = {.trees = TREES_MAX, .depth = 6, .features = 30, .branching = 1};
    struct shap_stands stands = stands_of(&full, 828);
    TRUE(stands.count > 1 && stands.pass_count > 1);
    SAME(stands.points_max, 3);
}

TEST(trees_too_deep_too_wide_or_too_unlike_do_not_stand_together)
{
    struct seed shallow = {.trees = 20, .depth = 6, .features = 40, .branching = 0.95};
    TRUE(stands_of(&shallow, 1).count > 0);
    struct seed deep = {.trees = 20, .depth = 10, .features = 40, .branching = 0.95};
    SAME(stands_of(&deep, 1).count, 0); /* ten features on a path */
    struct seed wide = {.trees = TREES_MAX, .depth = 6, .features = 2000, .branching = 0.95};
    SAME(stands_of(&wide, 1).count, 0);
    struct seed unlike = {.trees = TREES_MAX, .depth = 16, .features = 6, .branching = 0.6};
    SAME(stands_of(&unlike, 1).count, 0);
}

/* What building takes on the way has the same limit, but an arena of its own. */
TEST(whatever_does_not_fit_the_memory_limit_is_said)
{
    enum { LIMIT = 16 << 20, STEP = 512 };
    struct seed seed = {
        .trees = 20, .depth = 6, .features = 6, .branching = 0.95, .categories = true};
    struct forest forest = grow(&seed, 1);
    size_t failures = 0;
    for (size_t left = STEP;; left += STEP, failures++) {
        CLEANUP(arena_release) struct arena arena = {.limit = LIMIT};
        struct explainer explainer;
        struct err err = {0};
        TRUE(arena_room(&arena, LIMIT - left) != NULL);
        if (explainer_build(&forest, NULL, &arena, &explainer, &err))
            break;
        SAME(err.kind, ERR_LIMIT);
    }
    TRUE(failures > 50);
}

/* So that one eight of large trees is not laid out in the square of their size, whatever they ask.
 */
static double build_ms(size_t depth, size_t features, bool categories)
{
    struct seed seed = {.trees = SHAP_EIGHT,
                        .depth = depth,
                        .features = features,
                        .branching = 1,
                        .categories = categories};
    struct forest forest = grow(&seed, 1);
    double least = HUGE_VAL;
    for (int turn = 0; turn < 5; turn++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
        struct timespec start, end;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        TRUE(build(&forest, NULL, &arena).stands.count > 0);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        least = fmin(least, (double)(end.tv_sec - start.tv_sec) * 1e3 +
                                (double)(end.tv_nsec - start.tv_nsec) / 1e6);
    }
    return least;
}

TEST(large_trees_of_few_features_are_laid_out_in_time_that_grows_as_they_do)
{
    double small = build_ms(8, 1, false), large = build_ms(11, 1, false);
    FAIL_UNLESS(large < 20 * small, "%g ms for eight times %g ms", large, small);
    small = build_ms(8, 2, true), large = build_ms(11, 2, true);
    FAIL_UNLESS(large < 20 * small, "%g ms for eight times %g ms", large, small);
}

TEST(features_that_no_branch_asks_stay_at_nothing)
{
    struct seed seed = {.trees = 9, .depth = 5, .features = 30, .branching = 0.9};
    struct forest forest = grow(&seed, 600);
    for (size_t i = 0; i < forest.node_count; i++) /* every third is left */
        plot.node[i].feature = (plot.node[i].feature / 3 * 3 + 1) & 0x3fffffff;
    compare(&forest, 1, 70, by_leaves);
}

TEST(leaves_that_floats_cannot_add_have_no_tables)
{
    static const double odd[] = {1e30, -1e30, (double)NAN, INFINITY, 1e-40, 0};
    struct seed seed = {
        .trees = 1, .depth = 4, .features = FEATURES, .branching = 1, .precise = true};
    struct forest forest = grow(&seed, 700);
    struct explainer explainer;
    SAME(tabled(&forest, &explainer), 1);
    for (size_t i = 0; i < LENGTH_OF(odd); i++) {
        for (size_t node = 0; node < forest.node_count; node++)
            plot.weight[node] = fabs(odd[i]) < 1 ? odd[i] : 1;
        plot.weight[forest.node_count - 1] = odd[i];
        SAME(tabled(&forest, &explainer), 0);
    }
}

/* Whoever has few rows does not pay for tables. */
TEST(a_batch_is_looked_up_from_where_that_is_sooner)
{
    struct seed seed = {.trees = 9, .depth = 6, .features = FEATURES, .branching = 0.97};
    struct forest forest = grow(&seed, 800);
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct explainer explainer = build(&forest, NULL, &arena);
    size_t count = explainer.table_rows;
    TRUE(count > 50 && count < 5000);
    float *rows = arena_new(&arena, float, count *FEATURES);
    double *phi = arena_new(&arena, double, count *FEATURES), one[FEATURES];
    void *scratch = arena_alloc(&arena, 1, explainer.batch_scratch);
    struct rng rng = rng_of(9, 9, 9);
    fill_row(&rng, rows, count * FEATURES);
    for (size_t fewer = 0; fewer < 2; fewer++) {
        double apart = 0;
        shap_batch(&explainer, rows, count - fewer, FEATURES, phi, scratch);
        for (size_t row = 0; row < count - fewer; row++) {
            shap_row(&explainer, rows + row * FEATURES, one, scratch);
            for (size_t i = 0; i < FEATURES; i++)
                apart = fmax(apart, fabs(phi[row * FEATURES + i] - one[i]));
        }
        TRUE(fewer ? apart < 1e-12 : apart > 1e-12 && apart < 1e-6);
    }
}

/* One path, with a leaf to the right of each branch, its features asked in turn. */
static struct forest grow_path(size_t depth, size_t features)
{
    plot.root[0] = 0;
    for (uint32_t i = 0; i < 2 * depth + 1; i++) {
        bool branch = i % 2 == 0 && i < 2 * depth;
        plot.node[i] = (struct node){.threshold = branch ? 0.5F : (float)i,
                                     .feature = (i / 2) % (uint32_t)features & 0x3fffffff};
        plot.node[i].left = branch ? i + 1 : 0;
        plot.cover[i] = i % 2 ? 1 : 20;
    }
    return (struct forest){
        .node = plot.node,
        .cover = plot.cover,
        .root = plot.root,
        .node_count = 2 * depth + 1,
        .tree_count = 1,
        .feature_count = features,
        .depth_max = depth,
        .objective = &objective_reg_squarederror,
    };
}

TEST(deep_paths_are_exact_whether_their_features_differ_or_not)
{
    static const size_t features[] = {1, 7, 40, 64};
    for (size_t i = 0; i < LENGTH_OF(features); i++) {
        struct forest forest = grow_path(64, features[i]);
        compare(&forest, 3, 3, by_leaves);
    }
}

/* Too deep for the oracles; but the integral over t of what the features gain is a margin only if
 * none of its 256 points is wrong. */
TEST(the_deepest_path_of_different_features_is_additive)
{
    struct forest forest = grow_path(DEPTH_MAX, DEPTH_MAX);
    static float row[DEPTH_MAX];
    static double phi[DEPTH_MAX];
    for (size_t i = 0; i < LENGTH_OF(kernels); i++) {
        if (!kernel_here(kernels[i]))
            continue;
        CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
        struct explainer explainer = build(&forest, kernels[i], &arena);
        void *scratch = arena_alloc(&arena, 1, explainer.batch_scratch);
        for (size_t turn = 0; turn < 6; turn++) { /* where the row leaves the path */
            for (size_t j = 0; j < DEPTH_MAX; j++)
                row[j] = j > turn * 100;
            for (int many = 0; many < 2; many++) {
                if (many)
                    shap_batch(&explainer, row, 1, DEPTH_MAX, phi, scratch);
                else
                    shap_row(&explainer, row, phi, scratch);
                double sum = explainer.expected;
                for (size_t j = 0; j < DEPTH_MAX; j++)
                    sum += phi[j];
                NEAR(sum, forest_margin(&forest, row), 1e-9);
            }
        }
    }
}

TEST(trees_of_one_leaf_are_expected_and_explain_nothing)
{
    struct seed seed = {.trees = 5, .depth = 0, .features = 4};
    struct forest forest = grow(&seed, 5);
    compare(&forest, 5, 9, by_sets);
    forest.tree_count = forest.node_count = 0;
    compare(&forest, 5, 9, by_sets);
}

TEST(covers_no_training_leaves_behind_are_shares_all_the_same)
{
    struct seed seed = {
        .trees = 8, .depth = 5, .features = 5, .branching = 0.95, .strange_covers = true};
    for (uint32_t i = 0; i < 20; i++) {
        struct forest forest = grow(&seed, 900 + i);
        compare(&forest, i, 5, by_sets);
    }
    struct forest forest = grow(&seed, 950);
    memset(plot.cover, 0, sizeof plot.cover);
    compare(&forest, 1, 5, by_sets);
}

TEST(the_mean_is_of_sizes_not_of_signs)
{
    struct seed seed = {.trees = 4, .depth = 4, .features = FEATURES, .branching = 0.9};
    struct forest forest = grow(&seed, 12);
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct explainer explainer = build(&forest, NULL, &arena);
    void *scratch = arena_alloc(&arena, 1, explainer.batch_scratch);
    static float rows[ROWS][FEATURES];
    double phi[FEATURES], want[FEATURES] = {0}, mean[FEATURES];
    struct rng rng = rng_of(1, 2, 3);
    for (size_t row = 0; row < ROWS; row++) {
        fill_row(&rng, rows[row], FEATURES);
        shap_row(&explainer, rows[row], phi, scratch);
        for (size_t i = 0; i < FEATURES; i++)
            want[i] += fabs(phi[i]) / ROWS;
    }
    shap_mean_abs(&explainer, &rows[0][0], ROWS, FEATURES, mean, scratch);
    check("mean", mean, want, FEATURES, 1e-13);
    shap_mean_abs(&explainer, &rows[0][0], 0, FEATURES, mean, scratch);
    NEAR(mean[0], 0, 0);
}

/* Grabisch and Roubens' interaction index, by its definition, halved. */
static void pairs_by_sets(const struct forest *forest, const float *row, double *out)
{
    size_t n = forest->feature_count;
    double factorial[FEATURES + 1] = {1}, value[1 << FEATURES];
    for (size_t i = 1; i <= n; i++)
        factorial[i] = factorial[i - 1] * (double)i;
    for (unsigned known = 0; known < 1U << n; known++) {
        value[known] = 0;
        for (size_t tree = 0; tree < forest->tree_count; tree++)
            value[known] += expectation(forest, forest->root[tree], row, known);
    }
    memset(out, 0, n * n * sizeof *out);
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++) {
            unsigned one = 1U << i, other = 1U << j;
            for (unsigned known = 0; i != j && known < 1U << n; known++) {
                size_t size = (size_t)__builtin_popcount(known);
                if (!(known & (one | other)))
                    out[i * n + j] += factorial[size] * factorial[n - size - 2] /
                                      (2 * factorial[n - 1]) *
                                      (value[known | one | other] - value[known | one] -
                                       value[known | other] + value[known]);
            }
        }
}

TEST(interactions_agree_with_their_sum_over_all_sets_and_add_up_to_phi)
{
    for (uint32_t i = 0; i < 40; i++) {
        struct seed seed = {.trees = 3,
                            .depth = 1 + i % 6,
                            .features = 2 + i % 6,
                            .branching = 0.9,
                            .categories = i % 3 == 0,
                            .precise = i % 2,
                            .strange_covers = i % 4 == 0};
        struct forest forest = grow(&seed, 300 + i);
        CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
        struct explainer explainer = build(&forest, NULL, &arena);
        char *scratch = malloc(explainer.pairs_scratch);
        assert(scratch != NULL);
        struct rng rng = rng_of(3, i, 1);
        double out[FEATURES * FEATURES], want[FEATURES * FEATURES], phi[FEATURES];
        size_t n = forest.feature_count;
        for (size_t turn = 0; turn < 4; turn++) {
            float row[FEATURES];
            fill_row(&rng, row, n);
            pairs_by_sets(&forest, row, want);
            shap_row(&explainer, row, phi, scratch);
            for (size_t j = 0; j < n; j++) {
                want[j * n + j] = phi[j];
                for (size_t k = 0; k < n; k++)
                    want[j * n + j] -= k == j ? 0 : want[j * n + k];
            }
            shap_interactions(&explainer, row, out, scratch);
            check("interactions", out, want, n * n, 1e-11 * size_of(phi, n, 1));
        }
        free(scratch);
    }
}

TEST(a_kernel_this_machine_has_not_is_refused_by_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest = grow(&(struct seed){.trees = 1, .features = 1}, 1);
    struct explainer explainer;
    struct err err = {0};
    FAILS(explainer_build(&forest, "abacus", &arena, &explainer, &err), err, ERR_INPUT);
    SAYS(err, "'abacus'");
}

TEST(a_model_past_the_memory_limit_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4096};
    struct seed seed = {.trees = 4, .depth = 6, .features = FEATURES, .branching = 1};
    struct forest forest = grow(&seed, 1);
    struct explainer explainer;
    struct err err = {0};
    FAILS(explainer_build(&forest, NULL, &arena, &explainer, &err), err, ERR_LIMIT);
}
