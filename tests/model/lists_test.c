#include "model/lists.h"

#include "harness.h"

#include <math.h>

static bool read_whole(const char *text, struct whole_list *list, struct arena *arena,
                       struct err *err)
{
    struct tokens tokens;
    struct token token;
    return tokens_open(&tokens, view_of(text), arena, err) &&
           tokens_want(&tokens, TOKEN_OBJECT, &token, err) &&
           tokens_want(&tokens, TOKEN_KEY, &token, err) &&
           whole_list_read(list, &tokens, arena, err);
}

TEST(a_list_grows_past_its_first_room_and_is_used_again)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct whole_list list = {0};
    struct text text = text_in_arena(&arena);
    text_adds(&text, "{\"a\":[0");
    for (int i = 1; i < 1000; i++)
        text_addf(&text, ",%d", i);
    text_adds(&text, "]}");
    WORKS(read_whole(text_c(&text), &list, &arena, &err), err);
    SAME(whole_count(&list), 1000);
    for (int i = 0; i < 1000; i++)
        SAME(whole_at(&list, (size_t)i), i);
    WORKS(read_whole("{\"a\":[7]}", &list, &arena, &err), err);
    SAME(whole_count(&list), 1);
    SAME(whole_at(&list, 0), 7);
}

TEST(an_entry_that_does_not_belong_is_named)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct whole_list list = {0};
    struct err err = {0};
    FAILS(read_whole("{\"a\":[1,2.5]}", &list, &arena, &err), err, ERR_MODEL);
    SAYS(err, "entry 1: 2.5 is not a whole number");
    FAILS(read_whole("{\"a\":[2147483648]}", &list, &arena, &err), err, ERR_MODEL);
    SAYS(err, "entry 0 is past 32 bits");
    FAILS(read_whole("{\"a\":[[]]}", &list, &arena, &err), err, ERR_MODEL);
    FAILS(read_whole("{\"a\":7}", &list, &arena, &err), err, ERR_MODEL);
    SAYS(err, "a number stands where a list should");
}

TEST(floats_are_read_with_their_bits_and_doubles_past_them_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct float_list list = {0};
    struct err err = {0};
    struct tokens tokens;
    struct token token;
    /* {"a":[$D# 2: 0.1 and 1e300 */
    static const char bytes[] = "{U\1a[$D#U\2\x3f\xb9\x99\x99\x99\x99\x99\x9a"
                                "\x7e\x37\xe4\x3c\x88\x00\x75\x9c}";
    struct view view = {bytes, sizeof bytes - 1};
    WORKS(tokens_open(&tokens, view, &arena, &err), err);
    TRUE(tokens_want(&tokens, TOKEN_OBJECT, &token, &err));
    TRUE(tokens_want(&tokens, TOKEN_KEY, &token, &err));
    FAILS(float_list_read(&list, &tokens, &arena, &err), err, ERR_MODEL);
    SAYS(err, "entry 1: 1e+300 is past a float's range");
    SAME(float_count(&list), 1);
    NEAR(float_at(&list, 0), 0.1F, 0);
}

TEST(a_full_arena_is_a_limit)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1024};
    struct pile pile = {0};
    struct err err = {0};
    TRUE(pile_add(&pile, 4, 100, &arena, &err) != NULL);
    SAME(pile.count, 100);
    TRUE(pile_add(&pile, 4, 1000, &arena, &err) == NULL);
    SAME(err.kind, ERR_LIMIT);
}

TEST(a_settled_pile_is_a_copy_on_a_cache_line_and_nothing_when_there_is_no_room)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = 1 << 16}, arena = {.limit = 1 << 10};
    struct pile pile = {0};
    struct err err = {0};
    TRUE(pile_settle(&pile, sizeof(uint32_t), &arena) != NULL); /* of nothing */
    uint32_t *item = pile_add(&pile, sizeof *item, 3, &scratch, &err);
    TRUE(item != NULL);
    for (uint32_t i = 0; i < 3; i++)
        item[i] = i + 7;
    uint32_t *settled = pile_settle(&pile, sizeof *settled, &arena);
    TRUE(settled != NULL && (uintptr_t)settled % 64 == 0);
    TRUE(settled != item && memcmp(settled, item, 3 * sizeof *item) == 0);
    TRUE(pile_add(&pile, sizeof *item, 1000, &scratch, &err) != NULL);
    TRUE(pile_settle(&pile, sizeof *settled, &arena) == NULL);
}
