#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "cli/command.h"
#include "data/csv.h"
#include "measure/bias_report.h"

#include <errno.h>
#include <math.h>

enum { OPTION_CONFIG, OPTION_DATA, OPTION_SCORES, OPTION_PREDICTED, OPTION_THRESHOLD, OPTION_OUT };

/* A text column of more values than this is no feature of the flip test. */
enum { DATA_SIZE_MAX = 2000000000, ONE_HOT_MAX = 50, WIDTH_MAX = 1000 };

/* The rows of one CSV, each column numbered by its texts. */
struct labelled {
    const struct call *call;
    struct arena *arena;
    struct bias_config config;
    struct view name[CSV_FIELDS_MAX];
    struct facet_column *column;
    size_t columns, rows;
    uint32_t *line;
    struct facet_list facets;
    struct view from[WIDTH_MAX]; /* by feature: its column */
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the data does not fit the memory limit");
}

/* ---------------------------------------------------------------- reading */

/* The first line has the names, unless 'headers' gives them and the line is not these. */
static bool read_names(struct labelled *l, const struct csv_row *row, bool *is_data,
                       struct err *err)
{
    const struct bias_texts *headers = &l->config.headers;
    const struct view *name = headers->count > 0 ? headers->text : row->field;
    l->columns = headers->count > 0 ? headers->count : row->count;
    if (row->count != l->columns)
        return err_set(err, ERR_INPUT, "line %zu has %zu fields, 'headers' has %zu names",
                       row->line, row->count, l->columns);
    *is_data = false;
    for (size_t i = 0; i < l->columns; i++) {
        *is_data |= !view_same(name[i], row->field[i]);
        const char *copy = view_copy(name[i], l->arena);
        if (copy == NULL)
            return out_of_memory(err);
        l->name[i] = (struct view){copy, name[i].length};
        for (size_t j = 0; j < i; j++)
            if (view_same(l->name[j], l->name[i]))
                return err_set(err, ERR_INPUT, "two columns are named '" VIEW_FMT "'",
                               VIEW_ARG(l->name[i]));
    }
    return true;
}

/* Counts the rows, or, once the columns are there, fills them. */
static bool walk(struct labelled *l, struct csv *csv, struct err *err)
{
    struct csv_row row;
    bool is_data = false, first = true;
    size_t at = 0;
    for (; csv_next(csv, &row, err); first = false) {
        if (first && !read_names(l, &row, &is_data, err))
            return false;
        if (first && !is_data)
            continue;
        if (row.count != l->columns)
            return err_set(err, ERR_INPUT, "line %zu has %zu fields, the first has %zu", row.line,
                           row.count, l->columns);
        for (size_t i = 0; l->column != NULL && i < l->columns; i++)
            if (row.field[i].length > 0 && !facet_column_set(&l->column[i], at, row.field[i], err))
                return false;
        if (l->line != NULL)
            l->line[at] = (uint32_t)row.line;
        at++;
    }
    l->rows = at;
    return err->kind == ERR_NONE;
}

static bool walk_file(struct labelled *l, struct view text, struct err *err)
{
    struct csv csv;
    if (!csv_open(&csv, text, l->arena, err))
        return false;
    bool ok = walk(l, &csv, err);
    csv_close(&csv);
    return ok;
}

static bool make_columns(struct labelled *l, struct err *err)
{
    if (l->rows == 0)
        return err_set(err, ERR_INPUT, "there are no rows");
    struct facet_column *column = arena_new(l->arena, struct facet_column, l->columns);
    l->line = arena_new(l->arena, uint32_t, l->rows);
    if (column == NULL || l->line == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < l->columns; i++)
        if (!facet_column_init(&column[i], l->name[i], l->rows, l->arena, err))
            return false;
    l->column = column;
    return true;
}

static bool read_data(struct labelled *l, const char *path, struct err *err)
{
    struct view text;
    if (!file_load(path, DATA_SIZE_MAX, l->arena, &text, err))
        return false;
    return (walk_file(l, text, err) && make_columns(l, err) && walk_file(l, text, err)) ||
           err_while(err, "'%s'", path);
}

