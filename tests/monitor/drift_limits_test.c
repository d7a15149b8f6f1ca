#include "monitor/drift_limits.h"

#include "harness.h"

static struct arena arena = {.limit = 1 << 22};

static struct config config_of(const char *text)
{
    struct config config;
    struct err err = {0};
    config_init(&config, &arena);
    WORKS(config_parse(&config, view_of(text), &err), err);
    return config;
}

TEST(a_column_has_its_own_limits_and_the_others_the_defaults)
{
    struct config config = config_of("monitor:\n  rows_min: 100\n  limits:\n"
                                     "    amount: {watch: 0.03, alarm: 0.1}\n"
                                     "    colour: {alarm: 0.5}\n");
    struct drift_limits limits;
    struct err err = {0};
    WORKS(drift_limits_of(&config, VIEW("amount"), &limits, &err), err);
    NEAR(limits.watch, 0.03, 0);
    NEAR(limits.alarm, 0.1, 0);
    SAME(limits.rows_min, 100);
    WORKS(drift_limits_of(&config, VIEW("colour"), &limits, &err), err);
    NEAR(limits.watch, drift_limits_default.watch, 0);
    NEAR(limits.alarm, 0.5, 0);
    WORKS(drift_limits_of(&config, VIEW("other"), &limits, &err), err);
    NEAR(limits.alarm, drift_limits_default.alarm, 0);
}

TEST(limits_out_of_order_and_names_of_nothing_are_refused_with_their_line)
{
    struct config config = config_of("monitor:\n  limits:\n    amount: {watch: 0.3}\n"
                                     "    score: {alarm: 1}\n    amuont: {alarm: 1}\n");
    struct column column = {.name = VIEW("amount")};
    struct drift_limits limits;
    struct schema schema;
    struct err err = {0};
    WORKS(schema_init(&schema, &column, 1, &arena, &err), err);
    FAILS(drift_limits_of(&config, VIEW("amount"), &limits, &err), err, ERR_INPUT);
    SAYS(err, "line 3");
    SAYS(err, "0 <= watch <= alarm");
    FAILS(drift_limits_are_named(&config, &schema, &err), err, ERR_INPUT);
    SAYS(err, "line 5");
    SAYS(err, "'amuont'");
}
