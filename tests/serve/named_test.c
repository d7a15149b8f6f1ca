#include "serve/named.h"

#include "http/client.h"
#include "serve/tiny_model.h"

static bool load_tiny(void *self, struct view name UNUSED, struct view url, struct served **out,
                      struct err *err)
{
    unsigned *loads = self;
    ++*loads;
    if (view_is(url, "/broken"))
        return err_set(err, ERR_MODEL, "no bundle is there");
    *out = tiny_served("1.0");
    return true;
}

struct desk {
    struct server server;
    unsigned loads;
    struct err err;
};

static void desk_open(struct desk *desk, size_t bytes_max)
{
    struct server_options options = {
        .http = http_defaults,
        .source = {.self = &desk->loads, .load = load_tiny},
        .named_bytes_max = bytes_max,
        .many_models = true,
    };
    options.http.host = "127.0.0.1";
    options.http.port = 0;
    options.http.workers = 1;
    WORKS(server_open(&desk->server, &options, &desk->err), desk->err);
}

static void desk_close(struct desk *desk)
{
    server_close(&desk->server);
}

#define DESK(name, bytes_max)                                                                      \
    CLEANUP(desk_close) struct desk name = {0};                                                    \
    desk_open(&name, bytes_max)

static bool load(struct desk *desk, const char *name, bool anew)
{
    desk->err = (struct err){0};
    return named_load(&desk->server, view_of(name), VIEW("/m"), anew, &desk->err);
}

static const struct lineup *lineup_of(struct desk *desk)
{
    return atomic_load(&desk->server.serving.now);
}

TEST(a_model_is_loaded_once_and_let_go_once)
{
    DESK(desk, 0);
    WORKS(load(&desk, "a", false), desk.err);
    TRUE(named_find(lineup_of(&desk), VIEW("a")) != NULL);
    FAILS(load(&desk, "a", false), desk.err, ERR_CONFLICT);
    SAME(desk.loads, 1);
    const struct served *before = named_find(lineup_of(&desk), VIEW("a"));
    WORKS(load(&desk, "a", true), desk.err);
    TRUE(named_find(lineup_of(&desk), VIEW("a")) != before);
    SAME(lineup_of(&desk)->named_count, 1);
    WORKS(named_unload(&desk.server, VIEW("a"), &desk.err), desk.err);
    SAME(lineup_of(&desk)->named_count, 0);
    FAILS(named_unload(&desk.server, VIEW("a"), &desk.err), desk.err, ERR_NOT_FOUND);
}

TEST(the_one_in_the_middle_goes_and_the_others_stay)
{
    DESK(desk, 0);
    TRUE(load(&desk, "a", false) && load(&desk, "b", false) && load(&desk, "c", false));
    WORKS(named_unload(&desk.server, VIEW("b"), &desk.err), desk.err);
    SAME(lineup_of(&desk)->named_count, 2);
    TRUE(named_find(lineup_of(&desk), VIEW("a")) != NULL);
    TRUE(named_find(lineup_of(&desk), VIEW("c")) != NULL);
}

TEST(past_the_last_place_there_is_no_room_and_nothing_is_read)
{
    DESK(desk, 0);
    for (int i = 0; i < LINEUP_NAMED_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        WORKS(load(&desk, name, false), desk.err);
    }
    FAILS(load(&desk, "more", false), desk.err, ERR_LIMIT);
    SAME(desk.loads, LINEUP_NAMED_MAX);
    WORKS(load(&desk, "m3", true), desk.err);
}

TEST(past_the_bytes_there_is_no_room_either)
{
    struct served *one = tiny_served("1.0");
    size_t bytes = one->bundle.arena.used;
    served_free(one);
    DESK(desk, 2 * bytes);
    TRUE(load(&desk, "a", false) && load(&desk, "b", false));
    FAILS(load(&desk, "c", false), desk.err, ERR_LIMIT);
    SAME(lineup_of(&desk)->named_count, 2);
    WORKS(load(&desk, "a", true), desk.err);
    WORKS(named_unload(&desk.server, VIEW("b"), &desk.err), desk.err);
    WORKS(load(&desk, "c", false), desk.err);
}

TEST(what_cannot_be_read_changes_nothing)
{
    DESK(desk, 0);
    FAILS(named_load(&desk.server, VIEW("a"), VIEW("/broken"), false, &desk.err), desk.err,
          ERR_MODEL);
    SAME(lineup_of(&desk)->named_count, 0);
    static const char *const names[] = {"", "..%2f", "a/b", "a b", "champion"};
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        TRUE(!load(&desk, names[i], false));
    SAME(desk.loads, 1);
}

static struct reply load_by_http(struct client *client, const char *name)
{
    char body[64], bytes[300];
    snprintf(body, sizeof body, "{\"model_name\":\"%s\",\"url\":\"/m\"}", name);
    snprintf(bytes, sizeof bytes,
             "POST /models HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
             body);
    return client_ask(client, view_of(bytes));
}

TEST(a_server_of_many_models_is_ready_without_one_and_says_507_when_it_is_full)
{
    DESK(desk, 1);
    CLEANUP(client_close) struct client client = client_open(desk.server.http.port);
    SAME(client_ask(&client, VIEW("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")).status, 200);
    SAME(client_ask(&client, VIEW("POST /models/a/invoke HTTP/1.1\r\nHost: x\r\n"
                                  "Content-Length: 2\r\n\r\n[]"))
             .status,
         404);
    SAME(load_by_http(&client, "a").status, 507);
    desk.server.options.named_bytes_max = 0;
    SAME(load_by_http(&client, "a").status, 200);
    SAME(load_by_http(&client, "a").status, 409);
}
