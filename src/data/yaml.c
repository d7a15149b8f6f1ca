#include "data/yaml.h"

#include "base/dictionary.h"

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    struct err *err;
    size_t nodes;
};

static void close_reader(struct reader *reader)
{
    yaml_parser_delete(&reader->parser);
}

static bool wrong(struct err *err, const yaml_mark_t *mark, const char *what)
{
    return err_set(err, ERR_INPUT, "line %zu, column %zu: %s", mark->line + 1, mark->column + 1,
                   what);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    const yaml_parser_t *parser = &reader->parser;
    const char *what = parser->problem == NULL ? "this is not YAML" : parser->problem;
    return wrong(reader->err, &parser->problem_mark, what);
}

static struct yaml *new_node(struct reader *reader, const yaml_event_t *event)
{
    struct yaml *node = arena_new(reader->arena, struct yaml, 1);
    if (node == NULL || ++reader->nodes > YAML_NODES_MAX) {
        err_set(reader->err, ERR_LIMIT, "line %zu: the document is too large",
                event->start_mark.line + 1);
        return NULL;
    }
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
    return node;
}

static struct view scalar_text(const yaml_event_t *event)
{
    return (struct view){(const char *)event->data.scalar.value, event->data.scalar.length};
}

static bool has_nul(struct view text)
{
    return text.length > 0 && memchr(text.text, '\0', text.length) != NULL;
}

static bool check_plain(struct reader *reader, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT)
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    if (event->type == YAML_ALIAS_EVENT || anchor != NULL)
        return wrong(reader->err, &event->start_mark, "anchors and aliases are not taken");
    if (tag != NULL)
        return wrong(reader->err, &event->start_mark, "tags are not taken");
    if (event->type == YAML_SCALAR_EVENT && has_nul(scalar_text(event)))
        return wrong(reader->err, &event->start_mark, "a NUL byte: this is no text");
    return true;
}

static bool read_node(struct reader *reader, yaml_event_t *event, int depth, struct yaml **out);

static void append(struct yaml *parent, struct yaml **last, struct yaml *child)
{
    if (*last == NULL)
        parent->first = child;
    else
        (*last)->next = child;
    *last = child;
    parent->count++;
}

static bool read_list(struct reader *reader, int depth, struct yaml *list)
{
    struct yaml *last = NULL;
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return false;
        struct yaml *item = NULL;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        bool ok = end || read_node(reader, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (end || !ok)
            return ok;
        append(list, &last, item);
    }
}

/* `names` numbers the map's keys in their order. */
static bool read_key(struct reader *reader, const struct yaml *map, struct dictionary *names,
                     const yaml_event_t *event, struct view *out)
{
    if (event->type != YAML_SCALAR_EVENT)
        return wrong(reader->err, &event->start_mark, "a key must be a plain text");
    if (!check_plain(reader, event))
        return false;
    struct view key = scalar_text(event);
    uint32_t index;
    if (!dictionary_add(names, key, &index))
        return err_set(reader->err, ERR_LIMIT, "the document is too large");
    if (index < map->count) {
        const struct yaml *first = map->first;
        while (index-- > 0)
            first = first->next;
        return err_set(reader->err, ERR_INPUT,
                       "line %zu, column %zu: '" VIEW_FMT "' stands here a second time; the first "
                       "is on line %zu",
                       event->start_mark.line + 1, event->start_mark.column + 1, VIEW_ARG(key),
                       first->line);
    }
    *out = names->text[index];
    return true;
}

static bool read_map(struct reader *reader, int depth, struct yaml *map)
{
    struct dictionary names = dictionary_in(reader->arena);
    struct yaml *last = NULL;
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return false;
        bool end = event.type == YAML_MAPPING_END_EVENT;
        struct view key = {0};
        size_t line = event.start_mark.line + 1, column = event.start_mark.column + 1;
        bool ok = end || read_key(reader, map, &names, &event, &key);
        yaml_event_delete(&event);
        if (end || !ok)
            return ok;

        if (!next_event(reader, &event))
            return false;
        struct yaml *value = NULL;
        ok = read_node(reader, &event, depth + 1, &value);
        yaml_event_delete(&event);
        if (!ok)
            return false;
        value->key = key;
        if (value->kind != YAML_SCALAR)
            value->line = line, value->column = column;
        append(map, &last, value);
    }
}

