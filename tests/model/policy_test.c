#include "model/policy.h"

#include "harness.h"

static bool read_text(const char *text, struct policy *out, struct arena *arena, struct err *err)
{
    const struct doc *doc = doc_parse(view_of(text), arena, err);
    return doc != NULL && policy_read(out, doc, arena, err);
}

static void refused(const char *text, const char *why)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct policy policy;
    struct err err = {0};
    FAILS(read_text(text, &policy, &arena, &err), err, ERR_INPUT);
    SAYS(err, why);
}

/* Written and read again: the same text, and the same probabilities. */
static void comes_back(const struct policy *policy)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text first = text_in_arena(&arena), second = text_in_arena(&arena);
    struct json json = json_to(&first);
    policy_write(policy, &json);
    struct policy again;
    struct err err = {0};
    WORKS(read_text(text_c(&first), &again, &arena, &err), err);
    json = json_to(&second);
    policy_write(&again, &json);
    TRUE(view_same(text_view(&first), text_view(&second)));
    for (int i = 0; i <= 1000; i++) {
        float score = (float)i / 1000;
        TRUE(calibration_of(&policy->calibration, score) ==
             calibration_of(&again.calibration, score));
    }
}

TEST(a_policy_without_a_calibrator_is_its_threshold)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    policy_write(&(struct policy){.threshold = 0.25F}, &json);
    TEXT(text_view(&text), "{\"threshold\":0.25}");
    comes_back(&(struct policy){.threshold = 0.1F});
}

TEST(calibrators_come_back_to_the_last_digit)
{
    static const struct calibration_knot knot[] = {
        {0.1F, 0.001}, {0.3F, 1.0 / 3}, {0.7F, 1.0 / 3}, {0.9F, 1}};
    comes_back(&(struct policy){
        .threshold = 0.1F,
        .calibration = {.calibrator = CALIBRATOR_PLATT, .intercept = -1.0 / 7, .slope = 2.0 / 3}});
    comes_back(&(struct policy){.threshold = 0.1F,
                                .calibration = {.calibrator = CALIBRATOR_ISOTONIC,
                                                .knots = LENGTH_OF(knot),
                                                .knot = knot}});
}

TEST(a_calibrator_that_would_turn_the_order_round_is_refused)
{
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"platt\",\"intercept\":0,"
            "\"slope\":-1}}",
            "slope");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"platt\",\"intercept\":0,"
            "\"slope\":0}}",
            "slope");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"isotonic\",\"knots\":"
            "[[0.1,0.2],[0.2,0.1]]}}",
            "knot 2 falls");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"isotonic\",\"knots\":"
            "[[0.2,0.1],[0.2,0.1]]}}",
            "knot 2 falls");
}

TEST(a_policy_that_is_not_whole_is_refused)
{
    refused("{}", "threshold");
    refused("{\"threshold\":1e300}", "not finite");
    refused("{\"threshold\":0.5,\"calibration\":{}}", "calibrator");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"magic\"}}", "magic");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"platt\",\"slope\":1}}",
            "intercept");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"isotonic\",\"knots\":[]}}",
            "knots");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"isotonic\",\"knots\":[[1]]}}",
            "a score and a probability");
    refused("{\"threshold\":0.5,\"calibration\":{\"calibrator\":\"isotonic\",\"knots\":[[0,2]]}}",
            "between 0 and 1");
}
