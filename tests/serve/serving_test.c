#include "serve/serving.h"

#include "serve/tiny_model.h"

TEST(nothing_is_served_until_a_model_is_put_in_force_and_after_it_is_taken_out)
{
    struct serving serving;
    serving_open(&serving, 2);
    TRUE(serving_take(&serving, 1)->champion == NULL);
    serving_leave(&serving, 1);
    struct served *first = tiny_served("1"), *second = tiny_served("2");
    serving_replace(&serving, first);
    TRUE(serving_take(&serving, 0)->champion == first);
    serving_leave(&serving, 0);
    serving_replace(&serving, second);
    TRUE(serving_take(&serving, 0)->champion == second);
    serving_leave(&serving, 0);
    serving_replace(&serving, NULL);
    TRUE(serving_take(&serving, 0)->champion == NULL);
    serving_leave(&serving, 0);
    serving_close(&serving);
}

struct race {
    struct serving serving;
    atomic_bool stop;
    atomic_uint taken, replaced;
};

static void *use(void *race_)
{
    struct race *race = race_;
    while (!atomic_load(&race->stop)) {
        const struct served *served = serving_take(&race->serving, 0)->champion;
        /* A model released too early is seen by the address sanitizer, or here. */
        TRUE(served != NULL && served->version[0] == 'v');
        TRUE(served->bundle.schema.count == 2);
        serving_leave(&race->serving, 0);
        atomic_fetch_add(&race->taken, 1);
    }
    return NULL;
}

TEST(a_model_lives_until_the_last_request_has_left_it)
{
    struct race race = {0};
    serving_open(&race.serving, 1);
    serving_replace(&race.serving, tiny_served("v"));
    pthread_t thread;
    TRUE(pthread_create(&thread, NULL, use, &race) == 0);
    for (int i = 0; i < 30; i++)
        serving_replace(&race.serving, tiny_served("v"));
    atomic_store(&race.stop, true);
    pthread_join(thread, NULL);
    TRUE(race.taken > 0);
    serving_close(&race.serving);
}

static void *replace(void *race_)
{
    struct race *race = race_;
    serving_replace(&race->serving, tiny_served("w"));
    atomic_store(&race->replaced, 1);
    return NULL;
}

TEST(replacing_waits_for_a_request_that_still_uses_the_old_model)
{
    struct race race = {0};
    serving_open(&race.serving, 1);
    serving_replace(&race.serving, tiny_served("v"));
    const struct lineup *held = serving_take(&race.serving, 0);
    pthread_t thread;
    TRUE(pthread_create(&thread, NULL, replace, &race) == 0);
    while (atomic_load(&race.serving.now) == held)
        ;
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    unsigned replaced = atomic_load(&race.replaced);
    bool kept = strcmp(held->champion->version, "v") == 0;
    serving_leave(&race.serving, 0); /* before any check: the thread waits for it */
    pthread_join(thread, NULL);
    SAME(replaced, 0);
    TRUE(kept);
    SAME(race.replaced, 1);
    serving_close(&race.serving);
}

TEST(a_model_stays_as_long_as_one_line_up_has_it_and_a_draft_may_come_to_nothing)
{
    struct serving serving;
    serving_open(&serving, 1);
    struct served *champion = tiny_served("1"), *named = tiny_served("n");
    struct lineup *draft = serving_draft(&serving);
    lineup_set(&draft->champion, champion);
    lineup_set(&draft->named[draft->named_count++], named);
    serving_publish(&serving, draft);
    serving_replace(&serving, tiny_served("2"));
    const struct lineup *lineup = serving_take(&serving, 0);
    TRUE(lineup->named_count == 1 && lineup->named[0] == named);
    TEXT(view_of(lineup->named[0]->version), "n");
    SAME(named->holders, 1);

    draft = serving_draft(&serving);
    SAME(named->holders, 2);
    lineup_set(&draft->champion, tiny_served("3"));
    serving_discard(&serving, draft);
    SAME(named->holders, 1);
    TEXT(view_of(lineup->champion->version), "2");
    serving_leave(&serving, 0);
    serving_close(&serving);
}

TEST(closing_what_was_never_opened_is_fine)
{
    struct serving serving = {0};
    serving_close(&serving);
}
