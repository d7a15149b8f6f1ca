#include "model/lists.h"

void *pile_add(struct pile *pile, size_t size, size_t count, struct arena *arena, struct err *err)
{
    enum { FIRST_ROOM = 64 };
    if (count > pile->room - pile->count) {
        size_t room = pile->room == 0 ? FIRST_ROOM : pile->room * 2;
        while (room < pile->count + count)
            room *= 2;
        void *item = arena_alloc(arena, size, room);
        if (item == NULL) {
            err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                    arena->limit);
            return NULL;
        }
        if (pile->count > 0)
            memcpy(item, pile->item, pile->count * size);
        pile->item = item;
        pile->room = room;
    }
    void *fresh = (char *)pile->item + pile->count * size;
    pile->count += count;
    return memset(fresh, 0, count * size);
}

void *pile_settle(const struct pile *pile, size_t size, struct arena *arena)
{
    void *room = arena_lines(arena, size, pile->count);
    if (room != NULL && pile->count > 0)
        memcpy(room, pile->item, size * pile->count);
    return room;
}

size_t whole_count(const struct whole_list *list)
{
    return list->pile.count;
}

size_t float_count(const struct float_list *list)
{
    return list->pile.count;
}

int32_t whole_at(const struct whole_list *list, size_t index)
{
    assert(index < list->pile.count);
    return ((const int32_t *)list->pile.item)[index];
}

float float_at(const struct float_list *list, size_t index)
{
    assert(index < list->pile.count);
    return ((const float *)list->pile.item)[index];
}

static bool list_open(struct pile *pile, struct tokens *tokens, struct err *err)
{
    struct token token;
    pile->count = 0;
    return tokens_want(tokens, TOKEN_LIST, &token, err);
}

static void *list_add(struct pile *pile, struct arena *arena, struct err *err)
{
    if (pile->count == LIST_MAX) {
        err_set(err, ERR_LIMIT, "a list has more than %d entries", LIST_MAX);
        return NULL;
    }
    static_assert(sizeof(int32_t) == sizeof(float), "both kinds of list have items of this size");
    return pile_add(pile, sizeof(int32_t), 1, arena, err);
}

bool whole_list_read(struct whole_list *list, struct tokens *tokens, struct arena *arena,
                     struct err *err)
{
    if (!list_open(&list->pile, tokens, err))
        return false;
    struct token token;
    while (tokens_next(tokens, &token, err)) {
        if (token.kind == TOKEN_LIST_END)
            return true;
        size_t entry = list->pile.count;
        int64_t value;
        if (!token_whole(&token, &value, err))
            return err_while(err, "entry %zu", entry);
        if (value < INT32_MIN || value > INT32_MAX)
            return err_set(err, ERR_MODEL, "entry %zu is past 32 bits", entry);
        int32_t *item = list_add(&list->pile, arena, err);
        if (item == NULL)
            return false;
        *item = (int32_t)value;
    }
    return false;
}

bool float_list_read(struct float_list *list, struct tokens *tokens, struct arena *arena,
                     struct err *err)
{
    if (!list_open(&list->pile, tokens, err))
        return false;
    struct token token;
    while (tokens_next(tokens, &token, err)) {
        if (token.kind == TOKEN_LIST_END)
            return true;
        float value;
        if (!token_float(&token, &value, err))
            return err_while(err, "entry %zu", list->pile.count);
        float *item = list_add(&list->pile, arena, err);
        if (item == NULL)
            return false;
        *item = value;
    }
    return false;
}
