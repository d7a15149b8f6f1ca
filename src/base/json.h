/*
 * json: JSON written, into any text builder, without allocating.
 *
 * The writer puts commas and quotes where they belong and escapes text; bytes
 * that are not UTF-8 become U+FFFD, so the output is always valid JSON. The
 * order is the caller's, so the same calls give the same bytes.
 *
 *     struct json json = json_to(&text);
 *     json_open(&json, '{');
 *     json_key(&json, "auc"), json_number(&json, auc);
 *     json_close(&json);
 *
 * Reading is base/doc.h (documents) and base/scan.h (the scoring path).
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/text.h"

enum { JSON_WRITE_DEPTH_MAX = 32 };

struct json {
    struct text *text;
    int depth;
    bool pretty; /* a line per member, two spaces a level */
    bool after_key;
    char open[JSON_WRITE_DEPTH_MAX];
    bool filled[JSON_WRITE_DEPTH_MAX]; /* has a member already */
};

struct json json_to(struct text *text);
struct json json_pretty_to(struct text *text);

void json_open(struct json *json, char bracket); /* '{' or '[' */
void json_close(struct json *json);
void json_key_view(struct json *json, struct view key);
void json_key_plain(struct json *json, struct view key); /* no byte needs an escape (view_plain) */

/* Keys that stand in the code are plain. */
INLINE void json_key(struct json *json, const char *key)
{
    if (__builtin_constant_p(*key))
        json_key_plain(json, view_of(key));
    else
        json_key_view(json, view_of(key));
}

void json_text(struct json *json, struct view value);
void json_string(struct json *json, const char *value); /* NULL writes null */
void json_number(struct json *json, double value);      /* NaN and infinities write null */
void json_count(struct json *json, uint64_t value);
void json_i64(struct json *json, int64_t value);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
void json_raw(struct json *json, struct view value); /* JSON already */

#endif
