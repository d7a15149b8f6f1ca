/*
 * http_response: what a handler answers, and how its head is written.
 *
 *     response->status = 200;                       it starts as this
 *     response->content_type = VIEW("text/plain");  it starts as application/json
 *     text_adds(&response->body, "hello\n");
 *     http_response_field(response, "Retry-After", VIEW("1"));
 *
 * The body grows in the request's arena. One that does not fit its ceiling is
 * answered by the server as 500, never half of it.
 */
#ifndef HTTP_HTTP_RESPONSE_H
#define HTTP_HTTP_RESPONSE_H

#include "base/err.h"
#include "base/text.h"

enum { HTTP_RESPONSE_FIELDS_MAX = 16, HTTP_NOTE_SIZE = 192 };

struct http_field {
    const char *name;
    struct view value;
};

struct http_response;

/* What an answer waits for: that its decision is kept, or that another thread has made it. All are
 * called on the worker's thread; the first at once, and again after each http_wake. */
struct http_wait {
    bool (*waits)(const struct http_wait *wait); /* still? NULL: the answer goes at once */
    /* Makes the answer when the wait is over. NULL: it was there before. */
    void (*answer)(const struct http_wait *wait, struct http_response *response);
    /* The answer is on its way, or its client is gone: nobody asks again. May be NULL. */
    void (*end)(const struct http_wait *wait, bool answered);
    void *self;
    uint64_t ticket;
    unsigned worker;
};

struct http_response {
    int status;
    struct view content_type;
    struct text body;
    struct http_field field[HTTP_RESPONSE_FIELDS_MAX];
    size_t field_count;
    struct http_wait wait;
    unsigned char note[HTTP_NOTE_SIZE]; /* the handler's, who gets it back in `answered` */
};

struct http_response http_response_in(struct arena *arena);

/* `value` must stay until the answer is written, after the handler has returned: it lies in the
 * request, in its arena, or for ever. */
void http_response_field(struct http_response *response, const char *name, struct view value);

bool http_response_has(const struct http_response *response, const char *name);

/* Forgets the body and answers {"error": text}. */
void http_response_error(struct http_response *response, int status, struct view text);
void http_response_fail(struct http_response *response, const struct err *err); /* by its kind */

/* What the connection adds to an answer. */
struct http_manner {
    struct view date; /* as the Date field writes it */
    bool close;       /* this is the last answer on the connection */
    bool version_1_0; /* then staying open has to be said */
};

/* The status line and the fields. A control character in a value is written as a space, so no
 * value can begin a line of its own. */
void http_response_head(const struct http_response *response, const struct http_manner *manner,
                        struct text *text);

bool http_status_has_body(int status);
const char *http_status_reason(int status); /* "Unknown" for one that is not in the table */

enum http_status_slot {
#define STATUS(code, reason) HTTP_STATUS_SLOT_##code,
#include "http/statuses.def"
#undef STATUS
    HTTP_STATUS_SLOTS
};
/* Where a status stands in statuses.def; HTTP_STATUS_SLOTS when it does not. */
size_t http_status_slot(int status);
int http_status_at(size_t slot);

#endif
