#include "look_ground.h"

/* A model that tells rows apart by the first column of the matrix. */
struct teller {
    size_t calls;
    struct domain_task task;
    float first[2]; /* of the first row, and of the last */
    float kinds;    /* the largest code */
    bool fails;
};

static bool separate(void *self, const struct domain_task *task, float *score, double *gain,
                     struct err *err)
{
    struct teller *teller = self;
    teller->calls++;
    teller->task = *task;
    teller->first[0] = task->value[0];
    teller->first[1] = task->value[(task->rows - 1) * task->width];
    for (size_t i = 0; i < task->rows; i++) {
        score[i] = task->value[i * task->width];
        teller->kinds = fmaxf(teller->kinds, task->value[i * task->width + 1]);
    }
    gain[0] = 3;
    gain[1] = 1;
    return !teller->fails || err_set(err, ERR_UNAVAILABLE, "no library");
}

#define YAML "monitor: {rows_min: 200}\n"
#define CHAMPION(champion, title, count)                                                           \
    STORE(store, title);                                                                           \
    CLEANUP(champion_release) struct champion champion;                                            \
    champion_make(&champion, &(struct champion_kind){.rows = (count)}, &arena)

static bool try_look(struct store *store, const struct champion *champion, struct teller *teller,
                     size_t count, double times, struct arena *arena, struct seen *out,
                     struct err *err)
{
    struct domain_port port = {separate, teller};
    struct watch_look look = {.store = store, .bundle = &champion->bundle, .domain = &port};
    decide_many(store, champion,
                &(struct decided){.prefix = "d",
                                  .count = count,
                                  .times = times,
                                  .since_us = START_US - 1800 * SECOND_US});
    return champion_try(&watch_multivariate, &look, YAML, START_US, arena, out, err);
}

/* The AUC of one log-normal column against itself times a factor: Phi(ln f / (1.2 root 2)). */
ON_BOTH(rows_that_a_model_can_tell_apart_have_drifted)
{
    static const struct {
        double times;
        enum watch_state state;
        enum alarm_state reading;
    } cases[] = {
        {1, WATCH_OK, STATE_OK}, {1.5, WATCH_WATCH, STATE_WATCH}, {4, WATCH_ALARM, STATE_ALARM}};
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CHAMPION(champion, "multivariate", 1000);
        struct teller teller = {0};
        struct seen seen;
        WORKS(try_look(&store, &champion, &teller, 400, cases[i].times, &arena, &seen, &err), err);
        const struct reading *reading = reading_of(&seen, &alarm_multivariate_drift, "");
        SAME(seen.state, cases[i].state);
        SAME(reading->state, cases[i].reading);
        NEAR(reading->value, 0.5 * erfc(-log(cases[i].times) / 2.4), 0.04);
        NEAR(reading->limit, DOMAIN_ALARM, 0);
        SAME(seen.rows, 400);
        SAME(seen.count, 1);
    }
}

ON_BOTH(both_sides_are_there_row_by_row_and_dealt_to_the_folds)
{
    CHAMPION(champion, "multivariate_rows", 1000);
    struct teller teller = {0};
    struct seen seen;
    WORKS(try_look(&store, &champion, &teller, 400, 1000, &arena, &seen, &err), err);
    SAME(teller.calls, 1);
    SAME(teller.task.rows, 1400);
    SAME(teller.task.width, 2); /* a category is one column of codes */
    NEAR(teller.kinds, 2, 0);
    TEXT(teller.task.name[0], "amount");
    TEXT(teller.task.name[1], "kind");
    TRUE(teller.first[0] < 1000 && teller.first[1] > 1000);
    for (size_t i = 0; i < teller.task.rows; i++) {
        SAME(teller.task.label[i], i >= 1000);
        SAME(teller.task.fold[i], (i < 1000 ? i : i - 1000) % DOMAIN_FOLDS);
    }
}

ON_BOTH(the_document_has_the_auc_and_who_tells_them_apart)
{
    CHAMPION(champion, "multivariate_doc", 1000);
    struct teller teller = {0};
    struct seen seen;
    WORKS(try_look(&store, &champion, &teller, 400, 4, &arena, &seen, &err), err);
    const struct doc *found = doc_at(seen.document, "multivariate");
    TEXT(doc_at(found, "state")->text, "ALARM");
    SAME(doc_at(found, "state")->kind, DOC_TEXT);
    TRUE(strstr(seen.message, "400 rows: ROC-AUC 0.") != NULL);
    TRUE(strstr(seen.message, "most by amount 75 %, kind 25 %") != NULL);
}

ON_BOTH(of_too_few_rows_nothing_is_trained)
{
    CHAMPION(champion, "multivariate_few", 1000);
    struct teller teller = {0};
    struct seen seen;
    WORKS(try_look(&store, &champion, &teller, 199, 4, &arena, &seen, &err), err);
    SAME(teller.calls, 0);
    SAME(seen.state, WATCH_INSUFFICIENT);
    SAME(seen.rows, 199);
}

TEST(what_the_library_says_and_what_a_bundle_lacks_fails_the_look)
{
    struct ground here = {0}, *ground = &here;
    CHAMPION(champion, "multivariate_fails", 1000);
    struct teller teller = {.fails = true};
    struct seen seen;
    FAILS(try_look(&store, &champion, &teller, 400, 1, &arena, &seen, &err), err, ERR_UNAVAILABLE);
    CLEANUP(champion_release) struct champion bare;
    champion_make(&bare, &(struct champion_kind){.number = 2}, &arena);
    struct watch_look look = {.store = &store, .bundle = &bare.bundle};
    err = (struct err){0};
    FAILS(champion_try(&watch_multivariate, &look, YAML, START_US, &arena, &seen, &err), err,
          ERR_NOT_FOUND);
    SAYS(err, "train it again");
}
