#include "model/pickle_literal.h"

#include "base/number.h"

#include <math.h>

static bool full(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the pickle does not fit the memory limit");
}

/* ---------------------------------------------------------------- binary */

bool literal_take(struct literals *in, uint64_t size, struct view *out, struct err *err)
{
    size_t left = in->bytes.length - in->at;
    if (size > left)
        return err_set(err, ERR_MODEL,
                       "it wants %llu bytes, and %zu are left: the file is cut short",
                       (unsigned long long)size, left);
    *out = (struct view){in->bytes.text + in->at, (size_t)size};
    in->at += (size_t)size;
    return true;
}

bool literal_unsigned(struct literals *in, unsigned size, uint64_t *out, struct err *err)
{
    struct view bytes = {0};
    if (!literal_take(in, size, &bytes, err))
        return false;
    uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | (unsigned char)bytes.text[i];
    *out = value;
    return true;
}

bool literal_signed(struct literals *in, unsigned size, int64_t *out, struct err *err)
{
    uint64_t value;
    if (!literal_unsigned(in, size, &value, err))
        return false;
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    *out = (int64_t)((value ^ sign) - sign);
    return true;
}

bool literal_double(struct literals *in, double *out, struct err *err)
{
    uint64_t bits;
    if (!literal_unsigned(in, 8, &bits, err))
        return false;
    bits = __builtin_bswap64(bits);
    memcpy(out, &bits, sizeof *out);
    return true;
}

bool literal_line(struct literals *in, struct view *out, struct err *err)
{
    struct view rest = view_from(in->bytes, in->at);
    const char *end = rest.length == 0 ? NULL : memchr(rest.text, '\n', rest.length);
    if (end == NULL)
        return err_set(err, ERR_MODEL, "its line never ends: the file is cut short");
    *out = (struct view){rest.text, (size_t)(end - rest.text)};
    in->at += out->length + 1;
    if (out->length > 0 && out->text[out->length - 1] == '\r') /* written in text mode */
        out->length--;
    return true;
}

bool literal_counted(struct literals *in, unsigned size_size, struct view *out, struct err *err)
{
    uint64_t size;
    return literal_unsigned(in, size_size, &size, err) && literal_take(in, size, out, err);
}

void literal_long(struct view bytes, struct pickle *out)
{
    uint64_t value = 0;
    bool negative = bytes.length > 0 && (bytes.text[bytes.length - 1] & 0x80);
    for (size_t i = 8; i-- > 0;) {
        unsigned char byte = negative ? 0xff : 0;
        value = value << 8 | (i < bytes.length ? (unsigned char)bytes.text[i] : byte);
    }
    bool fits = (value >> 63 != 0) == negative;
    for (size_t i = 8; i < bytes.length; i++)
        fits = fits && (unsigned char)bytes.text[i] == (negative ? 0xff : 0);
    *out = (struct pickle){.kind = fits ? PICKLE_INT : PICKLE_BIG, .whole = (int64_t)value};
}

/* ---------------------------------------------------------------- lines */

bool literal_decimal(struct view line, bool bools, struct pickle *out, struct err *err)
{
    struct view digits = line;
    if (bools && (view_is(line, "00") || view_is(line, "01"))) {
        *out = (struct pickle){.kind = PICKLE_BOOL, .truth = line.text[1] == '1'};
        return true;
    }
    if (view_ends(digits, "L"))
        digits.length--;
    int64_t whole = 0;
    if (number_parse_i64(digits, &whole)) {
        *out = (struct pickle){.kind = PICKLE_INT, .whole = whole};
        return true;
    }
    bool decimal = digits.length > 1;
    for (size_t i = 0; i < digits.length; i++)
        decimal = decimal && ((digits.text[i] >= '0' && digits.text[i] <= '9') ||
                              (i == 0 && digits.text[i] == '-'));
    if (!decimal)
        return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is not a whole number", VIEW_ARG(line));
    *out = (struct pickle){.kind = PICKLE_BIG};
    return true;
}

