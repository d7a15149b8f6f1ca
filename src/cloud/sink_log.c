/* The program's own log: a line on standard error. This file is the one in its room that logs, for
 * that is what it is asked to. */
#include "base/log.h"
#include "cloud/letter.h"
#include "cloud/sink.h"

static bool send(struct sink *sink, const struct notice *notice, int64_t *retry_after_ms UNUSED,
                 struct err *err UNUSED)
{
    static const enum log_level levels[SEVERITIES] = {
        [SEVERITY_INFO] = LOG_LEVEL_INFO,
        [SEVERITY_WARNING] = LOG_LEVEL_WARN,
        [SEVERITY_ERROR] = LOG_LEVEL_ERROR,
        [SEVERITY_CRITICAL] = LOG_LEVEL_ERROR,
    };
    bool over = notice->kind == NOTICE_OVER;
    struct log_line line;
    log_begin(&line, over ? LOG_LEVEL_INFO : levels[notice->severity], "alarm");
    letter_json(&line.json, notice, sink->source);
    log_end(&line);
    return true;
}

const struct sink_kind sink_log = {
    .name = "log",
    .about = "a JSON line on standard error",
    .takes = "",
    .needs = "",
    .send = send,
};
