#include "data/expectation.h"

#include <math.h>

const char *const expect_severity_names[EXPECT_SEVERITIES] = {"info", "warn", "error"};

const struct expectation_kind *const expectation_kinds[EXPECTATION_KINDS] = {
#define EXPECTATION(name) [EXPECTATION_##name] = &expectation_##name,
#include "data/expectations.def"
#undef EXPECTATION
};

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the expectations do not fit the memory limit");
}

static bool is_numeric(enum column_kind kind)
{
    return kind == COLUMN_NUMBER || kind == COLUMN_INTEGER || kind == COLUMN_TIMESTAMP ||
           kind == COLUMN_BOOLEAN;
}

/* A bound or a member of a set, in the column's own spelling. */
static bool parse_number(const struct column *column, struct view text, double *out,
                         struct err *err)
{
    struct column lenient = *column;
    struct cell cell;
    lenient.optional = true;
    lenient.missing_count = 0;
    lenient.min = lenient.max = (double)NAN;
    if (!cell_parse(&lenient, text, &cell, err))
        return false;
    if (isnan(cell.number))
        return err_set(err, ERR_INPUT, "'" VIEW_FMT "': an empty text is no value",
                       VIEW_ARG(column->name));
    *out = cell.number;
    return true;
}

/* ---------------------------------------------------------------- the kinds */

const struct expectation_kind expectation_not_null = {
    .name = "not_null",
    .about = "the cell is there",
    .live = true,
};

const struct expectation_kind expectation_type = {
    .name = "type",
    .about = "the cell is what the schema takes in this column",
    .live = true,
};

static bool make_between(const struct expectation_spec *spec, const struct column *column,
                         struct arena *arena UNUSED, struct expectation *out, struct err *err)
{
    out->low = -(double)INFINITY;
    out->high = (double)INFINITY;
    if (column->kind == COLUMN_BOOLEAN || !out->numeric)
        return err_set(err, ERR_INPUT,
                       "between is for numbers and timestamps, and '" VIEW_FMT "' is %s",
                       VIEW_ARG(column->name), kind_name(column->kind));
    if ((spec->min.length > 0 && !parse_number(column, spec->min, &out->low, err)) ||
        (spec->max.length > 0 && !parse_number(column, spec->max, &out->high, err)))
        return false;
    return out->low <= out->high || err_set(err, ERR_INPUT, "'min' is above 'max'");
}

static bool holds_between(const struct expectation *expectation, const struct cell *cell)
{
    return cell->number >= expectation->low && cell->number <= expectation->high;
}

const struct expectation_kind expectation_between = {
    .name = "between",
    .about = "the number or instant is within min and max, both included",
    .needs = EXPECTS_BOUNDS,
    .live = true,
    .make = make_between,
    .holds = holds_between,
};

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static bool make_set(const struct expectation_spec *spec, const struct column *column,
                     struct arena *arena, struct expectation *out, struct err *err)
{
    uint32_t index;
    if (spec->set_count > EXPECTATION_SET_MAX)
        return err_set(err, ERR_LIMIT, "a set has at most %d values", (int)EXPECTATION_SET_MAX);
    if (!out->numeric) {
        out->words = dictionary_in(arena);
        for (size_t i = 0; i < spec->set_count; i++)
            if (!dictionary_add(&out->words, spec->set[i], &index))
                return out_of_memory(err);
        return true;
    }
    out->number = arena_new(arena, double, spec->set_count);
    if (out->number == NULL)
        return out_of_memory(err);
    for (; out->numbers < spec->set_count; out->numbers++)
        if (!parse_number(column, spec->set[out->numbers], &out->number[out->numbers], err))
            return false;
    qsort(out->number, out->numbers, sizeof *out->number, by_value);
    return true;
}

static bool holds_set(const struct expectation *expectation, const struct cell *cell)
{
    if (expectation->numeric)
        return bsearch(&cell->number, expectation->number, expectation->numbers,
                       sizeof *expectation->number, by_value) != NULL;
    return dictionary_find(&expectation->words, cell->text) != DICTIONARY_NONE;
}

const struct expectation_kind expectation_in_set = {
    .name = "in_set",
    .about = "the value is one of set",
    .needs = EXPECTS_SET,
    .live = true,
    .make = make_set,
    .holds = holds_set,
};

static bool make_matches(const struct expectation_spec *spec, const struct column *column,
                         struct arena *arena, struct expectation *out, struct err *err)
{
    if (out->numeric)
        return err_set(err, ERR_INPUT, "matches is for texts, and '" VIEW_FMT "' is %s",
                       VIEW_ARG(column->name), kind_name(column->kind));
    return pattern_parse(&out->pattern, spec->pattern, arena, err);
}

static bool holds_matches(const struct expectation *expectation, const struct cell *cell)
{
    return pattern_matches(&expectation->pattern, cell->text);
}

const struct expectation_kind expectation_matches = {
    .name = "matches",
    .about = "the whole text matches pattern",
    .needs = EXPECTS_PATTERN,
    .live = true,
    .make = make_matches,
    .holds = holds_matches,
};

const struct expectation_kind expectation_unique = {
    .name = "unique",
    .about = "no value stands twice; judged in files alone",
};

/* ---------------------------------------------------------------- one of them */

static bool check_parts(const struct expectation_kind *kind, const struct expectation_spec *spec,
                        struct err *err)
{
    const struct {
        unsigned part;
        bool given;
        const char *names;
    } parts[] = {
        {EXPECTS_BOUNDS, spec->min.length > 0 || spec->max.length > 0, "'min' or 'max'"},
        {EXPECTS_SET, spec->set_count > 0, "'set'"},
        {EXPECTS_PATTERN, spec->pattern.length > 0, "'pattern'"},
    };
    for (size_t i = 0; i < LENGTH_OF(parts); i++) {
        bool needed = (kind->needs & parts[i].part) != 0;
        if (needed != parts[i].given)
            return err_set(err, ERR_INPUT, "%s %s %s", kind->name, needed ? "needs" : "takes no",
                           parts[i].names);
    }
    return true;
}

