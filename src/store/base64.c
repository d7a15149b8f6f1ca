#include "store/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct text *out, struct view bytes)
{
    const unsigned char *byte = (const unsigned char *)bytes.text;
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        char at[4];
        uint32_t word = (uint32_t)byte[i] << 16 | (uint32_t)(left > 1 ? byte[i + 1] : 0) << 8 |
                        (uint32_t)(left > 2 ? byte[i + 2] : 0);
        at[0] = alphabet[word >> 18];
        at[1] = alphabet[word >> 12 & 63];
        at[2] = left > 1 ? alphabet[word >> 6 & 63] : '=';
        at[3] = left > 2 ? alphabet[word & 63] : '=';
        text_add(out, (struct view){at, sizeof at});
    }
}

static int value_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

bool base64_read(struct view text, struct arena *arena, struct view *out)
{
    if (text.length % 4 != 0)
        return false;
    unsigned char *bytes = arena_new(arena, unsigned char, text.length / 4 * 3 + 1);
    size_t pads = 0, have = 0;
    if (bytes == NULL)
        return false;
    while (pads < 2 && pads < text.length && text.text[text.length - 1 - pads] == '=')
        pads++;
    for (size_t i = 0; i < text.length; i += 4) {
        uint32_t word = 0;
        for (size_t k = 0; k < 4; k++) {
            bool pad = i + k >= text.length - pads;
            int value = pad ? 0 : value_of(text.text[i + k]);
            if (value < 0)
                return false;
            word = word << 6 | (uint32_t)value;
        }
        bytes[have++] = (unsigned char)(word >> 16);
        bytes[have++] = (unsigned char)(word >> 8);
        bytes[have++] = (unsigned char)word;
    }
    *out = (struct view){(const char *)bytes, have - pads};
    return true;
}
