#include "measure/bias_report.h"

#include "base/doc.h"
#include "harness.h"

#include <math.h>

enum { ROWS = 4000 };

/* The label table of Clarify's published output: 1204 women of whom 17 are frauds, 2796 others of
 * whom 89 are; nobody is flagged. */
struct claims {
    struct arena arena;
    struct facet_column gender, state;
    struct facet_list facets;
    uint32_t row[ROWS];
    uint8_t observed[ROWS], passes[ROWS];
    float feature[ROWS];
    struct view from[1];
    struct bias_point point[BIAS_POINTS_MAX];
    struct bias_part part;
};

static struct claims *claims_new(void)
{
    static struct claims c;
    struct err err = {0};
    arena_release(&c.arena);
    c = (struct claims){.arena = {.limit = 64 << 20}, .from = {VIEW("amount")}};
    WORKS(facet_column_init(&c.gender, VIEW("customer_gender_female"), ROWS, &c.arena, &err), err);
    WORKS(facet_column_init(&c.state, VIEW("state"), ROWS, &c.arena, &err), err);
    for (size_t i = 0; i < ROWS; i++) {
        bool female = i < 1204;
        c.row[i] = (uint32_t)i;
        c.observed[i] = female ? i >= 17 : i >= 1204 + 89;
        c.passes[i] = 1;
        c.feature[i] = (float)(i * 7919 % 1000);
        WORKS(facet_column_set(&c.gender, i, female ? VIEW("1") : VIEW("0"), &err), err);
        WORKS(facet_column_set(&c.state, i, i % 300 == 7 ? VIEW("ID") : VIEW("CA"), &err), err);
    }
    WORKS(facet_add_values(&c.facets, &c.gender, &(struct view){"1", 1}, 1, &c.arena, &err), err);
    c.point[0] = (struct bias_point){"threshold", 0.5, 0, NULL, c.passes};
    c.part = (struct bias_part){
        .label = VIEW("fraud"),
        .favourable = VIEW("0"),
        .row = c.row,
        .rows = ROWS,
        .observed = c.observed,
        .point = c.point,
        .points = 1,
        .facets = &c.facets,
        .feature = c.feature,
        .width = 1,
        .feature_from = c.from,
        .minima = {BIAS_MEMBERS_MIN, BIAS_OUTCOMES_MIN, BIAS_FLAGGED_MIN},
    };
    return &c;
}

static const struct doc *written(struct claims *c, struct bias_told *told)
{
    struct text text = text_in_arena(&c->arena);
    struct json json = json_to(&text);
    struct err err = {0};
    *told = (struct bias_told){0};
    json_open(&json, '{');
    for (int after = 0; after < 2; after++) {
        c->part.after = after;
        WORKS(bias_write_part(&c->part, &json, 64 << 20, told, &err), err);
    }
    json_close(&json);
    const struct doc *doc = doc_parse(text_view(&text), &c->arena, &err);
    FAIL_UNLESS(doc != NULL, "%s", err.text);
    return doc;
}

static const struct doc *facet_of(const struct doc *doc, const char *part, const char *facet)
{
    const struct doc *list = doc_find(doc_find(doc_find(doc, part), "facets"), facet);
    TRUE(list != NULL && list->count > 0);
    return list->first;
}

static const struct doc *metric_of(const struct doc *facet, struct view name)
{
    for (const struct doc *m = doc_find(facet, "metrics")->first; m != NULL; m = m->next)
        if (view_same(doc_find(m, "name")->text, name))
            return m;
    return NULL;
}

/* Every metric that Clarify's file has, in ours with the same description and value. */
static void compare(const struct doc *theirs, const struct doc *ours)
{
    size_t compared = 0;
    for (const struct doc *m = doc_find(theirs, "metrics")->first; m != NULL; m = m->next) {
        const struct doc *mine = metric_of(ours, doc_find(m, "name")->text);
        TRUE(mine != NULL);
        const struct doc *want = doc_find(m, "value"), *have = doc_find(mine, "value");
        SAME(have->kind, want->kind);
        if (want->kind == DOC_NUMBER)
            NEAR(have->number, want->number, 1e-12);
        else
            TRUE(view_same(doc_find(m, "error")->text, doc_find(mine, "error")->text) &&
                 strstr(doc_find(mine, "remedy")->text.text, "group_variable") != NULL);
        if (!view_is(doc_find(m, "name")->text, "KL")) /* which they misspell */
            TRUE(view_same(doc_find(m, "description")->text, doc_find(mine, "description")->text));
        compared++;
    }
    TRUE(compared >= 8);
}

