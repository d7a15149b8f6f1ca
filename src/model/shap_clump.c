#include "model/shap_build.h"

#include "model/shap_gauss.h"

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
static uint32_t walk(struct laying *laying, uint32_t first, uint32_t root)
{
    const struct node *nodes = laying->forest->node;
    uint32_t distinct_max = 0;
    size_t depth = 1;
    enter(laying, first, 0, root, 0, 1);
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

/* The clump's branches level by level, so that neighbours do not wait for each other. */
static size_t put_in_order(struct laying *laying, size_t tree, size_t end)
{
    const struct node *nodes = laying->forest->node;
    size_t count = 0;
    for (; tree < end; tree++)
        if (!node_is_leaf(&nodes[laying->forest->root[tree]]))
            laying->order[count++] = laying->forest->root[tree];
    for (size_t i = 0; i < count; i++)
        for (uint32_t side = 0; side < 2; side++) {
            uint32_t child = nodes[laying->order[i]].left + side;
            if (!node_is_leaf(&nodes[child]))
                laying->order[count++] = child;
        }
    return count;
}

static bool is_bottom(const struct node *nodes, uint32_t at)
{
    uint32_t left = nodes[at].left;
    return node_is_leaf(&nodes[left]) && node_is_leaf(&nodes[left + 1]);
}

/* Numbers the branches, upper before bottom, and of these the ones on a new feature before those on
 * one that was asked above; then the leaves beside a branch. */
static void number_slots(struct laying *laying, struct shap_clump *clump, uint32_t first,
                         size_t branches)
{
    const struct node *nodes = laying->forest->node;
    struct sketch *sketch = laying->sketch;
    uint32_t slot = 0;
    for (size_t i = 0; i < branches; i++)
        if (!is_bottom(nodes, laying->order[i]))
            sketch[laying->order[i] - first].slot = slot++;
    clump->upper = slot;
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < branches; i++) {
            struct sketch *at = &sketch[laying->order[i] - first];
            if (is_bottom(nodes, laying->order[i]) && (at->earlier != NONE) == again)
                at->slot = slot++;
        }
        clump->bottom = slot - clump->upper;
        if (!again)
            clump->bottom_first = clump->bottom;
    }
    for (size_t i = 0; i < branches; i++)
        for (uint32_t side = 0; side < 2; side++) {
            uint32_t child = nodes[laying->order[i]].left + side;
            if (!is_bottom(nodes, laying->order[i]) && node_is_leaf(&nodes[child]))
                sketch[child - first].slot = slot++;
        }
    clump->lone = slot - clump->upper - clump->bottom;
}

static void lay_below(struct laying *laying, const struct shap_clump *clump, uint32_t first,
                      const struct node *node, uint32_t slot)
{
    const struct forest *forest = laying->forest;
    if (slot >= clump->upper) {
        double left = shap_weight(forest, node->left), right = shap_weight(forest, node->left + 1);
        laying->leaves[clump->leaves + slot - clump->upper] =
            (struct shap_leaves){right, left - right};
        return;
    }
    uint32_t below[2];
    for (uint32_t side = 0; side < 2; side++) {
        uint32_t child = node->left + side;
        below[side] = laying->sketch[child - first].slot;
        if (node_is_leaf(&forest->node[child]))
            laying->lone[clump->lone_leaf + below[side] - clump->upper - clump->bottom] =
                shap_weight(forest, child);
    }
    laying->fork[clump->fork + slot] = (struct shap_fork){below[0], below[1]};
}

