/*
 * ground: what a test of the store stands on: SQLite or PostgreSQL, the same test for both.
 *
 *     ON_BOTH(numbers_are_contiguous)
 *     {
 *         WORKS(store_open_place(&store, ground_place(ground, &arena, "numbers"), &err), err);
 *         ...
 *     }
 *
 * is two tests, ..._on_sqlite and ..._on_postgresql. The second starts a server of its own when it
 * is first needed: a cluster in the test's directory, owned by an unprivileged user, a socket
 * beside it and a port on loopback; it ends with the test's program. Every name is a schema of its
 * own.
 */
#ifndef STORE_GROUND_H
#define STORE_GROUND_H

#include "base/file.h"
#include "harness.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct ground {
    bool server;
};

#define ON_BOTH(title)                                                                             \
    static void title(const struct ground *ground);                                                \
    TEST(title##_on_sqlite)                                                                        \
    {                                                                                              \
        title(&(struct ground){.server = false});                                                  \
    }                                                                                              \
    TEST(title##_on_postgresql)                                                                    \
    {                                                                                              \
        const char *why = ground_start();                                                          \
        if (why != NULL)                                                                           \
            SKIP(why);                                                                             \
        title(&(struct ground){.server = true});                                                   \
    }                                                                                              \
    static void title(const struct ground *ground UNUSED)

/* ---------------------------------------------------------------- the server */

static struct {
    pid_t pid;
    pid_t starter; /* its children do not end it */
    int port;
    char dir[300], bin[300];
    const char *why; /* it cannot be had */
    bool tried;
} ground_server;

static void ground_end(void)
{
    if (ground_server.pid <= 0 || ground_server.starter != getpid())
        return;
    kill(ground_server.pid, SIGINT); /* a fast shutdown */
    waitpid(ground_server.pid, NULL, 0);
    ground_server.pid = 0;
}

/* In a child: PostgreSQL does not run as root. */
static void ground_become(const struct passwd *user)
{
    if (geteuid() == 0 &&
        (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGINT); /* a test that is killed leaves no server */
    int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(125);
}

static pid_t ground_spawn(const struct passwd *user, const char *program, const char *const *words)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", ground_server.bin, program);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (chdir(ground_server.dir) < 0)
        _exit(124);
    ground_become(user);
    setenv("LC_ALL", "C", 1);
    char *copy[24] = {path};
    for (size_t i = 0; words[i] != NULL; i++)
        copy[i + 1] = strdup(words[i]);
    execv(path, copy);
    _exit(127);
}

/* The newest PostgreSQL that Debian's package put there. */
static bool ground_find(void)
{
    glob_t found;
    bool ok = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;
    if (ok) {
        const char *last = found.gl_pathv[found.gl_pathc - 1];
        snprintf(ground_server.bin, sizeof ground_server.bin, "%.*s",
                 (int)(strlen(last) - strlen("/initdb")), last);
    }
    globfree(&found);
    return ok;
}

static UNUSED const char *ground_url(struct arena *arena, const char *user, const char *rest)
{
    struct text text = text_in_arena(arena);
    text_addf(&text, "postgresql://%s@127.0.0.1:%d/%s", user, ground_server.port, rest);
    return text_c(&text);
}

/* For the test's own statements: over the socket, nobody is asked for a password. */
static const char *ground_socket_url(struct arena *arena, const char *rest)
{
    struct text text = text_in_arena(arena);
    text_addf(&text, "postgresql:///postgres?host=%s&port=%d&user=owner%s", ground_server.dir,
              ground_server.port, rest);
    return text_c(&text);
}

static bool ground_initdb(const struct passwd *user)
{
    static const char *const words[] = {"-D",
                                        "data",
                                        "-U",
                                        "owner",
                                        "-A",
                                        "trust",
                                        "-E",
                                        "UTF8",
                                        "--locale=C.UTF-8",
                                        "--no-sync",
                                        "--locale-provider=icu",
                                        "--icu-locale=en-US",
                                        NULL};
    int status;
    pid_t pid = ground_spawn(user, "initdb", words);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return false;
    struct err err = {0};
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    const char *rules = path_join(&arena, ground_server.dir, "data/pg_hba.conf");
    return file_save(rules, VIEW("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"),
                     &err) &&
           chmod(rules, 0644) == 0;
}

static bool ground_wait(void)
{
    enum { TRIES = 600, PAUSE_US = 50000 };
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    for (int i = 0; i < TRIES; i++) {
        struct db db;
        struct err err = {0};
        if (db_open(&db, ground_socket_url(&arena, ""), &err)) {
            bool ok = db_run(&db, "create role guest login password 'sesame'", &err);
            db_close(&db);
            return ok;
        }
        if (waitpid(ground_server.pid, NULL, WNOHANG) == ground_server.pid)
            return false;
        usleep(PAUSE_US);
    }
    return false;
}

/* NULL when it runs, or why it cannot: one that is installed and does not start is a failure. */
static const char *ground_start(void)
{
    if (ground_server.tried)
        return ground_server.why;
    ground_server.tried = true;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL)
        user = getpwnam("nobody");
    if (!ground_find())
        return ground_server.why = "no PostgreSQL server is installed in /usr/lib/postgresql";
    if (user == NULL)
        return ground_server.why = "there is no user 'postgres' or 'nobody' to run a server as";
    snprintf(ground_server.dir, sizeof ground_server.dir, "/tmp/assay-postgres-XXXXXX");
    ground_server.port = test_port();
    char port[16];
    snprintf(port, sizeof port, "%d", ground_server.port);
    const char *const words[] = {
        "-D", "data",      "-k", ground_server.dir,    "-p", port, "-h", "127.0.0.1",
        "-c", "fsync=off", "-c", "max_connections=60", NULL};
    bool made = mkdtemp(ground_server.dir) != NULL &&
                (geteuid() != 0 || chown(ground_server.dir, user->pw_uid, user->pw_gid) == 0) &&
                ground_initdb(user);
    FAIL_UNLESS(made, "a cluster of PostgreSQL cannot be made in %s", ground_server.dir);
    ground_server.starter = getpid();
    ground_server.pid = ground_spawn(user, "postgres", words);
    atexit(ground_end);
    FAIL_UNLESS(ground_wait(), "the PostgreSQL server of %s does not start", ground_server.dir);
    return NULL;
}

static void ground_forget(void) __attribute__((destructor));
static void ground_forget(void)
{
    struct err err = {0};
    if (ground_server.starter == getpid())
        dir_remove(ground_server.dir, &err);
}

/* ---------------------------------------------------------------- places */

/* A schema of this name, empty. */
static const char *ground_database(struct arena *arena, const char *name)
{
    struct db db;
    struct err err = {0};
    struct text sql = text_in_arena(arena), rest = text_in_arena(arena);
    text_addf(&sql, "drop schema if exists \"%s\" cascade; create schema \"%s\"", name, name);
    text_addf(&rest, "&options=-csearch_path%%3D%s", name);
    WORKS(db_open(&db, ground_socket_url(arena, ""), &err), err);
    WORKS(db_run(&db, text_c(&sql), &err), err);
    db_close(&db);
    return ground_socket_url(arena, text_c(&rest));
}

/* Where a fresh database is: a file, or a URL. */
static UNUSED const char *ground_fresh_database(const struct ground *ground, struct arena *arena,
                                                const char *name)
{
    struct err err = {0};
    if (ground->server)
        return ground_database(arena, name);
    const char *path = path_join(arena, test_dir(), name);
    WORKS(file_remove(path, &err), err);
    return path;
}

/* A store that is not there yet. */
static UNUSED struct store_place ground_place(const struct ground *ground, struct arena *arena,
                                              const char *name)
{
    struct err err = {0};
    struct store_place place = {.dir = path_join(arena, test_dir(), name)};
    WORKS(dir_remove(place.dir, &err), err);
    if (ground->server)
        place.database = ground_database(arena, name);
    return place;
}

/* An arena, and an open store that was not there. */
#define FRESH_STORE(store, name)                                                                   \
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};                              \
    CLEANUP(store_close) struct store store = {0};                                                 \
    struct store_place place = ground_place(ground, &arena, name);                                 \
    struct err err = {0};                                                                          \
    WORKS(store_open_place(&store, &place, &err), err)

#endif
