#include "harness.h"

#include "data/label_delay.h"

#include <math.h>

enum { DRAWS = 20000, DAY = 86400 };

static struct label_delay delay_of(const char *text)
{
    struct err err = {0};
    struct label_delay delay;
    WORKS(label_delay_parse(view_of(text), &delay, &err), err);
    return delay;
}

TEST(frauds_are_charged_back_after_a_log_normal_time)
{
    struct label_delay delay = delay_of("analyst=0,noise=0,unreported=0.1,most=60");
    struct rng rng = rng_of(1, 0, 0);
    unsigned said = 0, early = 0, at_most = 0;
    for (unsigned i = 0; i < DRAWS; i++) {
        struct label_said label;
        if (!label_delay_draw(&delay, true, &rng, &label))
            continue;
        said++;
        TRUE(label.fraud && strcmp(label.source, "chargeback") == 0);
        TRUE(label.delay_s <= 60 * DAY);
        early += label.delay_s < 25 * DAY;
        at_most += label.delay_s == 60 * DAY;
    }
    NEAR(said, DRAWS * 0.9, 250);
    NEAR(early, said * 0.5, 300);
    /* P(25 exp(0.6 z) > 60) = P(z > 1.459) */
    NEAR(at_most, said * 0.0723, 160);
}

TEST(analysts_are_quick_and_look_at_few_honest_events)
{
    struct label_delay delay = delay_of("cleared=0.1,noise=0.2,analyst=1,unreported=0");
    struct rng rng = rng_of(1, 0, 0);
    unsigned said = 0, wrong = 0, found = 0;
    for (unsigned i = 0; i < DRAWS; i++) {
        struct label_said label;
        if (label_delay_draw(&delay, false, &rng, &label)) {
            said++;
            wrong += label.fraud;
            TRUE(strcmp(label.source, "analyst") == 0 && label.delay_s < 2 * DAY);
        }
        TRUE(label_delay_draw(&delay, true, &rng, &label));
        TRUE(strcmp(label.source, "analyst") == 0 && label.delay_s < 2 * DAY);
        found += label.fraud;
    }
    NEAR(said, DRAWS * 0.1, 180);
    NEAR(wrong, said * 0.2, 80);
    NEAR(found, DRAWS * 0.8, 250);
}

TEST(a_delay_that_cannot_be_is_refused)
{
    struct err err = {0};
    struct label_delay delay;
    FAILS(label_delay_parse(VIEW("mean=3"), &delay, &err), err, ERR_USAGE);
    SAYS(err, "median, spread, most");
    FAILS(label_delay_parse(VIEW("analyst=2"), &delay, &err), err, ERR_USAGE);
    NEAR(delay_of("").median, label_delay_default.median, 0);
}
