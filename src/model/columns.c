#include "model/columns.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- collecting */

/* One branch's threshold, to be sorted by feature and then by value. */
struct cut {
    uint32_t feature;
    float threshold;
    bool missing_left;
};

static int by_feature_and_threshold(const void *a, const void *b)
{
    const struct cut *left = a, *right = b;
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

static size_t collect(const struct forest *forest, struct cut *cut)
{
    size_t count = 0;
    for (size_t i = 0; i < forest->node_count; i++) {
        const struct node *node = &forest->node[i];
        if (!node_is_leaf(node) && !node->categorical)
            cut[count++] = (struct cut){node->feature, node->threshold, node->missing_left};
    }
    qsort(cut, count, sizeof *cut, by_feature_and_threshold);
    return count;
}

static size_t unite(const struct cut *cut, size_t count, struct threshold *out)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && cut[i].feature == cut[i - 1].feature &&
                    cut[i].threshold == cut[i - 1].threshold;
        if (!same)
            out[end++] = (struct threshold){.feature = cut[i].feature, .value = cut[i].threshold};
        out[end - 1].side[cut[i].missing_left] = true;
    }
    return end;
}

/* ---------------------------------------------------------------- buckets */

/* The same arithmetic wherever a rank is found, vector or not: subtract, multiply, clamp. All of it
 * is monotone in the value, so a threshold in a bucket before the value's is less than the value.
 */
static unsigned bucket_of(float value, float least, float scale, float last)
{
    float bucket = (value - least) * scale;
    bucket = bucket > 0.0F ? bucket : 0.0F; /* NaN too */
    return (unsigned)(bucket < last ? bucket : last);
}

/* A primary column while it is made. */
struct draft {
    uint32_t feature;
    const struct threshold *threshold;
    size_t count;
    float least, scale, last;
    enum column_way way;
    size_t place; /* its chunk's entry in `place` */
    bool side[2];
};

static size_t fullest_bucket(const struct draft *draft)
{
    size_t most = 0, run = 0;
    unsigned before = 0;
    for (size_t i = 0; i < draft->count; i++) {
        unsigned at = bucket_of(draft->threshold[i].value, draft->least, draft->scale, draft->last);
        run = i > 0 && at == before ? run + 1 : 1;
        most = run > most ? run : most;
        before = at;
    }
    return most;
}

static void space_buckets(struct draft *draft, size_t buckets)
{
    float least = 0, greatest = 0;
    bool any = false;
    for (size_t i = 0; i < draft->count; i++) {
        float value = draft->threshold[i].value;
        if (isinf(value))
            continue;
        least = any ? least : value;
        greatest = value;
        any = true;
    }
    draft->least = least;
    draft->last = (float)(buckets - 1);
    double width = (double)greatest - (double)least;
    double scale = width > 0 ? (double)draft->last / width : 1;
    draft->scale = scale > (double)FLT_MAX ? FLT_MAX : (float)scale;
    if (draft->scale < FLT_MIN) /* nothing finite is that wide; a denormal would lose its digits */
        draft->scale = FLT_MIN;
}

/* The fewest buckets that leave one threshold to compare, or two; memory is time. */
static void choose_way(struct draft *draft)
{
    for (draft->way = COLUMN_ONE_STEP; draft->way < COLUMN_HALVES; draft->way++)
        for (size_t buckets = 256; buckets <= COLUMN_BUCKETS_MAX; buckets *= 2) {
            space_buckets(draft, buckets);
            if (fullest_bucket(draft) <= (size_t)draft->way + 1)
                return;
        }
}

/* ---------------------------------------------------------------- building */

