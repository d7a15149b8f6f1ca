#include "model/lightgbm_tree.h"

#include "base/number.h"

#include <math.h>

/* ---------------------------------------------------------------- reading */

bool lightgbm_line(struct view *rest, struct view *out)
{
    if (!view_cut(rest, '\n', out))
        return false;
    *out = view_trim(*out);
    return true;
}

static const char *const list_name[LIGHTGBM_LISTS] = {
    [LIGHTGBM_FEATURE] = "split_feature",
    [LIGHTGBM_GAIN] = "split_gain",
    [LIGHTGBM_THRESHOLD] = "threshold",
    [LIGHTGBM_DECISION] = "decision_type",
    [LIGHTGBM_LEFT] = "left_child",
    [LIGHTGBM_RIGHT] = "right_child",
    [LIGHTGBM_BRANCH_COUNT] = "internal_count",
    [LIGHTGBM_LEAF] = "leaf_value",
    [LIGHTGBM_LEAF_COUNT] = "leaf_count",
    [LIGHTGBM_BOUNDARY] = "cat_boundaries",
    [LIGHTGBM_SET] = "cat_threshold",
};

static bool read_list(struct pile *list, struct view text, struct arena *arena, struct err *err)
{
    struct view cell;
    while (view_cut(&text, ' ', &cell)) {
        double value;
        if (cell.length == 0)
            continue;
        if (view_is(cell, "inf")) /* all that is not missing goes left */
            value = (double)INFINITY;
        else if (!number_parse(cell, &value))
            return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is not a number", VIEW_ARG(cell));
        double *item = pile_add(list, sizeof *item, 1, arena, err);
        if (item == NULL)
            return false;
        *item = value;
    }
    return true;
}

static bool read_count(struct view text, int64_t *out, struct err *err)
{
    return (number_parse_i64(text, out) && *out >= 0) ||
           err_set(err, ERR_MODEL, "'" VIEW_FMT "' is not a count", VIEW_ARG(text));
}

static bool read_member(struct lightgbm_trees *trees, struct view key, struct view value,
                        uint32_t *seen, struct err *err)
{
    if (view_is(key, "num_leaves"))
        return read_count(value, &trees->leaves, err);
    if (view_is(key, "num_cat"))
        return read_count(value, &trees->sets, err);
    if (view_is(key, "is_linear") && !view_is(value, "0"))
        return err_set(err, ERR_MODEL,
                       "linear models in leaves are not supported: train with linear_tree=false");
    for (size_t i = 0; i < LIGHTGBM_LISTS; i++) {
        if (!view_is(key, list_name[i]))
            continue;
        if (*seen >> i & 1)
            return err_set(err, ERR_MODEL, "it comes twice");
        *seen |= UINT32_C(1) << i;
        return read_list(&trees->list[i], value, trees->grove.arena, err);
    }
    return true;
}

static bool read_lines(struct lightgbm_trees *trees, struct view *rest, struct err *err)
{
    struct view line, key;
    uint32_t seen = 0;
    trees->leaves = -1;
    trees->sets = 0;
    for (size_t i = 0; i < LIGHTGBM_LISTS; i++)
        trees->list[i].count = 0;
    while (lightgbm_line(rest, &line) && line.length > 0) {
        if (memchr(line.text, '=', line.length) == NULL)
            return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is no line of a tree", VIEW_ARG(line));
        view_cut(&line, '=', &key);
        if (!read_member(trees, key, line, &seen, err))
            return err_while(err, VIEW_FMT, VIEW_ARG(key));
    }
    return trees->leaves >= 0 || err_set(err, ERR_MODEL, "num_leaves is missing");
}

/* --------------------------------------------------------------- checking */

static double at(const struct lightgbm_trees *trees, enum lightgbm_list list, size_t i)
{
    assert(i < trees->list[list].count);
    return ((const double *)trees->list[list].item)[i];
}

static bool has(const struct lightgbm_trees *trees, enum lightgbm_list list)
{
    return trees->list[list].count > 0;
}

static bool check_count(const struct lightgbm_trees *trees, enum lightgbm_list list, int64_t wanted,
                        struct err *err)
{
    size_t count = trees->list[list].count;
    return (int64_t)count == wanted || err_set(err, ERR_MODEL, "%s has %zu entries, %lld are due",
                                               list_name[list], count, (long long)wanted);
}

