#include "model/shap_build.h"

#include <math.h>

/* Branches that fill the first cache with what a kernel keeps of them. */
enum { CLUMP_BRANCHES = 128 };

/* Tables: models past these would ask for tens of megabytes of scratch. */
enum { BRANCHES_TABLED_MAX = 4096, INPUTS_TABLED_MAX = 4096 };

/* Making a pattern's line takes about as long as it saves for one branch of so many rows. */
enum { PATTERN_ROWS = 16 };

static const double LEAF_MAX = 0x1p96, LEAF_MIN = 0x1p-96;

/* One past the last tree that stands with this one. */
static size_t clump_end(const struct forest *forest, size_t tree)
{
    size_t branches = 0, end = tree;
    do {
        branches += (shap_tree_end(forest, end) - forest->root[end]) / 2;
        end++;
    } while (end < forest->tree_count &&
             branches + (shap_tree_end(forest, end) - forest->root[end]) / 2 <= CLUMP_BRANCHES);
    return end;
}

/* What is the same for all trees: which features are asked, and how their values are read. */
static bool find_inputs(struct laying *laying, struct arena *arena)
{
    const struct forest *forest = laying->forest;
    struct explainer *out = laying->out;
    uint32_t *used = arena_new(arena, uint32_t, forest->feature_count);
    struct shap_input *input = arena_new(arena, struct shap_input, forest->feature_count * 2);
    if (used == NULL || input == NULL)
        return false;
    memset(laying->used_of, UINT8_MAX, forest->feature_count * sizeof *laying->used_of);
    memset(laying->input_of, UINT8_MAX, forest->feature_count * 2 * sizeof *laying->input_of);
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct node *node = &forest->node[i];
        if (node_is_leaf(node))
            continue;
        laying->used_of[node->feature] = 0;
        uint32_t *known = &laying->input_of[node->feature * (size_t)2 + node->missing_left];
        if (*known == NONE && !node->categorical) {
            *known = (uint32_t)out->input_count;
            input[out->input_count++] = (struct shap_input){node->feature, node->missing_left};
        }
    }
    for (uint32_t i = 0; i < forest->feature_count; i++) {
        if (laying->used_of[i] == NONE)
            continue;
        laying->used_of[i] = (uint32_t)out->used_count;
        used[out->used_count++] = i;
    }
    out->used = used;
    out->inputs = input;
    return true;
}

static bool make_scratch(struct laying *laying, struct arena *scratch)
{
    const struct forest *forest = laying->forest;
    size_t nodes_max = 0, features = forest->feature_count;
    for (size_t i = 0, end; i < forest->tree_count; i = end) {
        end = clump_end(forest, i);
        size_t nodes = shap_tree_end(forest, end - 1) - forest->root[i];
        nodes_max = nodes > nodes_max ? nodes : nodes_max;
    }
    laying->order = arena_new(scratch, uint32_t, nodes_max);
    laying->sketch = arena_new(scratch, struct sketch, nodes_max);
    laying->frame = arena_new(scratch, struct frame, forest->depth_max + 1);
    laying->last = arena_new(scratch, uint32_t, features);
    laying->last_side = arena_new(scratch, uint8_t, features);
    laying->used_of = arena_new(scratch, uint32_t, features);
    laying->input_of = arena_new(scratch, uint32_t, features * 2);
    laying->rule_of = arena_new(scratch, uint32_t, laying->points_max + 1);
    if (laying->order == NULL || laying->sketch == NULL || laying->frame == NULL ||
        laying->last == NULL || laying->last_side == NULL || laying->used_of == NULL ||
        laying->input_of == NULL || laying->rule_of == NULL)
        return false;
    memset(laying->last, UINT8_MAX, features * sizeof *laying->last);
    memset(laying->rule_of, UINT8_MAX, (laying->points_max + 1) * sizeof *laying->rule_of);
    return true;
}

static bool make_room(struct laying *laying, struct arena *arena)
{
    const struct forest *forest = laying->forest;
    size_t branches = 0, categories = 0, points = 0;
    for (size_t i = 0; i < forest->node_count; i++)
        branches += !node_is_leaf(&forest->node[i]);
    for (size_t i = 0; i < forest->node_count; i++)
        categories += !node_is_leaf(&forest->node[i]) && forest->node[i].categorical;
    for (size_t i = 1; i <= laying->points_max; i++)
        points += (i + SHAP_POINTS - 1) / SHAP_POINTS * SHAP_POINTS;
    laying->clump = arena_new(arena, struct shap_clump, forest->tree_count);
    laying->root = arena_new(arena, uint32_t, forest->tree_count);
    laying->share = arena_new(arena, double, branches + SHAP_PAD);
    laying->before = arena_new(arena, double, branches);
    laying->feature = arena_new(arena, uint32_t, branches);
    laying->input = arena_new(arena, uint32_t, branches + SHAP_PAD);
    laying->limit = arena_new(arena, int32_t, branches + SHAP_PAD);
    laying->fork = arena_new(arena, struct shap_fork, branches);
    laying->leaves = arena_new(arena, struct shap_leaves, branches);
    laying->lone = arena_new(arena, double, branches);
    laying->repeat = arena_new(arena, struct shap_repeat, branches);
    laying->category = arena_new(arena, struct shap_category, categories);
    laying->point = arena_new(arena, double, points);
    laying->weight = arena_new(arena, double, points);
    return laying->clump != NULL && laying->root != NULL && laying->share != NULL &&
           laying->before != NULL && laying->feature != NULL && laying->input != NULL &&
           laying->limit != NULL && laying->fork != NULL && laying->leaves != NULL &&
           laying->lone != NULL && laying->repeat != NULL && laying->category != NULL &&
           laying->point != NULL && laying->weight != NULL;
}

