#include "store/http_client.h"

#include "answers.h"

#include <fcntl.h>

enum { MEMORY = 8 << 20 };

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static const char *url_of(struct arena *arena, int port, const char *path)
{
    struct text text = text_in_arena(arena);
    text_addf(&text, "http://127.0.0.1:%d%s", port, path);
    return text_c(&text);
}

#define CLIENT(...)                                                                                \
    CLEANUP(arena_release) struct arena arena = {.limit = MEMORY};                                 \
    CLEANUP(http_client_close) struct http_client client = {0};                                    \
    struct err err = {0};                                                                          \
    struct http_got got = {0};                                                                     \
    static const char *const script[] = {__VA_ARGS__};                                             \
    struct answers server = answers_start(script, LENGTH_OF(script));                              \
    WORKS(http_client_open(&client, &err), err)

TEST(a_url_goes_out_byte_for_byte_with_the_headers_that_were_given)
{
    CLIENT(HELLO);
    const struct http_header header[] = {{"x-one", VIEW("two  three")}, {"x-empty", VIEW("")}};
    struct http_ask ask = {.method = "GET",
                           .url = url_of(&arena, server.port, "/a/../b/./%2F%2b?z=1&a=%20+"),
                           .header = header,
                           .headers = 2,
                           .answer_max = 100};
    WORKS(http_send(&client, &ask, &arena, &got, &err), err);
    SAME(answers_stop(&server), 1);
    SAME(got.status, 200);
    TEXT(got.body, "hello");
    const char *heard = server.heard->text[0];
    TRUE(view_starts(view_of(heard), "GET /a/../b/./%2F%2b?z=1&a=%20+ HTTP/1.1\r\n"));
    TRUE(strstr(heard, "x-one: two  three\r\n") != NULL);
    TRUE(strstr(heard, "x-empty:") != NULL);
    TRUE(strcasestr(heard, "accept:") == NULL);
}

TEST(a_body_is_sent_whole_and_nothing_is_waited_for)
{
    CLIENT("HTTP/1.1 204 No Content\r\n\r\n");
    struct http_ask ask = {.method = "PUT",
                           .url = url_of(&arena, server.port, "/x"),
                           .body = VIEW("0123456789"),
                           .answer_max = 100};
    WORKS(http_send(&client, &ask, &arena, &got, &err), err);
    answers_stop(&server);
    SAME(got.status, 204);
    SAME(got.body.length, 0);
    const char *heard = server.heard->text[0];
    TRUE(view_starts(view_of(heard), "PUT /x HTTP/1.1\r\n"));
    TRUE(strcasestr(heard, "content-length: 10\r\n") != NULL);
    TRUE(strcasestr(heard, "expect:") == NULL && strcasestr(heard, "content-type:") == NULL);
}

TEST(a_head_tells_size_and_time)
{
    CLIENT("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nLast-Modified: Fri, 24 May 2013 00:00:00 "
           "GMT\r\n\r\n");
    struct http_ask ask = {
        .method = "HEAD", .url = url_of(&arena, server.port, "/x"), .answer_max = 10};
    WORKS(http_send(&client, &ask, &arena, &got, &err), err);
    answers_stop(&server);
    SAME(got.size, 12345);
    SAME(got.modified_ms, 1369353600000);
    SAME(got.body.length, 0);
}

TEST(an_answer_that_is_too_large_is_refused_announced_or_not)
{
    CLIENT(HELLO, "HTTP/1.1 200 OK\r\n\r\nhello");
    struct http_ask ask = {
        .method = "GET", .url = url_of(&arena, server.port, "/"), .answer_max = 4};
    for (int i = 0; i < 2; i++) {
        err = (struct err){0};
        FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_LIMIT);
        SAYS(err, "more than 4 bytes");
    }
    answers_stop(&server);
}

TEST(a_redirect_is_an_answer_and_not_followed)
{
    CLIENT("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", HELLO);
    struct http_ask ask = {
        .method = "GET", .url = url_of(&arena, server.port, "/"), .answer_max = 100};
    WORKS(http_send(&client, &ask, &arena, &got, &err), err);
    SAME(got.status, 302);
    SAME(answers_stop(&server), 1);
}

TEST(silence_and_an_answer_that_breaks_off_are_errors)
{
    CLIENT("", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
    struct http_ask ask = {
        .method = "GET", .url = url_of(&arena, server.port, "/"), .answer_max = 100};
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    err = (struct err){0};
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    answers_stop(&server);
    err = (struct err){0};
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO); /* nobody there */
    SAYS(err, "no answer");
    SAME(got.status, 0);
}

TEST(a_header_with_a_line_break_and_another_protocol_are_refused)
{
    CLIENT(HELLO);
    static const char *const values[] = {"a\nhost: other", "a\rhost: other", "a\r\n"};
    struct http_ask ask = {
        .method = "GET", .url = url_of(&arena, server.port, "/"), .headers = 1, .answer_max = 100};
    for (size_t i = 0; i < LENGTH_OF(values); i++) {
        const struct http_header header = {"x", view_of(values[i])};
        ask.header = &header;
        err = (struct err){0};
        FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_INPUT);
    }
    ask.headers = 0;
    ask.url = "file:///etc/passwd";
    err = (struct err){0};
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    SAME(answers_stop(&server), 0);
}

