#include "assay.h"
#include "harness.h"
#include "model/small_bundle.h"
#include "decide/decision.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>

/* ---------------------------------------------------------------- what is counted */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTED 0
#else
#define COUNTED 1

/* Every allocation and lock of this process comes by here. */
static _Thread_local size_t allocations, locks;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

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

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*real)(pthread_mutex_t *);
    locks++;
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    return real(mutex);
}
#endif

/* ---------------------------------------------------------------- a model */

static struct view small_file(struct arena *arena)
{
    struct small_bundle small;
    struct view file;
    struct err err = {0};
    small_bundle_init(&small, arena);
    WORKS(bundle_seal(&small.parts, arena, &file, &err), err);
    return file;
}

static void close_model(struct assay **model)
{
    assay_close(*model);
}

static struct assay *open_small(const struct assay_options *options)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view file = small_file(&arena);
    struct assay *model = NULL;
    struct assay_error error = {0};
    int status = assay_open_memory(file.text, file.length, options, &model, &error);
    FAIL_UNLESS(status == ASSAY_OK, "%s", error.text);
    return model;
}

enum { COLUMNS = 5 };

static void theft(struct assay_value value[COLUMNS])
{
    value[0] = assay_number(250.5);
    value[1] = assay_text("theft");
    value[2] = assay_text("high");
    value[3] = assay_boolean(1);
    value[4] = assay_text("2024-02-29T03:04:05.678Z");
}

static struct assay_decision decide_one(const struct assay *model, const struct assay_value *value,
                                        void *scratch)
{
    struct assay_decision out = {.size = sizeof out};
    struct assay_error error = {0};
    int status = assay_decide(model, value, COLUMNS, scratch, &out, &error);
    FAIL_UNLESS(status == ASSAY_OK, "%s", error.text);
    return out;
}

static bool same(const struct assay_decision *a, const struct assay_decision *b)
{
    return a->fraud == b->fraud && memcmp(&a->score, &b->score, sizeof a->score) == 0 &&
           memcmp(&a->margin, &b->margin, sizeof a->margin) == 0 && a->threshold == b->threshold &&
           a->unseen == b->unseen;
}

#define SCRATCH(model)                                                                             \
    CLEANUP(arena_release) struct arena scratch_arena = {.limit = 64 << 20};                       \
    void *scratch = arena_alloc(&scratch_arena, 1, assay_scratch_size(model))

TEST(a_record_is_decided_as_the_server_decides_it)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    struct bundle bundle = {0};
    struct cell cell[SMALL_COLUMNS];
    float row[SMALL_WIDTH];
    struct err err = {0};
    WORKS(bundle_open(&bundle, small_file(&arena), &err), err);
    struct record record = small_record(&bundle.schema, small_row[0], cell);
    struct decision want = decide(&bundle, &record, row);
    struct assay_value value[COLUMNS];
    theft(value);
    struct assay_decision got = decide_one(model, value, scratch);
    TRUE(memcmp(&got.margin, &want.margin, sizeof got.margin) == 0);
    TRUE(memcmp(&got.score, &want.score, sizeof got.score) == 0);
    SAME(got.fraud, want.fraud);
    SAME(got.unseen, 0);
    TRUE(got.threshold == 0.5F);
    bundle_release(&bundle);
}

TEST(names_in_any_order_are_the_record_by_position)
{
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    struct assay_value value[COLUMNS];
    theft(value);
    struct assay_decision want = decide_one(model, value, scratch);
    struct assay_field field[] = {
        {"at", value[4]},    {"grade", value[2]},  {"kind", value[1]},
        {"known", value[3]}, {"amount", value[0]},
    };
    struct assay_decision got = {.size = sizeof got};
    SAME(assay_decide_named(model, field, COLUMNS, scratch, &got, NULL), ASSAY_OK);
    TRUE(same(&got, &want));
    /* The amount may be missing, and so be left out. */
    value[0] = assay_missing();
    want = decide_one(model, value, scratch);
    SAME(assay_decide_named(model, field, COLUMNS - 1, scratch, &got, NULL), ASSAY_OK);
    TRUE(same(&got, &want));
    value[0] = assay_number((double)NAN);
    got = decide_one(model, value, scratch);
    TRUE(same(&got, &want));
}

TEST(a_null_text_with_a_length_is_misuse)
{
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    struct assay_value value[COLUMNS];
    struct assay_decision out = {.size = sizeof out};
    struct assay_error error;
    theft(value);
    value[1] = (struct assay_value){.type = ASSAY_TEXT, .length = 5};
    SAME(assay_decide(model, value, COLUMNS, scratch, &out, &error), ASSAY_USAGE);
    TRUE(strstr(error.text, "'kind'") != NULL);
}

