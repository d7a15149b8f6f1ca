/*
 * journal_read: what is in a journal's directory, record by record.
 *
 *     CLEANUP(journal_read_close) struct journal_reader reader = {0};
 *     struct journal_record record;
 *     struct journal_decision decision;
 *     if (!journal_read(&reader, dir, err))
 *         return false;
 *     while (journal_next(&reader, &record, err))
 *         while (journal_decision_next(&record, &decision))
 *             use(&decision);
 *     if (err->kind != ERR_NONE) ...
 *
 * Segments come in the order they were begun; of one worker of one journal, records come in the
 * order they were appended. The directory may be in use: what is appended after a segment was
 * opened is not seen. What is damaged is
 * left out too, and told in `damage`: look at it after the loop.
 *
 * While a directory is read nothing is moved out of it (store/journal_move.h), by a lock on it.
 * With a `store`, what is in its database already is left out: so a reader who has asked the
 * database after journal_read, and then reads on here, sees every record once.
 */
#ifndef STORE_JOURNAL_READ_H
#define STORE_JOURNAL_READ_H

#include "store/journal_record.h"
#include "store/journal_segment.h"
#include "store/store.h"

struct journal_reader {
    struct arena arena;  /* the list */
    struct store *store; /* the caller may set it before the first record; NULL: all of them */
    int dir;             /* -1: not open */
    bool opened;
    struct segment_file *file;
    size_t files, next; /* the next file to open */
    bool reading;
    struct segment_reader segment; /* of the last record; its name says where it is */
    uint64_t offset;               /* and this the byte */
    struct segment_damage damage;  /* of all segments so far; the text of the first */
};

bool journal_read(struct journal_reader *reader, const char *dir, struct err *err);

/* Views and rows last until the next. True while there is one. */
bool journal_next(struct journal_reader *reader, struct journal_record *out, struct err *err);
void journal_read_close(struct journal_reader *reader);

/* The answers that were given since `since_us`, oldest first, and not of decisions that were
 * erased: for a server that begins, to know what it has said. */
struct journal_answers {
    struct store *store; /* those that were moved to it come first; NULL: only the segments' */
    int64_t since_us;
    uint64_t bytes_max;    /* of the database's, the newest */
    uint64_t segments_max; /* bytes of segments that are looked through, the newest */
    void (*each)(void *self, const struct journal_answer *answer);
    void *self;
    struct segment_damage damage; /* filled */
};
bool journal_answers(struct journal_answers *answers, const char *dir, struct err *err);

#endif
