/*
 * answers: a server that says what it was told to, one answer a connection, and notes what it
 * heard.
 *
 *     struct answers server = answers_start((const char *const[]){"HTTP/1.1 503 x\r\n\r\n", ...},
 * n);
 *     ... ask server.port ...
 *     size_t heard = answers_stop(&server);        server.heard has what each connection began with
 *
 * An answer of "" closes the connection without a word.
 */
#ifndef STORE_ANSWERS_H
#define STORE_ANSWERS_H

#include "base/file.h"
#include "harness.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWERS_MAX = 8, HEARD_MAX = 4096 };

struct answers {
    pid_t child;
    int port;
    struct answers_heard {
        size_t count;
        char text[ANSWERS_MAX][HEARD_MAX];
    } * heard; /* shared with the child */
};

static inline void answers_serve(int listening, const char *const *answer, size_t count,
                                 struct answers_heard *heard)
{
    for (size_t i = 0; i < count; i++) {
        int fd = accept(listening, NULL, NULL);
        ssize_t more;
        size_t have = 0;
        while (have + 1 < HEARD_MAX && strstr(heard->text[i], "\r\n\r\n") == NULL &&
               (more = read(fd, heard->text[i] + have, HEARD_MAX - 1 - have)) > 0)
            have += (size_t)more;
        heard->count = i + 1;
        if (write(fd, answer[i], strlen(answer[i])) < 0)
            _exit(1);
        shutdown(fd, SHUT_WR);
        char rest[256];
        while (answer[i][0] != '\0' && read(fd, rest, sizeof rest) > 0)
            ;
        close(fd);
    }
    _exit(0);
}

static inline struct answers answers_start(const char *const *answer, size_t count)
{
    struct answers made = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(bind(listening, (struct sockaddr *)&address, size) == 0 && listen(listening, 8) == 0);
    assert(getsockname(listening, (struct sockaddr *)&address, &size) == 0);
    made.port = ntohs(address.sin_port);
    made.heard =
        mmap(NULL, sizeof *made.heard, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(made.heard != MAP_FAILED);
    made.child = fork();
    if (made.child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no server */
        answers_serve(listening, answer, count, made.heard);
    }
    close(listening);
    return made;
}

/* How many connections there were. */
static inline size_t answers_stop(struct answers *server)
{
    kill(server->child, SIGKILL);
    waitpid(server->child, NULL, 0);
    return server->heard->count;
}

#endif
