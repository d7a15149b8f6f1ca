/*
 * config: what is in force, and where each value came from.
 *
 * One table, data/keys.def, holds every key of assay.yaml with its type, limits,
 * default and help. A value is taken from, in rising order: the default, the
 * file, the environment (ASSAY_SPLIT_SEED for split.seed), a flag. What the
 * table does not know, of the wrong type, out of range, or given twice is
 * refused with line and column.
 *
 *     struct config config;
 *     if (!config_load(&config, "assay.yaml", arena, err)) ...
 *     if (!config_set(&config, VIEW("split.seed"), VIEW("7"), err)) ...       a flag
 *     double seed = config_number(&config, KEY_SPLIT_SEED);
 *
 * Keys with `*` or `[]` are collections: their consumers walk config_node and
 * read items with config_item_*; the types are checked already.
 */
#ifndef DATA_CONFIG_H
#define DATA_CONFIG_H

#include "base/digest.h"
#include "base/err.h"
#include "data/key.h"
#include "data/yaml.h"

enum key_id {
#define KEY(id, path, type, fallback, min, max, choices, help) KEY_##id,
#include "data/keys.def"
#undef KEY
    KEYS,
};

enum origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

extern const struct key config_keys[KEYS];

struct setting {
    struct view text;
    enum origin origin;
    size_t line; /* ORIGIN_FILE */
};

struct config {
    const char *path; /* of the file, or NULL */
    const char *dir;  /* what relative paths are relative to: "" or "dir" */
    struct yaml *root;
    struct setting setting[KEYS];
    struct arena *arena;
};

/* Defaults only. */
void config_init(struct config *config, struct arena *arena);

/* Defaults, the file, the environment. */
bool config_load(struct config *config, const char *path, struct arena *arena, struct err *err);
bool config_parse(struct config *config, struct view text, struct err *err); /* the file's part */
bool config_take_environment(struct config *config, char **environment, struct err *err);
bool config_set(struct config *config, struct view path, struct view value, struct err *err);

struct view config_text(const struct config *config, enum key_id key);
double config_number(const struct config *config, enum key_id key);
uint64_t config_count(const struct config *config, enum key_id key);
bool config_bool(const struct config *config, enum key_id key);
const char *config_path(const struct config *config, enum key_id key); /* against config->dir */
const char *config_path_of(const struct config *config, struct view name);

/* The section or collection at "columns", "data.join", ...; NULL when the file has none. */
const struct yaml *config_node(const struct config *config, const char *path);

/* An item's member, or the key's default when it is not given. `key` is the collection's. */
struct view config_item_text(const struct yaml *item, enum key_id key);
bool config_item_bool(const struct yaml *item, enum key_id key);
double config_item_number(const struct yaml *item, enum key_id key); /* NaN: neither given */

/* "assay.yaml line 12, column 3": where a node stands, for the consumers' own complaints. */
bool config_wrong(const struct config *config, const struct yaml *node, struct err *err,
                  const char *fmt, ...) PRINTF(4, 5);

/* Adds what a section says, wherever it came from: the values in force of its plain keys, and its
 * collections as the file has them. `path` is "split", "columns", "model.parameters", ... */
void config_digest(const struct config *config, const char *path, struct digester *digester);

const char *origin_name(enum origin origin);

#endif
