/*
 * shap_stand: one row, and trees that stand together eight by eight.
 *
 * Included by model/shap_lanes.h, for the widest LANES, with NAME(x) defined. A slot's product is
 * what stands above it at each point t, times the point's weight over t (1 - t); its sum is what is
 * expected below. With T as model/shap.h has it, W / (t + (1 - t) W)^2 is T (1 - T) / (t (1 - t)).
 */

struct stand_work {
    int32_t *key;            /* by input */
    uint8_t *first, *passed; /* by slot, a bit for each tree */
    NAME(lanes) * product;   /* by slot and point */
    NAME(lanes) * sum;
    struct shap_lanes *gain; /* of a pass, the first one 0 */
};

/* A stand's, for LANES of each eight. */
struct stand_sweep {
    const struct shap_stands *all;
    const struct shap_stand *stand;
    const struct stand_work *work;
    struct shap_lanes *gain; /* of its slots */
    size_t lane;             /* the first */
};

/* A slot: its share of the first way, and the surprise. */
struct stand_turn {
    NAME(lanes) share, way;
    const struct shap_lanes *rise;
};

static inline struct stand_turn stand_turn(const struct stand_sweep *s, size_t i)
{
    size_t slot = s->stand->slot + i;
    uint8_t first = s->work->first[i], passed = s->work->passed[i];
    struct stand_turn turn = {.share = NAME(load)(s->all->share[slot].lane + s->lane),
                              .rise = s->all->rises + s->all->rise[slot]};
#if LANES == 8
    __m512d went = _mm512_maskz_mov_pd(first, _mm512_set1_pd(1));
    turn.way = (lanes8)_mm512_maskz_sub_pd(passed, went, (__m512d)turn.share);
#else
    const unsigned lanes = (1U << LANES) - 1;
    turn.way = NAME(load)(ones[passed >> s->lane & lanes]) *
               (NAME(load)(ones[first >> s->lane & lanes]) - turn.share);
#endif
    return turn;
}

/* T, and what the point weighs. */
static inline NAME(lanes) stand_rise(const struct stand_sweep *s, struct stand_turn turn, size_t q)
{
    return NAME(load)(turn.rise[q].lane + s->lane);
}

static inline NAME(lanes) stand_weight(NAME(lanes) rise)
{
    return NAME(fused)(-rise, rise, rise);
}

static inline void stand_gain(const struct stand_sweep *s, size_t slot, NAME(lanes) gain)
{
    *(NAME(lanes) *)&s->gain[slot].lane[s->lane] = gain;
}

static inline __attribute__((always_inline)) void stand_down(const struct stand_sweep *s,
                                                             const size_t points)
{
    const struct shap_ways *ways = s->all->ways + s->stand->ways;
    NAME(lanes) *product = s->work->product;
    for (size_t i = 0; i < s->stand->upper; i++) {
        struct stand_turn turn = stand_turn(s, i);
        NAME(lanes) *first = product + ways[i].first, *second = product + ways[i].second;
        EACH_POINT(q)
        {
            NAME(lanes) above = product[i * points + q];
            NAME(lanes) factor = NAME(fused)(turn.way, stand_rise(s, turn, q), turn.share);
            NAME(lanes) there = above * factor;
            first[q] = there;
            second[q] = above - there;
        }
    }
}

/* A tip and its two ends at once. */
static inline __attribute__((always_inline)) void stand_tips(const struct stand_sweep *s,
                                                             const size_t points)
{
    const struct shap_ends *ends = s->all->ends + s->stand->ends;
    size_t slot = s->stand->upper, end = slot + s->stand->tips * (size_t)SHAP_TIP;
    for (; slot < end; slot += SHAP_TIP, ends += 2) {
        struct stand_turn tip = stand_turn(s, slot);
        struct stand_turn first = stand_turn(s, slot + 1), second = stand_turn(s, slot + 2);
        NAME(lanes) first_step = first.way * NAME(load)(ends[0].step.lane + s->lane);
        NAME(lanes) second_step = second.way * NAME(load)(ends[1].step.lane + s->lane);
        NAME(lanes) first_base = NAME(load)(ends[0].base.lane + s->lane);
        NAME(lanes) second_base = NAME(load)(ends[1].base.lane + s->lane);
        NAME(lanes) total = NAME(all)(0), first_total = total, second_total = total;
        EACH_POINT(q)
        {
            NAME(lanes) above = s->work->product[slot * points + q];
            NAME(lanes) rise = stand_rise(s, tip, q), first_rise = stand_rise(s, first, q);
            NAME(lanes) second_rise = stand_rise(s, second, q);
            NAME(lanes) factor = NAME(fused)(tip.way, rise, tip.share), there = above * factor;
            first_total = NAME(fused)(there, stand_weight(first_rise), first_total);
            second_total = NAME(fused)(above - there, stand_weight(second_rise), second_total);
            NAME(lanes) sum = NAME(fused)(second_step, second_rise, second_base);
            NAME(lanes) step = NAME(fused)(first_step, first_rise, first_base) - sum;
            total = NAME(fused)(above * stand_weight(rise), step, total);
            s->work->sum[slot * points + q] = NAME(fused)(factor, step, sum);
        }
        stand_gain(s, slot, total * tip.way);
        stand_gain(s, slot + 1, first_total * first_step);
        stand_gain(s, slot + 2, second_total * second_step);
    }
}

