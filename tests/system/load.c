/*
 * load: many clients that ask and check every answer, for the proofs in tests/system.
 *
 *     load PORT BODIES SCORES IDS [--NAME VALUE]...
 *
 * BODIES: a body of POST /decide per line. SCORES: lines of `bundle number score`, the score text
 * that a bundle gives to body `number`; an answer whose bundle and score are not there is mixed.
 * IDS: where the ids of all answered decisions go, one per line.
 *
 *     --clients N     connections, one request at a time on each            [8]
 *     --seconds S     how long                                              [5]
 *     --count N       or so many answers, whatever comes first              [no bound]
 *     --cut MS        every MS one client is cut: in turn in the middle of its request, right
 *                     behind it, and in the middle of its answer            [none]
 *     --keys WORD     each request has the key WORD-n                       [no keys]
 *     --lost PATH     the server may die: a client that loses it ends, and what it had asked is a
 *                     line `key number` there
 *
 * A refused connection is tried again. SIGTERM ends it as the time does. The last thing printed is
 * one line of JSON.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 16, BODIES_MAX = 4096, SCORES_MAX = 65536, TEXT_MAX = 64, CLIENTS_MAX = 4096 };

struct score {
    char bundle[65], text[TEXT_MAX];
    size_t body;
};

struct client {
    int fd; /* -1: to be connected again, at `again_ms`; or done */
    bool asked, done;
    size_t body;
    int64_t again_ms;
    int64_t asked_us;
    char key[96];
    char answer[ROOM];
    size_t length;
};

static struct {
    int port, epoll;
    const char *keys, *lost;
    int64_t until_ms, cut_ms, next_cut_ms;
    uint64_t count_max;
    size_t clients;
    FILE *ids, *lost_to;
    char *body[BODIES_MAX];
    size_t bodies;
    struct score *score;
    size_t scores;
    uint64_t answered, fives, others, mixed, lost_answers, refused, cuts, sent;
    char complaint[600];
} load = {.clients = 8, .count_max = UINT64_MAX};

static struct client *clients;
static volatile sig_atomic_t stopped;

/* Answers by how long they took, in steps of 10 us; the last is everything slower. */
enum { STEP_US = 10, STEPS = 500000 };
static uint32_t took[STEPS];

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
    return now_us() / 1000;
}

/* Milliseconds that this share of the answers did not take longer than. */
static double quantile_ms(double share)
{
    double wanted = share * (double)load.answered, seen = 0;
    size_t step = 0;
    while (step + 1 < STEPS && (seen += took[step]) < wanted)
        step++;
    return (double)(step + 1) * STEP_US / 1000;
}

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    perror(what);
    exit(2);
}

/* SIGTERM: what is asked is still answered. */
static void stop(int number)
{
    (void)number;
    stopped = 1;
}

/* ---------------------------------------------------------------- files */

static void read_bodies(const char *path)
{
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    char *line = NULL;
    size_t room = 0;
    while (load.bodies < BODIES_MAX && getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        load.body[load.bodies++] = strdup(line);
    }
    free(line);
    fclose(file);
    must(load.bodies > 0, "no bodies");
}

static void read_scores(const char *path)
{
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    load.score = calloc(SCORES_MAX, sizeof *load.score);
    must(load.score != NULL, "calloc");
    struct score *next = load.score;
    while (load.scores < SCORES_MAX &&
           fscanf(file, "%64s %zu %63s", next->bundle, &next->body, next->text) == 3)
        load.scores++, next++;
    fclose(file);
}

static bool is_right(const char *bundle, size_t body, const char *text, size_t length)
{
    for (size_t i = 0; i < load.scores; i++) {
        const struct score *score = &load.score[i];
        if (score->body == body && memcmp(score->bundle, bundle, 64) == 0)
            return strlen(score->text) == length && memcmp(score->text, text, length) == 0;
    }
    return false;
}

/* ---------------------------------------------------------------- asking */

static void complain(const char *what, const struct client *client)
{
    if (load.complaint[0] == '\0')
        snprintf(load.complaint, sizeof load.complaint, "%s: %.400s", what, client->answer);
}

static void leave(struct client *client, bool reset)
{
    struct linger linger = {.l_onoff = 1};
    if (reset)
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(client->fd);
    client->fd = -1;
    client->asked = false;
    client->length = 0;
}

