#include "harness.h"

#include "data/preset_csv.h"

#include "base/file.h"

#include <time.h>

TEST(cells_are_written_as_printf_writes_them)
{
    static const uint64_t values[] = {0, 1, 9, 10, 99, 100, 101, 12345, 4294967295, UINT64_MAX};
    for (size_t i = 0; i < LENGTH_OF(values); i++) {
        char have[64], want[64];
        struct text text = text_in(have, sizeof have);
        preset_add_whole(&text, values[i]);
        text_addc(&text, ' ');
        preset_add_hundredths(&text, values[i]);
        text_addc(&text, ' ');
        preset_add_padded(&text, (uint32_t)(values[i] % 10000), 4);
        snprintf(want, sizeof want, "%llu %llu.%02llu %04llu", (unsigned long long)values[i],
                 (unsigned long long)values[i] / 100, (unsigned long long)values[i] % 100,
                 (unsigned long long)values[i] % 10000);
        TEXT(text_view(&text), want);
    }
}

/* The even chunks take longest, so that later ones are ready first; chunk *world fails. */
static bool write_slowly(const void *world, uint32_t chunk, struct text *out,
                         struct arena *arena UNUSED)
{
    const uint32_t *failing = world;
    if (chunk % 2 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    text_addf(&out[0], "%u\n", chunk);
    return chunk != *failing;
}

static bool run(const char *dir, unsigned threads, uint32_t failing, struct err *err)
{
    static const struct preset_file file = {"chunks.csv", "chunk\n"};
    struct preset_run run = {
        .dir = dir,
        .files = &file,
        .file_count = 1,
        .chunks = 40,
        .threads = threads,
        .write = write_slowly,
        .world = &failing,
    };
    return preset_run_write(&run, err);
}

TEST(chunks_go_to_the_file_in_their_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text want = text_in_arena(&arena);
    text_adds(&want, "chunk\n");
    for (unsigned i = 0; i < 40; i++)
        text_addf(&want, "%u\n", i);
    for (unsigned threads = 0; threads <= 7; threads++) {
        struct err err = {0};
        WORKS(run(test_dir(), threads, UINT32_MAX, &err), err);
        struct view have;
        WORKS(file_load(path_join(&arena, test_dir(), "chunks.csv"), 1 << 16, &arena, &have, &err),
              err);
        TRUE(view_same(have, text_view(&want)));
    }
}

TEST(a_chunk_that_fails_ends_the_run_and_makes_no_file)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *dir = path_join(&arena, test_dir(), "failing");
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct err err = {0};
        FAILS(run(dir, threads, 17, &err), err, ERR_LIMIT);
        SAYS(err, "part 18 of 40");
        TRUE(!file_exists(path_join(&arena, dir, "chunks.csv")));
    }
}