/* A branch comes after those above it, so in this order what it needs to know of them is known. */
static void lay_branch(struct laying *laying, struct shap_clump *clump, uint32_t first, uint32_t at)
{
    const struct node *node = &laying->forest->node[at];
    const struct sketch *sketch = &laying->sketch[at - first];
    size_t slot = clump->branch + sketch->slot;
    laying->share[slot] = sketch->share;
    laying->before[slot] = sketch->before;
    laying->feature[slot] = laying->used_of[node->feature];
    lay_below(laying, clump, first, node, sketch->slot);
    if (node->categorical) {
        laying->category[laying->end.category++] = (struct shap_category){sketch->slot, at};
        clump->categories++;
    } else {
        laying->input[slot] = laying->input_of[node->feature * (size_t)2 + node->missing_left];
        laying->limit[slot] = shap_key(node->threshold, false);
    }
    if (sketch->earlier == NONE)
        return;
    uint32_t earlier = laying->sketch[sketch->earlier].slot;
    laying->repeat[laying->end.repeat++] =
        (struct shap_repeat){.branch = sketch->slot, .earlier = earlier, .side = sketch->side};
    clump->repeats++;
}

static void lay_rule(struct laying *laying, struct shap_clump *clump)
{
    uint32_t *rule = &laying->rule_of[clump->points];
    if (*rule == NONE) {
        *rule = (uint32_t)laying->end.point;
        gauss_points(clump->points, laying->point + *rule, laying->weight + *rule);
        laying->end.point += clump->points;
        for (; laying->end.point % SHAP_POINTS != 0; laying->end.point++)
            laying->point[laying->end.point] = 0.5; /* of weight 0 */
    }
    clump->rule = *rule;
}

/* Walks its trees; with the most features on one path, and counts its roots. */
static uint32_t walk_trees(struct laying *laying, struct shap_clump *clump, uint32_t first)
{
    const struct forest *forest = laying->forest;
    uint32_t distinct_max = 0;
    for (size_t tree = clump->tree; tree < clump->tree_end; tree++) {
        uint32_t root = forest->root[tree];
        if (node_is_leaf(&forest->node[root])) {
            laying->out->expected += shap_weight(forest, root);
            continue;
        }
        uint32_t distinct = walk(laying, first, root);
        distinct_max = distinct > distinct_max ? distinct : distinct_max;
        clump->roots++;
    }
    return distinct_max;
}

static void grow_most(struct explainer *out, const struct shap_clump *clump)
{
    size_t branches = clump->upper + clump->bottom, slots = branches + clump->lone;
    out->branches_max = branches > out->branches_max ? branches : out->branches_max;
    out->slots_max = slots > out->slots_max ? slots : out->slots_max;
}

void shap_lay_clump(struct laying *laying, size_t tree, size_t end)
{
    uint32_t first = laying->forest->root[tree], last = shap_tree_end(laying->forest, end - 1);
    struct shap_clump clump = {
        .tree = (uint32_t)tree,
        .tree_end = (uint32_t)end,
        .root = (uint32_t)laying->end.root,
        .branch = (uint32_t)laying->end.branch,
        .fork = (uint32_t)laying->end.fork,
        .leaves = (uint32_t)laying->end.leaves,
        .lone_leaf = (uint32_t)laying->end.lone,
        .repeat = (uint32_t)laying->end.repeat,
        .category = (uint32_t)laying->end.category,
    };
    memset(laying->sketch, 0, (last - first) * sizeof *laying->sketch);
    clump.points = (walk_trees(laying, &clump, first) + 1) / 2;
    if (clump.roots == 0)
        return;
    size_t branches = put_in_order(laying, tree, end);
    number_slots(laying, &clump, first, branches);
    lay_rule(laying, &clump);
    for (size_t i = 0; i < branches; i++)
        lay_branch(laying, &clump, first, laying->order[i]);
    for (size_t i = 0; i < clump.roots; i++)
        laying->root[laying->end.root++] = laying->sketch[laying->order[i] - first].slot;
    laying->end.branch += branches;
    laying->end.fork += clump.upper;
    laying->end.leaves += clump.bottom;
    laying->end.lone += clump.lone;
    grow_most(laying->out, &clump);
    laying->clump[laying->out->clump_count++] = clump;
}
