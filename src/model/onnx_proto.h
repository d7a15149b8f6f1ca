/*
 * onnx_proto: an ONNX file as plain structs.
 *
 * The door to protobuf-c: the bytes are unpacked by the messages of
 * src/model/onnx.proto, in memory drawn from the caller's arena, and what a tree
 * ensemble needs of them is laid out in structs of our own. Nothing is judged
 * here but the encoding.
 *
 *     struct onnx_file file;
 *     if (!onnx_unpack(bytes, &scratch, &file, err))
 *         return false;
 *     for (size_t i = 0; i < file.node_count; i++)
 *         ... file.node[i].op ...
 *
 * Everything lives as long as the arena. ERR_MODEL: damaged; ERR_LIMIT: the
 * arena is full.
 */
#ifndef MODEL_ONNX_PROTO_H
#define MODEL_ONNX_PROTO_H

#include "base/err.h"
#include "base/view.h"

/* ONNX's own numbers for what a tensor holds. */
enum onnx_type { ONNX_FLOAT = 1, ONNX_DOUBLE = 11 };

/* Values are there when the type is float or double, and are exact; else count is 0. */
struct onnx_tensor {
    struct view name;
    int32_t type;
    const double *value;
    size_t count;
};

/* An attribute has one of these, by what it is for; the others are empty. */
struct onnx_attribute {
    struct view name, text;
    int64_t whole;
    const double *number; /* of its floats, or its tensor's */
    const int64_t *wholes;
    const struct view *texts;
    size_t number_count, whole_count, text_count;
};

struct onnx_node {
    struct view op, domain;
    const struct view *input, *output;
    const struct onnx_attribute *attribute;
    size_t input_count, output_count, attribute_count;
};

struct onnx_input {
    struct view name;
    int32_t type;
    size_t dimensions;
    int64_t width; /* of the last dimension; 0: not said */
};

struct onnx_file {
    struct view producer, producer_version;
    const struct onnx_node *node;
    const struct onnx_tensor *constant;
    const struct onnx_input *input;
    size_t node_count, constant_count, input_count;
};

bool onnx_unpack(struct view bytes, struct arena *arena, struct onnx_file *out, struct err *err);

/* NULL: the node has none of that name. */
const struct onnx_attribute *onnx_find(const struct onnx_node *node, const char *name);

#endif
