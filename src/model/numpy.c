#include "model/numpy.h"

#include "base/text.h"

enum { ELEMENT_MAX = 1 << 16 }; /* bytes of one element: a structured one has a few dozen */

/* ---------------------------------------------------------------- element types */

struct type {
    char kind;
    bool big_endian;
    size_t size;
};

static bool refuse_type(const struct pickle *dtype, struct err *err)
{
    return err_set(err, ERR_MODEL, "an array's element type is " VIEW_FMT ", not a numpy dtype",
                   VIEW_ARG(pickle_describe(dtype)));
}

/* numpy.dtype('f8', False, True) with the state (3, '<', subtype, names, fields, size, ...). */
static bool read_type(const struct pickle *dtype, struct type *out, struct err *err)
{
    struct view code, order = VIEW("<");
    if (!pickle_is(dtype, "numpy.dtype") || !pickle_bytes(pickle_argument(dtype, 0), &code))
        return refuse_type(dtype, err);
    const struct pickle *state = dtype->object->state;
    if (pickle_item(state, 1) != NULL && !pickle_bytes(pickle_item(state, 1), &order))
        return refuse_type(dtype, err);
    if (code.length > 0 && memchr("<>|=", code.text[0], 4) != NULL) {
        order = (struct view){code.text, 1};
        code = view_from(code, 1);
    }
    if (!pickle_is_none(pickle_item(state, 2)))
        return err_set(err, ERR_MODEL, "an element type is an array itself, which is not read");
    size_t size = 0;
    for (size_t i = 1; i < code.length; i++) {
        if (code.text[i] < '0' || code.text[i] > '9' || size > ELEMENT_MAX)
            return err_set(err, ERR_MODEL, "element type '" VIEW_FMT "' is not read",
                           VIEW_ARG(code));
        size = size * 10 + (size_t)(code.text[i] - '0');
    }
    char kind = code.length > 0 ? code.text[0] : 0;
    int64_t said;
    if (pickle_whole(pickle_item(state, 5), &said) && said >= 0) /* -1: as the code says */
        size = said > ELEMENT_MAX ? ELEMENT_MAX + 1 : (size_t)said;
    else if (kind == 'U')
        size *= 4;
    if (kind == 0 || size > ELEMENT_MAX)
        return err_set(err, ERR_MODEL, "element type '" VIEW_FMT "' is not read", VIEW_ARG(code));
    *out = (struct type){.kind = kind, .big_endian = view_is(order, ">"), .size = size};
    return true;
}

static bool is_number(char kind, size_t size)
{
    switch (kind) {
    case 'f':
        return size == 4 || size == 8;
    case 'i':
    case 'u':
        return size == 1 || size == 2 || size == 4 || size == 8;
    case 'b':
        return size == 1;
    default:
        return false;
    }
}

/* ---------------------------------------------------------------- arrays */

static bool read_shape(const struct pickle *shape, struct numpy *out, struct err *err)
{
    if (shape == NULL || shape->kind != PICKLE_TUPLE || shape->count > NUMPY_DIMENSIONS_MAX)
        return err_set(err, ERR_MODEL, "an array's shape is not one of at most %d dimensions",
                       NUMPY_DIMENSIONS_MAX);
    out->count = 1;
    out->dimensions = shape->count;
    for (size_t i = 0; i < shape->count; i++) {
        int64_t length;
        if (!pickle_whole(shape->item[i], &length) || length < 0 ||
            __builtin_mul_overflow(out->count, (size_t)length, &out->count) ||
            out->count > PTRDIFF_MAX)
            return err_set(err, ERR_MODEL, "dimension %zu of an array is no length", i);
        out->shape[i] = (size_t)length;
    }
    return true;
}

