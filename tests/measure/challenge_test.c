#include "harness.h"

#include "measure/challenge.h"

#include "base/rng.h"

#include <math.h>

enum { ROWS_MAX = 20000 };

static float score[2][ROWS_MAX];
static uint8_t label[ROWS_MAX], group[ROWS_MAX];
static double amount[ROWS_MAX];
static struct challenge last;
static struct arena job = {.limit = 1 << 26};

static const struct challenge *judged(const struct challenge_rows *rows,
                                      const struct challenge_rules *rules)
{
    struct err err = {0};
    arena_reset(&job);
    WORKS(challenge_judge(rows, rules, &job, &last, &err), err);
    return &last;
}

/* `frauds` rows first. Each model sees the same signal, a noise that both share and one of its own,
 * and gives a logistic score; `lift` is how much farther apart the challenger sees them. */
static struct challenge_rows draw(uint32_t round, size_t count, size_t frauds, double lift)
{
    struct rng rng = rng_of(77, round, 0);
    for (size_t i = 0; i < count; i++) {
        label[i] = i < frauds;
        amount[i] = 1 + (double)rng_below(&rng, 500);
        group[i] = i % 2;
        double shared = rng_normal(&rng);
        for (size_t model = 0; model < 2; model++) {
            double apart = 1.6 + (model == 1 ? lift : 0);
            double margin = apart * label[i] + 0.95 * shared + 0.31 * rng_normal(&rng);
            score[model][i] = (float)(1 / (1 + exp(4 - 1.5 * margin)));
        }
    }
    return (struct challenge_rows){
        .champion = {{.score = score[0], .label = label, .count = count}, 0.3f},
        .challenger = {{.score = score[1], .label = label, .count = count}, 0.3f},
        .amount = amount,
    };
}

static size_t promotions(size_t rounds, size_t count, size_t frauds, double lift,
                         const struct challenge_rules *rules)
{
    size_t promoted = 0;
    for (size_t i = 0; i < rounds; i++) {
        struct challenge_rows rows = draw((uint32_t)i, count, frauds, lift);
        promoted += judged(&rows, rules)->verdict == CHALLENGE_PROMOTE;
    }
    return promoted;
}

static size_t rounds(void)
{
    return getenv("ASSAY_SOAK") != NULL ? 200 : 40;
}

/* Without rails, which would only lower the number. */
static struct challenge_rules bare(size_t draws)
{
    struct challenge_rules rules = challenge_rules_default;
    rules.draws = draws;
    rules.limit[RAIL_alert_volume] = rules.limit[RAIL_ece] = 1e9;
    return rules;
}

TEST(of_two_equally_good_models_one_in_twenty_is_promoted_at_most)
{
    struct challenge_rules rules = bare(BOOTSTRAP_DRAWS);
    size_t promoted = promotions(rounds(), 3000, 100, 0, &rules);
    FAIL_UNLESS(promoted * 20 <= rounds(), "%zu of %zu promoted", promoted, rounds());
}

TEST(a_truly_better_model_is_promoted_nineteen_times_in_twenty)
{
    struct challenge_rules rules = bare(200);
    double gain = 0;
    for (uint32_t i = 0; i < 5; i++) {
        struct challenge_rows rows = draw(i, ROWS_MAX, 1000, 0.13);
        gain += judged(&rows, &rules)->gain / 5;
    }
    NEAR(gain, 0.05, 0.01);
    size_t promoted = promotions(rounds(), ROWS_MAX, 1000, 0.13, &rules);
    FAIL_UNLESS(promoted * 20 >= rounds() * 19, "%zu of %zu promoted", promoted, rounds());
}

TEST(the_plain_comparison_promotes_every_second_equal_and_says_so)
{
    struct challenge_rules rules = bare(200);
    rules.mode = CHALLENGE_PLAIN_F1;
    size_t promoted = promotions(40, 3000, 100, 0, &rules);
    TRUE(promoted > 10 && promoted < 30);
    NEAR(last.false_promotion, 0.5, 0.12);
    struct challenge_rows rows = draw(1, 3000, 100, 0);
    rows.challenger = rows.champion;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_KEEP);
    NEAR(last.false_promotion, 0, 0);
    rules.mode = CHALLENGE_BOUND;
    TRUE(isnan(judged(&rows, &rules)->false_promotion));
}

/* z(.95) + z(.8) deviations make the gain visible; a deviation falls with the root of the frauds.
 */
TEST(too_little_evidence_says_how_many_frauds_would_be_enough)
{
    struct challenge_rules rules = challenge_rules_default;
    struct challenge_rows rows = draw(2, 3000, 100, 0);
    const struct challenge *c = judged(&rows, &rules);
    SAME(c->verdict, CHALLENGE_INSUFFICIENT);
    double ratio = (1.6448536269514722 + 0.8416212335729143) * c->deviation / fmax(c->gain, 0.01);
    NEAR(c->frauds_needed, ceil(100 * ratio * ratio) - 100, 1);
    TRUE(c->low < 0 && c->high > 0.01);
    TRUE(strcmp(challenge_verdict_name(c->verdict), "insufficient") == 0);
}

TEST(a_challenger_that_cannot_be_worth_it_is_not_waited_for)
{
    struct challenge_rules rules = bare(400);
    struct challenge_rows rows = draw(3, 6000, 1000, -0.4);
    const struct challenge *c = judged(&rows, &rules);
    TRUE(c->high < 0);
    SAME(c->verdict, CHALLENGE_KEEP);
    NEAR(c->frauds_needed, 0, 0);
}

