#include "serve/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "serve/request_id.h"
#include "serve/visit.h"
#include "store/journal_read.h"

/* How much of the journal's segments is read for answers that were given, at most. */
enum { ANSWERS_READ_MAX = 1 << 28 };

/* What cannot be kept is refused, so nothing is to be sent here; unless a fallback answers, or what
 * is not kept is dropped. */
static bool refuses_to_keep(struct server *server)
{
    const struct server_options *options = &server->options;
    return options->journal != NULL && options->journal->when_full == JOURNAL_REFUSE &&
           options->fallback == NULL && journal_state_of(&server->journal).stalled;
}

const char *visit_unready(const struct visit *visit)
{
    if (atomic_load_explicit(&visit->server->stopping, memory_order_relaxed))
        return "the server is stopping";
    bool ready = visit->served != NULL || visit->server->options.many_models;
    if (!ready)
        return "no model is loaded";
    return refuses_to_keep(visit->server) ? "the journal cannot be written" : NULL;
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

/* Answers that wait hold memory and come late: past a bound it is better to say so at once. What
 * asks for the server's health is always told. */
static bool is_busy(const struct server *server, const struct route *route)
{
    const struct http *http = &server->http;
    unsigned most = server->options.requests_max;
    if (most == 0 || (route != NULL && route->scope == SCOPE_HEALTH))
        return false;
    return atomic_load_explicit(&http->waiting, memory_order_relaxed) >= most ||
           atomic_load_explicit(&http->waiting_bytes, memory_order_relaxed) >=
               server->options.http.bodies_bytes_max;
}

static void refuse_busy(struct http_response *response)
{
    http_response_error(response, 503, VIEW("too many answers are waiting: come back soon"));
    http_response_field(response, "Retry-After", VIEW("1"));
}

static void leave_note(struct http_response *response, struct visit_note *note,
                       const struct route *route, const struct gateway_client *client)
{
    note->route = route == NULL ? ROUTE_COUNT : (uint32_t)(route - routes);
    note->client = client->position;
    memcpy(response->note, note, sizeof *note);
}

/* A path that is another one's name is that path. */
static struct route_match find_route(const struct server *server,
                                     const struct http_request *request)
{
    struct route_match match = route_find(request->method, request->path);
    const struct server_alias *alias = server->options.alias;
    for (size_t i = 0; i < SERVER_ALIASES_MAX && alias[i].path != NULL; i++) {
        const struct route *route = &routes[alias[i].route];
        if (view_is(request->path, alias[i].path) && route_takes(route, request->method))
            return (struct route_match){.route = route, .status = 200};
    }
    return match;
}

/* A body that will be refused is not waited for. */
static bool glance(void *self, const struct http_request *request, struct http_response *response)
{
    struct server *server = self;
    struct route_match match = find_route(server, request);
    struct gateway_client client = {0};
    struct visit_note note = {0};
    if (is_busy(server, match.route))
        refuse_busy(response);
    else if (gateway_glance(&server->gateway, request, match.route, response, &client))
        return true;
    meters_begin(&server->meters, request->worker);
    leave_note(response, &note, match.route, &client);
    return false;
}

static void handle(void *self, const struct http_request *request, struct http_response *response)
{
    struct server *server = self;
    /* `match` is in the request's arena: the answer's Allow field points into it. */
    struct route_match *match = arena_new(request->arena, struct route_match, 1);
    assert(match != NULL);
    *match = find_route(server, request);
    meters_begin(&server->meters, request->worker);
    struct visit visit = {
        .server = server,
        .request = request,
        .response = response,
        .route = match->route,
        .part = {match->part[0], match->part[1]},
    };
    if (is_busy(server, match->route))
        refuse_busy(response);
    else if (!gateway_preflight(&server->gateway, request, match->allow, response) &&
             gateway_admit(&server->gateway, request, match->route, response, &visit.client))
        dispatch(&visit, match);
    leave_note(response, &visit.note, match->route, &visit.client);
}

static void dress(void *self, const struct http_request *request, struct http_response *response)
{
    struct server *server = self;
    gateway_dress(&server->gateway, request, response);
    if (http_response_has(response, "X-Request-ID"))
        return;
    struct view id = request_id_sent(request);
    char *room = NULL;
    if (id.length == 0 && server->access_log != NULL)
        room = arena_new(request->arena, char, REQUEST_ID_MAX);
    if (room != NULL)
        id = request_id_of(request, room);
    if (id.length > 0)
        http_response_field(response, "X-Request-ID", id);
}

static void log_access(struct server *server, unsigned worker, const struct access_entry *entry)
{
    if (server->access_log != NULL && !access_log_write(server->access_log, worker, entry))
        meters_add(&server->meters, worker, METER_ACCESS_LOG_DROPPED, 1);
}

static void answered(void *self, const struct http_request *request, const struct http_sent *sent)
{
    struct server *server = self;
    struct visit_note note;
    char room[REQUEST_ID_MAX];
    memcpy(&note, sent->note, sizeof note);
    int64_t elapsed_ns = clock_ticks_ns() - request->started_ns;
    meters_end(&server->meters, request->worker, note.route, request->method, sent->status,
               elapsed_ns);
    struct access_entry entry = {
        .method = request->method,
        .route = note.route == ROUTE_COUNT ? "none" : routes[note.route].path,
        .status = sent->status,
        .body_bytes = sent->body_bytes,
        .elapsed_ns = elapsed_ns,
        .client = gateway_name(&server->gateway, note.client),
        .gone = sent->gone,
    };
    if (server->access_log != NULL) {
        entry.request_id = request_id_of(request, room);
        log_access(server, request->worker, &entry);
    }
    if (note.shadow)
        score_in_shadow(server, request, &note);
}

static void refused(void *self, unsigned worker, int status)
{
    struct server *server = self;
    struct access_entry entry = {.route = "none", .status = status};
    meters_refused(&server->meters, worker, status);
    log_access(server, worker, &entry);
}

/* ---------------------------------------------------------------- models */

/* Before anybody sees the line-up: a version has its place among the meters, and so has what is
 * expected of its records. */
static void place(struct server *server, struct served *served)
{
    if (served == NULL)
        return;
    live_quality_place(&served->quality, &served->bundle.schema, &server->meters);
    if (served->work == 0) /* one that is in force already is being read */
        served->work = meters_work_place(&server->meters, served_name(served), served->version);
}

/* The meters show what is in force. */
static void show_models(struct server *server, const struct lineup *lineup)
{
    for (size_t i = 0; i < METERS_MODELS_MAX; i++) {
        const struct served *served = i == 0                        ? lineup->champion
                                      : i == 1                      ? lineup->trial.rival
                                      : i - 2 < lineup->named_count ? lineup->named[i - 2]
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
    place(server, lineup->champion);
    place(server, lineup->trial.rival);
    for (size_t i = 0; i < lineup->named_count; i++)
        place(server, lineup->named[i]);
    serving_publish(&server->serving, lineup);
}

void server_serve(struct server *server, struct served *served)
{
    struct lineup *lineup = serving_draft(&server->serving);
    lineup_set(&lineup->champion, served);
    server_publish(server, lineup);
}

/* Which bundle decides from when on is in the server's own log as well. */
static void say_change(const char *before, const struct served *now)
{
    struct log_line line;
    log_begin(&line, LOG_LEVEL_INFO, "model_changed");
    json_key(&line.json, "from"), json_string(&line.json, before[0] == '\0' ? NULL : before);
    json_key(&line.json, "model"), json_string(&line.json, now->model);
    json_key(&line.json, "version"), json_string(&line.json, now->version);
    json_key(&line.json, "bundle"), json_string(&line.json, now->sha256);
    log_end(&line);
}

bool server_refresh(struct server *server, bool anew, struct err *err)
{
    const struct model_source *source = &server->options.source;
    bool changed = false;
    struct lineup *draft = serving_draft(&server->serving);
    char before[sizeof draft->champion->version] = "";
    if (draft->champion != NULL)
        snprintf(before, sizeof before, "%s", draft->champion->version);
    bool ok = source->refresh(source->self, draft, anew, &changed, err);
    if (!ok || !changed) {
        serving_discard(&server->serving, draft);
        return ok;
    }
    if (draft->champion != NULL && strcmp(before, draft->champion->version) != 0)
        say_change(before, draft->champion);
    server_publish(server, draft);
    return true;
}

static void tell(const char *event, const char *why)
{
    struct log_line line;
    log_begin(&line, LOG_LEVEL_ERROR, event);
    json_key(&line.json, "why"), json_string(&line.json, why);
    log_end(&line);
}

/* What is in force stays when a look fails; each failure is told once. */
static void watch(void *self)
{
    struct server *server = self;
    struct err err = {0};
    const struct model_source *source = &server->options.source;
    bool ok = server_refresh(server, false, &err) &&
              (source->mind == NULL || source->mind(source->self, &server->meters, &err)) &&
              (source->tell == NULL || source->tell(source->self, &server->meters, &err));
    if (ok || strcmp(err.text, server->watch_failure) == 0) {
        if (ok)
            server->watch_failure[0] = '\0';
        return;
    }
    snprintf(server->watch_failure, sizeof server->watch_failure, "%s", err.text);
    tell("model_not_changed", err.text);
}

/* ---------------------------------------------------------------- the journal */

/* On the writer's thread, after each commit. */
static void wake_all(void *self)
{
    struct server *server = self;
    pthread_mutex_lock(&server->wake_lock);
    for (unsigned i = 0; server->wakes && i < server->http.workers; i++)
        http_wake(&server->http, i);
    pthread_mutex_unlock(&server->wake_lock);
}

static void set_wakes(struct server *server, bool wakes)
{
    pthread_mutex_lock(&server->wake_lock);
    server->wakes = wakes;
    pthread_mutex_unlock(&server->wake_lock);
}

static void load_answer(void *self, const struct journal_answer *answer)
{
    struct server *server = self;
    struct answered told = {
        .status = answer->status, .content_type = answer->content_type, .body = answer->body};
    answers_load(&server->answers, answer->key, &answer->request, answer->at_us / 1000, &told);
}

bool server_remember(struct server *server, struct store *store, struct err *err)
{
    const struct server_options *options = &server->options;
    struct journal_answers answers = {
        .store = store,
        .since_us = clock_now_us() - options->answers_ms * 1000,
        .bytes_max = options->answers_bytes,
        .segments_max = ANSWERS_READ_MAX,
        .each = load_answer,
        .self = server,
    };
    return journal_answers(&answers, options->journal->dir, err);
}

static bool open_journal(struct server *server, unsigned workers, struct err *err)
{
    const struct server_options *options = &server->options;
    if (options->journal == NULL)
        return true;
    struct journal_options own = *options->journal;
    if (own.durability == JOURNAL_FSYNC) { /* only then does anybody wait */
        own.kept = wake_all;
        own.self = server;
    }
    server->ids = calloc(workers, sizeof *server->ids);
    assert(server->ids != NULL);
    for (unsigned i = 0; i < workers; i++)
        if (!journal_ids_init(&server->ids[i], err))
            return false;
    answers_open(&server->answers, options->answers_bytes, options->answers_ms);
    server->journal_open = journal_open(&server->journal, &own, workers, err);
    return server->journal_open;
}

void server_look_outside(struct server *server, const struct lineup *lineup,
                         struct meters_outside *out)
{
    const struct trial *trial = &lineup->trial;
    struct tls *tls = server->options.gateway.tls;
    *out = (struct meters_outside){.connections = atomic_load(&server->http.connections)};
    if (tls != NULL)
        out->tls = tls_state_of(tls);
    if (trial->rival != NULL) {
        out->experiment = trial->name;
        out->experiment_kind = trial->kind;
        out->experiment_share = trial->shadow ? 0 : trial->share;
    }
    if (server->options.journal == NULL)
        return;
    struct journal_state state = journal_state_of(&server->journal);
    out->journal_appended = state.appended;
    out->journal_dropped = state.dropped + state.refused;
    out->journal_lag_s = (double)state.lag_ms / 1e3;
    out->journal_stalled = state.stalled;
}

/* ---------------------------------------------------------------- life */

static bool open_access_log(struct server *server, unsigned workers, struct err *err)
{
    if (!server->options.access_log)
        return true;
    server->access_log = access_log_open(server->options.access_log_path, workers, err);
    return server->access_log != NULL;
}

static bool open_emf(struct server *server, struct err *err)
{
    enum { EVERY_MS = 60000 };
    const struct server_options *options = &server->options;
    struct emf_options emf = {
        .path = options->emf_path,
        .namespace = options->emf_namespace,
        .endpoint = options->endpoint,
        .meters = &server->meters,
        .http = &server->http,
        .every_ms = EVERY_MS,
    };
    if (!options->emf)
        return true;
    server->emf = emf_open(&emf, err);
    return server->emf != NULL;
}

bool server_open(struct server *server, const struct server_options *options, struct err *err)
{
    static const struct meters_labels labels = {route_paths, ROUTE_COUNT, outcome_names, OUTCOMES};
    *server = (struct server){.options = *options};
    unsigned workers = http_workers(&options->http);
    meters_open(&server->meters, workers, labels);
    serving_open(&server->serving, workers);
    cache_open(&server->cache, workers, options->cache_bytes, options->cache_seconds);
    struct http_handler handler = {.self = server,
                                   .handle = handle,
                                   .refused = refused,
                                   .answered = answered,
                                   .dress = dress,
                                   .glance = glance};
    bool watched = options->source.refresh != NULL && options->watch_ms > 0;
    pthread_mutex_init(&server->wake_lock, NULL);
    if (gateway_open(&server->gateway, &options->gateway, err) &&
        open_access_log(server, workers, err) && open_journal(server, workers, err) &&
        (options->prepare == NULL || options->prepare(options->prepare_self, server, err)) &&
        http_open(&server->http, &options->http, handler, err) &&
        errands_open(&server->errands, &server->http, server, watched ? watch : NULL,
                     options->watch_ms, err) &&
        open_emf(server, err)) {
        set_wakes(server, true);
        wake_all(server); /* who began to wait before */
        return true;
    }
    server_close(server);
    return false;
}

void server_reload(struct server *server)
{
    gateway_reload(&server->gateway);
    if (server->access_log != NULL)
        access_log_reopen(server->access_log);
    if (server->emf != NULL)
        emf_reopen(server->emf);
}

bool server_stop(struct server *server, unsigned grace_ms, unsigned deadline_ms)
{
    atomic_store(&server->stopping, true);
    return http_drain(&server->http, grace_ms, deadline_ms);
}

void server_close(struct server *server)
{
    struct err err = {0};
    if (server->meters.shard == NULL)
        return;
    set_wakes(server, false);
    emf_close(server->emf);
    server->emf = NULL;
    errands_close(&server->errands);
    http_close(&server->http);
    gateway_close(&server->gateway);
    access_log_close(server->access_log);
    server->access_log = NULL;
    serving_close(&server->serving);
    meters_close(&server->meters);
    if (server->journal_open && !journal_close(&server->journal, &err))
        tell("journal_not_whole", err.text);
    server->journal_open = false;
    answers_close(&server->answers);
    cache_close(&server->cache);
    pthread_mutex_destroy(&server->wake_lock);
    free(server->ids);
    server->ids = NULL;
}
