/*
 * Trees of like shape are put side by side: each is turned so that the way with more branches comes
 * first, and stands beside those with about as many. Trees of up to eight different features on a
 * path are laid so, where the places that stay empty are no more than those that are taken.
 */
#include "model/lists.h"
#include "model/shap_build.h"

enum { POINTS_MAX = 4, INPUTS_MAX = 256, PASS_SLOTS = 1000 };

/* A branch by its number among all clumps', or a leaf. */
struct place {
    uint32_t branch; /* NONE: a leaf */
    uint32_t clump;
    double leaf;
};

/* A slot while its eight is laid out. */
struct bed {
    struct place tree[SHAP_EIGHT];
    uint32_t below[2]; /* beds, NONE: only leaves */
    uint32_t slot;
    uint32_t second_end; /* of a tip: a slot, even if there is no bed */
    bool again;          /* in some tree its feature was asked above */
};

struct tree {
    struct place root;
    uint32_t branches;
};

/* Where a gain stands in its pass, and whose it is. */
struct gain {
    uint32_t used, at;
};

struct eights {
    const struct explainer *x;
    struct arena *scratch;
    struct tree *tree;
    size_t trees;

    uint32_t *branches; /* by branch: it and those below it */
    uint32_t *earlier;  /* by branch: the one above that asks its feature, or NONE */
    uint8_t *side;      /* by branch: which way that one passed */
    bool *swapped;      /* by branch: the right way comes first */
    uint32_t *slot;     /* by branch, of its eight */

    struct pile bed;
    struct pile eight, share, input, limit, swapped_bits, rise, rises, ways, ends, lone, again;
    struct pile category;
    struct pile gain, pass, pick;
    size_t slots_max, gains_max, pass_slots;
    uint32_t plain_rise[POINTS_MAX + 1]; /* by points: in `rises`, NONE until there is one */
};

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

static struct place below(const struct eights *e, struct place at, bool second)
{
    return at.branch == NONE ? at : below_branch(e->x, at, second != e->swapped[at.branch]);
}

static uint32_t count_branches(const struct eights *e, struct place at)
{
    return at.branch == NONE ? 0 : e->branches[at.branch];
}

/* ---------------------------------------------------------------- what is known of each tree */

/* Branches below come after those above, so one pass from the back knows what is below each. */
static void measure_clump(struct eights *e, uint32_t number)
{
    const struct explainer *x = e->x;
    const struct shap_clump *clump = &x->clump[number];
    for (uint32_t slot = clump->upper + clump->bottom; slot-- > 0;) {
        struct place at = {clump->branch + slot, number, 0};
        uint32_t left = count_branches(e, below_branch(x, at, false));
        uint32_t right = count_branches(e, below_branch(x, at, true));
        e->branches[at.branch] = 1 + left + right;
        e->swapped[at.branch] = right > left;
        e->earlier[at.branch] = NONE;
    }
    for (uint32_t i = 0; i < clump->repeats; i++) {
        const struct shap_repeat *repeat = &x->repeat[clump->repeat + i];
        e->earlier[clump->branch + repeat->branch] = clump->branch + repeat->earlier;
        e->side[clump->branch + repeat->branch] = (uint8_t)repeat->side;
    }
    for (uint32_t i = 0; i < clump->roots; i++) {
        struct place root = {clump->branch + x->root[clump->root + i], number, 0};
        e->tree[e->trees++] = (struct tree){root, e->branches[root.branch]};
    }
}

static int by_branches(const void *a, const void *b)
{
    const struct tree *left = a, *right = b;
    if (left->branches != right->branches)
        return left->branches > right->branches ? -1 : 1;
    return (left->root.branch > right->root.branch) - (left->root.branch < right->root.branch);
}

static size_t all_branches(const struct explainer *x)
{
    const struct shap_clump *last = &x->clump[x->clump_count - 1];
    return last->branch + (size_t)last->upper + last->bottom;
}

