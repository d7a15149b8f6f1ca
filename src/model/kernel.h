/*
 * kernel: the innermost loops of scoring, one struct for each set of instructions.
 *
 * A row of model/kernels.def is a file kernel_<name>.c. The first row that the
 * machine supports, and whose column limit the model keeps, is taken; the last
 * one runs everywhere and takes every model. All give the same bits.
 */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include "model/engine.h"

struct kernel {
    const char *name;
    const char *about;
    bool (*supported)(void);
    size_t columns_max; /* 0: it reads floats, and needs no columns */
    void (*rank)(const struct columns *columns, const float *row, struct ranks *out);
    float (*margin)(const struct engine *engine, const float *row);
    void (*margins)(const struct engine *engine, const float *rows, size_t count, size_t stride,
                    float *out);
};

#define KERNEL(name) extern const struct kernel kernel_##name;
#include "model/kernels.def"
#undef KERNEL

extern const struct kernel *const kernels[];
extern const size_t kernels_count;

#endif
