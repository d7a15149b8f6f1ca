/*
 * gc: what nobody refers to and nobody has used for long is removed.
 *
 * Versions are kept for ever, and so are their bundles: whether a version refers
 * to a bundle is asked under the registry's write lock, under which a version is
 * also registered, so neither can slip past the other. What goes:
 *
 *     bundles     that no version refers to, and what a killed process left of one
 *     copies      of bundles that are kept elsewhere: they are fetched again
 *     steps       directories in work/ that no training used; it makes them anew
 *
 * each only when it is older than `keep_ms`. What was removed is told by an event
 * of the audit log.
 */
#ifndef STORE_GC_H
#define STORE_GC_H

#include "store/store.h"

enum gc_kind { GC_BUNDLE, GC_COPY, GC_STEP, GC_KINDS };
const char *gc_kind_name(enum gc_kind kind); /* "bundle", "copy", "step" */

struct gc_options {
    int64_t keep_ms;
    bool dry; /* only say what would go */
    const char *actor;
    /* Told of each, before it is removed. */
    void (*say)(void *self, enum gc_kind kind, struct view name, int64_t bytes);
    void *self;
};

struct gc_summary {
    size_t count[GC_KINDS];
    int64_t bytes;
};

bool gc_run(struct store *store, const struct gc_options *options, struct gc_summary *out,
            struct err *err);

#endif
