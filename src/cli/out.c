#include "cli/out.h"

#include "base/text.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

bool out_open(struct out *out, const char *path, struct arena *arena, struct err *err)
{
    struct stat there;
    *out = (struct out){.stream = stdout, .path = path};
    if (path == NULL)
        return true;
    if (stat(path, &there) != 0 || S_ISREG(there.st_mode)) {
        struct text name = text_in_arena(arena);
        text_addf(&name, "%s.new-%ld", path, (long)getpid());
        out->building = text_c(&name);
        if (name.cut)
            return err_set(err, ERR_LIMIT, "'%s': no memory for its name", path);
    }
    out->stream = out->building == NULL ? fopen(path, "wb") : fopen(out->building, "wbx");
    return out->stream != NULL ||
           err_set(err, ERR_IO, "'%s' cannot be created: %s", path, strerror(errno));
}

bool out_end(struct out *out, bool ok, struct err *err)
{
    if (out->path == NULL)
        return ok;
    if (fclose(out->stream) != 0 && ok)
        ok = err_set(err, ERR_IO, "'%s' cannot be written: %s", out->path, strerror(errno));
    if (out->building == NULL)
        return ok;
    if (ok && rename(out->building, out->path) < 0)
        ok = err_set(err, ERR_IO, "'%s' cannot be put in place: %s", out->path, strerror(errno));
    if (!ok)
        remove(out->building);
    return ok;
}
