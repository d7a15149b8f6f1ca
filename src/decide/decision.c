#include "decide/decision.h"

struct decision decide(const struct bundle *bundle, const struct record *record, float *row)
{
    feature_apply(&bundle->plan, record, row);
    float margin = engine_margin(&bundle->engine, row);
    float score = forest_predict(&bundle->forest, margin);
    return (struct decision){
        .row = row,
        .margin = margin,
        .score = score,
        .probability = calibration_of(&bundle->policy.calibration, score),
        .fraud = score >= bundle->policy.threshold,
    };
}
