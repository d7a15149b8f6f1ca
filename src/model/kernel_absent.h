/* kernel_absent: what stands in for a kernel that is not compiled for this machine. Its
 * supported() says so, and it is never chosen. */
#ifndef MODEL_KERNEL_ABSENT_H
#define MODEL_KERNEL_ABSENT_H

#include "model/kernel.h"

static void rank_row(const struct columns *columns, const float *row, struct ranks *out)
{
    columns_rank(columns, row, out);
}

static float margin(const struct engine *engine, const float *row)
{
    return kernel_portable.margin(engine, row);
}

static void margins(const struct engine *engine, const float *rows, size_t count, size_t stride,
                    float *out)
{
    kernel_portable.margins(engine, rows, count, stride, out);
}

#endif
