#include "model/shap.h"

#include "model/shap_kernel.h"

#include <math.h>

enum { LANES_MAX = 8 };

/* Every kernel takes its pieces from these, so they are measured at the widest. */
enum { PIECES = 16 * SHAP_LINE };

static size_t keys_size(const struct explainer *x)
{
    return (x->input_count + SHAP_PAD) * sizeof(int32_t);
}

static size_t clumps_size(const struct explainer *x)
{
    size_t vectors = 3 * x->slots_max * LANES_MAX * sizeof(double);
    size_t totals = x->used_count * (1 + LANES_MAX + SHAP_POINTS) * sizeof(double);
    return keys_size(x) + (x->branches_max + SHAP_PAD) * (sizeof(double) + 1) + vectors + totals +
           PIECES;
}

static size_t stands_size(const struct explainer *x)
{
    const struct shap_stands *stands = &x->stands;
    size_t vectors = 2 * stands->slots_max * stands->points_max * sizeof(struct shap_lanes);
    size_t gains = (1 + stands->gains_max) * sizeof(struct shap_lanes);
    size_t totals = x->used_count * (1 + SHAP_TOTALS) * sizeof(double);
    return keys_size(x) + 2 * (stands->slots_max + SHAP_PAD) + vectors + gains + totals + PIECES;
}

static size_t blocks_size(const struct explainer *x)
{
    size_t vectors = 9 * x->slots_max * LANES_MAX * sizeof(double);
    size_t branch = 2 * SHAP_ROWS / 8 + 4 * 3 * sizeof(double);
    return keys_size(x) * SHAP_ROWS + x->branches_max * branch + vectors +
           x->used_count * sizeof(double) * SHAP_ROWS + PIECES;
}

static size_t tables_size(const struct explainer *x)
{
    size_t table = SHAP_PATTERNS * SHAP_ACROSS * sizeof(float) + sizeof(struct shap_twig) +
                   sizeof(struct shap_bunch);
    size_t width = x->used_count + SHAP_ACROSS;
    size_t chunk = (x->input_count + 1) * sizeof(int32_t) + 2 * x->table_branches_max + SHAP_BUNCH +
                   width * sizeof(float);
    size_t walk = x->forest.depth_max * sizeof(struct shap_step) + x->slots_max * sizeof(uint32_t);
    return walk + x->tables_max * table + chunk * SHAP_CHUNK + PIECES;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void shap_measure_scratch(struct explainer *x)
{
    x->row_scratch = x->stands.count > 0 ? stands_size(x) : clumps_size(x);
    size_t batch = larger(blocks_size(x), x->tables_max > 0 ? tables_size(x) : 0);
    x->batch_scratch = larger(batch, x->row_scratch);
}

void shap_row(const struct explainer *explainer, const float *row, double *phi, void *scratch)
{
    struct shap_room room = shap_room_of(scratch);
    double *used = shap_take(&room, explainer->used_count * sizeof *used);
    explainer->kernel->row(explainer, row, used, room.at);
    memset(phi, 0, explainer->forest.feature_count * sizeof *phi);
    for (size_t i = 0; i < explainer->used_count; i++)
        phi[explainer->used[i]] = used[i];
}

/* What the kernel said of a row and a feature in a block. */
static double in_block(const struct explainer *explainer, const double *block, size_t row,
                       size_t used)
{
    size_t lanes = explainer->kernel->lanes;
    return block[row / lanes * lanes * explainer->used_count + used * lanes + row % lanes];
}

static size_t block_count(size_t count, size_t first)
{
    return count - first < SHAP_ROWS ? count - first : SHAP_ROWS;
}

/* All clumps, or those that have no tables. */
static void explain_blocks(const struct explainer *explainer, const float *rows, size_t count,
                           size_t stride, bool rest, double *phi, void *scratch)
{
    size_t features = explainer->forest.feature_count;
    struct shap_room room = shap_room_of(scratch);
    double *block = shap_take(&room, explainer->used_count * SHAP_ROWS * sizeof *block);
    for (size_t first = 0; first < count; first += SHAP_ROWS) {
        size_t here = block_count(count, first);
        explainer->kernel->block(explainer, rows + first * stride, here, stride, rest, block,
                                 room.at);
        for (size_t row = 0; row < here; row++)
            for (size_t i = 0; i < explainer->used_count; i++)
                phi[(first + row) * features + explainer->used[i]] =
                    in_block(explainer, block, row, i);
    }
}

void shap_batch(const struct explainer *explainer, const float *rows, size_t count, size_t stride,
                double *phi, void *scratch)
{
    bool tables = explainer->tables_max > 0 && count >= explainer->table_rows;
    memset(phi, 0, count * explainer->forest.feature_count * sizeof *phi);
    if (!tables || explainer->table_clumps < explainer->clump_count)
        explain_blocks(explainer, rows, count, stride, tables, phi, scratch);
    if (tables)
        explainer->kernel->tables(explainer, rows, count, stride, phi, scratch);
}

void shap_mean_abs(const struct explainer *explainer, const float *rows, size_t count,
                   size_t stride, double *mean, void *scratch)
{
    struct shap_room room = shap_room_of(scratch);
    double *block = shap_take(&room, explainer->used_count * SHAP_ROWS * sizeof *block);
    memset(mean, 0, explainer->forest.feature_count * sizeof *mean);
    for (size_t first = 0; first < count; first += SHAP_ROWS) {
        size_t here = block_count(count, first);
        explainer->kernel->block(explainer, rows + first * stride, here, stride, false, block,
                                 room.at);
        for (size_t row = 0; row < here; row++)
            for (size_t i = 0; i < explainer->used_count; i++)
                mean[explainer->used[i]] +=
                    fabs(in_block(explainer, block, row, i)) / (double)count;
    }
}
