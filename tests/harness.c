#include "harness.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <unwind.h>

/* cmocka.h wants setjmp.h, stdarg.h, stddef.h and stdint.h before it. */
#include <cmocka.h>

enum { TESTS_MAX = 500 };

static struct test *first, **last = &first;
static char dir[256];

void test_add(struct test *test)
{
    *last = test;
    last = &test->next;
}

/* ---------------------------------------------------------------- the way out of a test */

/* The test that runs. cmocka leaves a test by longjmp, which gives back nothing: its stack is
 * unwound before, frame by frame, as that of a thread that is cancelled. */
static struct {
    const struct test *test;
    pthread_t thread;
    uintptr_t frame; /* of run_one: where unwinding ends */
    const char *file;
    int line;
    bool skip;
    atomic_bool failed_elsewhere; /* in another thread */
} running;

_Noreturn static void leave(void)
{
    if (running.skip)
        _skip(running.file, running.line);
    else
        _fail(running.file, running.line);
    abort(); /* neither returns */
}

static _Unwind_Reason_Code until_run_test(int version UNUSED, _Unwind_Action actions,
                                          _Unwind_Exception_Class class UNUSED,
                                          struct _Unwind_Exception *exception UNUSED,
                                          struct _Unwind_Context *context, void *self UNUSED)
{
    if ((actions & _UA_END_OF_STACK) != 0 || _Unwind_GetCFA(context) > running.frame)
        leave();
    return _URC_NO_REASON;
}

_Noreturn static void unwind(void)
{
    static struct _Unwind_Exception exception;
    exception = (struct _Unwind_Exception){0};
    _Unwind_ForcedUnwind(&exception, until_run_test, NULL);
    leave();
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (!pthread_equal(pthread_self(), running.thread)) {
        fprintf(stderr, "# %s:%d: in a thread of %s: ", file, line, running.test->name);
        vfprintf(stderr, fmt, args);
        fputc('\n', stderr);
        atomic_store(&running.failed_elsewhere, true);
        pthread_exit(NULL);
    }
    vprint_error(fmt, args);
    va_end(args);
    print_error("\n");
    running.file = file;
    running.line = line;
    running.skip = false;
    unwind();
}

void test_skip(const char *name, const char *why)
{
    printf("# skipped %s: %s\n", name, why);
    running.file = __FILE__;
    running.line = __LINE__;
    running.skip = true;
    unwind();
}

static void run_one(void **state)
{
    running.test = *state;
    running.thread = pthread_self();
    running.frame = (uintptr_t)__builtin_frame_address(0);
    atomic_store(&running.failed_elsewhere, false);
    running.test->run(state);
    if (atomic_load(&running.failed_elsewhere))
        fail_msg("a check failed in another thread");
}

/* ---------------------------------------------------------------- what a test stands on */

void test_thread_start(struct test_thread *thread, void *(*run)(void *), void *self)
{
    SAME(pthread_create(&thread->id, NULL, run, self), 0);
    thread->running = true;
}

void *test_thread_join(struct test_thread *thread)
{
    void *result = NULL;
    if (thread->running)
        pthread_join(thread->id, &result);
    thread->running = false;
    return result;
}

static void forget_dir(void)
{
    struct err err = {0};
    dir_remove(dir, &err);
}

const char *test_dir(void)
{
    if (dir[0] == '\0') {
        const char *parent = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/assay-test-XXXXXX", parent == NULL ? "/tmp" : parent);
        assert(mkdtemp(dir) != NULL);
        atexit(forget_dir);
    }
    return dir;
}

/* Nobody else can bind the name while this program lives; tests/system/harness.py does the same. */
static bool reserve(int port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "assay-test-port-%d", port);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int mark = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CLEANUP(fd_close) int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(mark, (struct sockaddr *)&name, size) == 0 &&
        bind(probe, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    close(mark);
    return false;
}

int test_port(void)
{
    enum { FIRST = 20000, END = 32768 }; /* Linux gives those above to who asks for any */
    for (int i = 0; i < END - FIRST; i++) {
        int port = FIRST + (getpid() % 4096 * 8 + i) % (END - FIRST);
        if (reserve(port))
            return port;
    }
    test_fail(__FILE__, __LINE__, "no port is free");
}

const char *test_data(const char *name)
{
    static char path[1024];
    const char *root = getenv("ASSAY_DATA");
    if (root == NULL)
        return NULL;
    snprintf(path, sizeof path, "%s/%s", root, name);
    return file_exists(path) ? path : NULL;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[TESTS_MAX];
    size_t count = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct test *test = first; test != NULL; test = test->next) {
        bool wanted = argc == 1;
        for (int i = 1; i < argc; i++)
            wanted |= strstr(test->name, argv[i]) != NULL;
        if (!wanted)
            continue;
        assert(count < TESTS_MAX);
        tests[count++] =
            (struct CMUnitTest){.name = test->name, .test_func = run_one, .initial_state = test};
    }
    return _cmocka_run_group_tests(argv[0], tests, count, NULL, NULL);
}
