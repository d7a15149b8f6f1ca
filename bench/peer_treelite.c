/*
 * Treelite: the model as C, written by tl2cgen and compiled by gcc; its function called directly.
 */
#include "contender.h"

#include <math.h>

union entry {
    int missing; /* -1 */
    float value;
};

struct treelite {
    void (*predict)(union entry *row, int margin, float *result);
    const struct table *table;
    union entry *row;
};

static void *open_model(const struct contender *contender)
{
    struct treelite *self = room_for(sizeof *self, 1);
    library_find(library_open(contender->library), "predict", &self->predict);
    self->table = contender->table;
    self->row = room_for(sizeof *self->row, self->table->columns);
    return self;
}

static void close_model(void *opaque)
{
    struct treelite *self = opaque;
    free(self->row);
    free(self);
}

static float one(void *opaque, const float *row)
{
    struct treelite *self = opaque;
    for (size_t i = 0; i < self->table->columns; i++)
        if (isnan(row[i]))
            self->row[i].missing = -1;
        else
            self->row[i].value = row[i];
    float result = 0;
    self->predict(self->row, 1, &result);
    return result;
}

static void many(void *opaque, const float *rows, size_t count, float *out)
{
    struct treelite *self = opaque;
    for (size_t i = 0; i < count; i++)
        out[i] = one(self, rows + i * self->table->columns);
}

const struct contender_kind kind_treelite = {
    .name = "treelite",
    .open = open_model,
    .close = close_model,
    .margin = one,
    .margins = many,
};
