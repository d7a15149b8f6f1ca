/*
 * journal_segment: one file of the journal, and a directory of them.
 *
 *     .assay/journal/0193a1b2c3d4-9f8e7d6c5b4a3928.open       being written; its writer holds a
 * lock 0193a1b2c0aa-9f8e7d6c5b4a3928.segment    sealed: never written again
 *
 * The name is the time in milliseconds and the number of the journal that made it, so names never
 * collide, whoever else writes into the directory, and are in the order of time. A file begins
 * with a header of SEGMENT_HEADER_SIZE bytes and goes on with frames (store/journal_record.h).
 *
 * A reader goes from frame to frame. Where one does not hold it looks for the next that does, and
 * tells what was left out; what does not hold at the end is a tail: of a file being written it is
 * a frame on its way, of one whose writer was killed it is torn and may be cut.
 */
#ifndef STORE_JOURNAL_SEGMENT_H
#define STORE_JOURNAL_SEGMENT_H

#include "base/err.h"
#include "base/text.h"

enum {
    SEGMENT_HEADER_SIZE = 64,
    SEGMENT_FORMAT = 1,
    SEGMENT_NAME_SIZE = 48,
    SEGMENT_STEM_LENGTH = 12 + 1 + 16, /* of the name without its state */
};

struct segment_header {
    char magic[8]; /* "ASSAYJNL" */
    uint32_t format;
    uint32_t crc; /* of the header with 0 here */
    uint64_t instance;
    uint32_t salt;   /* seeds the frames' checksums */
    uint32_t number; /* 0, 1, 2, ... of its instance */
    int64_t created_us;
    uint64_t zero[3];
};
static_assert(sizeof(struct segment_header) == SEGMENT_HEADER_SIZE, "no gaps");

void segment_header_init(struct segment_header *header, uint64_t instance, uint32_t salt,
                         uint32_t number, int64_t created_us);

enum segment_state { SEGMENT_NEW, SEGMENT_OPEN, SEGMENT_SEALED, SEGMENT_DAMAGED, SEGMENT_STATES };

void segment_name(int64_t created_us, uint64_t instance, enum segment_state state,
                  char out[SEGMENT_NAME_SIZE]);

struct segment_file {
    char name[SEGMENT_NAME_SIZE];
    enum segment_state state;
};

/* The same file by the name it has in another state. */
void segment_rename(const struct segment_file *file, enum segment_state state,
                    char out[SEGMENT_NAME_SIZE]);

/* Oldest first. Other files are left out; a directory that is not there is empty. */
bool segment_list(const char *dir, struct arena *arena, struct segment_file **out, size_t *count,
                  struct err *err);

/* What could not be read. */
struct segment_damage {
    size_t places;
    uint64_t bytes;
    char text[400]; /* of the first: which file, where, and what to do */
};
void segment_damage_add(struct segment_damage *to, const struct segment_damage *from);

struct segment_reader {
    int fd; /* -1: not open */
    char name[SEGMENT_NAME_SIZE];
    struct segment_header header;
    uint64_t size; /* when it was opened */
    uint64_t at;   /* the next frame */
    uint64_t tail; /* where what does not hold at the end begins; `size` when all does */
    struct segment_damage damage;
    struct arena arena; /* the window */
    char *window;
    uint64_t window_at;
    size_t window_size, window_have;
    uint64_t searched; /* bytes that checksums were tried on in search of the next good frame */
};

/* `gone`: there is no such file (any more). ERR_INPUT: it is none of ours. */
bool segment_open(struct segment_reader *reader, int dir, const char *name, bool *gone,
                  struct err *err);
/* The same of a file that is open; closes it, whatever comes of it. */
bool segment_open_fd(struct segment_reader *reader, int fd, const char *name, struct err *err);
void segment_close(struct segment_reader *reader);

/* A frame that holds; it lasts until the next. `offset` may be NULL. */
bool segment_next(struct segment_reader *reader, struct view *frame, uint64_t *offset,
                  struct err *err);

/* These bytes are no records: counted, and told if they are the first. */
void segment_tell(struct segment_reader *reader, uint64_t from, uint64_t to);

#endif
