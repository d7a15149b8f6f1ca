#include "harness.h"

#include "measure/drift.h"

#include "base/rng.h"

#include <float.h>
#include <math.h>

static struct arena arena = {.limit = 1 << 26};

static struct drift_reference reference_of(const float *value, size_t rows)
{
    struct drift_reference out;
    struct err err = {0};
    arena_reset(&arena);
    WORKS(drift_reference_numbers(&out, value, rows, &arena, &err), err);
    return out;
}

static struct drift_window window_of(const struct drift_reference *reference, const float *value,
                                     size_t rows)
{
    struct drift_window out;
    struct err err = {0};
    WORKS(drift_window_numbers(&out, reference, value, rows, &arena, &err), err);
    return out;
}

TEST(a_hundred_different_numbers_are_ten_bins_of_ten_between_below_and_above)
{
    float value[100];
    for (int i = 0; i < 100; i++)
        value[i] = (float)((i * 37) % 100);
    struct drift_reference r = reference_of(value, 100);
    SAME(r.bins, 13);
    SAME(r.bin[0].role, DRIFT_BELOW);
    for (size_t b = 1; b <= 10; b++) {
        SAME(r.bin[b].role, DRIFT_PART);
        SAME(r.self.count[b], 10);
        NEAR(r.bin[b].high, (double)b * 10 - 1, 0);
    }
    SAME(r.bin[11].role, DRIFT_ABOVE);
    SAME(r.bin[12].role, DRIFT_ABSENT);
    NEAR(r.mean, 49.5, 1e-12);
    NEAR(r.median, 49.5, 1e-12);
    NEAR(r.iqr, 49.5, 1e-12);
    NEAR(r.deviation, sqrt((100.0 * 100 - 1) / 12), 1e-12);
    static const float now[] = {-0.001f, 0, 9, 9.5f, 99, 99.001f, NAN, INFINITY, -INFINITY};
    struct drift_window w = window_of(&r, now, LENGTH_OF(now));
    SAME(w.count[0], 2);
    SAME(w.count[1], 2);
    SAME(w.count[2], 1);
    SAME(w.count[10], 1);
    SAME(w.count[11], 2);
    SAME(w.count[12], 1);
    SAME(w.outside, 4);
    SAME(w.present, 8);
    NEAR(drift_outside_share(&w), 4.0 / 9, 1e-15);
    NEAR(drift_missing_share(&w), 1.0 / 9, 1e-15);
}

/* Half zeros, and from 1 up to 100: the zeros are a bin, the rest five parts; what is between 0 and
 * 1 belongs to the first of them. */
TEST(a_heavy_atom_is_a_bin_of_its_own)
{
    float value[200];
    for (int i = 0; i < 200; i++)
        value[i] = i < 100 ? 0 : (float)(i - 99);
    struct drift_reference r = reference_of(value, 200);
    SAME(r.bins, 9);
    SAME(r.bin[1].role, DRIFT_ATOM);
    SAME(r.self.count[1], 100);
    for (size_t b = 2; b < 7; b++)
        SAME(r.self.count[b], 20);
    static const float now[] = {0.5f, -0.0f, -FLT_MIN};
    struct drift_window w = window_of(&r, now, LENGTH_OF(now));
    SAME(w.count[0], 1);
    SAME(w.count[1], 1);
    SAME(w.count[2], 1);
}

TEST(an_exact_tenth_of_the_rows_is_an_atom)
{
    float value[30];
    for (int i = 0; i < 30; i++)
        value[i] = (float)(i % 10);
    struct drift_reference r = reference_of(value, 30);
    SAME(r.bins, 10 + 9 + 3); /* and nine gaps between them */
    SAME(r.bin[1].role, DRIFT_ATOM);
}

TEST(between_two_atoms_is_a_bin_where_the_reference_has_nothing)
{
    static const float value[] = {0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0};
    struct drift_reference r = reference_of(value, LENGTH_OF(value));
    SAME(r.bins, 6);
    SAME(r.bin[2].role, DRIFT_BETWEEN);
    SAME(r.bin[3].role, DRIFT_ATOM);
    static const float now[] = {0.5f, 1, 2};
    struct drift_window w = window_of(&r, now, LENGTH_OF(now));
    SAME(w.count[2], 1);
    SAME(w.count[3], 1);
    SAME(w.count[4], 1);
    SAME(w.outside, 2);
}

