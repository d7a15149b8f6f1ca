#include "cli/retrainer.h"

#include "base/clock.h"
#include "base/number.h"
#include "cli/govern.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 2 * SETS_MAX + 16, OUTPUT_MAX = 64 * 1024 };
enum { RENEW_MS = 10 * 1000, TURN_MS = 500, STORE_TURNS = 240 };

/* What the process says on one of its outputs: the first bytes of standard output, the last of
 * standard error. */
struct ear {
    int fd;
    bool last;
    char bytes[OUTPUT_MAX];
    size_t length;
};

static void hear(struct ear *ear)
{
    char read_bytes[4096];
    ssize_t got = read(ear->fd, read_bytes, sizeof read_bytes);
    if (got <= 0) {
        if (got == 0 || errno != EINTR) {
            close(ear->fd);
            ear->fd = -1;
        }
        return;
    }
    size_t room = OUTPUT_MAX - ear->length, size = (size_t)got;
    if (ear->last && size > room) {
        size_t drop = size - room;
        memmove(ear->bytes, ear->bytes + drop, ear->length - drop);
        ear->length -= drop;
        room = size;
    }
    size = size < room ? size : room;
    memcpy(ear->bytes + ear->length, read_bytes, size);
    ear->length += size;
}

static struct view last_line(const struct ear *ear)
{
    struct view rest = {ear->bytes, ear->length}, line, last = VIEW("");
    while (view_cut(&rest, '\n', &line))
        if (view_trim(line).length > 0)
            last = view_trim(line);
    return last;
}

/* ---------------------------------------------------------------- the process */

struct arguments {
    const char *item[ARGUMENTS_MAX];
    size_t count;
};

static void add_set(struct arguments *arguments, const char *set)
{
    arguments->item[arguments->count++] = "--set";
    arguments->item[arguments->count++] = set;
}

static struct arguments arguments_of(const struct retrainer *retrainer, const char *newest_days)
{
    struct arguments arguments = {.item = {"assay", "train", "--project"}, .count = 3};
    arguments.item[arguments.count++] = retrainer->call->project;
    for (size_t i = 0; i < retrainer->call->sets; i++)
        add_set(&arguments, retrainer->call->set[i]);
    add_set(&arguments, newest_days);
    add_set(&arguments, "deploy.automatic=false");
    return arguments;
}

/* Between fork and exec: only calls that a signal handler could make. The monitor blocks the
 * signals it waits for; its child takes them. */
static _Noreturn void become_training(const char *program, const struct arguments *arguments,
                                      const int *out, const int *told, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    dup2(out[1], STDOUT_FILENO);
    dup2(told[1], STDERR_FILENO);
    char *copy[ARGUMENTS_MAX + 1];
    for (size_t i = 0; i < arguments->count; i++)
        memcpy(&copy[i], &arguments->item[i], sizeof copy[i]); /* execv wants them not const */
    copy[arguments->count] = NULL;
    execv(program, copy);
    _exit(127);
}

static bool open_pipes(int out[2], int told[2], struct err *err)
{
    if (pipe2(out, O_CLOEXEC) < 0)
        return err_set(err, ERR_IO, "no pipe for the training: %s", strerror(errno));
    if (pipe2(told, O_CLOEXEC) == 0)
        return true;
    close(out[0]);
    close(out[1]);
    return err_set(err, ERR_IO, "no pipe for the training: %s", strerror(errno));
}

