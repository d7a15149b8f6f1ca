#include "harness.h"

#include "base/file.h"

#include <stdarg.h>
#include <setjmp.h>
#include <unistd.h>

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

void test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprint_error(fmt, args);
    va_end(args);
    print_error("\n");
    _fail(file, line);
    abort(); /* _fail does not return */
}

void test_skip(const char *name, const char *why)
{
    printf("# skipped %s: %s\n", name, why);
    _skip(__FILE__, __LINE__);
    abort(); /* _skip does not return */
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
    for (const struct test *test = first; test != NULL; test = test->next) {
        bool wanted = argc == 1;
        for (int i = 1; i < argc; i++)
            wanted |= strstr(test->name, argv[i]) != NULL;
        if (!wanted)
            continue;
        assert(count < TESTS_MAX);
        tests[count++] = (struct CMUnitTest){.name = test->name, .test_func = test->run};
    }
    return _cmocka_run_group_tests(argv[0], tests, count, NULL, NULL);
}
