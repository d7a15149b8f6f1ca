#include "serve/gateway.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/client.h"

#include <signal.h>
#include <time.h>

enum { LISTS_MAX = 64 << 20 };

/* ---------------------------------------------------------------- who asks */

/* Who a request says it is from, before anything is allowed. */
struct claim {
    struct roster_client *client; /* NULL: nobody, and why */
    const char *why;
};

static const unsigned scope_of[] = {
    [SCOPE_HEALTH] = 0,           [SCOPE_METRICS] = CLIENT_METRICS, [SCOPE_READ] = CLIENT_READ,
    [SCOPE_SCORE] = CLIENT_SCORE, [SCOPE_LABEL] = CLIENT_LABEL,     [SCOPE_ADMIN] = CLIENT_ADMIN,
};

/* "Bearer KEY", or the field that API gateways use. */
static struct view shown_key(const struct http_request *request)
{
    struct view scheme, rest = http_request_field(request, "authorization");
    if (rest.length > 0 && view_cut(&rest, ' ', &scheme) &&
        view_same_fold(scheme, VIEW("bearer")) && rest.length > 0)
        return view_trim(rest);
    return http_request_field(request, "x-api-key");
}

static struct claim nobody(const char *why)
{
    return (struct claim){.why = why};
}

/* A secret that is wrong and a key that there is not are the same to who tries. */
static struct claim claim_by_key(const struct gateway *gateway, const struct http_request *request,
                                 int64_t now_ms)
{
    struct view text = shown_key(request);
    struct digest hash;
    int64_t id;
    if (text.length == 0)
        return nobody("a key is needed: 'Authorization: Bearer KEY' or 'X-API-Key: KEY'");
    const struct roster_key *key =
        client_key_parse(text, &id, &hash) ? roster_key(&gateway->roster, id) : NULL;
    if (key == NULL || !client_hash_same(&key->hash, &hash))
        return nobody("this key is not valid");
    if (atomic_load_explicit(&key->revoked, memory_order_relaxed) ||
        atomic_load_explicit(&key->client->revoked, memory_order_relaxed))
        return nobody("this key was revoked");
    if (atomic_load_explicit(&key->expires_ms, memory_order_relaxed) <= now_ms)
        return nobody("this key has expired");
    return (struct claim){.client = key->client};
}

/* The first of the certificate's names that is a client's. */
static struct claim claim_by_certificate(const struct gateway *gateway,
                                         const struct http_request *request)
{
    struct view rest = request->names, name;
    if (rest.length == 0)
        return nobody("a client certificate is needed, over TLS");
    while (rest.length > 0 && view_cut(&rest, '\n', &name)) {
        struct roster_client *client = roster_client(&gateway->roster, name);
        if (client == NULL)
            continue;
        if (atomic_load_explicit(&client->revoked, memory_order_relaxed))
            return nobody("this certificate's client was revoked");
        return (struct claim){.client = client};
    }
    return nobody("none of the names in this certificate is a client's");
}

static bool has_name(struct view names, const char *wanted)
{
    struct view name;
    while (names.length > 0 && view_cut(&names, '\n', &name))
        if (view_is(name, wanted))
            return true;
    return false;
}

static struct claim claim_of(const struct gateway *gateway, const struct http_request *request,
                             int64_t now_ms)
{
    if (gateway->options.auth == GATEWAY_CERTIFICATES)
        return claim_by_certificate(gateway, request);
    struct claim claim = claim_by_key(gateway, request, now_ms);
    if (gateway->options.auth == GATEWAY_BOTH && claim.client != NULL &&
        !has_name(request->names, claim.client->name))
        return nobody("this key belongs to another client than the certificate");
    return claim;
}

/* ---------------------------------------------------------------- refusals */

static void refuse_unknown(const struct gateway *gateway, const char *why, bool tried,
                           struct http_response *response)
{
    http_response_error(response, 401, view_of(why));
    if (gateway->options.auth & GATEWAY_KEYS)
        http_response_field(response, "WWW-Authenticate",
                            tried ? VIEW("Bearer realm=\"assay\", error=\"invalid_token\"")
                                  : VIEW("Bearer realm=\"assay\""));
}

static void refuse_scope(const struct roster_client *client, unsigned wanted,
                         struct http_response *response)
{
    char scope[CLIENT_SCOPES_SIZE];
    struct err err = {0};
    err_set(&err, ERR_USAGE, "client '%s' has not the scope '%s'", client->name,
            client_scopes_print(wanted, scope));
    http_response_error(response, 403, view_of(err.text));
}

/* Retry-After's digits live in the request's arena. */
static bool refuse_pace(const struct http_request *request, const char *why, int64_t wait_ns,
                        struct http_response *response)
{
    enum { DIGITS = 24 };
    char *seconds = arena_new(request->arena, char, DIGITS);
    assert(seconds != NULL);
    snprintf(seconds, DIGITS, "%lld", (long long)limiter_seconds(wait_ns));
    http_response_error(response, 429, view_of(why));
    http_response_field(response, "Retry-After", view_of(seconds));
    return false;
}

