#include "http/tls_parts.h"

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

enum { FILES = 4, NAME_MAX_BYTES = 256 };

const char *const tls_refusal_names[TLS_REFUSALS] = {"revoked", "no_list", "list_expired",
                                                     "expired", "other"};

struct tls {
    struct tls_options options;
    pthread_mutex_t lock; /* of what follows */
    SSL_CTX *context;
    struct stamp stamp[FILES]; /* of the files that made it */
    struct tls_state state;
    char expiring[NAME_MAX_BYTES]; /* whose list expires first */
    char unlisted[NAME_MAX_BYTES]; /* who signed a client and has no list; "" until it happens */
};

/* ---------------------------------------------------------------- OpenSSL's words and manners */

const char *tls_reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == NULL ? "unknown reason" : text;
}

int tls_no_password(char *room UNUSED, int size UNUSED, int writing UNUSED, void *self UNUSED)
{
    return -1;
}

int64_t tls_time_ms(const ASN1_TIME *time)
{
    struct tm tm;
    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
        return 0;
    struct civil civil = {.year = tm.tm_year + 1900,
                          .month = tm.tm_mon + 1,
                          .day = tm.tm_mday,
                          .hour = tm.tm_hour,
                          .minute = tm.tm_min,
                          .second = tm.tm_sec};
    return civil_to_ms(&civil);
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
    SSL_CTX_set_default_passwd_cb(context, tls_no_password);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
}

/* ---------------------------------------------------------------- making a context */

/* OpenSSL's verdict on one certificate of a chain; the client's own is at depth 0. */
static int on_verified(int good, X509_STORE_CTX *chain)
{
    int error = X509_STORE_CTX_get_error(chain);
    if (good)
        return 1;
    if (error == X509_V_ERR_UNABLE_TO_GET_CRL && X509_STORE_CTX_get_error_depth(chain) > 0) {
        X509_STORE_CTX_set_error(chain, X509_V_OK); /* a CA without a list of who is above it */
        return 1;
    }
    const SSL *session = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
    enum tls_refusal refusal = revocation_refusal(chain);
    pthread_mutex_lock(&tls->lock);
    tls->state.refused[refusal]++;
    if (refusal == TLS_NO_LIST)
        X509_NAME_oneline(X509_get_issuer_name(X509_STORE_CTX_get_current_cert(chain)),
                          tls->unlisted, sizeof tls->unlisted);
    pthread_mutex_unlock(&tls->lock);
    return 0;
}

static bool load_pair(SSL_CTX *context, const struct tls_options *options, struct err *err)
{
    if (SSL_CTX_use_certificate_chain_file(context, options->certificate) != 1)
        return err_set(err, ERR_INPUT, "serve.tls_certificate '%s' holds no certificate in PEM: %s",
                       options->certificate, tls_reason());
    if (SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) != 1)
        return err_set(err, ERR_INPUT,
                       "serve.tls_key '%s' holds no private key, in PEM and without a password, "
                       "that belongs to '%s': %s",
                       options->key, options->certificate, tls_reason());
    return SSL_CTX_check_private_key(context) == 1 ||
           err_set(err, ERR_INPUT, "serve.tls_key '%s' is not the key of '%s': %s", options->key,
                   options->certificate, tls_reason());
}

static bool load_client_ca(SSL_CTX *context, const char *path, struct err *err)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (names == NULL || SSL_CTX_load_verify_locations(context, path, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return err_set(err, ERR_INPUT, "serve.tls_client_ca '%s' holds no certificate in PEM: %s",
                       path, tls_reason());
    }
    SSL_CTX_set_client_CA_list(context, names); /* takes them */
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verified);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0) == 1;
}

static bool load_clients(SSL_CTX *context, const struct tls_options *options,
                         struct revocation *lists, struct err *err)
{
    if (options->client_ca == NULL)
        return true;
    if (!load_client_ca(context, options->client_ca, err))
        return false;
    if (options->client_crl == NULL)
        return true;
    if (!revocation_load(lists, options->client_crl, err))
        return false;
    revocation_ask(lists, SSL_CTX_get_cert_store(context));
    return true;
}

static SSL_CTX *make_context(struct tls *tls, struct revocation *lists, struct err *err)
{
    const struct tls_options *options = &tls->options;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert(context != NULL); /* out of memory */
    set_manners(context);
    bool ok = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
    assert(ok);
    SSL_CTX_set_app_data(context, tls);
    if (load_pair(context, options, err) && load_clients(context, options, lists, err))
        return context;
    SSL_CTX_free(context);
    return NULL;
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
           (options->client_ca == NULL || look(options->client_ca, &stamp[2], err)) &&
           (options->client_crl == NULL || look(options->client_crl, &stamp[3], err));
}

/* Under the lock. */
static void take(struct tls *tls, SSL_CTX *context, const struct revocation *lists,
                 const struct stamp stamp[FILES])
{
    tls->context = context;
    tls->state.expires_ms = tls_time_ms(X509_get0_notAfter(SSL_CTX_get0_certificate(context)));
    tls->state.lists_expire_ms = lists->expire_ms;
    tls->unlisted[0] = '\0';
    if (lists->expiring != NULL)
        X509_NAME_oneline(lists->expiring, tls->expiring, sizeof tls->expiring);
    memcpy(tls->stamp, stamp, FILES * sizeof *stamp);
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
    CLEANUP(revocation_release) struct revocation lists = {0};
    SSL_CTX *context = make_context(tls, &lists, err);
    if (context == NULL)
        return false;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    take(tls, context, &lists, stamp);
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

struct tls_state tls_state_of(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct tls_state state = tls->state;
    pthread_mutex_unlock(&tls->lock);
    return state;
}

bool tls_check_lists(struct tls *tls, int64_t now_ms, struct err *err)
{
    const char *path = tls->options.client_crl;
    bool good = true;
    pthread_mutex_lock(&tls->lock);
    if (tls->state.lists_expire_ms != 0 && tls->state.lists_expire_ms <= now_ms)
        good = err_set(err, ERR_INPUT,
                       "serve.tls_client_crl '%s': the list of '%s' has expired, and whom it "
                       "signed is refused: put its new list there",
                       path, tls->expiring);
    else if (tls->unlisted[0] != '\0')
        good = err_set(err, ERR_INPUT,
                       "serve.tls_client_crl '%s' has no list of '%s', and whom it signed is "
                       "refused: put its list there, an empty one if nobody is revoked",
                       path, tls->unlisted);
    pthread_mutex_unlock(&tls->lock);
    return good;
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
