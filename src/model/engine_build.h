/*
 * engine_build: the layouts of model/engine.h, made out of a forest.
 *
 * Each lays the trees out in a scratch arena and settles the result, on cache
 * lines, in the engine's.
 */
#ifndef MODEL_ENGINE_BUILD_H
#define MODEL_ENGINE_BUILD_H

#include "model/engine.h"

enum {
    ENGINE_SLOTS = 2 << HEAP_LEVELS_MAX,
    ENGINE_NOWHERE = UINT32_MAX, /* what is right of a branch that only goes left */
};

/* The nodes of the subtree below `top`, by their place in a heap: 1 at the top, and 2 p and 2 p + 1
 * below p. A leaf is handed down the left side, as if below branches that only go left. */
void engine_spread(const struct forest *forest, uint32_t top, size_t levels,
                   uint32_t slot[ENGINE_SLOTS]);

/* WIDE when every tree fits, else CHAIN; PLAIN when the blocks would take more than the ceiling. */
bool engine_build_blocks(struct engine *engine, struct arena *arena, struct err *err);

/* Leaves engine->heaps as it is when a tree is too deep, or splits by category. */
bool engine_build_heaps(struct engine *engine, struct arena *arena, struct err *err);

#endif
