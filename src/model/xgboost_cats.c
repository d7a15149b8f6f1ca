#include "model/xgboost_cats.h"

#include "base/number.h"

static bool full(const struct arena *arena, struct err *err)
{
    return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                   arena->limit);
}

/* The bytes of one text; XGBoost writes them as signed numbers. */
static bool name_of_bytes(const struct whole_list *values, size_t from, size_t to,
                          struct arena *arena, struct view *out, struct err *err)
{
    char *bytes = arena_new(arena, char, to - from + 1);
    if (bytes == NULL)
        return full(arena, err);
    for (size_t i = from; i < to; i++) {
        int32_t byte = whole_at(values, i);
        if (byte < -128 || byte > 255 || byte == 0)
            return err_set(err, ERR_MODEL, "values: entry %zu is no byte of a text", i);
        bytes[i - from] = (char)byte;
    }
    *out = (struct view){bytes, to - from};
    return view_is_utf8(*out) || err_set(err, ERR_MODEL, "a category's name is not valid UTF-8");
}

static bool names_of_texts(struct cats *cats, struct arena *arena, struct category_names *out,
                           struct err *err)
{
    size_t marks = whole_count(&cats->offsets), length = whole_count(&cats->values);
    if (marks == 0 && length == 0)
        return true;
    if (marks == 0 || whole_at(&cats->offsets, 0) != 0 ||
        whole_at(&cats->offsets, marks - 1) != (int64_t)length)
        return err_set(err, ERR_MODEL, "offsets do not span the %zu values", length);

    struct view *name = arena_new(arena, struct view, marks - 1);
    if (name == NULL)
        return full(arena, err);
    for (size_t i = 0; i + 1 < marks; i++) {
        int32_t from = whole_at(&cats->offsets, i), to = whole_at(&cats->offsets, i + 1);
        if (to < from || (size_t)to > length)
            return err_set(err, ERR_MODEL, "offsets: entry %zu is out of order", i + 1);
        if (!name_of_bytes(&cats->values, (size_t)from, (size_t)to, arena, &name[i], err))
            return false;
    }
    *out = (struct category_names){name, marks - 1};
    return true;
}

/* XGBoost's own numbers for the widths of whole numbers (its cat_container.cc). */
static bool type_is_whole(int64_t type)
{
    return type >= 9 && type <= 16;
}

static bool names_of_numbers(struct cats *cats, int64_t type, struct arena *arena,
                             struct category_names *out, struct err *err)
{
    if (!type_is_whole(type))
        return err_set(err, ERR_MODEL, "categories of type %lld are not whole numbers",
                       (long long)type);
    size_t count = whole_count(&cats->values);
    struct view *name = arena_new(arena, struct view, count);
    if (name == NULL)
        return full(arena, err);
    for (size_t i = 0; i < count; i++) {
        char digits[NUMBER_SIZE];
        struct view text = {digits, number_print((double)whole_at(&cats->values, i), digits)};
        name[i] = (struct view){view_copy(text, arena), text.length};
        if (name[i].text == NULL)
            return full(arena, err);
    }
    *out = (struct category_names){name, count};
    return true;
}

/* One feature's dictionary, its brace taken already. */
static bool read_feature(struct cats *cats, struct tokens *tokens, struct arena *arena,
                         struct arena *scratch, struct category_names *out, struct err *err)
{
    enum { OFFSETS, VALUES, TYPE };
    static const char *const names[] = {
        [OFFSETS] = "offsets", [VALUES] = "values", [TYPE] = "type"};
    struct keys keys = keys_of(names, LENGTH_OF(names));
    int64_t type = 0;
    cats->offsets.pile.count = cats->values.pile.count = 0;
    while (keys_next(&keys, tokens, err)) {
        bool read = keys.at == TYPE
                        ? tokens_whole(tokens, &type, err)
                        : whole_list_read(keys.at == OFFSETS ? &cats->offsets : &cats->values,
                                          tokens, scratch, err);
        if (!read)
            return err_while(err, "%s", names[keys.at]);
    }
    if (!keys.done || !keys_need(&keys, VALUES, err))
        return false;
    return keys_seen(&keys, TYPE) ? names_of_numbers(cats, type, arena, out, err)
                                  : names_of_texts(cats, arena, out, err);
}

