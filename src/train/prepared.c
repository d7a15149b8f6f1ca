#include "train/prepared.h"

#include "data/declare.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the data does not fit the memory limit (data.memory_mb raises it)");
}

bool prepared_column(const struct prepared *p, const char *key, struct view name, uint32_t *out,
                     struct err *err)
{
    *out = dictionary_find(&p->schema.names, name);
    return (*out != DICTIONARY_NONE && p->past.table.series[*out].present) ||
           err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no column of the data", key,
                   VIEW_ARG(name));
}

static bool split_column(struct prepared *p, const struct config *config, uint32_t *out,
                         struct err *err)
{
    struct view name = config_text(config, KEY_SPLIT_COLUMN);
    uint32_t index = dictionary_find(&p->schema.names, name);
    if (index == DICTIONARY_NONE || !p->past.table.series[index].present)
        return err_set(err, ERR_INPUT,
                       "split.column: '" VIEW_FMT "' is no column of the data; a split by time or "
                       "by group needs one",
                       VIEW_ARG(name));
    *out = index;
    return true;
}

static bool take_times(struct prepared *p, const struct config *config, struct err *err)
{
    uint32_t column;
    if (!split_column(p, config, &column, err))
        return false;
    enum column_kind kind = p->schema.column[column].kind;
    if (kind != COLUMN_TIMESTAMP)
        return err_set(err, ERR_INPUT,
                       "split.column: a split by time needs a timestamp, '" VIEW_FMT "' is %s",
                       VIEW_ARG(p->schema.column[column].name), kind_name(kind));
    p->time_ms = p->past.table.series[column].number;
    for (size_t i = 0; i < p->past.table.rows; i++)
        if (isnan(p->time_ms[i]))
            return err_set(err, ERR_INPUT, "%s line %u: the time to split by is missing",
                           p->past.table.path, p->past.table.line[i]);
    return true;
}

static bool take_groups(struct prepared *p, const struct config *config, struct arena *arena,
                        struct err *err)
{
    uint32_t column;
    if (!split_column(p, config, &column, err))
        return false;
    struct dictionary groups = dictionary_in(arena);
    p->group = arena_new(arena, uint32_t, p->past.table.rows);
    if (p->group == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < p->past.table.rows; i++) {
        char number[32];
        struct view text = table_text(&p->past.table, column, i, number);
        if (text.text == NULL)
            return err_set(err, ERR_INPUT, "%s line %u: the group to split by is missing",
                           p->past.table.path, p->past.table.line[i]);
        if (!dictionary_add(&groups, text, &p->group[i]))
            return out_of_memory(err);
    }
    p->groups = groups.count;
    return true;
}

struct split_rows prepared_rows(const struct prepared *p)
{
    return (struct split_rows){.count = p->past.table.rows,
                               .label = p->past.label,
                               .time_ms = p->time_ms,
                               .group = p->group,
                               .group_count = p->groups};
}

/* A join that multiplied rows makes copies of a record; at random they would train and test. */
static bool check_fan_out(const struct prepared *p, struct err *err)
{
    for (size_t i = 0; i < p->past.joins; i++) {
        const struct past_join *join = &p->past.join[i];
        if (join->audit.rows > join->audit.left_rows)
            return err_set(err, ERR_INPUT,
                           "the join of %s makes %zu rows of %zu, and a random split would put "
                           "copies of one record on both sides: split.kind group (by '" VIEW_FMT
                           "') or time keeps them together",
                           join->path, join->audit.rows, join->audit.left_rows,
                           VIEW_ARG(join->key));
    }
    return true;
}

static bool split_table(struct prepared *p, const struct config *config, struct arena *arena,
                        struct err *err)
{
    p->split = (struct split){
        .train = config_number(config, KEY_SPLIT_TRAIN),
        .validation = config_number(config, KEY_SPLIT_VALIDATION),
        .delay_days = config_number(config, KEY_SPLIT_DELAY_DAYS),
        .seed = config_count(config, KEY_SPLIT_SEED),
    };
    bool known = split_kind_find(config_text(config, KEY_SPLIT_KIND), &p->split.kind);
    assert(known); /* the key table has the same words */
    if (p->split.kind == SPLIT_TIME && !take_times(p, config, err))
        return false;
    if (p->split.kind == SPLIT_GROUP && !take_groups(p, config, arena, err))
        return false;
    if (p->split.kind == SPLIT_RANDOM && !check_fan_out(p, err))
        return false;
    p->slice = arena_new(arena, uint8_t, p->past.table.rows);
    p->wanted = arena_new(arena, uint8_t, p->past.table.rows);
    if (p->slice == NULL || p->wanted == NULL)
        return out_of_memory(err);
    struct split_rows rows = prepared_rows(p);
    if (!split_make(&p->split, &rows, p->slice, arena, err))
        return false;
    for (size_t i = 0; i < p->past.table.rows; i++) {
        p->wanted[i] = p->slice[i] == SLICE_TRAIN;
        p->count[p->slice[i]][p->past.label[i]]++;
    }
    return true;
}

bool prepared_load(struct prepared *p, const struct config *config, struct arena *arena,
                   struct err *err)
{
    *p = (struct prepared){0};
    return declare_schema(config, arena, &p->schema, err) &&
           plan_declare(config, &p->schema, arena, &p->declared, err) &&
           past_load(&p->past, config, &p->schema, arena, err) &&
           split_table(p, config, arena, err) &&
           table_learn_values(&p->past.table, p->schema.column, p->wanted, arena, err) &&
           plan_fit(&p->declared, &p->past.table, p->wanted, arena, &p->plan, err);
}
