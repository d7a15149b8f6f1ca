#include "model/shap.h"

#include "model/shap_kernel.h"

/*
 * The interaction of features i and j at a leaf of value v is, in the words of model/shap.h,
 *
 *     integral of  v (o(i) - w(i)) (o(j) - w(j)) product of (t o(k) + (1 - t) w(k)), k != i, j
 *
 * half of it theirs in each order. So every leaf is visited, with the features of its path.
 */

/* A branch on the way down, and what its feature was before it. */
struct pair_frame {
    uint32_t node;
    uint32_t at; /* its feature's place on the path */
    unsigned turns;
    bool first, left;
    double share;
    double passed_before, share_before;
};

/* The features on the way to a leaf, and what each factor of the product is at each point. */
struct pair_work {
    struct pair_frame *frame; /* by depth */
    uint32_t *feature;        /* by place on the path, and so on */
    double *passed, *share;
    double *gain; /* by place and point: (o - w) / (t o + (1 - t) w) */
    double *product;
    size_t count;
};

size_t shap_pairs_scratch(const struct explainer *x)
{
    size_t depth = x->forest.depth_max + 1, points = depth / 2 + 1;
    return depth * (sizeof(struct pair_frame) + sizeof(uint32_t) + 2 * sizeof(double)) +
           (depth + 1) * points * sizeof(double) + x->row_scratch + (size_t)8 * SHAP_LINE;
}

static struct pair_work work_of(const struct explainer *x, void *scratch)
{
    struct shap_room room = shap_room_of(scratch);
    size_t depth = x->forest.depth_max + 1, points = depth / 2 + 1;
    struct pair_work work = {.frame = shap_take(&room, depth * sizeof *work.frame)};
    work.feature = shap_take(&room, depth * sizeof *work.feature);
    work.passed = shap_take(&room, depth * sizeof *work.passed);
    work.share = shap_take(&room, depth * sizeof *work.share);
    work.gain = shap_take(&room, depth * points * sizeof *work.gain);
    work.product = shap_take(&room, points * sizeof *work.product);
    return work;
}

/* What a leaf adds to each pair of its path. A factor is 0 only where the row does not pass, and
 * then nothing is divided by it. */
static void visit_leaf(const struct explainer *x, const struct shap_clump *clump, double value,
                       const struct pair_work *work, double *out)
{
    const double *point = x->point + clump->rule, *weight = x->weight + clump->rule;
    size_t points = clump->points, features = x->forest.feature_count;
    for (size_t q = 0; q < points; q++)
        work->product[q] = value * weight[q] / 2;
    for (size_t i = 0; i < work->count; i++) {
        double passed = work->passed[i], share = work->share[i];
        for (size_t q = 0; q < points; q++) {
            double factor = point[q] * passed + (1 - point[q]) * share;
            work->product[q] *= factor;
            work->gain[i * points + q] = passed > 0 ? (1 - share) / factor : 1 / (point[q] - 1);
        }
    }
    for (size_t i = 1; i < work->count; i++)
        for (size_t j = 0; j < i; j++) {
            double sum = 0;
            for (size_t q = 0; q < points; q++)
                sum += work->product[q] * work->gain[i * points + q] * work->gain[j * points + q];
            out[work->feature[i] * features + work->feature[j]] += sum;
            out[work->feature[j] * features + work->feature[i]] += sum;
        }
}

static bool goes_left(const struct explainer *x, uint32_t at, float value)
{
    const struct node *node = &x->forest.node[at];
    if (node->categorical)
        return shap_category_left(&x->forest, at, value);
    return shap_key(value, node->missing_left) < shap_key(node->threshold, false);
}

static void enter(const struct explainer *x, uint32_t at, const float *row, size_t depth,
                  struct pair_work *work)
{
    const struct node *node = &x->forest.node[at];
    uint32_t place = 0;
    while (place < work->count && work->feature[place] != node->feature)
        place++;
    struct pair_frame *frame = &work->frame[depth];
    *frame = (struct pair_frame){
        .node = at,
        .at = place,
        .first = place == work->count,
        .left = goes_left(x, at, row[node->feature]),
        .share = shap_share(&x->forest, node->left),
        .passed_before = 1,
        .share_before = 1,
    };
    if (frame->first) {
        work->feature[work->count++] = node->feature;
        return;
    }
    frame->passed_before = work->passed[place];
    frame->share_before = work->share[place];
}

static void visit_tree(const struct explainer *x, const struct shap_clump *clump, uint32_t root,
                       const float *row, struct pair_work *work, double *out)
{
    const struct node *nodes = x->forest.node;
    size_t depth = 1;
    if (node_is_leaf(&nodes[root]))
        return;
    enter(x, root, row, 0, work);
    while (depth > 0) {
        struct pair_frame *frame = &work->frame[depth - 1];
        if (frame->turns == 2) {
            work->passed[frame->at] = frame->passed_before;
            work->share[frame->at] = frame->share_before;
            work->count -= frame->first;
            depth--;
            continue;
        }
        bool left = frame->turns == 0;
        work->passed[frame->at] = frame->left == left ? frame->passed_before : 0;
        work->share[frame->at] = frame->share_before * (left ? frame->share : 1 - frame->share);
        uint32_t child = nodes[frame->node].left + frame->turns++;
        if (node_is_leaf(&nodes[child]))
            visit_leaf(x, clump, shap_weight(&x->forest, child), work, out);
        else
            enter(x, child, row, depth++, work);
    }
}

void shap_interactions(const struct explainer *explainer, const float *row, double *out,
                       void *scratch)
{
    size_t features = explainer->forest.feature_count;
    struct shap_room room = shap_room_of(scratch);
    double *used = shap_take(&room, explainer->used_count * sizeof *used);
    explainer->kernel->row(explainer, row, used, room.at);
    memset(out, 0, features * features * sizeof *out);
    struct pair_work work = work_of(explainer, room.at);
    for (size_t i = 0; i < explainer->clump_count; i++)
        for (size_t tree = explainer->clump[i].tree; tree < explainer->clump[i].tree_end; tree++)
            visit_tree(explainer, &explainer->clump[i], explainer->forest.root[tree], row, &work,
                       out);
    for (size_t i = 0; i < explainer->used_count; i++) {
        double *mine = out + explainer->used[i] * features, others = 0;
        for (size_t j = 0; j < explainer->used_count; j++)
            others += mine[explainer->used[j]]; /* its own is still 0 */
        mine[explainer->used[i]] = used[i] - others;
    }
}
