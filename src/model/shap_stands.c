/*
 * The arrays of struct shap_stands. Trees of up to eight different features on a path are laid so,
 * where the places that stay empty are no more than those that are taken.
 */
#include "model/shap_beds.h"

enum {
    POINTS_MAX = 4,
    INPUTS_MAX = 256,
    DEPTH_MAX = 32,      /* what one slot asks again is written down for each that asked before */
    FEW_BRANCHES = 256,  /* below which no place is too many */
    STAND_BRANCHES = 64, /* enough at once that none waits for the one before it */
    PASS_SLOTS = 256,    /* whose gains leave the first cache room for the rest */
    /* More would ask for gigabytes while they are laid out, of a model that takes milliseconds. */
    BRANCHES_MAX = 1 << 20,
};

/* Where a gain stands in its pass, whose it is, and which four of that feature's it is among. */
struct gain {
    uint32_t used, at, turn;
};

/* What is laid out; as many piles as struct shap_stands has arrays. */
struct stands {
    const struct explainer *x;
    struct arena *scratch;
    struct beds beds;
    struct pile stand, root, share, input, limit, swapped, rise, rises, ways, ends, lone, again;
    struct pile category, pass, pick, gain;
    size_t slots_max, gains_max, points_max, pass_slots;
    uint32_t again_of[BEDS_SLOTS_MAX];   /* by slot: the latest entry of `again` that asks it */
    uint32_t plain_rise[POINTS_MAX + 1]; /* by points: in `rises`, NONE until there is one */
};

/* The T of all trees. */
static bool lay_rise(struct stands *e, const struct shap_stand *stand, const struct bed *bed,
                     struct err *err)
{
    ((uint32_t *)e->rise.item)[stand->slot + bed->slot] = (uint32_t)e->rises.count;
    struct shap_lanes *rise = pile_add(&e->rises, sizeof *rise, stand->points, e->scratch, err);
    for (size_t q = 0; rise != NULL && q < stand->points; q++)
        for (size_t lane = 0; lane < SHAP_EIGHT; lane++) {
            uint32_t branch = bed->tree[lane].branch;
            double t = e->x->point[stand->rule + q];
            double before = branch == NONE ? 1 : e->x->before[branch];
            rise[q].lane[lane] = t / (t + (1 - t) * before);
        }
    return rise != NULL;
}

/* Slots that ask nothing again have these T; until another one is laid, all slots do. */
static bool lay_plain_rises(struct stands *e, const struct shap_stand *stand, struct err *err)
{
    uint32_t *at = &e->plain_rise[stand->points], *rise = (uint32_t *)e->rise.item + stand->slot;
    if (*at == NONE) {
        *at = (uint32_t)e->rises.count;
        struct shap_lanes *plain =
            pile_add(&e->rises, sizeof *plain, stand->points, e->scratch, err);
        if (plain == NULL)
            return false;
        for (size_t i = 0; i < (size_t)stand->points * SHAP_EIGHT; i++)
            plain[i / SHAP_EIGHT].lane[i % SHAP_EIGHT] = e->x->point[stand->rule + i / SHAP_EIGHT];
    }
    for (size_t i = 0; i < shap_slots(stand); i++)
        rise[i] = *at;
    return true;
}

static bool lay_ways(struct stands *e, const struct shap_stand *stand, const struct bed *bed,
                     struct err *err)
{
    const struct bed *beds = e->beds.bed.item;
    struct shap_ways *ways = (struct shap_ways *)e->ways.item + stand->ways + bed->slot;
    ways->first = beds[bed->below[0]].slot * stand->points;
    if (bed->below[1] != NONE) {
        ways->second = beds[bed->below[1]].slot * stand->points;
        return true;
    }
    size_t lone_slot = shap_slots(stand) + e->lone.count - stand->lone_leaf;
    ways->second = (uint32_t)lone_slot * stand->points;
    struct shap_lanes *lone = pile_add(&e->lone, sizeof *lone, 1, e->scratch, err);
    for (size_t lane = 0; lone != NULL && lane < SHAP_EIGHT; lane++)
        lone->lane[lane] = beds_below(&e->beds, bed->tree[lane], true).leaf;
    return lone != NULL;
}

