/*
 * A message to a Slack channel by an incoming webhook, whose URL is the secret.
 *
 * Slack takes a header of 150 characters, texts of 3000 and fields of 2000, and wants & < > written
 * as entities: then no data becomes a mention, a link or a command.
 */
#include "cloud/sink.h"

#include "base/clock.h"
#include "base/json.h"

enum { HEADER_CHARACTERS = 150, TEXT_CHARACTERS = 3000, FIELD_CHARACTERS = 2000 };

static const char *entity_of(char c)
{
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
}

/* At most so many characters, none and no entity in half. */
static void add_escaped(struct text *out, struct view text, size_t characters)
{
    for (size_t i = 0; i < text.length;) {
        size_t size = 1;
        while (i + size < text.length && (text.text[i + size] & 0xc0) == 0x80)
            size++;
        const char *entity = entity_of(text.text[i]);
        size_t takes = entity == NULL ? 1 : strlen(entity);
        if (takes > characters)
            return;
        characters -= takes;
        if (entity != NULL)
            text_adds(out, entity);
        else
            text_add(out, (struct view){text.text + i, size});
        i += size;
    }
}

struct message {
    struct json json;
    struct arena *scratch;
    bool cut;
};

static void put_text(struct message *message, const char *type, const char *before,
                     struct view text, size_t characters)
{
    struct text escaped = text_in_arena(message->scratch);
    text_adds(&escaped, before);
    add_escaped(&escaped, text, characters - strlen(before));
    message->cut |= escaped.cut;
    json_open(&message->json, '{');
    json_key(&message->json, "type"), json_string(&message->json, type);
    json_key(&message->json, "text"), json_text(&message->json, text_view(&escaped));
    json_close(&message->json);
}

static void put_section(struct message *message, const char *type, const char *text_type,
                        struct view text, size_t characters)
{
    if (text.length == 0)
        return;
    json_open(&message->json, '{');
    json_key(&message->json, "type"), json_string(&message->json, type);
    json_key(&message->json, "text");
    put_text(message, text_type, "", text, characters);
    json_close(&message->json);
}

static void put_fields(struct message *message, const struct notice *notice)
{
    char bytes[40];
    struct text since = text_in(bytes, sizeof bytes);
    text_add_time(&since, notice->since_ms);
    const struct {
        const char *name;
        struct view value;
    } fields[] = {
        {"*severity*\n", view_of(severities[notice->severity])},
        {"*since*\n", text_view(&since)},
        {"*value*\n", notice->value},
        {"*limit*\n", notice->limit},
    };
    json_open(&message->json, '{');
    json_key(&message->json, "type"), json_string(&message->json, "section");
    json_key(&message->json, "fields");
    json_open(&message->json, '[');
    for (size_t i = 0; i < LENGTH_OF(fields); i++)
        if (fields[i].value.length > 0)
            put_text(message, "mrkdwn", fields[i].name, fields[i].value, FIELD_CHARACTERS);
    json_close(&message->json);
    json_close(&message->json);
}

static void put_context(struct message *message, const struct notice *notice, const char *source)
{
    json_open(&message->json, '{');
    json_key(&message->json, "type"), json_string(&message->json, "context");
    json_key(&message->json, "elements");
    json_open(&message->json, '[');
    put_text(message, "mrkdwn", "", view_of(source), FIELD_CHARACTERS);
    put_text(message, "mrkdwn", "", notice->id, FIELD_CHARACTERS);
    json_close(&message->json);
    json_close(&message->json);
}

static void put_attachment(struct message *message, const struct notice *notice)
{
    static const char *const colors[SEVERITIES] = {"#4a7ebb", "#e0a000", "#d05000", "#d00000"};
    bool over = notice->kind == NOTICE_OVER;
    struct text text = text_in_arena(message->scratch);
    add_escaped(&text, over ? VIEW("It is over.") : notice->runbook, TEXT_CHARACTERS);
    message->cut |= text.cut;
    json_key(&message->json, "attachments");
    json_open(&message->json, '[');
    json_open(&message->json, '{');
    json_key(&message->json, "color");
    json_string(&message->json, over ? "#2e8b57" : colors[notice->severity]);
    json_key(&message->json, "text"), json_text(&message->json, text_view(&text));
    json_close(&message->json);
    json_close(&message->json);
}

static void write_message(struct message *message, const struct notice *notice, const char *source)
{
    struct text fallback = text_in_arena(message->scratch);
    add_escaped(&fallback, notice->title, TEXT_CHARACTERS);
    message->cut |= fallback.cut;
    json_open(&message->json, '{');
    json_key(&message->json, "text"), json_text(&message->json, text_view(&fallback));
    json_key(&message->json, "blocks");
    json_open(&message->json, '[');
    put_section(message, "header", "plain_text", notice->title, HEADER_CHARACTERS);
    put_section(message, "section", "mrkdwn", notice->text, TEXT_CHARACTERS);
    put_fields(message, notice);
    put_context(message, notice, source);
    json_close(&message->json);
    put_attachment(message, notice);
    json_close(&message->json);
}

/* Of Slack's words those that help; any other answer stays unsaid. */
static const char *word_of(struct view body)
{
    static const char *const words[] = {
        "invalid_payload",      "no_text",         "action_prohibited",
        "invalid_token",        "no_service",      "channel_not_found",
        "channel_is_archived",  "no_active_hooks", "posting_to_general_channel_denied",
        "too_many_attachments", "user_not_found",  "team_disabled",
    };
    for (size_t i = 0; i < LENGTH_OF(words); i++)
        if (view_is(view_trim(body), words[i]))
            return words[i];
    return NULL;
}

static bool send(struct sink *sink, const struct notice *notice, int64_t *retry_after_ms,
                 struct err *err)
{
    static const struct http_header header[] = {{"content-type", VIEW("application/json")}};
    const char *url;
    if (!sink_url(sink, "", &url, err))
        return false;
    struct text body = text_in_arena(&sink->scratch);
    struct message message = {.json = json_to(&body), .scratch = &sink->scratch};
    write_message(&message, notice, sink->source);
    if (body.cut || message.cut)
        return err_set(err, ERR_LIMIT, "a notice does not fit the memory limit");
    struct http_got got;
    if (!sink_post(sink, url, header, LENGTH_OF(header), text_view(&body), &got, retry_after_ms,
                   err)) {
        const char *word = word_of(got.body);
        return got.status != 0 && word != NULL
                   ? err_set(err, ERR_IO, "Slack answered %d %s", got.status, word)
                   : false;
    }
    return view_is(view_trim(got.body), "ok") ||
           err_set(err, ERR_IO, "it answered %d, but not 'ok': that is not Slack", got.status);
}

/* A URL in assay.yaml would be a secret that everybody reads. */
const struct sink_kind sink_slack = {
    .name = "slack",
    .about = "a Slack channel, by an incoming webhook",
    .takes = " url_file url_env ca_file allow_private allow_http timeout_ms",
    .needs = "url",
    .send = send,
};
