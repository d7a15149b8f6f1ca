/*
 * forest_bench TABLE COLUMNS ROUNDS CONTENDER...   One table of floats, and everything that scores
 *                                                  it, in turn, round after round.
 *
 * A contender is five words with a '|' between them: kind, name, group, library, model. The first
 * of a group says what is right: of XGBoost's group, that is an XGBoost, and our margins must have
 * the same bits for every row of the table; contributions must agree and add up. Only then is
 * anything timed. Prints one JSON object a line, which bench/forest.py reads.
 */
#include "contender.h"
#include "timing.h"

#include "base/clock.h"
#include "base/rng.h"

#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CONTENDERS_MAX = 32,
    WARM_CALLS_MIN = 4000, /* a round; five rounds make 20,000 */
    WARM_CALLS_MAX = 20000,
    LOOP_ROWS = 2048, /* fewer, and branch predictors would know them all */
    COLD_CALLS = 30,
    EVICTED_BYTES = 64 << 20,
    BATCH_ROWS = 1000,
    SINGLE_CHECKED = 20000, /* rows asked one by one in the check */
    PEER_CHECKED = 10000,
    EXPLAIN_ROWS_MAX = 10240,
    EXPLAIN_CHECKED_MAX = 200,
    EXPLAIN_CALLS_MAX = 2000,
    CHECK_THREADS = 2,
};

/* How long a contender may take for one measure of one round. */
static const double warm_budget_ns = 0.2e9, batch_budget_ns = 0.03e9, table_budget_ns = 0.5e9,
                    explain_budget_ns = 0.2e9, explain_rows_budget_ns = 0.5e9;

/* Sums of floats in another order; of their doubles, rounded once; probabilities written as such.
 */
static const double peer_tolerance = 1e-3, double_tolerance = 1e-6;
/* XGBoost's contributions are sums of floats. */
static const double contribution_tolerance = 1e-3, additivity_tolerance = 1e-6;

struct entrant {
    struct contender is;
    size_t memory;
    double one_ns, row_ns, explain_ns, explain_row_ns; /* estimates: how much a budget allows */
};

static struct table table;
static struct entrant entrant[CONTENDERS_MAX];
static size_t entrant_count;
static float *row_room, *margin_room, *reference_room;
static double *sample, *phi_room, *phi_reference;
static uint8_t *evicted;
static struct rng rng;
static volatile float sink;
static volatile unsigned byte_sink;

/* ---------------------------------------------------------------- words */

static void say(const struct entrant *who, const char *measure, size_t round, double value)
{
    printf("{\"name\":\"%s\",\"group\":\"%s\",\"measure\":\"%s\",\"round\":%zu,\"value\":%.9g}\n",
           who->is.name, who->is.group, measure, round, value);
    fflush(stdout);
}

static void load_table(const char *path, size_t columns)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (file < 0 || fstat(file, &stat) != 0)
        die("'%s' cannot be read", path);
    size_t size = (size_t)stat.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (bytes == MAP_FAILED)
        die("'%s' cannot be mapped", path);
    close(file);
    table = (struct table){bytes, size / sizeof(float) / columns, columns};
}

static void add_entrant(char *text)
{
    char *word[5], *rest = text;
    for (size_t i = 0; i < LENGTH_OF(word); i++)
        if ((word[i] = strsep(&rest, "|")) == NULL)
            die("a contender is KIND|NAME|GROUP|LIBRARY|MODEL");
    if (entrant_count == CONTENDERS_MAX)
        die("more than %d contenders", CONTENDERS_MAX);
    struct entrant *who = &entrant[entrant_count++];
    who->is = (struct contender){
        .kind = contender_kind_of(word[0]),
        .name = word[1],
        .group = word[2],
        .library = word[3],
        .model = word[4],
        .table = &table,
    };
    if (who->is.kind == NULL)
        die("there is no kind '%s'", word[0]);
}

static const float *row_at(size_t row)
{
    return table.value + row * table.columns;
}

/* A row somewhere in the table, copied to where it is warm, as a program has just made it. */
static const float *random_row(void)
{
    memcpy(row_room, row_at(rng_below(&rng, table.rows)), table.columns * sizeof(float));
    return row_room;
}

