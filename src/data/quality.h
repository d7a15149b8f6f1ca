/*
 * quality: rows held against what is expected of them, and counted.
 *
 * What is expected is what assay.yaml declares (data/expectation.h), and what follows from the
 * schema (each input's type, and its presence where it is required) and from a bundle's
 * constraints.json (completeness, signs, values), unless the same is declared.
 *
 *     struct quality_rules rules;
 *     struct quality quality;
 *     quality_rules_of(&rules, schema, constraints, arena, err)       constraints may be NULL
 *     quality_init(&quality, schema, &rules, arena, err)
 *     quality_file(&quality, "new.csv", size_max, arena, err)         or quality_table
 *     quality_passes(&quality, i)                                     by rule
 *
 * A cell that is missing is judged by not_null alone, one that the schema refuses by type alone: so
 * one fault is counted once.
 */
#ifndef DATA_QUALITY_H
#define DATA_QUALITY_H

#include "data/expectation.h"
#include "data/table.h"

enum { QUALITY_SHOWN = 5, QUALITY_VALUE_MAX = 64 };

struct quality_rule {
    uint32_t column; /* of the schema */
    const struct expectation *expectation;
};

struct quality_rules {
    struct quality_rule *rule; /* by column, declared ones first */
    size_t count;
};

/* ERR_LIMIT: more than EXPECTATIONS_MAX are declared; implied ones beyond that are left out. */
bool quality_rules_of(struct quality_rules *rules, const struct schema *schema,
                      const struct doc *constraints, struct arena *arena, struct err *err);

struct quality_tally {
    uint64_t judged, violations;
    size_t shown; /* the first offenders */
    size_t line[QUALITY_SHOWN];
    struct view value[QUALITY_SHOWN];
};

/* A column that is there and should not be, or the other way round. */
struct quality_column {
    struct view name;
    bool missing; /* else extra */
    bool required;
};

struct quality {
    const struct schema *schema;
    const struct quality_rules *rules;
    struct quality_tally *tally; /* by rule */
    struct dictionary *seen;     /* by rule: values that unique has met */
    uint32_t *first;             /* by column: its first rule; one more than columns */
    struct arena *arena;
    uint64_t rows, rows_failed; /* failed: at least one cell of it broke a rule */
    bool row_fails;
    struct quality_column *column; /* of a file: those that differ from the schema's */
    size_t columns;
};

bool quality_init(struct quality *quality, const struct schema *schema,
                  const struct quality_rules *rules, struct arena *arena, struct err *err);

/* A CSV, of which only a broken line is an error: everything else is counted. */
bool quality_file(struct quality *quality, const char *path, size_t size_max, struct arena *arena,
                  struct err *err);
bool quality_table(struct quality *quality, const struct table *table, struct err *err);

double quality_share(const struct quality_tally *tally); /* that held; 1 when none was judged */
bool quality_passes(const struct quality *quality, size_t rule);
/* Rules of severity error that fail, and required columns that are missing. */
size_t quality_errors(const struct quality *quality);

#endif
