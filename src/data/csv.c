#include "data/csv.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

bool csv_open(struct csv *csv, struct view text, struct arena *arena, struct err *err)
{
    enum { UNQUOTED_MAX = 64 << 20 };
    if (view_starts(text, byte_order_mark))
        text = view_from(text, strlen(byte_order_mark));
    *csv = (struct csv){
        .rest = text,
        .line_start = text.text,
        .line = 1,
        .unquoted = {.limit = UNQUOTED_MAX},
        .field = arena_new(arena, struct view, CSV_FIELDS_MAX),
        .column = arena_new(arena, uint32_t, CSV_FIELDS_MAX),
    };
    if (csv->field == NULL || csv->column == NULL)
        return err_set(err, ERR_LIMIT, "the memory limit is too small to read CSV");
    return true;
}

void csv_close(struct csv *csv)
{
    arena_release(&csv->unquoted);
}

static bool at_end(const struct csv *csv)
{
    return csv->rest.length == 0;
}

static void advance(struct csv *csv, size_t count)
{
    csv->rest = view_from(csv->rest, count);
}

static size_t column_here(const struct csv *csv)
{
    return (size_t)(csv->rest.text - csv->line_start) + 1;
}

static void end_line(struct csv *csv)
{
    csv->line++;
    csv->line_start = csv->rest.text;
}

static struct view read_plain(struct csv *csv)
{
    size_t length = 0;
    for (; length < csv->rest.length; length++) {
        char c = csv->rest.text[length];
        if (c == ',' || c == '\n')
            break;
    }
    struct view field = {csv->rest.text, length};
    bool ends_line = length == csv->rest.length || csv->rest.text[length] == '\n';
    if (ends_line && length > 0 && field.text[length - 1] == '\r')
        field.length--;
    advance(csv, length);
    return field;
}

/* A quoted field with doubled quotes, written out with single ones. */
static bool unquote(struct csv *csv, struct view body, size_t doubled, struct view *out,
                    struct err *err)
{
    char *copy = arena_new(&csv->unquoted, char, body.length - doubled);
    if (copy == NULL)
        return err_set(err, ERR_LIMIT, "line %zu: the record is too long", csv->line);
    size_t length = 0;
    for (size_t i = 0; i < body.length; i++) {
        copy[length++] = body.text[i];
        if (body.text[i] == '"')
            i++; /* its double */
    }
    assert(length == body.length - doubled);
    *out = (struct view){copy, length};
    return true;
}

static bool at_mark(const struct csv *csv)
{
    if (at_end(csv) || csv->rest.text[0] == ',' || csv->rest.text[0] == '\n')
        return true;
    return csv->rest.text[0] == '\r' && (csv->rest.length == 1 || csv->rest.text[1] == '\n');
}

/* The opening quote is still ahead. */
static bool read_quoted(struct csv *csv, struct view *out, struct err *err)
{
    size_t line = csv->line, column = column_here(csv), doubled = 0;
    advance(csv, 1);
    struct view body = {csv->rest.text, 0};
    for (;;) {
        if (at_end(csv))
            return err_set(err, ERR_INPUT, "line %zu, column %zu: the quote is never closed", line,
                           column);
        char c = csv->rest.text[0];
        advance(csv, 1);
        if (c == '\n')
            end_line(csv);
        if (c != '"')
            continue;
        if (at_end(csv) || csv->rest.text[0] != '"')
            break;
        advance(csv, 1);
        doubled++;
    }
    body.length = (size_t)(csv->rest.text - body.text) - 1;
    if (!at_mark(csv))
        return err_set(err, ERR_INPUT, "line %zu, column %zu: text after a closing quote",
                       csv->line, column_here(csv));
    *out = body;
    return doubled == 0 || unquote(csv, body, doubled, out, err);
}

/* Steps over the end of a record. True if a comma came instead and the record goes on. */
static bool more_fields(struct csv *csv)
{
    if (at_end(csv))
        return false;
    if (csv->rest.text[0] == ',') {
        advance(csv, 1);
        return true;
    }
    if (csv->rest.text[0] == '\r')
        advance(csv, 1);
    if (!at_end(csv) && csv->rest.text[0] == '\n') {
        advance(csv, 1);
        end_line(csv);
    }
    return false;
}

static void skip_empty_lines(struct csv *csv)
{
    while (view_starts(csv->rest, "\n") || view_starts(csv->rest, "\r\n")) {
        advance(csv, csv->rest.text[0] == '\r' ? 2 : 1);
        end_line(csv);
    }
}

static bool check_field(struct view field, size_t line, size_t column, struct err *err)
{
    if (field.length > CSV_FIELD_SIZE_MAX)
        return err_set(err, ERR_LIMIT, "line %zu, column %zu: a field of %zu bytes, at most %d",
                       line, column, field.length, CSV_FIELD_SIZE_MAX);
    if (field.length > 0 && memchr(field.text, '\0', field.length) != NULL)
        return err_set(err, ERR_INPUT, "line %zu, column %zu: a NUL byte: this is no text", line,
                       column);
    return true;
}

bool csv_next(struct csv *csv, struct csv_row *out, struct err *err)
{
    arena_reset(&csv->unquoted);
    skip_empty_lines(csv);
    if (at_end(csv))
        return false;

    struct csv_row row = {.field = csv->field, .column = csv->column, .line = csv->line};
    do {
        if (row.count == CSV_FIELDS_MAX)
            return err_set(err, ERR_LIMIT, "line %zu: more than %d fields", row.line,
                           CSV_FIELDS_MAX);
        size_t line = csv->line, column = column_here(csv);
        struct view *field = &csv->field[row.count];
        csv->column[row.count++] = column > UINT32_MAX ? UINT32_MAX : (uint32_t)column;
        if (at_end(csv) || csv->rest.text[0] != '"')
            *field = read_plain(csv);
        else if (!read_quoted(csv, field, err))
            return false;
        if (!check_field(*field, line, column, err))
            return false;
    } while (more_fields(csv));
    *out = row;
    return true;
}

void csv_write(struct text *text, struct view field)
{
    bool plain =
        !view_starts(field, byte_order_mark); /* a file that begins with it would lose it */
    for (size_t i = 0; i < field.length && plain; i++)
        plain = memchr(",\"\r\n", field.text[i], 4) == NULL;
    if (plain) {
        text_add(text, field);
        return;
    }
    text_addc(text, '"');
    for (size_t i = 0; i < field.length; i++) {
        if (field.text[i] == '"')
            text_addc(text, '"');
        text_addc(text, field.text[i]);
    }
    text_addc(text, '"');
}
