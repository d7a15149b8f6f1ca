#include "cloud/sink.h"

#include "base/file.h"

#include <unistd.h>

enum { SECRET_MAX = 8192, ANSWER_MAX = 64 << 10, SCRATCH_MAX = 1 << 20, SOURCE_MAX = 128 };

const struct sink_kind *const sink_kinds[] = {
#define SINK(name) &sink_##name,
#include "cloud/sinks.def"
#undef SINK
};
const size_t sink_kinds_count = LENGTH_OF(sink_kinds);

static const char common[] = " kind least ";

/* ---------------------------------------------------------------- settings */

static bool is_word_of(const char *words, struct view word)
{
    struct view rest = view_of(words), one;
    while (view_cut(&rest, ' ', &one))
        if (one.length > 0 && view_same(one, word))
            return true;
    return false;
}

static const struct sink_kind *kind_of(struct view name)
{
    for (size_t i = 0; i < sink_kinds_count; i++)
        if (view_is(name, sink_kinds[i]->name))
            return sink_kinds[i];
    return NULL;
}

/* "url" is there as url, url_file or url_env. */
static size_t count_ways(const struct yaml *item, struct view name)
{
    static const char *const endings[] = {"", "_file", "_env"};
    size_t count = 0;
    for (size_t i = 0; i < LENGTH_OF(endings); i++) {
        char key[64];
        snprintf(key, sizeof key, "%.*s%s", (int)name.length, name.text, endings[i]);
        count += yaml_find(item, key) != NULL;
    }
    return count;
}

static bool check_needs(const struct config *config, const struct yaml *item,
                        const struct sink_kind *kind, struct err *err)
{
    struct view rest = view_of(kind->needs), name;
    while (view_cut(&rest, ' ', &name))
        if (name.length > 0 && count_ways(item, name) == 0)
            return config_wrong(config, item, err,
                                "sink '" VIEW_FMT "' of kind %s needs '" VIEW_FMT "'%s",
                                VIEW_ARG(item->key), kind->name, VIEW_ARG(name),
                                is_word_of("token secret password", name) ||
                                        is_word_of(kind->takes, VIEW("url_file"))
                                    ? ", or the same with _file or _env"
                                    : "");
    return true;
}

static bool check_item(const struct config *config, const struct yaml *item, struct err *err)
{
    static const char *const ways[] = {"url", "token", "secret", "password"};
    const struct yaml *named = yaml_find(item, "kind");
    const struct sink_kind *kind = named == NULL ? NULL : kind_of(named->text);
    if (kind == NULL)
        return config_wrong(config, item, err, "sink '" VIEW_FMT "' needs a 'kind'",
                            VIEW_ARG(item->key));
    for (const struct yaml *setting = item->first; setting != NULL; setting = setting->next)
        if (!is_word_of(kind->takes, setting->key) && !is_word_of(common, setting->key))
            return config_wrong(config, setting, err,
                                "a sink of kind %s has no '" VIEW_FMT "'; it takes:%s", kind->name,
                                VIEW_ARG(setting->key),
                                kind->takes[0] == '\0' ? " nothing more" : kind->takes);
    for (size_t i = 0; i < LENGTH_OF(ways); i++)
        if (count_ways(item, view_of(ways[i])) > 1)
            return config_wrong(config, item, err, "sink '" VIEW_FMT "' has '%s' in two ways",
                                VIEW_ARG(item->key), ways[i]);
    return check_needs(config, item, kind, err) &&
           (kind->check == NULL || kind->check(config, item, err));
}

/* ---------------------------------------------------------------- reading */

static bool send_by(void *self, const struct notice *notice, int64_t *retry_after_ms,
                    struct err *err)
{
    struct sink *sink = self;
    arena_reset(&sink->scratch);
    *retry_after_ms = 0;
    return sink->kind->send(sink, notice, retry_after_ms, err);
}

