#include "harness.h"

#include "base/dictionary.h"

static uint32_t add(struct dictionary *words, struct view text)
{
    uint32_t index = DICTIONARY_NONE;
    TRUE(dictionary_add(words, text, &index));
    return index;
}

TEST(texts_are_numbered_in_the_order_they_first_came)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct dictionary words = dictionary_in(&arena);
    SAME(add(&words, VIEW("Rear")), 0);
    SAME(add(&words, VIEW("Front")), 1);
    SAME(add(&words, VIEW("Rear")), 0);
    SAME(add(&words, VIEW("")), 2);
    SAME(words.count, 3);
    TEXT(words.text[1], "Front");
    SAME(dictionary_find(&words, VIEW("Front")), 1);
    SAME(dictionary_find(&words, VIEW("")), 2);
    SAME(dictionary_find(&words, VIEW("front")), DICTIONARY_NONE);
    SAME(dictionary_find(&words, VIEW("Fron")), DICTIONARY_NONE);
}

TEST(an_empty_dictionary_finds_nothing)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct dictionary words = dictionary_in(&arena);
    SAME(dictionary_find(&words, VIEW("x")), DICTIONARY_NONE);
}

TEST(a_text_is_kept_when_its_source_is_gone)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct dictionary words = dictionary_in(&arena);
    char source[] = "Side";
    add(&words, view_of(source));
    source[0] = 'W';
    TEXT(words.text[0], "Side");
    SAME(dictionary_find(&words, VIEW("Side")), 0);
}

TEST(ten_thousand_texts_keep_their_numbers_while_it_grows)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct dictionary words = dictionary_in(&arena);
    char bytes[16];
    for (uint32_t i = 0; i < 10000; i++) {
        snprintf(bytes, sizeof bytes, "w%u", i);
        SAME(add(&words, view_of(bytes)), i);
    }
    for (uint32_t i = 0; i < 10000; i++) {
        snprintf(bytes, sizeof bytes, "w%u", i);
        SAME(dictionary_find(&words, view_of(bytes)), i);
        TEXT(words.text[i], bytes);
        SAME(add(&words, view_of(bytes)), i);
    }
    SAME(words.count, 10000);
    SAME(dictionary_find(&words, VIEW("w10000")), DICTIONARY_NONE);
}

TEST(a_full_arena_adds_nothing_and_loses_nothing)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4096};
    struct dictionary words = dictionary_in(&arena);
    char bytes[16];
    uint32_t count = 0, index;
    for (;; count++) {
        snprintf(bytes, sizeof bytes, "w%u", count);
        if (!dictionary_add(&words, view_of(bytes), &index))
            break;
        TRUE(count < 1000);
    }
    TRUE(count > 0);
    SAME(words.count, count);
    SAME(dictionary_find(&words, view_of(bytes)), DICTIONARY_NONE);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(bytes, sizeof bytes, "w%u", i);
        SAME(dictionary_find(&words, view_of(bytes)), i);
    }
}
