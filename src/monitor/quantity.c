#include "monitor/quantity.h"

#include "base/number.h"

#include <math.h>

static const struct unit {
    const char *word;
    enum quantity quantity;
    double factor;
} units[] = {
#define UNIT(word, quantity, factor) {word, QUANTITY_##quantity, factor},
#include "monitor/units.def"
#undef UNIT
};

static const char *const takes[QUANTITIES] = {
    [QUANTITY_NUMBER] = "takes a number without a unit",
    [QUANTITY_TIME] = "takes a time with its unit: us, ms, s, min, h or d, as in '1000 ms'",
    [QUANTITY_SHARE] = "takes a share: '5 %', or a number from 0 to 1 such as 0.05",
    [QUANTITY_SIZE] = "takes a size with its unit: B, KiB, MiB, GiB, TiB, kB, MB, GB or TB",
};

/* The letters (or %) at the end. */
static struct view cut_unit(struct view text, struct view *number)
{
    size_t at = text.length;
    while (at > 0 && strchr("0123456789. ", text.text[at - 1]) == NULL)
        at--;
    *number = view_trim((struct view){text.text, at});
    return view_from(text, at);
}

static bool factor_of(struct view word, enum quantity quantity, double *out)
{
    *out = 1;
    if (word.length == 0)
        return quantity == QUANTITY_NUMBER || quantity == QUANTITY_SHARE;
    for (size_t i = 0; i < LENGTH_OF(units); i++) {
        *out = units[i].factor;
        if (view_is(word, units[i].word))
            return units[i].quantity == quantity;
    }
    return false;
}

bool quantity_read(struct view text, enum quantity quantity, double *out, struct text *what)
{
    struct view number, word = cut_unit(view_trim(text), &number);
    double value, factor;
    if (!number_parse(number, &value) || !(value >= 0) || !factor_of(word, quantity, &factor) ||
        (quantity == QUANTITY_SHARE && value * factor > 1)) {
        text_addf(what, "%s; not '" VIEW_FMT "'", takes[quantity], VIEW_ARG(text));
        return false;
    }
    /* 5 % is 0.05, not 0.05000000000000000277: divide where the factor is a fraction. */
    *out = factor < 1 ? value / (1 / factor) : value * factor;
    return true;
}

/* ---------------------------------------------------------------- for people */

static void add_scaled(struct text *text, double value, const char *unit)
{
    text_addf(text, "%.4g %s", value, unit);
}

static void add_time(struct text *text, double seconds)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    if (seconds == 0)
        text_adds(text, "0 s");
    else if (seconds < 1e-3)
        add_scaled(text, seconds * 1e6, "us");
    else if (seconds < 1)
        add_scaled(text, seconds * 1e3, "ms");
    else if (seconds < 2 * MINUTE)
        add_scaled(text, seconds, "s");
    else if (seconds < 2 * HOUR)
        add_scaled(text, seconds / MINUTE, "min");
    else if (seconds < 2 * DAY)
        add_scaled(text, seconds / HOUR, "h");
    else
        add_scaled(text, seconds / DAY, "d");
}

static void add_size(struct text *text, double bytes)
{
    static const char *const words[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t i = 0;
    for (; i + 1 < LENGTH_OF(words) && bytes >= 1024; i++)
        bytes /= 1024;
    add_scaled(text, bytes, words[i]);
}

void quantity_add(struct text *text, enum quantity quantity, double value)
{
    if (isnan(value))
        return;
    switch (quantity) {
    case QUANTITY_TIME:
        add_time(text, value);
        return;
    case QUANTITY_SHARE:
        add_scaled(text, 100 * value, "%");
        return;
    case QUANTITY_SIZE:
        add_size(text, value);
        return;
    case QUANTITY_NUMBER:
    case QUANTITIES:
        text_addf(text, "%.6g", value);
        return;
    }
}
