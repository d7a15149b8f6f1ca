/* Opcodes that import, call and build in Python, and only take note here. */
#include "model/numpy.h"
#include "model/pickle_machine.h"

/* ---------------------------------------------------------------- names */

static bool push_global(struct machine *machine, struct view module, struct view name,
                        struct err *err)
{
    if (module.length == 0 || name.length == 0 || module.length + name.length + 1 > PICKLE_NAME_MAX)
        return err_set(err, ERR_MODEL, "a class's name is empty or longer than %d bytes",
                       PICKLE_NAME_MAX);
    if (!view_is_utf8(module) || !view_is_utf8(name))
        return err_set(err, ERR_MODEL, "a class's name is no text");
    char *whole = arena_new(machine->arena, char, module.length + name.length + 2);
    if (whole == NULL)
        return machine_full(err);
    memcpy(whole, module.text, module.length);
    whole[module.length] = '.';
    memcpy(whole + module.length + 1, name.text, name.length);
    struct view joined = {whole, module.length + name.length + 1};
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_GLOBAL, .bytes = joined}, err);
}

bool op_global(struct machine *machine, struct err *err)
{
    struct view module, name;
    return literal_line(&machine->in, &module, err) && literal_line(&machine->in, &name, err) &&
           push_global(machine, module, name, err);
}

bool op_stack_global(struct machine *machine, struct err *err)
{
    struct pickle *part[2];
    if (!machine_pop(machine, 2, part, err))
        return false;
    if (part[0]->kind != PICKLE_TEXT || part[1]->kind != PICKLE_TEXT)
        return err_set(err, ERR_MODEL, "a class's name is " VIEW_FMT " and " VIEW_FMT ", not text",
                       VIEW_ARG(pickle_describe(part[0])), VIEW_ARG(pickle_describe(part[1])));
    return push_global(machine, part[0]->bytes, part[1]->bytes, err);
}

/* ---------------------------------------------------------------- calls */

static bool push_object(struct machine *machine, const struct pickle *callee,
                        const struct pickle *args, struct err *err)
{
    struct pickle_object *object = arena_new(machine->arena, struct pickle_object, 1);
    if (object == NULL)
        return machine_full(err);
    *object = (struct pickle_object){.callee = callee, .args = args};
    return machine_push_new(machine, (struct pickle){.kind = PICKLE_OBJECT, .object = object}, err);
}

static bool is_either(const struct pickle *callee, const char *name, const char *python2)
{
    return callee->kind == PICKLE_GLOBAL &&
           (view_is(callee->bytes, name) || view_is(callee->bytes, python2));
}

/* Text whose characters stand for bytes. The work is counted: one text could be named often. */
static bool push_recoded(struct machine *machine, struct view text, struct err *err)
{
    struct pickle value = {.kind = PICKLE_BYTES};
    machine->recoded += text.length;
    if (machine->recoded / 4 > machine->in.bytes.length)
        return err_set(err, ERR_LIMIT, "more bytes are made out of text than the file has");
    return literal_latin1(text, machine->arena, &value.bytes, err) &&
           machine_push_new(machine, value, err);
}

static bool push_bytes(struct machine *machine, const struct pickle *args, struct err *err)
{
    const struct pickle *first = pickle_item(args, 0);
    if (first != NULL && first->kind == PICKLE_TEXT)
        return push_recoded(machine, first->bytes, err);
    struct pickle value = {.kind = PICKLE_BYTES, .bytes = {"", 0}};
    if (first != NULL)
        value.bytes = first->bytes;
    return machine_push_new(machine, value, err);
}

/* The rest of a tuple, sharing its items. */
static struct pickle *tuple_from(struct machine *machine, const struct pickle *tuple, uint32_t from,
                                 struct err *err)
{
    struct pickle rest = {.kind = PICKLE_TUPLE, .count = tuple->count - from};
    if (rest.count > 0)
        rest.item = tuple->item + from;
    return machine_keep(machine, rest, err);
}

static bool is_latin1(const struct pickle *name)
{
    return name == NULL || pickle_is_text(name, "latin1") || pickle_is_text(name, "latin-1");
}

