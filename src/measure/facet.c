#include "measure/facet.h"

#include "base/number.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the facets do not fit the memory limit");
}

bool facet_column_init(struct facet_column *column, struct view name, size_t rows,
                       struct arena *arena, struct err *err)
{
    *column = (struct facet_column){.name = name,
                                    .values = dictionary_in(arena),
                                    .code = arena_new(arena, uint32_t, rows),
                                    .rows = rows};
    if (column->code == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < rows; i++)
        column->code[i] = DICTIONARY_NONE;
    return true;
}

bool facet_column_set(struct facet_column *column, size_t row, struct view text, struct err *err)
{
    assert(row < column->rows);
    if (text.text == NULL)
        return true;
    return dictionary_add(&column->values, text, &column->code[row]) || out_of_memory(err);
}

bool facet_has(const struct facet *facet, size_t row)
{
    for (size_t i = 0; i < facet->columns; i++) {
        uint32_t code = facet->column[i]->code[row];
        if (code == DICTIONARY_NONE || !facet->takes[i][code])
            return false;
    }
    return true;
}

bool facet_same_value(struct view a, struct view b)
{
    double x, y;
    return view_same(a, b) || (number_parse(a, &x) && number_parse(b, &y) && x == y);
}

bool facet_is_limit(const struct facet_column *column, size_t values)
{
    enum { CATEGORY_SHARE = 20 };
    size_t present = 0, distinct = column->values.count;
    bool whole = true;
    for (uint32_t i = 0; i < distinct; i++) {
        double number;
        if (!number_parse(column->values.text[i], &number))
            return false;
        whole &= number == floor(number);
    }
    for (size_t i = 0; i < column->rows; i++)
        present += column->code[i] != DICTIONARY_NONE;
    return values == 1 && distinct > 0 && (!whole || distinct * CATEGORY_SHARE >= present);
}

/* ---------------------------------------------------------------- adding */

static bool add(struct facet_list *list, struct facet facet, struct err *err)
{
    if (list->count == FACETS_MAX)
        return err_set(err, ERR_INPUT,
                       "'" VIEW_FMT "' makes more than the %d facets that are looked at; fewer "
                       "columns or values make fewer",
                       VIEW_ARG(facet.name), FACETS_MAX);
    list->facet[list->count++] = facet;
    return true;
}

static bool add_one(struct facet_list *list, const struct facet_column *column, struct view value,
                    const uint8_t *takes, struct err *err)
{
    struct facet facet = {.name = column->name, .value = value, .columns = 1};
    facet.column[0] = column;
    facet.takes[0] = takes;
    return add(list, facet, err);
}

bool facet_add_values(struct facet_list *list, const struct facet_column *column,
                      const struct view *value, size_t values, struct arena *arena, struct err *err)
{
    struct text text = text_in_arena(arena);
    uint8_t *takes = arena_new(arena, uint8_t, column->values.count + (size_t)1);
    if (takes == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < values; i++) {
        text_addf(&text, "%s", i > 0 ? ", " : "");
        text_add(&text, value[i]);
        for (uint32_t code = 0; code < column->values.count; code++)
            takes[code] |= facet_same_value(column->values.text[code], value[i]);
    }
    if (text.cut)
        return out_of_memory(err);
    return add_one(list, column, text_view(&text), takes, err);
}

bool facet_add_limit(struct facet_list *list, const struct facet_column *column, double from,
                     bool above, struct arena *arena, struct err *err)
{
    struct text text = text_in_arena(arena);
    uint8_t *takes = arena_new(arena, uint8_t, column->values.count + (size_t)1);
    if (takes == NULL)
        return out_of_memory(err);
    for (uint32_t code = 0; code < column->values.count; code++) {
        double number;
        if (number_parse(column->values.text[code], &number))
            takes[code] = above ? number > from : number >= from;
    }
    text_add_number(&text, from);
    if (text.cut)
        return out_of_memory(err);
    return add_one(list, column, text_view(&text), takes, err);
}

/* ---------------------------------------------------------------- combinations */

/* Codes by the order of their texts, so that the same data gives the same list. */
static bool sorted_codes(const struct facet_column *column, struct arena *arena, uint32_t **out)
{
    uint32_t *code = arena_new(arena, uint32_t, column->values.count + (size_t)1);
    if (code == NULL)
        return false;
    for (uint32_t i = 0; i < column->values.count; i++) {
        uint32_t at = i;
        for (; at > 0 && view_order(column->values.text[code[at - 1]], column->values.text[i]) > 0;
             at--)
            code[at] = code[at - 1];
        code[at] = i;
    }
    *out = code;
    return true;
}

