/*
 * letter: a notice in words, for people's mail, and in JSON, for programs.
 */
#ifndef CLOUD_LETTER_H
#define CLOUD_LETTER_H

#include "base/json.h"
#include "store/notice.h"

/* Lines of plain text, the title first. */
void letter_text(struct text *out, const struct notice *notice, const char *source);

/* Its members, into an object that is open; times as ISO 8601. */
void letter_json(struct json *json, const struct notice *notice, const char *source);

#endif
