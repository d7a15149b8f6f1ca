#include "store/journal_log.h"

bool journal_log_open(struct journal_log *log, struct store *store, const char *dir,
                      const struct journal_query *query, struct err *err)
{
    *log = (struct journal_log){.query = *query};
    if (!journal_read(&log->reader, dir, err)) /* first: from here on nothing is moved */
        return false;
    log->reader.store = store;
    return erasures_load(&log->erasures, store, err) &&
           journal_rows_open(&log->rows, store, query, err);
}

bool journal_log_next(struct journal_log *log, struct journal_decision *out, struct err *err)
{
    if (!log->in_segments) {
        if (journal_rows_next(&log->rows, out, err))
            return true;
        if (err->kind != ERR_NONE)
            return false;
        log->in_segments = true;
    }
    for (;;) {
        while (journal_decision_next(&log->record, out))
            if (journal_query_wants(&log->query, out) && !erasures_cover(&log->erasures, out))
                return true;
        if (!journal_next(&log->reader, &log->record, err))
            return false;
    }
}

void journal_log_close(struct journal_log *log)
{
    journal_rows_close(&log->rows);
    journal_read_close(&log->reader);
    erasures_close(&log->erasures);
}

bool journal_labels(struct store *store, const char *dir, struct view decision,
                    void (*each)(void *self, const struct journal_label *label), void *self,
                    struct err *err)
{
    CLEANUP(journal_read_close) struct journal_reader reader = {0};
    CLEANUP(erasures_close) struct erasures erasures = {0};
    struct journal_record record;
    if (!journal_read(&reader, dir, err))
        return false;
    reader.store = store;
    if (!erasures_load(&erasures, store, err) ||
        !journal_labels_moved(store, decision, each, self, err))
        return false;
    while (journal_next(&reader, &record, err))
        if (record.kind == JOURNAL_LABEL && view_same(record.label.decision, decision) &&
            !erasures_cover_label(&erasures, &record.label))
            each(self, &record.label);
    return err->kind == ERR_NONE;
}
