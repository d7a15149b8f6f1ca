#include "train/prepared.h"

#include "base/clock.h"
#include "data/declare.h"
#include "measure/sample.h"

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
    if (name.length == 0)
        return err_set(err, ERR_INPUT,
                       "split.column: a split by time or by group needs the column to split by");
    return prepared_column(p, "split.column", name, out, err);
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

/* Numbers the values of a column; every row must have one. */
static bool number_values(struct prepared *p, const char *key, uint32_t column, uint32_t **out,
                          size_t *count, struct arena *arena, struct err *err)
{
    struct dictionary values = dictionary_in(arena);
    *out = arena_new(arena, uint32_t, p->past.table.rows);
    if (*out == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < p->past.table.rows; i++) {
        char number[32];
        struct view text = table_text(&p->past.table, column, i, number);
        if (text.text == NULL)
            return err_set(err, ERR_INPUT, "%s: %s line %u: '" VIEW_FMT "' is missing", key,
                           p->past.table.path, p->past.table.line[i],
                           VIEW_ARG(p->schema.column[column].name));
        if (!dictionary_add(&values, text, &(*out)[i]))
            return out_of_memory(err);
    }
    *count = values.count;
    return true;
}

static bool take_groups(struct prepared *p, const struct config *config, struct arena *arena,
                        struct err *err)
{
    uint32_t column;
    return split_column(p, config, &column, err) &&
           number_values(p, "split.column", column, &p->group, &p->groups, arena, err);
}

static bool take_entities(struct prepared *p, const struct config *config, struct arena *arena,
                          struct err *err)
{
    static const char key[] = "split.leave_out_known";
    struct view name = config_text(config, KEY_SPLIT_LEAVE_OUT_KNOWN);
    uint32_t column;
    if (name.length == 0)
        return true;
    if (!split_is_timed(p->split.kind))
        return err_set(err, ERR_INPUT, "%s needs a split by time or dates", key);
    return prepared_column(p, key, name, &column, err) &&
           number_values(p, key, column, &p->entity, &p->entities, arena, err);
}

/* "2018-07-25" is its first instant. */
static bool parse_date(const struct config *config, enum key_id key, double *out, struct err *err)
{
    struct view text = config_text(config, key);
    int64_t ms;
    if (text.length == 0 || !clock_parse(text, &ms))
        return err_set(err, ERR_INPUT,
                       "%s takes a date or an instant, 2018-07-25 or 2018-07-25T00:00:00Z, not "
                       "'" VIEW_FMT "'",
                       config_keys[key].path, VIEW_ARG(text));
    *out = (double)ms;
    return true;
}

static bool take_windows(struct prepared *p, const struct config *config, struct err *err)
{
    static const enum key_id from[] = {KEY_SPLIT_TRAIN_FROM, KEY_SPLIT_VALIDATION_FROM,
                                       KEY_SPLIT_TEST_FROM};
    static const enum key_id before[] = {KEY_SPLIT_TRAIN_BEFORE, KEY_SPLIT_VALIDATION_BEFORE,
                                         KEY_SPLIT_TEST_BEFORE};
    for (size_t s = 0; s < SLICE_NONE; s++)
        if (!parse_date(config, from[s], &p->split.window[s].from_ms, err) ||
            !parse_date(config, before[s], &p->split.window[s].before_ms, err))
            return false;
    return true;
}

struct split_rows prepared_rows(const struct prepared *p)
{
    return (struct split_rows){.count = p->past.table.rows,
                               .label = p->past.label,
                               .time_ms = p->time_ms,
                               .group = p->group,
                               .group_count = p->groups,
                               .entity = p->entity,
                               .entity_count = p->entities};
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
    if (split_is_timed(p->split.kind) && !take_times(p, config, err))
        return false;
    if (p->split.kind == SPLIT_DATES && !take_windows(p, config, err))
        return false;
    if (!take_entities(p, config, arena, err))
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

/* ---------------------------------------------------------------- columns beside the features */

static const enum key_id names_beside[] = {KEY_EVALUATION_ENTITY, KEY_EVALUATION_AMOUNT,
                                           KEY_EVALUATION_TIME, KEY_EVALUATION_WEIGHT,
                                           KEY_CHALLENGE_GROUP};
static const char segments[] = "evaluation.segments";

bool prepared_name_declared(const struct schema *schema, const char *key, struct view name,
                            struct err *err)
{
    return dictionary_find(&schema->names, name) != DICTIONARY_NONE ||
           err_set(err, ERR_INPUT,
                   "%s: '" VIEW_FMT "' is no column of the data; declare it under columns", key,
                   VIEW_ARG(name));
}

/* What is money is a number, and what is a time an instant: said before hours of training. */
static bool is_of_its_kind(const struct schema *schema, enum key_id key, struct view name,
                           struct err *err)
{
    const char *path = config_keys[key].path;
    enum column_kind kind = schema->column[dictionary_find(&schema->names, name)].kind;
    if (key == KEY_EVALUATION_TIME && kind != COLUMN_TIMESTAMP)
        return err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no timestamp", path, VIEW_ARG(name));
    bool words = kind_is_coded(kind) || kind == COLUMN_ID || kind == COLUMN_TEXT;
    if (key == KEY_EVALUATION_AMOUNT && (words || kind == COLUMN_TIMESTAMP))
        return err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no column of numbers", path,
                       VIEW_ARG(name));
    return true;
}

