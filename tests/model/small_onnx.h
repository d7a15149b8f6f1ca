/*
 * small_onnx: ONNX files a test can write down by hand, packed by protobuf-c itself.
 *
 *     struct small_onnx small = {.post_transform = "LOGISTIC"};
 *     struct view bytes = small_onnx(&small, &arena);
 */
#ifndef TESTS_MODEL_SMALL_ONNX_H
#define TESTS_MODEL_SMALL_ONNX_H

#include "harness.h"

#include "model/onnx.pb-c.h"

enum { SMALL_ENTRIES_MAX = 16, SMALL_NODES_MAX = 80, SMALL_ATTRIBUTES_MAX = 32 };

struct wholes {
    size_t count;
    int64_t item[SMALL_ENTRIES_MAX];
};
struct floats {
    size_t count;
    float item[SMALL_ENTRIES_MAX];
};
struct texts {
    size_t count;
    const char *item[SMALL_ENTRIES_MAX];
};

#define WHOLES(...)                                                                                \
    {                                                                                              \
        LENGTH_OF(((int64_t[]){__VA_ARGS__})),                                                     \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define FLOATS(...)                                                                                \
    {                                                                                              \
        LENGTH_OF(((float[]){__VA_ARGS__})),                                                       \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define TEXTS(...)                                                                                 \
    {                                                                                              \
        LENGTH_OF(((const char *[]){__VA_ARGS__})),                                                \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* A node beside the ensemble. */
struct small_node {
    const char *op, *input, *second, *output; /* second: its other input */
    int64_t to;                               /* of Cast */
    struct floats offset, scale;              /* of Scaler */
};

/*
 * Every member has a working default: one tree, x0 <= 0.5: -1; else x1 <= 2: 3, else 4, one class.
 * Lists that are empty take the default; `leave_out` names one attribute that is not written.
 */
struct small_onnx {
    const char *op;             /* TreeEnsembleClassifier */
    const char *post_transform; /* NONE */
    const char *aggregate;
    const char *input; /* of the ensemble: "x", the input of the graph */
    struct wholes trees, names, features, yes, no, missing, leaf_trees, leaf_names, leaf_ids,
        labels;
    struct floats values, weights, base;
    struct texts modes;
    const double *exact_values; /* nodes_values_as_tensor, 5 of them */
    int64_t targets;
    int64_t width; /* 2 */
    int type;      /* ONNX_FLOAT */
    size_t node_count;
    struct small_node node[SMALL_NODES_MAX];
    float one; /* the constant "one"; 0: there is none */
    const char *leave_out;
};

static inline ProtobufCBinaryData small_bytes(const char *text)
{
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
}

static inline Onnx__AttributeProto *small_attribute(Onnx__NodeProto *node, const char *name,
                                                    struct arena *arena)
{
    Onnx__AttributeProto *attribute = arena_new(arena, Onnx__AttributeProto, 1);
    assert(attribute != NULL && node->n_attribute < SMALL_ATTRIBUTES_MAX);
    onnx__attribute_proto__init(attribute);
    attribute->has_name = 1;
    attribute->name = small_bytes(name);
    node->attribute[node->n_attribute++] = attribute;
    return attribute;
}

static inline void small_wholes(Onnx__NodeProto *node, const struct small_onnx *small,
                                const char *name, const struct wholes *own,
                                const struct wholes *other, struct arena *arena)
{
    if (small->leave_out != NULL && strcmp(small->leave_out, name) == 0)
        return;
    const struct wholes *list = own->count > 0 ? own : other;
    Onnx__AttributeProto *attribute = small_attribute(node, name, arena);
    attribute->ints = (int64_t *)(uintptr_t)list->item;
    attribute->n_ints = list->count;
}

static inline void small_floats(Onnx__NodeProto *node, const struct small_onnx *small,
                                const char *name, const struct floats *own,
                                const struct floats *other, struct arena *arena)
{
    if (small->leave_out != NULL && strcmp(small->leave_out, name) == 0)
        return;
    const struct floats *list = own->count > 0 ? own : other;
    Onnx__AttributeProto *attribute = small_attribute(node, name, arena);
    attribute->floats = (float *)(uintptr_t)list->item;
    attribute->n_floats = list->count;
}

static inline void small_text(Onnx__NodeProto *node, const char *name, const char *text,
                              struct arena *arena)
{
    if (text == NULL)
        return;
    Onnx__AttributeProto *attribute = small_attribute(node, name, arena);
    attribute->has_s = 1;
    attribute->s = small_bytes(text);
}

static inline void small_texts(Onnx__NodeProto *node, const struct small_onnx *small,
                               const char *name, const struct texts *own, const struct texts *other,
                               struct arena *arena)
{
    if (small->leave_out != NULL && strcmp(small->leave_out, name) == 0)
        return;
    const struct texts *list = own->count > 0 ? own : other;
    Onnx__AttributeProto *attribute = small_attribute(node, name, arena);
    attribute->strings = arena_new(arena, ProtobufCBinaryData, list->count);
    attribute->n_strings = list->count;
    for (size_t i = 0; i < list->count; i++)
        attribute->strings[i] = small_bytes(list->item[i]);
}

static inline Onnx__NodeProto *small_node(const char *op, const char *input, const char *second,
                                          const char *output, const char *last, struct arena *arena)
{
    Onnx__NodeProto *node = arena_new(arena, Onnx__NodeProto, 1);
    onnx__node_proto__init(node);
    node->has_op_type = 1;
    node->op_type = small_bytes(op);
    node->attribute = arena_new(arena, Onnx__AttributeProto *, SMALL_ATTRIBUTES_MAX);
    node->input = arena_new(arena, ProtobufCBinaryData, 2);
    node->output = arena_new(arena, ProtobufCBinaryData, 2);
    node->input[node->n_input++] = small_bytes(input);
    if (second != NULL)
        node->input[node->n_input++] = small_bytes(second);
    node->output[node->n_output++] = small_bytes(output);
    if (last != NULL)
        node->output[node->n_output++] = small_bytes(last);
    return node;
}

static inline Onnx__NodeProto *small_ensemble(const struct small_onnx *small, struct arena *arena)
{
    static const struct wholes trees = WHOLES(0, 0, 0, 0, 0), names = WHOLES(0, 1, 2, 3, 4),
                               features = WHOLES(0, 0, 1, 0, 0), yes = WHOLES(1, 0, 3, 0, 0),
                               no = WHOLES(2, 0, 4, 0, 0), missing = WHOLES(1, 0, 0, 0, 0),
                               leaf_trees = WHOLES(0, 0, 0), leaf_names = WHOLES(1, 3, 4),
                               leaf_ids = WHOLES(0, 0, 0), labels = WHOLES(0, 1);
    static const struct floats values = FLOATS(0.5F, 0, 2, 0, 0), weights = FLOATS(-1, 3, 4);
    static const struct texts modes = TEXTS("BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF");
    const char *op = small->op == NULL ? "TreeEnsembleClassifier" : small->op;
    bool classifier = strcmp(op, "TreeEnsembleClassifier") == 0;
    Onnx__NodeProto *node =
        small_node(op, small->input == NULL ? "x" : small->input, NULL,
                   classifier ? "label" : "scores", classifier ? "scores" : NULL, arena);
    small_wholes(node, small, "nodes_treeids", &small->trees, &trees, arena);
    small_wholes(node, small, "nodes_nodeids", &small->names, &names, arena);
    small_wholes(node, small, "nodes_featureids", &small->features, &features, arena);
    small_wholes(node, small, "nodes_truenodeids", &small->yes, &yes, arena);
    small_wholes(node, small, "nodes_falsenodeids", &small->no, &no, arena);
    small_wholes(node, small, "nodes_missing_value_tracks_true", &small->missing, &missing, arena);
    small_floats(node, small, "nodes_values", &small->values, &values, arena);
    small_texts(node, small, "nodes_modes", &small->modes, &modes, arena);
    small_wholes(node, small, classifier ? "class_treeids" : "target_treeids", &small->leaf_trees,
                 &leaf_trees, arena);
    small_wholes(node, small, classifier ? "class_nodeids" : "target_nodeids", &small->leaf_names,
                 &leaf_names, arena);
    small_wholes(node, small, classifier ? "class_ids" : "target_ids", &small->leaf_ids, &leaf_ids,
                 arena);
    small_floats(node, small, classifier ? "class_weights" : "target_weights", &small->weights,
                 &weights, arena);
    if (classifier)
        small_wholes(node, small, "classlabels_int64s", &small->labels, &labels, arena);
    if (small->base.count > 0)
        small_floats(node, small, "base_values", &small->base, &small->base, arena);
    if (small->targets != 0) {
        Onnx__AttributeProto *attribute = small_attribute(node, "n_targets", arena);
        attribute->has_i = 1;
        attribute->i = small->targets;
    }
    if (small->exact_values != NULL) {
        Onnx__AttributeProto *attribute = small_attribute(node, "nodes_values_as_tensor", arena);
        attribute->n_t = 1;
        attribute->t = arena_new(arena, Onnx__TensorProto *, 1);
        attribute->t[0] = arena_new(arena, Onnx__TensorProto, 1);
        onnx__tensor_proto__init(attribute->t[0]);
        attribute->t[0]->has_data_type = 1;
        attribute->t[0]->data_type = 11;
        attribute->t[0]->n_double_data = 5;
        attribute->t[0]->double_data = (double *)(uintptr_t)small->exact_values;
    }
    small_text(node, "post_transform", small->post_transform, arena);
    small_text(node, "aggregate_function", small->aggregate, arena);
    return node;
}

static inline Onnx__NodeProto *small_neighbour(const struct small_onnx *small,
                                               const struct small_node *from, struct arena *arena)
{
    Onnx__NodeProto *node =
        small_node(from->op, from->input, from->second, from->output, NULL, arena);
    if (from->to != 0) {
        Onnx__AttributeProto *attribute = small_attribute(node, "to", arena);
        attribute->has_i = 1;
        attribute->i = from->to;
    }
    if (from->offset.count > 0)
        small_floats(node, small, "offset", &from->offset, &from->offset, arena);
    if (from->scale.count > 0)
        small_floats(node, small, "scale", &from->scale, &from->scale, arena);
    return node;
}

static inline Onnx__ValueInfoProto *small_input(const struct small_onnx *small, struct arena *arena)
{
    Onnx__ValueInfoProto *input = arena_new(arena, Onnx__ValueInfoProto, 1);
    Onnx__TypeProto *type = arena_new(arena, Onnx__TypeProto, 1);
    Onnx__TypeProto__Tensor *tensor = arena_new(arena, Onnx__TypeProto__Tensor, 1);
    Onnx__TensorShapeProto *shape = arena_new(arena, Onnx__TensorShapeProto, 1);
    onnx__value_info_proto__init(input);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    shape->dim = arena_new(arena, Onnx__TensorShapeProto__Dimension *, 2);
    for (; shape->n_dim < 2; shape->n_dim++) {
        shape->dim[shape->n_dim] = arena_new(arena, Onnx__TensorShapeProto__Dimension, 1);
        onnx__tensor_shape_proto__dimension__init(shape->dim[shape->n_dim]);
    }
    shape->dim[1]->has_dim_value = 1;
    shape->dim[1]->dim_value = small->width == 0 ? 2 : small->width;
    input->has_name = tensor->has_elem_type = 1;
    input->name = small_bytes("x");
    tensor->elem_type = small->type == 0 ? 1 : small->type;
    input->n_type = type->n_tensor_type = tensor->n_shape = 1;
    input->type = arena_new(arena, Onnx__TypeProto *, 1);
    type->tensor_type = arena_new(arena, Onnx__TypeProto__Tensor *, 1);
    tensor->shape = arena_new(arena, Onnx__TensorShapeProto *, 1);
    input->type[0] = type;
    type->tensor_type[0] = tensor;
    tensor->shape[0] = shape;
    return input;
}

static inline struct view small_onnx(const struct small_onnx *small, struct arena *arena)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT, *graphs[] = {&graph};
    Onnx__TensorProto one = ONNX__TENSOR_PROTO__INIT, *constants[] = {&one};
    Onnx__ValueInfoProto *inputs[] = {small_input(small, arena)};
    Onnx__NodeProto *nodes[SMALL_NODES_MAX + 1] = {small_ensemble(small, arena)};
    for (size_t i = 0; i < small->node_count; i++)
        nodes[i + 1] = small_neighbour(small, &small->node[i], arena);
    one.has_name = one.has_data_type = 1;
    one.name = small_bytes("one");
    one.data_type = 1;
    one.n_float_data = 1;
    one.float_data = (float *)(uintptr_t)&small->one;
    graph.node = nodes;
    graph.n_node = small->node_count + 1;
    graph.input = inputs;
    graph.n_input = 1;
    graph.initializer = constants;
    graph.n_initializer = small->one != 0;
    model.has_ir_version = model.has_producer_name = model.has_producer_version = 1;
    model.ir_version = 8;
    model.producer_name = small_bytes("by hand");
    model.producer_version = small_bytes("1.0");
    model.graph = graphs;
    model.n_graph = 1;
    size_t size = onnx__model_proto__get_packed_size(&model);
    uint8_t *bytes = arena_new(arena, uint8_t, size);
    assert(bytes != NULL);
    onnx__model_proto__pack(&model, bytes);
    return (struct view){(const char *)bytes, size};
}

#endif