static void publish(const struct laying *laying, struct explainer *out)
{
    out->clump = laying->clump;
    out->root = laying->root;
    out->share = laying->share;
    out->before = laying->before;
    out->feature = laying->feature;
    out->input = laying->input;
    out->limit = laying->limit;
    out->fork = laying->fork;
    out->leaves = laying->leaves;
    out->lone = laying->lone;
    out->repeat = laying->repeat;
    out->category = laying->category;
    out->point = laying->point;
    out->weight = laying->weight;
}

static const struct shap_kernel *find_kernel(const char *name)
{
    static const struct shap_kernel *const kernels[] = {
#define SHAP_KERNEL(name) &shap_kernel_##name,
#include "model/shap_kernels.def"
#undef SHAP_KERNEL
    };
    for (size_t i = 0; i < LENGTH_OF(kernels); i++)
        if (kernels[i]->supported() && (name == NULL || strcmp(kernels[i]->name, name) == 0))
            return kernels[i];
    return NULL;
}

/* Floats hold sums of leaves of this size, and lose nothing of those that count. */
static bool leaves_fit_float(const struct explainer *x, const struct shap_clump *clump)
{
    double largest = 0;
    bool numbers = true;
    for (size_t i = 0; i < clump->bottom; i++) {
        struct shap_leaves leaves = x->leaves[clump->leaves + i];
        double larger = fmax(fabs(leaves.right), fabs(leaves.right + leaves.step));
        numbers = numbers && larger <= LEAF_MAX;
        largest = fmax(largest, larger);
    }
    for (size_t i = 0; i < clump->lone; i++) {
        double size = fabs(x->lone[clump->lone_leaf + i]);
        numbers = numbers && size <= LEAF_MAX;
        largest = fmax(largest, size);
    }
    return numbers && largest >= LEAF_MIN;
}

static bool may_have_tables(const struct explainer *x, const struct shap_clump *clump)
{
    return clump->upper + clump->bottom <= BRANCHES_TABLED_MAX &&
           x->used_count + x->input_count <= INPUTS_TABLED_MAX && leaves_fit_float(x, clump);
}

/* Finds out which clumps can be looked up. */
static bool find_tables(struct laying *laying, struct arena *scratch)
{
    struct explainer *x = laying->out;
    struct shap_step *step = arena_new(scratch, struct shap_step, x->forest.depth_max);
    uint32_t *below = arena_new(scratch, uint32_t, x->slots_max);
    size_t patterns = 0, branches = 0, twigs = 0;
    if (step == NULL || below == NULL)
        return false;
    for (size_t i = 0; i < x->clump_count; i++) {
        struct shap_clump *clump = &laying->clump[i];
        clump->tables = may_have_tables(x, clump);
        struct shap_walk walk = shap_walk_of(x, i, i + 1, step, below);
        struct shap_twig twig;
        size_t its_twigs = 0, its_patterns = 0;
        for (; shap_walk_next(&walk, &twig); its_twigs++)
            its_patterns += (size_t)1 << twig.bits;
        clump->tables = clump->tables && walk.fits;
        if (!clump->tables)
            continue;
        size_t its_branches = clump->upper + clump->bottom;
        twigs += its_twigs;
        patterns += its_patterns;
        branches += its_branches;
        x->table_clumps++;
        x->table_branches_max =
            its_branches > x->table_branches_max ? its_branches : x->table_branches_max;
    }
    x->tables_max = twigs < SHAP_TABLES ? twigs : SHAP_TABLES;
    x->table_rows = branches == 0 ? 0 : PATTERN_ROWS * patterns / branches;
    return true;
}

bool explainer_build(const struct forest *forest, const char *kernel, struct arena *arena,
                     struct explainer *out, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    const struct shap_kernel *chosen = find_kernel(kernel);
    if (chosen == NULL)
        return err_set(err, ERR_INPUT, "this machine has no kernel '%s'", kernel);
    struct explainer built = {
        .forest = *forest, .kernel = chosen, .expected = (double)forest->base_margin};
    struct laying laying = {
        .forest = forest, .out = &built, .points_max = (forest->depth_max + 1) / 2};
    if (!make_scratch(&laying, &scratch) || !make_room(&laying, arena) ||
        !find_inputs(&laying, arena))
        return err_set(err, ERR_LIMIT, "explaining the model does not fit the memory limit");
    for (size_t i = 0, end; i < forest->tree_count; i = end) {
        end = clump_end(forest, i);
        shap_lay_clump(&laying, i, end);
    }
    publish(&laying, &built);
    if (!find_tables(&laying, &scratch))
        return err_set(err, ERR_LIMIT, "explaining the model does not fit the memory limit");
    if (!shap_lay_stands(&built, arena, &scratch, err))
        return false;
    shap_measure_scratch(&built);
    built.pairs_scratch = shap_pairs_scratch(&built);
    *out = built;
    return true;
}
