/*
 * npy: arrays on disk in NumPy's format 1.0, so that any Python reads the very
 * matrix a model was trained on: np.load("train.npy").
 *
 * Little-endian, C order, one or two dimensions. The reader takes just that,
 * with the element type it is asked for.
 */
#ifndef TRAIN_NPY_H
#define TRAIN_NPY_H

#include "base/err.h"
#include "base/view.h"

enum npy_type { NPY_F4, NPY_U1, NPY_U4 };

struct npy {
    enum npy_type type;
    size_t rows;
    size_t width; /* 0: one dimension */
    const void *value;
};

bool npy_save(const char *path, const struct npy *array, struct err *err);

/* The elements are in the arena, aligned. ERR_INPUT when the file is not such an array. */
bool npy_load(const char *path, enum npy_type type, struct arena *arena, struct npy *out,
              struct err *err);

#endif
