/*
 * reason: why a record is suspicious, in the words of whoever runs the model.
 *
 *     struct reason_book book;
 *     if (!reason_book_open(&book, &bundle, arena, err)) ...          once
 *
 *     shap_row(&explainer, decision.row, phi, scratch);
 *     reason_columns(&bundle.plan, phi, column);
 *     struct reason reason[REASONS_MAX];
 *     size_t count = reasons_of(&book, column, group, reason);
 *
 * Contributions of all features of a column are added up (a ratio belongs to its numerator), then
 * those of the columns that share a code. What raises the margin most comes first; what is less
 * than the floor's share of all that raises it is left out. Codes and texts are the bundle's,
 * sealed as reasons.json; a column without any has its own name for both. After opening nothing is
 * allocated and nothing locked: arrays are the caller's.
 */
#ifndef DECIDE_REASON_H
#define DECIDE_REASON_H

#include "model/bundle.h"

enum { REASONS_MAX = 10, REASON_CODE_MAX = 64, REASON_TEXT_MAX = 500 };

/* Columns with one code. */
struct reason_group {
    struct view code, text;
};

struct reason_book {
    size_t most;  /* reasons given, 1 to REASONS_MAX */
    double floor; /* share of all that raises the margin */
    size_t columns;
    const uint32_t *group_of; /* by column of the schema */
    const struct reason_group *group;
    size_t groups;
};

struct reason {
    struct view code, text;
    double contribution; /* to the margin, above 0 */
    double share;        /* of all contributions above 0 */
};

/* What is in a bundle's schema and reasons.json; an empty paper gives the defaults. ERR_MODEL names
 * what is wrong with it. */
bool reason_book_open(struct reason_book *book, const struct bundle *bundle, struct arena *arena,
                      struct err *err);

/* The paper alone, for who makes one: `columns` of the schema, most and floor as they stand. */
bool reason_book_read(struct reason_book *book, const struct schema *schema, struct view paper,
                      struct arena *arena, struct err *err);

/* By column of the schema, from the contributions by feature. */
void reason_columns(const struct plan *plan, const double *phi, double *column);

/* At most book->most; `group` is scratch of book->groups doubles, `out` of book->most. */
size_t reasons_of(const struct reason_book *book, const double *column, double *group,
                  struct reason *out);

#endif
