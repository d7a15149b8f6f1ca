#include "model/onnx_proto.h"

#include "model/onnx.pb-c.h"

/* ------------------------------------------------------------------ memory */

/*
 * protobuf-c asks and gives back as it pleases; an arena only gives. What comes back waits in a
 * list for the next of its size, by powers of two: that is how protobuf-c grows its own lists.
 */
enum { BINS = 48, BIN_MIN = 5 };

union chunk {
    struct {
        union chunk *next;
        unsigned bin;
    };
    _Alignas(16) unsigned char room[16]; /* the bytes follow */
};

struct pool {
    struct arena *arena;
    union chunk *free[BINS];
    bool full;
};

static void *pool_alloc(void *self, size_t size)
{
    struct pool *pool = self;
    unsigned bin = BIN_MIN;
    while (bin < BINS && ((size_t)1 << bin) - sizeof(union chunk) < size)
        bin++;
    union chunk *chunk = bin < BINS ? pool->free[bin] : NULL;
    if (chunk != NULL)
        pool->free[bin] = chunk->next;
    else if (bin < BINS)
        chunk = arena_alloc(pool->arena, (size_t)1 << bin, 1);
    if (chunk == NULL) {
        pool->full = true;
        return NULL;
    }
    chunk->bin = bin;
    return chunk + 1;
}

static void pool_free(void *self, void *bytes)
{
    struct pool *pool = self;
    if (bytes == NULL)
        return;
    union chunk *chunk = (union chunk *)bytes - 1;
    chunk->next = pool->free[chunk->bin];
    pool->free[chunk->bin] = chunk;
}

/* ------------------------------------------------------------------- layout */

/* What lays the messages out; the arena being full is noted, and said once at the end. */
struct layout {
    struct arena *arena;
    bool full;
};

static void *room_for(struct layout *layout, size_t size, size_t count)
{
    void *room = arena_alloc(layout->arena, size, count);
    layout->full = layout->full || room == NULL;
    return room;
}

static struct view view_of_bytes(ProtobufCBinaryData bytes)
{
    return (struct view){bytes.data == NULL ? "" : (const char *)bytes.data, bytes.len};
}

static const struct view *lay_texts(struct layout *layout, const ProtobufCBinaryData *bytes,
                                    size_t *count)
{
    struct view *text = room_for(layout, sizeof *text, *count);
    if (text == NULL)
        *count = 0;
    for (size_t i = 0; i < *count; i++)
        text[i] = view_of_bytes(bytes[i]);
    return text;
}

static const double *lay_floats(struct layout *layout, const float *value, size_t *count)
{
    double *wide = room_for(layout, sizeof *wide, *count);
    if (wide == NULL)
        *count = 0;
    for (size_t i = 0; i < *count; i++)
        wide[i] = (double)value[i];
    return wide;
}

/* Raw bytes are little-endian, as this machine is. */
static const double *lay_raw(struct layout *layout, const Onnx__TensorProto *from, size_t *count)
{
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw tensors are read as they lie");
    size_t size = from->data_type == ONNX_FLOAT ? sizeof(float) : sizeof(double);
    *count = from->raw_data.len / size;
    double *wide = room_for(layout, sizeof *wide, *count);
    if (wide == NULL)
        *count = 0;
    for (size_t i = 0; i < *count; i++) {
        float narrow;
        const uint8_t *at = from->raw_data.data + i * size;
        if (size == sizeof wide[i]) {
            memcpy(&wide[i], at, size);
            continue;
        }
        memcpy(&narrow, at, sizeof narrow);
        wide[i] = (double)narrow;
    }
    return wide;
}

static struct onnx_tensor lay_tensor(struct layout *layout, const Onnx__TensorProto *from)
{
    struct onnx_tensor tensor = {.name = view_of_bytes(from->name), .type = from->data_type};
    if (tensor.type != ONNX_FLOAT && tensor.type != ONNX_DOUBLE)
        return tensor;
    if (from->has_raw_data) {
        tensor.value = lay_raw(layout, from, &tensor.count);
    } else if (tensor.type == ONNX_FLOAT) {
        tensor.count = from->n_float_data;
        tensor.value = lay_floats(layout, from->float_data, &tensor.count);
    } else {
        tensor.count = from->n_double_data;
        tensor.value = from->double_data;
    }
    return tensor;
}

