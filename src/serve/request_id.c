#include "serve/request_id.h"

#include "base/card_number.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(struct view text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !is_digit(c) && (c == '\0' || strchr("._-", c) == NULL))
            return false;
    }
    return text.length > 0 && text.length <= REQUEST_ID_MAX;
}

struct view request_id_in(const struct http_request *request, const char *field)
{
    struct view sent = http_request_field(request, field);
    return is_word(sent) && !card_number_in(sent) ? sent : (struct view){0};
}

struct view request_id_sent(const struct http_request *request)
{
    return request_id_in(request, "x-request-id");
}

struct view request_id_of(const struct http_request *request, char room[REQUEST_ID_MAX])
{
    struct view sent = request_id_sent(request);
    if (sent.length > 0)
        return sent;
    snprintf(room, REQUEST_ID_MAX, "%016llx", (unsigned long long)request->number);
    return view_of(room);
}
