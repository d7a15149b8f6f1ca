#include "data/record.h"

#include "base/clock.h"
#include "base/number.h"

#include <float.h>
#include <math.h>

static const struct cell missing_cell = {.number = (double)NAN};

static bool means_missing(const struct column *column, struct view text)
{
    if (text.length == 0)
        return true;
    for (size_t i = 0; i < column->missing_count; i++)
        if (view_same(column->missing[i], text))
            return true;
    return false;
}

/* A missing value that is spelled as a number is that number in any spelling: -999 and -999.0. */
static bool number_means_missing(const struct column *column, double number)
{
    double missing;
    for (size_t i = 0; i < column->missing_count; i++)
        if (number_parse(column->missing[i], &missing) && missing == number)
            return true;
    return false;
}

static bool take_missing(const struct column *column, struct cell *out, struct err *err)
{
    if (column->input && !column->optional)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is missing, and the schema requires it",
                       VIEW_ARG(column->name));
    *out = missing_cell;
    return true;
}

static bool wrong_kind(const struct column *column, struct view text, struct err *err)
{
    static const char *const wanted[] = {
        [COLUMN_NUMBER] = "a number",
        [COLUMN_INTEGER] = "a whole number",
        [COLUMN_CATEGORY] = "a text",
        [COLUMN_ORDINAL] = "a text",
        [COLUMN_BOOLEAN] = "true or false",
        [COLUMN_TIMESTAMP] = "an instant in the schema's format",
        [COLUMN_ID] = "a text",
        [COLUMN_TEXT] = "a text",
    };
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "': '" VIEW_FMT "' is not %s",
                   VIEW_ARG(column->name), VIEW_ARG(text), wanted[column->kind]);
}

/* Either bound may not be set. */
static bool out_of_range(const struct column *column, struct view text, struct err *err)
{
    char range[80];
    if (isnan(column->max))
        snprintf(range, sizeof range, "is less than the schema's least, %g", column->min);
    else if (isnan(column->min))
        snprintf(range, sizeof range, "is more than the schema's most, %g", column->max);
    else
        snprintf(range, sizeof range, "is outside the schema's range %g to %g", column->min,
                 column->max);
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "': '" VIEW_FMT "' %s", VIEW_ARG(column->name),
                   VIEW_ARG(text), range);
}

/* Past FLT_MAX a feature would turn infinite on its way into the row. */
static bool take_number(const struct column *column, double number, struct view text,
                        struct cell *out, struct err *err)
{
    if (number_means_missing(column, number))
        return take_missing(column, out, err);
    if (column->kind == COLUMN_INTEGER && number != floor(number))
        return wrong_kind(column, text, err);
    if (column->kind == COLUMN_INTEGER && fabs(number) >= NUMBER_EXACT_MAX)
        return err_set(err, ERR_INPUT,
                       "'" VIEW_FMT "': '" VIEW_FMT "' is 2^53 or more, where whole numbers are no "
                       "longer told apart: what names things is of type id",
                       VIEW_ARG(column->name), VIEW_ARG(text));
    if (fabs(number) > (double)FLT_MAX)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "': '" VIEW_FMT "' is out of a float's range",
                       VIEW_ARG(column->name), VIEW_ARG(text));
    if (number < column->min || number > column->max)
        return out_of_range(column, text, err);
    *out = (struct cell){.number = number};
    return true;
}

/* The value as it is written, else as the number it is: 2.0 and 2e0 are the value "2". */
static uint32_t find_code(const struct column *column, struct view *text)
{
    double number;
    char digits[NUMBER_SIZE];
    uint32_t code = dictionary_find(&column->values, *text);
    if (code != DICTIONARY_NONE || !number_parse(*text, &number))
        return code;
    struct view printed = {digits, number_print(number, digits)};
    code = dictionary_find(&column->values, printed);
    if (code != DICTIONARY_NONE)
        *text = column->values.text[code];
    return code;
}

static bool take_code(const struct column *column, struct view text, struct cell *out,
                      struct err *err)
{
    if (!view_is_utf8(text))
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "': the text is not valid UTF-8",
                       VIEW_ARG(column->name));
    uint32_t code = find_code(column, &text);
    if (code == DICTIONARY_NONE && column->refuse_unseen && column->values.count > 0)
        return err_set(err, ERR_INPUT,
                       "'" VIEW_FMT "': '" VIEW_FMT "' is none of the %u values of the schema",
                       VIEW_ARG(column->name), VIEW_ARG(text), column->values.count);
    *out =
        (struct cell){.number = code == DICTIONARY_NONE ? CODE_UNSEEN : (double)code, .text = text};
    return true;
}

