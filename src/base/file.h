/*
 * file: whole files in, whole files out, never half of one.
 *
 * A save writes beside its target, flushes to the disk, and renames: a reader
 * sees the old file or the new one, and a crash or a full disk leaves the old.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"
#include "base/text.h"

#include <sys/uio.h>

/* The file's bytes in the arena, NUL-terminated past the end. `size_max` is a ceiling of its own;
 * past it or past the arena's: ERR_LIMIT. */
bool file_load(const char *path, size_t size_max, struct arena *arena, struct view *out,
               struct err *err);
bool file_save(const char *path, struct view bytes, struct err *err);

bool file_exists(const char *path);
bool file_remove(const char *path, struct err *err); /* a file that is not there is fine */
bool dir_make(const char *path, struct err *err);    /* and its parents; there already is fine */
bool dir_remove(const char *path, struct err *err);  /* with all that is in it; absent is fine */

/* "dir/name" in the arena; `name` alone when it is absolute or dir is "". Never NULL. */
const char *path_join(struct arena *arena, const char *dir, const char *name);

struct iovec file_vector(struct view view); /* as writev and sendmsg take it */

void fd_close(int *fd);      /* for CLEANUP: closes unless -1 */
void stream_close(FILE **f); /* for CLEANUP: closes unless NULL */

#endif
