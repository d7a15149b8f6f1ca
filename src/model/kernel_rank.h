/*
 * kernel_rank: a row's ranks, around the kernel's own rank_of(cut, pivot, value).
 *
 * A column's cuts are 16 blocks of 16, each headed, in the pivots, by its last
 * one. One comparison counts the blocks that lie below the value whole, a
 * second one counts in the block where it falls: whatever the cuts, and with no
 * jump that depends on the value.
 */
#ifndef MODEL_KERNEL_RANK_H
#define MODEL_KERNEL_RANK_H

#include "model/columns.h"

#include <math.h>

static void rank_missing(const struct columns *columns, const float *row, struct ranks *out)
{
    for (size_t i = 0; i < columns->count; i++) {
        size_t twin = i - columns->primary_count;
        size_t primary = i < columns->primary_count ? i : columns->twin_of[twin];
        if (isnan(row[columns->feature[primary]]))
            out->column[i] = columns->missing[i];
    }
}

static void rank_row(const struct columns *columns, const float *row, struct ranks *out)
{
    for (size_t i = 0; i < columns->primary_count; i++) {
        float value = row[columns->feature[i]];
        out->column[i] =
            rank_of(columns->cut + i * COLUMN_CUTS_ROOM, columns->pivot + i * COLUMN_PIVOTS, value);
    }
    for (size_t i = columns->primary_count; i < columns->count; i++)
        out->column[i] = out->column[columns->twin_of[i - columns->primary_count]];
    if (any_missing(row, columns->feature_count))
        rank_missing(columns, row, out);
    columns_codes(columns, row, out);
}

#endif
