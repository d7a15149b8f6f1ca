#include "model/tar.h"

enum { BLOCK = 512, NAME_SIZE = 100, END_BLOCKS = 2 };

/* POSIX.1-1988 ustar: where each field lies. */
struct header {
    char name[NAME_SIZE];
    char mode[8], uid[8], gid[8];
    char size[12], mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[6], version[2];
    char user[32], group[32];
    char device_major[8], device_minor[8];
    char prefix[155];
    char unused[12];
};

static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

static void put(char *field, const char *text)
{
    memcpy(field, text, strlen(text));
}

static unsigned checksum_of(const struct header *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += bytes[i];
    return sum;
}

static struct header header_of(struct view name, size_t size)
{
    assert(name.length > 0 && name.length < NAME_SIZE);
    struct header header = {.type = '0'};
    memcpy(header.name, name.text, name.length);
    put(header.mode, "0000644");
    put(header.uid, "0000000");
    put(header.gid, "0000000");
    char octal[24];
    snprintf(octal, sizeof octal, "%011zo", size);
    put(header.size, octal);
    put(header.mtime, "00000000000");
    memset(header.checksum, ' ', sizeof header.checksum);
    put(header.magic, "ustar");
    memcpy(header.version, "00", 2);
    put(header.device_major, "0000000");
    put(header.device_minor, "0000000");
    snprintf(octal, sizeof octal, "%06o", checksum_of(&header));
    memcpy(header.checksum, octal, 7); /* six digits, a NUL, and the space that is there */
    return header;
}

static size_t padding(size_t size)
{
    return (BLOCK - size % BLOCK) % BLOCK;
}

static void add_zeros(struct text *text, size_t count)
{
    char *at = text_reserve(text, count);
    if (at == NULL)
        return;
    memset(at, 0, count);
    text->length += count;
}

void tar_add(struct text *text, const char *name, struct view bytes)
{
    struct header header = header_of(view_of(name), bytes.length);
    text_add(text, (struct view){(const char *)&header, BLOCK});
    text_add(text, bytes);
    add_zeros(text, padding(bytes.length));
}

void tar_end(struct text *text)
{
    add_zeros(text, END_BLOCKS * (size_t)BLOCK);
}

static bool is_zero(struct view view)
{
    for (size_t i = 0; i < view.length; i++)
        if (view.text[i] != '\0')
            return false;
    return true;
}

static bool parse_size(const struct header *header, size_t *out)
{
    size_t size = 0;
    for (size_t i = 0; i < 11; i++) {
        if (header->size[i] < '0' || header->size[i] > '7')
            return false;
        size = size * 8 + (size_t)(header->size[i] - '0');
    }
    *out = size;
    return true;
}

bool tar_next(struct view *rest, struct view *name, struct view *bytes, struct err *err)
{
    if (rest->length == END_BLOCKS * (size_t)BLOCK && is_zero(*rest)) {
        *rest = view_from(*rest, rest->length);
        return false;
    }
    struct header header;
    if (rest->length < BLOCK)
        return err_set(err, ERR_MODEL, "the file is cut short");
    memcpy(&header, rest->text, BLOCK);
    size_t length = strnlen(header.name, NAME_SIZE), size;
    if (length == 0 || length == NAME_SIZE || !parse_size(&header, &size))
        return err_set(err, ERR_MODEL, "a member's header is damaged");
    struct view named = {rest->text, length};
    struct header wanted = header_of(named, size);
    if (memcmp(&header, &wanted, BLOCK) != 0)
        return err_set(err, ERR_MODEL, "the header of '" VIEW_FMT "' is damaged", VIEW_ARG(named));
    struct view body = view_from(*rest, BLOCK);
    if (size > body.length || padding(size) > body.length - size)
        return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is cut short", VIEW_ARG(named));
    if (!is_zero((struct view){body.text + size, padding(size)}))
        return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is followed by more than padding",
                       VIEW_ARG(named));
    *name = named;
    *bytes = (struct view){body.text, size};
    *rest = view_from(body, size + padding(size));
    return true;
}
