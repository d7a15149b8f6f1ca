#include "cli/draft.h"

#include "base/file.h"
#include "data/declare.h"
#include "feature/fit.h"
#include "harness.h"

enum { MEMORY = 64 << 20 };

/* A directory, a draft, and what the draft says when it is read as any assay.yaml. */
struct bench {
    struct arena arena;
    const char *dir, *from, *join;
    struct config config;
    struct schema schema;
    struct declared_plan plan;
};

static void bench_open(struct bench *bench, const char *first, const char *second)
{
    struct err err = {0};
    *bench = (struct bench){.arena = {.limit = MEMORY}};
    bench->dir = path_join(&bench->arena, test_dir(), "project");
    bench->from = path_join(&bench->arena, test_dir(), "first.csv");
    WORKS(dir_remove(bench->dir, &err), err);
    WORKS(file_save(bench->from, view_of(first), &err), err);
    if (second == NULL)
        return;
    bench->join = path_join(&bench->arena, test_dir(), "second.csv");
    WORKS(file_save(bench->join, view_of(second), &err), err);
}

static void bench_close(struct bench *bench)
{
    arena_release(&bench->arena);
}

static bool draft(struct bench *bench, const char *on, const char *label, struct err *err)
{
    char *said = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&said, &size);
    struct draft_options options = {
        .dir = bench->dir, .from = bench->from, .join = bench->join, .on = on, .label = label};
    bool ok = draft_project(&options, out, err);
    fclose(out);
    SAME(ok, size > 0); /* what was guessed is said, and only then */
    free(said);
    return ok;
}

/* The drafted file goes through the whole of what training does with it before it reads a row. */
static void drafts(struct bench *bench, const char *on, const char *label)
{
    struct err err = {0};
    WORKS(draft(bench, on, label, &err), err);
    const char *path = path_join(&bench->arena, bench->dir, "assay.yaml");
    WORKS(config_load(&bench->config, path, &bench->arena, &err), err);
    WORKS(declare_schema(&bench->config, &bench->arena, &bench->schema, &err), err);
    WORKS(plan_declare(&bench->config, &bench->schema, &bench->arena, &bench->plan, &err), err);
}

static void refuses(struct bench *bench, const char *on, const char *label, enum err_kind kind,
                    const char *says)
{
    struct err err = {0};
    FAILS(draft(bench, on, label, &err), err, kind);
    SAYS(err, says);
    TRUE(!file_exists(path_join(&bench->arena, bench->dir, "assay.yaml")));
}

static const struct column *column(const struct bench *bench, const char *name)
{
    const struct column *found = schema_find(&bench->schema, view_of(name));
    FAIL_UNLESS(found != NULL, "there is no column '%s'", name);
    return found;
}

TEST(types_are_guessed_from_every_row)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench,
               "claim_id,amount,count,kind,at,fraud\n"
               "c-1,1.5,1,Theft,2024-01-01T00:00:00Z,0\n"
               "c-2,2,2,None,2024-01-02T00:00:00Z,1\n"
               "c-3,3e2,-3,Fire,2024-01-03,0\n",
               NULL);
    drafts(&bench, NULL, NULL);
    SAME(column(&bench, "claim_id")->kind, COLUMN_ID);
    SAME(column(&bench, "amount")->kind, COLUMN_NUMBER);
    SAME(column(&bench, "count")->kind, COLUMN_INTEGER);
    SAME(column(&bench, "kind")->kind, COLUMN_CATEGORY);
    SAME(column(&bench, "at")->kind, COLUMN_TIMESTAMP);
    TRUE(!column(&bench, "claim_id")->input && !column(&bench, "fraud")->input);
    TRUE(column(&bench, "amount")->input && column(&bench, "kind")->input);
    TRUE(!column(&bench, "amount")->optional);
    TEXT(config_text(&bench.config, KEY_DATA_LABEL), "fraud");
    TEXT(config_text(&bench.config, KEY_DATA_POSITIVE), "1");
    TEXT(config_text(&bench.config, KEY_DATA_NEGATIVE), "0");
    TEXT(config_text(&bench.config, KEY_SPLIT_KIND), "random"); /* three days are too few */
}

TEST(words_for_missing_in_a_column_of_numbers_are_declared)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "a,b,c,d,fraud\n1,N/A,x,,0\n2,3,N/A,4,1\n?,5,None,5,0\nna,6,x,6,1\n", NULL);
    drafts(&bench, NULL, NULL);
    const struct column *a = column(&bench, "a");
    SAME(a->kind, COLUMN_INTEGER);
    SAME(a->missing_count, 2);
    TEXT(a->missing[0], "?");
    TEXT(a->missing[1], "na");
    TRUE(a->optional);
    TEXT(column(&bench, "b")->missing[0], "N/A");
    /* In a column of texts they are texts. */
    SAME(column(&bench, "c")->kind, COLUMN_CATEGORY);
    SAME(column(&bench, "c")->missing_count, 0);
    TRUE(!column(&bench, "c")->optional);
    TRUE(column(&bench, "d")->optional && column(&bench, "d")->missing_count == 0);
}