static bool measure(struct eights *e)
{
    const struct explainer *x = e->x;
    size_t branches = all_branches(x);
    e->tree = arena_new(e->scratch, struct tree, x->forest.tree_count);
    e->branches = arena_new(e->scratch, uint32_t, branches);
    e->earlier = arena_new(e->scratch, uint32_t, branches);
    e->side = arena_new(e->scratch, uint8_t, branches);
    e->swapped = arena_new(e->scratch, bool, branches);
    e->slot = arena_new(e->scratch, uint32_t, branches);
    if (e->tree == NULL || e->branches == NULL || e->earlier == NULL || e->side == NULL ||
        e->swapped == NULL || e->slot == NULL)
        return false;
    for (uint32_t i = 0; i < x->clump_count; i++)
        measure_clump(e, i);
    qsort(e->tree, e->trees, sizeof *e->tree, by_branches);
    return true;
}

/* ---------------------------------------------------------------- the slots of an eight */

static bool any_branch(const struct place tree[SHAP_EIGHT])
{
    bool any = false;
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
        any |= tree[lane].branch != NONE;
    return any;
}

static bool is_upper(const struct bed *bed)
{
    return bed->below[0] != NONE;
}

static bool add_bed(struct eights *e, const struct place tree[SHAP_EIGHT], struct err *err)
{
    struct bed *bed = pile_add(&e->bed, sizeof *bed, 1, e->scratch, err);
    if (bed == NULL)
        return false;
    memcpy(bed->tree, tree, sizeof bed->tree);
    bed->slot = NONE;
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
        bed->again |= tree[lane].branch != NONE && e->earlier[tree[lane].branch] != NONE;
    return true;
}

/* All places at which any of eight trees branches, level by level. */
static bool spread(struct eights *e, const struct place root[SHAP_EIGHT], struct err *err)
{
    e->bed.count = 0;
    if (!add_bed(e, root, err))
        return false;
    for (size_t i = 0; i < e->bed.count; i++)
        for (int second = 0; second < 2; second++) {
            struct bed *bed = (struct bed *)e->bed.item + i;
            struct place tree[SHAP_EIGHT];
            for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
                tree[lane] = below(e, bed->tree[lane], second);
            bed->below[second] = any_branch(tree) ? (uint32_t)e->bed.count : NONE;
            if (bed->below[second] != NONE && !add_bed(e, tree, err))
                return false;
        }
    return true;
}

/* Those below which no slot has another below it. */
static bool is_tip(const struct eights *e, const struct bed *bed)
{
    const struct bed *beds = e->bed.item;
    return is_upper(bed) && !is_upper(&beds[bed->below[0]]) &&
           (bed->below[1] == NONE || !is_upper(&beds[bed->below[1]]));
}

/* As struct shap_eight has it. Beds come level by level, so a tip is met before its ends. */
static void number_beds(struct eights *e, struct shap_eight *eight)
{
    struct bed *bed = e->bed.item;
    for (size_t i = 0; i < e->bed.count; i++)
        if (is_upper(&bed[i]) && !is_tip(e, &bed[i])) {
            bed[i].slot = eight->upper++;
            eight->lone += bed[i].below[1] == NONE;
        }
    for (size_t i = 0; i < e->bed.count; i++)
        if (is_tip(e, &bed[i]))
            bed[i].slot = eight->upper + eight->tips++;
    uint32_t end = eight->upper + eight->tips, slot = end + eight->tips * 2;
    for (size_t i = 0; i < e->bed.count; i++) {
        if (is_tip(e, &bed[i])) {
            bed[bed[i].below[0]].slot = end++;
            bed[i].second_end = end++;
            if (bed[i].below[1] != NONE)
                bed[bed[i].below[1]].slot = bed[i].second_end;
        } else if (!is_upper(&bed[i]) && bed[i].slot == NONE) {
            bed[i].slot = slot + eight->bottom++;
        }
    }
    for (size_t i = 0; i < e->bed.count; i++)
        for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
            if (bed[i].tree[lane].branch != NONE)
                e->slot[bed[i].tree[lane].branch] = bed[i].slot;
}

/* ---------------------------------------------------------------- laying them out */

