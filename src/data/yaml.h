/*
 * yaml: a small, strict YAML reader: maps, lists and scalars with their places.
 *
 * Only what a configuration needs, in UTF-8. Refused, with line and column:
 * anchors and aliases (no bombs), tags, a second document, a key that is not a
 * plain text, a key that stands twice in its map, U+0000. Scalars stay text; what
 * they mean is the key table's business (data/config.h), so `no` is the text "no".
 */
#ifndef DATA_YAML_H
#define DATA_YAML_H

#include "base/err.h"
#include "base/view.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

enum { YAML_DEPTH_MAX = 16, YAML_NODES_MAX = 200000, YAML_SIZE_MAX = 4 << 20 };

struct yaml {
    enum yaml_kind kind;
    struct view key;  /* its name, when its parent is a map */
    struct view text; /* YAML_SCALAR; NUL-terminated past the end */
    bool quoted;      /* "..." or '...': an empty one is a text, not nothing */
    size_t line, column;
    size_t count;
    struct yaml *first, *next;
};

/* NULL on an error (ERR_INPUT). An empty document is an empty map. */
MUST_USE struct yaml *yaml_parse(struct view text, struct arena *arena, struct err *err);

struct yaml *yaml_find(const struct yaml *map, const char *key); /* or NULL */

#endif
