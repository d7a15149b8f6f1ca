#include "data/past.h"

#include "base/file.h"
#include "data/declare.h"
#include "harness.h"

/* A project of two tables in a fresh directory, loaded. */
struct project {
    struct arena arena;
    struct config config;
    struct schema schema;
    struct past past;
    struct err err;
};

static void project_release(struct project *project)
{
    arena_release(&project->arena);
}

static void put(const char *name, const char *text)
{
    struct err err = {0};
    char path[400];
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    WORKS(file_save(path, view_of(text), &err), err);
}

static bool load(struct project *project, const char *yaml, const char *claims,
                 const char *customers)
{
    *project = (struct project){.arena = {.limit = 64 << 20}};
    put("assay.yaml", yaml);
    put("claims.csv", claims);
    put("customers.csv", customers);
    const char *path = path_join(&project->arena, test_dir(), "assay.yaml");
    return config_load(&project->config, path, &project->arena, &project->err) &&
           declare_schema(&project->config, &project->arena, &project->schema, &project->err) &&
           past_load(&project->past, &project->config, &project->schema, &project->arena,
                     &project->err);
}

#define COLUMNS                                                                                    \
    "columns:\n  id: {type: id}\n  amount: {type: number}\n  age: {type: integer}\n"               \
    "  fraud: {type: integer}\n"

static const char yaml[] = "data:\n  file: claims.csv\n  label: fraud\n  join:\n"
                           "    - {file: customers.csv, on: id}\n" COLUMNS;

TEST(two_tables_are_joined_labelled_and_their_join_is_remembered)
{
    CLEANUP(project_release) struct project p;
    WORKS(load(&p, yaml, "id,amount,fraud\na,1,0\nb,2,1\na,3,0\n", "id,age\na,30\nb,40\nc,50\n"),
          p.err);
    SAME(p.past.table.rows, 3);
    SAME(p.past.frauds, 1);
    SAME(p.past.label[1], 1);
    SAME(p.past.joins, 1);
    TEXT(p.past.join[0].key, "id");
    SAME(p.past.join[0].audit.left_keys, 2);
    SAME(p.past.join[0].audit.unused_right, 1);
}

TEST(a_past_of_one_class_teaches_nothing_and_is_refused)
{
    CLEANUP(project_release) struct project p;
    FAILS(load(&p, yaml, "id,amount,fraud\na,1,0\nb,2,0\n", "id,age\na,30\nb,40\n"), p.err,
          ERR_INPUT);
    SAYS(p.err, "all 2 labels");
    SAYS(p.err, "legitimate");
}

TEST(a_past_without_a_file_or_a_label_says_which_key_is_missing)
{
    CLEANUP(project_release) struct project no_file, no_label;
    FAILS(load(&no_file, "data: {label: fraud}\n" COLUMNS, "", ""), no_file.err, ERR_INPUT);
    SAYS(no_file.err, "data.file");
    FAILS(load(&no_label, "data: {file: claims.csv}\n" COLUMNS, "", ""), no_label.err, ERR_INPUT);
    SAYS(no_label.err, "data.label");
}

TEST(a_join_without_its_key_is_refused_with_its_line)
{
    CLEANUP(project_release) struct project p;
    FAILS(load(&p,
               "data:\n  file: claims.csv\n  label: fraud\n  join:\n    - {file: "
               "customers.csv}\n" COLUMNS,
               "id,amount,fraud\na,1,0\nb,2,1\n", "id,age\na,30\n"),
          p.err, ERR_INPUT);
    SAYS(p.err, "line 5");
    SAYS(p.err, "'on'");
}

TEST(an_input_that_neither_table_has_is_named)
{
    CLEANUP(project_release) struct project p;
    FAILS(load(&p, yaml, "id,amount,fraud\na,1,0\nb,2,1\n", "id\na\nb\n"), p.err, ERR_INPUT);
    SAYS(p.err, "'age'");
}
