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

/* Sorted rows of `entry`: the key in the upper half; in the lower the row, and its label in the
 * lowest bit. */
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

static size_t group_rows(const uint64_t *entry, size_t count, const double *weight,
                         struct score_group *group)
{
    size_t groups = 0;
    for (size_t i = 0; i < count; i++) {
        float score = score_of((uint32_t)(entry[i] >> 32));
        if (groups == 0 || group[groups - 1].score != score)
            group[groups++] = (struct score_group){.score = score};
        uint32_t row = (uint32_t)entry[i] >> 1;
        double mass = weight == NULL ? 1 : weight[row];
        group[groups - 1].rows++;
        group[groups - 1].fraud += entry[i] & 1 ? mass : 0;
        group[groups - 1].legitimate += entry[i] & 1 ? 0 : mass;
    }
    return groups;
}

bool ranking_init(struct ranking *ranking, struct sample sample, struct arena *arena,
                  struct err *err)
{
    assert(sample.count < INT32_MAX);
    uint64_t *entry = arena_new(arena, uint64_t, sample.count);
    uint64_t *spare = arena_new(arena, uint64_t, sample.count);
    struct score_group *group = arena_new(arena, struct score_group, sample.count);
    if (entry == NULL || spare == NULL || group == NULL)
        return err_set(err, ERR_LIMIT, "%zu scores to rank do not fit the job's memory limit",
                       sample.count);

    struct ranking made = {.sample = sample, .group = group};
    for (size_t i = 0; i < sample.count; i++) {
        assert(sample.label[i] <= 1 &&
               (sample.weight == NULL || weight_is_valid(sample.weight[i])));
        if (sample.weight != NULL && sample.weight[i] == 0)
            continue;
        uint64_t row = (uint64_t)i << 1 | sample.label[i];
        entry[made.rows++] = (uint64_t)key_of(sample.score[i]) << 32 | row;
        made.frauds += sample.label[i];
    }
    const uint64_t *sorted = sort(entry, spare, made.rows);
    made.groups = group_rows(sorted, made.rows, sample.weight, group);
    for (size_t i = 0; i < made.groups; i++) {
        made.fraud += group[i].fraud;
        made.legitimate += group[i].legitimate;
    }
    *ranking = made;
    return true;
}

struct confusion confusion_at(const struct sample *sample, float threshold)
{
    struct confusion confusion = {0};
    for (size_t i = 0; i < sample->count; i++) {
        assert(!isnan(sample->score[i]) && sample->label[i] <= 1);
        bool alarm = sample->score[i] >= threshold, fraud = sample->label[i];
        double mass = weight_of(sample, i);
        confusion.true_positive += alarm && fraud ? mass : 0;
        confusion.false_positive += alarm && !fraud ? mass : 0;
        confusion.true_negative += !alarm && !fraud ? mass : 0;
        confusion.false_negative += !alarm && fraud ? mass : 0;
    }
    return confusion;
}

struct confusion ranking_confusion(const struct ranking *ranking, float threshold)
{
    double caught = 0, insulted = 0;
    for (size_t i = 0; i < ranking->groups && ranking->group[i].score >= threshold; i++) {
        caught += ranking->group[i].fraud;
        insulted += ranking->group[i].legitimate;
    }
    /* Summed as the whole was: where nothing is left, nothing is left to the last bit. */
    return (struct confusion){
        .true_positive = caught,
        .false_positive = insulted,
        .true_negative = ranking->legitimate - insulted,
        .false_negative = ranking->fraud - caught,
    };
}
