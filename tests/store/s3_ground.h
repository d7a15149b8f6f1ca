/*
 * s3_ground: an S3 server for tests in C: tests/system/s3_server.py makes it, in a child that ends
 * when this program does.
 *
 *     const char *why = s3_start();
 *     if (why != NULL)
 *         SKIP(why);
 *     objects_open(&objects, &s3_place(&arena, "prefix"), &err)
 */
#ifndef STORE_S3_GROUND_H
#define STORE_S3_GROUND_H

#include "harness.h"
#include "store/objects.h"

#include <fcntl.h>
#include <unistd.h>

static struct {
    int keep_open; /* the child ends when this end closes */
    char line[600];
    char *endpoint, *access, *secret, *bucket;
    const char *why;
    bool tried;
} s3_server;

static bool s3_spawn(int *from)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl("/usr/bin/python3", "/usr/bin/python3", "tests/system/s3_server.py", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s3_server.keep_open = in[1];
    *from = out[0];
    return child > 0;
}

static void s3_cut_line(void)
{
    char **const parts[] = {&s3_server.endpoint, &s3_server.access, &s3_server.secret,
                            &s3_server.bucket};
    char *rest = s3_server.line;
    rest[strcspn(rest, "\n")] = '\0';
    if (strncmp(rest, "http", 4) != 0) {
        s3_server.why = rest[0] == '\0' ? "tests/system/s3_server.py failed" : rest;
        return;
    }
    for (size_t i = 0; i < LENGTH_OF(parts); i++)
        *parts[i] = strsep(&rest, " ");
}

/* What is not the tests' own must not count. */
static void s3_set_environment(const char *access, const char *secret, const char *token)
{
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_S3");
    unsetenv("AWS_SESSION_TOKEN");
    setenv("AWS_ACCESS_KEY_ID", access, 1);
    setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
    if (token != NULL)
        setenv("AWS_SESSION_TOKEN", token, 1);
}

/* NULL when it runs, or why it cannot. */
static const char *s3_start(void)
{
    if (!s3_server.tried) {
        int from = -1;
        s3_server.tried = true;
        if (!s3_spawn(&from))
            return s3_server.why = "no process for an S3 server";
        for (size_t have = 0; have + 1 < sizeof s3_server.line;) {
            ssize_t more = read(from, s3_server.line + have, sizeof s3_server.line - 1 - have);
            have += more > 0 ? (size_t)more : 0;
            if (more <= 0 || strchr(s3_server.line, '\n') != NULL)
                break;
        }
        s3_cut_line();
    }
    if (s3_server.why == NULL)
        s3_set_environment(s3_server.access, s3_server.secret, NULL);
    return s3_server.why;
}

static UNUSED struct objects_place s3_place(struct arena *arena, const char *prefix)
{
    struct text where = text_in_arena(arena);
    text_addf(&where, "s3://%s%s%s", s3_server.bucket, prefix[0] == '\0' ? "" : "/", prefix);
    return (struct objects_place){.where = text_c(&where), .endpoint = s3_server.endpoint};
}

#endif
