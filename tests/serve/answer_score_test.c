#include "serve/server.h"

#include "base/number.h"
#include "base/rng.h"
#include "model/small_bundle.h"
#include "http/client.h"
#include "serve/tiny_model.h"
#include "serve/visit.h"
#include "store/journal_read.h"

/* ---------------------------------------------------------------- a server with a journal */

struct desk {
    struct server server;
    struct journal_options journal;
    struct server_options options;
    char dir[300];
};

static void desk_open(struct desk *desk, enum journal_durability durability)
{
    static int number;
    struct err err = {0};
    snprintf(desk->dir, sizeof desk->dir, "%s/journal-%d", test_dir(), number++);
    desk->journal =
        (struct journal_options){.dir = desk->dir, .durability = durability, .ring_bytes = 1 << 20};
    desk->options.http = http_defaults;
    desk->options.http.host = "127.0.0.1";
    desk->options.http.port = 0;
    desk->options.http.workers = 2;
    desk->options.journal = &desk->journal;
    desk->options.answers_ms = 3600000;
    desk->options.answers_bytes = 1 << 20;
    WORKS(server_open(&desk->server, &desk->options, &err), err);
    server_serve(&desk->server, tiny_served("champion"));
}

static void desk_close(struct desk *desk)
{
    server_close(&desk->server);
}

#define DESK(name, durability, ...)                                                                \
    CLEANUP(desk_close) struct desk name = {__VA_ARGS__};                                          \
    desk_open(&name, durability)
#define CLIENT(name, desk)                                                                         \
    CLEANUP(client_close) struct client name = client_open((desk).server.http.port)

/* `fields` are whole lines of the head. */
static struct reply post(struct client *client, const char *path, const char *fields,
                         const char *body)
{
    char bytes[8192];
    struct text text = text_in(bytes, sizeof bytes);
    text_addf(&text,
              "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s"
              "Content-Length: %zu\r\n\r\n%s",
              path, fields, strlen(body), body);
    TRUE(!text.cut);
    return client_ask(client, text_view(&text));
}

static bool says(const struct reply *reply, const char *text)
{
    return memmem(reply->body.text, reply->body.length, text, strlen(text)) != NULL;
}

/* What is in the journal after the server has closed. */
struct kept {
    size_t requests, decisions, answers;
    size_t variant[VARIANTS], in_experiment;
    char last_id[80], last_entity[80], last_outcome[16];
    float last_row[2], last_score;
};

static struct kept read_journal(struct desk *desk)
{
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    struct journal_record record;
    struct journal_decision decision;
    struct kept kept = {0};
    struct err err = {0};
    server_close(&desk->server);
    WORKS(journal_read(&reader, desk->journal.dir, &err), err);
    while (journal_next(&reader, &record, &err)) {
        kept.requests++;
        kept.answers += record.answered;
        while (journal_decision_next(&record, &decision)) {
            kept.decisions++;
            for (size_t i = 0; i < VARIANTS; i++)
                kept.variant[i] += view_is(decision.variant, variant_names[i]);
            kept.in_experiment += decision.experiment.length > 0;
            snprintf(kept.last_id, sizeof kept.last_id, VIEW_FMT, VIEW_ARG(decision.id));
            snprintf(kept.last_entity, sizeof kept.last_entity, VIEW_FMT,
                     VIEW_ARG(decision.entity));
            snprintf(kept.last_outcome, sizeof kept.last_outcome, VIEW_FMT,
                     VIEW_ARG(decision.outcome));
            SAME(decision.width, 2);
            memcpy(kept.last_row, decision.row, sizeof kept.last_row);
            kept.last_score = decision.score;
        }
    }
    WORKS(err.kind == ERR_NONE, err);
    return kept;
}

/* ---------------------------------------------------------------- the journal */