TEST(a_batch_is_its_records_or_nothing)
{
    enum { RECORDS = 5 };
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    struct assay_value value[RECORDS * COLUMNS];
    struct assay_decision out[RECORDS];
    for (size_t i = 0; i < RECORDS; i++) {
        theft(value + i * COLUMNS);
        value[i * COLUMNS] = assay_number(60.0 * (double)i);
        out[i] = (struct assay_decision){.size = sizeof out[i]};
    }
    SAME(assay_decide_batch(model, value, RECORDS, scratch, out, NULL), ASSAY_OK);
    for (size_t i = 0; i < RECORDS; i++) {
        struct assay_decision want = decide_one(model, value + i * COLUMNS, scratch);
        TRUE(same(&out[i], &want));
    }
    TRUE(out[0].margin < out[4].margin);

    struct assay_error error;
    struct assay_decision before[RECORDS];
    memcpy(before, out, sizeof out);
    value[3 * COLUMNS] = assay_number(-1);
    SAME(assay_decide_batch(model, value, RECORDS, scratch, out, &error), ASSAY_INPUT);
    SAME(error.status, ASSAY_INPUT);
    TRUE(strstr(error.text, "record 4: ") != NULL && strstr(error.text, "'amount'") != NULL);
    TRUE(memcmp(before, out, sizeof out) == 0);
}

TEST(a_batch_of_a_newer_callers_longer_decisions_goes_by_their_size)
{
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    struct assay_value value[2 * COLUMNS];
    struct {
        struct assay_decision known;
        double later;
    } out[2] = {{.later = 7}, {.later = 7}};
    theft(value);
    theft(value + COLUMNS);
    value[COLUMNS] = assay_number(0.5);
    struct assay_decision want = decide_one(model, value + COLUMNS, scratch);
    out[0].known.size = out[1].known.size = sizeof out[0];
    SAME(assay_decide_batch(model, value, 2, scratch, &out[0].known, NULL), ASSAY_OK);
    TRUE(same(&out[1].known, &want));
    TRUE(out[0].later == 7 && out[1].later == 7 && out[1].known.size == sizeof out[1]);
    out[1].known.size = sizeof out[1].known;
    SAME(assay_decide_batch(model, value, 2, scratch, &out[0].known, NULL), ASSAY_USAGE);
}

#if COUNTED
struct rows {
    const struct assay *model;
    float row[300][SMALL_WIDTH], score[300];
};

static void *score_rows(void *from)
{
    struct rows *rows = from;
    assay_score_rows(rows->model, rows->row[0], 300, SMALL_WIDTH, rows->score);
    return NULL;
}
#endif

