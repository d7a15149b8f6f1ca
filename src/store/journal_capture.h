/*
 * journal_capture: decisions as SageMaker's data capture writes them, for whatever reads that.
 *
 * One JSON object a line: what the model saw, its row as CSV (a missing value is an empty cell),
 * and what it answered, the score. In a directory the lines go where Model Monitor looks for them:
 *
 *     DIR/ENDPOINT/VARIANT/yyyy/mm/dd/hh/assay.jsonl
 */
#ifndef STORE_JOURNAL_CAPTURE_H
#define STORE_JOURNAL_CAPTURE_H

#include "base/text.h"
#include "store/journal_record.h"

void journal_capture_add(struct text *out, const struct journal_decision *decision);

/* Files of one export. They get their names when all of them are whole. */
struct capture {
    struct arena arena; /* paths */
    const char *dir, *endpoint;
    struct capture_file *file; /* newest first */
    FILE *open;                /* of the first of them */
    size_t files;
};

void capture_open(struct capture *capture, const char *dir, const char *endpoint);
bool capture_add(struct capture *capture, const struct journal_decision *decision, struct err *err);
bool capture_finish(struct capture *capture, struct err *err); /* then they are there */
void capture_close(struct capture *capture);                   /* what is not finished is removed */

#endif
