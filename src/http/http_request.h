/*
 * http_request: one whole request, as a handler sees it.
 *
 * Every view lies in bytes of the connection and is good until the handler
 * returns. The path is compared byte for byte: nothing is decoded, no dots are
 * walked. Header fields other than the few below are looked up by name:
 *
 *     struct view id = http_request_field(request, "x-request-id");
 */
#ifndef HTTP_HTTP_REQUEST_H
#define HTTP_HTTP_REQUEST_H

#include "base/view.h"

struct http_request {
    struct view method;
    struct view path;  /* "/invocations"; "*" for OPTIONS of the whole server */
    struct view query; /* after the "?", "" when there is none */
    struct view content_type;
    struct view accept;
    struct view body;
    struct view fields; /* "Name: value\r\n" lines, checked */
    uint64_t
        lengths; /* of the fields' names, a bit each, the last for all longer ones; 0: unknown */
    bool version_1_0;
    bool keep_alive;

    /* Given by the server. */
    struct arena *arena; /* reset before each request; the response's body grows in it too */
    unsigned worker;     /* which thread this is, from 0 */
    uint64_t number;     /* no other request of this process has it */
    int64_t started_ns;  /* clock_ticks_ns when the request was whole */
    struct view names;   /* in the client's verified certificate, a line each; "" without one */
};

/* The bit of a name's length. */
static inline uint64_t http_length_bit(size_t length)
{
    return UINT64_C(1) << (length < 63 ? length : 63);
}

/* The first field of that name (letters compare without case), trimmed; {0} when there is none. */
struct view http_request_find(const struct http_request *request, struct view name);

/* The same. Most names that are asked for did not come, which their lengths mostly tell. */
static inline struct view http_request_field(const struct http_request *request, const char *name)
{
    size_t length = strlen(name);
    if (request->lengths != 0 && (request->lengths & http_length_bit(length)) == 0)
        return (struct view){0};
    return http_request_find(request, (struct view){name, length});
}

/* The value of "name=value" in the query, as written; {0} when there is none. */
struct view http_request_query(const struct http_request *request, const char *name);

/* Whether a Content-Type is `type` ("text/csv"), whatever its parameters. */
bool http_media_is(struct view content_type, const char *type);

/* Whether a Content-Type's charset is UTF-8, as it is when it is not said. */
bool http_media_is_utf8(struct view content_type);

/* Which of `types` an Accept field names first; `otherwise` when it names none of them, or any
 * before one. */
size_t http_accepts(struct view accept, const char *const *types, size_t count, size_t otherwise);

/* One line of a head: "Name: value" up to its CRLF. False at the end; a line without a colon gives
 * an empty name. */
bool http_field_next(struct view *rest, struct view *name, struct view *value);

#endif