/* A tip's ends come before those at the bottom. */
static uint32_t end_of(const struct shap_stand *stand, uint32_t slot)
{
    uint32_t past = slot - stand->upper, tips = stand->tips * SHAP_TIP;
    return past < tips ? past / SHAP_TIP * 2 + past % SHAP_TIP - 1 : stand->tips * 2 + past - tips;
}

/* Between leaves, or at one. */
static void lay_ends(struct stands *e, const struct shap_stand *stand,
                     const struct place tree[SHAP_EIGHT], uint32_t slot)
{
    const struct shap_lanes *share = (const struct shap_lanes *)e->share.item + stand->slot + slot;
    struct shap_ends *ends = (struct shap_ends *)e->ends.item + stand->ends + end_of(stand, slot);
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++) {
        double first = beds_below(&e->beds, tree[lane], false).leaf,
               second = beds_below(&e->beds, tree[lane], true).leaf;
        ends->step.lane[lane] = first - second;
        ends->base.lane[lane] = second + share->lane[lane] * (first - second);
    }
}

/* The second end of a tip, where all trees have a leaf. */
static void lay_leaves(struct stands *e, const struct shap_stand *stand, const struct bed *tip)
{
    struct place leaf[SHAP_EIGHT];
    for (size_t lane = 0; lane < SHAP_EIGHT; lane++)
        leaf[lane] = beds_below(&e->beds, tip->tree[lane], true);
    lay_ends(e, stand, leaf, tip->slot + 2);
}

static bool lay_category(struct stands *e, struct shap_stand *stand, const struct bed *bed,
                         uint32_t lane, struct err *err)
{
    uint32_t node = e->beds.category[bed->tree[lane].branch];
    if (node == NONE)
        return true;
    struct shap_stand_category *to = pile_add(&e->category, sizeof *to, 1, e->scratch, err);
    if (to == NULL)
        return false;
    *to = (struct shap_stand_category){bed->slot, lane, node};
    stand->categories++;
    size_t at = (stand->slot + bed->slot) * (size_t)SHAP_EIGHT + lane;
    ((int32_t *)e->limit.item)[at] = INT32_MIN; /* no key is below it */
    return true;
}

/* The latest entry that asks `earlier` says whether it does so for this slot: none is looked for
 * among all the entries of a deep one. */
static struct shap_again *find_again(const struct stands *e, const struct shap_stand *stand,
                                     uint32_t slot, uint32_t earlier)
{
    struct shap_again *all = e->again.item;
    uint32_t at = e->again_of[earlier];
    bool known = at >= stand->repeat && at < e->again.count && all[at].slot == slot &&
                 all[at].earlier == earlier;
    return known ? &all[at] : NULL;
}

/* All branches above that ask its feature; trees that ask it at the same place share an entry. */
static bool lay_again(struct stands *e, struct shap_stand *stand, const struct bed *bed,
                      uint32_t lane, struct err *err)
{
    uint32_t branch = bed->tree[lane].branch;
    for (; e->beds.earlier[branch] != NONE; branch = e->beds.earlier[branch]) {
        uint32_t earlier = e->beds.earlier[branch];
        bool first = (e->beds.side[branch] == SHAP_RIGHT) == e->beds.swapped[earlier];
        struct shap_again *again = find_again(e, stand, bed->slot, e->beds.slot[earlier]);
        if (again == NULL) {
            again = pile_add(&e->again, sizeof *again, 1, e->scratch, err);
            if (again == NULL)
                return false;
            e->again_of[e->beds.slot[earlier]] = (uint32_t)e->again.count - 1;
            *again = (struct shap_again){.slot = (uint16_t)bed->slot,
                                         .earlier = (uint16_t)e->beds.slot[earlier],
                                         .otherwise = UINT8_MAX};
            stand->repeats++;
        }
        again->asks |= (uint8_t)(1U << lane);
        if (first)
            again->otherwise &= (uint8_t) ~(1U << lane);
    }
    return true;
}

