#include "data/config.h"

#include "base/file.h"
#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <unistd.h>

const struct key config_keys[KEYS] = {
#define KEY(id, path, type, fallback, min, max, choices, help)                                     \
    [KEY_##id] = {path, KEY_##type, fallback, min, max, choices, help},
#include "data/keys.def"
#undef KEY
};

static const char *const origin_names[] = {"default", "file", "environment", "flag"};

const char *origin_name(enum origin origin)
{
    return origin_names[origin];
}

bool config_wrong(const struct config *config, const struct yaml *node, struct err *err,
                  const char *fmt, ...)
{
    char what[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(err, ERR_INPUT, "%s line %zu, column %zu: %s",
                   config->path == NULL ? "assay.yaml" : config->path, node->line, node->column,
                   what);
}

/* ---------------------------------------------------------------- walking the file */

/* A path as the table writes it ("columns.*.type") against one of the file. In `pattern`, `*`
 * stands for one name, which may itself have dots. */
struct place {
    char path[1024]; /* with the user's names, for messages */
    char shape[256]; /* with `*` for them */
};

static bool has_prefix(const char *shape, const char *tail)
{
    size_t length = strlen(shape);
    for (size_t i = 0; i < KEYS; i++)
        if (strncmp(config_keys[i].path, shape, length) == 0 &&
            (length == 0 || strncmp(config_keys[i].path + length, tail, strlen(tail)) == 0))
            return true;
    return false;
}

static enum key_id find_shape(const char *shape)
{
    size_t i = 0;
    while (i < KEYS && strcmp(config_keys[i].path, shape) != 0)
        i++;
    return (enum key_id)i;
}

static bool extend(struct place *place, const struct place *parent, const char *tail_of_shape,
                   struct view tail)
{
    const char *dot = parent->path[0] == '\0' || tail.text[0] == '[' ? "" : ".";
    int a = snprintf(place->path, sizeof place->path, "%s%s%.*s", parent->path, dot,
                     (int)tail.length, tail.text);
    int b =
        snprintf(place->shape, sizeof place->shape, "%s%s%s", parent->shape, dot, tail_of_shape);
    return a > 0 && (size_t)a < sizeof place->path && b > 0 && (size_t)b < sizeof place->shape;
}

static bool walk(struct config *config, struct yaml *node, const struct place *place,
                 struct err *err);

static bool unknown_key(struct config *config, const struct yaml *node, const char *path,
                        struct err *err)
{
    return config_wrong(config, node, err, "no key '%s'; `assay config --keys` lists them all",
                        path);
}

static bool walk_map(struct config *config, struct yaml *map, const struct place *place,
                     struct err *err)
{
    bool named = place->shape[0] != '\0' && has_prefix(place->shape, ".*");
    for (struct yaml *item = map->first; item != NULL; item = item->next) {
        struct place inner;
        char key[256];
        if (item->key.length >= sizeof key || item->key.length == 0)
            return config_wrong(config, item, err, "a key has 1 to %zu bytes", sizeof key - 1);
        snprintf(key, sizeof key, "%.*s", (int)item->key.length, item->key.text);
        if (!named && strpbrk(key, ".*[") != NULL) /* `split.seed: 1` is not `split: {seed: 1}` */
            return config_wrong(config, item, err,
                                "'%s' is no key: sections are nested, not written with a dot", key);
        if (!extend(&inner, place, named ? "*" : key, item->key))
            return config_wrong(config, item, err, "the key is too long");
        if (!walk(config, item, &inner, err))
            return false;
    }
    return true;
}

static bool walk_list(struct config *config, struct yaml *list, const struct place *place,
                      struct err *err)
{
    for (struct yaml *item = list->first; item != NULL; item = item->next) {
        struct place inner;
        if (!extend(&inner, place, "[]", VIEW("[]")))
            return config_wrong(config, item, err, "the key is too long");
        if (!walk(config, item, &inner, err))
            return false;
    }
    return true;
}

static bool walk_scalar(struct config *config, struct yaml *node, const struct place *place,
                        struct err *err)
{
    enum key_id id = find_shape(place->shape);
    if (id == KEYS)
        return has_prefix(place->shape, ".") || has_prefix(place->shape, "[]")
                   ? config_wrong(config, node, err,
                                  "'%s' takes more keys or a list, not one value", place->path)
                   : unknown_key(config, node, place->path, err);
    const struct key *key = &config_keys[id];
    char bytes[300];
    struct text what = text_in(bytes, sizeof bytes);
    if (!key_check(key, node->text, &what))
        return config_wrong(config, node, err, "'%s' %s", place->path, text_c(&what));
    if (!key_is_collection(key))
        config->setting[id] =
            (struct setting){.text = node->text, .origin = ORIGIN_FILE, .line = node->line};
    return true;
}

static bool walk(struct config *config, struct yaml *node, const struct place *place,
                 struct err *err)
{
    bool takes_map = place->shape[0] == '\0' || has_prefix(place->shape, ".");
    bool takes_list = place->shape[0] != '\0' && has_prefix(place->shape, "[]");
    switch (node->kind) {
    case YAML_SCALAR:
        if (node->text.length == 0 && !node->quoted && (takes_map || takes_list))
            return true; /* a section with nothing in it */
        return walk_scalar(config, node, place, err);
    case YAML_MAP:
        if (takes_map)
            return walk_map(config, node, place, err);
        break;
    case YAML_LIST:
        if (takes_list)
            return walk_list(config, node, place, err);
        break;
    }
    if (find_shape(place->shape) == KEYS && !takes_map && !takes_list)
        return unknown_key(config, node, place->path, err);
    return config_wrong(config, node, err, "'%s' takes %s", place->path,
                        takes_list  ? "a list"
                        : takes_map ? "keys of its own"
                                    : "one value");
}

/* ---------------------------------------------------------------- sources, in rising order */

void config_init(struct config *config, struct arena *arena)
{
    *config = (struct config){.arena = arena, .dir = ""};
    for (size_t i = 0; i < KEYS; i++)
        config->setting[i] = (struct setting){.text = view_of(config_keys[i].fallback)};
}

bool config_parse(struct config *config, struct view text, struct err *err)
{
    const char *name = config->path == NULL ? "assay.yaml" : config->path;
    config->root = yaml_parse(text, config->arena, err);
    if (config->root == NULL)
        return err_while(err, "%s", name);
    if (config->root->kind != YAML_MAP)
        return config_wrong(config, config->root, err, "keys are expected");
    return walk(config, config->root, &(struct place){0}, err);
}

/* ASSAY_SPLIT_SEED for split.seed. */
static void environment_name(const struct key *key, char name[128])
{
    int length = snprintf(name, 128, "ASSAY_%s", key->path);
    for (int i = 6; i < length; i++)
        name[i] = name[i] == '.' ? '_' : (char)toupper((unsigned char)name[i]);
}

static bool set(struct config *config, enum key_id id, struct view value, enum origin origin,
                const char *spelled, struct err *err)
{
    char bytes[300];
    struct text what = text_in(bytes, sizeof bytes);
    if (!key_check(&config_keys[id], value, &what))
        return err_set(err, origin == ORIGIN_FLAG ? ERR_USAGE : ERR_INPUT, "%s: '%s' %s", spelled,
                       config_keys[id].path, text_c(&what));
    const char *copy = view_copy(value, config->arena);
    if (copy == NULL)
        return err_set(err, ERR_LIMIT, "the configuration is too large");
    config->setting[id] = (struct setting){.text = {copy, value.length}, .origin = origin};
    return true;
}

bool config_take_environment(struct config *config, char **environment, struct err *err)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (key_is_collection(&config_keys[i]))
            continue;
        char name[128];
        environment_name(&config_keys[i], name);
        size_t length = strlen(name);
        for (char **at = environment; *at != NULL; at++)
            if (strncmp(*at, name, length) == 0 && (*at)[length] == '=' &&
                !set(config, (enum key_id)i, view_of(*at + length + 1), ORIGIN_ENVIRONMENT, name,
                     err))
                return false;
    }
    return true;
}

