#include "model/policy.h"

#include <math.h>

static void write_calibration(const struct calibration *calibration, struct json *json)
{
    json_key(json, "calibration");
    json_open(json, '{');
    json_key(json, "calibrator"), json_string(json, calibrator_name(calibration->calibrator));
    if (calibration->calibrator == CALIBRATOR_PLATT) {
        json_key(json, "intercept"), json_number(json, calibration->intercept);
        json_key(json, "slope"), json_number(json, calibration->slope);
    } else {
        json_key(json, "knots");
        json_open(json, '[');
        for (size_t i = 0; i < calibration->knots; i++) {
            json_open(json, '[');
            json_number(json, (double)calibration->knot[i].score);
            json_number(json, calibration->knot[i].probability);
            json_close(json);
        }
        json_close(json);
    }
    json_close(json);
}

void policy_write(const struct policy *policy, struct json *json)
{
    json_open(json, '{');
    json_key(json, "threshold"), json_number(json, (double)policy->threshold);
    if (policy->calibration.calibrator != CALIBRATOR_NONE)
        write_calibration(&policy->calibration, json);
    json_close(json);
}

/* ---------------------------------------------------------------- reading */

static bool read_platt(struct calibration *out, const struct doc *doc, struct err *err)
{
    if (!doc_need_number(doc, "intercept", &out->intercept, err) ||
        !doc_need_number(doc, "slope", &out->slope, err))
        return false;
    return (isfinite(out->intercept) && isfinite(out->slope) && out->slope > 0) ||
           err_set(err, ERR_INPUT, "the calibrator's slope is not above 0");
}

static bool read_knot(const struct doc *pair, struct calibration_knot *out, struct err *err)
{
    if (pair->kind != DOC_LIST || pair->count != 2 || pair->first->kind != DOC_NUMBER ||
        pair->first->next->kind != DOC_NUMBER)
        return err_set(err, ERR_INPUT, "a knot is a score and a probability");
    *out = (struct calibration_knot){(float)pair->first->number, pair->first->next->number};
    return (isfinite(out->score) && out->probability >= 0 && out->probability <= 1) ||
           err_set(err, ERR_INPUT, "a knot's probability is not between 0 and 1");
}

static bool read_isotonic(struct calibration *out, const struct doc *doc, struct arena *arena,
                          struct err *err)
{
    const struct doc *list;
    if (!doc_need(doc, "knots", DOC_LIST, &list, err))
        return false;
    if (list->count == 0 || list->count > POLICY_KNOTS_MAX)
        return err_set(err, ERR_INPUT, "a calibrator has 1 to %d knots", POLICY_KNOTS_MAX);
    struct calibration_knot *knot = arena_new(arena, struct calibration_knot, list->count);
    if (knot == NULL)
        return err_set(err, ERR_LIMIT, "the calibrator does not fit the memory limit");
    for (const struct doc *item = list->first; item != NULL; item = item->next) {
        struct calibration_knot *this = &knot[out->knots];
        if (!read_knot(item, this, err))
            return false;
        if (out->knots > 0 &&
            (this->score <= this[-1].score || this->probability < this[-1].probability))
            return err_set(err, ERR_INPUT, "knot %zu falls: scores rise, and probabilities too",
                           out->knots + 1);
        out->knots++;
    }
    out->knot = knot;
    return true;
}

static bool read_calibration(struct calibration *out, const struct doc *doc, struct arena *arena,
                             struct err *err)
{
    struct view name;
    if (!doc_need_text(doc, "calibrator", &name, err))
        return false;
    if (view_is(name, calibrator_name(CALIBRATOR_PLATT))) {
        out->calibrator = CALIBRATOR_PLATT;
        return read_platt(out, doc, err);
    }
    if (view_is(name, calibrator_name(CALIBRATOR_ISOTONIC))) {
        out->calibrator = CALIBRATOR_ISOTONIC;
        return read_isotonic(out, doc, arena, err);
    }
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is no calibrator", VIEW_ARG(name));
}

bool policy_read(struct policy *policy, const struct doc *doc, struct arena *arena, struct err *err)
{
    double threshold;
    const struct doc *calibration = doc_find(doc, "calibration");
    if (!doc_need_number(doc, "threshold", &threshold, err))
        return false;
    *policy = (struct policy){.threshold = (float)threshold};
    if (!isfinite(policy->threshold)) /* a double past FLT_MAX is none either */
        return err_set(err, ERR_INPUT, "the threshold is not finite");
    return calibration == NULL || read_calibration(&policy->calibration, calibration, arena, err);
}
