/*
 * Ours: the model room called from C, and a whole decision through libassay.
 */
#include "contender.h"

#include "assay.h"
#include "base/file.h"
#include "model/import.h"
#include "model/kernel.h"
#include "model/shap.h"
#include "model/xgboost.h"

#include <math.h>

enum { MEMORY_MAX = 1 << 30 };

/* ---------------------------------------------------------------- the engine */

struct assay_forest {
    struct arena forest_arena, engine_arena, explainer_arena;
    struct forest forest;
    struct engine engine;
    struct explainer explainer;
    const struct table *table;
    void *row_scratch, *batch_scratch;
    struct footprint footprint;
};

static void must(bool done, const struct contender *contender, const struct err *err)
{
    if (!done)
        die("%s: %s: %s", contender->name, contender->model, err->text);
}

/* A scoring kernel's explainer: the widest vectors that the same machine has. */
static const char *explainer_kernel(const char *kernel)
{
    return kernel != NULL && strcmp(kernel, "vbmi") == 0 ? "avx512" : kernel;
}

static void *forest_open(const struct contender *contender)
{
    CLEANUP(arena_release) struct arena file = {.limit = MEMORY_MAX};
    struct assay_forest *self = room_for(sizeof *self, 1);
    const char *kernel = strcmp(contender->library, "-") == 0 ? NULL : contender->library;
    struct err err = {0};
    self->table = contender->table;
    self->forest_arena.limit = self->engine_arena.limit = self->explainer_arena.limit =
        (size_t)4 * MEMORY_MAX;

    double start = now_ms();
    struct view bytes;
    must(file_load(contender->model, MEMORY_MAX, &file, &bytes, &err), contender, &err);
    if (strcmp(contender->group, "xgboost") == 0) {
        must(xgboost_parse(bytes, &self->forest_arena, &self->forest, &err), contender, &err);
    } else {
        struct imported imported;
        must(import_read(bytes, &self->forest_arena, &imported, &err), contender, &err);
        self->forest = imported.forest;
    }
    double parsed = now_ms();
    must(engine_build(&self->forest, kernel, &self->engine_arena, &self->engine, &err), contender,
         &err);
    double compiled = now_ms();
    must(explainer_build(&self->forest, explainer_kernel(kernel), &self->explainer_arena,
                         &self->explainer, &err),
         contender, &err);
    self->footprint = (struct footprint){
        .parse_ms = parsed - start,
        .compile_ms = compiled - parsed,
        .explainer_ms = now_ms() - compiled,
        .forest_bytes = self->forest_arena.used,
        .engine_bytes = self->engine_arena.used,
        .explainer_bytes = self->explainer_arena.used,
    };
    if (self->forest.feature_count != self->table->columns)
        die("%s has %zu features, the table %zu columns", contender->model,
            self->forest.feature_count, self->table->columns);
    self->row_scratch = room_for(1, self->explainer.row_scratch);
    self->batch_scratch = room_for(1, self->explainer.batch_scratch);
    return self;
}

static void forest_close(void *opaque)
{
    struct assay_forest *self = opaque;
    arena_release(&self->forest_arena);
    arena_release(&self->engine_arena);
    arena_release(&self->explainer_arena);
    free(self->row_scratch);
    free(self->batch_scratch);
    free(self);
}

static float forest_one(void *opaque, const float *row)
{
    const struct assay_forest *self = opaque;
    return engine_margin(&self->engine, row);
}

static void forest_many(void *opaque, const float *rows, size_t count, float *out)
{
    const struct assay_forest *self = opaque;
    engine_margins(&self->engine, rows, count, self->table->columns, out);
}

static void forest_explain(void *opaque, size_t row, double *phi)
{
    struct assay_forest *self = opaque;
    size_t columns = self->table->columns;
    shap_row(&self->explainer, self->table->value + row * columns, phi, self->row_scratch);
    phi[columns] = self->explainer.expected;
}

static void forest_explain_rows(void *opaque, const float *rows, size_t count, double *phi)
{
    struct assay_forest *self = opaque;
    shap_batch(&self->explainer, rows, count, self->table->columns, phi, self->batch_scratch);
}

static double forest_expected(const void *opaque)
{
    const struct assay_forest *self = opaque;
    return self->explainer.expected;
}

/* What contributions add up to. The margin is summed in floats, as XGBoost does it, and in a model
 * of thousands of trees that alone moves it by more than a millionth. */