TEST(a_thread_of_128_kib_of_stack_scores_many_rows)
{
#if COUNTED
    static struct rows rows;
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    rows.model = model;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    SAME(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
    SAME(pthread_create(&thread, &attributes, score_rows, &rows), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    TRUE(rows.score[299] > 0 && rows.score[299] < 1);
#else
    SKIP("a sanitizer's frames are larger");
#endif
}

TEST(what_is_wrong_with_a_record_is_said_and_nothing_is_written)
{
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    static const struct {
        size_t column;
        struct assay_value value;
        const char *says;
    } trial[] = {
        {0, {ASSAY_NUMBER, 0, (double)INFINITY, NULL, 0}, "'amount'"},
        {0, {ASSAY_NUMBER, 0, -3.25, NULL, 0}, "-3.25"},
        {0, {ASSAY_TEXT, 0, 0, "much", 4}, "'amount'"},
        {1, {ASSAY_MISSING, 0, 0, NULL, 0}, "'kind'"},
        {2, {ASSAY_TEXT, 0, 0, "top", 3}, "'grade'"},
        {4, {ASSAY_TEXT, 0, 0, "yesterday", 9}, "'at'"},
    };
    for (size_t i = 0; i < LENGTH_OF(trial); i++) {
        struct assay_value value[COLUMNS];
        struct assay_decision out = {.size = sizeof out, .score = -7};
        struct assay_error error;
        theft(value);
        value[trial[i].column] = trial[i].value;
        SAME(assay_decide(model, value, COLUMNS, scratch, &out, &error), ASSAY_INPUT);
        FAIL_UNLESS(strstr(error.text, trial[i].says) != NULL, "'%s' lacks '%s'", error.text,
                    trial[i].says);
        TRUE(out.score == -7);
    }
    struct assay_value value[COLUMNS];
    struct assay_decision out = {.size = sizeof out};
    struct assay_error error;
    theft(value);
    SAME(assay_decide(model, value, 4, scratch, &out, &error), ASSAY_INPUT);
    TRUE(strstr(error.text, "4 values") != NULL);
    struct assay_field field[] = {{"amuont", value[0]}};
    SAME(assay_decide_named(model, field, 1, scratch, &out, &error), ASSAY_INPUT);
    TRUE(strstr(error.text, "'amuont'") != NULL);
    struct assay_field twice[] = {{"amount", value[0]}, {"amount", value[0]}};
    SAME(assay_decide_named(model, twice, 2, scratch, &out, &error), ASSAY_INPUT);
    value[1].type = 77;
    SAME(assay_decide(model, value, COLUMNS, scratch, &out, &error), ASSAY_USAGE);
    SAME(assay_decide(model, NULL, COLUMNS, scratch, &out, &error), ASSAY_USAGE);
    out.size = 0;
    SAME(assay_decide(model, value, COLUMNS, scratch, &out, NULL), ASSAY_USAGE);
}

TEST(a_category_training_never_saw_is_counted)
{
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    struct assay_value value[COLUMNS];
    theft(value);
    value[1] = assay_text("meteorite");
    SAME(decide_one(model, value, scratch).unseen, 1);
    value[1] = assay_number(12); /* a category may look like a number */
    SAME(decide_one(model, value, scratch).unseen, 1);
}

TEST(an_explanation_adds_up_to_the_margin)
{
    struct assay_options options = {.size = sizeof options, .explain = 1};
    CLEANUP(close_model) struct assay *model = open_small(&options);
    SCRATCH(model);
    struct assay_value value[COLUMNS];
    double phi[SMALL_WIDTH], expected;
    struct assay_decision out = {.size = sizeof out};
    theft(value);
    SAME(assay_explain(model, value, COLUMNS, scratch, phi, &expected, &out, NULL), ASSAY_OK);
    double sum = expected;
    for (size_t i = 0; i < SMALL_WIDTH; i++)
        sum += phi[i];
    NEAR(sum, (double)out.margin, 1e-6);
    TRUE(phi[0] > 0); /* 250.5 is more than 100, where the weight is 2 */

    CLEANUP(close_model) struct assay *plain = open_small(NULL);
    struct assay_error error;
    SAME(assay_explain(plain, value, COLUMNS, scratch, phi, &expected, &out, &error), ASSAY_USAGE);
    TRUE(strstr(error.text, "options.explain") != NULL);
}

TEST(rows_of_features_are_scored_as_records_are)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    struct bundle bundle = {0};
    struct cell cell[SMALL_COLUMNS];
    float row[2][SMALL_WIDTH + 3], score[2];
    struct err err = {0};
    WORKS(bundle_open(&bundle, small_file(&arena), &err), err);
    struct record record = small_record(&bundle.schema, small_row[0], cell);
    float want = decide(&bundle, &record, row[1]).score;
    memcpy(row[0], row[1], sizeof row[0]);
    row[0][0] = 1;
    assay_score_rows(model, row[0], 2, SMALL_WIDTH + 3, score);
    TRUE(memcmp(&score[1], &want, sizeof want) == 0);
    TRUE(score[0] != score[1]);
    bundle_release(&bundle);
}

TEST(a_model_says_what_it_is)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    struct assay_info info = {.size = sizeof info};
    SAME(assay_describe(model, &info), ASSAY_OK);
    TEXT(view_of(info.project), "small");
    TEXT(view_of(info.algorithm), "xgboost");
    SAME(info.column_count, COLUMNS);
    SAME(info.feature_count, SMALL_WIDTH);
    struct digest digest = digest_of(small_file(&arena));
    char hex[DIGEST_HEX_SIZE];
    TEXT(view_of(info.digest), digest_print(&digest, hex));
    TEXT(view_of(assay_column_name(model, 1)), "kind");
    TEXT(view_of(assay_column_kind(model, 1)), "category");
    TRUE(assay_column_name(model, COLUMNS) == NULL && assay_column_kind(model, COLUMNS) == NULL);
    TEXT(view_of(assay_feature_name(model, 3)), "kind=theft");
    TRUE(assay_feature_name(model, SMALL_WIDTH) == NULL);
    SAME(assay_abi(), ASSAY_ABI);
    TRUE(assay_version()[0] != '\0');
}

TEST(a_caller_of_an_older_header_gets_what_it_knows)
{
    CLEANUP(close_model) struct assay *model = open_small(NULL);
    SCRATCH(model);
    struct assay_value value[COLUMNS];
    theft(value);
    struct assay_decision out;
    memset(&out, 0x55, sizeof out);
    out.size = offsetof(struct assay_decision, margin);
    SAME(assay_decide(model, value, COLUMNS, scratch, &out, NULL), ASSAY_OK);
    TRUE(out.score > 0 && out.score < 1);
    SAME(out.unseen, 0x55555555);
    struct assay_info info;
    memset(&info, 0, sizeof info);
    info.size = offsetof(struct assay_info, algorithm);
    SAME(assay_describe(model, &info), ASSAY_OK);
    TEXT(view_of(info.project), "small");
    TRUE(info.digest == NULL);
}

