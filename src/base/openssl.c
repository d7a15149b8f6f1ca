/* The only file that knows OpenSSL: base/digest.h and base/signature.h. */
#include "base/digest.h"
#include "base/signature.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sys/stat.h>

struct digest digest_of(struct view bytes)
{
    struct digest digest;
    unsigned size = 0;
    int ok = EVP_Digest(bytes.text, bytes.length, digest.bytes, &size, EVP_sha256(), NULL);
    assert(ok == 1 && size == sizeof digest.bytes);
    return digest;
}

struct digest digest_hmac(struct view key, struct view bytes)
{
    struct digest digest;
    unsigned size = 0;
    const unsigned char *in = (const unsigned char *)bytes.text;
    /* OpenSSL takes an absent key for the one before. */
    const char *secret = key.length == 0 ? "" : key.text;
    assert(key.length <= INT32_MAX);
    const unsigned char *ok =
        HMAC(EVP_sha256(), secret, (int)key.length, in, bytes.length, digest.bytes, &size);
    assert(ok != NULL && size == sizeof digest.bytes);
    return digest;
}

bool digest_same(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---------------------------------------------------------------- hex */

static void print_hex(const unsigned char *bytes, size_t size, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * size] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(struct view hex, unsigned char *bytes, size_t size)
{
    if (hex.length != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = nibble(hex.text[2 * i]), low = nibble(hex.text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

const char *digest_print(const struct digest *digest, char hex[DIGEST_HEX_SIZE])
{
    print_hex(digest->bytes, sizeof digest->bytes, hex);
    return hex;
}

bool digest_parse(struct view hex, struct digest *out)
{
    struct digest digest;
    if (!parse_hex(hex, digest.bytes, sizeof digest.bytes))
        return false;
    *out = digest;
    return true;
}

const char *public_key_print(const struct public_key *key, char hex[PUBLIC_KEY_HEX_SIZE])
{
    print_hex(key->bytes, sizeof key->bytes, hex);
    return hex;
}

bool public_key_parse(struct view hex, struct public_key *out)
{
    return parse_hex(hex, out->bytes, sizeof out->bytes);
}

bool public_key_same(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *signature_print(const struct signature *signature, char hex[SIGNATURE_HEX_SIZE])
{
    print_hex(signature->bytes, sizeof signature->bytes, hex);
    return hex;
}

bool signature_parse(struct view hex, struct signature *out)
{
    return parse_hex(hex, out->bytes, sizeof out->bytes);
}

/* ---------------------------------------------------------------- digests in pieces */

void digester_open(struct digester *digester)
{
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    int ok = state != NULL && EVP_DigestInit_ex(state, EVP_sha256(), NULL);
    assert(ok == 1);
    digester->state = state;
}

void digester_close(struct digester *digester)
{
    EVP_MD_CTX_free(digester->state);
    digester->state = NULL;
}

void digest_add_raw(struct digester *digester, struct view part)
{
    int ok = EVP_DigestUpdate(digester->state, part.text, part.length);
    assert(ok == 1);
}

void digest_add(struct digester *digester, struct view part)
{
    unsigned char size[8];
    for (size_t i = 0; i < sizeof size; i++)
        size[i] = (unsigned char)(part.length >> (8 * i));
    digest_add_raw(digester, (struct view){(const char *)size, sizeof size});
    if (part.length > 0)
        digest_add_raw(digester, part);
}

struct digest digest_end(struct digester *digester)
{
    struct digest digest;
    unsigned size = 0;
    int ok = EVP_DigestFinal_ex(digester->state, digest.bytes, &size);
    assert(ok == 1 && size == sizeof digest.bytes);
    digester_close(digester);
    return digest;
}

bool digest_of_file(const char *path, struct digest *out, struct err *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "'%s' cannot be read: %s",
                       path, strerror(errno));
    struct digester digester;
    digester_open(&digester);
    char bytes[16 * 1024];
    size_t size;
    while ((size = fread(bytes, 1, sizeof bytes, file)) > 0)
        digest_add_raw(&digester, (struct view){bytes, size});
    bool failed = ferror(file);
    fclose(file);
    struct digest digest = digest_end(&digester);
    if (failed)
        return err_set(err, ERR_IO, "'%s' cannot be read to its end", path);
    *out = digest;
    return true;
}

/* ---------------------------------------------------------------- signatures */

static bool take_public(struct signing_key *key, struct err *err)
{
    size_t size = sizeof key->public.bytes;
    if (EVP_PKEY_get_raw_public_key(key->handle, key->public.bytes, &size) == 1 &&
        size == sizeof key->public.bytes)
        return true;
    signing_key_close(key);
    return err_set(err, ERR_INPUT, "the key is no Ed25519 key");
}

bool signing_key_make(struct signing_key *out, struct err *err)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
    bool ok = context != NULL && EVP_PKEY_keygen_init(context) == 1 &&
              EVP_PKEY_keygen(context, &key) == 1;
    EVP_PKEY_CTX_free(context);
    *out = (struct signing_key){.handle = key};
    if (!ok)
        return err_set(err, ERR_UNAVAILABLE, "OpenSSL made no key");
    return take_public(out, err);
}

static FILE *open_key(const char *path, bool secret, struct err *err)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "the key '%s' cannot be read: %s",
                path, strerror(errno));
        return NULL;
    }
    if (secret && (fstat(fileno(file), &about) != 0 || (about.st_mode & 077) != 0)) {
        fclose(file);
        err_set(err, ERR_INPUT, "the key '%s' may be read by others: chmod 600 it", path);
        return NULL;
    }
    return file;
}

