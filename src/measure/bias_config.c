#include "measure/bias_config.h"

#include "base/file.h"
#include "base/number.h"
#include "measure/bias.h"

#include <math.h>

static bool out_of_memory(struct err *err)
{
    return err_set(err, ERR_LIMIT, "analysis_config.json does not fit the memory limit");
}

static bool wrong(struct err *err, struct view key, const char *what)
{
    return err_set(err, ERR_INPUT, "'" VIEW_FMT "' %s", VIEW_ARG(key), what);
}

/* ---------------------------------------------------------------- values */

/* A text, a number or a truth value, as a CSV would have it. */
static bool read_text(const struct doc *doc, struct arena *arena, struct view *out, struct err *err)
{
    char digits[NUMBER_SIZE];
    switch (doc->kind) {
    case DOC_TEXT:
        *out = doc->text;
        return true;
    case DOC_TRUE:
        *out = VIEW("true");
        return true;
    case DOC_FALSE:
        *out = VIEW("false");
        return true;
    case DOC_NUMBER: {
        struct view text = {digits, number_print(doc->number, digits)};
        text.text = view_copy(text, arena);
        *out = text;
        return text.text != NULL || out_of_memory(err);
    }
    default:
        return err_set(err, ERR_INPUT, "a text or a number is expected");
    }
}

/* A list of them, or one by itself. */
static bool read_texts(const struct doc *doc, struct arena *arena, struct bias_texts *out,
                       struct err *err)
{
    bool list = doc->kind == DOC_LIST;
    size_t count = list ? doc->count : 1;
    struct view *text = arena_new(arena, struct view, count);
    if (text == NULL)
        return out_of_memory(err);
    const struct doc *item = list ? doc->first : doc;
    for (size_t i = 0; i < count; i++, item = item->next)
        if (!read_text(item, arena, &text[i], err))
            return err_while(err, "'" VIEW_FMT "'", VIEW_ARG(doc->key));
    *out = (struct bias_texts){text, count};
    return true;
}

static bool read_column(const struct doc *doc, struct bias_column *out, struct err *err)
{
    enum { COLUMNS_MAX = 1 << 20 };
    *out = (struct bias_column){.name = doc->kind == DOC_TEXT ? doc->text : (struct view){0}};
    if (doc->kind == DOC_TEXT)
        return doc->text.length > 0 || wrong(err, doc->key, "is empty; it names a column");
    if (doc->kind != DOC_NUMBER || doc->number < 0 || doc->number >= COLUMNS_MAX ||
        doc->number != floor(doc->number))
        return wrong(err, doc->key, "takes a column's name, or its number from 0");
    out->index = (size_t)doc->number;
    return true;
}

static bool note_unused(struct bias_config *config, const char *before, struct view key,
                        struct arena *arena, struct err *err)
{
    struct text text = text_in_arena(arena);
    text_adds(&text, before);
    text_add(&text, key);
    if (text.cut)
        return out_of_memory(err);
    if (config->unused_count == BIAS_CONFIG_UNUSED_MAX)
        return err_set(err, ERR_INPUT, "more than %d keys that say nothing of bias",
                       BIAS_CONFIG_UNUSED_MAX);
    config->unused[config->unused_count++] = text_view(&text);
    return true;
}

/* ---------------------------------------------------------------- keys */

static bool read_facet(struct bias_config *config, const struct doc *doc, struct arena *arena,
                       struct err *err)
{
    const struct doc *name = doc_find(doc, "name_or_index");
    const struct doc *values = doc_find(doc, "value_or_threshold");
    if (config->facets == BIAS_CONFIG_FACETS_MAX)
        return err_set(err, ERR_INPUT, "at most %d facets are read", BIAS_CONFIG_FACETS_MAX);
    struct bias_config_facet *facet = &config->facet[config->facets++];
    *facet = (struct bias_config_facet){0};
    if (name == NULL)
        return err_set(err, ERR_INPUT, "facet %zu has no 'name_or_index'", config->facets);
    for (const struct doc *item = doc->first; item != NULL; item = item->next)
        if (item != name && item != values)
            return err_set(err, ERR_INPUT, "facet %zu has '" VIEW_FMT "', which no facet takes",
                           config->facets, VIEW_ARG(item->key));
    return read_column(name, &facet->column, err) &&
           (values == NULL || read_texts(values, arena, &facet->values, err));
}

static bool read_facets(struct bias_config *config, const struct doc *doc, struct arena *arena,
                        struct err *err)
{
    if (doc->kind == DOC_OBJECT)
        return read_facet(config, doc, arena, err);
    if (doc->kind != DOC_LIST)
        return wrong(err, doc->key, "takes a list of facets");
    for (const struct doc *item = doc->first; item != NULL; item = item->next)
        if (!read_facet(config, item, arena, err))
            return false;
    return true;
}

