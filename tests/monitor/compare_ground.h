/*
 * compare_ground: two sheets out of text, compared.
 */
#ifndef TESTS_MONITOR_COMPARE_GROUND_H
#define TESTS_MONITOR_COMPARE_GROUND_H

#include "monitor/compare.h"

#include "harness.h"

#include "base/rng.h"

#include <math.h>

struct ground {
    struct arena arena;
    struct column column[8];
    struct schema schema;
    struct sheet before, now;
    struct comparison comparison;
    struct text text[2];
    struct drift_limits limits[8];
};

/* amount: number, count: integer, colour: category, fraud: boolean, at: instant, card: id. */
static inline void ground_open(struct ground *ground)
{
    static const struct {
        const char *name;
        enum column_kind kind;
    } columns[] = {{"amount", COLUMN_NUMBER},   {"count", COLUMN_INTEGER},
                   {"colour", COLUMN_CATEGORY}, {"fraud", COLUMN_BOOLEAN},
                   {"at", COLUMN_TIMESTAMP},    {"card", COLUMN_ID}};
    struct err err = {0};
    *ground = (struct ground){.arena = {.limit = 1 << 28}};
    for (size_t i = 0; i < LENGTH_OF(columns); i++)
        ground->column[i] = (struct column){.name = view_of(columns[i].name),
                                            .kind = columns[i].kind,
                                            .input = true,
                                            .values = dictionary_in(&ground->arena),
                                            .format = TIME_MILLISECONDS,
                                            .min = 0,
                                            .max = 10};
    for (size_t i = 0; i < LENGTH_OF(ground->limits); i++)
        ground->limits[i] = drift_limits_default;
    WORKS(schema_init(&ground->schema, ground->column, LENGTH_OF(columns), &ground->arena, &err),
          err);
    ground->text[0] = text_in_arena(&ground->arena);
    ground->text[1] = text_in_arena(&ground->arena);
}

static inline void ground_close(struct ground *ground)
{
    arena_release(&ground->arena);
}

static inline bool ground_read(struct ground *ground, struct err *err)
{
    return sheet_read(&ground->before, &ground->schema, NULL, "before.csv",
                      text_view(&ground->text[0]), &ground->arena, err) &&
           sheet_read(&ground->now, &ground->schema, &ground->before, "now.csv",
                      text_view(&ground->text[1]), &ground->arena, err);
}

static inline void ground_compare(struct ground *ground, const struct drift_mode *mode,
                                  const char *ignore)
{
    struct err err = {0};
    struct comparison_options options = {
        .mode = mode, .ignore = &ignore, .ignores = ignore != NULL, .limits = ground->limits};
    WORKS(ground_read(ground, &err), err);
    WORKS(compare_sheets(&ground->before, &ground->now, &options, &ground->arena,
                         &ground->comparison, &err),
          err);
}

/* Rows of all columns: amounts log-normal times a factor, frauds in so many of a thousand. */
static inline void ground_draw(struct ground *ground, int side, size_t rows, double times,
                               double frauds)
{
    struct rng rng = rng_of(17, (uint32_t)side, 0);
    text_adds(&ground->text[side], "amount,count,colour,fraud,at,card\n");
    for (size_t i = 0; i < rows; i++)
        text_addf(&ground->text[side], "%.6g,%d,%s,%d,%zu,c%zu\n",
                  times * exp(1.67 * rng_normal(&rng)), (int)rng_below(&rng, 5),
                  rng_below(&rng, 3) == 0 ? "red" : "blue", rng_unit(&rng) * 1000 < frauds,
                  i + (size_t)side * rows, i);
}

static inline const struct comparison_column *ground_column(const struct ground *ground,
                                                            const char *name)
{
    for (size_t i = 0; i < ground->comparison.count; i++)
        if (view_is(ground->comparison.column[i].column->name, name))
            return &ground->comparison.column[i];
    FAIL_UNLESS(false, "no column %s", name);
    return NULL;
}

#endif
