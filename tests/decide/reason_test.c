#include "decide/reason.h"

#include "harness.h"
#include "model/shap.h"
#include "model/small_bundle.h"

enum { MEMORY = 64 << 20 };

/* Every allocation of this process comes by here; a sanitizer has its own. */
static size_t allocations;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}
#endif

/* Columns of the small bundle. */
enum { AMOUNT, KIND, GRADE, KNOWN, AT, CUSTOMER };

static struct arena *arena_of_test(void)
{
    static struct arena arena = {.limit = MEMORY};
    arena_reset(&arena);
    return &arena;
}

static const struct schema *schema_of_test(struct arena *arena)
{
    static struct small_bundle small;
    small_bundle_init(&small, arena);
    return &small.schema;
}

static struct reason_book book_of(const char *paper)
{
    struct arena *arena = arena_of_test();
    struct reason_book book;
    struct err err = {0};
    WORKS(reason_book_read(&book, schema_of_test(arena), view_of(paper), arena, &err), err);
    return book;
}

static void refused(const char *paper, const char *says)
{
    struct arena *arena = arena_of_test();
    struct reason_book book;
    struct err err = {0};
    FAILS(reason_book_read(&book, schema_of_test(arena), view_of(paper), arena, &err), err,
          ERR_INPUT);
    SAYS(err, says);
}

TEST(what_raises_the_margin_most_comes_first_and_what_lowers_it_never)
{
    struct reason_book book = book_of("");
    double column[SMALL_COLUMNS] = {[AMOUNT] = 1, [KIND] = -5, [GRADE] = 3, [AT] = 0.5};
    double group[SMALL_COLUMNS];
    struct reason reason[REASONS_MAX];
    SAME(reasons_of(&book, column, group, reason), 3);
    TEXT(reason[0].code, "grade");
    TEXT(reason[0].text, "grade");
    TEXT(reason[1].code, "amount");
    TEXT(reason[2].code, "at");
    NEAR(reason[0].contribution, 3, 0);
    NEAR(reason[0].share, 3 / 4.5, 1e-15);
    double none[SMALL_COLUMNS] = {-1, -2, 0, 0, 0, 0};
    SAME(reasons_of(&book, none, group, reason), 0);
}

TEST(what_is_below_the_floors_share_of_all_that_raises_is_no_reason)
{
    struct reason_book book = book_of("{\"most\":4,\"floor\":0.1,\"columns\":{}}");
    double group[SMALL_COLUMNS];
    struct reason reason[REASONS_MAX];
    double column[SMALL_COLUMNS] = {[AMOUNT] = 8.9, [KIND] = 1, [GRADE] = 0.1, [KNOWN] = -20};
    SAME(reasons_of(&book, column, group, reason), 2); /* 1 of 10 is the floor itself */
    column[KIND] = 0.9;
    SAME(reasons_of(&book, column, group, reason), 1);
}

TEST(no_more_reasons_are_given_than_are_wanted_and_the_largest_stay)
{
    struct reason_book book = book_of("{\"most\":2,\"floor\":0,\"columns\":{}}");
    double group[SMALL_COLUMNS];
    struct reason reason[REASONS_MAX];
    double rising[SMALL_COLUMNS] = {1, 2, 3, 4, 5, 6}, falling[SMALL_COLUMNS] = {6, 5, 4, 3, 2, 1};
    SAME(reasons_of(&book, rising, group, reason), 2);
    TEXT(reason[0].code, "customer");
    TEXT(reason[1].code, "at");
    SAME(reasons_of(&book, falling, group, reason), 2);
    TEXT(reason[0].code, "amount");
    TEXT(reason[1].code, "kind");
    double even[SMALL_COLUMNS] = {1, 1, 1, 1, 1, 1};
    SAME(reasons_of(&book, even, group, reason), 2);
    TEXT(reason[0].code, "amount"); /* equal ones in the schema's order */
    TEXT(reason[1].code, "kind");
}

TEST(columns_with_one_code_are_one_reason)
{
    struct reason_book book =
        book_of("{\"most\":4,\"floor\":0.05,\"columns\":{"
                "\"amount\":{\"code\":\"R01\",\"text\":\"The amount is unusual\"},"
                "\"grade\":{\"code\":\"R01\",\"text\":\"The amount is unusual\"},"
                "\"kind\":{\"code\":\"R02\"},\"known\":{\"text\":\"New here\"}}}");
    double group[SMALL_COLUMNS];
    struct reason reason[REASONS_MAX];
    double column[SMALL_COLUMNS] = {[AMOUNT] = 3, [GRADE] = -1, [KIND] = 2.5, [KNOWN] = 0.5};
    SAME(reasons_of(&book, column, group, reason), 3);
    TEXT(reason[0].code, "R02");
    TEXT(reason[0].text, "R02");
    TEXT(reason[1].code, "R01");
    TEXT(reason[1].text, "The amount is unusual");
    NEAR(reason[1].contribution, 2, 0);
    NEAR(reason[1].share, 0.4, 1e-15);
    TEXT(reason[2].code, "known");
    TEXT(reason[2].text, "New here");
}

