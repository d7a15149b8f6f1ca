/* WIDE and CHAIN: blocks of branches for one row. */
#include "model/engine_build.h"
#include "model/lists.h"

enum {
    BLOCKS_MAX = 1024 * 1024,    /* some 200 MiB; a larger model is walked plainly */
    MASKS_MAX = 8 * 1024 * 1024, /* of categories; the same */
};

/* What grows while the trees are cut in blocks. */
struct yard {
    struct engine *engine;
    struct arena *scratch;
    size_t lanes, ways, levels;
    size_t blocks;
    bool too_big;
    struct pile wide;  /* struct wide_block */
    struct pile chain; /* struct chain_block */
    struct pile first; /* uint32_t, by tree */
    struct pile next;  /* uint32_t, by block and way */
    struct pile leaf;  /* float, by block and way */
    struct pile precise;
    struct pile category_first; /* uint32_t, by block */
    struct pile category;       /* struct block_category */
    struct pile mask;           /* uint64_t */
    struct pile queue;          /* struct due */
};

/* A block to come: what stands at its top, and how many blocks stand above it. */
struct due {
    uint32_t node, step;
};

/* The lane of the branch at a place of a heap, 1 at the top. */
static size_t lane_of(size_t place, size_t levels)
{
    if (levels == CHAIN_LEVELS || place < 8)
        return place < 8 ? place - 1 : place;
    size_t level = 31 - (size_t)__builtin_clz((unsigned)place); /* 3, 4, 5 */
    size_t way = (place >> (level - 3)) - 8;                    /* which of level 3 it is below */
    size_t inner = place - (((size_t)8 + way) << (level - 3)) + ((size_t)1 << (level - 3));
    return 7 + 7 * way + inner - 1;
}

/* ---------------------------------------------------------------- categories */

/* An eighth of the arena at most: a model that would not fit for its masks is walked plainly. */
static size_t masks_max(const struct yard *yard)
{
    size_t share = yard->scratch->limit / (8 * sizeof(uint64_t));
    return share < MASKS_MAX ? share : MASKS_MAX;
}

static bool add_mask(struct yard *yard, const struct node *node, size_t lane, size_t from,
                     struct err *err)
{
    const struct columns *columns = &yard->engine->columns;
    const struct forest *forest = &yard->engine->forest;
    size_t category = columns_category(columns, node);
    uint32_t end = columns->code_end[category];
    struct block_category *entry = yard->category.item;
    size_t at = from;
    while (at < yard->category.count && entry[at].category != category)
        at++;
    if (at == yard->category.count) {
        struct block_category *added =
            pile_add(&yard->category, sizeof *added, 1, yard->scratch, err);
        if (added == NULL)
            return false;
        *added = (struct block_category){(uint32_t)category, (uint32_t)yard->mask.count};
        if (yard->mask.count + end + 2 > masks_max(yard)) {
            yard->too_big = true;
            return true;
        }
        if (pile_add(&yard->mask, sizeof(uint64_t), end + 2, yard->scratch, err) == NULL)
            return false;
    }
    uint64_t *mask = (uint64_t *)yard->mask.item +
                     ((const struct block_category *)yard->category.item)[at].first;
    const struct category_set *set = &forest->set[node->set];
    for (uint32_t word = 0; word < set->words; word++)
        for (uint32_t left = forest->bits[set->first + word]; left != 0; left &= left - 1)
            mask[word * 32 + (uint32_t)__builtin_ctz(left)] |= UINT64_C(1) << lane;
    if (!node->missing_left)
        mask[end + 1] |= UINT64_C(1) << lane;
    return true;
}

/* ---------------------------------------------------------------- blocks */

static bool fill_lanes(struct yard *yard, const uint32_t slot[ENGINE_SLOTS], uint8_t *column,
                       uint8_t *rank, struct err *err)
{
    const struct forest *forest = &yard->engine->forest;
    memset(column, 0, yard->lanes);
    memset(rank, COLUMN_NEVER, yard->lanes);
    uint32_t *first = pile_add(&yard->category_first, sizeof *first, 1, yard->scratch, err);
    if (first == NULL)
        return false;
    size_t from = yard->category.count;
    *first = (uint32_t)from;
    for (size_t place = 1; place < (size_t)1 << yard->levels; place++) {
        if (slot[place] == ENGINE_NOWHERE || node_is_leaf(&forest->node[slot[place]]))
            continue;
        const struct node *node = &forest->node[slot[place]];
        size_t lane = lane_of(place, yard->levels);
        if (node->categorical) {
            if (!add_mask(yard, node, lane, from, err) || yard->too_big)
                return false;
            continue;
        }
        struct column_test test = columns_test(&yard->engine->columns, node);
        column[lane] = test.column;
        rank[lane] = test.rank;
    }
    return true;
}

