#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/watch.h"

#include <signal.h>

enum { OPTION_BUNDLE, OPTION_MODEL, OPTION_HOST, OPTION_PORT, OPTION_WORKERS, OPTION_ADDRESS };

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
    return true;
}

/* The model to begin with. Only the registry's champion is watched: what was named stays. */
static bool load(struct watch *watch, const struct call *call, struct served **out, struct err *err)
{
    const char *file = call->option[OPTION_BUNDLE], *reference = call->option[OPTION_MODEL];
    struct version version = {0};
    if (file == NULL) {
        if (!watch_load(watch, reference == NULL ? "champion" : reference, out, &version, err))
            return reference != NULL || err->kind != ERR_NOT_FOUND ? false
                                                                   : project_no_champion(err);
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
    const char *host = view_copy(config_text(config, KEY_SERVE_HOST), config->arena);
    assert(host != NULL);
    options.host = host;
    options.port = (uint16_t)config_count(config, KEY_SERVE_PORT);
    options.workers = (unsigned)config_count(config, KEY_SERVE_WORKERS);
    options.connections_max = (unsigned)config_count(config, KEY_SERVE_CONNECTIONS);
    options.body_bytes_max = config_count(config, KEY_SERVE_BODY_MAX);
    return options;
}

static void say_listening(const struct http *http, const struct served *served, const char *address,
                          int64_t started_ns)
{
    char hex[DIGEST_HEX_SIZE];
    struct log_line line;
    log_begin(&line, LOG_LEVEL_INFO, "listening");
    json_key(&line.json, "address"), json_string(&line.json, address);
    json_key(&line.json, "project"), json_text(&line.json, served->bundle.project);
    json_key(&line.json, "version"), json_string(&line.json, served->version);
    json_key(&line.json, "bundle");
    json_string(&line.json, digest_print(&served->bundle.digest, hex));
    json_key(&line.json, "workers"), json_count(&line.json, http->workers);
    json_key(&line.json, "connections_max"), json_count(&line.json, http->connections_max);
    json_key(&line.json, "golden_records"), json_count(&line.json, served->bundle.golden_count);
    json_key(&line.json, "start_ms");
    json_number(&line.json, (double)((clock_ticks_ns() - started_ns) / 10000) / 100);
    log_end(&line);
}

/* Blocked in every thread that comes after, so that only sigwait takes them. */
static void block_stops(sigset_t *stops)
{
    sigemptyset(stops);
    sigaddset(stops, SIGTERM);
    sigaddset(stops, SIGINT);
    pthread_sigmask(SIG_BLOCK, stops, NULL);
}

static void say_stopping(int signal_number, bool drained)
{
    struct log_line line;
    log_begin(&line, drained ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "stopped");
    json_key(&line.json, "signal"), json_string(&line.json, strsignal(signal_number));
    json_key(&line.json, "drained"), json_bool(&line.json, drained);
    log_end(&line);
}

static bool serve(struct watch *watch, const struct call *call, struct served *served,
                  int64_t started_ns, struct err *err)
{
    const struct config *config = &watch->project->config;
    bool watched = call->option[OPTION_BUNDLE] == NULL && call->option[OPTION_MODEL] == NULL;
    struct server_options options = {
        .http = http_options_of(config),
        .source = watched ? watch_source(watch) : (struct model_source){0},
        .watch_ms = (unsigned)config_count(config, KEY_SERVE_WATCH_MS),
    };
    enum log_level level;
    if (log_level_of(config_text(config, KEY_SERVE_LOG_LEVEL), &level))
        log_set_level(level);
    sigset_t stops;
    block_stops(&stops);
    struct server server = {0};
    if (!server_open(&server, &options, err)) {
        served_free(served);
        return false;
    }
    char address[300];
    snprintf(address, sizeof address, "%s:%u", options.http.host, server.http.port);
    say_listening(&server.http, served, address, started_ns);
    server_serve(&server, served);
    bool ok = call->option[OPTION_ADDRESS] == NULL ||
              file_save(call->option[OPTION_ADDRESS], view_of(address), err);
    int signal_number = SIGTERM;
    if (ok)
        sigwait(&stops, &signal_number);
    bool drained = server_stop(&server, 0, (unsigned)config_count(config, KEY_SERVE_DRAIN_MS));
    say_stopping(signal_number, drained);
    server_close(&server);
    return ok;
}

static bool run(const struct call *call, struct err *err)
{
    int64_t started_ns = clock_ticks_ns();
    struct project project;
    struct served *served;
    if (!project_open_loosely(&project, call, err))
        return false;
    struct watch watch = {.project = &project};
    bool ok = take_flags(&project, call, err) && load(&watch, call, &served, err) &&
              serve(&watch, call, served, started_ns, err);
    project_close(&project);
    return ok;
}

static const struct option_row options[] = {
    [OPTION_BUNDLE] = {"bundle", "FILE", "a bundle file instead of the registry's champion"},
    [OPTION_MODEL] = {"model", "REFERENCE", "a version: number, name, alias or bundle digest"},
    [OPTION_HOST] = {"host", "ADDRESS", "serve.host, default 127.0.0.1"},
    [OPTION_PORT] = {"port", "N", "serve.port, default 8080; 0 takes any free one"},
    [OPTION_WORKERS] = {"workers", "N", "serve.workers, default 2"},
    [OPTION_ADDRESS] = {"address-file", "FILE", "written with HOST:PORT once requests are taken"},
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
        "A stop answers the requests in flight. Logs are JSON lines on standard error.\n",
    .options = options,
    .run = run,
};
