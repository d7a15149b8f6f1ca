#include "decide/reason.h"

#include <math.h>

enum { MOST_DEFAULT = 4 };
static const double floor_default = 0.05;

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the reasons do not fit the memory limit");
}

/* ---------------------------------------------------------------- the paper */

/* What each column says, before columns are grouped by code. */
struct words {
    struct view *code, *text; /* by column; NULL text: its name */
};

static bool is_printable(struct view text, size_t size_max)
{
    bool ok = text.length >= 1 && text.length <= size_max;
    for (size_t i = 0; i < text.length; i++)
        ok &= (unsigned char)text.text[i] >= ' ' && text.text[i] != 0x7f;
    return ok;
}

static bool read_member(const struct doc *entry, const char *key, size_t size_max, struct view *out,
                        struct err *err)
{
    if (doc_find(entry, key) == NULL)
        return true;
    if (!doc_need_text(entry, key, out, err))
        return false;
    return is_printable(*out, size_max) ||
           err_set(err, ERR_INPUT, "the %s of '" VIEW_FMT "' is no text of 1 to %zu bytes", key,
                   VIEW_ARG(entry->key), size_max);
}

static bool read_entry(const struct schema *schema, const struct doc *entry, struct words *words,
                       struct err *err)
{
    uint32_t column = dictionary_find(&schema->names, entry->key);
    if (column == DICTIONARY_NONE)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is no column of the schema",
                       VIEW_ARG(entry->key));
    if (entry->kind != DOC_OBJECT)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' has no code and text", VIEW_ARG(entry->key));
    return read_member(entry, "code", REASON_CODE_MAX, &words->code[column], err) &&
           read_member(entry, "text", REASON_TEXT_MAX, &words->text[column], err);
}

static bool read_paper(struct reason_book *book, const struct schema *schema, struct view paper,
                       struct words *words, struct arena *arena, struct err *err)
{
    const struct doc *doc = doc_parse(paper, arena, err), *columns;
    if (doc == NULL || !doc_need_count(doc, "most", REASONS_MAX, &book->most, err) ||
        !doc_need_number(doc, "floor", &book->floor, err) ||
        !doc_need(doc, "columns", DOC_OBJECT, &columns, err))
        return false;
    if (book->most < 1)
        return err_set(err, ERR_INPUT, "'most' is at least 1");
    if (!(book->floor >= 0 && book->floor < 1))
        return err_set(err, ERR_INPUT, "'floor' is a share from 0 to 1");
    for (const struct doc *entry = columns->first; entry != NULL; entry = entry->next)
        if (!read_entry(schema, entry, words, err))
            return false;
    return true;
}

/* ---------------------------------------------------------------- groups */

/* The group of this code, a new one when it is the first; one code has one text. */
static bool join(struct reason_group *group, size_t *groups, struct view code, struct view text,
                 uint32_t *out, struct err *err)
{
    size_t at = 0;
    while (at < *groups && !view_same(group[at].code, code))
        at++;
    if (at == *groups)
        group[(*groups)++] = (struct reason_group){code, text};
    *out = (uint32_t)at;
    return view_same(group[at].text, text) ||
           err_set(err, ERR_INPUT,
                   "the code '" VIEW_FMT "' has two texts, '" VIEW_FMT "' and '" VIEW_FMT "'",
                   VIEW_ARG(code), VIEW_ARG(group[at].text), VIEW_ARG(text));
}

static bool make_groups(struct reason_book *book, const struct schema *schema,
                        const struct words *words, struct arena *arena, struct err *err)
{
    uint32_t *group_of = arena_new(arena, uint32_t, schema->count);
    struct reason_group *group = arena_new(arena, struct reason_group, schema->count);
    if (group_of == NULL || group == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < schema->count; i++) {
        struct view name = schema->column[i].name;
        struct view code = words->code[i].text == NULL ? name : words->code[i];
        struct view text = words->text[i].text == NULL ? code : words->text[i];
        if (!join(group, &book->groups, code, text, &group_of[i], err))
            return false;
    }
    book->group_of = group_of;
    book->group = group;
    book->columns = schema->count;
    return true;
}

bool reason_book_read(struct reason_book *book, const struct schema *schema, struct view paper,
                      struct arena *arena, struct err *err)
{
    struct words words = {arena_new(arena, struct view, schema->count),
                          arena_new(arena, struct view, schema->count)};
    *book = (struct reason_book){.most = MOST_DEFAULT, .floor = floor_default};
    if (words.code == NULL || words.text == NULL)
        return out_of_memory(err);
    return (paper.length == 0 || read_paper(book, schema, paper, &words, arena, err)) &&
           make_groups(book, schema, &words, arena, err);
}

bool reason_book_open(struct reason_book *book, const struct bundle *bundle, struct arena *arena,
                      struct err *err)
{
    if (reason_book_read(book, &bundle->schema, bundle->paper[PAPER_reasons], arena, err))
        return true;
    err_while(err, "reasons.json");
    if (err->kind == ERR_INPUT)
        err->kind = ERR_MODEL;
    return false;
}

/* ---------------------------------------------------------------- one record */

void reason_columns(const struct plan *plan, const double *phi, double *column)
{
    memset(column, 0, plan->schema->count * sizeof *column);
    for (size_t i = 0; i < plan->count; i++) {
        const struct feature *feature = &plan->feature[i];
        for (uint32_t f = feature->first; f < feature->first + feature->width; f++)
            column[feature->column] += phi[f];
    }
}

size_t reasons_of(const struct reason_book *book, const double *column, double *group,
                  struct reason *out)
{
    double raised = 0;
    size_t count = 0;
    memset(group, 0, book->groups * sizeof *group);
    for (size_t i = 0; i < book->columns; i++)
        group[book->group_of[i]] += column[i];
    for (size_t g = 0; g < book->groups; g++)
        raised += group[g] > 0 ? group[g] : 0;
    for (size_t g = 0; g < book->groups; g++) {
        if (!(group[g] > 0) || group[g] < book->floor * raised)
            continue;
        size_t at = count < book->most ? count++ : book->most;
        for (; at > 0 && out[at - 1].contribution < group[g]; at--)
            if (at < book->most)
                out[at] = out[at - 1];
        if (at < book->most)
            out[at] = (struct reason){.code = book->group[g].code,
                                      .text = book->group[g].text,
                                      .contribution = group[g],
                                      .share = group[g] / raised};
    }
    return count;
}
