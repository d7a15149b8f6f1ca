#include "base/card_number.h"

enum { DIGITS_MIN = 13, DIGITS_MAX = 19, PREFIX_DIGITS = 4, FIRST_GROUP_MIN = 4, GROUP_MIN = 3 };

/* The first four digits that schemes give, and how long their numbers are. */
static const struct {
    int from, to, least, most;
} schemes[] = {
    {1000, 1999, 15, 15}, /* UATP */
    {2200, 2204, 16, 19}, /* Mir */
    {2221, 2720, 16, 16}, /* Mastercard */
    {3000, 3059, 14, 19}, /* Diners Club */
    {3095, 3095, 14, 19}, /* Diners Club */
    {3400, 3499, 15, 15}, /* American Express */
    {3528, 3589, 16, 19}, /* JCB, RuPay */
    {3600, 3699, 14, 19}, /* Diners Club */
    {3700, 3799, 15, 15}, /* American Express */
    {3800, 3999, 14, 19}, /* Diners Club */
    {4000, 4999, 13, 13}, /* Visa, long ago */
    {4000, 4999, 16, 16}, /* Visa */
    {4000, 4999, 19, 19}, /* Visa */
    {5000, 5099, 13, 19}, /* Maestro, RuPay */
    {5100, 5599, 16, 16}, /* Mastercard */
    {5600, 5899, 13, 19}, /* Maestro */
    {6000, 6999, 13, 19}, /* Discover, Maestro, RuPay, UnionPay */
    {8100, 8299, 16, 16}, /* RuPay, UnionPay */
    {9792, 9792, 16, 16}, /* Troy */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex_letter(char c)
{
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool has_issuer(const char *digit, int count)
{
    int prefix = 0;
    for (int i = 0; i < PREFIX_DIGITS; i++)
        prefix = prefix * 10 + (digit[i] - '0');
    for (size_t i = 0; i < LENGTH_OF(schemes); i++)
        if (prefix >= schemes[i].from && prefix <= schemes[i].to && count >= schemes[i].least &&
            count <= schemes[i].most)
            return true;
    return false;
}

/* From the right, every second digit doubled, and its digits summed. */
static bool luhn_holds(const char *digit, int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        int value = digit[count - 1 - i] - '0';
        value <<= i % 2;
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

/* Behind a decimal point: ".5", "0.5", but not "no.5". */
static bool is_fraction(struct view text, size_t at)
{
    return at > 0 && text.text[at - 1] == '.' && (at == 1 || !is_letter(text.text[at - 2]));
}

/* Before a decimal point with something behind it: an amount. "4111111111111111.0" is a number
 * that went through somebody's floats. */
static bool has_fraction(struct view text, size_t end)
{
    if (end + 1 >= text.length || text.text[end] != '.' || !is_digit(text.text[end + 1]))
        return false;
    for (size_t i = end + 1; i < text.length && is_digit(text.text[i]); i++)
        if (text.text[i] != '0')
            return true;
    return false;
}

/* The word that the digits from `from` to `to` stand in has letters, and only such as hexadecimal
 * digits have. */
static bool is_hex_word(struct view text, size_t from, size_t to)
{
    bool letters = false;
    for (; from > 0 && (is_letter(text.text[from - 1]) || is_digit(text.text[from - 1])); from--)
        ;
    for (; to < text.length && (is_letter(text.text[to]) || is_digit(text.text[to])); to++)
        ;
    for (size_t i = from; i < to; i++) {
        if (is_letter(text.text[i]) && !is_hex_letter(text.text[i]))
            return false;
        letters |= is_letter(text.text[i]);
    }
    return letters;
}

static bool is_mark(struct view text, size_t at)
{
    return at + 1 < text.length && (text.text[at] == ' ' || text.text[at] == '-') &&
           is_digit(text.text[at + 1]);
}

static size_t end_of_digits(struct view text, size_t at)
{
    while (at < text.length && is_digit(text.text[at]))
        at++;
    return at;
}

/* A card that begins with the group at `at`; its end, or 0. */
static size_t card_at(struct view text, size_t at)
{
    char digit[DIGITS_MAX];
    int count = 0;
    size_t from = at;
    for (bool first = true;; first = false) {
        size_t end = end_of_digits(text, from), length = end - from;
        bool last = !is_mark(text, end);
        if (length > (size_t)(DIGITS_MAX - count) || (first && length < FIRST_GROUP_MIN))
            return 0;
        memcpy(digit + count, text.text + from, length);
        count += (int)length;
        if (count >= DIGITS_MIN && has_issuer(digit, count) && luhn_holds(digit, count) &&
            !has_fraction(text, end) && !is_hex_word(text, at, end))
            return end;
        if (last || length < GROUP_MIN)
            return 0;
        from = end + 1;
    }
}

bool card_number_find(struct view text, struct view *out)
{
    for (size_t at = 0; at < text.length;) {
        if (!is_digit(text.text[at])) {
            at++;
            continue;
        }
        size_t end = is_fraction(text, at) ? 0 : card_at(text, at);
        if (end > 0) {
            *out = (struct view){text.text + at, end - at};
            return true;
        }
        at = end_of_digits(text, at);
    }
    return false;
}

bool card_number_in(struct view text)
{
    struct view found;
    return card_number_find(text, &found);
}
