/*
 * shap_block: a clump of trees and a block of rows, LANES rows at a time.
 *
 * Included by model/shap_lanes.h, for the widest LANES, with NAME(x) defined.
 */

/* Branches as a sweep reads them: what a clump has of them, or a twig. */
struct block_trees {
    size_t upper, bottom;
    const double *share, *before;
    const uint32_t *feature;
    const struct shap_fork *fork;
    const struct shap_leaves *leaves;
};

static struct block_trees trees_of(const struct explainer *x, const struct shap_clump *clump)
{
    return (struct block_trees){
        .upper = clump->upper,
        .bottom = clump->bottom,
        .share = x->share + clump->branch,
        .before = x->before + clump->branch,
        .feature = x->feature + clump->branch,
        .fork = x->fork + clump->fork,
        .leaves = x->leaves + clump->leaves,
    };
}

/* What depends on the branch and on `points` points from the rule's first on, not on the row. */
static void scale_branches(const struct block_trees *trees, const double *point, size_t points,
                           struct block_scale *scale)
{
    const double *before = trees->before, *share = trees->share;
    const struct shap_leaves *leaves = trees->leaves;
    size_t branches = trees->upper + trees->bottom;
    for (size_t i = 0; i < branches; i++)
        for (size_t q = 0; q < points; q++) {
            double inverse = 1 / (point[q] + (1 - point[q]) * before[i]);
            scale[i * points + q] = (struct block_scale){
                .base = share[i],
                .rise = point[q] * inverse,
                .weight = before[i] * inverse * inverse,
            };
        }
    for (size_t i = 0; i < trees->bottom; i++)
        for (size_t q = 0; q < points; q++) {
            struct block_scale *at = &scale[(trees->upper + i) * points + q];
            at->base = leaves[i].right + at->base * leaves[i].step;
            at->rise *= leaves[i].step;
            at->weight *= leaves[i].step;
        }
}

/* All branches for LANES rows from `row` on and a few points, whose number the compiler knows where
 * this is called. What stands above the roots is in `product`, what leaves say in `sum`. */
static inline __attribute__((always_inline)) void NAME(block_sweep)(const struct block_trees *trees,
                                                                    const size_t points, size_t row,
                                                                    const struct block_work *work,
                                                                    NAME(lanes) * phi)
{
    const struct shap_fork *fork = trees->fork;
    const uint32_t *feature = trees->feature;
    const double *share = trees->share;
    const struct block_scale *scale = work->scale;
    NAME(lanes) *product = work->product, *sum = work->sum;
    size_t branches = trees->upper + trees->bottom;
    for (size_t i = 0; i < trees->upper; i++) {
        NAME(lanes) way = NAME(way)(&work->bits[i], row, share[i]);
        NAME(lanes) *left = product + fork[i].left * points;
        NAME(lanes) *right = product + fork[i].right * points;
        EACH_POINT(q)
        {
            const struct block_scale *at = &scale[i * points + q];
            NAME(lanes) factor = NAME(fused)(way, NAME(all)(at->rise), NAME(all)(share[i]));
            NAME(lanes) above = product[i * points + q], there = above * factor;
            right[q] = above - there;
            left[q] = there;
        }
    }
    for (size_t i = trees->upper; i < branches; i++) {
        NAME(lanes) way = NAME(way)(&work->bits[i], row, share[i]), gain = NAME(all)(0);
        EACH_POINT(q)
        {
            const struct block_scale *at = &scale[i * points + q];
            sum[i * points + q] = NAME(fused)(way, NAME(all)(at->rise), NAME(all)(at->base));
            gain = NAME(fused)(product[i * points + q], NAME(all)(at->weight), gain);
        }
        phi[feature[i]] = NAME(fused)(way, gain, phi[feature[i]]);
    }
    for (size_t i = trees->upper; i-- > 0;) {
        NAME(lanes) way = NAME(way)(&work->bits[i], row, share[i]), gain = NAME(all)(0);
        const NAME(lanes) *left = sum + fork[i].left * points;
        const NAME(lanes) *right = sum + fork[i].right * points;
        EACH_POINT(q)
        {
            const struct block_scale *at = &scale[i * points + q];
            NAME(lanes) factor = NAME(fused)(way, NAME(all)(at->rise), NAME(all)(share[i]));
            NAME(lanes) step = left[q] - right[q];
            gain = NAME(fused)(product[i * points + q] * NAME(all)(at->weight), step, gain);
            sum[i * points + q] = NAME(fused)(factor, step, right[q]);
        }
        phi[feature[i]] = NAME(fused)(way, gain, phi[feature[i]]);
    }
}

