#include "base/text.h"
#include "data/source.h"

#include <zlib.h>

bool gzip_is(struct view bytes)
{
    return bytes.length >= 2 && memcmp(bytes.text, "\x1f\x8b", 2) == 0;
}

static void end(z_stream *stream)
{
    inflateEnd(stream);
}

/* As many bytes as fit into what is left, at most zlib's own unit. */
static unsigned span(size_t size)
{
    enum { UNIT = 1 << 30 };
    return size > UNIT ? UNIT : (unsigned)size;
}

/* Deflate's own method and window, and a check over both bytes (RFC 1950). */
bool zlib_is(struct view bytes)
{
    if (bytes.length < 2)
        return false;
    unsigned first = (unsigned char)bytes.text[0], second = (unsigned char)bytes.text[1];
    return first == 0x78 && (first * 256 + second) % 31 == 0;
}

static bool unpack(struct view bytes, int window, const char *format, size_t size_max,
                   struct arena *arena, struct view *out, struct err *err)
{
    enum { PIECE = 1 << 20 };
    CLEANUP(end) z_stream stream = {0};
    if (inflateInit2(&stream, window) != Z_OK)
        return err_set(err, ERR_LIMIT, "zlib cannot start");

    struct text text = text_in_arena(arena);
    size_t taken = 0;
    int status = Z_OK;
    while (status != Z_STREAM_END || taken < bytes.length) {
        if (status == Z_STREAM_END && inflateReset(&stream) != Z_OK) /* the next member */
            return err_set(err, ERR_INPUT, "the %s data is damaged", format);
        char *at = text_reserve(&text, PIECE);
        if (at == NULL)
            return err_set(err, ERR_LIMIT, "unpacked it does not fit the memory limit");
        union {
            const char *given;
            Bytef *wanted; /* zlib does not write here */
        } in = {.given = bytes.text + taken};
        stream.next_in = in.wanted;
        stream.avail_in = span(bytes.length - taken);
        stream.next_out = (Bytef *)at;
        stream.avail_out = PIECE;
        unsigned before = stream.avail_in;
        status = inflate(&stream, Z_NO_FLUSH);
        taken += before - stream.avail_in;
        text.length += PIECE - stream.avail_out;
        bool stuck = stream.avail_out > 0 && taken == bytes.length && status != Z_STREAM_END;
        if (stuck)
            return err_set(err, ERR_INPUT, "the %s data is cut short after %zu bytes", format,
                           taken);
        if (status != Z_OK && status != Z_STREAM_END)
            return err_set(err, ERR_INPUT, "the %s data is damaged at byte %zu", format, taken);
        if (text.length > size_max)
            return err_set(err, ERR_LIMIT, "unpacked it is larger than the limit of %zu bytes",
                           size_max);
    }
    *out = text_view(&text);
    return true;
}

bool gzip_unpack(struct view bytes, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err)
{
    enum { GZIP_WINDOW = MAX_WBITS + 16 };
    return unpack(bytes, GZIP_WINDOW, "gzip", size_max, arena, out, err);
}

bool zlib_unpack(struct view bytes, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err)
{
    return unpack(bytes, MAX_WBITS, "zlib", size_max, arena, out, err);
}
