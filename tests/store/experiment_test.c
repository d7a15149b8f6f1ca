#include "store/experiment.h"

#include "ground.h"
#include "store/audit.h"
#include "versions.h"

#include <math.h>

static struct experiment canary(const char *name)
{
    struct experiment wanted = {
        .kind = EXPERIMENT_CANARY,
        .champion = 1,
        .rival = 2,
        .entity = "card",
        .share = {0.01, 0.1, 1},
        .steps = 3,
        .bake_ms = 60000,
        .alpha = 0.05,
        .planned = 10000,
        .mature_ms = 5,
        .promotes = true,
    };
    snprintf(wanted.name, sizeof wanted.name, "%s", name);
    return wanted;
}

ON_BOTH(an_experiment_runs_alone_until_it_ends)
{
    STORE_OF_TWO(store, "experiment_alone");
    struct experiment found, wanted = canary("autumn");
    bool taken;
    WORKS(experiment_running(&store, &found, &err), err);
    SAME(found.id, 0);
    FAILS(experiment_find(&store, VIEW(""), &found, &err), err, ERR_NOT_FOUND);
    err = (struct err){0};
    WORKS(experiment_start(&store, &wanted, "ann", &found, &err), err);
    TRUE(found.id != 0 && found.state == EXPERIMENT_RUNNING && found.kind == EXPERIMENT_CANARY);
    TRUE(found.steps == 3 && found.share[1] == 0.1 && found.alpha == 0.05 && found.promotes);
    TEXT(view_of(found.entity), "card");

    struct experiment other = canary("winter"), running;
    FAILS(experiment_start(&store, &other, "bob", &running, &err), err, ERR_CONFLICT);
    SAYS(err, "'autumn' runs since 20");
    SAYS(err, "Z: end it by `assay experiment stop autumn` first");
    err = (struct err){0};
    WORKS(experiment_end(&store, &found, EXPERIMENT_STOPPED, "ann", "enough", &taken, &err), err);
    TRUE(taken);
    WORKS(experiment_end(&store, &found, EXPERIMENT_PROMOTED, "bob", "late", &taken, &err), err);
    TRUE(!taken);
    FAILS(experiment_start(&store, &wanted, "bob", &running, &err), err, ERR_CONFLICT);
    SAYS(err, "'autumn' already");
    err = (struct err){0};
    WORKS(experiment_start(&store, &other, "bob", &running, &err), err);
    WORKS(experiment_find(&store, VIEW("autumn"), &found, &err), err);
    TRUE(found.state == EXPERIMENT_STOPPED && found.ended_ms >= found.started_ms);
    TEXT(view_of(found.reason), "enough");
    struct experiment list[5];
    size_t count;
    WORKS(experiment_list(&store, list, LENGTH_OF(list), &count, &err), err);
    SAME(count, 2);
    TEXT(view_of(list[0].name), "winter");

    struct audit_summary summary;
    WORKS(audit_verify(&store, (struct view){0}, &summary, &err), err);
    SAME(summary.events, 2 + 3);
}

ON_BOTH(a_step_is_taken_once)
{
    STORE_OF_TWO(store, "experiment_step");
    struct experiment found, wanted = canary("c");
    bool taken;
    WORKS(experiment_start(&store, &wanted, "ann", &found, &err), err);
    WORKS(experiment_step(&store, &found, 0, "server", &taken, &err), err);
    TRUE(taken);
    WORKS(experiment_step(&store, &found, 0, "server", &taken, &err), err);
    TRUE(!taken);
    WORKS(experiment_running(&store, &found, &err), err);
    SAME(found.step, 1);
    WORKS(experiment_end(&store, &found, EXPERIMENT_ROLLED_BACK, "server", "errors", &taken, &err),
          err);
    WORKS(experiment_step(&store, &found, 1, "server", &taken, &err), err);
    TRUE(!taken);
}

ON_BOTH(what_makes_no_sense_is_refused)
{
    STORE_OF_TWO(store, "experiment_refused");
    struct experiment out, wanted;
#define REFUSED(change, why)                                                                       \
    do {                                                                                           \
        wanted = canary("x");                                                                      \
        change;                                                                                    \
        err = (struct err){0};                                                                     \
        FAILS(experiment_start(&store, &wanted, "ann", &out, &err), err, ERR_INPUT);               \
        SAYS(err, why);                                                                            \
    } while (0)
    REFUSED(wanted.name[0] = '\0', "has a name");
    REFUSED(wanted.name[0] = '/', "made of letters");
    REFUSED(wanted.rival = 1, "is the champion");
    REFUSED(wanted.entity[0] = '\0', "--entity");
    REFUSED(wanted.steps = 0, "1 to 10 shares");
    REFUSED(wanted.share[1] = 0.01, "shares rise");
    REFUSED(wanted.share[2] = 1.5, "shares rise");
    REFUSED(wanted.share[0] = 0, "shares rise");
    REFUSED(wanted.alpha = 0, "alpha");
#undef REFUSED
}

TEST(an_entity_is_always_on_one_side_and_stays_as_the_share_rises)
{
    size_t few = 0, many = 0, agree = 0, count = 20000;
    for (size_t i = 0; i < count; i++) {
        char bytes[16];
        struct text text = text_in(bytes, sizeof bytes);
        text_addf(&text, "card-%zu", i);
        bool at_10 = experiment_picks(VIEW("a"), 0.1, text_view(&text));
        bool at_30 = experiment_picks(VIEW("a"), 0.3, text_view(&text));
        TRUE(at_10 == experiment_picks(VIEW("a"), 0.1, text_view(&text)));
        TRUE(!at_10 || at_30);
        few += at_10;
        many += at_30;
        agree += at_10 && experiment_picks(VIEW("b"), 0.1, text_view(&text));
    }
    /* Five standard errors; another name is another draw. */
    TRUE(fabs((double)few - 2000) < 5 * sqrt(1800));
    TRUE(fabs((double)many - 6000) < 5 * sqrt(4200));
    TRUE(fabs((double)agree - 200) < 5 * sqrt(198));
    TRUE(experiment_picks(VIEW("a"), 1, VIEW("")));
    TRUE(!experiment_picks(VIEW("a"), 0, VIEW("x")));
}