static inline __attribute__((always_inline)) void stand_bottom(const struct stand_sweep *s,
                                                               const size_t points)
{
    const struct shap_ends *ends = s->all->ends + s->stand->ends + s->stand->tips * (size_t)2;
    NAME(lanes) *product = s->work->product, *sum = s->work->sum;
    size_t slot = s->stand->upper + s->stand->tips * (size_t)SHAP_TIP,
           end = slot + s->stand->bottom;
    for (; slot < end; slot++, ends++) {
        struct stand_turn turn = stand_turn(s, slot);
        NAME(lanes) base = NAME(load)(ends->base.lane + s->lane), total = NAME(all)(0);
        NAME(lanes) step = turn.way * NAME(load)(ends->step.lane + s->lane);
        EACH_POINT(q)
        {
            NAME(lanes) rise = stand_rise(s, turn, q);
            sum[slot * points + q] = NAME(fused)(step, rise, base);
            total = NAME(fused)(product[slot * points + q], stand_weight(rise), total);
        }
        stand_gain(s, slot, total * step);
    }
    const struct shap_lanes *lone = s->all->lone + s->stand->lone_leaf;
    for (size_t i = 0; i < s->stand->lone; i++)
        EACH_POINT(q)
    sum[(end + i) * points + q] = NAME(load)(lone[i].lane + s->lane);
}

static inline __attribute__((always_inline)) void stand_up(const struct stand_sweep *s,
                                                           const size_t points)
{
    const struct shap_ways *ways = s->all->ways + s->stand->ways;
    NAME(lanes) *product = s->work->product, *sum = s->work->sum;
    for (size_t i = s->stand->upper; i-- > 0;) {
        struct stand_turn turn = stand_turn(s, i);
        NAME(lanes) *first = sum + ways[i].first, *second = sum + ways[i].second;
        NAME(lanes) total = NAME(all)(0);
        EACH_POINT(q)
        {
            NAME(lanes) rise = stand_rise(s, turn, q), step = first[q] - second[q];
            NAME(lanes) factor = NAME(fused)(turn.way, rise, turn.share);
            sum[i * points + q] = NAME(fused)(factor, step, second[q]);
            total = NAME(fused)(product[i * points + q] * stand_weight(rise), step, total);
        }
        stand_gain(s, i, total * turn.way);
    }
}

/* `gain`: of its slots. */
static inline __attribute__((always_inline)) void
stand_points(const struct explainer *x, const struct shap_stand *stand, const size_t points,
             const struct stand_work *work, struct shap_lanes *gain)
{
    for (size_t lane = 0; lane < SHAP_EIGHT; lane += LANES) {
        struct stand_sweep s = {&x->stands, stand, work, gain, lane};
        const uint32_t *root = x->stands.root + stand->root;
        EACH_POINT(q)
        {
            double t = x->point[stand->rule + q], weight = x->weight[stand->rule + q];
            for (size_t i = 0; i < stand->roots; i++)
                work->product[root[i] + q] = NAME(all)(weight / (t * (1 - t)));
        }
        stand_down(&s, points);
        stand_tips(&s, points);
        stand_bottom(&s, points);
        stand_up(&s, points);
    }
}

