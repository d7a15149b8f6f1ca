#include "model/columns.h"

#include <math.h>

/* ---------------------------------------------------------------- collecting */

/* One branch's threshold, to be sorted by feature and then by value. */
struct asked {
    uint32_t feature;
    float threshold;
    bool missing_left;
};

static int by_feature_and_threshold(const void *a, const void *b)
{
    const struct asked *left = a, *right = b;
    if (left->feature != right->feature)
        return left->feature < right->feature ? -1 : 1;
    return left->threshold < right->threshold ? -1 : left->threshold > right->threshold;
}

/* Thresholds that are equal become one, with both their answers to a missing value. */
struct threshold {
    uint32_t feature;
    float value;
    bool side[2]; /* some branch sends a missing value right, left */
};

static size_t collect(const struct forest *forest, struct asked *asked)
{
    size_t count = 0;
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct node *node = &forest->node[i];
        if (!node_is_leaf(node) && !node->categorical)
            asked[count++] = (struct asked){node->feature, node->threshold, node->missing_left};
    }
    qsort(asked, count, sizeof *asked, by_feature_and_threshold);
    return count;
}

static size_t unite(const struct asked *asked, size_t count, struct threshold *out)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && asked[i].feature == asked[i - 1].feature &&
                    asked[i].threshold == asked[i - 1].threshold;
        if (!same)
            out[end++] =
                (struct threshold){.feature = asked[i].feature, .value = asked[i].threshold};
        out[end - 1].side[asked[i].missing_left] = true;
    }
    return end;
}

/* ---------------------------------------------------------------- building */

/* A primary column before it has its place. */
struct draft {
    const struct threshold *threshold;
    size_t count;
    bool side[2];
};

/* The thresholds in columns; returns how many those are, whether or not there was room. */
static size_t cut_columns(const struct threshold *threshold, size_t count, struct draft *draft,
                          size_t room, size_t *twins)
{
    size_t columns = 0;
    for (size_t at = 0; at < count; columns++) {
        struct draft column = {.threshold = &threshold[at]};
        while (at < count && column.count < COLUMN_CUTS_MAX &&
               threshold[at].feature == column.threshold->feature) {
            column.side[0] |= threshold[at].side[0];
            column.side[1] |= threshold[at].side[1];
            column.count++;
            at++;
        }
        *twins += column.side[0] && column.side[1];
        if (columns < room)
            draft[columns] = column;
    }
    return columns;
}

/* The arrays of a struct columns, while they may be written. */
struct building {
    uint32_t *feature, *first;
    float *cut, *pivot;
    uint16_t *cut_count;
    uint8_t *missing, *twin_of, *left;
};

static bool make_room(struct building *b, size_t primaries, size_t twins, size_t features,
                      struct arena *arena)
{
    *b = (struct building){
        .feature = arena_new(arena, uint32_t, primaries),
        .first = arena_new(arena, uint32_t, features + 1),
        .cut = arena_lines(arena, sizeof(float), primaries * COLUMN_CUTS_ROOM),
        .pivot = arena_lines(arena, sizeof(float), primaries * COLUMN_PIVOTS),
        .cut_count = arena_new(arena, uint16_t, primaries),
        .missing = arena_new(arena, uint8_t, primaries + twins),
        .twin_of = arena_new(arena, uint8_t, twins),
        .left = arena_new(arena, uint8_t, primaries),
    };
    return b->feature != NULL && b->first != NULL && b->cut != NULL && b->pivot != NULL &&
           b->cut_count != NULL && b->missing != NULL && b->twin_of != NULL && b->left != NULL;
}

static void fill_cuts(const struct draft *draft, float *cut, float *pivot)
{
    for (size_t i = 0; i < COLUMN_CUTS_ROOM; i++)
        cut[i] = i < draft->count ? draft->threshold[i].value : NAN;
    for (size_t i = 0; i < COLUMN_PIVOTS; i++)
        pivot[i] = cut[i * 16 + 15];
}

static void fill(const struct draft *draft, size_t primaries, size_t features, struct building *b)
{
    size_t twins = 0;
    for (size_t i = 0; i < primaries; i++) {
        fill_cuts(&draft[i], b->cut + i * COLUMN_CUTS_ROOM, b->pivot + i * COLUMN_PIVOTS);
        b->feature[i] = draft[i].threshold->feature;
        b->cut_count[i] = (uint16_t)draft[i].count;
        b->first[b->feature[i] + 1]++;
        b->missing[i] = draft[i].side[0] ? COLUMN_RIGHT : 0;
        b->left[i] = (uint8_t)i;
        if (draft[i].side[0] && draft[i].side[1]) {
            b->left[i] = (uint8_t)(primaries + twins); /* its rank of a missing value stays 0 */
            b->twin_of[twins++] = (uint8_t)i;
        }
    }
    for (size_t f = 0; f < features; f++)
        b->first[f + 1] += b->first[f];
}

static bool no_room(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
}

