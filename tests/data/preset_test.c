#include "harness.h"

#include "data/preset.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/number.h"

#include <dirent.h>
#include <unistd.h>

enum { COLUMNS_MAX = 24 };

static const char *in_dir(struct arena *arena, const char *name)
{
    return path_join(arena, test_dir(), name);
}

static void generate(const char *name, struct preset_options options)
{
    struct err err = {0};
    const struct preset *preset = preset_find(view_of(name));
    TRUE(preset != NULL);
    WORKS(preset->write(&options, &err), err);
}

static struct digest digest_in(struct arena *arena, const char *dir, const char *name)
{
    struct digest digest;
    struct err err = {0};
    WORKS(digest_of_file(path_join(arena, dir, name), &digest, &err), err);
    return digest;
}

static struct view load(struct arena *arena, const char *dir, const char *name)
{
    struct view bytes;
    struct err err = {0};
    WORKS(file_load(path_join(arena, dir, name), 1 << 28, arena, &bytes, &err), err);
    TRUE(bytes.length > 0 && bytes.text[bytes.length - 1] == '\n');
    bytes.length--;
    return bytes;
}

/* The next line's cells. These files quote nothing. */
static bool next_row(struct view *rest, struct view cell[COLUMNS_MAX], size_t *count)
{
    struct view line;
    if (!view_cut(rest, '\n', &line))
        return false;
    *count = 0;
    while (view_cut(&line, ',', &cell[*count]))
        TRUE(++*count < COLUMNS_MAX);
    return true;
}

static double number(struct view cell)
{
    double value;
    FAIL_UNLESS(number_parse(cell, &value), "'%.*s' is no number", (int)cell.length, cell.text);
    return value;
}

static void same_files(const char *preset, const char *first, const char *second, uint32_t rows,
                       uint32_t days)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct preset_options options = {.seed = 42, .rows = rows, .days = days, .threads = 1};
    options.dir = in_dir(&arena, "threads-1");
    generate(preset, options);
    struct digest one_first = digest_in(&arena, options.dir, first);
    struct digest one_second = digest_in(&arena, options.dir, second);
    for (unsigned threads = 2; threads <= 5; threads++) {
        options.dir = in_dir(&arena, "threads-n");
        options.threads = threads == 5 ? 0 : threads;
        generate(preset, options);
        struct digest many_first = digest_in(&arena, options.dir, first);
        struct digest many_second = digest_in(&arena, options.dir, second);
        TRUE(digest_same(&one_first, &many_first));
        TRUE(digest_same(&one_second, &many_second));
    }
    options.seed = 43;
    generate(preset, options);
    struct digest other_first = digest_in(&arena, options.dir, first);
    TRUE(!digest_same(&one_first, &other_first));
}

TEST(claims_of_a_seed_are_the_same_bytes_by_any_number_of_threads)
{
    same_files("claims", "claims.csv", "customers.csv", 4321, 0);
}

TEST(cards_of_a_seed_are_the_same_bytes_by_any_number_of_threads)
{
    same_files("cards", "transactions.csv", "scenarios.csv", 150, 20);
}

static void has_digest(const char *dir, const char *name, const char *want)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct digest digest = digest_in(&arena, dir, name);
    char hex[DIGEST_HEX_SIZE];
    TEXT(view_of(digest_print(&digest, hex)), want);
}

/* Written down before streams could drift; also what keeps examples and reports as they are. */
TEST(without_drift_a_seed_gives_the_bytes_it_always_gave)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *dir = in_dir(&arena, "always");
    generate("cards", (struct preset_options){.dir = dir, .seed = 1, .rows = 300, .days = 40});
    generate("claims", (struct preset_options){.dir = dir, .seed = 1, .rows = 2000});
    has_digest(dir, "transactions.csv",
               "a408fcbae62b74142e9de54790bc688d71279c27bd3860c9919af9122bfa640d");
    has_digest(dir, "scenarios.csv",
               "15f851adbc8231025519a6ebcdda2df5b3a923e381e5faaa7b28ea0c1606b444");
    has_digest(dir, "claims.csv",
               "ac8090c20d0ddf34f87a7bd2e057cd4e97dbd4184e642db2e12cd8d81bc04459");
    has_digest(dir, "customers.csv",
               "d2775c27512f3ec9122c64d6c48baaf6f8a24c2633d359cf82a9b25e3ac1602c");
}