/* The T of all trees. */
static bool lay_rise(struct eights *e, const struct shap_eight *eight, const struct bed *bed,
                     struct err *err)
{
    ((uint32_t *)e->rise.item)[eight->slot + bed->slot] = (uint32_t)e->rises.count;
    struct shap_lanes *rise = pile_add(&e->rises, sizeof *rise, eight->points, e->scratch, err);
    for (size_t q = 0; rise != NULL && q < eight->points; q++)
        for (size_t lane = 0; lane < SHAP_EIGHT; lane++) {
            uint32_t branch = bed->tree[lane].branch;
            double t = e->x->point[eight->rule + q];
            double before = branch == NONE ? 1 : e->x->before[branch];
            rise[q].lane[lane] = t / (t + (1 - t) * before);
        }
    return rise != NULL;
}

/* Slots that ask nothing again have these T; until another one is laid, all slots do. */
static bool lay_plain_rises(struct eights *e, const struct shap_eight *eight, struct err *err)
{
    uint32_t *at = &e->plain_rise[eight->points], *rise = (uint32_t *)e->rise.item + eight->slot;
    if (*at == NONE) {
        *at = (uint32_t)e->rises.count;
        struct shap_lanes *plain =
            pile_add(&e->rises, sizeof *plain, eight->points, e->scratch, err);
        if (plain == NULL)
            return false;
        for (size_t i = 0; i < (size_t)eight->points * SHAP_EIGHT; i++)
            plain[i / SHAP_EIGHT].lane[i % SHAP_EIGHT] = e->x->point[eight->rule + i / SHAP_EIGHT];
    }
    for (size_t i = 0; i < shap_slots(eight); i++)
        rise[i] = *at;
    return true;
}

static bool lay_ways(struct eights *e, const struct shap_eight *eight, const struct bed *bed,
                     struct err *err)
{
    const struct bed *beds = e->bed.item;
    struct shap_ways *ways = (struct shap_ways *)e->ways.item + eight->ways + bed->slot;
    ways->first = beds[bed->below[0]].slot * eight->points;
    if (bed->below[1] != NONE) {
        ways->second = beds[bed->below[1]].slot * eight->points;
        return true;
    }
    size_t lone_slot = shap_slots(eight) + e->lone.count - eight->lone_leaf;
    ways->second = (uint32_t)lone_slot * eight->points;
    struct shap_lanes *lone = pile_add(&e->lone, sizeof *lone, 1, e->scratch, err);
    for (size_t lane = 0; lone != NULL && lane < SHAP_EIGHT; lane++)
        lone->lane[lane] = below(e, bed->tree[lane], true).leaf;
    return lone != NULL;
}

/* Between leaves, or at one. */
static void lay_ends(struct eights *e, const struct shap_eight *eight,
                     const struct place tree[SHAP_EIGHT], uint32_t slot)
{
    const struct shap_lanes *share = (const struct shap_lanes *)e->share.item + eight->slot + slot;
    struct shap_ends *ends =
        (struct shap_ends *)e->ends.item + eight->ends + slot - eight->upper - eight->tips;
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++) {
        double first = below(e, tree[lane], false).leaf, second = below(e, tree[lane], true).leaf;
        ends->step.lane[lane] = first - second;
        ends->base.lane[lane] = second + share->lane[lane] * (first - second);
    }
}

/* The second end of a tip, where all trees have a leaf. */
static void lay_leaves(struct eights *e, const struct shap_eight *eight, const struct bed *tip)
{
    struct place leaf[SHAP_EIGHT];
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
        leaf[lane] = below(e, tip->tree[lane], true);
    lay_ends(e, eight, leaf, tip->second_end);
}

static bool lay_category(struct eights *e, struct shap_eight *eight, const struct bed *bed,
                         uint32_t lane, struct err *err)
{
    const struct shap_clump *clump = &e->x->clump[bed->tree[lane].clump];
    for (uint32_t i = 0; i < clump->categories; i++) {
        const struct shap_category *category = &e->x->category[clump->category + i];
        if (clump->branch + category->branch != bed->tree[lane].branch)
            continue;
        struct shap_eight_category *to = pile_add(&e->category, sizeof *to, 1, e->scratch, err);
        if (to == NULL)
            return false;
        *to = (struct shap_eight_category){bed->slot, lane, category->node};
        eight->categories++;
        size_t at = (eight->slot + bed->slot) * (size_t)SHAP_EIGHT + lane;
        ((int32_t *)e->limit.item)[at] = INT32_MIN; /* no key is below it */
    }
    return true;
}

