#include "serve/server.h"

#include "base/file.h"
#include "http/client.h"
#include "serve/tiny_model.h"

#include <math.h>

static void open_server(struct server *server)
{
    struct server_options options = {.http = http_defaults};
    options.http.host = "127.0.0.1";
    options.http.port = 0;
    options.http.workers = 2;
    struct err err = {0};
    WORKS(server_open(server, &options, &err), err);
}

#define SERVER(name)                                                                               \
    CLEANUP(server_close) struct server name = {0};                                                \
    open_server(&name)
#define CLIENT(name, server)                                                                       \
    CLEANUP(client_close) struct client name = client_open((server).http.port)

#define GET(path) VIEW("GET " path " HTTP/1.1\r\nHost: x\r\n\r\n")

static struct reply post(struct client *client, const char *path, const char *body)
{
    char bytes[4096];
    struct text text = text_in(bytes, sizeof bytes);
    text_addf(&text,
              "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              "Content-Length: %zu\r\n\r\n%s",
              path, strlen(body), body);
    TRUE(!text.cut);
    return client_ask(client, text_view(&text));
}

static bool says(const struct reply *reply, const char *text)
{
    return memmem(reply->body.text, reply->body.length, text, strlen(text)) != NULL;
}

TEST(without_a_model_health_and_contracts_say_503_and_with_one_they_answer)
{
    SERVER(server);
    CLIENT(client, server);
    SAME(client_ask(&client, GET("/livez")).status, 200);
    struct reply reply = client_ask(&client, GET("/readyz"));
    SAME(reply.status, 503);
    TEXT(reply.body, "{\"ready\":false,\"reason\":\"no model is loaded\"}");
    SAME(client_ask(&client, GET("/ping")).status, 503);
    TEXT(client_ask(&client, GET("/model-info")).body, "{\"model_loaded\":false}");
    reply = post(&client, "/predict", "{\"features\":[1,2]}");
    SAME(reply.status, 503);
    TEXT(reply.body, "{\"detail\":\"no model is loaded\"}");
    SAME(post(&client, "/prod/predict", "{\"features\":[1,2]}").status, 503);
    SAME(post(&client, "/invocations", "[1,2]").status, 503);

    server_serve(&server, tiny_served("1.0"));
    TEXT(client_ask(&client, GET("/readyz")).body, "{\"ready\":true}");
    reply = client_ask(&client, GET("/ping"));
    SAME(reply.status, 200);
    SAME(reply.body.length, 0);
    reply = client_ask(&client, GET("/model-info"));
    TRUE(view_starts(reply.body, "{\"model_loaded\":true,\"model_type\":\"xgboost\","
                                 "\"features\":[\"f0\",\"f1\"],\"feature_count\":2,"));
    TRUE(says(&reply, "\"model_version\":\"1.0\""));
    SAME(post(&client, "/prod/predict", "{\"features\":[1,2]}").status, 200);
    server_serve(&server, NULL);
    SAME(client_ask(&client, GET("/readyz")).status, 503);
}

TEST(each_path_speaks_its_contract)
{
    SERVER(server);
    server_serve(&server, tiny_served("1.0"));
    CLIENT(client, server);
    struct reply reply = post(&client, "/invocations", "{\"f0\":1,\"f1\":0}");
    TRUE(view_starts(reply.body, "{\"predictions\":[0.880797"));
    reply = post(&client, "/prod/predict", "{\"features\":[0,2]}");
    TRUE(view_starts(reply.body, "{\"prediction\":0,\"fraud_score\":0.268941"));
    reply = post(&client, "/predict", "{\"features\":[1,2]}");
    TRUE(view_starts(reply.body, "{\"prediction\":\"fraud\",\"fraud_probability\":0.880797"));
    reply = post(&client, "/predict", "{\"features\":{\"f1\":0,\"f0\":1}}");
    TRUE(view_starts(reply.body, "{\"pred_proba\":0.880797"));
}

