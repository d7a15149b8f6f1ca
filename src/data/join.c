#include "base/number.h"
#include "data/table.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the join does not fit the memory limit (data.memory_mb raises it)");
}

/* The rows of the right table by key: a chain per key, in file order. */
struct key_rows {
    struct dictionary keys;
    uint32_t *first; /* by key; UINT32_MAX: none */
    uint32_t *count; /* by key: rows in its chain */
    uint32_t *next;  /* by row */
    bool *used;      /* by key */
};

static bool key_of(const struct table *table, size_t column, size_t row, char number[NUMBER_SIZE],
                   struct view *out, struct err *err)
{
    *out = table_text(table, column, row, number);
    if (out->text == NULL)
        return err_set(err, ERR_INPUT, "%s line %u: the join key is missing", table->path,
                       table->line[row]);
    if (table->series[column].number != NULL &&
        fabs(table->series[column].number[row]) >= NUMBER_EXACT_MAX)
        return err_set(err, ERR_INPUT,
                       "%s line %u: the join key is 2^53 or more, where numbers are no longer told "
                       "apart: declare '" VIEW_FMT "' as type id",
                       table->path, table->line[row], VIEW_ARG(table->schema->column[column].name));
    return true;
}

/* Backwards, so that chains come out in file order. */
static bool index_right(const struct table *right, size_t column, struct key_rows *out,
                        struct join_audit *audit, struct arena *arena, struct err *err)
{
    struct key_rows made = {
        .keys = dictionary_in(arena),
        .first = arena_new(arena, uint32_t, right->rows),
        .count = arena_new(arena, uint32_t, right->rows),
        .next = arena_new(arena, uint32_t, right->rows),
        .used = arena_new(arena, bool, right->rows),
    };
    if (made.first == NULL || made.count == NULL || made.next == NULL || made.used == NULL)
        return out_of_memory(err);
    for (size_t i = right->rows; i-- > 0;) {
        char number[NUMBER_SIZE];
        struct view key;
        uint32_t index, before = made.keys.count;
        if (!key_of(right, column, i, number, &key, err))
            return false;
        if (!dictionary_add(&made.keys, key, &index))
            return out_of_memory(err);
        bool known = index != before;
        audit->repeated_right += ++made.count[index] == 2;
        made.next[i] = known ? made.first[index] : UINT32_MAX;
        made.first[index] = (uint32_t)i;
    }
    audit->right_keys = made.keys.count;
    *out = made;
    return true;
}

/* Names some of the keys that stand more than once: the reader must be able to find them. */
static bool refuse_fan_out(const struct table *right, const struct join *join,
                           const struct key_rows *rows, const struct join_audit *audit,
                           struct err *err)
{
    enum { NAMED_MAX = 5 };
    char bytes[256];
    struct text names = text_in(bytes, sizeof bytes - 1);
    size_t named = 0;
    for (uint32_t i = rows->keys.count; i-- > 0 && named < NAMED_MAX;) {
        uint32_t second = rows->next[rows->first[i]];
        if (second == UINT32_MAX)
            continue;
        text_addf(&names, "%s'" VIEW_FMT "' (lines %u and %u)", named++ == 0 ? "" : ", ",
                  VIEW_ARG(rows->keys.text[i]), right->line[rows->first[i]], right->line[second]);
    }
    return err_set(err, ERR_INPUT,
                   "%s: %zu keys of '" VIEW_FMT "' stand more than once, so the join would "
                   "multiply rows: %.*s%s; remove the repeats, or declare `fan_out: allow`",
                   right->path, audit->repeated_right, VIEW_ARG(join->key), (int)names.length,
                   names.bytes, audit->repeated_right > named ? ", ..." : "");
}

/* For each row of the result, its left row and its right one (UINT32_MAX: none). */
struct pairs {
    uint32_t *left, *right;
    size_t count;
};