static const struct yaml *first_segment(const struct config *config)
{
    const struct yaml *list = config_node(config, segments);
    return list == NULL ? NULL : list->first;
}

bool prepared_names_declared(const struct config *config, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = SIZE_MAX / 2};
    struct schema schema;
    if (!declare_schema(config, &arena, &schema, err))
        return false;
    for (size_t i = 0; i < LENGTH_OF(names_beside); i++) {
        struct view name = config_text(config, names_beside[i]);
        if (name.length > 0 &&
            (!prepared_name_declared(&schema, config_keys[names_beside[i]].path, name, err) ||
             !is_of_its_kind(&schema, names_beside[i], name, err)))
            return false;
    }
    for (const struct yaml *item = first_segment(config); item != NULL; item = item->next)
        if (!prepared_name_declared(&schema, segments, item->text, err))
            return false;
    return true;
}

void prepared_names_digest(const struct config *config, struct digester *digester)
{
    for (size_t i = 0; i < LENGTH_OF(names_beside); i++)
        config_digest(config, config_keys[names_beside[i]].path, digester);
    config_digest(config, segments, digester);
}

static bool find_names(const struct prepared *p, const struct config *config, struct err *err)
{
    uint32_t column;
    for (size_t i = 0; i < LENGTH_OF(names_beside); i++) {
        struct view name = config_text(config, names_beside[i]);
        if (name.length > 0 &&
            !prepared_column(p, config_keys[names_beside[i]].path, name, &column, err))
            return false;
    }
    for (const struct yaml *item = first_segment(config); item != NULL; item = item->next)
        if (!prepared_column(p, segments, item->text, &column, err))
            return false;
    return true;
}

static bool check_weights(const struct prepared *p, const double *weight, struct err *err)
{
    double sum[SLICE_COUNT] = {0};
    for (size_t i = 0; i < p->past.table.rows; i++) {
        if (!weight_is_valid(weight[i]))
            return err_set(
                err, ERR_INPUT,
                "evaluation.weight: %s line %u: the weight is %s; every row needs one: 1 "
                "where it stands for itself, 20 for twenty rows, 0 to leave it out",
                p->past.table.path, p->past.table.line[i],
                isnan(weight[i]) ? "missing"
                : weight[i] < 0  ? "negative"
                                 : "neither 0 nor from 1e-12 to 1e12");
        sum[p->slice[i]] += weight[i];
    }
    static const enum slice judged[] = {SLICE_VALIDATION, SLICE_TEST};
    for (size_t i = 0; i < LENGTH_OF(judged); i++)
        if (sum[judged[i]] == 0)
            return err_set(err, ERR_INPUT,
                           "evaluation.weight: every row of the %s slice weighs 0; give its rows "
                           "weights above 0, or split otherwise",
                           slice_name(judged[i]));
    return true;
}

/* A weight says how a row came to be here, which often says what it is: no feature may read it. */
static bool take_weights(struct prepared *p, const struct config *config, struct err *err)
{
    static const char key[] = "evaluation.weight";
    struct view name = config_text(config, KEY_EVALUATION_WEIGHT);
    uint32_t column;
    if (name.length == 0)
        return true;
    if (!prepared_column(p, key, name, &column, err))
        return false;
    const double *weight = p->past.table.series[column].number;
    if (weight == NULL || p->schema.column[column].kind == COLUMN_TIMESTAMP)
        return err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no column of numbers", key,
                       VIEW_ARG(name));
    if (p->schema.column[column].input)
        return err_set(err, ERR_INPUT,
                       "%s: the model would read '" VIEW_FMT "', which says how a row was drawn; "
                       "set `use: false` on the column",
                       key, VIEW_ARG(name));
    p->weight = weight;
    return check_weights(p, weight, err);
}

bool prepared_load(struct prepared *p, const struct config *config, struct arena *arena,
                   struct err *err)
{
    *p = (struct prepared){0};
    return declare_schema(config, arena, &p->schema, err) &&
           plan_declare(config, &p->schema, arena, &p->declared, err) &&
           past_load(&p->past, config, &p->schema, arena, err) && find_names(p, config, err) &&
           split_table(p, config, arena, err) && take_weights(p, config, err) &&
           table_learn_values(&p->past.table, p->schema.column, p->wanted, arena, err) &&
           plan_fit(&p->declared, &p->past.table, p->wanted, arena, &p->plan, err);
}
