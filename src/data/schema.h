/*
 * schema: what columns a record has, and what may stand in each.
 *
 * One schema serves training and serving. Drafted by `assay init`, declared in
 * assay.yaml, completed by training (a category's values are those of the
 * training rows unless declared), and sealed in the bundle. A schema never
 * changes once a record has been read against it.
 *
 * A missing value is NaN from the door to the leaf. What spells "missing" is
 * declared per column; unless a column is `optional`, missing is an error that
 * names it.
 */
#ifndef DATA_SCHEMA_H
#define DATA_SCHEMA_H

#include "base/dictionary.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/json.h"
#include "base/scan.h"

enum column_kind {
#define KIND(kind, name, about) COLUMN_##kind,
#include "data/kinds.def"
#undef KIND
};

enum time_format { TIME_ISO, TIME_SECONDS, TIME_MILLISECONDS };

enum { SCHEMA_COLUMNS_MAX = 4096, COLUMN_VALUES_MAX = 65536, COLUMN_NAME_MAX = 256 };

struct expectation;

struct column {
    struct view name;
    enum column_kind kind;
    bool input;                 /* the model reads it; positional rows hold just these, in order */
    bool optional;              /* may be missing */
    const struct view *missing; /* texts that mean missing; the empty cell always does */
    size_t missing_count;
    struct dictionary values; /* CATEGORY, ORDINAL: index is code; empty: any, not yet learned */
    bool known_after;         /* declared: known only after the event; not kept in bundles */
    bool refuse_unseen;       /* a value outside `values` is an error, else code -1 */
    double min, max;          /* NUMBER, INTEGER: inclusive; NaN: no bound */
    enum time_format format;  /* TIMESTAMP */
    const struct expectation *expect; /* what its cells are held against: data/expectation.h */
    size_t expect_count;
};

/* What is asked of nearly every value: whether it is a number of the next column, and one that is
 * as it stands, whatever else is said of the column. */
struct usual {
    struct scan_key key;
    double least, greatest; /* NaN: no number is */
    bool whole;             /* and without a fraction */
};

struct schema {
    struct column *column;
    struct usual *usual; /* by column */
    size_t count;
    uint32_t *input; /* the columns with .input, in order */
    size_t input_count;
    struct dictionary names;
};

const char *kind_name(enum column_kind kind);
bool kind_find(struct view name, enum column_kind *out);
bool time_format_find(struct view name, enum time_format *out);
bool kind_is_coded(enum column_kind kind); /* category or ordinal: cells hold codes */

/* Numbers the columns and inputs once every column stands in `column`. Names are unique and at
 * most COLUMN_NAME_MAX bytes, or this fails. */
bool schema_init(struct schema *schema, struct column *column, size_t count, struct arena *arena,
                 struct err *err);

/* Again after a column's .input changed. */
void schema_take_inputs(struct schema *schema);

const struct column *schema_find(const struct schema *schema, struct view name); /* or NULL */

/* As a bundle's schema.json holds it, there and back. */
void schema_write(const struct schema *schema, struct json *json);
bool schema_read(struct schema *schema, const struct doc *doc, struct arena *arena,
                 struct err *err);

#endif
