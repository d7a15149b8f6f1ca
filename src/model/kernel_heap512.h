/*
 * kernel_heap512: many rows at once by AVX-512, compiled into its kernels.
 *
 * A register holds one column's ranks of 64 rows, and one instruction asks a
 * branch of them. A kernel defines before it includes this
 *
 *     add_64(plane, levels, number, sums)   adds 64 rows' leaves to 64 sums
 *     row_of(i)                             the row that it keeps the i-th sum for
 */
#ifndef MODEL_KERNEL_HEAP512_H
#define MODEL_KERNEL_HEAP512_H

#include "model/kernel_walk.h"

#include <math.h>

/* ---------------------------------------------------------------- one row's ranks */

/* The last of these is never at most the value: where the search comes to, it is the pivot that was
 * not, or NaN. So the first that is not can be counted without a look whether there is one. */
ALWAYS_INLINE unsigned count_16(const float *cuts, __m512 value)
{
    return (unsigned)__builtin_ctz(
        _cvtmask16_u32(_mm512_cmp_ps_mask(_mm512_load_ps(cuts), value, _CMP_NLE_UQ)));
}

ALWAYS_INLINE uint8_t rank_of(const float *cut, const float *pivot, float value)
{
    __m512 all = _mm512_set1_ps(value);
    unsigned from = 16 * count_16(pivot, all);
    return (uint8_t)(from + count_16(cut + from, all));
}

ALWAYS_INLINE bool any_missing(const float *row, size_t count)
{
    __mmask16 missing = 0;
    for (size_t i = 0; i < count; i += 16) {
        __mmask16 here = count - i < 16 ? (__mmask16)((1U << (count - i)) - 1) : 0xffff;
        __m512 value = _mm512_maskz_loadu_ps(here, row + i);
        missing |= _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    }
    return missing != 0;
}

#include "model/kernel_rank.h"

/* ---------------------------------------------------------------- leaves of many rows */

/* Of ENGINE_ROWS rows: each one's leaf number. Four by name, so that they stay in registers. */
struct leaves {
    __m512i a, b, c, d;
};

/* The rows' ranks, column by column. */
struct rank_block {
    _Alignas(64) uint8_t column[COLUMNS_MAX][ENGINE_ROWS];
};

/* The lowest branches need no mask: what a rank is above its bar, and 1 at most, is 1 or 0. */
ALWAYS_INLINE struct leaves subtree_1(const struct heap_branch *heap, const uint8_t *ranks,
                                      int place)
{
    const struct heap_branch *branch = heap + place - 1;
    const __m512i *rank = (const __m512i *)(const void *)(ranks + branch->offset);
    __m512i bar = _mm512_set1_epi32((int)branch->rank), one = _mm512_set1_epi8(1);
    return (struct leaves){
        .a = _mm512_min_epu8(_mm512_subs_epu8(rank[0], bar), one),
        .b = _mm512_min_epu8(_mm512_subs_epu8(rank[1], bar), one),
        .c = _mm512_min_epu8(_mm512_subs_epu8(rank[2], bar), one),
        .d = _mm512_min_epu8(_mm512_subs_epu8(rank[3], bar), one),
    };
}

ALWAYS_INLINE __m512i choose_64(__m512i rank, __m512i bar, __m512i left, __m512i right, __m512i bit)
{
    return _mm512_mask_add_epi8(left, _mm512_cmpgt_epu8_mask(rank, bar), right, bit);
}

ALWAYS_INLINE struct leaves choose(const struct heap_branch *branch, const uint8_t *ranks,
                                   struct leaves left, struct leaves right, int bit)
{
    const __m512i *rank = (const __m512i *)(const void *)(ranks + branch->offset);
    __m512i bar = _mm512_set1_epi32((int)branch->rank), more = _mm512_set1_epi8((char)bit);
    return (struct leaves){
        .a = choose_64(rank[0], bar, left.a, right.a, more),
        .b = choose_64(rank[1], bar, left.b, right.b, more),
        .c = choose_64(rank[2], bar, left.c, right.c, more),
        .d = choose_64(rank[3], bar, left.d, right.d, more),
    };
}

#include "model/kernel_heap.h"

/* ---------------------------------------------------------------- ranks of many rows */

