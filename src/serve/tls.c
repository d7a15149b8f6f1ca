#include "serve/tls.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/stat.h>

/* What tells one state of a file from another. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

enum { FILES = 3, NAME_MAX_BYTES = 256 };

struct tls {
    struct tls_options options;
    pthread_mutex_t lock; /* of what follows */
    SSL_CTX *context;
    struct stamp stamp[FILES]; /* of the files that made it */
    int64_t expires_ms;
};

/* ---------------------------------------------------------------- making a context */

/* The first of OpenSSL's errors; the queue is empty afterwards. */
static const char *reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == NULL ? "unknown reason" : text;
}

static int no_password(char *room UNUSED, int size UNUSED, int writing UNUSED, void *self UNUSED)
{
    return -1;
}

/* A client that also speaks HTTP/2 is told that this is HTTP/1.1. */
static int choose_protocol(SSL *session UNUSED, const unsigned char **out, unsigned char *size,
                           const unsigned char *in, unsigned in_size, void *self UNUSED)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, size, ours, sizeof ours - 1, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void set_manners(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* An idle connection keeps no buffers. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
}

static bool load_pair(SSL_CTX *context, const struct tls_options *options, struct err *err)
{
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1)
        return err_set(err, ERR_INPUT, "serve.tls_certificate '%s' holds no certificate in PEM: %s",
                       options->certificate, reason());
    if (SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1)
        return err_set(err, ERR_INPUT,
                       "serve.tls_key '%s' holds no private key, in PEM and without a password, "
                       "that belongs to '%s': %s",
                       options->key, options->certificate, reason());
    return SSL_CTX_check_private_key(context) == 1 ||
           err_set(err, ERR_INPUT, "serve.tls_key '%s' is not the key of '%s': %s", options->key,
                   options->certificate, reason());
}

static bool load_client_ca(SSL_CTX *context, const char *path, struct err *err)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (names == NULL || SSL_CTX_load_verify_locations(context, path, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return err_set(err, ERR_INPUT, "serve.tls_client_ca '%s' holds no certificate in PEM: %s",
                       path, reason());
    }
    SSL_CTX_set_client_CA_list(context, names); /* takes them */
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0) == 1;
}

static SSL_CTX *make_context(const struct tls_options *options, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert(context != NULL); /* out of memory */
    set_manners(context);
    bool ok = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
    assert(ok);
    if (load_pair(context, options, err) &&
        (options->client_ca == NULL || load_client_ca(context, options->client_ca, err)))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static int64_t expiry_of(const SSL_CTX *context)
{
    struct tm tm;
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
        return 0;
    struct civil civil = {.year = tm.tm_year + 1900,
                          .month = tm.tm_mon + 1,
                          .day = tm.tm_mday,
                          .hour = tm.tm_hour,
                          .minute = tm.tm_min,
                          .second = tm.tm_sec};
    return civil_to_ms(&civil);
}

/* ---------------------------------------------------------------- opening and refreshing */

static bool look(const char *path, struct stamp *out, struct err *err)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "'%s' cannot be read: %s",
                       path, strerror(errno));
    memset(out, 0, sizeof *out); /* compared as bytes */
    out->device = about.st_dev;
    out->inode = about.st_ino;
    out->size = about.st_size;
    out->changed = about.st_mtim;
    return true;
}

static bool look_at_all(const struct tls_options *options, struct stamp stamp[FILES],
                        struct err *err)
{
    memset(stamp, 0, FILES * sizeof *stamp);
    return look(options->certificate, &stamp[0], err) && look(options->key, &stamp[1], err) &&
           (options->client_ca == NULL || look(options->client_ca, &stamp[2], err));
}

bool tls_refresh(struct tls *tls, bool anew, bool *changed, struct err *err)
{
    /* Looked at before they are read: what changes meanwhile is seen the next time. */
    struct stamp stamp[FILES];
    *changed = false;
    if (!look_at_all(&tls->options, stamp, err))
        return false;
    pthread_mutex_lock(&tls->lock);
    bool same = memcmp(stamp, tls->stamp, sizeof stamp) == 0;
    pthread_mutex_unlock(&tls->lock);
    if (same && !anew)
        return true;
    SSL_CTX *context = make_context(&tls->options, err);
    if (context == NULL)
        return false;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = context;
    tls->expires_ms = expiry_of(context);
    memcpy(tls->stamp, stamp, sizeof stamp);
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* its sessions hold it as long as they need it */
    *changed = true;
    return true;
}

struct tls *tls_open(const struct tls_options *options, struct err *err)
{
    bool changed;
    struct tls *tls = calloc(1, sizeof *tls);
    assert(tls != NULL);
    tls->options = *options;
    pthread_mutex_init(&tls->lock, NULL);
    if (tls_refresh(tls, true, &changed, err))
        return tls;
    tls_close(tls);
    return NULL;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

int64_t tls_expires_ms(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    int64_t expires_ms = tls->expires_ms;
    pthread_mutex_unlock(&tls->lock);
    return expires_ms;
}

/* ---------------------------------------------------------------- sessions */

struct ssl_st *tls_accept(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    SSL *session = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    ERR_clear_error();
    return session;
}

void tls_end(struct ssl_st *session)
{
    if (!SSL_in_init(session))
        SSL_shutdown(session);
    ERR_clear_error(); /* a peer that is gone is no error of the next operation */
}

/* A name that could be taken for another, by a line break or a NUL in it, is none. */
static void add_name(const unsigned char *bytes, int size, struct text *out)
{
    if (size <= 0 || size > NAME_MAX_BYTES)
        return;
    for (int i = 0; i < size; i++)
        if (bytes[i] <= ' ' || bytes[i] >= 127)
            return;
    char room[NAME_MAX_BYTES];
    memcpy(room, bytes, (size_t)size);
    text_add(out, (struct view){room, (size_t)size});
    text_addc(out, '\n');
}

static void add_common_name(const X509 *certificate, struct text *out)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0)
        return;
    unsigned char *bytes = NULL;
    int size =
        ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    add_name(bytes, size, out);
    OPENSSL_free(bytes);
}

static void add_alternative_names(const X509 *certificate, struct text *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS && name->type != GEN_URI && name->type != GEN_EMAIL)
            continue;
        const ASN1_STRING *text = name->d.ia5;
        add_name(ASN1_STRING_get0_data(text), ASN1_STRING_length(text), out);
    }
    GENERAL_NAMES_free(names);
}

void tls_names(struct ssl_st *session, struct text *out)
{
    X509 *certificate = SSL_get1_peer_certificate(session);
    if (certificate != NULL && SSL_get_verify_result(session) == X509_V_OK) {
        add_common_name(certificate, out);
        add_alternative_names(certificate, out);
    }
    X509_free(certificate);
    ERR_clear_error();
}
