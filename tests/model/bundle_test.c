#include "model/bundle.h"

#include "base/file.h"
#include "harness.h"
#include "model/small_bundle.h"
#include "model/tar.h"

enum { PARTS_MAX = 12, BLOCK = 512, MEMORY = 64 << 20 };

struct part {
    struct view name, bytes;
};

/* A bundle taken apart: what lies between manifest and seal. */
struct apart {
    struct part part[PARTS_MAX];
    size_t count;
    const char *format;   /* 1 */
    const char *manifest; /* instead of the one that fits */
};

static struct view sealed(struct arena *arena)
{
    struct small_bundle small;
    struct err err = {0};
    struct view file;
    small_bundle_init(&small, arena);
    WORKS(bundle_seal(&small.parts, arena, &file, &err), err);
    return file;
}

static struct apart take_apart(struct view file)
{
    struct apart apart = {.format = "1"};
    struct view name, bytes;
    struct err err = {0};
    while (tar_next(&file, &name, &bytes, &err))
        if (!view_is(name, "manifest.json") && !view_is(name, "seal"))
            apart.part[apart.count++] = (struct part){name, bytes};
    SAME(err.kind, ERR_NONE);
    return apart;
}

static struct part *part_of(struct apart *apart, const char *name)
{
    for (size_t i = 0; i < apart->count; i++)
        if (view_is(apart->part[i].name, name))
            return &apart->part[i];
    FAIL_UNLESS(false, "there is no part %s", name);
    return NULL;
}

static void write_manifest(const struct apart *apart, struct text *text)
{
    text_addf(text, "{\"format\":%s,\"project\":\"p\",\"algorithm\":\"a\",\"parts\":[",
              apart->format);
    for (size_t i = 0; i < apart->count; i++) {
        struct digest digest = digest_of(apart->part[i].bytes);
        char hex[DIGEST_HEX_SIZE];
        text_addf(text, "%s{\"name\":\"%.*s\",\"size\":%zu,\"sha256\":\"%s\"}", i == 0 ? "" : ",",
                  VIEW_ARG(apart->part[i].name), apart->part[i].bytes.length,
                  digest_print(&digest, hex));
    }
    text_adds(text, "]}");
}

/* Together again, with a manifest and a seal that hold. */
static struct view put_together(const struct apart *apart, struct arena *arena)
{
    struct text file = text_in_arena(arena), manifest = text_in_arena(arena);
    if (apart->manifest != NULL)
        text_adds(&manifest, apart->manifest);
    else
        write_manifest(apart, &manifest);
    tar_add(&file, "manifest.json", text_view(&manifest));
    for (size_t i = 0; i < apart->count; i++)
        tar_add(&file, view_copy(apart->part[i].name, arena), apart->part[i].bytes);
    struct digest digest = digest_of(text_view(&file));
    char hex[DIGEST_HEX_SIZE];
    digest_print(&digest, hex);
    hex[DIGEST_HEX_SIZE - 1] = '\n';
    tar_add(&file, "seal", (struct view){hex, DIGEST_HEX_SIZE});
    tar_end(&file);
    assert(!file.cut && !manifest.cut);
    return text_view(&file);
}

static void refused(struct view file, const char *says)
{
    struct bundle bundle = {0};
    struct err err = {0};
    FAILS(bundle_open(&bundle, file, &err), err, ERR_MODEL);
    SAYS(err, says);
    TRUE(bundle.arena.block == NULL); /* nothing to release */
}

static void opens(struct view file)
{
    struct bundle bundle = {0};
    struct err err = {0};
    WORKS(bundle_open(&bundle, file, &err), err);
    bundle_release(&bundle);
}

/* A bundle whose one part is other text. */
static void refused_with(const char *part, const char *text, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct apart apart = take_apart(sealed(&arena));
    part_of(&apart, part)->bytes = view_of(text);
    refused(put_together(&apart, &arena), says);
}

/* The part's text with its first `from` made `to`. */
static struct view replaced(struct view text, const char *from, const char *to, struct arena *arena)
{
    const char *at = memmem(text.text, text.length, from, strlen(from));
    FAIL_UNLESS(at != NULL, "'%s' is not in the part", from);
    struct text out = text_in_arena(arena);
    text_add(&out, (struct view){text.text, (size_t)(at - text.text)});
    text_adds(&out, to);
    text_add(&out, view_from(text, (size_t)(at - text.text) + strlen(from)));
    return text_view(&out);
}

