#include "model/onnx.h"

#include "model/import.h"
#include "model/onnx_ensemble.h"

#include <math.h>

/* An ensemble with its converter's nodes is far below this; what is checked pairwise stays small.
 */
enum { GRAPH_NODES_MAX = 64, NODE_ENDS_MAX = 64 };

struct reader {
    struct arena scratch;
    struct onnx_file file;
    struct onnx_ensemble ensemble;
    size_t ensemble_at;           /* in file.node */
    bool before[GRAPH_NODES_MAX]; /* the node stands before the ensemble */
    const struct onnx_input *input;
};

static void forget(struct reader *reader)
{
    arena_release(&reader->scratch);
}

/* ------------------------------------------------------------------ the graph */

static bool unsupported(const struct onnx_node *node, struct err *err)
{
    return err_set(err, ERR_MODEL,
                   "the graph has a '" VIEW_FMT "', which is not supported: one tree ensemble is, "
                   "with Scaler, Cast, Identity and ZipMap around it",
                   VIEW_ARG(node->op));
}

static bool is_ensemble(const struct onnx_node *node)
{
    return view_is(node->op, "TreeEnsembleClassifier") ||
           view_is(node->op, "TreeEnsembleRegressor");
}

static bool find_ensemble(struct reader *reader, struct err *err)
{
    const struct onnx_file *file = &reader->file;
    size_t found = 0;
    if (file->node_count > GRAPH_NODES_MAX)
        return err_set(err, ERR_LIMIT, "the graph has %zu nodes, more than %d", file->node_count,
                       GRAPH_NODES_MAX);
    for (size_t i = 0; i < file->node_count; i++) {
        const struct onnx_node *node = &file->node[i];
        if (node->input_count > NODE_ENDS_MAX || node->output_count > NODE_ENDS_MAX)
            return err_set(err, ERR_LIMIT, "a " VIEW_FMT " has more than %d inputs or outputs",
                           VIEW_ARG(node->op), NODE_ENDS_MAX);
        if (!is_ensemble(node))
            continue;
        reader->ensemble_at = i;
        found++;
    }
    if (found > 1)
        return err_set(err, ERR_MODEL, "the graph has %zu tree ensembles, one is supported", found);
    if (found == 0 && file->node_count > 0)
        return unsupported(&file->node[0], err);
    if (found == 0)
        return err_set(err, ERR_MODEL, "the graph is empty");
    reader->ensemble.node = &file->node[reader->ensemble_at];
    return true;
}

static const struct onnx_input *find_input(const struct onnx_file *file, struct view name)
{
    for (size_t i = 0; i < file->input_count; i++)
        if (view_same(file->input[i].name, name))
            return &file->input[i];
    return NULL;
}

/* The node that makes a value; node_count: none does. */
static size_t find_maker(const struct onnx_file *file, struct view name)
{
    size_t at = 0;
    for (; at < file->node_count; at++)
        for (size_t i = 0; i < file->node[at].output_count; i++)
            if (view_same(file->node[at].output[i], name))
                return at;
    return at;
}

/* ---------------------------------------------------------- before the ensemble */

static bool casts_to_float(const struct onnx_node *node)
{
    const struct onnx_attribute *to = onnx_find(node, "to");
    return view_is(node->op, "Cast") && to != NULL &&
           (to->whole == ONNX_FLOAT || to->whole == ONNX_DOUBLE);
}

