#include "data/fixture.h"

#include "data/source.h"

/* "a,b\n1,2\n" as gzip(1) and zstd(1) pack it. */
#define PLAIN "a,b\n1,2\n"
static const unsigned char gzipped[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
                                        0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0x31, 0xe2, 0x02, 0x00,
                                        0x7b, 0x07, 0x97, 0x0a, 0x08, 0x00, 0x00, 0x00};
static const unsigned char zstandard[] = {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x41,
                                          0x00, 0x00, 0x61, 0x2c, 0x62, 0x0a, 0x31,
                                          0x2c, 0x32, 0x0a, 0x35, 0xe7, 0xca, 0xce};

static struct view load(const char *name, struct view bytes, struct arena *arena)
{
    struct view out;
    struct err err = {0};
    WORKS(source_load(file_of(name, bytes, arena), 1 << 20, arena, &out, &err), err);
    return out;
}

TEST(a_file_is_read_as_what_it_is_whatever_its_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view gzip = {(const char *)gzipped, sizeof gzipped};
    struct view zstd = {(const char *)zstandard, sizeof zstandard};
    TEXT(load("plain.csv.gz", VIEW(PLAIN), &arena), PLAIN);
    TEXT(load("gzip.csv", gzip, &arena), PLAIN);
    TEXT(load("zstd.gz", zstd, &arena), PLAIN);
    TEXT(load("empty.csv", VIEW(""), &arena), "");
}

TEST(a_damaged_file_is_named)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view out;
    struct err err = {0};
    const char *path =
        file_of("cut.gz", (struct view){(const char *)gzipped, sizeof gzipped - 1}, &arena);
    FAILS(source_load(path, 1 << 20, &arena, &out, &err), err, ERR_INPUT);
    SAYS(err, path);
    SAYS(err, "cut short");
    path = file_of("cut.zst", (struct view){(const char *)zstandard, sizeof zstandard - 1}, &arena);
    err = (struct err){0};
    FAILS(source_load(path, 1 << 20, &arena, &out, &err), err, ERR_INPUT);
    SAYS(err, path);
    SAYS(err, "cut short");
}

TEST(a_file_over_the_ceiling_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view out;
    struct err err = {0};
    const char *plain = file_with("plain.csv", PLAIN, &arena);
    WORKS(source_load(plain, 8, &arena, &out, &err), err);
    FAILS(source_load(plain, 7, &arena, &out, &err), err, ERR_LIMIT);
}

TEST(a_file_that_is_not_there_is_not_found)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view out;
    struct err err = {0};
    FAILS(source_load("/nowhere/at/all.csv", 100, &arena, &out, &err), err, ERR_NOT_FOUND);
}