static const char *source_of(const struct config *config)
{
    struct view given = config_text(config, KEY_ALARM_SOURCE);
    char host[SOURCE_MAX + 1] = "";
    if (given.length == 0) {
        if (gethostname(host, sizeof host - 1) < 0 || host[0] == '\0')
            snprintf(host, sizeof host, "assay");
        given = view_of(host);
    }
    return view_copy(given, config->arena);
}

static bool add_sink(struct sinks *sinks, const struct config *config, const struct yaml *item,
                     struct err *err)
{
    struct sink *sink = &sinks->sink[sinks->count];
    *sink = (struct sink){
        .kind = item == NULL ? &sink_log : kind_of(yaml_find(item, "kind")->text),
        .item = item,
        .config = config,
        .name = item == NULL ? "log" : view_copy(item->key, config->arena),
        .source = source_of(config),
        .scratch = {.limit = SCRATCH_MAX},
    };
    sink->allow_private = view_is(sink_setting(sink, KEY_ALARM_SINK_PRIVATE), "true");
    sink->allow_http = view_is(sink_setting(sink, KEY_ALARM_SINK_HTTP), "true");
    sink->timeout_ms = item == NULL ? 0 : (int64_t)config_item_number(item, KEY_ALARM_SINK_TIMEOUT);
    struct view authority = sink_setting(sink, KEY_ALARM_SINK_CA);
    if (authority.length > 0)
        sink->authority = config_path_of(config, authority);
    if (sink->name == NULL || sink->source == NULL)
        return err_set(err, ERR_LIMIT, "the configuration is too large");
    sinks->port[sinks->count++] =
        (struct notice_port){.name = sink->name, .send = send_by, .self = sink};
    return http_client_open(&sink->http, err);
}

bool sinks_read(struct sinks *sinks, const struct config *config, struct err *err)
{
    *sinks = (struct sinks){0};
    const struct yaml *node = config_node(config, "alarms.sinks");
    if (node == NULL || node->first == NULL)
        return add_sink(sinks, config, NULL, err);
    for (const struct yaml *item = node->first; item != NULL; item = item->next) {
        bool ok = sinks->count < SINKS_MAX
                      ? check_item(config, item, err) && add_sink(sinks, config, item, err)
                      : config_wrong(config, item, err, "there are at most %d sinks", SINKS_MAX);
        if (!ok) {
            sinks_release(sinks);
            return false;
        }
    }
    return true;
}

void sinks_release(struct sinks *sinks)
{
    for (size_t i = 0; i < sinks->count; i++) {
        http_client_close(&sinks->sink[i].http);
        arena_release(&sinks->sink[i].scratch);
    }
    sinks->count = 0;
}

const struct notice_port *sinks_find(const struct sinks *sinks, const char *name)
{
    for (size_t i = 0; i < sinks->count; i++)
        if (strcmp(sinks->port[i].name, name) == 0)
            return &sinks->port[i];
    return NULL;
}

/* ---------------------------------------------------------------- for the kinds */

struct view sink_setting(const struct sink *sink, enum key_id key)
{
    return sink->item == NULL ? view_of(config_keys[key].fallback)
                              : config_item_text(sink->item, key);
}

static bool is_printable(struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.text[i] < ' ' || text.text[i] == 0x7f)
            return false;
    return text.length > 0;
}

static bool secret_in_file(struct sink *sink, struct view name, struct view *out, struct err *err)
{
    const char *relative = view_copy(name, &sink->scratch);
    if (relative == NULL)
        return err_set(err, ERR_LIMIT, "a path does not fit the memory limit");
    const char *path = path_join(&sink->scratch, sink->config->dir, relative);
    struct view bytes;
    if (!file_load(path, SECRET_MAX, &sink->scratch, &bytes, err))
        return false;
    struct view text = view_trim(bytes);
    const char *copy = view_copy(text, &sink->scratch);
    if (copy == NULL || !is_printable(text))
        return err_set(err, ERR_INPUT, "'%s' holds no line of text", path);
    *out = view_of(copy);
    return true;
}

