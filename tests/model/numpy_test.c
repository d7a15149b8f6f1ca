#include "small_pickle.h"

#include "model/numpy.h"

#include <math.h>

enum { MEMORY = 8 << 20 };

static void read_array(struct view bytes, struct arena *arena, struct numpy *out)
{
    struct err err = {0};
    WORKS(numpy_of(small_pickle(bytes, arena), out, &err), err);
}

static void refused(struct view bytes, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct numpy array;
    struct err err = {0};
    FAILS(numpy_of(small_pickle(bytes, &arena), &array, &err), err, ERR_MODEL);
    SAYS(err, says);
}

TEST(numbers_of_every_type_and_byte_order_are_read)
{
    static const struct {
        struct view bytes;
        double want;
    } cases[] = {
        {VIEW(ARRAY("(I1\nt", DTYPE("i2", "<"), "0", "\\xfe\\xff") "."), -2},
        {VIEW(ARRAY("(I1\nt", DTYPE("u2", ">"), "0", "\\xff\\xfe") "."), 65534},
        {VIEW(ARRAY("(I1\nt", DTYPE("i1", "|"), "0", "\\x80") "."), -128},
        {VIEW(ARRAY("(I1\nt", DTYPE("b1", "|"), "0", "\\x01") "."), 1},
        {VIEW(ARRAY("(I1\nt", DTYPE("f4", "<"), "0", "\\x00\\x00\\x20\\xc0") "."), -2.5},
        {VIEW(ARRAY("(I1\nt", DTYPE("f4", ">"), "0", "\\xc0\\x20\\x00\\x00") "."), -2.5},
        {VIEW(ARRAY("(I1\nt", DTYPE("f8", "<"), "0", F64_3) "."), 3},
        {VIEW(ARRAY("(I1\nt", DTYPE("i8", "<"), "0",
                    "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff") "."),
         -1},
        {VIEW("cnumpy.core.multiarray\nscalar\n(" DTYPE("i4", ">") "S'\\x00\\x00\\x01\\x02'\ntR."),
         258},
        {VIEW("cnumpy._core.numeric\n_frombuffer\n(C\x04\x00\x00\x20\xc0" DTYPE("f4",
                                                                                "<") "(I1\n"
                                                                                     "tS'C'\ntR."),
         -2.5},
        {VIEW("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'>i2'\ntRS'\\x01\\x00'\ntR."),
         256},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        double number = (double)NAN;
        TRUE(numpy_scalar(small_pickle(cases[i].bytes, &arena), &number));
        FAIL_UNLESS(number == cases[i].want, "case %zu is %g", i, number);
    }
}

TEST(the_order_of_two_dimensions_is_the_arrays_own)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct numpy array;
    struct numpy_column column;
    struct err err = {0};
    read_array(
        VIEW(ARRAY("(I2\nI3\nt", DTYPE("u1", "|"), "0", "\\x01\\x02\\x03\\x04\\x05\\x06") "."),
        &arena, &array);
    WORKS(numpy_numbers(&array, &column, &err), err);
    SAME(numpy_whole(&column, numpy_place(&array, 1, 0)), 4);
    SAME(numpy_whole(&column, numpy_place(&array, 0, 2)), 3);
    read_array(
        VIEW(ARRAY("(I2\nI3\nt", DTYPE("u1", "|"), "1", "\\x01\\x02\\x03\\x04\\x05\\x06") "."),
        &arena, &array);
    WORKS(numpy_numbers(&array, &column, &err), err);
    SAME(numpy_whole(&column, numpy_place(&array, 1, 0)), 2);
    SAME(numpy_whole(&column, numpy_place(&array, 0, 2)), 5);
}

/* b at 0 (1 byte), a at 3 (big-endian 2 bytes): nothing is where a C struct would have it. */
#define FIELDS                                                                                     \
    "cnumpy\ndtype\n(S'V5'\nI0\nI1\ntR(I3\nS'|'\nN(S'a'\nS'b'\nt(dS'a'\n(" DTYPE(                  \
        "u2", ">") "I3\n"                                                                          \
                   "tsS'b'\n(" DTYPE("i1", "|") "I0\ntsI5\nI1\nI16\ntb"

TEST(fields_lie_where_the_dtype_says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct numpy array;
    struct numpy_column a, b;
    struct err err = {0};
    read_array(VIEW(ARRAY("(I2\nt", FIELDS, "0", "\\xff..\\x01\\x02\\x07..\\x00\\x09") "."), &arena,
               &array);
    SAME(array.kind, 'V');
    WORKS(numpy_field(&array, "a", &a, &err) && numpy_field(&array, "b", &b, &err), err);
    SAME(numpy_whole(&a, 0), 258);
    SAME(numpy_whole(&a, 1), 9);
    SAME(numpy_whole(&b, 0), -1);
    SAME(numpy_whole(&b, 1), 7);
    TRUE(numpy_has_field(&array, "a") && !numpy_has_field(&array, "c"));
    FAILS(numpy_field(&array, "c", &a, &err), err, ERR_MODEL);
    SAYS(err, "no field 'c'");
}

TEST(a_field_past_its_element_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct numpy array;
    struct numpy_column column;
    struct err err = {0};
    read_array(VIEW(ARRAY("(I1\nt",
                          "cnumpy\ndtype\n(S'V2'\nI0\nI1\ntR(I3\nS'|'\nN(S'a'\nt(dS'a'\n(" DTYPE(
                              "u2", "<") "I1\ntsI2\nI1\nI16\ntb",
                          "0", "\\x01\\x02") "."),
               &arena, &array);
    FAILS(numpy_field(&array, "a", &column, &err), err, ERR_MODEL);
    SAYS(err, "no number inside its element");
}

