/*
 * http_client: one request, one answer, over a connection that is kept for the next; and mail.
 *
 * The URL goes out byte for byte as it was given, so that a signature over it
 * holds: encode it first. Certificates are verified, redirects are not followed
 * (they would leave the host that was meant), nothing is retried. An answer of
 * any status is an answer; an error is when there was none. libcurl does the work.
 *
 * Where the target was named by somebody else, `public_only` refuses every address that is
 * not of the Internet at large (store/public_address.h) when the connection is made, and no proxy
 * is used: a proxy would resolve the name anew.
 *
 *     CLEANUP(http_client_close) struct http_client client = {0};
 *     struct http_ask ask = {.method = "GET", .url = url, .answer_max = 1 << 20};
 *     struct http_got got;
 *     if (!http_client_open(&client, err) || !http_send(&client, &ask, arena, &got, err))
 *         return false;
 */
#ifndef STORE_HTTP_CLIENT_H
#define STORE_HTTP_CLIENT_H

#include "base/err.h"
#include "base/view.h"

struct http_header {
    const char *name; /* lower-case */
    struct view value;
};

struct http_ask {
    const char *method; /* GET, HEAD, PUT, POST, DELETE */
    const char *url;
    const struct http_header *header;
    size_t headers;
    struct view body;      /* PUT and POST */
    size_t answer_max;     /* more: ERR_LIMIT */
    const char *authority; /* a file of certificates beside the system's; NULL: none */
    bool public_only;
    bool discreet;      /* the URL holds a secret: errors repeat nothing of it */
    int64_t timeout_ms; /* of the whole exchange; 0: as long as bytes keep coming */
};

struct http_got {
    int status;
    struct view body;       /* in the arena */
    int64_t size;           /* as Content-Length says, also for HEAD; -1: it does not */
    int64_t modified_ms;    /* Last-Modified; 0: it does not say */
    int64_t retry_after_ms; /* Retry-After, in seconds or a date; 0: it does not say */
};

struct http_client {
    void *handle;
};

bool http_client_open(struct http_client *client, struct err *err);
void http_client_close(struct http_client *client);

/* ERR_IO: no answer came. `out` is whole, or untouched. */
bool http_send(struct http_client *client, const struct http_ask *ask, struct arena *arena,
               struct http_got *out, struct err *err);

/* One message to one server. All of the recipients get it, or none. */
struct mail_ask {
    const char *url;             /* smtp://HOST:PORT, or smtps:// for TLS from the first byte */
    bool starttls;               /* and nothing is said before TLS is there; of smtp:// */
    const char *user, *password; /* NULL: none */
    const char *from;
    const char *const *to;
    size_t recipients;
    struct view message; /* RFC 5322, lines end with CR LF; dots are taken care of */
    const char *authority;
    bool public_only;
    int64_t timeout_ms;
};
/* ERR_IO: it was not taken; `status` is the server's last word, 0 when it said none. */
bool mail_send(struct http_client *client, const struct mail_ask *ask, int *status,
               struct err *err);

#endif