static bool read_features(struct cats *cats, struct tokens *tokens, struct arena *arena,
                          struct arena *scratch, struct err *err)
{
    struct token token;
    if (!tokens_want(tokens, TOKEN_LIST, &token, err))
        return false;
    while (tokens_next(tokens, &token, err)) {
        if (token.kind == TOKEN_LIST_END)
            return true;
        size_t index = cats->feature.count;
        if (token.kind != TOKEN_OBJECT)
            return err_set(err, ERR_MODEL, "entry %zu is no object", index);
        if (index == FOREST_FEATURES_MAX)
            return err_set(err, ERR_LIMIT, "more than %d features", FOREST_FEATURES_MAX);
        struct category_names feature = {0};
        if (!read_feature(cats, tokens, arena, scratch, &feature, err))
            return err_while(err, "feature %zu", index);
        struct category_names *place = pile_add(&cats->feature, sizeof *place, 1, scratch, err);
        if (place == NULL)
            return false;
        *place = feature;
    }
    return false;
}

bool cats_read(struct cats *cats, struct tokens *tokens, struct arena *arena, struct arena *scratch,
               struct err *err)
{
    static const char *const names[] = {"enc"};
    struct keys keys;
    if (!keys_open(&keys, names, LENGTH_OF(names), tokens, err))
        return false;
    while (keys_next(&keys, tokens, err))
        if (!read_features(cats, tokens, arena, scratch, err))
            return err_while(err, "enc");
    return keys.done;
}

/* ------------------------------------------------------------------ writing */

size_t cats_write_size(const struct forest *forest)
{
    size_t longest = 0;
    for (size_t i = 0; forest->category != NULL && i < forest->feature_count; i++)
        longest = forest->category[i].count > longest ? forest->category[i].count : longest;
    return longest * sizeof(uint32_t);
}

static void write_names(const struct category_names *names, struct spell *spell)
{
    size_t length = 0;
    spell_open(spell);
    spell_key(spell, "offsets"), spell_list(spell, 'l', names->count > 0 ? names->count + 1 : 0);
    if (names->count > 0)
        spell_number(spell, 0);
    for (size_t i = 0; i < names->count; i++)
        spell_number(spell, (double)(length += names->name[i].length));
    spell_list_end(spell);
    /* XGBoost 1.7 knows no list of signed bytes, and stops where it cannot read; all know a list
     * of anything. */
    spell_key(spell, "values"), spell_list(spell, 0, length);
    for (size_t i = 0; i < names->count; i++)
        for (size_t byte = 0; byte < names->name[i].length; byte++)
            spell_whole(spell, (int8_t)names->name[i].text[byte]);
    spell_list_end(spell);
    spell_close(spell);
}

/* XGBoost looks names up by halving, and to it bytes are signed. */
static int order_signed(const void *a, const void *b, void *from)
{
    const struct view *name = from;
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    size_t left = name[first].length, right = name[second].length;
    for (size_t i = 0; i < left && i < right; i++) {
        int gap = (int8_t)name[first].text[i] - (int8_t)name[second].text[i];
        if (gap != 0)
            return gap;
    }
    if (left != right)
        return left < right ? -1 : 1;
    return first < second ? -1 : first > second;
}

static void write_order(const struct category_names *names, struct spell *spell, uint32_t *place)
{
    for (size_t i = 0; i < names->count; i++)
        place[i] = (uint32_t)i;
    struct view *name = (struct view *)(uintptr_t)names->name; /* qsort_r knows no const */
    qsort_r(place, names->count, sizeof *place, order_signed, name);
    for (size_t i = 0; i < names->count; i++)
        spell_number(spell, place[i]);
}

bool cats_write(const struct forest *forest, struct spell *spell, struct arena *scratch,
                struct err *err)
{
    const struct category_names *names = forest->category;
    size_t features = forest->feature_count, total = 0;
    if (names == NULL)
        return true;
    uint32_t *place = arena_alloc(scratch, cats_write_size(forest), 1);
    if (place == NULL)
        return full(scratch, err);
    spell_key(spell, "cats"), spell_open(spell);
    spell_key(spell, "enc"), spell_list(spell, 0, features);
    for (size_t i = 0; i < features; i++)
        write_names(&names[i], spell);
    spell_list_end(spell);
    spell_key(spell, "feature_segments"), spell_list(spell, 'l', features + 1);
    spell_number(spell, 0);
    for (size_t i = 0; i < features; i++)
        spell_number(spell, (double)(total += names[i].count));
    spell_list_end(spell);
    spell_key(spell, "sorted_idx"), spell_list(spell, 'l', total);
    for (size_t i = 0; i < features; i++)
        write_order(&names[i], spell, place);
    spell_list_end(spell);
    spell_close(spell);
    return true;
}