static bool is_metric(struct view name, bool after)
{
    for (size_t i = 0; i < biases_count; i++)
        if (biases[i]->after == after && view_is(name, biases[i]->name))
            return true;
    return false;
}

static bool read_method(struct bias_config *config, const struct doc *doc, bool after,
                        struct arena *arena, struct err *err)
{
    struct bias_methods *methods = &config->method[after];
    const struct doc *list = doc_find(doc, "methods");
    methods->wanted = methods->named = true;
    if (list == NULL || (list->kind == DOC_TEXT && view_is(list->text, "all")))
        return doc->kind == DOC_OBJECT || wrong(err, doc->key, "takes {\"methods\": \"all\"}");
    if (!read_texts(list, arena, &methods->names, err))
        return false;
    if (methods->names.count == 0)
        return wrong(err, doc->key, "names no method; \"all\" takes every one");
    for (size_t i = 0; i < methods->names.count; i++)
        if (!is_metric(methods->names.text[i], after))
            return err_set(err, ERR_INPUT,
                           "'" VIEW_FMT "' is no metric %s training; \"all\" takes every one",
                           VIEW_ARG(methods->names.text[i]), after ? "after" : "before");
    return true;
}

static bool read_methods(struct bias_config *config, const struct doc *doc, struct arena *arena,
                         struct err *err)
{
    if (doc->kind != DOC_OBJECT)
        return wrong(err, doc->key, "takes an object");
    config->method[0].wanted = config->method[1].wanted = false;
    for (const struct doc *item = doc->first; item != NULL; item = item->next) {
        bool before = view_is(item->key, "pre_training_bias");
        bool after = view_is(item->key, "post_training_bias");
        bool ok = before || after ? read_method(config, item, after, arena, err)
                                  : note_unused(config, "methods.", item->key, arena, err);
        if (!ok)
            return false;
    }
    return true;
}

static bool read_threshold(struct bias_config *config, const struct doc *doc, struct err *err)
{
    config->probability_threshold = doc->number;
    return (doc->kind == DOC_NUMBER && doc->number >= 0 && doc->number <= 1) ||
           wrong(err, doc->key, "takes a number from 0 to 1");
}

static bool read_key(struct bias_config *config, const struct doc *doc, struct arena *arena,
                     struct err *err)
{
    struct view key = doc->key;
    if (view_is(key, "dataset_type"))
        return (doc->kind == DOC_TEXT && view_is(doc->text, "text/csv")) ||
               wrong(err, key, "is read as text/csv only; convert the data to CSV");
    if (view_is(key, "label"))
        return read_column(doc, &config->label, err);
    if (view_is(key, "label_values_or_threshold"))
        return read_texts(doc, arena, &config->label_values, err);
    if (view_is(key, "facet"))
        return read_facets(config, doc, arena, err);
    if (view_is(key, "group_variable")) {
        config->grouped = true;
        return read_column(doc, &config->group, err);
    }
    if (view_is(key, "headers"))
        return read_texts(doc, arena, &config->headers, err);
    if (view_is(key, "probability_threshold"))
        return read_threshold(config, doc, err);
    if (view_is(key, "methods"))
        return read_methods(config, doc, arena, err);
    return view_is(key, "version") || note_unused(config, "", key, arena, err);
}

bool bias_config_read(struct bias_config *config, struct view json, struct arena *arena,
                      struct err *err)
{
    *config = (struct bias_config){
        .probability_threshold = (double)NAN,
        .method = {{.wanted = true}, {.wanted = true}},
    };
    const struct doc *doc = doc_parse(json, arena, err);
    if (doc == NULL)
        return false;
    if (doc->kind != DOC_OBJECT)
        return err_set(err, ERR_INPUT, "an object is expected");
    for (const struct doc *item = doc->first; item != NULL; item = item->next)
        if (!read_key(config, item, arena, err))
            return false;
    if (doc_find(doc, "label") == NULL)
        return err_set(err, ERR_INPUT, "'label' is not there: which column says what happened?");
    if (config->label_values.count == 0)
        return err_set(err, ERR_INPUT,
                       "'label_values_or_threshold' is not there: which label is favourable? For "
                       "fraud it is the one of legitimate rows, such as [0]");
    if (config->facets == 0)
        return err_set(err, ERR_INPUT, "'facet' is not there: between which groups?");
    return true;
}

bool bias_config_load(struct bias_config *config, const char *path, struct arena *arena,
                      struct err *err)
{
    struct view json;
    if (!file_load(path, BIAS_CONFIG_SIZE_MAX, arena, &json, err))
        return false;
    return bias_config_read(config, json, arena, err) || err_while(err, "'%s'", path);
}
