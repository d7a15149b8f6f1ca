/*
 * shap_table: all that a twig can add, pattern by pattern.
 *
 * Included by model/shap_lanes.h, for the widest LANES, with NAME(x) defined. Patterns stand in the
 * lanes where rows do otherwise: what is above a twig is a product of one factor a feature, what is
 * in it a sweep as over a clump. All is in double, and rounded to float once, where it is stored.
 */

/* Bits as block_sweep reads them, of the 128 patterns from `first` on. */
static void spread_bits(const struct shap_twig *twig, size_t first, struct block_bits *bits)
{
    static const uint8_t within[] = {0xaa, 0xcc, 0xf0};
    for (size_t bit = 0; bit < twig->bits; bit++) {
        struct block_bits *out = &bits[bit];
        for (size_t byte = 0; byte < SHAP_ROWS / 8; byte++)
            out->left[byte] = bit < 3                           ? within[bit]
                              : ((first + byte * 8) >> bit & 1) ? UINT8_MAX
                                                                : 0;
        memset(out->passed, UINT8_MAX, sizeof out->passed);
        if (bit < twig->above || twig->earlier[bit] == bit)
            continue;
        const struct block_bits *earlier = &bits[twig->earlier[bit]];
        uint8_t turned = twig->earlier_set[bit] ? 0 : UINT8_MAX;
        for (size_t byte = 0; byte < SHAP_ROWS / 8; byte++)
            out->passed[byte] = earlier->passed[byte] & (earlier->left[byte] ^ turned);
    }
}

struct table_rule {
    const double *point, *weight;
};

/* What the twig adds to each lane of its bunch, for LANES patterns. */
static inline __attribute__((always_inline)) void
NAME(twig_sweep)(const struct shap_twig *twig, const struct block_trees *trees,
                 const uint8_t *lane_of, const struct block_bits *bits,
                 const struct table_rule *rule, const size_t points, size_t row,
                 const struct block_work *work, NAME(lanes) * phi)
{
    NAME(lanes) above[SHAP_BITS][SHAP_POINTS_TABLED], after[SHAP_POINTS_TABLED];
    NAME(lanes) *product = work->product, *sum = work->sum;
    EACH_POINT(q)
    after[q] = NAME(all)(rule->weight[q]);
    for (size_t i = 0; i < twig->above; i++) {
        NAME(lanes) share = NAME(all)(twig->known[i].share);
        NAME(lanes) way = NAME(way)(&bits[i], row, twig->known[i].share);
        EACH_POINT(q)
        {
            above[i][q] = after[q];
            after[q] *= NAME(fused)(way, NAME(all)(rule->point[q]), share);
        }
    }
    EACH_POINT(q)
    product[q] = after[q];
    NAME(block_sweep)(trees, points, row, work, phi);
    EACH_POINT(q)
    after[q] = sum[q];
    for (size_t i = twig->above; i-- > 0;) {
        NAME(lanes) share = NAME(all)(twig->known[i].share), gain = NAME(all)(0);
        NAME(lanes) way = NAME(way)(&bits[i], row, twig->known[i].share);
        EACH_POINT(q)
        {
            gain = NAME(fused)(above[i][q], after[q], gain);
            after[q] *= NAME(fused)(way, NAME(all)(rule->point[q]), share);
        }
        phi[lane_of[i]] = NAME(fused)(way, gain, phi[lane_of[i]]);
    }
}

