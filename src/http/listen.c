#include "http/listen.h"

#include "base/file.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static void addresses_free(struct addrinfo **list)
{
    if (*list != NULL)
        freeaddrinfo(*list);
}

static bool find_address(const char *host, uint16_t port, struct addrinfo **out, struct err *err)
{
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    bool any = host == NULL || host[0] == '\0' || strcmp(host, "*") == 0;
    struct addrinfo wanted = {
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
        .ai_family = any ? AF_INET : AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    int status = getaddrinfo(any ? NULL : host, service, &wanted, out);
    if (status != 0)
        return err_set(err, ERR_USAGE, "cannot listen on '%s': %s", host, gai_strerror(status));
    return true;
}

static bool set_option(int fd, int option)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, option, &on, sizeof on) == 0;
}

static bool fail_bind(const char *host, uint16_t port, struct err *err)
{
    const char *shown = host == NULL || host[0] == '\0' ? "*" : host;
    if (errno == EADDRINUSE)
        return err_set(err, ERR_CONFLICT,
                       "%s:%u is in use: stop what listens there or choose another port", shown,
                       (unsigned)port);
    return err_set(err, ERR_IO, "cannot listen on %s:%u: %s", shown, (unsigned)port,
                   strerror(errno));
}

/* Whether the port is free, asked by a socket that does not want to share. */
static bool is_free(const struct addrinfo *address)
{
    CLEANUP(fd_close) int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && set_option(fd, SO_REUSEADDR) &&
           bind(fd, address->ai_addr, address->ai_addrlen) == 0;
}

static int listen_one(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (set_option(fd, SO_REUSEADDR) && set_option(fd, SO_REUSEPORT) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

/* The port stands at the same place in both kinds of address. */
static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
              "one place for the port");

static bool learn_port(int fd, struct addrinfo *address, uint16_t *port)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
        return false;
    memcpy(address->ai_addr, &bound, size);
    in_port_t network;
    memcpy(&network, (char *)&bound + offsetof(struct sockaddr_in, sin_port), sizeof network);
    *port = ntohs(network);
    return true;
}

bool listen_open(struct listen *listen, const char *host, uint16_t port, unsigned count,
                 struct err *err)
{
    assert(count > 0 && count <= LISTEN_WORKERS_MAX);
    CLEANUP(addresses_free) struct addrinfo *address = NULL;
    if (!find_address(host, port, &address, err))
        return false;
    if (port != 0 && !is_free(address))
        return fail_bind(host, port, err);

    *listen = (struct listen){.port = port};
    for (unsigned i = 0; i < count; i++) {
        int fd = listen_one(address);
        if (fd >= 0)
            listen->fd[listen->count++] = fd;
        if (fd < 0 || (i == 0 && !learn_port(fd, address, &listen->port))) {
            fail_bind(host, port, err);
            listen_close(listen);
            return false;
        }
    }
    return true;
}

void listen_close(struct listen *listen)
{
    for (unsigned i = 0; i < listen->count; i++)
        fd_close(&listen->fd[i]);
    listen->count = 0;
}

/* ---------------------------------------------------------------- whom an address reaches */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    struct sockaddr_in6 in6;
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&in6, address, sizeof in6);
    return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) && in6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
}

bool listen_is_loopback(const char *host, bool *out, struct err *err)
{
    CLEANUP(addresses_free) struct addrinfo *address = NULL;
    if (!find_address(host, 0, &address, err))
        return false;
    *out = true;
    for (const struct addrinfo *one = address; one != NULL; one = one->ai_next)
        *out = *out && is_loopback(one->ai_addr);
    return true;
}

/* ---------------------------------------------------------------- a socket in the file system */

static int connect_to(const struct sockaddr_un *address)
{
    CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return 0;
    return errno;
}

/* What a server that ended badly left behind goes. */
static bool clear_path(const struct sockaddr_un *address, struct err *err)
{
    const char *path = address->sun_path;
    struct stat about;
    if (lstat(path, &about) != 0)
        return errno == ENOENT ||
               err_set(err, ERR_IO, "cannot listen on '%s': %s", path, strerror(errno));
    if (!S_ISSOCK(about.st_mode))
        return err_set(err, ERR_CONFLICT,
                       "cannot listen on '%s': a file that is no socket is there", path);
    if (connect_to(address) != ECONNREFUSED)
        return err_set(err, ERR_CONFLICT,
                       "'%s' is in use: stop what listens there or choose another path", path);
    return unlink(path) == 0 || errno == ENOENT ||
           err_set(err, ERR_IO, "'%s' cannot be replaced: %s", path, strerror(errno));
}

/* The mode is there before the name is, and once more whatever the umask took. */
static bool bind_path(int fd, const struct sockaddr_un *address)
{
    enum { MODE = 0660 };
    return fchmod(fd, MODE) == 0 &&
           bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
           chmod(address->sun_path, MODE) == 0 && listen(fd, BACKLOG) == 0;
}

int listen_open_path(const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path) {
        err_set(err, ERR_USAGE, "a socket's path has 1 to %zu bytes, '%s' has %zu",
                sizeof address.sun_path - 1, path, length);
        return -1;
    }
    memcpy(address.sun_path, path, length);
    if (!clear_path(&address, err))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind_path(fd, &address))
        return fd;
    err_set(err, errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO, "cannot listen on '%s': %s", path,
            strerror(errno));
    fd_close(&fd);
    return -1;
}

void listen_remove_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat about;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (lstat(path, &about) == 0 && S_ISSOCK(about.st_mode) && connect_to(&address) == ECONNREFUSED)
        unlink(path);
}

void listen_refuse(int fd)
{
    enum { FLAGS_AT = 13, SYN = 0x02, TAKE = 0xffff };
    /* A packet that begins a connection is dropped; one that completes a connection is not. */
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, TAKE),
    };
    struct sock_fprog filter = {.len = LENGTH_OF(steps), .filter = steps};
    int domain = AF_UNSPEC;
    socklen_t size = sizeof domain;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    if (domain == AF_UNIX)
        shutdown(fd, SHUT_RD);
    else
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

size_t listen_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* refused: the old limit is what we then read */
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}
