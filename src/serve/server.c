#include "serve/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "serve/visit.h"

/* What `answered` has to know of `handle`. */
enum { NOTE_ROUTE, NOTE_CLIENT };

const char *visit_unready(const struct visit *visit)
{
    if (atomic_load_explicit(&visit->server->stopping, memory_order_relaxed))
        return "the server is stopping";
    return visit->served == NULL ? "no model is loaded" : NULL;
}

/* ---------------------------------------------------------------- dispatch */

static void (*const serve_route[ROUTE_COUNT])(struct visit *visit) = {
#define ROUTE(method, path, handler, scope, about) [ROUTE_##handler] = serve_##handler,
#include "serve/routes.def"
#undef ROUTE
};

static void serve_nothing(struct visit *visit, const struct route_match *match)
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

static void dispatch(struct visit *visit, const struct route_match *match)
{
    struct server *server = visit->server;
    unsigned worker = visit->request->worker;
    visit->lineup = serving_take(&server->serving, worker);
    visit->served = visit->lineup->champion;
    if (match->route == NULL)
        serve_nothing(visit, match);
    else
        serve_route[match->route - routes](visit);
    serving_leave(&server->serving, worker);
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
        .request = request,
        .response = response,
        .route = match->route,
        .part = {match->part[0], match->part[1]},
    };
    if (!gateway_preflight(&server->gateway, request, match->allow, response) &&
        gateway_admit(&server->gateway, request, match->route, response, &visit.client))
        dispatch(&visit, match);
    size_t index = match->route == NULL ? ROUTE_COUNT : (size_t)(match->route - routes);
    response->note[NOTE_ROUTE] = (uint32_t)index;
    response->note[NOTE_CLIENT] = visit.client.position;
}

static void dress(void *self, const struct http_request *request, struct http_response *response)
{
    struct server *server = self;
    gateway_dress(&server->gateway, request, response);
}

static void answered(void *self, const struct http_request *request, const struct http_sent *sent)
{
    struct server *server = self;
    meters_end(&server->meters, request->worker, sent->note[NOTE_ROUTE], request->method,
               sent->status, clock_ticks_ns() - request->started_ns);
}

static void refused(void *self, unsigned worker, int status)
{
    struct server *server = self;
    meters_refused(&server->meters, worker, status);
}

/* ---------------------------------------------------------------- models */

/* The meters show what is in force. */
static void show_models(struct server *server, const struct lineup *lineup)
{
    for (size_t i = 0; i < METERS_MODELS_MAX; i++) {
        const struct served *served = i == 0                        ? lineup->champion
                                      : i - 1 < lineup->named_count ? lineup->named[i - 1]
                                                                    : NULL;
        struct meters_model model = {0};
        if (served != NULL) {
            snprintf(model.model, sizeof model.model, "%s", served->model);
            snprintf(model.version, sizeof model.version, "%s", served->version);
            snprintf(model.alias, sizeof model.alias, "%s", served->alias);
            digest_print(&served->bundle.digest, model.sha256);
            model.loaded_ms = served->loaded_ms;
        }
        meters_set_model(&server->meters, i, served == NULL ? NULL : &model);
    }
}

void server_publish(struct server *server, struct lineup *lineup)
{
    show_models(server, lineup);
    serving_publish(&server->serving, lineup);
}

void server_serve(struct server *server, struct served *served)
{
    struct lineup *lineup = serving_draft(&server->serving);
    lineup_set(&lineup->champion, served);
    server_publish(server, lineup);
}

bool server_refresh(struct server *server, bool anew, struct err *err)
{
    const struct model_source *source = &server->options.source;
    bool changed = false;
    struct lineup *draft = serving_draft(&server->serving);
    bool ok = source->refresh(source->self, draft, anew, &changed, err);
    if (ok && changed)
        server_publish(server, draft);
    else
        serving_discard(&server->serving, draft);
    return ok;
}

/* What is in force stays when a look fails; each failure is told once. */
static void watch(void *self)
{
    struct server *server = self;
    struct err err = {0};
    bool ok = server_refresh(server, false, &err);
    if (ok || strcmp(err.text, server->watch_failure) == 0) {
        if (ok)
            server->watch_failure[0] = '\0';
        return;
    }
    snprintf(server->watch_failure, sizeof server->watch_failure, "%s", err.text);
    struct log_line line;
    log_begin(&line, LOG_LEVEL_ERROR, "model_not_changed");
    json_key(&line.json, "why"), json_string(&line.json, err.text);
    log_end(&line);
}

/* ---------------------------------------------------------------- life */

bool server_open(struct server *server, const struct server_options *options, struct err *err)
{
    static const struct meters_labels labels = {route_paths, ROUTE_COUNT, outcome_names, OUTCOMES};
    *server = (struct server){.options = *options};
    unsigned workers = http_workers(&options->http);
    meters_open(&server->meters, workers, labels);
    serving_open(&server->serving, workers);
    struct http_handler handler = {
        .self = server, .handle = handle, .dress = dress, .refused = refused, .answered = answered};
    bool watched = options->source.refresh != NULL && options->watch_ms > 0;
    if (gateway_open(&server->gateway, &options->gateway, err) &&
        http_open(&server->http, &options->http, handler, err) &&
        errands_open(&server->errands, &server->http, server, watched ? watch : NULL,
                     options->watch_ms, err))
        return true;
    server_close(server);
    return false;
}

bool server_stop(struct server *server, unsigned grace_ms, unsigned deadline_ms)
{
    atomic_store(&server->stopping, true);
    return http_drain(&server->http, grace_ms, deadline_ms);
}

void server_close(struct server *server)
{
    errands_close(&server->errands);
    http_close(&server->http);
    gateway_close(&server->gateway);
    serving_close(&server->serving);
    meters_close(&server->meters);
}
