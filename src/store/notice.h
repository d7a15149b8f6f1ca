/*
 * notice: what is told to people when an alarm begins, still stands or is over; and the port it
 * leaves by.
 *
 * monitor/ writes notices down, cloud/ knows the ways out; neither knows the other, and the command
 * line gives the one the other's ports.
 *
 *     struct notice_port port = {.name = "pager", .send = ..., .self = ...};
 *     if (!port.send(port.self, &notice, &retry_after_ms, err))
 *         ...                                        not taken: to be tried again
 *
 * A notice that is sent again is the same notice: `id` goes out with it where the protocol has a
 * place for one, so that who gets it twice can tell.
 */
#ifndef STORE_NOTICE_H
#define STORE_NOTICE_H

#include "base/err.h"
#include "base/view.h"

enum notice_kind { NOTICE_BEGUN, NOTICE_STANDING, NOTICE_OVER, NOTICE_TEST, NOTICE_KINDS };
extern const char *const notice_kinds[NOTICE_KINDS]; /* "begun", "standing", "over", "test" */

/* Rising. */
enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_CRITICAL, SEVERITIES };
extern const char *const severities[SEVERITIES]; /* "info", ... */

enum { NOTICE_ID_SIZE = 64 };

struct notice {
    struct view id;       /* unique, short, [a-z0-9-]; the same when it is sent again */
    struct view incident; /* the same from an alarm's beginning to its end */
    enum notice_kind kind;
    enum severity severity;
    struct view alarm, subject; /* "drift", "amount"; subject may be empty */
    struct view title;          /* one line */
    struct view text;           /* what was seen; may be empty */
    struct view value, limit;   /* with their units; empty: there is none */
    struct view runbook;        /* what to do */
    int64_t since_ms, at_ms;    /* the alarm's beginning, and the notice's own time */
};

struct notice_port {
    const char *name; /* the sink's, as configured */
    /* False: not taken, and why, without any secret. `retry_after_ms`: how long the other side
     * wants to be left alone; 0: it does not say. */
    bool (*send)(void *self, const struct notice *notice, int64_t *retry_after_ms, struct err *err);
    void *self;
};

/* False when it is none of the names. */
bool notice_kind_of(struct view name, enum notice_kind *out);
bool severity_of(struct view name, enum severity *out);

#endif