/* Found from the ensemble back, so the next one goes in front. */
static bool add_scaler(struct onnx_ensemble *ensemble, const struct onnx_node *node,
                       struct err *err)
{
    const struct onnx_attribute *offset = onnx_find(node, "offset");
    const struct onnx_attribute *scale = onnx_find(node, "scale");
    if (offset == NULL || scale == NULL || offset->number_count == 0 || scale->number_count == 0)
        return err_set(err, ERR_MODEL, "the Scaler has no offset or no scale");
    if (ensemble->scaler_count == ONNX_SCALERS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d Scalers", ONNX_SCALERS_MAX);
    for (size_t i = ensemble->scaler_count++; i > 0; i--)
        ensemble->scaler[i] = ensemble->scaler[i - 1];
    ensemble->scaler[0] = (struct onnx_scaler){.offset = offset->number,
                                               .scale = scale->number,
                                               .offset_count = offset->number_count,
                                               .scale_count = scale->number_count};
    return true;
}

/* From the ensemble back to the input of the graph. No node is passed twice, so this ends. */
static bool walk_back(struct reader *reader, struct err *err)
{
    const struct onnx_file *file = &reader->file;
    const struct onnx_node *node = reader->ensemble.node;
    reader->before[reader->ensemble_at] = true;
    for (;;) {
        if (node->input_count != 1)
            return err_set(err, ERR_MODEL, "a " VIEW_FMT " has %zu inputs, one is due",
                           VIEW_ARG(node->op), node->input_count);
        reader->input = find_input(file, node->input[0]);
        if (reader->input != NULL)
            return true;
        size_t maker = find_maker(file, node->input[0]);
        if (maker == file->node_count || reader->before[maker])
            return err_set(err, ERR_MODEL, "nothing makes the value '" VIEW_FMT "'",
                           VIEW_ARG(node->input[0]));
        node = &file->node[maker];
        reader->before[maker] = true;
        if (view_is(node->op, "Scaler")) {
            if (!add_scaler(&reader->ensemble, node, err))
                return false;
        } else if (!view_is(node->op, "Identity") && !casts_to_float(node)) {
            return unsupported(node, err);
        }
    }
}

/* ----------------------------------------------------------- after the ensemble */

static bool is_one(const struct onnx_file *file, struct view name)
{
    for (size_t i = 0; i < file->constant_count; i++)
        if (view_same(file->constant[i].name, name))
            return file->constant[i].count == 1 && file->constant[i].value[0] == 1;
    return false;
}

static bool multiplies_by_one(const struct onnx_file *file, const struct onnx_node *node)
{
    return view_is(node->op, "Mul") && node->input_count == 2 &&
           (is_one(file, node->input[0]) || is_one(file, node->input[1]));
}

/* Whether a value is the classifier's label: its first output, or made of it. Labels are of no use
 * here, so what becomes of them is free. */
static bool is_label(const struct reader *reader, struct view name)
{
    const struct onnx_node *ensemble = reader->ensemble.node;
    for (size_t turn = 0; turn < reader->file.node_count; turn++) {
        size_t maker = find_maker(&reader->file, name);
        if (maker == reader->ensemble_at)
            return view_is(ensemble->op, "TreeEnsembleClassifier") &&
                   view_same(ensemble->output[0], name); /* a maker has an output */
        if (maker == reader->file.node_count || reader->file.node[maker].input_count == 0)
            return false;
        name = reader->file.node[maker].input[0];
    }
    return false;
}

static bool check_after(const struct reader *reader, struct err *err)
{
    const struct onnx_file *file = &reader->file;
    for (size_t i = 0; i < file->node_count; i++) {
        const struct onnx_node *node = &file->node[i];
        bool harmless = reader->before[i] || view_is(node->op, "Identity") ||
                        view_is(node->op, "ZipMap") || casts_to_float(node) ||
                        multiplies_by_one(file, node) ||
                        (view_is(node->op, "Cast") && node->input_count == 1 &&
                         is_label(reader, node->input[0]));
        if (!harmless)
            return unsupported(node, err);
    }
    return true;
}

/* ------------------------------------------------------------------ the forest */

static bool count_features(const struct reader *reader, size_t *out, struct err *err)
{
    const struct onnx_input *input = reader->input;
    const struct grove *grove = &reader->ensemble.grove;
    if (input->type != 0 && input->type != ONNX_FLOAT && input->type != ONNX_DOUBLE)
        return err_set(err, ERR_MODEL,
                       "the input '" VIEW_FMT "' holds no floats: convert the model with a float "
                       "input",
                       VIEW_ARG(input->name));
    int64_t width =
        input->dimensions == 2 && input->width > 0 ? input->width : grove->features_needed;
    if (width > FOREST_FEATURES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d features", FOREST_FEATURES_MAX);
    *out = width > 0 ? (size_t)width : 1; /* trees of one leaf ask for none */
    return grove_check_features(grove, (int64_t)*out, err);
}

static bool build(struct reader *reader, struct arena *arena, struct forest *out, struct err *err)
{
    bool sigmoid = reader->ensemble.sigmoid;
    struct forest forest = {
        .objective = sigmoid ? &objective_binary_logistic : &objective_reg_squarederror,
        .base_score = sigmoid ? 0.5F : 0.0F,
    };
    forest.base_margin = forest.objective->margin_of(forest.base_score);
    if (!count_features(reader, &forest.feature_count, err) ||
        !grove_settle(&reader->ensemble.grove, arena, &forest, err))
        return false;
    *out = forest;
    return true;
}

static bool read_file(struct reader *reader, struct view bytes, struct err *err)
{
    reader->ensemble.grove = (struct grove){.arena = &reader->scratch, .precise = true};
    return onnx_unpack(bytes, &reader->scratch, &reader->file, err) && find_ensemble(reader, err) &&
           walk_back(reader, err) && check_after(reader, err) && onnx_plant(&reader->ensemble, err);
}

bool onnx_parse(struct view bytes, struct arena *arena, struct forest *out, struct err *err)
{
    CLEANUP(forget) struct reader reader = {.scratch = {.limit = arena->limit}};
    return read_file(&reader, bytes, err) && build(&reader, arena, out, err);
}

/* ir_version comes first, a small number; then another of the model's members. */
bool onnx_is(struct view bytes)
{
    enum { IR_VERSION = 0x08, IR_VERSION_MAX = 127 };
    static const unsigned char members[] = {0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2};
    if (bytes.length < 3 || bytes.text[0] != IR_VERSION)
        return false;
    unsigned char version = (unsigned char)bytes.text[1], member = (unsigned char)bytes.text[2];
    return version > 0 && version <= IR_VERSION_MAX && memchr(members, member, sizeof members);
}

/* ------------------------------------------------------------------ the import */

static bool say(struct imported *out, const struct reader *reader, struct arena *arena,
                struct err *err)
{
    const struct onnx_file *file = &reader->file;
    struct text kind = text_in_arena(arena), notes = text_in_arena(arena);
    text_addf(&kind, "ONNX " VIEW_FMT " by " VIEW_FMT " " VIEW_FMT,
              VIEW_ARG(reader->ensemble.node->op), VIEW_ARG(file->producer),
              VIEW_ARG(file->producer_version));
    text_adds(&notes, "ONNX keeps no counts of rows: contributions weigh every leaf alike");
    if (reader->ensemble.scaler_count > 0)
        text_adds(&notes, "; the Scaler before the trees was taken into their thresholds");
    if (kind.cut || notes.cut)
        return err_set(err, ERR_LIMIT, "the model does not fit the %zu bytes it may take",
                       arena->limit);
    out->kind = text_view(&kind);
    out->notes = text_view(&notes);
    return true;
}

static bool read_import(struct view bytes, struct arena *arena, struct imported *out,
                        struct err *err)
{
    CLEANUP(forget) struct reader reader = {.scratch = {.limit = arena->limit}};
    struct forest forest;
    struct imported model = *out;
    if (!read_file(&reader, bytes, err) || !build(&reader, arena, &forest, err) ||
        !say(&model, &reader, arena, err))
        return false;
    model.forest = forest;
    *out = model;
    return true;
}

const struct importer importer_onnx = {
    .name = "onnx",
    .about = "an ONNX tree ensemble, of skl2onnx or onnxmltools",
    .is = onnx_is,
    .read = read_import,
};
