#include "monitor/domain.h"

#include "base/rng.h"
#include "measure/interval.h"

#include <math.h>

enum { STREAM_ROWS = 71, STREAM_FOLDS = 72 };

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the rows to tell apart do not fit the memory limit (data.memory_mb raises it)");
}

/* What is being made of a comparison. */
struct building {
    const struct comparison *comparison;
    const struct comparison_column **column; /* those compared */
    struct domain_task task;
    float *value;
    uint8_t *label, *fold;
    struct view *name;
    struct arena *arena;
};

static bool pick_columns(struct building *b, struct err *err)
{
    size_t count = b->comparison->count;
    b->column = arena_new(b->arena, const struct comparison_column *, count + 1);
    b->name = arena_new(b->arena, struct view, count + 1);
    if (b->column == NULL || b->name == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < count; i++) {
        const struct comparison_column *c = &b->comparison->column[i];
        if (c->left_out != NULL)
            continue;
        b->name[b->task.width] = c->column->name;
        b->column[b->task.width++] = c;
    }
    return true;
}

static float cell_of(const struct sheet_column *column, size_t row)
{
    if (column->number != NULL)
        return column->number[row];
    return column->code[row] == DRIFT_MISSING ? NAN : (float)column->code[row];
}

/* At most DOMAIN_ROWS_MAX rows of one side, drawn without order, and dealt to the folds in turn. */
static bool take_rows(struct building *b, const struct sheet *sheet, int side, uint64_t seed,
                      struct err *err)
{
    struct rng rng = rng_of(seed, STREAM_ROWS, (uint64_t)side);
    uint32_t *order = arena_new(b->arena, uint32_t, sheet->rows + 1);
    if (order == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < sheet->rows; i++)
        order[i] = (uint32_t)i;
    rng_shuffle(&rng, order, sheet->rows);
    size_t rows = sheet->rows < DOMAIN_ROWS_MAX ? sheet->rows : DOMAIN_ROWS_MAX;
    for (size_t i = 0; i < rows; i++) {
        size_t at = b->task.rows++;
        for (size_t c = 0; c < b->task.width; c++) {
            const struct comparison_column *column = b->column[c];
            b->value[at * b->task.width + c] =
                cell_of(side == 0 ? column->before : column->now, order[i]);
        }
        b->label[at] = (uint8_t)side;
        b->fold[at] = (uint8_t)(i % DOMAIN_FOLDS);
    }
    return true;
}

static bool build(struct building *b, uint64_t seed, struct err *err)
{
    if (!pick_columns(b, err))
        return false;
    size_t rows = (size_t)2 * DOMAIN_ROWS_MAX;
    b->value = arena_new(b->arena, float, rows * b->task.width + 1);
    b->label = arena_new(b->arena, uint8_t, rows);
    b->fold = arena_new(b->arena, uint8_t, rows);
    if (b->value == NULL || b->label == NULL || b->fold == NULL)
        return out_of_memory(err);
    if (!take_rows(b, b->comparison->before, 0, seed, err) ||
        !take_rows(b, b->comparison->now, 1, seed, err))
        return false;
    b->task.value = b->value;
    b->task.label = b->label;
    b->task.fold = b->fold;
    b->task.name = b->name;
    return true;
}

/* ---------------------------------------------------------------- the AUC */

static bool fold_auc(const struct domain_task *task, const float *score, size_t fold,
                     struct interval *out, struct err *err)
{
    CLEANUP(arena_release) struct arena scratch = {.limit = SIZE_MAX / 2};
    float *held = arena_new(&scratch, float, task->rows + 1);
    uint8_t *label = arena_new(&scratch, uint8_t, task->rows + 1);
    struct ranking ranking;
    size_t count = 0;
    if (held == NULL || label == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < task->rows; i++)
        if (task->fold[i] == fold) {
            held[count] = score[i];
            label[count++] = task->label[i];
        }
    struct sample sample = {.score = held, .label = label, .count = count};
    if (!ranking_init(&ranking, sample, &scratch, err))
        return false;
    *out = delong_of(&ranking, 0.95);
    return true;
}

