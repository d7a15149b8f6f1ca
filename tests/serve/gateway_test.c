#include "serve/gateway.h"

#include "base/clock.h"
#include "base/file.h"
#include "harness.h"
#include "store/client.h"

#include <time.h>

enum { MEMORY = 8 << 20 };

/* A gateway over a store of its own, and a request to ask it with. */
struct gate {
    struct arena arena;
    struct store store;
    struct gateway gateway;
    struct http_request request;
    struct http_response response;
    struct gateway_client who;
    char fields[512];
};

static void gate_close(struct gate *gate)
{
    gateway_close(&gate->gateway);
    store_close(&gate->store);
    arena_release(&gate->arena);
}

static void gate_open(struct gate *gate, const char *name, enum gateway_auth auth,
                      unsigned watch_ms)
{
    struct err err = {0};
    gate->arena.limit = MEMORY;
    const char *dir = path_join(&gate->arena, test_dir(), name);
    WORKS(store_open(&gate->store, dir, &err), err);
    struct gateway_options options = {.auth = auth, .watch_ms = watch_ms};
    if (watch_ms > 0)
        options.place.dir = dir;
    WORKS(gateway_open(&gate->gateway, &options, &err), err);
}

#define GATE(gate, auth)                                                                           \
    CLEANUP(gate_close) struct gate gate = {0};                                                    \
    struct err err UNUSED = {0};                                                                   \
    gate_open(&gate, __func__, auth, 0)

static void take(struct gate *gate)
{
    struct err err = {0};
    WORKS(gateway_take(&gate->gateway, &gate->store, &err), err);
}

static struct client_key_text add(struct gate *gate, const char *name, unsigned scopes,
                                  int64_t expires_ms)
{
    struct client_terms terms = {.name = view_of(name), .scopes = scopes};
    struct client_key_text key;
    struct err err = {0};
    WORKS(client_add(&gate->store, &terms, expires_ms, "ann", &key, &err), err);
    return key;
}

/* The status: 200 when the gateway lets it in. */
static int ask(struct gate *gate, const struct route *route, const char *fields)
{
    snprintf(gate->fields, sizeof gate->fields, "%s", fields);
    gate->request.fields = view_of(gate->fields);
    gate->request.arena = &gate->arena;
    gate->request.started_ns = clock_ticks_ns();
    gate->response = http_response_in(&gate->arena);
    bool ok = gateway_admit(&gate->gateway, &gate->request, route, &gate->response, &gate->who);
    TRUE(ok == (gate->response.status == 200));
    return gate->response.status;
}

static int ask_with(struct gate *gate, const struct route *route, const char *key)
{
    char fields[256];
    snprintf(fields, sizeof fields, "Host: x\r\nAuthorization: Bearer %s\r\n", key);
    return ask(gate, route, fields);
}

static bool has_field(const struct http_response *response, const char *name, const char *value)
{
    for (size_t i = 0; i < response->field_count; i++)
        if (strcmp(response->field[i].name, name) == 0)
            return view_is(response->field[i].value, value);
    return false;
}

static bool says(const struct http_response *response, const char *part)
{
    return memmem(response->body.bytes, response->body.length, part, strlen(part)) != NULL;
}

static const struct route *first_of(enum route_scope scope)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (routes[i].scope == scope)
            return &routes[i];
    return NULL;
}

/* ---------------------------------------------------------------- the walk */

/* Written down once more here: a row of the gateway's own table that is wrong is seen. */
static unsigned scope_for(enum route_scope scope)
{
    switch (scope) {
    case SCOPE_HEALTH:
        return 0;
    case SCOPE_METRICS:
        return CLIENT_METRICS;
    case SCOPE_READ:
        return CLIENT_READ;
    case SCOPE_SCORE:
        return CLIENT_SCORE;
    case SCOPE_LABEL:
        return CLIENT_LABEL;
    case SCOPE_ADMIN:
        return CLIENT_ADMIN;
    }
    return UINT32_MAX;
}

