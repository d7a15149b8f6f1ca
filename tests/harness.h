/*
 * harness: our few words on top of cmocka. A test is a function that registers itself by being
 * written down; its name is a sentence.
 *
 *     TEST(psi_is_zero_when_nothing_moved)
 *     {
 *         NEAR(psi(same, same), 0, 1e-12);
 *     }
 *
 * A check that fails says what it saw and ends its test, not the run: what the test holds in
 * variables with CLEANUP is given back on the way out, so a server on its stack ends before the
 * stack does. In another thread it ends that thread, and the test fails when it returns. A test
 * that cannot run here says so with SKIP("why"), and the closing line counts it.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "base/err.h"
#include "base/view.h"

#include <pthread.h>

struct test {
    const char *name;
    void (*run)(void **state);
    struct test *next;
};

void test_add(struct test *test);
_Noreturn void test_fail(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);
_Noreturn void test_skip(const char *name, const char *why);

#define TEST(title)                                                                                \
    static void title(void **state);                                                               \
    __attribute__((constructor)) static void add_##title(void)                                     \
    {                                                                                              \
        static struct test test = {.name = #title, .run = title};                                  \
        test_add(&test);                                                                           \
    }                                                                                              \
    static void title(void **state UNUSED)

#define FAIL_UNLESS(claim, ...)                                                                    \
    do {                                                                                           \
        if (!(claim))                                                                              \
            test_fail(__FILE__, __LINE__, __VA_ARGS__);                                            \
    } while (0)

#define TRUE(claim) FAIL_UNLESS(claim, "not true: %s", #claim)
#define SAME(a, b)                                                                                 \
    FAIL_UNLESS((a) == (b), "%s is %lld, wanted %lld", #a, (long long)(a), (long long)(b))
#define NEAR(a, b, within)                                                                         \
    FAIL_UNLESS(__builtin_fabs((double)(a) - (double)(b)) <= (within),                             \
                "%s is %.17g, wanted %.17g", #a, (double)(a), (double)(b))
#define TEXT(view, want)                                                                           \
    FAIL_UNLESS(view_is(view, want), "%s is '%.*s', wanted '%s'", #view, (int)(view).length,       \
                (view).text, want)
#define WORKS(call, err) FAIL_UNLESS(call, "%s failed: %s", #call, (err).text)
#define FAILS(call, err, wanted)                                                                   \
    do {                                                                                           \
        FAIL_UNLESS(!(call), "%s did not fail", #call);                                            \
        FAIL_UNLESS((err).kind == (wanted), "%s failed with '%s': %s", #call,                      \
                    err_name((err).kind), (err).text);                                             \
    } while (0)
#define SAYS(err, part)                                                                            \
    FAIL_UNLESS(strstr((err).text, part) != NULL, "the error says '%s', wanted '%s' in it",        \
                (err).text, part)
#define SKIP(why) test_skip(__func__, why)

/* A thread of a test, for CLEANUP(test_thread_join): it is joined once, when the test says so or on
 * its way out. Gives back what the thread returned. */
struct test_thread {
    pthread_t id;
    bool running;
};
void test_thread_start(struct test_thread *thread, void *(*run)(void *), void *self);
void *test_thread_join(struct test_thread *thread);

/* A fresh directory under TMPDIR, removed when the program ends. */
const char *test_dir(void);

/* A port of the loopback where nobody listens, and that no other test gets while this one's program
 * runs: for servers that cannot choose one themselves, and for nobody's address. */
int test_port(void);

/* "$ASSAY_DATA/name", or NULL when ASSAY_DATA is unset or the file is not there: then SKIP. */
const char *test_data(const char *name);

#endif