static bool lay_branch(struct stands *e, struct shap_stand *stand, const struct bed *bed,
                       uint32_t lane, struct err *err)
{
    const struct explainer *x = e->x;
    size_t slot = stand->slot + bed->slot;
    uint32_t branch = bed->tree[lane].branch;
    struct gain *gain = pile_add(&e->gain, sizeof *gain, 1, e->scratch, err);
    if (gain == NULL)
        return false;
    /* what stands before the first gain of a pass is 0 */
    uint32_t at = (uint32_t)(1 + e->pass_slots + bed->slot) * SHAP_EIGHT + lane;
    *gain = (struct gain){.used = x->feature[branch], .at = at};
    double share = x->share[branch];
    ((struct shap_lanes *)e->share.item)[slot].lane[lane] =
        e->beds.swapped[branch] ? 1 - share : share;
    ((uint8_t *)e->input.item)[slot * SHAP_EIGHT + lane] = (uint8_t)x->input[branch];
    ((int32_t *)e->limit.item)[slot * SHAP_EIGHT + lane] = x->limit[branch];
    if (e->beds.swapped[branch])
        ((uint8_t *)e->swapped.item)[slot] |= (uint8_t)(1U << lane);
    return lay_category(e, stand, bed, lane, err) && lay_again(e, stand, bed, lane, err);
}

