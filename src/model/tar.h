/*
 * tar: a POSIX ustar file of regular members, written in one way only.
 *
 * No owner, no time, mode 0644: the same members give the same bytes. The
 * reader takes just what the writer writes: every header is made again and
 * compared, so a changed bit anywhere outside the members' own bytes is found.
 *
 *     tar_add(&text, "plan.json", bytes);   ...   tar_end(&text);
 *
 *     struct view rest = file, name, bytes;
 *     while (tar_next(&rest, &name, &bytes, err))
 *         ...
 */
#ifndef MODEL_TAR_H
#define MODEL_TAR_H

#include "base/err.h"
#include "base/text.h"

void tar_add(struct text *text, const char *name, struct view bytes); /* name: 99 bytes at most */
void tar_end(struct text *text);

/* False after the last member, with nothing but the end mark left, and on an error (ERR_MODEL). */
bool tar_next(struct view *rest, struct view *name, struct view *bytes, struct err *err);

#endif
