/*
 * pattern: a regular expression that a whole text is held against, in time that grows with the text
 * and with nothing else.
 *
 *     struct pattern pattern;
 *     if (!pattern_parse(&pattern, VIEW("[A-Z]{2}[0-9]+"), arena, err)) ...
 *     pattern_matches(&pattern, VIEW("DE42"))                  true; never allocates
 *
 * POSIX extended syntax (IEEE Std 1003.1, 9.4) without back-references and collating elements: | (
 * )
 * * + ? {m,n} . [a-z] [^a-z] [[:digit:]], and \d \w \s \D \W \S. The whole text must match, so ^
 * and $ stand at the ends or nowhere. The pattern is ASCII; a character beyond ASCII is what . and
 * [^...] match, as one.
 *
 * It is made into a table of states once (Thompson 1968; Rabin and Scott 1959). A pattern that
 * needs more than PATTERN_STATES_MAX of them is refused.
 */
#ifndef DATA_PATTERN_H
#define DATA_PATTERN_H

#include "base/err.h"
#include "base/view.h"

enum {
    PATTERN_LENGTH_MAX = 256,
    PATTERN_REPEAT_MAX = 255,
    PATTERN_NODES_MAX = 1024,
    PATTERN_STATES_MAX = 512,
    PATTERN_DEPTH_MAX = 32,
    PATTERN_SYMBOLS = 129, /* the ASCII characters, and whatever is beyond */
};

struct pattern {
    uint8_t group[PATTERN_SYMBOLS]; /* of symbols that no state tells apart */
    size_t groups, states;
    uint16_t *next; /* by state and group; state 0 never ends well, 1 is the start */
    bool *ends;     /* by state: the text may end here */
};

bool pattern_parse(struct pattern *pattern, struct view text, struct arena *arena, struct err *err);
bool pattern_matches(const struct pattern *pattern, struct view text);

#endif
