/*
 * bare: the HTTP stack that `assay serve` stands on, and nothing else: every request is answered
 * with one constant body. What a server of this kind can reach on this machine.
 *
 *     bare_stack PORT WORKERS BODY_FILE
 */
#include "base/file.h"
#include "base/number.h"
#include "http/http.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static void answer(void *body, const struct http_request *request UNUSED,
                   struct http_response *response)
{
    text_add(&response->body, *(const struct view *)body);
}

int main(int count, char **argument)
{
    struct arena arena = {.limit = 1 << 20};
    struct http_options options = http_defaults;
    struct err err = {0};
    struct view body;
    struct http http;
    if (count != 4) {
        fprintf(stderr, "usage: bare_stack PORT WORKERS BODY_FILE\n");
        return 2;
    }
    options.host = "127.0.0.1";
    int64_t port, workers;
    if (!number_parse_i64(view_of(argument[1]), &port) ||
        !number_parse_i64(view_of(argument[2]), &workers))
        return 2;
    options.port = (uint16_t)port;
    options.workers = (unsigned)workers;
    struct http_handler handler = {.self = &body, .handle = answer};
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stops, NULL);
    if (!file_load(argument[3], 1 << 16, &arena, &body, &err) ||
        !http_open(&http, &options, handler, &err)) {
        fprintf(stderr, "bare_stack: %s\n", err.text);
        return 1;
    }
    int number;
    sigwait(&stops, &number);
    http_close(&http);
    arena_release(&arena);
    return 0;
}
