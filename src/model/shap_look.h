/*
 * shap_look: many rows, explained by looking up what each twig adds.
 *
 * Included by model/shap_lanes.h. As many tables as there is room for are made (a FILL), then all
 * rows of the batch go by, SHAP_CHUNK at a time, so that tables, rows and totals stay in the second
 * cache. A line of a table is SHAP_ACROSS floats, one a feature; twigs that share their features
 * stand in a BUNCH, whose lines are added up before they go, feature by feature, to the row's
 * total. Totals are floats within a fill, and doubles outside.
 */

enum { LINES = SHAP_PATTERNS * SHAP_ACROSS }; /* floats from a table to the next */

typedef float line_lanes __attribute__((vector_size(SHAP_ACROSS * sizeof(float))));

struct look_work {
    struct shap_walk walk;
    struct shap_twig *twig; /* `tables_max` */
    float *table;           /* by twig, LINES each */
    struct shap_bunch *bunch;
    size_t twigs, bunches;

    int32_t *key;     /* by input, SHAP_CHUNK each; one to spare, for where there are none */
    uint8_t *way;     /* by branch, SHAP_CHUNK for the left and as many for the right: 0 or 255 */
    uint8_t *pattern; /* by twig of a bunch, SHAP_CHUNK each */
    float *total;     /* by row, `width` each: the used features */
    size_t width;
};

/* ---------------------------------------------------------------- tables */

/* How many features the bunch has with the twig's, whose lanes it finds; more than SHAP_ACROSS:
 * they do not fit. */
static size_t join(const struct shap_bunch *bunch, const struct shap_twig *twig, uint32_t *feature,
                   uint8_t *lane_of)
{
    size_t count = bunch->across;
    memcpy(feature, bunch->feature, sizeof bunch->feature);
    for (size_t bit = 0; bit < twig->bits; bit++) {
        size_t lane = 0;
        while (lane < count && feature[lane] != twig->known[bit].feature)
            lane++;
        if (lane == SHAP_ACROSS)
            return SHAP_ACROSS + 1;
        feature[lane] = twig->known[bit].feature;
        lane_of[bit] = (uint8_t)lane;
        count += lane == count;
    }
    return count;
}

static bool fill_tables(const struct explainer *x, struct look_work *work)
{
    work->twigs = work->bunches = 0;
    for (; work->twigs < x->tables_max; work->twigs++) {
        struct shap_twig *twig = &work->twig[work->twigs];
        struct shap_bunch *bunch = work->bunch + work->bunches - (work->bunches > 0);
        uint32_t feature[SHAP_ACROSS];
        uint8_t lane_of[SHAP_BITS];
        if (!shap_walk_next(&work->walk, twig))
            break;
        size_t across = SHAP_ACROSS + 1;
        if (work->bunches > 0 && bunch->clump == twig->clump &&
            work->twigs - bunch->first < SHAP_BUNCH)
            across = join(bunch, twig, feature, lane_of);
        if (across > SHAP_ACROSS) {
            bunch = &work->bunch[work->bunches++];
            *bunch = (struct shap_bunch){.clump = twig->clump, .first = (uint32_t)work->twigs};
            across = join(bunch, twig, feature, lane_of);
        }
        bunch->end = (uint32_t)work->twigs + 1;
        bunch->across = (uint32_t)across;
        memcpy(bunch->feature, feature, sizeof feature);
        build_table(x, twig, lane_of, work->table + work->twigs * LINES);
    }
    return work->twigs > 0;
}

/* ---------------------------------------------------------------- patterns */

/* A byte a row: 255 where its key is below the limit. `count` is a multiple of 64. */
static void below_limit(const int32_t *restrict key, int32_t limit, size_t count,
                        uint8_t *restrict out)
{
#if defined(__AVX512VL__)
    for (size_t row = 0; row < count; row += 16) {
        __mmask16 below =
            _mm512_cmplt_epi32_mask(_mm512_loadu_si512(key + row), _mm512_set1_epi32(limit));
        _mm_storeu_si128((__m128i *)(out + row), _mm_movm_epi8(below));
    }
#else
    for (size_t row = 0; row < count; row++)
        out[row] = key[row] < limit ? UINT8_MAX : 0;
#endif
}

