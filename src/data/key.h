/*
 * key: one setting's name, type, limits and help: a row of a table of settings.
 *
 * assay.yaml's keys (data/keys.def) and XGBoost's parameters
 * (train/parameters.def) are such tables, and key_check is the one judge of a
 * value.
 */
#ifndef DATA_KEY_H
#define DATA_KEY_H

#include "base/text.h"

enum key_type { KEY_TEXT, KEY_NUMBER, KEY_COUNT, KEY_BOOL, KEY_CHOICE };

struct key {
    const char *path; /* "split.seed"; `*` and `[]` stand for names and items of the user's */
    enum key_type type;
    const char *fallback;
    double min, max;     /* a number's bounds, or a text's least and most bytes */
    const char *choices; /* CHOICE: separated by spaces */
    const char *help;
};

const char *key_type_name(enum key_type type);
bool key_is_collection(const struct key *key);

/* True when the key takes the value; else `what` says what it takes: "takes true or false, ...". */
bool key_check(const struct key *key, struct view value, struct text *what);

#endif
