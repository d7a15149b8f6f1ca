#include "measure/float_sort.h"

#include <math.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 3, FEW = 48 };

/* Orders as the numbers do: below zero all bits are turned over, else the sign alone. */
static inline uint32_t key_of(float value)
{
    uint32_t bits;
    static_assert(sizeof bits == sizeof value, "a key is a float's bits");
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
}

static inline uint32_t digit_of(float value, int pass)
{
    return key_of(value) >> (pass * DIGIT_BITS) & (DIGITS - 1);
}

static void sort_few(float *value, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        float item = value[i];
        size_t at = i;
        for (; at > 0 && value[at - 1] > item; at--)
            value[at] = value[at - 1];
        value[at] = item;
    }
}

/* Where each digit's values begin, in each pass. */
static void find_places(const float *value, size_t count, uint32_t place[PASSES][DIGITS])
{
    for (size_t i = 0; i < count; i++)
        for (int pass = 0; pass < PASSES; pass++)
            place[pass][digit_of(value[i], pass)]++;
    for (int pass = 0; pass < PASSES; pass++)
        for (uint32_t digit = 0, sum = 0; digit < DIGITS; digit++) {
            uint32_t here = place[pass][digit];
            place[pass][digit] = sum;
            sum += here;
        }
}

static void distribute(const float *from, size_t count, int pass, uint32_t place[DIGITS], float *to)
{
    for (size_t i = 0; i < count; i++)
        to[place[digit_of(from[i], pass)]++] = from[i];
}

void float_sort(float *value, size_t count, float *scratch)
{
    assert(count < UINT32_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(!isnan(value[i]));
        value[i] += 0.0f;
    }
    if (count <= FEW) {
        sort_few(value, count);
        return;
    }
    uint32_t place[PASSES][DIGITS] = {0};
    find_places(value, count, place);
    distribute(value, count, 0, place[0], scratch);
    distribute(scratch, count, 1, place[1], value);
    distribute(value, count, 2, place[2], scratch);
    memcpy(value, scratch, count * sizeof *value);
}

size_t float_count_below(const float *sorted, size_t count, float limit)
{
    size_t first = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (sorted[first + half] < limit)
            first += half + 1, count -= half + 1;
        else
            count = half;
    }
    return first;
}

size_t float_count_upto(const float *sorted, size_t count, float limit)
{
    size_t first = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (sorted[first + half] <= limit)
            first += half + 1, count -= half + 1;
        else
            count = half;
    }
    return first;
}