bool config_set(struct config *config, struct view path, struct view value, struct err *err)
{
    for (size_t i = 0; i < KEYS; i++)
        if (view_is(path, config_keys[i].path) && !key_is_collection(&config_keys[i]))
            return set(config, (enum key_id)i, value, ORIGIN_FLAG, "--set", err);
    return err_set(err, ERR_USAGE,
                   "--set: no key '" VIEW_FMT "' with one value; `assay config --keys` lists them",
                   VIEW_ARG(path));
}

bool config_load(struct config *config, const char *path, struct arena *arena, struct err *err)
{
    config_init(config, arena);
    struct view text;
    if (!file_load(path, YAML_SIZE_MAX, arena, &text, err))
        return false;
    const char *slash = strrchr(path, '/');
    config->path = view_copy(view_of(path), arena);
    config->dir =
        slash == NULL ? "" : view_copy((struct view){path, (size_t)(slash - path) + 1}, arena);
    if (config->path == NULL || config->dir == NULL)
        return err_set(err, ERR_LIMIT, "the configuration is too large");
    return config_parse(config, text, err) && config_take_environment(config, environ, err);
}

/* ---------------------------------------------------------------- reading */

struct view config_text(const struct config *config, enum key_id key)
{
    return config->setting[key].text;
}

double config_number(const struct config *config, enum key_id key)
{
    double number = 0;
    bool ok = number_parse(config->setting[key].text, &number);
    assert(ok); /* checked when it was set */
    return number;
}