/* Bit r % 8 of byte r / 8: row r goes left; row r passed what this feature was asked above. */
static void decide_block(const struct explainer *x, const struct shap_clump *clump,
                         const float *rows, size_t count, size_t stride,
                         const struct block_work *work)
{
    const uint32_t *input = x->input + clump->branch;
    const int32_t *limit = x->limit + clump->branch;
    size_t branches = clump->upper + clump->bottom;
    for (size_t i = 0; i < branches; i++) {
        const int32_t *key = work->key + input[i] * (size_t)SHAP_ROWS;
        struct block_bits *bits = &work->bits[i];
        for (size_t byte = 0; byte < SHAP_ROWS / 8; byte++)
            bits->left[byte] = eight_below(key + byte * 8, limit[i]);
        memset(bits->passed, UINT8_MAX, sizeof bits->passed);
    }
    for (size_t i = 0; i < clump->categories; i++) {
        const struct shap_category *category = &x->category[clump->category + i];
        struct block_bits *bits = &work->bits[category->branch];
        size_t feature = x->forest.node[category->node].feature;
        memset(bits->left, 0, sizeof bits->left);
        for (size_t row = 0; row < count; row++)
            if (shap_category_left(&x->forest, category->node, rows[row * stride + feature]))
                bits->left[row / 8] |= (uint8_t)(1 << row % 8);
    }
    for (size_t i = 0; i < clump->repeats; i++) {
        const struct shap_repeat *repeat = &x->repeat[clump->repeat + i];
        const struct block_bits *earlier = &work->bits[repeat->earlier];
        struct block_bits *bits = &work->bits[repeat->branch];
        uint8_t turned = repeat->side == SHAP_LEFT ? 0 : UINT8_MAX;
        for (size_t byte = 0; byte < SHAP_ROWS / 8; byte++)
            bits->passed[byte] = earlier->passed[byte] & (earlier->left[byte] ^ turned);
    }
}

static inline __attribute__((always_inline)) void
NAME(block_rows)(const struct explainer *x, const struct shap_clump *clump, const double *weight,
                 const size_t points, size_t count, const struct block_work *work, double *phi)
{
    const struct block_trees trees = trees_of(x, clump);
    for (size_t row = 0; row < count; row += LANES) {
        for (size_t i = 0; i < clump->roots; i++) {
            NAME(lanes) *top = (NAME(lanes) *)work->product + x->root[clump->root + i] * points;
            EACH_POINT(q)
            top[q] = NAME(all)(weight[q]);
        }
        NAME(block_sweep)(&trees, points, row, work, (NAME(lanes) *)(phi + row * x->used_count));
    }
}

static void NAME(block_points)(const struct explainer *x, const struct shap_clump *clump,
                               size_t first, size_t points, size_t count,
                               const struct block_work *work, double *phi)
{
    const struct block_trees trees = trees_of(x, clump);
    NAME(lanes) *lone = (NAME(lanes) *)work->sum + (clump->upper + clump->bottom) * points;
    for (size_t i = 0; i < clump->lone * points; i++)
        lone[i] = NAME(all)(x->lone[clump->lone_leaf + i / points]);
    scale_branches(&trees, x->point + first, points, work->scale);
    const double *weight = x->weight + first;
    if (points == 1)
        NAME(block_rows)(x, clump, weight, 1, count, work, phi);
    else if (points == 2)
        NAME(block_rows)(x, clump, weight, 2, count, work, phi);
    else if (points == 3)
        NAME(block_rows)(x, clump, weight, 3, count, work, phi);
    else
        NAME(block_rows)(x, clump, weight, 4, count, work, phi);
}

static void NAME(block_clump)(const struct explainer *x, const struct shap_clump *clump,
                              size_t count, const struct block_work *work, double *phi)
{
    size_t sweeps = (clump->points + BLOCK_POINTS - 1) / BLOCK_POINTS;
    for (size_t i = 0, done = 0; i < sweeps; i++) { /* as even as can be */
        size_t points = (clump->points - done) / (sweeps - i);
        NAME(block_points)(x, clump, clump->rule + done, points, count, work, phi);
        done += points;
    }
}
