/*
 * tls: certificates, and the sessions of encrypted connections. The door to libssl.
 *
 * TLS 1.2 and 1.3 with forward secrecy, no renegotiation, no compression. With
 * a client CA every client must show a certificate that it has signed, and no
 * session is resumed: each connection is verified anew.
 *
 * Certificates may be replaced while the server runs: tls_refresh looks whether
 * the files changed. Connections that are open keep what they have; what cannot
 * be loaded leaves what was in force.
 *
 *     struct tls *tls = tls_open(&options, err);
 *     struct ssl_st *session = tls_accept(tls);      any thread; net.c's alone
 *     tls_refresh(tls, false, &changed, err);        any thread
 *     tls_close(tls);                                sessions that are open live on
 */
#ifndef SERVE_TLS_H
#define SERVE_TLS_H

#include "base/err.h"
#include "base/text.h"

struct tls_options {         /* PEM files; they outlive the tls */
    const char *certificate; /* with its chain, the server's own first */
    const char *key;
    const char *client_ca; /* NULL: clients show no certificate */
};

struct tls;
struct ssl_st;

struct tls *tls_open(const struct tls_options *options, struct err *err);
void tls_close(struct tls *tls); /* NULL is fine */

/* Loads the files if they changed, or `anew`. ERR_INPUT: they do not fit together. */
bool tls_refresh(struct tls *tls, bool anew, bool *changed, struct err *err);

/* When the certificate in force expires, in milliseconds since 1970. */
int64_t tls_expires_ms(struct tls *tls);

/* A session that waits for its handshake; NULL when the system has no memory. */
struct ssl_st *tls_accept(struct tls *tls);
/* Tells the peer that nothing more comes. */
void tls_end(struct ssl_st *session);
/* The names in the peer's verified certificate, a line each: its common name, then its alternative
 * names (DNS, URI, mail). Nothing when it showed none. */
void tls_names(struct ssl_st *session, struct text *out);

#endif