TEST(a_decision_is_kept_as_it_was_made_by_every_durability)
{
    static const enum journal_durability all[] = {JOURNAL_WRITE, JOURNAL_INTERVAL, JOURNAL_FSYNC};
    for (size_t i = 0; i < LENGTH_OF(all); i++) {
        DESK(desk, all[i]);
        CLIENT(client, desk);
        struct reply reply = post(&client, "/decide", "", "{\"f0\":1,\"f1\":7}");
        SAME(reply.status, 200);
        TRUE(reply_has(&reply, "\r\nX-Assay-Decision: "));
        SAME(post(&client, "/decide", "", "[[0,1],[1,2],[0.25,3]]").status, 200);
        struct kept kept = read_journal(&desk);
        TRUE(kept.requests == 2 && kept.decisions == 4 && kept.answers == 0);
        SAME(kept.variant[VARIANT_CHAMPION], 4);
        TRUE(kept.last_row[0] == 0.25F && kept.last_row[1] == 3 && kept.last_score < 0.5F);
        TEXT(view_of(kept.last_outcome), "approve");
        TRUE(strlen(kept.last_id) == 32 + 2 && strcmp(kept.last_id + 32, "/2") == 0);
    }
}

TEST(an_answer_under_fsync_waits_for_the_disk_and_pipelined_ones_stay_in_order)
{
    DESK(desk, JOURNAL_FSYNC);
    CLIENT(client, desk);
    char bytes[8192];
    struct text text = text_in(bytes, sizeof bytes);
    for (int i = 0; i < 20; i++)
        text_addf(&text,
                  "POST /decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                  "Content-Length: %d\r\n\r\n[%d,%d]",
                  i < 10 ? 5 : 6, i % 2, i);
    client_send(&client, text_view(&text));
    for (int i = 0; i < 20; i++) {
        struct reply reply = client_reply(&client);
        SAME(reply.status, 200);
        TRUE(says(&reply, i % 2 == 1 ? "\"outcome\":\"review\"" : "\"outcome\":\"approve\""));
    }
    SAME(read_journal(&desk).decisions, 20);
}

TEST(what_is_refused_is_not_kept)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    SAME(post(&client, "/decide", "", "{\"f0\":\"x\",\"f1\":7}").status, 400);
    SAME(post(&client, "/decide?reasons=maybe", "", "{\"f0\":1,\"f1\":7}").status, 400);
    SAME(read_journal(&desk).requests, 0);
}

TEST(attributes_that_an_answer_could_not_repeat_are_refused_before_anything_is_decided)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    char field[1200];
    snprintf(field, sizeof field, "X-Amzn-SageMaker-Custom-Attributes: %01024d\r\n", 7);
    SAME(post(&client, "/invocations", field, "[1,7]").status, 200);
    snprintf(field, sizeof field, "X-Amzn-SageMaker-Custom-Attributes: %01025d\r\n", 7);
    struct reply reply = post(&client, "/invocations", field, "[1,7]");
    SAME(reply.status, 431);
    TRUE(says(&reply, "longer than 1024 bytes"));
    SAME(read_journal(&desk).requests, 1);
}

TEST(what_is_too_much_is_no_failure_of_the_champion)
{
    DESK(desk, JOURNAL_WRITE);
    struct err err = {0};
    server_close(&desk.server);
    desk.options.http.arena_bytes_max = 64 << 10;
    WORKS(server_open(&desk.server, &desk.options, &err), err);
    server_serve(&desk.server, tiny_served("champion"));
    CLIENT(client, desk);
    char body[6000];
    struct text text = text_in(body, sizeof body);
    text_adds(&text, "[[0,1]");
    for (int i = 0; i < 600; i++)
        text_adds(&text, ",[0,1]");
    text_adds(&text, "]");
    SAME(post(&client, "/decide", "", text_c(&text)).status, 413);
    struct meters_tally tally;
    meters_tally(&desk.server.meters, VARIANT_CHAMPION, &tally);
    TRUE(tally.requests == 1 && tally.failures == 0);
}

/* ---------------------------------------------------------------- keys */

#define KEY(key) "Idempotency-Key: " key "\r\n"

