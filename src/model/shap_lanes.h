/*
 * shap_lanes: the kernels of explaining, for whatever instructions this file is compiled for.
 *
 * Included by shap_portable.c, shap_avx2.c and shap_avx512.c, which then name
 * what they got as a struct shap_kernel. Vectors are the compiler's own; the
 * few intrinsics are where it cannot see the instruction.
 */
#ifndef MODEL_SHAP_LANES_H
#define MODEL_SHAP_LANES_H

#include "model/shap_kernel.h"

/* A loop as often as the compiler knows, which it shall write out. */
#if defined(__clang__)
#define EACH_OF(i, count) _Pragma("clang loop unroll(full)") for (size_t i = 0; i < (count); i++)
#else
#define EACH_OF(i, count) _Pragma("GCC unroll 8") for (size_t i = 0; i < (count); i++)
#endif
#define EACH_POINT(q) EACH_OF(q, points)

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX2__)
typedef double lanes4 __attribute__((vector_size(32)));

static inline lanes4 all4(double value)
{
    return (lanes4)_mm256_set1_pd(value);
}

static inline lanes4 load4(const double *from)
{
    return (lanes4)_mm256_loadu_pd(from);
}

static inline lanes4 fused4(lanes4 a, lanes4 b, lanes4 c)
{
#if defined(__FMA__)
    return (lanes4)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
    return a * b + c;
#endif
}

#define NARROW     4
#define NARROW_(x) x##4
#else
typedef double lanes2 __attribute__((vector_size(16)));

static inline lanes2 all2(double value)
{
    return (lanes2){value, value};
}

static inline lanes2 load2(const double *from)
{
    return (lanes2){from[0], from[1]};
}

static inline lanes2 fused2(lanes2 a, lanes2 b, lanes2 c)
{
    return a * b + c;
}

#define NARROW     2
#define NARROW_(x) x##2
#endif

#if defined(__AVX512VL__)
typedef double lanes8 __attribute__((vector_size(64)));

static inline lanes8 all8(double value)
{
    return (lanes8)_mm512_set1_pd(value);
}

static inline lanes8 load8(const double *from)
{
    return (lanes8)_mm512_loadu_pd(from);
}

