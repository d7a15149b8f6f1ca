#include "feature/fixture.h"

/* One optional column `a` of this kind and imputation, filled where it is missing in the third row.
 * The last row does not train. */
static double filled(const char *kind, const char *impute, const char *csv, const char *wanted)
{
    CLEANUP(fitted_release) struct fitted f;
    char yaml[256];
    snprintf(yaml, sizeof yaml,
             "columns: {a: {type: %s, optional: true, impute: %s}, b: {type: id}}", kind, impute);
    WORKS(fit(&f, yaml, csv, wanted), f.err);
    return f.plan.feature[0].fill;
}

static const char numbers[] = "a,b\n1,x\n2,x\n,x\n2,x\n9,x\n1000,x\n";

TEST(fills_are_learned_from_the_training_rows_only)
{
    NEAR(filled("number", "mean", numbers, "111110"), 3.5, 1e-12);
    NEAR(filled("number", "median", numbers, "111110"), 2, 0);
    NEAR(filled("number", "mode", numbers, "111110"), 2, 0);
    NEAR(filled("number", "mean", numbers, "111111"), 1014.0 / 5, 1e-12);
    NEAR(filled("number", "median", numbers, "101010"), 5, 0); /* of 1 and 9 */
    NEAR(filled("number", "-7.5", numbers, "111110"), -7.5, 0);
    TRUE(isnan(filled("number", "none", numbers, "111110")));
}

TEST(of_equally_frequent_values_the_lowest_is_the_mode)
{
    NEAR(filled("number", "mode", "a,b\n5,x\n3,x\n5,x\n3,x\n1,x\n", "11111"), 3, 0);
    NEAR(filled("number", "mode", "a,b\n5,x\n-3,x\n4,x\n", "111"), -3, 0);
}

TEST(a_category_is_filled_by_its_mode_or_by_one_of_its_values)
{
    static const char csv[] = "a,b\nu,x\nw,x\n,x\nw,x\nz,x\nz,x\nz,x\n";
    NEAR(filled("category", "mode", csv, "1111100"), 1, 0); /* u w z: w */
    NEAR(filled("category", "mode", csv, "1111111"), 2, 0); /* z */
    NEAR(filled("category", "z", csv, "1111100"), 2, 0);
}

static void refuses(const char *yaml, const char *csv, const char *wanted, const char *want)
{
    CLEANUP(fitted_release) struct fitted f;
    FAILS(fit(&f, yaml, csv, wanted), f.err, ERR_INPUT);
    TEXT(view_of(f.err.text), want);
}

TEST(an_imputation_that_cannot_be_is_refused_with_its_line)
{
    refuses("columns:\n  a: {type: category, impute: mean}\n", "a\nu\n", "1",
            "line 2: 'a' has no mean or median: use mode");
    refuses("columns:\n  a: {type: category, impute: median}\n", "a\nu\n", "1",
            "line 2: 'a' has no mean or median: use mode");
    refuses("columns:\n  a: {type: category, impute: w}\n", "a\nu\nw\n", "10",
            "line 2: 'impute' of 'a': 'w' is none of the column's values");
    refuses("columns:\n  a: {type: number, impute: maen}\n", "a\n1\n", "1",
            "line 2: 'impute' of 'a' is none, mean, median, mode or a number, not 'maen'");
    refuses("columns:\n  a: {type: number, optional: true, impute: mean}\n  b: {type: id}\n",
            "a,b\n,x\n,x\n1,x\n", "110",
            "line 2: 'a' is missing in every training row: there is nothing to impute from");
    refuses("columns:\n  a: {type: number, optional: true, impute: mode}\n  b: {type: number}\n",
            "b\n1\n", "1",
            "line 2: 'a' is missing in every training row: there is nothing to impute from");
    refuses("columns:\n  a: {type: timestamp, encode: hour, impute: 1e30}\n", "a\n2025-01-01\n",
            "1", "line 2: 'impute' of 'a': no timestamp is '1e30'");
}

