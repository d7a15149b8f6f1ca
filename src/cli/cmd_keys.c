#include "base/signature.h"
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Never over a key that is there, with its mode from the first byte on, and whole or not at all. */
static bool save_new(const char *path, mode_t mode, struct view pem, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return err_set(err, errno == EEXIST ? ERR_CONFLICT : ERR_IO, "'%s' cannot be made: %s",
                       path, strerror(errno));
    bool ok = write(fd, pem.text, pem.length) == (ssize_t)pem.length && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    int why = errno;
    if (ok)
        return true;
    unlink(path);
    return err_set(err, ERR_IO, "'%s' cannot be written: %s", path, strerror(why));
}

static bool make(const char *path, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    CLEANUP(signing_key_close) struct signing_key key = {0};
    struct text secret = text_in_arena(&arena), open = text_in_arena(&arena);
    struct text name = text_in_arena(&arena);
    char hex[PUBLIC_KEY_HEX_SIZE];
    text_addf(&name, "%s.pub", path);
    if (!signing_key_make(&key, err) || !signing_key_write(&key, &secret, &open, err) ||
        !save_new(text_c(&name), 0644, text_view(&open), err))
        return false;
    if (!save_new(path, 0600, text_view(&secret), err)) {
        unlink(text_c(&name)); /* or it would count beside a private key that is not its own */
        return false;
    }
    printf("%s\n", public_key_print(&key.public, hex));
    return true;
}

static bool run(const struct call *call, struct err *err)
{
    if (strcmp(call->argument[0], "new") != 0)
        return err_set(err, ERR_USAGE, "usage: assay keys new FILE");
    return make(call->argument[1], err);
}

const struct command command_keys = {
    .name = "keys",
    .arguments = "new FILE",
    .about = "a key that signs bundles and the audit log",
    .more = "Writes an Ed25519 private key to FILE, for its owner alone, and the public one to\n"
            "FILE.pub; prints the public key's hex. sign.key and sign.trusted name them.\n",
    .least = 2,
    .most = 2,
    .run = run,
};
