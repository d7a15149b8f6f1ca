#include "data/key.h"

#include "base/number.h"

#include <math.h>

const char *key_type_name(enum key_type type)
{
    static const char *const names[] = {
        [KEY_TEXT] = "text",       [KEY_NUMBER] = "number", [KEY_COUNT] = "whole number",
        [KEY_BOOL] = "true|false", [KEY_CHOICE] = "choice",
    };
    return names[type];
}

bool key_is_collection(const struct key *key)
{
    return strpbrk(key->path, "*[") != NULL;
}

static bool is_choice(const char *choices, struct view value)
{
    struct view rest = view_of(choices), one;
    while (view_cut(&rest, ' ', &one))
        if (view_same(one, value))
            return true;
    return false;
}

static bool is_bool(struct view value)
{
    return view_is(value, "true") || view_is(value, "false");
}

bool key_check(const struct key *key, struct view value, struct text *what)
{
    double number;
    switch (key->type) {
    case KEY_TEXT:
        if ((double)value.length >= key->min && (double)value.length <= key->max)
            return true;
        text_addf(what, "takes a text of %g to %g bytes", key->min, key->max);
        return false;
    case KEY_NUMBER:
    case KEY_COUNT:
        if (number_parse(value, &number) && number >= key->min && number <= key->max &&
            (key->type == KEY_NUMBER || number == floor(number)))
            return true;
        text_addf(what, "takes a %s from %g to %g, not '" VIEW_FMT "'",
                  key->type == KEY_NUMBER ? "number" : "whole number", key->min, key->max,
                  VIEW_ARG(value));
        return false;
    case KEY_BOOL:
        if (is_bool(value))
            return true;
        text_addf(what, "takes true or false, not '" VIEW_FMT "'", VIEW_ARG(value));
        return false;
    case KEY_CHOICE:
        if (is_choice(key->choices, value))
            return true;
        text_addf(what, "takes one of: %s; not '" VIEW_FMT "'", key->choices, VIEW_ARG(value));
        return false;
    }
    return false;
}
