/*
 * catcher: a server that notes each request whole and answers what it was told to; and a sink that
 * is configured to speak to it.
 *
 *     struct catcher catcher = catcher_start((const char *const[]){"HTTP/1.1 200 OK\r\n...", ...},
 * n);
 *     ...
 *     catcher_stop(&catcher);            catcher.caught->text[0] is the first request
 */
#ifndef TESTS_CLOUD_CATCHER_H
#define TESTS_CLOUD_CATCHER_H

#include "base/doc.h"
#include "base/file.h"
#include "cloud/sink.h"
#include "harness.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CATCHES_MAX = 4, CATCH_SIZE = 16384 };

struct catcher {
    pid_t child;
    int port;
    struct caught {
        size_t count;
        char text[CATCHES_MAX][CATCH_SIZE];
    } * caught; /* shared with the child */
};

#define ANSWER_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static inline size_t catcher_wants(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
    if (end == NULL)
        return CATCH_SIZE;
    return (size_t)(end + 4 - text) +
           (length == NULL ? 0 : (size_t)strtoul(length + strlen("content-length:"), NULL, 10));
}

static inline void catcher_serve(int listening, const char *const *answer, size_t count,
                                 struct caught *caught)
{
    for (size_t i = 0; i < count; i++) {
        int fd = accept(listening, NULL, NULL);
        char *text = caught->text[i];
        size_t have = 0;
        ssize_t more = 1;
        while (more > 0 && have + 1 < CATCH_SIZE && have < catcher_wants(text)) {
            more = read(fd, text + have, CATCH_SIZE - 1 - have);
            have += more > 0 ? (size_t)more : 0;
        }
        caught->count = i + 1;
        if (write(fd, answer[i], strlen(answer[i])) < 0)
            _exit(1);
        shutdown(fd, SHUT_WR);
        char rest[64];
        while (read(fd, rest, sizeof rest) > 0)
            ;
        close(fd);
    }
    _exit(0);
}

static inline struct catcher catcher_start(const char *const *answer, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct catcher catcher = {0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert(count <= CATCHES_MAX && bind(fd, (struct sockaddr *)&address, size) == 0 &&
           listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    catcher.caught = mmap(NULL, sizeof *catcher.caught, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(catcher.caught != MAP_FAILED);
    catcher.port = ntohs(address.sin_port);
    catcher.child = fork();
    if (catcher.child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        catcher_serve(fd, answer, count, catcher.caught);
    }
    close(fd);
    return catcher;
}

static inline size_t catcher_stop(struct catcher *catcher)
{
    kill(catcher->child, SIGKILL);
    waitpid(catcher->child, NULL, 0);
    return catcher->caught->count;
}

/* The body of a request as JSON. */
static inline const struct doc *catcher_json(const struct catcher *catcher, size_t i,
                                             struct arena *arena)
{
    struct err err = {0};
    const char *body = strstr(catcher->caught->text[i], "\r\n\r\n");
    FAIL_UNLESS(body != NULL, "no whole request came");
    const struct doc *doc = doc_parse(view_of(body + 4), arena, &err);
    FAIL_UNLESS(doc != NULL, "%s: %s", err.text, body + 4);
    return doc;
}

static inline struct view catcher_text(const struct doc *object, const char *key)
{
    struct view text = {0};
    struct err err = {0};
    WORKS(doc_need_text(object, key, &text, &err), err);
    return text;
}

/* ---------------------------------------------------------------- sinks */

/* Settings as they stand in assay.yaml; PORT is the catcher's. */
static inline struct view catcher_yaml(const char *settings, int port, struct arena *arena)
{
    struct text yaml = text_in_arena(arena);
    const char *at;
    text_adds(&yaml, "alarms:\n  source: box-1\n  sinks:\n    it: {");
    for (; (at = strstr(settings, "PORT")) != NULL; settings = at + 4) {
        text_add(&yaml, (struct view){settings, (size_t)(at - settings)});
        text_addf(&yaml, "%d", port);
    }
    text_adds(&yaml, settings);
    text_adds(&yaml, "}\n");
    return view_of(text_c(&yaml));
}

#define SINK_FOR(settings, ...)                                                                    \
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};                               \
    CLEANUP(sinks_release) struct sinks sinks = {0};                                               \
    struct err err = {0};                                                                          \
    int64_t retry_after_ms = -1;                                                                   \
    struct config config;                                                                          \
    static const char *const script[] = {__VA_ARGS__};                                             \
    struct catcher catcher = catcher_start(script, LENGTH_OF(script));                             \
    config_init(&config, &arena);                                                                  \
    WORKS(config_parse(&config, catcher_yaml(settings, catcher.port, &arena), &err), err);         \
    WORKS(sinks_read(&sinks, &config, &err), err)

#define SEND(notice) sinks.port[0].send(sinks.port[0].self, notice, &retry_after_ms, &err)

static inline struct notice catcher_notice(void)
{
    return (struct notice){
        .id = VIEW("0123456789abcdef0123456789abcdef-1"),
        .incident = VIEW("0123456789abcdef0123456789abcdef"),
        .kind = NOTICE_BEGUN,
        .severity = SEVERITY_ERROR,
        .alarm = VIEW("drift"),
        .subject = VIEW("amount"),
        .title = VIEW("A column has drifted: amount"),
        .text = VIEW("psi 0.31 over 5000 rows"),
        .value = VIEW("0.31"),
        .limit = VIEW("0.25"),
        .runbook = VIEW("Look at the source."),
        .since_ms = INT64_C(1750420800000),
        .at_ms = INT64_C(1750420860000),
    };
}

#endif
