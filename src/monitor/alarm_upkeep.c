/* Whether the machinery around the model works. */
#include "monitor/alarm.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_S     86400.0
#define GIB       1073741824.0

const struct alarm alarm_journal_lag = {
    .name = "journal_lag",
    .about = "Decisions wait to be kept",
    .measures = "how long the oldest record of a server waits to be kept",
    .quantity = QUANTITY_TIME,
    .compare = ALARM_ABOVE,
    .limit = 60,
    .recover = 10,
    .window_ms = MINUTE_MS,
    .breaches = 2,
    .windows = 3,
    .missing = MISSING_KEEP,
    .severity = SEVERITY_WARNING,
    .runbook =
        "The journal's disk is slow or nearly full; what is not kept when the server dies is "
        "lost.",
};

const struct alarm alarm_journal_stalled = {
    .name = "journal_stalled",
    .about = "The journal cannot write",
    .measures = "1 while a server's journal cannot write",
    .quantity = QUANTITY_NUMBER,
    .compare = ALARM_ABOVE,
    .limit = 0,
    .recover = 0,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_KEEP,
    .severity = SEVERITY_CRITICAL,
    .runbook =
        "By journal.when_full decisions are refused or dropped until there is room: free the "
        "journal's disk, or give it another.",
};

const struct alarm alarm_disk = {
    .name = "disk",
    .about = "A disk is nearly full",
    .measures = "the share of a disk that is free",
    .quantity = QUANTITY_SHARE,
    .compare = ALARM_BELOW,
    .limit = 0.10,
    .recover = 0.15,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_KEEP,
    .severity = SEVERITY_ERROR,
    .runbook =
        "`assay models gc` removes bundles that nobody refers to, journal.keep_days bounds the "
        "database.",
};

const struct alarm alarm_memory = {
    .name = "memory",
    .about = "A server holds much memory",
    .measures = "a server's resident memory",
    .quantity = QUANTITY_SIZE,
    .compare = ALARM_ABOVE,
    .limit = 4 * GIB,
    .recover = 3.5 * GIB,
    .window_ms = MINUTE_MS,
    .breaches = 2,
    .windows = 3,
    .missing = MISSING_KEEP,
    .severity = SEVERITY_WARNING,
    .runbook =
        "serve.models_bytes_max, serve.connections_max and journal.answer_bytes bound most of "
        "it; what grows on at steady traffic is a fault of ours: report it.",
};

const struct alarm alarm_model_age = {
    .name = "model_age",
    .about = "The champion is old",
    .measures = "the time since the champion was registered",
    .quantity = QUANTITY_TIME,
    .compare = ALARM_ABOVE,
    .limit = 90 * DAY_S,
    .recover = 90 * DAY_S,
    .breaches = 1,
    .windows = 1,
    .missing = MISSING_KEEP,
    .severity = SEVERITY_INFO,
    .runbook = "Train on newer data, or raise the limit where an old model is known to be good.",
};

const struct alarm alarm_retrain_refused = {
    .name = "retrain_refused",
    .about = "A retrained version was refused",
    .measures = "whether the last retraining passed its guards and the gate",
    ALARM_JUDGED_IN(1, 1),
    .severity = SEVERITY_WARNING,
    .runbook = "The champion stays in force. The run's report says which rule it failed, or which "
               "source sent more labels than usual.",
};

const struct alarm alarm_monitor_failed = {
    .name = "monitor_failed",
    .about = "A watch failed",
    .measures = "whether a watch could do its work",
    ALARM_JUDGED_IN(1, 1),
    .severity = SEVERITY_ERROR,
    .runbook = "What it watches is unwatched until it works again; the text says what went wrong.",
};
