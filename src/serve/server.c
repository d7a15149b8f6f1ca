#include "serve/server.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "serve/contract.h"
#include "serve/route.h"

/* A request on its way through the server. */
struct visit {
    struct server *server;
    const struct served *served; /* NULL: no model */
    const struct http_request *request;
    struct http_response *response;
};

enum outcome { OUTCOME_LEGITIMATE, OUTCOME_FRAUD, OUTCOMES };
static const char *const outcomes[OUTCOMES] = {"legitimate", "fraud"};

/* Why no request is taken to be served now; NULL when it is. */
static const char *unready(const struct visit *visit)
{
    if (atomic_load_explicit(&visit->server->stopping, memory_order_relaxed))
        return "the server is stopping";
    return visit->served == NULL ? "no model is loaded" : NULL;
}

/* ---------------------------------------------------------------- health and information */

static void serve_livez(const struct visit *visit)
{
    text_adds(&visit->response->body, "{\"live\":true}");
}

static void serve_readyz(const struct visit *visit)
{
    const char *why = unready(visit);
    visit->response->status = why == NULL ? 200 : 503;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "ready"), json_bool(&json, why == NULL);
    if (why != NULL)
        json_key(&json, "reason"), json_string(&json, why);
    json_close(&json);
}

static void serve_ping(const struct visit *visit)
{
    const char *why = unready(visit);
    if (why != NULL)
        contract_fail(&contract_system_a, 503, view_of(why), visit->response);
}

static void serve_metrics(const struct visit *visit)
{
    visit->response->content_type = VIEW(METERS_CONTENT_TYPE);
    meters_write(&visit->server->meters, atomic_load(&visit->server->http.connections),
                 &visit->response->body);
}

static void add_routes(struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        json_open(json, '{');
        json_key(json, "method"), json_string(json, routes[i].method);
        json_key(json, "path"), json_string(json, routes[i].path);
        json_key(json, "about"), json_string(json, routes[i].about);
        json_close(json);
    }
    json_close(json);
}

static void serve_information(const struct visit *visit)
{
    const char *why = unready(visit);
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "message"), json_string(&json, "Assay fraud scoring API");
    json_key(&json, "version"), json_string(&json, ASSAY_VERSION);
    json_key(&json, "status"), json_string(&json, why == NULL ? "healthy" : why);
    if (visit->served != NULL) {
        json_key(&json, "model"), json_string(&json, visit->served->model);
        json_key(&json, "model_version"), json_string(&json, visit->served->version);
    }
    json_key(&json, "endpoints");
    add_routes(&json);
    json_close(&json);
}

static void add_features(const struct schema *schema, struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < schema->input_count; i++)
        json_text(json, schema->column[schema->input[i]].name);
    json_close(json);
}

static void serve_model_info(const struct visit *visit)
{
    const struct served *served = visit->served;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "model_loaded"), json_bool(&json, served != NULL);
    if (served != NULL) {
        char hex[DIGEST_HEX_SIZE];
        const struct bundle *bundle = &served->bundle;
        json_key(&json, "model_type"), json_text(&json, bundle->algorithm);
        json_key(&json, "features"), add_features(&bundle->schema, &json);
        json_key(&json, "feature_count"), json_count(&json, bundle->schema.input_count);
        json_key(&json, "model"), json_string(&json, served->model);
        json_key(&json, "model_version"), json_string(&json, served->version);
        json_key(&json, "sha256"), json_string(&json, digest_print(&bundle->digest, hex));
        json_key(&json, "threshold"), json_number(&json, (double)bundle->policy.threshold);
    }
    json_close(&json);
}

/* ---------------------------------------------------------------- scoring */

static void count_decisions(const struct visit *visit, const struct contract_answer *answer)
{
    struct meters *meters = &visit->server->meters;
    unsigned worker = visit->request->worker;
    for (size_t i = 0; i < answer->count; i++)
        meters_score(meters, worker, (double)answer->row[i].score,
                     answer->row[i].fraud ? OUTCOME_FRAUD : OUTCOME_LEGITIMATE);
    if (answer->filled > 0)
        meters_add(meters, worker, METER_ABSENT_FILLED, answer->filled);
    if (answer->unseen > 0)
        meters_add(meters, worker, METER_UNSEEN_CATEGORIES, answer->unseen);
}

