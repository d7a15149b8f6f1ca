/*
 * same_forest: two forests are the same, bit for bit, but for where they stand in memory and who
 * wrote them.
 */
#ifndef TESTS_MODEL_SAME_FOREST_H
#define TESTS_MODEL_SAME_FOREST_H

#include "harness.h"

#include "model/forest.h"

static inline void same_bytes(const char *what, const void *a, const void *b, size_t size)
{
    FAIL_UNLESS((a == NULL) == (b == NULL), "one forest has no %s", what);
    FAIL_UNLESS(a == NULL || memcmp(a, b, size) == 0, "the forests differ in %s", what);
}

static inline void same_texts(const char *what, const struct view *a, const struct view *b,
                              size_t count)
{
    FAIL_UNLESS((a == NULL) == (b == NULL), "one forest has no %s", what);
    for (size_t i = 0; a != NULL && i < count; i++)
        FAIL_UNLESS(view_same(a[i], b[i]), "%s %zu is '" VIEW_FMT "' and '" VIEW_FMT "'", what, i,
                    VIEW_ARG(a[i]), VIEW_ARG(b[i]));
}

static inline void same_forest(const struct forest *a, const struct forest *b)
{
    SAME(a->node_count, b->node_count);
    SAME(a->tree_count, b->tree_count);
    SAME(a->feature_count, b->feature_count);
    SAME(a->set_count, b->set_count);
    SAME(a->bits_count, b->bits_count);
    SAME(a->depth_max, b->depth_max);
    same_bytes("nodes", a->node, b->node, a->node_count * sizeof *a->node);
    same_bytes("double weights", a->weight, b->weight, a->node_count * sizeof *a->weight);
    same_bytes("covers", a->cover, b->cover, a->node_count * sizeof *a->cover);
    same_bytes("gains", a->gain, b->gain, a->node_count * sizeof *a->gain);
    same_bytes("roots", a->root, b->root, a->tree_count * sizeof *a->root);
    same_bytes("sets", a->set, b->set, a->set_count * sizeof *a->set);
    same_bytes("bits", a->bits, b->bits, a->bits_count * sizeof *a->bits);
    TRUE(a->objective == b->objective);
    same_bytes("base scores", &a->base_score, &b->base_score, sizeof a->base_score);
    same_bytes("base margins", &a->base_margin, &b->base_margin, sizeof a->base_margin);
    same_texts("feature name", a->feature_name, b->feature_name, a->feature_count);
    same_texts("feature type", a->feature_type, b->feature_type, a->feature_count);
    TRUE((a->category == NULL) == (b->category == NULL));
    for (size_t i = 0; a->category != NULL && i < a->feature_count; i++) {
        SAME(a->category[i].count, b->category[i].count);
        same_texts("category", a->category[i].name, b->category[i].name, a->category[i].count);
    }
}

#endif
