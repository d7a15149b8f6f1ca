/*
 * guess: what kind of column each of a CSV's is, from every row.
 *
 * `assay init` drafts an assay.yaml from it, and a file that has none is read by it.
 */
#ifndef CLI_GUESS_H
#define CLI_GUESS_H

#include "data/csv.h"
#include "data/schema.h"

enum { GUESS_MEMORY_MAX = 2000000000 };

/* What is known of one column after every row was looked at. */
struct guess {
    struct view name;
    size_t rows, empty, tokens; /* cells; of them empty, and spelled like "N/A" */
    struct dictionary token;    /* the spellings met */
    bool numbers, integers, instants;
    struct dictionary values; /* distinct ones, up to VALUES_LOOKED_AT */
    int64_t first_ms, last_ms;
    bool has_hours;  /* some instant is not at midnight */
    bool exact;      /* whole numbers, if it has such, are told apart as doubles */
    bool key;        /* the two files are joined on it */
    size_t count[2]; /* cells of the first two values met */
};

/* Of one file or several, their columns one after the other. Large: keep it off the stack. */
struct guesses {
    struct arena arena;
    struct guess guess[CSV_FIELDS_MAX];
    size_t count;
    size_t rows;
};

/* Adds the columns of one file more. */
bool guess_file(struct guesses *guesses, const char *path, struct err *err);

struct guess *guess_find(struct guesses *guesses, struct view name); /* or NULL */
enum column_kind guess_kind(const struct guess *guess);

/* The schema of one file: what spells "missing" in it, and nothing required. In the arena. */
bool guess_schema(const char *path, struct arena *arena, struct schema *out, struct err *err);

#endif
