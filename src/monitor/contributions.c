#include "monitor/contributions.h"

#include "measure/attribution.h"
#include "model/shap.h"

#include <math.h>

enum { EXPLAINED_MAX = 2000 }; /* rows of either side, at even distances */

/* One side's rows. Of the reference those count that are not of SLICE_TRAIN. */
struct side {
    const float *value;
    const uint8_t *slice; /* NULL: all count */
    size_t rows;
};

static bool counts(const struct side *side, size_t row)
{
    return side->slice == NULL || side->slice[row] != SLICE_TRAIN;
}

/* The mean absolute contribution of each watched column, over rows at even distances. */
static bool attribute(const struct contributions *c, const struct explainer *explainer,
                      const struct side *side, double *out, struct err *err)
{
    struct arena *arena = c->look->arena;
    size_t usable = 0, taken = 0, seen = 0, width = c->window->width;
    for (size_t i = 0; i < side->rows; i++)
        usable += counts(side, i);
    size_t wanted = usable < EXPLAINED_MAX ? usable : EXPLAINED_MAX;
    float *row = arena_new(arena, float, wanted *width + 1);
    double *mean = arena_new(arena, double, width + 1);
    void *scratch = arena_alloc(arena, 1, explainer->batch_scratch);
    if (row == NULL || mean == NULL || scratch == NULL)
        return window_too_large(err);
    for (size_t i = 0; i < side->rows && taken < wanted; i++) {
        if (!counts(side, i))
            continue;
        if ((seen + 1) * wanted / usable != seen * wanted / usable)
            memcpy(row + taken++ * width, side->value + i * width, width * sizeof *row);
        seen++;
    }
    shap_mean_abs(explainer, row, taken, width, mean, scratch);
    for (size_t i = 0; i < c->columns->count; i++) {
        const struct feature *feature = c->columns->column[i].feature;
        out[i] = 0;
        for (uint32_t f = 0; f < feature->width; f++)
            out[i] += mean[feature->first + f];
    }
    return true;
}

static struct view name_of(const struct contributions *c, size_t column)
{
    return c->columns->column[column].name;
}

static void tell(const struct contributions *c, const struct attribution_drift *found,
                 const double *then, const double *now, struct text *text)
{
    struct json *json = c->look->document;
    json_key(json, "attribution");
    json_open(json, '{');
    json_key(json, "state"), json_string(json, drift_state_name(found->state));
    json_key(json, "ndcg"), json_number(json, found->ndcg);
    json_key(json, "moved"), json_number(json, found->moved);
    json_key(json, "columns");
    json_open(json, '{');
    for (size_t i = 0; i < c->columns->count; i++) {
        json_key_view(json, name_of(c, i));
        json_open(json, '[');
        json_number(json, then[i]);
        json_number(json, now[i]);
        json_close(json);
    }
    json_close(json);
    json_close(json);
    text_addf(text, "NDCG %.3g", found->ndcg);
    if (found->overtaken)
        text_addf(text, "; " VIEW_FMT " now matters more than " VIEW_FMT,
                  VIEW_ARG(name_of(c, found->winner)), VIEW_ARG(name_of(c, found->loser)));
    if (c->columns->count > 0 && fabs(found->moved) >= ATTRIBUTION_MOVED)
        text_addf(text, "; " VIEW_FMT " has %+.0f %% of the whole",
                  VIEW_ARG(name_of(c, found->mover)), 100 * found->moved);
}

bool contributions_read(const struct contributions *c, bool enough, struct err *err)
{
    struct arena *arena = c->look->arena;
    struct explainer explainer;
    struct attribution_drift found = {.state = DRIFT_INSUFFICIENT, .ndcg = (double)NAN};
    double *then = arena_new(arena, double, c->columns->count + 1);
    double *now = arena_new(arena, double, c->columns->count + 1);
    char bytes[700];
    struct text text = text_in(bytes, sizeof bytes);
    if (then == NULL || now == NULL)
        return window_too_large(err);
    if (enough) {
        const struct side before = {c->reference->value, c->reference->slice, c->reference->rows};
        const struct side recent = {c->window->value, NULL, c->window->rows};
        if (!explainer_build(&c->look->bundle->forest, NULL, arena, &explainer, err) ||
            !attribute(c, &explainer, &before, then, err) ||
            !attribute(c, &explainer, &recent, now, err) ||
            !attribution_compare(then, now, c->columns->count, arena, &found, err))
            return false;
        tell(c, &found, then, now, &text);
    }
    if (found.state == DRIFT_WATCH || found.state == DRIFT_ALARM)
        text_addf(c->look->message, "; reasons: %s", text_c(&text));
    struct reading reading = {.alarm = &alarm_attribution_drift,
                              .state = alarm_state_of(found.state),
                              .value = found.ndcg,
                              .limit = ATTRIBUTION_NDCG,
                              .at_ms = c->look->until_us / 1000,
                              .text = text_view(&text)};
    return look_read(c->look, &reading, err);
}
