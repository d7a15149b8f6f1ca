/*
 * numpy: the arrays inside a pickle, wherever their bytes lie.
 *
 * An array comes in four ways: rebuilt (`_reconstruct` and a state), over a
 * buffer (`_frombuffer`, protocol 5), as joblib's wrapper with the bytes behind
 * it in the file, and as a scalar. All of them are an element type, a shape, an
 * order and bytes; the element type, its fields and their places are read from
 * the pickled dtype, never assumed.
 *
 *     struct numpy nodes;
 *     struct numpy_column left;
 *     if (!numpy_of(value, &nodes, err) || !numpy_field(&nodes, "left_child", &left, err))
 *         ...
 *     int64_t child = numpy_whole(&left, 3);
 */
#ifndef MODEL_NUMPY_H
#define MODEL_NUMPY_H

#include "model/pickle.h"

enum { NUMPY_DIMENSIONS_MAX = 4 };

/* Numbers at equal distances. */
struct numpy_column {
    const char *first;
    size_t count, stride;
    char kind; /* f float, i signed, u unsigned, b bool */
    unsigned size;
    bool big_endian;
};

struct numpy {
    char kind; /* as above; V structured, O objects, S bytes, U text, and others of numpy's */
    bool big_endian;
    bool fortran; /* the first index runs fastest */
    size_t size;  /* of an element */
    size_t count; /* of elements: the product of the shape */
    size_t dimensions, shape[NUMPY_DIMENSIONS_MAX];
    struct view data;            /* size * count bytes; empty when kind is O */
    const struct pickle *dtype;  /* the pickled one */
    const struct pickle *object; /* kind O: a list of `count`, in C order unless fortran */
};

bool numpy_is(const struct pickle *value);
bool numpy_of(const struct pickle *value, struct numpy *out, struct err *err);

/* The elements of an array of numbers, in memory order; one field of a structured array's. A
 * dtype without such a field: false, and `err` names it. */
bool numpy_numbers(const struct numpy *array, struct numpy_column *out, struct err *err);
bool numpy_field(const struct numpy *array, const char *name, struct numpy_column *out,
                 struct err *err);
bool numpy_has_field(const struct numpy *array, const char *name);

double numpy_number(const struct numpy_column *column, size_t index);
int64_t numpy_whole(const struct numpy_column *column, size_t index); /* a float is cut off */

/* Where [i][j] of an array of two dimensions stands in memory order. */
size_t numpy_place(const struct numpy *array, size_t i, size_t j);

/* A Python number, a numpy scalar, or an array of one element. */
bool numpy_scalar(const struct pickle *value, double *out);

/* The text of element i of an array of kind O or U, copied into the arena when it is not UTF-8
 * already. */
bool numpy_text(const struct numpy *array, size_t index, struct arena *arena, struct view *out,
                struct err *err);

/* For the reader: an object of joblib's wrapper class is followed by its array. `pickled`: by
 * another pickle; else by `size` bytes, behind a padding if `padded`. */
bool numpy_is_wrapper(const struct pickle *value);
bool numpy_wrapped(const struct pickle *wrapper, bool *pickled, bool *padded, size_t *size,
                   struct err *err);

#endif
