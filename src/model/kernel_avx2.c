/*
 * AVX2: as kernel_avx512.c, at 32 bytes a register and without masks.
 */
#include "model/cpu.h"
#include "model/kernel.h"

#if defined(__AVX2__)

#include <immintrin.h>
#include <math.h>

struct row {
    __m256i rank[4];
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE __m256i load_256(const void *from)
{
    return _mm256_load_si256((const __m256i *)from);
}

ALWAYS_INLINE __m128i load_128(const void *from)
{
    return _mm_load_si128((const __m128i *)from);
}

ALWAYS_INLINE struct row row_load(const struct ranks *ranks, int width)
{
    struct row row;
    for (int i = 0; i < width / 16; i++)
        row.rank[i] = _mm256_broadcastsi128_si256(load_128(ranks->column + 16 * i));
    return row;
}

/* A lookup gives 0 where the index has its high bit. In table i belong the columns that differ from
 * 16 i in the lowest four bits alone: adding 0x70 sets the high bit of all others. */
ALWAYS_INLINE __m256i look_up(const struct row *row, __m256i column, int width)
{
    const __m256i keep = _mm256_set1_epi8(0x70);
    __m256i found = _mm256_shuffle_epi8(row->rank[0], _mm256_add_epi8(column, keep));
    for (int i = 1; i < width / 16; i++) {
        __m256i own = _mm256_xor_si256(column, _mm256_set1_epi8((char)(16 * i)));
        found =
            _mm256_or_si256(found, _mm256_shuffle_epi8(row->rank[i], _mm256_add_epi8(own, keep)));
    }
    return found;
}

ALWAYS_INLINE uint32_t mask_32(const struct row *row, __m256i column, __m256i than, int width)
{
    __m256i above = _mm256_subs_epu8(look_up(row, column, width), than);
    __m256i left = _mm256_cmpeq_epi8(above, _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(left);
}

ALWAYS_INLINE uint64_t mask_wide(const struct row *row, const struct wide_block *block, int width)
{
    uint32_t low = mask_32(row, load_256(block->column), load_256(block->rank), width);
    uint32_t high = mask_32(row, load_256(block->column + 32), load_256(block->rank + 32), width);
    return (uint64_t)high << 32 | low;
}

ALWAYS_INLINE uint32_t mask_chain(const struct row *row, const struct chain_block *block, int width)
{
    __m256i column = _mm256_castsi128_si256(load_128(block->column));
    __m256i than = _mm256_castsi128_si256(load_128(block->rank));
    return mask_32(row, column, than, width) & 0xffff;
}

#include "model/kernel_walk.h"

/* ---------------------------------------------------------------- ranks */

/* How many of 16 cuts the value is not less than. */
ALWAYS_INLINE unsigned count_16(const float *cuts, __m256 value)
{
    __m256 low = _mm256_cmp_ps(_mm256_load_ps(cuts), value, _CMP_LE_OQ);
    __m256 high = _mm256_cmp_ps(_mm256_load_ps(cuts + 8), value, _CMP_LE_OQ);
    unsigned mask = (unsigned)_mm256_movemask_ps(low) << 8 | (unsigned)_mm256_movemask_ps(high);
    return (unsigned)__builtin_popcount(mask);
}

ALWAYS_INLINE uint8_t rank_of(const float *cut, const float *pivot, float value)
{
    __m256 all = _mm256_set1_ps(value);
    unsigned from = 16 * count_16(pivot, all);
    return (uint8_t)(from + count_16(cut + from, all));
}

ALWAYS_INLINE bool any_missing(const float *row, size_t count)
{
    __m256 missing = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256 value = _mm256_loadu_ps(row + i);
        missing = _mm256_or_ps(missing, _mm256_cmp_ps(value, value, _CMP_UNORD_Q));
    }
    bool found = _mm256_movemask_ps(missing) != 0;
    for (; i < count; i++)
        found |= row[i] != row[i];
    return found;
}

#include "model/kernel_rank.h"

/* ---------------------------------------------------------------- many rows */

enum { PART = 64 }; /* rows that two registers hold */

struct leaves {
    __m256i a, b;
};

/* The rows' ranks, column by column, each less 128: AVX2 compares signed bytes alone. */
struct rank_block {
    _Alignas(64) uint8_t column[COLUMNS_MAX][ENGINE_ROWS];
};

ALWAYS_INLINE __m256i bar_of(const struct heap_branch *branch)
{
    return _mm256_xor_si256(_mm256_set1_epi32((int)branch->rank), _mm256_set1_epi8((char)0x80));
}

ALWAYS_INLINE struct leaves subtree_1(const struct heap_branch *heap, const uint8_t *ranks,
                                      int place)
{
    const struct heap_branch *branch = heap + place - 1;
    const uint8_t *rank = ranks + branch->offset;
    __m256i bar = bar_of(branch), one = _mm256_set1_epi8(1);
    return (struct leaves){
        .a = _mm256_and_si256(_mm256_cmpgt_epi8(load_256(rank), bar), one),
        .b = _mm256_and_si256(_mm256_cmpgt_epi8(load_256(rank + 32), bar), one),
    };
}

ALWAYS_INLINE struct leaves choose(const struct heap_branch *branch, const uint8_t *ranks,
                                   struct leaves left, struct leaves right, int bit)
{
    const uint8_t *rank = ranks + branch->offset;
    __m256i bar = bar_of(branch), more = _mm256_set1_epi8((char)bit);
    return (struct leaves){
        .a = _mm256_blendv_epi8(left.a, _mm256_add_epi8(right.a, more),
                                _mm256_cmpgt_epi8(load_256(rank), bar)),
        .b = _mm256_blendv_epi8(left.b, _mm256_add_epi8(right.b, more),
                                _mm256_cmpgt_epi8(load_256(rank + 32), bar)),
    };
}

#include "model/kernel_heap.h"

static void rank_rows(const struct columns *columns, const float *rows, size_t count, size_t stride,
                      struct rank_block *block)
{
    for (size_t row = 0; row < count; row++) {
        struct ranks ranks;
        rank_row(columns, rows + row * stride, &ranks);
        for (size_t i = 0; i < columns->count; i++)
            block->column[i][row] = ranks.column[i] ^ 0x80;
    }
}

static void number_leaves(const struct engine *engine, struct heap_tree tree, const uint8_t *ranks,
                          uint8_t number[ENGINE_ROWS])
{
    for (size_t row = 0; row < ENGINE_ROWS; row += PART) {
        struct leaves leaves =
            leaves_of(engine->heap_branch + tree.branch, ranks + row, tree.levels);
        _mm256_store_si256((__m256i *)(void *)(number + row), leaves.a);
        _mm256_store_si256((__m256i *)(void *)(number + row + 32), leaves.b);
    }
}

/* A leaf's four bytes lie in four planes. */
static void read_leaves(const uint8_t *plane, size_t count, float *out)
{
    uint32_t bits[1 << HEAP_LEVELS_MAX];
    for (size_t i = 0; i < count; i++)
        bits[i] = plane[i] | (uint32_t)plane[i + count] << 8 |
                  (uint32_t)plane[i + 2 * count] << 16 | (uint32_t)plane[i + 3 * count] << 24;
    memcpy(out, bits, count * sizeof *out);
}

static void heap_floats(const struct engine *engine, const uint8_t *ranks, size_t count, float *out)
{
    float sums[ENGINE_ROWS], leaf[1 << HEAP_LEVELS_MAX];
    _Alignas(64) uint8_t number[ENGINE_ROWS];
    for (size_t i = 0; i < ENGINE_ROWS; i++)
        sums[i] = engine->forest.base_margin;
    for (size_t tree = 0; tree < engine->forest.tree_count; tree++) {
        struct heap_tree entry = engine->heap[tree];
        number_leaves(engine, entry, ranks, number);
        read_leaves(engine->heap_leaf + sizeof(float) * entry.leaf, (size_t)1 << entry.levels,
                    leaf);
        for (size_t i = 0; i < ENGINE_ROWS; i++)
            sums[i] += leaf[number[i]];
    }
    memcpy(out, sums, count * sizeof *out);
}

#include "model/kernel_margins.h"

static float margin(const struct engine *engine, const float *row)
{
    struct ranks ranks;
    rank_row(&engine->columns, row, &ranks);
    if (engine->columns.count <= 32)
        return walk_shape(engine, &ranks, 32);
    return walk_shape(engine, &ranks, 64);
}

#else

#include "model/kernel_absent.h"

#endif

const struct kernel kernel_avx2 = {
    .name = "avx2",
    .about = "AVX2, to 64 columns",
    .supported = cpu_has_avx2,
    .columns_max = 64,
    .rank = rank_row,
    .margin = margin,
    .margins = margins,
};