/* The monitor blocks the signals that end it, so one that came is pending. */
static bool is_to_end(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

/* What a training is listened to with, and who hears that it goes on. */
struct listening {
    struct retrainer *retrainer;
    struct ear *out, *told;
    void (*renew)(void *);
    void *renewed;
    pid_t pid;
    bool stopped; /* with the monitor */
};

static void listen_to(struct listening *l)
{
    struct err ignored = {0}; /* a database that is away is tried again */
    int64_t next_ns = clock_ticks_ns();
    while (l->out->fd >= 0 || l->told->fd >= 0) {
        struct pollfd ends[2] = {{.fd = l->out->fd, .events = POLLIN},
                                 {.fd = l->told->fd, .events = POLLIN}};
        poll(ends, 2, TURN_MS);
        if (ends[0].revents != 0)
            hear(l->out);
        if (ends[1].revents != 0)
            hear(l->told);
        if (!l->stopped && is_to_end()) {
            kill(l->pid, SIGTERM);
            l->stopped = true;
        }
        if (l->stopped || clock_ticks_ns() < next_ns)
            continue;
        project_keep_store(l->retrainer->project, &ignored);
        l->renew(l->renewed);
        next_ns = clock_ticks_ns() + (int64_t)RENEW_MS * 1000000;
    }
}

/* What the monitor makes a difference for. */
static enum err_kind kind_of(int exit_status)
{
    static const enum err_kind kinds[] = {ERR_GATE, ERR_STORE, ERR_IO};
    for (size_t i = 0; i < LENGTH_OF(kinds); i++)
        if (exit_status == err_exit_status(kinds[i]))
            return kinds[i];
    return ERR_INPUT;
}

static bool ended(const struct listening *l, struct err *err)
{
    int status;
    while (waitpid(l->pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(err, ERR_IO, "the training was lost: %s", strerror(errno));
    bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (l->stopped && !done)
        return err_set(err, ERR_UNAVAILABLE, "the monitor was stopped, and its training with it");
    if (WIFSIGNALED(status))
        return err_set(err, ERR_IO, "the training was ended by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    struct view why = last_line(l->told);
    return done || err_set(err, kind_of(WEXITSTATUS(status)), "%.*s", (int)why.length, why.text);
}

/* What took hours is not thrown away for a database that is away for a minute. */
static bool wait_for_store(struct project *project, struct err *err)
{
    for (int turn = 0; !project_keep_store(project, err); turn++) {
        if (turn == STORE_TURNS || is_to_end())
            return false;
        *err = (struct err){0};
        poll(NULL, 0, TURN_MS);
    }
    return true;
}

static bool run(struct retrainer *retrainer, const struct arguments *arguments, struct ear *out,
                struct ear *told, void (*renew)(void *), void *renewed, struct err *err)
{
    int out_ends[2], told_ends[2];
    if (!open_pipes(out_ends, told_ends, err))
        return false;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become_training(retrainer->call->program, arguments, out_ends, told_ends, parent);
    close(out_ends[1]);
    close(told_ends[1]);
    out->fd = out_ends[0];
    told->fd = told_ends[0];
    if (pid < 0) {
        close(out->fd);
        close(told->fd);
        return err_set(err, ERR_IO, "the training cannot start: %s", strerror(errno));
    }
    struct listening listening = {retrainer, out, told, renew, renewed, pid, false};
    listen_to(&listening);
    return ended(&listening, err) && wait_for_store(retrainer->project, err);
}

/* ---------------------------------------------------------------- the port */

/* "7 v20261121_180000 3f2a..." */
static bool read_number(const struct ear *out, int64_t *number, struct err *err)
{
    struct view rest = last_line(out), word;
    return (view_cut(&rest, ' ', &word) && number_parse_i64(word, number)) ||
           err_set(err, ERR_INPUT, "the training ended without naming a version");
}

static bool train(void *self, int64_t begun_ms, void (*renew)(void *), void *renewed,
                  int64_t *number, bool *known, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct retrainer *retrainer = self;
    struct project *project = retrainer->project;
    char newest[64], reference[32];
    struct ear *ears = arena_new(&arena, struct ear, 2);
    struct version version;
    assert(ears != NULL);
    ears[1].last = true;
    snprintf(newest, sizeof newest, "data.newest_days=%.17g",
             config_number(&project->config, KEY_RETRAIN_DAYS));
    struct arguments arguments = arguments_of(retrainer, newest);
    if (!run(retrainer, &arguments, &ears[0], &ears[1], renew, renewed, err) ||
        !read_number(&ears[0], number, err))
        return false;
    snprintf(reference, sizeof reference, "%lld", (long long)*number);
    if (!registry_find(&project->store, view_of(reference), &arena, &version, err))
        return false;
    *known = version.created_ms < begun_ms;
    return true;
}

static bool find(const struct retrainer *retrainer, int64_t number, struct arena *arena,
                 struct version *out, struct err *err)
{
    char reference[32];
    snprintf(reference, sizeof reference, "%lld", (long long)number);
    return registry_find(&retrainer->project->store, view_of(reference), arena, out, err);
}

static bool promote(void *self, int64_t champion, int64_t number, const char *why, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct retrainer *retrainer = self;
    struct version version;
    char comment[RETRAINING_TEXT_SIZE + 32];
    snprintf(comment, sizeof comment, "retrained for %s", why);
    return find(retrainer, number, &arena, &version, err) &&
           govern_promote(retrainer->project, champion, &version, comment, err);
}

static bool vouch(void *self, int64_t number, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    struct retrainer *retrainer = self;
    struct version version;
    return find(retrainer, number, &arena, &version, err) &&
           project_vouched(retrainer->project, &version, err);
}

struct trainer retrainer_port(struct retrainer *retrainer)
{
    return (struct trainer){.train = train, .promote = promote, .vouch = vouch, .self = retrainer};
}
