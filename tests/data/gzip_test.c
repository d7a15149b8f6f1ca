#include "harness.h"

#include "base/rng.h"
#include "base/text.h"
#include "data/source.h"

#include <zlib.h>

static void pack_as(struct view plain, int window, struct text *out)
{
    enum { MEMORY = 8 };
    z_stream stream = {0};
    SAME(deflateInit2(&stream, 6, Z_DEFLATED, window, MEMORY, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&stream, plain.length);
    char *at = text_reserve(out, bound);
    TRUE(at != NULL);
    union {
        const char *given;
        Bytef *wanted; /* zlib does not write here */
    } in = {.given = plain.text};
    stream.next_in = in.wanted;
    stream.avail_in = (unsigned)plain.length;
    stream.next_out = (Bytef *)at;
    stream.avail_out = (unsigned)bound;
    SAME(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->length += bound - stream.avail_out;
    deflateEnd(&stream);
}

/* A gzip member of `plain`, added to `out`. */
static void pack(struct view plain, struct text *out)
{
    enum { GZIP_WINDOW = 15 + 16 };
    pack_as(plain, GZIP_WINDOW, out);
}

/* Lines of random digits: text that does not pack to nothing. */
static struct view lines(size_t count, struct arena *arena)
{
    struct rng rng = rng_of(7, 1, 0);
    struct text text = text_in_arena(arena);
    for (size_t i = 0; i < count; i++)
        text_addf(&text, "%zu,%u\n", i, rng_u32(&rng));
    TRUE(!text.cut);
    return text_view(&text);
}

TEST(gzip_is_told_by_its_first_two_bytes)
{
    TRUE(gzip_is(VIEW("\x1f\x8b")));
    TRUE(gzip_is(VIEW("\x1f\x8b\x08rest")));
    TRUE(!gzip_is(VIEW("\x1f")));
    TRUE(!gzip_is(VIEW("\x1f\x8c\x08")));
    TRUE(!gzip_is((struct view){0}));
}

TEST(a_member_is_unpacked_to_what_it_was)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    static const size_t counts[] = {0, 1, 1000, 200000};
    for (size_t i = 0; i < LENGTH_OF(counts); i++) {
        struct view plain = lines(counts[i], &arena), out;
        struct text packed = text_in_arena(&arena);
        struct err err = {0};
        pack(plain, &packed);
        WORKS(gzip_unpack(text_view(&packed), 16 << 20, &arena, &out, &err), err);
        TRUE(view_same(out, plain));
        arena_reset(&arena);
    }
}

TEST(members_one_after_the_other_are_one_text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("a,b\n"), &packed);
    pack(VIEW(""), &packed);
    pack(VIEW("1,2\n"), &packed);
    WORKS(gzip_unpack(text_view(&packed), 100, &arena, &out, &err), err);
    TEXT(out, "a,b\n1,2\n");
}

TEST(a_member_cut_anywhere_is_an_input_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    pack(lines(300, &arena), &packed);
    for (size_t length = 0; length < packed.length; length++) {
        CLEANUP(arena_release) struct arena job = {.limit = 16 << 20};
        struct view out = {0};
        struct err err = {0};
        FAILS(gzip_unpack((struct view){packed.bytes, length}, 1 << 20, &job, &out, &err), err,
              ERR_INPUT);
        SAYS(err, "cut short");
        TRUE(out.text == NULL);
    }
}

TEST(a_second_member_cut_short_is_an_input_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("a,b\n"), &packed);
    pack(VIEW("1,2\n"), &packed);
    packed.length--;
    FAILS(gzip_unpack(text_view(&packed), 100, &arena, &out, &err), err, ERR_INPUT);
    SAYS(err, "cut short");
}

