#include "base/text.h"
#include "data/source.h"

#include <zstd.h>

bool zstd_is(struct view bytes)
{
    return bytes.length >= 4 && memcmp(bytes.text, "\x28\xb5\x2f\xfd", 4) == 0;
}

static void free_stream(ZSTD_DStream **stream)
{
    ZSTD_freeDStream(*stream);
}

bool zstd_unpack(struct view bytes, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err)
{
    enum { PIECE = 1 << 20 };
    CLEANUP(free_stream) ZSTD_DStream *stream = ZSTD_createDStream();
    if (stream == NULL)
        return err_set(err, ERR_LIMIT, "libzstd cannot start");

    struct text text = text_in_arena(arena);
    ZSTD_inBuffer in = {bytes.text, bytes.length, 0};
    size_t left = 1;
    while (left != 0 || in.pos < in.size) {
        char *at = text_reserve(&text, PIECE);
        if (at == NULL)
            return err_set(err, ERR_LIMIT, "unpacked it does not fit the memory limit");
        ZSTD_outBuffer piece = {at, PIECE, 0};
        left = ZSTD_decompressStream(stream, &piece, &in);
        text.length += piece.pos;
        if (ZSTD_isError(left))
            return err_set(err, ERR_INPUT, "the zstd data is damaged at byte %zu: %s", in.pos,
                           ZSTD_getErrorName(left));
        if (left != 0 && in.pos == in.size && piece.pos < PIECE)
            return err_set(err, ERR_INPUT, "the zstd data is cut short after %zu bytes", in.pos);
        if (text.length > size_max)
            return err_set(err, ERR_LIMIT, "unpacked it is larger than the limit of %zu bytes",
                           size_max);
    }
    *out = text_view(&text);
    return true;
}
