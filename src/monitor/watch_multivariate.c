/*
 * multivariate: whether a model can tell a window's rows from the reference's (monitor/domain.h):
 * columns may change together and each stay as it is.
 */
#include "monitor/columns.h"
#include "monitor/domain.h"
#include "monitor/stretch.h"
#include "store/reference.h"

#include <math.h>

static const struct alarm *const covers[] = {&alarm_multivariate_drift};

/* Both sides' rows, watched columns alone. */
struct matrix {
    struct domain_task task;
    float *value;
    uint8_t *label, *fold;
    struct view *name;
};

static bool matrix_init(struct matrix *matrix, const struct watched_columns *columns,
                        struct arena *arena, struct err *err)
{
    size_t rows = (size_t)2 * DOMAIN_ROWS_MAX;
    matrix->value = arena_new(arena, float, rows * columns->count + 1);
    matrix->label = arena_new(arena, uint8_t, rows);
    matrix->fold = arena_new(arena, uint8_t, rows);
    matrix->name = arena_new(arena, struct view, columns->count + 1);
    if (matrix->value == NULL || matrix->label == NULL || matrix->fold == NULL ||
        matrix->name == NULL)
        return window_too_large(err);
    for (size_t c = 0; c < columns->count; c++)
        matrix->name[c] = columns->column[c].name;
    matrix->task = (struct domain_task){.value = matrix->value,
                                        .width = columns->count,
                                        .label = matrix->label,
                                        .fold = matrix->fold,
                                        .name = matrix->name};
    return true;
}

static float cell_of(const struct watched *column, const float *row, size_t width)
{
    float number;
    uint32_t code;
    if (column->numbers) {
        watched_numbers(column, row, 1, width, &number);
        return number;
    }
    watched_codes(column, row, 1, width, &code);
    return code == DRIFT_MISSING ? NAN : (float)code;
}

/* At most DOMAIN_ROWS_MAX of a side, at even distances, dealt to the folds in turn. */
static void add_side(struct matrix *matrix, const struct watched_columns *columns,
                     const float *value, size_t rows, size_t width, uint8_t side)
{
    size_t wanted = rows < DOMAIN_ROWS_MAX ? rows : DOMAIN_ROWS_MAX;
    for (size_t i = 0, taken = 0; i < rows && taken < wanted; i++) {
        if ((i + 1) * wanted / rows == i * wanted / rows)
            continue;
        size_t at = matrix->task.rows++;
        for (size_t c = 0; c < columns->count; c++)
            matrix->value[at * columns->count + c] =
                cell_of(&columns->column[c], value + i * width, width);
        matrix->label[at] = side;
        matrix->fold[at] = (uint8_t)(taken++ % DOMAIN_FOLDS);
    }
}

static bool tell(struct watch_look *look, const struct domain *domain, struct err *err)
{
    char bytes[300];
    struct text text = text_in(bytes, sizeof bytes);
    text_addf(&text, "ROC-AUC %.3f, between %.3f and %.3f", domain->auc, domain->low, domain->high);
    for (size_t i = 0; i < domain->parts && i < 3 && domain->part[i].share > 0; i++)
        text_addf(&text, "%s " VIEW_FMT " %.0f %%", i == 0 ? ", most by" : ",",
                  VIEW_ARG(domain->part[i].name), 100 * domain->part[i].share);
    text_addf(look->message, "%zu rows: %s", look->rows, text_c(&text));
    json_key(look->document, "multivariate"), domain_write(domain, look->document);
    struct reading reading = {.alarm = &alarm_multivariate_drift,
                              .state = alarm_state_of(domain->state),
                              .value = domain->auc,
                              .limit = DOMAIN_ALARM,
                              .at_ms = look->until_us / 1000,
                              .text = text_view(&text)};
    return look_read(look, &reading, err);
}

static bool look(struct watch_look *look, struct err *err)
{
    struct reference reference;
    struct window window;
    struct watched_columns columns;
    struct matrix matrix = {0};
    struct domain domain = {.state = DRIFT_INSUFFICIENT, .auc = 0.5, .high = 1};
    size_t rows_min = (size_t)config_count(look->config, KEY_MONITOR_ROWS_MIN);
    if (!reference_load(&reference, look->bundle, look->arena, err) ||
        !stretch_load(look, look->since_us, look->until_us, &window, err) ||
        !watched_columns_of(&look->bundle->plan, &columns, look->arena, err))
        return false;
    look->rows = window.rows;
    rows_min =
        rows_min > 2 * DOMAIN_FOLDS ? rows_min : 2 * DOMAIN_FOLDS; /* DeLong's: two of each */
    if (window.rows >= rows_min && reference.rows >= rows_min && columns.count > 0) {
        if (!matrix_init(&matrix, &columns, look->arena, err))
            return false;
        add_side(&matrix, &columns, reference.value, reference.rows, reference.width, 0);
        add_side(&matrix, &columns, window.value, window.rows, window.width, 1);
        if (!domain_separate(&matrix.task, look->domain, look->arena, &domain, err))
            return false;
    }
    return tell(look, &domain, err);
}

const struct watch watch_multivariate = {
    .name = "multivariate",
    .about = "whether a model can tell the new rows from the reference's",
    .schedule = KEY_MONITOR_MULTIVARIATE,
    .needs_champion = true,
    .covers = covers,
    .covers_count = LENGTH_OF(covers),
    .look = look,
};