TEST(every_route_for_every_scope_and_every_kind_of_key_is_denied_unless_all_is_right)
{
    GATE(gate, GATEWAY_KEYS);
    int64_t now = clock_now_ms();
    struct client_key_text good[CLIENT_SCOPES], expired[CLIENT_SCOPES], revoked[CLIENT_SCOPES],
        gone[CLIENT_SCOPES];
    for (unsigned s = 0; s < CLIENT_SCOPES; s++) {
        char name[32];
        snprintf(name, sizeof name, "good-%u", s), good[s] = add(&gate, name, 1U << s, 0);
        snprintf(name, sizeof name, "expired-%u", s);
        expired[s] = add(&gate, name, 1U << s, now + 60000);
        snprintf(name, sizeof name, "revoked-%u", s), revoked[s] = add(&gate, name, 1U << s, 0);
        snprintf(name, sizeof name, "gone-%u", s), gone[s] = add(&gate, name, 1U << s, 0);
    }
    take(&gate); /* known while they were good */
    WORKS(db_run(&gate.store.db, "update client_key set expires_ms = 1 where expires_ms > 0", &err),
          err);
    for (unsigned s = 0; s < CLIENT_SCOPES; s++) {
        char name[32];
        snprintf(name, sizeof name, "%lld", (long long)revoked[s].id);
        WORKS(client_revoke(&gate.store, view_of(name), "ann", &err), err);
        snprintf(name, sizeof name, "gone-%u", s);
        WORKS(client_revoke(&gate.store, view_of(name), "ann", &err), err);
    }
    take(&gate);
    size_t admitted = 0;
    for (size_t r = 0; r < ROUTE_COUNT; r++) {
        const struct route *route = &routes[r];
        bool open = route->scope == SCOPE_HEALTH;
        int denied = open ? 200 : 401;
        SAME(ask(&gate, route, "Host: x\r\n"), denied);
        SAME(ask(&gate, route, "Host: x\r\nX-API-Key: \r\n"), denied);
        SAME(ask(&gate, route, "Host: x\r\nAuthorization: Basic YTpi\r\n"), denied);
        for (unsigned s = 0; s < CLIENT_SCOPES; s++) {
            char wrong[96];
            snprintf(wrong, sizeof wrong, "%s", good[s].text);
            wrong[strlen(wrong) - 1] = wrong[strlen(wrong) - 1] == '0' ? '1' : '0';
            SAME(ask_with(&gate, route, wrong), denied);
            SAME(ask_with(&gate, route, expired[s].text), denied);
            SAME(ask_with(&gate, route, revoked[s].text), denied);
            SAME(ask_with(&gate, route, gone[s].text), denied);
            bool right = open || scope_for(route->scope) == 1U << s;
            int status = ask_with(&gate, route, good[s].text);
            FAIL_UNLESS(status == (right ? 200 : 403), "%s %s with scope %u: %d", route->method,
                        route->path, s, status);
            admitted += status == 200 && !open;
        }
    }
    TRUE(admitted > 0);
}

TEST(what_has_no_route_is_told_to_known_clients_only)
{
    GATE(gate, GATEWAY_KEYS);
    struct client_key_text key = add(&gate, "a", CLIENT_LABEL, 0);
    take(&gate);
    SAME(ask(&gate, NULL, "Host: x\r\n"), 401);
    SAME(ask_with(&gate, NULL, key.text), 200);
}

TEST(without_authentication_everybody_may_ask_everything_and_is_nobody)
{
    GATE(gate, GATEWAY_OPEN);
    for (size_t r = 0; r < ROUTE_COUNT; r++)
        SAME(ask(&gate, &routes[r], "Host: x\r\n"), 200);
    SAME(gate.who.position, 0);
    SAME(gate.who.name.length, 0);
}

/* ---------------------------------------------------------------- keys */

TEST(a_key_is_read_from_either_field_and_names_its_client)
{
    GATE(gate, GATEWAY_KEYS);
    const struct route *route = first_of(SCOPE_SCORE);
    struct client_key_text key = add(&gate, "till-7", CLIENT_SCORE, 0);
    char fields[256];
    take(&gate);
    snprintf(fields, sizeof fields, "x-api-key:  %s \r\n", key.text);
    SAME(ask(&gate, route, fields), 200);
    TEXT(gate.who.name, "till-7");
    TEXT(gateway_name(&gate.gateway, gate.who.position), "till-7");
    TEXT(gateway_name(&gate.gateway, 0), "");
    snprintf(fields, sizeof fields, "AUTHORIZATION: bearer %s\r\n", key.text);
    SAME(ask(&gate, route, fields), 200);
    snprintf(fields, sizeof fields, "Authorization: Basic YTpi\r\nX-API-Key: %s\r\n", key.text);
    SAME(ask(&gate, route, fields), 200);
}

