/*
 * expectation: what a column's cells are held against, in files and in live records.
 *
 * Declared in assay.yaml under a column's `expect`, kept in the bundle's schema.json beside the
 * column; each kind is a row of data/expectations.def. A missing cell breaks not_null and nothing
 * else; a cell that the schema refuses breaks type and nothing else.
 *
 *     struct expectation expectation;
 *     expectation_make(&spec, &column, arena, &expectation, err)
 *     expectation_holds(&expectation, &cell)      of a cell that is there; never allocates
 *
 * `mostly` is the share of the cells that must hold. unique needs all rows at once and is judged in
 * files alone (data/quality.h).
 */
#ifndef DATA_EXPECTATION_H
#define DATA_EXPECTATION_H

#include "data/pattern.h"
#include "data/record.h"

enum {
    EXPECTATIONS_MAX = 1024, /* of a schema, implied ones among them */
    EXPECTATION_SET_MAX = 4096,
    EXPECTATION_NAME_MAX = 64,
};

enum expect_severity { EXPECT_INFO, EXPECT_WARN, EXPECT_ERROR, EXPECT_SEVERITIES };
extern const char *const expect_severity_names[EXPECT_SEVERITIES];

struct expectation_kind;

struct expectation {
    const struct expectation_kind *kind;
    struct view name; /* the kind's, unless another was given */
    enum expect_severity severity;
    double mostly;
    bool implied; /* nobody declared it: it follows from the schema or the bundle's constraints */
    bool numeric; /* the column's cells are numbers, and so are the bounds and the set */
    double low, high;        /* between, inclusive; infinite: no bound */
    struct dictionary words; /* in_set of texts */
    double *number;          /* in_set of numbers, ascending */
    size_t numbers;
    struct pattern pattern;
    struct expectation_spec *spec; /* as it was said */
};

/* As it is said, in YAML or JSON. Texts outlive the expectation. */
struct expectation_spec {
    struct view check, name, severity; /* an empty name or severity: the kind's, error */
    double mostly;
    struct view min, max, pattern; /* empty: none */
    const struct view *set;
    size_t set_count;
};

enum expectation_part { EXPECTS_BOUNDS = 1, EXPECTS_SET = 2, EXPECTS_PATTERN = 4 };

struct expectation_kind {
    const char *name, *about;
    unsigned needs; /* of enum expectation_part */
    bool live;      /* one record is enough to judge it */
    bool (*make)(const struct expectation_spec *spec, const struct column *column,
                 struct arena *arena, struct expectation *out, struct err *err);
    /* NULL: it is not the cell's value that is judged. */
    bool (*holds)(const struct expectation *expectation, const struct cell *cell);
};

enum {
#define EXPECTATION(name) EXPECTATION_##name,
#include "data/expectations.def"
#undef EXPECTATION
    EXPECTATION_KINDS,
};

extern const struct expectation_kind *const expectation_kinds[EXPECTATION_KINDS];

#define EXPECTATION(name) extern const struct expectation_kind expectation_##name;
#include "data/expectations.def"
#undef EXPECTATION

/* ERR_INPUT says what is wrong with it. The spec is copied, its texts are not. */
bool expectation_make(const struct expectation_spec *spec, const struct column *column,
                      struct arena *arena, struct expectation *out, struct err *err);

/* Of a cell that is there and of the column's type; true for kinds that judge something else. */
bool expectation_holds(const struct expectation *expectation, const struct cell *cell);

/* A column's, as schema.json holds them: a list of objects. */
void expectations_write(const struct expectation *expectation, size_t count, struct json *json);
bool expectations_read(const struct doc *list, const struct column *column, struct arena *arena,
                       const struct expectation **out, size_t *count, struct err *err);

#endif
