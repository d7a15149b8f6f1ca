#include "shift_ground.h"

TEST(fraud_is_copied_or_taken_out_and_honest_events_are_left_alone)
{
    struct shift_event honest = ground_event(0, 10, "shop"), fraud = honest;
    fraud.fraud = 2;
    NEAR(ground_share("prior:factor=3.5", fraud), 3.5, 0.03);
    NEAR(ground_share("prior:factor=0.25", fraud), 0.25, 0.02);
    NEAR(ground_share("prior:factor=3.5", honest), 1, 0);
    NEAR(ground_share("prior:factor=5,over=4", fraud), 2, 0.03);
}

TEST(honest_events_become_a_fraud_that_looks_honest_and_the_old_kinds_fade)
{
    struct shift_event honest = ground_event(0, 10, "shop"), net = ground_event(0, 10, "net");
    ground_apply("concept:share=1", &honest);
    SAME(honest.fraud, SHIFT_FRAUD_NEW);
    SAME(honest.touched, 1);
    NEAR(honest.cell[AMOUNT].number, 49, 0);
    ground_apply("concept:share=1", &net);
    SAME(net.fraud, 0);
    SAME(net.touched, 0);
    struct shift_event old = ground_event(0, 10, "shop");
    old.fraud = 1;
    NEAR(ground_share("concept:fade=0.8", old), 0.2, 0.02);
    NEAR(ground_share("concept:fade=0.8", honest), 1, 0);
    NEAR(ground_share("concept:share=0.5", old), 1, 0);
}

TEST(as_many_honest_events_change_as_the_share_says)
{
    struct shift_plan plan = ground_plan("concept:share=0.1,over=2");
    struct shift_draw draw = shift_draw_of(&plan, 1, 0, 0);
    unsigned changed = 0;
    for (unsigned i = 0; i < 10000; i++) {
        struct shift_event one = ground_event(0, 10, "shop");
        shift_apply(&plan, &draw, &one);
        changed += one.fraud != 0;
    }
    NEAR(changed, 500, 90);
}
