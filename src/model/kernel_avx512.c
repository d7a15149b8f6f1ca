/*
 * AVX-512 without VBMI (Skylake to Cascade Lake): bytes are looked up 16 at a
 * time, so a row of up to 64 columns is four tables of 16 in each lane.
 */
#include "model/cpu.h"
#include "model/kernel.h"

#if defined(__AVX512BW__)

#include <immintrin.h>

struct row {
    __m512i rank[4];
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE struct row row_load(const struct ranks *ranks, int width)
{
    struct row row;
    for (int i = 0; i < width / 16; i++) {
        const void *part = ranks->column + 16 * i;
        row.rank[i] = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)part));
    }
    return row;
}

/* A lookup gives 0 where the index has its high bit. In table i belong the columns that differ from
 * 16 i in the lowest four bits alone: adding 0x70 sets the high bit of all others. */
ALWAYS_INLINE __m512i look_up(const struct row *row, __m512i column, int width)
{
    const __m512i keep = _mm512_set1_epi8(0x70);
    __m512i found = _mm512_shuffle_epi8(row->rank[0], _mm512_add_epi8(column, keep));
    for (int i = 1; i < width / 16; i++) {
        __m512i own = _mm512_xor_si512(column, _mm512_set1_epi8((char)(16 * i)));
        found =
            _mm512_or_si512(found, _mm512_shuffle_epi8(row->rank[i], _mm512_add_epi8(own, keep)));
    }
    return found;
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

/* A leaf's four bytes lie in four planes; 16 leaves' floats are put together out of them. */
ALWAYS_INLINE __m512 leaves_16(const uint8_t *plane, size_t leaves, size_t first)
{
    __m512i bits = _mm512_setzero_si512();
    for (size_t byte = 0; byte < 4; byte++) {
        const void *part = plane + byte * leaves + first;
        __m512i wide = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)part));
        bits = _mm512_or_si512(bits, _mm512_slli_epi32(wide, (unsigned)(8 * byte)));
    }
    return _mm512_castsi512_ps(bits);
}

/* 32 leaves at a time are two registers, and one lookup of 16 rows. */
ALWAYS_INLINE void add_64(const uint8_t *plane, uint32_t levels, __m512i number, float *sums)
{
    size_t leaves = (size_t)1 << levels;
    __m512i row[4] = {
        _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(number, 0)),
        _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(number, 1)),
        _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(number, 2)),
        _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(number, 3)),
    };
    __m512 leaf[4];
    for (size_t first = 0; first < leaves; first += 32) {
        __m512 low = leaves_16(plane, leaves, first), high = leaves_16(plane, leaves, first + 16);
        for (int i = 0; i < 4; i++) {
            __m512 found = _mm512_permutex2var_ps(low, row[i], high);
            __m512i part = _mm512_and_si512(row[i], _mm512_set1_epi32(0xe0));
            __mmask16 here = _mm512_cmpeq_epi32_mask(part, _mm512_set1_epi32((int)first));
            leaf[i] = first == 0 ? found : _mm512_mask_mov_ps(leaf[i], here, found);
        }
    }
    for (int i = 0; i < 4; i++)
        _mm512_store_ps(sums + 16 * i, _mm512_add_ps(_mm512_load_ps(sums + 16 * i), leaf[i]));
}

static inline size_t row_of(size_t i)
{
    return i;
}

#include "model/kernel_heap512.h"

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

const struct kernel kernel_avx512 = {
    .name = "avx512",
    .about = "AVX-512 (F, BW, DQ, VL), to 64 columns",
    .supported = cpu_has_avx512,
    .columns_max = 64,
    .rank = rank_row,
    .margin = margin,
    .margins = margins,
};