static bool take_boolean(const struct column *column, struct view text, struct cell *out,
                         struct err *err)
{
    static const struct {
        const char *text;
        int value;
    } words[] = {{"1", 1},  {"0", 0}, {"true", 1}, {"false", 0}, {"yes", 1},
                 {"no", 0}, {"t", 1}, {"f", 0},    {"y", 1},     {"n", 0}};
    for (size_t i = 0; i < LENGTH_OF(words); i++) {
        if (view_same_fold(text, view_of(words[i].text))) {
            *out = (struct cell){.number = words[i].value};
            return true;
        }
    }
    double number; /* 1.0, as a column of 0 and 1 with gaps is often written */
    if (number_parse(text, &number) && (number == 0 || number == 1)) {
        *out = (struct cell){.number = number != 0};
        return true;
    }
    return wrong_kind(column, text, err);
}

static bool take_time_number(const struct column *column, double number, struct view text,
                             struct cell *out, struct err *err)
{
    if (column->format != TIME_ISO && number_means_missing(column, number))
        return take_missing(column, out, err);
    double ms = column->format == TIME_SECONDS ? number * 1000 : number;
    if (column->format == TIME_ISO || fabs(ms) > CELL_TIME_MS_MAX)
        return wrong_kind(column, text, err);
    *out = (struct cell){.number = floor(ms)};
    return true;
}

static bool take_time(const struct column *column, struct view text, struct cell *out,
                      struct err *err)
{
    double number;
    if (column->format != TIME_ISO)
        return number_parse(text, &number) ? take_time_number(column, number, text, out, err)
                                           : wrong_kind(column, text, err);
    int64_t time_ms;
    if (!clock_parse(text, &time_ms))
        return wrong_kind(column, text, err);
    *out = (struct cell){.number = (double)time_ms};
    return true;
}

bool cell_parse(const struct column *column, struct view text, struct cell *out, struct err *err)
{
    if (means_missing(column, text))
        return take_missing(column, out, err);
    double number;
    switch (column->kind) {
    case COLUMN_NUMBER:
    case COLUMN_INTEGER:
        if (!number_parse(text, &number))
            return wrong_kind(column, text, err);
        return take_number(column, number, text, out, err);
    case COLUMN_CATEGORY:
    case COLUMN_ORDINAL:
        return take_code(column, text, out, err);
    case COLUMN_BOOLEAN:
        return take_boolean(column, text, out, err);
    case COLUMN_TIMESTAMP:
        return take_time(column, text, out, err);
    case COLUMN_ID:
    case COLUMN_TEXT:
        if (!view_is_utf8(text))
            return err_set(err, ERR_INPUT, "'" VIEW_FMT "': the text is not valid UTF-8",
                           VIEW_ARG(column->name));
        *out = (struct cell){.number = (double)NAN, .text = text};
        return true;
    }
    assert(false); /* every kind is above */
    return false;
}

bool cell_is_missing(const struct column *column, const struct cell *cell)
{
    bool text_only = column->kind == COLUMN_ID || column->kind == COLUMN_TEXT;
    return text_only ? cell->text.text == NULL : isnan(cell->number);
}

struct record record_of(const struct schema *schema, struct cell *cell)
{
    memset(cell, 0, schema->count * sizeof *cell);
    return (struct record){.schema = schema, .cell = cell};
}

/* What the model does not read is looked at when something is expected of it. */
static bool is_watched(const struct column *column)
{
    return !column->input && column->expect_count > 0;
}

static bool is_read(const struct column *column)
{
    return column->input || column->expect_count > 0;
}

static bool set(struct record *record, size_t index, const struct cell *cell, struct err *err)
{
    const struct column *column = &record->schema->column[index];
    if (record->cell[index].set)
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "' came twice", VIEW_ARG(column->name));
    record->cell[index] = *cell;
    record->cell[index].set = true;
    record->given++;
    record->unseen += kind_is_coded(column->kind) && cell->number == CODE_UNSEEN;
    record->gaps += is_read(column) && (cell->refused || cell_is_missing(column, cell));
    return true;
}

