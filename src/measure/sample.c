#include "measure/sample.h"

#include <math.h>

enum { DIGIT_BITS = 11, DIGITS = 3, DIGIT_VALUES = 1 << DIGIT_BITS };

/* An integer that grows as the score falls: the bits of a float grow with a positive float and
 * fall with a negative one. +0 and -0 get neighbouring keys and end in one group. */
static uint32_t key_of(float score)
{
    assert(!isnan(score));
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    uint32_t rising = bits >> 31 ? ~bits : bits | 0x80000000u;
    return ~rising;
}

static float score_of(uint32_t key)
{
    uint32_t rising = ~key;
    uint32_t bits = rising >> 31 ? rising & 0x7fffffffu : ~rising;
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

/* One pass of a least-significant-digit radix sort, by the digit at `shift` of the upper half. */
static void sort_digit(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    size_t start[DIGIT_VALUES + 1] = {0};
    for (size_t i = 0; i < count; i++)
        start[(from[i] >> shift & (DIGIT_VALUES - 1)) + 1]++;
    for (size_t digit = 1; digit < DIGIT_VALUES; digit++)
        start[digit] += start[digit - 1];
    for (size_t i = 0; i < count; i++)
        to[start[from[i] >> shift & (DIGIT_VALUES - 1)]++] = from[i];
}

/* Sorted rows of `entry`: the key in the upper half, the label in the lowest bit. */
static const uint64_t *sort(uint64_t *entry, uint64_t *spare, size_t count)
{
    enum { KEY_SHIFT = 32 };
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        unsigned shift = KEY_SHIFT + digit * DIGIT_BITS;
        sort_digit(entry, spare, count, shift);
        uint64_t *swap = entry;
        entry = spare;
        spare = swap;
    }
    return entry;
}

static size_t group_rows(const uint64_t *entry, size_t count, struct score_group *group)
{
    size_t groups = 0;
    for (size_t i = 0; i < count; i++) {
        float score = score_of((uint32_t)(entry[i] >> 32));
        if (groups == 0 || group[groups - 1].score != score)
            group[groups++] = (struct score_group){.score = score};
        group[groups - 1].count++;
        group[groups - 1].fraud += (uint32_t)(entry[i] & 1);
    }
    return groups;
}

bool ranking_init(struct ranking *ranking, struct sample sample, struct arena *arena,
                  struct err *err)
{
    assert(sample.count < UINT32_MAX);
    uint64_t *entry = arena_new(arena, uint64_t, sample.count);
    uint64_t *spare = arena_new(arena, uint64_t, sample.count);
    struct score_group *group = arena_new(arena, struct score_group, sample.count);
    if (entry == NULL || spare == NULL || group == NULL)
        return err_set(err, ERR_LIMIT, "%zu scores to rank do not fit the job's memory limit",
                       sample.count);

    uint64_t fraud = 0;
    for (size_t i = 0; i < sample.count; i++) {
        assert(sample.label[i] <= 1);
        entry[i] = (uint64_t)key_of(sample.score[i]) << 32 | sample.label[i];
        fraud += sample.label[i];
    }
    size_t groups = group_rows(sort(entry, spare, sample.count), sample.count, group);
    *ranking = (struct ranking){
        .sample = sample,
        .count = sample.count,
        .fraud = fraud,
        .groups = groups,
        .group = group,
    };
    return true;
}

struct confusion confusion_at(const struct sample *sample, float threshold)
{
    struct confusion confusion = {0};
    for (size_t i = 0; i < sample->count; i++) {
        assert(!isnan(sample->score[i]) && sample->label[i] <= 1);
        bool alarm = sample->score[i] >= threshold, fraud = sample->label[i];
        confusion.true_positive += alarm && fraud;
        confusion.false_positive += alarm && !fraud;
        confusion.true_negative += !alarm && !fraud;
        confusion.false_negative += !alarm && fraud;
    }
    return confusion;
}

struct confusion ranking_confusion(const struct ranking *ranking, float threshold)
{
    uint64_t alarms = 0, caught = 0;
    for (size_t i = 0; i < ranking->groups && ranking->group[i].score >= threshold; i++) {
        alarms += ranking->group[i].count;
        caught += ranking->group[i].fraud;
    }
    return (struct confusion){
        .true_positive = caught,
        .false_positive = alarms - caught,
        .true_negative = ranking->count - ranking->fraud - (alarms - caught),
        .false_negative = ranking->fraud - caught,
    };
}
