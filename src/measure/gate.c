#include "measure/gate.h"

#include "base/number.h"

/* Longer ones first: the first that fits is taken. */
static const struct sign {
    const char *text;
    enum gate_operator comparison;
} signs[] = {
    {">=", GATE_AT_LEAST},
    {"<=", GATE_AT_MOST},
    {">", GATE_ABOVE},
    {"<", GATE_BELOW},
};

static const struct sign *sign_at(struct view text)
{
    for (size_t i = 0; i < LENGTH_OF(signs); i++)
        if (view_starts(text, signs[i].text))
            return &signs[i];
    return NULL;
}

/* "roc_auc, pr_auc, ...": what a rule may name. */
static const char *known_metrics(char *bytes, size_t size)
{
    struct text text = text_in(bytes, size);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        text_addf(&text, "%s%s", i == 0 ? "" : ", ", metrics[i]->name);
    return text_c(&text);
}

static bool wrong(struct view rule, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "gate rule '" VIEW_FMT "': %s, as in 'roc_auc >= 0.7'",
                   VIEW_ARG(rule), what);
}

bool gate_parse(struct view text, struct gate_rule *out, struct err *err)
{
    struct view rule = view_trim(text);
    size_t at = 0;
    while (at < rule.length && rule.text[at] != '<' && rule.text[at] != '>')
        at++;
    const struct sign *sign = sign_at(view_from(rule, at));
    if (sign == NULL)
        return wrong(rule, "one of >= > <= < is expected", err);

    struct view name = view_trim((struct view){rule.text, at});
    if (name.length == 0)
        return wrong(rule, "the name of a metric is expected first", err);
    const struct metric *metric = metric_find(name);
    char known[400];
    if (metric == NULL)
        return err_set(err, ERR_INPUT,
                       "gate rule '" VIEW_FMT "': there is no metric '" VIEW_FMT "'; known are %s",
                       VIEW_ARG(rule), VIEW_ARG(name), known_metrics(known, sizeof known));

    struct view bound = view_trim(view_from(rule, at + strlen(sign->text)));
    double number;
    if (!number_parse(bound, &number))
        return wrong(rule, "a number is expected last", err);
    *out = (struct gate_rule){
        .text = rule, .metric = metric, .comparison = sign->comparison, .bound = number};
    return true;
}

/* Every comparison with NaN is false. */
bool gate_holds(const struct gate_rule *rule, double value)
{
    switch (rule->comparison) {
    case GATE_AT_LEAST:
        return value >= rule->bound;
    case GATE_ABOVE:
        return value > rule->bound;
    case GATE_AT_MOST:
        return value <= rule->bound;
    case GATE_BELOW:
        return value < rule->bound;
    }
    return false;
}

bool gate_judge(const struct gate_rule *rule, size_t count, const double value[METRIC_COUNT],
                struct gate_check *check)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        double is = value[metric_index_of(rule[i].metric)];
        check[i] = (struct gate_check){
            .rule = rule[i].text,
            .metric = rule[i].metric,
            .value = is,
            .bound = rule[i].bound,
            .passed = gate_holds(&rule[i], is),
        };
        all &= check[i].passed;
    }
    return all;
}