/* Which side of each branch the rows pass on, if they passed what its feature was asked above. */
static void find_ways(const struct explainer *x, const struct shap_clump *clump, const float *rows,
                      size_t count, size_t stride, const struct look_work *work)
{
    size_t branches = clump->upper + clump->bottom, whole = (count + 63) / 64 * 64;
    for (size_t i = 0; i < branches; i++) {
        const int32_t *key = work->key + x->input[clump->branch + i] * (size_t)SHAP_CHUNK;
        below_limit(key, x->limit[clump->branch + i], whole, work->way + i * 2 * SHAP_CHUNK);
    }
    for (size_t i = 0; i < clump->categories; i++) {
        const struct shap_category *category = &x->category[clump->category + i];
        size_t feature = x->forest.node[category->node].feature;
        uint8_t *left = work->way + category->branch * (size_t)2 * SHAP_CHUNK;
        for (size_t row = 0; row < count; row++)
            left[row] = shap_category_left(&x->forest, category->node, rows[row * stride + feature])
                            ? UINT8_MAX
                            : 0;
    }
    for (size_t i = 0; i < branches; i++) {
        uint8_t *restrict left = work->way + i * 2 * SHAP_CHUNK;
        uint8_t *restrict right = left + SHAP_CHUNK;
        for (size_t row = 0; row < whole; row++)
            right[row] = (uint8_t)~left[row];
    }
    for (size_t i = 0; i < clump->repeats; i++) {
        const struct shap_repeat *repeat = &x->repeat[clump->repeat + i];
        const uint8_t *restrict passed = work->way + repeat->earlier * (size_t)2 * SHAP_CHUNK +
                                         (repeat->side == SHAP_RIGHT) * (size_t)SHAP_CHUNK;
        uint8_t *restrict left = work->way + repeat->branch * (size_t)2 * SHAP_CHUNK;
        for (size_t row = 0; row < whole; row++) {
            left[row] &= passed[row];
            left[row + SHAP_CHUNK] &= passed[row];
        }
    }
}

static void find_patterns(const struct shap_twig *twig, size_t count, const uint8_t *way,
                          uint8_t *pattern)
{
    typedef uint8_t bytes64 __attribute__((vector_size(64)));
    const uint8_t *bit_way[SHAP_BITS];
    for (size_t bit = 0; bit < twig->bits; bit++)
        bit_way[bit] = way + twig->known[bit].branch * (size_t)2 * SHAP_CHUNK +
                       (twig->known[bit].side == SHAP_RIGHT) * (size_t)SHAP_CHUNK;
    for (size_t row = 0; row < count; row += 64) {
        bytes64 sum = {0};
        for (size_t bit = 0; bit < twig->bits; bit++)
            sum |= *(const bytes64 *)(bit_way[bit] + row) & (uint8_t)(1 << bit);
        *(bytes64 *)(pattern + row) = sum;
    }
}

/* ---------------------------------------------------------------- looking up */

#if defined(__AVX512VL__)
/* Where a bunch's lanes go in one stretch of SHAP_ACROSS used features. */
struct stretch {
    size_t first;
    __mmask16 some;
    __m512i lane;
};

static size_t find_stretches(const struct shap_bunch *bunch, struct stretch *out)
{
    size_t count = 0;
    bool done[SHAP_ACROSS] = {false};
    for (size_t lane = 0; lane < bunch->across; lane++) {
        int32_t from[SHAP_ACROSS] = {0};
        size_t first = bunch->feature[lane] / SHAP_ACROSS * SHAP_ACROSS;
        unsigned some = 0;
        if (done[lane])
            continue;
        for (size_t other = lane; other < bunch->across; other++)
            if (bunch->feature[other] - first < SHAP_ACROSS) {
                from[bunch->feature[other] - first] = (int32_t)other;
                some |= 1U << (bunch->feature[other] - first);
                done[other] = true;
            }
        out[count++] =
            (struct stretch){first, (__mmask16)some, _mm512_loadu_si512((const void *)from)};
    }
    return count;
}
#endif

static inline const line_lanes *line_of(const float *table, uint8_t pattern)
{
    return (const line_lanes *)(table + pattern * (size_t)SHAP_ACROSS);
}

static inline __attribute__((always_inline)) void look_up(const struct look_work *work,
                                                          const struct shap_bunch *bunch,
                                                          const size_t twigs, size_t count)
{
    const float *table = work->table + bunch->first * (size_t)LINES;
    const uint8_t *pattern = work->pattern;
#if defined(__AVX512VL__)
    struct stretch stretch[SHAP_ACROSS];
    size_t stretches = find_stretches(bunch, stretch);
#endif
    for (size_t row = 0; row < count; row++) {
        float *total = work->total + row * work->width;
        line_lanes sum = *line_of(table, pattern[row]);
        EACH_OF(i, twigs - 1)
        sum += *line_of(table + (i + 1) * LINES, pattern[(i + 1) * SHAP_CHUNK + row]);
#if defined(__AVX512VL__)
        for (size_t i = 0; i < stretches; i++) {
            float *to = total + stretch[i].first;
            __m512 moved =
                _mm512_maskz_permutexvar_ps(stretch[i].some, stretch[i].lane, (__m512)sum);
            _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), moved));
        }