static void refused_replacing(const char *part, const char *from, const char *to, const char *says)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct apart apart = take_apart(sealed(&arena));
    struct part *one = part_of(&apart, part);
    one->bytes = replaced(one->bytes, from, to, &arena);
    refused(put_together(&apart, &arena), says);
}

TEST(what_was_sealed_opens_with_the_same_parts_and_margins)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small_bundle small;
    struct forest forest;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, &arena);
    WORKS(bundle_seal(&small.parts, &arena, &file, &err), err);
    WORKS(bundle_open(&bundle, file, &err), err);
    TEXT(bundle.project, "small");
    TEXT(bundle.algorithm, "xgboost");
    TEXT(bundle.paper[PAPER_evaluation], "{\"roc_auc\":0.9}");
    TEXT(bundle.paper[PAPER_lineage], "{\"seed\":1}");
    SAME(bundle.golden_count, SMALL_GOLDEN);
    SAME(bundle.schema.count, SMALL_COLUMNS);
    SAME(bundle.schema.input_count, SMALL_COLUMNS - 1);
    SAME(bundle.plan.width, SMALL_WIDTH);
    SAME(bundle.forest.tree_count, 6);
    TRUE(bundle.policy.threshold == 0.5F);
    struct digest digest = digest_of(file);
    TRUE(digest_same(&digest, &bundle.digest));

    WORKS(xgboost_parse(small.parts.model, &arena, &forest, &err), err);
    for (size_t i = 0; i < SMALL_GOLDEN; i++) {
        float before[SMALL_WIDTH], after[SMALL_WIDTH];
        struct cell cell[SMALL_COLUMNS];
        struct record record = small_record(&bundle.schema, small_row[i], cell);
        feature_apply(&small.plan, &small.golden[i], before);
        feature_apply(&bundle.plan, &record, after);
        TRUE(memcmp(before, after, sizeof before) == 0);
        float was = forest_margin(&forest, before), is = forest_margin(&bundle.forest, after);
        TRUE(memcmp(&was, &is, sizeof is) == 0);
    }
}

TEST(a_margin_of_a_bundle_is_that_of_its_trees_by_hand)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct err err = {0};
    struct cell cell[SMALL_COLUMNS];
    float row[SMALL_WIDTH];
    WORKS(bundle_open(&bundle, sealed(&arena), &err), err);
    struct record record = small_record(&bundle.schema, small_row[0], cell);
    feature_apply(&bundle.plan, &record, row);
    /* amount 250.5 >= 100: 2; hour 3 < 6: 0.75; theft is 1: 0.6; its share 0.7: -0.1; grade 2 >= 1:
     * 0.3; known 1: -0.7. They start at logit(0.25) = -log(3). */
    NEAR(forest_margin(&bundle.forest, row), -log(3) + 2 + 0.75 + 0.6 - 0.1 + 0.3 - 0.7, 1e-6);
}

TEST(the_same_parts_give_the_same_bytes_and_one_other_figure_gives_others)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct view first = sealed(&arena), second = sealed(&arena), third;
    TRUE(first.text != second.text && view_same(first, second));
    struct small_bundle small;
    struct err err = {0};
    small_bundle_init(&small, &arena);
    small.parts.policy.threshold = nextafterf(0.5F, 1);
    WORKS(bundle_seal(&small.parts, &arena, &third, &err), err);
    TRUE(!view_same(first, third));
}

TEST(the_members_stand_in_the_order_the_header_promises)
{
    static const char *const wanted[] = {"manifest.json",   "schema.json",  "plan.json",
                                         "model.json",      "policy.json",  "golden.json",
                                         "evaluation.json", "lineage.json", "seal"};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct view rest = sealed(&arena), name, bytes;
    struct err err = {0};
    for (size_t i = 0; i < LENGTH_OF(wanted); i++) {
        WORKS(tar_next(&rest, &name, &bytes, &err), err);
        TEXT(name, wanted[i]);
    }
    TRUE(!tar_next(&rest, &name, &bytes, &err) && err.kind == ERR_NONE);
}