/* ---------------------------------------------------------------- targets that others name */

TEST(an_address_that_is_not_public_is_refused_whatever_its_name)
{
    CLIENT(HELLO);
    struct text named = text_in_arena(&arena);
    text_addf(&named, "http://localhost:%d/", server.port);
    struct http_ask ask = {.method = "GET",
                           .url = url_of(&arena, server.port, "/"),
                           .answer_max = 100,
                           .public_only = true};
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    SAYS(err, "not one of the public Internet");
    err = (struct err){0};
    ask.url = text_c(&named);
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    SAYS(err, "not one of the public Internet");
    err = (struct err){0};
    setenv("http_proxy", url_of(&arena, server.port, "/"), 1); /* would resolve the name itself */
    ask.url = "http://192.0.2.1/";
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    SAYS(err, "not one of the public Internet");
    unsetenv("http_proxy");
    SAME(answers_stop(&server), 0);
}

TEST(retry_after_is_told)
{
    CLIENT("HTTP/1.1 429 x\r\nRetry-After: 12\r\nContent-Length: 0\r\n\r\n", HELLO);
    struct http_ask ask = {
        .method = "GET", .url = url_of(&arena, server.port, "/"), .answer_max = 100};
    WORKS(http_send(&client, &ask, &arena, &got, &err), err);
    TRUE(got.status == 429 && got.retry_after_ms == 12000);
    WORKS(http_send(&client, &ask, &arena, &got, &err), err);
    SAME(got.retry_after_ms, 0);
    answers_stop(&server);
}

TEST(an_exchange_ends_when_its_time_is_up_and_says_nothing_of_a_secret_url)
{
    CLIENT(HELLO);
    answers_stop(&server); /* nobody answers at its port */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    CLEANUP(fd_close) int fd = socket(AF_INET, SOCK_STREAM, 0);
    TRUE(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1) == 0 &&
         getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    struct http_ask ask = {.method = "GET",
                           .url = url_of(&arena, ntohs(address.sin_port), "/s3cr3t"),
                           .answer_max = 100,
                           .discreet = true,
                           .timeout_ms = 100};
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    SAYS(err, "Timeout was reached");
    err = (struct err){0};
    ask.url = "s3cr3t://s3cr3t/s3cr3t";
    FAILS(http_send(&client, &ask, &arena, &got, &err), err, ERR_IO);
    TRUE(strstr(err.text, "s3cr3t") == NULL);
}

/* ---------------------------------------------------------------- TLS */

static int ended(pid_t child)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t openssl(const char *const *words)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, 0), dup2(nowhere, 1), dup2(nowhere, 2);
    execvp("openssl", (char *const *)(uintptr_t)words);
    _exit(127);
}

TEST(a_certificate_that_nobody_vouches_for_is_refused_and_one_of_a_given_authority_taken)
{
    CLIENT(HELLO);
    answers_stop(&server);
    int number = test_port();
    char port[16];
    snprintf(port, sizeof port, "%d", number);
    const char *key = path_join(&arena, test_dir(), "key.pem");
    const char *certificate = path_join(&arena, test_dir(), "certificate.pem");
    const char *const make[] = {
        "openssl", "req", "-x509", "-newkey",       "rsa:2048", "-nodes",
        "-days",   "2",   "-subj", "/CN=localhost", "-addext",  "subjectAltName=DNS:localhost",
        "-keyout", key,   "-out",  certificate,     NULL};
    if (ended(openssl(make)) != 0)
        SKIP("the program openssl cannot make a certificate");
    const char *const serve[] = {"openssl", "s_server", "-accept",   port,   "-key",
                                 key,       "-cert",    certificate, "-www", NULL};
    pid_t child = openssl(serve);
    struct text url = text_in_arena(&arena), other = text_in_arena(&arena);
    text_addf(&url, "https://localhost:%d/", number);
    text_addf(&other, "https://127.0.0.1:%d/", number);
    struct http_ask ask = {
        .method = "GET", .url = text_c(&url), .answer_max = 1 << 20, .authority = certificate};
    bool ok = false;
    for (int tries = 0; tries < 100 && !ok; tries++) {
        err = (struct err){0};
        ok = http_send(&client, &ask, &arena, &got, &err);
        if (!ok)
            usleep(50000);
    }
    struct http_client fresh = {0};
    struct err untrusted = {0}, misnamed = {0};
    ask.authority = NULL;
    bool without =
        http_client_open(&fresh, &untrusted) && http_send(&fresh, &ask, &arena, &got, &untrusted);
    ask.authority = certificate;
    ask.url = text_c(&other);
    bool elsewhere = http_send(&fresh, &ask, &arena, &got, &misnamed);
    http_client_close(&fresh);
    kill(child, SIGKILL);
    ended(child);
    WORKS(ok, err);
    FAILS(without, untrusted, ERR_IO);
    SAYS(untrusted, "certificate");
    FAILS(elsewhere, misnamed, ERR_IO);
    SAYS(misnamed, "127.0.0.1");
}