static const char *const everything[] = {
    "covariate:column=amount,factor=2,from=5,over=3",
    "mix:column=channel,value=online,factor=2,from=6",
    "prior:factor=3,from=4",
    "concept:share=0.02,fade=0.5,from=2025-01-09",
    "schema:column=entry_mode,change=category,value=phone,share=0.2,from=3,until=5",
    "seasonality:period=week,peak=4,volume=0.4,column=amount,swing=0.1",
};

TEST(a_stream_that_drifts_is_the_same_bytes_by_any_number_of_threads)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const char *const names[] = {"transactions.csv", "scenarios.csv", "labels.csv",
                                        "requests.jsonl", "drift.json"};
    struct preset_options options = {.seed = 9,
                                     .rows = 120,
                                     .days = 12,
                                     .drift = everything,
                                     .drifts = LENGTH_OF(everything),
                                     .labels = "labels.csv",
                                     .requests = "requests.jsonl"};
    options.dir = in_dir(&arena, "drift-1"), options.threads = 1;
    generate("cards", options);
    options.dir = in_dir(&arena, "drift-4"), options.threads = 4;
    generate("cards", options);
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        struct digest one = digest_in(&arena, in_dir(&arena, "drift-1"), names[i]);
        struct digest many = digest_in(&arena, in_dir(&arena, "drift-4"), names[i]);
        TRUE(digest_same(&one, &many));
    }
}

TEST(days_before_a_shift_are_as_they_were_and_days_can_be_left_out)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    static const char *const drift[] = {"covariate:column=amount,factor=2,from=8"};
    const char *plain = in_dir(&arena, "plain"), *drifting = in_dir(&arena, "drifting");
    const char *tail = in_dir(&arena, "tail");
    struct preset_options options = {.dir = plain, .seed = 5, .rows = 100, .days = 8};
    generate("cards", options);
    options.dir = drifting, options.days = 10, options.drift = drift, options.drifts = 1;
    generate("cards", options);
    options.dir = tail, options.from_day = 8;
    generate("cards", options);
    struct view a = load(&arena, plain, "transactions.csv");
    struct view b = load(&arena, drifting, "transactions.csv");
    struct view c = load(&arena, tail, "transactions.csv"), header;
    TRUE(b.length > a.length && memcmp(a.text, b.text, a.length) == 0);
    TRUE(view_cut(&c, '\n', &header) && view_starts(header, "transaction_id,"));
    TRUE(view_starts(c, "20250109"));
    TRUE(view_ends(b, "") && b.length == a.length + 1 + c.length);
    TRUE(memcmp(b.text + a.length + 1, c.text, c.length) == 0);
}

TEST(what_a_stream_cannot_do_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const char *const rename[] = {"schema:column=amount,change=rename,value=amt,from=3"};
    static const struct {
        struct preset_options options;
        const char *says;
    } cases[] = {
        {{.drift = rename, .drifts = 1}, "--from-day 3"},
        {{.from_day = 10}, "days 0 to 9"},
        {{.delay = "median=3"}, "--labels"},
        {{.labels = "transactions.csv"}, "two files"},
        {{.labels = "a/b.csv"}, "without '/'"},
        {{.labels = "drift.json"}, "drift.json"},
        {{.labels = "x.csv", .requests = "x.csv"}, "two files"},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct err err = {0};
        struct preset_options options = cases[i].options;
        options.dir = in_dir(&arena, "cannot"), options.rows = 10, options.days = 10;
        FAILS(preset_cards.write(&options, &err), err, ERR_USAGE);
        SAYS(err, cases[i].says);
        TRUE(!file_exists(options.dir));
    }
    struct err err = {0};
    struct preset_options options = {.dir = in_dir(&arena, "cannot"), .labels = "labels.csv"};
    FAILS(preset_claims.write(&options, &err), err, ERR_USAGE);
    SAYS(err, "leave --labels out");
}