/* Parts end where equal values end, wherever the atoms stand. */
TEST(bins_cover_every_value_once_whatever_the_column)
{
    for (uint32_t round = 0; round < 3000; round++) {
        struct rng rng = rng_of(3, round, 0);
        float value[400];
        size_t rows = rng_below(&rng, 400), few = 1 + rng_below(&rng, 40);
        for (size_t i = 0; i < rows; i++) {
            double u = rng_unit(&rng);
            value[i] = (float)(round % 2 != 0 ? floor(u * u * (double)few) : exp(9 * u * u));
            if (rng_below(&rng, 50) == 0)
                value[i] = rng_below(&rng, 2) != 0 ? INFINITY : -INFINITY;
            if (rng_below(&rng, 20) == 0)
                value[i] = NAN;
        }
        struct drift_reference r = reference_of(value, rows);
        TRUE(r.bins <= DRIFT_NUMBER_BINS_MAX);
        size_t sum = 0;
        for (size_t b = 0; b < r.bins; b++) {
            sum += r.self.count[b];
            if (b > 0 && b + 1 < r.bins)
                TRUE(r.bin[b].high > r.bin[b - 1].high || r.bin[b].role == DRIFT_ABOVE);
            if (r.bin[b].role == DRIFT_ATOM)
                TRUE(r.self.count[b] * 10 >= r.self.present);
            if (r.bin[b].role == DRIFT_PART)
                TRUE(r.self.count[b] > 0);
        }
        SAME(sum, rows);
        SAME(r.self.outside, 0);
    }
}

/* Whatever stands in the columns, no figure is other than a finite one of 0 or more. */
static void measure_all(const struct drift_reference *r, const struct drift_window *w)
{
    for (size_t i = 0; i < DRIFT_COUNT; i++) {
        double value = drifts[i]->distance(r, w);
        FAIL_UNLESS(isfinite(value) && value >= 0, "%s is %g", drifts[i]->name, value);
        if (drifts[i]->chance != NULL) {
            double chance = drifts[i]->chance(r, w);
            FAIL_UNLESS(chance >= 0 && chance <= 1, "%s has chance %g", drifts[i]->name, chance);
        }
    }
}

TEST(no_column_gives_a_figure_that_is_not_a_number)
{
    enum { SHAPES = 12, ROWS = 60 };
    static float column[SHAPES][ROWS];
    static const size_t rows[SHAPES] = {0, 1, 1, ROWS, ROWS, ROWS, ROWS, ROWS, ROWS, ROWS, 2, ROWS};
    column[1][0] = 4;
    column[2][0] = NAN;
    for (int i = 0; i < ROWS; i++) {
        column[3][i] = NAN;
        column[4][i] = 0.1f;
        column[5][i] = 0;
        column[6][i] = INFINITY;
        column[7][i] = -INFINITY;
        column[8][i] = i % 2 != 0 ? INFINITY : -INFINITY;
        column[9][i] = i % 2 != 0 ? FLT_MAX : -FLT_MAX;
        column[10][i] = i != 0 ? FLT_TRUE_MIN : 0;
        column[11][i] = (float)i;
    }
    for (size_t a = 0; a < SHAPES; a++)
        for (size_t b = 0; b < SHAPES; b++) {
            struct drift_reference r = reference_of(column[a], rows[a]);
            struct drift_window w = window_of(&r, column[b], rows[b]);
            measure_all(&r, &w);
            if (a == b)
                for (size_t i = 0; i < DRIFT_COUNT; i++)
                    NEAR(drifts[i]->distance(&r, &w), 0, 0);
        }
}

/* ---------------------------------------------------------------- categories */

static void draw_codes(uint32_t *code, size_t rows, uint32_t values)
{
    for (size_t i = 0; i < rows; i++)
        code[i] = (uint32_t)i % values;
}

TEST(a_category_is_a_bin_and_rare_unseen_and_missing_are_three)
{
    enum { ROWS = 1000, VALUES = 6 };
    static uint32_t code[ROWS];
    draw_codes(code, ROWS, 3);
    for (size_t i = 0; i < 9; i++)
        code[i] = 4; /* 9 of 1000 */
    for (size_t i = 9; i < 29; i++)
        code[i] = DRIFT_MISSING;
    struct drift_reference r;
    struct drift_window w;
    struct err err = {0};
    WORKS(drift_reference_codes(&r, code, ROWS, VALUES, &arena, &err), err);
    SAME(r.bins, 6);
    SAME(r.bin[3].role, DRIFT_RARE);
    SAME(r.self.count[3], 9);
    SAME(r.self.count[5], 20);
    SAME(r.self.outside, 0);
    /* 3 is a value that the reference never had, 77 one that nobody knows. */
    static const uint32_t now[] = {0, 1, 1, 4, 3, 77, DRIFT_MISSING};
    WORKS(drift_window_codes(&w, &r, now, LENGTH_OF(now), &arena, &err), err);
    SAME(w.count[1], 2);
    SAME(w.count[3], 1);
    SAME(w.count[4], 2);
    SAME(w.count[5], 1);
    SAME(w.outside, 2);
    SAME(drift_bins_used(&r, &w), 6);
    measure_all(&r, &w);
    NEAR(drift_ks.distance(&r, &w), 0, 0);
    NEAR(drift_wasserstein.distance(&r, &w), 0, 0);
}