static bool find_column(const struct labelled *l, const char *what,
                        const struct bias_column *wanted, const struct facet_column **out,
                        struct err *err)
{
    size_t at = wanted->index;
    if (wanted->name.text != NULL)
        for (at = 0; at < l->columns && !view_same(l->name[at], wanted->name);)
            at++;
    if (at >= l->columns)
        return wanted->name.text == NULL
                   ? err_set(err, ERR_INPUT, "%s: there is no column number %zu, the data has %zu",
                             what, at, l->columns)
                   : err_set(err, ERR_INPUT, "%s: '" VIEW_FMT "' is no column of the data", what,
                             VIEW_ARG(wanted->name));
    *out = &l->column[at];
    return true;
}

/* ---------------------------------------------------------------- outcomes */

/* Which rows have a favourable label; a column of predicted labels is read as the label is. */
static bool read_labels(struct labelled *l, const struct facet_column *label,
                        const struct facet_column *column, uint8_t *out, struct err *err)
{
    const struct bias_texts *values = &l->config.label_values;
    struct facet_list *list = arena_new(l->arena, struct facet_list, 1);
    double limit;
    if (list == NULL)
        return out_of_memory(err);
    bool ok = facet_is_limit(label, values->count) && number_parse(values->text[0], &limit)
                  ? facet_add_limit(list, column, limit, true, l->arena, err)
                  : facet_add_values(list, column, values->text, values->count, l->arena, err);
    for (size_t i = 0; ok && i < l->rows; i++) {
        if (column->code[i] == DICTIONARY_NONE)
            return err_set(err, ERR_INPUT, "line %u: '" VIEW_FMT "' is empty", l->line[i],
                           VIEW_ARG(column->name));
        out[i] = facet_has(&list->facet[0], i);
    }
    return ok;
}

static bool read_scores(struct labelled *l, const struct facet_column *column, double threshold,
                        uint8_t *passes, struct err *err)
{
    for (size_t i = 0; i < l->rows; i++) {
        double score;
        uint32_t code = column->code[i];
        if (code == DICTIONARY_NONE || !number_parse(column->values.text[code], &score))
            return err_set(err, ERR_INPUT, "line %u: '" VIEW_FMT "' is no score", l->line[i],
                           VIEW_ARG(column->name));
        if (!(score >= 0 && score <= 1))
            return err_set(err, ERR_INPUT, "line %u: '" VIEW_FMT "' is %g: a score is from 0 to 1",
                           l->line[i], VIEW_ARG(column->name), score);
        passes[i] = !(score >= threshold);
    }
    return true;
}

static bool read_threshold(const struct labelled *l, double *out, struct err *err)
{
    const char *option = l->call->option[OPTION_THRESHOLD];
    *out = isnan(l->config.probability_threshold) ? 0.5 : l->config.probability_threshold;
    if (option != NULL && !number_parse(view_of(option), out))
        return err_set(err, ERR_USAGE, "--threshold takes a number, not '%s'", option);
    return true;
}

/* The decisions, when the call names a column of them. */
static bool read_decisions(struct labelled *l, const struct facet_column *label, uint8_t *passes,
                           struct bias_point *point, const struct facet_column **column,
                           struct err *err)
{
    const char *scores = l->call->option[OPTION_SCORES];
    const char *predicted = l->call->option[OPTION_PREDICTED];
    const struct bias_column wanted = {.name = view_of(scores != NULL ? scores : predicted)};
    *point = (struct bias_point){.name = "threshold", .threshold = (double)NAN, .passes = passes};
    if (!find_column(l, scores != NULL ? "--scores" : "--predicted", &wanted, column, err))
        return false;
    if (scores == NULL)
        return read_labels(l, label, *column, passes, err);
    return read_threshold(l, &point->threshold, err) &&
           read_scores(l, *column, point->threshold, passes, err);
}

/* ---------------------------------------------------------------- features */

static bool is_number(const struct facet_column *column)
{
    double number;
    for (uint32_t i = 0; i < column->values.count; i++)
        if (!number_parse(column->values.text[i], &number))
            return false;
    return column->values.count > 0;
}

