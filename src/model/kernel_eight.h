/*
 * kernel_eight: one row and eight trees at a time, for machines that look up bytes.
 *
 * Taking apart a mask of branches that comes over from the vectors costs more than the comparisons:
 * the processor has no room to wait for as many as it could. Here all stays in vectors, eight bytes
 * a tree. Seven bits become a number by adding up weights, the number a way by a table of 128
 * bytes, and of the branches further below only those count that stand below that way.
 */
#ifndef MODEL_KERNEL_EIGHT_H
#define MODEL_KERNEL_EIGHT_H

_Alignas(64) static const uint8_t eight_way[128] = WALK_128(WALK_WAY);

/* Not 0 where a branch goes right. */
ALWAYS_INLINE __m512i eight_right(const struct row *row, const struct wide_block *block, int width)
{
    __m512i rank = look_up(row, _mm512_load_si512(block->column), width);
    return _mm512_subs_epu8(rank, _mm512_load_si512(block->rank));
}

/* Each tree's weights as its way, in the first byte of its eight. */
ALWAYS_INLINE __m512i eight_ways(__m512i right)
{
    const __m512i weight = _mm512_set1_epi64(0x0040201008040201);
    __m512i weights = _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(right, right), weight);
    __m512i number = _mm512_sad_epu8(weights, _mm512_setzero_si512());
    return _mm512_maskz_permutex2var_epi8(0x0101010101010101, _mm512_load_si512(eight_way), number,
                                          _mm512_load_si512(eight_way + 64));
}

/* The leaves of eight trees, of all eight's 64 each. */
ALWAYS_INLINE void eight_leaves(const struct row *row, const struct wide_eight *eight, int width,
                                uint64_t *leaf)
{
    const __m512i first = _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0);
    const __m512i tree = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
    __m512i upper = eight_ways(eight_right(row, &eight->upper, width));
    __m512i way = _mm512_shuffle_epi8(upper, first), right = _mm512_setzero_si512();
    for (size_t i = 0; i < WIDE_WAYS; i++) {
        const __m512i only =
            _mm512_broadcast_i32x4(_mm_set_epi64x(0, (int64_t)(UINT64_C(255) << i * 8)));
        __m512i below = _mm512_shuffle_epi8(only, way); /* 255 where this is the way */
        __m512i here = eight_right(row, &eight->lower[i], width);
        right = _mm512_or_si512(right, _mm512_and_si512(below, here));
    }
    upper = _mm512_or_si512(_mm512_slli_epi64(upper, 3), tree);
    _mm512_store_si512(leaf, _mm512_or_si512(upper, eight_ways(right)));
}

/* Leaves are written down and read again a turn later: their sum, in order, then waits for nothing
 * but itself. */
ALWAYS_INLINE float eight_floats(const struct engine *engine, const struct ranks *ranks, int width)
{
    const struct row row = row_load(ranks, width);
    _Alignas(64) uint64_t leaf[2][WIDE_TREES];
    const float *weight = engine->leaf;
    size_t left = engine->forest.tree_count, turn = 0;
    float sum = engine->forest.base_margin;
    eight_leaves(&row, engine->eight, width, leaf[0]);
    for (; left > WIDE_TREES; left -= WIDE_TREES, weight += WIDE_TREES * WIDE_LEAVES) {
        turn++;
        eight_leaves(&row, &engine->eight[turn], width, leaf[turn % 2]);
        for (size_t i = 0; i < WIDE_TREES; i++)
            sum += weight[leaf[(turn - 1) % 2][i]];
    }
    for (size_t i = 0; i < left; i++)
        sum += weight[leaf[turn % 2][i]];
    return sum;
}

#endif
