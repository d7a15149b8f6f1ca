#include "model/golden_shap.h"

#include <math.h>

static const double each_within = 1e-5, sum_within = 1e-6, place = 1e-9;

bool golden_shap_init(struct golden_shap *shap, const struct forest *forest, const char *kernel,
                      struct arena *arena, struct err *err)
{
    if (!explainer_build(forest, kernel, arena, &shap->explainer, err))
        return err_while(err, "explaining the golden records");
    shap->phi = arena_new(arena, double, forest->feature_count);
    shap->stated = arena_new(arena, double, forest->feature_count);
    shap->scratch = arena_alloc(arena, 1, shap->explainer.row_scratch);
    return (shap->phi != NULL && shap->stated != NULL && shap->scratch != NULL) ||
           err_set(err, ERR_LIMIT, "there is no memory to explain the golden records in");
}

/* Nine places are far inside the tolerance, and hide the last bits in which compilers differ. */
static double rounded(double value)
{
    double kept = round(value * 1e9) / 1e9;
    return isfinite(kept) ? kept : value;
}

void golden_shap_write(struct golden_shap *shap, const float *row, struct json *json)
{
    shap_row(&shap->explainer, row, shap->phi, shap->scratch);
    json_key(json, "expected"), json_number(json, rounded(shap->explainer.expected));
    struct json compact = json_to(json->text); /* a line a record, not two a feature */
    json_key(json, "contributions");
    json_raw(json, VIEW(""));
    json_open(&compact, '[');
    for (size_t i = 0; i < shap->explainer.forest.feature_count; i++) {
        double value = rounded(shap->phi[i]);
        if (value == 0)
            continue;
        json_open(&compact, '[');
        json_count(&compact, i), json_number(&compact, value);
        json_close(&compact);
    }
    json_close(&compact);
}

/* ---------------------------------------------------------------- the check */

static bool next(struct scan *scan, enum token_kind kind, struct token *token, struct err *err)
{
    if (!scan_next(scan, token, err))
        return err->kind == ERR_NONE && err_set(err, ERR_MODEL, "golden.json ends too early");
    return token->kind == kind || err_set(err, ERR_MODEL, "golden.json has %s where %s belongs",
                                          token_name(token->kind), token_name(kind));
}

static bool read_pair(struct golden_shap *shap, struct scan *scan, double *past, struct err *err)
{
    struct token feature, value, end;
    if (!next(scan, TOKEN_NUMBER, &feature, err) || !next(scan, TOKEN_NUMBER, &value, err) ||
        !next(scan, TOKEN_LIST_END, &end, err))
        return false;
    double at = feature.number;
    if (!(at > *past) || at != floor(at) || at >= (double)shap->explainer.forest.feature_count)
        return err_set(err, ERR_MODEL, "golden.json names feature %g out of place", at);
    *past = at;
    shap->stated[(size_t)at] = value.number;
    return true;
}

static bool read_contributions(struct golden_shap *shap, struct scan *scan, struct err *err)
{
    struct token token;
    double past = -1;
    memset(shap->stated, 0, shap->explainer.forest.feature_count * sizeof *shap->stated);
    if (!next(scan, TOKEN_KEY, &token, err))
        return false;
    if (!view_is(token.text, "contributions"))
        return err_set(err, ERR_MODEL, "golden.json lacks 'contributions'");
    if (!next(scan, TOKEN_LIST, &token, err))
        return false;
    while (scan_next(scan, &token, err)) {
        if (token.kind == TOKEN_LIST_END)
            return true;
        if (token.kind != TOKEN_LIST)
            return err_set(err, ERR_MODEL, "golden.json has %s where a list belongs",
                           token_name(token.kind));
        if (!read_pair(shap, scan, &past, err))
            return false;
    }
    return err->kind == ERR_NONE && err_set(err, ERR_MODEL, "golden.json ends too early");
}

/* In double: a float sum of many trees is farther from itself than the tolerance. */
static double margin_of(const struct forest *forest, const float *row)
{
    double sum = (double)forest->base_margin;
    for (size_t tree = 0; tree < forest->tree_count; tree++) {
        uint32_t leaf = forest_leaf(forest, tree, row);
        sum += forest->weight != NULL ? forest->weight[leaf] : (double)forest->node[leaf].weight;
    }
    return sum;
}

/* NaN is beyond any tolerance. */
static bool is_near(double a, double b, double within)
{
    return fabs(a - b) <= within;
}

bool golden_shap_check(struct golden_shap *shap, const float *row, size_t index, struct scan *scan,
                       struct err *err)
{
    const struct explainer *x = &shap->explainer;
    struct token expected;
    if (!next(scan, TOKEN_NUMBER, &expected, err) || !read_contributions(shap, scan, err))
        return false;
    shap_row(x, row, shap->phi, shap->scratch);
    if (!is_near(x->expected, expected.number, each_within))
        return err_set(err, ERR_MODEL, "golden record %zu expects %.9g, it was sealed with %.9g",
                       index + 1, x->expected, expected.number);
    double sum = x->expected, stated = expected.number, margin = margin_of(&x->forest, row);
    for (size_t i = 0; i < x->forest.feature_count; i++) {
        sum += shap->phi[i];
        stated += shap->stated[i];
        if (!is_near(shap->phi[i], shap->stated[i], each_within))
            return err_set(err, ERR_MODEL,
                           "golden record %zu: feature %zu contributes %.9g, it was sealed with "
                           "%.9g",
                           index + 1, i, shap->phi[i], shap->stated[i]);
    }
    double within = sum_within * fmax(1, fabs(margin));
    double rounding = place * (double)x->forest.feature_count;
    if (!is_near(stated, margin, within + rounding))
        return err_set(err, ERR_MODEL,
                       "golden record %zu: its contributions were sealed adding up to %.9g, its "
                       "margin is %.9g",
                       index + 1, stated, margin);
    if (!is_near(sum, margin, within))
        return err_set(err, ERR_MODEL,
                       "golden record %zu: its contributions add up to %.9g, its margin is %.9g",
                       index + 1, sum, margin);
    return true;
}