static bool is_label(struct view name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return name.length <= EXPECTATION_NAME_MAX;
}

static bool take_severity(struct view text, enum expect_severity *out, struct err *err)
{
    for (size_t i = 0; i < EXPECT_SEVERITIES; i++) {
        if (view_is(text, expect_severity_names[i]) || (text.length == 0 && i == EXPECT_ERROR)) {
            *out = (enum expect_severity)i;
            return true;
        }
    }
    return err_set(err, ERR_INPUT, "a severity is info, warn or error, not '" VIEW_FMT "'",
                   VIEW_ARG(text));
}

bool expectation_make(const struct expectation_spec *spec, const struct column *column,
                      struct arena *arena, struct expectation *out, struct err *err)
{
    struct expectation made = {.mostly = spec->mostly, .numeric = is_numeric(column->kind)};
    for (size_t i = 0; i < EXPECTATION_KINDS; i++)
        if (view_is(spec->check, expectation_kinds[i]->name))
            made.kind = expectation_kinds[i];
    if (made.kind == NULL)
        return err_set(err, ERR_INPUT, "nothing can be expected that is called '" VIEW_FMT "'",
                       VIEW_ARG(spec->check));
    made.name = spec->name.length > 0 ? spec->name : view_of(made.kind->name);
    if (!is_label(made.name))
        return err_set(err, ERR_INPUT,
                       "an expectation's name is of a-z, digits and '_', at most %d of them",
                       (int)EXPECTATION_NAME_MAX);
    if (!(spec->mostly > 0 && spec->mostly <= 1))
        return err_set(err, ERR_INPUT, "'mostly' is a share above 0, and 1 at most");
    if (!take_severity(spec->severity, &made.severity, err) || !check_parts(made.kind, spec, err) ||
        (made.kind->make != NULL && !made.kind->make(spec, column, arena, &made, err)))
        return false;
    made.spec = arena_new(arena, struct expectation_spec, 1);
    if (made.spec == NULL)
        return out_of_memory(err);
    *made.spec = *spec;
    *out = made;
    return true;
}

bool expectation_holds(const struct expectation *expectation, const struct cell *cell)
{
    return expectation->kind->holds == NULL || expectation->kind->holds(expectation, cell);
}

/* ---------------------------------------------------------------- as JSON */

static void write_text(struct json *json, const char *key, struct view text)
{
    if (text.length > 0)
        json_key(json, key), json_text(json, text);
}

void expectations_write(const struct expectation *expectation, size_t count, struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        const struct expectation_spec *spec = expectation[i].spec;
        json_open(json, '{');
        write_text(json, "check", spec->check);
        write_text(json, "name", spec->name);
        json_key(json, "severity");
        json_string(json, expect_severity_names[expectation[i].severity]);
        json_key(json, "mostly"), json_number(json, spec->mostly);
        write_text(json, "min", spec->min);
        write_text(json, "max", spec->max);
        write_text(json, "pattern", spec->pattern);
        if (spec->set_count > 0) {
            json_key(json, "set");
            json_open(json, '[');
            for (size_t k = 0; k < spec->set_count; k++)
                json_text(json, spec->set[k]);
            json_close(json);
        }
        json_close(json);
    }
    json_close(json);
}

static bool read_text(const struct doc *doc, const char *key, struct view *out, struct err *err)
{
    return doc_find(doc, key) == NULL || doc_need_text(doc, key, out, err);
}

static bool read_spec(const struct doc *doc, struct arena *arena, struct expectation_spec *out,
                      struct err *err)
{
    const struct doc *set = NULL;
    *out = (struct expectation_spec){0};
    if (!doc_need_text(doc, "check", &out->check, err) ||
        !doc_need_number(doc, "mostly", &out->mostly, err) ||
        !read_text(doc, "name", &out->name, err) ||
        !read_text(doc, "severity", &out->severity, err) ||
        !read_text(doc, "min", &out->min, err) || !read_text(doc, "max", &out->max, err) ||
        !read_text(doc, "pattern", &out->pattern, err) ||
        (doc_find(doc, "set") != NULL && !doc_need(doc, "set", DOC_LIST, &set, err)))
        return false;
    if (set == NULL)
        return true;
    struct view *texts = arena_new(arena, struct view, set->count + 1);
    if (texts == NULL)
        return out_of_memory(err);
    for (const struct doc *item = set->first; item != NULL; item = item->next) {
        if (item->kind != DOC_TEXT)
            return err_set(err, ERR_INPUT, "'set' is no list of texts");
        texts[out->set_count++] = item->text;
    }
    out->set = texts;
    return true;
}

bool expectations_read(const struct doc *list, const struct column *column, struct arena *arena,
                       const struct expectation **out, size_t *count, struct err *err)
{
    if (list->kind != DOC_LIST || list->count > EXPECTATIONS_MAX)
        return err_set(err, ERR_INPUT, "'expect' is no list of at most %d expectations",
                       (int)EXPECTATIONS_MAX);
    struct expectation *made = arena_new(arena, struct expectation, list->count + 1);
    if (made == NULL)
        return out_of_memory(err);
    *count = 0;
    for (const struct doc *item = list->first; item != NULL; item = item->next) {
        struct expectation_spec spec;
        if (!read_spec(item, arena, &spec, err) ||
            !expectation_make(&spec, column, arena, &made[(*count)++], err))
            return err_while(err, "expectation %zu", *count);
    }
    *out = made;
    return true;
}