static void set_leaf(struct yard *yard, size_t at, uint32_t node)
{
    const struct forest *forest = &yard->engine->forest;
    ((float *)yard->leaf.item)[at] = forest->node[node].weight;
    if (forest->weight != NULL)
        ((double *)yard->precise.item)[at] = forest->weight[node];
}

static bool add_ways(struct yard *yard, struct err *err)
{
    bool precise = yard->engine->forest.weight != NULL;
    return pile_add(&yard->leaf, sizeof(float), yard->ways, yard->scratch, err) != NULL &&
           (!precise ||
            pile_add(&yard->precise, sizeof(double), yard->ways, yard->scratch, err) != NULL);
}

static bool add_wide(struct yard *yard, size_t tree, struct err *err)
{
    const struct forest *forest = &yard->engine->forest;
    uint32_t slot[ENGINE_SLOTS];
    engine_spread(forest, forest->root[tree], WIDE_LEVELS, slot);
    struct wide_block *block = pile_add(&yard->wide, sizeof *block, 1, yard->scratch, err);
    if (block == NULL || !add_ways(yard, err) ||
        !fill_lanes(yard, slot, block->column, block->rank, err))
        return false;
    for (size_t way = 0; way < WIDE_LEAVES; way++)
        if (slot[WIDE_LEAVES + way] != ENGINE_NOWHERE)
            set_leaf(yard, tree * WIDE_LEAVES + way, slot[WIDE_LEAVES + way]);
    return true;
}

static bool expect(struct yard *yard, struct due due, uint32_t *out, struct err *err)
{
    struct due *place = pile_add(&yard->queue, sizeof *place, 1, yard->scratch, err);
    if (place == NULL)
        return false;
    *place = due;
    *out = (uint32_t)(yard->blocks + yard->queue.count - 1);
    return true;
}

static bool add_chain_block(struct yard *yard, struct due due, size_t block, struct err *err)
{
    const struct forest *forest = &yard->engine->forest;
    size_t steps = yard->engine->steps;
    uint32_t slot[ENGINE_SLOTS];
    engine_spread(forest, due.node, CHAIN_LEVELS, slot);
    struct chain_block *lanes = pile_add(&yard->chain, sizeof *lanes, 1, yard->scratch, err);
    if (lanes == NULL || !add_ways(yard, err) ||
        !fill_lanes(yard, slot, lanes->column, lanes->rank, err) ||
        pile_add(&yard->next, sizeof(uint32_t), CHAIN_LANES, yard->scratch, err) == NULL)
        return false;
    for (size_t way = 0; way < CHAIN_LANES; way++) {
        uint32_t node = slot[CHAIN_LANES + way], next = CHAIN_LEAF;
        if (node == ENGINE_NOWHERE)
            continue;
        bool leaf = node_is_leaf(&forest->node[node]);
        bool last = steps > 0 ? due.step + 1 == steps : leaf;
        if (last)
            set_leaf(yard, block * CHAIN_LANES + way, node);
        else if (!expect(yard, (struct due){node, due.step + 1}, &next, err))
            return false;
        ((uint32_t *)yard->next.item)[block * CHAIN_LANES + way] = next;
    }
    return true;
}

/* Breadth first; each node heads a block at most once a step, so this ends. */
static bool add_chain(struct yard *yard, size_t tree, struct err *err)
{
    uint32_t *first = pile_add(&yard->first, sizeof *first, 1, yard->scratch, err);
    if (first == NULL)
        return false;
    yard->queue.count = 0;
    if (!expect(yard, (struct due){yard->engine->forest.root[tree], 0}, first, err))
        return false;
    size_t done = 0;
    for (; done < yard->queue.count; done++) {
        struct due due = ((const struct due *)yard->queue.item)[done];
        if (yard->blocks + done >= BLOCKS_MAX) {
            yard->too_big = true;
            return false;
        }
        if (!add_chain_block(yard, due, yard->blocks + done, err))
            return false;
    }
    yard->blocks += done;
    return true;
}

