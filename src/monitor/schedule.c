#include "monitor/schedule.h"

#include "base/number.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    INTERVAL_MAX = 1000 * 1000,
    DAYS_LOOKED_AT = 8 * 366, /* 29 February may be eight years away, around 2100 */
};

/* ---------------------------------------------------------------- reading */

struct field {
    const char *name;
    unsigned least, most;
    const char *words; /* three letters each, from `least` on; NULL: none */
};

enum { FIELD_MINUTE, FIELD_HOUR, FIELD_DAY, FIELD_MONTH, FIELD_WEEKDAY, FIELDS };

static const struct field fields[FIELDS] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of the month", 1, 31, NULL},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"day of the week", 0, 7, "sunmontuewedthufrisat"},
};

static bool number_of(struct view text, const struct field *field, unsigned *out)
{
    int64_t number;
    for (unsigned i = 0; field->words != NULL && text.length == 3 && field->words[3 * i]; i++)
        if (view_same_fold(text, (struct view){field->words + 3 * i, 3}))
            return *out = field->least + i, true;
    if (!number_parse_i64(text, &number) || number < field->least || number > field->most)
        return false;
    *out = (unsigned)number;
    return true;
}

/* True when the mark is there: `head` is before it and `tail` behind; else `head` is all. */
static bool split(struct view text, char mark, struct view *head, struct view *tail)
{
    const char *at = text.length == 0 ? NULL : memchr(text.text, mark, text.length);
    *head = at == NULL ? text : (struct view){text.text, (size_t)(at - text.text)};
    *tail = at == NULL ? VIEW("") : view_from(text, head->length + 1);
    return at != NULL;
}

/* "a", "a-b", "*", each with "/n". */
static bool read_part(struct view text, const struct field *field, uint64_t *bits)
{
    struct view range, steps, from, to;
    int64_t step = 1;
    bool stepped = split(text, '/', &range, &steps);
    if (stepped && (!number_parse_i64(steps, &step) || step < 1 || step > field->most))
        return false;
    unsigned first = field->least, last = field->most;
    if (!view_is(range, "*")) {
        bool ranged = split(range, '-', &from, &to);
        if (!number_of(from, field, &first))
            return false;
        last = stepped ? field->most : first;
        if (ranged && (!number_of(to, field, &last) || last < first))
            return false;
    }
    for (unsigned i = first; i <= last; i += (unsigned)step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static bool read_field(struct view text, const struct field *field, uint64_t *out, struct err *err)
{
    struct view part, rest = text;
    for (bool more = true; more;) {
        more = split(rest, ',', &part, &rest);
        if (!read_part(part, field, out))
            return err_set(err, ERR_INPUT,
                           "'" VIEW_FMT "' is no %s: *, numbers %u to %u, ranges a-b, steps /n, "
                           "and lists of these with commas",
                           VIEW_ARG(text), field->name, field->least, field->most);
    }
    return true;
}

static bool no_schedule(struct view text, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "'" VIEW_FMT "' is no schedule: five fields of cron (\"0 5 * * 1\"), @hourly, "
                   "@daily, @weekly, @monthly, an interval as 15m, or never",
                   VIEW_ARG(text));
}

static bool read_cron(struct view text, struct schedule *out, struct err *err)
{
    uint64_t bits[FIELDS] = {0};
    bool star[FIELDS];
    struct view word, rest = text;
    for (int i = 0; i < FIELDS; i++) {
        if (split(view_trim(rest), ' ', &word, &rest) != (i + 1 < FIELDS) || word.length == 0)
            return no_schedule(text, err);
        star[i] = word.text[0] == '*';
        if (!read_field(word, &fields[i], &bits[i], err))
            return false;
    }
    *out = (struct schedule){
        .minute = bits[FIELD_MINUTE],
        .hour = (uint32_t)bits[FIELD_HOUR],
        .day = (uint32_t)bits[FIELD_DAY],
        .month = (uint32_t)bits[FIELD_MONTH],
        .weekday = (uint32_t)((bits[FIELD_WEEKDAY] | bits[FIELD_WEEKDAY] >> 7) & 0x7F),
        .either_day = !star[FIELD_DAY] && !star[FIELD_WEEKDAY],
    };
    return true;
}

static bool read_interval(struct view text, int64_t *out_ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'s', SECOND_MS}, {'m', MINUTE_MS}, {'h', HOUR_MS}, {'d', DAY_MS}};
    int64_t count;
    if (text.length < 2 || !number_parse_i64((struct view){text.text, text.length - 1}, &count) ||
        count < 1 || count > INTERVAL_MAX)
        return false;
    for (size_t i = 0; i < LENGTH_OF(units); i++)
        if (text.text[text.length - 1] == units[i].letter)
            return *out_ms = count * units[i].ms, true;
    return false;
}

