#include "serve/access_log.h"

#include "base/file.h"
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    return path;
}

static struct access_entry entry_of(const char *id)
{
    return (struct access_entry){.method = VIEW("POST"),
                                 .route = "/invocations",
                                 .status = 200,
                                 .body_bytes = 321,
                                 .elapsed_ns = 87654,
                                 .client = VIEW("till-7"),
                                 .request_id = view_of(id)};
}

static struct view load(const char *path, struct arena *arena)
{
    struct view text;
    struct err err = {0};
    WORKS(file_load(path, 256 << 20, arena, &text, &err), err);
    return text;
}

static size_t lines_of(struct view text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += text.text[i] == '\n';
    return count;
}

TEST(a_line_says_what_was_asked_and_answered)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_of("line.log");
    struct stat about;
    struct err err = {0};
    struct access_log *log = access_log_open(path, 1, &err);
    TRUE(log != NULL);
    struct access_entry entry = entry_of("r-1");
    TRUE(access_log_write(log, 0, &entry));
    entry.gone = true, entry.request_id = VIEW("a\"b\n");
    TRUE(access_log_write(log, 0, &entry));
    access_log_close(log);
    struct view text = load(path, &arena), first, second;
    TRUE(view_cut(&text, '\n', &first) && view_cut(&text, '\n', &second) && text.length == 0);
    TRUE(view_starts(first, "{\"time\":\"20"));
    TRUE(view_ends(first, "Z\",\"method\":\"POST\",\"route\":\"/invocations\",\"status\":200,"
                          "\"bytes\":321,\"us\":87,\"client\":\"till-7\",\"request_id\":\"r-1\"}"));
    TRUE(view_ends(second, "\"request_id\":\"a\\\"b\\n\",\"gone\":true}"));
    TRUE(stat(path, &about) == 0 && (about.st_mode & 0777 & ~0640U) == 0);
}

enum { THREADS = 3, LINES = 4000 };

struct writer {
    struct access_log *log;
    unsigned worker;
    size_t lost;
};

static void *write_many(void *writer_)
{
    struct writer *writer = writer_;
    for (int i = 0; i < LINES; i++) {
        char id[32];
        snprintf(id, sizeof id, "%u-%d", writer->worker, i);
        struct access_entry entry = entry_of(id);
        writer->lost += !access_log_write(writer->log, writer->worker, &entry);
        if (i % 500 == 0)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return NULL;
}

TEST(workers_write_at_once_and_every_line_that_was_taken_is_there_whole_and_in_order)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    const char *path = path_of("many.log");
    struct err err = {0};
    struct access_log *log = access_log_open(path, THREADS, &err);
    struct writer writer[THREADS];
    pthread_t thread[THREADS];
    size_t lost = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        writer[i] = (struct writer){.log = log, .worker = i};
        TRUE(pthread_create(&thread[i], NULL, write_many, &writer[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        lost += writer[i].lost;
    }
    access_log_close(log);
    struct view text = load(path, &arena), line;
    SAME(lines_of(text), THREADS * LINES - lost);
    long last[THREADS] = {-1, -1, -1};
    while (text.length > 0 && view_cut(&text, '\n', &line)) {
        FAIL_UNLESS(view_starts(line, "{\"time\":\"") && view_ends(line, "\"}"), "a line is '%.*s'",
                    (int)line.length, line.text);
        const char *id = memmem(line.text, line.length, "request_id\":\"", 13);
        TRUE(id != NULL);
        unsigned worker = (unsigned)(id[13] - '0');
        long number = strtol(id + 15, NULL, 10);
        TRUE(worker < THREADS && number > last[worker]);
        last[worker] = number;
    }
}

TEST(where_nobody_reads_lines_are_lost_and_nobody_waits)
{
    const char *path = path_of("pipe");
    struct err err = {0};
    TRUE(mkfifo(path, 0600) == 0);
    CLEANUP(fd_close) int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct access_log *log = access_log_open(path, 1, &err);
    TRUE(log != NULL);
    struct access_entry entry = entry_of("x");
    size_t lost = 0;
    for (int i = 0; i < 20000; i++)
        lost += !access_log_write(log, 0, &entry);
    TRUE(lost > 5000);
    char bytes[65536];
    fcntl(reader, F_SETFL, 0);
    size_t lines = 0;
    for (size_t wanted = 20000 - lost; lines < wanted;) {
        ssize_t size = read(reader, bytes, sizeof bytes);
        TRUE(size > 0);
        lines += lines_of((struct view){bytes, (size_t)size});
    }
    access_log_close(log);
    SAME(lines, 20000 - lost);
}

TEST(a_file_that_was_moved_away_is_begun_anew)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    char old[320];
    const char *path = path_of("rotated.log");
    struct err err = {0};
    struct access_log *log = access_log_open(path, 1, &err);
    struct access_entry entry = entry_of("before");
    TRUE(access_log_write(log, 0, &entry));
    snprintf(old, sizeof old, "%s.1", path);
    TRUE(rename(path, old) == 0);
    access_log_reopen(log);
    for (int i = 0; i < 500 && !file_exists(path); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    entry = entry_of("after");
    TRUE(access_log_write(log, 0, &entry));
    access_log_close(log);
    SAME(lines_of(load(old, &arena)), 1);
    SAME(lines_of(load(path, &arena)), 1);
}

TEST(a_file_that_cannot_be_made_is_an_error_that_names_it)
{
    struct err err = {0};
    TRUE(access_log_open("/proc/nowhere/access.log", 1, &err) == NULL);
    SAME(err.kind, ERR_IO);
    SAYS(err, "/proc/nowhere/access.log");
}
