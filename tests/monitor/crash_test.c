/* A monitor that dies between two lines loses nothing that it saw. */
#include "monitor/monitor.h"

#include "watch_ground.h"

static void hear(void *self UNUSED, bool bad UNUSED, const char *line UNUSED)
{
}

ON_BOTH(what_a_monitor_saw_that_died_before_it_could_note_so_is_told)
{
    STORE(store, "crash_told");
    struct config config;
    config_init(&config, &arena);
    WORKS(config_parse(&config,
                       VIEW("monitor: {drift: never, multivariate: never, performance: never, "
                            "bias: never, quality: never, service: never, upkeep: 1h}\n"),
                       &err),
          err);
    struct monitor monitor = {.config = &config,
                              .store = &store,
                              .journal_dir = test_dir(),
                              .say = hear,
                              .retrain = {.config = &config, .store = &store, .owner = "a"}};
    WORKS(monitor_init(&monitor, &err), err);
    /* Dies where the look is to be noted: the row is as if it were gone. */
    WORKS(db_run(&store.db, "alter table monitor_result rename to away", &err), err);
    TRUE(!monitor_round(&monitor, START, &err));
    SAME(count_rows(&store,
                    "select count(*) from alarm_key where alarm = 'disk' and subject = 'store'"),
         1);
    err = (struct err){0};
    WORKS(db_run(&store.db, "alter table away rename to monitor_result", &err), err);
    WORKS(monitor_round(&monitor, START + RUN_LEASE_MS + 1, &err), err);
    SAME(count_rows(&store, "select count(*) from monitor_run where state = 'ok'"), 1);
    SAME(count_rows(&store, "select count(*) from alarm_key where alarm = 'disk' and subject = "
                            "'store' and past = '.'"),
         1);
}