TEST(refusals_say_what_is_needed_and_not_whether_a_key_exists)
{
    GATE(gate, GATEWAY_KEYS);
    const struct route *route = first_of(SCOPE_SCORE);
    struct client_key_text key = add(&gate, "a", CLIENT_READ, 0);
    take(&gate);
    SAME(ask(&gate, route, "Host: x\r\n"), 401);
    TRUE(has_field(&gate.response, "WWW-Authenticate", "Bearer realm=\"assay\""));
    TRUE(says(&gate.response, "a key is needed"));
    char other[96], wrong[96];
    snprintf(other, sizeof other, "assay_4711_%s", strrchr(key.text, '_') + 1);
    snprintf(wrong, sizeof wrong, "%s", key.text);
    wrong[strlen(wrong) - 1] ^= 1;
    SAME(ask_with(&gate, route, other), 401);
    TRUE(has_field(&gate.response, "WWW-Authenticate",
                   "Bearer realm=\"assay\", error=\"invalid_token\""));
    TRUE(says(&gate.response, "\"this key is not valid\""));
    SAME(ask_with(&gate, route, wrong), 401);
    TRUE(says(&gate.response, "\"this key is not valid\""));
    SAME(ask_with(&gate, route, key.text), 403);
    TRUE(says(&gate.response, "client 'a' has not the scope 'score'"));
}

TEST(a_rotated_key_and_its_successor_are_both_good_until_the_grace_is_over)
{
    GATE(gate, GATEWAY_KEYS);
    const struct route *route = first_of(SCOPE_SCORE);
    struct client_key_text old = add(&gate, "a", CLIENT_SCORE, 0), new;
    take(&gate);
    WORKS(client_rotate(&gate.store, VIEW("a"), 60000, 0, "ann", &new, &err), err);
    take(&gate);
    SAME(ask_with(&gate, route, old.text), 200);
    SAME(ask_with(&gate, route, new.text), 200);
    WORKS(client_rotate(&gate.store, VIEW("a"), 0, 0, "ann", &old, &err), err);
    take(&gate);
    SAME(ask_with(&gate, route, new.text), 401);
    TRUE(says(&gate.response, "this key has expired"));
    SAME(ask_with(&gate, route, old.text), 200);
}

/* ---------------------------------------------------------------- certificates */

TEST(a_certificate_is_the_client_of_the_first_of_its_names_that_is_one)
{
    GATE(gate, GATEWAY_CERTIFICATES);
    const struct route *route = first_of(SCOPE_SCORE);
    add(&gate, "till-7", CLIENT_SCORE, 0);
    add(&gate, "reader", CLIENT_READ, 0);
    take(&gate);
    gate.request.names = VIEW("");
    SAME(ask(&gate, route, "Host: x\r\n"), 401);
    TRUE(says(&gate.response, "a client certificate is needed"));
    gate.request.names = VIEW("nobody\ntill-7\nreader\n");
    SAME(ask(&gate, route, "Host: x\r\n"), 200);
    TEXT(gate.who.name, "till-7");
    gate.request.names = VIEW("reader\ntill-7\n");
    SAME(ask(&gate, route, "Host: x\r\n"), 403);
    gate.request.names = VIEW("till-77\ntill-\n");
    SAME(ask(&gate, route, "Host: x\r\n"), 401);
    WORKS(client_revoke(&gate.store, VIEW("till-7"), "ann", &err), err);
    take(&gate);
    gate.request.names = VIEW("till-7\nreader\n");
    SAME(ask(&gate, route, "Host: x\r\n"), 401);
}

TEST(a_key_alone_does_not_open_a_gateway_of_certificates)
{
    GATE(gate, GATEWAY_CERTIFICATES);
    struct client_key_text key = add(&gate, "a", CLIENT_SCORE, 0);
    take(&gate);
    SAME(ask_with(&gate, first_of(SCOPE_SCORE), key.text), 401);
}

