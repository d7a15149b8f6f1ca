#include "model/ubj.h"

#include "harness.h"

#include <math.h>

/* A literal's bytes, zeros included. */
#define BYTES(literal) ((struct view){literal, sizeof(literal) - 1})
#define SIZE(n)        "L\0\0\0\0\0\0\0" n

static struct token only(struct view bytes)
{
    struct ubj ubj = ubj_of(bytes);
    struct err err = {0};
    struct token token, more;
    WORKS(ubj_next(&ubj, &token, &err), err);
    TRUE(!ubj_next(&ubj, &more, &err));
    SAME(err.kind, ERR_NONE);
    return token;
}

/* Everything there is, until the fault. */
static void refused(struct view bytes, const char *says)
{
    struct ubj ubj = ubj_of(bytes);
    struct err err = {0};
    struct token token;
    size_t count = 0;
    while (ubj_next(&ubj, &token, &err))
        TRUE(++count < 1000);
    SAME(err.kind, ERR_INPUT);
    SAYS(err, says);
}

TEST(numbers_of_every_type_are_big_endian)
{
    NEAR(only(BYTES("i\xfe")).number, -2, 0);
    NEAR(only(BYTES("U\xfe")).number, 254, 0);
    NEAR(only(BYTES("I\xff\xfe")).number, -2, 0);
    NEAR(only(BYTES("I\x01\x02")).number, 258, 0);
    NEAR(only(BYTES("l\xff\xff\xff\xfe")).number, -2, 0);
    NEAR(only(BYTES("L\0\0\0\1\0\0\0\2")).number, 4294967298.0, 0);
    NEAR(only(BYTES("L\xff\xff\xff\xff\xff\xff\xff\xff")).number, -1, 0);
    NEAR(only(BYTES("d\xbf\x80\0\0")).number, -1, 0);
    NEAR(only(BYTES("d\0\0\0\1")).number, 0x1p-149, 0);
    NEAR(only(BYTES("D\x3f\xb9\x99\x99\x99\x99\x99\x9a")).number, 0.1, 0);
    TRUE(isnan(only(BYTES("d\x7f\xc0\0\0")).number));
    SAME(only(BYTES("T")).kind, TOKEN_TRUE);
    SAME(only(BYTES("F")).kind, TOKEN_FALSE);
    SAME(only(BYTES("Z")).kind, TOKEN_NULL);
}

TEST(lists_plain_counted_and_typed_give_the_same_tokens)
{
    static const struct view spelled[] = {
        BYTES("[U\7U\x8]"),
        BYTES("[#" SIZE("\2") "U\7i\x8"),
        BYTES("[$U#" SIZE("\2") "\7\x8"),
        BYTES("[$l#U\2\0\0\0\7\0\0\0\x8"),
        BYTES("[$d#i\2\x40\xe0\0\0\x41\0\0\0"),
    };
    for (size_t i = 0; i < LENGTH_OF(spelled); i++) {
        struct ubj ubj = ubj_of(spelled[i]);
        struct err err = {0};
        struct token token;
        WORKS(ubj_next(&ubj, &token, &err), err);
        SAME(token.kind, TOKEN_LIST);
        WORKS(ubj_next(&ubj, &token, &err), err);
        NEAR(token.number, 7, 0);
        WORKS(ubj_next(&ubj, &token, &err), err);
        NEAR(token.number, 8, 0);
        WORKS(ubj_next(&ubj, &token, &err), err);
        SAME(token.kind, TOKEN_LIST_END);
        TRUE(!ubj_next(&ubj, &token, &err));
        SAME(err.kind, ERR_NONE);
    }
}

TEST(objects_give_keys_and_values_in_turn)
{
    struct ubj ubj = ubj_of(BYTES("{" SIZE("\1") "aSU\2hi" SIZE("\0") "{}}"));
    struct err err = {0};
    struct token token;
    static const enum token_kind kinds[] = {TOKEN_OBJECT,    TOKEN_KEY,    TOKEN_TEXT,
                                            TOKEN_KEY,       TOKEN_OBJECT, TOKEN_OBJECT_END,
                                            TOKEN_OBJECT_END};
    for (size_t i = 0; i < LENGTH_OF(kinds); i++) {
        WORKS(ubj_next(&ubj, &token, &err), err);
        SAME(token.kind, kinds[i]);
        if (i == 1)
            TEXT(token.text, "a");
        if (i == 2)
            TEXT(token.text, "hi");
    }
    TRUE(!ubj_next(&ubj, &token, &err));
    SAME(err.kind, ERR_NONE);
}

TEST(counts_are_not_believed_past_the_end_of_the_file)
{
    refused(BYTES("[#L\x7f\xff\xff\xff\xff\xff\xff\xffU\1"), "longer than the file");
    refused(BYTES("[$d#U\2\0\0\0\0\0\0\0"), "longer than the file");
    refused(BYTES("[#L\xff\xff\xff\xff\xff\xff\xff\xffU\1"), "a length is negative");
    refused(BYTES("[#i\xff"), "a length is negative");
    refused(BYTES("SL\0\0\0\0\0\0\0\5four"), "ends inside a text");
}

TEST(what_is_not_the_dialect_is_refused_where_it_stands)
{
    refused(BYTES(""), "byte 0: the file ends where a value is expected");
    refused(BYTES("N"), "byte 0: no value begins so");
    refused(BYTES("H" SIZE("\1") "1"), "no value begins so");
    refused(BYTES("U\1U"), "byte 2: bytes after the end of the document");
    refused(BYTES("I\1"), "byte 1: the file ends inside a number");
    refused(BYTES("[$T#U\1"), "holds numbers only");
    refused(BYTES("[$[#U\1U\1"), "holds numbers only");
    refused(BYTES("[$U\1"), "needs its count");
    refused(BYTES("{SU\1a"), "a length is expected");
    refused(BYTES("{L\0\0"), "ends inside a length");
    refused(BYTES("[#d\0\0\0\0"), "a length is expected");
    refused(BYTES("SU\1\xff"), "not valid UTF-8");
    refused(BYTES("SU\1\0"), "holds U+0000");
}

TEST(nesting_is_bounded)
{
    char deep[SCAN_DEPTH_MAX + 1];
    memset(deep, '[', sizeof deep);
    refused((struct view){deep, SCAN_DEPTH_MAX}, "a value is expected");
    refused((struct view){deep, SCAN_DEPTH_MAX + 1}, "nests too deeply");
}