static bool note_fault(struct record *record, size_t index, bool missing)
{
    record->fault = (uint32_t)index + 1;
    record->fault_missing = missing;
    return false;
}

bool record_set_text(struct record *record, size_t index, struct view text, struct err *err)
{
    assert(index < record->schema->count);
    const struct column *column = &record->schema->column[index];
    struct cell cell = missing_cell;
    struct err why;
    if (column->input && !cell_parse(column, text, &cell, err))
        return note_fault(record, index, means_missing(column, text));
    if (is_watched(column) && !cell_parse(column, text, &cell, &why))
        cell.refused = true;
    return set(record, index, &cell, err);
}

static bool take_json_number(const struct column *column, const struct token *token,
                             struct cell *out, struct err *err)
{
    switch (column->kind) {
    case COLUMN_NUMBER:
    case COLUMN_INTEGER:
        return take_number(column, token->number, token->text, out, err);
    case COLUMN_TIMESTAMP:
        return take_time_number(column, token->number, token->text, out, err);
    default:
        return cell_parse(column, token->text, out, err);
    }
}

static bool quoted_number(const struct column *column, struct view text, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "'" VIEW_FMT "': '" VIEW_FMT "' is a text: send the number without its quotes",
                   VIEW_ARG(column->name), VIEW_ARG(text));
}

/* A number in quotes is no number: the sender's types have drifted, and it should know. */
static bool take_json_text(const struct column *column, const struct token *token, struct cell *out,
                           struct err *err)
{
    bool numeric = column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER ||
                   (column->kind == COLUMN_TIMESTAMP && column->format != TIME_ISO);
    double number;
    if (numeric && !means_missing(column, token->text))
        return number_parse(token->text, &number) ? quoted_number(column, token->text, err)
                                                  : wrong_kind(column, token->text, err);
    return cell_parse(column, token->text, out, err);
}

static bool take_token(const struct column *column, const struct token *token, struct cell *out,
                       struct err *err)
{
    switch (token->kind) {
    case TOKEN_NULL:
        return take_missing(column, out, err);
    case TOKEN_NUMBER:
        return take_json_number(column, token, out, err);
    case TOKEN_TEXT:
        return take_json_text(column, token, out, err);
    case TOKEN_TRUE:
    case TOKEN_FALSE:
        if (column->kind != COLUMN_BOOLEAN)
            return wrong_kind(column, view_of(token_name(token->kind)), err);
        *out = (struct cell){.number = token->kind == TOKEN_TRUE};
        return true;
    default:
        return wrong_kind(column, view_of(token_name(token->kind)), err);
    }
}

bool record_set_usual(struct record *record, size_t index, double number)
{
    const struct usual *usual = &record->schema->usual[index];
    struct cell *cell = &record->cell[index];
    if (cell->set || !(number >= usual->least && number <= usual->greatest) ||
        (usual->whole && number != (double)(int64_t)number))
        return false;
    cell->number = number;
    cell->set = true;
    record->given++;
    return true;
}

bool record_set_token(struct record *record, size_t index, const struct token *token,
                      struct err *err)
{
    assert(index < record->schema->count);
    const struct column *column = &record->schema->column[index];
    if (token->kind == TOKEN_NUMBER && record_set_usual(record, index, token->number))
        return true;
    struct cell cell = missing_cell;
    struct err why;
    bool missing = token->kind == TOKEN_NULL ||
                   (token->kind == TOKEN_TEXT && means_missing(column, token->text));
    if (column->input && !take_token(column, token, &cell, err))
        return note_fault(record, index, missing);
    if (is_watched(column) && !take_token(column, token, &cell, &why))
        cell.refused = true;
    return set(record, index, &cell, err);
}

bool record_finish(struct record *record, struct err *err)
{
    if (record->given == record->schema->count)
        return true;
    for (size_t i = record->lead; i < record->schema->count; i++) {
        if (record->cell[i].set)
            continue;
        if (!take_missing(&record->schema->column[i], &record->cell[i], err))
            return note_fault(record, i, true);
        record->cell[i].set = true;
        record->gaps += is_read(&record->schema->column[i]);
    }
    return true;
}
