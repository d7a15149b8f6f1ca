/*
 * tls: certificates, and the sessions of encrypted connections. The door to libssl.
 *
 * TLS 1.2 and 1.3 with forward secrecy, no renegotiation, no compression. With
 * a client CA every client must show a certificate that it has signed, and no
 * session is resumed: each connection is verified anew. With revocation lists
 * the client's certificate must be looked up in one of its issuer's that is
 * valid now: without such a list nobody comes in. What is above it in the chain
 * is looked up where there is a list.
 *
 * Certificates and lists may be replaced while the server runs: tls_refresh looks
 * whether the files changed. Connections that are open keep what they have; what
 * cannot be loaded leaves what was in force.
 *
 *     struct tls *tls = tls_open(&options, err);
 *     struct ssl_st *session = tls_accept(tls);      any thread; net.c's alone
 *     tls_refresh(tls, false, &changed, err);        any thread
 *     tls_close(tls);                                sessions past their handshake live on
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/err.h"
#include "base/text.h"

struct tls_options {         /* PEM files; they outlive the tls */
    const char *certificate; /* with its chain, the server's own first */
    const char *key;
    const char *client_ca;  /* NULL: clients show no certificate */
    const char *client_crl; /* revocation lists; NULL: none are asked for */
};

/* Why a client's certificate was not taken. */
enum tls_refusal {
    TLS_REVOKED,
    TLS_NO_LIST,      /* its issuer has none in the file */
    TLS_LIST_EXPIRED, /* or is not valid yet */
    TLS_EXPIRED,      /* the certificate; or not valid yet */
    TLS_OTHER,        /* not the CA's, not for clients, a broken signature */
    TLS_REFUSALS
};
extern const char *const tls_refusal_names[TLS_REFUSALS]; /* "revoked", ... */

struct tls_state {
    int64_t expires_ms;      /* the certificate in force; since 1970 */
    int64_t lists_expire_ms; /* the first issuer's whose last list does; 0: no lists */
    uint64_t refused[TLS_REFUSALS];
};

struct tls;
struct ssl_st;

struct tls *tls_open(const struct tls_options *options, struct err *err);
void tls_close(struct tls *tls); /* NULL is fine */

/* Loads the files if they changed, or `anew`. ERR_INPUT: they do not fit together. */
bool tls_refresh(struct tls *tls, bool anew, bool *changed, struct err *err);

/* Whether clients are refused for want of a list: false names it, and the remedy. */
bool tls_check_lists(struct tls *tls, int64_t now_ms, struct err *err);

struct tls_state tls_state_of(struct tls *tls);

/* A session that waits for its handshake; NULL when the system has no memory. */
struct ssl_st *tls_accept(struct tls *tls);
/* Tells the peer that nothing more comes. */
void tls_end(struct ssl_st *session);
/* The names in the peer's verified certificate, a line each: its common name, then its alternative
 * names (DNS, URI, mail). Nothing when it showed none. */
void tls_names(struct ssl_st *session, struct text *out);

#endif
