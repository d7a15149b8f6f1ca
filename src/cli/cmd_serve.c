#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/container.h"
#include "cli/gatehouse.h"
#include "cli/ledger.h"
#include "cli/watch.h"
#include "decide/outcome.h"

#include <signal.h>

enum {
    OPTION_BUNDLE,
    OPTION_MODEL,
    OPTION_HOST,
    OPTION_PORT,
    OPTION_WORKERS,
    OPTION_ADDRESS,
    OPTION_INSECURE
};

/* Flags of this command are keys of the configuration. */
static bool take_flags(struct project *project, const struct call *call, struct err *err)
{
    static const struct {
        int option;
        enum key_id key;
    } flags[] = {{OPTION_HOST, KEY_SERVE_HOST},
                 {OPTION_PORT, KEY_SERVE_PORT},
                 {OPTION_WORKERS, KEY_SERVE_WORKERS}};
    for (size_t i = 0; i < LENGTH_OF(flags); i++) {
        const char *value = call->option[flags[i].option];
        if (value != NULL && !config_set(&project->config, view_of(config_keys[flags[i].key].path),
                                         view_of(value), err))
            return false;
    }
    return call->option[OPTION_INSECURE] == NULL ||
           config_set(&project->config, VIEW("serve.insecure"), VIEW("true"), err);
}

static bool is_named(const struct call *call)
{
    return call->option[OPTION_BUNDLE] != NULL || call->option[OPTION_MODEL] != NULL;
}

/* The model to begin with. Only the registry's champion is watched: what was named stays. */
static bool load(struct watch *watch, const struct call *call, const struct container *container,
                 struct served **out, struct err *err)
{
    const char *file = call->option[OPTION_BUNDLE], *reference = call->option[OPTION_MODEL];
    struct version version = {0};
    bool named = is_named(call);
    if (!named && container->many_models) {
        *out = NULL; /* they come by name */
        return true;
    }
    if (!named && container->model_dir != NULL)
        return watch_load_dir(watch, NULL, view_of(container->model_dir), out, err);
    if (file == NULL) {
        if (!watch_load(watch, reference == NULL ? "champion" : reference, out, &version, err))
            return reference != NULL || err->kind != ERR_NOT_FOUND
                       ? false
                       : project_no_champion(watch->project, err);
        watch->champion = version.number;
        return true;
    }
    struct served *served = served_new();
    if (project_load_bundle(watch->project, file, NULL, &served->bundle, &version, err) &&
        project_vouched(watch->project, &version, err) &&
        watch_name(served, &version, "file", err)) {
        *out = served;
        return true;
    }
    served_free(served);
    return false;
}

static struct http_options http_options_of(const struct config *config)
{
    struct http_options options = http_defaults;
    options.port = (uint16_t)config_count(config, KEY_SERVE_PORT);
    options.workers = (unsigned)config_count(config, KEY_SERVE_WORKERS);
    options.connections_max = (unsigned)config_count(config, KEY_SERVE_CONNECTIONS);
    options.body_bytes_max = config_count(config, KEY_SERVE_BODY_MAX);
    return options;
}

/* The declared outcome; NULL: an error is said as one. */
static const char *fallback_of(const struct config *config)
{
    enum outcome outcome;
    bool declared = outcome_find(config_text(config, KEY_SERVE_FALLBACK), &outcome);
    return declared ? outcome_names[outcome] : NULL;
}

static void warn(const char *why)
{
    struct log_line line;
    log_begin(&line, LOG_LEVEL_WARN, "insecure");
    json_key(&line.json, "why"), json_string(&line.json, why);
    log_end(&line);
}

static void say_model(struct log_line *line, const struct served *served)
{
    char hex[DIGEST_HEX_SIZE];
    json_key(&line->json, "project"), json_text(&line->json, served->bundle.project);
    json_key(&line->json, "version"), json_string(&line->json, served->version);
    json_key(&line->json, "bundle");
    json_string(&line->json, digest_print(&served->bundle.digest, hex));
    json_key(&line->json, "golden_records");
    json_count(&line->json, served->bundle.golden_count);
}

