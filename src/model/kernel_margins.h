/*
 * kernel_margins: many rows, around the kernel's own rank_rows, number_leaves and heap_floats; and
 * one by one where the forest has no heaps.
 */
#ifndef MODEL_KERNEL_MARGINS_H
#define MODEL_KERNEL_MARGINS_H

#include "model/kernel.h"

static float margin(const struct engine *engine, const float *row);

static void heap_doubles(const struct engine *engine, const uint8_t *ranks, size_t count,
                         float *out)
{
    double sums[ENGINE_ROWS];
    _Alignas(64) uint8_t number[ENGINE_ROWS];
    for (size_t i = 0; i < ENGINE_ROWS; i++)
        sums[i] = (double)engine->forest.base_margin;
    for (size_t tree = 0; tree < engine->forest.tree_count; tree++) {
        number_leaves(engine, engine->heap[tree], ranks, number);
        const double *leaf = engine->heap_precise_leaf + engine->heap[tree].leaf;
        for (size_t i = 0; i < ENGINE_ROWS; i++)
            sums[i] += leaf[number[i]];
    }
    for (size_t i = 0; i < count; i++)
        out[i] = (float)sums[i];
}

static void heap_margins(const struct engine *engine, const float *rows, size_t count,
                         size_t stride, float *out)
{
    struct rank_block block;
    for (size_t done = 0; done < count; done += ENGINE_ROWS) {
        size_t part = count - done < ENGINE_ROWS ? count - done : ENGINE_ROWS;
        rank_rows(&engine->columns, rows + done * stride, part, stride, &block);
        if (engine->precise_leaf != NULL)
            heap_doubles(engine, block.column[0], part, out + done);
        else
            heap_floats(engine, block.column[0], part, out + done);
    }
}

static void margins(const struct engine *engine, const float *rows, size_t count, size_t stride,
                    float *out)
{
    enum { FEW = 16 }; /* these are sooner done one by one */
    if (engine->heaps && count > FEW) {
        heap_margins(engine, rows, count, stride, out);
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = margin(engine, rows + i * stride);
}

#endif
