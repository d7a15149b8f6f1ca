#include "shift_ground.h"

TEST(numbers_are_scaled_and_moved_by_as_much_as_the_shift_has_grown)
{
    struct shift_event event = ground_event(1, 10, "shop");
    struct shift_fate fate = ground_apply("covariate:column=amount,factor=3,add=4,over=4", &event);
    NEAR(event.cell[AMOUNT].number, 22, 1e-12); /* half grown: x2, +2 */
    SAME(event.touched, 1);
    SAME(fate.removed_by, -1);
    SAME(fate.copies, 0);
    event = ground_event(1, 10, "shop");
    ground_apply("covariate:column=amount,add=-40", &event);
    NEAR(event.cell[AMOUNT].number, 0, 0);
    ground_apply("covariate:column=distance,factor=2", &event);
    TRUE(isnan(event.cell[DISTANCE].number));
}

TEST(what_becomes_commoner_does_so_because_the_others_become_rarer)
{
    struct shift_event shop = ground_event(0, 10, "shop"), net = ground_event(0, 10, "net");
    NEAR(ground_share("mix:column=kind,value=shop,factor=4", shop), 1, 0);
    NEAR(ground_share("mix:column=kind,value=shop,factor=4", net), 0.25, 0.02);
    NEAR(ground_share("mix:column=kind,value=shop,factor=0.25", shop), 0.25, 0.02);
    NEAR(ground_share("mix:column=kind,value=shop,factor=0.25", net), 1, 0);
    NEAR(ground_share("mix:column=amount,above=5,below=20,factor=2", net), 1, 0);
    NEAR(ground_share("mix:column=amount,above=10,factor=2", net), 0.5, 0.02);
}

TEST(cells_go_missing_get_a_unit_or_a_value_never_seen)
{
    struct shift_event event = ground_event(0, 10, "shop");
    ground_apply("schema:column=amount,change=missing", &event);
    SAME(event.cell[AMOUNT].state, SHIFT_MISSING);
    event = ground_event(0, 10, "shop");
    ground_apply("schema:column=amount,change=type", &event);
    SAME(event.cell[AMOUNT].state, SHIFT_WITH_UNIT);
    ground_apply("schema:column=kind,change=category,value=kiosk", &event);
    TEXT(event.cell[KIND].word, "kiosk");
    ground_apply("schema:column=distance,change=type", &event);
    SAME(event.cell[DISTANCE].state, SHIFT_PLAIN);
    unsigned missing = 0;
    struct shift_plan plan = ground_plan("schema:column=kind,change=missing,share=0.5,over=2");
    struct shift_draw draw = shift_draw_of(&plan, 1, 0, 0);
    for (unsigned i = 0; i < 10000; i++) {
        struct shift_event one = ground_event(0, 10, "shop");
        shift_apply(&plan, &draw, &one);
        missing += one.cell[KIND].state == SHIFT_MISSING;
    }
    NEAR(missing, 2500, 250);
}

TEST(a_column_is_called_something_else_or_not_there)
{
    struct shift_plan plan = ground_plan("schema:column=amount,change=rename,value=amt,from=3");
    TEXT(shift_name(&plan, &ground, AMOUNT, 2), "amount");
    TEXT(shift_name(&plan, &ground, AMOUNT, 3), "amt");
    TEXT(shift_name(&plan, &ground, KIND, 3), "kind");
    plan = ground_plan("schema:column=kind,change=drop");
    TRUE(shift_name(&plan, &ground, KIND, 0).text == NULL);
}
