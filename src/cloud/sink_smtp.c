/*
 * A mail by SMTP: TLS from the first byte (tls), before anything is said (starttls), or none, and
 * then no password. The notices of one incident are one conversation; what is sent again has the
 * same Message-ID.
 */
#include "cloud/letter.h"
#include "cloud/mail.h"
#include "cloud/sink.h"

enum { FIRST_ID_SIZE = NOTICE_ID_SIZE + 8 };

static bool check_host(const struct config *config, const struct yaml *item, struct err *err)
{
    const struct yaml *host = yaml_find(item, "host");
    for (size_t i = 0; i < host->text.length; i++)
        if ((unsigned char)host->text.text[i] <= ' ' ||
            strchr("/@?#%\\", host->text.text[i]) != NULL)
            return config_wrong(config, host, err, "'host' takes a name or an address");
    return true;
}

static bool check(const struct config *config, const struct yaml *item, struct err *err)
{
    const struct yaml *from = yaml_find(item, "from"), *to = yaml_find(item, "to");
    bool user = yaml_find(item, "user") != NULL;
    bool password =
        yaml_find(item, "password_file") != NULL || yaml_find(item, "password_env") != NULL;
    if (!mail_is_address(from->text))
        return config_wrong(config, from, err, "'from' takes an address, assay@example.org");
    if (to->count == 0 || to->count > SINK_RECIPIENTS_MAX)
        return config_wrong(config, to, err, "'to' takes a list of 1 to %d addresses",
                            SINK_RECIPIENTS_MAX);
    for (const struct yaml *one = to->first; one != NULL; one = one->next)
        if (!mail_is_address(one->text))
            return config_wrong(config, one, err, "'to' takes addresses, fraud@example.org");
    if (user != password)
        return config_wrong(config, item, err,
                            "'user' and 'password_file' or 'password_env' go together");
    if (user && view_is(config_item_text(item, KEY_ALARM_SINK_TLS), "none"))
        return config_wrong(config, item, err,
                            "with 'tls: none' anybody on the way could read the password");
    return check_host(config, item, err);
}

/* ---------------------------------------------------------------- sending */

static void write_url(struct text *out, const struct sink *sink)
{
    struct view tls = sink_setting(sink, KEY_ALARM_SINK_TLS);
    struct view host = sink_setting(sink, KEY_ALARM_SINK_HOST);
    struct view port = sink_setting(sink, KEY_ALARM_SINK_PORT);
    bool implicit = view_is(tls, "tls"), six = memchr(host.text, ':', host.length) != NULL;
    text_adds(out, implicit ? "smtps://" : "smtp://");
    text_adds(out, six ? "[" : "");
    text_add(out, host);
    text_adds(out, six ? "]:" : ":");
    if (port.length > 0)
        text_add(out, port);
    else
        text_adds(out, implicit ? "465" : view_is(tls, "none") ? "25" : "587");
}

static void write_message(struct text *out, const struct sink *sink, const struct notice *notice,
                          const struct view *to, size_t recipients)
{
    char first[FIRST_ID_SIZE];
    struct text body = text_in_arena(out->arena);
    letter_text(&body, notice, sink->source);
    out->cut |= body.cut;
    snprintf(first, sizeof first, "%.*s-1", (int)notice->incident.length, notice->incident.text);
    struct mail mail = {
        .from = sink_setting(sink, KEY_ALARM_SINK_FROM),
        .to = to,
        .recipients = recipients,
        .subject = notice->title,
        .body = text_view(&body),
        .id = notice->id,
        .reply_to = view_is(notice->id, first) ? (struct view){0} : view_of(first),
        .at_ms = notice->at_ms,
    };
    mail_write(out, &mail);
}

static bool copied(struct arena *arena, struct view text, const char **out)
{
    *out = view_copy(text, arena);
    return *out != NULL;
}

static bool send(struct sink *sink, const struct notice *notice, int64_t *retry_after_ms UNUSED,
                 struct err *err)
{
    struct view to[SINK_RECIPIENTS_MAX], password;
    const char *address[SINK_RECIPIENTS_MAX];
    size_t recipients = 0;
    bool room = true;
    const struct yaml *list = yaml_find(sink->item, "to");
    if (!sink_secret(sink, KEY_ALARM_SINK_PASSWORD_FILE, KEY_ALARM_SINK_PASSWORD_ENV, &password,
                     err))
        return false;
    for (const struct yaml *one = list->first; one != NULL; one = one->next) {
        room &= copied(&sink->scratch, one->text, &address[recipients]);
        to[recipients++] = one->text;
    }
    struct text message = text_in_arena(&sink->scratch), url = text_in_arena(&sink->scratch);
    write_message(&message, sink, notice, to, recipients);
    write_url(&url, sink);
    struct mail_ask ask = {
        .url = text_c(&url),
        .starttls = view_is(sink_setting(sink, KEY_ALARM_SINK_TLS), "starttls"),
        .to = address,
        .recipients = recipients,
        .message = text_view(&message),
        .authority = sink->authority,
        .public_only = !sink->allow_private,
        .timeout_ms = sink->timeout_ms,
    };
    room &= copied(&sink->scratch, sink_setting(sink, KEY_ALARM_SINK_FROM), &ask.from);
    if (password.length > 0) {
        ask.password = password.text;
        room &= copied(&sink->scratch, sink_setting(sink, KEY_ALARM_SINK_USER), &ask.user);
    }
    if (!room || message.cut || url.cut)
        return err_set(err, ERR_LIMIT, "a notice does not fit the memory limit");
    int status;
    if (mail_send(&sink->http, &ask, &status, err))
        return true;
    return status == 0 ? false : err_while(err, "the mail server's last word was %d", status);
}

const struct sink_kind sink_smtp = {
    .name = "smtp",
    .about = "mail, by a server that takes it",
    .takes = " host port tls user password_file password_env from to ca_file allow_private "
             "timeout_ms",
    .needs = "host from to",
    .check = check,
    .send = send,
};