static bool secret_in_environment(struct sink *sink, struct view name, struct view *out,
                                  struct err *err)
{
    const char *variable = view_copy(name, &sink->scratch);
    const char *value = variable == NULL ? NULL : getenv(variable);
    if (value == NULL || !is_printable(view_of(value)))
        return err_set(err, ERR_INPUT, "the environment variable '" VIEW_FMT "' holds no text",
                       VIEW_ARG(name));
    *out = view_of(value);
    return true;
}

bool sink_secret(struct sink *sink, enum key_id file, enum key_id env, struct view *out,
                 struct err *err)
{
    struct view in_file = sink_setting(sink, file), in_environment = sink_setting(sink, env);
    *out = (struct view){0};
    if (in_file.length > 0)
        return secret_in_file(sink, in_file, out, err);
    return in_environment.length == 0 || secret_in_environment(sink, in_environment, out, err);
}

/* https://HOST/..., without a user; the message repeats nothing of it. */
static bool check_url(const struct sink *sink, struct view url, struct err *err)
{
    bool http = view_starts(url, "http://");
    if (!http && !view_starts(url, "https://"))
        return err_set(err, ERR_INPUT, "its URL does not begin with https://");
    if (http && !sink->allow_http)
        return err_set(err, ERR_INPUT,
                       "its URL begins with http://, which anybody on the way can read: use https, "
                       "or set allow_http");
    struct view rest = view_from(url, http ? 7 : 8), host;
    for (size_t i = 0; i < url.length; i++)
        if ((unsigned char)url.text[i] <= ' ' || (unsigned char)url.text[i] >= 0x7f)
            return err_set(err, ERR_INPUT, "its URL has a byte that must be written as %%XX");
    host = (struct view){rest.text, strcspn(rest.text, "/?#")};
    if (host.length == 0 || memchr(host.text, '@', host.length) != NULL)
        return err_set(err, ERR_INPUT,
                       "its URL has no host, or a user: a password belongs into token_file");
    return true;
}

bool sink_url(struct sink *sink, const char *fallback, const char **out, struct err *err)
{
    struct view url = sink_setting(sink, KEY_ALARM_SINK_URL);
    if (url.length == 0 &&
        !sink_secret(sink, KEY_ALARM_SINK_URL_FILE, KEY_ALARM_SINK_URL_ENV, &url, err))
        return false;
    if (url.length == 0)
        url = view_of(fallback);
    *out = view_copy(url, &sink->scratch);
    if (*out == NULL)
        return err_set(err, ERR_LIMIT, "a URL does not fit the memory limit");
    return check_url(sink, view_of(*out), err);
}

static const char *remedy_of(int status)
{
    switch (status) {
    case 401:
    case 403:
        return ": what is shown as its secret is not taken there";
    case 404:
    case 410:
        return ": there is nothing at its URL any more";
    case 429:
        return ": more than it takes at once";
    default:
        return status >= 300 && status < 400 ? ": redirects are not followed, give the last URL"
                                             : "";
    }
}

bool sink_post(struct sink *sink, const char *url, const struct http_header *header, size_t headers,
               struct view body, struct http_got *out, int64_t *retry_after_ms, struct err *err)
{
    struct http_ask ask = {
        .method = "POST",
        .url = url,
        .header = header,
        .headers = headers,
        .body = body,
        .answer_max = ANSWER_MAX,
        .authority = sink->authority,
        .public_only = !sink->allow_private,
        .discreet = true,
        .timeout_ms = sink->timeout_ms,
    };
    *out = (struct http_got){0};
    if (!http_send(&sink->http, &ask, &sink->scratch, out, err))
        return false;
    if (out->status >= 200 && out->status < 300)
        return true;
    *retry_after_ms = out->retry_after_ms;
    return err_set(err, ERR_IO, "it answered %d%s", out->status, remedy_of(out->status));
}
