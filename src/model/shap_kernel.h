/*
 * shap_kernel: the innermost loops of explaining, one struct for each set of instructions.
 *
 * A row of model/shap_kernels.def is a file shap_<name>.c: model/shap_lanes.h,
 * compiled once more. They differ in the last bits, because some have a fused
 * multiply-add.
 */
#ifndef MODEL_SHAP_KERNEL_H
#define MODEL_SHAP_KERNEL_H

#include "model/shap_twig.h"

#include <float.h>

enum {
    SHAP_ROWS = 128, /* explained together */
    SHAP_PAD =
        32, /* entries that may be read past the last branch, and written past the last way */
};

struct shap_kernel {
    const char *name;
    bool (*supported)(void);
    size_t lanes; /* the most doubles in a vector */

    /* One row; phi: used_count, in the order of `used`. */
    void (*row)(const struct explainer *explainer, const float *row, double *phi, void *scratch);

    /* `count` rows, at most SHAP_ROWS; phi: used_count * SHAP_ROWS, in blocks of `lanes` rows, each
     * by feature. `rest`: only those clumps that have no tables. */
    void (*block)(const struct explainer *explainer, const float *rows, size_t count, size_t stride,
                  bool rest, double *phi, void *scratch);

    /* Adds what the others say, for any number of rows; phi as in shap_batch. */
    void (*tables)(const struct explainer *explainer, const float *rows, size_t count,
                   size_t stride, double *phi, void *scratch);
};

#define SHAP_KERNEL(name) extern const struct shap_kernel shap_kernel_##name;
#include "model/shap_kernels.def"
#undef SHAP_KERNEL

/* Fills explainer.row_scratch and explainer.batch_scratch from its counts. */
void shap_measure_scratch(struct explainer *explainer);
size_t shap_pairs_scratch(const struct explainer *explainer);

static inline size_t shap_slots(const struct shap_stand *stand)
{
    return stand->upper + (size_t)stand->tips * SHAP_TIP + stand->bottom;
}

/* Pieces of scratch memory, each on a line of its own. */
#define SHAP_LINE 64

struct shap_room {
    char *at;
};

static inline struct shap_room shap_room_of(void *scratch)
{
    uintptr_t address = ((uintptr_t)scratch + SHAP_LINE - 1) & ~(uintptr_t)(SHAP_LINE - 1);
    return (struct shap_room){(char *)scratch + (address - (uintptr_t)scratch)};
}

static inline void *shap_take(struct shap_room *room, size_t size)
{
    void *taken = room->at;
    room->at += (size + SHAP_LINE - 1) & ~(size_t)(SHAP_LINE - 1);
    return taken;
}

/* A value as a whole number that sorts alike: missing ones below or above everything. */
static inline int32_t shap_key(float value, bool missing_left)
{
    int32_t bits;
    float number = value + 0.0F; /* -0 is 0 */
    memcpy(&bits, &number, sizeof bits);
    int32_t key = bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
    return value != value ? (missing_left ? INT32_MIN : INT32_MAX) : key;
}

/* The share of cover that goes left. A file may say anything: negative and NaN count as none. */
static inline double shap_share(const struct forest *forest, uint32_t left)
{
    double cover[2];
    for (uint32_t i = 0; i < 2; i++) {
        float said = forest->cover[left + i];
        cover[i] = !(said > 0) ? 0 : said < FLT_MAX ? (double)said : (double)FLT_MAX;
    }
    double both = cover[0] + cover[1];
    return both > 0 ? cover[0] / both : 0.5;
}

static inline double shap_weight(const struct forest *forest, uint32_t leaf)
{
    return forest->weight != NULL ? forest->weight[leaf] : (double)forest->node[leaf].weight;
}

/* Which way a category's branch sends a value, as model/forest.h says. */
static inline bool shap_category_left(const struct forest *forest, uint32_t at, float value)
{
    const struct node *node = &forest->node[at];
    const struct category_set *set = &forest->set[node->set];
    if (value != value)
        return node->missing_left;
    if (!(value >= 0.0F && value < (float)set->words * 32))
        return true;
    uint32_t code = (uint32_t)value;
    return (forest->bits[set->first + code / 32] >> code % 32 & 1) == 0;
}

#endif
