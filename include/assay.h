/*
 * assay: a fraud model, in one sealed file, inside your own program.
 *
 *     struct assay *model;
 *     struct assay_error error;
 *     if (assay_open("model.assay", NULL, &model, &error) != ASSAY_OK)
 *         fprintf(stderr, "%s\n", error.text);
 *     void *scratch = malloc(assay_scratch_size(model));
 *
 *     struct assay_value values[] = {assay_number(129.90), assay_text("GB"), assay_missing()};
 *     struct assay_decision decision = {.size = sizeof decision};
 *     if (assay_decide(model, values, 3, scratch, &decision, &error) == ASSAY_OK && decision.fraud)
 *         ...
 *     free(scratch);
 *     assay_close(model);
 *
 * Scores are the server's and the command line's, bit for bit: the same file,
 * the same code, whatever the machine.
 *
 * Threads       An open model never changes. Any number of threads may use it at once, each with
 *               its own scratch. Close it when the last one is done.
 * Memory        assay_open allocates and assay_close gives back. Nothing in between allocates,
 *               locks, reads a clock or a file. Scratch is yours: assay_scratch_size bytes, of
 *               any alignment, with nothing in it to keep. Calls need 128 KiB of stack.
 *               Memory that runs out while a model is opened is ASSAY_LIMIT, but for the few
 *               allocations of libcrypto, which computes the digests.
 *
 * Ownership     What you pass in is read during the call and not kept. Texts that come out
 *               belong to the model and live as long as it does.
 *
 * Errors        Every call that can fail returns a status and fills `error` unless that is NULL.
 *               Outputs are written on success only. Nothing prints, exits or is global; an
 *               assertion that fails, which only a fault in this library can cause, aborts.
 *
 * Versions      A struct that may grow begins with its size, which you set: an older or a newer
 *               library than the header you compiled with reads and writes that much. Numbers and
 *               names here keep their meaning; ASSAY_ABI grows when something is added.
 */
#ifndef ASSAY_H
#define ASSAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_ABI 1

#if defined(__GNUC__)
#define ASSAY_PUBLIC __attribute__((visibility("default")))
#else
#define ASSAY_PUBLIC
#endif

/* The same numbers as the exit statuses of the command line. */
enum assay_status {
    ASSAY_OK = 0,
    ASSAY_USAGE = 2,     /* the call is wrong: a NULL, a size that no library has had */
    ASSAY_INPUT = 3,     /* a value is: the text names its column */
    ASSAY_NOT_FOUND = 4, /* there is no such file */
    ASSAY_LIMIT = 6,     /* the model takes more memory than it may, or there is */
    ASSAY_IO = 7,        /* the file cannot be read */
    ASSAY_MODEL = 9,     /* the file is damaged, or no bundle, or of a later format */
};

struct assay_error {
    int status;
    char text[508]; /* one line, for people */
};

struct assay; /* an open model */

/* ---------------------------------------------------------------- opening */

struct assay_options {
    size_t size;       /* sizeof(struct assay_options) */
    size_t memory_max; /* bytes the open model may take, and as many again while it is opened;
                        * 0: 64 MiB and 24 times its file */
    int explain;       /* not 0: assay_explain will be called, build what it needs */
};

/* The seal, every part's digest and the golden records are checked before the model is there.
 * `options` may be NULL. */
ASSAY_PUBLIC int assay_open(const char *path, const struct assay_options *options,
                            struct assay **out, struct assay_error *error);
ASSAY_PUBLIC int assay_open_memory(const void *bytes, size_t size,
                                   const struct assay_options *options, struct assay **out,
                                   struct assay_error *error);
ASSAY_PUBLIC void assay_close(struct assay *model); /* NULL is fine */

/* ---------------------------------------------------------------- what it is */

struct assay_info {
    size_t size; /* sizeof(struct assay_info) */
    const char *project;
    const char *algorithm;
    const char *digest;   /* SHA-256 of the file, 64 hexadecimal digits: the model's identity */
    const char *kernel;   /* the instructions it runs on here */
    size_t column_count;  /* of a record */
    size_t feature_count; /* of a row, what the trees see */
    float threshold;      /* fraud when the score is at or above it */
};

