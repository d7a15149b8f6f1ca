#include "model/tar.h"

#include "harness.h"

#include <unistd.h>

enum { BLOCK = 512 };

static struct view sample(struct arena *arena)
{
    struct text text = text_in_arena(arena);
    tar_add(&text, "one.json", VIEW("{}"));
    tar_add(&text, "empty", (struct view){"", 0});
    char *block = arena_new(arena, char, BLOCK);
    memset(block, 'x', BLOCK);
    tar_add(&text, "block", (struct view){block, BLOCK});
    tar_end(&text);
    assert(!text.cut);
    return text_view(&text);
}

/* Reads to the end: how many members, or -1 and an error. */
static int members(struct view file, struct err *err)
{
    struct view rest = file, name, bytes;
    int count = 0;
    while (tar_next(&rest, &name, &bytes, err))
        count++;
    return err->kind == ERR_NONE ? count : -1;
}

TEST(members_come_back_in_order_with_their_bytes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view rest = sample(&arena), name, bytes;
    struct err err = {0};
    WORKS(tar_next(&rest, &name, &bytes, &err), err);
    TEXT(name, "one.json");
    TEXT(bytes, "{}");
    WORKS(tar_next(&rest, &name, &bytes, &err), err);
    TEXT(name, "empty");
    SAME(bytes.length, 0);
    WORKS(tar_next(&rest, &name, &bytes, &err), err);
    TEXT(name, "block");
    SAME(bytes.length, BLOCK);
    SAME(bytes.text[BLOCK - 1], 'x');
    TRUE(!tar_next(&rest, &name, &bytes, &err));
    SAME(err.kind, ERR_NONE);
    SAME(rest.length, 0);
}

TEST(the_layout_is_posix_ustar)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view file = sample(&arena);
    SAME(file.length, (2 + 1 + 2 + 2) * BLOCK); /* header and body, header, header and body, end */
    TRUE(memcmp(file.text, "one.json\0", 9) == 0);
    TRUE(memcmp(file.text + 100, "0000644", 8) == 0);
    TRUE(memcmp(file.text + 124, "00000000002", 12) == 0);
    TRUE(memcmp(file.text + 136, "00000000000", 12) == 0);
    SAME(file.text[156], '0');
    TRUE(memcmp(file.text + 257, "ustar\00000", 8) == 0);
    unsigned sum = 8 * ' ';
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? 0 : (unsigned char)file.text[i];
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%06o", sum);
    TRUE(memcmp(file.text + 148, wanted, 7) == 0);
    SAME(file.text[155], ' ');
}

TEST(the_tar_program_lists_and_reads_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    if (access("/bin/tar", X_OK) != 0)
        SKIP("there is no tar program");
    struct view file = sample(&arena);
    char path[512], command[1200], line[128] = "";
    snprintf(path, sizeof path, "%s/sample.tar", test_dir());
    FILE *out = fopen(path, "wb");
    TRUE(out != NULL && fwrite(file.text, 1, file.length, out) == file.length && fclose(out) == 0);
    snprintf(command, sizeof command, "tar tf %s | tr '\\n' ' '; tar xOf %s one.json", path, path);
    FILE *in = popen(command, "r");
    TRUE(in != NULL && fgets(line, sizeof line, in) != NULL);
    TRUE(pclose(in) == 0);
    TEXT(view_of(line), "one.json empty block {}");
}

TEST(a_changed_bit_outside_the_members_bytes_is_found)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view good = sample(&arena);
    char *bytes = arena_copy(&arena, good.text, good.length);
    struct view file = {bytes, good.length};
    for (size_t at = 0; at < file.length; at++) {
        bool inside = (at >= BLOCK && at < BLOCK + 2) || (at >= 4 * BLOCK && at < 5 * BLOCK);
        for (int bit = 0; bit < 8; bit++) {
            struct err err = {0};
            bytes[at] = (char)(good.text[at] ^ (1 << bit));
            int count = members(file, &err);
            FAIL_UNLESS(inside ? count == 3 : count < 0, "byte %zu, bit %d: %d members", at, bit,
                        count);
            if (!inside)
                SAME(err.kind, ERR_MODEL);
            bytes[at] = good.text[at];
        }
    }
}

TEST(a_file_cut_anywhere_or_with_more_after_it_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view file = sample(&arena);
    for (size_t size = 0; size < file.length; size++) {
        /* Bytes of their own, so that a read past the end is seen. */
        char *cut = malloc(size + 1);
        memcpy(cut, file.text, size);
        struct err err = {0};
        int count = members((struct view){cut, size}, &err);
        free(cut);
        FAIL_UNLESS(count < 0 && err.kind == ERR_MODEL, "cut at %zu: %d members", size, count);
    }
    char *more = arena_new(&arena, char, file.length + BLOCK);
    memcpy(more, file.text, file.length);
    struct err err = {0};
    SAME(members((struct view){more, file.length + 1}, &err), -1);
    err = (struct err){0};
    SAME(members((struct view){more, file.length + BLOCK}, &err), -1);
}

TEST(a_name_of_99_bytes_fits_and_a_header_with_100_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    char longest[100] = "";
    memset(longest, 'n', 99);
    struct text text = text_in_arena(&arena);
    tar_add(&text, longest, VIEW("x"));
    tar_end(&text);
    struct view rest = text_view(&text), name, bytes;
    struct err err = {0};
    WORKS(tar_next(&rest, &name, &bytes, &err), err);
    TEXT(name, longest);
    text.bytes[99] = 'n';
    rest = text_view(&text);
    FAILS(tar_next(&rest, &name, &bytes, &err), err, ERR_MODEL);
    SAYS(err, "header is damaged");
    text.bytes[0] = '\0'; /* no name at all */
    rest = text_view(&text), err = (struct err){0};
    FAILS(tar_next(&rest, &name, &bytes, &err), err, ERR_MODEL);
}

TEST(a_size_that_reaches_past_the_file_is_refused)
{
    static const char *const sizes[] = {"00000001001", "77777777777", "0000000000x", "           "};
    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        struct text text = text_in_arena(&arena);
        tar_add(&text, "a", VIEW("abc"));
        memcpy(text.bytes + 124, sizes[i], 11);
        memset(text.bytes + 148, ' ', 8); /* with a checksum that holds */
        unsigned sum = 0;
        for (size_t at = 0; at < BLOCK; at++)
            sum += (unsigned char)text.bytes[at];
        char octal[16];
        snprintf(octal, sizeof octal, "%06o", sum);
        memcpy(text.bytes + 148, octal, 7);
        struct view rest = text_view(&text), name, bytes;
        struct err err = {0};
        FAILS(tar_next(&rest, &name, &bytes, &err), err, ERR_MODEL);
    }
}
