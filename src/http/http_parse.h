/*
 * http_parse: bytes become requests, strictly. The door to llhttp.
 *
 * The parser is fed what has arrived and not been taken yet, from the same
 * first byte again until it takes it, and knows no sockets:
 *
 *     size_t taken = http_parse_feed(&parse, unread);
 *     ... drop `taken` bytes ...
 *     switch (parse.state) {
 *     case HTTP_PARSE_EMPTY:      nothing of a request has come
 *     case HTTP_PARSE_HEAD:       the head is not whole: feed it again, with more
 *     case HTTP_PARSE_BODY:       the head is good, the body is coming
 *     case HTTP_PARSE_WHOLE:      use parse.request, then http_parse_next
 *     case HTTP_PARSE_REFUSED:    answer parse.status and parse.why, and close
 *     }
 *
 * A head is taken only when it is whole (16 KiB at most, its bytes side by
 * side); before llhttp sees it, no NUL, no bare CR or LF and no folded line may
 * be in it, because the versions of llhttp in use have let each of them through.
 * Everything two servers have been known to read differently is refused: two
 * lengths, a length beside chunks, codings other than exactly "chunked", chunk
 * extensions, trailers, a second Host.
 *
 * The parser keeps its own copy of the head and the body; the copies grow with
 * what has come, never with what was announced, and large bodies draw on a
 * budget that all connections share.
 */
#ifndef HTTP_HTTP_PARSE_H
#define HTTP_HTTP_PARSE_H

#include "http/http_request.h"

#include <stdatomic.h>

enum {
    HTTP_HEAD_MAX = 16 * 1024,
    HTTP_TARGET_MAX = 8 * 1024,
    HTTP_FIELDS_MAX = 100,
};

struct http_budget {
    atomic_size_t used;
    size_t max;
};

enum http_parse_state {
    HTTP_PARSE_EMPTY,
    HTTP_PARSE_HEAD,
    HTTP_PARSE_BODY,
    HTTP_PARSE_WHOLE,
    HTTP_PARSE_REFUSED,
};

/* Bytes that grow by doubling and are kept for the next request. */
struct http_store {
    char *bytes;
    size_t length;
    size_t size;
};

struct http_parse {
    enum http_parse_state state;
    struct http_request request; /* whole in HTTP_PARSE_WHOLE; method and path from BODY on */
    int status;                  /* HTTP_PARSE_REFUSED: what to answer */
    const char *why;
    bool wants_continue; /* the client waits for "100 Continue" before it sends the body */

    size_t body_bytes_max;
    struct http_budget *budget;
    struct http_store head, body;
    size_t charged;   /* bytes of `body` that the budget carries */
    size_t scanned;   /* bytes of the head already found good */
    size_t body_seen; /* bytes taken for the body, framing included */
    size_t hosts;
    bool chunked;
    _Alignas(16) unsigned char engine[256]; /* llhttp's own state */
};

/* `budget` may be NULL: then only body_bytes_max holds. */
void http_parse_init(struct http_parse *parse, size_t body_bytes_max, struct http_budget *budget);
void http_parse_release(struct http_parse *parse);

/* Returns how many of `bytes` it took. */
size_t http_parse_feed(struct http_parse *parse, struct view bytes);

void http_parse_next(struct http_parse *parse); /* after WHOLE: ready for another request */
void http_parse_trim(struct http_parse *parse); /* in EMPTY: gives the kept memory back */

#endif