/* A slot's entries stand together, the latest slot's last. */
static struct shap_again *find_again(const struct eights *e, const struct shap_eight *eight,
                                     uint32_t slot, uint32_t earlier)
{
    struct shap_again *again = (struct shap_again *)e->again.item + eight->repeat;
    for (size_t at = eight->repeats; at-- > 0 && again[at].slot == slot;)
        if (again[at].earlier == earlier)
            return &again[at];
    return NULL;
}

/* All branches above that ask its feature; trees that ask it at the same place share an entry. */
static bool lay_again(struct eights *e, struct shap_eight *eight, const struct bed *bed,
                      uint32_t lane, struct err *err)
{
    uint32_t branch = bed->tree[lane].branch;
    for (; e->earlier[branch] != NONE; branch = e->earlier[branch]) {
        uint32_t earlier = e->earlier[branch];
        bool first = (e->side[branch] == SHAP_RIGHT) == e->swapped[earlier];
        struct shap_again *again = find_again(e, eight, bed->slot, e->slot[earlier]);
        if (again == NULL) {
            again = pile_add(&e->again, sizeof *again, 1, e->scratch, err);
            if (again == NULL)
                return false;
            *again = (struct shap_again){.slot = (uint16_t)bed->slot,
                                         .earlier = (uint16_t)e->slot[earlier],
                                         .otherwise = UINT8_MAX};
            eight->repeats++;
        }
        again->asks |= (uint8_t)(1U << lane);
        if (first)
            again->otherwise &= (uint8_t) ~(1U << lane);
    }
    return true;
}

static bool lay_branch(struct eights *e, struct shap_eight *eight, const struct bed *bed,
                       uint32_t lane, struct err *err)
{
    const struct explainer *x = e->x;
    size_t slot = eight->slot + bed->slot;
    uint32_t branch = bed->tree[lane].branch;
    struct gain *gain = pile_add(&e->gain, sizeof *gain, 1, e->scratch, err);
    if (gain == NULL)
        return false;
    /* what stands before the first gain of a pass is 0 */
    uint32_t at = (uint32_t)(1 + e->pass_slots + bed->slot) * SHAP_EIGHT + lane;
    *gain = (struct gain){x->feature[branch], at};
    double share = x->share[branch];
    ((struct shap_lanes *)e->share.item)[slot].lane[lane] = e->swapped[branch] ? 1 - share : share;
    ((uint8_t *)e->input.item)[slot * SHAP_EIGHT + lane] = (uint8_t)x->input[branch];
    ((int32_t *)e->limit.item)[slot * SHAP_EIGHT + lane] = x->limit[branch];
    if (e->swapped[branch])
        ((uint8_t *)e->swapped_bits.item)[slot] |= (uint8_t)(1U << lane);
    return lay_category(e, eight, bed, lane, err) && lay_again(e, eight, bed, lane, err);
}

static bool make_place(struct eights *e, const struct shap_eight *eight, struct err *err)
{
    size_t slots = shap_slots(eight), ends = slots - eight->upper - eight->tips;
    return pile_add(&e->share, sizeof(struct shap_lanes), slots, e->scratch, err) != NULL &&
           pile_add(&e->input, 1, slots * SHAP_EIGHT, e->scratch, err) != NULL &&
           pile_add(&e->limit, sizeof(int32_t), slots * SHAP_EIGHT, e->scratch, err) != NULL &&
           pile_add(&e->swapped_bits, 1, slots, e->scratch, err) != NULL &&
           pile_add(&e->rise, sizeof(uint32_t), slots, e->scratch, err) != NULL &&
           (eight->upper == 0 ||
            pile_add(&e->ways, sizeof(struct shap_ways), eight->upper, e->scratch, err) != NULL) &&
           pile_add(&e->ends, sizeof(struct shap_ends), ends, e->scratch, err) != NULL;
}

