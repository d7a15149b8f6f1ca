#include "train/npy.h"

#include "base/file.h"
#include "base/number.h"

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [NPY_F4] = {"<f4", 4},
    [NPY_U1] = {"|u1", 1},
    [NPY_U4] = {"<u4", 4},
};

enum { PREFIX = 10, ALIGNMENT = 64 }; /* magic, version, header length; total is a multiple */

static size_t header_of(const struct npy *array, char header[256])
{
    char shape[64];
    if (array->width == 0)
        snprintf(shape, sizeof shape, "(%zu,)", array->rows);
    else
        snprintf(shape, sizeof shape, "(%zu, %zu)", array->rows, array->width);
    size_t length = (size_t)snprintf(header + PREFIX, 256 - PREFIX,
                                     "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                                     types[array->type].name, shape);
    while ((PREFIX + length + 1) % ALIGNMENT != 0)
        header[PREFIX + length++] = ' ';
    header[PREFIX + length++] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(length & 0xff);
    header[9] = (char)(length >> 8);
    return PREFIX + length;
}

static size_t size_of(const struct npy *array)
{
    return array->rows * (array->width == 0 ? 1 : array->width) * types[array->type].size;
}

bool npy_save(const char *path, const struct npy *array, struct err *err)
{
    char header[256];
    size_t header_size = header_of(array, header), size = size_of(array);
    CLEANUP(arena_release) struct arena arena = {.limit = header_size + size + 4096};
    char *at = arena_new(&arena, char, header_size + size);
    if (at == NULL)
        return err_set(err, ERR_LIMIT, "'%s' is too large to write", path);
    memcpy(at, header, header_size);
    if (size > 0)
        memcpy(at + header_size, array->value, size);
    return file_save(path, (struct view){at, header_size + size}, err);
}

/* "(120, 30)" or "(120,)" after 'shape': */
static bool read_shape(struct view header, struct npy *out)
{
    const char *shape = memmem(header.text, header.length, "'shape': (", 10);
    if (shape == NULL)
        return false;
    struct view rest = view_from(header, (size_t)(shape - header.text) + 10), dims, one;
    int64_t size[2] = {0};
    size_t count = 0;
    if (!view_cut(&rest, ')', &dims) || !view_is(view_trim(rest), ", }"))
        return false;
    while (view_cut(&dims, ',', &one)) {
        one = view_trim(one);
        if (one.length == 0 && count == 1 && dims.text == NULL)
            break; /* "(120,)" */
        if (count == 2 || !number_parse_i64(one, &size[count++]) || size[count - 1] < 0)
            return false;
    }
    out->rows = (size_t)size[0];
    out->width = count == 2 ? (size_t)size[1] : 0;
    return count > 0 && (count == 1 || out->width > 0);
}

static bool read_header(struct view file, enum npy_type type, size_t *data, struct npy *out)
{
    if (file.length < PREFIX || memcmp(file.text, "\x93NUMPY\x01\x00", 8) != 0)
        return false;
    size_t length = (unsigned char)file.text[8] | (size_t)(unsigned char)file.text[9] << 8;
    if (length > file.length - PREFIX)
        return false;
    struct view header = {file.text + PREFIX, length};
    char wanted[64];
    snprintf(wanted, sizeof wanted, "{'descr': '%s', 'fortran_order': False, ", types[type].name);
    out->type = type;
    if (!view_starts(header, wanted) || !read_shape(header, out))
        return false;
    size_t elements;
    if (__builtin_mul_overflow(out->rows, out->width == 0 ? 1 : out->width, &elements) ||
        elements != (file.length - PREFIX - length) / types[type].size ||
        (file.length - PREFIX - length) % types[type].size != 0)
        return false;
    *data = PREFIX + length;
    return true;
}

bool npy_load(const char *path, enum npy_type type, struct arena *arena, struct npy *out,
              struct err *err)
{
    struct view file;
    struct npy made = {0};
    size_t data;
    if (!file_load(path, SIZE_MAX / 2, arena, &file, err))
        return false;
    if (!read_header(file, type, &data, &made))
        return err_set(err, ERR_INPUT, "'%s' is no NumPy array of type %s", path, types[type].name);
    if (data % 16 != 0) { /* the arena aligns its start, and the header fills whole lines */
        void *copy = arena_alloc(arena, 1, file.length - data);
        if (copy == NULL)
            return err_set(err, ERR_LIMIT, "'%s' does not fit the memory limit", path);
        memcpy(copy, file.text + data, file.length - data);
        made.value = copy;
    } else {
        made.value = file.text + data;
    }
    *out = made;
    return true;
}