/* An encrypted key asks for no password here: it is refused as one that cannot be read. */
static int no_password(char *room UNUSED, int size UNUSED, int writing UNUSED, void *self UNUSED)
{
    return -1;
}

bool signing_key_load(struct signing_key *out, const char *path, struct err *err)
{
    FILE *file = open_key(path, true, err);
    if (file == NULL)
        return false;
    *out = (struct signing_key){.handle = PEM_read_PrivateKey(file, NULL, no_password, NULL)};
    fclose(file);
    if (out->handle == NULL)
        return err_set(err, ERR_INPUT, "'%s' holds no private key in PEM without a password", path);
    return take_public(out, err) || err_while(err, "'%s'", path);
}

bool public_key_load(struct public_key *out, const char *path, struct err *err)
{
    FILE *file = open_key(path, false, err);
    if (file == NULL)
        return false;
    struct signing_key key = {.handle = PEM_read_PUBKEY(file, NULL, no_password, NULL)};
    fclose(file);
    if (key.handle == NULL)
        return err_set(err, ERR_INPUT, "'%s' holds no public key in PEM", path);
    bool ok = take_public(&key, err) || err_while(err, "'%s'", path);
    if (ok)
        *out = key.public;
    signing_key_close(&key);
    return ok;
}

static bool add_pem(BIO *bio, struct text *out)
{
    char *bytes;
    long size = BIO_get_mem_data(bio, &bytes);
    if (size <= 0)
        return false;
    text_add(out, (struct view){bytes, (size_t)size});
    return !out->cut;
}

bool signing_key_write(const struct signing_key *key, struct text *private_pem,
                       struct text *public_pem, struct err *err)
{
    BIO *secret = BIO_new(BIO_s_mem()), *open = BIO_new(BIO_s_mem());
    bool ok = secret != NULL && open != NULL &&
              PEM_write_bio_PKCS8PrivateKey(secret, key->handle, NULL, NULL, 0, NULL, NULL) == 1 &&
              PEM_write_bio_PUBKEY(open, key->handle) == 1 && add_pem(secret, private_pem) &&
              add_pem(open, public_pem);
    BIO_free(secret);
    BIO_free(open);
    return ok || err_set(err, ERR_LIMIT, "the key cannot be written");
}

void signing_key_close(struct signing_key *key)
{
    EVP_PKEY_free(key->handle);
    key->handle = NULL;
}

bool sign(const struct signing_key *key, struct view bytes, struct signature *out, struct err *err)
{
    size_t size = sizeof out->bytes;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->handle) == 1 &&
              EVP_DigestSign(context, out->bytes, &size, (const unsigned char *)bytes.text,
                             bytes.length) == 1;
    EVP_MD_CTX_free(context);
    return (ok && size == sizeof out->bytes) ||
           err_set(err, ERR_UNAVAILABLE, "OpenSSL made no signature");
}

bool signature_holds(const struct public_key *key, struct view bytes,
                     const struct signature *signature)
{
    EVP_PKEY *public =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, sizeof key->bytes);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = public != NULL && context != NULL &&
              EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1 &&
              EVP_DigestVerify(context, signature->bytes, sizeof signature->bytes,
                               (const unsigned char *)bytes.text, bytes.length) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return ok;
}
