/*
 * A pattern, a line end and a text: an error that says where, or a table in which every way leads
 * to a state, whatever text is held against it.
 */
#include "data/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct view rest = {(const char *)data, size}, text;
    struct pattern pattern;
    struct err err = {0};
    if (!view_cut(&rest, '\n', &text))
        return 0;
    if (!pattern_parse(&pattern, text, &arena, &err)) {
        assert(err.kind == ERR_INPUT || err.kind == ERR_LIMIT);
        assert(err.text[0] != '\0');
        return 0;
    }
    assert(pattern.states >= 2 && pattern.states <= PATTERN_STATES_MAX);
    assert(pattern.groups >= 1 && pattern.groups <= PATTERN_SYMBOLS && !pattern.ends[0]);
    for (size_t i = 0; i < pattern.states * pattern.groups; i++)
        assert(pattern.next[i] < pattern.states);
    (void)pattern_matches(&pattern, rest);
    return 0;
}