static void say_listening(struct log_line *line, const struct http *http, const char *address,
                          int64_t started_ns)
{
    json_key(&line->json, "address"), json_string(&line->json, address);
    json_key(&line->json, "workers"), json_count(&line->json, http->workers);
    json_key(&line->json, "connections_max"), json_count(&line->json, http->connections_max);
    json_key(&line->json, "tls"), json_bool(&line->json, http->options.tls != NULL);
    json_key(&line->json, "socket"), json_string(&line->json, http->options.path);
    json_key(&line->json, "start_ms");
    json_number(&line->json, (double)((clock_ticks_ns() - started_ns) / 10000) / 100);
    log_end(line);
}

/* Blocked in every thread that comes after, so that only sigwait takes them. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

/* SIGHUP is for what was replaced: certificates, and files moved away. The others are a stop. */
static int await_stop(const sigset_t *signals, struct server *server)
{
    int number;
    while (sigwait(signals, &number) == 0 && number == SIGHUP)
        server_reload(server);
    return number;
}

static void print_address(const struct http_options *options, uint16_t port, char out[300])
{
    if (options->host == NULL)
        snprintf(out, 300, "unix:%s", options->path);
    else
        snprintf(out, 300, "%s:%u", options->host, port);
}

static void say_stopping(int signal_number, bool drained)
{
    struct log_line line;
    log_begin(&line, drained ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "stopped");
    json_key(&line.json, "signal"), json_string(&line.json, strsignal(signal_number));
    json_key(&line.json, "drained"), json_bool(&line.json, drained);
    log_end(&line);
}

struct opening {
    struct ledger *ledger;
    struct served *served; /* NULL: models come by name, or it is the server's by now */
    struct log_line line;  /* of the start; the model may be replaced once requests come */
};

/* Before the first connection is taken, so that nobody is told that there is no model. */
static bool prepare(void *opening_, struct server *server, struct err *err)
{
    struct opening *opening = opening_;
    if (!ledger_begin(opening->ledger, server, err))
        return false;
    log_begin(&opening->line, LOG_LEVEL_INFO, "listening");
    if (opening->served != NULL)
        say_model(&opening->line, opening->served);
    json_key(&opening->line.json, "journal");
    json_string(&opening->line.json, opening->ledger->kept ? opening->ledger->journal.dir : NULL);
    server_serve(server, opening->served);
    opening->served = NULL;
    /* An experiment that runs has its rival from the first request on, or else entities would
     * change sides. What is wrong is told by the watch's next look. */
    struct err later = {0};
    if (server->options.source.refresh != NULL)
        (void)server_refresh(server, false, &later);
    return true;
}

static bool serve(struct watch *watch, const struct call *call, const struct container *container,
                  const struct gatehouse *gatehouse, struct served *served, int64_t started_ns,
                  struct err *err)
{
    CLEANUP(ledger_close) struct ledger ledger = {0};
    const struct config *config = &watch->project->config;
    bool watched = call->option[OPTION_BUNDLE] == NULL && call->option[OPTION_MODEL] == NULL &&
                   container->model_dir == NULL && !container->many_models;
    struct server_options options = {
        .http = http_options_of(config),
        .gateway = gatehouse->gateway,
        .access_log = gatehouse->access_log,
        .access_log_path = gatehouse->access_log_path,
        .emf = gatehouse->emf,
        .emf_path = gatehouse->emf_path,
        .emf_namespace = gatehouse->emf_namespace,
        .endpoint = gatehouse->endpoint,
        .requests_max = (unsigned)config_count(config, KEY_SERVE_REQUESTS_MAX),
        .source = watched ? watch_source(watch) : watch_source_of_names(watch),
        .named_bytes_max = config_count(config, KEY_SERVE_MODELS_BYTES),
        .watch_ms = (unsigned)config_count(config, KEY_SERVE_WATCH_MS),
        .cache_seconds = (unsigned)config_count(config, KEY_SERVE_CACHE_SECONDS),
        .cache_bytes = config_count(config, KEY_SERVE_CACHE_BYTES),
        .deadline_ms = (unsigned)config_count(config, KEY_SERVE_DEADLINE_MS),
        .fallback = fallback_of(config),
    };
    enum log_level level;
    if (log_level_of(config_text(config, KEY_SERVE_LOG_LEVEL), &level))
        log_set_level(level);
    gatehouse_listen(gatehouse, &options.http);
    sigset_t signals;
    block_signals(&signals);
    struct server server = {0};
    struct opening opening = {.ledger = &ledger, .served = served};
    options.prepare = prepare;
    options.prepare_self = &opening;
    if (!container_serve(container, &options, err) ||
        !ledger_open(&ledger, watch->project, &options, err) ||
        !server_open(&server, &options, err)) {
        served_free(opening.served);
        return false;
    }
    char address[300];
    print_address(&options.http, server.http.port, address);
    if (gatehouse->warning != NULL)
        warn(gatehouse->warning);
    say_listening(&opening.line, &server.http, address, started_ns);
    const char *told = call->option[OPTION_ADDRESS];
    bool ok = told == NULL || file_save(told, view_of(address), err);
    int signal_number = ok ? await_stop(&signals, &server) : SIGTERM;
    size_t grace_ms = signal_number == SIGTERM && ok ? config_count(config, KEY_SERVE_GRACE_MS) : 0;
    bool drained = server_stop(&server, (unsigned)grace_ms,
                               (unsigned)config_count(config, KEY_SERVE_DRAIN_MS));
    say_stopping(signal_number, drained);
    server_close(&server);
    return ok;
}

