/* Opcodes that make plain values, and those that put values together. */
#include "model/pickle_machine.h"

/* ---------------------------------------------------------------- plain values */

bool op_mark(struct machine *machine, struct err *err)
{
    return machine_mark(machine, err);
}

/* POP takes a mark away when that is what is on top. */
bool op_pop(struct machine *machine, struct err *err)
{
    struct pickle *value;
    if (machine_at_mark(machine)) {
        machine->mark.count--;
        return true;
    }
    return machine_pop(machine, 1, &value, err);
}

bool op_pop_mark(struct machine *machine, struct err *err)
{
    struct pickle **item;
    size_t count;
    return machine_pop_mark(machine, &item, &count, err);
}

bool op_dup(struct machine *machine, struct err *err)
{
    struct pickle *value;
    return machine_top(machine, &value, err) && machine_push(machine, value, err);
}

bool op_none(struct machine *machine, struct err *err)
{
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_NONE}, err);
}

bool op_newtrue(struct machine *machine, struct err *err)
{
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_BOOL, .truth = true}, err);
}

bool op_newfalse(struct machine *machine, struct err *err)
{
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_BOOL}, err);
}

static bool push_whole(struct machine *machine, unsigned size, bool with_sign, struct err *err)
{
    struct pickle value = {.kind = PICKLE_INT};
    uint64_t bits = 0;
    if (with_sign ? !literal_signed(&machine->in, size, &value.whole, err)
                  : !literal_unsigned(&machine->in, size, &bits, err))
        return false;
    if (!with_sign)
        value.whole = (int64_t)bits;
    return machine_push_new(machine, value, err);
}

bool op_binint(struct machine *machine, struct err *err)
{
    return push_whole(machine, 4, true, err);
}

bool op_binint1(struct machine *machine, struct err *err)
{
    return push_whole(machine, 1, false, err);
}

bool op_binint2(struct machine *machine, struct err *err)
{
    return push_whole(machine, 2, false, err);
}

static bool push_decimal(struct machine *machine, bool bools, struct err *err)
{
    struct view line;
    struct pickle value;
    return literal_line(&machine->in, &line, err) && literal_decimal(line, bools, &value, err) &&
           machine_push_new(machine, value, err);
}

bool op_int(struct machine *machine, struct err *err)
{
    return push_decimal(machine, true, err);
}

bool op_long(struct machine *machine, struct err *err)
{
    return push_decimal(machine, false, err);
}

static bool push_long(struct machine *machine, unsigned size_size, struct err *err)
{
    struct view bytes;
    struct pickle value;
    if (!literal_counted(&machine->in, size_size, &bytes, err))
        return false;
    literal_long(bytes, &value);
    return machine_push_new(machine, value, err);
}

bool op_long1(struct machine *machine, struct err *err)
{
    return push_long(machine, 1, err);
}

bool op_long4(struct machine *machine, struct err *err)
{
    return push_long(machine, 4, err);
}

bool op_float(struct machine *machine, struct err *err)
{
    struct view line;
    struct pickle value = {.kind = PICKLE_FLOAT};
    return literal_line(&machine->in, &line, err) && literal_float(line, &value.number, err) &&
           machine_push_new(machine, value, err);
}

bool op_binfloat(struct machine *machine, struct err *err)
{
    struct pickle value = {.kind = PICKLE_FLOAT};
    return literal_double(&machine->in, &value.number, err) &&
           machine_push_new(machine, value, err);
}

/* ---------------------------------------------------------------- bytes and text */

static bool push_counted(struct machine *machine, enum pickle_kind kind, unsigned size_size,
                         struct err *err)
{
    struct pickle value = {.kind = kind};
    return literal_counted(&machine->in, size_size, &value.bytes, err) &&
           machine_push_new(machine, value, err);
}

bool op_binbytes1(struct machine *machine, struct err *err)
{
    return push_counted(machine, PICKLE_BYTES, 1, err);
}

bool op_binbytes4(struct machine *machine, struct err *err)
{
    return push_counted(machine, PICKLE_BYTES, 4, err);
}

bool op_binbytes8(struct machine *machine, struct err *err)
{
    return push_counted(machine, PICKLE_BYTES, 8, err);
}

/* Its count has a sign, and no pickle has so much text that it would show. */
bool op_binstring(struct machine *machine, struct err *err)
{
    return push_counted(machine, PICKLE_BYTES, 4, err);
}

bool op_binunicode1(struct machine *machine, struct err *err)
{
    return push_counted(machine, PICKLE_TEXT, 1, err);
}

bool op_binunicode4(struct machine *machine, struct err *err)
{
    return push_counted(machine, PICKLE_TEXT, 4, err);
}

bool op_binunicode8(struct machine *machine, struct err *err)
{
    return push_counted(machine, PICKLE_TEXT, 8, err);
}