TEST(where_both_are_asked_for_a_stolen_key_is_worth_nothing)
{
    GATE(gate, GATEWAY_BOTH);
    const struct route *route = first_of(SCOPE_SCORE);
    struct client_key_text key = add(&gate, "a", CLIENT_SCORE, 0);
    add(&gate, "b", CLIENT_SCORE, 0);
    take(&gate);
    SAME(ask_with(&gate, route, key.text), 401);
    gate.request.names = VIEW("b\n");
    SAME(ask_with(&gate, route, key.text), 401);
    SAME(ask(&gate, route, "Host: x\r\n"), 401);
    gate.request.names = VIEW("a\n");
    SAME(ask(&gate, route, "Host: x\r\n"), 401);
    SAME(ask_with(&gate, route, key.text), 200);
}

/* ---------------------------------------------------------------- how often */

static struct client_key_text add_slow(struct gate *gate, int64_t rate_milli, int64_t quota)
{
    struct client_terms terms = {.name = VIEW("slow"),
                                 .scopes = CLIENT_SCORE,
                                 .rate_milli = rate_milli,
                                 .burst = rate_milli > 0 ? 2 : 0,
                                 .quota_day = quota};
    struct client_key_text key;
    struct err err = {0};
    WORKS(client_add(&gate->store, &terms, 0, "ann", &key, &err), err);
    take(gate);
    return key;
}

TEST(past_its_rate_a_client_is_told_when_to_come_back)
{
    GATE(gate, GATEWAY_KEYS);
    const struct route *route = first_of(SCOPE_SCORE);
    struct client_key_text key = add_slow(&gate, 1, 0); /* one in a thousand seconds */
    SAME(ask_with(&gate, route, key.text), 200);
    take(&gate); /* looking at the store fills no bucket */
    SAME(ask_with(&gate, route, key.text), 200);
    SAME(ask_with(&gate, route, key.text), 429);
    TRUE(has_field(&gate.response, "Retry-After", "1000"));
    TEXT(gate.who.name, "slow");
}

TEST(what_is_refused_for_its_scope_costs_no_token)
{
    GATE(gate, GATEWAY_KEYS);
    struct client_key_text key = add_slow(&gate, 1, 0);
    for (int i = 0; i < 5; i++)
        SAME(ask_with(&gate, first_of(SCOPE_READ), key.text), 403);
    SAME(ask_with(&gate, first_of(SCOPE_SCORE), key.text), 200);
}

TEST(past_its_quota_a_client_waits_for_the_next_day)
{
    GATE(gate, GATEWAY_KEYS);
    const struct route *route = first_of(SCOPE_SCORE);
    struct client_key_text key = add_slow(&gate, 0, 2);
    SAME(ask_with(&gate, route, key.text), 200);
    SAME(ask_with(&gate, route, key.text), 200);
    SAME(ask_with(&gate, route, key.text), 429);
    TRUE(says(&gate.response, "quota"));
}

/* ---------------------------------------------------------------- keeping up */

TEST(a_new_key_is_known_and_a_revoked_one_refused_soon_after_without_being_told)
{
    CLEANUP(gate_close) struct gate gate = {0};
    gate_open(&gate, "watched", GATEWAY_KEYS, 20);
    struct err err = {0};
    const struct route *route = first_of(SCOPE_SCORE);
    struct client_key_text key = add(&gate, "a", CLIENT_SCORE, 0);
    const struct timespec moment = {.tv_nsec = 10000000};
    for (int i = 0; i < 500 && ask_with(&gate, route, key.text) != 200; i++)
        nanosleep(&moment, NULL);
    SAME(ask_with(&gate, route, key.text), 200);
    WORKS(client_revoke(&gate.store, VIEW("a"), "ann", &err), err);
    for (int i = 0; i < 500 && ask_with(&gate, route, key.text) != 401; i++)
        nanosleep(&moment, NULL);
    SAME(ask_with(&gate, route, key.text), 401);
    TRUE(says(&gate.response, "revoked"));
}