static double forest_sum(const void *opaque, const float *row)
{
    const struct assay_forest *self = opaque;
    const struct forest *forest = &self->forest;
    double sum = (double)forest->base_margin;
    for (size_t tree = 0; tree < forest->tree_count; tree++) {
        uint32_t leaf = forest_leaf(forest, tree, row);
        sum += forest->weight != NULL ? forest->weight[leaf] : (double)forest->node[leaf].weight;
    }
    return sum;
}

static const char *forest_about(const void *opaque)
{
    const struct assay_forest *self = opaque;
    return self->engine.kernel->name;
}

static void forest_footprint(const void *opaque, struct footprint *out)
{
    const struct assay_forest *self = opaque;
    *out = self->footprint;
}

const struct contender_kind kind_assay = {
    .name = "assay",
    .ours = true,
    .open = forest_open,
    .close = forest_close,
    .margin = forest_one,
    .margins = forest_many,
    .explain = forest_explain,
    .explain_rows = forest_explain_rows,
    .expected = forest_expected,
    .sum = forest_sum,
    .about = forest_about,
    .footprint = forest_footprint,
};

/* ---------------------------------------------------------------- a bundle, through assay.h */

struct assay_bundle {
    struct assay *model;
    const struct table *table;
    struct assay_value *value;
    void *scratch;
};

static void *bundle_open_model(const struct contender *contender)
{
    struct assay_bundle *self = room_for(sizeof *self, 1);
    struct assay_options options = {.size = sizeof options, .explain = 1};
    struct assay_error error;
    if (assay_open(contender->model, &options, &self->model, &error) != ASSAY_OK)
        die("%s: %s", contender->model, error.text);
    self->table = contender->table;
    self->value = room_for(sizeof *self->value, self->table->columns);
    self->scratch = room_for(1, assay_scratch_size(self->model));
    return self;
}

static void bundle_close_model(void *opaque)
{
    struct assay_bundle *self = opaque;
    assay_close(self->model);
    free(self->value);
    free(self->scratch);
    free(self);
}

static const struct assay_value *values_of(const struct assay_bundle *self, const float *row)
{
    for (size_t i = 0; i < self->table->columns; i++)
        self->value[i] = isnan(row[i]) ? assay_missing() : assay_number((double)row[i]);
    return self->value;
}

static float bundle_decide(void *opaque, const float *row)
{
    struct assay_bundle *self = opaque;
    struct assay_decision decision = {.size = sizeof decision};
    struct assay_error error;
    if (assay_decide(self->model, values_of(self, row), self->table->columns, self->scratch,
                     &decision, &error) != ASSAY_OK)
        die("assay_decide: %s", error.text);
    return decision.margin;
}

static void bundle_explain(void *opaque, size_t row, double *phi)
{
    struct assay_bundle *self = opaque;
    struct assay_decision decision = {.size = sizeof decision};
    struct assay_error error;
    size_t columns = self->table->columns;
    const struct assay_value *value = values_of(self, self->table->value + row * columns);
    if (assay_explain(self->model, value, columns, self->scratch, phi, &phi[columns], &decision,
                      &error) != ASSAY_OK)
        die("assay_explain: %s", error.text);
}

const struct contender_kind kind_bundle = {
    .name = "bundle",
    .ours = true,
    .open = bundle_open_model,
    .close = bundle_close_model,
    .margin = bundle_decide,
    .explain = bundle_explain,
};

/* ---------------------------------------------------------------- what somebody wrote down */

struct recorded {
    struct arena arena;
    const struct table *table;
    struct view bytes;
};

static void *recorded_open(const struct contender *contender)
{
    struct recorded *self = room_for(sizeof *self, 1);
    struct err err = {0};
    self->arena.limit = MEMORY_MAX;
    self->table = contender->table;
    must(file_load(contender->model, MEMORY_MAX, &self->arena, &self->bytes, &err), contender,
         &err);
    return self;
}

static void recorded_close(void *opaque)
{
    struct recorded *self = opaque;
    arena_release(&self->arena);
    free(self);
}

static void recorded_margins(void *opaque, const float *rows, size_t count, float *out)
{
    const struct recorded *self = opaque;
    size_t first = (size_t)(rows - self->table->value) / self->table->columns;
    if ((first + count) * sizeof *out > self->bytes.length)
        die("%zu rows were written down, not %zu", self->bytes.length / sizeof *out, first + count);
    memcpy(out, self->bytes.text + first * sizeof *out, count * sizeof *out);
}

const struct contender_kind kind_recorded = {
    .name = "recorded",
    .open = recorded_open,
    .close = recorded_close,
    .margins = recorded_margins,
};
