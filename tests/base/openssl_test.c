#include "harness.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/signature.h"

#include <sys/stat.h>

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

/* ---------------------------------------------------------------- signatures */

/* RFC 8032, section 7.1, test 2: one byte of message. */
TEST(a_signature_of_the_rfc_holds_and_no_other_does)
{
    struct public_key key, other;
    struct signature signature;
    TRUE(public_key_parse(VIEW("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
                          &key));
    TRUE(signature_parse(VIEW("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
                         &signature));
    TRUE(signature_holds(&key, VIEW("\x72"), &signature));
    FAIL_UNLESS(!signature_holds(&key, VIEW("\x73"), &signature), "another message is signed");
    other = key;
    other.bytes[3] ^= 1;
    FAIL_UNLESS(!signature_holds(&other, VIEW("\x72"), &signature), "another key has signed");
    signature.bytes[40] ^= 1;
    FAIL_UNLESS(!signature_holds(&key, VIEW("\x72"), &signature), "a changed signature holds");
}

TEST(a_key_that_is_written_and_read_again_signs_the_same)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(signing_key_close) struct signing_key key = {0}, again = {0};
    struct text secret = text_in_arena(&arena), open = text_in_arena(&arena);
    struct signature first, second;
    struct public_key public;
    struct err err = {0};
    const char *path = path_join(&arena, test_dir(), "key.pem");
    const char *open_path = path_join(&arena, test_dir(), "key.pub");
    WORKS(signing_key_make(&key, &err), err);
    WORKS(signing_key_write(&key, &secret, &open, &err), err);
    WORKS(file_save(path, text_view(&secret), &err), err);
    WORKS(file_save(open_path, text_view(&open), &err), err);
    SAME(chmod(path, 0600), 0);
    WORKS(signing_key_load(&again, path, &err), err);
    WORKS(public_key_load(&public, open_path, &err), err);
    TRUE(public_key_same(&public, &key.public));
    WORKS(sign(&key, VIEW("words"), &first, &err), err);
    WORKS(sign(&again, VIEW("words"), &second, &err), err);
    TRUE(memcmp(&first, &second, sizeof first) == 0);
    TRUE(signature_holds(&public, VIEW("words"), &first));
}

TEST(a_key_that_others_may_read_or_that_is_none_is_refused_by_its_path)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(signing_key_close) struct signing_key key = {0}, loaded = {0};
    struct text secret = text_in_arena(&arena), open = text_in_arena(&arena);
    struct public_key public;
    struct err err = {0};
    const char *path = path_join(&arena, test_dir(), "open.pem");
    WORKS(signing_key_make(&key, &err), err);
    WORKS(signing_key_write(&key, &secret, &open, &err), err);
    WORKS(file_save(path, text_view(&secret), &err), err);
    SAME(chmod(path, 0644), 0);
    FAILS(signing_key_load(&loaded, path, &err), err, ERR_INPUT);
    SAYS(err, "chmod 600");
    err = (struct err){0};
    SAME(chmod(path, 0600), 0);
    FAILS(public_key_load(&public, path, &err), err, ERR_INPUT);
    SAYS(err, "open.pem' holds no public key");
    err = (struct err){0};
    WORKS(file_save(path, VIEW("no key"), &err), err);
    SAME(chmod(path, 0600), 0);
    FAILS(signing_key_load(&loaded, path, &err), err, ERR_INPUT);
    err = (struct err){0};
    FAILS(signing_key_load(&loaded, "/nowhere/key", &err), err, ERR_NOT_FOUND);
}

/* RFC 4231, cases 1, 2, 3 and 6; and an empty key over an empty text, from Python's hmac. */
TEST(an_hmac_is_that_of_rfc_4231)
{
    char ones[20], aas[131], dds[50];
    memset(ones, 0x0b, sizeof ones);
    memset(aas, 0xaa, sizeof aas);
    memset(dds, 0xdd, sizeof dds);
    const struct {
        struct view key, bytes;
        const char *wanted;
    } cases[] = {
        {{ones, sizeof ones},
         VIEW("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {VIEW("Jefe"), VIEW("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{aas, 20},
         {dds, sizeof dds},
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{aas, sizeof aas},
         VIEW("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{0}, {0}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char hex[DIGEST_HEX_SIZE];
        struct digest digest = digest_hmac(cases[i].key, cases[i].bytes);
        TEXT(view_of(digest_print(&digest, hex)), cases[i].wanted);
    }
}