TEST(joblibs_arrays_stand_behind_their_objects)
{
#define WRAPPER(more)                                                                              \
    OBJECT("joblib.numpy_pickle\nNumpyArrayWrapper",                                               \
           ATTRIBUTE("shape", "(I2\nt") ATTRIBUTE("order", "S'C'\n")                               \
               ATTRIBUTE("dtype", DTYPE("u1", "|")) more)
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    static const struct view spellings[] = {
        VIEW(WRAPPER("") "\x07\x09."),
        VIEW(
            WRAPPER(ATTRIBUTE("numpy_array_alignment_bytes", "I16\n")) "\x03\xff\xff\xff\x07\x09."),
        VIEW(WRAPPER(ATTRIBUTE("numpy_array_alignment_bytes", "I16\n")) "\x00\x07\x09."),
        VIEW(WRAPPER(ATTRIBUTE("numpy_array_alignment_bytes", "N")) "\x07\x09."),
    };
    for (size_t i = 0; i < LENGTH_OF(spellings); i++) {
        struct numpy array;
        struct numpy_column column;
        struct err err = {0};
        read_array(spellings[i], &arena, &array);
        WORKS(numpy_numbers(&array, &column, &err), err);
        SAME(column.count, 2);
        SAME(numpy_whole(&column, 0), 7);
        SAME(numpy_whole(&column, 1), 9);
    }
    const struct pickle *root;
    struct err err = {0};
    FAILS(pickle_read(VIEW(WRAPPER("") "\x07"), &arena, &root, &err), err, ERR_MODEL);
    SAYS(err, "BUILD: it wants 2 bytes, and 1 are left");
}

TEST(joblibs_arrays_of_objects_are_pickles_inside_the_pickle)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct numpy array;
    struct view text;
    struct err err = {0};
    read_array(VIEW(OBJECT("joblib.numpy_pickle\nNumpyArrayWrapper",
                           ATTRIBUTE("shape", "(I2\nt") ATTRIBUTE("order", "S'C'\n")
                               ATTRIBUTE("dtype", DTYPE("O8", "|"))) /* and its own memo */
                    ARRAY_OF("(I2\nt", DTYPE("O8", "|"), "0", "(Va\np0\nVb\nl") ".."),
               &arena, &array);
    SAME(array.kind, 'O');
    WORKS(numpy_text(&array, 1, &arena, &text, &err), err);
    TEXT(text, "b");
}

TEST(texts_of_fixed_width_become_utf8)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct numpy array;
    struct view text;
    struct err err = {0};
    read_array(
        VIEW(ARRAY("(I2\nt", "cnumpy\ndtype\n(S'U3'\nI0\nI1\ntR(I3\nS'<'\nNNNI12\nI4\nI8\ntb", "0",
                   "a\\x00\\x00\\x00\\xe9\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
                   "\\x00\\xf6\\x01\\x00\\xac\\x20\\x00\\x00z\\x00\\x00\\x00") "."),
        &arena, &array);
    WORKS(numpy_text(&array, 0, &arena, &text, &err), err);
    TEXT(text, "a\xc3\xa9");
    WORKS(numpy_text(&array, 1, &arena, &text, &err), err);
    TEXT(text, "\xf0\x9f\x98\x80\xe2\x82\xacz");
    read_array(VIEW(ARRAY("(I1\nt", DTYPE("U1", "<"), "0", "\\x00\\xd8\\x00\\x00") "."), &arena,
               &array);
    FAILS(numpy_text(&array, 0, &arena, &text, &err), err, ERR_MODEL);
}

TEST(arrays_that_do_not_hold_together_are_refused)
{
    refused(VIEW("I1\n."), "it is an int, not a numpy array");
    refused(VIEW(ARRAY("(I2\nt", DTYPE("f8", "<"), "0", F64_1) "."), "2 elements of 8 bytes has 8");
    refused(VIEW(ARRAY("(I-1\nt", DTYPE("f8", "<"), "0", "") "."), "dimension 0");
    refused(VIEW(ARRAY("(I9223372036854775807\nI9\nt", DTYPE("f8", "<"), "0", "") "."),
            "dimension 1");
    refused(VIEW(ARRAY("(I1\nI1\nI1\nI1\nI1\nt", DTYPE("f8", "<"), "0", F64_1) "."),
            "at most 4 dimensions");
    refused(VIEW(ARRAY("(I1\nt", "I8\n", "0", F64_1) "."), "an int, not a numpy dtype");
    refused(VIEW(ARRAY("(I1\nt", DTYPE("f8[ns]", "<"), "0", F64_1) "."), "'f8[ns]' is not read");
    refused(VIEW(ARRAY_OF("(I2\nt", DTYPE("O8", "|"), "0", "(I1\nl") "."),
            "2 objects does not list them");
    double number;
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    TRUE(!numpy_scalar(small_pickle(VIEW(ARRAY("(I2\nt", DTYPE("u1", "|"), "0", "ab") "."), &arena),
                       &number));
    TRUE(!numpy_scalar(small_pickle(VIEW(ARRAY("(I1\nt", DTYPE("f2", "<"), "0", "ab") "."), &arena),
                       &number));
    TRUE(!numpy_scalar(NULL, &number));
}