#else
        for (size_t lane = 0; lane < bunch->across; lane++)
            total[bunch->feature[lane]] += sum[lane];
#endif
    }
}

static void look_up_bunch(const struct look_work *work, const struct shap_bunch *bunch,
                          size_t count)
{
    switch (bunch->end - bunch->first) {
#define TWIGS(n)                                                                                   \
    case n:                                                                                        \
        look_up(work, bunch, n, count);                                                            \
        break;
        TWIGS(1)
        TWIGS(2)
        TWIGS(3)
        TWIGS(4)
        TWIGS(5)
        TWIGS(6)
        TWIGS(7)
        TWIGS(8)
#undef TWIGS
    }
}

/* ---------------------------------------------------------------- rows */

static void find_keys(const struct explainer *x, const float *rows, size_t count, size_t stride,
                      int32_t *key)
{
    for (size_t i = 0; i < x->input_count; i++) {
        struct shap_input input = x->inputs[i];
        for (size_t row = 0; row < count; row++)
            key[i * SHAP_CHUNK + row] =
                shap_key(rows[row * stride + input.feature], input.missing_left);
    }
}

static void add_totals(const struct explainer *x, const float *restrict total, double *restrict phi)
{
    if (x->used_count < x->forest.feature_count) {
        for (size_t i = 0; i < x->used_count; i++)
            phi[x->used[i]] += (double)total[i];
        return;
    }
    for (size_t i = 0; i < x->used_count; i++) /* most often; and several at a time */
        phi[i] += (double)total[i];
}

static void look_chunk(const struct explainer *x, const float *rows, size_t count, size_t stride,
                       const struct look_work *work, double *phi)
{
    find_keys(x, rows, count, stride, work->key);
    memset(work->total, 0, count * work->width * sizeof *work->total);
    for (size_t i = 0; i < work->bunches; i++) {
        const struct shap_bunch *bunch = &work->bunch[i];
        if (i == 0 || bunch->clump != work->bunch[i - 1].clump)
            find_ways(x, &x->clump[bunch->clump], rows, count, stride, work);
        for (size_t j = bunch->first; j < bunch->end; j++)
            find_patterns(&work->twig[j], count, work->way,
                          work->pattern + (j - bunch->first) * SHAP_CHUNK);
        look_up_bunch(work, bunch, count);
    }
    for (size_t row = 0; row < count; row++)
        add_totals(x, work->total + row * work->width, phi + row * x->forest.feature_count);
}

static void explain_tables(const struct explainer *x, const float *rows, size_t count,
                           size_t stride, double *phi, void *scratch)
{
    struct shap_room room = shap_room_of(scratch);
    struct look_work work = {.width =
                                 (x->used_count + SHAP_ACROSS - 1) / SHAP_ACROSS * SHAP_ACROSS};
    struct shap_step *step = shap_take(&room, x->forest.depth_max * sizeof *step);
    uint32_t *below = shap_take(&room, x->slots_max * sizeof *below);
    work.walk = shap_walk_of(x, 0, x->clump_count, step, below);
    work.twig = shap_take(&room, x->tables_max * sizeof *work.twig);
    work.table = shap_take(&room, x->tables_max * LINES * sizeof *work.table);
    work.bunch = shap_take(&room, x->tables_max * sizeof *work.bunch);
    work.key = shap_take(&room, (x->input_count + 1) * SHAP_CHUNK * sizeof *work.key);
    work.way = shap_take(&room, x->table_branches_max * 2 * SHAP_CHUNK);
    work.pattern = shap_take(&room, SHAP_BUNCH * SHAP_CHUNK);
    work.total = shap_take(&room, SHAP_CHUNK * work.width * sizeof *work.total);
    while (fill_tables(x, &work))
        for (size_t first = 0; first < count; first += SHAP_CHUNK) {
            size_t here = count - first < SHAP_CHUNK ? count - first : SHAP_CHUNK;
            look_chunk(x, rows + first * stride, here, stride, &work,
                       phi + first * x->forest.feature_count);
        }
}