bool schedule_parse(struct view text, struct schedule *out, struct err *err)
{
    static const struct {
        const char *name, *cron;
    } names[] = {{"@hourly", "0 * * * *"},
                 {"@daily", "0 0 * * *"},
                 {"@weekly", "0 0 * * 0"},
                 {"@monthly", "0 0 1 * *"}};
    struct schedule read = {0};
    text = view_trim(text);
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        if (view_is(text, names[i].name))
            return read_cron(view_of(names[i].cron), out, err);
    if (!view_is(text, "never") && !read_interval(text, &read.every_ms))
        return read_cron(text, out, err);
    *out = read;
    return true;
}

/* ---------------------------------------------------------------- asking */

static int64_t floor_to(int64_t at_ms, int64_t unit_ms)
{
    int64_t over = at_ms % unit_ms;
    return at_ms - (over < 0 ? over + unit_ms : over);
}

static bool is_day(const struct schedule *schedule, int64_t day_ms)
{
    struct civil civil = civil_of(day_ms);
    bool day = schedule->day >> civil.day & 1;
    bool weekday = schedule->weekday >> (civil.weekday + 1) % 7 & 1;
    return (schedule->month >> civil.month & 1) &&
           (schedule->either_day ? day || weekday : day && weekday);
}

/* The last minute of the day that is due and not after `last_ms`, from the day's beginning; -1 when
 * there is none. */
static int64_t last_of_day(const struct schedule *schedule, int64_t day_ms, int64_t last_ms)
{
    int64_t last = last_ms - day_ms < DAY_MS ? (last_ms - day_ms) / MINUTE_MS : 24 * 60 - 1;
    for (int64_t minute = last; minute >= 0; minute--)
        if ((schedule->hour >> minute / 60 & 1) && (schedule->minute >> minute % 60 & 1))
            return minute * MINUTE_MS;
    return -1;
}

/* The first not before `first_ms`. */
static int64_t first_of_day(const struct schedule *schedule, int64_t day_ms, int64_t first_ms)
{
    int64_t first = first_ms > day_ms ? (first_ms - day_ms + MINUTE_MS - 1) / MINUTE_MS : 0;
    for (int64_t minute = first; minute < 24 * 60; minute++)
        if ((schedule->hour >> minute / 60 & 1) && (schedule->minute >> minute % 60 & 1))
            return minute * MINUTE_MS;
    return -1;
}

int64_t schedule_before(const struct schedule *schedule, int64_t at_ms)
{
    if (schedule->every_ms > 0)
        return floor_to(at_ms, schedule->every_ms);
    int64_t day_ms = floor_to(at_ms, DAY_MS);
    for (int i = 0; schedule->minute != 0 && i < DAYS_LOOKED_AT; i++, day_ms -= DAY_MS) {
        int64_t found = is_day(schedule, day_ms) ? last_of_day(schedule, day_ms, at_ms) : -1;
        if (found >= 0)
            return day_ms + found;
    }
    return INT64_MIN;
}

int64_t schedule_after(const struct schedule *schedule, int64_t at_ms)
{
    if (schedule->every_ms > 0)
        return floor_to(at_ms, schedule->every_ms) + schedule->every_ms;
    int64_t day_ms = floor_to(at_ms, DAY_MS);
    for (int i = 0; schedule->minute != 0 && i < DAYS_LOOKED_AT; i++, day_ms += DAY_MS) {
        int64_t found = is_day(schedule, day_ms) ? first_of_day(schedule, day_ms, at_ms + 1) : -1;
        if (found >= 0)
            return day_ms + found;
    }
    return INT64_MAX;
}
