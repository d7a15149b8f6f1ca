#include "data/source.h"

#include "base/file.h"

bool source_load(const char *path, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err)
{
    struct view bytes;
    if (!file_load(path, size_max, arena, &bytes, err))
        return false;
    if (gzip_is(bytes))
        return gzip_unpack(bytes, size_max, arena, out, err) || err_while(err, "'%s'", path);
    if (zstd_is(bytes))
        return zstd_unpack(bytes, size_max, arena, out, err) || err_while(err, "'%s'", path);
    *out = bytes;
    return true;
}