/* How many features a column makes: itself, or one for each of its few texts. */
static size_t width_of(const struct facet_column *column)
{
    if (is_number(column))
        return 1;
    return column->values.count <= ONE_HOT_MAX ? column->values.count : 0;
}

static void write_features(const struct facet_column *column, size_t width, float *out,
                           size_t stride)
{
    bool number = is_number(column);
    for (size_t i = 0; i < column->rows; i++) {
        uint32_t code = column->code[i];
        double value = (double)NAN;
        if (number && code != DICTIONARY_NONE)
            number_parse(column->values.text[code], &value);
        for (size_t f = 0; f < width; f++)
            out[i * stride + f] = number ? (float)value : (float)(code == f);
    }
}

/* What rows are like, for the flip test: every column but the label and the decisions. */
static bool make_features(struct labelled *l, const struct facet_column *label,
                          const struct facet_column *decided, struct bias_part *part,
                          struct err *err)
{
    size_t width = 0, at = 0;
    for (size_t i = 0; i < l->columns; i++) {
        size_t more = width_of(&l->column[i]);
        if (&l->column[i] == label || &l->column[i] == decided || width + more > WIDTH_MAX)
            continue;
        for (size_t f = 0; f < more; f++)
            l->from[width++] = l->column[i].name;
    }
    float *feature = arena_new(l->arena, float, width * l->rows + 1);
    if (feature == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < l->columns && at < width; i++) {
        if (!view_same(l->column[i].name, l->from[at]))
            continue;
        size_t more = width_of(&l->column[i]);
        write_features(&l->column[i], more, feature + at, width);
        at += more;
    }
    part->feature = feature;
    part->width = width;
    part->feature_from = l->from;
    return true;
}

/* ---------------------------------------------------------------- the report */

static bool make_facets(struct labelled *l, struct err *err)
{
    for (size_t i = 0; i < l->config.facets; i++) {
        const struct bias_config_facet *facet = &l->config.facet[i];
        const struct facet_column *column;
        if (!find_column(l, "facet", &facet->column, &column, err) ||
            !facet_add_declared(&l->facets, column, facet->values.text, facet->values.count,
                                l->arena, err))
            return false;
    }
    return true;
}

static bool fill_part(struct labelled *l, const struct facet_column *label, struct bias_part *part,
                      struct err *err)
{
    uint32_t *row = arena_new(l->arena, uint32_t, l->rows);
    uint8_t *observed = arena_new(l->arena, uint8_t, l->rows);
    struct text favourable = text_in_arena(l->arena);
    if (row == NULL || observed == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < l->rows; i++)
        row[i] = (uint32_t)i;
    for (size_t i = 0; i < l->config.label_values.count; i++) {
        text_addf(&favourable, "%s", i > 0 ? ", " : "");
        text_add(&favourable, l->config.label_values.text[i]);
    }
    *part = (struct bias_part){
        .label = label->name,
        .favourable = text_view(&favourable),
        .row = row,
        .rows = l->rows,
        .observed = observed,
        .facets = &l->facets,
        .minima = {BIAS_MEMBERS_MIN, BIAS_OUTCOMES_MIN, BIAS_FLAGGED_MIN},
    };
    return (!l->config.grouped ||
            find_column(l, "group_variable", &l->config.group, &part->group, err)) &&
           read_labels(l, label, label, observed, err);
}

static bool write_part(struct labelled *l, struct bias_part *part, bool after, struct json *json,
                       struct err *err)
{
    struct bias_told told = {0};
    part->after = after;
    part->methods = l->config.method[after].names;
    return bias_write_part(part, json, l->arena->limit, &told, err);
}

static void write_unused(const struct labelled *l, struct json *json)
{
    json_key(json, "not_applied");
    json_open(json, '[');
    for (size_t i = 0; i < l->config.unused_count; i++)
        json_text(json, l->config.unused[i]);
    json_close(json);
}

