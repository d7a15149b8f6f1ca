#include "shift_ground.h"

TEST(every_kind_of_shift_is_complete_and_named_once)
{
    for (size_t i = 0; i < SHIFT_KINDS; i++) {
        const struct shift_kind *kind = shift_kinds[i];
        TRUE(kind->name[0] != '\0' && kind->about[0] != '\0');
        TRUE(kind->apply != NULL || kind->weight != NULL);
        TRUE((kind->needs & kind->may) == 0 && (kind->needs | kind->may) != 0);
        for (size_t k = 0; k < i; k++)
            TRUE(strcmp(kind->name, shift_kinds[k]->name) != 0);
        char bytes[256];
        struct text text = text_in(bytes, sizeof bytes);
        shift_add_settings(&text, kind);
        TRUE(text.length > 0 && !text.cut);
    }
}

TEST(a_shift_grows_from_its_day_to_its_whole_and_is_gone_at_its_end)
{
    struct shift_plan plan = ground_plan("prior:factor=2,from=10,over=4,until=20");
    const struct shift *shift = &plan.shift[0];
    NEAR(shift_strength(shift, 9), 0, 0);
    NEAR(shift_strength(shift, 10), 0.25, 0);
    NEAR(shift_strength(shift, 12), 0.75, 0);
    NEAR(shift_strength(shift, 13), 1, 0);
    NEAR(shift_strength(shift, 19), 1, 0);
    NEAR(shift_strength(shift, 20), 0, 0);
    plan = ground_plan("prior:factor=2,from=2025-01-31");
    NEAR(shift_strength(&plan.shift[0], 29), 0, 0);
    NEAR(shift_strength(&plan.shift[0], 30), 1, 0);
}

TEST(what_cannot_be_shifted_is_refused_with_the_remedy)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no kind of drift"},
        {"covariant:column=amount", "no kind of drift"},
        {"covariate", "needs column"},
        {"covariate:column=amount", "covariate takes factor=..., add=... or both"},
        {"covariate:column=price", "there are amount, kind, distance"},
        {"covariate:column=kind,factor=2", "for a column of numbers"},
        {"covariate:column=amount,share=0.5", "takes no share; it takes"},
        {"covariate:column=amount,factor=101", "from 0 to 100"},
        {"covariate:column=amount,from=yesterday", "a date"},
        {"covariate:column=amount,from=2024-12-31", "from 0 to 3650"},
        {"covariate:column=amount,factor=2,from=9,until=9", "gone before it begins"},
        {"mix:column=kind,factor=2", "value=..."},
        {"mix:column=amount,factor=2,value=shop", "value=..."},
        {"mix:column=kind,factor=2,value=shop,above=1", "value=..."},
        {"prior:from=3", "needs factor"},
        {"concept:share=1.5", "from 0 to 1"},
        {"schema:column=amount", "needs change"},
        {"schema:column=amount,change=gone", "missing, type, category, rename or drop"},
        {"schema:column=amount,change=rename", "needs value"},
        {"schema:column=amount,change=missing,value=x", "takes no value"},
        {"schema:column=amount,change=drop,over=3", "at once"},
        {"schema:column=amount,change=category,value=x", "for a column of words"},
        {"schema:column=kind,change=type", "for a column of numbers"},
        {"seasonality:period=month", "day, week or year"},
        {"seasonality:period=week,peak=7", "below 7"},
        {"seasonality:period=week,swing=0.5", "said together"},
        {"seasonality:period=week,swing=0.5,column=kind", "said together"},
        {"seasonality:period=week,volume=1", "from 0 to 0.9"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct err err = {0};
        struct shift_plan plan = {0};
        FAILS(shift_add(&plan, &ground, view_of(cases[i].text), &err), err, ERR_USAGE);
        SAYS(err, cases[i].says);
    }
}

TEST(a_stream_has_so_many_shifts_and_no_more)
{
    struct err err = {0};
    struct shift_plan plan = {0};
    for (size_t i = 0; i < SHIFTS_MAX; i++)
        WORKS(shift_add(&plan, &ground, VIEW("prior:factor=2"), &err), err);
    FAILS(shift_add(&plan, &ground, VIEW("prior:factor=2"), &err), err, ERR_USAGE);
    plan = (struct shift_plan){0};
    for (size_t i = 0; i < 3; i++)
        WORKS(shift_add(&plan, &ground, VIEW("seasonality:period=week"), &err), err);
    FAILS(shift_add(&plan, &ground, VIEW("seasonality:period=day"), &err), err, ERR_USAGE);
    SAYS(err, "at most 3 seasons");
}

TEST(what_a_shift_draws_does_not_depend_on_the_others)
{
    struct err err = {0};
    struct shift_plan one = ground_plan("schema:column=amount,change=missing,share=0.5");
    struct shift_plan two = one;
    WORKS(shift_add(&two, &ground, VIEW("schema:column=kind,change=missing,share=0.5"), &err), err);
    struct shift_draw alone = shift_draw_of(&one, 3, 0, 5), beside = shift_draw_of(&two, 3, 0, 5);
    for (unsigned i = 0; i < 100; i++) {
        struct shift_event a = ground_event(0, 1, "shop"), b = a;
        shift_apply(&one, &alone, &a);
        shift_apply(&two, &beside, &b);
        SAME(a.cell[AMOUNT].state, b.cell[AMOUNT].state);
        SAME(a.touched & 1, b.touched & 1);
    }
}