/* As many lines as lanes. */
static void NAME(write_lines)(const NAME(lanes) * phi, float *table)
{
#if defined(__AVX512VL__)
    __m512 line[8];
    for (int i = 0; i < 8; i++) {
        __m512 low = _mm512_castps256_ps512(_mm512_cvtpd_ps((__m512d)phi[i]));
        line[i] = _mm512_insertf32x8(low, _mm512_cvtpd_ps((__m512d)phi[i + 8]), 1);
    }
    const __m512i at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    EACH_OF(place, 3)
    { /* of line and lane: these bits change places */
        unsigned bit = 1U << place;
        __mmask16 odd = _mm512_test_epi32_mask(at, _mm512_set1_epi32((int)bit));
        __m512i flipped = _mm512_xor_si512(at, _mm512_set1_epi32((int)bit));
        __m512i other = _mm512_set1_epi32(16);
        __m512i even_from = _mm512_mask_or_epi32(at, odd, flipped, other);
        __m512i odd_from = _mm512_mask_or_epi32(flipped, odd, at, other);
        EACH_OF(i, 8)
        {
            if (i & bit)
                continue;
            __m512 even = line[i];
            line[i] = _mm512_permutex2var_ps(even, even_from, line[i | bit]);
            line[i | bit] = _mm512_permutex2var_ps(even, odd_from, line[i | bit]);
        }
    }
    for (int i = 0; i < 8; i++)
        _mm512_storeu_ps(table + i * SHAP_ACROSS, line[i]);
#else
    for (size_t line = 0; line < LANES; line++)
        for (size_t lane = 0; lane < SHAP_ACROSS; lane++)
            table[line * SHAP_ACROSS + lane] = (float)phi[lane][line];
#endif
}

static inline __attribute__((always_inline)) void
NAME(twig_patterns)(const struct shap_twig *twig, const struct block_trees *trees,
                    const uint8_t *lane_of, const struct table_rule *rule, const size_t points,
                    struct block_bits *bits, const struct block_work *work, float *table)
{
    NAME(lanes) phi[SHAP_ACROSS];
    size_t patterns = (size_t)1 << twig->bits;
    scale_branches(trees, rule->point, points, work->scale);
    for (size_t i = 0; i < twig->lone_count * points; i++)
        ((NAME(lanes) *)work->sum)[(trees->upper + trees->bottom) * points + i] =
            NAME(all)(twig->lone[i / points]);
    for (size_t first = 0; first < patterns; first += SHAP_ROWS) {
        spread_bits(twig, first, bits);
        for (size_t row = 0; row < SHAP_ROWS && first + row < patterns; row += LANES) {
            for (size_t lane = 0; lane < SHAP_ACROSS; lane++)
                phi[lane] = NAME(all)(0);
            NAME(twig_sweep)(twig, trees, lane_of, bits, rule, points, row, work, phi);
            NAME(write_lines)(phi, table + (first + row) * SHAP_ACROSS);
        }
    }
}

/* `lane_of` is by bit: where in a line its feature stands. */
static void build_table(const struct explainer *x, const struct shap_twig *twig,
                        const uint8_t *lane_of, float *table)
{
    NAME(lanes) product[(2 * SHAP_BITS + 1) * SHAP_POINTS_TABLED];
    NAME(lanes) sum[(2 * SHAP_BITS + 1) * SHAP_POINTS_TABLED];
    struct block_scale scale[SHAP_BITS * SHAP_POINTS_TABLED];
    struct block_bits bits[SHAP_BITS];
    const struct block_work work = {
        .bits = bits + twig->above, .scale = scale, .product = product, .sum = sum};
    const struct shap_clump *clump = &x->clump[twig->clump];
    const struct table_rule rule = {x->point + clump->rule, x->weight + clump->rule};
    uint32_t feature[SHAP_BITS];
    for (size_t bit = twig->above; bit < twig->bits; bit++)
        feature[bit - twig->above] = lane_of[bit];
    const struct block_trees trees = {
        .upper = twig->upper,
        .bottom = twig->bits - twig->above - twig->upper,
        .share = twig->share,
        .before = twig->before,
        .feature = feature,
        .fork = twig->fork,
        .leaves = twig->leaves,
    };
    if (clump->points == 1)
        NAME(twig_patterns)(twig, &trees, lane_of, &rule, 1, bits, &work, table);
    else if (clump->points == 2)
        NAME(twig_patterns)(twig, &trees, lane_of, &rule, 2, bits, &work, table);
    else if (clump->points == 3)
        NAME(twig_patterns)(twig, &trees, lane_of, &rule, 3, bits, &work, table);
    else
        NAME(twig_patterns)(twig, &trees, lane_of, &rule, 4, bits, &work, table);
}