/* Neighbours are of different slots, so that none waits for the one before it. */
static int by_earlier(const void *a, const void *b)
{
    const struct shap_again *left = a, *right = b;
    if (left->earlier != right->earlier)
        return left->earlier - right->earlier;
    return left->slot - right->slot;
}

static bool lay_beds(struct eights *e, struct shap_eight *eight, struct err *err)
{
    const struct bed *bed = e->bed.item;
    for (size_t i = 0; i < e->bed.count; i++) {
        for (uint32_t lane = 0; lane < SHAP_EIGHT; lane++)
            if (bed[i].tree[lane].branch != NONE && !lay_branch(e, eight, &bed[i], lane, err))
                return false;
        if (bed[i].again && !lay_rise(e, eight, &bed[i], err))
            return false;
        if (!is_upper(&bed[i]))
            lay_ends(e, eight, bed[i].tree, bed[i].slot);
        else if (is_tip(e, &bed[i]) && bed[i].below[1] == NONE)
            lay_leaves(e, eight, &bed[i]);
        else if (!is_tip(e, &bed[i]) && !lay_ways(e, eight, &bed[i], err))
            return false;
    }
    qsort((struct shap_again *)e->again.item + eight->repeat, eight->repeats,
          sizeof(struct shap_again), by_earlier);
    return true;
}

/* ---------------------------------------------------------------- the sum of each feature */

static int by_feature(const void *a, const void *b)
{
    const struct gain *left = a, *right = b;
    if (left->used != right->used)
        return left->used < right->used ? -1 : 1;
    return (left->at > right->at) - (left->at < right->at);
}

/* Four gains of each feature, then four more: so none waits for the sum that it is added to. */
static bool end_pass(struct eights *e, struct err *err)
{
    struct gain *gain = e->gain.item;
    size_t count = e->gain.count, first_pick = e->pick.count;
    qsort(gain, count, sizeof *gain, by_feature);
    for (size_t turn = 0, left = count; left > 0; turn++)
        for (size_t i = 0, end; i < count; i = end) {
            for (end = i; end < count && gain[end].used == gain[i].used; end++)
                ;
            if (i + turn * 4 >= end)
                continue;
            struct shap_pick *pick = pile_add(&e->pick, sizeof *pick, 1, e->scratch, err);
            if (pick == NULL)
                return false;
            pick->total = (uint16_t)(gain[i].used * SHAP_TOTALS + turn % SHAP_TOTALS);
            for (size_t at = i + turn * 4; at < end && at < i + turn * 4 + 4; at++, left--)
                pick->gain[at - i - turn * 4] = (uint16_t)gain[at].at;
        }
    struct shap_pass *pass = pile_add(&e->pass, sizeof *pass, 1, e->scratch, err);
    if (pass == NULL)
        return false;
    *pass = (struct shap_pass){(uint32_t)e->eight.count, (uint32_t)first_pick,
                               (uint32_t)(e->pick.count - first_pick)};
    e->gain.count = 0;
    e->gains_max = e->pass_slots > e->gains_max ? e->pass_slots : e->gains_max;
    e->pass_slots = 0;
    return true;
}

/* ---------------------------------------------------------------- all eights */

static bool add_eight(struct eights *e, const struct tree *tree, size_t trees, struct err *err)
{
    struct place root[SHAP_EIGHT];
    struct shap_eight eight = {
        .slot = (uint32_t)e->share.count,
        .ways = (uint32_t)e->ways.count,
        .ends = (uint32_t)e->ends.count,
        .lone_leaf = (uint32_t)e->lone.count,
        .repeat = (uint32_t)e->again.count,
        .category = (uint32_t)e->category.count,
    };
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++) {
        root[lane] = lane < trees ? tree[lane].root : (struct place){NONE, 0, 0};
        const struct shap_clump *clump = &e->x->clump[root[lane].clump];
        if (lane < trees && clump->points > eight.points) {
            eight.points = clump->points;
            eight.rule = clump->rule;
        }
    }
    if (!spread(e, root, err))
        return false;
    number_beds(e, &eight);
    size_t slots = shap_slots(&eight);
    if (e->pass_slots > 0 && e->pass_slots + slots > PASS_SLOTS && !end_pass(e, err))
        return false;
    if (!make_place(e, &eight, err) || !lay_plain_rises(e, &eight, err) ||
        !lay_beds(e, &eight, err))
        return false;
    e->pass_slots += slots;
    slots += eight.lone;
    e->slots_max = slots > e->slots_max ? slots : e->slots_max;
    struct shap_eight *to = pile_add(&e->eight, sizeof *to, 1, e->scratch, err);
    if (to != NULL)
        *to = eight;
    return to != NULL;
}

