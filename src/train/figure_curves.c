/* What the report draws, of the test slice. */
#include "measure/curve.h"
#include "train/evaluation.h"

#include <math.h>

enum { POINTS = 200, BINS = 50 };

static void write_curve(const char *key, const char *x, const char *y, const struct curve *curve,
                        struct json *json)
{
    json_key(json, key);
    json_open(json, '[');
    for (size_t i = 0; i < curve->count; i++) {
        const struct curve_point *point = &curve->point[i];
        json_open(json, '{');
        json_key(json, "threshold"), json_number(json, (double)point->threshold);
        json_key(json, x), json_number(json, point->x);
        json_key(json, y), json_number(json, point->y);
        json_close(json);
    }
    json_close(json);
}

static void write_histogram(const struct ranking *ranking, struct json *json)
{
    struct histogram_bin bin[BINS];
    histogram_of(ranking, 0, 1, bin, BINS);
    json_key(json, "score_histogram");
    json_open(json, '{');
    json_key(json, "from"), json_number(json, 0);
    json_key(json, "to"), json_number(json, 1);
    json_key(json, "legitimate");
    json_open(json, '[');
    for (size_t i = 0; i < BINS; i++)
        json_number(json, bin[i].legitimate);
    json_close(json);
    json_key(json, "fraud");
    json_open(json, '[');
    for (size_t i = 0; i < BINS; i++)
        json_number(json, bin[i].fraud);
    json_close(json);
    json_close(json);
}

static bool write_curves(struct evaluation *e, struct json *json, struct err *err)
{
    const struct stream *stream = &e->test.stream;
    CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
    struct curve roc, pr, cost;
    struct cost_line line;
    if (!curve_roc(&e->test.ranking, POINTS, &scratch, &roc, err) ||
        !curve_pr(&e->test.ranking, POINTS, &scratch, &pr, err) ||
        (e->has_costs && !cost_least(&stream->sample, stream->amount, &e->costs, POINTS, &scratch,
                                     &line, &cost, err)))
        return false;
    json_key(json, "curves");
    json_open(json, '{');
    write_origin(e, &e->test, json);
    write_curve("roc", "fpr", "recall", &roc, json);
    write_curve("pr", "recall", "precision", &pr, json);
    if (e->has_costs)
        write_curve("cost", "alert_rate", "cost", &cost, json);
    write_histogram(&e->test.ranking, json);
    json_close(json);
    return true;
}

const struct figure figure_curves = {"curves", write_curves};