static bool match(const struct table *left, size_t column, struct key_rows *rows, struct pairs *out,
                  struct join_audit *audit, struct arena *arena, struct err *err)
{
    uint32_t *key = arena_new(arena, uint32_t, left->rows);
    struct dictionary seen = dictionary_in(arena);
    if (key == NULL)
        return out_of_memory(err);
    size_t total = 0;
    for (size_t i = 0; i < left->rows; i++) {
        char number[NUMBER_SIZE];
        struct view text;
        uint32_t index;
        if (!key_of(left, column, i, number, &text, err))
            return false;
        if (!dictionary_add(&seen, text, &index))
            return out_of_memory(err);
        key[i] = dictionary_find(&rows->keys, text);
        audit->unmatched_left += key[i] == DICTIONARY_NONE;
        total += key[i] == DICTIONARY_NONE ? 1 : rows->count[key[i]];
    }
    audit->left_keys = seen.count;
    if (total > TABLE_ROWS_MAX)
        return err_set(err, ERR_LIMIT, "the join makes %zu rows, at most %d are taken", total,
                       TABLE_ROWS_MAX);
    out->left = arena_new(arena, uint32_t, total);
    out->right = arena_new(arena, uint32_t, total);
    if (out->left == NULL || out->right == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < left->rows; i++) {
        uint32_t at = key[i] == DICTIONARY_NONE ? UINT32_MAX : rows->first[key[i]];
        if (key[i] != DICTIONARY_NONE)
            rows->used[key[i]] = true;
        do {
            out->left[out->count] = (uint32_t)i;
            out->right[out->count++] = at;
            at = at == UINT32_MAX ? UINT32_MAX : rows->next[at];
        } while (at != UINT32_MAX);
    }
    assert(out->count == total);
    return true;
}

/* One column of the result, from one side. */
static bool gather(struct table *out, size_t column, const struct table *side, const uint32_t *rows,
                   struct arena *arena, struct err *err)
{
    const struct series *from = &side->series[column];
    struct series *to = &out->series[column];
    to->present = true;
    if (from->number != NULL) {
        to->number = arena_new(arena, double, out->rows);
        if (to->number == NULL)
            return out_of_memory(err);
        for (size_t i = 0; i < out->rows; i++)
            to->number[i] = rows[i] == UINT32_MAX ? (double)NAN : from->number[rows[i]];
        return true;
    }
    to->text = arena_new(arena, uint32_t, out->rows);
    if (to->text == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < out->rows; i++) {
        uint32_t text = rows[i] == UINT32_MAX ? DICTIONARY_NONE : from->text[rows[i]];
        to->text[i] = text;
        if (text != DICTIONARY_NONE &&
            !dictionary_add(&out->texts, side->texts.text[text], &to->text[i]))
            return out_of_memory(err);
    }
    return true;
}

static bool fill(struct table *out, const struct table *left, const struct table *right, size_t key,
                 const struct pairs *pairs, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < out->schema->count; i++) {
        bool in_left = left->series[i].present, in_right = right->series[i].present;
        if (in_left && in_right && i != key)
            return err_set(err, ERR_INPUT,
                           "column '" VIEW_FMT "' stands in both %s and %s: rename or drop one",
                           VIEW_ARG(out->schema->column[i].name), left->path, right->path);
        if (in_left && !gather(out, i, left, pairs->left, arena, err))
            return false;
        if (in_right && !in_left && !gather(out, i, right, pairs->right, arena, err))
            return false;
    }
    for (size_t i = 0; i < out->rows; i++)
        out->line[i] = left->line[pairs->left[i]];
    return true;
}

bool table_join(struct table *out, const struct table *left, const struct table *right,
                const struct join *join, struct join_audit *audit, struct arena *arena,
                struct err *err)
{
    uint32_t key = dictionary_find(&left->schema->names, join->key);
    if (key == DICTIONARY_NONE || !left->series[key].present || !right->series[key].present)
        return err_set(err, ERR_INPUT, "the join key '" VIEW_FMT "' is not a column of %s",
                       VIEW_ARG(join->key),
                       key != DICTIONARY_NONE && left->series[key].present ? right->path
                                                                           : left->path);
    *audit = (struct join_audit){.left_rows = left->rows, .right_rows = right->rows};
    struct key_rows rows;
    struct pairs pairs = {0};
    if (!index_right(right, key, &rows, audit, arena, err))
        return false;
    if (audit->repeated_right > 0 && !join->allow_fan_out)
        return refuse_fan_out(right, join, &rows, audit, err);
    if (!match(left, key, &rows, &pairs, audit, arena, err))
        return false;
    for (uint32_t i = 0; i < rows.keys.count; i++)
        audit->unused_right += rows.used[i] ? 0 : rows.count[i];

    struct table made = {
        .schema = left->schema,
        .path = left->path,
        .rows = pairs.count,
        .series = arena_new(arena, struct series, left->schema->count),
        .line = arena_new(arena, uint32_t, pairs.count),
        .texts = dictionary_in(arena),
    };
    if (made.series == NULL || made.line == NULL)
        return out_of_memory(err);
    if (!fill(&made, left, right, key, &pairs, arena, err))
        return false;
    audit->rows = made.rows;
    *out = made;
    return true;
}
