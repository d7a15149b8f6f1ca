/*
 * fixture: a plan declared, fitted and applied in a few lines, on top of tests/data/fixture.h.
 *
 *     struct fitted f;
 *     WORKS(fit(&f, "columns: {...}\nfeatures: [...]\n", "amount\n1\n3\n", "11"), f.err);
 *     NEAR(value(&f, 0, "amount"), 1, 0);
 */
#ifndef TESTS_FEATURE_FIXTURE_H
#define TESTS_FEATURE_FIXTURE_H

#include "data/fixture.h"

#include "feature/fit.h"

#include <math.h>

enum { ROW_MAX = 64, FIXTURE_COLUMNS_MAX = 16 };

struct fitted {
    struct arena arena;
    struct schema schema;
    struct declared_plan declared;
    struct table table;
    struct plan plan;
    struct err err;
};

static inline void fitted_release(struct fitted *fitted)
{
    arena_release(&fitted->arena);
}

static inline bool declare(struct fitted *out, const char *yaml)
{
    *out = (struct fitted){.arena = {.limit = 64 << 20}};
    struct config config = config_from(yaml, &out->arena);
    WORKS(declare_schema(&config, &out->arena, &out->schema, &out->err), out->err);
    return plan_declare(&config, &out->schema, &out->arena, &out->declared, &out->err);
}

/* `wanted` has a '1' for each row that trains. Values are learned from those rows. */
static inline bool fit(struct fitted *out, const char *yaml, const char *csv, const char *wanted)
{
    if (!declare(out, yaml))
        return false;
    out->table = table_from(&out->schema, "fitted.csv", csv, &out->arena);
    uint8_t *marks = arena_new(&out->arena, uint8_t, out->table.rows);
    SAME(strlen(wanted), out->table.rows);
    for (size_t i = 0; i < out->table.rows; i++)
        marks[i] = wanted[i] == '1';
    WORKS(table_learn_values(&out->table, out->schema.column, marks, &out->arena, &out->err),
          out->err);
    return plan_fit(&out->declared, &out->table, marks, &out->arena, &out->plan, &out->err);
}

static inline void apply(const struct fitted *fitted, const struct plan *plan, size_t row,
                         float *out)
{
    struct cell cell[FIXTURE_COLUMNS_MAX];
    struct record record = {.cell = cell};
    struct err err = {0};
    TRUE(plan->width <= ROW_MAX && fitted->schema.count <= FIXTURE_COLUMNS_MAX);
    WORKS(table_record(&fitted->table, row, &record, &err), err);
    feature_apply(plan, &record, out);
}

static inline float value(const struct fitted *fitted, size_t row, const char *name)
{
    float out[ROW_MAX];
    apply(fitted, &fitted->plan, row, out);
    for (size_t i = 0; i < fitted->plan.width; i++)
        if (view_is(fitted->plan.width_name[i], name))
            return out[i];
    test_fail(__FILE__, __LINE__, "no place in the row is called '%s'", name);
}

/* One cell through one transform. */
static inline float transformed(const struct transform *transform, double number)
{
    struct feature feature = {.transform = transform, .width = 1};
    struct cell cell = {.number = number};
    float out;
    feature_apply_one(&feature, &cell, &cell, &out);
    return out;
}

#endif
