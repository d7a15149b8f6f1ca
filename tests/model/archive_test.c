#include "harness.h"

#include "base/text.h"
#include "model/archive.h"
#include "model/tar.h"

enum { MEMORY = 1 << 20, BLOCK = 512 };

/* A header of another type, with its checksum made right again. */
static void retype(char *header, char type)
{
    unsigned sum = 0;
    header[156] = type;
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)header[i];
    char octal[24];
    snprintf(octal, sizeof octal, "%06o", sum);
    memcpy(header + 148, octal, 7);
}

static struct text two_files(struct arena *arena)
{
    struct text text = text_in_arena(arena);
    tar_add(&text, "a.txt", VIEW("first"));
    tar_add(&text, "b/c.txt", VIEW("second"));
    tar_end(&text);
    return text;
}

TEST(the_files_of_a_tar_come_out_in_their_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct text text = two_files(&arena);
    struct view rest = text_view(&text), name, bytes;
    struct err err = {0};
    TRUE(archive_is(rest) && !archive_is(VIEW("ustar")));
    TRUE(archive_next(&rest, &name, &bytes, &err));
    TEXT(name, "a.txt");
    TEXT(bytes, "first");
    TRUE(archive_next(&rest, &name, &bytes, &err));
    TEXT(name, "b/c.txt");
    TEXT(bytes, "second");
    TRUE(!archive_next(&rest, &name, &bytes, &err) && err.kind == ERR_NONE);
}

TEST(directories_and_extended_headers_are_stepped_over)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    static const char types[] = "5xgL";
    for (size_t i = 0; i < sizeof types - 1; i++) {
        struct text text = two_files(&arena);
        retype(text.bytes, types[i]);
        struct view rest = text_view(&text), name, bytes;
        struct err err = {0};
        TRUE(archive_next(&rest, &name, &bytes, &err));
        TEXT(bytes, "second");
    }
}

TEST(a_damaged_header_or_a_file_cut_short_is_an_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct text text = two_files(&arena);
    struct view rest, name, bytes;
    struct err err = {0};
    text.bytes[3] ^= 1;
    rest = text_view(&text);
    FAILS(archive_next(&rest, &name, &bytes, &err), err, ERR_MODEL);
    SAYS(err, "damaged");
    text = two_files(&arena);
    memset(text.bytes + 124, ' ', 12); /* no size at all */
    retype(text.bytes, '0');
    rest = text_view(&text);
    FAILS(archive_next(&rest, &name, &bytes, &err), err, ERR_MODEL);
    SAYS(err, "damaged");
    text = two_files(&arena);
    rest = (struct view){text.bytes, BLOCK + 3};
    FAILS(archive_next(&rest, &name, &bytes, &err), err, ERR_MODEL);
    SAYS(err, "cut short");
}

TEST(a_tar_without_its_end_mark_is_read_to_its_end)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct text text = text_in_arena(&arena);
    tar_add(&text, "a.txt", VIEW("first"));
    struct view rest = {text.bytes, BLOCK + 5}, name, bytes;
    struct err err = {0};
    TRUE(archive_next(&rest, &name, &bytes, &err));
    TEXT(bytes, "first");
    TRUE(!archive_next(&rest, &name, &bytes, &err) && err.kind == ERR_NONE);
}