static struct onnx_attribute lay_attribute(struct layout *layout, const Onnx__AttributeProto *from)
{
    struct onnx_attribute attribute = {
        .name = view_of_bytes(from->name),
        .text = view_of_bytes(from->s),
        .whole = from->i,
        .wholes = from->ints,
        .number_count = from->n_floats,
        .whole_count = from->n_ints,
        .text_count = from->n_strings,
    };
    attribute.number = lay_floats(layout, from->floats, &attribute.number_count);
    attribute.texts = lay_texts(layout, from->strings, &attribute.text_count);
    if (from->n_t == 1 && from->n_floats == 0) {
        struct onnx_tensor tensor = lay_tensor(layout, from->t[0]);
        attribute.number = tensor.value;
        attribute.number_count = tensor.count;
    }
    return attribute;
}

static struct onnx_node lay_node(struct layout *layout, const Onnx__NodeProto *from)
{
    struct onnx_node node = {
        .op = view_of_bytes(from->op_type),
        .domain = view_of_bytes(from->domain),
        .input_count = from->n_input,
        .output_count = from->n_output,
    };
    node.input = lay_texts(layout, from->input, &node.input_count);
    node.output = lay_texts(layout, from->output, &node.output_count);
    struct onnx_attribute *attribute = room_for(layout, sizeof *attribute, from->n_attribute);
    if (attribute == NULL)
        return node;
    for (size_t i = 0; i < from->n_attribute; i++)
        attribute[i] = lay_attribute(layout, from->attribute[i]);
    node.attribute = attribute;
    node.attribute_count = from->n_attribute;
    return node;
}

static struct onnx_input lay_input(const Onnx__ValueInfoProto *from)
{
    struct onnx_input input = {.name = view_of_bytes(from->name)};
    if (from->n_type != 1 || from->type[0]->n_tensor_type != 1)
        return input;
    const Onnx__TypeProto__Tensor *tensor = from->type[0]->tensor_type[0];
    input.type = tensor->elem_type;
    if (tensor->n_shape != 1)
        return input;
    const Onnx__TensorShapeProto *shape = tensor->shape[0];
    input.dimensions = shape->n_dim;
    if (shape->n_dim > 0)
        input.width = shape->dim[shape->n_dim - 1]->dim_value;
    return input;
}

static void lay_graph(struct layout *layout, const Onnx__GraphProto *graph, struct onnx_file *out)
{
    struct onnx_node *node = room_for(layout, sizeof *node, graph->n_node);
    struct onnx_tensor *constant = room_for(layout, sizeof *constant, graph->n_initializer);
    struct onnx_input *input = room_for(layout, sizeof *input, graph->n_input);
    if (node == NULL || constant == NULL || input == NULL)
        return;
    for (size_t i = 0; i < graph->n_node; i++)
        node[i] = lay_node(layout, graph->node[i]);
    for (size_t i = 0; i < graph->n_initializer; i++)
        constant[i] = lay_tensor(layout, graph->initializer[i]);
    for (size_t i = 0; i < graph->n_input; i++)
        input[i] = lay_input(graph->input[i]);
    out->node = node;
    out->constant = constant;
    out->input = input;
    out->node_count = graph->n_node;
    out->constant_count = graph->n_initializer;
    out->input_count = graph->n_input;
}

/* --------------------------------------------------------------------- door */

bool onnx_unpack(struct view bytes, struct arena *arena, struct onnx_file *out, struct err *err)
{
    struct pool pool = {.arena = arena};
    ProtobufCAllocator allocator = {
        .alloc = pool_alloc, .free = pool_free, .allocator_data = &pool};
    const uint8_t *data = (const uint8_t *)bytes.text;
    const Onnx__ModelProto *model = onnx__model_proto__unpack(&allocator, bytes.length, data);
    if (model == NULL && !pool.full)
        return err_set(err, ERR_MODEL, "the file is no ONNX model, or is damaged");
    struct layout layout = {.arena = arena, .full = pool.full};
    struct onnx_file file = {0};
    if (model != NULL) {
        if (model->n_graph != 1)
            return err_set(err, ERR_MODEL, "the file has %zu graphs, one is due", model->n_graph);
        file.producer = view_of_bytes(model->producer_name);
        file.producer_version = view_of_bytes(model->producer_version);
        lay_graph(&layout, model->graph[0], &file);
    }
    if (layout.full)
        return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                       arena->limit);
    *out = file;
    return true;
}

const struct onnx_attribute *onnx_find(const struct onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->attribute_count; i++)
        if (view_is(node->attribute[i].name, name))
            return &node->attribute[i];
    return NULL;
}
