/*
 * pickle: what a Python pickle says, as inert values.
 *
 * Python rebuilds a pickle by running it: it imports what it names and calls
 * it. Here nothing is imported, called or run. A call is kept as a value that
 * says what would have been called (PICKLE_OBJECT), and whoever wants a model
 * looks at the class's name and at the attributes it knows.
 *
 *     const struct pickle *root;
 *     if (!pickle_read(bytes, &arena, &root, &err))          model/pickle_read.h
 *         ...
 *     if (pickle_is(root, "sklearn.preprocessing._data.StandardScaler"))
 *         mean = pickle_attribute(root, "mean_");
 *
 * Values live in the arena they were read into; their texts and bytes point
 * into the file. Values may contain each other in a circle, as Python's can:
 * walk by name, or count your steps. None of the functions here recurses.
 */
#ifndef MODEL_PICKLE_H
#define MODEL_PICKLE_H

#include "base/err.h"
#include "base/view.h"

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_BIG, /* a whole number past 64 bits: that it is one is all that is kept */
    PICKLE_FLOAT,
    PICKLE_BYTES, /* bytes, bytearray, and Python 2's str */
    PICKLE_TEXT,  /* UTF-8, lone surrogates included */
    PICKLE_LIST,
    PICKLE_TUPLE,
    PICKLE_SET,
    PICKLE_DICT,
    PICKLE_GLOBAL, /* a class or a function, by its name */
    PICKLE_OBJECT, /* what calling something would have given */
};

struct pickle {
    enum pickle_kind kind;
    uint32_t count, room; /* items of a list, tuple or set; entries of a dict; else 0 */
    union {
        bool truth;
        int64_t whole;
        double number;
        struct view bytes;          /* BYTES, TEXT; GLOBAL: "module.name" */
        const struct pickle **item; /* LIST, TUPLE, SET; DICT: key, value, key, value */
        struct pickle_object *object;
    };
};

struct pickle_object {
    const struct pickle *callee; /* a GLOBAL nearly always */
    const struct pickle *args;   /* a TUPLE */
    const struct pickle *state;  /* what BUILD was given; NULL: nothing */
    struct pickle *list, *dict;  /* what was appended, what was set by key; or NULL */

    /* An array of joblib's stands in the file behind the object: its bytes, or a pickle. */
    struct view data;
    const struct pickle *inner;
};

enum { PICKLE_NAME_MAX = 512 }; /* of "module.name" */

/* The name of what a value is an object of, or of the global it is; "" for everything else. */
struct view pickle_class(const struct pickle *value);
bool pickle_is(const struct pickle *value, const char *class);

/* Whether the class is `package`.(anything.)`name`: where a class lies inside a package changes
 * between versions. */
bool pickle_is_in(const struct pickle *value, const char *package, const char *name);

/* These take NULL and values of other kinds, and then say NULL. A key that was set twice has its
 * last value, as in Python. */
const struct pickle *pickle_find(const struct pickle *dict, const char *key);
const struct pickle *pickle_attribute(const struct pickle *object, const char *name);
const struct pickle *pickle_item(const struct pickle *list_or_tuple, size_t index);
const struct pickle *pickle_argument(const struct pickle *object, size_t index);

/* NULL counts as None: what an older version did not write was not there. */
bool pickle_is_none(const struct pickle *value);
bool pickle_is_text(const struct pickle *value, const char *text);
bool pickle_is_true(const struct pickle *value, bool otherwise); /* `otherwise`: it is no bool */
bool pickle_whole(const struct pickle *value, int64_t *out);
bool pickle_bytes(const struct pickle *value, struct view *out); /* of BYTES and TEXT */

/* For messages: "a list", "None", or the class's name. */
struct view pickle_describe(const struct pickle *value);

#endif
