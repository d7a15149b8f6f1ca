/*
 * journal_record: what the journal keeps, and how it is written as bytes.
 *
 * A record is a frame: a head with its length, its checksum, who wrote it and its number, then the
 * payload. All decisions of one request and the answer it got are one record, so they are there
 * whole or not at all. The checksum is seeded with the salt of the journal that wrote it: bytes a
 * client sent, which are inside of records, cannot pass for a record when a reader looks for the
 * next good one behind damage.
 *
 *     u32 mark  u32 crc  u32 length  u16 kind  u16 worker  u64 ticket  i64 at_us     the head
 *     request:  u32 decisions  u32 answers(0|1)  decision...  answer
 *     label:    one label
 *
 * Everything is little-endian, lengths are multiples of 8, `length` counts the head too and the
 * checksum covers all that follows it. A layout is never changed: a new one is a new kind.
 *
 * Encoding writes into bytes the caller has measured, and cannot fail. Decoding distrusts: it
 * walks the whole payload once, then gives views into it, which last as long as the bytes do.
 */
#ifndef STORE_JOURNAL_RECORD_H
#define STORE_JOURNAL_RECORD_H

#include "base/digest.h"

enum {
    JOURNAL_TEXT_MAX = 4096,         /* bytes of one text, an answer's body aside */
    JOURNAL_BODY_MAX = 16 << 20,     /* bytes of an answer's body */
    JOURNAL_WIDTH_MAX = 1 << 16,     /* floats of a row */
    JOURNAL_RECORD_MAX = 256 << 20,  /* bytes of a record */
    JOURNAL_FRAME_MARK = 0x314C4E4A, /* "JNL1" */
    JOURNAL_FRAME_SIZE = 32,         /* bytes of a head */
    JOURNAL_ID_SIZE = 33,            /* of an id and its NUL */
};

/* One record scored, and what came of it. */
struct journal_decision {
    struct view id;
    int64_t at_us;
    struct digest bundle;
    struct view variant; /* champion, challenger, shadow, ... */
    struct view outcome; /* approve, review, decline, fallback, ... */
    bool fraud;
    float margin, score;
    double probability;
    uint32_t latency_us;
    struct view client;     /* who asked; empty: nobody knows */
    struct view entity;     /* the card or policy; empty: not said */
    double amount;          /* NaN: not known */
    struct view experiment; /* empty: none */
    const float *row;       /* what the model saw */
    size_t width;
};

/* What a request that named a key was told. */
struct journal_answer {
    struct view key;
    int64_t at_us;
    struct digest request; /* of its body */
    int status;
    struct view content_type, body;
};

struct journal_label {
    struct view decision; /* its id */
    struct view label;    /* fraud, legit */
    struct view source;   /* chargeback, analyst, customer, ... */
    int64_t at_us;        /* when we were told */
    int64_t label_ms;     /* when it was so */
    double amount_lost;   /* NaN: not said */
    struct view client;
};

enum journal_kind { JOURNAL_REQUEST = 1, JOURNAL_LABEL = 2 };

/* A record read back. */
struct journal_record {
    enum journal_kind kind;
    uint16_t worker;
    uint64_t ticket; /* 1, 2, 3, ... of this worker of this journal */
    int64_t
        at_us; /* when it was appended: the first decision's time, the answer's or the label's */
    size_t decisions;
    bool answered;
    struct journal_answer answer;
    struct journal_label label;
    struct view rest; /* decisions not asked for yet; whole, as decoding has seen */
};

/* Bytes of the frame. ERR_LIMIT names the text that is too long. */
bool journal_request_size(const struct journal_decision *decision, size_t count,
                          const struct journal_answer *answer, size_t *out, struct err *err);
bool journal_label_size(const struct journal_label *label, size_t *out, struct err *err);

/* Fill `size` bytes at `out`, which is a multiple of 8. */
struct journal_stamp {
    uint32_t salt;
    uint16_t worker;
    uint64_t ticket;
};
void journal_request_write(unsigned char *out, size_t size, const struct journal_stamp *stamp,
                           const struct journal_decision *decision, size_t count,
                           const struct journal_answer *answer);
void journal_label_write(unsigned char *out, size_t size, const struct journal_stamp *stamp,
                         const struct journal_label *label);

/* The length a head claims, or 0 when it cannot be one: `bytes` has at least JOURNAL_FRAME_SIZE. */
size_t journal_frame_length(const void *bytes);
bool journal_frame_holds(struct view frame, uint32_t salt); /* its checksum does */
uint64_t journal_frame_ticket(const void *bytes);
int64_t journal_frame_at(const void *bytes);

/* ERR_INPUT: the payload is not what its kind says. `frame` starts at a multiple of 8. */
bool journal_record_read(struct view frame, struct journal_record *out, struct err *err);

/* The next decision of a request's; true while there is one. */
bool journal_decision_next(struct journal_record *record, struct journal_decision *out);

/* Ids in the order of time, unlike any other's: 12 hex digits of milliseconds, 4 of the maker, 16
 * that never come twice from one maker. Each worker has a maker of its own. */
struct journal_ids {
    uint64_t next;
    uint16_t maker;
};
bool journal_ids_init(struct journal_ids *ids, struct err *err);
void journal_id(struct journal_ids *ids, int64_t at_us, char out[JOURNAL_ID_SIZE]);

#endif
