#include "harness.h"

#include "measure/drift_judge.h"

#include "draws.h"

enum { COLUMNS = 29 };

static bool soaks(void)
{
    return getenv("ASSAY_SOAK") != NULL;
}

/* Of `families`, no more than the rate and what chance adds to it once in a thousand. */
static bool is_at_most(size_t found, size_t families, double rate)
{
    double wanted = rate * (double)families;
    return (double)found <= wanted + 3.1 * sqrt(wanted * (1 - rate));
}

/* ---------------------------------------------------------------- simulation by counts */

enum { PARTS = 10, CELLS = PARTS + 3 }; /* below, ten parts, above, missing */

/* Of any continuous column: the reference's parts hold a tenth of its rows each, and what truly
 * lies between its order statistics are Dirichlet's spacings. The same for windows of any size. */
static struct drift_case draw_case(struct rng *rng, size_t reference_rows, size_t rows)
{
    double share[CELLS], all = 0;
    uint64_t before[CELLS] = {0}, now[CELLS];
    for (size_t b = 1; b <= PARTS; b++) {
        before[b] = reference_rows * b / PARTS - reference_rows * (b - 1) / PARTS;
        all += share[b] = draw_gamma(rng, (double)before[b] - (b == 1));
    }
    all += share[0] = draw_gamma(rng, 1);
    all += share[CELLS - 2] = draw_gamma(rng, 1);
    share[CELLS - 1] = 0;
    for (size_t b = 0; b < CELLS; b++)
        share[b] /= all;
    draw_multinomial(rng, rows, share, CELLS, now);
    struct drift_reference reference = {
        .numbers = true, .bins = CELLS, .self = {.rows = reference_rows, .count = before}};
    struct drift_window window = {.rows = rows, .count = now};
    return drift_case_of(&reference, &window, NULL);
}

struct alarms {
    size_t families, watch, alarm;
};

static void judge_family(struct drift_case *column, struct alarms *alarms)
{
    struct drift_finding finding[COLUMNS];
    drift_judge(column, COLUMNS, DRIFT_ALPHA, finding);
    enum drift_state worst = drift_worst(finding, COLUMNS);
    alarms->families++;
    alarms->watch += worst == DRIFT_WATCH || worst == DRIFT_ALARM;
    alarms->alarm += worst == DRIFT_ALARM;
}

/* `alike`: so many columns are copies of one another. */
static struct alarms simulate(uint32_t seed, size_t families, size_t reference_rows, size_t rows,
                              size_t alike)
{
    struct alarms alarms = {0};
    for (size_t f = 0; f < families; f++) {
        struct rng rng = rng_of(seed, (uint32_t)f, rows);
        struct drift_case column[COLUMNS];
        for (size_t i = 0; i < COLUMNS; i++)
            column[i] = i % alike == 0 ? draw_case(&rng, reference_rows, rows) : column[i - 1];
        judge_family(column, &alarms);
    }
    return alarms;
}

/* ---------------------------------------------------------------- simulation by values */

enum { VALUES_MAX = 60 };

/* One row of 29 columns that share a factor: tails, atoms, few values, gaps, a constant, and
 * categories of 2 to 60 values, the last ones rare. */
static double draw_value(size_t column, double normal, double unit)
{
    switch (column % 6) {
    case 0:
        return normal;
    case 1:
        return exp(1.67 * normal);
    case 2:
        return unit < 0.6 ? 0 : normal;
    case 3:
        return column == 3 ? 7 : floor(3 * normal);
    case 4:
        return unit < 0.05 ? (double)NAN : normal;
    default:
        return floor((double)(2 + 2 * column) * pow(0.5 * erfc(normal / sqrt(2)), 2));
    }
}

static void draw_rows(struct rng *rng, size_t rows, double together, size_t column_rows,
                      float *value)
{
    for (size_t row = 0; row < rows; row++) {
        double factor = rng_normal(rng) * sqrt(together);
        for (size_t c = 0; c < COLUMNS; c++) {
            double normal = factor + rng_normal(rng) * sqrt(1 - together);
            value[c * column_rows + row] = (float)draw_value(c, normal, rng_unit(rng));
        }
    }
}