static bool may_be_laid(const struct explainer *x)
{
    for (size_t i = 0; i < x->clump_count; i++)
        if (x->clump[i].points > POINTS_MAX)
            return false;
    return x->clump_count > 0 && x->input_count <= INPUTS_MAX && x->used_count <= INPUTS_MAX;
}

/* What is read sixteen at a time may be read past the last slot. */
static void *settle(const struct pile *pile, size_t size, size_t spare, struct arena *arena)
{
    void *room = arena_lines(arena, size, pile->count + spare);
    if (room != NULL && pile->count > 0)
        memcpy(room, pile->item, size * pile->count);
    return room;
}

static bool publish(const struct eights *e, struct arena *arena, struct shap_eights *out)
{
    *out = (struct shap_eights){
        .count = e->eight.count,
        .eight = settle(&e->eight, sizeof *out->eight, 0, arena),
        .share = settle(&e->share, sizeof *out->share, 0, arena),
        .input = settle(&e->input, sizeof *out->input, SHAP_EIGHT, arena),
        .limit = settle(&e->limit, sizeof *out->limit, SHAP_EIGHT, arena),
        .swapped = settle(&e->swapped_bits, 1, 0, arena),
        .rise = settle(&e->rise, sizeof *out->rise, 0, arena),
        .rises = settle(&e->rises, sizeof *out->rises, 0, arena),
        .ways = settle(&e->ways, sizeof *out->ways, 0, arena),
        .ends = settle(&e->ends, sizeof *out->ends, 0, arena),
        .lone = settle(&e->lone, sizeof *out->lone, 0, arena),
        .again = settle(&e->again, sizeof *out->again, 0, arena),
        .category = settle(&e->category, sizeof *out->category, 0, arena),
        .pass_count = e->pass.count,
        .pass = settle(&e->pass, sizeof *out->pass, 0, arena),
        .pick = settle(&e->pick, sizeof *out->pick, 0, arena),
        .slots_max = e->slots_max,
        .gains_max = e->gains_max,
    };
    return out->eight != NULL && out->share != NULL && out->input != NULL && out->limit != NULL &&
           out->swapped != NULL && out->ways != NULL && out->ends != NULL && out->lone != NULL &&
           out->rise != NULL && out->rises != NULL && out->again != NULL && out->category != NULL &&
           out->pass != NULL && out->pick != NULL;
}

bool shap_lay_eights(struct explainer *explainer, struct arena *arena, struct arena *scratch,
                     struct err *err)
{
    struct eights e = {.x = explainer, .scratch = scratch};
    memset(e.plain_rise, UINT8_MAX, sizeof e.plain_rise);
    if (!may_be_laid(explainer))
        return true;
    if (!measure(&e))
        return err_set(err, ERR_LIMIT, "explaining the model does not fit the memory limit");
    size_t taken = all_branches(explainer);
    for (size_t tree = 0; tree < e.trees; tree += SHAP_EIGHT) {
        size_t trees = e.trees - tree < SHAP_EIGHT ? e.trees - tree : SHAP_EIGHT;
        if (!add_eight(&e, e.tree + tree, trees, err))
            return false;
        if (e.slots_max > PASS_SLOTS || e.share.count * SHAP_EIGHT > 2 * taken + SHAP_EIGHT * 64)
            return true;
    }
    return end_pass(&e, err) && publish(&e, arena, &explainer->eights);
}
