/* The tests' own harness, in a child that does what must not happen here. */
#include "harness.h"

#include "base/text.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_back(const char **what)
{
    printf("# %s is given back\n", *what);
}

static void fail_deeper(const char *file)
{
    CLEANUP(give_back) const char *inner = "the inner";
    FAIL_UNLESS(false, "no %s and no %s", file, inner);
}

static void *fail_in_a_thread(void *self)
{
    CLEANUP(give_back) const char *inner = "the thread's";
    TRUE(self == inner);
    return NULL;
}

TEST(as_a_child_it_does_what_it_is_told)
{
    const char *told = getenv("HARNESS_TEST");
    if (told == NULL)
        return;
    CLEANUP(give_back) const char *outer = "the outer";
    if (strcmp(told, "fail") == 0)
        fail_deeper("file");
    if (strcmp(told, "skip") == 0)
        SKIP("no reason");
    CLEANUP(test_thread_join) struct test_thread thread = {0};
    test_thread_start(&thread, fail_in_a_thread, NULL);
    TRUE(test_thread_join(&thread) == NULL);
    TRUE(test_thread_join(&thread) == NULL);
}

/* What this program says as a child, and its status. */
static int heard(const char *told, char *said, size_t size)
{
    char self[512], command[700];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    TRUE(length > 0);
    self[length] = '\0';
    snprintf(command, sizeof command, "HARNESS_TEST=%s CMOCKA_MESSAGE_OUTPUT=TAP '%s' told 2>&1",
             told, self);
    FILE *child = popen(command, "r");
    TRUE(child != NULL);
    size_t have = fread(said, 1, size - 1, child);
    said[have] = '\0';
    int status = pclose(child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool in_order(const char *said, const char *first, const char *second)
{
    const char *at = strstr(said, first);
    return at != NULL && strstr(at, second) != NULL;
}

TEST(a_check_that_fails_gives_back_what_its_test_holds_the_newest_first)
{
    char said[4096];
    SAME(heard("fail", said, sizeof said), 1);
    FAIL_UNLESS(in_order(said, "the inner is given back\n", "the outer is given back\n") &&
                    in_order(said, "the outer is given back\n", "not ok 1") &&
                    strstr(said, "no file and no the inner") != NULL,
                "%s", said);
}

TEST(a_test_that_is_skipped_gives_back_too)
{
    char said[4096];
    SAME(heard("skip", said, sizeof said), 0);
    FAIL_UNLESS(in_order(said, "as_a_child_it_does_what_it_is_told: no reason\n",
                         "the outer is given back\n") &&
                    strstr(said, "# SKIP") != NULL,
                "%s", said);
}

TEST(a_check_that_fails_in_a_thread_ends_the_thread_and_fails_the_test_when_it_returns)
{
    char said[4096];
    SAME(heard("thread", said, sizeof said), 1);
    FAIL_UNLESS(in_order(said, "the thread's is given back\n", "the outer is given back\n") &&
                    strstr(said, "in a thread of as_a_child") != NULL &&
                    strstr(said, "not ok 1") != NULL,
                "%s", said);
}

TEST(a_port_is_nobody_elses)
{
    int one = test_port(), other = test_port();
    TRUE(one != other && one >= 20000 && one < 32768 && other >= 20000 && other < 32768);
}
