#include "model/onnx_proto.h"

#include "model/onnx.h"
#include "model/small_onnx.h"

TEST(texts_lists_and_shapes_come_out_as_they_went_in)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct onnx_file file;
    struct err err = {0};
    struct small_onnx small = {
        .one = 1.5F,
        .width = 12,
        .node_count = 1,
        .node = {{.op = "Mul", .input = "scores", .second = "one", .output = "y"}}};
    WORKS(onnx_unpack(small_onnx(&small, &arena), &arena, &file, &err), err);
    SAME(file.node_count, 2);
    TEXT(file.producer, "by hand");
    TEXT(file.node[1].op, "Mul");
    TEXT(file.node[1].input[1], "one");
    TEXT(file.node[0].output[0], "label");
    SAME(file.input_count, 1);
    SAME(file.input[0].width, 12);
    SAME(file.input[0].dimensions, 2);
    SAME(file.input[0].type, ONNX_FLOAT);
    SAME(file.constant_count, 1);
    NEAR(file.constant[0].value[0], 1.5, 0);

    const struct onnx_attribute *modes = onnx_find(&file.node[0], "nodes_modes");
    TRUE(modes != NULL && modes->text_count == 5);
    TEXT(modes->texts[0], "BRANCH_LEQ");
    const struct onnx_attribute *values = onnx_find(&file.node[0], "nodes_values");
    TRUE(values != NULL && values->number_count == 5);
    NEAR(values->number[0], 0.5, 0);
    TRUE(onnx_find(&file.node[0], "base_values") == NULL);
}

/* One tensor in a graph, spelled in each of the ways a converter may. */
static struct onnx_tensor unpack(Onnx__TensorProto *tensor, struct arena *arena)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT, *graphs[] = {&graph};
    Onnx__TensorProto *constants[] = {tensor};
    graph.initializer = constants;
    graph.n_initializer = 1;
    model.graph = graphs;
    model.n_graph = 1;
    uint8_t bytes[256];
    struct onnx_file file;
    struct err err = {0};
    TRUE(onnx__model_proto__get_packed_size(&model) <= sizeof bytes);
    size_t size = onnx__model_proto__pack(&model, bytes);
    WORKS(onnx_unpack((struct view){(const char *)bytes, size}, arena, &file, &err), err);
    SAME(file.constant_count, 1);
    return file.constant[0];
}

TEST(tensors_are_read_raw_and_as_lists)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    float narrow[] = {1.5F, -2};
    double wide[] = {0.1, 1e300};
    Onnx__TensorProto tensor = ONNX__TENSOR_PROTO__INIT;
    tensor.has_data_type = tensor.has_raw_data = 1;
    tensor.data_type = ONNX_FLOAT;
    tensor.raw_data = (ProtobufCBinaryData){.len = sizeof narrow, .data = (uint8_t *)narrow};
    struct onnx_tensor read = unpack(&tensor, &arena);
    SAME(read.count, 2);
    NEAR(read.value[1], -2, 0);
    tensor.data_type = ONNX_DOUBLE;
    tensor.raw_data = (ProtobufCBinaryData){.len = sizeof wide, .data = (uint8_t *)wide};
    read = unpack(&tensor, &arena);
    SAME(read.count, 2);
    NEAR(read.value[0], 0.1, 0);
    tensor.has_raw_data = 0;
    tensor.double_data = wide;
    tensor.n_double_data = 2;
    read = unpack(&tensor, &arena);
    NEAR(read.value[1], 1e300, 0);
    tensor.data_type = 7; /* whole numbers are of no use here */
    SAME(unpack(&tensor, &arena).count, 0);
}

TEST(every_cut_and_every_changed_byte_gives_an_error_or_a_forest)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct view whole = small_onnx(&(struct small_onnx){.base = FLOATS(1)}, &arena);
    char *bytes = arena_copy(&arena, whole.text, whole.length);
    for (size_t i = 0; i < 2 * whole.length; i++) {
        CLEANUP(arena_release) struct arena own = {.limit = 1 << 20};
        struct forest forest;
        struct err err = {0};
        bool cut = i < whole.length;
        size_t at = cut ? i : i - whole.length;
        bytes[at] = (char)(cut ? bytes[at] : bytes[at] ^ 0x55);
        if (!onnx_parse((struct view){bytes, cut ? at : whole.length}, &own, &forest, &err))
            TRUE(err.kind == ERR_MODEL || err.kind == ERR_LIMIT);
        bytes[at] = whole.text[at];
    }
}

TEST(what_does_not_fit_the_arena_is_a_limit)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    struct view whole = small_onnx(&(struct small_onnx){0}, &arena);
    for (size_t limit = 64; limit < 4096; limit += 64) {
        CLEANUP(arena_release) struct arena little = {.limit = limit};
        struct onnx_file file;
        struct err err = {0};
        FAILS(onnx_unpack(whole, &little, &file, &err), err, ERR_LIMIT);
    }
}

TEST(a_file_with_two_graphs_or_none_is_refused)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct onnx_file file;
    struct err err = {0};
    FAILS(onnx_unpack(VIEW("\x08\x08\x3a\0\x3a\0"), &arena, &file, &err), err, ERR_MODEL);
    SAYS(err, "the file has 2 graphs, one is due");
    FAILS(onnx_unpack(VIEW("\x08\x08"), &arena, &file, &err), err, ERR_MODEL);
    FAILS(onnx_unpack(VIEW("\xff"), &arena, &file, &err), err, ERR_MODEL);
    SAYS(err, "the file is no ONNX model, or is damaged");
}
