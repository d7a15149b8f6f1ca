#include "cli/gatehouse.h"

#include "http/listen.h"

enum { WATCH_MS = 1000 };

/* NULL when the key is not set; a path is relative to assay.yaml. */
static const char *path_of(const struct config *config, enum key_id key)
{
    return config_text(config, key).length == 0 ? NULL : config_path(config, key);
}

/* ---------------------------------------------------------------- authentication */

static enum gateway_auth auth_of(const struct config *config)
{
    static const struct {
        const char *name;
        enum gateway_auth auth;
    } names[] = {{"none", GATEWAY_OPEN},
                 {"keys", GATEWAY_KEYS},
                 {"mtls", GATEWAY_CERTIFICATES},
                 {"keys+mtls", GATEWAY_BOTH}};
    struct view text = config_text(config, KEY_SERVE_AUTH);
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        if (view_is(text, names[i].name))
            return names[i].auth;
    assert(!"a choice of keys.def");
    return GATEWAY_BOTH;
}

static bool read_address(struct gatehouse *gatehouse, struct project *project, struct err *err)
{
    const struct config *config = &project->config;
    struct view host = config_text(config, KEY_SERVE_HOST);
    gatehouse->socket = path_of(config, KEY_SERVE_SOCKET);
    if (view_is(host, "none"))
        return gatehouse->socket != NULL ||
               err_set(err, ERR_USAGE,
                       "serve.host is none and serve.socket names no path: there is nothing to "
                       "listen on");
    gatehouse->host = view_copy(host, config->arena);
    assert(gatehouse->host != NULL); /* keys.def bounds it */
    return true;
}

/* Who can ask must be somebody, unless the owner says otherwise. */
static bool check_reach(struct gatehouse *gatehouse, const struct config *config, struct err *err)
{
    bool loopback = true;
    if (gatehouse->host == NULL)
        return true;
    if (!listen_is_loopback(gatehouse->host, &loopback, err))
        return false;
    enum gateway_auth auth = gatehouse->gateway.auth;
    if (!loopback && auth == GATEWAY_KEYS && gatehouse->tls == NULL)
        gatehouse->warning = "API keys travel unencrypted: set serve.tls_certificate, or have a "
                             "proxy with TLS before this";
    if (!loopback && auth == GATEWAY_OPEN)
        gatehouse->warning = "everybody who reaches this address may ask everything";
    if (loopback || auth != GATEWAY_OPEN || config_bool(config, KEY_SERVE_INSECURE))
        return true;
    return err_set(err, ERR_USAGE,
                   "other machines can reach serve.host '%s' and serve.auth is none: set "
                   "serve.auth to keys or mtls, listen on 127.0.0.1, or say --insecure",
                   gatehouse->host);
}

/* ---------------------------------------------------------------- certificates */

static bool open_tls(struct gatehouse *gatehouse, const struct config *config, struct err *err)
{
    struct tls_options options = {
        .certificate = path_of(config, KEY_SERVE_TLS_CERT),
        .key = path_of(config, KEY_SERVE_TLS_KEY),
        .client_ca = path_of(config, KEY_SERVE_TLS_CA),
        .client_crl = path_of(config, KEY_SERVE_TLS_CRL),
    };
    if ((options.certificate == NULL) != (options.key == NULL))
        return err_set(err, ERR_USAGE, "serve.tls_certificate and serve.tls_key go together");
    if (options.client_ca != NULL && options.certificate == NULL)
        return err_set(err, ERR_USAGE,
                       "serve.tls_client_ca needs serve.tls_certificate and serve.tls_key");
    if (options.client_crl != NULL && options.client_ca == NULL)
        return err_set(err, ERR_USAGE,
                       "serve.tls_client_crl needs serve.tls_client_ca, whose certificates it "
                       "revokes");
    if ((gatehouse->gateway.auth & GATEWAY_CERTIFICATES) && options.client_ca == NULL)
        return err_set(err, ERR_USAGE,
                       "serve.auth asks for client certificates: serve.tls_client_ca says who "
                       "signs them");
    if (options.certificate != NULL && gatehouse->host == NULL)
        return err_set(err, ERR_USAGE,
                       "serve.tls_certificate is for an address, and serve.host is none");
    if (options.certificate == NULL)
        return true;
    gatehouse->tls = tls_open(&options, err);
    return gatehouse->tls != NULL;
}

/* ---------------------------------------------------------------- origins */

/* "https://shop.example" or "http://localhost:3000", as browsers write it: no path, no capitals. */
static bool is_origin(struct view text)
{
    struct view rest = text;
    if (view_is(text, "*"))
        return true;
    if (view_starts(text, "https://"))
        rest = view_from(text, strlen("https://"));
    else if (view_starts(text, "http://"))
        rest = view_from(text, strlen("http://"));
    else
        return false;
    for (size_t i = 0; i < rest.length; i++) {
        char c = rest.text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr(".-:[]", c) == NULL))
            return false;
    }
    return rest.length > 0;
}

static bool read_origins(struct gatehouse *gatehouse, const struct config *config, struct err *err)
{
    const struct yaml *list = config_node(config, "serve.cors_origins");
    size_t count = 0;
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next)
        count++;
    struct view *origin = arena_new(config->arena, struct view, count);
    if (origin == NULL)
        return err_set(err, ERR_LIMIT, "serve.cors_origins does not fit the memory limit");
    gatehouse->gateway.origin = origin;
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        if (!is_origin(item->text))
            return config_wrong(config, item, err,
                                "'" VIEW_FMT "' is no origin: https://HOST or https://HOST:PORT, "
                                "small letters and no path, or *",
                                VIEW_ARG(item->text));
        origin[gatehouse->gateway.origins++] = item->text;
    }
    return true;
}

/* ---------------------------------------------------------------- logs */

/* off, stderr or a file. */
static void read_log(const struct config *config, enum key_id key, bool *wanted, const char **path)
{
    struct view text = config_text(config, key);
    *wanted = !view_is(text, "off");
    *path = !*wanted || view_is(text, "stderr") ? NULL : config_path(config, key);
}

/* ---------------------------------------------------------------- all of it */

bool gatehouse_open(struct gatehouse *gatehouse, struct project *project, struct err *err)
{
    const struct config *config = &project->config;
    *gatehouse = (struct gatehouse){
        .gateway = {.auth = auth_of(config), .watch_ms = WATCH_MS},
    };
    gatehouse->gateway.place = project_store_place(project);
    read_log(config, KEY_SERVE_ACCESS_LOG, &gatehouse->access_log, &gatehouse->access_log_path);
    read_log(config, KEY_SERVE_EMF, &gatehouse->emf, &gatehouse->emf_path);
    gatehouse->emf_namespace = view_copy(config_text(config, KEY_SERVE_EMF_SPACE), config->arena);
    gatehouse->endpoint = view_copy(config_text(config, KEY_PROJECT), config->arena);
    assert(gatehouse->emf_namespace != NULL && gatehouse->endpoint != NULL); /* bounded */
    if (!read_address(gatehouse, project, err) || !open_tls(gatehouse, config, err))
        return false;
    gatehouse->gateway.tls = gatehouse->tls;
    return check_reach(gatehouse, config, err) && read_origins(gatehouse, config, err);
}

void gatehouse_close(struct gatehouse *gatehouse)
{
    tls_close(gatehouse->tls);
    *gatehouse = (struct gatehouse){0};
}

void gatehouse_listen(const struct gatehouse *gatehouse, struct http_options *options)
{
    options->host = gatehouse->host;
    options->path = gatehouse->socket;
    options->tls = gatehouse->tls;
}