static struct drift_case compare(size_t column, const float *before, size_t reference_rows,
                                 const float *now, size_t rows, struct arena *arena)
{
    struct drift_reference reference;
    struct drift_window window;
    struct err err = {0};
    if (column % 6 == 5) {
        uint32_t *code = arena_new(arena, uint32_t, reference_rows + rows);
        for (size_t i = 0; i < reference_rows + rows; i++)
            code[i] = (uint32_t)(i < reference_rows ? before[i] : now[i - reference_rows]);
        WORKS(drift_reference_codes(&reference, code, reference_rows, VALUES_MAX, arena, &err),
              err);
        WORKS(drift_window_codes(&window, &reference, code + reference_rows, rows, arena, &err),
              err);
    } else {
        WORKS(drift_reference_numbers(&reference, before, reference_rows, arena, &err), err);
        WORKS(drift_window_numbers(&window, &reference, now, rows, arena, &err), err);
    }
    return drift_case_of(&reference, &window, NULL);
}

static struct alarms simulate_values(uint32_t seed, size_t families, size_t reference_rows,
                                     size_t rows, double together)
{
    struct alarms alarms = {0};
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)1 << 30};
    for (size_t f = 0; f < families; f++) {
        arena_reset(&arena);
        struct rng rng = rng_of(seed, (uint32_t)f, rows);
        float *before = arena_new(&arena, float, COLUMNS *reference_rows);
        float *now = arena_new(&arena, float, COLUMNS *rows);
        draw_rows(&rng, reference_rows, together, reference_rows, before);
        draw_rows(&rng, rows, together, rows, now);
        struct drift_case column[COLUMNS];
        for (size_t c = 0; c < COLUMNS; c++)
            column[c] = compare(c, before + c * reference_rows, reference_rows, now + c * rows,
                                rows, &arena);
        judge_family(column, &alarms);
    }
    return alarms;
}

/* ---------------------------------------------------------------- false alarms */

TEST(of_29_columns_that_did_not_drift_one_family_in_50_is_watched_at_most_and_one_in_100_alarms)
{
    static const size_t rows[] = {500, 1000, 5000, 50000, 1000000};
    static const size_t reference_rows[] = {20000, 500, 2000, 285000, 1000000};
    size_t families = soaks() ? 1000 : 100;
    for (size_t r = 0; r < (soaks() ? LENGTH_OF(reference_rows) : 2); r++)
        for (size_t n = 0; n < LENGTH_OF(rows); n++)
            for (size_t alike = 1; alike <= 5; alike += 4) {
                struct alarms seen = simulate(1, families, reference_rows[r], rows[n], alike);
                FAIL_UNLESS(is_at_most(seen.watch, families, 0.02) &&
                                is_at_most(seen.alarm, families, 0.01),
                            "%zu against %zu rows: of %zu families %zu watched, %zu alarms",
                            rows[n], reference_rows[r], families, seen.watch, seen.alarm);
            }
}

TEST(nor_do_values_with_atoms_gaps_rare_categories_and_a_shared_factor)
{
    static const size_t rows[] = {500, 5000};
    static const double together[] = {0, 0.9};
    size_t families = soaks() ? 1000 : 20;
    for (size_t n = 0; n < LENGTH_OF(rows); n++)
        for (size_t t = 0; t < LENGTH_OF(together); t++) {
            struct alarms seen = simulate_values(2, families, 5000, rows[n], together[t]);
            FAIL_UNLESS(is_at_most(seen.watch, families, 0.02) &&
                            is_at_most(seen.alarm, families, 0.01),
                        "%zu rows, correlation %g: of %zu families %zu watched, %zu alarms",
                        rows[n], together[t], families, seen.watch, seen.alarm);
        }
}

/* What the rule is for: 1 - .95^29 of all quiet weeks. */
TEST(a_chance_below_5_percent_per_column_would_cry_wolf_in_three_families_of_four)
{
    size_t families = 100, cries = 0;
    for (uint32_t f = 0; f < families; f++) {
        struct rng rng = rng_of(3, f, 0);
        struct drift_case column[COLUMNS];
        struct drift_finding finding[COLUMNS];
        for (size_t i = 0; i < COLUMNS; i++)
            column[i] = draw_case(&rng, 20000, 5000);
        drift_judge(column, COLUMNS, DRIFT_ALPHA, finding);
        bool any = false;
        for (size_t i = 0; i < COLUMNS; i++)
            any |= finding[i].chance < 0.05;
        cries += any;
    }
    TRUE(cries > 65 && cries < 90);
}

