#include "store/journal.h"

#include "base/clock.h"
#include "journal_ground.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { FEW_MS = 20 };

static uint64_t append(struct journal *journal, unsigned worker, uint64_t number)
{
    struct numbered n;
    struct err err = {0};
    uint64_t ticket = 0;
    number_it(&n, worker, number);
    WORKS(journal_append(journal, worker, &n.decision, 1, NULL, &ticket, &err), err);
    return ticket;
}

/* Everything in the directory: each worker's decisions 1, 2, 3, ... in order, none twice. */
static void check_all(const char *dir, unsigned workers, const uint64_t last[])
{
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    struct journal_record record;
    struct journal_decision decision;
    struct err err = {0};
    uint64_t seen[8] = {0};
    WORKS(journal_read(&reader, dir, &err), err);
    while (journal_next(&reader, &record, &err)) {
        TRUE(record.worker < workers);
        SAME(record.ticket, ++seen[record.worker]);
        SAME(record.decisions, 1);
        TRUE(journal_decision_next(&record, &decision));
        TRUE(is_numbered(&decision, record.worker, record.ticket));
    }
    WORKS(err.kind == ERR_NONE, err);
    SAME(reader.damage.places, 0);
    for (unsigned i = 0; i < workers; i++)
        SAME(seen[i], last[i]);
}

static void keeps_what_is_appended(enum journal_durability durability, const char *name)
{
    const char *dir = journal_place(name);
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    struct journal_options options = {.dir = dir, .durability = durability, .sync_ms = FEW_MS};
    WORKS(journal_open(&journal, &options, 2, &err), err);
    for (uint64_t i = 1; i <= 500; i++)
        SAME(append(&journal, (unsigned)(i % 2), (i + 1) / 2), (i + 1) / 2);
    TRUE(wait_kept(&journal, 0, 250) && wait_kept(&journal, 1, 250));
    struct journal_state state = journal_state_of(&journal);
    SAME(state.appended, 500);
    SAME(state.kept, 500);
    SAME(state.segments, 1);
    TRUE(!state.stalled && state.bytes > 500 * 200 && state.dropped == 0);
    check_all(dir, 2, (uint64_t[]){250, 250}); /* while it is open */
    SAME(segments_in(dir, SEGMENT_OPEN), 1);
    WORKS(journal_close(&journal, &err), err);
    SAME(segments_in(dir, SEGMENT_OPEN), 0);
    SAME(segments_in(dir, SEGMENT_SEALED), 1);
    check_all(dir, 2, (uint64_t[]){250, 250});
}

TEST(under_write_what_is_appended_is_kept)
{
    keeps_what_is_appended(JOURNAL_WRITE, "write");
}

TEST(under_interval_what_is_appended_is_kept)
{
    keeps_what_is_appended(JOURNAL_INTERVAL, "interval");
}

TEST(under_fsync_what_is_appended_is_kept)
{
    keeps_what_is_appended(JOURNAL_FSYNC, "fsync");
}

TEST(a_request_its_answer_and_a_label_come_back)
{
    const char *dir = journal_place("mixed");
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    CLEANUP(journal_release) struct journal journal = {0};
    struct journal_record record;
    struct journal_decision got;
    struct err err = {0};
    struct numbered n[2];
    uint64_t ticket;
    number_it(&n[0], 0, 1), number_it(&n[1], 0, 2);
    struct journal_decision both[] = {n[0].decision, n[1].decision};
    struct journal_answer answer = {.key = VIEW("retry-1"), .status = 200, .body = VIEW("[1,0]")};
    struct journal_label label = {.decision = VIEW("w0-1"), .label = VIEW("legit"), .at_us = 9};
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    WORKS(journal_append(&journal, 0, both, 2, &answer, &ticket, &err), err);
    SAME(ticket, 1);
    WORKS(journal_append_label(&journal, 0, &label, &ticket, &err), err);
    SAME(ticket, 2);
    WORKS(journal_close(&journal, &err), err);
    WORKS(journal_read(&reader, dir, &err), err);
    TRUE(journal_next(&reader, &record, &err));
    SAME(record.decisions, 2);
    TRUE(record.answered);
    TEXT(record.answer.key, "retry-1");
    TRUE(journal_decision_next(&record, &got) && is_numbered(&got, 0, 1));
    TRUE(journal_decision_next(&record, &got) && is_numbered(&got, 0, 2));
    TRUE(journal_next(&reader, &record, &err));
    SAME(record.kind, JOURNAL_LABEL);
    TEXT(record.label.label, "legit");
    TRUE(!journal_next(&reader, &record, &err));
    WORKS(err.kind == ERR_NONE, err);
}

