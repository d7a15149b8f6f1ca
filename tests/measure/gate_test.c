#include "harness.h"

#include "measure/gate.h"

#include <math.h>

static struct gate_rule parse(const char *text)
{
    struct gate_rule rule;
    struct err err = {0};
    WORKS(gate_parse(view_of(text), &rule, &err), err);
    return rule;
}

static bool passes(const char *text, double is)
{
    struct gate_rule rule = parse(text);
    struct gate_check check;
    double value[METRIC_COUNT] = {0};
    value[metric_index_of(rule.metric)] = is;
    bool passed = gate_judge(&rule, 1, value, &check);
    TRUE(passed == check.passed);
    return passed;
}

TEST(a_rule_names_a_metric_a_sign_and_a_number)
{
    struct gate_rule rule = parse("  log_loss<=2e-1 ");
    TRUE(rule.metric == &metric_log_loss);
    SAME(rule.comparison, GATE_AT_MOST);
    NEAR(rule.bound, 0.2, 0);
    TEXT(rule.text, "log_loss<=2e-1");
    SAME(parse("roc_auc >= 0.7").comparison, GATE_AT_LEAST);
    SAME(parse("roc_auc > 0.7").comparison, GATE_ABOVE);
    SAME(parse("brier < .1").comparison, GATE_BELOW);
}

TEST(each_sign_is_judged_at_its_bound)
{
    TRUE(passes("f1 >= 0.5", 0.5));
    TRUE(!passes("f1 >= 0.5", 0.4999));
    TRUE(!passes("f1 > 0.5", 0.5));
    TRUE(passes("f1 > 0.5", 0.5001));
    TRUE(passes("f1 <= 0.5", 0.5));
    TRUE(!passes("f1 <= 0.5", 0.5001));
    TRUE(!passes("f1 < 0.5", 0.5));
    TRUE(passes("f1 < 0.5", 0.4999));
}

TEST(a_figure_that_is_not_defined_passes_no_rule)
{
    TRUE(!passes("roc_auc >= 0", (double)NAN));
    TRUE(!passes("roc_auc > -1", (double)NAN));
    TRUE(!passes("roc_auc <= 1", (double)NAN));
    TRUE(!passes("roc_auc < 2", (double)NAN));
}

TEST(every_rule_is_checked_and_one_failure_fails_the_gate)
{
    struct gate_rule rule[] = {parse("roc_auc >= 0.7"), parse("brier <= 0.01"), parse("f1 > 0")};
    struct gate_check check[3];
    double value[METRIC_COUNT] = {[METRIC_roc_auc] = 0.8, [METRIC_brier] = 0.02, [METRIC_f1] = 0.1};
    TRUE(!gate_judge(rule, 3, value, check));
    TRUE(check[0].passed && !check[1].passed && check[2].passed);
    TEXT(check[1].rule, "brier <= 0.01");
    TRUE(check[1].metric == &metric_brier);
    NEAR(check[1].value, 0.02, 0);
    NEAR(check[1].bound, 0.01, 0);
    TRUE(gate_judge(rule, 1, value, check));
    TRUE(gate_judge(rule, 0, value, check));
}

static void refuses(const char *text, const char *says)
{
    struct gate_rule rule;
    struct err err = {0};
    FAILS(gate_parse(view_of(text), &rule, &err), err, ERR_INPUT);
    SAYS(err, says);
}

TEST(a_broken_rule_is_refused_and_the_error_says_what_is_expected)
{
    refuses("auc >= 0.7", "there is no metric 'auc'; known are roc_auc, pr_auc");
    refuses("auc >= 0.7", "prevalence");
    refuses("ROC_AUC >= 0.7", "there is no metric 'ROC_AUC'");
    refuses("roc_auc 0.7", "gate rule 'roc_auc 0.7': one of >= > <= < is expected");
    refuses("roc_auc = 0.7", "one of >= > <= < is expected");
    refuses("roc_auc => 0.7", "there is no metric 'roc_auc ='");
    refuses("", "one of >= > <= < is expected");
    refuses(">= 0.7", "the name of a metric is expected first");
    refuses("roc_auc >=", "a number is expected last");
    refuses("roc_auc >= nan", "a number is expected last");
    refuses("roc_auc >= 0.7 0.8", "a number is expected last");
    refuses("roc_auc >= 0,7", "a number is expected last");
    refuses("roc_auc >== 0.7", "a number is expected last");
}
