/* journal_config: the journal as assay.yaml wants it. */
#ifndef STORE_JOURNAL_CONFIG_H
#define STORE_JOURNAL_CONFIG_H

#include "data/config.h"
#include "store/journal.h"
#include "store/journal_erase.h"

/* journal.dir, or journal in store.dir; in the configuration's arena. */
const char *journal_dir_of(const struct config *config);

/* Everything but who is to be told. ERR_INPUT: journal.ring_bytes is no power of two. */
bool journal_options_of(const struct config *config, struct journal_options *out, struct err *err);

struct journal_keep journal_keep_of(const struct config *config);

#endif
