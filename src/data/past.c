#include "data/past.h"

#include <math.h>

static bool load_table(const struct config *config, const struct schema *schema, struct view file,
                       struct arena *arena, struct table *out, struct err *err)
{
    size_t size_max = (size_t)config_number(config, KEY_DATA_MEMORY_MB) << 20;
    return table_load(out, schema, config_path_of(config, file), size_max, arena, err);
}

static bool join_table(struct past *past, const struct config *config, const struct yaml *item,
                       struct arena *arena, struct err *err)
{
    struct join join = {
        .key = config_item_text(item, KEY_JOIN_ON),
        .allow_fan_out = view_is(config_item_text(item, KEY_JOIN_FAN_OUT), "allow"),
    };
    struct view file = config_item_text(item, KEY_JOIN_FILE);
    if (join.key.length == 0 || file.length == 0)
        return config_wrong(config, item, err, "a join needs 'file' and 'on'");
    if (past->joins == PAST_JOINS_MAX)
        return config_wrong(config, item, err, "at most %d joins are made", PAST_JOINS_MAX);
    struct past_join *done = &past->join[past->joins++];
    struct table right, joined;
    if (!load_table(config, past->table.schema, file, arena, &right, err) ||
        !table_join(&joined, &past->table, &right, &join, &done->audit, arena, err))
        return false;
    done->key = join.key;
    done->path = right.path;
    past->table = joined;
    return true;
}

/* Those of the last data.newest_days days before the newest. */
static bool keep_newest(struct past *past, const struct config *config, struct arena *arena,
                        struct err *err)
{
    static const double day_ms = 86400000;
    double days = config_number(config, KEY_DATA_NEWEST_DAYS), newest = -(double)INFINITY;
    struct view name = config_text(config, KEY_SPLIT_COLUMN);
    struct table *table = &past->table;
    if (days == 0)
        return true;
    uint32_t column = dictionary_find(&table->schema->names, name);
    if (column == DICTIONARY_NONE || !table->series[column].present ||
        table->schema->column[column].kind != COLUMN_TIMESTAMP)
        return err_set(err, ERR_INPUT,
                       "data.newest_days needs split.column, a timestamp of the data; '" VIEW_FMT
                       "' is none",
                       VIEW_ARG(name));
    const double *time_ms = table->series[column].number;
    uint8_t *wanted = arena_new(arena, uint8_t, table->rows);
    if (wanted == NULL)
        return err_set(err, ERR_LIMIT,
                       "the data does not fit the memory limit (data.memory_mb raises it)");
    for (size_t i = 0; i < table->rows; i++)
        newest = fmax(newest, time_ms[i]);
    for (size_t i = 0; i < table->rows; i++)
        wanted[i] = time_ms[i] > newest - days * day_ms; /* not where it is missing */
    table_keep(table, wanted);
    return true;
}

/* Rows without a fraud, or without anything else, teach nothing. */
static bool read_labels(struct past *past, const struct config *config, struct arena *arena,
                        struct err *err)
{
    struct label_words words = {
        .column = config_text(config, KEY_DATA_LABEL),
        .positive = config_text(config, KEY_DATA_POSITIVE),
        .negative = config_text(config, KEY_DATA_NEGATIVE),
    };
    past->label = arena_new(arena, uint8_t, past->table.rows);
    if (past->label == NULL)
        return err_set(err, ERR_LIMIT,
                       "the data does not fit the memory limit (data.memory_mb raises it)");
    if (!table_labels(&past->table, &words, past->label, err))
        return false;
    for (size_t i = 0; i < past->table.rows; i++)
        past->frauds += past->label[i];
    if (past->frauds == 0 || past->frauds == past->table.rows)
        return err_set(err, ERR_INPUT,
                       "%s: all %zu labels in '" VIEW_FMT "' are %s; both classes are needed",
                       past->table.path, past->table.rows, VIEW_ARG(words.column),
                       past->frauds == 0 ? "legitimate" : "fraud");
    return true;
}

bool past_is_named(const struct config *config, struct err *err)
{
    if (config_text(config, KEY_DATA_FILE).length == 0)
        return err_set(err, ERR_INPUT, "'data.file' is not set: which CSV is to be read?");
    if (config_text(config, KEY_DATA_LABEL).length == 0)
        return err_set(err, ERR_INPUT,
                       "'data.label' is not set: which column says what was fraud?");
    return true;
}

bool past_load(struct past *past, const struct config *config, const struct schema *schema,
               struct arena *arena, struct err *err)
{
    *past = (struct past){0};
    if (!past_is_named(config, err) ||
        !load_table(config, schema, config_text(config, KEY_DATA_FILE), arena, &past->table, err))
        return false;
    const struct yaml *joins = config_node(config, "data.join");
    for (const struct yaml *item = joins == NULL ? NULL : joins->first; item != NULL;
         item = item->next)
        if (!join_table(past, config, item, arena, err))
            return false;
    return table_require_inputs(&past->table, err) && keep_newest(past, config, arena, err) &&
           read_labels(past, config, arena, err);
}
