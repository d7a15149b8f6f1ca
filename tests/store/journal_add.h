/* journal_add: one row put into the journal's tables, for tests that read them. */
#ifndef STORE_JOURNAL_ADD_H
#define STORE_JOURNAL_ADD_H

#include "harness.h"
#include "store/journal_table.h"

/* How many were not there already: 0 or 1. */
static inline uint64_t add_decision(struct store *store, const struct journal_decision *decision)
{
    CLEANUP(journal_adding_close) struct journal_adding adding = {0};
    struct err err = {0};
    uint64_t added;
    WORKS(journal_adding_open(&adding, store, &err), err);
    WORKS(journal_add_decision(&adding, decision, decision->id, &err), err);
    WORKS(journal_adding_settle(&adding, &added, &err), err);
    return added;
}

static inline void add_label(struct store *store, const struct journal_label *label)
{
    CLEANUP(journal_adding_close) struct journal_adding adding = {0};
    struct err err = {0};
    uint64_t added;
    WORKS(journal_adding_open(&adding, store, &err), err);
    WORKS(journal_add_label(&adding, label, &err), err);
    WORKS(journal_adding_settle(&adding, &added, &err), err);
}

#endif
