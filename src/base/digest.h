/*
 * digest: SHA-256, the name of everything that must not change. OpenSSL does the work.
 *
 *     struct digest digest = digest_of(bytes);
 *     char hex[DIGEST_HEX_SIZE];
 *     digest_print(&digest, hex);
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/err.h"
#include "base/view.h"

struct digest {
    unsigned char bytes[32];
};

enum { DIGEST_HEX_SIZE = 65 };

struct digest digest_of(struct view bytes);
struct digest digest_hmac(struct view key, struct view bytes); /* HMAC-SHA-256, RFC 2104 */
bool digest_same(const struct digest *a, const struct digest *b);
const char *digest_print(const struct digest *digest, char hex[DIGEST_HEX_SIZE]); /* returns hex */
bool digest_parse(struct view hex, struct digest *out); /* 64 lower-case hex digits, no less */

/* For what comes in pieces. Every part is length-prefixed by digest_add, so ("ab","c") and
 * ("a","bc") differ; digest_add_raw feeds bytes as they are. */
struct digester {
    void *state;
};
void digester_open(struct digester *digester);
void digester_close(struct digester *digester);
void digest_add(struct digester *digester, struct view part);
void digest_add_raw(struct digester *digester, struct view part);
struct digest digest_end(struct digester *digester); /* closes it too */

/* A whole file, read in pieces. */
bool digest_of_file(const char *path, struct digest *out, struct err *err);

#endif
