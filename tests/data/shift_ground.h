/* A stream of three columns, from Wednesday 2025-01-01 on. */
#ifndef SHIFT_GROUND_H
#define SHIFT_GROUND_H

#include "harness.h"

#include "data/shift.h"

#include <math.h>

enum { AMOUNT, KIND, DISTANCE };

static bool ground_disguise(struct shift_event *event, struct rng *rng UNUSED)
{
    event->cell[AMOUNT].number = 49;
    return view_is(event->cell[KIND].word, "shop");
}

static const struct shift_column ground_columns[] = {
    {"amount", true}, {"kind", false}, {"distance", true}};

static const struct shift_stream ground = {
    .first_day_ms = 1735689600000,
    .column = ground_columns,
    .columns = LENGTH_OF(ground_columns),
    .disguise = ground_disguise,
};

static inline struct shift_event ground_event(uint32_t day, double amount, const char *kind)
{
    struct shift_event event = {.day = day, .second = 43200};
    event.cell[AMOUNT].number = amount;
    event.cell[KIND].word = view_of(kind);
    event.cell[DISTANCE].number = (double)NAN;
    return event;
}

static inline struct shift_plan ground_plan(const char *text)
{
    struct err err = {0};
    struct shift_plan plan = {0};
    WORKS(shift_add(&plan, &ground, view_of(text), &err), err);
    return plan;
}

/* What becomes of one event. */
static inline struct shift_fate ground_apply(const char *text, struct shift_event *event)
{
    struct shift_plan plan = ground_plan(text);
    struct shift_draw draw = shift_draw_of(&plan, 1, 0, 0);
    return shift_apply(&plan, &draw, event);
}

/* How many of 10,000 such events are left, copies counted. */
static inline double ground_share(const char *text, struct shift_event event)
{
    enum { EVENTS = 10000 };
    struct shift_plan plan = ground_plan(text);
    struct shift_draw draw = shift_draw_of(&plan, 1, 0, 0);
    unsigned left = 0;
    for (unsigned i = 0; i < EVENTS; i++) {
        struct shift_event one = event;
        struct shift_fate fate = shift_apply(&plan, &draw, &one);
        left += fate.removed_by >= 0 ? 0 : 1 + fate.copies;
    }
    return (double)left / EVENTS;
}

#endif