TEST(a_file_that_is_no_model_is_refused_and_leaves_nothing)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct view file = small_file(&arena);
    struct assay *model = NULL;
    struct assay_error error;
    char *broken = arena_copy(&arena, file.text, file.length);
    broken[file.length / 2] ^= 1;
    SAME(assay_open_memory(broken, file.length, NULL, &model, &error), ASSAY_MODEL);
    SAME(assay_open_memory(file.text, file.length / 2, NULL, &model, &error), ASSAY_MODEL);
    SAME(assay_open_memory(file.text, 0, NULL, &model, &error), ASSAY_MODEL);
    SAME(assay_open_memory(file.text, (size_t)BUNDLE_SIZE_MAX + 1, NULL, &model, &error),
         ASSAY_LIMIT);
    struct assay_options tight = {.size = sizeof tight, .memory_max = file.length + 1000};
    SAME(assay_open_memory(file.text, file.length, &tight, &model, &error), ASSAY_LIMIT);
    tight.size = 0;
    SAME(assay_open_memory(file.text, file.length, &tight, &model, &error), ASSAY_USAGE);
    SAME(assay_open("/nowhere/model.assay", NULL, &model, &error), ASSAY_NOT_FOUND);
    TRUE(strstr(error.text, "/nowhere/model.assay") != NULL);
    SAME(assay_open(NULL, NULL, &model, NULL), ASSAY_USAGE);
    TRUE(model == NULL);
    assay_close(NULL);
}

TEST(nothing_between_open_and_close_allocates_or_locks)
{
#if COUNTED
    struct assay_options options = {.size = sizeof options, .explain = 1};
    CLEANUP(close_model) struct assay *model = open_small(&options);
    SCRATCH(model);
    struct assay_value value[2 * COLUMNS];
    double phi[SMALL_WIDTH], expected;
    float row[300][SMALL_WIDTH] = {{0}}, score[300];
    struct assay_decision out[2] = {{.size = sizeof out[0]}, {.size = sizeof out[0]}};
    struct assay_error error;
    theft(value);
    theft(value + COLUMNS);
    struct assay_field field[] = {{"at", value[4]},
                                  {"grade", value[2]},
                                  {"kind", value[1]},
                                  {"known", value[3]},
                                  {"amount", value[0]}};
    size_t allocated = allocations, locked = locks;
    TRUE(allocated > 0); /* opening was counted */
    int status = assay_decide(model, value, COLUMNS, scratch, out, &error);
    status |= assay_decide_named(model, field, COLUMNS, scratch, out, &error);
    status |= assay_decide_batch(model, value, 2, scratch, out, &error);
    status |= assay_explain(model, value, COLUMNS, scratch, phi, &expected, out, &error);
    assay_score_rows(model, row[0], 300, SMALL_WIDTH, score);
    value[0] = assay_number(-1);
    int refused = assay_decide(model, value, COLUMNS, scratch, out, &error);
    size_t allocated_since = allocations - allocated, locked_since = locks - locked;
    SAME(status, ASSAY_OK);
    SAME(refused, ASSAY_INPUT);
    SAME(allocated_since, 0);
    SAME(locked_since, 0);
#else
    SKIP("sanitizers allocate by themselves");
#endif
}

/* ---------------------------------------------------------------- threads */

enum { THREADS = 4, TIMES = 2000 };

static void *decide_often(void *context)
{
    const struct assay *model = context;
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    void *scratch = arena_alloc(&arena, 1, assay_scratch_size(model));
    struct assay_value value[COLUMNS];
    double phi[SMALL_WIDTH], expected;
    theft(value);
    uintptr_t sum = 0;
    for (size_t i = 0; i < TIMES; i++) {
        value[0] = assay_number((double)(i % 300));
        struct assay_decision out = {.size = sizeof out};
        uint32_t bits;
        if (assay_explain(model, value, COLUMNS, scratch, phi, &expected, &out, NULL) != ASSAY_OK)
            return NULL;
        memcpy(&bits, &out.margin, sizeof bits);
        sum = sum * 31 + bits;
    }
    return (void *)sum; /* NOLINT: a number on its way back */
}

TEST(threads_share_one_model)
{
    struct assay_options options = {.size = sizeof options, .explain = 1};
    CLEANUP(close_model) struct assay *model = open_small(&options);
    pthread_t thread[THREADS];
    void *alone = decide_often(model), *sum[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        SAME(pthread_create(&thread[i], NULL, decide_often, model), 0);
    for (size_t i = 0; i < THREADS; i++)
        SAME(pthread_join(thread[i], &sum[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        TRUE(sum[i] == alone && alone != NULL);
}
