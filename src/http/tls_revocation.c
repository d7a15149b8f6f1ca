#include "http/tls_parts.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

enum {
    LISTS_MAX = 1024,
    LISTS_BYTES_MAX = 16 << 20, /* each handshake reads its issuer's whole, 2 to 4 ms a MiB */
};

void revocation_release(struct revocation *lists)
{
    sk_X509_CRL_pop_free(lists->list, X509_CRL_free);
    *lists = (struct revocation){0};
}

static bool read_lists(BIO *file, const char *path, STACK_OF(X509_CRL) * out, struct err *err)
{
    X509_CRL *list;
    while ((list = PEM_read_bio_X509_CRL(file, NULL, tls_no_password, NULL)) != NULL) {
        int count = sk_X509_CRL_push(out, list);
        assert(count > 0); /* out of memory */
        if (count > LISTS_MAX)
            return err_set(err, ERR_LIMIT, "serve.tls_client_crl '%s' holds more than %d lists",
                           path, LISTS_MAX);
        if (tls_time_ms(X509_CRL_get0_nextUpdate(list)) == 0)
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
                   tls_reason());
}

/* An issuer's last list counts; of the issuers, the one whose runs out first. */
static void find_expiry(struct revocation *lists)
{
    for (int i = 0; i < sk_X509_CRL_num(lists->list); i++) {
        const X509_NAME *issuer = X509_CRL_get_issuer(sk_X509_CRL_value(lists->list, i));
        int64_t last_ms = 0;
        for (int j = 0; j < sk_X509_CRL_num(lists->list); j++) {
            const X509_CRL *other = sk_X509_CRL_value(lists->list, j);
            int64_t until_ms = tls_time_ms(X509_CRL_get0_nextUpdate(other));
            if (X509_NAME_cmp(issuer, X509_CRL_get_issuer(other)) == 0 && until_ms > last_ms)
                last_ms = until_ms;
        }
        if (lists->expiring == NULL || last_ms < lists->expire_ms) {
            lists->expiring = issuer;
            lists->expire_ms = last_ms;
        }
    }
}

bool revocation_load(struct revocation *lists, const char *path, struct err *err)
{
    struct stat about;
    if (stat(path, &about) == 0 && about.st_size > LISTS_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "serve.tls_client_crl '%s' has more than %d bytes", path,
                       LISTS_BYTES_MAX);
    BIO *file = BIO_new_file(path, "r");
    if (file == NULL)
        return err_set(err, ERR_IO, "serve.tls_client_crl '%s' cannot be read: %s", path,
                       tls_reason());
    lists->list = sk_X509_CRL_new_null();
    assert(lists->list != NULL);
    ERR_clear_error();
    bool ok = read_lists(file, path, lists->list, err);
    BIO_free(file);
    if (ok)
        find_expiry(lists);
    return ok;
}

void revocation_ask(const struct revocation *lists, X509_STORE *store)
{
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

enum tls_refusal revocation_refusal(const X509_STORE_CTX *chain)
{
    return is_signed(chain) ? refusal_of(X509_STORE_CTX_get_error(chain)) : TLS_OTHER;
}
