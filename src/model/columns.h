/*
 * columns: a row of floats as a few small whole numbers, which is all that trees can tell apart.
 *
 * A forest compares a feature with the thresholds of its branches, and with
 * nothing else. So a value is worth as much as its RANK: how many of those
 * thresholds it is not less than. A column is a feature with up to 255 of its
 * thresholds, ascending; a rank fits a byte; and of a value
 *
 *     value < threshold[k]     is     rank <= k,     so   rank > k   goes right
 *
 * with no float in sight. That is exact, for infinities and denormals too.
 *
 *     more than 255 thresholds   the feature has several columns, one for each 255, and a branch
 *                                reads the one that holds its threshold
 *     a missing value            ranks 0 where branches send it left, 255 where right. When a
 *                                feature's branches differ, its column has a TWIN: the same ranks,
 *                                the other answer
 *     a category                 is no rank: its code is kept apart, COLUMN_OTHER for codes that
 *                                no set holds, COLUMN_MISSING when there is none
 *
 *     struct ranks ranks;
 *     columns_rank(&columns, row, &ranks);
 *
 * A value finds its rank by a table of buckets, evenly spaced between the least
 * and the greatest threshold, that says how many thresholds lie in buckets
 * before; at most two more are compared. Columns whose thresholds crowd in too
 * few buckets are searched by halves. Neither branches on the value.
 */
#ifndef MODEL_COLUMNS_H
#define MODEL_COLUMNS_H

#include "base/err.h"
#include "model/forest.h"

enum {
    COLUMNS_MAX = 256,     /* twins among them */
    COLUMN_CUTS_MAX = 255, /* thresholds of one column */
    COLUMN_CUTS_ROOM =
        256, /* in memory: they are followed by NaN, which nothing is not less than */
    COLUMN_BUCKETS_MAX = 2048,
    COLUMN_CATEGORIES_MAX = 64, /* features that are split by category */
    COLUMN_RIGHT = 255,         /* the rank of a missing value that goes right */
    COLUMN_NEVER = 255,         /* rank > 255 is never so: a branch that always goes left */
};

struct column_test {
    uint8_t column, rank; /* goes right: the row's rank in this column is above this one */
};

/* How the columns of one run find their ranks. */
enum column_way { COLUMN_ONE_STEP, COLUMN_TWO_STEPS, COLUMN_HALVES, COLUMN_WAYS };

struct columns {
    bool fit;     /* else the model has more than COLUMNS_MAX, and no ranks */
    size_t count; /* primaries first, twins behind them */
    size_t primary_count;
    size_t way_end[COLUMN_WAYS]; /* primaries of way w end here; they begin where w - 1's end */
    const uint32_t *feature;     /* by primary */
    const float *cut;            /* by primary, COLUMN_CUTS_ROOM each */
    const uint16_t *cut_count;   /* by primary */
    const float *least, *scale, *last; /* by primary: bucket = (value - least) * scale, 0 to last */
    const uint8_t *bucket;             /* by primary, COLUMN_BUCKETS_MAX each */
    const uint8_t *missing;            /* by column: 0 or COLUMN_RIGHT */
    const uint8_t *twin_of;            /* by twin */

    size_t category_count;
    const uint32_t *category_feature;
    const uint32_t *code_end; /* by category feature: one past its highest code in any set */

    /* Where branches find their column: by feature, its first entry of `place`. */
    const struct column_place *place;
    const uint32_t *place_first;
    const uint8_t *category_of; /* by feature */
};

/* 255 thresholds of a feature and where they are read. */
struct column_place {
    float least;      /* the first of them */
    uint16_t side[2]; /* the column for branches that send a missing value right, left */
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

#endif