TEST(a_longer_history_begins_with_the_shorter_one)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    const char *shorter = in_dir(&arena, "shorter"), *longer = in_dir(&arena, "longer");
    generate("cards", (struct preset_options){.dir = shorter, .seed = 5, .rows = 100, .days = 10});
    generate("cards", (struct preset_options){.dir = longer, .seed = 5, .rows = 100, .days = 11});
    struct view a = load(&arena, shorter, "transactions.csv");
    struct view b = load(&arena, longer, "transactions.csv");
    TRUE(b.length > a.length && memcmp(a.text, b.text, a.length) == 0);

    generate("claims", (struct preset_options){.dir = shorter, .seed = 5, .rows = 10});
    generate("claims", (struct preset_options){.dir = longer, .seed = 5, .rows = 2011});
    a = load(&arena, shorter, "claims.csv"), b = load(&arena, longer, "claims.csv");
    TRUE(b.length > a.length && memcmp(a.text, b.text, a.length) == 0);
}

TEST(claims_join_one_to_one_and_few_of_them_are_fraud)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    const char *dir = in_dir(&arena, "claims");
    generate("claims", (struct preset_options){.dir = dir, .seed = 1});
    struct view claims = load(&arena, dir, "claims.csv");
    struct view customers = load(&arena, dir, "customers.csv");
    struct view claim[COLUMNS_MAX], customer[COLUMNS_MAX];
    size_t columns, fraud = 0, rows = 0, not_applicable = 0;
    TRUE(next_row(&claims, claim, &columns));
    SAME(columns, 18);
    TEXT(claim[17], "fraud");
    TRUE(next_row(&customers, customer, &columns));
    SAME(columns, 13);
    while (next_row(&claims, claim, &columns)) {
        SAME(columns, 18);
        TRUE(next_row(&customers, customer, &columns));
        SAME(columns, 13);
        rows++;
        SAME(number(claim[0]), rows);
        SAME(number(customer[0]), rows);
        TRUE(view_is(claim[17], "1") || view_is(claim[17], "0"));
        fraud += view_is(claim[17], "1");
        bool collision = view_is(claim[2], "Collision");
        SAME(view_is(claim[1], "N/A"), !collision);
        SAME(view_is(claim[3], "N/A"), !collision);
        not_applicable += !collision;
        NEAR(number(claim[10]) + number(claim[11]), number(claim[12]), 0.005);
        TRUE(number(customer[1]) >= 18 && number(customer[1]) <= 70);
        TRUE(number(customer[2]) >= 1 && number(customer[2]) <= 12 * (number(customer[1]) - 17));
    }
    TRUE(!next_row(&customers, customer, &columns));
    SAME(rows, 5000);
    TRUE(fraud >= 120 && fraud <= 215); /* 3.3 %, four deviations */
    TRUE(not_applicable > 600 && not_applicable < 860);
}

/* What the second file says of each payment, beside the first. */
struct card_counts {
    size_t rows, scenario[4], missing_distance, disagree;
};

static void read_payment(struct view cell[COLUMNS_MAX], double scenario, struct card_counts *counts)
{
    bool fraud = view_is(cell[10], "1");
    TRUE(fraud || view_is(cell[10], "0"));
    TRUE(scenario >= 0 && scenario <= 3);
    SAME(fraud, scenario > 0);
    counts->rows++;
    counts->scenario[(size_t)scenario]++;
    double amount = number(cell[4]);
    TRUE(amount > 0);
    TRUE(amount <= 220 || fraud); /* no large payment is honest */
    TRUE(scenario != 1 || amount > 220);
    SAME(cell[7].length == 0, view_is(cell[5], "online"));
    counts->missing_distance += cell[7].length == 0;
    TRUE(number(cell[2]) >= 1 && number(cell[2]) <= 1000);
    TRUE(number(cell[3]) >= 1 && number(cell[3]) <= 2000);
}

