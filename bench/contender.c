#include "contender.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <time.h>

static const struct contender_kind *const kinds[] = {
    &kind_assay, &kind_bundle,   &kind_xgboost,  &kind_lightgbm,
    &kind_onnx,  &kind_treelite, &kind_recorded,
};

const struct contender_kind *contender_kind_of(const char *name)
{
    for (size_t i = 0; i < LENGTH_OF(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

void die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("forest_bench: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void *library_open(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        die("%s", dlerror());
    return library;
}

void library_find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    if (found == NULL)
        die("%s", dlerror());
    memcpy(function, &found, sizeof found);
}

void *room_for(size_t size, size_t count)
{
    size_t bytes = (size * count + 64) / 64 * 64;
    void *room = aligned_alloc(64, bytes);
    if (room == NULL)
        die("no memory for %zu bytes", bytes);
    return memset(room, 0, bytes);
}

double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}
