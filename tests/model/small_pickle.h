/*
 * small_pickle: pickles a test can write down by hand, in the readable opcodes of protocol 0.
 *
 *     VIEW(ARRAY("(I2\nt", DTYPE("i2", ">"), "0", "\\x00\\x01\\x00\\x02") ".")
 */
#ifndef TESTS_MODEL_SMALL_PICKLE_H
#define TESTS_MODEL_SMALL_PICKLE_H

#include "harness.h"

#include "model/pickle_read.h"

#define DTYPE(code, order)                                                                         \
    "cnumpy\ndtype\n(S'" code "'\nI0\nI1\ntR(I3\nS'" order "'\nNNNI-1\nI-1\nI0\ntb"

/* `shape`: "(I2\nt"; `fortran`: "0" or "1"; `bytes`: as in Python's quotes. */
#define ARRAY_OF(shape, dtype, fortran, elements)                                                  \
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n" shape dtype      \
    "I0" fortran "\n" elements "tb"
#define ARRAY(shape, dtype, fortran, bytes) ARRAY_OF(shape, dtype, fortran, "S'" bytes "'\n")

/* An object of a class with a state dict: OBJECT("sklearn.x\nY", ATTRIBUTE("a", "I1\n")). */
#define OBJECT(class, attributes) "c" class "\n)R(d" attributes "b"
#define ATTRIBUTE(name, value)    "S'" name "'\n" value "s"

#define F64_0   "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
#define F64_1   "\\x00\\x00\\x00\\x00\\x00\\x00\\xf0?"
#define F64_2   "\\x00\\x00\\x00\\x00\\x00\\x00\\x00@"
#define F64_3   "\\x00\\x00\\x00\\x00\\x00\\x00\\x08@"
#define F64_4   "\\x00\\x00\\x00\\x00\\x00\\x00\\x10@"
#define F64_NAN "\\x00\\x00\\x00\\x00\\x00\\x00\\xf8\\x7f"

static inline const struct pickle *small_pickle(struct view bytes, struct arena *arena)
{
    const struct pickle *root = NULL;
    struct err err = {0};
    WORKS(pickle_read(bytes, arena, &root, &err), err);
    return root;
}

#endif