static bool check_counts(const struct lightgbm_trees *trees, struct err *err)
{
    static const bool optional[LIGHTGBM_LISTS] = {
        [LIGHTGBM_GAIN] = true, [LIGHTGBM_LEAF_COUNT] = true, [LIGHTGBM_BRANCH_COUNT] = true};
    int64_t leaves = trees->leaves;
    if (leaves < 1 || leaves > FOREST_NODES_MAX / 2)
        return err_set(err, ERR_MODEL, "num_leaves is %lld", (long long)leaves);
    for (enum lightgbm_list list = 0; list < LIGHTGBM_BOUNDARY; list++) {
        bool of_leaf = list == LIGHTGBM_LEAF || list == LIGHTGBM_LEAF_COUNT;
        /* A tree of one leaf may still list the branch it lost. */
        if ((optional[list] && !has(trees, list)) || (leaves == 1 && !of_leaf))
            continue;
        if (!check_count(trees, list, of_leaf ? leaves : leaves - 1, err))
            return false;
    }
    return trees->sets == 0 || check_count(trees, LIGHTGBM_BOUNDARY, trees->sets + 1, err);
}

/* ---------------------------------------------------------------- planting */

static bool whole(double value, double max, int64_t *out)
{
    if (!(fabs(value) <= max) || value != trunc(value))
        return false;
    *out = (int64_t)value;
    return true;
}

/* Branches are numbered from 0, leaves from -1 down; in the sapling leaves follow the branches. */
static bool child_of(const struct lightgbm_trees *trees, enum lightgbm_list list, size_t index,
                     int64_t *out, struct err *err)
{
    int64_t child, branches = trees->leaves - 1;
    double value = at(trees, list, index);
    if (!whole(value, FOREST_NODES_MAX, &child) || child >= branches || -child > trees->leaves)
        return err_set(err, ERR_MODEL, "%s %g does not exist", list_name[list], value);
    *out = child >= 0 ? child : branches + ~child;
    return true;
}

/* The codes of every set, one set after another: boundaries rise, so each word is read once. */
static bool read_codes(struct lightgbm_trees *trees, int64_t first, int64_t end, struct err *err)
{
    if ((end - first) * 32 - 1 > FOREST_CATEGORY_MAX)
        return err_set(err, ERR_LIMIT, "a category is past the highest that is taken, %d",
                       FOREST_CATEGORY_MAX);
    for (int64_t word = first; word < end; word++) {
        int64_t bits;
        if (!whole(at(trees, LIGHTGBM_SET, (size_t)word), UINT32_MAX, &bits) || bits < 0)
            return err_set(err, ERR_MODEL, "cat_threshold: entry %lld is not 32 bits",
                           (long long)word);
        for (int bit = 0; bit < 32; bit++) {
            if (!(bits >> bit & 1))
                continue;
            int32_t *code = pile_add(&trees->code, sizeof *code, 1, trees->grove.arena, err);
            if (code == NULL)
                return false;
            *code = (int32_t)((word - first) * 32 + bit);
        }
    }
    return true;
}

static bool read_sets(struct lightgbm_trees *trees, struct err *err)
{
    int64_t words = (int64_t)trees->list[LIGHTGBM_SET].count, end = 0;
    trees->code.count = trees->first_code.count = 0;
    for (int64_t set = 0; set <= trees->sets && trees->sets > 0; set++) {
        int64_t first = end;
        if (!whole(at(trees, LIGHTGBM_BOUNDARY, (size_t)set), LIST_MAX, &end) || end < first ||
            end > words || (set == 0 && end != 0))
            return err_set(err, ERR_MODEL, "cat_boundaries: entry %lld is out of order or range",
                           (long long)set);
        if (!read_codes(trees, first, end, err))
            return false;
        uint32_t *place = pile_add(&trees->first_code, sizeof *place, 1, trees->grove.arena, err);
        if (place == NULL)
            return false;
        *place = (uint32_t)trees->code.count; /* where this one ended and the next begins */
    }
    return true;
}