TEST(a_model_as_ubj_is_called_model_ubj_and_scores_the_same)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, &arena);
    struct apart json = take_apart(sealed(&arena));
    small.parts.model = small_ubj(small.parts.model, UBJ_TYPED, &arena);
    WORKS(bundle_seal(&small.parts, &arena, &file, &err), err);
    struct apart ubj = take_apart(file);
    TEXT(ubj.part[2].name, "model.ubj");
    TRUE(view_same(part_of(&json, "golden.json")->bytes, part_of(&ubj, "golden.json")->bytes));
    WORKS(bundle_open(&bundle, file, &err), err);
    TRUE(view_same(bundle.model, small.parts.model));
}

TEST(evaluation_and_lineage_need_not_be_there)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, &arena);
    memset(small.parts.paper, 0, sizeof small.parts.paper);
    WORKS(bundle_seal(&small.parts, &arena, &file, &err), err);
    WORKS(bundle_open(&bundle, file, &err), err);
    SAME(bundle.paper[PAPER_evaluation].length, 0);
    SAME(take_apart(file).count, 5);
}

TEST(a_bundle_cut_at_any_byte_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct view file = sealed(&arena);
    for (size_t size = 0; size < file.length; size++) {
        char *cut = malloc(size + 1); /* its own bytes: reading past the cut is seen */
        memcpy(cut, file.text, size);
        struct bundle bundle = {0};
        struct err err = {0};
        bool accepted = bundle_open(&bundle, (struct view){cut, size}, &err);
        free(cut);
        FAIL_UNLESS(!accepted && err.kind == ERR_MODEL, "cut at %zu: %s", size, err.text);
    }
}

TEST(a_bundle_with_any_byte_changed_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct view file = sealed(&arena);
    char *bytes = arena_copy(&arena, file.text, file.length);
    static const char other[] = {1, 0x10, 0x20, (char)0x80};
    for (size_t at = 0; at < file.length; at++) {
        for (size_t i = 0; i < LENGTH_OF(other); i++) {
            bytes[at] = (char)(file.text[at] ^ other[i]);
            struct bundle bundle = {0};
            struct err err = {0};
            bool accepted = bundle_open(&bundle, (struct view){bytes, file.length}, &err);
            FAIL_UNLESS(!accepted && err.kind == ERR_MODEL, "byte %zu changed: %s", at, err.text);
        }
        bytes[at] = file.text[at];
    }
    opens((struct view){bytes, file.length});
}

/* With a manifest and a seal that hold, what is inside is on trial. */
TEST(a_resealed_bundle_whose_every_byte_of_a_part_changes_never_scores_otherwise)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct apart apart = take_apart(sealed(&arena));
    size_t accepted = 0, tried = 0;
    for (size_t i = 0; i < 5; i++) {
        struct view good = apart.part[i].bytes;
        for (size_t at = 0; at < good.length; at++) {
            CLEANUP(arena_release) struct arena scratch = {.limit = MEMORY};
            char *bytes = arena_copy(&scratch, good.text, good.length);
            bytes[at] = (char)(bytes[at] ^ 1);
            apart.part[i].bytes.text = bytes;
            struct bundle bundle = {0};
            struct err err = {0};
            tried++;
            if (bundle_open(&bundle, put_together(&apart, &scratch), &err)) {
                accepted++; /* what no golden record looks at: a bound, an unused gain */
                bundle_release(&bundle);
            } else {
                FAIL_UNLESS(err.kind == ERR_MODEL || err.kind == ERR_LIMIT, "part %zu byte %zu: %s",
                            i, at, err.text);
            }
        }
        apart.part[i].bytes = good;
    }
    FAIL_UNLESS(accepted < tried / 4, "%zu of %zu changes were accepted", accepted, tried);
    opens(put_together(&apart, &arena));
}