static bool read_kind(const struct pickle *dtype, struct numpy *out, struct err *err)
{
    struct type type;
    size_t bytes;
    if (!read_type(dtype, &type, err))
        return false;
    if (__builtin_mul_overflow(type.size, out->count, &bytes))
        return err_set(err, ERR_MODEL, "an array is larger than any file");
    out->kind = type.kind;
    out->big_endian = type.big_endian;
    out->size = type.size;
    out->dtype = dtype;
    return true;
}

static bool take_bytes(const struct pickle *bytes, struct numpy *out, struct err *err)
{
    if (!pickle_bytes(bytes, &out->data))
        return err_set(err, ERR_MODEL, "an array's elements are " VIEW_FMT ", not bytes",
                       VIEW_ARG(pickle_describe(bytes)));
    if (out->data.length != out->size * out->count)
        return err_set(err, ERR_MODEL, "an array of %zu elements of %zu bytes has %zu bytes",
                       out->count, out->size, out->data.length);
    return true;
}

static bool take_objects(const struct pickle *list, struct numpy *out, struct err *err)
{
    if (list == NULL || list->kind != PICKLE_LIST || list->count != out->count)
        return err_set(err, ERR_MODEL, "an array of %zu objects does not list them", out->count);
    out->object = list;
    return true;
}

/* numpy.core.multiarray._reconstruct(...) with the state (1, shape, dtype, fortran, elements). */
static bool rebuilt(const struct pickle *value, struct numpy *out, struct err *err)
{
    const struct pickle *state = value->object->state;
    const struct pickle *elements = pickle_item(state, 4);
    if (!read_shape(pickle_item(state, 1), out, err) || !read_kind(pickle_item(state, 2), out, err))
        return false;
    out->fortran = pickle_is_true(pickle_item(state, 3), false);
    return out->kind == 'O' ? take_objects(elements, out, err) : take_bytes(elements, out, err);
}

/* numpy.core.numeric._frombuffer(bytes, dtype, shape, order). */
static bool over_buffer(const struct pickle *value, struct numpy *out, struct err *err)
{
    out->fortran = pickle_is_text(pickle_argument(value, 3), "F");
    return read_shape(pickle_argument(value, 2), out, err) &&
           read_kind(pickle_argument(value, 1), out, err) &&
           take_bytes(pickle_argument(value, 0), out, err);
}

/* numpy.core.multiarray.scalar(dtype, bytes). */
static bool single(const struct pickle *value, struct numpy *out, struct err *err)
{
    out->count = 1;
    return read_kind(pickle_argument(value, 0), out, err) &&
           take_bytes(pickle_argument(value, 1), out, err);
}

static bool wrapper_head(const struct pickle *value, struct numpy *out, struct err *err)
{
    out->fortran = pickle_is_text(pickle_attribute(value, "order"), "F");
    return read_shape(pickle_attribute(value, "shape"), out, err) &&
           read_kind(pickle_attribute(value, "dtype"), out, err);
}

static bool is_rebuilt(const struct pickle *value)
{
    return pickle_is_in(value, "numpy", "multiarray._reconstruct");
}

static bool is_over_buffer(const struct pickle *value)
{
    return pickle_is_in(value, "numpy", "numeric._frombuffer");
}

static bool is_single(const struct pickle *value)
{
    return pickle_is_in(value, "numpy", "multiarray.scalar");
}

bool numpy_is_wrapper(const struct pickle *value)
{
    return pickle_is(value, "joblib.numpy_pickle.NumpyArrayWrapper") ||
           pickle_is(value, "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper");
}

bool numpy_wrapped(const struct pickle *wrapper, bool *pickled, bool *padded, size_t *size,
                   struct err *err)
{
    struct numpy array = {0};
    if (!wrapper_head(wrapper, &array, err))
        return err_while(err, "an array of joblib's");
    *pickled = array.kind == 'O';
    *padded = !pickle_is_none(pickle_attribute(wrapper, "numpy_array_alignment_bytes"));
    *size = array.size * array.count;
    return true;
}

