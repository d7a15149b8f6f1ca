/*
 * signature: Ed25519 (RFC 8032), who vouches for some bytes. OpenSSL does the work.
 *
 * A private key is a PEM file (PKCS #8) that only its owner may read; a public key is a PEM file
 * (SubjectPublicKeyInfo) for everybody, and 64 hex digits where it is named. Both are as
 * `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write them.
 *
 *     CLEANUP(signing_key_close) struct signing_key key = {0};
 *     struct signature signature;
 *     if (!signing_key_load(&key, "release.pem", err) || !sign(&key, bytes, &signature, err)) ...
 *     if (!signature_holds(&key.public, bytes, &signature)) ...
 */
#ifndef BASE_SIGNATURE_H
#define BASE_SIGNATURE_H

#include "base/err.h"
#include "base/text.h"

struct public_key {
    unsigned char bytes[32];
};

struct signature {
    unsigned char bytes[64];
};

struct signing_key {
    void *handle; /* NULL: none */
    struct public_key public;
};

enum { PUBLIC_KEY_HEX_SIZE = 65, SIGNATURE_HEX_SIZE = 129 };

bool signing_key_make(struct signing_key *out, struct err *err);
/* ERR_INPUT: no Ed25519 key, or others may read the file. */
bool signing_key_load(struct signing_key *out, const char *path, struct err *err);
/* The two PEM texts. The private one is to be kept by its owner alone. */
bool signing_key_write(const struct signing_key *key, struct text *private_pem,
                       struct text *public_pem, struct err *err);
void signing_key_close(struct signing_key *key);

bool public_key_load(struct public_key *out, const char *path, struct err *err);

bool sign(const struct signing_key *key, struct view bytes, struct signature *out, struct err *err);
bool signature_holds(const struct public_key *key, struct view bytes,
                     const struct signature *signature);

/* Lower-case hex; parsing takes just that. */
const char *public_key_print(const struct public_key *key, char hex[PUBLIC_KEY_HEX_SIZE]);
bool public_key_parse(struct view hex, struct public_key *out);
bool public_key_same(const struct public_key *a, const struct public_key *b);
const char *signature_print(const struct signature *signature, char hex[SIGNATURE_HEX_SIZE]);
bool signature_parse(struct view hex, struct signature *out);

#endif
