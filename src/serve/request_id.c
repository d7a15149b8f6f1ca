#include "serve/request_id.h"

enum { CARD_DIGITS_MIN = 13, CARD_DIGITS_MAX = 19 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Luhn's sum over the digits that end here, from the right: every second one is doubled. */
static bool ends_card(const char *digit, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count && i < CARD_DIGITS_MAX; i++) {
        unsigned value = (unsigned)(digit[count - 1 - i] - '0');
        if (i % 2 == 1)
            value = value * 2 > 9 ? value * 2 - 9 : value * 2;
        sum += value;
        bool may_begin = digit[count - 1 - i] != '0'; /* no card's number begins with it */
        if (i + 1 >= CARD_DIGITS_MIN && sum % 10 == 0 && may_begin)
            return true;
    }
    return false;
}

bool request_id_holds_card(struct view text)
{
    char digit[CARD_DIGITS_MAX];
    size_t count = 0; /* of the last digits of the run */
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        bool between = i + 1 < text.length && strchr(" -._", c) != NULL && c != '\0' &&
                       is_digit(text.text[i + 1]);
        if (!is_digit(c) && !between)
            count = 0;
        if (!is_digit(c))
            continue;
        if (count == CARD_DIGITS_MAX)
            memmove(digit, digit + 1, --count);
        digit[count++] = c;
        if (ends_card(digit, count))
            return true;
    }
    return false;
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

struct view request_id_sent(const struct http_request *request)
{
    struct view sent = http_request_field(request, "x-request-id");
    return is_word(sent) && !request_id_holds_card(sent) ? sent : (struct view){0};
}

struct view request_id_of(const struct http_request *request, char room[REQUEST_ID_MAX])
{
    struct view sent = request_id_sent(request);
    if (sent.length > 0)
        return sent;
    snprintf(room, REQUEST_ID_MAX, "%016llx", (unsigned long long)request->number);
    return view_of(room);
}