TEST(a_paper_that_makes_no_sense_is_refused_by_what_is_wrong_with_it)
{
    refused("{\"most\":0,\"floor\":0,\"columns\":{}}", "'most'");
    refused("{\"most\":11,\"floor\":0,\"columns\":{}}", "most");
    refused("{\"most\":4,\"floor\":1,\"columns\":{}}", "'floor'");
    refused("{\"most\":4,\"floor\":-0.1,\"columns\":{}}", "'floor'");
    refused("{\"most\":4,\"floor\":0}", "columns");
    refused("{\"most\":4,\"floor\":0,\"columns\":{\"colour\":{}}}", "'colour' is no column");
    refused("{\"most\":4,\"floor\":0,\"columns\":{\"kind\":7}}", "'kind' has no code");
    refused("{\"most\":4,\"floor\":0,\"columns\":{\"kind\":{\"code\":\"\"}}}",
            "the code of 'kind'");
    refused("{\"most\":4,\"floor\":0,\"columns\":{\"kind\":{\"text\":\"a\\u0007\"}}}",
            "the text of 'kind'");
    refused("{\"most\":4,\"floor\":0,\"columns\":{\"kind\":{\"code\":\"R\",\"text\":\"a\"},"
            "\"grade\":{\"code\":\"R\",\"text\":\"b\"}}}",
            "the code 'R' has two texts, 'a' and 'b'");
}

static void open_with(struct view paper, struct arena *arena, struct bundle *bundle)
{
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, arena);
    small.parts.paper[PAPER_reasons] = paper;
    WORKS(bundle_seal(&small.parts, arena, &file, &err), err);
    WORKS(bundle_open(bundle, file, &err), err);
}

TEST(reasons_travel_in_the_bundle_and_a_damaged_paper_is_a_damaged_model)
{
    struct arena *arena = arena_of_test();
    struct reason_book book;
    struct err err = {0};
    {
        CLEANUP(bundle_release) struct bundle bundle = {0};
        open_with(VIEW("{\"most\":1,\"floor\":0.2,\"columns\":{\"amount\":{\"code\":\"A\"}}}"),
                  arena, &bundle);
        WORKS(reason_book_open(&book, &bundle, arena, &err), err);
        SAME(book.most, 1);
        NEAR(book.floor, 0.2, 0);
        TEXT(book.group[book.group_of[AMOUNT]].code, "A");
    }
    CLEANUP(bundle_release) struct bundle bundle = {0};
    open_with(VIEW("{\"most\":1}"), arena, &bundle);
    FAILS(reason_book_open(&book, &bundle, arena, &err), err, ERR_MODEL);
    SAYS(err, "reasons.json");
}

TEST(all_features_of_a_column_are_added_up)
{
    struct arena *arena = arena_of_test();
    CLEANUP(bundle_release) struct bundle bundle = {0};
    double phi[SMALL_WIDTH], column[SMALL_COLUMNS], sum = 0;
    open_with((struct view){0}, arena, &bundle);
    for (size_t f = 0; f < SMALL_WIDTH; f++) {
        phi[f] = 1 << f;
        sum += phi[f];
    }
    reason_columns(&bundle.plan, phi, column);
    for (size_t i = 0; i < SMALL_COLUMNS; i++)
        sum -= column[i];
    NEAR(sum, 0, 0);
    /* kind=fire, kind=theft, kind=other, kind_share: features 2 to 5. */
    NEAR(column[KIND], 4 + 8 + 16 + 32, 0);
    NEAR(column[CUSTOMER], 0, 0);
}

TEST(after_opening_nothing_is_allocated)
{
    struct arena *arena = arena_of_test();
    CLEANUP(bundle_release) struct bundle bundle = {0};
    struct explainer explainer;
    struct reason_book book;
    struct err err = {0};
    struct cell cell[SMALL_COLUMNS];
    float row[SMALL_WIDTH];
    double phi[SMALL_WIDTH], column[SMALL_COLUMNS], group[SMALL_COLUMNS];
    struct reason reason[REASONS_MAX];
    open_with((struct view){0}, arena, &bundle);
    WORKS(explainer_build(&bundle.forest, NULL, arena, &explainer, &err), err);
    WORKS(reason_book_open(&book, &bundle, arena, &err), err);
    void *scratch = arena_alloc(arena, 1, explainer.row_scratch);
    struct record record = small_record(&bundle.schema, small_row[0], cell);
    size_t used = arena->used;
    size_t before = allocations;
    feature_apply(&bundle.plan, &record, row);
    shap_row(&explainer, row, phi, scratch);
    reason_columns(&bundle.plan, phi, column);
    size_t count = reasons_of(&book, column, group, reason);
    SAME(allocations, before);
    SAME(arena->used, used);
    /* amount raises by 1.875, at by 0.405, kind by 0.3125 - 0.1875, grade by 0.3125. */
    SAME(count, 3);
    TEXT(reason[0].code, "amount");
    TEXT(reason[1].code, "at");
    TEXT(reason[2].code, "grade");
    NEAR(reason[0].share, 1.875 / (1.875 + 0.405 + 0.125 + 0.3125), 1e-6);
}
