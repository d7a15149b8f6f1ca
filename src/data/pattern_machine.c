#include "data/pattern_machine.h"

/* A piece of the machine: where it begins, and the fork that it ends in, which leads nowhere yet.
 */
struct piece {
    uint16_t first, last;
};

struct parser {
    struct view text;
    size_t at;
    unsigned depth;
    struct pattern_machine *machine;
    struct pattern_node *node; /* the machine's */
};

static bool wrong(const struct parser *parser, struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "the pattern '" VIEW_FMT "', character %zu: %s",
                   VIEW_ARG(parser->text), parser->at + 1, what);
}

static bool at_end(const struct parser *parser)
{
    return parser->at >= parser->text.length;
}

static char peek(const struct parser *parser)
{
    return at_end(parser) ? '\0' : parser->text.text[parser->at];
}

static bool take_char(struct parser *parser, char c)
{
    if (at_end(parser) || peek(parser) != c)
        return false;
    parser->at++;
    return true;
}

static bool add_node(struct parser *parser, enum pattern_node_kind kind, uint16_t *out,
                     struct err *err)
{
    if (parser->machine->count == PATTERN_NODES_MAX)
        return wrong(parser, err, "the pattern is too long when its repetitions are written out");
    parser->node[parser->machine->count] = (struct pattern_node){.kind = kind};
    *out = (uint16_t)parser->machine->count++;
    return true;
}

/* ---------------------------------------------------------------- sets of symbols */

static bool is_between(char c, char low, char high)
{
    return c >= low && c <= high;
}

static bool in_class(const char *name, char c)
{
    bool digit = is_between(c, '0', '9'), upper = is_between(c, 'A', 'Z');
    bool lower = is_between(c, 'a', 'z'), space = c == ' ' || is_between(c, '\t', '\r');
    bool shown = is_between(c, '!', '~');
    switch (name[0]) {
    case 'd':
        return digit;
    case 'w':
        return digit || upper || lower || c == '_';
    case 's':
        return space;
    case 'a': /* alpha, alnum */
        return upper || lower || (name[2] == 'n' && digit);
    case 'u':
        return upper;
    case 'l':
        return lower;
    case 'x':
        return digit || is_between(c, 'a', 'f') || is_between(c, 'A', 'F');
    case 'b':
        return c == ' ' || c == '\t';
    default: /* punct */
        return shown && !digit && !upper && !lower;
    }
}

/* `name` is the class's first letters, as in_class knows it. */
static void add_class(struct pattern_symbols *symbols, const char *name, bool inverted)
{
    for (size_t i = 0; i < PATTERN_OTHER; i++)
        symbols->has[i] |= in_class(name, (char)i) != inverted;
    symbols->has[PATTERN_OTHER] |= inverted;
}

/* What stands behind a backslash. `out` is the character when it is one. */
static bool take_escape(struct parser *parser, struct pattern_symbols *symbols, char *out,
                        struct err *err)
{
    static const char classes[] = "dwsDWS", marks[] = ".[]{}()*+?|^$\\/-\"'";
    char c = peek(parser);
    *out = '\0';
    if (c != '\0' && strchr(classes, c) != NULL) {
        char name[2] = {(char)(c | 0x20), '\0'};
        add_class(symbols, name, is_between(c, 'A', 'Z'));
    } else if (c != '\0' && strchr(marks, c) != NULL) {
        symbols->has[(size_t)c] = true;
        *out = c;
    } else {
        return wrong(parser, err,
                     "behind '\\' stands one of d w s D W S or a mark that would mean something");
    }
    parser->at++;
    return true;
}

/* [:digit:], from the colon on. */
static bool take_named_class(struct parser *parser, struct pattern_symbols *symbols,
                             struct err *err)
{
    static const char *const names[] = {"alpha", "alnum",  "digit", "upper", "lower",
                                        "space", "xdigit", "blank", "punct"};
    struct view rest = view_from(parser->text, parser->at);
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        size_t length = strlen(names[i]);
        if (rest.length < length + 3 || memcmp(rest.text + 1, names[i], length) != 0 ||
            memcmp(rest.text + 1 + length, ":]", 2) != 0)
            continue;
        add_class(symbols, names[i], false);
        parser->at += length + 3;
        return true;
    }
    return wrong(parser, err,
                 "there are alpha, alnum, digit, upper, lower, space, xdigit, blank "
                 "and punct");
}

