/* Whether the scores, and what the calibrator makes of them, can be read as probabilities. */
#include "measure/reliability.h"
#include "train/evaluation.h"

static void write_side(const char *key, const struct ranking *ranking, float threshold,
                       struct json *json)
{
    static const enum metric_index shown[] = {METRIC_log_loss,    METRIC_brier,
                                              METRIC_brier_skill, METRIC_ece,
                                              METRIC_ece_alerts,  METRIC_score_ratio};
    double value[METRIC_COUNT];
    struct reliability_bin bin[RELIABILITY_BINS];
    metrics_of(ranking, threshold, value);
    reliability_of(ranking, ranking_weight(ranking), bin);
    json_key(json, key);
    json_open(json, '{');
    for (size_t i = 0; i < LENGTH_OF(shown); i++)
        json_key(json, metrics[shown[i]]->name), json_number(json, value[shown[i]]);
    json_key(json, "reliability");
    json_open(json, '[');
    for (size_t i = 0; i < RELIABILITY_BINS; i++) {
        json_open(json, '{');
        json_key(json, "rows"), json_number(json, bin[i].mass);
        json_key(json, "score"), json_number(json, bin[i].score);
        json_key(json, "fraud_rate"), json_number(json, bin[i].rate);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

/* The test slice's rows with probabilities in place of scores. */
static bool rank_calibrated(struct evaluation *e, struct arena *arena, struct ranking *out,
                            struct err *err)
{
    struct sample sample = e->test.stream.sample;
    float *probability = arena_new(arena, float, sample.count);
    if (probability == NULL)
        return err_set(err, ERR_LIMIT, "the probabilities do not fit the memory limit");
    for (size_t i = 0; i < sample.count; i++)
        probability[i] = (float)calibration_of(&e->policy.calibration, sample.score[i]);
    sample.score = probability;
    return ranking_init(out, sample, arena, err);
}

static bool write_calibration(struct evaluation *e, struct json *json, struct err *err)
{
    const struct calibration *calibration = &e->policy.calibration;
    json_key(json, "calibration");
    json_open(json, '{');
    write_origin(e, &e->test, json);
    json_key(json, "calibrator");
    json_string(json, calibrator_name(calibration->calibrator));
    if (e->not_calibrated != NULL)
        json_key(json, "why"), json_string(json, e->not_calibrated);
    json_key(json, "learned_on"), json_string(json, e->validation.name);
    json_key(json, "learned_from_frauds"), json_count(json, e->validation.ranking.frauds);
    write_side("scores", &e->test.ranking, e->policy.threshold, json);
    if (calibration->calibrator != CALIBRATOR_NONE) {
        CLEANUP(arena_release) struct arena scratch = {.limit = e->arena->limit};
        struct ranking ranking;
        if (!rank_calibrated(e, &scratch, &ranking, err))
            return false;
        write_side("probabilities", &ranking,
                   (float)calibration_of(calibration, e->policy.threshold), json);
    }
    json_close(json);
    return true;
}

const struct figure figure_calibration = {"calibration", write_calibration};