bool literal_float(struct view line, double *out, struct err *err)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", (double)NAN}, {"inf", (double)INFINITY}, {"-inf", -(double)INFINITY}};
    for (size_t i = 0; i < LENGTH_OF(words); i++)
        if (view_is(line, words[i].word)) {
            *out = words[i].value;
            return true;
        }
    return number_parse(line, out) ||
           err_set(err, ERR_MODEL, "'" VIEW_FMT "' is not a number", VIEW_ARG(line));
}

/* The digits' value, or -1. */
static int64_t digits_of(struct view text, size_t at, size_t count, unsigned base)
{
    int64_t value = 0;
    if (count > text.length - at)
        return -1;
    for (size_t i = at; i < at + count; i++) {
        char c = text.text[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit >= base)
            return -1;
        value = value * base + digit;
    }
    return value;
}

/* What follows a backslash at `*at`; past it afterwards. False: no escape that Python writes. */
static bool unescape(struct view text, size_t *at, char *out)
{
    static const char letters[] = "nrtabfv\\'\"", means[] = "\n\r\t\a\b\f\v\\'\"";
    if (*at == text.length)
        return false;
    const char *letter = memchr(letters, text.text[*at], sizeof letters - 1);
    if (letter != NULL) {
        *out = means[letter - letters];
        *at += 1;
        return true;
    }
    bool hex = text.text[*at] == 'x';
    int64_t value = hex ? digits_of(text, *at + 1, 2, 16) : digits_of(text, *at, 3, 8);
    *out = (char)value;
    *at += 3;
    return value >= 0 && value <= 255;
}

bool literal_quoted(struct view line, struct arena *arena, struct view *out, struct err *err)
{
    char quote = line.length >= 2 ? line.text[0] : 0;
    if ((quote != '\'' && quote != '"') || line.text[line.length - 1] != quote)
        return err_set(err, ERR_MODEL, "its text is not in quotes");
    struct view inside = {line.text + 1, line.length - 2};
    char *bytes = arena_new(arena, char, inside.length + 1);
    if (bytes == NULL)
        return full(err);
    size_t length = 0;
    for (size_t i = 0; i < inside.length;) {
        char c = inside.text[i++];
        if (c == '\\' && !unescape(inside, &i, &c))
            return err_set(err, ERR_MODEL, "its text has an escape that Python does not write");
        bytes[length++] = c;
    }
    *out = (struct view){bytes, length};
    return true;
}

static size_t put_utf8(char *out, uint32_t c)
{
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(first[size] | c);
    return size;
}

bool literal_unicode(struct view line, struct arena *arena, struct view *out, struct err *err)
{
    char *bytes = arena_new(arena, char, 2 * line.length + 1); /* a byte becomes two at most */
    if (bytes == NULL)
        return full(err);
    size_t length = 0;
    for (size_t i = 0; i < line.length;) {
        uint32_t c = (unsigned char)line.text[i];
        char next = c == '\\' && i + 1 < line.length ? line.text[i + 1] : 0;
        size_t digits = next == 'u' ? 4 : next == 'U' ? 8 : 0;
        i += 1;
        if (digits > 0) {
            int64_t code = digits_of(line, i + 1, digits, 16);
            if (code < 0 || code > 0x10ffff)
                return err_set(err, ERR_MODEL, "its text has a broken \\%c escape", next);
            c = (uint32_t)code;
            i += 1 + digits;
        }
        length += put_utf8(bytes + length, c);
    }
    *out = (struct view){bytes, length};
    return true;
}

bool literal_latin1(struct view text, struct arena *arena, struct view *out, struct err *err)
{
    char *bytes = arena_new(arena, char, text.length + 1);
    if (bytes == NULL)
        return full(err);
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.text[i];
        if (c >= 0x80) { /* C2 or C3 and a continuation are what stands for 128 to 255 */
            bool pair = (c == 0xc2 || c == 0xc3) && i + 1 < text.length &&
                        ((unsigned char)text.text[i + 1] & 0xc0) == 0x80;
            if (!pair)
                return err_set(err, ERR_MODEL,
                               "a text that stands for bytes holds other characters");
            c = (unsigned char)(c << 6 | ((unsigned char)text.text[++i] & 0x3f));
        }
        bytes[length++] = (char)c;
    }
    *out = (struct view){bytes, length};
    return true;
}
