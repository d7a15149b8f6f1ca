/*
 * shap_row: a clump of trees and one row, at LANES points at a time.
 *
 * Included by model/shap_lanes.h once for each LANES, with NAME(x) defined; it
 * has no guard for that reason.
 */

/* At a branch: its factor, and what its feature's phi takes of the lanes' sums. */
struct NAME(turn) {
    NAME(lanes) factor, weight;
};

static inline struct NAME(turn) NAME(turn_first)(double share, double way, NAME(lanes) point)
{
    NAME(lanes) e = NAME(all)(way);
    return (struct NAME(turn)){NAME(fused)(e, point, NAME(all)(share)), e};
}

static inline struct NAME(turn)
    NAME(turn_again)(double share, double before, double way, NAME(lanes) point)
{
    NAME(lanes) e = NAME(all)(way), w = NAME(all)(before), one = NAME(all)(1);
    NAME(lanes) scale = one / NAME(fused)(one - point, w, point);
    return (struct NAME(turn)){NAME(fused)(e, point * scale, NAME(all)(share)),
                               e * w * scale * scale};
}

static void NAME(down)(const struct explainer *x, const struct shap_clump *clump, size_t first,
                       const struct row_work *work)
{
    const double *share = x->share + clump->branch, *before = x->before + clump->branch;
    const struct shap_fork *fork = x->fork + clump->fork;
    const uint32_t *root = x->root + clump->root;
    NAME(lanes) *product = work->product, *factor = work->factor, *weight = work->sum;
    NAME(lanes) point = NAME(load)(x->point + first), all = NAME(load)(x->weight + first);
    for (size_t i = 0; i < clump->roots; i++)
        product[root[i]] = all;
    for (size_t i = 0; i < clump->upper; i++) {
        /* which it is was decided in training, so it predicts well */
        struct NAME(turn) turn = before[i] < 1
                                     ? NAME(turn_again)(share[i], before[i], work->way[i], point)
                                     : NAME(turn_first)(share[i], work->way[i], point);
        NAME(lanes) above = product[i], left = above * turn.factor;
        factor[i] = turn.factor;
        weight[i] = turn.weight * above; /* until `sum` of this branch is known */
        product[fork[i].right] = above - left;
        product[fork[i].left] = left;
    }
}

static inline void NAME(end)(const struct explainer *x, const struct shap_clump *clump, size_t i,
                             struct NAME(turn) turn, const struct row_work *work)
{
    const struct shap_leaves *leaves = &x->leaves[clump->leaves + i - clump->upper];
    NAME(lanes) *product = work->product, *sum = work->sum, *phi = work->NAME(phi);
    NAME(lanes) *total = &phi[x->feature[clump->branch + i]], step = NAME(all)(leaves->step);
    sum[i] = NAME(fused)(turn.factor, step, NAME(all)(leaves->right));
    *total = NAME(fused)(turn.weight * step, product[i], *total);
}

static void NAME(bottom)(const struct explainer *x, const struct shap_clump *clump, size_t first,
                         const struct row_work *work)
{
    const double *share = x->share + clump->branch, *before = x->before + clump->branch;
    NAME(lanes) point = NAME(load)(x->point + first);
    size_t again = clump->upper + clump->bottom_first, end = clump->upper + clump->bottom;
    for (size_t i = clump->upper; i < again; i++)
        NAME(end)(x, clump, i, NAME(turn_first)(share[i], work->way[i], point), work);
    for (size_t i = again; i < end; i++)
        NAME(end)(x, clump, i, NAME(turn_again)(share[i], before[i], work->way[i], point), work);
}

static void NAME(up)(const struct explainer *x, const struct shap_clump *clump,
                     const struct row_work *work)
{
    const struct shap_fork *fork = x->fork + clump->fork;
    const uint32_t *feature = x->feature + clump->branch;
    NAME(lanes) *factor = work->factor, *sum = work->sum, *phi = work->NAME(phi);
    const double *lone = x->lone + clump->lone_leaf;
    for (size_t i = 0; i < clump->lone; i++)
        sum[clump->upper + clump->bottom + i] = NAME(all)(lone[i]);
    for (size_t i = clump->upper; i-- > 0;) {
        NAME(lanes) right = sum[fork[i].right], step = sum[fork[i].left] - right;
        NAME(lanes) *total = &phi[feature[i]];
        *total = NAME(fused)(sum[i], step, *total);
        sum[i] = NAME(fused)(factor[i], step, right);
    }
}

static void NAME(points)(const struct explainer *x, const struct shap_clump *clump, size_t first,
                         const struct row_work *work)
{
    NAME(down)(x, clump, first, work);
    NAME(bottom)(x, clump, first, work);
    NAME(up)(x, clump, work);
}
