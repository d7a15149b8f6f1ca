#include "cli/separate.h"

#include "base/file.h"
#include "harness.h"

#include <dirent.h>

static size_t files_in(const char *dir)
{
    size_t count = 0;
    DIR *list = opendir(dir);
    TRUE(list != NULL);
    while (readdir(list) != NULL)
        count++;
    closedir(list);
    return count - 2; /* "." and ".." */
}

/* Training itself is tests/system/drift_test.py's. */
TEST(a_worker_that_fails_is_an_error_and_leaves_no_files)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    static const float value[20];
    static const uint8_t label[20] = {1, 1, 1, 1, 1}, fold[20];
    static const struct view name[] = {VIEW("a")};
    struct domain_task task = {
        .value = value, .rows = 20, .width = 1, .label = label, .fold = fold, .name = name};
    struct separator separator = {.program = "/bin/false"};
    struct domain_port port = separator_port(&separator);
    float score[20];
    double gain[1];
    struct err err = {0};
    const char *kept = path_join(&arena, test_dir(), "separate");
    WORKS(dir_make(kept, &err), err);
    TRUE(setenv("TMPDIR", kept, 1) == 0);
    FAILS(port.separate(port.self, &task, score, gain, &err), err, ERR_UNAVAILABLE);
    SAYS(err, "the training process ended with status 1");
    SAME(files_in(kept), 0);
    TRUE(setenv("TMPDIR", path_join(&arena, kept, "nowhere"), 1) == 0);
    FAILS(port.separate(port.self, &task, score, gain, &err), err, ERR_IO);
}