/* ---------------------------------------------------------------- many threads */

enum { THREADS = 3, EACH = 20000 };

struct thread {
    struct journal *journal;
    unsigned worker;
};

static void *append_many(void *self)
{
    const struct thread *thread = self;
    struct err err = {0};
    struct numbered n;
    for (uint64_t i = 1; i <= EACH;) {
        uint64_t ticket;
        number_it(&n, thread->worker, i);
        if (journal_append(thread->journal, thread->worker, &n.decision, 1, NULL, &ticket, &err))
            i++;
        else if (err.kind == ERR_UNAVAILABLE)
            sched_yield(); /* its disk does not keep up */
        else
            return self; /* something is wrong */
    }
    return NULL;
}

static void count_kept(void *self)
{
    ++*(_Atomic int *)self;
}

static void many_threads(enum journal_durability durability, const char *name)
{
    const char *dir = journal_place(name);
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    _Atomic int commits = 0;
    struct journal_options options = {.dir = dir,
                                      .durability = durability,
                                      .segment_bytes = 2 << 20,
                                      .ring_bytes = 256 << 10,
                                      .kept = count_kept,
                                      .self = &commits};
    WORKS(journal_open(&journal, &options, THREADS, &err), err);
    struct test_thread handle[THREADS] = {0};
    struct thread thread[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        thread[i] = (struct thread){&journal, i};
        test_thread_start(&handle[i], append_many, &thread[i]);
    }
    bool good = true;
    for (unsigned i = 0; i < THREADS; i++)
        good &= test_thread_join(&handle[i]) == NULL;
    TRUE(good);
    for (unsigned i = 0; i < THREADS; i++)
        TRUE(wait_kept(&journal, i, EACH));
    SAME(journal_state_of(&journal).kept, (uint64_t)THREADS * EACH);
    TRUE(commits > 1 && commits < THREADS * EACH / 2); /* in groups */
    WORKS(journal_close(&journal, &err), err);
    TRUE(segments_in(dir, SEGMENT_SEALED) > 5);
    check_all(dir, THREADS, (uint64_t[]){EACH, EACH, EACH});
}

TEST(many_threads_lose_nothing_under_write)
{
    many_threads(JOURNAL_WRITE, "threads-write");
}

TEST(many_threads_lose_nothing_under_fsync)
{
    many_threads(JOURNAL_FSYNC, "threads-fsync");
}

TEST(two_journals_share_a_directory)
{
    const char *dir = journal_place("shared");
    CLEANUP(journal_release) struct journal one = {0};
    CLEANUP(journal_release) struct journal two = {0};
    struct err err = {0};
    struct journal_options options = {.dir = dir};
    WORKS(journal_open(&one, &options, 1, &err), err);
    append(&one, 0, 1);
    WORKS(journal_open(&two, &options, 1, &err), err);
    SAME(journal_state_of(&two).recovery.segments, 0); /* the other's is alive */
    append(&two, 0, 1);
    append(&one, 0, 2);
    WORKS(journal_close(&one, &err), err);
    WORKS(journal_close(&two, &err), err);
    SAME(segments_in(dir, SEGMENT_SEALED), 2);
}

/* ---------------------------------------------------------------- segments */