/* ---------------------------------------------------------------- power */

/* Amounts of mean 88 times a factor, among 28 columns that stay as they are. */
static enum drift_state state_of_amounts(uint32_t seed, double times)
{
    enum { BEFORE = 20000, NOW = 5000 };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 24};
    struct rng rng = rng_of(5, seed, 0);
    float *before = arena_new(&arena, float, BEFORE), *now = arena_new(&arena, float, NOW);
    for (size_t i = 0; i < BEFORE; i++)
        before[i] = (float)exp(3.08 + 1.67 * rng_normal(&rng));
    for (size_t i = 0; i < NOW; i++)
        now[i] = (float)(times * exp(3.08 + 1.67 * rng_normal(&rng)));
    struct drift_case column[COLUMNS];
    struct drift_finding finding[COLUMNS];
    for (size_t i = 1; i < COLUMNS; i++)
        column[i] = draw_case(&rng, BEFORE, NOW);
    column[0] = compare(0, before, BEFORE, now, NOW, &arena);
    drift_judge(column, COLUMNS, DRIFT_ALPHA, finding);
    for (size_t i = 1; i < COLUMNS; i++)
        SAME(finding[i].state, DRIFT_OK);
    return finding[0].state;
}

/* Half as large again is .062 of PSI on average, and .05 or more nine times in ten. */
TEST(amounts_half_as_large_again_or_twice_are_watched_and_three_times_alarm)
{
    size_t rounds = soaks() ? 200 : 20, watched = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        SAME(state_of_amounts(i, 1), DRIFT_OK);
        watched += state_of_amounts(i, 1.5) == DRIFT_WATCH;
        SAME(state_of_amounts(i, 2), DRIFT_WATCH);
        SAME(state_of_amounts(i, 3), DRIFT_ALARM);
    }
    TRUE(is_at_most(rounds - watched, rounds, 0.1));
}

TEST(a_fraud_share_of_2_in_1000_that_doubles_is_seen_and_one_that_stays_is_not)
{
    size_t rounds = soaks() ? 1000 : 200, seen = 0, wrong = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        struct rng rng = rng_of(9, i, 0);
        struct rate_case rate = {.rows_before = 50000,
                                 .rows = 20000,
                                 .watch = RATE_WATCH,
                                 .alarm = RATE_ALARM,
                                 .rows_min = 500};
        struct rate_finding finding;
        rate.hits_before = draw_binomial(&rng, rate.rows_before, 0.002);
        rate.hits = draw_binomial(&rng, rate.rows, 0.004);
        rate_judge(&rate, 1, DRIFT_ALPHA, &finding);
        seen += finding.state == DRIFT_WATCH || finding.state == DRIFT_ALARM;
        rate.hits = draw_binomial(&rng, rate.rows, 0.002);
        rate_judge(&rate, 1, DRIFT_ALPHA, &finding);
        wrong += finding.state != DRIFT_OK;
    }
    TRUE(seen * 100 >= rounds * 95);
    TRUE(is_at_most(wrong, rounds, 0.01));
}

/* ---------------------------------------------------------------- the rule */

static struct drift_finding judged(double psi, size_t rows, struct drift_limits limits)
{
    struct drift_case column = {
        .psi = psi, .bins = 10, .reference_rows = 20000, .rows = rows, .limits = limits};
    struct drift_finding finding;
    drift_judge(&column, 1, DRIFT_ALPHA, &finding);
    return finding;
}

TEST(a_column_is_judged_by_the_floor_and_by_what_matters)
{
    struct drift_limits limits = drift_limits_default;
    SAME(judged(0.30, 499, limits).state, DRIFT_INSUFFICIENT);
    SAME(judged(0.30, 500, limits).state, DRIFT_ALARM);
    SAME(judged(0.249, 500, limits).state, DRIFT_WATCH);
    SAME(judged(0.05, 5000, limits).state, DRIFT_WATCH);
    SAME(judged(0.049, 5000, limits).state, DRIFT_OK);
    SAME(judged(0.04, 5000, limits).above, true);
    /* chi2_9 is above 21.67 with chance .01; times 1/500 + 1/20000, and the second order. */
    double x = 21.665994333461924 * (1.0 / 500 + 1.0 / 20000);
    NEAR(judged(0.03, 500, limits).floor, x * (1 + x * 10 / 12), 1e-12);
    TRUE(!judged(0.04, 500, limits).above);
    limits.watch = 0.01, limits.alarm = 0.02;
    SAME(judged(0.03, 5000, limits).state, DRIFT_ALARM);
    SAME(judged(0.03, 500, limits).state, DRIFT_OK);
}

