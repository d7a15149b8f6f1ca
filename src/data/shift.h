/*
 * shift: how a generated stream stops being what it was, on purpose and with the truth told.
 *
 * A shift is said in one line, and a stream may have several, applied in the order they are said:
 *
 *     covariate:column=amount,factor=2,from=30,over=7
 *     prior:factor=3,from=2025-02-01,until=60
 *
 * `from` is a day of the stream, counted from 0, or a date; `over` days pass until the shift has
 * its whole strength (0: at once); from the day `until` it is gone. Each kind is a row of
 * data/shifts.def, and its settings stand in its struct.
 *
 * The preset makes a `struct shift_event` of each event, whose cells are those of its columns, and
 * says what became of it:
 *
 *     struct shift_draw draw = shift_draw_of(plan, seed, stream, sub_stream);
 *     struct shift_fate fate = shift_apply(plan, &draw, &event);
 *     if (fate.removed_by < 0) ... the event stands, and fate.copies more like it
 *
 * Draws belong to a shift and a sub-stream (a customer's day), so that the same seed gives the same
 * bytes by any number of threads, and a second shift does not change what the first one draws.
 */
#ifndef DATA_SHIFT_H
#define DATA_SHIFT_H

#include "base/rng.h"
#include "base/text.h"
#include "data/knobs.h"

enum {
    SHIFTS_MAX = 16,
    SHIFT_COLUMNS_MAX = 8,
    SHIFT_COPIES_MAX = 100,
    SHIFT_FRAUD_NEW = 9, /* the kind of fraud that `concept` brings; presets number from 1 */
};

/* Bits of what a kind takes, and of what was given. */
enum shift_setting {
    SHIFT_FROM,
    SHIFT_OVER,
    SHIFT_UNTIL,
    SHIFT_COLUMN,
    SHIFT_FACTOR,
    SHIFT_ADD,
    SHIFT_SHARE,
    SHIFT_FADE,
    SHIFT_ABOVE,
    SHIFT_BELOW,
    SHIFT_VALUE,
    SHIFT_CHANGE,
    SHIFT_PERIOD,
    SHIFT_PEAK,
    SHIFT_VOLUME,
    SHIFT_SWING,
};

enum shift_state { SHIFT_PLAIN, SHIFT_MISSING, SHIFT_WITH_UNIT };

struct shift_cell {
    double number;    /* a number's value; NaN: missing */
    struct view word; /* a category's value */
    enum shift_state state;
};

struct shift_event {
    uint32_t day, second; /* second of the day */
    unsigned fraud;       /* 0, or which kind, by the preset's numbers */
    uint32_t touched;     /* a bit for each shift that changed it */
    struct shift_cell cell[SHIFT_COLUMNS_MAX];
};

struct shift_column {
    const char *name;
    bool number;
};

/* What shifts must know of a preset. */
struct shift_stream {
    int64_t first_day_ms;
    const struct shift_column *column;
    size_t columns;
    /* Makes a fraud of a new kind of an honest event; false: this one cannot become one. */
    bool (*disguise)(struct shift_event *event, struct rng *rng);
};

enum shift_change { CHANGE_MISSING, CHANGE_TYPE, CHANGE_CATEGORY, CHANGE_RENAME, CHANGE_DROP };
enum shift_period { PERIOD_DAY, PERIOD_WEEK, PERIOD_YEAR };

/* One shift as it was said. */
struct shift {
    const struct shift_kind *kind;
    const struct shift_stream *stream;
    struct view text; /* as it was said, after the kind */
    double from, over, until;
    double factor, add, share, fade, above, below, peak, volume, swing; /* NaN: not said */
    struct view from_word, until_word, column_word, change_word, period_word, value;
    size_t column; /* in the stream's columns; SIZE_MAX: none */
    enum shift_change change;
    enum shift_period period;
};

struct shift_kind {
    const char *name, *about;
    uint32_t needs, may; /* settings, beside from, over and until */
    /* What no range of a number can say; NULL: nothing. */
    bool (*check)(struct shift *shift, struct err *err);
    /* Changes the event; true when it did. NULL: it never does. */
    bool (*apply)(const struct shift *shift, double strength, struct rng *rng,
                  struct shift_event *event);
    /* How many of such an event there are for each that was; NULL: one. */
    double (*weight)(const struct shift *shift, double strength, const struct shift_event *event);
};

/* All shifts of a stream. */
struct shift_plan {
    struct shift shift[SHIFTS_MAX];
    size_t count;
};

enum {
#define SHIFT(name) SHIFT_KIND_##name,
#include "data/shifts.def"
#undef SHIFT
    SHIFT_KINDS,
};

extern const struct shift_kind *const shift_kinds[SHIFT_KINDS];

#define SHIFT(name) extern const struct shift_kind shift_##name;
#include "data/shifts.def"
#undef SHIFT

/* The names of what a kind takes, for help. */
void shift_add_settings(struct text *text, const struct shift_kind *kind);

/* Adds what `text` says; it and the stream must outlive the plan. ERR_USAGE. */
bool shift_add(struct shift_plan *plan, const struct shift_stream *stream, struct view text,
               struct err *err);

/* 0 before it begins and once it has gone, 1 when it is whole. */
double shift_strength(const struct shift *shift, uint32_t day);

/* How much more there is to draw on a day, because seasons only take away. */
double shift_volume(const struct shift_plan *plan, uint32_t day);

struct shift_draw {
    struct rng rng[SHIFTS_MAX];
};
struct shift_draw shift_draw_of(const struct shift_plan *plan, uint64_t seed, uint32_t stream,
                                uint64_t sub_stream);

struct shift_fate {
    int removed_by;  /* the shift that took it out of the stream, or -1 */
    int copied_by;   /* the shift that asks for copies, or -1 */
    unsigned copies; /* events like this one to add */
};
struct shift_fate shift_apply(const struct shift_plan *plan, struct shift_draw *draw,
                              struct shift_event *event);

/* The name of a column on a day: renamed, dropped (NULL text), or its own. */
struct view shift_name(const struct shift_plan *plan, const struct shift_stream *stream,
                       size_t column, uint32_t day);

#endif
