/*
 * text: the one way text is built.
 *
 * A builder writes into bytes of a fixed size, or grows inside an arena up to
 * the arena's ceiling. What does not fit is dropped and remembered in `cut`:
 * the caller asks once, at the end.
 *
 *     char bytes[256];
 *     struct text text = text_in(bytes, sizeof bytes);
 *     text_addf(&text, "%zu rows", count);
 *     if (text.cut) ...
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/view.h"

struct text {
    char *bytes; /* never NUL-terminated unless text_c says so */
    size_t length;
    size_t size;
    struct arena *arena; /* NULL: a fixed buffer */
    bool cut;
};

struct text text_in(char *bytes, size_t size);
struct text text_in_arena(struct arena *arena);

void text_add(struct text *text, struct view view);
void text_addc(struct text *text, char c);
void text_adds(struct text *text, const char *string);
void text_addf(struct text *text, const char *fmt, ...) PRINTF(2, 3);

/* Makes room for `size` more bytes and returns where they go, or NULL (and cut). */
char *text_reserve(struct text *text, size_t size);

struct view text_view(const struct text *text);
const char *text_c(struct text *text); /* NUL-terminated; "" when not even that fits */

#endif