static void stand_sum(const struct explainer *x, const struct shap_stand *stand,
                      const struct stand_work *work, struct shap_lanes *gain)
{
    switch (stand->points) {
    case 1:
        stand_points(x, stand, 1, work, gain);
        break;
    case 2:
        stand_points(x, stand, 2, work, gain);
        break;
    case 3:
        stand_points(x, stand, 3, work, gain);
        break;
    default:
        stand_points(x, stand, 4, work, gain);
    }
}

static void stand_decide(const struct explainer *x, const struct shap_stand *stand,
                         const float *row, const struct stand_work *work)
{
    const struct shap_stands *all = &x->stands;
    const uint8_t *input = all->input + stand->slot * (size_t)SHAP_EIGHT;
    const int32_t *limit = all->limit + stand->slot * (size_t)SHAP_EIGHT;
    const uint8_t *swapped = all->swapped + stand->slot;
    size_t slots = shap_slots(stand);
#if defined(__AVX512VL__)
    struct key_table table = key_table_of(work->key);
    for (size_t i = 0; i < slots; i += 2) {
        const void *from = input + i * SHAP_EIGHT;
        __m512i wanted = _mm512_cvtepu8_epi32(_mm_loadu_si128(from));
        uint16_t below = below_sixteen(x, &table, wanted, limit + i * SHAP_EIGHT), turned;
        memcpy(&turned, swapped + i, sizeof turned);
        below ^= turned;
        memcpy(work->first + i, &below, sizeof below);
    }
#else
    for (size_t i = 0; i < slots; i++) {
        unsigned below = 0;
        for (size_t lane = 0; lane < SHAP_EIGHT; lane++, input++, limit++)
            below |= (unsigned)(work->key[*input] < *limit) << lane;
        work->first[i] = (uint8_t)below ^ swapped[i];
    }
#endif
    for (size_t i = 0; i < stand->categories; i++) {
        const struct shap_stand_category *at = &all->category[stand->category + i];
        float value = row[x->forest.node[at->node].feature];
        if (shap_category_left(&x->forest, at->node, value))
            work->first[at->slot] ^= (uint8_t)(1U << at->lane);
    }
    memset(work->passed, UINT8_MAX, slots);
    const struct shap_again *again = all->again + stand->repeat;
    for (const struct shap_again *end = again + stand->repeats; again < end; again++)
        work->passed[again->slot] &=
            (uint8_t)((work->first[again->earlier] & again->asks) ^ again->otherwise);
}

static void explain_stands(const struct explainer *x, const float *row, double *phi, void *scratch)
{
    const struct shap_stands *all = &x->stands;
    struct shap_room room = shap_room_of(scratch);
    size_t vectors = all->slots_max * all->points_max * sizeof(NAME(lanes));
    struct stand_work work = {.key =
                                  shap_take(&room, (x->input_count + SHAP_PAD) * sizeof(int32_t))};
    work.first = shap_take(&room, all->slots_max + SHAP_PAD);
    work.passed = shap_take(&room, all->slots_max + SHAP_PAD);
    work.product = shap_take(&room, vectors);
    work.sum = shap_take(&room, vectors);
    work.gain = shap_take(&room, (all->gains_max + 1) * sizeof *work.gain);
    row_keys(x, row, work.key);
    double *total = shap_take(&room, SHAP_TOTALS * x->used_count * sizeof *total);
    memset(total, 0, SHAP_TOTALS * x->used_count * sizeof *total);
    memset(work.gain, 0, sizeof *work.gain);
    const double *gain = work.gain->lane;
    size_t e = 0;
    for (size_t p = 0; p < all->pass_count; p++) {
        const struct shap_pass *pass = &all->pass[p];
        struct shap_lanes *to = work.gain + 1;
        for (; e < pass->stand_end; e++) {
            const struct shap_stand *stand = &all->stand[e];
            stand_decide(x, stand, row, &work);
            stand_sum(x, stand, &work, to);
            to += shap_slots(stand);
        }
        const struct shap_pick *pick = all->pick + pass->pick;
        for (size_t i = 0; i < pass->picks; i++)
            total[pick[i].total] += (gain[pick[i].gain[0]] + gain[pick[i].gain[1]]) +
                                    (gain[pick[i].gain[2]] + gain[pick[i].gain[3]]);
    }
    for (size_t i = 0; i < x->used_count; i++, total += SHAP_TOTALS)
        phi[i] = ((total[0] + total[1]) + (total[2] + total[3])) +
                 ((total[4] + total[5]) + (total[6] + total[7]));
}