TEST(a_key_is_answered_once_and_remembered_over_a_restart)
{
    static char first[1024];
    DESK(desk, JOURNAL_FSYNC);
    {
        CLIENT(client, desk);
        struct reply reply = post(&client, "/decide", KEY("k-1"), "[1,7]");
        SAME(reply.status, 200);
        TRUE(says(&reply, "\"id\":\"k-1\""));
        snprintf(first, sizeof first, "%.*s", (int)reply.body.length, reply.body.text);
        reply = post(&client, "/decide", KEY("k-1"), "[1,7]");
        TRUE(reply.status == 200 && reply_has(&reply, "Idempotent-Replayed: true\r\n"));
        TRUE(reply_has(&reply, "X-Assay-Decision: k-1\r\n"));
        TEXT(reply.body, first);
        reply = post(&client, "/decide", KEY("k-1"), "[0,7]");
        SAME(reply.status, 409);
        TRUE(says(&reply, "another request"));
        SAME(post(&client, "/predict", KEY("k-1"), "{\"features\":[1,7]}").status, 409);
        /* What was refused leaves its key free. */
        SAME(post(&client, "/decide", KEY("k-2"), "[1]").status, 400);
        SAME(post(&client, "/decide", KEY("k-2"), "[1,8]").status, 200);
    }
    server_close(&desk.server);
    struct err err = {0};
    WORKS(server_open(&desk.server, &desk.options, &err), err);
    WORKS(server_remember(&desk.server, NULL, &err), err);
    server_serve(&desk.server, tiny_served("another"));
    CLIENT(client, desk);
    struct reply reply = post(&client, "/decide", KEY("k-1"), "[1,7]");
    TEXT(reply.body, first);
    TRUE(reply_has(&reply, "Idempotent-Replayed: true\r\n"));
    SAME(post(&client, "/decide", KEY("k-1"), "[0,7]").status, 409);
    struct kept kept = read_journal(&desk);
    TRUE(kept.decisions == 2 && kept.answers == 2);
}

TEST(a_key_that_cannot_be_one_is_refused)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    char field[400];
    snprintf(field, sizeof field, "Idempotency-Key: %0129d\r\n", 1);
    SAME(post(&client, "/decide", field, "[1,7]").status, 400);
    SAME(post(&client, "/decide", KEY("two words"), "[1,7]").status, 400);
    SAME(post(&client, "/decide", KEY("d1~shadow"), "[1,7]").status, 400);
    struct reply reply = post(&client, "/decide", KEY("4111111111111111"), "[1,7]");
    SAME(reply.status, 400);
    TRUE(says(&reply, "card"));
    TRUE(!says(&reply, "4111"));
    SAME(read_journal(&desk).requests, 0);
}

TEST(a_card_number_is_kept_as_its_hmac_when_that_is_configured)
{
    DESK(desk, JOURNAL_WRITE,
         .options = {.cards_hashed = true, .card_key = VIEW("a key of thirty-two bytes or so")});
    CLIENT(client, desk);
    struct reply reply = post(&client, "/decide", KEY("4111111111111111"), "[1,7]");
    SAME(reply.status, 200);
    struct kept kept = read_journal(&desk);
    struct digest digest =
        digest_hmac(VIEW("a key of thirty-two bytes or so"), VIEW("4111111111111111"));
    char hex[DIGEST_HEX_SIZE];
    TEXT(view_of(kept.last_id), digest_print(&digest, hex));
}

#define TENSORS                                                                                    \
    "{\"id\":\"4111111111111111\",\"inputs\":["                                                    \
    "{\"name\":\"f0\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]},"                          \
    "{\"name\":\"f1\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[7]}]}"

TEST(a_card_number_that_an_answer_repeats_is_not_kept_with_it)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    struct reply reply = post(&client, "/v2/models/champion/infer", KEY("k"), TENSORS);
    SAME(reply.status, 400);
    TRUE(says(&reply, "card") && !says(&reply, "4111"));
    SAME(read_journal(&desk).requests, 0);

    DESK(hashing, JOURNAL_WRITE,
         .options = {.cards_hashed = true, .card_key = VIEW("a key of thirty-two bytes or so")});
    CLIENT(other, hashing);
    struct digest digest =
        digest_hmac(VIEW("a key of thirty-two bytes or so"), VIEW("4111111111111111"));
    char hex[DIGEST_HEX_SIZE];
    for (int i = 0; i < 2; i++) {
        reply = post(&other, "/v2/models/champion/infer", KEY("k"), TENSORS);
        SAME(reply.status, 200);
        TRUE(says(&reply, digest_print(&digest, hex)) && !says(&reply, "4111"));
    }
    SAME(read_journal(&hashing).answers, 1);
}

