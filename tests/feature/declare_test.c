#include "feature/fixture.h"

static const char columns[] = "data: {label: fraud}\n"
                              "columns:\n"
                              "  amount: {type: number}\n"
                              "  mean: {type: number}\n"
                              "  count: {type: integer, encode: none}\n"
                              "  state: {type: category}\n"
                              "  rank: {type: ordinal, order: [lo, hi]}\n"
                              "  flag: {type: boolean}\n"
                              "  at: {type: timestamp}\n"
                              "  who: {type: id}\n"
                              "  zip: {type: category, use: false}\n"
                              "  fraud: {type: integer}\n";

/* The columns above, then `more`, which begins on line 13. */
static bool declares(struct fitted *out, const char *more)
{
    char yaml[2048];
    snprintf(yaml, sizeof yaml, "%s%s", columns, more);
    return declare(out, yaml);
}

static void refuses(const char *more, const char *want)
{
    CLEANUP(fitted_release) struct fitted f;
    FAILS(declares(&f, more), f.err, ERR_INPUT);
    TEXT(view_of(f.err.text), want);
}

static void refuses_column(const char *column, const char *want)
{
    CLEANUP(fitted_release) struct fitted f;
    char yaml[512];
    snprintf(yaml, sizeof yaml, "columns:\n  b: {type: number}\n  a: {%s}\n", column);
    FAILS(declare(&f, yaml), f.err, ERR_INPUT);
    TEXT(view_of(f.err.text), want);
}

static const struct feature *feature(const struct fitted *f, const char *name)
{
    for (size_t i = 0; i < f->declared.plan.count; i++)
        if (view_is(f->declared.plan.feature[i].name, name))
            return &f->declared.plan.feature[i];
    return NULL;
}

TEST(each_column_is_a_feature_by_its_type)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declares(&f, ""), f.err);
    SAME(f.declared.plan.count, 5);
    TRUE(feature(&f, "amount")->transform == &transform_identity);
    TRUE(feature(&f, "state")->transform == &transform_one_hot);
    TRUE(feature(&f, "rank")->transform == &transform_ordinal);
    TRUE(feature(&f, "flag")->transform == &transform_identity);
    TRUE(feature(&f, "count") == NULL);
    TRUE(feature(&f, "at") == NULL);
    TRUE(feature(&f, "zip") == NULL);
    TRUE(feature(&f, "fraud") == NULL);
    TRUE(isnan(feature(&f, "amount")->fill));
}

TEST(a_column_no_feature_reads_stops_being_an_input)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declares(&f, "features: [{transform: hour, column: at}]\n"), f.err);
    TRUE(schema_find(&f.schema, VIEW("at"))->input);
    TRUE(!schema_find(&f.schema, VIEW("count"))->input);
    SAME(f.schema.input_count, 6);
}

TEST(an_input_read_only_as_the_other_column_stays_an_input)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declares(&f, "features: [{transform: ratio, column: amount, other: count}]\n"), f.err);
    TRUE(schema_find(&f.schema, VIEW("count"))->input);
}

TEST(encode_chooses_another_transform_of_the_column)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declare(&f, "columns: {a: {type: number, encode: log1p}, b: {type: category, encode: "
                      "frequency}, c: {type: timestamp, encode: weekday}}"),
          f.err);
    TRUE(feature(&f, "a")->transform == &transform_log1p);
    TRUE(feature(&f, "b")->transform == &transform_frequency);
    TRUE(feature(&f, "c")->transform == &transform_weekday);
}

TEST(a_feature_is_named_by_itself_or_by_its_parts)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declares(&f, "features:\n  - {transform: hour, column: at}\n"
                       "  - {transform: ratio, name: spread, column: amount, other: mean}\n"),
          f.err);
    TRUE(feature(&f, "at_hour")->transform == &transform_hour);
    const struct feature *spread = feature(&f, "spread");
    TEXT(f.schema.column[spread->column].name, "amount");
    TEXT(f.schema.column[spread->other].name, "mean");
    const struct feature *hour = feature(&f, "at_hour");
    SAME(hour->other, hour->column);
}

TEST(there_may_be_more_features_than_columns)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declare(&f, "columns: {at: {type: timestamp}}\n"
                      "features: [{transform: hour, column: at}, {transform: weekday, column: at}, "
                      "{transform: day, column: at}]\n"),
          f.err);
    SAME(f.declared.plan.count, 3);
    TRUE(feature(&f, "at_day")->transform == &transform_day);
}

