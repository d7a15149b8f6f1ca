#include "train/scored.h"

#include "base/file.h"
#include "model/xgboost.h"
#include "train/npy.h"

#include <math.h>

enum { MODEL_SIZE_MAX = 1 << 30, DAY_MS = 86400 * 1000 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the evaluation does not fit the memory limit (data.memory_mb raises it)");
}

/* ---------------------------------------------------------------- columns */

static bool wrong_cell(const struct prepared *p, const char *key, size_t row, const char *what,
                       struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: %s line %u: the cell is %s", key, p->past.table.path,
                   p->past.table.line[row], what);
}

/* A row without an entity stands for itself. */
static bool take_entities(struct beside *b, struct view name, struct arena *arena, struct err *err)
{
    const struct table *table = &b->prepared.past.table;
    struct dictionary values = dictionary_in(arena);
    uint32_t column, *entity = arena_new(arena, uint32_t, table->rows);
    if (entity == NULL)
        return out_of_memory(err);
    if (!prepared_column(&b->prepared, "evaluation.entity", name, &column, err))
        return false;
    for (size_t i = 0; i < table->rows; i++) {
        char number[32];
        struct view text = table_text(table, column, i, number);
        if (text.text == NULL)
            entity[i] = UINT32_MAX - (uint32_t)i;
        else if (!dictionary_add(&values, text, &entity[i]))
            return out_of_memory(err);
    }
    b->entity = entity;
    return true;
}

static bool take_amounts(struct beside *b, struct view name, struct err *err)
{
    static const char key[] = "evaluation.amount";
    const struct table *table = &b->prepared.past.table;
    uint32_t column;
    if (!prepared_column(&b->prepared, key, name, &column, err))
        return false;
    const double *amount = table->series[column].number;
    if (amount == NULL || b->prepared.schema.column[column].kind == COLUMN_TIMESTAMP)
        return err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no column of numbers", key,
                       VIEW_ARG(name));
    for (size_t i = 0; i < table->rows; i++)
        if (!isfinite(amount[i]) || amount[i] < 0)
            return wrong_cell(&b->prepared, key, i,
                              isnan(amount[i]) ? "missing, an amount is needed in every row"
                                               : "negative, an amount at stake cannot be",
                              err);
    b->amount = amount;
    return true;
}

struct view beside_time(const struct config *config)
{
    struct view name = config_text(config, KEY_EVALUATION_TIME);
    enum split_kind kind;
    if (name.length == 0 && split_kind_find(config_text(config, KEY_SPLIT_KIND), &kind) &&
        split_is_timed(kind))
        name = config_text(config, KEY_SPLIT_COLUMN);
    return name;
}

static bool take_times(struct beside *b, struct view name, struct err *err)
{
    static const char key[] = "evaluation.time";
    const struct table *table = &b->prepared.past.table;
    uint32_t column;
    if (!prepared_column(&b->prepared, key, name, &column, err))
        return false;
    if (b->prepared.schema.column[column].kind != COLUMN_TIMESTAMP)
        return err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no timestamp", key, VIEW_ARG(name));
    b->time_ms = table->series[column].number;
    for (size_t i = 0; i < table->rows; i++)
        if (isnan(b->time_ms[i]))
            return wrong_cell(&b->prepared, key, i, "missing, every row needs its time", err);
    return true;
}

static bool take_segments(struct beside *b, const struct config *config, struct err *err)
{
    const struct yaml *list = config_node(config, "evaluation.segments");
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        if (b->segments == SEGMENTS_MAX)
            return config_wrong(config, item, err, "at most %d segments", SEGMENTS_MAX);
        if (!prepared_column(&b->prepared, "evaluation.segments", item->text,
                             &b->segment[b->segments++], err))
            return false;
    }
    return true;
}

bool beside_load(struct beside *b, const struct config *config, bool past, struct arena *arena,
                 struct err *err)
{
    *b = (struct beside){0};
    struct view entity = config_text(config, KEY_EVALUATION_ENTITY);
    struct view amount = config_text(config, KEY_EVALUATION_AMOUNT), time = beside_time(config);
    b->loaded = past || entity.length > 0 || amount.length > 0 || time.length > 0 ||
                config_text(config, KEY_EVALUATION_WEIGHT).length > 0 ||
                config_node(config, "evaluation.segments") != NULL;
    if (!b->loaded)
        return true;
    return prepared_load(&b->prepared, config, arena, err) &&
           (entity.length == 0 || take_entities(b, entity, arena, err)) &&
           (amount.length == 0 || take_amounts(b, amount, err)) &&
           (time.length == 0 || take_times(b, time, err)) && take_segments(b, config, err);
}

/* ---------------------------------------------------------------- scoring */