static bool ended(void)
{
    return stopped || now_ms() >= load.until_ms || load.answered >= load.count_max;
}

static size_t write_request(struct client *client, char *request, size_t room)
{
    client->body = load.sent++ % load.bodies;
    const char *body = load.body[client->body];
    char key[128] = "";
    if (load.keys != NULL) {
        snprintf(client->key, sizeof client->key, "%s-%ju", load.keys, (uintmax_t)load.sent);
        snprintf(key, sizeof key, "Idempotency-Key: %s\r\n", client->key);
    }
    return (size_t)snprintf(request, room,
                            "POST /decide HTTP/1.1\r\nHost: localhost\r\n%s"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                            key, strlen(body), body);
}

/* The server is gone, or has cut us, with a request unanswered. */
static void lose(struct client *client)
{
    if (client->asked && load.lost_to == NULL) {
        load.lost_answers++;
        complain("lost", client);
    } else if (client->asked) {
        fprintf(load.lost_to, "%s %zu\n", client->key, client->body);
    }
    client->done = load.lost_to != NULL;
    leave(client, false);
}

static void ask(struct client *client)
{
    static char request[ROOM];
    if (ended()) {
        client->done = true;
        leave(client, false);
        return;
    }
    size_t size = write_request(client, request, sizeof request);
    client->asked = true;
    client->length = 0;
    client->asked_us = now_us();
    if (send(client->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        lose(client);
}

static void reach(struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(client->fd >= 0, "socket");
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        must(errno == ECONNREFUSED || errno == ECONNRESET, "connect");
        load.refused++;
        client->done = load.lost_to != NULL || ended();
        client->again_ms = now_ms() + 5;
        leave(client, false);
        return;
    }
    int on = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    must(epoll_ctl(load.epoll, EPOLL_CTL_ADD, client->fd, &event) == 0, "epoll_ctl");
    ask(client);
}

/* In turn: half a request; a whole one that nobody waits for; an answer read by its first byte. */
static void cut(struct client *client)
{
    static char request[ROOM];
    char first;
    if (client->fd < 0)
        return;
    int turn = (int)(load.cuts++ % 3);
    if (!client->asked || turn == 0) {
        /* its own request may be on its way: on this connection another one is begun behind it */
        size_t size = write_request(client, request, sizeof request);
        (void)!send(client->fd, request, size / 2, MSG_NOSIGNAL);
    } else if (turn == 2) {
        struct pollfd wait = {.fd = client->fd, .events = POLLIN};
        if (poll(&wait, 1, 100) == 1)
            (void)!recv(client->fd, &first, 1, 0);
    }
    leave(client, true);
}

/* ---------------------------------------------------------------- answers */

static const char *after(const char *text, const char *what)
{
    const char *found = strstr(text, what);
    return found == NULL ? NULL : found + strlen(what);
}

/* The answer is whole: is it one that its bundle gives to this body? */
static void judge(struct client *client)
{
    const char *bundle = after(client->answer, "\r\nX-Assay-Bundle: ");
    const char *id = after(client->answer, "\r\nX-Assay-Decision: ");
    const char *inner = after(client->answer, "\"sha256\":\"");
    const char *score = after(client->answer, "\"score\":");
    int status = atoi(client->answer + strlen("HTTP/1.1 "));
    int64_t step = (now_us() - client->asked_us) / STEP_US;
    took[step < STEPS ? step : STEPS - 1]++;
    load.answered++;
    if (status >= 500) {
        load.fives++;
        complain("5xx", client);
        return;
    }
    if (status != 200 || bundle == NULL || id == NULL || inner == NULL || score == NULL) {
        load.others++;
        complain("not an answer", client);
        return;
    }
    if (memcmp(bundle, inner, 64) != 0 ||
        !is_right(bundle, client->body, score, strcspn(score, ",}"))) {
        load.mixed++;
        complain("mixed", client);
    }
    fprintf(load.ids, "%.*s\n", (int)strcspn(id, "\r"), id);
}

static bool is_whole(const struct client *client)
{
    const char *end = strstr(client->answer, "\r\n\r\n");
    const char *length = after(client->answer, "\r\nContent-Length: ");
    if (end == NULL || length == NULL)
        return false;
    return client->length >= (size_t)(end + 4 - client->answer) + strtoul(length, NULL, 10);
}

static void take(struct client *client)
{
    char *room = client->answer + client->length;
    ssize_t got = recv(client->fd, room, ROOM - 1 - client->length, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        lose(client);
        return;
    }
    client->length += (size_t)got;
    client->answer[client->length] = '\0';
    if (!is_whole(client))
        return;
    judge(client);
    client->asked = false;
    if (strstr(client->answer, "\r\nConnection: close\r\n") != NULL)
        leave(client, false);
    else
        ask(client);
}

/* ---------------------------------------------------------------- the way */

static void cut_one(int64_t now)
{
    if (load.cut_ms == 0 || now < load.next_cut_ms)
        return;
    load.next_cut_ms = now + load.cut_ms;
    cut(&clients[load.cuts % load.clients]);
}

static void run(void)
{
    struct epoll_event event[256];
    for (;;) {
        size_t done = 0;
        int64_t now = now_ms();
        for (size_t i = 0; i < load.clients; i++) {
            struct client *client = &clients[i];
            if (client->fd < 0 && !client->done && ended())
                client->done = true;
            if (client->fd < 0 && !client->done && now >= client->again_ms)
                reach(client);
            done += client->done ? 1 : 0;
        }
        if (done == load.clients || now > load.until_ms + 15000)
            return;
        cut_one(now);
        int count = epoll_wait(load.epoll, event, 256, 2); /* -1: SIGTERM came */
        for (int i = 0; i < count; i++) {
            struct client *client = event[i].data.ptr;
            if (client->fd >= 0)
                take(client);
        }
    }
}

static void read_options(int count, char **word)
{
    for (int i = 0; i + 1 < count; i += 2) {
        const char *name = word[i], *value = word[i + 1];
        if (strcmp(name, "--clients") == 0)
            load.clients = strtoul(value, NULL, 10);
        else if (strcmp(name, "--seconds") == 0)
            load.until_ms = now_ms() + (int64_t)(strtod(value, NULL) * 1000);
        else if (strcmp(name, "--count") == 0)
            load.count_max = strtoull(value, NULL, 10);
        else if (strcmp(name, "--cut") == 0)
            load.cut_ms = strtol(value, NULL, 10);
        else if (strcmp(name, "--keys") == 0)
            load.keys = value;
        else if (strcmp(name, "--lost") == 0)
            load.lost = value;
        else
            must(false, name);
    }
    must(load.clients > 0 && load.clients <= CLIENTS_MAX, "--clients");
}

int main(int count, char **word)
{
    must(count >= 5, "load PORT BODIES SCORES IDS");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    load.port = atoi(word[1]);
    load.until_ms = now_ms() + 5000;
    read_bodies(word[2]);
    read_scores(word[3]);
    read_options(count - 5, word + 5);
    load.ids = fopen(word[4], "w");
    must(load.ids != NULL, word[4]);
    if (load.lost != NULL)
        must((load.lost_to = fopen(load.lost, "w")) != NULL, load.lost);
    clients = calloc(load.clients, sizeof *clients);
    must(clients != NULL, "calloc");
    for (size_t i = 0; i < load.clients; i++)
        clients[i].fd = -1;
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    must(load.epoll >= 0, "epoll_create1");
    int64_t begun_ms = now_ms();
    run();
    int64_t took_ms = now_ms() - begun_ms;
    size_t unanswered = 0;
    for (size_t i = 0; i < load.clients; i++)
        unanswered += clients[i].asked ? 1 : 0;
    must(fclose(load.ids) == 0, "writing the ids");
    if (load.lost_to != NULL)
        must(fclose(load.lost_to) == 0, "writing what was lost");
    if (load.complaint[0] != '\0')
        fprintf(stderr, "%s\n", load.complaint);
    printf("{\"answered\":%ju,\"fives\":%ju,\"others\":%ju,\"mixed\":%ju,\"lost\":%ju,"
           "\"refused\":%ju,\"cuts\":%ju,\"unanswered\":%zu,\"ms\":%jd,"
           "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"worst_ms\":%.2f}\n",
           (uintmax_t)load.answered, (uintmax_t)load.fives, (uintmax_t)load.others,
           (uintmax_t)load.mixed, (uintmax_t)load.lost_answers, (uintmax_t)load.refused,
           (uintmax_t)load.cuts, unanswered, (intmax_t)took_ms, quantile_ms(0.5), quantile_ms(0.99),
           quantile_ms(1));
    return 0;
}
