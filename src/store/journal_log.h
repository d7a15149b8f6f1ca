/*
 * journal_log: the decisions of the database and of the segments that are not moved yet, as one.
 *
 *     CLEANUP(journal_log_close) struct journal_log log = {0};
 *     struct journal_decision decision;
 *     if (!journal_log_open(&log, &store, dir, &query, err))
 *         return false;
 *     while (journal_log_next(&log, &decision, err))
 *         use(&decision);
 *     if (err->kind != ERR_NONE) ...
 *
 * First the database's, by time, then what this directory holds, as it was appended. While a log is
 * open nothing is moved out of the directory; what other servers on other machines have not moved
 * is not seen.
 */
#ifndef STORE_JOURNAL_LOG_H
#define STORE_JOURNAL_LOG_H

#include "store/journal_erase.h"
#include "store/journal_rows.h"

struct journal_log {
    struct journal_query query;
    struct journal_rows rows;
    struct journal_reader reader; /* its `damage` tells, after the loop */
    struct erasures erasures;     /* of segments what is erased is left out */
    struct journal_record record;
    bool in_segments;
};

bool journal_log_open(struct journal_log *log, struct store *store, const char *dir,
                      const struct journal_query *query, struct err *err);

/* Lasts until the next. */
bool journal_log_next(struct journal_log *log, struct journal_decision *out, struct err *err);
void journal_log_close(struct journal_log *log);

/* Everything that was ever said of a decision, as it came. */
bool journal_labels(struct store *store, const char *dir, struct view decision,
                    void (*each)(void *self, const struct journal_label *label), void *self,
                    struct err *err);

#endif
