/*
 * fixture: configurations, schemas and files that tests of data and feature begin with.
 *
 *     struct config config = config_from("columns: {amount: {type: number}}", &arena);
 *     struct schema schema = schema_from("{amount: {type: number}, who: {type: id}}", &arena);
 *     const char *path = file_with("claims.csv", "amount,who\n1,ann\n", &arena);
 *
 * What does not work ends the test that asked.
 */
#ifndef TESTS_DATA_FIXTURE_H
#define TESTS_DATA_FIXTURE_H

#include "harness.h"

#include "base/file.h"
#include "data/declare.h"
#include "data/table.h"

static inline struct config config_from(const char *yaml, struct arena *arena)
{
    struct config config;
    struct err err = {0};
    config_init(&config, arena);
    WORKS(config_parse(&config, view_of(yaml), &err), err);
    return config;
}

/* Whether the text is refused as a configuration, and how. */
static inline struct err config_fault(const char *yaml)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct config config;
    struct err err = {0};
    config_init(&config, &arena);
    FAILS(config_parse(&config, view_of(yaml), &err), err, ERR_INPUT);
    return err;
}

/* The schema whose `columns` are the flow map `columns`. The label is the column "fraud". */
static inline struct schema schema_from(const char *columns, struct arena *arena)
{
    struct text yaml = text_in_arena(arena);
    text_addf(&yaml, "data: {label: fraud}\ncolumns:\n  %s\n", columns);
    struct config config = config_from(text_c(&yaml), arena);
    struct schema schema;
    struct err err = {0};
    WORKS(declare_schema(&config, arena, &schema, &err), err);
    return schema;
}

static inline const char *file_of(const char *name, struct view bytes, struct arena *arena)
{
    struct err err = {0};
    const char *path = path_join(arena, test_dir(), name);
    WORKS(file_save(path, bytes, &err), err);
    return path;
}

static inline const char *file_with(const char *name, const char *text, struct arena *arena)
{
    return file_of(name, view_of(text), arena);
}

static inline struct table table_from(const struct schema *schema, const char *name,
                                      const char *text, struct arena *arena)
{
    struct table table;
    struct err err = {0};
    WORKS(table_load(&table, schema, file_with(name, text, arena), 16 << 20, arena, &err), err);
    return table;
}

#endif
