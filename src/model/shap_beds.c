#include "model/shap_beds.h"

static struct place place_of(const struct explainer *x, uint32_t clump, uint32_t slot)
{
    const struct shap_clump *at = &x->clump[clump];
    uint32_t branches = at->upper + at->bottom;
    if (slot < branches)
        return (struct place){at->branch + slot, clump, 0};
    return (struct place){NONE, clump, x->lone[at->lone_leaf + slot - branches]};
}

/* What stands below a branch on the left, or on the right. */
static struct place below_branch(const struct explainer *x, struct place branch, bool right)
{
    const struct shap_clump *clump = &x->clump[branch.clump];
    uint32_t slot = branch.branch - clump->branch;
    if (slot < clump->upper) {
        const struct shap_fork *fork = &x->fork[clump->fork + slot];
        return place_of(x, branch.clump, right ? fork->right : fork->left);
    }
    const struct shap_leaves *leaves = &x->leaves[clump->leaves + slot - clump->upper];
    return (struct place){NONE, branch.clump, right ? leaves->right : leaves->right + leaves->step};
}

struct place beds_below(const struct beds *b, struct place at, bool second)
{
    if (at.branch == NONE)
        return at;
    return below_branch(b->explainer, at, second != b->swapped[at.branch]);
}

static uint32_t count_branches(const struct beds *b, struct place at)
{
    return at.branch == NONE ? 0 : b->branches[at.branch];
}

/* ---------------------------------------------------------------- what is known of each tree */

/* Branches below come after those above, so one pass from the back knows what is below each. */
static void measure_clump(struct beds *b, uint32_t number)
{
    const struct explainer *x = b->explainer;
    const struct shap_clump *clump = &x->clump[number];
    for (uint32_t slot = clump->upper + clump->bottom; slot-- > 0;) {
        struct place at = {clump->branch + slot, number, 0};
        uint32_t left = count_branches(b, below_branch(x, at, false));
        uint32_t right = count_branches(b, below_branch(x, at, true));
        b->branches[at.branch] = 1 + left + right;
        b->swapped[at.branch] = right > left;
        b->earlier[at.branch] = b->category[at.branch] = NONE;
    }
    for (uint32_t i = 0; i < clump->categories; i++) {
        const struct shap_category *category = &x->category[clump->category + i];
        b->category[clump->branch + category->branch] = category->node;
    }
    for (uint32_t i = 0; i < clump->repeats; i++) {
        const struct shap_repeat *repeat = &x->repeat[clump->repeat + i];
        b->earlier[clump->branch + repeat->branch] = clump->branch + repeat->earlier;
        b->side[clump->branch + repeat->branch] = (uint8_t)repeat->side;
    }
    for (uint32_t i = 0; i < clump->roots; i++) {
        struct place root = {clump->branch + x->root[clump->root + i], number, 0};
        b->tree[b->trees++] = (struct beds_tree){root, b->branches[root.branch]};
    }
}

static int by_branches(const void *a, const void *b)
{
    const struct beds_tree *left = a, *right = b;
    if (left->branches != right->branches)
        return left->branches > right->branches ? -1 : 1;
    return (left->root.branch > right->root.branch) - (left->root.branch < right->root.branch);
}

bool beds_measure(struct beds *b)
{
    const struct explainer *x = b->explainer;
    size_t branches = shap_branches(x);
    b->tree = arena_new(b->scratch, struct beds_tree, x->forest.tree_count);
    b->branches = arena_new(b->scratch, uint32_t, branches);
    b->earlier = arena_new(b->scratch, uint32_t, branches);
    b->side = arena_new(b->scratch, uint8_t, branches);
    b->category = arena_new(b->scratch, uint32_t, branches);
    b->swapped = arena_new(b->scratch, bool, branches);
    b->slot = arena_new(b->scratch, uint32_t, branches);
    if (b->tree == NULL || b->branches == NULL || b->earlier == NULL || b->side == NULL ||
        b->category == NULL || b->swapped == NULL || b->slot == NULL)
        return false;
    for (uint32_t i = 0; i < x->clump_count; i++)
        measure_clump(b, i);
    qsort(b->tree, b->trees, sizeof *b->tree, by_branches);
    return true;
}

