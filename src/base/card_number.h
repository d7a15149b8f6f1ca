/*
 * card_number: is there a payment card's number in a text?
 *
 * A number of 13 to 19 digits that an issuer may give (ISO/IEC 7812 ranges, by scheme) and whose
 * last digit is right (Luhn's check, ISO/IEC 7812-1), written in one piece or in groups with single
 * spaces or dashes between. Of sixteen-digit numbers that are no cards about one in twenty passes
 * all the same: whoever refuses because of this tells why, and which field.
 *
 * Not taken for one: what stands behind a decimal point (0.4111111111111111), numbers with a
 * fraction, pieces of longer numbers, of hexadecimal digests and of UUIDs, times and dates.
 */
#ifndef BASE_CARD_NUMBER_H
#define BASE_CARD_NUMBER_H

#include "base/view.h"

bool card_number_in(struct view text);

/* The first one, from its first digit to its last; false when there is none. */
bool card_number_find(struct view text, struct view *out);

#endif