static bool admit_pace(const struct http_request *request, struct roster_client *client,
                       int64_t now_ms, struct http_response *response)
{
    struct limiter_pace pace = {
        .interval_ns = atomic_load_explicit(&client->interval_ns, memory_order_relaxed),
        .ahead_ns = atomic_load_explicit(&client->ahead_ns, memory_order_relaxed),
    };
    int64_t wait_ns = limiter_take(&client->limiter, &pace, request->started_ns);
    if (wait_ns > 0)
        return refuse_pace(request, "too many requests: the client's rate is used up", wait_ns,
                           response);
    int64_t quota = atomic_load_explicit(&client->quota_day, memory_order_relaxed);
    wait_ns = limiter_count(&client->limiter, quota, now_ms);
    return wait_ns == 0 ||
           refuse_pace(request, "too many requests: the client's quota of the day is used up",
                       wait_ns, response);
}

/* Who it is, and whether the scopes fit. `who` is nobody where nobody is asked. */
static struct roster_client *recognise(struct gateway *gateway, const struct http_request *request,
                                       const struct route *route, int64_t now_ms,
                                       struct http_response *response, struct gateway_client *who)
{
    struct claim claim = claim_of(gateway, request, now_ms);
    if (claim.client == NULL) {
        refuse_unknown(gateway, claim.why, shown_key(request).length > 0, response);
        return NULL;
    }
    who->name = view_of(claim.client->name);
    who->position = roster_position(&gateway->roster, claim.client) + 1;
    unsigned wanted = route == NULL ? 0 : scope_of[route->scope];
    unsigned scopes = atomic_load_explicit(&claim.client->scopes, memory_order_relaxed);
    if ((wanted & ~scopes) == 0)
        return claim.client;
    refuse_scope(claim.client, wanted, response);
    return NULL;
}

static bool is_open(const struct gateway *gateway, const struct route *route)
{
    return gateway->options.auth == GATEWAY_OPEN || (route != NULL && route->scope == SCOPE_HEALTH);
}

bool gateway_glance(struct gateway *gateway, const struct http_request *request,
                    const struct route *route, struct http_response *response,
                    struct gateway_client *who)
{
    *who = (struct gateway_client){.name = VIEW("")};
    return is_open(gateway, route) ||
           recognise(gateway, request, route, clock_now_ms(), response, who) != NULL;
}

bool gateway_admit(struct gateway *gateway, const struct http_request *request,
                   const struct route *route, struct http_response *response,
                   struct gateway_client *who)
{
    *who = (struct gateway_client){.name = VIEW("")};
    if (is_open(gateway, route))
        return true;
    int64_t now_ms = clock_now_ms();
    struct roster_client *client = recognise(gateway, request, route, now_ms, response, who);
    return client != NULL && admit_pace(request, client, now_ms, response);
}

struct view gateway_name(const struct gateway *gateway, uint32_t position)
{
    return position == 0 ? VIEW("") : view_of(gateway->roster.client[position - 1].name);
}

/* ---------------------------------------------------------------- pages of other sites */

/* "*" in the list lets every site ask, and then nobody's name is said back. No answer ever allows
 * credentials of the browser's: keys are shown by the page itself. */
static bool find_origin(const struct gateway *gateway, struct view origin, struct view *said)
{
    for (size_t i = 0; i < gateway->options.origins; i++) {
        struct view one = gateway->options.origin[i];
        if (!view_is(one, "*") && !view_same(one, origin))
            continue;
        *said = one;
        return true;
    }
    return false;
}

void gateway_dress(const struct gateway *gateway, const struct http_request *request,
                   struct http_response *response)
{
    if (gateway->options.origins == 0)
        return;
    struct view said, origin = http_request_field(request, "origin");
    /* What is kept on the way must not be given to another site. */
    http_response_field(response, "Vary", VIEW("Origin"));
    if (origin.length == 0 || !find_origin(gateway, origin, &said))
        return;
    http_response_field(response, "Access-Control-Allow-Origin", said);
    http_response_field(response, "Access-Control-Expose-Headers",
                        VIEW("Retry-After, X-Assay-Bundle, X-Assay-Decision, X-Request-ID"));
}

bool gateway_preflight(const struct gateway *gateway, const struct http_request *request,
                       const char *allow, struct http_response *response)
{
    struct view said, origin = http_request_field(request, "origin");
    if (!view_is(request->method, "OPTIONS") || allow[0] == '\0' ||
        http_request_field(request, "access-control-request-method").length == 0 ||
        origin.length == 0 || !find_origin(gateway, origin, &said))
        return false;
    response->status = 204;
    http_response_field(response, "Access-Control-Allow-Methods", view_of(allow));
    http_response_field(
        response, "Access-Control-Allow-Headers",
        VIEW("Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-ID"));
    http_response_field(response, "Access-Control-Max-Age", VIEW("600"));
    return true;
}

/* ---------------------------------------------------------------- keeping up */

