#include "harness.h"

#include "base/arena.h"

TEST(memory_is_zeroed_aligned_and_apart)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    char *a = arena_new(&arena, char, 3);
    double *b = arena_new(&arena, double, 5);
    TRUE(a != NULL && b != NULL);
    SAME((uintptr_t)a % 16, 0);
    SAME((uintptr_t)b % 16, 0);
    memset(a, 0xff, 3);
    for (size_t i = 0; i < 5; i++)
        NEAR(b[i], 0, 0);
    TRUE((char *)b >= a + 3);
}

TEST(memory_used_again_after_a_reset_is_zeroed_again)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    char *before = arena_new(&arena, char, 100);
    memset(before, 0xff, 100);
    arena_reset(&arena);
    SAME(arena.used, 0);
    char *after = arena_new(&arena, char, 100);
    TRUE(after == before); /* one block stays warm */
    for (size_t i = 0; i < 100; i++)
        SAME(after[i], 0);
}

/* The largest block stays warm, so that who asks for as much again and again gets it sooner; what
 * is more than usual goes back. */
TEST(a_large_block_stays_warm_but_not_a_huge_one)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    TRUE(arena_new(&arena, char, 100) != NULL);
    char *large = arena_room(&arena, 200 << 10);
    TRUE(large != NULL && arena_room(&arena, 100 << 10) != NULL);
    TRUE(arena_room(&arena, 1 << 20) != NULL);
    arena_reset(&arena);
    SAME(arena.used, 0);
    TRUE(arena_room(&arena, 200 << 10) == large);
    arena_reset(&arena);
    TRUE(arena_room(&arena, 100) == large);
    arena_release(&arena);
    TRUE(arena_room(&arena, 1 << 20) != NULL);
    arena_reset(&arena);
    TRUE(arena.block == NULL);
}

TEST(past_the_ceiling_there_is_nothing_and_what_was_given_stays)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1000};
    char *most = arena_new(&arena, char, 992);
    TRUE(most != NULL);
    TRUE(arena_new(&arena, char, 16) == NULL);
    TRUE(arena_new(&arena, char, 1) == NULL); /* padded to 16 */
    arena_reset(&arena);
    TRUE(arena_new(&arena, char, 992) != NULL);
}

TEST(a_size_that_overflows_is_past_every_ceiling)
{
    CLEANUP(arena_release) struct arena arena = {.limit = SIZE_MAX};
    TRUE(arena_alloc(&arena, SIZE_MAX / 2, 3) == NULL);
    TRUE(arena_alloc(&arena, 1, SIZE_MAX) == NULL);
    SAME(arena.used, 0);
}

TEST(blocks_of_every_size_hold_what_is_written_into_them)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    unsigned char *given[64];
    for (size_t i = 0; i < 64; i++) {
        size_t size = 1 + i * i * 97; /* up to 385 KB: beyond one block too */
        given[i] = arena_new(&arena, unsigned char, size);
        TRUE(given[i] != NULL);
        memset(given[i], (int)i, size);
    }
    for (size_t i = 0; i < 64; i++) {
        SAME(given[i][0], i);
        SAME(given[i][i * i * 97], i);
    }
    arena_release(&arena);
    SAME(arena.used, 0);
    TRUE(arena.block == NULL);
    SAME(arena.limit, 64 << 20);
}

TEST(a_copy_ends_in_nul_and_is_ones_own)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1024};
    char text[] = "fraud";
    char *copy = arena_copy(&arena, text, 3);
    text[0] = 'x';
    TEXT(view_of(copy), "fra");
    TRUE(arena_copy(&arena, text, 5000) == NULL);
}

TEST(what_the_system_has_not_got_is_null_and_no_end)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("a sanitizer ends the process where malloc would return NULL");
#else
    CLEANUP(arena_release) struct arena arena = {.limit = SIZE_MAX};
    TRUE(arena_alloc(&arena, 1, SIZE_MAX / 2 - 4096) == NULL);
    TRUE(arena_alloc(&arena, 1, SIZE_MAX - 64) == NULL);
    TRUE(arena_alloc(&arena, 1, 100) != NULL);
#endif
}

TEST(lines_begin_on_a_cache_line_and_have_one_to_spare)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    for (size_t size = 0; size < 300; size += 7) {
        uint8_t *lines = arena_lines(&arena, 1, size);
        TRUE(lines != NULL && (uintptr_t)lines % 64 == 0);
        for (size_t i = 0; i < size + 64; i++)
            SAME(lines[i], 0);
    }
    TRUE(arena_lines(&arena, 1, 1 << 20) == NULL);
    TRUE(arena_lines(&arena, SIZE_MAX / 2, 3) == NULL);
}