/* One character of a set, or NUL when it was a class. */
static bool take_member(struct parser *parser, struct pattern_symbols *symbols, char *out,
                        struct err *err)
{
    *out = '\0';
    char c = peek(parser);
    if (at_end(parser))
        return wrong(parser, err, "the '[' is never closed");
    parser->at++;
    if (c == '[' && peek(parser) == ':')
        return take_named_class(parser, symbols, err);
    if (c == '[' && (peek(parser) == '.' || peek(parser) == '='))
        return wrong(parser, err, "collating elements are not taken");
    if (c == '\\')
        return take_escape(parser, symbols, out, err);
    symbols->has[(size_t)c] = true;
    *out = c;
    return true;
}

/* From behind the bracket. A ']' that comes first is a member. */
static bool take_set(struct parser *parser, struct pattern_symbols *symbols, struct err *err)
{
    bool inverted = take_char(parser, '^');
    for (bool first = true; first || peek(parser) != ']'; first = false) {
        char low, high;
        if (!take_member(parser, symbols, &low, err))
            return false;
        bool ranged = peek(parser) == '-' && parser->at + 1 < parser->text.length &&
                      parser->text.text[parser->at + 1] != ']';
        if (!ranged)
            continue;
        parser->at++;
        if (!take_member(parser, symbols, &high, err))
            return false;
        if (low == '\0' || high == '\0' || low > high)
            return wrong(parser, err, "a range goes from a character to a later one");
        for (char c = low; c < high; c++)
            symbols->has[(size_t)c] = true;
    }
    parser->at++;
    for (size_t i = 0; inverted && i < PATTERN_SYMBOLS; i++)
        symbols->has[i] = !symbols->has[i];
    return true;
}

/* ---------------------------------------------------------------- pieces */

static bool take_choice(struct parser *parser, struct piece *out, struct err *err);

static bool take_symbols(struct parser *parser, struct piece *out, struct err *err)
{
    struct pattern_symbols symbols = {0};
    char c = peek(parser), literal;
    if (strchr("*+?{", c) != NULL)
        return wrong(parser, err, "there is nothing to repeat");
    if (c == '^' || c == '$')
        return wrong(parser, err,
                     "the whole text is matched, so '^' and '$' stand at its ends; as "
                     "characters they are '\\^' and '\\$'");
    if (c == '}' || c == ']')
        return wrong(parser, err, "nothing is closed here; as characters they are '\\}' and '\\]'");
    parser->at++;
    if (c == '.')
        memset(symbols.has, true, sizeof symbols.has);
    else if (c == '[' ? !take_set(parser, &symbols, err)
                      : c == '\\' && !take_escape(parser, &symbols, &literal, err))
        return false;
    else if (c != '[' && c != '\\')
        symbols.has[(size_t)c] = true;
    if (!add_node(parser, NODE_SYMBOLS, &out->first, err) ||
        !add_node(parser, NODE_FORK, &out->last, err))
        return false;
    parser->node[out->first].symbols = symbols;
    parser->node[out->first].to = out->last;
    return true;
}

static bool take_atom(struct parser *parser, struct piece *out, struct err *err)
{
    if (!take_char(parser, '('))
        return take_symbols(parser, out, err);
    if (peek(parser) == '?')
        return wrong(parser, err, "groups with '(?' are not taken, '(' groups");
    if (++parser->depth > PATTERN_DEPTH_MAX)
        return wrong(parser, err, "the groups are nested too deep");
    if (!take_choice(parser, out, err))
        return false;
    parser->depth--;
    return take_char(parser, ')') || wrong(parser, err, "the '(' is never closed");
}

static void join(struct parser *parser, struct piece *before, struct piece behind)
{
    parser->node[before->last].to = behind.first;
    parser->node[before->last].other = behind.first;
    before->last = behind.last;
}

/* The piece, or nothing. */
static bool make_optional(struct parser *parser, struct piece *piece, struct err *err)
{
    uint16_t fork = 0;
    if (!add_node(parser, NODE_FORK, &fork, err))
        return false;
    parser->node[fork].to = piece->first;
    parser->node[fork].other = piece->last;
    piece->first = fork;
    return true;
}

/* The piece, once or again and again. */
static bool make_repeated(struct parser *parser, struct piece *piece, struct err *err)
{
    uint16_t end = 0;
    if (!add_node(parser, NODE_FORK, &end, err))
        return false;
    parser->node[piece->last].to = piece->first;
    parser->node[piece->last].other = end;
    piece->last = end;
    return true;
}

static bool take_number(struct parser *parser, unsigned *out)
{
    if (!is_between(peek(parser), '0', '9'))
        return false;
    for (*out = 0; is_between(peek(parser), '0', '9') && *out <= PATTERN_REPEAT_MAX; parser->at++)
        *out = *out * 10 + (unsigned)(peek(parser) - '0');
    return *out <= PATTERN_REPEAT_MAX;
}

