/*
 * sink: a way out for notices: a kind, a row of cloud/sinks.def, with the settings of one in
 * assay.yaml.
 *
 *     alarms:
 *       sinks:
 *         team:  {kind: slack, url_file: /run/secrets/slack_url}
 *         mail:  {kind: smtp, host: mail.example.org, user: assay, password_env: MAIL_PASSWORD,
 *                 from: assay@example.org, to: [fraud@example.org]}
 *
 * sinks_read checks all settings with their lines. Secrets are never among them: a setting names a
 * file or an environment variable, which is read each time something is sent, so a secret may
 * change, and a sink whose secret is missing fails alone. No error, log line or row of the database
 * repeats a secret, and none repeats a URL.
 *
 *     struct sinks sinks;
 *     if (!sinks_read(&sinks, &config, err)) ...
 *     outbox_deliver(&store, sinks.port, sinks.count, ...)
 *     sinks_release(&sinks);
 */
#ifndef CLOUD_SINK_H
#define CLOUD_SINK_H

#include "data/config.h"
#include "store/http_client.h"
#include "store/notice.h"

enum { SINKS_MAX = 16, SINK_RECIPIENTS_MAX = 16 };

struct sink;

struct sink_kind {
    const char *name, *about;
    const char *takes; /* the settings it knows beside `kind` and `least`, between spaces */
    const char *needs; /* of these, those it cannot do without; url, token, ... stand for any way */
    /* A setting that only this kind can judge; NULL: none. */
    bool (*check)(const struct config *config, const struct yaml *item, struct err *err);
    bool (*send)(struct sink *sink, const struct notice *notice, int64_t *retry_after_ms,
                 struct err *err);
};

/* One of them. Texts last as long as the arena it was read into. */
struct sink {
    const struct sink_kind *kind;
    const struct yaml *item; /* NULL: the log that there is without a word */
    const struct config *config;
    const char *name, *source;
    bool allow_private, allow_http;
    int64_t timeout_ms;
    const char *authority; /* NULL: the system's alone */
    struct arena scratch;  /* of one notice */
    struct http_client http;
};

struct sinks {
    struct sink sink[SINKS_MAX];
    struct notice_port port[SINKS_MAX];
    size_t count;
};

#define SINK(name) extern const struct sink_kind sink_##name;
#include "cloud/sinks.def"
#undef SINK
extern const struct sink_kind *const sink_kinds[];
extern const size_t sink_kinds_count;

/* The configuration outlives the sinks. ERR_INPUT names the line. Without any there is one, `log`.
 */
bool sinks_read(struct sinks *sinks, const struct config *config, struct err *err);
void sinks_release(struct sinks *sinks);
const struct notice_port *sinks_find(const struct sinks *sinks, const char *name); /* or NULL */

/* ---------------------------------------------------------------- for the kinds */

/* A setting's text, or its default. */
struct view sink_setting(const struct sink *sink, enum key_id key);

/* What NAME_file or NAME_env lead to, in the scratch arena, NUL-terminated; empty when neither is
 * given. ERR_INPUT names the file or the variable. */
bool sink_secret(struct sink *sink, enum key_id file, enum key_id env, struct view *out,
                 struct err *err);

/* The URL, from `url`, `url_file` or `url_env`, or `fallback`: checked, and secret from here on. */
bool sink_url(struct sink *sink, const char *fallback, const char **out, struct err *err);

/* A POST that must be answered by a 2xx. `out` may be read in either case when `status` is not 0.
 */
bool sink_post(struct sink *sink, const char *url, const struct http_header *header, size_t headers,
               struct view body, struct http_got *out, int64_t *retry_after_ms, struct err *err);

#endif