static size_t clamp(double value, size_t least, size_t most)
{
    return value < (double)least ? least : value > (double)most ? most : (size_t)value;
}

/* ---------------------------------------------------------------- opening */

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void open_entrant(struct entrant *who)
{
    size_t before = allocated();
    who->is.self = who->is.kind->open(&who->is);
    who->memory = allocated() - before;
    say(who, "memory", 0, (double)who->memory);
    if (who->is.kind->about != NULL)
        printf("{\"name\":\"%s\",\"group\":\"%s\",\"about\":\"%s\"}\n", who->is.name, who->is.group,
               who->is.kind->about(who->is.self));
}

static void measure_load(struct entrant *who, size_t round)
{
    const struct contender_kind *kind = who->is.kind;
    double start = now_ms();
    void *self = kind->open(&who->is);
    say(who, "load_ms", round, now_ms() - start);
    if (kind->footprint != NULL) {
        struct footprint print;
        kind->footprint(self, &print);
        say(who, "parse_ms", round, print.parse_ms);
        say(who, "compile_ms", round, print.compile_ms);
        say(who, "explainer_ms", round, print.explainer_ms);
        say(who, "forest_bytes", round, (double)print.forest_bytes);
        say(who, "engine_bytes", round, (double)print.engine_bytes);
        say(who, "explainer_bytes", round, (double)print.explainer_bytes);
    }
    kind->close(self);
}

/* ---------------------------------------------------------------- right before fast */

static const struct entrant *reference_of(const struct entrant *who)
{
    const struct entrant *first = entrant;
    while (strcmp(first->is.group, who->is.group) != 0)
        first++;
    return first;
}

static double difference(const float *left, const float *right, size_t count, size_t *bits)
{
    double most = 0;
    *bits = 0;
    for (size_t i = 0; i < count; i++) {
        double apart = fabs((double)left[i] - (double)right[i]);
        apart /= fmax(1, fabs((double)right[i]));
        most = isnan(apart) ? (double)INFINITY : fmax(most, apart);
        *bits += memcmp(&left[i], &right[i], sizeof *left) != 0;
    }
    return most;
}

static void check_single_rows(const struct entrant *who, size_t count, bool exact)
{
    for (size_t i = 0; i < count; i++) {
        float one = who->is.kind->margin(who->is.self, row_at(i));
        double apart = fabs((double)one - (double)margin_room[i]);
        if (exact ? memcmp(&one, &margin_room[i], sizeof one) != 0
                  : !(apart <= peer_tolerance * fmax(1, fabs((double)one))))
            die("%s: row %zu alone has the margin %.9g, and %.9g among others", who->is.name, i,
                (double)one, (double)margin_room[i]);
    }
}

static void check_margins(struct entrant *who)
{
    const struct contender_kind *kind = who->is.kind;
    const struct entrant *right = reference_of(who);
    bool xgboost = right->is.kind == &kind_xgboost, ours = kind->ours;
    size_t bits, count = ours && xgboost ? table.rows : clamp(PEER_CHECKED, 1, table.rows);
    if (kind->margins != NULL)
        kind->margins(who->is.self, table.value, count, margin_room);
    else
        for (size_t i = 0; i < count; i++)
            margin_room[i] = kind->margin(who->is.self, row_at(i));
    double apart = difference(margin_room, reference_room, count, &bits);
    say(who, "rows_checked", 0, (double)count);
    say(who, "margins_apart", 0, apart);
    say(who, "margins_differ", 0, (double)bits);
    if (ours && xgboost && bits > 0)
        die("%s: %zu of %zu margins have other bits than XGBoost's", who->is.name, bits, count);
    if (!(apart <= (ours ? double_tolerance : peer_tolerance)))
        die("%s: margins are up to %g away from %s's", who->is.name, apart, right->is.name);
    if (kind->margin != NULL)
        check_single_rows(who, clamp(ours ? SINGLE_CHECKED : PEER_CHECKED / 10, 1, count), ours);
}

