/*
 * objects: bytes by name, in a directory or an S3-compatible store: one small port for both.
 *
 * An object is written once and never changed: putting one whose name is taken
 * changes nothing and says so, atomically, so of several that put at once one
 * wins. A reader sees a whole object or none. Who reads checks what it read: a
 * name that is a digest makes that easy. A name is one of a file in a directory:
 * not empty, no '/' in it, no '.' before it.
 *
 *     struct objects objects = {0};
 *     if (!objects_open(&objects, &(struct objects_place){.where = "s3://bucket/prefix"}, err))
 *         return false;
 *     bool made;
 *     bool ok = objects_put(&objects, "a.tar", bytes, &made, err);
 *     objects_close(&objects);
 */
#ifndef STORE_OBJECTS_H
#define STORE_OBJECTS_H

#include "base/err.h"
#include "base/view.h"

/* Where objects are. What is NULL or "" comes from the environment, by the names that AWS gave it,
 * or is S3's own default. */
struct objects_place {
    const char *where;      /* a directory, or s3://BUCKET/PREFIX */
    const char *endpoint;   /* of another S3 than Amazon's: "https://s3.example:9000" */
    const char *region;     /* "eu-central-1" */
    const char *addressing; /* "path", "virtual", or "auto": path when an endpoint is given */
};

struct objects {
    const struct objects_kind *kind; /* NULL: not open */
    void *self;
    const char *name; /* how errors call it */
};

struct object {
    struct view key;
    int64_t size;
    int64_t modified_ms;
};

struct objects_kind {
    bool (*open)(struct objects *objects, const struct objects_place *place, struct err *err);
    void (*close)(struct objects *objects);
    bool (*put)(struct objects *objects, const char *key, struct view bytes, bool *made,
                struct err *err);
    bool (*get)(struct objects *objects, const char *key, size_t size_max, struct arena *arena,
                struct view *out, struct err *err);
    bool (*head)(struct objects *objects, const char *key, bool *there, struct object *out,
                 struct err *err);
    bool (*list)(struct objects *objects, struct arena *arena, struct object **out, size_t *count,
                 struct err *err);
    bool (*remove)(struct objects *objects, const char *key, struct err *err);
};

extern const struct objects_kind objects_dir, objects_s3;

bool objects_open(struct objects *objects, const struct objects_place *place, struct err *err);
void objects_close(struct objects *objects);

/* `made` is false when there was one already, whatever its bytes. */
bool objects_put(struct objects *objects, const char *key, struct view bytes, bool *made,
                 struct err *err);

/* ERR_NOT_FOUND; ERR_LIMIT past `size_max`. */
bool objects_get(struct objects *objects, const char *key, size_t size_max, struct arena *arena,
                 struct view *out, struct err *err);

/* `out` may be NULL; its key is the caller's own. */
bool objects_head(struct objects *objects, const char *key, bool *there, struct object *out,
                  struct err *err);

/* All of them, by name. */
bool objects_list(struct objects *objects, struct arena *arena, struct object **out, size_t *count,
                  struct err *err);

bool objects_remove(struct objects *objects, const char *key, struct err *err); /* absent is fine */

#endif
