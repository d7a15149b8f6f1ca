/*
 * knobs: "factor=2,from=30,over=7" read into a struct, by a table of what may be said.
 *
 *     static const struct knob rows[] = {
 *         {"factor", KNOB_NUMBER, offsetof(struct dose, factor), .least = 0, .most = 100},
 *         {0},
 *     };
 *     uint32_t given;                      a bit for each row that was said
 *     knobs_parse(text, rows, &dose, &given, err)
 *
 * What is not said is left as it was. Texts are views into the text that was read. A word is made
 * of letters, digits, '_', '-' and '.', so that it can stand in any file as it is.
 */
#ifndef DATA_KNOBS_H
#define DATA_KNOBS_H

#include "base/err.h"
#include "base/view.h"

enum knob_kind { KNOB_NUMBER, KNOB_WORD };

enum { KNOBS_MAX = 32, KNOB_WORD_MAX = 64 };

struct knob {
    const char *name; /* NULL ends the table */
    enum knob_kind kind;
    size_t offset;      /* of a double or a struct view */
    double least, most; /* KNOB_NUMBER: inclusive */
};

/* ERR_USAGE names the setting. Saying one twice is an error. */
bool knobs_parse(struct view text, const struct knob *row, void *out, uint32_t *given,
                 struct err *err);

#endif