/* ---------------------------------------------------------------- the slots of a stand */

static bool add_bed(struct beds *b, const struct place tree[SHAP_EIGHT], struct err *err)
{
    struct bed *bed = pile_add(&b->bed, sizeof *bed, 1, b->scratch, err);
    if (bed == NULL)
        return false;
    memcpy(bed->tree, tree, sizeof bed->tree);
    bed->slot = NONE;
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
        bed->again |= tree[lane].branch != NONE && b->earlier[tree[lane].branch] != NONE;
    return true;
}

static bool any_branch(const struct place tree[SHAP_EIGHT])
{
    bool any = false;
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
        any |= tree[lane].branch != NONE;
    return any;
}

static bool add_roots(struct beds *b, size_t tree, size_t end, struct err *err)
{
    b->bed.count = 0;
    for (; tree < end; tree += SHAP_EIGHT) {
        struct place root[SHAP_EIGHT];
        for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
            root[lane] = tree + lane < end ? b->tree[tree + lane].root : (struct place){NONE, 0, 0};
        if (!add_bed(b, root, err))
            return false;
    }
    return true;
}

/* All places at which any tree of an eight branches, level by level. */
static bool add_all(struct beds *b, struct err *err)
{
    for (size_t i = 0; i < b->bed.count && b->bed.count <= BEDS_MAX; i++)
        for (int second = 0; second < 2; second++) {
            struct bed *bed = (struct bed *)b->bed.item + i;
            struct place tree[SHAP_EIGHT];
            for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
                tree[lane] = beds_below(b, bed->tree[lane], second);
            bed->below[second] = any_branch(tree) ? (uint32_t)b->bed.count : NONE;
            if (bed->below[second] != NONE && !add_bed(b, tree, err))
                return false;
        }
    return true;
}

static bool is_tip(const struct bed *beds, const struct bed *bed)
{
    return bed_is_upper(bed) && !bed_is_upper(&beds[bed->below[0]]) &&
           (bed->below[1] == NONE || !bed_is_upper(&beds[bed->below[1]]));
}

/* As struct shap_stand has it. */
static void number_beds(struct beds *b, struct shap_stand *stand)
{
    struct bed *bed = b->bed.item;
    for (size_t i = 0; i < b->bed.count; i++) {
        bed[i].tip = is_tip(bed, &bed[i]);
        if (!bed_is_upper(&bed[i]) || bed[i].tip)
            continue;
        bed[i].slot = stand->upper++;
        stand->lone += bed[i].below[1] == NONE;
    }
    for (size_t i = 0; i < b->bed.count; i++) {
        if (!bed[i].tip)
            continue;
        bed[i].slot = stand->upper + stand->tips++ * SHAP_TIP;
        for (uint32_t end = 0; end < 2; end++)
            if (bed[i].below[end] != NONE)
                bed[bed[i].below[end]].slot = bed[i].slot + 1 + end;
    }
    for (size_t i = 0; i < b->bed.count; i++)
        if (bed[i].slot == NONE)
            bed[i].slot = stand->upper + stand->tips * SHAP_TIP + stand->bottom++;
    for (size_t i = 0; i < b->bed.count; i++)
        for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
            if (bed[i].tree[lane].branch != NONE)
                b->slot[bed[i].tree[lane].branch] = bed[i].slot;
}

bool beds_spread(struct beds *b, size_t tree, size_t end, struct shap_stand *stand, struct err *err)
{
    if (!add_roots(b, tree, end, err) || !add_all(b, err))
        return false;
    if (b->bed.count <= BEDS_MAX)
        number_beds(b, stand);
    return true;
}
