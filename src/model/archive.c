#include "model/archive.h"

/* POSIX.1-1988 ustar, and what tar wrote before it. */
enum {
    BLOCK = 512,
    NAME_SIZE = 100,
    SIZE_AT = 124,
    SIZE_SIZE = 12,
    CHECKSUM_AT = 148,
    CHECKSUM_SIZE = 8,
    TYPE_AT = 156,
    MAGIC_AT = 257,
};

bool archive_is(struct view bytes)
{
    return bytes.length >= BLOCK && view_starts(view_from(bytes, MAGIC_AT), "ustar");
}

/* Octal digits, with blanks before and a blank or NUL behind. */
static bool parse_octal(const char *field, size_t size, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = 0, digits = 0;
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++, digits++)
        value = value * 8 + (uint64_t)(field[i] - '0');
    *out = value;
    return digits > 0 && (i == size || field[i] == ' ' || field[i] == '\0');
}

static bool checksum_holds(const char *header)
{
    uint64_t said, sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        bool own = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_SIZE;
        sum += own ? ' ' : (unsigned char)header[i];
    }
    return parse_octal(header + CHECKSUM_AT, CHECKSUM_SIZE, &said) && said == sum;
}

static bool is_zero(const char *block)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i] != '\0')
            return false;
    return true;
}

bool archive_next(struct view *rest, struct view *name, struct view *bytes, struct err *err)
{
    while (rest->length >= BLOCK && !is_zero(rest->text)) { /* each turn takes a block */
        const char *header = rest->text;
        uint64_t size;
        if (!checksum_holds(header) || !parse_octal(header + SIZE_AT, SIZE_SIZE, &size))
            return err_set(err, ERR_MODEL, "a header of the tar file is damaged");
        struct view body = view_from(*rest, BLOCK);
        if (size > body.length)
            return err_set(err, ERR_MODEL, "the tar file is cut short");
        uint64_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;
        *rest = view_from(body, padded < body.length ? (size_t)padded : body.length);
        char type = header[TYPE_AT];
        if (type != '0' && type != '\0')
            continue;
        *name = (struct view){header, strnlen(header, NAME_SIZE)};
        *bytes = (struct view){body.text, (size_t)size};
        return true;
    }
    return false;
}
