#include "model/spell.h"

#include <float.h>
#include <math.h>

struct spell spell_to(struct text *text, enum spelling spelling)
{
    return (struct spell){.spelling = spelling, .json = json_to(text), .text = text};
}

/* --------------------------------------------------------------------- UBJ */

static void put_big_endian(struct text *text, uint64_t bits, int width)
{
    char bytes[8];
    for (int i = 0; i < width; i++)
        bytes[i] = (char)(bits >> 8 * (width - 1 - i) & 0xff);
    text_add(text, (struct view){bytes, (size_t)width});
}

static void put_size(struct text *text, size_t size)
{
    text_addc(text, 'L');
    put_big_endian(text, size, 8);
}

static void put_text(struct text *text, struct view value)
{
    put_size(text, value.length);
    text_add(text, value);
}

static void put_number(struct text *text, char type, double value)
{
    if (type == 'd') {
        float narrow = (float)value;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof bits);
        put_big_endian(text, bits, 4);
    } else {
        int width = type == 'L' ? 8 : type == 'l' ? 4 : 1;
        put_big_endian(text, (uint64_t)(int64_t)value, width);
    }
}

/* ------------------------------------------------------------------- floats */

/* "-1.250000e+01" becomes "-1.25E1". */
static size_t tidy(const char *text, char out[SPELL_FLOAT_SIZE])
{
    const char *mark = strchr(text, 'e');
    const char *end = mark;
    if (memchr(text, '.', (size_t)(mark - text)) != NULL)
        while (end[-1] == '0' || end[-1] == '.')
            if (*--end == '.')
                break;
    size_t length = (size_t)(end - text);
    memcpy(out, text, length);
    return length + (size_t)snprintf(out + length, SPELL_FLOAT_SIZE - length, "E%ld",
                                     strtol(mark + 1, NULL, 10));
}

size_t spell_float(float value, char out[SPELL_FLOAT_SIZE])
{
    assert(!isnan(value));
    if (isinf(value)) /* no JSON, but what XGBoost writes and reads */
        return (size_t)snprintf(out, SPELL_FLOAT_SIZE, value < 0 ? "-Infinity" : "Infinity");
    /* Six digits survive a normal float, so six hold every shorter text; subnormal ones have
     * fewer digits to give. Nine always read back. */
    char text[SPELL_FLOAT_SIZE];
    int digits = fabsf(value) < FLT_MIN ? 1 : FLT_DIG;
    for (;; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, (double)value);
        if (digits == FLT_DECIMAL_DIG || strtof(text, NULL) == value)
            return tidy(text, out);
    }
}

/* -------------------------------------------------------------------- both */

void spell_open(struct spell *spell)
{
    if (spell->spelling == SPELL_JSON)
        json_open(&spell->json, '{');
    else
        text_addc(spell->text, '{');
}

void spell_close(struct spell *spell)
{
    if (spell->spelling == SPELL_JSON)
        json_close(&spell->json);
    else
        text_addc(spell->text, '}');
}

void spell_key(struct spell *spell, const char *key)
{
    if (spell->spelling == SPELL_JSON)
        json_key(&spell->json, key);
    else
        put_text(spell->text, view_of(key));
}

void spell_text(struct spell *spell, struct view value)
{
    if (spell->spelling == SPELL_JSON) {
        json_text(&spell->json, value);
    } else {
        text_addc(spell->text, 'S');
        put_text(spell->text, value);
    }
}

void spell_whole(struct spell *spell, int64_t value)
{
    assert(value >= INT32_MIN && value <= INT32_MAX);
    if (spell->spelling == SPELL_JSON) {
        json_i64(&spell->json, value);
    } else {
        text_addc(spell->text, 'l');
        put_number(spell->text, 'l', (double)value);
    }
}

void spell_list(struct spell *spell, char type, size_t count)
{
    assert(spell->type == 0); /* lists of numbers have no lists inside */
    spell->type = type;
    if (spell->spelling == SPELL_JSON) {
        json_open(&spell->json, '[');
        return;
    }
    text_addc(spell->text, '[');
    if (type != 0) {
        text_addc(spell->text, '$');
        text_addc(spell->text, type);
    }
    text_addc(spell->text, '#');
    put_size(spell->text, count);
}

void spell_number(struct spell *spell, double value)
{
    assert(spell->type != 0);
    if (spell->spelling == SPELL_UBJ) {
        put_number(spell->text, spell->type, value);
    } else if (spell->type == 'd') {
        char digits[SPELL_FLOAT_SIZE];
        json_raw(&spell->json, (struct view){digits, spell_float((float)value, digits)});
    } else {
        json_i64(&spell->json, (int64_t)value);
    }
}

void spell_list_end(struct spell *spell)
{
    spell->type = 0;
    if (spell->spelling == SPELL_JSON)
        json_close(&spell->json);
}
