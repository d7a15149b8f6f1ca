/*
 * preset: histories we make ourselves, to try everything out before real data comes.
 *
 * A preset is a small world with fraud in it, simulated from a seed. The same
 * options give the same bytes, by any number of threads: every number is drawn
 * from a stream that belongs to one policy, one customer's day, one terminal
 * (base/rng.h), never from a shared one.
 *
 *     const struct preset *preset = preset_find(VIEW("cards"));
 *     struct preset_options options = {.dir = "data", .seed = 1};
 *     if (preset == NULL || !preset->write(&options, &err))
 *         ...
 *
 * The files appear under their names only once they are complete.
 */
#ifndef DATA_PRESET_H
#define DATA_PRESET_H

#include "base/err.h"
#include "base/view.h"

struct preset_options {
    const char *dir; /* where the files go; made when it is not there */
    uint64_t seed;
    uint32_t rows;    /* claims: policies, cards: customers; 0: the preset's default */
    uint32_t days;    /* cards only; 0: the default */
    unsigned threads; /* 0: one per processor */
    bool keep;        /* files that are there already are an error, not replaced */

    /* Of a stream, which cards is and claims is not. */
    uint32_t from_day;        /* days before it happen and are not written */
    const char *const *drift; /* data/shift.h; what they did goes to drift.json */
    size_t drifts;
    bool unlabelled;      /* the events' file has no label */
    const char *labels;   /* labels as they become known, to a file of this name: .jsonl or CSV */
    const char *delay;    /* how: data/label_delay.h; NULL: its default */
    const char *requests; /* events without labels as JSON lines, to a file of this name */
};

/* ERR_USAGE that names the first of these that is asked for. */
bool preset_refuse_stream(const struct preset_options *options, const char *preset,
                          struct err *err);

struct preset {
    const char *name;
    const char *about; /* one line, for help texts and documents */
    const char *files; /* what it writes, for messages */
    bool (*write)(const struct preset_options *options, struct err *err);
};

enum {
#define PRESET(name) PRESET_##name,
#include "data/presets.def"
#undef PRESET
    PRESET_COUNT,
};

extern const struct preset *const presets[PRESET_COUNT];

#define PRESET(name) extern const struct preset preset_##name;
#include "data/presets.def"
#undef PRESET

/* NULL when there is none of that name. */
const struct preset *preset_find(struct view name);

#endif
