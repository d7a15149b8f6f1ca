#include "model/pickle.h"

/* An object with more attributes than this is not one of those that are read; a bound keeps a
 * thousand looks into one dict from costing a thousand times its size. */
enum { ATTRIBUTES_MAX = 256 };

struct view pickle_class(const struct pickle *value)
{
    if (value != NULL && value->kind == PICKLE_OBJECT)
        value = value->object->callee;
    if (value != NULL && value->kind == PICKLE_GLOBAL)
        return value->bytes;
    return (struct view){"", 0};
}

bool pickle_is(const struct pickle *value, const char *class)
{
    return view_is(pickle_class(value), class);
}

bool pickle_is_in(const struct pickle *value, const char *package, const char *name)
{
    struct view class = pickle_class(value);
    size_t head = strlen(package), tail = strlen(name);
    return class.length >= head + tail + 2 && view_starts(class, package) &&
           view_ends(class, name) && class.text[head] == '.' &&
           class.text[class.length - tail - 1] == '.';
}

static bool is_key(const struct pickle *value, const char *key)
{
    return (value->kind == PICKLE_TEXT || value->kind == PICKLE_BYTES) &&
           view_is(value->bytes, key);
}

const struct pickle *pickle_find(const struct pickle *dict, const char *key)
{
    if (dict == NULL || dict->kind != PICKLE_DICT || dict->count > ATTRIBUTES_MAX)
        return NULL;
    for (size_t i = dict->count; i-- > 0;)
        if (is_key(dict->item[2 * i], key))
            return dict->item[2 * i + 1];
    return NULL;
}

const struct pickle *pickle_attribute(const struct pickle *object, const char *name)
{
    if (object == NULL || object->kind != PICKLE_OBJECT)
        return NULL;
    const struct pickle *state = object->object->state;
    if (state == NULL || state->kind != PICKLE_TUPLE || state->count != 2)
        return pickle_find(state, name);
    /* (attributes, slots): what classes with __slots__ are saved as. */
    const struct pickle *slot = pickle_find(state->item[1], name);
    return slot != NULL ? slot : pickle_find(state->item[0], name);
}

const struct pickle *pickle_item(const struct pickle *value, size_t index)
{
    bool has_items = value != NULL && (value->kind == PICKLE_LIST || value->kind == PICKLE_TUPLE);
    return has_items && index < value->count ? value->item[index] : NULL;
}

const struct pickle *pickle_argument(const struct pickle *object, size_t index)
{
    if (object == NULL || object->kind != PICKLE_OBJECT)
        return NULL;
    return pickle_item(object->object->args, index);
}

bool pickle_is_none(const struct pickle *value)
{
    return value == NULL || value->kind == PICKLE_NONE;
}

bool pickle_is_text(const struct pickle *value, const char *text)
{
    return value != NULL && is_key(value, text);
}

bool pickle_is_true(const struct pickle *value, bool otherwise)
{
    return value != NULL && value->kind == PICKLE_BOOL ? value->truth : otherwise;
}

bool pickle_whole(const struct pickle *value, int64_t *out)
{
    if (value == NULL || value->kind != PICKLE_INT)
        return false;
    *out = value->whole;
    return true;
}

bool pickle_bytes(const struct pickle *value, struct view *out)
{
    if (value == NULL || (value->kind != PICKLE_BYTES && value->kind != PICKLE_TEXT))
        return false;
    *out = value->bytes;
    return true;
}

struct view pickle_describe(const struct pickle *value)
{
    static const char *const names[] = {
        [PICKLE_NONE] = "None",
        [PICKLE_BOOL] = "a bool",
        [PICKLE_INT] = "an int",
        [PICKLE_BIG] = "an int past 64 bits",
        [PICKLE_FLOAT] = "a float",
        [PICKLE_BYTES] = "bytes",
        [PICKLE_TEXT] = "a str",
        [PICKLE_LIST] = "a list",
        [PICKLE_TUPLE] = "a tuple",
        [PICKLE_SET] = "a set",
        [PICKLE_DICT] = "a dict",
        [PICKLE_GLOBAL] = "a class",
        [PICKLE_OBJECT] = "an object without a class",
    };
    struct view class = pickle_class(value);
    if (class.length > 0)
        return class;
    return view_of(value == NULL ? "nothing" : names[value->kind]);
}
