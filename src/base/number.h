/*
 * number: text to numbers and back, whole or not at all, in no locale.
 *
 *     number_of("12.5") -> 12.5     number_of("12.5x") -> refused
 *     number_of("0x10"), number_of("nan"), number_of("1e999") -> refused
 *
 * Printing gives the shortest decimal text that reads back to the same double,
 * so a float widened to double prints as Python's repr prints it.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/text.h"

/* 2^53: from here on a double no longer tells every whole number from the next. */
#define NUMBER_EXACT_MAX 9007199254740992.0

/* Decimal text: sign, digits, point, exponent; ".5" and "5." are fine. `out` only on success. */
bool number_parse(struct view view, double *out);

/* The longest number JSON's grammar allows at the start of `view`; its size, 0 when none. */
size_t number_scan_json(struct view view, double *out);

bool number_parse_i64(struct view view, int64_t *out); /* optional '-', digits, in range */

enum { NUMBER_SIZE = 32 }; /* room for any double's shortest text and its NUL */
size_t number_print(double value, char out[NUMBER_SIZE]); /* NaN and infinities: "nan", "inf" */
void text_add_number(struct text *text, double value);
void text_add_u64(struct text *text, uint64_t value);

/* Distance in units of the last place between two floats; NaN against NaN is 0. */
uint32_t number_ulps(float a, float b);

#endif