static bool read_scalar(struct reader *reader, const yaml_event_t *event, struct yaml *node)
{
    struct view text = scalar_text(event);
    const char *copy = view_copy(text, reader->arena);
    if (copy == NULL)
        return err_set(reader->err, ERR_LIMIT, "the document is too large");
    node->text = (struct view){copy, text.length};
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return true;
}

static bool read_node(struct reader *reader, yaml_event_t *event, int depth, struct yaml **out)
{
    if (depth > YAML_DEPTH_MAX)
        return wrong(reader->err, &event->start_mark, "the document nests too deeply");
    if (!check_plain(reader, event))
        return false;
    struct yaml *node = new_node(reader, event);
    if (node == NULL)
        return false;
    *out = node;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        node->kind = YAML_SCALAR;
        return read_scalar(reader, event, node);
    case YAML_SEQUENCE_START_EVENT:
        node->kind = YAML_LIST;
        return read_list(reader, depth, node);
    case YAML_MAPPING_START_EVENT:
        node->kind = YAML_MAP;
        return read_map(reader, depth, node);
    default:
        return wrong(reader->err, &event->start_mark, "a value is expected");
    }
}

/* Everything up to the end of the stream; the first document only. */
static bool read_stream(struct reader *reader, struct yaml **out)
{
    for (size_t documents = 0;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return false;
        bool ok = true, end = false;
        switch (event.type) {
        case YAML_STREAM_END_EVENT:
            end = true;
            break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (++documents > 1)
                ok = wrong(reader->err, &event.start_mark, "a second document begins here");
            break;
        default:
            ok = read_node(reader, &event, 0, out);
        }
        yaml_event_delete(&event);
        if (end || !ok)
            return ok;
    }
}

/* libyaml compares each %TAG directive with all before it, and tells nobody until it is done: many
 * of them would take minutes. No tag is taken, so nobody has a reason to write one. */
static bool check_directives(struct view text, struct err *err)
{
    enum { DIRECTIVES_MAX = 100 };
    size_t count = 0;
    for (struct view rest = text; rest.length > 0; count++) {
        const char *at = memmem(rest.text, rest.length, "%TAG", 4);
        if (at == NULL)
            return true;
        if (count == DIRECTIVES_MAX)
            return err_set(err, ERR_INPUT, "more than %d %%TAG directives", DIRECTIVES_MAX);
        rest = view_from(rest, (size_t)(at - rest.text) + 4);
    }
    return true;
}

struct yaml *yaml_parse(struct view text, struct arena *arena, struct err *err)
{
    if (text.length > YAML_SIZE_MAX) {
        err_set(err, ERR_LIMIT, "%zu bytes of YAML, at most %d are read", text.length,
                YAML_SIZE_MAX);
        return NULL;
    }
    if (!check_directives(text, err))
        return NULL;
    CLEANUP(close_reader) struct reader reader = {.arena = arena, .err = err};
    if (!yaml_parser_initialize(&reader.parser)) {
        err_set(err, ERR_LIMIT, "libyaml cannot start");
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.text, text.length);
    struct yaml *root = NULL;
    if (!read_stream(&reader, &root))
        return NULL;
    bool nothing = root == NULL || (root->kind == YAML_SCALAR && root->text.length == 0);
    if (nothing) {
        root = arena_new(arena, struct yaml, 1);
        if (root == NULL) {
            err_set(err, ERR_LIMIT, "the document is too large");
            return NULL;
        }
        *root = (struct yaml){.kind = YAML_MAP, .line = 1, .column = 1};
    }
    return root;
}

struct yaml *yaml_find(const struct yaml *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP)
        return NULL;
    for (struct yaml *item = map->first; item != NULL; item = item->next)
        if (view_is(item->key, key))
            return item;
    return NULL;
}
