#include "train/npy.h"

#include "base/file.h"
#include "harness.h"

#include <math.h>

enum { MEMORY = 8 << 20 };

static const char *path_of(struct arena *arena, const char *name)
{
    return path_join(arena, test_dir(), name);
}

static struct view bytes_of(const char *path, struct arena *arena)
{
    struct view bytes;
    struct err err = {0};
    WORKS(file_load(path, MEMORY, arena, &bytes, &err), err);
    return bytes;
}

static void comes_back(const struct npy *array, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const char *path = path_of(&arena, "array.npy");
    struct npy back;
    struct err err = {0};
    WORKS(npy_save(path, array, &err), err);
    WORKS(npy_load(path, array->type, &arena, &back, &err), err);
    SAME(back.rows, array->rows);
    SAME(back.width, array->width);
    SAME(back.type, array->type);
    TRUE((uintptr_t)back.value % 16 == 0);
    TRUE(size == 0 || memcmp(back.value, array->value, size) == 0);
}

TEST(arrays_of_each_type_and_shape_come_back_bit_for_bit)
{
    const float f4[] = {1.5F, NAN, -0.0F, 1e-45F, INFINITY, 3.4028235e38F};
    const uint8_t u1[] = {0, 1, 255, 10, 13, 7};
    const uint32_t u4[] = {0, UINT32_MAX, 1, 2, 3, 4};
    comes_back(&(struct npy){NPY_F4, 2, 3, f4}, sizeof f4);
    comes_back(&(struct npy){NPY_F4, 6, 1, f4}, sizeof f4);
    comes_back(&(struct npy){NPY_F4, 6, 0, f4}, sizeof f4);
    comes_back(&(struct npy){NPY_U1, 6, 0, u1}, sizeof u1);
    comes_back(&(struct npy){NPY_U1, 3, 2, u1}, sizeof u1);
    comes_back(&(struct npy){NPY_U4, 6, 0, u4}, sizeof u4);
    comes_back(&(struct npy){NPY_F4, 0, 3, f4}, 0);
    comes_back(&(struct npy){NPY_U4, 0, 0, u4}, 0);
}

TEST(the_header_is_numpys_own)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const float value[] = {1, 2, 3, 4, 5, 6};
    const char *path = path_of(&arena, "header.npy");
    struct err err = {0};
    WORKS(npy_save(path, &(struct npy){NPY_F4, 2, 3, value}, &err), err);
    struct view bytes = bytes_of(path, &arena);
    SAME(bytes.length, 128 + sizeof value);
    TRUE(memcmp(bytes.text, "\x93NUMPY\x01\x00\x76\x00", 10) == 0);
    static const char wanted[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    TRUE(memcmp(bytes.text + 10, wanted, sizeof wanted - 1) == 0);
    SAME(bytes.text[127], '\n');
    TRUE(memcmp(bytes.text + 128, value, sizeof value) == 0);
}

/* The same file with a header of another text, padded as it must be. */
static void refused_with(const char *header, enum npy_type type)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const char *path = path_of(&arena, "damaged.npy");
    char bytes[128 + 24];
    struct npy out = {.rows = 77};
    struct err err = {0};
    memset(bytes, ' ', sizeof bytes);
    memcpy(bytes, "\x93NUMPY\x01\x00\x76\x00", 10);
    assert(strlen(header) < 117);
    memcpy(bytes + 10, header, strlen(header));
    bytes[127] = '\n';
    WORKS(file_save(path, (struct view){bytes, sizeof bytes}, &err), err);
    FAIL_UNLESS(!npy_load(path, type, &arena, &out, &err), "'%s' was accepted", header);
    SAME(err.kind, ERR_INPUT);
    SAYS(err, "damaged.npy");
    SAME(out.rows, 77);
}

TEST(a_damaged_header_is_refused)
{
    static const char *const headers[] = {
        "",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (6,), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 1, 1), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 0), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 6), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6.0,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (six,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1676976733973595602, 11), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,,1), }",
    };
    for (size_t i = 0; i < LENGTH_OF(headers); i++)
        refused_with(headers[i], NPY_F4);
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", NPY_U4);
}

TEST(an_array_cut_anywhere_or_with_more_after_it_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const uint32_t value[] = {1, 2, 3};
    const char *path = path_of(&arena, "cut.npy");
    struct err err = {0};
    struct npy out;
    WORKS(npy_save(path, &(struct npy){NPY_U4, 3, 0, value}, &err), err);
    struct view whole = bytes_of(path, &arena);
    char *more = arena_new(&arena, char, whole.length + 4);
    memcpy(more, whole.text, whole.length);
    for (size_t size = 0; size <= whole.length + 4; size++) {
        CLEANUP(arena_release) struct arena scratch = {.limit = MEMORY};
        if (size == whole.length)
            continue;
        err = (struct err){0};
        WORKS(file_save(path, (struct view){more, size}, &err), err);
        FAIL_UNLESS(!npy_load(path, NPY_U4, &scratch, &out, &err) && err.kind == ERR_INPUT,
                    "%zu of %zu bytes were accepted", size, whole.length);
    }
}

TEST(a_file_that_is_not_there_is_not_found)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct npy out;
    struct err err = {0};
    FAILS(npy_load(path_of(&arena, "none.npy"), NPY_F4, &arena, &out, &err), err, ERR_NOT_FOUND);
}