static void check_contributions(struct entrant *who, size_t count, bool batch)
{
    const struct contender_kind *kind = who->is.kind;
    size_t width = table.columns + 1;
    for (size_t i = 0; i < count && !batch; i++)
        kind->explain(who->is.self, i, phi_room + i * width);
    if (batch) {
        size_t columns = kind->expected != NULL ? table.columns : width;
        /* ours looks up what many rows add up to, and not what few do */
        size_t asked = kind->ours ? clamp(EXPLAIN_ROWS_MAX, count, table.rows) : count;
        kind->explain_rows(who->is.self, table.value, asked, phi_room);
        for (size_t i = count; i-- > 0 && columns < width;) {
            memmove(phi_room + i * width, phi_room + i * columns, columns * sizeof *phi_room);
            phi_room[i * width + columns] = kind->expected(who->is.self);
        }
    }
    double apart = 0, left_over = 0, rounding = 0;
    for (size_t i = 0; i < count; i++) {
        const double *phi = phi_room + i * width, *right = phi_reference + i * width;
        double margin = (double)reference_room[i], sum = 0, moved = 0, most = 0;
        for (size_t j = 0; j < width; j++) {
            sum += phi[j];
            moved += fabs(phi[j]);
            most = fmax(most, fabs(phi[j] - right[j]));
        }
        if (isnan(sum))
            die("%s: a contribution is not a number", who->is.name);
        double size = fmax(fabs(margin), moved);
        double whole = kind->sum != NULL ? kind->sum(who->is.self, row_at(i)) : margin;
        left_over = fmax(left_over, fabs(sum - whole) / size);
        rounding = fmax(rounding, fabs(margin - whole) / size);
        apart = fmax(apart, most / fmax(1, size));
    }
    say(who, batch ? "phi_rows_apart" : "phi_apart", 0, apart);
    say(who, batch ? "phi_rows_left_over" : "phi_left_over", 0, left_over);
    say(who, batch ? "phi_rows_rounding" : "phi_rounding", 0, rounding);
    if (kind->sum != NULL && !(left_over <= additivity_tolerance))
        die("%s: contributions miss the margin by %g of their size", who->is.name, left_over);
    if (!(apart <= contribution_tolerance))
        die("%s: contributions are up to %g of their size away", who->is.name, apart);
}

/* The reference's margins for the whole table, which take long, and its contributions for a few
 * rows, as many as a budget allows. */
static void check_group(const struct entrant *right)
{
    const struct contender_kind *kind = right->is.kind;
    if (kind->threads != NULL)
        kind->threads(right->is.self, CHECK_THREADS);
    size_t known = kind == &kind_xgboost ? table.rows : clamp(PEER_CHECKED, 1, table.rows);
    kind->margins(right->is.self, table.value, known, reference_room);
    if (kind->threads != NULL)
        kind->threads(right->is.self, 1);
    size_t explained = 0;
    if (kind->explain != NULL) {
        double start = thread_ns();
        for (; explained < EXPLAIN_CHECKED_MAX; explained++) {
            if (explained >= 20 && thread_ns() - start > 4 * explain_rows_budget_ns)
                break;
            kind->explain(right->is.self, explained,
                          phi_reference + explained * (table.columns + 1));
        }
    }
    for (struct entrant *who = entrant; who < entrant + entrant_count; who++) {
        if (who == right || strcmp(who->is.group, right->is.group) != 0)
            continue;
        check_margins(who);
        if (explained > 0 && who->is.kind->explain != NULL)
            check_contributions(who, explained, false);
        if (explained > 0 && who->is.kind->explain_rows != NULL)
            check_contributions(who, explained, true);
    }
    say(right, "contributions_checked", 0, (double)explained);
}

/* ---------------------------------------------------------------- measures */

