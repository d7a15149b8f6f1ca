/* base64: bytes as text (RFC 4648, section 4), for columns and files that hold only text. */
#ifndef STORE_BASE64_H
#define STORE_BASE64_H

#include "base/err.h"
#include "base/text.h"

void base64_add(struct text *out, struct view bytes);

/* False when it is not base64, whole and padded, or memory ends. */
bool base64_read(struct view text, struct arena *arena, struct view *out);

#endif
