#include "http/http_response.h"

#include "base/json.h"
#include "base/number.h"

static const struct status {
    int code;
    const char *reason;
} statuses[] = {
#define STATUS(code, reason) {code, reason},
#include "http/statuses.def"
#undef STATUS
};
static_assert(LENGTH_OF(statuses) == HTTP_STATUS_SLOTS, "one slot a status");

size_t http_status_slot(int status)
{
    size_t slot = 0;
    while (slot < HTTP_STATUS_SLOTS && statuses[slot].code != status)
        slot++;
    return slot;
}

int http_status_at(size_t slot)
{
    assert(slot < HTTP_STATUS_SLOTS);
    return statuses[slot].code;
}

const char *http_status_reason(int status)
{
    size_t slot = http_status_slot(status);
    return slot == HTTP_STATUS_SLOTS ? "Unknown" : statuses[slot].reason;
}

bool http_status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

struct http_response http_response_in(struct arena *arena)
{
    enum { FAULT_SIZE = 1024 };
    struct http_response response = {
        .status = 200,
        .content_type = VIEW("application/json"),
        .body = text_in_arena(arena),
    };
    /* Who runs out of the arena can still say so. */
    (void)text_reserve(&response.body, FAULT_SIZE);
    return response;
}

void http_response_field(struct http_response *response, const char *name, struct view value)
{
    assert(response->field_count < HTTP_RESPONSE_FIELDS_MAX);
    response->field[response->field_count++] = (struct http_field){name, value};
}

bool http_response_has(const struct http_response *response, const char *name)
{
    for (size_t i = 0; i < response->field_count; i++)
        if (view_same_fold(view_of(response->field[i].name), view_of(name)))
            return true;
    return false;
}

void http_response_error(struct http_response *response, int status, struct view text)
{
    response->status = status;
    response->content_type = VIEW("application/json");
    response->body.length = 0;
    response->body.cut = false;
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "error"), json_text(&json, text);
    json_close(&json);
}

void http_response_fail(struct http_response *response, const struct err *err)
{
    http_response_error(response, err_http_status(err->kind), view_of(err->text));
}

static void add_value(struct text *text, struct view value)
{
    size_t from = text->length;
    text_add(text, value);
    if (value.length == 0 ||
        (view_plain(value) == value.length && memchr(value.text, 0x7f, value.length) == NULL))
        return;
    for (size_t i = from; i < text->length; i++) {
        unsigned char c = (unsigned char)text->bytes[i];
        if (c < ' ' || c == 0x7f)
            text->bytes[i] = ' ';
    }
}

static void add_field(struct text *text, const char *name, struct view value)
{
    text_adds(text, name);
    text_add(text, VIEW(": "));
    add_value(text, value);
    text_add(text, VIEW("\r\n"));
}

void http_response_head(const struct http_response *response, const struct http_manner *manner,
                        struct text *text)
{
    text_add(text, VIEW("HTTP/1.1 "));
    text_add_u64(text, (uint64_t)response->status);
    text_addc(text, ' ');
    text_adds(text, http_status_reason(response->status));
    text_add(text, VIEW("\r\n"));
    add_field(text, "Date", manner->date);
    if (http_status_has_body(response->status)) {
        if (response->body.length > 0)
            add_field(text, "Content-Type", response->content_type);
        text_add(text, VIEW("Content-Length: "));
        text_add_u64(text, response->body.length);
        text_add(text, VIEW("\r\n"));
    }
    for (size_t i = 0; i < response->field_count; i++)
        add_field(text, response->field[i].name, response->field[i].value);
    if (manner->close)
        text_add(text, VIEW("Connection: close\r\n"));
    else if (manner->version_1_0)
        text_add(text, VIEW("Connection: keep-alive\r\n"));
    text_add(text, VIEW("\r\n"));
}