TEST(standardise_learns_mean_and_population_deviation)
{
    CLEANUP(fitted_release) struct fitted f;
    /* 2 4 4 4 5 5 7 9: mean 5, deviation 2 */
    WORKS(fit(&f, "columns: {a: {type: number, encode: standardise}}",
              "a\n2\n4\n4\n4\n5\n5\n7\n9\n1e6\n", "111111110"),
          f.err);
    NEAR(f.plan.feature[0].centre, 5, 1e-12);
    NEAR(f.plan.feature[0].scale, 2, 1e-12);
    NEAR(value(&f, 0, "a"), -1.5, 1e-6);
    NEAR(value(&f, 7, "a"), 2, 1e-6);
}

TEST(standardise_leaves_missing_cells_out_unless_they_are_filled)
{
    CLEANUP(fitted_release) struct fitted out, in;
    WORKS(fit(&out,
              "columns: {a: {type: number, encode: standardise, optional: true}, b: {type: "
              "id}}",
              "a,b\n0,x\n,x\n4,x\n,x\n", "1111"),
          out.err);
    NEAR(out.plan.feature[0].centre, 2, 0);
    NEAR(out.plan.feature[0].scale, 2, 0);
    TRUE(isnan(value(&out, 1, "a")));
    WORKS(fit(&in,
              "columns: {a: {type: number, encode: standardise, optional: true, impute: 10}, "
              "b: {type: id}}",
              "a,b\n0,x\n,x\n4,x\n,x\n", "1110"),
          in.err);
    NEAR(in.plan.feature[0].centre, 14.0 / 3, 1e-12);
    NEAR(in.plan.feature[0].scale, sqrt(152.0 / 9), 1e-12);
    NEAR(value(&in, 3, "a"), (10 - 14.0 / 3) / sqrt(152.0 / 9), 1e-6);
}

TEST(a_column_that_never_varies_is_only_centred)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f, "columns: {a: {type: number, encode: standardise}}", "a\n3\n3\n5\n", "110"),
          f.err);
    NEAR(f.plan.feature[0].scale, 0, 0);
    NEAR(value(&f, 0, "a"), 0, 0);
    NEAR(value(&f, 2, "a"), 2, 0);
}

TEST(frequency_learns_shares_of_all_training_rows)
{
    CLEANUP(fitted_release) struct fitted f;
    WORKS(fit(&f,
              "columns: {a: {type: category, encode: frequency, optional: true}, b: {type: "
              "id}}",
              "a,b\nu,x\nw,x\n,x\nw,x\nnew,x\n", "11110"),
          f.err);
    SAME(f.plan.feature[0].shares, 2);
    NEAR(value(&f, 0, "a"), 0.25, 0);
    NEAR(value(&f, 1, "a"), 0.5, 0);
    TRUE(isnan(value(&f, 2, "a")));
    NEAR(value(&f, 4, "a"), 0, 0); /* unseen */
}

TEST(rows_that_do_not_train_change_nothing)
{
    CLEANUP(fitted_release) struct fitted a, b;
    static const char yaml[] = "columns: {n: {type: number, encode: standardise}, c: {type: "
                               "category}, d: {type: category, encode: frequency}}";
    WORKS(fit(&a, yaml, "n,c,d\n1,u,p\n2,w,q\n3,u,q\n77,zz,r\n", "1110"), a.err);
    WORKS(fit(&b, yaml, "n,c,d\n1,u,p\n2,w,q\n3,u,q\n-8,aa,q\n", "1110"), b.err);
    struct text one = text_in_arena(&a.arena), other = text_in_arena(&b.arena);
    struct json x = json_to(&one), y = json_to(&other);
    plan_write(&a.plan, &x), schema_write(&a.schema, &x);
    plan_write(&b.plan, &y), schema_write(&b.schema, &y);
    TEXT(text_view(&one), text_c(&other));
}
