/* Whether the model still fits what it meets. Each watch comes to its own verdict. */
#include "monitor/alarm.h"

/* One window may be a campaign or a holiday: two of the last three are a change. */
#define PERSISTENT ALARM_JUDGED_IN(2, 3)

const struct alarm alarm_drift = {
    .name = "drift",
    .about = "A column has drifted",
    .measures = "the population stability index of a column against the version's baseline",
    PERSISTENT,
    .severity = SEVERITY_WARNING,
    .runbook = "`assay drift` shows which values moved. A change at the source is put right there; "
               "a change of the world asks for training on newer data.",
};

const struct alarm alarm_score_drift = {
    .name = "score_drift",
    .about = "The scores have drifted",
    .measures = "the population stability index of the scores against the version's baseline",
    PERSISTENT,
    .severity = SEVERITY_WARNING,
    .runbook = "Reviews and declines change with the scores: look at the columns that drifted, and "
               "at how many alerts a day there are now.",
};

const struct alarm alarm_attribution_drift = {
    .name = "attribution_drift",
    .about = "The model decides by other columns than it was trained to",
    .measures = "the NDCG of the columns' mean absolute contributions against the baseline's",
    PERSISTENT,
    .severity = SEVERITY_WARNING,
    .runbook =
        "Compare the leading columns with the version's explanations; a column that lost its "
        "place may have lost its source.",
};

const struct alarm alarm_multivariate_drift = {
    .name = "multivariate_drift",
    .about = "The columns together have drifted",
    .measures = "the ROC AUC of a classifier that tells new records from the baseline's",
    PERSISTENT,
    .severity = SEVERITY_WARNING,
    .runbook = "No column need have moved by itself: look at the pairs of columns that the "
               "classifier uses most.",
};

const struct alarm alarm_quality = {
    .name = "quality",
    .about = "Records break an expectation",
    .measures = "the share of records that break an expectation",
    ALARM_JUDGED_IN(1, 1),
    .quantity = QUANTITY_SHARE,
    .severity = SEVERITY_ERROR,
    .runbook = "Ask who sends the records what changed; the expectation is in assay.yaml.",
};

const struct alarm alarm_performance = {
    .name = "performance",
    .about = "A metric is below its floor",
    .measures = "a metric over decisions whose labels are mature",
    ALARM_JUDGED_IN(1, 1),
    .severity = SEVERITY_ERROR,
    .runbook = "Look at the drift of columns and scores over the same time, then train on newer "
               "data; the gate decides whether that is better.",
};

const struct alarm alarm_concept_drift = {
    .name = "concept_drift",
    .about = "Fraud looks different now",
    .measures = "a metric's estimate without labels, less what mature labels say",
    ALARM_JUDGED_IN(1, 1),
    .severity = SEVERITY_ERROR,
    .runbook = "The model is surer than it has reason to be: ask the analysts what is new, and "
               "train on data that has it.",
};

const struct alarm alarm_bias_drift = {
    .name = "bias_drift",
    .about = "A group is treated differently than at training",
    .measures = "a bias metric against the version's baseline",
    PERSISTENT,
    .severity = SEVERITY_ERROR,
    .runbook = "`assay bias` on the same time shows rates with their intervals; a policy's "
               "threshold may need review before the model does.",
};

const struct alarm alarm_label_rate = {
    .name = "label_rate",
    .about = "Labels come at another rate",
    .measures = "labels in the window, beside what was usual for a source",
    ALARM_JUDGED_IN(1, 1),
    .severity = SEVERITY_WARNING,
    .runbook = "Too few: a feed is broken, and performance is blind. Too many from one source: do "
               "not train on them before somebody has looked.",
};