TEST(a_golden_margin_that_is_not_the_forests_is_refused_naming_the_record)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct err err = {0};
    struct view file = sealed(&arena);
    WORKS(bundle_open(&bundle, file, &err), err);
    for (size_t i = 0; i < SMALL_GOLDEN; i++) {
        float row[SMALL_WIDTH];
        struct cell cell[SMALL_COLUMNS];
        struct record record = small_record(&bundle.schema, small_row[i], cell);
        feature_apply(&bundle.plan, &record, row);
        float margin = forest_margin(&bundle.forest, row);
        struct text is = text_in_arena(&arena), other = text_in_arena(&arena);
        struct json json = json_to(&is);
        json_number(&json, (double)margin);
        json = json_to(&other);
        json_number(&json, (double)nextafterf(margin, 9)); /* one bit */
        struct apart apart = take_apart(file);
        struct part *golden = part_of(&apart, "golden.json");
        golden->bytes = replaced(golden->bytes, text_c(&is), text_c(&other), &arena);
        char says[64];
        snprintf(says, sizeof says, "golden.json: golden record %zu has the margin", i + 1);
        refused(put_together(&apart, &arena), says);
    }
}

TEST(a_golden_score_may_be_2_ulp_away_and_no_more)
{
    for (int ulps = 1; ulps <= 3; ulps++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        CLEANUP(bundle_release) struct bundle bundle = {0};
        struct err err = {0};
        struct view file = sealed(&arena);
        WORKS(bundle_open(&bundle, file, &err), err);
        float row[SMALL_WIDTH];
        struct cell cell[SMALL_COLUMNS];
        struct record record = small_record(&bundle.schema, small_row[0], cell);
        feature_apply(&bundle.plan, &record, row);
        float score = forest_predict(&bundle.forest, forest_margin(&bundle.forest, row));
        struct text is = text_in_arena(&arena), other = text_in_arena(&arena);
        struct json json = json_to(&is);
        json_number(&json, (double)score);
        for (int i = 0; i < ulps; i++)
            score = nextafterf(score, 9);
        json = json_to(&other);
        json_number(&json, (double)score);
        struct apart apart = take_apart(file);
        struct part *golden = part_of(&apart, "golden.json");
        golden->bytes = replaced(golden->bytes, text_c(&is), text_c(&other), &arena);
        if (ulps <= 2)
            opens(put_together(&apart, &arena));
        else
            refused(put_together(&apart, &arena), "golden record 1 has the score");
    }
}

TEST(another_verdict_than_sealed_is_refused)
{
    refused_replacing("golden.json", "\"fraud\": true", "\"fraud\": false",
                      "golden record 1 has another verdict");
    refused_replacing("policy.json", "0.5", "0.99", "has another verdict");
    refused_replacing("golden.json", "\"fraud\": false", "\"fraud\": null",
                      "true or false belongs");
}

TEST(other_documents_in_the_parts_are_refused_by_the_parts_name)
{
    refused_with("schema.json", "", "schema.json");
    refused_with("schema.json", "[]", "schema.json");
    refused_with("schema.json", "{\"columns\":[]}", "schema.json");
    refused_with("plan.json", "{}", "plan.json");
    refused_with("plan.json", "{\"features\":[]}", "plan.json");
    refused_with("plan.json", "{\"features\":[7]}", "plan.json: plan: feature 1");
    refused_with("model.json", "", "model.json");
    refused_with("model.json", "{}", "model.json");
    refused_with("policy.json", "{\"threshold\":\"0.5\"}", "policy.json");
    refused_with("policy.json", "{\"threshold\":1e300}",
                 "policy.json: the threshold is not finite");
    refused_with("golden.json", "", "golden.json");
    refused_with("golden.json", "[", "golden.json");
    refused_with("golden.json", "{}", "golden.json");
    refused_with("golden.json", "[7]", "golden.json");
    refused_with("golden.json", "[]]", "golden.json");
    refused_with("golden.json", "[] []", "golden.json");
    refused_with("golden.json", "[{}]", "golden.json");
    refused_with("golden.json", "[{\"record\":[]}]", "golden.json");
    refused_with("golden.json", "[{\"record\":[1,\"theft\",\"low\",true]}]", "golden.json");
    refused_with("golden.json", "[]", "golden.json: there is no golden record");
    refused_with("evaluation.json", "1, \"number\": 99", "evaluation.json");
    refused_with("evaluation.json", "[]", "evaluation.json: an object is expected");
    refused_with("evaluation.json", "{\"a\":[0,1}", "evaluation.json: ");
    refused_with("evaluation.json", "{\"a\":\"\\n\\ud800\"}", "evaluation.json: ");
    refused_with("lineage.json", "{} {}", "lineage.json");
    refused_with("lineage.json", "\x1b[31m", "lineage.json");
}

