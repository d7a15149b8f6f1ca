/* What was kept under fsync outlives any kill, once, wherever it was on its way to the database. */
#include "base/clock.h"
#include "base/number.h"
#include "base/rng.h"
#include "ground.h"
#include "journal_ground.h"
#include "store/journal_log.h"
#include "store/journal_move.h"

#include <sys/mman.h>

enum { WORKERS = 2, ROUNDS = 10, ROUNDS_SOAK = 50, ALIVE_MS_MAX = 250 };

/* Shared with the child: what it has seen kept. */
struct seen {
    _Atomic uint64_t kept[WORKERS];
};

struct child {
    struct journal journal;
    struct seen *seen;
    int round;
};

struct appender {
    struct child *child;
    unsigned worker;
};

static void *append_for_ever(void *self)
{
    const struct appender *appender = self;
    struct child *child = appender->child;
    for (uint64_t i = 1;; i++) {
        struct numbered n;
        struct err err = {0};
        uint64_t ticket;
        number_it(&n, appender->worker, i);
        snprintf(n.id, sizeof n.id, "%d-%u-%llu", child->round, appender->worker,
                 (unsigned long long)i);
        n.decision.id = view_of(n.id);
        while (
            !journal_append(&child->journal, appender->worker, &n.decision, 1, NULL, &ticket, &err))
            usleep(50);
        if (i % 64 == 0)
            usleep(500); /* so that there are many commits, and not one full ring */
        atomic_store(&child->seen->kept[appender->worker],
                     journal_kept(&child->journal, appender->worker));
    }
    return NULL;
}

static _Noreturn void run_child(const struct store_place *place, const char *journal_dir,
                                struct seen *seen, int round)
{
    static struct child child;
    static struct journal_mover mover;
    struct err err = {0};
    struct journal_options options = {
        .dir = journal_dir, .durability = JOURNAL_FSYNC, .segment_bytes = 100000, .segment_ms = 20};
    struct journal_mover_options moving = {.dir = journal_dir, .store = *place, .every_ms = 5};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    child.seen = seen, child.round = round;
    if (!journal_open(&child.journal, &options, WORKERS, &err) ||
        !journal_mover_open(&mover, &moving, &err))
        _exit(1);
    struct appender appender[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_t thread;
        appender[i] = (struct appender){&child, i};
        pthread_create(&thread, NULL, append_for_ever, &appender[i]);
    }
    for (;;)
        pause();
}

/* How long the next opening took. */
static int64_t open_after(const char *journal_dir)
{
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    int64_t begun = clock_ticks_ns();
    WORKS(journal_open(&journal, &(struct journal_options){.dir = journal_dir}, 1, &err), err);
    int64_t took_ms = (clock_ticks_ns() - begun) / 1000000;
    SAME(journal_state_of(&journal).recovery.damage.places, 0);
    WORKS(journal_close(&journal, &err), err);
    return took_ms;
}

struct ids {
    int round;
    unsigned worker;
    uint64_t number;
};

static struct ids ids_of(struct view id)
{
    struct view rest = id, part;
    int64_t value[3];
    for (int i = 0; i < 3; i++)
        TRUE(view_cut(&rest, '-', &part) && number_parse_i64(part, &value[i]));
    return (struct ids){(int)value[0], (unsigned)value[1], (uint64_t)value[2]};
}

/* Of each round and worker: every number up to the last one kept, and none twice. */
static void check(struct store *store, const char *journal_dir, int rounds,
                  const uint64_t kept[ROUNDS_SOAK][WORKERS])
{
    enum { NUMBERS_MAX = 200000 };
    static unsigned char times[ROUNDS_SOAK][WORKERS][NUMBERS_MAX];
    CLEANUP(journal_log_close) struct journal_log log = {0};
    struct journal_decision d;
    struct err err = {0};
    memset(times, 0, sizeof times);
    WORKS(journal_log_open(&log, store, journal_dir, &(struct journal_query){0}, &err), err);
    while (journal_log_next(&log, &d, &err)) {
        struct ids id = ids_of(d.id);
        TRUE(id.round < rounds && id.worker < WORKERS && id.number < NUMBERS_MAX);
        SAME(++times[id.round][id.worker][id.number], 1);
    }
    WORKS(err.kind == ERR_NONE, err);
    for (int round = 0; round < rounds; round++)
        for (unsigned worker = 0; worker < WORKERS; worker++)
            for (uint64_t i = 1; i <= kept[round][worker]; i++)
                FAIL_UNLESS(times[round][worker][i] == 1,
                            "round %d: worker %u's record %llu was kept (up to %llu) and is gone",
                            round, worker, (unsigned long long)i,
                            (unsigned long long)kept[round][worker]);
}

ON_BOTH(what_was_kept_is_there_once_whenever_the_process_is_killed)
{
    static uint64_t kept[ROUNDS_SOAK][WORKERS];
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(store_close) struct store store = {0};
    struct err err = {0};
    int rounds = getenv("ASSAY_SOAK") == NULL ? ROUNDS : ROUNDS_SOAK;
    struct store_place place = ground_place(ground, &arena, "killed-store");
    const char *journal_dir = path_join(&arena, place.dir, "journal");
    struct seen *seen =
        mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    TRUE(seen != MAP_FAILED);
    WORKS(store_open_place(&store, &place, &err), err); /* its tables are made */
    store_close(&store);
    struct rng rng = rng_of((uint64_t)clock_now_us(), 1, 0);
    uint64_t all = 0;
    int64_t slowest_ms = 0;
    for (int round = 0; round < rounds; round++) {
        memset(seen, 0, sizeof *seen);
        pid_t pid = fork();
        if (pid == 0)
            run_child(&place, journal_dir, seen, round);
        for (int i = 0; i < 2000 && atomic_load(&seen->kept[0]) == 0; i++)
            usleep(1000);
        usleep((unsigned)rng_below(&rng, ALIVE_MS_MAX * 1000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        for (unsigned worker = 0; worker < WORKERS; worker++)
            all += kept[round][worker] = atomic_load(&seen->kept[worker]);
        int64_t took_ms = open_after(journal_dir);
        slowest_ms = took_ms > slowest_ms ? took_ms : slowest_ms;
    }
    munmap(seen, sizeof *seen);
    TRUE(all > 100);
    TRUE(slowest_ms < 1000);
    WORKS(store_open_place(&store, &place, &err), err);
    check(&store, journal_dir, rounds, (const uint64_t(*)[WORKERS])kept);
    struct journal_moved moved;
    WORKS(journal_move(&store, journal_dir, NULL, &moved, &err), err);
    check(&store, journal_dir, rounds, (const uint64_t(*)[WORKERS])kept);
    SAME(segments_in(journal_dir, SEGMENT_SEALED), 0);
    printf("# %d kills, %llu records kept, the slowest opening took %lld ms\n", rounds,
           (unsigned long long)all, (long long)slowest_ms);
}
