#include "data/preset_csv.h"

#include "base/file.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* A chunk of the largest preset takes a fifth of this. */
static const size_t chunk_bytes_max = (size_t)2 << 30;

/* One file on its way: written beside its name until it is complete. */
struct output {
    char path[4096];
    char beside[4128];
    FILE *file; /* NULL: closed */
    bool made;
};

/* What the threads of a run share. */
struct shared {
    const struct preset_run *run;
    struct output output[PRESET_FILES_MAX];
    unsigned threads;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t turned;
    uint32_t turn; /* the next chunk to go to the files */
    bool failed;
    struct err err; /* the first failure */
};

struct worker {
    struct shared *shared;
    unsigned index;
    pthread_t thread;
};

static bool write_error(const struct output *output, struct err *err)
{
    return err_set(err, ERR_IO, "'%s' cannot be written: %s", output->path, strerror(errno));
}

static bool output_open(struct output *output, const struct preset_run *run,
                        const struct preset_file *file, struct err *err)
{
    int length = snprintf(output->path, sizeof output->path, "%s/%s", run->dir, file->name);
    if (length < 0 || (size_t)length >= sizeof output->path)
        return err_set(err, ERR_LIMIT, "the path '%s' is too long", run->dir);
    if (run->keep && file_exists(output->path))
        return err_set(err, ERR_CONFLICT,
                       "'%s' is there already and is not overwritten; remove it, or name another "
                       "directory",
                       output->path);
    snprintf(output->beside, sizeof output->beside, "%s.new-%ld", output->path, (long)getpid());
    output->file = fopen(output->beside, "wbe");
    if (output->file == NULL)
        return write_error(output, err);
    output->made = true;
    return fputs(file->header, output->file) >= 0 || write_error(output, err);
}

static bool output_finish(struct output *output, struct err *err)
{
    bool ok = fflush(output->file) == 0 && fsync(fileno(output->file)) == 0;
    ok = fclose(output->file) == 0 && ok;
    output->file = NULL;
    return ok || write_error(output, err);
}

static bool output_rename(struct output *output, struct err *err)
{
    if (rename(output->beside, output->path) != 0)
        return write_error(output, err);
    output->made = false;
    return true;
}

static void outputs_forget(struct shared *shared)
{
    for (size_t i = 0; i < shared->run->file_count; i++) {
        stream_close(&shared->output[i].file);
        if (shared->output[i].made)
            unlink(shared->output[i].beside);
    }
}

/* One chunk into its texts. */
static bool make_chunk(const struct preset_run *run, uint32_t chunk, struct text *text,
                       struct arena *arena, struct err *err)
{
    arena_reset(arena);
    bool ok = true;
    for (size_t i = 0; i < run->file_count; i++)
        text[i] = text_in_arena(arena);
    ok = run->write(run->world, chunk, text, arena);
    for (size_t i = 0; i < run->file_count; i++)
        ok = ok && !text[i].cut;
    return ok || err_set(err, ERR_LIMIT,
                         "part %u of %u does not fit the memory limit; ask for "
                         "fewer rows",
                         chunk + 1, run->chunks);
}

static bool put_chunk(struct shared *shared, const struct text *text, struct err *err)
{
    for (size_t i = 0; i < shared->run->file_count; i++) {
        struct view bytes = text_view(&text[i]);
        if (fwrite(bytes.text, 1, bytes.length, shared->output[i].file) != bytes.length)
            return write_error(&shared->output[i], err);
    }
    return true;
}

/* Waits for the chunk's turn, puts it out and passes the turn on. False: somebody failed. */
static bool pass_turn(struct shared *shared, uint32_t chunk, const struct text *text, bool made,
                      const struct err *why)
{
    pthread_mutex_lock(&shared->lock);
    while (shared->turn != chunk && !shared->failed)
        pthread_cond_wait(&shared->turned, &shared->lock);
    if (!shared->failed && !made) {
        shared->failed = true;
        shared->err = *why;
    }
    if (!shared->failed && !put_chunk(shared, text, &shared->err))
        shared->failed = true;
    shared->turn++;
    bool going_on = !shared->failed;
    pthread_cond_broadcast(&shared->turned);
    pthread_mutex_unlock(&shared->lock);
    return going_on;
}

