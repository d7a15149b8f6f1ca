#include "data/pattern_machine.h"

enum { WORDS = PATTERN_NODES_MAX / 64, SCRATCH_MAX = 4 << 20 };

struct state_set {
    uint64_t word[WORDS];
};

struct maker {
    const struct pattern_machine *machine;
    struct state_set *set; /* by state of the table: the nodes it stands for */
    uint16_t *stack;
};

static bool has_node(const struct state_set *set, size_t node)
{
    return (set->word[node / 64] >> node % 64 & 1) != 0;
}

/* Adds a node, and all that are reached from it without reading. */
static void add_reached(const struct maker *maker, struct state_set *set, uint16_t node)
{
    size_t count = 0;
    maker->stack[count++] = node;
    while (count > 0) {
        uint16_t at = maker->stack[--count];
        if (has_node(set, at))
            continue;
        set->word[at / 64] |= (uint64_t)1 << at % 64;
        if (maker->machine->node[at].kind != NODE_FORK)
            continue;
        maker->stack[count++] = maker->machine->node[at].to;
        maker->stack[count++] = maker->machine->node[at].other;
    }
}

/* Symbols that every node takes or refuses alike get one group. */
static void group_symbols(struct pattern *pattern, const struct pattern_machine *machine)
{
    uint8_t pair[PATTERN_SYMBOLS][2];
    pattern->groups = 1;
    for (size_t n = 0; n < machine->count; n++) {
        if (machine->node[n].kind != NODE_SYMBOLS)
            continue;
        memset(pair, UINT8_MAX, sizeof pair);
        size_t groups = 0;
        for (size_t s = 0; s < PATTERN_SYMBOLS; s++) {
            uint8_t *group = &pair[pattern->group[s]][machine->node[n].symbols.has[s]];
            if (*group == UINT8_MAX)
                *group = (uint8_t)groups++;
            pattern->group[s] = *group;
        }
        pattern->groups = groups;
    }
}

static bool find_state(const struct maker *maker, struct pattern *pattern,
                       const struct state_set *set, uint16_t *out)
{
    for (size_t i = 0; i < pattern->states; i++) {
        if (memcmp(&maker->set[i], set, sizeof *set) == 0) {
            *out = (uint16_t)i;
            return true;
        }
    }
    if (pattern->states == PATTERN_STATES_MAX)
        return false;
    maker->set[pattern->states] = *set;
    *out = (uint16_t)pattern->states++;
    return true;
}

static bool make_state(const struct maker *maker, struct pattern *pattern, size_t state)
{
    size_t symbol_of[PATTERN_SYMBOLS];
    for (size_t s = 0; s < PATTERN_SYMBOLS; s++)
        symbol_of[pattern->group[s]] = s;
    for (size_t group = 0; group < pattern->groups; group++) {
        struct state_set next = {0};
        for (uint16_t n = 0; n < maker->machine->count; n++) {
            const struct pattern_node *node = &maker->machine->node[n];
            if (has_node(&maker->set[state], n) && node->kind == NODE_SYMBOLS &&
                node->symbols.has[symbol_of[group]])
                add_reached(maker, &next, node->to);
        }
        if (!find_state(maker, pattern, &next, &pattern->next[state * pattern->groups + group]))
            return false;
    }
    return true;
}

static bool make_states(const struct maker *maker, struct pattern *pattern, struct view text,
                        struct err *err)
{
    struct state_set start = {0};
    uint16_t state;
    add_reached(maker, &start, maker->machine->first);
    pattern->states = 1; /* no node: nothing more can come */
    find_state(maker, pattern, &start, &state);
    for (size_t i = 0; i < pattern->states; i++)
        if (!make_state(maker, pattern, i))
            return err_set(err, ERR_LIMIT,
                           "the pattern '" VIEW_FMT "' needs more than %d states: say it more "
                           "simply",
                           VIEW_ARG(text), (int)PATTERN_STATES_MAX);
    for (size_t i = 0; i < pattern->states; i++)
        pattern->ends[i] = has_node(&maker->set[i], maker->machine->end);
    return true;
}

bool pattern_parse(struct pattern *pattern, struct view text, struct arena *arena, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = SCRATCH_MAX};
    struct pattern_machine *machine = arena_new(&scratch, struct pattern_machine, 1);
    struct maker maker = {.machine = machine};
    maker.set = arena_new(&scratch, struct state_set, PATTERN_STATES_MAX);
    maker.stack = arena_new(&scratch, uint16_t, 2 * PATTERN_NODES_MAX + 1);
    assert(machine != NULL && maker.set != NULL && maker.stack != NULL);
    if (!pattern_machine_make(machine, text, err))
        return false;
    struct pattern made = {0};
    group_symbols(&made, machine);
    made.next = arena_new(&scratch, uint16_t, PATTERN_STATES_MAX * made.groups);
    made.ends = arena_new(&scratch, bool, PATTERN_STATES_MAX);
    assert(made.next != NULL && made.ends != NULL);
    if (!make_states(&maker, &made, text, err))
        return false;
    uint16_t *next = arena_new(arena, uint16_t, made.states * made.groups);
    bool *ends = arena_new(arena, bool, made.states);
    if (next == NULL || ends == NULL)
        return err_set(err, ERR_LIMIT, "the pattern does not fit the memory limit");
    memcpy(next, made.next, made.states * made.groups * sizeof *next);
    memcpy(ends, made.ends, made.states * sizeof *ends);
    made.next = next;
    made.ends = ends;
    *pattern = made;
    return true;
}

bool pattern_matches(const struct pattern *pattern, struct view text)
{
    size_t state = 1;
    for (size_t i = 0; i < text.length && state != 0; i++) {
        unsigned char c = (unsigned char)text.text[i];
        if ((c & 0xc0) == 0x80)
            continue; /* the character was read with its first byte */
        state = pattern->next[state * pattern->groups +
                              pattern->group[c < PATTERN_OTHER ? c : PATTERN_OTHER]];
    }
    return pattern->ends[state];
}
