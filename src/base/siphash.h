/*
 * siphash: SipHash-2-4, a fast hash under a secret key, so that nobody who chooses the bytes can
 * choose where they meet (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
 *
 *     uint64_t hash = siphash(key, bytes);
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/view.h"

struct siphash_key {
    uint64_t half[2];
};

uint64_t siphash(struct siphash_key key, struct view bytes);

#endif