/* ---------------------------------------------------------------- experiments */

static void try_out(struct desk *desk, bool shadow, double share)
{
    struct lineup *draft = serving_draft(&desk->server.serving);
    lineup_set(&draft->trial.rival, tiny_served("rival"));
    snprintf(draft->trial.name, sizeof draft->trial.name, "autumn");
    snprintf(draft->trial.kind, sizeof draft->trial.kind, "%s", shadow ? "shadow" : "ab");
    draft->trial.shadow = shadow;
    draft->trial.share = share;
    draft->trial.entity_column = 1;
    server_publish(&desk->server, draft);
}

TEST(an_entity_meets_one_variant_and_the_share_is_kept)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    try_out(&desk, false, 0.3);
    size_t rivals = 0, count = 400;
    for (size_t i = 0; i < count; i++) {
        char body[64];
        bool rival[2];
        for (size_t turn = 0; turn < 2; turn++) {
            snprintf(body, sizeof body, "{\"f0\":%zu,\"f1\":%zu}", turn, i);
            struct reply reply = post(&client, "/decide", "", body);
            SAME(reply.status, 200);
            rival[turn] = says(&reply, "\"version\":\"rival\"");
            TRUE(rival[turn] || says(&reply, "\"version\":\"champion\""));
        }
        TRUE(rival[0] == rival[1]);
        rivals += rival[0];
    }
    TRUE(rivals > 80 && rivals < 160);
    struct reply reply = post(&client, "/decide", "", "[[1,1],[1,2],[1,3],[1,4],[1,5]]");
    TRUE(says(&reply, "\"version\":\"champion\""));
    /* The rival is held to what it could have had: not to the batch. */
    struct meters_tally beside, all;
    meters_tally_beside(&desk.server.meters, &beside);
    meters_tally(&desk.server.meters, VARIANT_CHAMPION, &all);
    SAME(beside.requests, 2 * (count - rivals));
    SAME(beside.outcome[0] + beside.outcome[1], beside.requests);
    SAME(all.requests, beside.requests + 1);
    struct kept kept = read_journal(&desk);
    SAME(kept.variant[VARIANT_RIVAL], 2 * rivals);
    SAME(kept.variant[VARIANT_CHAMPION], 2 * (count - rivals) + 5);
    SAME(kept.in_experiment, 2 * count);
}

/* A model whose records have other columns than the champion's. */
static struct served *other_served(void)
{
    struct served *served = served_new();
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    served->bundle.arena.limit = 64 << 20;
    small_bundle_init(&small, &served->bundle.arena);
    WORKS(bundle_seal(&small.parts, &served->bundle.arena, &file, &err), err);
    WORKS(bundle_open(&served->bundle, file, &err), err);
    WORKS(served_ready(served, &err), err);
    return served;
}

TEST(where_the_rival_cannot_decide_the_champions_decision_stands_and_is_in_no_experiment)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    try_out(&desk, false, 1);
    struct lineup *draft = serving_draft(&desk.server.serving);
    lineup_set(&draft->trial.rival, other_served());
    server_publish(&desk.server, draft);
    struct reply reply = post(&client, "/decide", "", "[1,7]");
    TRUE(reply.status == 200 && says(&reply, "\"version\":\"champion\""));
    struct meters_tally tally;
    meters_tally(&desk.server.meters, VARIANT_RIVAL, &tally);
    SAME(tally.failures, 1);
    struct kept kept = read_journal(&desk);
    TRUE(kept.variant[VARIANT_CHAMPION] == 1 && kept.in_experiment == 0);
}