TEST(a_plan_that_does_not_make_what_the_forest_reads_is_refused)
{
    refused_replacing("plan.json", "\"r\"", "\"other\"",
                      "feature 13 is 'r' in the model, 'other' in the plan");
    refused_replacing("schema.json", "\"fire\"", "\"fires\"", "feature 3 is 'kind=fire'");
    refused_replacing("plan.json", "\"share\": [", "\"share\": [1,", "'share' has 4 numbers");
    refused_replacing("plan.json", "\"transform\": \"weekday\"", "\"transform\": \"weeknight\"",
                      "no transform is called 'weeknight'");
    refused_replacing("schema.json", "\"type\": \"ordinal\"", "\"type\": \"number\"", "plan.json");

    refused_replacing("plan.json",
                      ",\n    {\n      \"name\": \"r\",\n      \"transform\": \"ratio\",\n"
                      "      \"column\": \"amount\",\n      \"other\": \"amount\"\n    }",
                      "", "the model reads 13 features, the plan makes 12");

    /* One feature fewer. */
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, &arena);
    small.plan.count--;
    WORKS(plan_layout(&small.plan, &arena, &err), err);
    FAILS(bundle_seal(&small.parts, &arena, &file, &err), err, ERR_MODEL);
    SAYS(err, "the model reads 13 features, the plan makes 12");
}

TEST(a_bundle_of_another_format_is_refused_by_its_number)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct apart apart = take_apart(sealed(&arena));
    apart.format = "2";
    refused(put_together(&apart, &arena), "format 2");
    apart.format = "\"1\"";
    refused(put_together(&apart, &arena), "manifest.json");
}

TEST(a_part_that_is_missing_out_of_order_twice_or_unknown_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    const struct apart whole = take_apart(sealed(&arena));
    for (size_t i = 0; i < 5; i++) {
        struct apart apart = whole;
        char says[64];
        memmove(&apart.part[i], &apart.part[i + 1], (apart.count - i - 1) * sizeof apart.part[0]);
        apart.count--;
        snprintf(says, sizeof says, "is not there");
        refused(put_together(&apart, &arena), says);
    }
    struct apart apart = whole;
    apart.part[0] = whole.part[1], apart.part[1] = whole.part[0];
    refused(put_together(&apart, &arena), "'schema.json' does not belong here");
    apart = whole;
    apart.part[apart.count++] = whole.part[6];
    refused(put_together(&apart, &arena), "'lineage.json' does not belong here");
    apart = whole;
    apart.part[apart.count++] = (struct part){VIEW("run.sh"), VIEW("exit 1")};
    refused(put_together(&apart, &arena), "'run.sh' does not belong here");
    apart = whole;
    apart.part[apart.count++] = (struct part){VIEW("manifest.json"), VIEW("{}")};
    refused(put_together(&apart, &arena), "'manifest.json' does not belong here");
    apart = whole; /* both spellings of the model */
    memmove(&apart.part[3], &apart.part[2], 5 * sizeof apart.part[0]);
    apart.part[2].name = VIEW("model.ubj");
    apart.count++;
    refused(put_together(&apart, &arena), "does not belong here");
}

TEST(a_manifest_that_does_not_fit_the_parts_is_refused)
{
    static const char *const heads[] = {
        "",
        "[]",
        "{\"format\":1}",
        "{\"format\":1,\"project\":\"p\",\"algorithm\":\"a\"}",
        "{\"format\":1,\"project\":\"p\",\"algorithm\":\"a\",\"parts\":[]}",
        "{\"format\":1,\"project\":\"p\",\"algorithm\":\"a\",\"parts\":[1,2,3,4,5,6,7]}"};
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct apart apart = take_apart(sealed(&arena));
    for (size_t i = 0; i < LENGTH_OF(heads); i++) {
        apart.manifest = heads[i];
        refused(put_together(&apart, &arena), "manifest.json");
    }
    struct text text = text_in_arena(&arena), other = text_in_arena(&arena);
    write_manifest(&apart, &other);
    struct view size = replaced(text_view(&other), "\"size\":", "\"size\":1", &arena);
    apart.manifest = view_copy(size, &arena);
    refused(put_together(&apart, &arena), "schema.json is not what the manifest says");
    struct apart more = take_apart(sealed(&arena));
    more.part[more.count++] = (struct part){VIEW("seal2"), VIEW("")};
    write_manifest(&more, &text);
    apart.manifest = text_c(&text);
    refused(put_together(&apart, &arena), "the manifest names a part that is not there");
}

