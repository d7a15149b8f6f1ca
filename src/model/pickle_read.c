#include "model/pickle_read.h"

#include "model/pickle_machine.h"

enum { PROTOCOL_MAX = 5 };

static void forget(struct machine *machine)
{
    arena_release(&machine->scratch);
}

/* ---------------------------------------------------------------- the memo */

/* A pickle puts no more than one value for each of its bytes, so no index is past those read. */
static bool remember(struct machine *machine, uint64_t index, struct err *err)
{
    struct pickle *value;
    if (!machine_top(machine, &value, err))
        return false;
    if (index > machine->in.at - machine->start)
        return err_set(err, ERR_MODEL, "memo entry %llu comes before the ones below it",
                       (unsigned long long)index);
    if (index >= machine->memo.count &&
        pile_add(&machine->memo, sizeof value, (size_t)index + 1 - machine->memo.count,
                 &machine->scratch, err) == NULL)
        return false;
    struct pickle **place = (struct pickle **)machine->memo.item + index;
    machine->memo_used += *place == NULL;
    *place = value;
    return true;
}

static bool recall(struct machine *machine, uint64_t index, struct err *err)
{
    struct pickle *const *memo = machine->memo.item;
    if (index >= machine->memo.count || memo[index] == NULL)
        return err_set(err, ERR_MODEL, "memo entry %llu was never put", (unsigned long long)index);
    return machine_push(machine, memo[index], err);
}

static bool line_index(struct machine *machine, uint64_t *out, struct err *err)
{
    struct view line;
    struct pickle value;
    if (!literal_line(&machine->in, &line, err) || !literal_decimal(line, false, &value, err))
        return false;
    if (value.kind != PICKLE_INT || value.whole < 0)
        return err_set(err, ERR_MODEL, "'" VIEW_FMT "' is no memo entry", VIEW_ARG(line));
    *out = (uint64_t)value.whole;
    return true;
}

bool op_put(struct machine *machine, struct err *err)
{
    uint64_t index;
    return line_index(machine, &index, err) && remember(machine, index, err);
}

bool op_put1(struct machine *machine, struct err *err)
{
    uint64_t index;
    return literal_unsigned(&machine->in, 1, &index, err) && remember(machine, index, err);
}

bool op_put4(struct machine *machine, struct err *err)
{
    uint64_t index;
    return literal_unsigned(&machine->in, 4, &index, err) && remember(machine, index, err);
}

bool op_memoize(struct machine *machine, struct err *err)
{
    return remember(machine, machine->memo_used, err);
}

bool op_get(struct machine *machine, struct err *err)
{
    uint64_t index;
    return line_index(machine, &index, err) && recall(machine, index, err);
}

bool op_get1(struct machine *machine, struct err *err)
{
    uint64_t index;
    return literal_unsigned(&machine->in, 1, &index, err) && recall(machine, index, err);
}

bool op_get4(struct machine *machine, struct err *err)
{
    uint64_t index;
    return literal_unsigned(&machine->in, 4, &index, err) && recall(machine, index, err);
}

/* ---------------------------------------------------------------- the file */

bool op_proto(struct machine *machine, struct err *err)
{
    uint64_t protocol;
    if (!literal_unsigned(&machine->in, 1, &protocol, err))
        return false;
    return protocol <= PROTOCOL_MAX ||
           err_set(err, ERR_MODEL,
                   "protocol %llu is newer than the ones that are read: save with protocol=%d",
                   (unsigned long long)protocol, PROTOCOL_MAX);
}

/* Frames say how to read ahead, and the bytes are all here. */
bool op_frame(struct machine *machine, struct err *err)
{
    uint64_t size;
    return literal_unsigned(&machine->in, 8, &size, err);
}

bool op_stop(struct machine *machine, struct err *err)
{
    struct pickle *value;
    machine->done = true;
    return machine_top(machine, &value, err);
}

bool op_persistent(struct machine *machine UNUSED, struct err *err)
{
    return err_set(err, ERR_MODEL,
                   "it names an object kept outside the file (a persistent id): save the model "
                   "with pickle.dump or joblib.dump, without a pickler of its own");
}

bool op_extension(struct machine *machine UNUSED, struct err *err)
{
    return err_set(err, ERR_MODEL,
                   "it names a class by an extension code (copyreg.add_extension), which only the "
                   "program that wrote it knows: save the model without registered extensions");
}

bool op_outside(struct machine *machine UNUSED, struct err *err)
{
    return err_set(err, ERR_MODEL,
                   "it keeps its arrays outside the file (buffer_callback): save the model with "
                   "pickle.dump or joblib.dump");
}

static const struct op {
    const char *name;
    bool (*run)(struct machine *machine, struct err *err);
} ops[256] = {
#define OP(byte, name, function) [byte] = {#name, function},
#include "model/pickle_ops.def"
#undef OP
};

static bool run(struct machine *machine, struct err *err)
{
    while (!machine->done) { /* each turn takes a byte */
        size_t at = machine->in.at;
        if (at == machine->in.bytes.length)
            return err_set(err, ERR_MODEL, "byte %zu: there is no STOP: the file is cut short", at);
        unsigned char byte = (unsigned char)machine->in.bytes.text[machine->in.at++];
        if (ops[byte].run == NULL)
            return err_set(err, ERR_MODEL, "byte %zu: 0x%02x is no opcode of pickle's", at, byte);
        if (!ops[byte].run(machine, err))
            return err_while(err, "byte %zu: %s", at, ops[byte].name);
    }
    return true;
}

bool pickle_read_inside(struct machine *outer, const struct pickle **out, struct err *err)
{
    CLEANUP(forget)
    struct machine machine = {
        .in = outer->in,
        .start = outer->in.at,
        .arena = outer->arena,
        .scratch = {.limit = outer->scratch.limit},
        .chunk = outer->chunk,
        .chunk_left = outer->chunk_left,
        .value_count = outer->value_count,
        .recoded = outer->recoded,
        .inside = true,
    };
    struct pickle *value = NULL;
    if (!run(&machine, err) || !machine_top(&machine, &value, err))
        return false;
    outer->in = machine.in;
    outer->chunk = machine.chunk;
    outer->chunk_left = machine.chunk_left;
    outer->value_count = machine.value_count;
    outer->recoded = machine.recoded;
    *out = value;
    return true;
}

bool pickle_is_one(struct view bytes)
{
    if (bytes.length < 2)
        return false;
    unsigned char first = (unsigned char)bytes.text[0], second = (unsigned char)bytes.text[1];
    if (first == 0x80) /* of one whose end is lost the reader says where it ends */
        return second <= PROTOCOL_MAX;
    static const char begins[] = "(]}cFIGJKMLNVSTUX";
    return memchr(begins, first, sizeof begins - 1) != NULL && bytes.text[bytes.length - 1] == '.';
}

bool pickle_read(struct view bytes, struct arena *arena, const struct pickle **out, struct err *err)
{
    CLEANUP(forget)
    struct machine machine = {
        .in = {.bytes = bytes},
        .arena = arena,
        .scratch = {.limit = arena->limit},
    };
    if (bytes.length > PICKLE_SIZE_MAX)
        return err_set(err, ERR_LIMIT, "the pickle is larger than %d bytes", PICKLE_SIZE_MAX);
    struct pickle *value = NULL;
    if (!run(&machine, err) || !machine_top(&machine, &value, err))
        return false;
    size_t behind = bytes.length - machine.in.at;
    if (behind > 0)
        return err_set(err, ERR_MODEL,
                       "%zu bytes follow the pickle's end: save one object to a file", behind);
    *out = value;
    return true;
}
