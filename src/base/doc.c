#include "base/doc.h"

#include "base/file.h"

#include <jansson.h>

enum { DEPTH_MAX = 64 };

static bool take(json_t *from, struct arena *arena, int depth, struct doc *out, struct err *err);

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the JSON document does not fit the memory limit");
}

static bool take_text(const char *text, size_t length, struct arena *arena, struct view *out,
                      struct err *err)
{
    char *copy = arena_copy(arena, text, length);
    if (copy == NULL)
        return out_of_memory(err);
    *out = (struct view){copy, length};
    return true;
}

static bool take_list(json_t *from, struct arena *arena, int depth, struct doc *out,
                      struct err *err)
{
    size_t count = json_array_size(from);
    struct doc *item = arena_new(arena, struct doc, count);
    if (item == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < count; i++) {
        if (!take(json_array_get(from, i), arena, depth + 1, &item[i], err))
            return false;
        item[i].next = i + 1 < count ? &item[i + 1] : NULL;
    }
    *out = (struct doc){.kind = DOC_LIST, .count = count, .first = count > 0 ? item : NULL};
    return true;
}

static bool take_object(json_t *from, struct arena *arena, int depth, struct doc *out,
                        struct err *err)
{
    size_t count = json_object_size(from), i = 0;
    struct doc *item = arena_new(arena, struct doc, count);
    if (item == NULL)
        return out_of_memory(err);
    for (void *at = json_object_iter(from); at != NULL; at = json_object_iter_next(from, at)) {
        const char *key = json_object_iter_key(at);
        if (!take(json_object_iter_value(at), arena, depth + 1, &item[i], err) ||
            !take_text(key, strlen(key), arena, &item[i].key, err))
            return false;
        item[i].next = i + 1 < count ? &item[i + 1] : NULL;
        i++;
    }
    *out = (struct doc){.kind = DOC_OBJECT, .count = count, .first = count > 0 ? item : NULL};
    return true;
}

static bool take(json_t *from, struct arena *arena, int depth, struct doc *out, struct err *err)
{
    if (depth == DEPTH_MAX && (json_is_object(from) || json_is_array(from)))
        return err_set(err, ERR_LIMIT, "the JSON document nests deeper than %d", DEPTH_MAX);
    *out = (struct doc){.kind = DOC_NULL};
    switch (json_typeof(from)) {
    case JSON_OBJECT:
        return take_object(from, arena, depth, out, err);
    case JSON_ARRAY:
        return take_list(from, arena, depth, out, err);
    case JSON_STRING:
        out->kind = DOC_TEXT;
        return take_text(json_string_value(from), json_string_length(from), arena, &out->text, err);
    case JSON_INTEGER:
    case JSON_REAL:
        out->kind = DOC_NUMBER;
        out->number = json_number_value(from);
        return true;
    case JSON_TRUE:
        out->kind = DOC_TRUE;
        return true;
    case JSON_FALSE:
        out->kind = DOC_FALSE;
        return true;
    case JSON_NULL:
        return true;
    }
    return true;
}

const struct doc *doc_parse(struct view text, struct arena *arena, struct err *err)
{
    /* jansson steps over a NUL byte that follows a number. */
    if (text.length > 0 && memchr(text.text, '\0', text.length) != NULL) {
        err_set(err, ERR_INPUT, "the JSON document holds a NUL byte");
        return NULL;
    }
    json_error_t why;
    json_t *root =
        json_loadb(text.text, text.length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (root == NULL) {
        err_set(err, ERR_INPUT, "JSON line %d, column %d: %s", why.line, why.column, why.text);
        return NULL;
    }
    struct doc *doc = arena_new(arena, struct doc, 1);
    bool ok = doc == NULL ? out_of_memory(err) : take(root, arena, 0, doc, err);
    json_decref(root);
    return ok ? doc : NULL;
}

const struct doc *doc_load(const char *path, size_t size_max, struct arena *arena, struct err *err)
{
    struct view text;
    if (!file_load(path, size_max, arena, &text, err))
        return NULL;
    const struct doc *doc = doc_parse(text, arena, err);
    if (doc == NULL)
        err_while(err, "'%s'", path);
    return doc;
}

const struct doc *doc_find(const struct doc *object, const char *key)
{
    if (object == NULL || object->kind != DOC_OBJECT)
        return NULL;
    for (const struct doc *item = object->first; item != NULL; item = item->next)
        if (view_is(item->key, key))
            return item;
    return NULL;
}

static const char *kind_name(enum doc_kind kind)
{
    static const char *const names[] = {
        [DOC_NULL] = "null",        [DOC_FALSE] = "false", [DOC_TRUE] = "true",
        [DOC_NUMBER] = "a number",  [DOC_TEXT] = "a text", [DOC_LIST] = "a list",
        [DOC_OBJECT] = "an object",
    };
    return names[kind];
}

bool doc_need(const struct doc *object, const char *key, enum doc_kind kind, const struct doc **out,
              struct err *err)
{
    const struct doc *item = doc_find(object, key);
    if (item == NULL)
        return err_set(err, ERR_INPUT, "'%s' is missing", key);
    if (item->kind != kind)
        return err_set(err, ERR_INPUT, "'%s' is %s, %s is wanted", key, kind_name(item->kind),
                       kind_name(kind));
    *out = item;
    return true;
}

bool doc_need_text(const struct doc *object, const char *key, struct view *out, struct err *err)
{
    const struct doc *item;
    if (!doc_need(object, key, DOC_TEXT, &item, err))
        return false;
    *out = item->text;
    return true;
}

bool doc_need_number(const struct doc *object, const char *key, double *out, struct err *err)
{
    const struct doc *item;
    if (!doc_need(object, key, DOC_NUMBER, &item, err))
        return false;
    *out = item->number;
    return true;
}

bool doc_need_count(const struct doc *object, const char *key, size_t max, size_t *out,
                    struct err *err)
{
    double number;
    if (!doc_need_number(object, key, &number, err))
        return false;
    if (!(number >= 0 && number <= (double)max && number < 0x1p64) ||
        number != (double)(size_t)number)
        return err_set(err, ERR_INPUT, "'%s' is no whole number from 0 to %zu", key, max);
    *out = (size_t)number;
    return true;
}

bool doc_need_bool(const struct doc *object, const char *key, bool *out, struct err *err)
{
    const struct doc *item = doc_find(object, key);
    if (item == NULL)
        return err_set(err, ERR_INPUT, "'%s' is missing", key);
    if (item->kind != DOC_TRUE && item->kind != DOC_FALSE)
        return err_set(err, ERR_INPUT, "'%s' is neither true nor false", key);
    *out = item->kind == DOC_TRUE;
    return true;
}
