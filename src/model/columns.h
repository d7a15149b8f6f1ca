/*
 * columns: a row of floats as a few small whole numbers, which is all that trees can tell apart.
 *
 * A forest compares a feature with the thresholds of its branches, and with
 * nothing else. So a value is worth as much as its RANK: how many of those
 * thresholds it is not less than. A column is a feature with up to 255 of its
 * thresholds, its cuts, ascending; a rank fits a byte; and of a value
 *
 *     value < cut[k]     is     rank <= k,     so   rank > k   goes right
 *
 * with no float in sight. That is exact, for infinities and denormals too.
 *
 *     more than 255 thresholds   the feature has several columns, one for each 255, and a branch
 *                                reads the one that holds its threshold
 *     a missing value            ranks 0 where branches send it left, 255 where right. When a
 *                                feature's branches differ, its column has a TWIN: the same ranks,
 *                                the other answer
 *     a category                 is no rank: its code is kept apart. A code that no set holds is
 *                                one past them all, a missing one is one more
 *
 *     struct ranks ranks;
 *     columns_rank(&columns, row, &ranks);
 *     bool right = ranks.column[test.column] > test.rank;        test: columns_test(&columns, node)
 */
#ifndef MODEL_COLUMNS_H
#define MODEL_COLUMNS_H

#include "base/err.h"
#include "model/forest.h"

enum {
    COLUMNS_MAX = 256, /* twins among them */
    COLUMN_CUTS_MAX = 255,
    COLUMN_CUTS_ROOM = 256, /* on cache lines; NaN, which is below no value, follows them */
    COLUMN_PIVOTS = 16,
    COLUMN_CATEGORIES_MAX = 64, /* features that are split by category */
    COLUMN_RIGHT = 255,         /* the rank of a missing value that goes right */
    COLUMN_NEVER = 255,         /* rank > 255 is never so: a branch that always goes left */
};

struct columns {
    bool fit;     /* else the model needs more than COLUMNS_MAX, and there are no ranks */
    size_t count; /* primaries first, by feature and cuts; twins behind, in their order */
    size_t primary_count;
    size_t feature_count;
    const uint32_t *feature;   /* by primary */
    const float *cut;          /* by primary, COLUMN_CUTS_ROOM each */
    const float *pivot;        /* by primary, every 16th of those: cut[15], cut[31], ... */
    const uint16_t *cut_count; /* by primary */
    const uint8_t *missing;    /* by column: the rank of a missing value, 0 or COLUMN_RIGHT */
    const uint8_t *twin_of;    /* by twin: its primary */
    const uint8_t *left;       /* by primary: the column that sends a missing value left */
    const uint32_t *first;     /* by feature, and one more: its first primary */

    size_t category_count;
    const uint32_t *category_feature;
    const uint32_t *code_end;   /* by category feature: one past its highest code in any set */
    const uint8_t *category_of; /* by feature */
};

struct column_test {
    uint8_t column, rank; /* goes right: the row's rank in this column is above this one */
};

/* A row as the kernels read it. */
struct ranks {
    _Alignas(64) uint8_t column[COLUMNS_MAX];
    uint32_t code[COLUMN_CATEGORIES_MAX]; /* code_end: another code; code_end + 1: missing */
};

bool columns_build(const struct forest *forest, struct arena *arena, struct columns *out,
                   struct err *err);

/* What a branch on a number asks; which of the category features one on categories reads. */
struct column_test columns_test(const struct columns *columns, const struct node *node);
size_t columns_category(const struct columns *columns, const struct node *node);

void columns_rank(const struct columns *columns, const float *row, struct ranks *out);
void columns_codes(const struct columns *columns, const float *row, struct ranks *out); /* alone */

#endif
