#include "cli/container_pipe.h"

#include "base/file.h"
#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A named pipe, and a process that writes these bytes into it in two pieces. */
static pid_t begin(const char *pipe, const char *bytes, size_t size)
{
    unlink(pipe);
    TRUE(mkfifo(pipe, 0600) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        int to = open(pipe, O_WRONLY);
        ssize_t first = write(to, bytes, size / 2);
        usleep(20000);
        ssize_t second = write(to, bytes + size / 2, size - size / 2);
        _exit(first >= 0 && second >= 0 ? 0 : 1);
    }
    TRUE(pid > 0);
    return pid;
}

static const char *in_dir(const char *name)
{
    static char path[2][600];
    static unsigned next;
    char *out = path[next++ % 2];
    snprintf(out, sizeof path[0], "%s/%s", test_dir(), name);
    return out;
}

TEST(a_pipe_is_written_down_to_its_end_and_not_past_the_ceiling)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *pipe = in_dir("pipe"), *file = in_dir("spooled.csv");
    static const char bytes[] = "amount,fraud\n1,0\n2,1\n";
    struct err err = {0};
    struct view read;
    for (size_t left = 0; left < 2; left++) {
        pid_t pid = begin(pipe, bytes, sizeof bytes - 1);
        bool ok = container_spool(pipe, file, sizeof bytes - 1 - left, &err);
        waitpid(pid, NULL, 0);
        SAME(ok, left == 0);
        if (ok) {
            WORKS(file_load(file, 1000, &arena, &read, &err), err);
            TEXT(read, bytes);
        }
    }
    SAME(err.kind, ERR_LIMIT);
    SAYS(err, pipe);
    TRUE(!file_exists(file));
}

TEST(a_pipe_that_says_nothing_or_is_not_there_is_an_error_that_names_it)
{
    const char *pipe = in_dir("silent"), *file = in_dir("silent.csv");
    struct err err = {0};
    pid_t pid = begin(pipe, "", 0);
    FAILS(container_spool(pipe, file, 1000, &err), err, ERR_INPUT);
    waitpid(pid, NULL, 0);
    SAYS(err, "without a byte");
    TRUE(!file_exists(file));
    err = (struct err){0};
    TRUE(unlink(pipe) == 0);
    FAILS(container_spool(pipe, file, 1000, &err), err, ERR_NOT_FOUND);
    SAYS(err, pipe);
}

static bool find(const char *config, const char *channel, const char **out, struct arena *arena,
                 struct err *err)
{
    struct err saving = {0};
    WORKS(dir_make(in_dir("ml/input/config"), &saving), saving);
    WORKS(file_save(in_dir("ml/input/config/inputdataconfig.json"), view_of(config), &saving),
          saving);
    return container_pipe(in_dir("ml"), channel, arena, out, err);
}

TEST(the_job_says_which_channel_is_a_pipe)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    static const char config[] = "{\"train\":{\"TrainingInputMode\":\"Pipe\"},"
                                 "\"test\":{\"TrainingInputMode\":\"File\"}}";
    const char *pipe;
    struct err err = {0};
    WORKS(find(config, "train", &pipe, &arena, &err), err);
    TRUE(pipe != NULL && view_ends(view_of(pipe), "/ml/input/data/train_0"));
    WORKS(find(config, "test", &pipe, &arena, &err), err);
    TRUE(pipe == NULL);
    WORKS(find(config, "training", &pipe, &arena, &err), err);
    TRUE(pipe == NULL);
    FAILS(find("{\"train\":{\"TrainingInputMode\":\"Pipe\",\"RecordWrapperType\":\"RecordIO\"}}",
               "train", &pipe, &arena, &err),
          err, ERR_INPUT);
    SAYS(err, "RecordWrapperType");
    err = (struct err){0};
    FAILS(find("{", "train", &pipe, &arena, &err), err, ERR_INPUT);
    err = (struct err){0};
    WORKS(container_pipe(in_dir("nowhere"), "train", &arena, &pipe, &err), err);
    TRUE(pipe == NULL);
}
