#include "http/tls.h"

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

enum {
    FILES = 4,
    NAME_MAX_BYTES = 256,
    LISTS_MAX = 1024,
    LISTS_BYTES_MAX = 16 << 20, /* each handshake reads its issuer's whole, 2 to 4 ms a MiB */
};

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

/* ---------------------------------------------------------------- revocation lists */

static int64_t ms_of(const ASN1_TIME *time)
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

/* What is known of the lists in a file. */
struct lists {
    STACK_OF(X509_CRL) * list;
    int64_t expire_ms;
    const X509_NAME *expiring; /* one of theirs */
};

static void lists_release(struct lists *lists)
{
    sk_X509_CRL_pop_free(lists->list, X509_CRL_free);
    *lists = (struct lists){0};
}

static bool read_lists(BIO *file, const char *path, STACK_OF(X509_CRL) * out, struct err *err)
{
    X509_CRL *list;
    while ((list = PEM_read_bio_X509_CRL(file, NULL, no_password, NULL)) != NULL) {
        int count = sk_X509_CRL_push(out, list);
        assert(count > 0); /* out of memory */
        if (count > LISTS_MAX)
            return err_set(err, ERR_LIMIT, "serve.tls_client_crl '%s' holds more than %d lists",
                           path, LISTS_MAX);
        if (ms_of(X509_CRL_get0_nextUpdate(list)) == 0)
            return err_set(err, ERR_INPUT,
                           "serve.tls_client_crl '%s': list %d says not until when it is valid "
                           "(nextUpdate): have its CA say so",
                           path, count);
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (at_end && sk_X509_CRL_num(out) > 0) {
        ERR_clear_error();
        return true;
    }
    return err_set(err, ERR_INPUT,
                   "serve.tls_client_crl '%s' holds %s in PEM: %s; openssl crl -in FILE shows one",
                   path, at_end ? "no revocation list" : "something that is no revocation list",
                   reason());
}

/* An issuer's last list counts; of the issuers, the one whose runs out first. */
static void find_expiry(struct lists *lists)
{
    for (int i = 0; i < sk_X509_CRL_num(lists->list); i++) {
        const X509_NAME *issuer = X509_CRL_get_issuer(sk_X509_CRL_value(lists->list, i));
        int64_t last_ms = 0;
        for (int j = 0; j < sk_X509_CRL_num(lists->list); j++) {
            const X509_CRL *other = sk_X509_CRL_value(lists->list, j);
            int64_t until_ms = ms_of(X509_CRL_get0_nextUpdate(other));
            if (X509_NAME_cmp(issuer, X509_CRL_get_issuer(other)) == 0 && until_ms > last_ms)
                last_ms = until_ms;
        }
        if (lists->expiring == NULL || last_ms < lists->expire_ms) {
            lists->expiring = issuer;
            lists->expire_ms = last_ms;
        }
    }
}

static bool lists_load(struct lists *lists, const char *path, struct err *err)
{
    struct stat about;
    if (stat(path, &about) == 0 && about.st_size > LISTS_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "serve.tls_client_crl '%s' has more than %d bytes", path,
                       LISTS_BYTES_MAX);
    BIO *file = BIO_new_file(path, "r");
    if (file == NULL)
        return err_set(err, ERR_IO, "serve.tls_client_crl '%s' cannot be read: %s", path, reason());
    lists->list = sk_X509_CRL_new_null();
    assert(lists->list != NULL);
    ERR_clear_error();
    bool ok = read_lists(file, path, lists->list, err);
    BIO_free(file);
    if (ok)
        find_expiry(lists);
    return ok;
}

/* From here on no client's certificate is taken that is not looked up in a list. */
static void ask_lists(SSL_CTX *context, const struct lists *lists)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    for (int i = 0; i < sk_X509_CRL_num(lists->list); i++) {
        int added = X509_STORE_add_crl(store, sk_X509_CRL_value(lists->list, i));
        assert(added == 1); /* out of memory */
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

static enum tls_refusal refusal_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_REVOKED:
        return TLS_REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return TLS_NO_LIST;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return TLS_LIST_EXPIRED;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TLS_EXPIRED;
    default:
        return TLS_OTHER;
    }
}

/* OpenSSL looks into lists before it looks at signatures: until then anybody may have written what
 * the certificates say. */
static bool is_signed(const X509_STORE_CTX *chain)
{
    const STACK_OF(X509) *one = X509_STORE_CTX_get0_chain(chain);
    bool good = true;
    ERR_set_mark();
    for (int i = 1; i < sk_X509_num(one) && good; i++)
        good = X509_verify(sk_X509_value(one, i - 1), X509_get0_pubkey(sk_X509_value(one, i))) == 1;
    ERR_pop_to_mark();
    return good;
}

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
    enum tls_refusal refusal = is_signed(chain) ? refusal_of(error) : TLS_OTHER;
    pthread_mutex_lock(&tls->lock);
    tls->state.refused[refusal]++;
    if (refusal == TLS_NO_LIST)
        X509_NAME_oneline(X509_get_issuer_name(X509_STORE_CTX_get_current_cert(chain)),
                          tls->unlisted, sizeof tls->unlisted);
    pthread_mutex_unlock(&tls->lock);
    return 0;
}

/* ---------------------------------------------------------------- making a context */

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
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verified);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0) == 1;
}

static bool load_clients(SSL_CTX *context, const struct tls_options *options, struct lists *lists,
                         struct err *err)
{
    if (options->client_ca == NULL)
        return true;
    if (!load_client_ca(context, options->client_ca, err))
        return false;
    if (options->client_crl == NULL)
        return true;
    if (!lists_load(lists, options->client_crl, err))
        return false;
    ask_lists(context, lists);
    return true;
}

static SSL_CTX *make_context(struct tls *tls, struct lists *lists, struct err *err)
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
static void take(struct tls *tls, SSL_CTX *context, const struct lists *lists,
                 const struct stamp stamp[FILES])
{
    tls->context = context;
    tls->state.expires_ms = ms_of(X509_get0_notAfter(SSL_CTX_get0_certificate(context)));
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
    CLEANUP(lists_release) struct lists lists = {0};
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