uint64_t config_count(const struct config *config, enum key_id key)
{
    return (uint64_t)config_number(config, key);
}

bool config_bool(const struct config *config, enum key_id key)
{
    return view_is(config->setting[key].text, "true");
}

const char *config_path_of(const struct config *config, struct view name)
{
    const char *copy = view_copy(name, config->arena);
    assert(copy != NULL);
    return path_join(config->arena, config->dir, copy);
}

const char *config_path(const struct config *config, enum key_id key)
{
    return config_path_of(config, config_text(config, key));
}

const struct yaml *config_node(const struct config *config, const char *path)
{
    const struct yaml *node = config->root;
    struct view rest = view_of(path), name;
    while (node != NULL && view_cut(&rest, '.', &name)) {
        const struct yaml *found = NULL;
        if (node->kind == YAML_MAP)
            for (found = node->first; found != NULL && !view_same(found->key, name);)
                found = found->next;
        node = found;
    }
    return node != NULL && node->kind == YAML_SCALAR ? NULL : node;
}

static const struct yaml *item_member(const struct yaml *item, enum key_id key)
{
    const char *name = strrchr(config_keys[key].path, '.');
    assert(name != NULL);
    return yaml_find(item, name + 1);
}

struct view config_item_text(const struct yaml *item, enum key_id key)
{
    const struct yaml *member = item_member(item, key);
    return member == NULL ? view_of(config_keys[key].fallback) : member->text;
}

bool config_item_bool(const struct yaml *item, enum key_id key)
{
    return view_is(config_item_text(item, key), "true");
}

double config_item_number(const struct yaml *item, enum key_id key)
{
    double number = (double)NAN;
    struct view text = config_item_text(item, key);
    return text.length > 0 && number_parse(text, &number) ? number : (double)NAN;
}

/* ---------------------------------------------------------------- digests */

static void digest_node(const struct yaml *node, struct digester *digester)
{
    static const char *const kinds[] = {"scalar", "list", "map"};
    digest_add(digester, view_of(kinds[node->kind]));
    digest_add(digester, node->key);
    digest_add(digester, node->text);
    for (const struct yaml *item = node->first; item != NULL; item = item->next)
        digest_node(item, digester);
    digest_add(digester, VIEW("end"));
}

enum { KEY_PATH_MAX = 128 };

static bool is_under(const char *path, const char *section)
{
    size_t length = strlen(section);
    return strncmp(path, section, length) == 0 && (path[length] == '.' || path[length] == '\0');
}

/* "bias.facets" of "bias.facets[].column", "columns" of "columns.*.type". */
static void collection_root(const struct key *key, char root[KEY_PATH_MAX])
{
    size_t length = strcspn(key->path, "*[");
    if (length > 0 && key->path[length - 1] == '.')
        length--;
    assert(length < KEY_PATH_MAX);
    memcpy(root, key->path, length);
    root[length] = '\0';
}

void config_digest(const struct config *config, const char *path, struct digester *digester)
{
    char root[KEY_PATH_MAX], last[KEY_PATH_MAX] = "";
    for (size_t i = 0; i < KEYS; i++) {
        const struct key *key = &config_keys[i];
        if (!key_is_collection(key)) {
            if (!is_under(key->path, path))
                continue;
            digest_add(digester, view_of(key->path));
            digest_add(digester, config->setting[i].text);
            continue;
        }
        collection_root(key, root);
        if (!is_under(root, path) || strcmp(root, last) == 0)
            continue;
        memcpy(last, root, sizeof last); /* a collection's keys stand together in the table */
        const struct yaml *node = config_node(config, root);
        digest_add(digester, view_of(root));
        if (node != NULL)
            digest_node(node, digester);
    }
}
