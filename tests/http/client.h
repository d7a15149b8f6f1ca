/*
 * client: a raw HTTP client for tests. It sends bytes and reads answers, one at a time or until
 * the server closes, and never waits longer than its patience.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "harness.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_ROOM = 1 << 20, CLIENT_PATIENCE_MS = 10000 };

struct client {
    int fd;
    char *bytes; /* received, not consumed; NUL-terminated */
    char *reply; /* the last answer */
    size_t length;
    bool ended; /* the server has closed */
    bool reset; /* and not in good order */
};

struct reply {
    int status;
    struct view head, body; /* good until the client's next call */
};

UNUSED static struct client client_open(uint16_t port)
{
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    TRUE(connect(client.fd, (struct sockaddr *)&address, sizeof address) == 0);
    client.bytes = calloc(1, CLIENT_ROOM + 1);
    client.reply = calloc(1, CLIENT_ROOM + 1);
    TRUE(client.bytes != NULL && client.reply != NULL);
    return client;
}

UNUSED static void client_close(struct client *client)
{
    if (client->bytes != NULL)
        fd_close(&client->fd);
    free(client->bytes);
    free(client->reply);
    client->bytes = client->reply = NULL;
}

/* False when the server no longer takes bytes. */
UNUSED static bool client_send(struct client *client, struct view bytes)
{
    while (bytes.length > 0) {
        ssize_t sent = send(client->fd, bytes.text, bytes.length, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        bytes = view_from(bytes, (size_t)sent);
    }
    return true;
}

/* More bytes, or the end; false when neither came in time. */
UNUSED static bool client_read(struct client *client, int patience_ms)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    if (client->ended || poll(&wait, 1, patience_ms) != 1)
        return client->ended;
    size_t room = CLIENT_ROOM - client->length;
    TRUE(room > 0);
    ssize_t size = recv(client->fd, client->bytes + client->length, room, 0);
    client->reset |= size < 0;
    client->ended = size <= 0;
    if (size > 0)
        client->length += (size_t)size;
    client->bytes[client->length] = '\0';
    return true;
}

UNUSED static void client_consume(struct client *client, size_t size)
{
    memmove(client->bytes, client->bytes + size, client->length - size + 1);
    client->length -= size;
}

UNUSED static size_t client_body_size(const char *head)
{
    const char *field = strstr(head, "\r\nContent-Length: ");
    return field == NULL ? 0 : strtoul(field + 18, NULL, 10);
}

/* The next whole answer's size in `bytes`, once it is there. 0: none came before the end. */
UNUSED static size_t client_await(struct client *client, bool has_body, size_t *head)
{
    for (;;) {
        const char *end = strstr(client->bytes, "\r\n\r\n");
        if (end != NULL) {
            *head = (size_t)(end - client->bytes) + 4;
            size_t size = *head + (has_body ? client_body_size(client->bytes) : 0);
            if (client->length >= size)
                return size;
        }
        if (client->ended)
            return 0;
        if (!client_read(client, CLIENT_PATIENCE_MS))
            test_fail(__FILE__, __LINE__, "no answer in time; have '%s'", client->bytes);
    }
}

/* The next answer; status 0 when the server closed without one. */
UNUSED static struct reply client_reply_to(struct client *client, bool has_body)
{
    char *kept = client->reply;
    size_t head = 0;
    size_t size = client_await(client, has_body, &head);
    if (size == 0)
        return (struct reply){0};
    memcpy(kept, client->bytes, size);
    client_consume(client, size);
    return (struct reply){
        .status = (int)strtol(kept + 9, NULL, 10),
        .head = {kept, head},
        .body = {kept + head, size - head},
    };
}

UNUSED static struct reply client_reply(struct client *client)
{
    return client_reply_to(client, true);
}

UNUSED static struct reply client_ask(struct client *client, struct view request)
{
    client_send(client, request);
    return client_reply(client);
}

/* Waits until the server closes; how long that took. What still comes is dropped. */
UNUSED static int64_t client_await_end(struct client *client)
{
    int64_t from = clock_ticks_ns();
    while (!client->ended) {
        client->length = 0;
        if (!client_read(client, CLIENT_PATIENCE_MS))
            test_fail(__FILE__, __LINE__, "the server did not close");
    }
    return (clock_ticks_ns() - from) / 1000000;
}

UNUSED static bool reply_has(const struct reply *reply, const char *text)
{
    return memmem(reply->head.text, reply->head.length, text, strlen(text)) != NULL;
}

#endif