struct cross {
    const struct facet_column *const *column;
    uint32_t *sorted[FACET_COLUMNS_MAX];
    size_t columns, combinations;
    uint8_t *occurs; /* by combination: the first column's code counts most */
};

static bool mark(struct cross *cross, struct arena *arena)
{
    cross->occurs = arena_new(arena, uint8_t, cross->combinations);
    for (size_t row = 0; cross->occurs != NULL && row < cross->column[0]->rows; row++) {
        size_t at = 0;
        bool whole = true;
        for (size_t i = 0; i < cross->columns; i++) {
            uint32_t code = cross->column[i]->code[row];
            whole &= code != DICTIONARY_NONE;
            at = at * cross->column[i]->values.count + (whole ? code : 0);
        }
        if (whole)
            cross->occurs[at] = 1;
    }
    return cross->occurs != NULL;
}

/* The combination numbered in the order of the sorted values, when it occurs. */
static bool add_combination(struct facet_list *list, const struct cross *cross, struct view name,
                            size_t number, struct arena *arena, struct err *err)
{
    uint32_t code[FACET_COLUMNS_MAX];
    size_t at = 0, factor = 1;
    struct facet facet = {.name = name, .columns = cross->columns};
    for (size_t i = cross->columns; i-- > 0;) {
        size_t values = cross->column[i]->values.count;
        code[i] = cross->sorted[i][number % values];
        number /= values;
        at += factor * code[i];
        factor *= values;
    }
    if (!cross->occurs[at])
        return true;
    struct text text = text_in_arena(arena);
    for (size_t i = 0; i < cross->columns; i++) {
        uint8_t *takes = arena_new(arena, uint8_t, cross->column[i]->values.count);
        if (takes == NULL)
            return out_of_memory(err);
        takes[code[i]] = 1;
        facet.column[i] = cross->column[i];
        facet.takes[i] = takes;
        text_addf(&text, "%s", i > 0 ? ", " : "");
        text_add(&text, cross->column[i]->values.text[code[i]]);
    }
    facet.value = text_view(&text);
    return text.cut ? out_of_memory(err) : add(list, facet, err);
}

bool facet_add_cross(struct facet_list *list, const struct facet_column *const *column,
                     size_t columns, struct arena *arena, struct err *err)
{
    enum { VALUES_MAX = 1000, COMBINATIONS_MAX = 1 << 20 };
    struct cross cross = {.column = column, .columns = columns, .combinations = 1};
    struct text name = text_in_arena(arena);
    assert(columns >= 1 && columns <= FACET_COLUMNS_MAX);
    for (size_t i = 0; i < columns; i++) {
        size_t values = column[i]->values.count;
        text_addf(&name, "%s", i > 0 ? ", " : "");
        text_add(&name, column[i]->name);
        if (values > VALUES_MAX || cross.combinations * values > COMBINATIONS_MAX)
            return err_set(err, ERR_INPUT,
                           "'" VIEW_FMT "' has %zu values: too many to make facets of each",
                           VIEW_ARG(column[i]->name), values);
        cross.combinations *= values;
        if (!sorted_codes(column[i], arena, &cross.sorted[i]))
            return out_of_memory(err);
    }
    if (name.cut || !mark(&cross, arena))
        return out_of_memory(err);
    for (size_t i = 0; i < cross.combinations; i++)
        if (!add_combination(list, &cross, text_view(&name), i, arena, err))
            return false;
    return true;
}

bool facet_add_declared(struct facet_list *list, const struct facet_column *column,
                        const struct view *value, size_t values, struct arena *arena,
                        struct err *err)
{
    double limit;
    if (values == 0)
        return facet_add_cross(list, &column, 1, arena, err);
    if (!facet_is_limit(column, values))
        return facet_add_values(list, column, value, values, arena, err);
    if (!number_parse(value[0], &limit))
        return err_set(err, ERR_INPUT,
                       "'" VIEW_FMT "' is a column of numbers, and '" VIEW_FMT
                       "' is none that they could be above",
                       VIEW_ARG(column->name), VIEW_ARG(value[0]));
    return facet_add_limit(list, column, limit, true, arena, err);
}
