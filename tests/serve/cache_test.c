#include "serve/cache.h"

#include "harness.h"

#define CACHE(name, bytes, seconds)                                                                \
    CLEANUP(cache_close) struct cache name;                                                        \
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};                                \
    cache_open(&name, 2, bytes, seconds)

static const int64_t second = 1000000000;

static struct cache_key key_of(const char *path, const char *body)
{
    return (struct cache_key){.lineup = 1, .client = 1, .part = {view_of(path), view_of(body)}};
}

static void put(struct cache *cache, const struct cache_key *key, const char *body, int64_t at_ns,
                struct arena *arena)
{
    struct cache_asked asked;
    struct cached known;
    (void)cache_find(cache, 0, key, arena, at_ns, &asked, &known);
    cache_put(&asked, &(struct cached){VIEW("text/plain"), view_of(body), VIEW("id-1"), 7, at_ns});
}

static bool knows(struct cache *cache, unsigned worker, const struct cache_key *key, int64_t now_ns,
                  struct arena *arena, struct cached *known)
{
    struct cache_asked asked;
    return cache_find(cache, worker, key, arena, now_ns, &asked, known);
}

TEST(an_answer_is_known_to_its_worker_word_for_word_until_its_time_is_over)
{
    CACHE(cache, 1 << 20, 5);
    struct cached known;
    struct cache_key key = key_of("/decide", "[1,7]");
    put(&cache, &key, "told", second, &arena);
    TRUE(knows(&cache, 0, &key, 6 * second - 1, &arena, &known));
    TEXT(known.content_type, "text/plain");
    TEXT(known.body, "told");
    TEXT(known.id, "id-1");
    TRUE(known.ticket == 7 && known.at_ns == second);
    TRUE(!knows(&cache, 0, &key, 6 * second, &arena, &known));
    TRUE(!knows(&cache, 1, &key, 2 * second, &arena, &known));
}

TEST(another_key_client_or_line_up_is_another_request)
{
    CACHE(cache, 1 << 20, 5);
    struct cached known;
    struct cache_key key = key_of("/a", "bc"), other = key_of("/ab", "c");
    put(&cache, &key, "told", second, &arena);
    TRUE(!knows(&cache, 0, &other, second, &arena, &known));
    other = key_of("/a", "bd");
    TRUE(!knows(&cache, 0, &other, second, &arena, &known));
    other = key;
    other.client = 2;
    TRUE(!knows(&cache, 0, &other, second, &arena, &known));
    other = key;
    other.lineup = 2;
    TRUE(!knows(&cache, 0, &other, second, &arena, &known));
    TRUE(knows(&cache, 0, &key, second, &arena, &known));
}

/* With one entry all keys meet. */
TEST(keys_that_meet_are_told_apart_and_the_newest_stays)
{
    CACHE(cache, 1, 5);
    SAME(cache.entries, 1);
    struct cached known;
    for (int i = 0; i < 200; i++) {
        char body[16], before[16];
        snprintf(body, sizeof body, "%d", i);
        snprintf(before, sizeof before, "%d", i - 1);
        struct cache_key key = key_of("/a", body), old = key_of("/a", before);
        put(&cache, &key, body, second, &arena);
        TRUE(knows(&cache, 0, &key, second, &arena, &known));
        TEXT(known.body, body);
        TRUE(!knows(&cache, 0, &old, second, &arena, &known));
    }
}

TEST(what_does_not_fit_an_entry_is_not_kept)
{
    CACHE(cache, 1 << 20, 5);
    struct cached known;
    char large[CACHE_ENTRY_BYTES + 1];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    struct cache_key key = key_of("/a", "b"), long_key = key_of("/a", large);
    put(&cache, &key, large, second, &arena);
    TRUE(!knows(&cache, 0, &key, second, &arena, &known));
    put(&cache, &long_key, "told", second, &arena);
    TRUE(!knows(&cache, 0, &long_key, second, &arena, &known));
}
