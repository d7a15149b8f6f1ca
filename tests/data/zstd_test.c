#include "harness.h"

#include "base/rng.h"
#include "base/text.h"
#include "data/source.h"

#include <zstd.h>

/* A zstd frame of `plain`, with its checksum, added to `out`. */
static void pack(struct view plain, struct text *out)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    TRUE(context != NULL);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t bound = ZSTD_compressBound(plain.length);
    char *at = text_reserve(out, bound);
    TRUE(at != NULL);
    size_t size = ZSTD_compress2(context, at, bound, plain.text, plain.length);
    TRUE(!ZSTD_isError(size));
    out->length += size;
    ZSTD_freeCCtx(context);
}

static struct view lines(size_t count, struct arena *arena)
{
    struct rng rng = rng_of(7, 1, 0);
    struct text text = text_in_arena(arena);
    for (size_t i = 0; i < count; i++)
        text_addf(&text, "%zu,%u\n", i, rng_u32(&rng));
    TRUE(!text.cut);
    return text_view(&text);
}

TEST(zstd_is_told_by_its_first_four_bytes)
{
    TRUE(zstd_is(VIEW("\x28\xb5\x2f\xfd")));
    TRUE(!zstd_is(VIEW("\x28\xb5\x2f")));
    TRUE(!zstd_is(VIEW("\x28\xb5\x2f\xfe")));
    TRUE(!zstd_is((struct view){0}));
}

TEST(a_frame_is_unpacked_to_what_it_was)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    static const size_t counts[] = {0, 1, 1000, 200000};
    for (size_t i = 0; i < LENGTH_OF(counts); i++) {
        struct view plain = lines(counts[i], &arena), out;
        struct text packed = text_in_arena(&arena);
        struct err err = {0};
        pack(plain, &packed);
        WORKS(zstd_unpack(text_view(&packed), 16 << 20, &arena, &out, &err), err);
        TRUE(view_same(out, plain));
        arena_reset(&arena);
    }
}

TEST(frames_one_after_the_other_are_one_text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("a,b\n"), &packed);
    pack(VIEW(""), &packed);
    pack(VIEW("1,2\n"), &packed);
    WORKS(zstd_unpack(text_view(&packed), 100, &arena, &out, &err), err);
    TEXT(out, "a,b\n1,2\n");
}

TEST(a_frame_cut_anywhere_is_an_input_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    pack(lines(300, &arena), &packed);
    for (size_t length = 0; length < packed.length; length++) {
        CLEANUP(arena_release) struct arena job = {.limit = 16 << 20};
        struct view out = {0};
        struct err err = {0};
        FAILS(zstd_unpack((struct view){packed.bytes, length}, 1 << 20, &job, &out, &err), err,
              ERR_INPUT);
        SAYS(err, "cut short");
        TRUE(out.text == NULL);
    }
}

TEST(a_second_frame_cut_short_is_an_input_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("a,b\n"), &packed);
    pack(VIEW("1,2\n"), &packed);
    packed.length--;
    FAILS(zstd_unpack(text_view(&packed), 100, &arena, &out, &err), err, ERR_INPUT);
    SAYS(err, "cut short");
}

TEST(a_flipped_bit_anywhere_never_gives_another_text)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view plain = lines(100, &arena);
    size_t refused = 0;
    pack(plain, &packed);
    for (size_t at = 0; at < packed.length; at++) {
        CLEANUP(arena_release) struct arena job = {.limit = 64 << 20};
        struct view out = {0};
        struct err err = {0};
        packed.bytes[at] = (char)(packed.bytes[at] ^ 4);
        if (zstd_unpack(text_view(&packed), 1 << 20, &job, &out, &err))
            TRUE(view_same(out, plain)); /* a bit that has no meaning */
        else
            refused++;
        packed.bytes[at] = (char)(packed.bytes[at] ^ 4);
    }
    TRUE(refused > packed.length * 9 / 10);
}

TEST(what_follows_the_last_frame_is_an_input_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("a,b\n"), &packed);
    text_adds(&packed, "trailing");
    FAILS(zstd_unpack(text_view(&packed), 100, &arena, &out, &err), err, ERR_INPUT);
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
    FAILS(zstd_unpack(text_view(&packed), 4 << 20, &job, &out, &err), err, ERR_LIMIT);
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
    WORKS(zstd_unpack(text_view(&packed), PIECE, &arena, &out, &err), err);
    SAME(out.length, PIECE);
    for (size_t cut = 1; cut <= 12; cut++) {
        struct view head = {packed.bytes, packed.length - cut};
        FAILS(zstd_unpack(head, 2 * PIECE, &arena, &out, &err), err, ERR_INPUT);
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
    WORKS(zstd_unpack(text_view(&packed), 10, &arena, &out, &err), err);
    FAILS(zstd_unpack(text_view(&packed), 9, &arena, &out, &err), err, ERR_LIMIT);
}

TEST(an_arena_that_is_full_is_a_limit_error)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    CLEANUP(arena_release) struct arena job = {.limit = 1 << 16};
    struct text packed = text_in_arena(&arena);
    struct view out;
    struct err err = {0};
    pack(VIEW("0123456789"), &packed);
    FAILS(zstd_unpack(text_view(&packed), 100, &job, &out, &err), err, ERR_LIMIT);
    SAYS(err, "memory limit");
}
