#include "model/shap.h"

#include "model/shap_gauss.h"
#include "model/shap_kernel.h"

enum { NONE = UINT32_MAX };

/* ---------------------------------------------------------------- one tree */

/* A branch of the forest while its tree is laid out. */
struct sketch {
    uint32_t slot;    /* of any node that has one, within the tree */
    uint32_t earlier; /* the branch above on the same feature, a node of the tree; NONE */
    uint8_t side;     /* on which side of that */
    double share, before;
};

/* A branch on the way down, and what to put back on the way up. */
struct frame {
    uint32_t node;
    uint32_t last; /* the branch on its feature before it, and the side */
    uint8_t last_side;
    uint8_t turns; /* 0: go left next, 1: right, 2: up */
    uint32_t distinct;
    double reach; /* the share of cover that comes here */
};

/* What building writes; the explainer names the same memory. */
struct laying {
    const struct forest *forest;
    struct explainer *out;
    struct shap_tree *tree;
    double *share, *before, *lone, *point, *weight;
    uint32_t *feature, *input;
    int32_t *limit;
    struct shap_fork *fork;
    struct shap_leaves *leaves;
    struct shap_repeat *repeat;
    struct shap_category *category;

    struct sketch *sketch; /* by node of the tree */
    struct frame *frame;   /* by depth */
    uint32_t *last;        /* by used feature: the latest branch on it, or NONE */
    uint8_t *last_side;
    uint32_t *used_of;  /* by feature */
    uint32_t *input_of; /* by feature, both answers to a missing value */
    uint32_t *rule_of;  /* by number of points */
    size_t points_max;
    struct {
        size_t branch, fork, leaves, lone, repeat, category, point;
    } end;
};

static bool is_bottom(const struct forest *forest, const struct node *node)
{
    return node_is_leaf(&forest->node[node->left]) && node_is_leaf(&forest->node[node->left + 1]);
}

/* Numbers the tree's branches, upper before bottom, and the leaves beside a branch. */
static void number_slots(struct laying *laying, struct shap_tree *tree, uint32_t first,
                         uint32_t end)
{
    const struct forest *forest = laying->forest;
    for (uint32_t i = first; i < end; i++) {
        const struct node *node = &forest->node[i];
        if (node_is_leaf(node))
            continue;
        if (is_bottom(forest, node)) {
            laying->sketch[i - first].slot = tree->bottom++;
            continue;
        }
        laying->sketch[i - first].slot = tree->upper++;
        for (uint32_t child = node->left; child < node->left + 2; child++)
            if (node_is_leaf(&forest->node[child]))
                laying->sketch[child - first].slot = tree->lone++;
    }
    for (uint32_t i = first; i < end; i++) {
        const struct node *node = &forest->node[i];
        if (node_is_leaf(node))
            laying->sketch[i - first].slot += tree->upper + tree->bottom;
        else if (is_bottom(forest, node))
            laying->sketch[i - first].slot += tree->upper;
    }
}

static void enter(struct laying *laying, uint32_t first, size_t depth, uint32_t node,
                  uint32_t distinct, double reach)
{
    const struct node *branch = &laying->forest->node[node];
    uint32_t used = laying->used_of[branch->feature];
    struct sketch *sketch = &laying->sketch[node - first];
    sketch->share = shap_share(laying->forest, branch->left);
    sketch->earlier = laying->last[used];
    sketch->side = laying->last_side[used];
    sketch->before = 1;
    if (sketch->earlier != NONE) {
        const struct sketch *earlier = &laying->sketch[sketch->earlier];
        double passed = sketch->side == SHAP_LEFT ? earlier->share : 1 - earlier->share;
        sketch->before = earlier->before * passed;
    }
    laying->frame[depth] = (struct frame){
        .node = node,
        .last = sketch->earlier,
        .last_side = sketch->side,
        .distinct = distinct + (sketch->earlier == NONE),
        .reach = reach,
    };
}

