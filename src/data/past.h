/*
 * past: the labelled records that assay.yaml names: its tables, joined.
 *
 * Training and `assay check` read the same past through this one door.
 */
#ifndef DATA_PAST_H
#define DATA_PAST_H

#include "data/config.h"
#include "data/table.h"

enum { PAST_JOINS_MAX = 16 };

struct past_join {
    struct view key;
    const char *path; /* of the joined file */
    struct join_audit audit;
};

struct past {
    struct table table; /* every input is there */
    uint8_t *label;     /* by row: 1 fraud, 0 not; both occur */
    size_t frauds;
    struct past_join join[PAST_JOINS_MAX];
    size_t joins;
};

/* ERR_INPUT unless the configuration names the file and the label. */
bool past_is_named(const struct config *config, struct err *err);

/* data.memory_mb bounds each file; the arena bounds it all. */
bool past_load(struct past *past, const struct config *config, const struct schema *schema,
               struct arena *arena, struct err *err);

#endif