static bool write_report(struct labelled *l, struct text *text, struct err *err)
{
    const struct facet_column *label, *decided = NULL;
    const struct call *call = l->call;
    bool decisions = call->option[OPTION_SCORES] != NULL || call->option[OPTION_PREDICTED] != NULL;
    struct bias_part part;
    struct bias_point point;
    struct json json = json_pretty_to(text);
    uint8_t *passes = arena_new(l->arena, uint8_t, l->rows);
    if (passes == NULL)
        return out_of_memory(err);
    if (!find_column(l, "label", &l->config.label, &label, err) || !make_facets(l, err) ||
        !fill_part(l, label, &part, err))
        return false;
    json_open(&json, '{');
    json_key(&json, "version"), json_string(&json, "1.0");
    if (l->config.method[0].wanted && !write_part(l, &part, false, &json, err))
        return false;
    if (decisions) {
        part.point = &point;
        part.points = 1;
        if (!read_decisions(l, label, passes, &point, &decided, err) ||
            !make_features(l, label, decided, &part, err) ||
            !write_part(l, &part, true, &json, err))
            return false;
    }
    write_unused(l, &json);
    json_close(&json);
    text_addc(text, '\n');
    return !text->cut || out_of_memory(err);
}

static bool check_call(const struct call *call, struct err *err)
{
    if (call->option[OPTION_CONFIG] == NULL || call->option[OPTION_DATA] == NULL)
        return err_set(err, ERR_USAGE, "--config analysis_config.json and --data FILE are needed");
    if (call->option[OPTION_SCORES] != NULL && call->option[OPTION_PREDICTED] != NULL)
        return err_set(err, ERR_USAGE, "--scores and --predicted are two ways to say one thing");
    if (call->option[OPTION_THRESHOLD] != NULL && call->option[OPTION_SCORES] == NULL)
        return err_set(err, ERR_USAGE, "--threshold is for --scores");
    return true;
}

static bool run(const struct call *call, struct err *err)
{
    if (!check_call(call, err))
        return false;
    CLEANUP(arena_release) struct arena arena = {.limit = (size_t)DATA_SIZE_MAX * 8};
    struct labelled *l = arena_new(&arena, struct labelled, 1);
    struct text text = text_in_arena(&arena);
    if (l == NULL)
        return out_of_memory(err);
    l->call = call;
    l->arena = &arena;
    if (!bias_config_load(&l->config, call->option[OPTION_CONFIG], &arena, err))
        return false;
    bool decisions = call->option[OPTION_SCORES] != NULL || call->option[OPTION_PREDICTED] != NULL;
    if (l->config.method[1].named && !decisions)
        return err_set(err, ERR_USAGE,
                       "methods.post_training_bias needs the decisions: --scores COLUMN or "
                       "--predicted COLUMN");
    if (!read_data(l, call->option[OPTION_DATA], err) || !write_report(l, &text, err))
        return false;
    if (call->option[OPTION_OUT] != NULL)
        return file_save(call->option[OPTION_OUT], text_view(&text), err);
    if (fwrite(text.bytes, 1, text.length, stdout) != text.length)
        return err_set(err, ERR_IO, "the report cannot be written: %s", strerror(errno));
    return true;
}

static const struct option_row options[] = {
    [OPTION_CONFIG] = {"config", "FILE", "Clarify's analysis_config.json"},
    [OPTION_DATA] = {"data", "FILE", "a CSV with labels, and decisions if there are any"},
    [OPTION_SCORES] = {"scores", "COLUMN", "how likely fraud is, from 0 to 1"},
    [OPTION_PREDICTED] = {"predicted", "COLUMN", "or the labels that were predicted"},
    [OPTION_THRESHOLD] = {"threshold", "NUMBER",
                          "flagged from here on; default: probability_threshold, or 0.5"},
    [OPTION_OUT] = {"out", "FILE", "default: standard output"},
    {0},
};

const struct command command_bias = {
    .name = "bias",
    .arguments = "",
    .about = "Clarify's bias metrics of a CSV of labels and decisions",
    .more = "Writes the layout of Clarify's analysis.json. Of analysis_config.json it reads what\n"
            "says something of bias; what it does not apply it names under not_applied.\n",
    .options = options,
    .run = run,
};