/* Walks the tree depth first; with the most features on one path. */
static uint32_t walk(struct laying *laying, uint32_t first)
{
    const struct node *nodes = laying->forest->node;
    uint32_t distinct_max = 0;
    size_t depth = 1;
    enter(laying, first, 0, first, 0, 1);
    while (depth > 0) {
        struct frame *frame = &laying->frame[depth - 1];
        const struct node *branch = &nodes[frame->node];
        uint32_t used = laying->used_of[branch->feature];
        if (frame->turns == 2) {
            laying->last[used] = frame->last;
            laying->last_side[used] = frame->last_side;
            depth--;
            continue;
        }
        uint32_t child = branch->left + frame->turns;
        double share = laying->sketch[frame->node - first].share;
        double reach = frame->reach * (frame->turns == 0 ? share : 1 - share);
        laying->last[used] = frame->node - first;
        laying->last_side[used] = frame->turns == 0 ? SHAP_LEFT : SHAP_RIGHT;
        frame->turns++;
        if (!node_is_leaf(&nodes[child])) {
            enter(laying, first, depth++, child, frame->distinct, reach);
            continue;
        }
        laying->out->expected += reach * shap_weight(laying->forest, child);
        distinct_max = frame->distinct > distinct_max ? frame->distinct : distinct_max;
    }
    return distinct_max;
}

static void lay_branch(struct laying *laying, struct shap_tree *tree, uint32_t first, uint32_t at)
{
    const struct forest *forest = laying->forest;
    const struct node *node = &forest->node[at];
    const struct sketch *sketch = &laying->sketch[at - first];
    size_t slot = tree->branch + sketch->slot;
    laying->share[slot] = sketch->share;
    laying->before[slot] = sketch->before;
    laying->feature[slot] = laying->used_of[node->feature];
    if (node->categorical) {
        laying->category[laying->end.category++] = (struct shap_category){sketch->slot, at};
        tree->categories++;
    } else {
        laying->input[slot] = laying->input_of[node->feature * (size_t)2 + node->missing_left];
        laying->limit[slot] = shap_key(node->threshold, false);
    }
    if (sketch->slot >= tree->upper) {
        double left = shap_weight(forest, node->left), right = shap_weight(forest, node->left + 1);
        laying->leaves[tree->leaves + sketch->slot - tree->upper] =
            (struct shap_leaves){right, left - right};
        return;
    }
    uint32_t below[2];
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t child = node->left + i;
        below[i] = laying->sketch[child - first].slot;
        if (node_is_leaf(&forest->node[child]))
            laying->lone[tree->lone_leaf + below[i] - tree->upper - tree->bottom] =
                shap_weight(forest, child);
    }
    laying->fork[tree->fork + sketch->slot] = (struct shap_fork){below[0], below[1]};
}

/* A branch comes after those above it, so what it needs to know of them is known. */
static void lay_repeats(struct laying *laying, struct shap_tree *tree, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const struct sketch *sketch = &laying->sketch[i - first];
        if (node_is_leaf(&laying->forest->node[i]) || sketch->earlier == NONE)
            continue;
        laying->repeat[laying->end.repeat++] = (struct shap_repeat){
            .branch = sketch->slot,
            .earlier = laying->sketch[sketch->earlier].slot,
            .side = sketch->side,
        };
        tree->repeats++;
    }
}

static void lay_rule(struct laying *laying, struct shap_tree *tree)
{
    uint32_t *rule = &laying->rule_of[tree->points];
    if (*rule == NONE) {
        *rule = (uint32_t)laying->end.point;
        gauss_points(tree->points, laying->point + *rule, laying->weight + *rule);
        laying->end.point += tree->points;
        for (; laying->end.point % SHAP_POINTS != 0; laying->end.point++)
            laying->point[laying->end.point] = 0.5; /* of weight 0 */
    }
    tree->rule = *rule;
}

