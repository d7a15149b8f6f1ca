/*
 * pickle_literal: the bytes of a pickle, and the numbers and texts spelled in them.
 *
 * Binary opcodes carry fixed-size numbers and counted bytes; the ones of
 * protocol 0 carry lines. Each function takes what it reads off the front of
 * the cursor, or says what is wrong (ERR_MODEL).
 */
#ifndef MODEL_PICKLE_LITERAL_H
#define MODEL_PICKLE_LITERAL_H

#include "model/pickle.h"

struct literals {
    struct view bytes;
    size_t at;
};

bool literal_take(struct literals *in, uint64_t size, struct view *out, struct err *err);
bool literal_unsigned(struct literals *in, unsigned size, uint64_t *out, struct err *err);
bool literal_signed(struct literals *in, unsigned size, int64_t *out, struct err *err);
bool literal_double(struct literals *in, double *out, struct err *err);    /* big-endian */
bool literal_line(struct literals *in, struct view *out, struct err *err); /* without its end */

/* `size_size` bytes of a count, then so many bytes. */
bool literal_counted(struct literals *in, unsigned size_size, struct view *out, struct err *err);

/* A little-endian two's complement number of any length: INT, or BIG. */
void literal_long(struct view bytes, struct pickle *out);

/* A line "12", "12L", or, of the opcode INT, "00" and "01" for False and True. */
bool literal_decimal(struct view line, bool bools, struct pickle *out, struct err *err);
bool literal_float(struct view line, double *out, struct err *err);

/* 'it\'s', as Python 2 spells a str: the bytes. */
bool literal_quoted(struct view line, struct arena *arena, struct view *out, struct err *err);

/* Latin-1 bytes with \uXXXX and \UXXXXXXXX among them: UTF-8. */
bool literal_unicode(struct view line, struct arena *arena, struct view *out, struct err *err);

/* UTF-8 whose characters are all below 256: the bytes they stand for. */
bool literal_latin1(struct view text, struct arena *arena, struct view *out, struct err *err);

#endif