TEST(what_is_not_in_the_table_is_404_or_405_and_options_tells_the_methods)
{
    SERVER(server);
    CLIENT(client, server);
    struct reply reply = client_ask(&client, GET("/../etc/passwd"));
    SAME(reply.status, 404);
    TRUE(says(&reply, "there is no '/../etc/passwd' here"));
    reply = client_ask(&client, GET("/predict"));
    SAME(reply.status, 405);
    TRUE(reply_has(&reply, "Allow: POST, OPTIONS\r\n"));
    reply = client_ask(&client, VIEW("OPTIONS /ping HTTP/1.1\r\nHost: x\r\n\r\n"));
    SAME(reply.status, 204);
    TRUE(reply_has(&reply, "Allow: GET, HEAD, OPTIONS\r\n"));
    client_send(&client, VIEW("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
    SAME(client_reply_to(&client, false).status, 200);
    reply = client_ask(&client, GET("/"));
    SAME(reply.status, 200);
    TRUE(says(&reply, "{\"method\":\"POST\",\"path\":\"/invocations\""));
}

TEST(what_happened_is_on_the_metrics_page)
{
    SERVER(server);
    server_serve(&server, tiny_served("1.0"));
    CLIENT(client, server);
    post(&client, "/invocations", "[{\"f0\":1},{\"f0\":0},{\"f0\":2}]");
    post(&client, "/invocations", "{");
    client_ask(&client, GET("/nowhere"));
    CLIENT(broken, server);
    client_ask(&broken, VIEW("GET / HTTP/3\r\n\r\n"));
    struct reply reply = client_ask(&client, GET("/metrics"));
    TRUE(reply_has(&reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    static const char *const lines[] = {
        "\nassay_http_requests_total{route=\"/invocations\",method=\"POST\",code=\"200\"} 1\n",
        "\nassay_http_requests_total{route=\"/invocations\",method=\"POST\",code=\"400\"} 1\n",
        "\nassay_http_requests_total{route=\"none\",method=\"GET\",code=\"404\"} 1\n",
        "\nassay_http_requests_total{route=\"none\",method=\"other\",code=\"400\"} 1\n",
        "\nassay_http_request_duration_seconds_count{route=\"/invocations\"} 2\n",
        "\nassay_http_requests_in_progress 1\n",
        "\nassay_decisions_total{outcome=\"review\",variant=\"champion\"} 2\n",
        "\nassay_decisions_total{outcome=\"approve\",variant=\"champion\"} 1\n",
        "\nassay_score_count 3\n",
        "\nassay_absent_filled_total 3\n",
        "\nassay_model_info{model=\"tiny\",version=\"1.0\",sha256=\"",
    };
    for (size_t i = 0; i < LENGTH_OF(lines); i++)
        FAIL_UNLESS(says(&reply, lines[i]), "no '%s' in\n%.*s", lines[i], (int)reply.body.length,
                    reply.body.text);
}

TEST(a_decision_says_what_to_do_and_why)
{
    SERVER(server);
    server_serve(&server, tiny_served("7"));
    CLIENT(client, server);
    struct reply reply = post(&client, "/decide", "[{\"f0\":1,\"f1\":0},{\"f0\":0,\"f1\":0}]");
    SAME(reply.status, 200);
    TRUE(reply_has(&reply, "\r\nX-Assay-Bundle: "));
    TRUE(view_starts(reply.body, "{\"model\":{\"name\":\"tiny\",\"version\":\"7\",\"sha256\":\""));
    TRUE(says(&reply, "\"outcome\":\"review\",\"fraud_probability\":0.88079"));
    TRUE(says(&reply, "\"percentile\":null,\"risk_level\":\"CRITICAL\",\"is_fraud\":true,"
                      "\"reasons\":[{\"code\":\"f0\",\"text\":\"f0\",\"share\":1}]}"));
    TRUE(says(&reply, "\"risk_level\":\"LOW\",\"is_fraud\":false}]}"));
    reply = post(&client, "/decide?reasons=all", "{\"f0\":0,\"f1\":0}");
    TRUE(says(&reply, "\"is_fraud\":false,\"reasons\":[]}]}"));
    reply = post(&client, "/decide?reasons=none", "{\"f0\":1,\"f1\":0}");
    TRUE(says(&reply, "\"is_fraud\":true}]}"));
    reply = post(&client, "/decide?reasons=some", "{\"f0\":1,\"f1\":0}");
    SAME(reply.status, 400);
    TRUE(says(&reply, "'some' is not all, alerts or none"));
    reply = post(&client, "/decide", "{\"f0\":\"x\",\"f1\":0}");
    SAME(reply.status, 400);
    TRUE(view_starts(reply.body, "{\"error\":\"'f0'"));
}

/* A source that brings what it is told to. */
struct shelf {
    const char *version; /* the next; NULL: nothing new */
    bool broken;
    atomic_uint looks;
};

static bool shelf_refresh(void *self, struct lineup *draft, bool anew UNUSED, bool *changed,
                          struct err *err)
{
    struct shelf *shelf = self;
    atomic_fetch_add(&shelf->looks, 1);
    if (shelf->broken)
        return err_set(err, ERR_MODEL, "golden record 3 scores otherwise");
    *changed = shelf->version != NULL;
    if (*changed)
        lineup_set(&draft->champion, tiny_served(shelf->version));
    return true;
}

TEST(a_reload_brings_what_the_source_has_and_what_fails_changes_nothing)
{
    struct shelf shelf = {.version = "2"};
    struct server_options options = {.http = http_defaults,
                                     .source = {.self = &shelf, .refresh = shelf_refresh}};
    options.http.host = "127.0.0.1";
    options.http.port = 0;
    options.http.workers = 1;
    CLEANUP(server_close) struct server server = {0};
    struct err err = {0};
    WORKS(server_open(&server, &options, &err), err);
    server_serve(&server, tiny_served("1"));
    CLIENT(client, server);
    struct reply reply = post(&client, "/reload", "");
    SAME(reply.status, 200);
    TRUE(view_starts(reply.body, "{\"message\":\"model reloaded\",\"f1\":"));
    TRUE(says(&reply, "\"model_version\":\"2\""));
    shelf.broken = true;
    reply = post(&client, "/reload", "");
    SAME(reply.status, 500);
    TRUE(says(&reply, "golden record 3"));
    reply = client_ask(&client, GET("/model-info"));
    TRUE(says(&reply, "\"model_version\":\"2\""));
    SAME(shelf.looks, 2);
}

TEST(the_source_is_watched)
{
    struct shelf shelf = {.version = "w"};
    struct server_options options = {
        .http = http_defaults, .source = {.self = &shelf, .refresh = shelf_refresh}, .watch_ms = 5};
    options.http.host = "127.0.0.1";
    options.http.port = 0;
    CLEANUP(server_close) struct server server = {0};
    struct err err = {0};
    WORKS(server_open(&server, &options, &err), err);
    for (int i = 0; i < 5000 && atomic_load(&shelf.looks) < 3; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    TRUE(shelf.looks >= 3);
    CLIENT(client, server);
    SAME(client_ask(&client, GET("/readyz")).status, 200);
}

TEST(each_request_is_a_line_of_the_access_log_without_what_was_sent)
{
    char path[300];
    struct view text;
    struct err err = {0};
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    snprintf(path, sizeof path, "%s/access.log", test_dir());
    {
        CLEANUP(server_close) struct server server = {0};
        struct server_options options = {
            .http = http_defaults, .access_log = true, .access_log_path = path};
        options.http.host = "127.0.0.1";
        options.http.port = 0;
        options.http.workers = 1;
        WORKS(server_open(&server, &options, &err), err);
        server_serve(&server, tiny_served("1.0"));
        CLIENT(client, server);
        struct reply reply =
            client_ask(&client, VIEW("GET /nowhere?card=4111111111111111 HTTP/1.1\r\nHost: x\r\n"
                                     "X-Request-ID: 4111111111111111\r\n\r\n"));
        TRUE(!reply_has(&reply, "X-Request-ID: 4111") && reply_has(&reply, "X-Request-ID: "));
        reply = client_ask(&client, VIEW("GET /livez?card=4111111111111111 HTTP/1.1\r\nHost: x\r\n"
                                         "X-Request-ID: till-7\r\n\r\n"));
        TRUE(reply_has(&reply, "X-Request-ID: till-7\r\n"));
        client_ask(&client, VIEW("garbage\r\n\r\n"));
    }
    WORKS(file_load(path, 1 << 20, &arena, &text, &err), err);
    static const char *const parts[] = {
        "\"method\":\"GET\",\"route\":\"none\",\"status\":404,",
        "\"method\":\"GET\",\"route\":\"/livez\",\"status\":200,\"bytes\":13,",
        "\"client\":\"\",\"request_id\":\"till-7\"}\n",
        "\"method\":\"\",\"route\":\"none\",\"status\":400,",
    };
    for (size_t i = 0; i < LENGTH_OF(parts); i++)
        FAIL_UNLESS(memmem(text.text, text.length, parts[i], strlen(parts[i])) != NULL,
                    "no '%s' in\n%.*s", parts[i], (int)text.length, text.text);
    TRUE(memmem(text.text, text.length, "41111111", 8) == NULL);
    TRUE(memmem(text.text, text.length, "nowhere", 7) == NULL);
}

TEST(past_its_bound_of_waiting_answers_a_server_says_so_and_still_tells_its_health)
{
    SERVER(server);
    server_serve(&server, tiny_served("1.0"));
    server.options.requests_max = 2;
    CLIENT(client, server);
    atomic_store(&server.http.waiting, 2);
    struct reply reply = post(&client, "/predict", "{\"features\":[1,2]}");
    SAME(reply.status, 503);
    TRUE(reply_has(&reply, "Retry-After: 1\r\n"));
    SAME(client_ask(&client, GET("/livez")).status, 200);
    SAME(client_ask(&client, GET("/readyz")).status, 200);
    atomic_store(&server.http.waiting, 1);
    SAME(post(&client, "/predict", "{\"features\":[1,2]}").status, 200);
    atomic_store(&server.http.waiting_bytes, server.options.http.bodies_bytes_max);
    SAME(post(&client, "/predict", "{\"features\":[1,2]}").status, 503);
    atomic_store(&server.http.waiting_bytes, 0);
    atomic_store(&server.http.waiting, 0);
}

struct load {
    struct server *server;
    atomic_bool stop;
    atomic_uint answered, wrong;
};

static void *ask_on(void *load_)
{
    struct load *load = load_;
    CLIENT(client, *load->server);
    while (!atomic_load(&load->stop)) {
        struct reply reply = post(&client, "/predict", "{\"features\":[1,2]}");
        atomic_fetch_add(reply.status == 200 ? &load->answered : &load->wrong, 1);
    }
    return NULL;
}

TEST(models_are_replaced_under_load_without_one_request_failing)
{
    SERVER(server);
    server_serve(&server, tiny_served("0"));
    struct load load = {.server = &server};
    pthread_t threads[2];
    for (size_t i = 0; i < LENGTH_OF(threads); i++)
        TRUE(pthread_create(&threads[i], NULL, ask_on, &load) == 0);
    for (int i = 0; i < 30 || load.answered < 50; i++)
        server_serve(&server, tiny_served("1"));
    atomic_store(&load.stop, true);
    for (size_t i = 0; i < LENGTH_OF(threads); i++)
        pthread_join(threads[i], NULL);
    TRUE(load.answered >= 50);
    SAME(load.wrong, 0);
}

TEST(a_server_that_stops_says_so_and_still_answers)
{
    SERVER(server);
    server_serve(&server, tiny_served("1"));
    atomic_store(&server.stopping, true);
    CLIENT(client, server);
    struct reply reply = client_ask(&client, GET("/readyz"));
    SAME(reply.status, 503);
    TRUE(says(&reply, "stopping"));
    SAME(client_ask(&client, GET("/ping")).status, 503);
    SAME(client_ask(&client, GET("/livez")).status, 200);
    SAME(post(&client, "/predict", "{\"features\":[1,2]}").status, 200);
    client_close(&client);
    TRUE(server_stop(&server, 0, 5000));
}

TEST(a_server_that_cannot_listen_leaves_nothing_open)
{
    SERVER(server);
    struct server other;
    struct server_options options = {.http = http_defaults};
    options.http.host = "127.0.0.1";
    options.http.port = server.http.port;
    struct err err = {0};
    FAILS(server_open(&other, &options, &err), err, ERR_CONFLICT);
}

/* The published answer of system A's own server, from its own model. */
TEST(system_a_gets_its_published_probability_from_its_own_model)
{
    const char *path = test_data("models/system-a/booster.json");
    if (path == NULL)
        SKIP("models/system-a is not in ASSAY_DATA");
    struct served *served = served_new();
    served->bundle.arena.limit = 512 << 20;
    struct adoption adoption = {.project = VIEW("a"), .threshold = 0.5F};
    struct view file, request, model;
    struct err err = {0};
    struct arena *arena = &served->bundle.arena;
    WORKS(file_load(path, 64 << 20, arena, &model, &err), err);
    adoption.model = model;
    WORKS(adopt_model(&adoption, arena, &file, &err), err);
    WORKS(bundle_open(&served->bundle, file, &err), err);
    snprintf(served->version, sizeof served->version, "1.0");
    WORKS(served_ready(served, &err), err);
    path = test_data("models/system-a/request.json");
    TRUE(path != NULL);
    CLEANUP(arena_release) struct arena texts = {.limit = 1 << 20};
    WORKS(file_load(path, 4096, &texts, &request, &err), err);

    SERVER(server);
    server_serve(&server, served);
    CLIENT(client, server);
    struct reply reply = post(&client, "/invocations", request.text);
    SAME(reply.status, 200);
    TRUE(view_starts(reply.body, "{\"predictions\":[0.016783954575657845],\"fraud_probability\":"
                                 "[0.016783954575657845],\"detailed_predictions\":"
                                 "[{\"fraud_probability\":0.016783954575657845,\"is_fraud\":false,"
                                 "\"risk_level\":\"LOW\",\"confidence\":0.9664320908486843}],"
                                 "\"metadata\":{\"model_version\":\"1.0\",\"prediction_count\":1,"
                                 "\"timestamp\":\"2"));
}