static void lay_tree(struct laying *laying, uint32_t first, uint32_t end)
{
    struct explainer *out = laying->out;
    if (node_is_leaf(&laying->forest->node[first])) {
        out->expected += shap_weight(laying->forest, first);
        return;
    }
    struct shap_tree *tree = &laying->tree[out->tree_count++];
    *tree = (struct shap_tree){
        .root = first,
        .branch = (uint32_t)laying->end.branch,
        .fork = (uint32_t)laying->end.fork,
        .leaves = (uint32_t)laying->end.leaves,
        .lone_leaf = (uint32_t)laying->end.lone,
        .repeat = (uint32_t)laying->end.repeat,
        .category = (uint32_t)laying->end.category,
    };
    memset(laying->sketch, 0, (end - first) * sizeof *laying->sketch);
    number_slots(laying, tree, first, end);
    tree->points = (walk(laying, first) + 1) / 2;
    lay_rule(laying, tree);
    for (uint32_t i = first; i < end; i++)
        if (!node_is_leaf(&laying->forest->node[i]))
            lay_branch(laying, tree, first, i);
    lay_repeats(laying, tree, first, end);
    size_t branches = tree->upper + tree->bottom, slots = branches + tree->lone;
    laying->end.branch += branches;
    laying->end.fork += tree->upper;
    laying->end.leaves += tree->bottom;
    laying->end.lone += tree->lone;
    out->branches_max = branches > out->branches_max ? branches : out->branches_max;
    out->slots_max = slots > out->slots_max ? slots : out->slots_max;
}

/* ---------------------------------------------------------------- the forest */

static uint32_t tree_end(const struct forest *forest, size_t tree)
{
    return tree + 1 < forest->tree_count ? forest->root[tree + 1] : (uint32_t)forest->node_count;
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
        if (laying->used_of[node->feature] == NONE) {
            laying->used_of[node->feature] = (uint32_t)out->used_count;
            used[out->used_count++] = node->feature;
        }
        uint32_t *known = &laying->input_of[node->feature * (size_t)2 + node->missing_left];
        if (*known == NONE && !node->categorical) {
            *known = (uint32_t)out->input_count;
            input[out->input_count++] = (struct shap_input){node->feature, node->missing_left};
        }
    }
    out->used = used;
    out->inputs = input;
    return true;
}

static bool make_scratch(struct laying *laying, struct arena *scratch)
{
    const struct forest *forest = laying->forest;
    size_t nodes_max = 0, features = forest->feature_count;
    for (size_t i = 0; i < forest->tree_count; i++) {
        size_t nodes = tree_end(forest, i) - forest->root[i];
        nodes_max = nodes > nodes_max ? nodes : nodes_max;
    }
    laying->sketch = arena_new(scratch, struct sketch, nodes_max);
    laying->frame = arena_new(scratch, struct frame, forest->depth_max + 1);
    laying->last = arena_new(scratch, uint32_t, features);
    laying->last_side = arena_new(scratch, uint8_t, features);
    laying->used_of = arena_new(scratch, uint32_t, features);
    laying->input_of = arena_new(scratch, uint32_t, features * 2);
    laying->rule_of = arena_new(scratch, uint32_t, laying->points_max + 1);
    if (laying->sketch == NULL || laying->frame == NULL || laying->last == NULL ||
        laying->last_side == NULL || laying->used_of == NULL || laying->input_of == NULL ||
        laying->rule_of == NULL)
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
    laying->tree = arena_new(arena, struct shap_tree, forest->tree_count);
    laying->share = arena_new(arena, double, branches);
    laying->before = arena_new(arena, double, branches);
    laying->feature = arena_new(arena, uint32_t, branches);
    laying->input = arena_new(arena, uint32_t, branches);
    laying->limit = arena_new(arena, int32_t, branches);
    laying->fork = arena_new(arena, struct shap_fork, branches);
    laying->leaves = arena_new(arena, struct shap_leaves, branches);
    laying->lone = arena_new(arena, double, branches);
    laying->repeat = arena_new(arena, struct shap_repeat, branches);
    laying->category = arena_new(arena, struct shap_category, categories);
    laying->point = arena_new(arena, double, points);
    laying->weight = arena_new(arena, double, points);
    return laying->tree != NULL && laying->share != NULL && laying->before != NULL &&
           laying->feature != NULL && laying->input != NULL && laying->limit != NULL &&
           laying->fork != NULL && laying->leaves != NULL && laying->lone != NULL &&
           laying->repeat != NULL && laying->category != NULL && laying->point != NULL &&
           laying->weight != NULL;
}

static void publish(const struct laying *laying, struct explainer *out)
{
    out->tree = laying->tree;
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
    for (size_t i = 0; i < forest->tree_count; i++)
        lay_tree(&laying, forest->root[i], tree_end(forest, i));
    publish(&laying, &built);
    shap_measure_scratch(&built);
    built.pairs_scratch = shap_pairs_scratch(&built);
    *out = built;
    return true;
}