/* {m}, {m,} or {m,n}, from behind the brace; `most` is UINT_MAX when there is no end. */
static bool take_bounds(struct parser *parser, unsigned *least, unsigned *most, struct err *err)
{
    bool ok = take_number(parser, least);
    *most = *least;
    if (ok && take_char(parser, ',')) {
        *most = UINT32_MAX;
        ok = peek(parser) == '}' || take_number(parser, most);
    }
    if (!ok || !take_char(parser, '}') || *most < *least || *most == 0)
        return wrong(parser, err,
                     "a repetition is {m}, {m,} or {m,n}, of 255 at most, and not {0}");
    return true;
}

/* The atom that begins at `start` is read once more for each copy. */
static bool take_copies(struct parser *parser, size_t start, struct piece *out, struct err *err)
{
    unsigned least, most;
    parser->at++;
    if (!take_bounds(parser, &least, &most, err))
        return false;
    size_t behind = parser->at;
    bool endless = most == UINT32_MAX;
    unsigned copies = endless ? (least == 0 ? 1 : least) : most;
    if ((endless && copies == 1 && !make_repeated(parser, out, err)) ||
        (least == 0 && !make_optional(parser, out, err)))
        return false;
    for (unsigned i = 1; i < copies; i++) {
        struct piece copy;
        parser->at = start;
        if (!take_atom(parser, &copy, err) ||
            (endless && i + 1 == copies && !make_repeated(parser, &copy, err)) ||
            (i >= least && !make_optional(parser, &copy, err)))
            return false;
        join(parser, out, copy);
    }
    parser->at = behind;
    return true;
}

static bool take_repeated(struct parser *parser, struct piece *out, struct err *err)
{
    size_t start = parser->at;
    if (!take_atom(parser, out, err))
        return false;
    bool ok = true, repeated = true;
    if (peek(parser) == '{')
        ok = take_copies(parser, start, out, err);
    else if (take_char(parser, '*'))
        ok = make_repeated(parser, out, err) && make_optional(parser, out, err);
    else if (take_char(parser, '+'))
        ok = make_repeated(parser, out, err);
    else if (take_char(parser, '?'))
        ok = make_optional(parser, out, err);
    else
        repeated = false;
    if (ok && repeated && !at_end(parser) && strchr("*+?{", peek(parser)) != NULL)
        return wrong(parser, err, "a repetition is not repeated: put '(' and ')' around it");
    return ok;
}

static bool take_sequence(struct parser *parser, struct piece *out, struct err *err)
{
    if (at_end(parser) || peek(parser) == '|' || peek(parser) == ')')
        return wrong(parser, err, "something is expected here");
    if (!take_repeated(parser, out, err))
        return false;
    while (!at_end(parser) && peek(parser) != '|' && peek(parser) != ')') {
        struct piece behind;
        if (!take_repeated(parser, &behind, err))
            return false;
        join(parser, out, behind);
    }
    return true;
}

static bool take_choice(struct parser *parser, struct piece *out, struct err *err)
{
    if (!take_sequence(parser, out, err))
        return false;
    while (take_char(parser, '|')) {
        struct piece other;
        uint16_t fork = 0;
        if (!take_sequence(parser, &other, err) || !add_node(parser, NODE_FORK, &fork, err))
            return false;
        parser->node[fork].to = out->first;
        parser->node[fork].other = other.first;
        parser->node[other.last].to = parser->node[other.last].other = out->last;
        out->first = fork;
    }
    return true;
}

static bool check_text(struct view text, struct err *err)
{
    if (text.length == 0 || text.length > PATTERN_LENGTH_MAX)
        return err_set(err, ERR_INPUT, "a pattern has 1 to %d characters", (int)PATTERN_LENGTH_MAX);
    for (size_t i = 0; i < text.length; i++)
        if (text.text[i] <= '\0')
            return err_set(err, ERR_INPUT,
                           "a pattern is written in ASCII; '.' stands for any other character");
    return true;
}

bool pattern_machine_make(struct pattern_machine *machine, struct view text, struct err *err)
{
    struct parser parser = {.text = text, .machine = machine, .node = machine->node};
    struct piece whole;
    machine->count = 0;
    if (!check_text(text, err))
        return false;
    size_t length = text.length;
    if (text.text[length - 1] == '$' && (length < 2 || text.text[length - 2] != '\\'))
        parser.text.length--;
    take_char(&parser, '^');
    if (!take_choice(&parser, &whole, err))
        return false;
    if (!at_end(&parser))
        return wrong(&parser, err, "no '(' is open here");
    if (!add_node(&parser, NODE_END, &machine->end, err))
        return false;
    parser.node[whole.last].to = parser.node[whole.last].other = machine->end;
    machine->first = whole.first;
    return true;
}
