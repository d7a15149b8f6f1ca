#include "model/objective.h"

#include <math.h>

/* The inverse of the sigmoid; not finite unless 0 < base_score < 1. */
static float logit(float base_score)
{
    return -logf(1.0F / base_score - 1.0F);
}

/* libxgboost's sigmoid. expf stays finite up to 88.7; the 1e-16 keeps its bits on paper only (it
 * is lost in any sum with 1), and stands here so that the formula is the same. */
static float sigmoid(float margin)
{
    const float exponent_max = 88.7F, nearly_nothing = 1e-16F;
    float exponent = -margin < exponent_max ? -margin : exponent_max;
    float denominator = expf(exponent) + 1.0F + nearly_nothing;
    return 1.0F / denominator;
}

static float same(float value)
{
    return value;
}

const struct objective objective_binary_logistic = {
    .name = "binary:logistic",
    .about = "the probability of the positive class",
    .probability = true,
    .margin_of = logit,
    .score_of = sigmoid,
};

const struct objective objective_reg_logistic = {
    .name = "reg:logistic",
    .about = "a share between 0 and 1",
    .probability = true,
    .margin_of = logit,
    .score_of = sigmoid,
};

const struct objective objective_reg_squarederror = {
    .name = "reg:squarederror",
    .about = "a number, by least squares",
    .margin_of = same,
    .score_of = same,
};

const struct objective *const objectives[] = {
#define OBJECTIVE(name) &objective_##name,
#include "model/objectives.def"
#undef OBJECTIVE
};

const size_t objectives_count = LENGTH_OF(objectives);

const struct objective *objective_find(struct view name)
{
    for (size_t i = 0; i < objectives_count; i++)
        if (view_is(name, objectives[i]->name))
            return objectives[i];
    return NULL;
}
