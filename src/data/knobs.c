#include "data/knobs.h"

#include "base/number.h"

#include <math.h>

static bool is_word(struct view text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '-' && c != '.')
            return false;
    }
    return text.length > 0 && text.length <= KNOB_WORD_MAX;
}

static bool refuse_name(struct view name, const struct knob *row, struct err *err)
{
    char bytes[256];
    struct text known = text_in(bytes, sizeof bytes);
    for (size_t i = 0; row[i].name != NULL; i++)
        text_addf(&known, "%s%s", i == 0 ? "" : ", ", row[i].name);
    return err_set(err, ERR_USAGE, "'" VIEW_FMT "' is no setting here; there are %s",
                   VIEW_ARG(name), text_c(&known));
}

static bool take(const struct knob *row, struct view value, void *out, struct err *err)
{
    char *at = (char *)out + row->offset;
    double number;
    if (row->kind == KNOB_WORD) {
        if (!is_word(value))
            return err_set(err, ERR_USAGE,
                           "%s takes a word of letters, digits, '_', '-' and '.', at most %d of "
                           "them, not '" VIEW_FMT "'",
                           row->name, (int)KNOB_WORD_MAX, VIEW_ARG(value));
        memcpy(at, &value, sizeof value);
        return true;
    }
    if (!number_parse(value, &number) || number < row->least || number > row->most)
        return err_set(err, ERR_USAGE, "%s takes a number from %g to %g, not '" VIEW_FMT "'",
                       row->name, row->least, row->most, VIEW_ARG(value));
    memcpy(at, &number, sizeof number);
    return true;
}

bool knobs_parse(struct view text, const struct knob *row, void *out, uint32_t *given,
                 struct err *err)
{
    struct view one, name;
    *given = 0;
    while (view_cut(&text, ',', &one)) {
        if (memchr(one.text, '=', one.length) == NULL)
            return err_set(err, ERR_USAGE, "'" VIEW_FMT "' is no setting: NAME=VALUE is",
                           VIEW_ARG(one));
        view_cut(&one, '=', &name);
        size_t i = 0;
        while (row[i].name != NULL && !view_is(name, row[i].name))
            i++;
        assert(i < KNOBS_MAX);
        if (row[i].name == NULL)
            return refuse_name(name, row, err);
        if ((*given >> i & 1) != 0)
            return err_set(err, ERR_USAGE, "%s is said twice", row[i].name);
        *given |= 1U << i;
        if (!take(&row[i], one, out, err))
            return false;
    }
    return true;
}
