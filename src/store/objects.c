#include "store/objects.h"

static bool is_directory(struct view where)
{
    return memmem(where.text, where.length, "://", 3) == NULL;
}

bool objects_open(struct objects *objects, const struct objects_place *place, struct err *err)
{
    struct view where = view_of(place->where);
    bool s3 = view_starts(where, "s3://");
    struct objects made = {.kind = s3 ? &objects_s3 : &objects_dir};
    if (!s3 && !is_directory(where))
        return err_set(err, ERR_INPUT,
                       "store.bundles takes a directory or s3://BUCKET/PREFIX, not '" VIEW_FMT "'",
                       VIEW_ARG(where));
    if (!made.kind->open(&made, place, err))
        return false;
    *objects = made;
    return true;
}

void objects_close(struct objects *objects)
{
    if (objects->kind != NULL)
        objects->kind->close(objects);
    *objects = (struct objects){0};
}

static bool is_key(const char *key, struct err *err)
{
    bool plain = key[0] != '\0' && key[0] != '.' && strchr(key, '/') == NULL;
    return plain || err_set(err, ERR_INPUT, "'%s' cannot be an object's name", key);
}

bool objects_put(struct objects *objects, const char *key, struct view bytes, bool *made,
                 struct err *err)
{
    return is_key(key, err) && objects->kind->put(objects, key, bytes, made, err);
}

bool objects_get(struct objects *objects, const char *key, size_t size_max, struct arena *arena,
                 struct view *out, struct err *err)
{
    return is_key(key, err) && objects->kind->get(objects, key, size_max, arena, out, err);
}

bool objects_head(struct objects *objects, const char *key, bool *there, struct object *out,
                  struct err *err)
{
    struct object unwanted;
    return is_key(key, err) &&
           objects->kind->head(objects, key, there, out == NULL ? &unwanted : out, err);
}

bool objects_list(struct objects *objects, struct arena *arena, struct object **out, size_t *count,
                  struct err *err)
{
    return objects->kind->list(objects, arena, out, count, err);
}

bool objects_remove(struct objects *objects, const char *key, struct err *err)
{
    return is_key(key, err) && objects->kind->remove(objects, key, err);
}
