#include "data/shift.h"

#include "base/clock.h"
#include "base/number.h"

#include <math.h>

enum { DAY_MS = 86400000, FROM_MAX = 3650, SEASONS_MAX = 3 };

const struct shift_kind *const shift_kinds[SHIFT_KINDS] = {
#define SHIFT(name) [SHIFT_KIND_##name] = &shift_##name,
#include "data/shifts.def"
#undef SHIFT
};

#define NUMBER(name, least, most)                                                                  \
    {                                                                                              \
#name, KNOB_NUMBER, offsetof(struct shift, name), least, most                              \
    }
#define WORD(name, field)                                                                          \
    {                                                                                              \
#name, KNOB_WORD, offsetof(struct shift, field), 0, 0                                      \
    }

/* Seasons at their most, three of them, and 4 payments a day stay below rng_poisson's 30. */
static const struct knob settings[] = {
    [SHIFT_FROM] = WORD(from, from_word),
    [SHIFT_OVER] = NUMBER(over, 0, FROM_MAX),
    [SHIFT_UNTIL] = WORD(until, until_word),
    [SHIFT_COLUMN] = WORD(column, column_word),
    [SHIFT_FACTOR] = NUMBER(factor, 0, SHIFT_COPIES_MAX),
    [SHIFT_ADD] = NUMBER(add, -1e9, 1e9),
    [SHIFT_SHARE] = NUMBER(share, 0, 1),
    [SHIFT_FADE] = NUMBER(fade, 0, 1),
    [SHIFT_ABOVE] = NUMBER(above, -1e12, 1e12),
    [SHIFT_BELOW] = NUMBER(below, -1e12, 1e12),
    [SHIFT_VALUE] = WORD(value, value),
    [SHIFT_CHANGE] = WORD(change, change_word),
    [SHIFT_PERIOD] = WORD(period, period_word),
    [SHIFT_PEAK] = NUMBER(peak, 0, 366),
    [SHIFT_VOLUME] = NUMBER(volume, 0, 0.9),
    [SHIFT_SWING] = NUMBER(swing, 0, 0.9),
    {0},
};

/* ---------------------------------------------------------------- what was said */

static void add_settings(struct text *text, uint32_t which)
{
    for (size_t i = 0, before = 0; settings[i].name != NULL; i++)
        if ((which >> i & 1) != 0)
            text_addf(text, "%s%s", before++ == 0 ? "" : ", ", settings[i].name);
}

void shift_add_settings(struct text *text, const struct shift_kind *kind)
{
    add_settings(text, kind->needs | kind->may);
}

/* Every kind takes from, over and until. */
static bool settings_fit(const struct shift *shift, uint32_t given, struct err *err)
{
    const struct shift_kind *kind = shift->kind;
    uint32_t always = 1U << SHIFT_FROM | 1U << SHIFT_OVER | 1U << SHIFT_UNTIL;
    uint32_t odd = given & ~(kind->needs | kind->may | always), lacking = kind->needs & ~given;
    char bytes[256], wrong[128];
    struct text known = text_in(bytes, sizeof bytes), which = text_in(wrong, sizeof wrong);
    add_settings(&known, kind->needs | kind->may | always);
    add_settings(&which, odd != 0 ? odd : lacking);
    return (odd | lacking) == 0 ||
           err_set(err, ERR_USAGE, "%s %s %s; it takes %s", kind->name,
                   odd != 0 ? "takes no" : "needs", text_c(&which), text_c(&known));
}

static bool find_column(struct shift *shift, struct err *err)
{
    const struct shift_stream *stream = shift->stream;
    char bytes[256];
    struct text known = text_in(bytes, sizeof bytes);
    for (size_t i = 0; i < stream->columns; i++) {
        if (view_is(shift->column_word, stream->column[i].name)) {
            shift->column = i;
            return true;
        }
        text_addf(&known, "%s%s", i == 0 ? "" : ", ", stream->column[i].name);
    }
    return err_set(err, ERR_USAGE, "'" VIEW_FMT "' is no column that can shift; there are %s",
                   VIEW_ARG(shift->column_word), text_c(&known));
}

/* "30", or "2025-01-31". */
static bool take_day(const struct shift *shift, struct view word, const char *name, double *out,
                     struct err *err)
{
    int64_t day, time_ms;
    if (word.text == NULL)
        return true;
    if (!number_parse_i64(word, &day)) {
        if (!clock_parse(word, &time_ms))
            return err_set(err, ERR_USAGE,
                           "%s is a day of the stream, 30, or a date, 2025-01-31, not '" VIEW_FMT
                           "'",
                           name, VIEW_ARG(word));
        time_ms -= shift->stream->first_day_ms;
        day = time_ms >= 0 ? time_ms / DAY_MS : -1;
    }
    if (day < 0 || day > FROM_MAX)
        return err_set(err, ERR_USAGE, "%s is a day from 0 to %d, not '" VIEW_FMT "'", name,
                       (int)FROM_MAX, VIEW_ARG(word));
    *out = (double)day;
    return true;
}