TEST(imputations_are_read)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declare(&f, "columns: {a: {type: number, impute: mean}, b: {type: number, impute: "
                      "median}, c: {type: category, impute: mode}, d: {type: number, impute: -1}, "
                      "e: {type: category, impute: x}, f: {type: number, impute: none}}"),
          f.err);
    static const enum impute want[] = {IMPUTE_MEAN,     IMPUTE_MEDIAN,   IMPUTE_MODE,
                                       IMPUTE_CONSTANT, IMPUTE_CONSTANT, IMPUTE_NONE};
    for (size_t i = 0; i < LENGTH_OF(want); i++)
        SAME(f.declared.imputation[i].how, want[i]);
    NEAR(f.declared.imputation[3].constant, -1, 0);
    TEXT(f.declared.imputation[4].text, "x");
}

TEST(a_feature_that_cannot_be_is_refused_with_its_line)
{
    refuses("features: [{column: at}]\n",
            "assay.yaml line 13, column 12: a feature needs a transform and a column");
    refuses("features: [{transform: hour}]\n",
            "assay.yaml line 13, column 12: a feature needs a transform and a column");
    refuses("features:\n  -\n",
            "assay.yaml line 14, column 4: a feature needs a transform and a column");
    refuses("features: [{transform: minute, column: at}]\n",
            "assay.yaml line 13, column 12: no transform 'minute'; there are: identity, ordinal, "
            "one_hot, frequency, standardise, log1p, ratio, hour, weekday, day");
    refuses("features: [{transform: hour, column: when}]\n",
            "assay.yaml line 13, column 12: no column 'when' is declared");
    refuses("features: [{transform: hour, column: amount}]\n",
            "assay.yaml line 13, column 12: hour does not read number, which 'amount' is");
    refuses("features: [{transform: log1p, column: fraud}]\n",
            "assay.yaml line 13, column 12: the model may not read 'fraud'");
    refuses("features: [{transform: frequency, column: zip}]\n",
            "assay.yaml line 13, column 12: the model may not read 'zip'");
    refuses("features: [{transform: ratio, column: amount}]\n",
            "assay.yaml line 13, column 12: ratio reads 2 columns: name the second as 'other'");
    refuses("features: [{transform: hour, column: at, other: at}]\n",
            "assay.yaml line 13, column 12: hour reads 1 column");
    refuses("features: [{transform: ratio, column: amount, other: state}]\n",
            "assay.yaml line 13, column 12: ratio does not read category, which 'state' is");
    refuses("features: [{transform: ratio, column: amount, other: fraud}]\n",
            "assay.yaml line 13, column 12: the model may not read 'fraud'");
    refuses("features: [{transform: log1p, column: amount, impute: 1e39}]\n",
            "assay.yaml line 13, column 12: 'impute' is out of a float's range");
}

TEST(an_encoding_that_cannot_be_is_refused_with_its_line)
{
    refuses_column("type: number, encode: one_hot",
                   "assay.yaml line 3, column 3: one_hot does not read number, which 'a' is");
    refuses_column("type: number, encode: ratio",
                   "assay.yaml line 3, column 3: ratio reads two columns: put it under `features`");
    refuses_column("type: number, encode: x",
                   "assay.yaml line 3, column 3: no transform 'x'; there are: identity, ordinal, "
                   "one_hot, frequency, standardise, log1p, ratio, hour, weekday, day");
    refuses_column("type: id, encode: identity",
                   "assay.yaml line 3, column 3: 'a' is no input, so it has no encoding");
    refuses_column("type: number, use: false, encode: identity",
                   "assay.yaml line 3, column 3: 'a' is no input, so it has no encoding");
}

TEST(an_imputation_without_a_feature_is_refused)
{
    refuses_column("type: number, encode: none, impute: mean",
                   "assay.yaml line 3, column 43: 'a' is no feature by itself, so nothing is "
                   "imputed; a feature under `features` has an 'impute' of its own");
    refuses_column("type: number, use: false, impute: 0",
                   "assay.yaml line 3, column 41: 'a' is no feature by itself, so nothing is "
                   "imputed; a feature under `features` has an 'impute' of its own");
    CLEANUP(fitted_release) struct fitted f;
    WORKS(declare(&f, "columns: {a: {type: number}, b: {type: id, encode: none, impute: none}}"),
          f.err);
}