/* ---------------------------------------------------------------- settling */

static bool settle(const struct yard *yard, struct arena *arena, struct err *err)
{
    struct engine *engine = yard->engine;
    const struct pile *pile[] = {&yard->wide,           &yard->chain,    &yard->first,
                                 &yard->next,           &yard->leaf,     &yard->precise,
                                 &yard->category_first, &yard->category, &yard->mask};
    static const size_t size[] = {sizeof(struct wide_block),
                                  sizeof(struct chain_block),
                                  sizeof(uint32_t),
                                  sizeof(uint32_t),
                                  sizeof(float),
                                  sizeof(double),
                                  sizeof(uint32_t),
                                  sizeof(struct block_category),
                                  sizeof(uint64_t)};
    const void *settled[LENGTH_OF(pile)];
    for (size_t i = 0; i < LENGTH_OF(pile); i++) {
        settled[i] = pile_settle(pile[i], size[i], arena);
        if (settled[i] == NULL)
            return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
    }
    engine->wide = settled[0];
    engine->chain = settled[1];
    engine->chain_first = settled[2];
    engine->next = settled[3];
    engine->leaf = settled[4];
    engine->precise_leaf = engine->forest.weight != NULL ? settled[5] : NULL;
    engine->category_first = yard->category.count > 0 ? settled[6] : NULL;
    engine->block_category = settled[7];
    engine->category_mask = settled[8];
    return true;
}

/* Seven lanes of a tree's own block to its seven of eight trees'. */
static void move_seven(const struct wide_block *from, size_t lane, struct wide_block *to,
                       size_t tree)
{
    for (size_t i = 0; i < 7; i++) {
        to->column[tree * 8 + i] = from->column[lane + i];
        to->rank[tree * 8 + i] = from->rank[lane + i];
    }
}

static bool group_trees(struct engine *engine, struct arena *arena, struct err *err)
{
    size_t trees = engine->forest.tree_count, count = trees / WIDE_TREES + 1;
    struct wide_eight *eight = arena_lines(arena, sizeof *eight, count); /* one for no trees, too */
    if (eight == NULL)
        return err_set(err, ERR_LIMIT, "the model does not fit the memory limit");
    for (size_t i = 0; i < count; i++)
        for (size_t block = 0; block <= WIDE_WAYS; block++)
            memset((&eight[i].upper + block)->rank, COLUMN_NEVER, WIDE_LANES);
    for (size_t tree = 0; tree < trees; tree++) {
        struct wide_eight *to = &eight[tree / WIDE_TREES];
        move_seven(&engine->wide[tree], 0, &to->upper, tree % WIDE_TREES);
        for (size_t way = 0; way < WIDE_WAYS; way++)
            move_seven(&engine->wide[tree], 7 + 7 * way, &to->lower[way], tree % WIDE_TREES);
    }
    engine->eight = eight;
    return true;
}

bool engine_build_blocks(struct engine *engine, struct arena *arena, struct err *err)
{
    const struct forest *forest = &engine->forest;
    CLEANUP(arena_release) struct arena scratch = {.limit = arena->limit};
    bool wide = forest->depth_max <= WIDE_LEVELS;
    struct yard yard = {
        .engine = engine,
        .scratch = &scratch,
        .lanes = wide ? WIDE_LANES : CHAIN_LANES,
        .ways = wide ? WIDE_LEAVES : CHAIN_LANES,
        .levels = wide ? WIDE_LEVELS : CHAIN_LEVELS,
    };
    size_t steps = (forest->depth_max + CHAIN_LEVELS - 1) / CHAIN_LEVELS;
    engine->steps = steps <= CHAIN_STEPS_MAX ? steps : 0;
    for (size_t tree = 0; tree < forest->tree_count; tree++)
        if (!(wide ? add_wide(&yard, tree, err) : add_chain(&yard, tree, err))) {
            engine->shape = ENGINE_PLAIN;
            return yard.too_big;
        }
    uint32_t *end = pile_add(&yard.category_first, sizeof *end, 1, &scratch, err);
    if (end == NULL)
        return false;
    *end = (uint32_t)yard.category.count;
    engine->shape = wide ? ENGINE_WIDE : ENGINE_CHAIN;
    if (!settle(&yard, arena, err))
        return false;
    if (!wide || engine->category_first != NULL || engine->precise_leaf != NULL)
        return true;
    return group_trees(engine, arena, err);
}
