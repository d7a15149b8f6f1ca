#include "train/job.h"

#include "harness.h"

enum { MEMORY = 8 << 20 };

static const struct view names[] = {VIEW("amount"), VIEW("kind=\"a\\b\""), VIEW("\xc3\xa9")};

static struct job sample(void)
{
    return (struct job){
        .prepared = VIEW("/store/work/prepare-1 2"),
        .out = VIEW("/store/\"out\""),
        .metric = VIEW("aucpr"),
        .rounds = 200,
        .early_stopping = 30,
        .folds = 5,
        .parameters = {.item = {{VIEW("eta"), VIEW("0.1")}, {VIEW("seed"), VIEW("1")}}, .count = 2},
        .feature_name = names,
        .feature_count = LENGTH_OF(names),
    };
}

static struct view written(const struct job *job, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    struct json json = json_to(&text);
    job_write(job, &json);
    assert(!text.cut);
    return text_view(&text);
}

static bool reads(struct view text, struct job *job, struct arena *arena, struct err *err)
{
    const struct doc *doc = doc_parse(text, arena, err);
    return doc != NULL && job_read(job, doc, arena, err);
}

TEST(a_job_comes_back_whole)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct job job = sample(), back;
    struct err err = {0};
    WORKS(reads(written(&job, &arena), &back, &arena, &err), err);
    TRUE(view_same(back.prepared, job.prepared) && view_same(back.out, job.out));
    TEXT(back.metric, "aucpr");
    SAME(back.rounds, 200);
    SAME(back.early_stopping, 30);
    SAME(back.folds, 5);
    SAME(back.parameters.count, 2);
    TEXT(back.parameters.item[1].name, "seed");
    TEXT(back.parameters.item[0].value, "0.1");
    SAME(back.feature_count, 3);
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        TRUE(view_same(back.feature_name[i], names[i]));
    TRUE(view_same(written(&back, &arena), written(&job, &arena)));
}

static void refused(const char *from, const char *to, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct job job = sample(), back;
    struct err err = {0};
    struct view text = written(&job, &arena);
    const char *at = memmem(text.text, text.length, from, strlen(from));
    FAIL_UNLESS(at != NULL, "'%s' is not in the job", from);
    struct text out = text_in_arena(&arena);
    text_add(&out, (struct view){text.text, (size_t)(at - text.text)});
    text_adds(&out, to);
    text_add(&out, view_from(text, (size_t)(at - text.text) + strlen(from)));
    FAILS(reads(text_view(&out), &back, &arena, &err), err, ERR_INPUT);
    SAYS(err, says);
}

TEST(a_job_that_lacks_or_spoils_a_key_is_refused_by_the_keys_name)
{
    refused("\"prepared\"", "\"perpared\"", "'prepared'");
    refused("\"out\"", "\"in\"", "'out'");
    refused("\"aucpr\"", "7", "'metric'");
    refused(":200", ":-1", "'rounds'");
    refused(":200", ":2.5", "'rounds'");
    refused(":200", ":1e9", "'rounds'");
    refused(":30", ":\"30\"", "'early_stopping'");
    refused("\"folds\":5", "\"folds\":null", "'folds'");
    refused("[[\"eta\",\"0.1\"]", "[[\"eta\"]", "'parameters' is no list of at most 64 pairs");
    refused("[[\"eta\",\"0.1\"]", "[[\"eta\",0.1]", "'parameters'");
    refused("[[\"eta\",\"0.1\"]", "[\"eta\"", "'parameters'");
    refused("[[\"eta\",\"0.1\"]", "[[\"eta\",\"0.1\",\"x\"]", "'parameters'");
    refused("\"amount\",", "1,", "'features' is no list of texts");
    refused("\"features\"", "\"feature\"", "'features'");
}

TEST(more_parameters_than_there_is_room_for_are_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct job job = sample(), back;
    struct err err = {0};
    job.parameters.count = PARAMETERS_MAX;
    for (size_t i = 0; i < PARAMETERS_MAX; i++)
        job.parameters.item[i] = (struct parameter){VIEW("a"), VIEW("b")};
    struct view text = written(&job, &arena);
    WORKS(reads(text, &back, &arena, &err), err);
    SAME(back.parameters.count, PARAMETERS_MAX);
    refused("[[\"eta\",\"0.1\"]",
            "["
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],"
            "[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"],[\"a\",\"b\"]",
            "'parameters'");
}
