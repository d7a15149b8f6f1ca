/*
 * log: one JSON object a line, on standard error, for machines and grep alike.
 *
 * Rooms never log; the command line and the server do. A line is written by one
 * write(2), so lines of many threads never mix.
 *
 *     struct log_line line;
 *     log_begin(&line, LOG_INFO, "listening");
 *     json_key(&line.json, "port"), json_count(&line.json, port);
 *     log_end(&line);
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/json.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_line {
    char bytes[4096];
    struct text text;
    struct json json;
    bool wanted;
};

void log_set_level(enum log_level least);
bool log_level_of(struct view name, enum log_level *out); /* debug, info, warn, error */

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_end(struct log_line *line); /* a line that does not fit is replaced by one that says so */

#endif