ASSAY_PUBLIC int assay_describe(const struct assay *model, struct assay_info *out);
ASSAY_PUBLIC uint32_t assay_abi(void); /* ASSAY_ABI of the library that runs */
ASSAY_PUBLIC const char *assay_version(void);
ASSAY_PUBLIC size_t assay_scratch_size(const struct assay *model);

/* By index, in the order of a positional record, or of a row. NULL past the end. */
ASSAY_PUBLIC const char *assay_column_name(const struct assay *model, size_t column);
ASSAY_PUBLIC const char *assay_column_kind(const struct assay *model, size_t column);
ASSAY_PUBLIC const char *assay_feature_name(const struct assay *model, size_t feature);

/* ---------------------------------------------------------------- a record */

enum assay_type { ASSAY_MISSING, ASSAY_NUMBER, ASSAY_TEXT, ASSAY_BOOLEAN };

/* What a column holds; its kind says which is right: a number, a category's or a time's text. */
struct assay_value {
    uint32_t type;
    uint32_t boolean;
    double number;
    const char *text; /* need not end in a zero byte */
    size_t length;
};

struct assay_field {
    const char *name; /* ends in a zero byte */
    struct assay_value value;
};

struct assay_decision {
    size_t size;  /* sizeof(struct assay_decision) */
    int fraud;    /* score >= threshold */
    float score;  /* the fraud probability */
    float margin; /* the sum of the trees, before it becomes a probability */
    float threshold;
    uint32_t unseen; /* categories of this record that training never saw, and the model accepts */
};

/* One record by position: all columns, in order. */
ASSAY_PUBLIC int assay_decide(const struct assay *model, const struct assay_value *values,
                              size_t count, void *scratch, struct assay_decision *out,
                              struct assay_error *error);

/* One record by name, in any order; a column that may be missing may be left out. */
ASSAY_PUBLIC int assay_decide_named(const struct assay *model, const struct assay_field *fields,
                                    size_t count, void *scratch, struct assay_decision *out,
                                    struct assay_error *error);

/* `records` records by position, one after another. The first bad one fails the call, is named by
 * its number, from 1, and nothing is written. `out` has as many entries; each one's size is set. */
ASSAY_PUBLIC int assay_decide_batch(const struct assay *model, const struct assay_value *values,
                                    size_t records, void *scratch, struct assay_decision *out,
                                    struct assay_error *error);

/* Rows of features already made, `stride` floats apart, NaN for what is missing: the trees and
 * nothing else. Cannot fail. */
ASSAY_PUBLIC void assay_score_rows(const struct assay *model, const float *rows, size_t count,
                                   size_t stride, float *scores);

/* What each feature added to the margin: exact, path-dependent TreeSHAP. `phi` has feature_count
 * entries, and with `expected` they add up to the margin. */
ASSAY_PUBLIC int assay_explain(const struct assay *model, const struct assay_value *values,
                               size_t count, void *scratch, double *phi, double *expected,
                               struct assay_decision *out, struct assay_error *error);

/* ---------------------------------------------------------------- values */

static inline struct assay_value assay_missing(void)
{
    struct assay_value value = {ASSAY_MISSING, 0, 0, NULL, 0};
    return value;
}

static inline struct assay_value assay_number(double number)
{
    struct assay_value value = {ASSAY_NUMBER, 0, number, NULL, 0};
    return value;
}

static inline struct assay_value assay_boolean(int is)
{
    struct assay_value value = {ASSAY_BOOLEAN, is != 0, 0, NULL, 0};
    return value;
}

static inline struct assay_value assay_text(const char *text)
{
    struct assay_value value = {ASSAY_TEXT, 0, 0, text, 0};
    while (text[value.length] != '\0')
        value.length++;
    return value;
}

#ifdef __cplusplus
}
#endif

#endif
