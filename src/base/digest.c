#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>

struct digest digest_of(struct view bytes)
{
    struct digest digest;
    unsigned size = 0;
    int ok = EVP_Digest(bytes.text, bytes.length, digest.bytes, &size, EVP_sha256(), NULL);
    assert(ok == 1 && size == sizeof digest.bytes);
    return digest;
}

bool digest_same(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *digest_print(const struct digest *digest, char hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof digest->bytes; i++) {
        hex[2 * i] = digits[digest->bytes[i] >> 4];
        hex[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    hex[DIGEST_HEX_SIZE - 1] = '\0';
    return hex;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(struct view hex, struct digest *out)
{
    struct digest digest;
    if (hex.length != 2 * sizeof digest.bytes)
        return false;
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        int high = nibble(hex.text[2 * i]), low = nibble(hex.text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest.bytes[i] = (unsigned char)(high << 4 | low);
    }
    *out = digest;
    return true;
}

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
