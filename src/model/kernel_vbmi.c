/*
 * AVX-512 with VBMI: a row of up to 64 columns is one register, and one
 * instruction looks up 64 branches' columns in it.
 */
#include "model/cpu.h"
#include "model/kernel.h"

#if defined(__AVX512VBMI__)

#include <immintrin.h>

struct row {
    __m512i rank[4];
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE struct row row_load(const struct ranks *ranks, int width)
{
    struct row row;
    for (int i = 0; i < width / 64; i++)
        row.rank[i] = _mm512_load_si512(ranks->column + 64 * i);
    return row;
}

ALWAYS_INLINE __m512i look_up(const struct row *row, __m512i column, int width)
{
    if (width == 64)
        return _mm512_permutexvar_epi8(column, row->rank[0]);
    __m512i low = _mm512_permutex2var_epi8(row->rank[0], column, row->rank[1]);
    if (width == 128)
        return low;
    __m512i high = _mm512_permutex2var_epi8(row->rank[2], column, row->rank[3]);
    return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(column), high);
}

ALWAYS_INLINE uint64_t mask_wide(const struct row *row, const struct wide_block *block, int width)
{
    __m512i rank = look_up(row, _mm512_load_si512(block->column), width);
    return _cvtmask64_u64(_mm512_cmpgt_epu8_mask(rank, _mm512_load_si512(block->rank)));
}

ALWAYS_INLINE uint32_t mask_chain(const struct row *row, const struct chain_block *block, int width)
{
    __m128i column = _mm_load_si128((const __m128i *)(const void *)block->column);
    __m512i rank = look_up(row, _mm512_castsi128_si512(column), width);
    __m128i than = _mm_load_si128((const __m128i *)(const void *)block->rank);
    return _cvtmask16_u32(_mm_cmpgt_epu8_mask(_mm512_castsi512_si128(rank), than));
}

/* ---------------------------------------------------------------- leaves */

/* One byte of each row's leaf, out of a plane of them. */
ALWAYS_INLINE __m512i look_up_byte(const uint8_t *plane, uint32_t levels, __m512i number)
{
    __m512i first = _mm512_loadu_si512(plane);
    if (levels <= 6)
        return _mm512_permutexvar_epi8(number, first);
    __m512i low = _mm512_permutex2var_epi8(first, number, _mm512_loadu_si512(plane + 64));
    if (levels == 7)
        return low;
    __m512i high = _mm512_permutex2var_epi8(_mm512_loadu_si512(plane + 128), number,
                                            _mm512_loadu_si512(plane + 192));
    return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(number), high);
}

ALWAYS_INLINE void add_to(float *sums, __m512i bits)
{
    _mm512_store_ps(sums, _mm512_add_ps(_mm512_load_ps(sums), _mm512_castsi512_ps(bits)));
}

/* Four bytes of 64 rows are woven into 64 floats. Weaving works within 16 bytes, and leaves the
 * rows in an order of its own: row_of. */
ALWAYS_INLINE void add_64(const uint8_t *plane, uint32_t levels, __m512i number, float *sums)
{
    size_t leaves = (size_t)1 << levels;
    __m512i b0 = look_up_byte(plane, levels, number);
    __m512i b1 = look_up_byte(plane + leaves, levels, number);
    __m512i b2 = look_up_byte(plane + 2 * leaves, levels, number);
    __m512i b3 = look_up_byte(plane + 3 * leaves, levels, number);
    __m512i low_lower = _mm512_unpacklo_epi8(b0, b1), low_upper = _mm512_unpackhi_epi8(b0, b1);
    __m512i high_lower = _mm512_unpacklo_epi8(b2, b3), high_upper = _mm512_unpackhi_epi8(b2, b3);
    add_to(sums, _mm512_unpacklo_epi16(low_lower, high_lower));
    add_to(sums + 16, _mm512_unpackhi_epi16(low_lower, high_lower));
    add_to(sums + 32, _mm512_unpacklo_epi16(low_upper, high_upper));
    add_to(sums + 48, _mm512_unpackhi_epi16(low_upper, high_upper));
}

/* The i-th sum: of 64 rows, quarter i / 16 % 4 of each of the four 16s. */
static inline size_t row_of(size_t i)
{
    return i / 64 * 64 + i % 16 / 4 * 16 + i / 16 % 4 * 4 + i % 4;
}

#include "model/kernel_heap512.h"

#include "model/kernel_eight.h"

static float margin(const struct engine *engine, const float *row)
{
    struct ranks ranks;
    rank_row(&engine->columns, row, &ranks);
    if (engine->eight != NULL && engine->columns.count <= 64)
        return eight_floats(engine, &ranks, 64);
    if (engine->eight != NULL && engine->columns.count <= 128)
        return eight_floats(engine, &ranks, 128);
    if (engine->columns.count <= 64)
        return walk_shape(engine, &ranks, 64);
    if (engine->columns.count <= 128)
        return walk_shape(engine, &ranks, 128);
    return walk_shape(engine, &ranks, 256);
}

#else

#include "model/kernel_absent.h"

#endif

const struct kernel kernel_vbmi = {
    .name = "vbmi",
    .about = "AVX-512 with VBMI, to 256 columns",
    .supported = cpu_has_vbmi,
    .columns_max = 256,
    .rank = rank_row,
    .margin = margin,
    .margins = margins,
};