static void measure_one(struct entrant *who, size_t round)
{
    const struct contender_kind *kind = who->is.kind;
    size_t calls = clamp(warm_budget_ns / who->one_ns, WARM_CALLS_MIN, WARM_CALLS_MAX);
    for (size_t i = 0; i < calls / 10; i++)
        sink = kind->margin(who->is.self, random_row());
    for (size_t i = 0; i < calls; i++) {
        const float *row = random_row();
        uint64_t start = ticks_start();
        sink = kind->margin(who->is.self, row);
        sample[i] = ticks_to_ns(ticks_end() - start);
    }
    say(who, "one_p50", round, quantile_of(sample, calls, 0.5));
    say(who, "one_p99", round, quantile_of(sample, calls, 0.99));
    /* And in a loop, over rows that are warm: what is left when calls may overlap. */
    size_t rows = clamp(LOOP_ROWS, 1, table.rows);
    const float *first = row_at(rng_below(&rng, table.rows - rows + 1));
    for (size_t i = 0; i < rows * table.columns; i += 16)
        sink = first[i];
    double start = thread_ns();
    for (size_t i = 0; i < calls; i++)
        sink = kind->margin(who->is.self, first + i % rows * table.columns);
    say(who, "one_loop", round, (thread_ns() - start) / (double)calls);
}

static void evict(void)
{
    unsigned sum = 0;
    for (size_t i = 0; i < EVICTED_BYTES; i += 64)
        sum += evicted[i]++;
    byte_sink = sum;
}

static void measure_cold(struct entrant *who, size_t round)
{
    for (size_t i = 0; i < COLD_CALLS; i++) {
        const float *row = random_row();
        evict();
        uint64_t start = ticks_start();
        sink = who->is.kind->margin(who->is.self, row);
        sample[i] = ticks_to_ns(ticks_end() - start);
    }
    say(who, "cold_p50", round, quantile_of(sample, COLD_CALLS, 0.5));
}

static void measure_batch(struct entrant *who, size_t round)
{
    const struct contender_kind *kind = who->is.kind;
    size_t rows = clamp(BATCH_ROWS, 1, table.rows);
    size_t times = clamp(batch_budget_ns / (who->row_ns * (double)rows), 2, 200);
    double taken = 0;
    for (size_t i = 0; i < times; i++) {
        const float *first = row_at(rng_below(&rng, table.rows - rows + 1));
        double start = thread_ns();
        kind->margins(who->is.self, first, rows, margin_room);
        taken += thread_ns() - start;
    }
    say(who, "batch_row", round, taken / (double)(times * rows));

    rows = clamp(table_budget_ns / who->row_ns, clamp(10000, 1, table.rows), table.rows);
    double start = thread_ns();
    kind->margins(who->is.self, table.value, rows, margin_room);
    say(who, "table_row", round, (thread_ns() - start) / (double)rows);
    say(who, "table_rows", round, (double)rows);
}

static void measure_explain(struct entrant *who, size_t round)
{
    const struct contender_kind *kind = who->is.kind;
    size_t most = clamp(EXPLAIN_CALLS_MAX, 1, table.rows);
    size_t calls = clamp(explain_budget_ns / who->explain_ns, 20, most);
    for (size_t i = 0; i < calls; i++) {
        size_t row = rng_below(&rng, EXPLAIN_CHECKED_MAX);
        uint64_t start = ticks_start();
        kind->explain(who->is.self, row, phi_room);
        sample[i] = ticks_to_ns(ticks_end() - start);
    }
    say(who, "explain_p50", round, quantile_of(sample, calls, 0.5));
    say(who, "explain_p99", round, quantile_of(sample, calls, 0.99));
}

static void measure_explain_rows(struct entrant *who, size_t round)
{
    const struct contender_kind *kind = who->is.kind;
    size_t most = clamp(EXPLAIN_ROWS_MAX, 1, table.rows);
    size_t rows = clamp(explain_rows_budget_ns / who->explain_row_ns, 64, most);
    const float *first = row_at(rng_below(&rng, table.rows - rows + 1));
    double start = thread_ns();
    kind->explain_rows(who->is.self, first, rows, phi_room);
    say(who, "explain_row", round, (thread_ns() - start) / (double)rows);
    say(who, "explain_rows", round, (double)rows);
}