/* The call of `callee`, noted, or, for the few that older protocols need, what it gives. */
static bool push_call(struct machine *machine, struct pickle *callee, struct pickle *args,
                      struct err *err)
{
    if (args->kind != PICKLE_TUPLE)
        return err_set(err, ERR_MODEL, "the arguments are " VIEW_FMT ", not a tuple",
                       VIEW_ARG(pickle_describe(args)));
    const struct pickle *first = pickle_item(args, 0);
    bool has_class = first != NULL && first->kind == PICKLE_GLOBAL;
    bool has_bytes = first == NULL || first->kind == PICKLE_BYTES ||
                     (first->kind == PICKLE_TEXT && is_latin1(pickle_item(args, 1)));
    if (has_bytes && (is_either(callee, "_codecs.encode", "_codecs.encode") ||
                      is_either(callee, "builtins.bytes", "__builtin__.bytes") ||
                      is_either(callee, "builtins.bytearray", "__builtin__.bytearray")))
        return push_bytes(machine, args, err);
    if (has_class && is_either(callee, "copyreg._reconstructor", "copy_reg._reconstructor")) {
        struct pickle *none = machine_keep(machine, (struct pickle){.kind = PICKLE_TUPLE}, err);
        return none != NULL && push_object(machine, first, none, err);
    }
    if (has_class && is_either(callee, "copyreg.__newobj__", "copy_reg.__newobj__")) {
        struct pickle *rest = tuple_from(machine, args, 1, err);
        return rest != NULL && push_object(machine, first, rest, err);
    }
    bool has_list = first != NULL && first->kind == PICKLE_LIST;
    if (has_list && (is_either(callee, "builtins.set", "__builtin__.set") ||
                     is_either(callee, "builtins.frozenset", "__builtin__.frozenset"))) {
        struct pickle set = {.kind = PICKLE_SET, .count = first->count, .item = first->item};
        return machine_push_new(machine, set, err);
    }
    return push_object(machine, callee, args, err);
}

bool op_reduce(struct machine *machine, struct err *err)
{
    struct pickle *part[2];
    return machine_pop(machine, 2, part, err) && push_call(machine, part[0], part[1], err);
}

/* Keyword arguments are not kept: no class that is read takes any. */
static bool push_new_object(struct machine *machine, struct pickle *const *part, struct err *err)
{
    if (part[1]->kind != PICKLE_TUPLE)
        return err_set(err, ERR_MODEL, "the arguments are " VIEW_FMT ", not a tuple",
                       VIEW_ARG(pickle_describe(part[1])));
    return push_object(machine, part[0], part[1], err);
}

bool op_newobj(struct machine *machine, struct err *err)
{
    struct pickle *part[2];
    return machine_pop(machine, 2, part, err) && push_new_object(machine, part, err);
}

bool op_newobj_ex(struct machine *machine, struct err *err)
{
    struct pickle *part[3];
    return machine_pop(machine, 3, part, err) && push_new_object(machine, part, err);
}

bool op_obj(struct machine *machine, struct err *err)
{
    struct pickle **item;
    size_t count;
    if (!machine_pop_mark(machine, &item, &count, err))
        return false;
    if (count == 0)
        return err_set(err, ERR_MODEL, "the stack is empty");
    struct pickle *class = item[0];
    struct pickle *args = machine_items(machine, PICKLE_TUPLE, item + 1, count - 1, err);
    return args != NULL && push_object(machine, class, args, err);
}

bool op_inst(struct machine *machine, struct err *err)
{
    struct pickle **item, *class;
    size_t count;
    if (!machine_pop_mark(machine, &item, &count, err))
        return false;
    struct pickle *args = machine_items(machine, PICKLE_TUPLE, item, count, err);
    return args != NULL && op_global(machine, err) && machine_pop(machine, 1, &class, err) &&
           push_object(machine, class, args, err);
}

/* ---------------------------------------------------------------- state */

/* joblib writes an array behind the object that says what it is: a pickle of its own, or a count
 * of padding bytes, the padding, and the elements. */
static bool take_array(struct machine *machine, struct pickle *value, struct err *err)
{
    bool pickled, padded;
    size_t size;
    uint64_t padding;
    struct view skipped;
    struct pickle_object *object = value->object;
    if (!numpy_wrapped(value, &pickled, &padded, &size, err))
        return false;
    if (pickled)
        return pickle_read_inside(machine, &object->inner, err);
    if (padded && (!literal_unsigned(&machine->in, 1, &padding, err) ||
                   !literal_take(&machine->in, padding, &skipped, err)))
        return false;
    return literal_take(&machine->in, size, &object->data, err);
}

bool op_build(struct machine *machine, struct err *err)
{
    struct pickle *state, *value;
    if (!machine_pop(machine, 1, &state, err) || !machine_top(machine, &value, err))
        return false;
    if (value->kind != PICKLE_OBJECT)
        return err_set(err, ERR_MODEL, "it gives a state to " VIEW_FMT,
                       VIEW_ARG(pickle_describe(value)));
    value->object->state = state;
    if (!machine->inside && numpy_is_wrapper(value))
        return take_array(machine, value, err);
    return true;
}
