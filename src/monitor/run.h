/*
 * run: a watch's look at one stretch of time, taken by one of many, and remembered.
 *
 *     struct watch_run run;
 *     if (!run_take(&store, &wanted, owner, now_ms, &run, &taken, err) || !taken)
 *         return ...;
 *     look at [run.since_ms, run.until_ms)
 *     run_finish(&store, &run, &outcome, err)
 *
 * A run is known by its watch and the instant it was due, so of two monitors one takes it and the
 * other does not. A lease that ran out means that its holder is gone or slow, and the next monitor
 * looks too; of the two the first to finish counts, so that a look which takes long comes to an
 * end. One that failed for what may pass is tried again, by whoever comes first, after a delay that
 * grows with each try; so is one of the caller's own that came to no end, because the database that
 * was to be told was away.
 *
 * The stretches of a watch follow each other without gap or overlap: each begins where the last one
 * that was judged ended. What was too few rows to judge is looked at again with those that
 * followed.
 */
#ifndef MONITOR_RUN_H
#define MONITOR_RUN_H

#include "store/store.h"

enum watch_state { WATCH_OK, WATCH_INSUFFICIENT, WATCH_WATCH, WATCH_ALARM, WATCH_FAILED };
const char *watch_state_name(enum watch_state state); /* "ok", ... */

enum { RUN_MESSAGE_SIZE = 1024, /* more is cut */ RUN_OWNER_SIZE = 128, RUN_WATCH_SIZE = 32 };
enum {
    RUN_LEASE_MS = 900 * 1000, /* a look at millions takes minutes */
    RUN_AHEAD_MS = 3600 * 1000,
    RUN_RETRY_MS = 30 * 1000, /* before the second try; twice as long before each that follows */
    RUN_RETRY_MS_MAX = 3600 * 1000,
};

struct watch_run {
    int64_t id;
    char watch[RUN_WATCH_SIZE];
    char owner[RUN_OWNER_SIZE];
    int64_t due_ms, since_ms, until_ms;
    int64_t tries; /* this one too */
    bool manual;
};

/* How long after this try the next one may begin. */
int64_t run_pause_ms(const struct watch_run *run);

/* What is to be taken: the stretch up to `due_ms`, which begins where the last judged one ended,
 * `span_ms` before at most; a manual one's is [since_ms, until_ms). */
struct run_wanted {
    const char *watch;
    int64_t due_ms, span_ms;
    bool manual;
    int64_t since_ms, until_ms;
};

/* `*taken` false: somebody else has it or had it. */
bool run_take(struct store *store, const struct run_wanted *wanted, const char *owner,
              int64_t now_ms, struct watch_run *out, bool *taken, struct err *err);

struct run_outcome {
    enum watch_state state;
    int64_t version; /* the champion's number; 0: none */
    size_t rows;
    const char *message;
    struct view document; /* a JSON object */
    int64_t finished_ms;
    int64_t again_ms; /* of a failed one: from then on it may be tried again; 0: it is not */
};
/* With its results, in one transaction. ERR_CONFLICT: the lease ran out, and somebody else has
 * finished it. */
struct run_result {
    const char *kind;
    struct view subject;
    enum watch_state state;
    double value, bound; /* NaN: none */
};
bool run_finish(struct store *store, const struct watch_run *run, const struct run_outcome *outcome,
                const struct run_result *result, size_t results, struct err *err);

/* When the last run of a watch was due, whatever became of it; INT64_MIN: there was none. What was
 * due more than RUN_AHEAD_MS after now is a wrong clock's and counts for nothing: it would keep the
 * watch from being looked at until then. */
bool run_last_due(struct store *store, const char *watch, int64_t now_ms, int64_t *out,
                  struct err *err);

/* What the last scheduled run of a watch that did not fail had to say; empty: there was none. */
bool run_last_document(struct store *store, const char *watch, struct arena *arena,
                       struct view *out, struct err *err);

/* Which version the last judged, scheduled run of a watch was about; 0: there was none. */
bool run_last_version(struct store *store, const char *watch, int64_t *out, struct err *err);

/* Newest first; texts last until the next. `watch` NULL: of all. */
struct run_entry {
    int64_t id, due_ms, since_ms, until_ms, started_ms, finished_ms, version, rows;
    bool manual;
    struct view watch, state, owner, message, document;
};
struct run_reader {
    struct db_statement statement;
};
bool run_read(struct store *store, const char *watch, size_t last, struct run_reader *out,
              struct err *err);
bool run_next(struct run_reader *reader, struct run_entry *out, struct err *err);
void run_read_close(struct run_reader *reader);

#endif
