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
    struct policy line = policy_of(0.25F);
    policy_write(&line, &json);
    TEXT(text_view(&text), "{\"threshold\":0.25}");
    line = policy_of(0.1F);
    comes_back(&line);
}

TEST(calibrators_come_back_to_the_last_digit)
{
    static const struct calibration_knot knot[] = {
        {0.1F, 0.001}, {0.3F, 1.0 / 3}, {0.7F, 1.0 / 3}, {0.9F, 1}};
    struct policy policy = policy_of(0.1F);
    policy.calibration = (struct calibration){
        .calibrator = CALIBRATOR_PLATT, .intercept = -1.0 / 7, .slope = 2.0 / 3};
    comes_back(&policy);
    policy.calibration = (struct calibration){
        .calibrator = CALIBRATOR_ISOTONIC, .knots = LENGTH_OF(knot), .knot = knot};
    comes_back(&policy);
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

TEST(outcomes_columns_and_the_population_come_back)
{
    static const struct population_knot knot[] = {{0.25, 0.001F}, {0.5, 0.1F}, {1, 0.9F}};
    struct policy policy = policy_of(0.3F);
    policy.decline = 0.9F;
    policy.amount = VIEW("Amount");
    policy.entity = VIEW("card \"1\"");
    policy.population = knot;
    policy.population_count = LENGTH_OF(knot);
    comes_back(&policy);
    policy.by_cost = true;
    policy.costs = (struct cost_matrix){5, 20, 0.75, 15};
    comes_back(&policy);

    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    WORKS(read_text("{\"threshold\":0.5,\"outcomes\":{\"by\":\"cost\",\"handling\":5,\"insult\":20,"
                    "\"loss_given_fraud\":1,\"chargeback\":15},\"amount\":\"a\"}",
                    &policy, &arena, &err),
          err);
    TRUE(policy.by_cost && policy.costs.insult == 20 && policy.costs.chargeback == 15);
    TRUE(policy.review == 0.5F && policy.decline > 1);
    TEXT(policy.amount, "a");
}

TEST(outcomes_that_make_no_sense_are_refused)
{
    refused("{\"threshold\":0.5,\"outcomes\":1}", "not an object");
    refused("{\"threshold\":0.5,\"outcomes\":{\"by\":\"dice\"}}", "'dice'");
    refused("{\"threshold\":0.5,\"outcomes\":{\"by\":\"lines\",\"decline\":0.4}}", "below");
    refused("{\"threshold\":0.5,\"outcomes\":{\"by\":\"lines\",\"review\":1e300}}", "not finite");
    refused("{\"threshold\":0.5,\"outcomes\":{\"by\":\"cost\",\"handling\":5}}", "insult");
    refused("{\"threshold\":0.5,\"outcomes\":{\"by\":\"cost\",\"handling\":-5}}", "'handling'");
    refused("{\"threshold\":0.5,\"amount\":7}", "amount");
    refused("{\"threshold\":0.5,\"population\":[[0,0]]}", "2 to");
    refused("{\"threshold\":0.5,\"population\":[[0,0],[0.5]]}", "a share and a score");
    refused("{\"threshold\":0.5,\"population\":[[0,0],[0.5,0]]}", "pair 2 does not rise");
    refused("{\"threshold\":0.5,\"population\":[[0,0],[1.5,1]]}", "pair 2 does not rise");
}