/* A few calls of each: they warm up, and say how many more a budget allows. */
static void estimate(struct entrant *who)
{
    const struct contender_kind *kind = who->is.kind;
    enum { CALLS = 200, ROWS = 2000, EXPLAINED = 5, EXPLAINED_ROWS = 64 };
    double start = thread_ns();
    for (size_t i = 0; i < CALLS && kind->margin != NULL; i++)
        sink = kind->margin(who->is.self, random_row());
    who->one_ns = fmax(1, (thread_ns() - start) / CALLS);
    size_t rows = clamp(ROWS, 1, table.rows);
    start = thread_ns();
    if (kind->margins != NULL)
        kind->margins(who->is.self, table.value, rows, margin_room);
    who->row_ns = fmax(1, (thread_ns() - start) / (double)rows);
    start = thread_ns();
    for (size_t i = 0; i < EXPLAINED && kind->explain != NULL; i++)
        kind->explain(who->is.self, i, phi_room);
    who->explain_ns = fmax(1, (thread_ns() - start) / EXPLAINED);
    start = thread_ns();
    if (kind->explain_rows != NULL)
        kind->explain_rows(who->is.self, table.value, EXPLAINED_ROWS, phi_room);
    who->explain_row_ns = fmax(1, (thread_ns() - start) / EXPLAINED_ROWS);
}

/* Each measure goes round all contenders before the next begins, so that what disturbs the machine
 * for a while disturbs neighbours alike; each round begins with another. */
static void measure_round(size_t round)
{
    static void (*const measures[])(struct entrant *, size_t) = {
        measure_one,     measure_cold,         measure_batch,
        measure_explain, measure_explain_rows, measure_load,
    };
    for (size_t i = 0; i < LENGTH_OF(measures); i++)
        for (size_t turn = 0; turn < entrant_count; turn++) {
            struct entrant *who = &entrant[(turn + round) % entrant_count];
            const struct contender_kind *kind = who->is.kind;
            bool has = measures[i] == measure_batch          ? kind->margins != NULL
                       : measures[i] == measure_explain      ? kind->explain != NULL
                       : measures[i] == measure_explain_rows ? kind->explain_rows != NULL
                                                             : kind->margin != NULL;
            if (has && kind != &kind_recorded)
                measures[i](who, round);
        }
}

int main(int count, char **word)
{
    if (count < 5)
        die("forest_bench TABLE COLUMNS ROUNDS CONTENDER...");
    load_table(word[1], strtoul(word[2], NULL, 10));
    size_t rounds = strtoul(word[3], NULL, 10);
    for (int i = 4; i < count; i++)
        add_entrant(word[i]);
    if (table.rows < EXPLAIN_CHECKED_MAX)
        die("the table has %zu rows, and needs %d", table.rows, EXPLAIN_CHECKED_MAX);
    timing_calibrate();
    printf("{\"clock_step_ns\":%.3g}\n", timing_step_ns());
    rng = rng_of(20261121, 0, 0);
    row_room = room_for(sizeof *row_room, table.columns);
    margin_room = room_for(sizeof *margin_room, table.rows);
    reference_room = room_for(sizeof *reference_room, table.rows);
    sample = room_for(sizeof *sample, WARM_CALLS_MAX);
    phi_room = room_for(sizeof *phi_room, (size_t)EXPLAIN_ROWS_MAX * (table.columns + 1));
    phi_reference =
        room_for(sizeof *phi_reference, (size_t)EXPLAIN_CHECKED_MAX * (table.columns + 1));
    evicted = room_for(1, EVICTED_BYTES);
    for (size_t i = 0; i < entrant_count; i++) {
        open_entrant(&entrant[i]);
        if (entrant[i].is.kind->ready != NULL)
            entrant[i].is.kind->ready(entrant[i].is.self, EXPLAIN_CHECKED_MAX);
    }
    for (size_t i = 0; i < entrant_count; i++)
        if (reference_of(&entrant[i]) == &entrant[i])
            check_group(&entrant[i]);
    for (size_t i = 0; i < entrant_count; i++)
        estimate(&entrant[i]);
    for (size_t round = 0; round < rounds; round++)
        measure_round(round);
    return 0;
}