TEST(a_segment_is_sealed_when_it_is_full_and_when_it_is_old)
{
    const char *dir = journal_place("seal");
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    struct journal_options options = {.dir = dir, .segment_bytes = 4096, .segment_ms = 100000};
    WORKS(journal_open(&journal, &options, 1, &err), err);
    for (uint64_t i = 1; i <= 40; i++)
        TRUE(wait_kept(&journal, 0, append(&journal, 0, i)));
    TRUE(segments_in(dir, SEGMENT_SEALED) >= 3);
    struct stat stat_of;
    SAME(stat(last_segment(dir, SEGMENT_SEALED), &stat_of), 0);
    TRUE(stat_of.st_size <= 4096);
    WORKS(journal_close(&journal, &err), err);
    check_all(dir, 1, (uint64_t[]){40});

    dir = journal_place("seal-age");
    options = (struct journal_options){.dir = dir, .segment_ms = FEW_MS};
    WORKS(journal_open(&journal, &options, 1, &err), err);
    append(&journal, 0, 1);
    for (int i = 0; i < 1000 && segments_in(dir, SEGMENT_SEALED) == 0; i++)
        usleep(1000 * 5);
    SAME(segments_in(dir, SEGMENT_SEALED), 1);
    WORKS(journal_close(&journal, &err), err);
    WORKS(journal_open(&journal, &options, 1, &err), err);
    SAME(segments_in(dir, SEGMENT_OPEN), 1);
    WORKS(journal_close(&journal, &err), err);
    SAME(segments_in(dir, SEGMENT_SEALED), 1); /* one without records leaves nothing */
    SAME(segments_in(dir, SEGMENT_OPEN), 0);
}

TEST(a_request_larger_than_a_ring_takes_is_refused_for_good)
{
    static float row[1024]; /* and what stands beside it */
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    struct journal_options options = {.dir = journal_place("large"), .ring_bytes = 8192};
    struct journal_decision decision = {.row = row, .width = LENGTH_OF(row)};
    uint64_t ticket;
    WORKS(journal_open(&journal, &options, 1, &err), err);
    FAILS(journal_append(&journal, 0, &decision, 1, NULL, &ticket, &err), err, ERR_LIMIT);
    SAYS(err, "raise journal.ring_bytes");
    err = (struct err){0};
    WORKS(journal_close(&journal, &err), err);
}

/* ---------------------------------------------------------------- after a kill */

/* A child that appends under fsync and is killed: what it saw kept is told through a pipe. */
static uint64_t killed_child(const char *dir)
{
    int pipe_of[2];
    SAME(pipe(pipe_of), 0);
    pid_t pid = fork();
    if (pid == 0) {
        CLEANUP(journal_release) struct journal journal = {0};
        struct err err = {0};
        struct journal_options options = {.dir = dir, .durability = JOURNAL_FSYNC};
        if (!journal_open(&journal, &options, 1, &err))
            _exit(1);
        for (uint64_t i = 1;; i++) {
            struct numbered n;
            uint64_t ticket, kept;
            number_it(&n, 0, i);
            while (!journal_append(&journal, 0, &n.decision, 1, NULL, &ticket, &err))
                usleep(100);
            kept = journal_kept(&journal, 0);
            if (i % 16 == 0 && write(pipe_of[1], &kept, sizeof kept) < 0)
                _exit(1);
        }
    }
    close(pipe_of[1]);
    uint64_t kept = 0;
    while (kept < 8 && read(pipe_of[0], &kept, sizeof kept) == (ssize_t)sizeof kept)
        ; /* however busy the machine is */
    usleep(20000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (read(pipe_of[0], &kept, sizeof kept) == (ssize_t)sizeof kept)
        ;
    close(pipe_of[0]);
    return kept;
}

static uint64_t tear(const char *path, off_t bytes)
{
    struct stat stat_of;
    SAME(stat(path, &stat_of), 0);
    SAME(truncate(path, stat_of.st_size - bytes), 0);
    return (uint64_t)stat_of.st_size;
}

TEST(what_was_kept_before_a_kill_is_there_after_it_and_the_torn_end_is_cut)
{
    const char *dir = journal_place("killed");
    uint64_t kept = killed_child(dir);
    TRUE(kept > 0);
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    SAME(segments_in(dir, SEGMENT_OPEN), 1);
    tear(last_segment(dir, SEGMENT_OPEN), 0);
    CLEANUP(fd_close) int fd = open(last_segment(dir, SEGMENT_OPEN), O_WRONLY | O_APPEND);
    SAME(write(fd, "JNL1 and half of a record", 25), 25);
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    struct journal_state now = journal_state_of(&journal);
    SAME(now.recovery.segments, 1);
    TRUE(now.recovery.records >= kept);
    TRUE(now.recovery.cut_bytes >= 25); /* the kill may have torn a record too */
    SAME(now.recovery.damage.places, 0);
    WORKS(journal_close(&journal, &err), err);
    check_all(dir, 1, (uint64_t[]){now.recovery.records});
}

TEST(a_large_segment_is_recovered_in_well_under_a_second)
{
    enum { MANY = 150000 };
    const char *dir = journal_place("large-segment");
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    struct journal_options options = {.dir = dir, .segment_bytes = 256 << 20};
    WORKS(journal_open(&journal, &options, 1, &err), err);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct numbered n;
        uint64_t ticket;
        number_it(&n, 0, i);
        while (!journal_append(&journal, 0, &n.decision, 1, NULL, &ticket, &err))
            usleep(100);
    }
    err = (struct err){0};
    WORKS(journal_close(&journal, &err), err);
    char sealed[600], open_path[600];
    snprintf(sealed, sizeof sealed, "%s", last_segment(dir, SEGMENT_SEALED));
    snprintf(open_path, sizeof open_path, "%.*s.open", (int)(strlen(sealed) - 8), sealed);
    SAME(rename(sealed, open_path), 0);
    tear(open_path, 5);
    int64_t begun = clock_ticks_ns();
    WORKS(journal_open(&journal, &options, 1, &err), err);
    int64_t took_ms = (clock_ticks_ns() - begun) / 1000000;
    SAME(journal_state_of(&journal).recovery.records, MANY - 1);
    printf("# %d records recovered in %lld ms\n", MANY, (long long)took_ms);
    WORKS(journal_close(&journal, &err), err);
}