TEST(cards_come_in_the_order_of_time_with_three_kinds_of_fraud)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 128 << 20};
    const char *dir = in_dir(&arena, "cards");
    generate("cards", (struct preset_options){.dir = dir, .seed = 1});
    struct view payments = load(&arena, dir, "transactions.csv");
    struct view scenarios = load(&arena, dir, "scenarios.csv");
    struct view cell[COLUMNS_MAX], truth[COLUMNS_MAX];
    size_t columns;
    TRUE(next_row(&payments, cell, &columns));
    SAME(columns, 11);
    for (size_t i = 0; i < columns; i++)
        TRUE(!view_is(cell[i], "scenario"));
    TRUE(next_row(&scenarios, truth, &columns));

    struct card_counts counts = {0};
    int64_t before_ms = 0;
    double before_id = 0;
    size_t same_second = 0;
    while (next_row(&payments, cell, &columns)) {
        SAME(columns, 11);
        TRUE(next_row(&scenarios, truth, &columns));
        TRUE(view_same(cell[0], truth[0]));
        int64_t time_ms;
        TRUE(clock_parse(cell[1], &time_ms));
        TRUE(time_ms >= before_ms && number(cell[0]) > before_id);
        same_second += time_ms == before_ms;
        before_ms = time_ms;
        before_id = number(cell[0]);
        read_payment(cell, number(truth[1]), &counts);
    }
    TRUE(!next_row(&scenarios, truth, &columns));
    TRUE(civil_of(before_ms).month == 3 && civil_of(before_ms).day == 31); /* the 90th day */
    TRUE(same_second < counts.rows / 10); /* no two customers draw the same times */
    TRUE(counts.rows > 160000 && counts.rows < 190000);
    double rows = (double)counts.rows;
    double fraud = rows - (double)counts.scenario[0];
    TRUE(fraud / rows > 0.006 && fraud / rows < 0.012);
    for (size_t i = 1; i <= 3; i++)
        TRUE((double)counts.scenario[i] > 0.02 * fraud);
    TRUE(counts.scenario[2] > counts.scenario[3] && counts.scenario[3] > counts.scenario[1]);
    TRUE((double)counts.missing_distance > 0.1 * rows &&
         (double)counts.missing_distance < 0.3 * rows);
}

TEST(the_smallest_worlds_have_their_files_too)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view cell[COLUMNS_MAX];
    size_t columns;
    const char *dir = in_dir(&arena, "small");
    generate("claims", (struct preset_options){.dir = dir, .rows = 1, .threads = 8});
    generate("cards", (struct preset_options){.dir = dir, .rows = 1, .days = 1, .threads = 8});
    struct view claims = load(&arena, dir, "claims.csv");
    TRUE(view_starts(claims, "policy_id,"));
    TRUE(next_row(&claims, cell, &columns) && next_row(&claims, cell, &columns));
    TRUE(!next_row(&claims, cell, &columns));
    TRUE(view_starts(load(&arena, dir, "transactions.csv"), "transaction_id,"));
}

TEST(what_cannot_be_generated_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *dir = in_dir(&arena, "refused");
    struct err err = {0};
    struct preset_options options = {.dir = dir, .rows = 1000000000};
    FAILS(preset_cards.write(&options, &err), err, ERR_USAGE);
    SAYS(err, "at most 200000");
    FAILS(preset_claims.write(&options, &err), err, ERR_USAGE);
    SAYS(err, "at most 10000000");
    options = (struct preset_options){.dir = dir, .rows = 1, .days = 100000};
    FAILS(preset_cards.write(&options, &err), err, ERR_USAGE);
    SAYS(err, "at most 3650");
    options.days = 10;
    FAILS(preset_claims.write(&options, &err), err, ERR_USAGE);
    SAYS(err, "has no days");
    TRUE(!file_exists(dir));
}

static size_t names_in(const char *path)
{
    DIR *dir = opendir(path);
    TRUE(dir != NULL);
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

TEST(a_run_that_fails_leaves_the_files_that_were_there)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    const char *dir = in_dir(&arena, "kept");
    WORKS(dir_make(dir, &err), err);
    WORKS(file_save(path_join(&arena, dir, "claims.csv"), VIEW("mine\n"), &err), err);
    /* The second file cannot be made: its name beside the target is a directory already. */
    char name[64];
    snprintf(name, sizeof name, "customers.csv.new-%ld", (long)getpid());
    WORKS(dir_make(path_join(&arena, dir, name), &err), err);
    struct preset_options options = {.dir = dir, .seed = 1, .rows = 100};
    FAILS(preset_claims.write(&options, &err), err, ERR_IO);
    SAYS(err, "customers.csv' cannot be written");
    TEXT(load(&arena, dir, "claims.csv"), "mine");
    SAME(names_in(dir), 2);
}

TEST(every_preset_is_complete_and_named_once)
{
    for (size_t i = 0; i < PRESET_COUNT; i++) {
        TRUE(presets[i]->name[0] != '\0' && presets[i]->about[0] != '\0');
        TRUE(presets[i]->files[0] != '\0' && presets[i]->write != NULL);
        TRUE(preset_find(view_of(presets[i]->name)) == presets[i]);
    }
    TRUE(preset_find(VIEW("transactions")) == NULL);
}
