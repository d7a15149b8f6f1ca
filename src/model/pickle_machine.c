#include "model/pickle_machine.h"

bool machine_full(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the pickle does not fit the memory limit");
}

struct pickle *machine_keep(struct machine *machine, struct pickle value, struct err *err)
{
    enum { CHUNK = 256 };
    if (machine->chunk_left == 0) {
        if (machine->value_count >= PICKLE_VALUES_MAX) {
            err_set(err, ERR_LIMIT, "more than %d values", PICKLE_VALUES_MAX);
            return NULL;
        }
        machine->chunk = arena_new(machine->arena, struct pickle, CHUNK);
        if (machine->chunk == NULL) {
            machine_full(err);
            return NULL;
        }
        machine->chunk_left = CHUNK;
        machine->value_count += CHUNK;
    }
    machine->chunk_left--;
    struct pickle *kept = machine->chunk++;
    *kept = value;
    return kept;
}

bool machine_push(struct machine *machine, struct pickle *value, struct err *err)
{
    if (machine->stack.count >= PICKLE_STACK_MAX)
        return err_set(err, ERR_LIMIT, "the stack is deeper than %d", PICKLE_STACK_MAX);
    struct pickle **place = pile_add(&machine->stack, sizeof *place, 1, &machine->scratch, err);
    if (place == NULL)
        return false;
    *place = value;
    return true;
}

bool machine_push_new(struct machine *machine, struct pickle value, struct err *err)
{
    struct pickle *kept = machine_keep(machine, value, err);
    return kept != NULL && machine_push(machine, kept, err);
}

static size_t floor_of(const struct machine *machine)
{
    const size_t *mark = machine->mark.item;
    return machine->mark.count == 0 ? 0 : mark[machine->mark.count - 1];
}

static struct pickle **slots(const struct machine *machine)
{
    return machine->stack.item;
}

bool machine_pop(struct machine *machine, size_t count, struct pickle **out, struct err *err)
{
    if (machine->stack.count - floor_of(machine) < count)
        return err_set(err, ERR_MODEL, "the stack is empty");
    machine->stack.count -= count;
    for (size_t i = 0; i < count; i++)
        out[i] = slots(machine)[machine->stack.count + i];
    return true;
}

bool machine_top(const struct machine *machine, struct pickle **out, struct err *err)
{
    if (machine->stack.count == floor_of(machine))
        return err_set(err, ERR_MODEL, "the stack is empty");
    *out = slots(machine)[machine->stack.count - 1];
    return true;
}

bool machine_pop_mark(struct machine *machine, struct pickle ***out, size_t *count, struct err *err)
{
    if (machine->mark.count == 0)
        return err_set(err, ERR_MODEL, "there is no mark");
    size_t floor = floor_of(machine);
    machine->mark.count--;
    *count = machine->stack.count - floor;
    *out = *count == 0 ? NULL : slots(machine) + floor;
    machine->stack.count = floor;
    return true;
}

bool machine_extend(struct machine *machine, struct pickle *list, struct pickle *const *item,
                    size_t count, struct err *err)
{
    enum { FIRST_ROOM = 4 };
    size_t width = list->kind == PICKLE_DICT ? 2 : 1, used = list->count * width;
    if (count > list->room - used) {
        size_t room = list->room == 0 ? FIRST_ROOM : list->room;
        while (room < used + count)
            room *= 2;
        const struct pickle **grown = arena_new(machine->arena, const struct pickle *, room);
        if (grown == NULL || room > UINT32_MAX)
            return machine_full(err);
        if (used > 0)
            memcpy(grown, list->item, used * sizeof *grown);
        list->item = grown;
        list->room = (uint32_t)room;
    }
    for (size_t i = 0; i < count; i++)
        list->item[used + i] = item[i];
    list->count += (uint32_t)(count / width);
    return true;
}

struct pickle *machine_items(struct machine *machine, enum pickle_kind kind,
                             struct pickle *const *item, size_t count, struct err *err)
{
    struct pickle *list = machine_keep(machine, (struct pickle){.kind = kind}, err);
    if (list == NULL)
        return NULL;
    if (kind == PICKLE_DICT && count % 2 != 0) {
        err_set(err, ERR_MODEL, "a key has no value");
        return NULL;
    }
    return machine_extend(machine, list, item, count, err) ? list : NULL;
}

bool machine_mark(struct machine *machine, struct err *err)
{
    if (machine->mark.count >= PICKLE_MARKS_MAX)
        return err_set(err, ERR_LIMIT, "containers are nested deeper than %d", PICKLE_MARKS_MAX);
    size_t *place = pile_add(&machine->mark, sizeof *place, 1, &machine->scratch, err);
    if (place == NULL)
        return false;
    *place = machine->stack.count;
    return true;
}

bool machine_at_mark(const struct machine *machine)
{
    return machine->mark.count > 0 && machine->stack.count == floor_of(machine);
}