static bool make_place(struct stands *e, const struct shap_stand *stand, struct err *err)
{
    size_t slots = shap_slots(stand), ends = stand->tips * (size_t)2 + stand->bottom;
    return pile_add(&e->share, sizeof(struct shap_lanes), slots, e->scratch, err) != NULL &&
           pile_add(&e->input, 1, slots * SHAP_EIGHT, e->scratch, err) != NULL &&
           pile_add(&e->limit, sizeof(int32_t), slots * SHAP_EIGHT, e->scratch, err) != NULL &&
           pile_add(&e->swapped, 1, slots, e->scratch, err) != NULL &&
           pile_add(&e->rise, sizeof(uint32_t), slots, e->scratch, err) != NULL &&
           (stand->upper == 0 ||
            pile_add(&e->ways, sizeof(struct shap_ways), stand->upper, e->scratch, err) != NULL) &&
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

static bool lay_beds(struct stands *e, struct shap_stand *stand, struct err *err)
{
    const struct bed *bed = e->beds.bed.item;
    for (size_t i = 0; i < e->beds.bed.count; i++) {
        for (uint32_t lane = 0; lane < SHAP_EIGHT; lane++)
            if (bed[i].tree[lane].branch != NONE && !lay_branch(e, stand, &bed[i], lane, err))
                return false;
        if (bed[i].again && !lay_rise(e, stand, &bed[i], err))
            return false;
        if (!bed_is_upper(&bed[i]))
            lay_ends(e, stand, bed[i].tree, bed[i].slot);
        else if (bed[i].tip && bed[i].below[1] == NONE)
            lay_leaves(e, stand, &bed[i]);
        else if (!bed[i].tip && !lay_ways(e, stand, &bed[i], err))
            return false;
    }
    if (stand->repeats > 0)
        qsort((struct shap_again *)e->again.item + stand->repeat, stand->repeats,
              sizeof(struct shap_again), by_earlier);
    return true;
}

/* ---------------------------------------------------------------- the sum of each feature */

static int by_feature(const void *a, const void *b)
{
    const struct gain *left = a, *right = b;
    if (left->turn != right->turn)
        return left->turn < right->turn ? -1 : 1;
    if (left->used != right->used)
        return left->used < right->used ? -1 : 1;
    return (left->at > right->at) - (left->at < right->at);
}

/* Four gains of each feature, then four more: so none waits for the sum that it is added to. */
static void take_turns(struct gain *gain, size_t count)
{
    qsort(gain, count, sizeof *gain, by_feature);
    for (size_t i = 0, first = 0; i < count; i++) {
        first = gain[i].used == gain[first].used ? first : i;
        gain[i].turn = (uint32_t)(i - first) / 4;
    }
    qsort(gain, count, sizeof *gain, by_feature);
}

static bool end_pass(struct stands *e, struct err *err)
{
    const struct gain *gain = e->gain.item;
    size_t count = e->gain.count, first_pick = e->pick.count;
    take_turns(e->gain.item, count);
    for (size_t i = 0, end; i < count; i = end) {
        struct shap_pick *pick = pile_add(&e->pick, sizeof *pick, 1, e->scratch, err);
        if (pick == NULL)
            return false;
        pick->total = (uint16_t)(gain[i].used * SHAP_TOTALS + gain[i].turn % SHAP_TOTALS);
        for (end = i;
             end < count && gain[end].used == gain[i].used && gain[end].turn == gain[i].turn; end++)
            pick->gain[end - i] = (uint16_t)gain[end].at;
    }
    struct shap_pass *pass = pile_add(&e->pass, sizeof *pass, 1, e->scratch, err);
    if (pass == NULL)
        return false;
    *pass = (struct shap_pass){(uint32_t)e->stand.count, (uint32_t)first_pick,
                               (uint32_t)(e->pick.count - first_pick)};
    e->gain.count = 0;
    e->gains_max = e->pass_slots > e->gains_max ? e->pass_slots : e->gains_max;
    e->pass_slots = 0;
    return true;
}

/* ---------------------------------------------------------------- all stands */

/* The most points that any of its trees wants. */
static void find_rule(const struct stands *e, size_t tree, size_t end, struct shap_stand *stand)
{
    for (; tree < end; tree++) {
        const struct shap_clump *clump = &e->x->clump[e->beds.tree[tree].root.clump];
        if (clump->points <= stand->points)
            continue;
        stand->points = clump->points;
        stand->rule = clump->rule;
    }
}

static bool lay_roots(struct stands *e, const struct shap_stand *stand, struct err *err)
{
    const struct bed *bed = e->beds.bed.item;
    uint32_t *root = pile_add(&e->root, sizeof *root, stand->roots, e->scratch, err);
    for (size_t i = 0; root != NULL && i < stand->roots; i++)
        root[i] = bed[i].slot * stand->points;
    return root != NULL;
}

static bool add_stand(struct stands *e, size_t tree, size_t end, struct err *err)
{
    struct shap_stand stand = {
        .slot = (uint32_t)e->share.count,
        .root = (uint32_t)e->root.count,
        .roots = (uint32_t)((end - tree + SHAP_EIGHT - 1) / SHAP_EIGHT),
        .ways = (uint32_t)e->ways.count,
        .ends = (uint32_t)e->ends.count,
        .lone_leaf = (uint32_t)e->lone.count,
        .repeat = (uint32_t)e->again.count,
        .category = (uint32_t)e->category.count,
    };
    find_rule(e, tree, end, &stand);
    if (!beds_spread(&e->beds, tree, end, &stand, err))
        return false;
    if (e->beds.bed.count > BEDS_MAX)
        return true;
    size_t slots = shap_slots(&stand);
    if (e->pass_slots > 0 && e->pass_slots + slots > PASS_SLOTS && !end_pass(e, err))
        return false;
    if (!make_place(e, &stand, err) || !lay_plain_rises(e, &stand, err) ||
        !lay_roots(e, &stand, err) || !lay_beds(e, &stand, err))
        return false;
    e->pass_slots += slots;
    e->points_max = stand.points > e->points_max ? stand.points : e->points_max;
    slots += stand.lone;
    e->slots_max = slots > e->slots_max ? slots : e->slots_max;
    struct shap_stand *to = pile_add(&e->stand, sizeof *to, 1, e->scratch, err);
    if (to != NULL)
        *to = stand;
    return to != NULL;
}

/* One past the last tree of the stand: whole eights, or all that are left. */
static size_t stand_end(const struct beds *beds, size_t tree)
{
    size_t branches = 0, end = tree;
    do {
        branches += beds->tree[end].branches;
        end += SHAP_EIGHT;
    } while (end < beds->trees && branches + beds->tree[end].branches <= STAND_BRANCHES);
    return end < beds->trees ? end : beds->trees;
}

static bool may_be_laid(const struct explainer *x)
{
    for (size_t i = 0; i < x->clump_count; i++)
        if (x->clump[i].points > POINTS_MAX)
            return false;
    return x->clump_count > 0 && shap_branches(x) <= BRANCHES_MAX &&
           x->forest.depth_max <= DEPTH_MAX && x->input_count <= INPUTS_MAX &&
           x->used_count <= INPUTS_MAX;
}

static bool publish(const struct stands *e, struct arena *arena, struct shap_stands *out)
{
    *out = (struct shap_stands){
        .count = e->stand.count,
        .stand = pile_settle(&e->stand, sizeof *out->stand, arena),
        .root = pile_settle(&e->root, sizeof *out->root, arena),
        .share = pile_settle(&e->share, sizeof *out->share, arena),
        .input = pile_settle(&e->input, sizeof *out->input, arena),
        .limit = pile_settle(&e->limit, sizeof *out->limit, arena),
        .swapped = pile_settle(&e->swapped, 1, arena),
        .rise = pile_settle(&e->rise, sizeof *out->rise, arena),
        .rises = pile_settle(&e->rises, sizeof *out->rises, arena),
        .ways = pile_settle(&e->ways, sizeof *out->ways, arena),
        .ends = pile_settle(&e->ends, sizeof *out->ends, arena),
        .lone = pile_settle(&e->lone, sizeof *out->lone, arena),
        .again = pile_settle(&e->again, sizeof *out->again, arena),
        .category = pile_settle(&e->category, sizeof *out->category, arena),
        .pass_count = e->pass.count,
        .pass = pile_settle(&e->pass, sizeof *out->pass, arena),
        .pick = pile_settle(&e->pick, sizeof *out->pick, arena),
        .slots_max = e->slots_max,
        .gains_max = e->gains_max,
        .points_max = e->points_max,
    };
    return out->stand != NULL && out->root != NULL && out->share != NULL && out->input != NULL &&
           out->limit != NULL && out->swapped != NULL && out->ways != NULL && out->ends != NULL &&
           out->lone != NULL && out->rise != NULL && out->rises != NULL && out->again != NULL &&
           out->category != NULL && out->pass != NULL && out->pick != NULL;
}

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "explaining the model does not fit the memory limit");
}

bool shap_lay_stands(struct explainer *explainer, struct arena *arena, struct arena *scratch,
                     struct err *err)
{
    struct stands e = {
        .x = explainer, .scratch = scratch, .beds = {.explainer = explainer, .scratch = scratch}};
    memset(e.plain_rise, UINT8_MAX, sizeof e.plain_rise);
    if (!may_be_laid(explainer))
        return true;
    if (!beds_measure(&e.beds))
        return out_of_memory(err);
    size_t places_max = 2 * (shap_branches(explainer) + FEW_BRANCHES);
    for (size_t tree = 0, end; tree < e.beds.trees; tree = end) {
        end = stand_end(&e.beds, tree);
        if (!add_stand(&e, tree, end, err))
            return false;
        if (e.beds.bed.count > BEDS_MAX || e.share.count * SHAP_EIGHT > places_max)
            return true;
    }
    if (!end_pass(&e, err))
        return false;
    return publish(&e, arena, &explainer->stands) || out_of_memory(err);
}