TEST(the_shadow_decides_everything_again_and_tells_nobody)
{
    DESK(desk, JOURNAL_FSYNC);
    CLIENT(client, desk);
    try_out(&desk, true, 1);
    for (int i = 0; i < 10; i++) {
        struct reply reply = post(&client, "/predict", "", "{\"features\":[1,7]}");
        SAME(reply.status, 200);
        TRUE(says(&reply, "\"prediction\":\"fraud\""));
    }
    SAME(post(&client, "/decide", "", "[[1,1],[0,2]]").status, 200);
    struct kept kept = read_journal(&desk);
    SAME(kept.variant[VARIANT_CHAMPION], 12);
    SAME(kept.variant[VARIANT_SHADOW], 12);
    SAME(kept.in_experiment, 24);
    TRUE(strcmp(kept.last_id + 32, "/1~shadow") == 0);
}

TEST(another_model_than_the_champion_is_in_no_experiment)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    try_out(&desk, true, 1);
    struct lineup *draft = serving_draft(&desk.server.serving);
    struct served *other = tiny_served("other");
    snprintf(other->name, sizeof other->name, "other");
    lineup_set(&draft->named[draft->named_count++], other);
    server_publish(&desk.server, draft);
    SAME(post(&client, "/v1/models/other:predict", "", "{\"instances\":[[1,7]]}").status, 200);
    struct kept kept = read_journal(&desk);
    TRUE(kept.decisions == 1 && kept.in_experiment == 0);
}

TEST(a_shadow_is_of_the_experiment_that_ran_when_the_answer_was_made)
{
    DESK(desk, JOURNAL_WRITE);
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct http_request request = {.content_type = VIEW("application/json"),
                                   .body = VIEW("[1,7]"),
                                   .arena = &arena,
                                   .started_ns = clock_ticks_ns()};
    struct visit_note note = {.shadow = true, .trial = 7, .id = "a", .id_length = 1};
    try_out(&desk, true, 1);
    score_in_shadow(&desk.server, &request, &note);
    note.trial = 0; /* as it is in try_out */
    note.id[0] = 'b';
    score_in_shadow(&desk.server, &request, &note);
    struct kept kept = read_journal(&desk);
    SAME(kept.decisions, 1);
    TEXT(view_of(kept.last_id), "b~shadow");
}

/* ---------------------------------------------------------------- the cache */

#define CACHED .options = {.cache_seconds = 60, .cache_bytes = 1 << 24}

static unsigned long long hits_of(struct desk *desk)
{
    return meters_sum_count(&desk->server.meters, METER_CACHE_HITS);
}

/* Both in the reply's buffer of one client: the first must be copied. */
static void keep_body(const struct reply *reply, char out[2048])
{
    TRUE(reply->body.length < 2048);
    memcpy(out, reply->body.text, reply->body.length);
    out[reply->body.length] = '\0';
}

TEST(a_repeated_request_gets_the_first_answers_bytes_and_is_no_decision)
{
    DESK(desk, JOURNAL_FSYNC, CACHED);
    CLIENT(client, desk);
    char first[2048], id[64];
    struct reply reply = post(&client, "/decide", "", "[1,7]");
    TRUE(reply.status == 200 && !reply_has(&reply, "\r\nAge: "));
    keep_body(&reply, first);
    const char *at = strstr(reply.head.text, "X-Assay-Decision: ");
    snprintf(id, sizeof id, "\r\n%.50s\r\n", at);
    for (int i = 0; i < 3; i++) {
        reply = post(&client, "/decide", "", "[1,7]");
        SAME(reply.status, 200);
        TEXT(reply.body, first);
        TRUE(reply_has(&reply, "\r\nAge: 0\r\n") && reply_has(&reply, id));
        TRUE(reply_has(&reply, "\r\nX-Assay-Bundle: "));
    }
    SAME(hits_of(&desk), 3);
    SAME(meters_sum_count(&desk.server.meters, METER_CACHE_MISSES), 1);
    struct kept kept = read_journal(&desk);
    SAME(kept.decisions, 1);
}