/* A server that is stopping still answers what comes: the client has been told nothing yet. */
static void score(const struct visit *visit, const struct contract *contract)
{
    struct contract_answer answer;
    if (visit->served == NULL)
        contract_fail(contract, 503, VIEW("no model is loaded"), visit->response);
    else if (contract_score(contract, visit->served, visit->request, visit->response, &answer))
        count_decisions(visit, &answer);
}

static void serve_invocations(const struct visit *visit)
{
    score(visit, &contract_system_a);
}

static void serve_prod_predict(const struct visit *visit)
{
    score(visit, &contract_system_c);
}

/* Two systems share this path and are told apart by what they send. */
static void serve_predict(const struct visit *visit)
{
    bool named = decode_names_features(visit->request->body, visit->request->arena);
    score(visit, named ? &contract_system_e : &contract_system_d);
}

/* ---------------------------------------------------------------- dispatch */

static void (*const serve_route[ROUTE_COUNT])(const struct visit *visit) = {
#define ROUTE(method, path, handler, scope, about) [ROUTE_##handler] = serve_##handler,
#include "serve/routes.def"
#undef ROUTE
};

static void serve_nothing(const struct visit *visit, const struct route_match *match)
{
    struct http_response *response = visit->response;
    struct view path = visit->request->path;
    struct err err = {0};
    if (match->allow[0] != '\0')
        http_response_field(response, "Allow", view_of(match->allow));
    if (match->status == 204) {
        response->status = 204;
        return;
    }
    if (match->status == 405)
        err_set(&err, ERR_USAGE, "'" VIEW_FMT "' takes %s", VIEW_ARG(path), match->allow);
    else
        err_set(&err, ERR_NOT_FOUND, "there is no '" VIEW_FMT "' here; GET / lists what there is",
                VIEW_ARG(path));
    http_response_error(response, match->status, view_of(err.text));
}

static void handle(void *self, const struct http_request *request, struct http_response *response)
{
    struct server *server = self;
    /* `match` is in the request's arena: the answer's Allow field points into it. */
    struct route_match *match = arena_new(request->arena, struct route_match, 1);
    assert(match != NULL);
    *match = route_find(request->method, request->path);
    meters_begin(&server->meters, request->worker);
    struct visit visit = {
        .server = server,
        .served = serving_take(&server->serving, request->worker),
        .request = request,
        .response = response,
    };
    size_t index = match->route == NULL ? ROUTE_COUNT : (size_t)(match->route - routes);
    if (match->route == NULL)
        serve_nothing(&visit, match);
    else
        serve_route[index](&visit);
    serving_leave(&server->serving, request->worker);
    meters_end(&server->meters, request->worker, index, request->method, response->status,
               clock_ticks_ns() - request->started_ns);
}

static void refused(void *self, unsigned worker, int status)
{
    struct server *server = self;
    meters_refused(&server->meters, worker, status);
}

/* ---------------------------------------------------------------- life */

bool server_open(struct server *server, const struct http_options *options, struct err *err)
{
    static const struct meters_labels labels = {route_paths, ROUTE_COUNT, outcomes, OUTCOMES};
    *server = (struct server){0};
    unsigned workers = http_workers(options);
    meters_open(&server->meters, workers, labels);
    serving_open(&server->serving, workers);
    struct http_handler handler = {server, handle, refused};
    if (http_open(&server->http, options, handler, err))
        return true;
    server_close(server);
    return false;
}

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

void server_serve(struct server *server, struct served *served)
{
    struct meters_model model = {0};
    if (served != NULL) {
        copy_text(model.model, sizeof model.model, served->model);
        copy_text(model.version, sizeof model.version, served->version);
        copy_text(model.alias, sizeof model.alias, served->alias);
        digest_print(&served->bundle.digest, model.sha256);
        model.loaded_ms = served->loaded_ms;
    }
    serving_replace(&server->serving, served);
    meters_set_model(&server->meters, 0, served == NULL ? NULL : &model);
}

bool server_stop(struct server *server, unsigned grace_ms, unsigned deadline_ms)
{
    atomic_store(&server->stopping, true);
    return http_drain(&server->http, grace_ms, deadline_ms);
}

void server_close(struct server *server)
{
    http_close(&server->http);
    serving_close(&server->serving);
    meters_close(&server->meters);
}
