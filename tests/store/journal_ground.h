/* journal_ground: decisions to append in tests, each known by its number. */
#ifndef STORE_JOURNAL_GROUND_H
#define STORE_JOURNAL_GROUND_H

#include "base/file.h"
#include "harness.h"
#include "store/journal.h"
#include "store/journal_read.h"

#include <math.h>
#include <unistd.h>

enum { GROUND_WIDTH = 30 };

struct numbered {
    char id[48];
    float row[GROUND_WIDTH];
    struct journal_decision decision;
};

static inline void number_it(struct numbered *n, unsigned worker, uint64_t number)
{
    snprintf(n->id, sizeof n->id, "w%u-%llu", worker, (unsigned long long)number);
    for (int i = 0; i < GROUND_WIDTH; i++)
        n->row[i] = (float)number + (float)i / 32;
    n->row[3] = NAN;
    n->decision = (struct journal_decision){
        .id = view_of(n->id),
        .at_us = 1760000000000000 + (int64_t)number * 1000,
        .bundle = digest_of(VIEW("bundle")),
        .variant = VIEW("champion"),
        .outcome = number % 2 == 0 ? VIEW("approve") : VIEW("decline"),
        .fraud = number % 2 == 1,
        .margin = (float)number / 3,
        .score = 0.25F,
        .probability = 1.0 / 3,
        .latency_us = (uint32_t)number,
        .client = VIEW("checkout"),
        .entity = VIEW("card-7"),
        .amount = number % 3 == 0 ? (double)NAN : 12.5,
        .row = n->row,
        .width = GROUND_WIDTH,
    };
}

static inline bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Is `got` what number_it makes, to the bit? */
static inline bool is_numbered(const struct journal_decision *got, unsigned worker, uint64_t number)
{
    struct numbered want;
    number_it(&want, worker, number);
    const struct journal_decision *d = &want.decision;
    return view_same(got->id, d->id) && got->at_us == d->at_us &&
           digest_same(&got->bundle, &d->bundle) && view_same(got->variant, d->variant) &&
           view_same(got->outcome, d->outcome) && got->fraud == d->fraud &&
           same_float(got->margin, d->margin) && same_float(got->score, d->score) &&
           memcmp(&got->probability, &d->probability, sizeof(double)) == 0 &&
           memcmp(&got->amount, &d->amount, sizeof(double)) == 0 &&
           got->latency_us == d->latency_us && view_same(got->client, d->client) &&
           view_same(got->entity, d->entity) && view_same(got->experiment, d->experiment) &&
           got->width == d->width && memcmp(got->row, d->row, sizeof want.row) == 0;
}

/* A directory of the test's own. */
static inline const char *journal_place(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    return path;
}

/* The last file of this state in a journal of the test's; its path. */
static inline const char *last_segment(const char *dir, enum segment_state state)
{
    static char path[600];
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct segment_file *file;
    struct err err = {0};
    size_t count;
    WORKS(segment_list(dir, &arena, &file, &count, &err), err);
    path[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (file[i].state == state)
            snprintf(path, sizeof path, "%s/%s", dir, file[i].name);
    return path;
}

static inline size_t segments_in(const char *dir, enum segment_state state)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct segment_file *file;
    struct err err = {0};
    size_t count, found = 0;
    WORKS(segment_list(dir, &arena, &file, &count, &err), err);
    for (size_t i = 0; i < count; i++)
        found += file[i].state == state;
    return found;
}

/* Waits until a ticket is kept; a second is long. */
static inline bool wait_kept(struct journal *journal, unsigned worker, uint64_t ticket)
{
    for (int i = 0; i < 10000; i++) {
        if (journal_kept(journal, worker) >= ticket)
            return true;
        usleep(1000);
    }
    return false;
}

#endif
