/*
 * base: the few things every file may use without asking.
 *
 * Included first by every header. It adds no behaviour, only the compiler's
 * attributes under short names, an assert that is never compiled out, and the
 * one macro for the length of an array.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define static_assert _Static_assert

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_USE          __attribute__((warn_unused_result))
#define UNUSED            __attribute__((unused))
#define COLD              __attribute__((cold, noinline)) /* kept out of the way of what is usual */
#define INLINE            static inline __attribute__((always_inline)) /* for what its constants cut short */
#define CLEANUP(fn)       __attribute__((cleanup(fn)))
#define LENGTH_OF(array)  (sizeof(array) / sizeof((array)[0]))

/* A fault of ours, never of the input. It stays on in release builds. */
#define assert(claim) ((claim) ? (void)0 : base_fail(__FILE__, __LINE__, #claim))
_Noreturn void base_fail(const char *file, int line, const char *claim);

/* Each of these has a safer word in base/view.h, base/text.h or base/number.h. The random numbers
 * of libc are refused by tools/check-words instead, because OpenSSL names a parameter so. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atof gets

#endif