/* The seal covers what stands before it: an optional part behind it would be nobody's word. */
TEST(what_stands_after_the_seal_is_refused)
{
    static const char *const names[] = {"lineage.json", "seal"};
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
        struct apart apart = take_apart(sealed(&arena));
        struct text manifest = text_in_arena(&arena), file = text_in_arena(&arena);
        write_manifest(&apart, &manifest);
        apart.manifest = text_c(&manifest);
        struct part last = apart.part[--apart.count]; /* the manifest still names lineage.json */
        struct view whole = put_together(&apart, &arena);
        text_add(&file, (struct view){whole.text, whole.length - 2 * (size_t)BLOCK});
        tar_add(&file, names[i], last.bytes);
        tar_end(&file);
        refused(text_view(&file), "stands after the seal");
    }
}

TEST(what_is_no_bundle_says_so)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct text text = text_in_arena(&arena);
    tar_add(&text, "model.json", VIEW("{}"));
    tar_end(&text);
    refused(text_view(&text), "this is no Assay bundle");
    text.length = 0;
    tar_end(&text);
    refused(text_view(&text), "the file is empty");
    text.length = 0;
    tar_add(&text, "manifest.json", VIEW("{}"));
    tar_end(&text);
    refused(text_view(&text), "the file has no seal");
    refused(VIEW("line,fraud\n"), "cut short");
}

/* A forest of no trees starts and ends at -0: JSON must keep the sign. */
TEST(a_margin_of_minus_zero_survives_the_golden_records)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, &arena);
    struct small model = {.trees = SMALL_TREE("0", "1E2", "-0.0E0", "-0.0E0", "0"),
                          .param = "\"base_score\":\"5E-1\",\"num_class\":\"0\","
                                   "\"num_feature\":\"13\""};
    small.parts.model = small_json(&model, &arena);
    WORKS(bundle_seal(&small.parts, &arena, &file, &err), err);
    struct apart apart = take_apart(file);
    struct view golden = part_of(&apart, "golden.json")->bytes;
    TRUE(memmem(golden.text, golden.length, "\"margin\": -0", 12) != NULL);
}

TEST(a_bundle_loads_from_a_file_and_names_it_when_it_does_not)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct err err = {0};
    struct view file = sealed(&arena);
    const char *path = path_join(&arena, test_dir(), "whole.tar");
    const char *cut = path_join(&arena, test_dir(), "cut.tar");
    WORKS(file_save(path, file, &err), err);
    file.length -= BLOCK;
    WORKS(file_save(cut, file, &err), err);
    FAILS(bundle_load(&bundle, cut, &err), err, ERR_MODEL);
    SAYS(err, "cut.tar");
    TRUE(bundle.arena.block == NULL);
    FAILS(bundle_load(&bundle, path_join(&arena, test_dir(), "none.tar"), &err), err,
          ERR_NOT_FOUND);
    err = (struct err){0};
    WORKS(bundle_load(&bundle, path, &err), err);
    SAME(bundle.golden_count, SMALL_GOLDEN);
}

TEST(a_project_that_would_command_a_terminal_is_no_name)
{
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};
    struct view names[] = {VIEW("\x1b[2J"), VIEW(""), VIEW("a\nb"), VIEW("\x7f")};
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        struct small_bundle small;
        struct view file;
        struct err err = {0};
        small_bundle_init(&small, &arena);
        small.parts.project = names[i];
        FAILS(bundle_seal(&small.parts, &arena, &file, &err), err, ERR_MODEL);
        SAYS(err, "'project' is no name");
    }
}
