#include "train/child.h"

#include "base/doc.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 64 * 1024 };

/* Between fork and exec: only calls that a signal handler could make. */
static _Noreturn void become_worker(const char *program, const char *argument, char **environment,
                                    int out, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127); /* the parent died before the line above */
    dup2(out, STDOUT_FILENO);
    execle(program, program, CHILD_COMMAND, argument, (char *)NULL, environment);
    _exit(127);
}

/* Ours, and one more: waiting OpenMP threads sleep instead of spinning on a busy machine. */
static char **worker_environment(struct arena *arena)
{
    static char policy[] = "OMP_WAIT_POLICY=PASSIVE";
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **environment = arena_new(arena, char *, count + 2);
    assert(environment != NULL);
    environment[0] = policy; /* of two with one name the first is found */
    memcpy(environment + 1, environ, count * sizeof *environ);
    return environment;
}

static void take_error(struct view line, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err ignored = {0};
    const struct doc *doc = doc_parse(line, &arena, &ignored);
    const struct doc *text = doc_find(doc, "error");
    size_t kind;
    if (text == NULL || text->kind != DOC_TEXT ||
        !doc_need_count(doc, "kind", ERR_MEDIA, &kind, &ignored) || kind == ERR_NONE)
        return;
    err_set(err, (enum err_kind)kind, "%.*s", (int)text->text.length, text->text.text);
}

static void listen_to(FILE *stream, const struct child_listener *listener, struct err *err)
{
    static char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stream) != NULL) {
        struct view view = view_trim(view_of(line));
        if (view_starts(view, "{\"error\":"))
            take_error(view, err);
        else
            listener->line(listener->self, view);
    }
}

static bool ended(pid_t pid, struct err *err)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(err, ERR_IO, "the training process was lost: %s", strerror(errno));
    if (err->kind != ERR_NONE)
        return false; /* what the worker said, however it ended */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        return err_set(err, ERR_UNAVAILABLE, "the training process was ended by signal %d (%s)",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
    return err_set(err, ERR_UNAVAILABLE, "the training process ended with status %d",
                   WEXITSTATUS(status));
}

bool child_run(const char *program, const char *argument, const struct child_listener *listener,
               struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    char **environment = worker_environment(&arena);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(err, ERR_IO, "no pipe for the training process: %s", strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become_worker(program, argument, environment, ends[1], parent);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return err_set(err, ERR_IO, "the training process cannot start: %s", strerror(errno));
    }
    FILE *stream = fdopen(ends[0], "r");
    assert(stream != NULL);
    listen_to(stream, listener, err);
    fclose(stream);
    return ended(pid, err);
}