bool numpy_is(const struct pickle *value)
{
    return value != NULL && value->kind == PICKLE_OBJECT &&
           (is_rebuilt(value) || is_over_buffer(value) || is_single(value) ||
            numpy_is_wrapper(value));
}

bool numpy_of(const struct pickle *value, struct numpy *out, struct err *err)
{
    struct numpy array = {0};
    if (value != NULL && value->kind == PICKLE_OBJECT && numpy_is_wrapper(value)) {
        const struct pickle *inner = value->object->inner;
        if (inner != NULL)
            value = inner; /* an array of objects: another way it is saved, never this one again */
        else if (!wrapper_head(value, &array, err))
            return false;
        array.data = value->object->data;
        if (inner == NULL && array.data.length != array.size * array.count)
            return err_set(err, ERR_MODEL, "an array of joblib's has no elements");
    }
    if (!numpy_is(value))
        return err_set(err, ERR_MODEL, "it is " VIEW_FMT ", not a numpy array",
                       VIEW_ARG(pickle_describe(value)));
    bool ok = is_rebuilt(value)       ? rebuilt(value, &array, err)
              : is_over_buffer(value) ? over_buffer(value, &array, err)
              : is_single(value)      ? single(value, &array, err)
                                      : array.dtype != NULL && array.kind != 'O';
    if (!ok)
        return err->kind != ERR_NONE ? false : err_set(err, ERR_MODEL, "an array holds itself");
    *out = array;
    return true;
}

/* ---------------------------------------------------------------- elements */

bool numpy_numbers(const struct numpy *array, struct numpy_column *out, struct err *err)
{
    if (!is_number(array->kind, array->size))
        return err_set(err, ERR_MODEL, "its elements, '%c%zu', are not numbers that are read",
                       array->kind, array->size);
    *out = (struct numpy_column){
        .first = array->data.text,
        .count = array->count,
        .stride = array->size,
        .kind = array->kind,
        .size = (unsigned)array->size,
        .big_endian = array->big_endian,
    };
    return true;
}

bool numpy_has_field(const struct numpy *array, const char *name)
{
    const struct pickle *fields = pickle_item(array->dtype->object->state, 4);
    return pickle_find(fields, name) != NULL;
}

bool numpy_field(const struct numpy *array, const char *name, struct numpy_column *out,
                 struct err *err)
{
    const struct pickle *fields = pickle_item(array->dtype->object->state, 4);
    const struct pickle *field = pickle_find(fields, name); /* (dtype, offset) */
    struct type type;
    int64_t offset;
    if (array->kind != 'V' || field == NULL)
        return err_set(err, ERR_MODEL, "its elements have no field '%s'", name);
    if (!read_type(pickle_item(field, 0), &type, err))
        return err_while(err, "field '%s'", name);
    if (!pickle_whole(pickle_item(field, 1), &offset) || !is_number(type.kind, type.size) ||
        offset < 0 || offset > (int64_t)array->size || type.size > array->size - (size_t)offset)
        return err_set(err, ERR_MODEL, "field '%s' is no number inside its element", name);
    *out = (struct numpy_column){
        .first = array->count == 0 ? NULL : array->data.text + offset,
        .count = array->count,
        .stride = array->size,
        .kind = type.kind,
        .size = (unsigned)type.size,
        .big_endian = type.big_endian,
    };
    return true;
}

static uint64_t bits_of(const struct numpy_column *column, size_t index)
{
    assert(index < column->count);
    const char *at = column->first + index * column->stride;
    uint64_t bits = 0;
    for (unsigned i = 0; i < column->size; i++) {
        unsigned place = column->big_endian ? i : column->size - 1 - i;
        bits = bits << 8 | (unsigned char)at[place];
    }
    return bits;
}

static int64_t whole_of(const struct numpy_column *column, uint64_t bits)
{
    unsigned unused = 64 - 8 * column->size;
    return column->kind == 'i' ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
}

