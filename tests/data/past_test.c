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

#define TIMED                                                                                      \
    "columns:\n  id: {type: id}\n  at: {type: timestamp}\n  amount: {type: number}\n"              \
    "  fraud: {type: integer}\n"
static const char timed[] = "id,at,amount,fraud\na,2026-01-01,1,0\nb,2026-01-09,2,1\n"
                            "c,2026-01-03T00:00:01Z,3,0\nd,2026-01-10,4,0\ne,2026-01-03,5,1\n";

TEST(only_the_newest_days_are_read_when_asked)
{
    CLEANUP(project_release) struct project project = {0};
    WORKS(
        load(&project,
             "data: {file: claims.csv, label: fraud, newest_days: 7}\nsplit: {column: at}\n" TIMED,
             timed, ""),
        project.err);
    const struct table *table = &project.past.table;
    SAME(table->rows, 3);
    char number[32];
    TEXT(table_text(table, 0, 0, number), "b");
    TEXT(table_text(table, 0, 1, number), "c");
    TEXT(table_text(table, 0, 2, number), "d");
    NEAR(table->series[2].number[1], 3, 0);
    SAME(table->line[1], 4);
    SAME(project.past.frauds, 1);
    SAME(project.past.label[0], 1);
}

TEST(the_newest_days_need_to_know_when)
{
    CLEANUP(project_release) struct project project = {0};
    FAILS(load(&project,
               "data: {file: claims.csv, label: fraud, newest_days: 7}\nsplit: {column: "
               "amount}\n" TIMED,
               timed, ""),
          project.err, ERR_INPUT);
    SAYS(project.err, "data.newest_days needs split.column");
}
