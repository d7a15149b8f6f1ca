#include "harness.h"

#include "base/clock.h"
#include "serve/live_quality.h"

static const char schema_json[] =
    "{\"columns\":["
    "{\"name\":\"amount\",\"type\":\"number\",\"input\":true,\"optional\":true,\"expect\":["
    "{\"check\":\"between\",\"max\":\"100\",\"mostly\":0.9,\"severity\":\"warn\"},"
    "{\"check\":\"unique\",\"mostly\":1,\"severity\":\"info\"}]},"
    "{\"name\":\"channel\",\"type\":\"category\",\"input\":true,\"optional\":false,\"values\":[],"
    "\"refuse_unseen\":false},"
    "{\"name\":\"id\",\"type\":\"id\",\"input\":false,\"optional\":false,\"expect\":["
    "{\"check\":\"matches\",\"pattern\":\"[a-z][0-9]\",\"mostly\":1,\"severity\":\"error\"},"
    "{\"check\":\"not_null\",\"mostly\":1,\"severity\":\"error\"}]},"
    "{\"name\":\"age\",\"type\":\"integer\",\"input\":false,\"optional\":false,\"expect\":["
    "{\"check\":\"type\",\"mostly\":1,\"severity\":\"info\"}]}]}";

static const char constraints_json[] =
    "{\"features\":[{\"name\":\"channel\",\"completeness\":1,\"string_constraints\":{\"domains\":"
    "[\"pos\",\"net\"]}}]}";

struct ground {
    struct bundle bundle;
    struct live_quality quality;
    struct meters meters;
    struct cell cell[4];
    struct record record;
};

static void ready(struct ground *ground)
{
    static const struct meters_labels labels = {0};
    struct err err = {0};
    *ground = (struct ground){.bundle.arena.limit = 4 << 20};
    struct arena *arena = &ground->bundle.arena;
    const struct doc *doc = doc_parse(view_of(schema_json), arena, &err);
    WORKS(doc != NULL && schema_read(&ground->bundle.schema, doc, arena, &err), err);
    ground->bundle.paper[PAPER_constraints] = view_of(constraints_json);
    WORKS(live_quality_open(&ground->quality, &ground->bundle, &err), err);
    meters_open(&ground->meters, 2, labels);
    live_quality_place(&ground->quality, &ground->bundle.schema, &ground->meters);
}

static void done(struct ground *ground)
{
    meters_close(&ground->meters);
    bundle_release(&ground->bundle);
}

/* One record, of texts; NULL: not given. What it was refused for is counted too. */
static void sees(struct ground *ground, unsigned worker, const char *const text[4])
{
    struct err err = {0};
    bool ok = true;
    ground->record = record_of(&ground->bundle.schema, ground->cell);
    for (size_t i = 0; i < 4 && ok; i++)
        ok = text[i] == NULL || record_set_text(&ground->record, i, view_of(text[i]), &err);
    ok = ok && record_finish(&ground->record, &err);
    if (ok)
        live_quality_see(&ground->quality, &ground->record, &ground->meters, worker);
    else
        live_quality_refused(&ground->quality, &ground->record, &ground->meters, worker);
}
#define SEES(ground, worker, ...) sees(ground, worker, (const char *const[4]){__VA_ARGS__})

static uint64_t count(const struct ground *ground, const char *expectation, const char *column)
{
    for (size_t i = 0; i < ground->meters.qualities; i++)
        if (strcmp(ground->meters.quality[i].expectation, expectation) == 0 &&
            strcmp(ground->meters.quality[i].column, column) == 0)
            return meters_sum_violations(&ground->meters, i);
    test_fail(__FILE__, __LINE__, "nothing counts %s of %s", expectation, column);
}

TEST(what_one_record_can_break_is_counted_by_expectation_and_column)
{
    struct ground ground;
    ready(&ground);
    SEES(&ground, 0, "5", "pos", "a1", "30");
    SEES(&ground, 1, "101", "kiosk", "A1", "30");
    SEES(&ground, 0, NULL, "net", NULL, "thirty");
    SAME(meters_sum_count(&ground.meters, METER_QUALITY_ROWS), 3);
    SAME(count(&ground, "between", "amount"), 1);
    SAME(count(&ground, "domain", "channel"), 1);
    SAME(count(&ground, "matches", "id"), 1);
    SAME(count(&ground, "not_null", "id"), 1);
    SAME(count(&ground, "type", "age"), 1);
    SAME(count(&ground, "type", "amount"), 0);
    /* unique needs more than one record. */
    for (size_t i = 0; i < ground.meters.qualities; i++)
        TRUE(strcmp(ground.meters.quality[i].expectation, "unique") != 0);
    done(&ground);
}

TEST(a_record_that_is_refused_counts_against_the_cell_it_is_refused_for)
{
    struct ground ground;
    ready(&ground);
    SEES(&ground, 0, "much", "pos", "a1", "30");
    SEES(&ground, 0, "5", "", "a1", "30");
    SEES(&ground, 0, "5", NULL, "a1", "30");
    SAME(count(&ground, "type", "amount"), 1);
    SAME(count(&ground, "between", "amount"), 0);
    SAME(count(&ground, "not_null", "channel"), 2);
    SAME(count(&ground, "type", "channel"), 0);
    SAME(meters_sum_count(&ground.meters, METER_QUALITY_ROWS), 3);
    done(&ground);
}

TEST(the_next_model_counts_on_where_the_last_one_stopped)
{
    struct ground ground;
    ready(&ground);
    size_t places = ground.meters.qualities;
    SEES(&ground, 0, "101", "pos", "a1", "30");
    struct live_quality next;
    struct err err = {0};
    WORKS(live_quality_open(&next, &ground.bundle, &err), err);
    live_quality_place(&next, &ground.bundle.schema, &ground.meters);
    SAME(ground.meters.qualities, places);
    live_quality_see(&next, &ground.record, &ground.meters, 0);
    SAME(count(&ground, "between", "amount"), 2);
    done(&ground);
}

TEST(a_baseline_that_is_no_json_is_an_error)
{
    struct ground ground;
    struct err err = {0};
    ready(&ground);
    ground.bundle.paper[PAPER_constraints] = VIEW("{");
    FAILS(live_quality_open(&ground.quality, &ground.bundle, &err), err, ERR_INPUT);
    SAYS(err, "constraints.json");
    done(&ground);
}
