#include "harness.h"

#include "base/digest.h"
#include "base/file.h"

/* FIPS 180-2, appendix B.1 and the empty message. */
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static const char *hex(struct digest digest)
{
    static char out[DIGEST_HEX_SIZE];
    return digest_print(&digest, out);
}

TEST(digests_of_the_standard)
{
    TEXT(view_of(hex(digest_of(VIEW("abc")))), abc);
    TEXT(view_of(hex(digest_of(VIEW("")))), nothing);
    TEXT(view_of(hex(digest_of((struct view){0}))), nothing);
}

TEST(a_digest_reads_back_and_only_as_64_lower_case_digits)
{
    struct digest digest = digest_of(VIEW("abc")), back;
    TRUE(digest_parse(view_of(abc), &back));
    TRUE(digest_same(&digest, &back));
    back.bytes[31] ^= 1;
    TRUE(!digest_same(&digest, &back));
    TRUE(!digest_parse((struct view){abc, 63}, &back));
    TRUE(!digest_parse(VIEW(""), &back));
    char wrong[sizeof abc];
    memcpy(wrong, abc, sizeof abc);
    wrong[0] = 'B';
    TRUE(!digest_parse(view_of(wrong), &back));
    wrong[0] = 'g';
    TRUE(!digest_parse(view_of(wrong), &back));
}

TEST(parts_are_told_apart_by_their_lengths_and_raw_bytes_are_not)
{
    struct digester a, b;
    digester_open(&a), digester_open(&b);
    digest_add(&a, VIEW("ab")), digest_add(&a, VIEW("c"));
    digest_add(&b, VIEW("a")), digest_add(&b, VIEW("bc"));
    struct digest of_a = digest_end(&a), of_b = digest_end(&b);
    TRUE(!digest_same(&of_a, &of_b));

    digester_open(&a);
    digest_add_raw(&a, VIEW("ab")), digest_add_raw(&a, VIEW("c"));
    TEXT(view_of(hex(digest_end(&a))), abc);
    TRUE(a.state == NULL);
}

TEST(an_empty_part_counts)
{
    struct digester a, b;
    digester_open(&a), digester_open(&b);
    digest_add(&a, VIEW(""));
    struct digest of_a = digest_end(&a), of_b = digest_end(&b);
    TRUE(!digest_same(&of_a, &of_b));
}

TEST(a_file_has_the_digest_of_its_bytes)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    size_t size = 300001; /* more than the piece it is read in */
    char *bytes = arena_new(&arena, char, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31);
    struct view view = {bytes, size};
    const char *path = path_join(&arena, test_dir(), "digest");
    struct err err = {0};
    WORKS(file_save(path, view, &err), err);
    struct digest want = digest_of(view), have;
    WORKS(digest_of_file(path, &have, &err), err);
    TRUE(digest_same(&want, &have));
}

TEST(a_file_that_is_not_there_is_not_found_and_a_directory_is_no_file)
{
    struct digest digest;
    struct err err = {0};
    FAILS(digest_of_file("/nowhere/at/all", &digest, &err), err, ERR_NOT_FOUND);
    SAYS(err, "/nowhere/at/all");
    FAILS(digest_of_file(test_dir(), &digest, &err), err, ERR_IO);
}
