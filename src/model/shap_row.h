/*
 * shap_row: one tree and one row, at LANES points at a time.
 *
 * Included by model/shap_lanes.h once for each LANES, with NAME(x) defined; it
 * has no guard for that reason.
 */

/* At a branch: its factor, and what its feature's phi takes of the lanes' sums. */
struct NAME(turn) {
    NAME(lanes) factor, weight;
};

static inline struct NAME(turn)
    NAME(turn)(double share, double before, double way, NAME(lanes) point)
{
    NAME(lanes) e = NAME(all)(way), r = NAME(all)(share);
    if (before == 1) /* decided when the model was trained, so it predicts well */
        return (struct NAME(turn)){NAME(fused)(e, point, r), e};
    NAME(lanes) w = NAME(all)(before), one = NAME(all)(1);
    NAME(lanes) scale = one / NAME(fused)(one - point, w, point);
    return (struct NAME(turn)){NAME(fused)(e, point * scale, r), e * w * scale * scale};
}

static void NAME(down)(const struct explainer *x, const struct shap_tree *tree, size_t first,
                       const struct row_work *work)
{
    const double *share = x->share + tree->branch, *before = x->before + tree->branch;
    const struct shap_fork *fork = x->fork + tree->fork;
    NAME(lanes) *product = work->product, *factor = work->factor, *weight = work->sum;
    NAME(lanes) point = NAME(load)(x->point + first);
    product[0] = NAME(load)(x->weight + first);
    for (size_t i = 0; i < tree->upper; i++) {
        struct NAME(turn) turn = NAME(turn)(share[i], before[i], work->way[i], point);
        NAME(lanes) above = product[i], left = above * turn.factor;
        factor[i] = turn.factor;
        weight[i] = turn.weight * above; /* until `sum` of this branch is known */
        product[fork[i].right] = above - left;
        product[fork[i].left] = left;
    }
}

static void NAME(bottom)(const struct explainer *x, const struct shap_tree *tree, size_t first,
                         const struct row_work *work)
{
    const struct shap_leaves *leaves = x->leaves + tree->leaves;
    NAME(lanes) *product = work->product, *sum = work->sum, *phi = work->NAME(phi);
    NAME(lanes) point = NAME(load)(x->point + first);
    size_t end = tree->upper + tree->bottom;
    for (size_t i = tree->upper; i < end; i++, leaves++) {
        size_t at = tree->branch + i;
        struct NAME(turn) turn = NAME(turn)(x->share[at], x->before[at], work->way[i], point);
        NAME(lanes) step = NAME(all)(leaves->step);
        sum[i] = NAME(fused)(turn.factor, step, NAME(all)(leaves->right));
        NAME(lanes) *total = &phi[x->feature[at]];
        *total = NAME(fused)(turn.weight * step, product[i], *total);
    }
}

static void NAME(up)(const struct explainer *x, const struct shap_tree *tree,
                     const struct row_work *work)
{
    const struct shap_fork *fork = x->fork + tree->fork;
    const uint32_t *feature = x->feature + tree->branch;
    NAME(lanes) *factor = work->factor, *sum = work->sum, *phi = work->NAME(phi);
    const double *lone = x->lone + tree->lone_leaf;
    for (size_t i = 0; i < tree->lone; i++)
        sum[tree->upper + tree->bottom + i] = NAME(all)(lone[i]);
    for (size_t i = tree->upper; i-- > 0;) {
        NAME(lanes) right = sum[fork[i].right], step = sum[fork[i].left] - right;
        NAME(lanes) *total = &phi[feature[i]];
        *total = NAME(fused)(sum[i], step, *total);
        sum[i] = NAME(fused)(factor[i], step, right);
    }
}

static void NAME(points)(const struct explainer *x, const struct shap_tree *tree, size_t first,
                         const struct row_work *work)
{
    NAME(down)(x, tree, first, work);
    NAME(bottom)(x, tree, first, work);
    NAME(up)(x, tree, work);
}