static double float_of(const struct numpy_column *column, uint64_t bits)
{
    if (column->size == sizeof(float)) {
        uint32_t narrow = (uint32_t)bits;
        float value;
        memcpy(&value, &narrow, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double numpy_number(const struct numpy_column *column, size_t index)
{
    uint64_t bits = bits_of(column, index);
    if (column->kind == 'f')
        return float_of(column, bits);
    return column->kind == 'u' ? (double)bits : (double)whole_of(column, bits);
}

int64_t numpy_whole(const struct numpy_column *column, size_t index)
{
    uint64_t bits = bits_of(column, index);
    if (column->kind != 'f')
        return whole_of(column, bits);
    double value = float_of(column, bits);
    const double end = 9223372036854775808.0;
    return value >= -end && value < end ? (int64_t)value : INT64_MIN; /* NaN is not between */
}

size_t numpy_place(const struct numpy *array, size_t i, size_t j)
{
    assert(array->dimensions == 2 && i < array->shape[0] && j < array->shape[1]);
    return array->fortran ? j * array->shape[0] + i : i * array->shape[1] + j;
}

bool numpy_scalar(const struct pickle *value, double *out)
{
    struct numpy array;
    struct numpy_column column;
    struct err ignored = {0};
    if (value != NULL && (value->kind == PICKLE_INT || value->kind == PICKLE_FLOAT)) {
        *out = value->kind == PICKLE_INT ? (double)value->whole : value->number;
        return true;
    }
    if (!numpy_is(value) || !numpy_of(value, &array, &ignored) || array.count != 1 ||
        !numpy_numbers(&array, &column, &ignored))
        return false;
    *out = numpy_number(&column, 0);
    return true;
}

/* ---------------------------------------------------------------- texts */

/* UTF-32, NUL at the end where it is shorter than the longest. */
static bool narrow(const char *at, size_t size, bool big_endian, struct text *out)
{
    struct numpy_column letters = {.first = at,
                                   .count = size / 4,
                                   .stride = 4,
                                   .kind = 'u',
                                   .size = 4,
                                   .big_endian = big_endian};
    for (size_t i = 0; i < letters.count; i++) {
        uint64_t c = bits_of(&letters, i);
        if (c == 0)
            break;
        if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
            return false;
        if (c < 0x80) {
            text_addc(out, (char)c);
            continue;
        }
        if (c >= 0x10000)
            text_addc(out, (char)(0xf0 | c >> 18)), text_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        else if (c >= 0x800)
            text_addc(out, (char)(0xe0 | c >> 12));
        if (c >= 0x800)
            text_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        else
            text_addc(out, (char)(0xc0 | c >> 6));
        text_addc(out, (char)(0x80 | (c & 0x3f)));
    }
    return true;
}

bool numpy_text(const struct numpy *array, size_t index, struct arena *arena, struct view *out,
                struct err *err)
{
    assert(index < array->count);
    if (array->kind == 'O') {
        const struct pickle *item = array->object->item[index];
        if (pickle_bytes(item, out) && view_is_utf8(*out))
            return true;
        return err_set(err, ERR_MODEL, "entry %zu is " VIEW_FMT ", not text", index,
                       VIEW_ARG(pickle_describe(item)));
    }
    if (array->kind != 'U')
        return err_set(err, ERR_MODEL, "its elements, '%c%zu', are not text", array->kind,
                       array->size);
    char *bytes = arena_new(arena, char, array->size + 1); /* UTF-8 is no longer than UTF-32 */
    if (bytes == NULL)
        return err_set(err, ERR_LIMIT, "the names do not fit the memory limit");
    struct text text = text_in(bytes, array->size);
    if (!narrow(array->data.text + index * array->size, array->size, array->big_endian, &text))
        return err_set(err, ERR_MODEL, "entry %zu is not text", index);
    *out = text_view(&text);
    return true;
}