/* A line of 16 values from each of 16 rows becomes 16 rows' values of each column. */
ALWAYS_INLINE void transpose(__m512 line[16])
{
    __m512 pair[16];
    for (int i = 0; i < 16; i += 2) {
        pair[i] = _mm512_unpacklo_ps(line[i], line[i + 1]);
        pair[i + 1] = _mm512_unpackhi_ps(line[i], line[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int half = 0; half < 2; half++) {
            __m512d low = _mm512_castps_pd(pair[i + half]);
            __m512d high = _mm512_castps_pd(pair[i + half + 2]);
            line[i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
            line[i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
        }
    for (int i = 0; i < 4; i++) {
        pair[i] = _mm512_shuffle_f32x4(line[i], line[i + 4], 0x88);
        pair[i + 4] = _mm512_shuffle_f32x4(line[i], line[i + 4], 0xdd);
        pair[i + 8] = _mm512_shuffle_f32x4(line[i + 8], line[i + 12], 0x88);
        pair[i + 12] = _mm512_shuffle_f32x4(line[i + 8], line[i + 12], 0xdd);
    }
    for (int i = 0; i < 8; i++) {
        line[i] = _mm512_shuffle_f32x4(pair[i], pair[i + 8], 0x88);
        line[i + 8] = _mm512_shuffle_f32x4(pair[i], pair[i + 8], 0xdd);
    }
}

/* 16 neighbouring features of all rows, feature by feature. */
struct lines {
    _Alignas(64) float value[16][ENGINE_ROWS];
};

static void read_lines(const float *rows, size_t count, size_t stride, size_t features,
                       struct lines *out)
{
    __mmask16 there = (__mmask16)(features < 16 ? (1U << features) - 1 : 0xffff);
    for (size_t row = 0; row < count; row += 16) {
        __m512 line[16];
        for (size_t i = 0; i < 16; i++) {
            size_t at = row + i < count ? row + i : count - 1;
            line[i] = _mm512_maskz_loadu_ps(there, rows + at * stride);
        }
        transpose(line);
        for (size_t i = 0; i < 16; i++)
            _mm512_store_ps(&out->value[i][row], line[i]);
    }
}

/* A column's thresholds, so that register i holds number i of each of the 16 blocks. */
struct cuts {
    __m512 pivot, nth[16];
};

ALWAYS_INLINE struct cuts cuts_load(const struct columns *columns, size_t at)
{
    struct cuts cuts = {.pivot = _mm512_load_ps(columns->pivot + at * COLUMN_PIVOTS)};
    for (size_t i = 0; i < 16; i++)
        cuts.nth[i] = _mm512_load_ps(columns->cut + at * COLUMN_CUTS_ROOM + 16 * i);
    transpose(cuts.nth);
    return cuts;
}

/* In each lane: of the one cut that is read there, whether the value is not below it. */
ALWAYS_INLINE __m512i step(__m512i rank, __m512 cut, __m512 value, int size)
{
    return _mm512_mask_add_epi32(rank, _mm512_cmp_ps_mask(cut, value, _CMP_LE_OQ), rank,
                                 _mm512_set1_epi32(size));
}

ALWAYS_INLINE __m512 pivot_at(const struct cuts *cuts, __m512i block, int further)
{
    return _mm512_permutexvar_ps(_mm512_add_epi32(block, _mm512_set1_epi32(further)), cuts->pivot);
}

/* The ranks of 16 values by halves: four steps choose a block, four more a cut within. */
ALWAYS_INLINE __m128i rank_16(const struct cuts *cuts, __m512 value)
{
    __m512i block = step(_mm512_setzero_si512(),
                         _mm512_permutexvar_ps(_mm512_set1_epi32(7), cuts->pivot), value, 8);
    block = step(block, pivot_at(cuts, block, 3), value, 4);
    block = step(block, pivot_at(cuts, block, 1), value, 2);
    block = step(block, pivot_at(cuts, block, 0), value, 1);

    const __m512 *nth = cuts->nth;
    /* Lanes whose value is not below the block's 8th, then 4th or 12th of it, and so on. A two
     * register lookup takes bit 4 of the index to choose between its registers. */
    __mmask16 k8 = _mm512_cmp_ps_mask(_mm512_permutexvar_ps(block, nth[7]), value, _CMP_LE_OQ);
    __m512i by8 = _mm512_mask_or_epi32(block, k8, block, _mm512_set1_epi32(16));
    __m512 cut = _mm512_permutex2var_ps(nth[3], by8, nth[11]);
    __mmask16 k4 = _mm512_cmp_ps_mask(cut, value, _CMP_LE_OQ);
    __m512i by4 = _mm512_mask_or_epi32(block, k4, block, _mm512_set1_epi32(16));
    cut = _mm512_mask_mov_ps(_mm512_permutex2var_ps(nth[1], by4, nth[5]), k8,
                             _mm512_permutex2var_ps(nth[9], by4, nth[13]));
    __mmask16 k2 = _mm512_cmp_ps_mask(cut, value, _CMP_LE_OQ);
    __m512i by2 = _mm512_mask_or_epi32(block, k2, block, _mm512_set1_epi32(16));
    __m512 low = _mm512_mask_mov_ps(_mm512_permutex2var_ps(nth[0], by2, nth[2]), k4,
                                    _mm512_permutex2var_ps(nth[4], by2, nth[6]));
    __m512 high = _mm512_mask_mov_ps(_mm512_permutex2var_ps(nth[8], by2, nth[10]), k4,
                                     _mm512_permutex2var_ps(nth[12], by2, nth[14]));
    __mmask16 k1 = _mm512_cmp_ps_mask(_mm512_mask_mov_ps(low, k8, high), value, _CMP_LE_OQ);

    __m512i rank = _mm512_slli_epi32(block, 4);
    rank = _mm512_mask_add_epi32(rank, k8, rank, _mm512_set1_epi32(8));
    rank = _mm512_mask_add_epi32(rank, k4, rank, _mm512_set1_epi32(4));
    rank = _mm512_mask_add_epi32(rank, k2, rank, _mm512_set1_epi32(2));
    rank = _mm512_mask_add_epi32(rank, k1, rank, _mm512_set1_epi32(1));
    return _mm512_cvtepi32_epi8(rank);
}

static void rank_column(const struct columns *columns, size_t at, const float *values, uint8_t *out)
{
    struct cuts cuts = cuts_load(columns, at);
    __m128i missing = _mm_set1_epi8((char)columns->missing[at]);
    for (size_t row = 0; row < ENGINE_ROWS; row += 16) {
        __m512 value = _mm512_load_ps(values + row);
        __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
        __m128i rank = _mm_mask_mov_epi8(rank_16(&cuts, value), nan, missing);
        _mm_store_si128((__m128i *)(void *)(out + row), rank);
    }
}

static void rank_twin(const struct columns *columns, size_t twin, const float *values,
                      const uint8_t *of, uint8_t *out)
{
    __m128i missing = _mm_set1_epi8((char)columns->missing[columns->primary_count + twin]);
    for (size_t row = 0; row < ENGINE_ROWS; row += 16) {
        __m512 value = _mm512_load_ps(values + row);
        __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
        __m128i rank = _mm_load_si128((const __m128i *)(const void *)(of + row));
        _mm_store_si128((__m128i *)(void *)(out + row), _mm_mask_mov_epi8(rank, nan, missing));
    }
}

/* Columns are in order of their features: a line of 16 is read once for all columns on it. */
static void rank_rows(const struct columns *columns, const float *rows, size_t count, size_t stride,
                      struct rank_block *block)
{
    struct lines lines;
    size_t first = 0, features = 0, twin = 0, twins = columns->count - columns->primary_count;
    for (size_t i = 0; i < columns->primary_count; i++) {
        size_t feature = columns->feature[i];
        if (feature >= first + features) {
            size_t left = columns->feature_count - feature;
            first = feature;
            features = left < 16 ? left : 16;
            read_lines(rows + first, count, stride, features, &lines);
        }
        rank_column(columns, i, lines.value[feature - first], block->column[i]);
        if (twin < twins && columns->twin_of[twin] == i) {
            rank_twin(columns, twin, lines.value[feature - first], block->column[i],
                      block->column[columns->primary_count + twin]);
            twin++;
        }
    }
}

/* ---------------------------------------------------------------- sums */

static void number_leaves(const struct engine *engine, struct heap_tree tree, const uint8_t *ranks,
                          uint8_t number[ENGINE_ROWS])
{
    struct leaves leaves = leaves_of(engine->heap_branch + tree.branch, ranks, tree.levels);
    _mm512_store_si512(number, leaves.a);
    _mm512_store_si512(number + 64, leaves.b);
    _mm512_store_si512(number + 128, leaves.c);
    _mm512_store_si512(number + 192, leaves.d);
}

static void heap_floats(const struct engine *engine, const uint8_t *ranks, size_t count, float *out)
{
    _Alignas(64) float sums[ENGINE_ROWS];
    for (size_t i = 0; i < ENGINE_ROWS; i++)
        sums[i] = engine->forest.base_margin;
    for (size_t tree = 0; tree < engine->forest.tree_count; tree++) {
        struct heap_tree entry = engine->heap[tree];
        struct leaves leaves = leaves_of(engine->heap_branch + entry.branch, ranks, entry.levels);
        const uint8_t *plane = engine->heap_leaf + sizeof(float) * entry.leaf;
        add_64(plane, entry.levels, leaves.a, sums);
        add_64(plane, entry.levels, leaves.b, sums + 64);
        add_64(plane, entry.levels, leaves.c, sums + 128);
        add_64(plane, entry.levels, leaves.d, sums + 192);
    }
    for (size_t i = 0; i < ENGINE_ROWS; i++)
        if (row_of(i) < count)
            out[row_of(i)] = sums[i];
}

#include "model/kernel_margins.h"

#endif