TEST(what_differs_in_anything_that_is_asked_is_decided)
{
    DESK(desk, JOURNAL_WRITE, CACHED);
    CLIENT(client, desk);
    SAME(post(&client, "/decide", "", "[1,7]").status, 200);
    SAME(post(&client, "/decide", "", "[1, 7]").status, 200);
    SAME(post(&client, "/decide?reasons=all", "", "[1,7]").status, 200);
    SAME(post(&client, "/decide?reasons=none", "", "[1,7]").status, 200);
    SAME(post(&client, "/decide", "Accept: application/json\r\n", "[1,7]").status, 200);
    SAME(post(&client, "/decide", "Cache-Control: no-cache\r\n", "[1,7]").status, 200);
    SAME(post(&client, "/decide", "Cache-Control: no-store\r\n", "[1,7]").status, 200);
    SAME(post(&client, "/decide", "Idempotency-Key: k-1\r\n", "[1,7]").status, 200);
    SAME(post(&client, "/decide", "", "{\"f0\":\"x\"}").status, 400);
    SAME(post(&client, "/decide", "", "{\"f0\":\"x\"}").status, 400);
    SAME(hits_of(&desk), 0);
    SAME(read_journal(&desk).decisions, 8);
}

TEST(nothing_is_remembered_over_a_change_of_what_is_in_force_nor_in_an_experiment)
{
    DESK(desk, JOURNAL_WRITE, CACHED);
    CLIENT(client, desk);
    SAME(post(&client, "/decide", "", "[1,7]").status, 200);
    server_serve(&desk.server, tiny_served("second"));
    struct reply reply = post(&client, "/decide", "", "[1,7]");
    TRUE(says(&reply, "\"version\":\"second\"") && !reply_has(&reply, "\r\nAge: "));
    server_serve(&desk.server, tiny_served("champion")); /* back */
    reply = post(&client, "/decide", "", "[1,7]");
    TRUE(says(&reply, "\"version\":\"champion\"") && !reply_has(&reply, "\r\nAge: "));
    for (size_t shadow = 0; shadow < 2; shadow++) {
        try_out(&desk, shadow == 1, 0.5);
        for (int i = 0; i < 3; i++) {
            reply = post(&client, "/decide", "", "[1,7]");
            TRUE(reply.status == 200 && !reply_has(&reply, "\r\nAge: "));
        }
    }
    SAME(hits_of(&desk), 0);
}

/* Of many requests, most of them repeated: apart from ids both say the same. */
TEST(with_a_cache_and_without_one_answers_are_alike)
{
    DESK(desk, JOURNAL_WRITE, CACHED);
    DESK(plain, JOURNAL_WRITE);
    CLIENT(client, desk);
    CLIENT(other, plain);
    struct rng rng = rng_of(5, 1, 0);
    for (int i = 0; i < 500; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"features\":[%d,%d]}", (int)rng_below(&rng, 2),
                 (int)rng_below(&rng, 20));
        struct reply ours = post(&client, "/predict", "", body);
        struct reply theirs = post(&other, "/predict", "", body);
        TRUE(ours.status == 200 && theirs.status == 200);
        TRUE(view_same(ours.body, theirs.body));
    }
    TRUE(hits_of(&desk) > 300 && hits_of(&plain) == 0);
}

/* ---------------------------------------------------------------- the fallback */

TEST(a_deadline_that_has_passed_gives_the_declared_outcome)
{
    DESK(desk, JOURNAL_WRITE, .options = {.deadline_ms = 50, .fallback = "review"});
    CLIENT(client, desk);
    char field[80];
    SAME(post(&client, "/decide", "", "[1,7]").status, 200);
    snprintf(field, sizeof field, "X-Request-Start: t=%.3f\r\n", (double)clock_now_ms() / 1e3 - 1);
    struct reply reply = post(&client, "/decide", field, "[1,7]");
    SAME(reply.status, 200);
    TRUE(says(&reply,
              "\"outcome\":\"review\",\"fallback\":true,\"why\":\"the deadline has passed\""));
    snprintf(field, sizeof field, "X-Request-Start: %lld\r\n", (long long)clock_now_ms());
    reply = post(&client, "/decide", field, "[1,7]");
    TRUE(!says(&reply, "fallback"));
    /* Others have no words for it and are answered late. */
    snprintf(field, sizeof field, "X-Request-Start: t=%.3f\r\n", (double)clock_now_ms() / 1e3 - 1);
    SAME(post(&client, "/invocations", field, "[1,7]").status, 200);
    /* What was told before is told again, late or not. */
    SAME(post(&client, "/decide", KEY("k"), "[1,7]").status, 200);
    char late[160];
    snprintf(late, sizeof late, "%s%s", KEY("k"), field);
    reply = post(&client, "/decide", late, "[1,7]");
    TRUE(reply_has(&reply, "Idempotent-Replayed: true\r\n") && !says(&reply, "fallback"));
    server_serve(&desk.server, NULL);
    reply = post(&client, "/decide", "", "[1,7]");
    TRUE(reply.status == 200 && says(&reply, "\"why\":\"no model is loaded\""));
}