static inline lanes8 fused8(lanes8 a, lanes8 b, lanes8 c)
{
    return (lanes8)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
#endif

/* ---------------------------------------------------------------- one row */

/* By slot of a tree, except the last ones. Vectors are read at the width of the sweep. */
struct row_work {
    int32_t *key;  /* by input */
    double *way;   /* the surprise e */
    uint8_t *side; /* SHAP_LEFT ... */
    void *product, *factor, *sum;
    NARROW_(lanes) * NARROW_(phi); /* by used feature, points apart */
#if defined(__AVX512VL__)
    lanes8 *phi8;
#endif
};

#define LANES   NARROW
#define NAME(x) NARROW_(x)
#include "model/shap_row.h"
#undef LANES
#undef NAME

#if defined(__AVX512VL__)
#define LANES   8
#define NAME(x) x##8
#include "model/shap_row.h"
#undef LANES
#undef NAME
#endif

static struct row_work row_work_of(const struct explainer *x, void *scratch)
{
    struct shap_room room = shap_room_of(scratch);
    size_t vectors = x->slots_max * 8 * sizeof(double);
    struct row_work work = {.key = shap_take(&room, (x->input_count + SHAP_PAD) * sizeof(int32_t))};
    work.way = shap_take(&room, (x->branches_max + SHAP_PAD) * sizeof(double));
    work.side = shap_take(&room, x->branches_max + SHAP_PAD);
    work.product = shap_take(&room, vectors);
    work.factor = shap_take(&room, vectors);
    work.sum = shap_take(&room, vectors);
    work.NARROW_(phi) = shap_take(&room, x->used_count * sizeof *work.NARROW_(phi));
    memset(work.NARROW_(phi), 0, x->used_count * sizeof *work.NARROW_(phi));
#if defined(__AVX512VL__)
    work.phi8 = shap_take(&room, x->used_count * sizeof *work.phi8);
    memset(work.phi8, 0, x->used_count * sizeof *work.phi8);
#endif
    return work;
}

#if defined(__AVX512VL__)
enum { KEYS_LOOKED_UP = 256 }; /* from here on one by one is no slower */

/* Keys, the first of them in registers. */
struct key_table {
    const int32_t *key;
    __m512i low, high;
};

static inline struct key_table key_table_of(const int32_t *key)
{
    return (struct key_table){key, _mm512_loadu_si512(key), _mm512_loadu_si512(key + 16)};
}

/* Which keys of sixteen inputs are below their limits. */
static inline __mmask16 below_sixteen(const struct explainer *x, const struct key_table *table,
                                      __m512i input, const int32_t *limit)
{
    __m512i key = _mm512_permutex2var_epi32(table->low, input, table->high);
    for (size_t first = 32; first < x->input_count; first += 32) {
        __m512i low = _mm512_loadu_si512(table->key + first);
        __m512i high = _mm512_loadu_si512(table->key + first + 16);
        __mmask16 here = _mm512_cmpge_epu32_mask(input, _mm512_set1_epi32((int)first));
        key = _mm512_mask_mov_epi32(key, here, _mm512_permutex2var_epi32(low, input, high));
    }
    return _mm512_cmplt_epi32_mask(key, _mm512_loadu_si512(limit));
}

/* Sixteen branches from `i` on. Which of them lie past the clump does not matter. */
static inline void compare_sixteen(const struct explainer *x, const struct shap_clump *clump,
                                   size_t i, const struct key_table *table,
                                   const struct row_work *work)
{
    size_t at = clump->branch + i;
    __m512i input = _mm512_loadu_si512(x->input + at);
    __mmask16 left = below_sixteen(x, table, input, x->limit + at);
    __m128i side = _mm_mask_mov_epi8(_mm_set1_epi8(SHAP_RIGHT), left, _mm_set1_epi8(SHAP_LEFT));
    _mm_storeu_si128((__m128i *)(work->side + i), side);
    __m512d one = _mm512_set1_pd(1);
    for (size_t half = 0; half < 16; half += 8) {
        __m512d went = _mm512_maskz_mov_pd((__mmask8)(left >> half), one);
        _mm512_storeu_pd(work->way + i + half,
                         _mm512_sub_pd(went, _mm512_loadu_pd(x->share + at + half)));
    }
}
#endif

static void compare_row(const struct explainer *x, const struct shap_clump *clump,
                        const struct row_work *work)
{
    const uint32_t *input = x->input + clump->branch;
    const int32_t *limit = x->limit + clump->branch;
    const double *share = x->share + clump->branch;
    size_t branches = clump->upper + clump->bottom, i = 0;
#if defined(__AVX512VL__)
    struct key_table table = key_table_of(work->key);
    for (; x->input_count <= KEYS_LOOKED_UP && i < branches; i += 16)
        compare_sixteen(x, clump, i, &table, work);
#endif
    for (; i < branches; i++) {
        int left = work->key[input[i]] < limit[i];
        work->side[i] = (uint8_t)(SHAP_RIGHT - left);
        work->way[i] = left - share[i];
    }
}

static void decide_row(const struct explainer *x, const struct shap_clump *clump, const float *row,
                       const struct row_work *work)
{
    const double *share = x->share + clump->branch;
    compare_row(x, clump, work);
    for (size_t i = 0; i < clump->categories; i++) {
        const struct shap_category *category = &x->category[clump->category + i];
        float value = row[x->forest.node[category->node].feature];
        int left = shap_category_left(&x->forest, category->node, value);
        work->side[category->branch] = (uint8_t)(SHAP_RIGHT - left);
        work->way[category->branch] = left - share[category->branch];
    }
    for (size_t i = 0; i < clump->repeats; i++) {
        const struct shap_repeat *repeat = &x->repeat[clump->repeat + i];
        int passed = work->side[repeat->earlier] == repeat->side;
        work->side[repeat->branch] = (uint8_t)(passed * work->side[repeat->branch]);
        work->way[repeat->branch] *= passed;
    }
}

static void row_keys(const struct explainer *x, const float *row, int32_t *key)
{
    for (size_t i = 0; i < x->input_count; i++)
        key[i] = shap_key(row[x->inputs[i].feature], x->inputs[i].missing_left);
}

static void explain_clumps(const struct explainer *x, const float *row, double *phi, void *scratch)
{
    struct row_work work = row_work_of(x, scratch);
    row_keys(x, row, work.key);
    for (size_t i = 0; i < x->clump_count; i++) {
        const struct shap_clump *clump = &x->clump[i];
        decide_row(x, clump, row, &work);
        size_t first = clump->rule, end = clump->rule + clump->points;
#if defined(__AVX512VL__)
        for (; first + 4 < end; first += 8)
            points8(x, clump, first, &work);
#endif
        for (; first < end; first += NARROW)
            NARROW_(points)(x, clump, first, &work);
    }
    for (size_t i = 0; i < x->used_count; i++) {
        NARROW_(lanes) lanes = work.NARROW_(phi)[i];
        phi[i] = 0;
        for (int lane = 0; lane < NARROW; lane++)
            phi[i] += lanes[lane];
#if defined(__AVX512VL__)
        phi[i] += _mm512_reduce_add_pd((__m512d)work.phi8[i]);
#endif
    }
}

/* ---------------------------------------------------------------- many rows */

enum { BLOCK_POINTS = 4 }; /* swept together */

/* A branch at one point. An upper branch's factor is its share + e * rise; what a bottom branch
 * expects is base + e * rise. */
struct block_scale {
    double base, rise, weight;
};

struct block_bits {
    uint8_t left[SHAP_ROWS / 8], passed[SHAP_ROWS / 8];
};

struct block_work {
    int32_t *key;              /* by input, SHAP_ROWS each */
    struct block_bits *bits;   /* by branch */
    struct block_scale *scale; /* by branch and point */
    void *product, *sum;       /* by slot and point, LANES rows each */
};

static inline uint8_t eight_below(const int32_t *key, int32_t limit)
{
#if defined(__AVX512VL__)
    __m256i keys = _mm256_loadu_si256((const __m256i *)key);
    return _mm256_cmplt_epi32_mask(keys, _mm256_set1_epi32(limit));
#elif defined(__AVX2__)
    __m256i keys = _mm256_loadu_si256((const __m256i *)key);
    __m256i below = _mm256_cmpgt_epi32(_mm256_set1_epi32(limit), keys);
    return (uint8_t)_mm256_movemask_ps(_mm256_castsi256_ps(below));
#else
    unsigned below = 0;
    for (int i = 0; i < 8; i++)
        below |= (unsigned)(key[i] < limit) << i;
    return (uint8_t)below;
#endif
}

#if defined(__AVX512VL__)
static inline lanes8 way8(const struct block_bits *bits, size_t row, double share)
{
    __m512d left = _mm512_maskz_mov_pd(bits->left[row / 8], _mm512_set1_pd(1));
    return (lanes8)_mm512_maskz_sub_pd(bits->passed[row / 8], left, _mm512_set1_pd(share));
}

#define LANES   8
#define NAME(x) x##8
#else
/* Bits as numbers, the first NARROW of each. */
static const double ones[16][4] = {
    {0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}, {1, 0, 1, 0},
    {0, 1, 1, 0}, {1, 1, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 1}, {0, 1, 0, 1}, {1, 1, 0, 1},
    {0, 0, 1, 1}, {1, 0, 1, 1}, {0, 1, 1, 1}, {1, 1, 1, 1},
};

static inline NARROW_(lanes) NARROW_(way)(const struct block_bits *bits, size_t row, double share)
{
    const unsigned lanes = (1U << NARROW) - 1;
    NARROW_(lanes) left = NARROW_(load)(ones[bits->left[row / 8] >> row % 8 & lanes]);
    NARROW_(lanes) passed = NARROW_(load)(ones[bits->passed[row / 8] >> row % 8 & lanes]);
    return passed * (left - NARROW_(all)(share));
}

#define LANES   NARROW
#define NAME(x) NARROW_(x)
#endif

#include "model/shap_stand.h"

static void explain_row(const struct explainer *x, const float *row, double *phi, void *scratch)
{
    if (x->stands.count > 0)
        explain_stands(x, row, phi, scratch);
    else
        explain_clumps(x, row, phi, scratch);
}

#include "model/shap_block.h"

static struct block_work block_work_of(const struct explainer *x, void *scratch)
{
    struct shap_room room = shap_room_of(scratch);
    size_t vectors = x->slots_max * BLOCK_POINTS * LANES * sizeof(double);
    struct block_work work = {.key =
                                  shap_take(&room, x->input_count * SHAP_ROWS * sizeof(int32_t))};
    work.bits = shap_take(&room, x->branches_max * sizeof *work.bits);
    work.scale = shap_take(&room, x->branches_max * BLOCK_POINTS * sizeof *work.scale);
    work.product = shap_take(&room, vectors);
    work.sum = shap_take(&room, vectors);
    return work;
}

static void explain_block(const struct explainer *x, const float *rows, size_t count, size_t stride,
                          bool rest, double *phi, void *scratch)
{
    struct block_work work = block_work_of(x, scratch);
    for (size_t i = 0; i < x->input_count; i++) {
        struct shap_input input = x->inputs[i];
        for (size_t row = 0; row < count; row++)
            work.key[i * SHAP_ROWS + row] =
                shap_key(rows[row * stride + input.feature], input.missing_left);
    }
    memset(phi, 0, x->used_count * SHAP_ROWS * sizeof *phi);
    for (size_t i = 0; i < x->clump_count; i++) {
        const struct shap_clump *clump = &x->clump[i];
        if (rest && clump->tables)
            continue;
        decide_block(x, clump, rows, count, stride, &work);
        NAME(block_clump)(x, clump, count, &work, phi);
    }
}

#include "model/shap_table.h"

#include "model/shap_look.h"

#endif
