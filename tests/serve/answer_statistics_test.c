#include "http/client.h"
#include "serve/server.h"
#include "serve/tiny_model.h"

#define SERVER(name)                                                                               \
    CLEANUP(server_close) struct server name = {0};                                                \
    open_server(&name)

static void open_server(struct server *server)
{
    struct server_options options = {.http = http_defaults};
    struct err err = {0};
    options.http.host = "127.0.0.1";
    options.http.port = 0;
    options.http.workers = 2;
    WORKS(server_open(server, &options, &err), err);
}

/* Of a new connection: any worker may take it. */
static struct reply ask(struct server *server, struct client *client, const char *method,
                        const char *path, const char *body)
{
    char bytes[4096];
    struct text text = text_in(bytes, sizeof bytes);
    if (client->bytes != NULL)
        client_close(client);
    *client = client_open(server->http.port);
    text_addf(&text,
              "%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              "Content-Length: %zu\r\n\r\n%s",
              method, path, strlen(body), body);
    TRUE(!text.cut);
    return client_ask(client, text_view(&text));
}

static bool says(const struct reply *reply, const char *text)
{
    return memmem(reply->body.text, reply->body.length, text, strlen(text)) != NULL;
}

/* The number after a key that is in the body, behind `after`. */
static long long number_of(const struct reply *reply, const char *after, const char *key)
{
    char wanted[64];
    const char *end = reply->body.text + reply->body.length;
    const char *at = memmem(reply->body.text, reply->body.length, after, strlen(after));
    FAIL_UNLESS(at != NULL, "no '%s' in %.*s", after, (int)reply->body.length, reply->body.text);
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    at = memmem(at, (size_t)(end - at), wanted, strlen(wanted));
    FAIL_UNLESS(at != NULL, "no '%s' after '%s'", key, after);
    return strtoll(at + strlen(wanted), NULL, 10);
}

#define CLIENT(name) CLEANUP(client_close) struct client name = {0}

TEST(rows_and_requests_of_every_size_are_counted_over_all_workers)
{
    SERVER(server);
    CLIENT(client);
    server_serve(&server, tiny_served("one"));
    int64_t before_ms = clock_now_ms();
    for (int i = 0; i < 8; i++)
        SAME(ask(&server, &client, "POST", "/decide", "[1,7]").status, 200);
    SAME(ask(&server, &client, "POST", "/decide", "[[1,7],[0,1],[0,2]]").status, 200);
    SAME(ask(&server, &client, "POST", "/v2/models/tiny/infer",
             "{\"inputs\":[{\"name\":\"input-0\",\"shape\":[17,2],\"datatype\":\"FP32\",\"data\":"
             "[1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0,1,0]}]}")
             .status,
         200);
    struct reply reply = ask(&server, &client, "GET", "/v2/models/tiny/stats", "");
    SAME(reply.status, 200);
    TRUE(says(&reply, "{\"model_stats\":[{\"name\":\"tiny\",\"version\":\"one\","));
    SAME(number_of(&reply, "{", "inference_count"), 8 + 3 + 17);
    SAME(number_of(&reply, "{", "execution_count"), 10);
    SAME(number_of(&reply, "success", "count"), 10);
    SAME(number_of(&reply, "fail", "count"), 0);
    long long took_ns = number_of(&reply, "success", "ns");
    TRUE(took_ns > 0 && took_ns < 1000000000);
    SAME(number_of(&reply, "compute_infer", "ns"), took_ns);
    SAME(number_of(&reply, "queue", "ns"), 0);
    SAME(number_of(&reply, "\"batch_size\":1,", "count"), 8);
    SAME(number_of(&reply, "\"batch_size\":3,", "count"), 1);
    TRUE(number_of(&reply, "\"batch_size\":3", "ns") == 0); /* of compute_input */
    TRUE(!says(&reply, "\"batch_size\":17"));
    long long last_ms = number_of(&reply, "{", "last_inference");
    TRUE(last_ms >= before_ms - 1 && last_ms <= clock_now_ms() + 1);
}

