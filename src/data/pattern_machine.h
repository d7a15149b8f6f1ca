/*
 * pattern_machine: the machine that a pattern says, before it is made into a table.
 *
 * Its nodes take a symbol and go on, or fork without reading; in many of them at once, it takes a
 * text when its end is among them. Only data/pattern.c wants it.
 */
#ifndef DATA_PATTERN_MACHINE_H
#define DATA_PATTERN_MACHINE_H

#include "data/pattern.h"

enum { PATTERN_OTHER = PATTERN_SYMBOLS - 1 };

struct pattern_symbols {
    bool has[PATTERN_SYMBOLS];
};

enum pattern_node_kind { NODE_SYMBOLS, NODE_FORK, NODE_END };

/* A node of the machine that may be in many states at once. A fork is passed without reading. */
struct pattern_node {
    enum pattern_node_kind kind;
    struct pattern_symbols symbols;
    uint16_t to, other; /* `other` is a fork's second way */
};

struct pattern_machine {
    struct pattern_node node[PATTERN_NODES_MAX];
    size_t count;
    uint16_t first, end;
};

/* ERR_INPUT names the character. */
bool pattern_machine_make(struct pattern_machine *machine, struct view text, struct err *err);

#endif
