/*
 * An incident of PagerDuty's, by its Events API v2: opened when an alarm begins, resolved when it
 * is over. Both carry the incident as dedup_key, so what is sent again opens nothing anew.
 */
#include "cloud/letter.h"
#include "cloud/sink.h"

#include "base/clock.h"

enum { SUMMARY_MAX = 1024 };

static const char enqueue[] = "https://events.pagerduty.com/v2/enqueue";

static struct view cut(struct view text, size_t most)
{
    if (text.length <= most)
        return text;
    text.length = most;
    while (text.length > 0 && !view_is_utf8(text))
        text.length--;
    return text;
}

static void write_payload(struct json *json, const struct notice *notice, const char *source)
{
    char bytes[40];
    struct text at = text_in(bytes, sizeof bytes);
    text_add_time(&at, notice->at_ms);
    json_key(json, "payload");
    json_open(json, '{');
    json_key(json, "summary"), json_text(json, cut(notice->title, SUMMARY_MAX));
    json_key(json, "source"), json_string(json, source);
    json_key(json, "severity"), json_string(json, severities[notice->severity]);
    json_key(json, "timestamp"), json_text(json, text_view(&at));
    json_key(json, "component"), json_text(json, notice->subject);
    json_key(json, "class"), json_text(json, notice->alarm);
    json_key(json, "custom_details");
    json_open(json, '{');
    letter_json(json, notice, source);
    json_close(json);
    json_close(json);
}

static bool post(struct sink *sink, const struct notice *notice, const char *action,
                 int64_t *retry_after_ms, struct err *err)
{
    static const struct http_header header[] = {{"content-type", VIEW("application/json")}};
    struct view key;
    const char *url;
    if (!sink_url(sink, enqueue, &url, err) ||
        !sink_secret(sink, KEY_ALARM_SINK_TOKEN_FILE, KEY_ALARM_SINK_TOKEN_ENV, &key, err))
        return false;
    struct text body = text_in_arena(&sink->scratch);
    struct json json = json_to(&body);
    json_open(&json, '{');
    json_key(&json, "routing_key"), json_text(&json, key);
    json_key(&json, "event_action"), json_string(&json, action);
    json_key(&json, "dedup_key"), json_text(&json, notice->incident);
    json_key(&json, "client"), json_string(&json, "assay");
    if (strcmp(action, "trigger") == 0)
        write_payload(&json, notice, sink->source);
    json_close(&json);
    if (body.cut)
        return err_set(err, ERR_LIMIT, "a notice does not fit the memory limit");
    struct http_got got;
    return sink_post(sink, url, header, LENGTH_OF(header), text_view(&body), &got, retry_after_ms,
                     err);
}

/* A test leaves no incident open behind it. */
static bool send(struct sink *sink, const struct notice *notice, int64_t *retry_after_ms,
                 struct err *err)
{
    if (notice->kind == NOTICE_OVER)
        return post(sink, notice, "resolve", retry_after_ms, err);
    return post(sink, notice, "trigger", retry_after_ms, err) &&
           (notice->kind != NOTICE_TEST || post(sink, notice, "resolve", retry_after_ms, err));
}

const struct sink_kind sink_pagerduty = {
    .name = "pagerduty",
    .about = "an incident, by PagerDuty's Events API v2",
    .takes =
        " token_file token_env url url_file url_env ca_file allow_private allow_http timeout_ms",
    .needs = "token",
    .send = send,
};