TEST(damage_in_the_middle_is_told_when_a_journal_is_opened)
{
    const char *dir = journal_place("middle");
    TRUE(killed_child(dir) > 3);
    CLEANUP(fd_close) int fd = open(last_segment(dir, SEGMENT_OPEN), O_RDWR);
    SAME(pwrite(fd, "?", 1, SEGMENT_HEADER_SIZE + 100), 1);
    fd_close(&fd);
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    struct journal_recovery recovery = journal_state_of(&journal).recovery;
    SAME(recovery.damage.places, 1);
    TRUE(strstr(recovery.damage.text, "from byte 64 on") != NULL);
    TRUE(recovery.records > 2);
    WORKS(journal_close(&journal, &err), err);
}

TEST(a_segment_without_a_header_is_put_aside_and_told)
{
    const char *dir = journal_place("headless");
    char path[600];
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    WORKS(dir_make(dir, &err), err);
    snprintf(path, sizeof path, "%s/000000000bb8-00000000000000ff.open", dir);
    WORKS(file_save(path, VIEW("ASSAY"), &err), err);
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    SAME(journal_state_of(&journal).recovery.damage.places, 1);
    SAME(segments_in(dir, SEGMENT_DAMAGED), 1);
    WORKS(journal_close(&journal, &err), err);
}

/* ---------------------------------------------------------------- a disk that is full */

static void wait_stalled(struct journal *journal, bool stalled)
{
    for (int i = 0; i < 5000 && journal_state_of(journal).stalled != stalled; i++)
        usleep(1000);
    SAME(journal_state_of(journal).stalled, stalled);
}

/* Appends until it is refused; how many were taken. */
static uint64_t append_until_refused(struct journal *journal, uint64_t from, struct err *err)
{
    struct numbered n;
    uint64_t ticket;
    for (uint64_t i = from;; i++) {
        number_it(&n, 0, i);
        if (!journal_append(journal, 0, &n.decision, 1, NULL, &ticket, err))
            return i - 1;
        usleep(20);
    }
}

TEST(a_file_that_may_not_grow_stalls_the_journal_until_it_may)
{
    const char *dir = journal_place("fsize");
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    struct rlimit before, limit;
    SAME(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){100000, before.rlim_max};
    WORKS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err);
    SAME(setrlimit(RLIMIT_FSIZE, &limit), 0);
    uint64_t taken = append_until_refused(&journal, 1, &err);
    SAME(err.kind, ERR_UNAVAILABLE);
    SAYS(err, "it cannot be written");
    struct journal_state now = journal_state_of(&journal);
    TRUE(now.stalled && strstr(now.why, "files may not be this large") != NULL);
    TRUE(now.kept < taken && now.kept > 0 && now.refused == 1);
    struct stat cut; /* to the last whole record */
    SAME(stat(last_segment(dir, SEGMENT_OPEN), &cut), 0);
    SAME((uint64_t)cut.st_size, SEGMENT_HEADER_SIZE + now.bytes);
    SAME(setrlimit(RLIMIT_FSIZE, &before), 0);
    wait_stalled(&journal, false);
    TRUE(wait_kept(&journal, 0, taken)); /* nothing that was taken is lost */
    append(&journal, 0, taken + 1);
    err = (struct err){0};
    WORKS(journal_close(&journal, &err), err);
    check_all(dir, 1, &(uint64_t){taken + 1});
}

