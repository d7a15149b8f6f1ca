/*
 * facet: the groups that bias is looked for between.
 *
 * A column's cells are numbered by their texts; a facet is the rows that have
 * one of some values of a column, or a number past a limit, or several of these
 * at once. The rest of the rows are what it is compared with, those with a
 * missing cell among them.
 *
 *     struct facet_column gender;
 *     facet_column_init(&gender, VIEW("gender"), rows, arena, err)
 *     facet_column_set(&gender, i, text)                     by row; NULL text: missing
 *     struct facet_list list = {0};
 *     facet_add_values(&list, &gender, &value, 1, arena, err)
 *     facet_add_cross(&list, columns, 2, arena, err)        every combination that occurs
 *     facet_has(&list.facet[0], i)
 */
#ifndef MEASURE_FACET_H
#define MEASURE_FACET_H

#include "base/dictionary.h"
#include "base/err.h"
#include "base/text.h"

enum { FACET_COLUMNS_MAX = 4, FACETS_MAX = 256 };

struct facet_column {
    struct view name;
    struct dictionary values;
    uint32_t *code; /* by row; DICTIONARY_NONE: missing */
    size_t rows;
};

struct facet {
    struct view name;  /* of its column, "gender"; of several, "gender, state" */
    struct view value; /* "Female"; "Female, CA"; a limit: "50" */
    size_t columns;
    const struct facet_column *column[FACET_COLUMNS_MAX];
    const uint8_t *takes[FACET_COLUMNS_MAX]; /* by code */
};

struct facet_list {
    struct facet facet[FACETS_MAX];
    size_t count;
};

bool facet_column_init(struct facet_column *column, struct view name, size_t rows,
                       struct arena *arena, struct err *err);
bool facet_column_set(struct facet_column *column, size_t row, struct view text, struct err *err);

/* How Clarify tells what one value of its configuration means: several are values; one is a value
 * of a column of texts or of few whole numbers (fewer distinct than a twentieth of its rows), else
 * a limit that the facet's numbers are above. */
bool facet_is_limit(const struct facet_column *column, size_t values);

/* Rows with one of the values. 1 and 1.0 are one value. */
bool facet_add_values(struct facet_list *list, const struct facet_column *column,
                      const struct view *value, size_t values, struct arena *arena,
                      struct err *err);
/* Rows whose number is `from` or more; `above`: more. */
bool facet_add_limit(struct facet_list *list, const struct facet_column *column, double from,
                     bool above, struct arena *arena, struct err *err);
/* As Clarify's configuration means it: values or a limit that numbers are above; none: each value
 * of the column is a facet. */
bool facet_add_declared(struct facet_list *list, const struct facet_column *column,
                        const struct view *value, size_t values, struct arena *arena,
                        struct err *err);
/* Each combination of values of 1 to FACET_COLUMNS_MAX columns that some row has, by the values'
 * bytes. Rows with a missing cell are of none. */
bool facet_add_cross(struct facet_list *list, const struct facet_column *const *column,
                     size_t columns, struct arena *arena, struct err *err);

bool facet_has(const struct facet *facet, size_t row);

/* Whether a text spells this value: the same bytes, or the same number. */
bool facet_same_value(struct view a, struct view b);

#endif
