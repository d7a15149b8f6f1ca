/*
 * peer: the same question put to a Python of the machine. Numbers go there and come back as raw
 * bytes; a script is handed the names of both files.
 */
#ifndef TESTS_MEASURE_PEER_H
#define TESTS_MEASURE_PEER_H

#include "harness.h"

#include "base/file.h"

#include <sys/wait.h>
#include <unistd.h>

enum { PEER_CANNOT = 77 }; /* how a script ends that lacks a package */

/* The script's exit status. */
static inline int peer_run(const char *script, const char *in, const char *out)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl("/usr/bin/python3", "/usr/bin/python3", "-c", script, in, out, (char *)NULL);
        _exit(PEER_CANNOT);
    }
    TRUE(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static inline const char *peer_file(struct arena *arena, const char *name)
{
    return path_join(arena, test_dir(), name);
}

static inline void peer_write(FILE *file, const void *item, size_t size, size_t count)
{
    TRUE(fwrite(item, size, count, file) == count);
}

#endif
