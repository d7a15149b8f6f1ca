/*
 * tls_parts: what the two files of the door to libssl share. Inside of http/tls.h only.
 *
 * tls.c has contexts, sessions and the names in certificates. tls_revocation.c has the lists of the
 * certificates that their issuers took back, and why a client's is refused.
 */
#ifndef HTTP_TLS_PARTS_H
#define HTTP_TLS_PARTS_H

#include "http/tls.h"

#include <openssl/x509.h>

/* The first of OpenSSL's errors; the queue is empty afterwards. */
const char *tls_reason(void);

/* A key or a list that wants one is refused. */
int tls_no_password(char *room, int size, int writing, void *self);

int64_t tls_time_ms(const ASN1_TIME *time); /* since 1970; 0: it says none */

/* What is known of the lists in a file. */
struct revocation {
    STACK_OF(X509_CRL) * list;
    int64_t expire_ms;         /* of the first issuer whose last list does */
    const X509_NAME *expiring; /* that issuer; one of theirs */
};

bool revocation_load(struct revocation *lists, const char *path, struct err *err);
void revocation_release(struct revocation *lists);

/* From here on no client's certificate is taken that is not looked up in a list. */
void revocation_ask(const struct revocation *lists, X509_STORE *store);

/* Why the certificate that the chain stands at is not taken. */
enum tls_refusal revocation_refusal(const X509_STORE_CTX *chain);

#endif
