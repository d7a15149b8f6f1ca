#include "measure/facet.h"

#include "harness.h"

struct people {
    struct arena arena;
    struct facet_column gender, age, state;
};

static void fill(struct facet_column *column, struct view name, const char *const *cell,
                 size_t rows, struct arena *arena)
{
    struct err err = {0};
    WORKS(facet_column_init(column, name, rows, arena, &err), err);
    for (size_t i = 0; i < rows; i++)
        WORKS(facet_column_set(column, i, cell[i] == NULL ? (struct view){0} : view_of(cell[i]),
                               &err),
              err);
}

static void people_init(struct people *people)
{
    static const char *const gender[] = {"F", "M", "F", NULL, "M", "F"};
    static const char *const age[] = {"20", "30", "40.5", "50", NULL, "30"};
    static const char *const state[] = {"WA", "CA", "WA", "CA", "WA", "CA"};
    people->arena = (struct arena){.limit = 1 << 20};
    fill(&people->gender, VIEW("gender"), gender, 6, &people->arena);
    fill(&people->age, VIEW("age"), age, 6, &people->arena);
    fill(&people->state, VIEW("state"), state, 6, &people->arena);
}

/* Which rows, as a number with the first row's bit highest. */
static unsigned rows_of(const struct facet *facet)
{
    unsigned bits = 0;
    for (size_t i = 0; i < 6; i++)
        bits = bits << 1 | facet_has(facet, i);
    return bits;
}

TEST(a_facet_is_the_rows_with_one_of_its_values)
{
    struct people p;
    static struct facet_list list;
    struct err err = {0};
    people_init(&p);
    list.count = 0;
    struct view value[] = {VIEW("20"), VIEW("30.0"), VIEW("nobody")};
    WORKS(facet_add_values(&list, &p.gender, &(struct view){"F", 1}, 1, &p.arena, &err), err);
    WORKS(facet_add_values(&list, &p.age, value, 3, &p.arena, &err), err);
    SAME(rows_of(&list.facet[0]), 051); /* 101001 */
    SAME(list.count, 2);
    TEXT(list.facet[0].value, "F");
    SAME(rows_of(&list.facet[1]), 061);
    TEXT(list.facet[1].value, "20, 30.0, nobody");
    arena_release(&p.arena);
}

TEST(a_facet_is_the_rows_whose_number_is_past_a_limit)
{
    struct people p;
    static struct facet_list list;
    struct err err = {0};
    people_init(&p);
    list.count = 0;
    WORKS(facet_add_limit(&list, &p.age, 30, false, &p.arena, &err), err);
    WORKS(facet_add_limit(&list, &p.age, 30, true, &p.arena, &err), err);
    SAME(rows_of(&list.facet[0]), 035); /* 011101 */
    SAME(rows_of(&list.facet[1]), 014); /* 001100 */
    TEXT(list.facet[1].value, "30");
    arena_release(&p.arena);
}

TEST(columns_crossed_make_a_facet_of_each_combination_that_occurs)
{
    struct people p;
    static struct facet_list list;
    struct err err = {0};
    people_init(&p);
    list.count = 0;
    const struct facet_column *column[] = {&p.gender, &p.state};
    WORKS(facet_add_cross(&list, column, 2, &p.arena, &err), err);
    SAME(list.count, 4);
    static const char *const value[] = {"F, CA", "F, WA", "M, CA", "M, WA"};
    static const unsigned rows[] = {01, 050, 020, 02};
    for (size_t i = 0; i < 4; i++) {
        TEXT(list.facet[i].name, "gender, state");
        TEXT(list.facet[i].value, value[i]);
        SAME(rows_of(&list.facet[i]), rows[i]);
    }
    const struct facet_column *three[] = {&p.gender, &p.state, &p.age};
    list.count = 0;
    WORKS(facet_add_cross(&list, three, 3, &p.arena, &err), err);
    SAME(list.count, 4);
    TEXT(list.facet[0].value, "F, CA, 30");
    TEXT(list.facet[3].value, "M, CA, 30");
    arena_release(&p.arena);
}

TEST(more_facets_than_are_looked_at_are_refused_by_their_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    static struct facet_list list;
    struct facet_column column;
    struct err err = {0};
    enum { ROWS = 2000 };
    WORKS(facet_column_init(&column, VIEW("policy"), ROWS, &arena, &err), err);
    for (size_t i = 0; i < ROWS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", i % (FACETS_MAX + 1));
        WORKS(facet_column_set(&column, i, view_of(name), &err), err);
    }
    const struct facet_column *columns[] = {&column};
    list.count = 0;
    FAILS(facet_add_cross(&list, columns, 1, &arena, &err), err, ERR_INPUT);
    SAYS(err, "'policy' makes more than the 256 facets");
    for (size_t i = 0; i < ROWS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu", i);
        WORKS(facet_column_set(&column, i, view_of(name), &err), err);
    }
    err = (struct err){0};
    FAILS(facet_add_cross(&list, columns, 1, &arena, &err), err, ERR_INPUT);
    SAYS(err, "'policy' has 2000 values");
}

TEST(one_value_is_a_limit_of_a_column_of_many_numbers_and_a_value_of_any_other)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct err err = {0};
    struct facet_column texts, few, many, fractions;
    enum { ROWS = 100 };
    struct facet_column *const all[] = {&texts, &few, &many, &fractions};
    for (size_t c = 0; c < 4; c++) {
        WORKS(facet_column_init(all[c], VIEW("c"), ROWS, &arena, &err), err);
        for (size_t i = 0; i < ROWS; i++) {
            char cell[32];
            snprintf(cell, sizeof cell, "%s%zu%s", c == 0 ? "v" : "", c == 1 ? i % 4 : i,
                     c == 3 ? ".5" : "");
            WORKS(facet_column_set(all[c], i, view_of(cell), &err), err);
        }
    }
    TRUE(!facet_is_limit(&texts, 1));
    TRUE(!facet_is_limit(&few, 1)); /* 4 of 100 rows: below a twentieth */
    TRUE(facet_is_limit(&many, 1));
    TRUE(facet_is_limit(&fractions, 1));
    TRUE(!facet_is_limit(&many, 2)); /* two values are never a limit */
}
