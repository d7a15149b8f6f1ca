#include "harness.h"

#include "measure/calibrate.h"

#include "base/number.h"
#include "base/rng.h"

#include <math.h>

static struct arena job = {.limit = 1 << 26};

static struct ranking ranked(struct sample sample)
{
    struct ranking ranking;
    struct err err = {0};
    WORKS(ranking_init(&ranking, sample, &job, &err), err);
    return ranking;
}

static struct calibration fitted(struct sample sample, enum calibrator calibrator)
{
    struct ranking ranking = ranked(sample);
    struct calibration calibration;
    struct err err = {0};
    WORKS(calibrate(&ranking, calibrator, &job, &calibration, &err), err);
    return calibration;
}

TEST(how_is_decided_by_the_number_of_frauds)
{
    SAME(calibration_for(0), CALIBRATOR_NONE);
    SAME(calibration_for(99), CALIBRATOR_NONE);
    SAME(calibration_for(100), CALIBRATOR_PLATT);
    SAME(calibration_for(999), CALIBRATOR_PLATT);
    SAME(calibration_for(1000), CALIBRATOR_ISOTONIC);
    TRUE(strcmp(calibrator_name(CALIBRATOR_ISOTONIC), "isotonic") == 0);
}

TEST(without_a_calibrator_a_score_is_its_own_probability)
{
    struct calibration none = fitted((struct sample){0}, CALIBRATOR_NONE);
    NEAR(calibration_of(&none, 0.3f), 0.3f, 0);
}

/* Rates by rising score: 0, 1/2 (two tied rows), 0, 1. The middle two violate: 1/3 over three. */
TEST(isotonic_pools_what_falls_with_the_weight_of_its_rows)
{
    static const float score[] = {0.1f, 0.25f, 0.25f, 0.5f, 0.75f};
    static const uint8_t label[] = {0, 1, 0, 0, 1};
    struct calibration isotonic =
        fitted((struct sample){.score = score, .label = label, .count = 5}, CALIBRATOR_ISOTONIC);
    SAME(isotonic.knots, 4);
    NEAR(calibration_of(&isotonic, 0.05f), 0, 0);
    NEAR(calibration_of(&isotonic, 0.25f), 1.0 / 3, 0);
    NEAR(calibration_of(&isotonic, 0.4f), 1.0 / 3, 0);
    NEAR(calibration_of(&isotonic, 0.5f), 1.0 / 3, 0);
    NEAR(calibration_of(&isotonic, 0.625f), 2.0 / 3, 1e-15);
    NEAR(calibration_of(&isotonic, 0.9f), 1, 0);
}

static struct sample draw(uint32_t round, size_t count, float *score, uint8_t *label)
{
    struct rng rng = rng_of(5, round, 0);
    uint64_t levels = round % 2 ? 1u << 20 : 17;
    for (size_t i = 0; i < count; i++) {
        score[i] = (float)rng_below(&rng, levels) / (float)levels;
        label[i] = rng_unit(&rng) < 0.6 * (double)score[i] * (double)score[i];
    }
    return (struct sample){.score = score, .label = label, .count = count};
}

TEST(a_higher_score_never_has_a_lower_probability)
{
    enum { COUNT = 400 };
    float score[COUNT];
    uint8_t label[COUNT];
    for (uint32_t round = 0; round < 20; round++) {
        struct sample sample = draw(round, COUNT, score, label);
        struct calibration isotonic = fitted(sample, CALIBRATOR_ISOTONIC);
        struct calibration platt = fitted(sample, CALIBRATOR_PLATT);
        double last[2] = {-1, -1};
        for (int i = -10; i <= 10010; i++) {
            float at = (float)i / 10000;
            double p = calibration_of(&isotonic, at), q = calibration_of(&platt, at);
            TRUE(p >= last[0] && p >= 0 && p <= 1);
            TRUE(i <= 0 || i > 10000 || q > last[1]);
            last[0] = p, last[1] = q;
        }
    }
}

/* At the best line the residuals are orthogonal to 1 and to the logit. */
TEST(platts_line_is_where_the_likelihood_is_flat)
{
    enum { COUNT = 3000 };
    float score[COUNT];
    uint8_t label[COUNT];
    struct sample sample = draw(1, COUNT, score, label);
    struct calibration platt = fitted(sample, CALIBRATOR_PLATT);
    double frauds = (double)ranked(sample).fraud, sum = 0, moment = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double clipped = fmin(fmax((double)score[i], 0x1p-23), 1 - 0x1p-23);
        double x = log(clipped / (1 - clipped));
        double target = label[i] ? (frauds + 1) / (frauds + 2) : 1 / (COUNT - frauds + 2);
        double miss = calibration_of(&platt, score[i]) - target;
        sum += miss, moment += miss * x;
    }
    NEAR(sum, 0, 1e-8);
    NEAR(moment, 0, 1e-8);
}

TEST(perfect_scores_do_not_make_platts_line_infinitely_steep)
{
    static const float score[] = {0.9f, 0.8f, 0.2f, 0.1f};
    static const uint8_t label[] = {1, 1, 0, 0};
    struct calibration platt =
        fitted((struct sample){.score = score, .label = label, .count = 4}, CALIBRATOR_PLATT);
    TRUE(isfinite(platt.slope) && platt.slope > 0);
    NEAR(calibration_of(&platt, 0.9f) + calibration_of(&platt, 0.8f) +
             calibration_of(&platt, 0.2f) + calibration_of(&platt, 0.1f),
         2, 1e-9);
    TRUE(calibration_of(&platt, 0.95f) < 1);
}

TEST(what_cannot_be_calibrated_is_an_error_that_says_why)
{
    static const float score[] = {0.9f, 0.8f, 0.2f, 0.1f}, same[] = {0.5f, 0.5f, 0.5f, 0.5f};
    static const uint8_t none[] = {0, 0, 0, 0}, backwards[] = {0, 0, 1, 1};
    static const enum calibrator both[] = {CALIBRATOR_PLATT, CALIBRATOR_ISOTONIC};
    for (size_t i = 0; i < 2; i++) {
        struct calibration out;
        struct err err = {0};
        struct ranking ranking = ranked((struct sample){.score = score, .label = none, .count = 4});
        FAILS(calibrate(&ranking, both[i], &job, &out, &err), err, ERR_INPUT);
        SAYS(err, "one class");
        ranking = ranked((struct sample){.score = score, .label = backwards, .count = 4});
        FAILS(calibrate(&ranking, both[i], &job, &out, &err), err, ERR_INPUT);
        SAYS(err, "does not mean more fraud");
        ranking = ranked((struct sample){.score = same, .label = backwards, .count = 4});
        FAILS(calibrate(&ranking, both[i], &job, &out, &err), err, ERR_INPUT);
    }
}

TEST(the_parameters_survive_being_written_down)
{
    enum { COUNT = 500 };
    float score[COUNT];
    uint8_t label[COUNT];
    struct calibration platt = fitted(draw(3, COUNT, score, label), CALIBRATOR_PLATT);
    double parameter[] = {platt.intercept, platt.slope};
    for (size_t i = 0; i < 2; i++) {
        char text[NUMBER_SIZE];
        double back;
        number_print(parameter[i], text);
        TRUE(number_parse(view_of(text), &back) && back == parameter[i]);
    }
}