TEST(clarifys_analysis_of_aws_claims_is_written_to_1e_12)
{
    const char *path = test_data("claims/clarify/bias_analysis.json");
    if (path == NULL)
        SKIP("the data is not there");
    struct claims *c = claims_new();
    struct bias_told told;
    struct err err = {0};
    const struct doc *gold = doc_load(path, 1 << 20, &c->arena, &err);
    FAIL_UNLESS(gold != NULL, "%s", err.text);
    const struct doc *ours = written(c, &told);
    static const char *const parts[] = {"pre_training_bias_metrics", "post_training_bias_metrics"};
    for (size_t i = 0; i < 2; i++) {
        compare(facet_of(gold, parts[i], "customer_gender_female"),
                facet_of(ours, parts[i], "customer_gender_female"));
        TRUE(view_same(doc_find(doc_find(ours, parts[i]), "label")->text,
                       doc_find(doc_find(gold, parts[i]), "label")->text));
        TRUE(view_same(doc_find(doc_find(ours, parts[i]), "label_value_or_threshold")->text,
                       doc_find(doc_find(gold, parts[i]), "label_value_or_threshold")->text));
    }
    SAME(told.vacuous, 1);
    TEXT(doc_find(facet_of(ours, parts[1], "customer_gender_female"), "verdict")->text, "vacuous");
    TEXT(doc_find(facet_of(ours, parts[0], "customer_gender_female"), "verdict")->text, "stands");
}

TEST(metrics_of_a_facet_that_is_too_small_are_withheld_not_zero)
{
    struct claims *c = claims_new();
    struct bias_told told;
    c->part.minima.outcomes = 18; /* 17 of the women are frauds */
    const struct doc *facet =
        facet_of(written(c, &told), "post_training_bias_metrics", "customer_gender_female");
    TEXT(doc_find(facet, "verdict")->text, "too_small");
    for (const struct doc *m = doc_find(facet, "metrics")->first; m != NULL; m = m->next) {
        SAME(doc_find(m, "value")->kind, DOC_NULL);
        TRUE(view_starts(doc_find(m, "error")->text, "withheld: the facet has 17 frauds"));
    }
    SAME(told.too_small, 2);
}

TEST(combinations_with_too_few_rows_are_listed_as_too_small)
{
    struct claims *c = claims_new();
    struct bias_told told;
    struct err err = {0};
    const struct facet_column *both[] = {&c->gender, &c->state};
    WORKS(facet_add_cross(&c->facets, both, 2, &c->arena, &err), err);
    SAME(c->facets.count, 1 + 4);
    const struct doc *doc = written(c, &told);
    const struct doc *part = doc_find(doc, "pre_training_bias_metrics");
    const struct doc *crossed = doc_find(doc_find(part, "facets"), "customer_gender_female, state");
    SAME(crossed->count, 2);
    TEXT(doc_find(crossed->first, "value_or_threshold")->text, "0, CA");
    const struct doc *small = doc_find(part, "too_small");
    SAME(small->count, 2);
    TEXT(doc_find(small->first, "value_or_threshold")->text, "0, ID");
    NEAR(doc_find(small->first, "members")->number, 10, 0);
    NEAR(doc_find(small->first->next, "members")->number, 4, 0);
    /* A facet that was asked for by itself keeps its place however small it is. */
    c->facets.count = 0;
    WORKS(facet_add_values(&c->facets, &c->state, &(struct view){"ID", 2}, 1, &c->arena, &err),
          err);
    part = doc_find(written(c, &told), "pre_training_bias_metrics");
    TEXT(doc_find(doc_find(doc_find(part, "facets"), "state")->first, "verdict")->text,
         "too_small");
    SAME(doc_find(part, "too_small")->count, 0);
}

