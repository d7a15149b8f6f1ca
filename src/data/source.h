/*
 * source: a data file's text, whatever it is packed in.
 *
 * gzip and zstd are told by their first bytes, not by the file's name. The
 * unpacked size has a ceiling, so a bomb is an error and not a swamp.
 */
#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

#include "base/err.h"
#include "base/view.h"

bool source_load(const char *path, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err);

/* data/gzip.c and data/zstd.c: the doors to zlib and libzstd. ERR_INPUT when damaged or cut. */
bool gzip_is(struct view bytes);
bool gzip_unpack(struct view bytes, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err);
bool zlib_is(struct view bytes); /* two bytes are little to tell it by: for files of Python's */
bool zlib_unpack(struct view bytes, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err);
bool zstd_is(struct view bytes);
bool zstd_unpack(struct view bytes, size_t size_max, struct arena *arena, struct view *out,
                 struct err *err);

#endif