TEST(a_hundred_values_are_a_hundred_bins_and_more_are_rare)
{
    enum { ROWS = 10000 };
    static uint32_t code[ROWS];
    struct drift_reference r;
    struct err err = {0};
    draw_codes(code, ROWS, 100);
    WORKS(drift_reference_codes(&r, code, ROWS, 100, &arena, &err), err);
    SAME(r.bins, 103);
    SAME(r.self.count[100], 0);
    draw_codes(code, ROWS, 101);
    WORKS(drift_reference_codes(&r, code, ROWS, 101, &arena, &err), err);
    SAME(r.bins, 4); /* the first still has its hundredth: 100 of 10,000 */
    WORKS(drift_reference_codes(&r, code, 0, 0, &arena, &err), err);
    SAME(r.bins, 3);
    measure_all(&r, &r.self);
}

/* ---------------------------------------------------------------- the rest */

TEST(the_same_rows_in_another_order_give_the_same_figures)
{
    enum { ROWS = 999 };
    float value[ROWS], other[ROWS], now[ROWS];
    struct rng rng = rng_of(4, 0, 0);
    for (size_t i = 0; i < ROWS; i++) {
        value[i] = (float)rng_normal(&rng);
        other[ROWS - 1 - i] = value[i];
        now[i] = (float)(rng_normal(&rng) + 0.1);
    }
    double figure[DRIFT_COUNT];
    struct drift_reference r = reference_of(value, ROWS);
    struct drift_window w = window_of(&r, now, ROWS);
    for (size_t i = 0; i < DRIFT_COUNT; i++)
        figure[i] = drifts[i]->distance(&r, &w);
    r = reference_of(other, ROWS);
    w = window_of(&r, now, ROWS);
    for (size_t i = 0; i < DRIFT_COUNT; i++)
        NEAR(drifts[i]->distance(&r, &w), figure[i], 0);
}

/* Log-normal amounts of sigma 1.67 times a factor, 40,000 rows against 20,000: what was measured of
 * these distances elsewhere (numpy), to two figures. */
TEST(amounts_times_a_factor_are_as_far_as_they_were_measured_to_be)
{
    enum { BEFORE = 40000, NOW = 20000 };
    static const double cases[][4] = {
        {1.2, 0.013, 0.043, 0.050}, {1.5, 0.062, 0.148, 0.106}, {2.0, 0.178, 0.322, 0.169}};
    static float before[BEFORE], now[NOW];
    for (size_t c = 0; c < LENGTH_OF(cases); c++) {
        struct rng rng = rng_of(5, (uint32_t)c, 0);
        for (size_t i = 0; i < BEFORE; i++)
            before[i] = (float)exp(3.08 + 1.67 * rng_normal(&rng));
        for (size_t i = 0; i < NOW; i++)
            now[i] = (float)(cases[c][0] * exp(3.08 + 1.67 * rng_normal(&rng)));
        struct drift_reference r = reference_of(before, BEFORE);
        struct drift_window w = window_of(&r, now, NOW);
        NEAR(drift_psi.distance(&r, &w), cases[c][1], 0.15 * cases[c][1]);
        NEAR(drift_wasserstein_sigma.distance(&r, &w), cases[c][2], 0.35 * cases[c][2]);
        NEAR(drift_ks.distance(&r, &w), cases[c][3], 0.12 * cases[c][3]);
    }
}

TEST(memory_that_does_not_suffice_is_an_error)
{
    static float value[5000];
    CLEANUP(arena_release) struct arena small = {.limit = 4096};
    struct drift_reference r;
    struct err err = {0};
    FAILS(drift_reference_numbers(&r, value, 5000, &small, &err), err, ERR_LIMIT);
    FAILS(drift_reference_numbers(&r, value, (size_t)DRIFT_ROWS_MAX + 1, &small, &err), err,
          ERR_LIMIT);
}

TEST(every_distance_of_the_table_is_complete_and_named_once)
{
    for (size_t i = 0; i < DRIFT_COUNT; i++) {
        TRUE(drifts[i]->name != NULL && drifts[i]->name[0] != '\0');
        TRUE(drifts[i]->about != NULL && drifts[i]->about[0] != '\0');
        TRUE(drifts[i]->distance != NULL);
        TRUE(drift_find(view_of(drifts[i]->name)) == drifts[i]);
    }
    TRUE(drift_find(VIEW("kl")) == NULL);
}
