#include "model/shap_twig.h"

#include "harness.h"

enum { DEPTH = 12, NODES_MAX = 2 << DEPTH };

static struct {
    struct node node[NODES_MAX];
    float cover[NODES_MAX];
    uint32_t root[1];
} plot;

/* A full tree that asks one feature a level, and begins again when there are no more. */
static struct forest full(size_t depth, size_t features)
{
    size_t count = ((size_t)2 << depth) - 1, branches = count / 2;
    for (uint32_t i = 0; i < count; i++) {
        size_t level = 0;
        while (((size_t)2 << level) - 1 <= i)
            level++;
        plot.cover[i] = 1;
        plot.node[i] = (struct node){.weight = 1 + (float)i};
        if (i < branches)
            plot.node[i] = (struct node){.threshold = 0.5F,
                                         .left = 2 * i + 1,
                                         .feature = (uint32_t)(level % features) & 0x3fffffff};
    }
    return (struct forest){
        .node = plot.node,
        .cover = plot.cover,
        .root = plot.root,
        .node_count = count,
        .tree_count = 1,
        .feature_count = features,
        .depth_max = depth,
        .objective = &objective_reg_squarederror,
    };
}

static struct shap_walk walk_of(const struct explainer *x, struct arena *arena)
{
    struct shap_step *step = arena_new(arena, struct shap_step, x->forest.depth_max);
    uint32_t *below = arena_new(arena, uint32_t, x->slots_max);
    assert(step != NULL && below != NULL);
    return shap_walk_of(x, 0, x->clump_count, step, below);
}

/* Leaves differ, so a sum of them says which were met, and that none was met twice. */
TEST(every_leaf_is_in_one_twig_and_no_twig_has_too_many_bits)
{
    static const size_t features[] = {1, 2, 3, 5, 8};
    for (size_t depth = 1; depth <= DEPTH; depth++)
        for (size_t i = 0; i < LENGTH_OF(features); i++) {
            CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
            struct forest forest = full(depth, features[i]);
            struct explainer x;
            struct err err = {0};
            WORKS(explainer_build(&forest, NULL, &arena, &x, &err), err);
            SAME(x.table_clumps, features[i] < 8 || depth <= 8);
            if (x.table_clumps == 0)
                continue;
            struct shap_walk walk = walk_of(&x, &arena);
            struct shap_twig twig;
            double sum = 0, want = 0;
            size_t leaves = 0;
            while (shap_walk_next(&walk, &twig)) {
                TRUE(twig.bits <= SHAP_BITS);
                for (size_t j = 0; j < twig.bits - twig.above - twig.upper; j++, leaves += 2)
                    sum += 2 * twig.leaves[j].right + twig.leaves[j].step;
                for (size_t j = 0; j < twig.lone_count; j++, leaves++)
                    sum += twig.lone[j];
            }
            for (size_t j = forest.node_count / 2; j < forest.node_count; j++)
                want += (double)forest.node[j].weight;
            TRUE(walk.fits);
            SAME(leaves, (size_t)1 << depth);
            NEAR(sum, want, 0);
        }
}

/* With k features above, seven branches fit up to k = 1, three up to k = 5, one up to k = 7. */
TEST(a_twig_is_as_large_as_its_bits_allow)
{
    static const size_t twigs[] = {1, 1, 1, 2, 8, 16, 32, 128};
    for (size_t depth = 1; depth <= LENGTH_OF(twigs); depth++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
        struct forest forest = full(depth, 8);
        struct explainer x;
        struct err err = {0};
        WORKS(explainer_build(&forest, NULL, &arena, &x, &err), err);
        struct shap_walk walk = walk_of(&x, &arena);
        struct shap_twig twig;
        size_t count = 0;
        for (; shap_walk_next(&walk, &twig); count++)
            TRUE(twig.bits == (depth == 1 ? 1 : depth == 2 ? 3 : depth == 3 ? 7 : twig.bits));
        SAME(count, twigs[depth - 1]);
    }
}

/* Feature 0 is asked at the root and again at depth 2, where it passed the root on its side. */
TEST(a_branch_on_a_feature_asked_before_knows_which_bit_said_so)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct forest forest = full(3, 2);
    struct explainer x;
    struct err err = {0};
    struct shap_twig twig;
    WORKS(explainer_build(&forest, NULL, &arena, &x, &err), err);
    struct shap_walk walk = walk_of(&x, &arena);
    TRUE(shap_walk_next(&walk, &twig));
    SAME(twig.above, 0);
    SAME(twig.bits, 7);
    SAME(twig.upper, 3);
    for (uint8_t bit = 0; bit < 7; bit++)
        SAME(twig.earlier[bit], bit < 3 ? bit : 0);
    TRUE(twig.earlier_set[3] && twig.earlier_set[4]); /* left of the root */
    TRUE(!twig.earlier_set[5] && !twig.earlier_set[6]);
    NEAR(twig.before[3], 0.5, 0);
    TRUE(!shap_walk_next(&walk, &twig));
}