/* Whose word it is where models lie: the configuration's, then the platform's. */
static const char *models_dir_of(const struct project *project, const struct container *container)
{
    bool said = config_text(&project->config, KEY_SERVE_MODELS_DIR).length > 0;
    return said ? config_path(&project->config, KEY_SERVE_MODELS_DIR) : container->models_dir;
}

static bool run(const struct call *call, struct err *err)
{
    int64_t started_ns = clock_ticks_ns();
    struct project project;
    struct served *served;
    if (!project_open_loosely(&project, call, err))
        return false;
    struct container container;
    container_find(&container, &project);
    struct watch watch = {.project = &project, .models_dir = models_dir_of(&project, &container)};
    struct gatehouse gatehouse = {0};
    bool ok = container_set(&container, &project, err) && take_flags(&project, call, err) &&
              gatehouse_open(&gatehouse, &project, err) &&
              (is_named(call) || container_fetch(&container, &project, err)) &&
              load(&watch, call, &container, &served, err);
    container_forget(&container);
    ok = ok && serve(&watch, call, &container, &gatehouse, served, started_ns, err);
    gatehouse_close(&gatehouse);
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_BUNDLE] = {"bundle", "FILE", "a bundle file instead of the registry's champion"},
    [OPTION_MODEL] = {"model", "REFERENCE", "a version: number, name, alias or bundle digest"},
    [OPTION_HOST] = {"host", "ADDRESS", "serve.host, default 127.0.0.1"},
    [OPTION_PORT] = {"port", "N", "serve.port, default 8080; 0 takes any free one"},
    [OPTION_WORKERS] = {"workers", "N", "serve.workers, default 2"},
    [OPTION_ADDRESS] = {"address-file", "FILE",
                        "written with HOST:PORT or unix:PATH once requests are taken"},
    [OPTION_INSECURE] = {"insecure", NULL,
                         "serve.insecure: others may reach it, and nobody is asked"},
    {0},
};

const struct command command_serve = {
    .name = "serve",
    .arguments = "",
    .about = "answer for the champion over HTTP, until SIGTERM or SIGINT",
    .more =
        "The bundle is verified and scores its golden records before the first request is taken.\n"
        "A promotion or rollback in the registry takes effect within serve.watch_ms, without a "
        "lost\n"
        "request; a bundle that fails its self-test is refused and the old one goes on.\n"
        "A stop answers the requests in flight. Logs are JSON lines on standard error.\n"
        "Without an assay.yaml, the model in /opt/ml/model (SageMaker) or AZUREML_MODEL_DIR is\n"
        "served to the platform: a bundle as model.assay, or an xgboost-model.\n",
    .options = options,
    .run = run,
};
