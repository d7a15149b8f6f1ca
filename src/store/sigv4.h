/*
 * sigv4: requests signed the way Amazon's services and their kin want it.
 *
 * AWS Signature Version 4, header form, for S3: the path is signed as it is sent,
 * encoded once. What is signed is exactly what goes out: the caller encodes path and
 * query with sigv4_encode, signs, and sends the headers that come back.
 *
 *     struct sigv4_signed done;
 *     if (!sigv4_sign(&keys, &scope, &request, arena, &done, err))
 *         return false;
 *     ask.header = done.header, ask.headers = done.headers;
 */
#ifndef STORE_SIGV4_H
#define STORE_SIGV4_H

#include "base/digest.h"
#include "base/text.h"
#include "store/http_client.h"

enum { SIGV4_HEADERS_MAX = 16, SIGV4_PARAMETERS_MAX = 32 };

struct sigv4_keys {
    struct view access, secret;
    struct view token; /* of temporary keys; empty: they are not */
};

struct sigv4_scope {
    struct view region, service; /* "eu-central-1", "s3" */
    int64_t time_ms;
};

struct sigv4_request {
    const char *method;
    struct view path;                 /* "/bucket/a%20key", as it is sent */
    struct view query;                /* "list-type=2&prefix=a%2Bb", as it is sent, in any order */
    const struct http_header *header; /* all are signed; `host` is among them */
    size_t headers;
    struct digest payload; /* of the body; of nothing when there is none */
};

struct sigv4_signed {
    /* Those of the request, x-amz-date, x-amz-content-sha256, x-amz-security-token, authorization.
     */
    struct http_header header[SIGV4_HEADERS_MAX];
    size_t headers;
    struct view canonical, to_sign; /* what was hashed and what was signed, to compare */
};

bool sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
                const struct sigv4_request *request, struct arena *arena, struct sigv4_signed *out,
                struct err *err);

/* RFC 3986: letters, digits and -._~ stay; '/' stays in a path. */
void sigv4_encode(struct text *out, struct view text, bool is_path);

#endif