bool trained_load(struct trained *model, const struct pipeline *pipeline, struct arena *arena,
                  struct err *err)
{
    struct view bytes;
    if (!file_load(pipeline_file(pipeline, STEP_ID_train, "model.ubj"), MODEL_SIZE_MAX, arena,
                   &bytes, err))
        return false;
    return (xgboost_parse(bytes, arena, &model->forest, err) &&
            engine_build(&model->forest, NULL, arena, &model->engine, err)) ||
           err_while(err, "the model just trained");
}

static bool load(const struct pipeline *pipeline, const char *slice, const char *suffix,
                 enum npy_type type, struct arena *arena, struct npy *out, struct err *err)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s.npy", slice, suffix);
    return npy_load(pipeline_file(pipeline, STEP_ID_prepare, name), type, arena, out, err);
}

/* Weeks begin on Monday; the first of January 1970 was a Thursday. */
static uint32_t period_of(double time_ms, bool weekly)
{
    enum { THURSDAY = 3, ORIGIN = 1 << 30 };
    double day = floor(time_ms / DAY_MS);
    double period = weekly ? floor((day + THURSDAY) / 7) : day;
    return (uint32_t)(period + ORIGIN);
}

/* The past's columns, in the slice's order. */
static bool take_beside(struct scored *s, const struct beside *b, bool weekly, struct arena *arena,
                        struct err *err)
{
    uint32_t *period = arena_new(arena, uint32_t, s->count);
    uint32_t *entity = arena_new(arena, uint32_t, s->count);
    double *amount = arena_new(arena, double, s->count);
    int64_t *time_ms = arena_new(arena, int64_t, s->count);
    double *weight = arena_new(arena, double, s->count);
    if (period == NULL || entity == NULL || amount == NULL || time_ms == NULL || weight == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < s->count; i++) {
        size_t row = s->row[i];
        assert(row < b->prepared.past.table.rows);
        if (b->entity != NULL)
            entity[i] = b->entity[row];
        if (b->amount != NULL)
            amount[i] = b->amount[row];
        if (b->prepared.weight != NULL)
            weight[i] = b->prepared.weight[row];
        if (b->time_ms != NULL) {
            time_ms[i] = (int64_t)b->time_ms[row];
            period[i] = period_of(b->time_ms[row], weekly);
        }
    }
    s->stream.entity = b->entity == NULL ? NULL : entity;
    s->stream.amount = b->amount == NULL ? NULL : amount;
    s->stream.time_ms = b->time_ms == NULL ? NULL : time_ms;
    s->stream.period = b->time_ms == NULL ? NULL : period;
    s->stream.sample.weight = b->prepared.weight == NULL ? NULL : weight;
    return true;
}

static struct digest digest_rows(const struct scored *s)
{
    const struct sample *sample = &s->stream.sample;
    struct digester digester;
    digester_open(&digester);
    digest_add(&digester,
               (struct view){(const char *)s->matrix, s->count * s->width * sizeof(float)});
    digest_add(&digester, (struct view){(const char *)sample->label, s->count});
    if (sample->weight != NULL)
        digest_add(&digester,
                   (struct view){(const char *)sample->weight, s->count * sizeof(double)});
    return digest_end(&digester);
}

bool scored_load(struct scored *s, const char *slice, const struct pipeline *pipeline,
                 const struct trained *model, const struct beside *beside, struct arena *arena,
                 struct err *err)
{
    struct npy matrix, label, row;
    if (!load(pipeline, slice, "", NPY_F4, arena, &matrix, err) ||
        !load(pipeline, slice, "_label", NPY_U1, arena, &label, err) ||
        !load(pipeline, slice, "_row", NPY_U4, arena, &row, err))
        return false;
    if (matrix.width != model->forest.feature_count || label.rows != matrix.rows ||
        row.rows != matrix.rows)
        return err_set(err, ERR_MODEL, "the model reads %zu features, the %s rows have %zu",
                       model->forest.feature_count, slice, matrix.width);
    float *score = arena_new(arena, float, matrix.rows);
    if (score == NULL)
        return out_of_memory(err);
    engine_margins(&model->engine, matrix.value, matrix.rows, matrix.width, score);
    for (size_t i = 0; i < matrix.rows; i++)
        score[i] = forest_predict(&model->forest, score[i]);
    *s = (struct scored){.name = slice,
                         .count = matrix.rows,
                         .width = matrix.width,
                         .matrix = matrix.value,
                         .row = row.value};
    s->stream.sample = (struct sample){.score = score, .label = label.value, .count = s->count};
    bool weekly = view_is(config_text(pipeline->config, KEY_BUDGET_PERIOD), "week");
    if (beside->loaded && !take_beside(s, beside, weekly, arena, err))
        return false;
    s->digest = digest_rows(s);
    return ranking_init(&s->ranking, s->stream.sample, arena, err);
}