/* Keys first: the client of each is then among those that are read after. */
bool gateway_take(struct gateway *gateway, struct store *store, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = LISTS_MAX};
    struct client *clients;
    struct client_key *keys;
    size_t client_count, key_count;
    return client_list_keys(store, &arena, &keys, &key_count, err) &&
           client_list(store, &arena, &clients, &client_count, err) &&
           roster_update(&gateway->roster, clients, client_count, keys, key_count, clock_now_ms(),
                         err);
}

static bool has_store(const struct gateway *gateway)
{
    return gateway->options.auth != GATEWAY_OPEN && gateway->options.place.dir != NULL;
}

/* A store that failed is opened anew the next time: its server may have been away. */
static bool look_at_store(struct gateway *gateway, struct err *err)
{
    struct store *store = &gateway->store;
    if (!has_store(gateway))
        return true;
    if (store->dir == NULL && !store_open_place(store, &gateway->options.place, err))
        return false;
    if (gateway_take(gateway, store, err))
        return true;
    store_close(store);
    *store = (struct store){0};
    return false;
}

static void say(const char *event, enum log_level level, const char *why)
{
    struct log_line line;
    log_begin(&line, level, event);
    if (why != NULL)
        json_key(&line.json, "why"), json_string(&line.json, why);
    log_end(&line);
}

/* A failure that goes on is told once. */
static void say_once(const char *event, const struct err *err, struct err *told)
{
    if (err->kind != ERR_NONE && strcmp(err->text, told->text) != 0)
        say(event, LOG_LEVEL_ERROR, err->text);
    *told = *err;
}

struct told {
    struct err store, tls, lists;
};

static void look(struct gateway *gateway, bool anew, struct told *told)
{
    struct err store = {0}, tls = {0}, lists = {0};
    bool changed = false;
    look_at_store(gateway, &store);
    say_once("clients_not_read", &store, &told->store);
    if (gateway->options.tls == NULL)
        return;
    tls_refresh(gateway->options.tls, anew, &changed, &tls);
    say_once("certificate_not_changed", &tls, &told->tls);
    if (changed)
        say("certificate_changed", LOG_LEVEL_INFO, NULL);
    (void)tls_check_lists(gateway->options.tls, clock_now_ms(), &lists);
    say_once("revocation_list_needed", &lists, &told->lists);
}

/* Waits for its time or for somebody who wants it sooner. False: it is over. */
static bool wait_turn(struct gateway *gateway, bool *anew)
{
    struct timespec until;
    unsigned ms = gateway->options.watch_ms;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&gateway->lock);
    int status = 0;
    while (!gateway->stop && !gateway->anew && status == 0)
        status = ms == 0 ? pthread_cond_wait(&gateway->wanted, &gateway->lock)
                         : pthread_cond_timedwait(&gateway->wanted, &gateway->lock, &until);
    *anew = gateway->anew;
    gateway->anew = false;
    bool goes_on = !gateway->stop;
    pthread_mutex_unlock(&gateway->lock);
    return goes_on;
}

static void *watch(void *gateway_)
{
    struct gateway *gateway = gateway_;
    struct told told = {0};
    bool anew;
    while (wait_turn(gateway, &anew))
        look(gateway, anew, &told);
    return NULL;
}

void gateway_reload(struct gateway *gateway)
{
    pthread_mutex_lock(&gateway->lock);
    gateway->anew = true;
    pthread_cond_signal(&gateway->wanted);
    pthread_mutex_unlock(&gateway->lock);
}

/* ---------------------------------------------------------------- life */

static bool start_thread(struct gateway *gateway, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&gateway->thread, NULL, watch, gateway);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status != 0)
        return err_set(err, ERR_IO, "cannot start the gateway's thread: %s", strerror(status));
    gateway->running = true;
    return true;
}

bool gateway_open(struct gateway *gateway, const struct gateway_options *options, struct err *err)
{
    pthread_condattr_t monotonic;
    *gateway = (struct gateway){.options = *options};
    roster_open(&gateway->roster);
    pthread_mutex_init(&gateway->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&gateway->wanted, &monotonic);
    pthread_condattr_destroy(&monotonic);
    bool watched = has_store(gateway) || gateway->options.tls != NULL;
    if (look_at_store(gateway, err) && (!watched || start_thread(gateway, err)))
        return true;
    gateway_close(gateway);
    return false;
}

void gateway_close(struct gateway *gateway)
{
    if (gateway->roster.client == NULL)
        return;
    pthread_mutex_lock(&gateway->lock);
    gateway->stop = true;
    pthread_cond_signal(&gateway->wanted);
    pthread_mutex_unlock(&gateway->lock);
    if (gateway->running)
        pthread_join(gateway->thread, NULL);
    if (gateway->store.dir != NULL)
        store_close(&gateway->store);
    pthread_cond_destroy(&gateway->wanted);
    pthread_mutex_destroy(&gateway->lock);
    roster_close(&gateway->roster);
    *gateway = (struct gateway){0};
}
