#include "train/child.h"

#include "base/file.h"
#include "harness.h"

#include <sys/stat.h>

struct heard {
    size_t lines, bytes;
    char last[200];
};

static void hear(void *self, struct view line)
{
    struct heard *heard = self;
    heard->lines++;
    heard->bytes += line.length;
    snprintf(heard->last, sizeof heard->last, "%.*s", (int)line.length, line.text);
}

/* Runs a shell script as the worker. */
static bool run(const char *script, struct heard *heard, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *path = path_join(&arena, test_dir(), "worker.sh");
    struct text text = text_in_arena(&arena);
    text_adds(&text, "#!/bin/sh\n");
    text_adds(&text, script);
    WORKS(file_save(path, text_view(&text), err), *err);
    TRUE(chmod(path, 0755) == 0);
    *heard = (struct heard){0};
    struct child_listener listener = {.line = hear, .self = heard};
    return child_run(path, "the job", &listener, err);
}

TEST(a_worker_is_called_with_its_command_and_argument_and_each_line_is_heard)
{
    struct heard heard;
    struct err err = {0};
    WORKS(run("echo one\necho \"$# $1 $2\"", &heard, &err), err);
    SAME(heard.lines, 2);
    TEXT(view_of(heard.last), "2 xgboost-worker the job");
}

TEST(waiting_threads_of_the_worker_sleep_whatever_the_environment_says)
{
    struct heard heard;
    struct err err = {0};
    setenv("OMP_WAIT_POLICY", "ACTIVE", 1);
    setenv("ASSAY_SEEN_BY_CHILD", "yes", 1);
    /* Of two with one name getenv, and so libgomp, takes the first. */
    bool ok = run("echo $ASSAY_SEEN_BY_CHILD\n"
                  "tr '\\0' '\\n' < /proc/$$/environ | grep -m 1 '^OMP_WAIT_POLICY='",
                  &heard, &err);
    unsetenv("OMP_WAIT_POLICY");
    WORKS(ok, err);
    TEXT(view_of(heard.last), "OMP_WAIT_POLICY=PASSIVE");
    SAME(heard.bytes, strlen("yesOMP_WAIT_POLICY=PASSIVE"));
    SAME(heard.lines, 2);
}

TEST(a_worker_that_crashes_is_an_error_that_names_the_signal)
{
    struct heard heard;
    struct err err = {0};
    FAILS(run("echo busy\nkill -SEGV $$", &heard, &err), err, ERR_UNAVAILABLE);
    SAYS(err, "ended by signal 11");
    SAME(heard.lines, 1);
    err = (struct err){0};
    FAILS(run("kill -KILL $$", &heard, &err), err, ERR_UNAVAILABLE);
    SAYS(err, "ended by signal 9");
}

TEST(a_worker_that_ends_with_another_status_says_which)
{
    struct heard heard;
    struct err err = {0};
    FAILS(run("exit 42", &heard, &err), err, ERR_UNAVAILABLE);
    SAYS(err, "status 42");
}

TEST(what_a_worker_reports_becomes_the_error_however_it_ends)
{
    static const char *const ends[] = {"exit 3", "kill -SEGV $$", "exit 0"};
    for (size_t i = 0; i < LENGTH_OF(ends); i++) {
        struct heard heard;
        struct err err = {0};
        char script[256];
        snprintf(script, sizeof script,
                 "echo '{\"text\":\"x\"}'\necho '{\"error\":\"row 3: 100%% \\u00e9\",\"kind\":2}'\n"
                 "%s",
                 ends[i]);
        FAILS(run(script, &heard, &err), err, ERR_INPUT);
        SAYS(err, "row 3: 100% \xc3\xa9");
        SAME(heard.lines, 1); /* the error is not a line for the listener */
    }
}

TEST(a_report_that_makes_no_sense_leaves_the_status_to_speak)
{
    static const char *const lines[] = {
        "{\"error\":",
        "{\"error\":7,\"kind\":2}",
        "{\"error\":\"x\"}",
        "{\"error\":\"x\",\"kind\":0}",
        "{\"error\":\"x\",\"kind\":99}",
        "{\"error\":\"x\",\"kind\":-1}",
        "{\"error\":\"x\",\"kind\":2.5}",
        "{\"error\":\"x\",\"kind\":2} more",
        "{\"error\":{\"error\":\"x\",\"kind\":2}}",
    };
    for (size_t i = 0; i < LENGTH_OF(lines); i++) {
        struct heard heard;
        struct err err = {0};
        char script[256];
        snprintf(script, sizeof script, "echo '%s'\nexit 5", lines[i]);
        FAILS(run(script, &heard, &err), err, ERR_UNAVAILABLE);
        SAYS(err, "status 5");
    }
}

TEST(garbage_is_heard_and_harms_nobody)
{
    struct heard heard;
    struct err err = {0};
    WORKS(run("head -c 300000 /dev/zero | tr '\\0' 'x'\nprintf '\\377\\000\\n\\n{}\\nno end'",
              &heard, &err),
          err);
    TRUE(heard.bytes >= 300000);
    TEXT(view_of(heard.last), "no end");
    WORKS(run("head -c 100000 /dev/urandom", &heard, &err), err);
    WORKS(run("exit 0", &heard, &err), err);
    SAME(heard.lines, 0);
}

TEST(an_error_longer_than_an_error_can_be_is_cut_and_still_one)
{
    struct heard heard;
    struct err err = {0};
    FAILS(run("printf '{\"error\":\"'\nhead -c 20000 /dev/zero | tr '\\0' 'e'\n"
              "echo '\",\"kind\":2}'\nexit 1",
              &heard, &err),
          err, ERR_INPUT);
    TRUE(strlen(err.text) > 400 && err.text[0] == 'e');
}

TEST(a_program_that_cannot_be_run_is_an_error)
{
    struct heard heard = {0};
    struct child_listener listener = {.line = hear, .self = &heard};
    struct err err = {0};
    FAILS(child_run("/no/such/program", "x", &listener, &err), err, ERR_UNAVAILABLE);
    SAYS(err, "127");
}