TEST(a_flipped_bit_anywhere_in_the_data_is_an_input_error)
{
    enum { HEADER_SIZE = 10 }; /* a time and a system that nobody checks */
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    pack(lines(100, &arena), &packed);
    for (size_t at = HEADER_SIZE; at < packed.length; at++) {
        CLEANUP(arena_release) struct arena job = {.limit = 64 << 20};
        struct view out;
        struct err err = {0};
        packed.bytes[at] = (char)(packed.bytes[at] ^ 4);
        FAILS(gzip_unpack(text_view(&packed), 1 << 20, &job, &out, &err), err, ERR_INPUT);
        packed.bytes[at] = (char)(packed.bytes[at] ^ 4);
    }
}

TEST(what_follows_the_last_member_is_an_input_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("a,b\n"), &packed);
    text_adds(&packed, "trailing");
    FAILS(gzip_unpack(text_view(&packed), 100, &arena, &out, &err), err, ERR_INPUT);
    SAYS(err, "damaged");
}

TEST(a_bomb_stops_at_the_ceiling)
{
    enum { SIZE = 32 << 20 };
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    struct text packed = text_in_arena(&arena);
    pack((struct view){arena_new(&arena, char, SIZE), SIZE}, &packed);
    TRUE(packed.length < SIZE / 500);
    CLEANUP(arena_release) struct arena job = {.limit = 256 << 20};
    struct view out;
    struct err err = {0};
    FAILS(gzip_unpack(text_view(&packed), 4 << 20, &job, &out, &err), err, ERR_LIMIT);
    SAYS(err, "larger than the limit of 4194304 bytes");
    TRUE(job.used < 32 << 20);
}

TEST(a_text_of_just_one_piece_is_unpacked_and_its_cut_noticed)
{
    enum { PIECE = 1 << 20 }; /* the size the unpacker works in */
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack((struct view){arena_new(&arena, char, PIECE), PIECE}, &packed);
    WORKS(gzip_unpack(text_view(&packed), PIECE, &arena, &out, &err), err);
    SAME(out.length, PIECE);
    for (size_t cut = 1; cut <= 12; cut++) {
        struct view head = {packed.bytes, packed.length - cut};
        FAILS(gzip_unpack(head, 2 * PIECE, &arena, &out, &err), err, ERR_INPUT);
        SAYS(err, "cut short");
    }
}

TEST(the_ceiling_is_exact)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("0123456789"), &packed);
    WORKS(gzip_unpack(text_view(&packed), 10, &arena, &out, &err), err);
    FAILS(gzip_unpack(text_view(&packed), 9, &arena, &out, &err), err, ERR_LIMIT);
}

TEST(an_arena_that_is_full_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    CLEANUP(arena_release) struct arena job = {.limit = 1 << 16};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("0123456789"), &packed);
    FAILS(gzip_unpack(text_view(&packed), 100, &job, &out, &err), err, ERR_LIMIT);
    SAYS(err, "memory limit");
}

TEST(a_zlib_stream_is_told_from_gzip_and_unpacked)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view plain = lines(20000, &arena), unpacked;
    struct text text = text_in_arena(&arena);
    struct err err = {0};
    pack_as(plain, MAX_WBITS, &text);
    TRUE(zlib_is(text_view(&text)) && !gzip_is(text_view(&text)));
    TRUE(!zlib_is(VIEW("\x78\x9d")) && !zlib_is(VIEW("\x79\x9c")) && !zlib_is(VIEW("\x78")));
    WORKS(zlib_unpack(text_view(&text), plain.length, &arena, &unpacked, &err), err);
    TRUE(view_same(unpacked, plain));
    FAILS(zlib_unpack(text_view(&text), plain.length - 1, &arena, &unpacked, &err), err, ERR_LIMIT);
    text.bytes[text.length / 2] ^= 0x55;
    FAILS(zlib_unpack(text_view(&text), plain.length, &arena, &unpacked, &err), err, ERR_INPUT);
    SAYS(err, "zlib");
    text.bytes[text.length / 2] ^= 0x55;
    text.length -= 9;
    FAILS(zlib_unpack(text_view(&text), plain.length, &arena, &unpacked, &err), err, ERR_INPUT);
    SAYS(err, "the zlib data is cut short");
}