static bool judge(const struct domain_task *task, const float *score, struct domain *out,
                  struct err *err)
{
    double sum = 0, variance = 0;
    for (size_t fold = 0; fold < DOMAIN_FOLDS; fold++) {
        struct interval auc;
        if (!fold_auc(task, score, fold, &auc, err))
            return false;
        sum += auc.value;
        variance += auc.deviation * auc.deviation;
    }
    double deviation = sqrt(variance) / DOMAIN_FOLDS;
    out->auc = sum / DOMAIN_FOLDS;
    out->low = fmax(0, out->auc - normal_quantile(0.975) * deviation);
    out->high = fmin(1, out->auc + normal_quantile(0.975) * deviation);
    bool above = out->auc - normal_quantile(1 - DOMAIN_ALPHA) * deviation > 0.5;
    out->state = !above || out->auc < DOMAIN_WATCH ? DRIFT_OK
                 : out->auc < DOMAIN_ALARM         ? DRIFT_WATCH
                                                   : DRIFT_ALARM;
    return true;
}

static int by_share(const void *left, const void *right)
{
    const struct domain_part *a = left, *b = right;
    return a->share != b->share ? (a->share > b->share ? -1 : 1) : view_order(a->name, b->name);
}

static bool rank_parts(const struct domain_task *task, const double *gain, struct arena *arena,
                       struct domain *out, struct err *err)
{
    double total = 0;
    out->part = arena_new(arena, struct domain_part, task->width + 1);
    if (out->part == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < task->width; i++)
        total += gain[i];
    for (size_t i = 0; i < task->width; i++)
        out->part[i] =
            (struct domain_part){.name = task->name[i], .share = total > 0 ? gain[i] / total : 0};
    out->parts = task->width;
    qsort(out->part, out->parts, sizeof *out->part, by_share);
    return true;
}

bool domain_separate(const struct domain_task *task, const struct domain_port *port,
                     struct arena *arena, struct domain *out, struct err *err)
{
    struct domain made = {.state = DRIFT_INSUFFICIENT, .auc = 0.5, .high = 1};
    float *score = arena_new(arena, float, task->rows);
    double *gain = arena_new(arena, double, task->width);
    if (score == NULL || gain == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < task->rows; i++)
        made.rows[task->label[i]]++;
    if (!port->separate(port->self, task, score, gain, err) || !judge(task, score, &made, err) ||
        !rank_parts(task, gain, arena, &made, err))
        return err_while(err, "telling the new rows from the old ones");
    *out = made;
    return true;
}

bool domain_compare(const struct comparison *comparison, const struct domain_port *port,
                    size_t rows_min, uint64_t seed, struct arena *arena, struct domain *out,
                    struct err *err)
{
    struct building b = {.comparison = comparison, .arena = arena};
    size_t before = comparison->before->rows, now = comparison->now->rows;
    size_t least = (before < now ? before : now);
    *out = (struct domain){.state = DRIFT_INSUFFICIENT, .auc = 0.5, .high = 1};
    if (least < rows_min || least < (size_t)2 * DOMAIN_FOLDS) /* DeLong's needs two of each */
        return true;
    if (!build(&b, seed, err))
        return false;
    return b.task.width == 0 || domain_separate(&b.task, port, arena, out, err);
}

void domain_write(const struct domain *domain, struct json *json)
{
    json_open(json, '{');
    json_key(json, "state"), json_string(json, drift_state_name(domain->state));
    json_key(json, "roc_auc"), json_number(json, domain->auc);
    json_key(json, "low"), json_number(json, domain->low);
    json_key(json, "high"), json_number(json, domain->high);
    json_key(json, "rows_before"), json_count(json, domain->rows[0]);
    json_key(json, "rows"), json_count(json, domain->rows[1]);
    json_key(json, "separated_by");
    json_open(json, '[');
    for (size_t i = 0; i < domain->parts; i++) {
        json_open(json, '{');
        json_key(json, "name"), json_text(json, domain->part[i].name);
        json_key(json, "share"), json_number(json, domain->part[i].share);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}