/* In LightGBM the set's members go left and all others, the missing among them, right. */
static bool split_on_category(const struct lightgbm_trees *trees, size_t index, struct sprout *out,
                              struct err *err)
{
    const uint32_t *first = trees->first_code.item;
    int64_t set, left = out->left;
    if (!whole(at(trees, LIGHTGBM_THRESHOLD, index), LIST_MAX, &set) || set < 0 ||
        set >= trees->sets)
        return err_set(err, ERR_MODEL, "its set of categories does not exist");
    out->categorical = true;
    const int32_t *codes = trees->code.item; /* NULL when no set has a member */
    out->category = codes == NULL ? NULL : codes + first[set];
    out->category_count = first[set + 1] - first[set];
    out->left = out->right;
    out->right = left;
    out->missing_left = true;
    return true;
}

/*
 * Zeros count as missing, and with them all that lies within 1e-35 of zero. Where they go the way
 * of their neighbours on one side, a threshold at the edge says so.
 */
static bool move_past_zero(struct sprout *out, struct err *err)
{
    const float edge = 1e-35F, above = nextafterf(edge, INFINITY);
    if (out->missing_left && out->threshold >= -edge)
        out->threshold = fmaxf(out->threshold, above);
    else if (!out->missing_left && out->threshold <= above)
        out->threshold = fminf(out->threshold, -edge);
    else
        return err_set(err, ERR_MODEL,
                       "zeros count as missing and go %s, numbers on both sides of them the other "
                       "way: train with zero_as_missing=false",
                       out->missing_left ? "left" : "right");
    return true;
}

static bool split_on_number(const struct lightgbm_trees *trees, size_t index, int64_t decision,
                            struct sprout *out, struct err *err)
{
    enum { DEFAULT_LEFT = 2, MISSING_NONE = 0, MISSING_ZERO = 1, MISSING_NAN = 2 };
    double threshold = at(trees, LIGHTGBM_THRESHOLD, index);
    int missing = (int)(decision >> 2 & 3);
    out->threshold = threshold_above(threshold);
    out->missing_left = missing == MISSING_NONE ? 0 <= threshold : (decision & DEFAULT_LEFT) != 0;
    if (missing == MISSING_ZERO)
        return move_past_zero(out, err);
    return missing <= MISSING_NAN ||
           err_set(err, ERR_MODEL, "decision_type %lld is not known", (long long)decision);
}

static bool read_leaf(const struct lightgbm_trees *trees, size_t leaf, struct sprout *out)
{
    out->weight = at(trees, LIGHTGBM_LEAF, leaf);
    if (has(trees, LIGHTGBM_LEAF_COUNT))
        out->cover = (float)at(trees, LIGHTGBM_LEAF_COUNT, leaf);
    return true;
}

static bool read_node(const void *from, size_t index, struct sprout *out, struct err *err)
{
    enum { CATEGORICAL = 1, DECISION_MAX = 15 };
    const struct lightgbm_trees *trees = from;
    size_t branches = (size_t)trees->leaves - 1;
    int64_t decision;
    if (index >= branches)
        return read_leaf(trees, index - branches, out);
    if (!child_of(trees, LIGHTGBM_LEFT, index, &out->left, err) ||
        !child_of(trees, LIGHTGBM_RIGHT, index, &out->right, err))
        return false;
    if (!whole(at(trees, LIGHTGBM_FEATURE, index), FOREST_FEATURES_MAX, &out->feature))
        return err_set(err, ERR_MODEL, "split_feature %g is no feature",
                       at(trees, LIGHTGBM_FEATURE, index));
    if (!whole(at(trees, LIGHTGBM_DECISION, index), DECISION_MAX, &decision) || decision < 0)
        return err_set(err, ERR_MODEL, "decision_type %g is not known",
                       at(trees, LIGHTGBM_DECISION, index));
    if (has(trees, LIGHTGBM_GAIN))
        out->gain = (float)at(trees, LIGHTGBM_GAIN, index);
    if (has(trees, LIGHTGBM_BRANCH_COUNT))
        out->cover = (float)at(trees, LIGHTGBM_BRANCH_COUNT, index);
    return decision & CATEGORICAL ? split_on_category(trees, index, out, err)
                                  : split_on_number(trees, index, decision, out, err);
}

bool lightgbm_tree_read(struct lightgbm_trees *trees, struct view *rest, struct err *err)
{
    if (!read_lines(trees, rest, err) || !check_counts(trees, err) || !read_sets(trees, err))
        return false;
    struct sapling sapling = {
        .from = trees, .node = read_node, .count = (size_t)trees->leaves * 2 - 1};
    return grove_plant(&trees->grove, &sapling, err);
}
