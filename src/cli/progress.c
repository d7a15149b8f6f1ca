#include "cli/progress.h"

#include "base/clock.h"

#include <unistd.h>

enum { BAR_WIDTH = 30, REDRAW_NS = 50 * 1000 * 1000 };

struct terminal terminal_of(FILE *out)
{
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return (struct terminal){.out = out, .moves = isatty(fileno(out)) && !dumb};
}

static void clear_bar(struct terminal *terminal)
{
    if (terminal->bar_open)
        fputs("\r\033[K", terminal->out);
    terminal->bar_open = false;
}

static void draw_bar(struct terminal *terminal, const struct progress_event *event)
{
    int64_t now = clock_ticks_ns();
    bool last = event->done == event->total;
    if (terminal->bar_open && !last && now - terminal->bar_drawn_ns < REDRAW_NS)
        return;
    terminal->bar_drawn_ns = now;
    terminal->bar_open = true;
    fprintf(terminal->out, "\r\033[K%-9s ", event->step);
    if (event->total > 0) {
        char bar[BAR_WIDTH + 1];
        size_t full = (size_t)(event->done * BAR_WIDTH / event->total);
        memset(bar, ' ', BAR_WIDTH);
        memset(bar, '#', full > BAR_WIDTH ? BAR_WIDTH : full);
        bar[BAR_WIDTH] = '\0';
        fprintf(terminal->out, "[%s] %llu/%llu ", bar, (unsigned long long)event->done,
                (unsigned long long)event->total);
    }
    fprintf(terminal->out, "%.60s", event->text);
    fflush(terminal->out);
}

/* Not a terminal: a line at every fifth of a long part. */
static void say_part(struct terminal *terminal, const struct progress_event *event)
{
    enum { PARTS = 5 };
    if (event->total < PARTS)
        return;
    uint64_t part = event->done * PARTS / event->total;
    if (part == terminal->part_said)
        return;
    terminal->part_said = part;
    if (part > 0)
        fprintf(terminal->out, "%-9s %s %llu/%llu\n", event->step, event->text,
                (unsigned long long)event->done, (unsigned long long)event->total);
}

static void say_finished(struct terminal *terminal, const struct progress_event *event)
{
    double seconds = (double)(clock_ticks_ns() - terminal->step_started_ns) * 1e-9;
    fprintf(terminal->out, "%-9s %s  (%s%.2f s)\n", event->step, event->text,
            event->done ? "unchanged, " : "", seconds);
    fflush(terminal->out);
}

static void report(void *self, const struct progress_event *event)
{
    struct terminal *terminal = self;
    switch (event->kind) {
    case PROGRESS_STEP:
        terminal->step_started_ns = clock_ticks_ns();
        terminal->part_said = 0;
        if (terminal->moves)
            draw_bar(terminal, event);
        break;
    case PROGRESS_PART:
        if (terminal->moves)
            draw_bar(terminal, event);
        else
            say_part(terminal, event);
        break;
    case PROGRESS_FINISHED:
        clear_bar(terminal);
        say_finished(terminal, event);
        break;
    }
}

struct progress terminal_progress(struct terminal *terminal)
{
    return (struct progress){.report = report, .self = terminal};
}

void terminal_end(struct terminal *terminal)
{
    clear_bar(terminal);
    fflush(terminal->out);
}
