/*
 * view: text with its length, owned by someone else.
 *
 * A `struct view` is passed by value and never freed. Parsers take views and
 * return views into the same bytes, so reading a record copies nothing.
 *
 *     struct view rest = line, cell;
 *     while (view_cut(&rest, ',', &cell))
 *         use(cell);
 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include "base/arena.h"

struct view {
    const char *text;
    size_t length;
};

#define VIEW(literal) ((struct view){"" literal, sizeof(literal) - 1})
#define VIEW_FMT      "%.*s"
#define VIEW_ARG(v)   view_shown(v), (v).text

/* The length as printf takes it; error messages show at most VIEW_SHOWN_MAX bytes of input. */
enum { VIEW_SHOWN_MAX = 96 };
int view_shown(struct view view);

static inline struct view view_of(const char *text) /* here: a literal's length is known then */
{
    return (struct view){text, strlen(text)};
}

bool view_is(struct view view, const char *text);
bool view_same(struct view a, struct view b);
bool view_same_fold(struct view a, struct view b); /* ASCII letters compare without case */
bool view_starts(struct view view, const char *prefix);
bool view_ends(struct view view, const char *suffix);
int view_order(struct view a, struct view b); /* <0, 0, >0 by bytes, like strcmp */
uint64_t view_hash(struct view view);         /* FNV-1a, for tables in memory only */
static inline bool view_blank(char c)         /* what is trimmed, and what JSON steps over */
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view view_trim(struct view view);
struct view view_from(struct view view, size_t offset);

/* Cuts *rest at the first `mark`; returns what was before it. False once nothing is left. */
bool view_cut(struct view *rest, char mark, struct view *out);

/* How many bytes from the start stand for themselves in JSON: printable ASCII but quotes and
 * backslashes. */
size_t view_plain(struct view view);

/* The view as valid UTF-8: every byte belongs to a whole, shortest, non-surrogate character. */
bool view_is_utf8(struct view view);
/* In place: each byte of a NUL-terminated text that belongs to no such character becomes '?'. */
void view_mend(char *text);

/* A NUL-terminated copy. Arena exhausted: NULL. */
MUST_USE char *view_copy(struct view view, struct arena *arena);

#endif
