#include "cloud/letter.h"

#include "base/clock.h"

static void add_line(struct text *out, const char *name, struct view value)
{
    if (value.length == 0)
        return;
    text_addf(out, "%-10s", name);
    text_add(out, value);
    text_addc(out, '\n');
}

static void add_time(struct text *out, const char *name, int64_t at_ms)
{
    text_addf(out, "%-10s", name);
    text_add_time(out, at_ms);
    text_addc(out, '\n');
}

void letter_text(struct text *out, const struct notice *notice, const char *source)
{
    text_add(out, notice->title);
    text_adds(out, "\n\n");
    if (notice->text.length > 0) {
        text_add(out, notice->text);
        text_adds(out, "\n\n");
    }
    add_line(out, "alarm", notice->alarm);
    add_line(out, "subject", notice->subject);
    add_line(out, "severity", view_of(severities[notice->severity]));
    add_line(out, "value", notice->value);
    add_line(out, "limit", notice->limit);
    add_time(out, "since", notice->since_ms);
    add_time(out, "at", notice->at_ms);
    add_line(out, "source", view_of(source));
    add_line(out, "incident", notice->incident);
    if (notice->kind != NOTICE_OVER && notice->runbook.length > 0) {
        text_addc(out, '\n');
        text_add(out, notice->runbook);
        text_addc(out, '\n');
    }
}

static void json_time(struct json *json, const char *key, int64_t at_ms)
{
    char bytes[40];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_time(&text, at_ms);
    json_key(json, key), json_text(json, text_view(&text));
}

void letter_json(struct json *json, const struct notice *notice, const char *source)
{
    json_key(json, "id"), json_text(json, notice->id);
    json_key(json, "incident"), json_text(json, notice->incident);
    json_key(json, "kind"), json_string(json, notice_kinds[notice->kind]);
    json_key(json, "severity"), json_string(json, severities[notice->severity]);
    json_key(json, "alarm"), json_text(json, notice->alarm);
    json_key(json, "subject"), json_text(json, notice->subject);
    json_key(json, "title"), json_text(json, notice->title);
    json_key(json, "text"), json_text(json, notice->text);
    json_key(json, "value"), json_text(json, notice->value);
    json_key(json, "limit"), json_text(json, notice->limit);
    json_key(json, "runbook"), json_text(json, notice->runbook);
    json_time(json, "since", notice->since_ms);
    json_time(json, "at", notice->at_ms);
    json_key(json, "source"), json_string(json, source);
}