static int by_way(const void *a, const void *b)
{
    const struct draft *left = a, *right = b;
    if (left->way != right->way)
        return left->way < right->way ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* The thresholds cut in columns; with their number, twins not counted. */
static size_t cut_columns(const struct threshold *threshold, size_t count, size_t room,
                          struct draft *draft)
{
    size_t columns = 0, first = 0;
    while (first < count) {
        size_t end = first;
        bool side[2] = {false, false};
        while (end < count && end - first < COLUMN_CUTS_MAX &&
               threshold[end].feature == threshold[first].feature) {
            side[0] |= threshold[end].side[0];
            side[1] |= threshold[end].side[1];
            end++;
        }
        if (columns < room)
            draft[columns] = (struct draft){
                .feature = threshold[first].feature,
                .threshold = &threshold[first],
                .count = end - first,
                .place = columns,
                .side = {side[0], side[1]},
            };
        columns++;
        first = end;
    }
    return columns;
}

struct building {
    uint32_t *feature;
    float *cut, *least, *scale, *last;
    uint16_t *cut_count;
    uint8_t *bucket, *missing, *twin_of;
    struct column_place *place;
    uint32_t *place_first;
};

static bool make_room(struct building *b, size_t primaries, size_t twins, size_t features,
                      struct arena *arena)
{
    *b = (struct building){
        .feature = arena_new(arena, uint32_t, primaries),
        .cut = arena_new(arena, float, primaries *COLUMN_CUTS_ROOM),
        .least = arena_new(arena, float, primaries),
        .scale = arena_new(arena, float, primaries),
        .last = arena_new(arena, float, primaries),
        .cut_count = arena_new(arena, uint16_t, primaries),
        .bucket = arena_new(arena, uint8_t, primaries * COLUMN_BUCKETS_MAX),
        .missing = arena_new(arena, uint8_t, primaries + twins),
        .twin_of = arena_new(arena, uint8_t, twins),
        .place = arena_new(arena, struct column_place, primaries),
        .place_first = arena_new(arena, uint32_t, features + 1),
    };
    return b->feature != NULL && b->cut != NULL && b->least != NULL && b->scale != NULL &&
           b->last != NULL && b->cut_count != NULL && b->bucket != NULL && b->missing != NULL &&
           b->twin_of != NULL && b->place != NULL && b->place_first != NULL;
}

static void fill_column(const struct draft *draft, size_t at, struct building *b)
{
    float *cut = b->cut + at * COLUMN_CUTS_ROOM;
    uint8_t *bucket = b->bucket + at * COLUMN_BUCKETS_MAX;
    for (size_t i = 0; i < COLUMN_CUTS_ROOM; i++)
        cut[i] = i < draft->count ? draft->threshold[i].value : NAN;
    size_t before = 0;
    for (size_t i = 0; i <= (size_t)draft->last; i++) {
        while (before < draft->count &&
               bucket_of(cut[before], draft->least, draft->scale, draft->last) < i)
            before++;
        bucket[i] = (uint8_t)before;
    }
    b->feature[at] = draft->feature;
    b->cut_count[at] = (uint16_t)draft->count;
    b->least[at] = draft->least;
    b->scale[at] = draft->scale;
    b->last[at] = draft->last;
}

static void fill(const struct draft *draft, size_t primaries, size_t features, struct building *b,
                 struct columns *out)
{
    size_t twins = 0;
    for (size_t i = 0; i < primaries; i++) {
        fill_column(&draft[i], i, b);
        for (size_t way = draft[i].way; way < COLUMN_WAYS; way++)
            out->way_end[way] = i + 1;
        size_t twin = primaries + twins;
        bool both = draft[i].side[0] && draft[i].side[1];
        b->missing[i] = draft[i].side[0] ? COLUMN_RIGHT : 0;
        if (both) {
            b->missing[twin] = 0;
            b->twin_of[twins++] = (uint8_t)i;
        }
        b->place[draft[i].place] = (struct column_place){
            .least = draft[i].threshold[0].value,
            .side = {(uint16_t)i, (uint16_t)(both ? twin : i)},
        };
        b->place_first[draft[i].feature + 1]++;
    }
    for (size_t f = 0; f < features; f++)
        b->place_first[f + 1] += b->place_first[f];
    out->primary_count = primaries;
    out->count = primaries + twins;
}

static bool build_numbers(const struct forest *forest, struct arena *arena, struct columns *out,
                          struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    struct cut *cut = arena_new(&scratch, struct cut, forest->node_count);
    struct threshold *threshold = arena_new(&scratch, struct threshold, forest->node_count);
    struct draft *draft = arena_new(&scratch, struct draft, COLUMNS_MAX);
    if (cut == NULL || threshold == NULL || draft == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
    size_t count = unite(cut, collect(forest, cut), threshold);
    size_t primaries = cut_columns(threshold, count, COLUMNS_MAX, draft);
    if (primaries > COLUMNS_MAX)
        return true;
    size_t twins = 0;
    for (size_t i = 0; i < primaries; i++) {
        choose_way(&draft[i]);
        twins += draft[i].side[0] && draft[i].side[1];
    }
    if (primaries + twins > COLUMNS_MAX)
        return true;
    qsort(draft, primaries, sizeof *draft, by_way);
    struct building building;
    if (!make_room(&building, primaries, twins, forest->feature_count, arena))
        return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
    fill(draft, primaries, forest->feature_count, &building, out);
    out->fit = true;
    out->feature = building.feature;
    out->cut = building.cut;
    out->cut_count = building.cut_count;
    out->least = building.least;
    out->scale = building.scale;
    out->last = building.last;
    out->bucket = building.bucket;
    out->missing = building.missing;
    out->twin_of = building.twin_of;
    out->place = building.place;
    out->place_first = building.place_first;
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
        return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
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

struct column_test columns_test(const struct columns *columns, const struct node *node)
{
    const struct column_place *place = columns->place + columns->place_first[node->feature];
    const struct column_place *end = columns->place + columns->place_first[node->feature + 1];
    while (place + 1 < end && place[1].least <= node->threshold)
        place++;
    size_t column = place->side[node->missing_left];
    size_t primary = column < columns->primary_count
                         ? column
                         : columns->twin_of[column - columns->primary_count];
    const float *cut = columns->cut + primary * COLUMN_CUTS_ROOM;
    size_t low = 0, high = columns->cut_count[primary];
    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        if (cut[middle] <= node->threshold)
            low = middle;
        else
            high = middle;
    }
    return (struct column_test){.column = (uint8_t)column, .rank = (uint8_t)low};
}

size_t columns_category(const struct columns *columns, const struct node *node)
{
    return columns->category_of[node->feature];
}

/* ---------------------------------------------------------------- ranking */

static void rank_by_steps(const struct columns *columns, const float *row, size_t from, size_t end,
                          int steps, uint8_t *out)
{
    for (size_t c = from; c < end; c++) {
        float value = row[columns->feature[c]];
        const float *cut = columns->cut + c * COLUMN_CUTS_ROOM;
        unsigned bucket = bucket_of(value, columns->least[c], columns->scale[c], columns->last[c]);
        unsigned rank = columns->bucket[c * COLUMN_BUCKETS_MAX + bucket];
        for (int step = 0; step < steps; step++)
            rank += cut[rank] <= value;
        out[c] = isnan(value) ? columns->missing[c] : (uint8_t)rank;
    }
}

static void rank_by_halves(const struct columns *columns, const float *row, size_t from, size_t end,
                           uint8_t *out)
{
    for (size_t c = from; c < end; c++) {
        float value = row[columns->feature[c]];
        const float *cut = columns->cut + c * COLUMN_CUTS_ROOM;
        unsigned rank = 0;
        for (unsigned half = COLUMN_CUTS_ROOM / 2; half > 0; half /= 2)
            rank += cut[rank + half - 1] <= value ? half : 0;
        out[c] = isnan(value) ? columns->missing[c] : (uint8_t)rank;
    }
}

static uint32_t code_of(float value, uint32_t end)
{
    if (isnan(value))
        return end + 1;
    return value >= 0.0F && value < (float)end ? (uint32_t)value : end;
}

void columns_rank(const struct columns *columns, const float *row, struct ranks *out)
{
    const size_t *end = columns->way_end;
    rank_by_steps(columns, row, 0, end[COLUMN_ONE_STEP], 1, out->column);
    rank_by_steps(columns, row, end[COLUMN_ONE_STEP], end[COLUMN_TWO_STEPS], 2, out->column);
    rank_by_halves(columns, row, end[COLUMN_TWO_STEPS], end[COLUMN_HALVES], out->column);
    for (size_t i = columns->primary_count; i < columns->count; i++) {
        size_t primary = columns->twin_of[i - columns->primary_count];
        bool missing = isnan(row[columns->feature[primary]]);
        out->column[i] = missing ? columns->missing[i] : out->column[primary];
    }
    for (size_t i = 0; i < columns->category_count; i++)
        out->code[i] = code_of(row[columns->category_feature[i]], columns->code_end[i]);
}