TEST(a_time_that_spans_120_days_splits_and_of_two_the_one_that_begins_last)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "at,x,fraud\n2024-01-01,1,0\n2024-04-30,2,1\n", NULL);
    drafts(&bench, NULL, NULL);
    TEXT(config_text(&bench.config, KEY_SPLIT_KIND), "time");
    TEXT(config_text(&bench.config, KEY_SPLIT_COLUMN), "at");
    bench_close(&bench);
    bench_open(&bench, "at,x,fraud\n2024-01-01,1,0\n2024-04-29,2,1\n", NULL); /* a day less */
    drafts(&bench, NULL, NULL);
    TEXT(config_text(&bench.config, KEY_SPLIT_KIND), "random");
    bench_close(&bench);
    bench_open(&bench, "born,at,fraud\n1970-01-01,2024-01-01,0\n2000-01-01,2024-04-30,1\n", NULL);
    drafts(&bench, NULL, NULL);
    TEXT(config_text(&bench.config, KEY_SPLIT_COLUMN), "at");
}

TEST(a_time_becomes_its_weekday_and_its_hour_when_it_has_one)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "at,day,fraud\n2024-01-01T10:00:00Z,2024-01-01,0\n2024-01-02,2024-01-02,1\n",
               NULL);
    drafts(&bench, NULL, NULL);
    size_t hours = 0, weekdays = 0;
    for (size_t i = 0; i < bench.plan.plan.count; i++) {
        const struct feature *feature = &bench.plan.plan.feature[i];
        hours += feature->transform == &transform_hour;
        weekdays += feature->transform == &transform_weekday;
    }
    SAME(hours, 1);
    SAME(weekdays, 2);
}

TEST(a_label_is_found_by_a_well_known_name_in_any_case)
{
    static const char *const names[] = {"fraud",       "is_fraud", "isFraud",        "Class",
                                        "FRAUD_LABEL", "TX_FRAUD", "fraud_reported", "label"};
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        CLEANUP(bench_close) struct bench bench;
        char csv[128];
        snprintf(csv, sizeof csv, "x,%s\n1,0\n2,1\n", names[i]);
        bench_open(&bench, csv, NULL);
        drafts(&bench, NULL, NULL);
        TEXT(config_text(&bench.config, KEY_DATA_LABEL), names[i]);
    }
}

TEST(a_file_whose_fields_stand_between_semicolons_is_told_from_one_without_a_label)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "x;fraud\n1;0\n2;1\n", NULL);
    refuses(&bench, NULL, NULL, ERR_INPUT, "the only column is 'x;fraud': commas are wanted");
}

TEST(a_label_by_another_name_must_be_said_and_must_have_two_values)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "x,bad,worse,single\n1,N,a,1\n2,Y,b,1\n3,N,c,1\n", NULL);
    refuses(&bench, NULL, NULL, ERR_USAGE, "--label says what was fraud");
    refuses(&bench, NULL, "none", ERR_USAGE, "there is no column 'none'");
    refuses(&bench, NULL, "worse", ERR_INPUT, "'worse' has 3 different values, two are wanted");
    refuses(&bench, NULL, "single", ERR_INPUT, "'single' has 1 different values");
    drafts(&bench, NULL, "bad");
    TEXT(config_text(&bench.config, KEY_DATA_POSITIVE), "Y");
    TEXT(config_text(&bench.config, KEY_DATA_NEGATIVE), "N");
    TRUE(!column(&bench, "bad")->input);
}

/* By spelling alone "legit" would be the later one. */
TEST(the_words_of_a_label_are_told_apart_by_what_they_mean)
{
    static const char *const pairs[][2] = {
        {"0", "1"},         {"false", "true"}, {"No", "Yes"},
        {"legit", "fraud"}, {"OK", "Fraud"},   {"normal", "fraudulent"},
        {"-1", "1"},        {"n", "y"},        {"genuine", "Fraudulent"}};
    for (size_t i = 0; i < LENGTH_OF(pairs); i++) {
        for (int turned = 0; turned < 2; turned++) {
            CLEANUP(bench_close) struct bench bench;
            char csv[128];
            snprintf(csv, sizeof csv, "x,fraud\n1,%s\n2,%s\n", pairs[i][turned],
                     pairs[i][1 - turned]);
            bench_open(&bench, csv, NULL);
            drafts(&bench, NULL, NULL);
            TEXT(config_text(&bench.config, KEY_DATA_POSITIVE), pairs[i][1]);
            TEXT(config_text(&bench.config, KEY_DATA_NEGATIVE), pairs[i][0]);
        }
    }
}

