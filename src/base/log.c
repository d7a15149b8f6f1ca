#include "base/log.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static _Atomic int level_least = LOG_LEVEL_INFO;

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&level_least, (int)least, memory_order_relaxed);
}

bool log_level_of(struct view name, enum log_level *out)
{
    for (size_t i = 0; i < LENGTH_OF(level_names); i++) {
        if (view_is(name, level_names[i])) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    line->wanted = (int)level >= atomic_load_explicit(&level_least, memory_order_relaxed);
    line->text = text_in(line->bytes, sizeof line->bytes - 2); /* "}\n" always fits */
    line->json = json_to(&line->text);

    char time[40];
    struct text stamp = text_in(time, sizeof time);
    text_add_time(&stamp, clock_now_ms());
    json_open(&line->json, '{');
    json_key(&line->json, "time"), json_text(&line->json, text_view(&stamp));
    json_key(&line->json, "level"), json_string(&line->json, level_names[level]);
    json_key(&line->json, "event"), json_string(&line->json, event);
}

static void put(const char *bytes, size_t size)
{
    /* There is nowhere to report that standard error cannot be written. */
    ssize_t put UNUSED = write(STDERR_FILENO, bytes, size);
}

void log_end(struct log_line *line)
{
    if (!line->wanted)
        return;
    if (line->text.cut) {
        static const char cut[] = "{\"level\":\"warn\",\"event\":\"log_line_too_long\"}\n";
        put(cut, sizeof cut - 1);
        return;
    }
    memcpy(line->bytes + line->text.length, "}\n", 2);
    put(line->bytes, line->text.length + 2);
}
