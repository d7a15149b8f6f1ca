/* A reference that is too small for a part of a look does not grow: the look is judged without it,
 * and the next one begins where it ended. */
#include "look_ground.h"

#define DAY_US INT64_C(86400000000)

#define CHAMPION(champion, title, count)                                                           \
    STORE(store, title);                                                                           \
    CLEANUP(champion_release) struct champion champion;                                            \
    champion_make(&champion, &(struct champion_kind){.rows = (count)}, &arena)

ON_BOTH(columns_are_judged_though_too_few_rows_were_held_out_for_scores)
{
    CHAMPION(champion, "small_drift", 380); /* of which 190 are held out */
    decide_many(
        &store, &champion,
        &(struct decided){
            .prefix = "d", .count = 200, .times = 1, .since_us = START_US - 1800 * SECOND_US});
    struct seen seen = champion_look(&watch_drift, &store, &champion, "monitor: {rows_min: 200}\n",
                                     START_US, &arena);
    SAME(reading_of(&seen, &alarm_score_drift, "")->state, STATE_INSUFFICIENT);
    SAME(seen.state, WATCH_OK);
}

ON_BOTH(a_group_that_the_reference_has_too_few_of_is_not_waited_for)
{
    CHAMPION(champion, "small_bias", 380);
    decide_many(&store, &champion,
                &(struct decided){.prefix = "d",
                                  .count = 600,
                                  .times = 1,
                                  .labels = true,
                                  .since_us = START_US - DAY_US - 1800 * SECOND_US});
    struct seen seen = champion_look(&watch_bias, &store, &champion,
                                     "monitor: {maturity_days: 1}\nbias: {members_min: 150, "
                                     "outcomes_min: 1, facets: [{column: kind, value: fire}]}\n",
                                     START_US, &arena);
    SAME(seen.rows, 600);
    SAME(seen.count, 0);
    SAME(seen.state, WATCH_OK);
}