bool shift_add(struct shift_plan *plan, const struct shift_stream *stream, struct view text,
               struct err *err)
{
    struct view name, whole = text;
    struct shift shift = {
        .stream = stream,
        .column = SIZE_MAX,
        .until = (double)INFINITY,
        .factor = (double)NAN,
        .add = (double)NAN,
        .share = (double)NAN,
        .fade = (double)NAN,
        .above = (double)NAN,
        .below = (double)NAN,
        .peak = (double)NAN,
        .volume = (double)NAN,
        .swing = (double)NAN,
    };
    if (plan->count == SHIFTS_MAX)
        return err_set(err, ERR_USAGE, "a stream has at most %d shifts", (int)SHIFTS_MAX);
    if (!view_cut(&text, ':', &name))
        name = (struct view){0};
    for (size_t i = 0; i < SHIFT_KINDS; i++)
        if (view_is(name, shift_kinds[i]->name))
            shift.kind = shift_kinds[i];
    if (shift.kind == NULL)
        return err_set(err, ERR_USAGE,
                       "'" VIEW_FMT "' is no kind of drift; `assay help generate` lists them",
                       VIEW_ARG(name));
    shift.text = text;
    uint32_t given;
    if (!knobs_parse(text, settings, &shift, &given, err) ||
        (shift.column_word.text != NULL && !find_column(&shift, err)) ||
        !take_day(&shift, shift.from_word, "from", &shift.from, err) ||
        !take_day(&shift, shift.until_word, "until", &shift.until, err) ||
        !settings_fit(&shift, given, err) ||
        (shift.kind->check != NULL && !shift.kind->check(&shift, err)))
        return err_while(err, "the drift '" VIEW_FMT "'", VIEW_ARG(whole));
    if (shift.until <= shift.from)
        return err_set(err, ERR_USAGE, "the drift '" VIEW_FMT "' is gone before it begins",
                       VIEW_ARG(whole));
    plan->shift[plan->count++] = shift;
    size_t seasons = 0;
    for (size_t i = 0; i < plan->count; i++)
        seasons += plan->shift[i].kind == &shift_seasonality;
    return seasons <= SEASONS_MAX ||
           err_set(err, ERR_USAGE, "a stream has at most %d seasons", (int)SEASONS_MAX);
}

/* ---------------------------------------------------------------- what it does */

double shift_strength(const struct shift *shift, uint32_t day)
{
    if (day < shift->from || day >= shift->until)
        return 0;
    double passed = day - shift->from + 1;
    return passed >= shift->over ? 1 : passed / shift->over;
}

double shift_volume(const struct shift_plan *plan, uint32_t day)
{
    double volume = 1;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->shift[i].kind == &shift_seasonality && shift_strength(&plan->shift[i], day) > 0)
            volume *= 1 + plan->shift[i].volume;
    return volume;
}

struct shift_draw shift_draw_of(const struct shift_plan *plan, uint64_t seed, uint32_t stream,
                                uint64_t sub_stream)
{
    struct shift_draw draw;
    for (size_t i = 0; i < plan->count; i++)
        draw.rng[i] = rng_of(seed, stream + (uint32_t)i, sub_stream);
    return draw;
}

/* Of `weight` events like this one, how many more than the one there is; -1: not even that. Every
 * call draws once. */
static int more_of(double weight, struct rng *rng)
{
    double draw = rng_unit(rng), whole = floor(weight);
    if (whole >= SHIFT_COPIES_MAX)
        return SHIFT_COPIES_MAX;
    return (int)whole + (draw < weight - whole) - 1;
}

struct shift_fate shift_apply(const struct shift_plan *plan, struct shift_draw *draw,
                              struct shift_event *event)
{
    struct shift_fate fate = {.removed_by = -1, .copied_by = -1};
    for (size_t i = 0; i < plan->count; i++) {
        const struct shift *shift = &plan->shift[i];
        double strength = shift_strength(shift, event->day);
        if (strength <= 0)
            continue;
        if (shift->kind->apply != NULL && shift->kind->apply(shift, strength, &draw->rng[i], event))
            event->touched |= 1U << i;
        if (shift->kind->weight == NULL)
            continue;
        int more = more_of(shift->kind->weight(shift, strength, event), &draw->rng[i]);
        if (more < 0) {
            fate.removed_by = (int)i;
            return fate;
        }
        if (more > 0 && fate.copies == 0) {
            fate.copied_by = (int)i;
            fate.copies = (unsigned)more;
        }
    }
    return fate;
}

struct view shift_name(const struct shift_plan *plan, const struct shift_stream *stream,
                       size_t column, uint32_t day)
{
    struct view name = view_of(stream->column[column].name);
    for (size_t i = 0; i < plan->count; i++) {
        const struct shift *shift = &plan->shift[i];
        if (shift->kind != &shift_schema || shift->column != column ||
            shift_strength(shift, day) <= 0)
            continue;
        if (shift->change == CHANGE_DROP)
            return (struct view){0};
        if (shift->change == CHANGE_RENAME)
            name = shift->value;
    }
    return name;
}