TEST(what_is_refused_for_what_is_in_it_is_neither_success_nor_failure)
{
    SERVER(server);
    CLIENT(client);
    server_serve(&server, tiny_served("one"));
    SAME(ask(&server, &client, "POST", "/decide", "{\"f0\":\"no number\",\"f1\":1}").status, 400);
    SAME(ask(&server, &client, "POST", "/explain", "[1,7]").status, 200);
    struct reply reply = ask(&server, &client, "GET", "/v2/models/champion/stats", "");
    SAME(number_of(&reply, "{", "inference_count"), 0);
    SAME(number_of(&reply, "success", "count"), 0);
    SAME(number_of(&reply, "fail", "count"), 0);
    SAME(number_of(&reply, "{", "last_inference"), 0);
}

static void try_out(struct server *server, struct served *rival, bool shadow)
{
    struct lineup *draft = serving_draft(&server->serving);
    lineup_set(&draft->trial.rival, rival);
    snprintf(draft->trial.name, sizeof draft->trial.name, "autumn");
    draft->trial.shadow = shadow;
    draft->trial.share = 1;
    draft->trial.entity_column = 1;
    server_publish(server, draft);
}

TEST(a_decision_is_of_the_version_that_made_it_and_versions_keep_their_figures)
{
    SERVER(server);
    CLIENT(client);
    server_serve(&server, tiny_served("one"));
    SAME(ask(&server, &client, "POST", "/decide", "[1,7]").status, 200);
    try_out(&server, tiny_served("two"), false);
    SAME(ask(&server, &client, "POST", "/decide", "[1,7]").status, 200);
    SAME(ask(&server, &client, "POST", "/decide", "[1,8]").status, 200);
    try_out(&server, tiny_served("three"), true);
    SAME(ask(&server, &client, "POST", "/decide", "[1,7]").status, 200);
    struct reply reply = {0};
    int64_t until_ns = clock_ticks_ns() + 10000000000; /* the shadow comes after the answer */
    do
        reply = ask(&server, &client, "GET", "/v2/models/tiny/versions/three/stats", "");
    while (number_of(&reply, "{", "inference_count") == 0 && clock_ticks_ns() < until_ns);
    server_serve(&server, tiny_served("two")); /* promoted, and back */
    server_serve(&server, tiny_served("one"));
    try_out(&server, NULL, false);
    SAME(ask(&server, &client, "POST", "/decide", "[1,7]").status, 200);
    reply = ask(&server, &client, "GET", "/v2/models/stats", "");
    SAME(number_of(&reply, "\"version\":\"one\"", "inference_count"), 3);
    SAME(number_of(&reply, "\"version\":\"two\"", "inference_count"), 2);
    SAME(number_of(&reply, "\"version\":\"three\"", "inference_count"), 1);
    reply = ask(&server, &client, "GET", "/v2/models/tiny/versions/two/stats", "");
    TRUE(says(&reply, "\"two\"") && !says(&reply, "\"one\"") && !says(&reply, "\"three\""));
    SAME(ask(&server, &client, "GET", "/v2/models/tiny/versions/four/stats", "").status, 404);
    SAME(ask(&server, &client, "GET", "/v2/models/other/stats", "").status, 404);
}

TEST(a_rival_that_cannot_decide_has_failed)
{
    SERVER(server);
    CLIENT(client);
    server_serve(&server, tiny_served("one"));
    struct served *broken = tiny_served("two");
    broken->bundle.schema.input_count = 0;
    try_out(&server, broken, false);
    SAME(ask(&server, &client, "POST", "/decide", "[1,7]").status, 200);
    struct reply reply = ask(&server, &client, "GET", "/v2/models/tiny/versions/two/stats", "");
    SAME(number_of(&reply, "fail", "count"), 1);
    SAME(number_of(&reply, "success", "count"), 0);
    reply = ask(&server, &client, "GET", "/v2/models/tiny/versions/one/stats", "");
    SAME(number_of(&reply, "success", "count"), 1);
}

TEST(without_a_model_there_are_no_statistics)
{
    SERVER(server);
    CLIENT(client);
    struct reply reply = ask(&server, &client, "GET", "/v2/models/stats", "");
    SAME(reply.status, 200);
    TEXT(reply.body, "{\"model_stats\":[]}");
}
