#include "monitor/domain.h"

#include "compare_ground.h"

#include "base/doc.h"

/* A model that scores by one column of the matrix, as well as it happens to tell. */
struct teller {
    size_t column, calls;
    struct domain_task task;
    bool fails;
};

static bool separate(void *self, const struct domain_task *task, float *score, double *gain,
                     struct err *err)
{
    struct teller *teller = self;
    teller->calls++;
    teller->task = *task;
    for (size_t i = 0; i < task->rows; i++) {
        float value = task->value[i * task->width + teller->column];
        score[i] = isnan(value) ? 0 : value;
    }
    for (size_t i = 0; i < task->width; i++)
        gain[i] = i == teller->column ? 3 : 1;
    return !teller->fails || err_set(err, ERR_UNAVAILABLE, "no library");
}

static struct domain told(struct ground *g, struct teller *teller)
{
    struct domain domain;
    struct err err = {0};
    struct domain_port port = {separate, teller};
    WORKS(domain_compare(&g->comparison, &port, 500, 1, &g->arena, &domain, &err), err);
    return domain;
}

static void draw(struct ground *g, size_t before, size_t now, double times)
{
    ground_open(g);
    ground_draw(g, 0, before, 1, 2);
    ground_draw(g, 1, now, times, 2);
    ground_compare(g, &drift_mode_assay, NULL);
}

/* The AUC of one log-normal column against itself times a factor: Phi(ln f / (sigma root 2)). */
TEST(how_well_rows_are_told_apart_is_judged_by_chance_and_by_size)
{
    static const struct {
        double times;
        enum drift_state wanted;
    } cases[] = {{1, DRIFT_OK}, {1.1, DRIFT_OK}, {2, DRIFT_WATCH}, {4, DRIFT_ALARM}};
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(ground_close) struct ground g;
        struct teller teller = {0};
        draw(&g, 5000, 4000, cases[i].times);
        struct domain domain = told(&g, &teller);
        SAME(domain.state, cases[i].wanted);
        double truth = 0.5 * erfc(-log(cases[i].times) / (1.67 * sqrt(2)) / sqrt(2));
        NEAR(domain.auc, truth, 0.025);
        TRUE(domain.low < truth && truth < domain.high);
        SAME(domain.rows[0], 5000);
        SAME(domain.rows[1], 4000);
        SAME(domain.parts, 4);
        TEXT(domain.part[0].name, "amount");
        NEAR(domain.part[0].share, 0.5, 1e-15);
    }
}

TEST(an_auc_that_chance_makes_of_few_rows_is_ok)
{
    CLEANUP(ground_close) struct ground g;
    struct teller teller = {0};
    struct domain_port port = {separate, &teller};
    struct domain domain;
    struct err err = {0};
    draw(&g, 60, 60, 1.5);
    WORKS(domain_compare(&g.comparison, &port, 50, 1, &g.arena, &domain, &err), err);
    TRUE(domain.auc > DOMAIN_WATCH);
    SAME(domain.state, DRIFT_OK);
}

TEST(both_files_are_in_every_fold_alike_and_large_ones_are_drawn_from)
{
    CLEANUP(ground_close) struct ground g;
    struct teller teller = {0};
    size_t count[2][DOMAIN_FOLDS] = {0};
    draw(&g, 30000, 1000, 1);
    struct domain domain = told(&g, &teller);
    SAME(domain.rows[0], DOMAIN_ROWS_MAX);
    SAME(teller.task.rows, DOMAIN_ROWS_MAX + 1000);
    SAME(teller.task.width, 4);
    for (size_t i = 0; i < teller.task.rows; i++)
        count[teller.task.label[i]][teller.task.fold[i]]++;
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++) {
        SAME(count[0][fold], DOMAIN_ROWS_MAX / DOMAIN_FOLDS);
        SAME(count[1][fold], 200);
    }
}

TEST(few_rows_are_insufficient_and_nothing_is_trained)
{
    CLEANUP(ground_close) struct ground g;
    struct teller teller = {0};
    draw(&g, 1000, 499, 9);
    struct domain domain = told(&g, &teller);
    SAME(domain.state, DRIFT_INSUFFICIENT);
    SAME(teller.calls, 0);
    NEAR(domain.auc, 0.5, 0);
}

TEST(a_port_that_fails_says_why)
{
    CLEANUP(ground_close) struct ground g;
    struct teller teller = {.fails = true};
    struct domain domain;
    struct err err = {0};
    struct domain_port port = {separate, &teller};
    draw(&g, 1000, 1000, 1);
    FAILS(domain_compare(&g.comparison, &port, 500, 1, &g.arena, &domain, &err), err,
          ERR_UNAVAILABLE);
    SAYS(err, "telling the new rows from the old ones: no library");
}

TEST(the_document_says_which_columns_separate)
{
    CLEANUP(ground_close) struct ground g;
    struct teller teller = {0};
    struct err err = {0};
    draw(&g, 1000, 1000, 4);
    struct domain domain = told(&g, &teller);
    struct text text = text_in_arena(&g.arena);
    struct json json = json_to(&text);
    domain_write(&domain, &json);
    const struct doc *doc = doc_parse(text_view(&text), &g.arena, &err);
    TRUE(doc != NULL);
    TEXT(doc_find(doc, "state")->text, "ALARM");
    NEAR(doc_find(doc, "roc_auc")->number, domain.auc, 0);
    TEXT(doc_find(doc_find(doc, "separated_by")->first, "name")->text, "amount");
}