TEST(a_full_disk_stalls_the_journal_until_there_is_room)
{
    char place[520], filler[540];
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    snprintf(place, sizeof place, "%s", journal_place("tmpfs"));
    WORKS(dir_make(place, &err), err);
    if (mount("tmpfs", place, "tmpfs", 0, "size=1m") < 0)
        SKIP("a file system of its own cannot be mounted here (that takes root)");
    snprintf(filler, sizeof filler, "%s/filler", place);
    int fd = open(filler, O_WRONLY | O_CREAT, 0600);
    bool filled = fd >= 0 && posix_fallocate(fd, 0, 700 << 10) == 0;
    struct journal_options options = {.dir = place, .durability = JOURNAL_FSYNC};
    bool opened = journal_open(&journal, &options, 1, &err);
    uint64_t taken = opened ? append_until_refused(&journal, 1, &err) : 0;
    struct journal_state now = opened ? journal_state_of(&journal) : (struct journal_state){0};
    close(fd);
    unlink(filler);
    bool kept = opened && wait_kept(&journal, 0, taken);
    struct err lost = {0};
    bool closed = opened && journal_close(&journal, &lost);
    if (kept)
        check_all(place, 1, &taken);
    umount2(place, MNT_DETACH);
    TRUE(filled && opened && now.stalled);
    TRUE(strstr(now.why, "make room on the disk") != NULL);
    TRUE(now.kept < taken);
    TRUE(kept && closed);
}

TEST(below_the_free_bytes_the_journal_drops_and_counts_when_told_to)
{
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    struct journal_options options = {.dir = journal_place("free"),
                                      .when_full = JOURNAL_DROP,
                                      .free_bytes_min = (uint64_t)1 << 60};
    uint64_t ticket = 7;
    struct numbered n;
    number_it(&n, 0, 1);
    WORKS(journal_open(&journal, &options, 1, &err), err);
    append(&journal, 0, 1);
    wait_stalled(&journal, true);
    WORKS(journal_append(&journal, 0, &n.decision, 1, NULL, &ticket, &err), err);
    SAME(ticket, 0);
    struct journal_state now = journal_state_of(&journal);
    SAME(now.dropped, 1);
    TRUE(strstr(now.why, "journal.free_bytes_min") != NULL);
    FAILS(journal_close(&journal, &err), err, ERR_IO);
    SAYS(err, "1 records of the journal are not kept");
}

TEST(a_directory_that_cannot_be_written_is_told_at_once)
{
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    const char *dir = journal_place("a-file");
    WORKS(file_save(dir, VIEW("x"), &err), err);
    FAILS(journal_open(&journal, &(struct journal_options){.dir = dir}, 1, &err), err, ERR_IO);
    SAYS(err, "opening the journal");
}

/* ---------------------------------------------------------------- what it costs */

TEST(appending_thirty_features_takes_well_under_a_microsecond)
{
    enum { TIMES = 20000 };
    CLEANUP(journal_release) struct journal journal = {0};
    struct err err = {0};
    struct numbered n;
    uint64_t ticket, taken = 0;
    number_it(&n, 0, 1);
    WORKS(journal_open(&journal, &(struct journal_options){.dir = journal_place("cost")}, 1, &err),
          err);
    int64_t best_ns = INT64_MAX;
    for (int round = 0; round < 10; round++) {
        int64_t begun = clock_ticks_ns();
        for (int i = 0; i < TIMES / 10; i++)
            taken += journal_append(&journal, 0, &n.decision, 1, NULL, &ticket, &err);
        int64_t took = clock_ticks_ns() - begun;
        best_ns = took < best_ns ? took : best_ns;
        TRUE(wait_kept(&journal, 0, ticket));
    }
    FAIL_UNLESS(taken == TIMES, "%s: %s", err.text, journal_state_of(&journal).why);
    printf("# %lld ns a decision\n", (long long)(best_ns / (TIMES / 10)));
    WORKS(journal_close(&journal, &err), err);
}