static bool build_numbers(const struct forest *forest, struct arena *arena, struct columns *out,
                          struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    struct asked *asked = arena_new(&scratch, struct asked, forest->node_count);
    struct threshold *threshold = arena_new(&scratch, struct threshold, forest->node_count);
    struct draft *draft = arena_new(&scratch, struct draft, COLUMNS_MAX);
    if (asked == NULL || threshold == NULL || draft == NULL)
        return no_room(err);
    size_t count = unite(asked, collect(forest, asked), threshold), twins = 0;
    size_t primaries = cut_columns(threshold, count, draft, COLUMNS_MAX, &twins);
    out->feature_count = forest->feature_count;
    out->fit = primaries + twins <= COLUMNS_MAX;
    if (!out->fit)
        return true;
    struct building b;
    if (!make_room(&b, primaries, twins, forest->feature_count, arena))
        return no_room(err);
    fill(draft, primaries, forest->feature_count, &b);
    out->count = primaries + twins;
    out->primary_count = primaries;
    out->feature = b.feature;
    out->first = b.first;
    out->cut = b.cut;
    out->pivot = b.pivot;
    out->cut_count = b.cut_count;
    out->missing = b.missing;
    out->twin_of = b.twin_of;
    out->left = b.left;
    return true;
}

static uint32_t highest_code(const struct forest *forest, const struct category_set *set)
{
    for (uint32_t word = set->words; word-- > 0;)
        if (forest->bits[set->first + word] != 0)
            return word * 32 + 31 - (uint32_t)__builtin_clz(forest->bits[set->first + word]);
    return 0;
}

static bool build_categories(const struct forest *forest, struct arena *arena, struct columns *out,
                             struct err *err)
{
    uint8_t *of = arena_new(arena, uint8_t, forest->feature_count);
    uint32_t *feature = arena_new(arena, uint32_t, COLUMN_CATEGORIES_MAX);
    uint32_t *code_end = arena_new(arena, uint32_t, COLUMN_CATEGORIES_MAX);
    if (of == NULL || feature == NULL || code_end == NULL)
        return no_room(err);
    memset(of, UINT8_MAX, forest->feature_count);
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct node *node = &forest->node[i];
        if (node_is_leaf(node) || !node->categorical)
            continue;
        if (of[node->feature] == UINT8_MAX) {
            if (out->category_count == COLUMN_CATEGORIES_MAX) {
                out->fit = false;
                return true;
            }
            feature[out->category_count] = node->feature;
            of[node->feature] = (uint8_t)out->category_count++;
        }
        uint32_t end = highest_code(forest, &forest->set[node->set]) + 1;
        uint32_t *known = &code_end[of[node->feature]];
        *known = end > *known ? end : *known;
    }
    out->category_of = of;
    out->category_feature = feature;
    out->code_end = code_end;
    return true;
}

bool columns_build(const struct forest *forest, struct arena *arena, struct columns *out,
                   struct err *err)
{
    *out = (struct columns){0};
    return build_numbers(forest, arena, out, err) && build_categories(forest, arena, out, err);
}

/* ---------------------------------------------------------------- asking */

/* How many cuts a value is not less than. There are 255 at most, and NaN behind them. */
static unsigned rank_of(const float *cut, float value)
{
    unsigned rank = 0;
    for (unsigned half = COLUMN_CUTS_ROOM / 2; half > 0; half /= 2)
        rank += cut[rank + half - 1] <= value ? half : 0;
    return rank;
}

struct column_test columns_test(const struct columns *columns, const struct node *node)
{
    size_t at = columns->first[node->feature], end = columns->first[node->feature + 1];
    while (at + 1 < end && columns->cut[(at + 1) * COLUMN_CUTS_ROOM] <= node->threshold)
        at++;
    unsigned above = rank_of(columns->cut + at * COLUMN_CUTS_ROOM, node->threshold);
    return (struct column_test){
        .column = node->missing_left ? columns->left[at] : (uint8_t)at,
        .rank =
            (uint8_t)(above - 1), /* the threshold is among the cuts, and not less than itself */
    };
}

size_t columns_category(const struct columns *columns, const struct node *node)
{
    return columns->category_of[node->feature];
}

/* ---------------------------------------------------------------- ranking */

static uint32_t code_of(float value, uint32_t end)
{
    if (isnan(value))
        return end + 1;
    return value >= 0.0F && value < (float)end ? (uint32_t)value : end;
}

void columns_codes(const struct columns *columns, const float *row, struct ranks *out)
{
    for (size_t i = 0; i < columns->category_count; i++)
        out->code[i] = code_of(row[columns->category_feature[i]], columns->code_end[i]);
}

void columns_rank(const struct columns *columns, const float *row, struct ranks *out)
{
    for (size_t i = 0; i < columns->primary_count; i++) {
        float value = row[columns->feature[i]];
        out->column[i] = isnan(value)
                             ? columns->missing[i]
                             : (uint8_t)rank_of(columns->cut + i * COLUMN_CUTS_ROOM, value);
    }
    for (size_t i = columns->primary_count; i < columns->count; i++) {
        size_t primary = columns->twin_of[i - columns->primary_count];
        bool missing = isnan(row[columns->feature[primary]]);
        out->column[i] = missing ? columns->missing[i] : out->column[primary];
    }
    columns_codes(columns, row, out);
}