bool op_string(struct machine *machine, struct err *err)
{
    struct view line;
    struct pickle value = {.kind = PICKLE_BYTES};
    return literal_line(&machine->in, &line, err) &&
           literal_quoted(line, machine->arena, &value.bytes, err) &&
           machine_push_new(machine, value, err);
}

bool op_unicode(struct machine *machine, struct err *err)
{
    struct view line;
    struct pickle value = {.kind = PICKLE_TEXT};
    return literal_line(&machine->in, &line, err) &&
           literal_unicode(line, machine->arena, &value.bytes, err) &&
           machine_push_new(machine, value, err);
}

/* ---------------------------------------------------------------- containers */

bool op_empty_list(struct machine *machine, struct err *err)
{
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_LIST}, err);
}

bool op_empty_dict(struct machine *machine, struct err *err)
{
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_DICT}, err);
}

bool op_empty_set(struct machine *machine, struct err *err)
{
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_SET}, err);
}

bool op_empty_tuple(struct machine *machine, struct err *err)
{
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_TUPLE}, err);
}

static bool push_items(struct machine *machine, enum pickle_kind kind, struct pickle *const *item,
                       size_t count, struct err *err)
{
    struct pickle *list = machine_items(machine, kind, item, count, err);
    return list != NULL && machine_push(machine, list, err);
}

static bool push_marked(struct machine *machine, enum pickle_kind kind, struct err *err)
{
    struct pickle **item;
    size_t count;
    return machine_pop_mark(machine, &item, &count, err) &&
           push_items(machine, kind, item, count, err);
}

bool op_list(struct machine *machine, struct err *err)
{
    return push_marked(machine, PICKLE_LIST, err);
}

bool op_tuple(struct machine *machine, struct err *err)
{
    return push_marked(machine, PICKLE_TUPLE, err);
}

bool op_dict(struct machine *machine, struct err *err)
{
    return push_marked(machine, PICKLE_DICT, err);
}

bool op_frozenset(struct machine *machine, struct err *err)
{
    return push_marked(machine, PICKLE_SET, err);
}

static bool push_tuple(struct machine *machine, size_t count, struct err *err)
{
    struct pickle *item[3];
    return machine_pop(machine, count, item, err) &&
           push_items(machine, PICKLE_TUPLE, item, count, err);
}

bool op_tuple1(struct machine *machine, struct err *err)
{
    return push_tuple(machine, 1, err);
}

bool op_tuple2(struct machine *machine, struct err *err)
{
    return push_tuple(machine, 2, err);
}

bool op_tuple3(struct machine *machine, struct err *err)
{
    return push_tuple(machine, 3, err);
}

/* What items are added to: the value on top, or, of an object, the part of it that holds them. */
static bool holder(struct machine *machine, enum pickle_kind kind, struct pickle **out,
                   struct err *err)
{
    if (!machine_top(machine, out, err))
        return false;
    if ((*out)->kind == kind)
        return true;
    if ((*out)->kind != PICKLE_OBJECT || kind == PICKLE_SET)
        return err_set(err, ERR_MODEL, "it adds to '" VIEW_FMT "', which takes nothing of the kind",
                       VIEW_ARG(pickle_describe(*out)));
    struct pickle_object *object = (*out)->object;
    struct pickle **part = kind == PICKLE_DICT ? &object->dict : &object->list;
    if (*part == NULL)
        *part = machine_keep(machine, (struct pickle){.kind = kind}, err);
    *out = *part;
    return *part != NULL;
}

static bool add_popped(struct machine *machine, enum pickle_kind kind, size_t count,
                       struct err *err)
{
    struct pickle *item[2], *to;
    return machine_pop(machine, count, item, err) && holder(machine, kind, &to, err) &&
           machine_extend(machine, to, item, count, err);
}

static bool add_marked(struct machine *machine, enum pickle_kind kind, struct err *err)
{
    struct pickle **item, *to;
    size_t count;
    if (!machine_pop_mark(machine, &item, &count, err) || !holder(machine, kind, &to, err))
        return false;
    if (kind == PICKLE_DICT && count % 2 != 0)
        return err_set(err, ERR_MODEL, "a key has no value");
    return machine_extend(machine, to, item, count, err);
}

bool op_append(struct machine *machine, struct err *err)
{
    return add_popped(machine, PICKLE_LIST, 1, err);
}

bool op_setitem(struct machine *machine, struct err *err)
{
    return add_popped(machine, PICKLE_DICT, 2, err);
}

bool op_appends(struct machine *machine, struct err *err)
{
    return add_marked(machine, PICKLE_LIST, err);
}

bool op_setitems(struct machine *machine, struct err *err)
{
    return add_marked(machine, PICKLE_DICT, err);
}

bool op_additems(struct machine *machine, struct err *err)
{
    return add_marked(machine, PICKLE_SET, err);
}
