#include "train/leak.h"

#include <stdarg.h>

const struct leak *const leak_table[] = {
#define LEAK(name) &leak_##name,
#include "train/leaks.def"
#undef LEAK
};
const size_t leak_table_count = LENGTH_OF(leak_table);

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the audit does not fit the memory limit (data.memory_mb raises it)");
}

const char *leak_level_name(enum leak_level level)
{
    static const char *const names[] = {
        [LEAK_NOTE] = "note", [LEAK_WARNING] = "warning", [LEAK_ERROR] = "error"};
    return names[level];
}

/* ---------------------------------------------------------------- findings */

static struct leak_finding *room_for_one(struct leaks *leaks)
{
    if (leaks->count < leaks->room)
        return &leaks->finding[leaks->count++];
    size_t room = leaks->room == 0 ? 16 : 2 * leaks->room;
    struct leak_finding *more = arena_new(leaks->arena, struct leak_finding, room);
    if (more == NULL)
        return NULL;
    if (leaks->count > 0)
        memcpy(more, leaks->finding, leaks->count * sizeof *more);
    leaks->finding = more;
    leaks->room = room;
    return &leaks->finding[leaks->count++];
}

bool leak_add(struct leaks *leaks, const struct leak *leak, enum leak_level level,
              struct view subject, double value, struct err *err, const char *fmt, ...)
{
    char line[400];
    va_list arguments;
    va_start(arguments, fmt);
    int length = vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    if (length < 0)
        length = 0;
    if ((size_t)length >= sizeof line)
        length = sizeof line - 1;
    const char *text = arena_copy(leaks->arena, line, (size_t)length);
    struct leak_finding *finding = text == NULL ? NULL : room_for_one(leaks);
    if (finding == NULL)
        return out_of_memory(err);
    *finding = (struct leak_finding){
        .leak = leak,
        .level = level,
        .subject = subject,
        .value = value,
        .text = {text, (size_t)length},
    };
    return true;
}

/* The worst first; within a level as the table has them, and as they were found. */
void leaks_rank(struct leaks *leaks)
{
    for (size_t i = 1; i < leaks->count; i++) {
        struct leak_finding finding = leaks->finding[i];
        size_t at = i;
        for (; at > 0 && leaks->finding[at - 1].level < finding.level; at--)
            leaks->finding[at] = leaks->finding[at - 1];
        leaks->finding[at] = finding;
    }
}

/* "oracle", all of a kind, or "oracle:amount". */
static bool is_accepted(const struct leak_finding *finding, struct view name)
{
    size_t length = strlen(finding->leak->name);
    if (name.length < length || memcmp(name.text, finding->leak->name, length) != 0)
        return false;
    if (name.length == length)
        return true;
    struct view subject = {name.text + length + 1, name.length - length - 1};
    return name.text[length] == ':' && view_same(subject, finding->subject);
}

/* A name that accepts nothing is a mistake, or a leak that is mended: both are said. */
static bool accept(struct leaks *leaks, const struct config *config, struct err *err)
{
    const struct yaml *list = config_node(config, "audit.accept");
    for (const struct yaml *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        struct view name = item->text;
        bool any = false;
        for (size_t i = 0; i < leaks->count; i++)
            if (is_accepted(&leaks->finding[i], name))
                leaks->finding[i].accepted = any = true;
        if (!any)
            return config_wrong(config, item, err,
                                "audit.accept: nothing was found that is called '" VIEW_FMT
                                "': take it out",
                                VIEW_ARG(name));
    }
    return true;
}

size_t leaks_unaccepted(const struct leaks *leaks)
{
    size_t count = 0;
    for (size_t i = 0; i < leaks->count; i++)
        count += leaks->finding[i].level == LEAK_ERROR && !leaks->finding[i].accepted;
    return count;
}

void leaks_write(const struct leaks *leaks, struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < leaks->count; i++) {
        const struct leak_finding *finding = &leaks->finding[i];
        json_open(json, '{');
        json_key(json, "name"), json_string(json, finding->leak->name);
        json_key(json, "level"), json_string(json, leak_level_name(finding->level));
        json_key(json, "subject"), json_text(json, finding->subject);
        json_key(json, "value"), json_number(json, finding->value);
        json_key(json, "text"), json_text(json, finding->text);
        json_key(json, "remedy"), json_string(json, finding->leak->remedy);
        json_key(json, "accepted"), json_bool(json, finding->accepted);
        json_close(json);
    }
    json_close(json);
}

/* ---------------------------------------------------------------- rows */

/* FNV-1a, 64 bits, over the features' bits and the label. */
static uint64_t hash_row(const float *row, size_t width, uint8_t label)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < width; i++) {
        uint32_t bits;
        memcpy(&bits, &row[i], sizeof bits);
        hash = (hash ^ bits) * 0x100000001b3;
    }
    return (hash ^ label) * 0x100000001b3;
}

static bool take_rows(struct leaks *leaks, struct err *err)
{
    const struct prepared *p = leaks->prepared;
    size_t rows = p->past.table.rows, width = p->plan.width;
    size_t training = p->count[SLICE_TRAIN][0] + p->count[SLICE_TRAIN][1];
    size_t stride = training / LEAK_ROWS_MAX + 1, most = (training + stride - 1) / stride, seen = 0;
    struct cell *cell = arena_new(leaks->arena, struct cell, p->schema.count);
    float *row = arena_new(leaks->arena, float, width);
    float *feature = arena_new(leaks->arena, float, width *most);
    uint8_t *label = arena_new(leaks->arena, uint8_t, most);
    uint64_t *hash = arena_new(leaks->arena, uint64_t, rows);
    if (cell == NULL || row == NULL || feature == NULL || label == NULL || hash == NULL)
        return out_of_memory(err);
    struct record record = {.schema = &p->schema, .cell = cell};
    for (size_t i = 0; i < rows; i++) {
        if (!table_record(&p->past.table, i, &record, err))
            return false;
        feature_apply(&p->plan, &record, row);
        hash[i] = hash_row(row, width, p->past.label[i]);
        if (p->slice[i] != SLICE_TRAIN || seen++ % stride > 0)
            continue;
        for (size_t f = 0; f < width; f++)
            feature[f * most + leaks->rows] = row[f];
        label[leaks->rows++] = p->past.label[i];
    }
    assert(leaks->rows == most);
    leaks->feature = feature;
    leaks->label = label;
    leaks->hash = hash;
    return true;
}

bool leaks_find(struct leaks *leaks, const struct prepared *prepared, const struct config *config,
                struct arena *arena, struct err *err)
{
    *leaks = (struct leaks){.prepared = prepared, .arena = arena};
    if (!take_rows(leaks, err))
        return false;
    for (size_t i = 0; i < leak_table_count; i++)
        if (!leak_table[i]->look(leaks, leak_table[i], err))
            return err_while(err, "looking for %s", leak_table[i]->name);
    leaks_rank(leaks);
    return accept(leaks, config, err);
}
