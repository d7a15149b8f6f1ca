/*
 * archive: the files inside a tar that somebody else wrote.
 *
 * model/tar.h reads our own bundles and nothing else; this reads what tar,
 * Python and macOS write: any owner and time, long-name and extended headers,
 * directories. Regular files come out, one at a time, as views; the rest is
 * stepped over.
 *
 *     struct view rest = file, name, bytes;
 *     while (archive_next(&rest, &name, &bytes, err))
 *         ...
 */
#ifndef MODEL_ARCHIVE_H
#define MODEL_ARCHIVE_H

#include "base/err.h"
#include "base/view.h"

bool archive_is(struct view bytes);

/* False after the last file, and on an error (ERR_MODEL). */
bool archive_next(struct view *rest, struct view *name, struct view *bytes, struct err *err);

#endif