TEST(a_cheaper_model_need_only_not_be_worse_when_the_rules_say_so)
{
    struct challenge_rules rules = bare(400);
    struct challenge_rows rows = draw(4, 6000, 1000, 0);
    TRUE(judged(&rows, &rules)->verdict != CHALLENGE_PROMOTE);
    rules.non_inferior = 0.05;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_PROMOTE);
}

TEST(where_less_is_better_a_gain_is_a_fall)
{
    struct challenge_rules rules = bare(400);
    rules.primary = &metric_brier;
    struct challenge_rows rows = draw(5, 6000, 1000, 0.6);
    const struct challenge *c = judged(&rows, &rules);
    TRUE(c->challenger < c->champion && c->gain > 0);
    SAME(c->verdict, CHALLENGE_PROMOTE);
}

/* The better model of draw(6), with each rail in turn. */
TEST(each_rail_can_veto)
{
    struct challenge_rules rules = bare(200);
    struct challenge_rows rows = draw(6, 6000, 600, 0.6);
    rows.group = group;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_PROMOTE);
    for (size_t i = 0; i < RAIL_COUNT; i++)
        TRUE(last.rail[i].judged && last.rail[i].passed && last.rail[i].name != NULL);

    rules.limit[RAIL_alert_volume] = 0.01;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_KEEP);
    TRUE(!last.rail[RAIL_alert_volume].passed && last.rail[RAIL_alert_volume].value > 0.01);
    rules = bare(200);

    rules.limit[RAIL_ece] = 0.01;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_KEEP);
    TRUE(!last.rail[RAIL_ece].passed);
    rules.ece_slack = 1;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_PROMOTE);
    rules = bare(200);

    rules.limit[RAIL_fpr_ratio] = 1.01;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_KEEP);
    TRUE(!last.rail[RAIL_fpr_ratio].passed);
    rules.group_rows_min = 4000;
    SAME(judged(&rows, &rules)->verdict, CHALLENGE_PROMOTE);
    TRUE(!last.rail[RAIL_fpr_ratio].judged && isnan(last.rail[RAIL_fpr_ratio].value));
}

/* Champion: alarms on rows 0 1 2. Challenger: on 2 3 4. */
TEST(the_swap_set_has_the_rows_whose_decision_changes_and_their_money)
{
    static const float old[] = {0.9f, 0.9f, 0.9f, 0.1f, 0.1f, 0.1f};
    static const float new[] = {0.1f, 0.1f, 0.9f, 0.9f, 0.9f, 0.1f};
    static const uint8_t is[] = {0, 1, 1, 1, 1, 0};
    static const double money[] = {5, 20, 70, 300, 10, 1};
    struct challenge_rows rows = {
        .champion = {{old, is, 6}, 0.5f}, .challenger = {{new, is, 6}, 0.5f}, .amount = money};
    struct challenge_rules rules = bare(100);
    const struct challenge *c = judged(&rows, &rules);
    SAME(c->gained.rows, 2);
    SAME(c->gained.frauds, 2);
    NEAR(c->gained.fraud_money, 310, 0);
    SAME(c->lost.rows, 2);
    SAME(c->lost.frauds, 1);
    NEAR(c->lost.money, 25, 0);
    NEAR(c->lost.fraud_money, 20, 0);
    static const uint32_t want[] = {3, 1, 4, 0};
    SAME(c->swaps, 4);
    TRUE(memcmp(c->swap, want, sizeof want) == 0);
    NEAR(c->rail[RAIL_alert_volume].value, 0, 0);
    TRUE(!c->rail[RAIL_fpr_ratio].judged);
}

TEST(a_fifth_more_alarms_is_just_allowed)
{
    static const float old[] = {0.9f, 0.9f, 0.9f, 0.9f, 0.9f, 0.1f, 0.1f};
    static const float new[] = {0.9f, 0.9f, 0.9f, 0.9f, 0.9f, 0.8f, 0.1f};
    static const uint8_t is[] = {1, 1, 1, 1, 1, 1, 0};
    struct challenge_rows rows = {.champion = {{old, is, 7}, 0.5f},
                                  .challenger = {{new, is, 7}, 0.5f}};
    TRUE(judged(&rows, &challenge_rules_default)->rail[RAIL_alert_volume].passed);
    rows.champion.threshold = 2;
    TRUE(!judged(&rows, &challenge_rules_default)->rail[RAIL_alert_volume].passed);
    TRUE(isinf(last.rail[RAIL_alert_volume].value));
}

TEST(what_is_not_defined_never_promotes)
{
    static const float some[] = {0.9f, 0.1f};
    static const uint8_t none[] = {0, 0};
    struct challenge_rows rows = {.champion = {{some, none, 2}, 0.5f},
                                  .challenger = {{some, none, 2}, 0.5f}};
    const struct challenge *c = judged(&rows, &challenge_rules_default);
    TRUE(c->verdict != CHALLENGE_PROMOTE && isnan(c->gain) && isnan(c->low));
    rows = (struct challenge_rows){0};
    TRUE(judged(&rows, &challenge_rules_default)->verdict != CHALLENGE_PROMOTE);
}

TEST(the_same_seed_gives_the_same_verdict)
{
    struct challenge_rules rules = bare(100);
    struct challenge_rows rows = draw(9, 3000, 100, 0);
    double low = judged(&rows, &rules)->low;
    NEAR(judged(&rows, &rules)->low, low, 0);
    rules.seed = 1;
    TRUE(judged(&rows, &rules)->low != low);
}