TEST(the_one_column_both_files_have_is_the_key)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "policy,x,fraud\np1,1,0\np2,2,1\n", "age,policy\n30,p1\n40,p2\n");
    drafts(&bench, NULL, NULL);
    const struct yaml *join = config_node(&bench.config, "data.join")->first;
    TEXT(config_item_text(join, KEY_JOIN_ON), "policy");
    TEXT(config_item_text(join, KEY_JOIN_FILE), bench.join);
    SAME(bench.schema.count, 4);
    TEXT(config_text(&bench.config, KEY_DATA_FILE), bench.from);
}

TEST(no_shared_column_or_two_must_be_settled_by_the_caller)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "policy,x,fraud\np1,1,0\np2,2,1\n", "age,id\n30,p1\n40,p2\n");
    refuses(&bench, NULL, NULL, ERR_INPUT, "share 0 columns");
    refuses(&bench, "policy", NULL, ERR_INPUT, "'policy'");
    bench_close(&bench);
    bench_open(&bench, "policy,x,fraud\np1,1,0\np2,2,1\n", "x,policy,age\n5,p1,30\n6,p2,40\n");
    refuses(&bench, NULL, NULL, ERR_INPUT, "share 2 columns");
    SAME(bench.schema.count, 0);
}

/* A join takes the key from both and every other column from one: a draft that trains cannot be
 * made of files that share more. */
TEST(a_second_column_of_one_name_is_refused_by_its_name_even_when_the_key_is_given)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "policy,x,fraud\np1,1,0\np2,2,1\n", "x,policy,age\n5,p1,30\n6,p2,40\n");
    refuses(&bench, "policy", NULL, ERR_INPUT, "'x'");
}

TEST(a_column_that_stands_twice_in_a_header_is_refused_by_its_name)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "a,a,fraud\n1,2,0\n1,2,1\n", NULL);
    refuses(&bench, NULL, NULL, ERR_INPUT, "'a'");
    bench_close(&bench);
    bench_open(&bench, "a,,fraud\n1,2,0\n1,2,1\n", NULL);
    refuses(&bench, NULL, NULL, ERR_INPUT, "column 2 has no name");
}

TEST(a_file_that_is_empty_ragged_or_a_header_alone_is_refused_with_its_place)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "", NULL);
    refuses(&bench, NULL, NULL, ERR_INPUT, "first.csv");
    bench_close(&bench);
    bench_open(&bench, "x,fraud\n", NULL);
    refuses(&bench, NULL, NULL, ERR_INPUT, "fraud");
    bench_close(&bench);
    bench_open(&bench, "x,fraud\n1,0\n1\n", NULL);
    refuses(&bench, NULL, NULL, ERR_INPUT, "line 3: 1 fields, the header has 2");
    bench_close(&bench);
    bench_open(&bench, "x,fraud\n1,\"0\n", NULL);
    refuses(&bench, NULL, NULL, ERR_INPUT, "quote is never closed");
    bench.from = "/no/such.csv";
    refuses(&bench, NULL, NULL, ERR_NOT_FOUND, "/no/such.csv");
}

TEST(names_and_values_that_yaml_would_misread_come_back_as_they_were)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench,
               "yes,null,a: b,#c,{d},-,1,\"q\"\"\",\xc3\xa9,~,@x,%y,fraud\n"
               "1,2,3,4,5,6,7,8,9,10,11,12,no\n"
               "1,2,3,4,5,6,7,8,9,10,11,12,\"y: [\"\"\"\n",
               NULL);
    drafts(&bench, NULL, NULL);
    static const char *const names[] = {"yes", "null", "a: b",     "#c", "{d}", "-",
                                        "1",   "q\"",  "\xc3\xa9", "~",  "@x",  "%y"};
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        SAME(column(&bench, names[i])->kind, COLUMN_INTEGER);
    TEXT(config_text(&bench.config, KEY_DATA_POSITIVE), "y: [\"");
    TEXT(config_text(&bench.config, KEY_DATA_NEGATIVE), "no");
}

TEST(a_draft_never_overwrites)
{
    CLEANUP(bench_close) struct bench bench;
    struct err err = {0};
    struct view bytes;
    bench_open(&bench, "x,fraud\n1,0\n2,1\n", NULL);
    const char *path = path_join(&bench.arena, bench.dir, "assay.yaml");
    WORKS(dir_make(bench.dir, &err), err);
    WORKS(file_save(path, VIEW("mine: 1\n"), &err), err);
    FAILS(draft(&bench, NULL, NULL, &err), err, ERR_CONFLICT);
    SAYS(err, "not overwritten");
    err = (struct err){0};
    FAILS(draft_save(bench.dir, "project: x\n", &err), err, ERR_CONFLICT);
    err = (struct err){0};
    WORKS(file_load(path, MEMORY, &bench.arena, &bytes, &err), err);
    TEXT(bytes, "mine: 1\n");
}

TEST(a_column_without_any_value_is_left_out_of_the_model)
{
    CLEANUP(bench_close) struct bench bench;
    bench_open(&bench, "x,empty,fraud\n1,,0\n2,,1\n", NULL);
    drafts(&bench, NULL, NULL);
    TRUE(!column(&bench, "empty")->input);
}
