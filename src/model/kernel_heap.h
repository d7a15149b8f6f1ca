/*
 * kernel_heap: a tree's leaves for many rows, around the kernel's own
 *
 *     struct leaves                         rows' leaf numbers, in registers
 *     subtree_1(heap, ranks, place)         0 or 1, by the branch at that place
 *     choose(branch, ranks, left, right, bit)   left, or right + bit
 *
 * Rows do not walk down: from the lowest branches up, each branch keeps, for
 * the rows it sends left, the number of the leaf that its left side has chosen,
 * and for the others the right side's. At the root a row's number is its
 * leaf's. That is more questions than a walk asks, and none that waits for
 * another's answer.
 */
#ifndef MODEL_KERNEL_HEAP_H
#define MODEL_KERNEL_HEAP_H

/* The subtree below the branch at `place` of a heap, by how many levels it has: each level of the
 * leaf's number is one bit, so a right side's numbers are the left side's and one power of two. */
#define SUBTREE(levels, below)                                                                     \
    ALWAYS_INLINE struct leaves subtree_##levels(const struct heap_branch *heap,                   \
                                                 const uint8_t *ranks, int place)                  \
    {                                                                                              \
        struct leaves left = subtree_##below(heap, ranks, 2 * place);                              \
        struct leaves right = subtree_##below(heap, ranks, 2 * place + 1);                         \
        return choose(heap + place - 1, ranks, left, right, 1 << below);                           \
    }
SUBTREE(2, 1)
SUBTREE(3, 2)
SUBTREE(4, 3)
SUBTREE(5, 4)
SUBTREE(6, 5)
#undef SUBTREE

/* Seven and eight levels: two or four of six, and the branches above them. */
ALWAYS_INLINE struct leaves subtree_7_or_8(const struct heap_branch *heap, const uint8_t *ranks,
                                           int levels)
{
    int above = levels == 8 ? 3 : 1;
    struct leaves part[4];
    for (int i = 0; i <= above; i++)
        part[i] = subtree_6(heap + above + i * (WIDE_LANES - 1), ranks, 1);
    if (levels == 7)
        return choose(heap, ranks, part[0], part[1], 64);
    struct leaves left = choose(heap + 1, ranks, part[0], part[1], 64);
    struct leaves right = choose(heap + 2, ranks, part[2], part[3], 64);
    return choose(heap, ranks, left, right, 128);
}

static struct leaves leaves_of(const struct heap_branch *heap, const uint8_t *ranks,
                               uint32_t levels)
{
    switch (levels) {
    case 1:
        return subtree_1(heap, ranks, 1);
    case 2:
        return subtree_2(heap, ranks, 1);
    case 3:
        return subtree_3(heap, ranks, 1);
    case 4:
        return subtree_4(heap, ranks, 1);
    case 5:
        return subtree_5(heap, ranks, 1);
    case 6:
        return subtree_6(heap, ranks, 1);
    default:
        return subtree_7_or_8(heap, ranks, (int)levels);
    }
}

#endif
