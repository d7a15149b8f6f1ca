#include "model/shap_twig.h"

struct shap_walk shap_walk_of(const struct explainer *x, size_t clump, size_t clump_end,
                              struct shap_step *step, uint32_t *below)
{
    return (struct shap_walk){
        .x = x, .clump = clump, .clump_end = clump_end, .fits = true, .step = step, .below = below};
}

static size_t place_of(const struct shap_known *known, size_t count, uint32_t feature)
{
    size_t place = 0;
    while (place < count && known[place].feature != feature)
        place++;
    return place;
}

/* Children stand behind their parents. */
static void count_below(struct shap_walk *walk, const struct shap_clump *clump)
{
    const struct shap_fork *fork = walk->x->fork + clump->fork;
    size_t branches = clump->upper + clump->bottom;
    for (size_t i = 0; i < branches + clump->lone; i++)
        walk->below[i] = i < branches;
    for (size_t i = clump->upper; i-- > 0;)
        walk->below[i] += walk->below[fork[i].left] + walk->below[fork[i].right];
}

/* What said last, on the way down to an own branch, whether the row passes its feature. */
static void find_earlier(struct shap_twig *twig, size_t bit, const uint8_t *parent,
                         const bool *from_left)
{
    uint32_t feature = twig->known[bit].feature;
    twig->earlier[bit] = (uint8_t)bit;
    for (size_t at = bit; at > twig->above; at = parent[at])
        if (twig->known[parent[at]].feature == feature) {
            twig->earlier[bit] = parent[at];
            twig->earlier_set[bit] = from_left[at];
            return;
        }
    size_t place = place_of(twig->known, twig->above, feature);
    if (place < twig->above) {
        twig->earlier[bit] = (uint8_t)place;
        twig->earlier_set[bit] = true;
    }
}

/* Its own branches as bits: those with branches below come first. */
static void list_branches(const struct shap_walk *walk, const struct shap_clump *clump,
                          uint32_t root, struct shap_twig *twig)
{
    const struct explainer *x = walk->x;
    const struct shap_fork *fork = x->fork + clump->fork;
    const uint32_t *feature = x->feature + clump->branch;
    uint8_t parent[SHAP_BITS];
    bool from_left[SHAP_BITS];
    if (walk->below[root] > 0)
        twig->known[twig->bits++] = (struct shap_known){feature[root], root, SHAP_LEFT, 0};
    twig->upper = root < clump->upper;
    for (int bottom = 0; bottom < 2; bottom++)
        for (size_t i = twig->above; i < twig->above + twig->upper; i++) {
            const struct shap_fork *below = &fork[twig->known[i].branch];
            for (int left = 1; left >= 0; left--) {
                uint32_t child = left ? below->left : below->right;
                if (walk->below[child] == 0 || (child >= clump->upper) != bottom)
                    continue;
                parent[twig->bits] = (uint8_t)i;
                from_left[twig->bits] = left;
                twig->known[twig->bits++] =
                    (struct shap_known){feature[child], child, SHAP_LEFT, 0};
                twig->upper += !bottom;
            }
        }
    for (size_t bit = twig->above; bit < twig->bits; bit++)
        find_earlier(twig, bit, parent, from_left);
}

static uint32_t slot_in(struct shap_twig *twig, const struct explainer *x,
                        const struct shap_clump *clump, uint32_t child)
{
    uint32_t branches = clump->upper + clump->bottom, own = twig->bits - twig->above;
    if (child >= branches) {
        twig->lone[twig->lone_count] = x->lone[clump->lone_leaf + child - branches];
        return own + twig->lone_count++;
    }
    uint32_t slot = 0;
    while (twig->known[twig->above + slot].branch != child)
        slot++;
    return slot;
}

static void fill_in(const struct shap_walk *walk, const struct shap_clump *clump, uint32_t root,
                    struct shap_twig *twig)
{
    const struct explainer *x = walk->x;
    list_branches(walk, clump, root, twig);
    uint32_t own = twig->bits - twig->above;
    if (own == 0)
        slot_in(twig, x, clump, root);
    for (uint32_t i = 0; i < own; i++) {
        uint32_t branch = twig->known[twig->above + i].branch;
        twig->share[i] = x->share[clump->branch + branch];
        twig->before[i] = x->before[clump->branch + branch];
        if (branch >= clump->upper) {
            twig->leaves[i - twig->upper] = x->leaves[clump->leaves + branch - clump->upper];
            continue;
        }
        const struct shap_fork *fork = &x->fork[clump->fork + branch];
        twig->fork[i].left = slot_in(twig, x, clump, fork->left);
        twig->fork[i].right = slot_in(twig, x, clump, fork->right);
    }
}

/* Down to a branch that is no twig's: false when there is no room to know one more feature. */
static bool enter(struct shap_walk *walk, const struct shap_clump *clump, uint32_t slot)
{
    uint32_t feature = walk->x->feature[clump->branch + slot];
    size_t place = place_of(walk->known, walk->known_count, feature);
    if (slot >= clump->upper || place == SHAP_BITS)
        return false;
    struct shap_step *step = &walk->step[walk->depth++];
    *step = (struct shap_step){
        .slot = slot, .place = (uint32_t)place, .first = place == walk->known_count};
    if (!step->first)
        step->before = walk->known[place];
    walk->known_count += step->first;
    return true;
}

/* The next way to try: true and its slot, or false when the clump is done. */
static bool turn(struct shap_walk *walk, const struct shap_clump *clump, uint32_t *slot)
{
    while (walk->depth > 0) {
        struct shap_step *step = &walk->step[walk->depth - 1];
        if (step->turns == 2) {
            walk->known[step->place] = step->before;
            walk->known_count -= step->first;
            walk->depth--;
            continue;
        }
        bool left = step->turns++ == 0;
        double share = walk->x->share[clump->branch + step->slot];
        walk->known[step->place] = (struct shap_known){
            .feature = walk->x->feature[clump->branch + step->slot],
            .branch = step->slot,
            .side = left ? SHAP_LEFT : SHAP_RIGHT,
            .share = (step->first ? 1 : step->before.share) * (left ? share : 1 - share),
        };
        const struct shap_fork *fork = &walk->x->fork[clump->fork + step->slot];
        *slot = left ? fork->left : fork->right;
        return true;
    }
    if (walk->root == clump->roots)
        return false;
    *slot = walk->x->root[clump->root + walk->root++];
    return true;
}

bool shap_walk_next(struct shap_walk *walk, struct shap_twig *out)
{
    const struct explainer *x = walk->x;
    for (; walk->fits && walk->clump < walk->clump_end; walk->clump++, walk->root = 0) {
        const struct shap_clump *clump = &x->clump[walk->clump];
        if (!clump->tables)
            continue;
        if (walk->root == 0)
            count_below(walk, clump);
        for (uint32_t slot; turn(walk, clump, &slot);) {
            if (walk->known_count + walk->below[slot] <= SHAP_BITS) {
                *out = (struct shap_twig){.clump = (uint32_t)walk->clump,
                                          .above = (uint32_t)walk->known_count,
                                          .bits = (uint32_t)walk->known_count};
                memcpy(out->known, walk->known, walk->known_count * sizeof *walk->known);
                fill_in(walk, clump, slot, out);
                return true;
            }
            if (!enter(walk, clump, slot)) {
                walk->fits = false;
                return false;
            }
        }
    }
    return false;
}
