/*
 * doc: whole JSON documents, read by jansson into an arena.
 *
 * For configuration, models' metadata, bundles' parts and contracts' odd
 * corners: everything but the scoring path (base/scan.h) and forests. Strict:
 * duplicate keys, bad UTF-8, numbers out of range and text after the end are
 * refused, with line and column.
 *
 *     const struct doc *doc = doc_parse(bytes, arena, err);
 *     struct view name;
 *     if (doc == NULL || !doc_need_text(doc, "name", &name, err))
 *         return err_while(err, "manifest.json");
 *     for (const struct doc *part = doc_find(doc, "parts")->first; part; part = part->next)
 *         ...
 */
#ifndef BASE_DOC_H
#define BASE_DOC_H

#include "base/err.h"
#include "base/view.h"

enum doc_kind {
    DOC_NULL,
    DOC_FALSE,
    DOC_TRUE,
    DOC_NUMBER,
    DOC_TEXT,
    DOC_LIST,
    DOC_OBJECT,
};

/* Lives in the arena it was parsed into, as do its views. */
struct doc {
    enum doc_kind kind;
    struct view key;  /* its name, when its parent is an object */
    struct view text; /* DOC_TEXT; NUL-terminated past the end */
    double number;    /* DOC_NUMBER */
    size_t count;     /* members of a list or object, which follow from `first` by `next` */
    const struct doc *first, *next;
};

MUST_USE const struct doc *doc_parse(struct view text, struct arena *arena, struct err *err);
MUST_USE const struct doc *doc_load(const char *path, size_t size_max, struct arena *arena,
                                    struct err *err);

/* NULL when `object` is NULL, no object, or has no such key. */
const struct doc *doc_find(const struct doc *object, const char *key);

/* These fail with ERR_INPUT and name the key. */
bool doc_need(const struct doc *object, const char *key, enum doc_kind kind, const struct doc **out,
              struct err *err);
bool doc_need_text(const struct doc *object, const char *key, struct view *out, struct err *err);
bool doc_need_number(const struct doc *object, const char *key, double *out, struct err *err);
/* A whole number in [0, max]. */
bool doc_need_count(const struct doc *object, const char *key, size_t max, size_t *out,
                    struct err *err);
bool doc_need_bool(const struct doc *object, const char *key, bool *out, struct err *err);

#endif
