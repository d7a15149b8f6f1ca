#include "data/shift_truth.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <math.h>

enum { DAY_MS = 86400000, TRUTH_BYTES_MAX = 64 << 20, DATE_LENGTH = 10 };

static void add_date(struct json *json, const struct shift_truth *truth, double day)
{
    char bytes[32];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_time(&text, truth->stream_start_ms + (int64_t)day * DAY_MS);
    json_text(json, (struct view){bytes, DATE_LENGTH});
}

static void add_list(struct json *json, const char *name, const uint32_t *count, size_t counts)
{
    json_key(json, name);
    json_open(json, '[');
    for (size_t i = 0; i < counts; i++)
        json_count(json, count[i]);
    json_close(json);
}

static void add_shift(struct json *json, const struct shift_truth *truth, size_t index)
{
    const struct shift *shift = &truth->plan->shift[index];
    uint64_t changed = 0, removed = 0, added = 0;
    for (uint32_t day = truth->first_day; day < truth->days; day++) {
        changed += truth->tally[day].changed[index];
        removed += truth->tally[day].removed[index];
        added += truth->tally[day].added[index];
    }
    json_open(json, '{');
    json_key(json, "kind"), json_string(json, shift->kind->name);
    json_key(json, "settings"), json_text(json, shift->text);
    json_key(json, "from_day"), json_number(json, shift->from);
    json_key(json, "from"), add_date(json, truth, shift->from);
    json_key(json, "over_days"), json_number(json, shift->over);
    json_key(json, "until_day"), json_number(json, shift->until);
    json_key(json, "changed"), json_count(json, changed);
    json_key(json, "removed"), json_count(json, removed);
    json_key(json, "added"), json_count(json, added);
    json_close(json);
}

static void add_day(struct json *json, const struct shift_truth *truth, uint32_t day)
{
    const struct shift_tally *tally = &truth->tally[day];
    size_t shifts = truth->plan->count;
    json_open(json, '{');
    json_key(json, "day"), json_count(json, day);
    json_key(json, "date"), add_date(json, truth, day);
    json_key(json, "events"), json_count(json, tally->events);
    json_key(json, "frauds"), json_count(json, tally->frauds);
    json_key(json, "strength");
    json_open(json, '[');
    for (size_t i = 0; i < shifts; i++)
        json_number(json, shift_strength(&truth->plan->shift[i], day));
    json_close(json);
    add_list(json, "changed", tally->changed, shifts);
    add_list(json, "removed", tally->removed, shifts);
    add_list(json, "added", tally->added, shifts);
    json_close(json);
}

bool shift_truth_save(const struct shift_truth *truth, const char *path, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = TRUTH_BYTES_MAX};
    struct text text = text_in_arena(&arena);
    struct json json = json_to(&text);
    json_open(&json, '{');
    json_key(&json, "version"), json_count(&json, 1);
    json_key(&json, "preset"), json_string(&json, truth->preset);
    json_key(&json, "seed"), json_count(&json, truth->seed);
    json_key(&json, "first_day"), json_count(&json, truth->first_day);
    json_key(&json, "days"), json_count(&json, truth->days);
    json_key(&json, "shifts");
    json_open(&json, '[');
    for (size_t i = 0; i < truth->plan->count; i++)
        add_shift(&json, truth, i);
    json_close(&json);
    json_key(&json, "by_day");
    json_open(&json, '[');
    for (uint32_t day = truth->first_day; day < truth->days; day++) {
        text_addc(&text, '\n');
        add_day(&json, truth, day);
    }
    json_close(&json);
    json_close(&json);
    text_addc(&text, '\n');
    if (text.cut)
        return err_set(err, ERR_LIMIT, "what the shifts did does not fit the memory limit");
    return file_save(path, text_view(&text), err);
}