/* ---------------------------------------------------------------- labels and explanations */

TEST(labels_are_kept_and_what_is_none_is_refused_by_name)
{
    DESK(desk, JOURNAL_FSYNC);
    CLIENT(client, desk);
    struct reply reply = post(&client, "/feedback", "",
                              "[{\"event_id\":\"a\",\"label\":\"fraud\",\"source\":\"chargeback\","
                              "\"label_ts\":\"2026-01-02T03:04:05Z\",\"amount_lost\":12.5},"
                              "{\"source\":\"analyst\",\"label\":\"legit\",\"event_id\":\"b\"}]");
    SAME(reply.status, 202);
    TEXT(reply.body, "{\"accepted\":2}");
    static const struct {
        const char *body, *why;
    } bad[] = {
        {"{\"label\":\"fraud\",\"source\":\"analyst\"}", "'event_id' is missing"},
        {"{\"event_id\":\"a\",\"label\":\"maybe\",\"source\":\"x\"}", "fraud or legit"},
        {"{\"event_id\":\"a\",\"label\":\"fraud\"}", "'source'"},
        {"{\"event_id\":\"a\",\"label\":\"fraud\",\"source\":\"A B\"}", "'source'"},
        {"{\"event_id\":\"a\",\"event_id\":\"b\"}", "'event_id' came twice"},
        {"{\"event_id\":7}", "'event_id' is a text"},
        {"{\"event_id\":\"a\",\"amount_lost\":-1}", "'amount_lost'"},
        {"{\"event_id\":\"a\",\"label_ts\":\"soon\"}", "'label_ts'"},
        {"{\"event_id\":\"a\",\"why\":1}", "'why' is not known"},
        {"{\"event_id\":\"4111111111111111\",\"label\":\"fraud\",\"source\":\"x\"}", "card"},
        {"{\"event_id\":\"a\",\"label\":\"fraud\",\"source\":\"4111111111111111\"}", "card"},
        {"[{\"event_id\":\"a\",\"label\":\"fraud\",\"source\":\"x\"},1]", "a label is an object"},
        {"7", "an object or a list"},
        {"{}{}", "event_id"},
        {"", "JSON"},
    };
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        reply = post(&client, "/feedback", "", bad[i].body);
        FAIL_UNLESS(reply.status == 400 && says(&reply, bad[i].why), "%s: %d %.*s", bad[i].body,
                    reply.status, (int)reply.body.length, reply.body.text);
    }
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    struct journal_record record;
    struct err err = {0};
    server_close(&desk.server);
    WORKS(journal_read(&reader, desk.journal.dir, &err), err);
    TRUE(journal_next(&reader, &record, &err) && record.kind == JOURNAL_LABEL);
    TEXT(record.label.decision, "a");
    TEXT(record.label.source, "chargeback");
    TRUE(record.label.amount_lost == 12.5 && record.label.label_ms == 1767323045000);
    TRUE(journal_next(&reader, &record, &err) && view_is(record.label.label, "legit"));
    TRUE(!journal_next(&reader, &record, &err));
}

TEST(an_explanation_adds_up_and_is_no_decision)
{
    DESK(desk, JOURNAL_WRITE);
    CLIENT(client, desk);
    struct reply reply = post(&client, "/explain", "", "[[1,7],[0,7]]");
    SAME(reply.status, 200);
    TRUE(says(&reply, "\"margin\":2,\"expected\":0.125,\"contributions\":{\"f0\":1.875,\"f1\":0}"));
    TRUE(says(&reply,
              "\"margin\":-1,\"expected\":0.125,\"contributions\":{\"f0\":-1.125,\"f1\":0}"));
    SAME(read_journal(&desk).requests, 0);
}
