#include "serve/answers.h"

#include "harness.h"

#include <stdatomic.h>

enum { DAY_MS = 86400000 };

struct desk {
    struct answers answers;
    struct arena arena;
    struct answered out;
};

static void desk_close(struct desk *desk)
{
    answers_close(&desk->answers);
    arena_release(&desk->arena);
}

#define DESK(name, bytes)                                                                          \
    CLEANUP(desk_close) struct desk name = {.arena = {.limit = 1 << 20}};                          \
    answers_open(&name.answers, bytes, DAY_MS)

static enum answers_found begin(struct desk *desk, const char *key, const char *request,
                                int64_t now_ms)
{
    struct digest digest = digest_of(view_of(request));
    return answers_begin(&desk->answers, view_of(key), &digest, now_ms, &desk->arena, &desk->out);
}

static void finish(struct desk *desk, const char *key, const char *body)
{
    struct answered told = {.status = 200,
                            .content_type = VIEW("text/plain"),
                            .body = view_of(body),
                            .worker = 3,
                            .ticket = 9};
    answers_finish(&desk->answers, view_of(key), &told);
}

TEST(a_key_is_new_then_busy_then_known_and_another_request_with_it_is_told_apart)
{
    DESK(desk, 1 << 20);
    SAME(begin(&desk, "k", "body", 0), ANSWERS_NEW);
    SAME(begin(&desk, "k", "body", 0), ANSWERS_BUSY);
    SAME(begin(&desk, "k", "other", 0), ANSWERS_OTHER);
    finish(&desk, "k", "answer");
    SAME(begin(&desk, "k", "body", 1), ANSWERS_KNOWN);
    TEXT(desk.out.body, "answer");
    TEXT(desk.out.content_type, "text/plain");
    TRUE(desk.out.status == 200 && desk.out.worker == 3 && desk.out.ticket == 9);
    SAME(begin(&desk, "k", "other", 1), ANSWERS_OTHER);
    SAME(begin(&desk, "kk", "body", 1), ANSWERS_NEW);
    answers_abandon(&desk.answers, VIEW("kk"));
    SAME(begin(&desk, "kk", "other", 1), ANSWERS_NEW);
    answers_abandon(&desk.answers, VIEW("kk"));
}

TEST(what_is_older_than_a_day_is_new_again)
{
    DESK(desk, 1 << 20);
    SAME(begin(&desk, "k", "body", 0), ANSWERS_NEW);
    finish(&desk, "k", "answer");
    SAME(begin(&desk, "k", "body", DAY_MS), ANSWERS_KNOWN);
    SAME(begin(&desk, "k", "body", DAY_MS + 1), ANSWERS_NEW);
    answers_abandon(&desk.answers, VIEW("k"));
}

TEST(the_oldest_make_room_and_memory_is_bounded)
{
    DESK(desk, 1 << 20);
    char key[32];
    size_t bytes = 0;
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        SAME(begin(&desk, key, "body", i), ANSWERS_NEW);
        finish(&desk, key, "0123456789012345678901234567890123456789");
        arena_reset(&desk.arena);
    }
    for (size_t i = 0; i < ANSWERS_SHARDS; i++)
        bytes += desk.answers.shard[i].bytes;
    TRUE(bytes < (1 << 20) + ANSWERS_SHARDS * 1024);
    SAME(begin(&desk, key, "body", 20000), ANSWERS_KNOWN);
    SAME(begin(&desk, "key-0", "body", 20000), ANSWERS_NEW);
    answers_abandon(&desk.answers, VIEW("key-0"));
}

TEST(too_much_that_is_being_answered_is_full_and_forgets_nothing)
{
    DESK(desk, 16 * 1024);
    char key[32];
    enum answers_found found = ANSWERS_NEW;
    int last = 0;
    for (; last < 10000 && found == ANSWERS_NEW; last++) {
        snprintf(key, sizeof key, "key-%d", last);
        found = begin(&desk, key, "body", 0);
    }
    SAME(found, ANSWERS_FULL);
    SAME(begin(&desk, "key-0", "body", 0), ANSWERS_BUSY);
}

TEST(what_was_told_before_is_known_and_the_first_counts)
{
    DESK(desk, 1 << 20);
    struct digest request = digest_of(VIEW("body"));
    struct answered told = {.status = 200, .content_type = VIEW("t"), .body = VIEW("first")};
    answers_load(&desk.answers, VIEW("k"), &request, 5, &told);
    told.body = VIEW("second");
    answers_load(&desk.answers, VIEW("k"), &request, 6, &told);
    SAME(begin(&desk, "k", "body", 7), ANSWERS_KNOWN);
    TEXT(desk.out.body, "first");
}

/* A segment of one server is read before those of another that are older. */
TEST(of_what_is_loaded_the_newest_stays_in_whatever_order_it_came)
{
    enum { COUNT = 4000, FROM = 3000 };
    DESK(desk, COUNT * 100);
    struct digest request = digest_of(VIEW("body"));
    struct answered told = {.status = 200, .content_type = VIEW("t"), .body = VIEW("x")};
    for (int i = 0; i < COUNT; i++) {
        char key[16];
        int number = (i + FROM) % COUNT;
        snprintf(key, sizeof key, "%d", number);
        answers_load(&desk.answers, view_of(key), &request, number, &told);
    }
    SAME(begin(&desk, "3999", "body", COUNT), ANSWERS_KNOWN);
    SAME(begin(&desk, "3000", "body", COUNT), ANSWERS_KNOWN);
    SAME(begin(&desk, "0", "body", COUNT), ANSWERS_NEW);
}

struct race {
    struct answers answers;
    atomic_uint fresh;
};

static void *ask(void *race_)
{
    struct race *race = race_;
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct digest request = digest_of(VIEW("body"));
    struct answered told = {.status = 200, .content_type = VIEW("t"), .body = VIEW("x")}, out;
    for (int i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        if (answers_begin(&race->answers, view_of(key), &request, 0, &arena, &out) == ANSWERS_NEW) {
            atomic_fetch_add(&race->fresh, 1);
            answers_finish(&race->answers, view_of(key), &told);
        }
        arena_reset(&arena);
    }
    return NULL;
}

TEST(of_many_that_ask_at_once_one_is_the_first)
{
    static struct race race;
    pthread_t thread[4];
    answers_open(&race.answers, 16 << 20, DAY_MS);
    for (size_t i = 0; i < LENGTH_OF(thread); i++)
        TRUE(pthread_create(&thread[i], NULL, ask, &race) == 0);
    for (size_t i = 0; i < LENGTH_OF(thread); i++)
        pthread_join(thread[i], NULL);
    SAME(race.fresh, 2000);
    answers_close(&race.answers);
}
