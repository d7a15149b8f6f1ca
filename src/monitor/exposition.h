/*
 * exposition: Prometheus' text format, sample by sample.
 *
 *     struct exposition page = exposition_of(text);
 *     struct exposition_sample sample;
 *     while (exposition_next(&page, &sample, err))
 *         if (view_is(sample.name, "assay_http_requests_total")) ...
 *     if (err->kind != ERR_NONE) ...
 *
 * Version 0.0.4 of the format: names, labels with their escapes, a value, a time that is
 * skipped, comments. Bytes come from somebody else: what is no sample is refused with its line,
 * and a sample has at most so many labels, of at most so many bytes.
 */
#ifndef MONITOR_EXPOSITION_H
#define MONITOR_EXPOSITION_H

#include "base/err.h"
#include "base/view.h"

enum { EXPOSITION_LABELS_MAX = 16, EXPOSITION_ESCAPED_MAX = 1024 };

struct exposition {
    struct view rest;
    size_t line;
};

struct exposition_sample {
    struct view name;
    struct exposition_label {
        struct view name, value; /* into the page, or into `unescaped` */
    } label[EXPOSITION_LABELS_MAX];
    size_t labels;
    double value; /* NaN and infinities are fine */
    char unescaped[EXPOSITION_ESCAPED_MAX];
    size_t unescaped_length;
};

struct exposition exposition_of(struct view text);

/* True while there is one; ERR_INPUT. A sample's views last until the next. */
bool exposition_next(struct exposition *page, struct exposition_sample *out, struct err *err);

struct view exposition_label(const struct exposition_sample *sample,
                             const char *name); /* or empty */

#endif