static void *work(void *self)
{
    struct worker *worker = self;
    struct shared *shared = worker->shared;
    const struct preset_run *run = shared->run;
    CLEANUP(arena_release) struct arena arena = {.limit = chunk_bytes_max};
    struct text text[PRESET_FILES_MAX];
    for (uint32_t chunk = worker->index; chunk < run->chunks; chunk += shared->threads) {
        struct err err = {0};
        bool made = make_chunk(run, chunk, text, &arena, &err);
        if (!pass_turn(shared, chunk, text, made, &err))
            break;
    }
    return NULL;
}

static unsigned thread_count(const struct preset_run *run)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = run->threads > 0 ? run->threads : processors > 0 ? (unsigned)processors : 1;
    threads = threads < PRESET_THREADS_MAX ? threads : PRESET_THREADS_MAX;
    return threads < run->chunks ? threads : run->chunks;
}

static bool run_threads(struct shared *shared, struct err *err)
{
    struct worker worker[PRESET_THREADS_MAX];
    unsigned started = 0;
    int why = 0;
    for (; started < shared->threads && why == 0; started += why == 0) {
        worker[started] = (struct worker){.shared = shared, .index = started};
        why = pthread_create(&worker[started].thread, NULL, work, &worker[started]);
    }
    if (why != 0) {
        pthread_mutex_lock(&shared->lock);
        shared->failed = true;
        err_set(&shared->err, ERR_UNAVAILABLE,
                "thread %u of %u cannot be started: %s; ask for "
                "fewer threads",
                started + 1, shared->threads, strerror(why));
        pthread_cond_broadcast(&shared->turned);
        pthread_mutex_unlock(&shared->lock);
    }
    for (unsigned i = 0; i < started; i++)
        pthread_join(worker[i].thread, NULL);
    if (shared->failed)
        *err = shared->err;
    return !shared->failed;
}

static bool write_files(struct shared *shared, struct err *err)
{
    const struct preset_run *run = shared->run;
    for (size_t i = 0; i < run->file_count; i++)
        if (!output_open(&shared->output[i], run, &run->files[i], err))
            return false;
    if (!run_threads(shared, err))
        return false;
    for (size_t i = 0; i < run->file_count; i++)
        if (!output_finish(&shared->output[i], err))
            return false;
    for (size_t i = 0; i < run->file_count; i++)
        if (!output_rename(&shared->output[i], err))
            return false;
    return true;
}

bool preset_run_write(const struct preset_run *run, struct err *err)
{
    assert(run->file_count <= PRESET_FILES_MAX);
    if (!dir_make(run->dir, err))
        return false;
    struct shared shared = {
        .run = run,
        .threads = thread_count(run),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .turned = PTHREAD_COND_INITIALIZER,
    };
    bool ok = write_files(&shared, err);
    outputs_forget(&shared);
    return ok;
}

void preset_add_padded(struct text *text, uint32_t value, unsigned digits)
{
    enum { DIGITS_MAX = 10 };
    assert(digits <= DIGITS_MAX);
    char bytes[DIGITS_MAX];
    for (unsigned i = digits; i > 0; i--) {
        bytes[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    text_add(text, (struct view){bytes, digits});
}

void preset_add_whole(struct text *text, uint64_t value)
{
    char bytes[20];
    size_t at = sizeof bytes;
    do {
        bytes[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    text_add(text, (struct view){bytes + at, sizeof bytes - at});
}

void preset_add_hundredths(struct text *text, uint64_t value)
{
    preset_add_whole(text, value / 100);
    text_addc(text, '.');
    preset_add_padded(text, (uint32_t)(value % 100), 2);
}