TEST(while_the_store_cannot_be_read_what_was_known_stays_and_what_expires_expires)
{
    CLEANUP(gate_close) struct gate gate = {0};
    gate_open(&gate, "away", GATEWAY_KEYS, 20);
    struct err err = {0};
    const struct route *route = first_of(SCOPE_SCORE);
    const struct timespec while_polled = {.tv_nsec = 200000000};
    struct client_key_text lasting = add(&gate, "a", CLIENT_SCORE, 0);
    struct client_key_text brief = add(&gate, "b", CLIENT_SCORE, clock_now_ms() + 700);
    nanosleep(&while_polled, NULL);
    SAME(ask_with(&gate, route, brief.text), 200);
    WORKS(db_run(&gate.store.db, "drop table client_key; drop table client", &err), err);
    nanosleep(&while_polled, NULL);
    SAME(ask_with(&gate, route, lasting.text), 200);
    for (int i = 0; i < 5; i++)
        nanosleep(&while_polled, NULL);
    SAME(ask_with(&gate, route, lasting.text), 200);
    SAME(ask_with(&gate, route, brief.text), 401);
    TRUE(says(&gate.response, "expired"));
}

TEST(a_store_that_cannot_be_opened_stops_the_start)
{
    struct gateway gateway;
    struct gateway_options options = {.auth = GATEWAY_KEYS, .place = {.dir = "/proc/nowhere"}};
    struct err err = {0};
    TRUE(!gateway_open(&gateway, &options, &err));
    gateway_close(&gateway);
}

/* ---------------------------------------------------------------- pages of other sites */

static const struct view origins[] = {{"https://shop.example", 20}, {"http://localhost:3000", 21}};

static bool preflight(struct gate *gate, const char *method, const char *fields)
{
    snprintf(gate->fields, sizeof gate->fields, "%s", fields);
    gate->request.method = view_of(method);
    gate->request.fields = view_of(gate->fields);
    gate->response = http_response_in(&gate->arena);
    bool is = gateway_preflight(&gate->gateway, &gate->request, "POST, OPTIONS", &gate->response);
    gateway_dress(&gate->gateway, &gate->request, &gate->response);
    return is;
}

TEST(a_page_of_a_listed_site_may_ask_and_others_may_not)
{
    GATE(gate, GATEWAY_KEYS);
    gate.gateway.options.origin = origins;
    gate.gateway.options.origins = LENGTH_OF(origins);
    TRUE(preflight(&gate, "OPTIONS",
                   "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"));
    SAME(gate.response.status, 204);
    TRUE(has_field(&gate.response, "Access-Control-Allow-Origin", "https://shop.example"));
    TRUE(has_field(&gate.response, "Access-Control-Allow-Methods", "POST, OPTIONS"));
    TRUE(has_field(&gate.response, "Vary", "Origin"));
    TRUE(!has_field(&gate.response, "Access-Control-Allow-Credentials", "true"));
    static const char *const refused[] = {
        "Origin: https://shop.example.evil\r\nAccess-Control-Request-Method: POST\r\n",
        "Origin: http://shop.example\r\nAccess-Control-Request-Method: POST\r\n",
        "Origin: null\r\nAccess-Control-Request-Method: POST\r\n",
        "Access-Control-Request-Method: POST\r\n",
        "Origin: https://shop.example\r\n",
    };
    for (size_t i = 0; i < LENGTH_OF(refused); i++)
        FAIL_UNLESS(!preflight(&gate, "OPTIONS", refused[i]), "%s", refused[i]);
    TRUE(!preflight(&gate, "POST",
                    "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"));
    TRUE(!preflight(&gate, "GET", "Origin: https://evil.example\r\n"));
    TRUE(has_field(&gate.response, "Vary", "Origin"));
    for (size_t i = 0; i < gate.response.field_count; i++)
        TRUE(strncmp(gate.response.field[i].name, "Access", 6) != 0);
}

TEST(without_origins_nothing_is_said_of_other_sites)
{
    GATE(gate, GATEWAY_KEYS);
    TRUE(!preflight(&gate, "OPTIONS",
                    "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"));
    SAME(gate.response.field_count, 0);
}

TEST(a_star_lets_every_site_ask_and_never_with_the_browsers_credentials)
{
    static const struct view star[] = {{"*", 1}};
    GATE(gate, GATEWAY_KEYS);
    gate.gateway.options.origin = star;
    gate.gateway.options.origins = 1;
    TRUE(preflight(&gate, "OPTIONS",
                   "Origin: https://any.example\r\nAccess-Control-Request-Method: POST\r\n"));
    TRUE(has_field(&gate.response, "Access-Control-Allow-Origin", "*"));
    for (size_t i = 0; i < gate.response.field_count; i++)
        TRUE(strcmp(gate.response.field[i].name, "Access-Control-Allow-Credentials") != 0);
}