TEST(a_column_of_one_bin_is_ok_and_nothing_to_judge_is_insufficient)
{
    struct drift_case column = {
        .bins = 1, .reference_rows = 1000, .rows = 1000, .limits = drift_limits_default};
    struct drift_finding finding;
    drift_judge(&column, 1, DRIFT_ALPHA, &finding);
    SAME(finding.state, DRIFT_OK);
    NEAR(finding.floor, 0, 0);
    NEAR(finding.chance, 1, 0);
    SAME(drift_worst(&finding, 0), DRIFT_INSUFFICIENT);
    column.rows = 0, column.limits.rows_min = 0;
    drift_judge(&column, 1, DRIFT_ALPHA, &finding);
    SAME(finding.state, DRIFT_INSUFFICIENT);
}

/* Alone .0055 is above its floor; in a family of 29 with nothing else it is not; with 28 that are
 * far out, the last is judged as if it were alone. */
TEST(holms_steps_make_room_as_columns_go_out)
{
    struct drift_case column[COLUMNS];
    struct drift_finding finding[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        column[i] = (struct drift_case){.psi = i == 0 ? 0.0055 : 0,
                                        .bins = 10,
                                        .reference_rows = 20000,
                                        .rows = 5000,
                                        .limits = drift_limits_default};
    drift_judge(column, 1, DRIFT_ALPHA, finding);
    TRUE(finding[0].above);
    drift_judge(column, COLUMNS, DRIFT_ALPHA, finding);
    TRUE(!finding[0].above);
    double lone = finding[0].floor;
    for (size_t i = 1; i < COLUMNS; i++)
        column[i].psi = 1;
    drift_judge(column, COLUMNS, DRIFT_ALPHA, finding);
    TRUE(finding[0].above && finding[0].floor < lone);
    for (size_t i = 1; i < COLUMNS; i++)
        column[i].psi = 0, column[i].rows = 10; /* not of the family */
    drift_judge(column, COLUMNS, DRIFT_ALPHA, finding);
    TRUE(finding[0].above);
}

TEST(a_rate_is_judged_by_chance_and_by_how_many_times_it_is_what_it_was)
{
    struct rate_case rate = {.hits_before = 100,
                             .rows_before = 50000,
                             .hits = 0,
                             .rows = 20000,
                             .watch = RATE_WATCH,
                             .alarm = RATE_ALARM,
                             .rows_min = 500};
    struct rate_finding finding;
    rate_judge(&rate, 1, DRIFT_ALPHA, &finding);
    SAME(finding.state, DRIFT_ALARM); /* they all went: 80 times less */
    TRUE(finding.times < 0.02 && finding.times > 0);
    NEAR(finding.before, 0.002, 0);
    NEAR(finding.now, 0, 0);
    rate.hits = 48; /* 1.2 times: sure or not, too little to matter */
    rate_judge(&rate, 1, DRIFT_ALPHA, &finding);
    SAME(finding.state, DRIFT_OK);
    rate.rows = 499, rate.hits = 400;
    rate_judge(&rate, 1, DRIFT_ALPHA, &finding);
    SAME(finding.state, DRIFT_INSUFFICIENT);
}

TEST(limits_must_be_in_order)
{
    struct err err = {0};
    struct drift_limits limits = drift_limits_default;
    WORKS(drift_limits_check(&limits, &err), err);
    limits.watch = 0.3;
    FAILS(drift_limits_check(&limits, &err), err, ERR_INPUT);
    SAYS(err, "0 <= watch <= alarm");
    limits.watch = (double)NAN;
    FAILS(drift_limits_check(&limits, &err), err, ERR_INPUT);
}

TEST(every_state_has_its_name)
{
    TEXT(view_of(drift_state_name(DRIFT_OK)), "OK");
    TEXT(view_of(drift_state_name(DRIFT_INSUFFICIENT)), "INSUFFICIENT");
    TEXT(view_of(drift_state_name(DRIFT_WATCH)), "WATCH");
    TEXT(view_of(drift_state_name(DRIFT_ALARM)), "ALARM");
}
