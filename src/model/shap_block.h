/*
 * shap_block: a clump of trees and a block of rows, LANES rows at a time.
 *
 * Included by model/shap_lanes.h, for the widest LANES, with NAME(x) defined.
 */

/* What depends on the branch and on `points` points from the rule's first on, not on the row. */
static void scale_branches(const struct explainer *x, const struct shap_clump *clump,
                           const double *point, size_t points, struct block_scale *scale)
{
    const double *before = x->before + clump->branch, *share = x->share + clump->branch;
    const struct shap_leaves *leaves = x->leaves + clump->leaves;
    size_t branches = clump->upper + clump->bottom;
    for (size_t i = 0; i < branches; i++)
        for (size_t q = 0; q < points; q++) {
            double inverse = 1 / (point[q] + (1 - point[q]) * before[i]);
            scale[i * points + q] = (struct block_scale){
                .base = share[i],
                .rise = point[q] * inverse,
                .weight = before[i] * inverse * inverse,
            };
        }
    for (size_t i = 0; i < clump->bottom; i++)
        for (size_t q = 0; q < points; q++) {
            struct block_scale *at = &scale[(clump->upper + i) * points + q];
            at->base = leaves[i].right + at->base * leaves[i].step;
            at->rise *= leaves[i].step;
            at->weight *= leaves[i].step;
        }
}

/* All branches of a clump for LANES rows from `row` on and a few points, whose number the compiler
 * knows where this is called. */
static inline __attribute__((always_inline)) void
NAME(block_sweep)(const struct explainer *x, const struct shap_clump *clump, const double *weight,
                  const size_t points, size_t row, const struct block_work *work, NAME(lanes) * phi)
{
    const struct shap_fork *fork = x->fork + clump->fork;
    const uint32_t *feature = x->feature + clump->branch;
    const double *share = x->share + clump->branch;
    const struct block_scale *scale = work->scale;
    NAME(lanes) *product = work->product, *sum = work->sum;
    size_t branches = clump->upper + clump->bottom;
    for (size_t i = 0; i < clump->roots; i++) {
        NAME(lanes) *top = product + x->root[clump->root + i] * points;
        EACH_POINT(q)
        top[q] = NAME(all)(weight[q]);
    }
    for (size_t i = 0; i < clump->upper; i++) {
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
    for (size_t i = clump->upper; i < branches; i++) {
        NAME(lanes) way = NAME(way)(&work->bits[i], row, share[i]), gain = NAME(all)(0);
        EACH_POINT(q)
        {
            const struct block_scale *at = &scale[i * points + q];
            sum[i * points + q] = NAME(fused)(way, NAME(all)(at->rise), NAME(all)(at->base));
            gain = NAME(fused)(product[i * points + q], NAME(all)(at->weight), gain);
        }
        phi[feature[i]] = NAME(fused)(way, gain, phi[feature[i]]);
    }
    for (size_t i = clump->upper; i-- > 0;) {
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

static void NAME(block_points)(const struct explainer *x, const struct shap_clump *clump,
                               size_t first, size_t points, size_t count,
                               const struct block_work *work, double *phi)
{
    NAME(lanes) *lone = (NAME(lanes) *)work->sum + (clump->upper + clump->bottom) * points;
    for (size_t i = 0; i < clump->lone * points; i++)
        lone[i] = NAME(all)(x->lone[clump->lone_leaf + i / points]);
    scale_branches(x, clump, x->point + first, points, work->scale);
    const double *weight = x->weight + first;
    for (size_t row = 0; row < count; row += LANES) {
        NAME(lanes) *total = (NAME(lanes) *)(phi + row * x->used_count);
        if (points == 1)
            NAME(block_sweep)(x, clump, weight, 1, row, work, total);
        else if (points == 2)
            NAME(block_sweep)(x, clump, weight, 2, row, work, total);
        else if (points == 3)
            NAME(block_sweep)(x, clump, weight, 3, row, work, total);
        else
            NAME(block_sweep)(x, clump, weight, 4, row, work, total);
    }
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