TEST(rates_and_metrics_are_given_at_a_budget_of_alarms_as_well)
{
    struct claims *c = claims_new();
    static float score[ROWS];
    static uint8_t passes[ROWS];
    struct bias_told told;
    struct err err = {0};
    for (size_t i = 0; i < ROWS; i++)
        score[i] = (float)(i % 50) / 50; /* 80 rows have the highest, 80 the next */
    double threshold;
    WORKS(bias_budget_passes(score, NULL, ROWS, 120, &c->arena, passes, &threshold, &err), err);
    NEAR(threshold, (double)(48.F / 50), 0);
    size_t flagged = 0, among_women = 0;
    for (size_t i = 0; i < ROWS; i++) {
        flagged += !passes[i];
        among_women += !passes[i] && i < 1204;
        TRUE(passes[i] || score[i] >= 48.F / 50);
    }
    SAME(flagged, 120);
    c->point[1] = (struct bias_point){"budget", threshold, 120, "week", passes};
    c->part.points = 2;
    const struct doc *facet =
        facet_of(written(c, &told), "post_training_bias_metrics", "customer_gender_female");
    const struct doc *point = doc_find(facet, "other_points")->first;
    TEXT(doc_find(point, "name")->text, "budget");
    TEXT(doc_find(point, "period")->text, "week");
    NEAR(doc_find(point, "alarms")->number, 120, 0);
    NEAR(doc_find(doc_find(doc_find(point, "counts"), "facet"), "flagged")->number,
         (double)among_women, 0);
    NEAR(doc_find(doc_find(doc_find(doc_find(point, "rates"), "facet"), "flagged_rate"), "value")
             ->number,
         (double)among_women / 1204, 1e-15);
    TEXT(doc_find(point, "verdict")->text, "stands");
    NEAR(doc_find(metric_of(point, VIEW("DPPL")), "value")->number,
         (double)(2796 - (120 - among_women)) / 2796 - (double)(1204 - among_women) / 1204, 1e-12);
}

TEST(just_the_metrics_that_are_wanted_are_written)
{
    struct claims *c = claims_new();
    static const struct view names[] = {{"CI", 2}, {"DI", 2}};
    struct bias_told told;
    c->part.methods = (struct bias_texts){names, 2};
    const struct doc *doc = written(c, &told);
    SAME(doc_find(facet_of(doc, "pre_training_bias_metrics", "customer_gender_female"), "metrics")
             ->count,
         1);
    SAME(doc_find(facet_of(doc, "post_training_bias_metrics", "customer_gender_female"), "metrics")
             ->count,
         1);
}

TEST(infinity_is_the_text_that_clarify_writes)
{
    struct claims *c = claims_new();
    struct bias_told told;
    c->part.minima.outcomes = 0;
    for (size_t i = 0; i < 17; i++)
        c->observed[i] = 1; /* no woman is a fraud */
    const struct doc *facet =
        facet_of(written(c, &told), "pre_training_bias_metrics", "customer_gender_female");
    TEXT(doc_find(metric_of(facet, VIEW("KL")), "value")->text, "Infinity");
}

TEST(a_budget_past_the_rows_flags_them_all)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    float score[] = {0.5F, 0.5F, 0.25F};
    uint8_t passes[3];
    double threshold;
    struct err err = {0};
    WORKS(bias_budget_passes(score, NULL, 3, 9, &arena, passes, &threshold, &err), err);
    SAME(passes[0] + passes[1] + passes[2], 0);
    WORKS(bias_budget_passes(score, NULL, 3, 1, &arena, passes, &threshold, &err), err);
    SAME(passes[0], 0); /* the lower of two equal ones */
    SAME(passes[1], 1);
    static const uint32_t day[] = {7, 9, 7};
    WORKS(bias_budget_passes(score, day, 3, 1, &arena, passes, &threshold, &err), err);
    SAME(passes[0] + passes[1], 0); /* one of each day */
    SAME(passes[2], 1);
}
