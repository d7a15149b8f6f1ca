/*
 * books: the registry's tables held against the audit log.
 *
 * The log is a chain of hashes; the tables beside it are not. Every change to them was an event in
 * the same transaction, so what they say must be what the log heard: which version each alias
 * points to, who judged what, which signatures there are, and that each version was registered.
 */
#ifndef STORE_BOOKS_H
#define STORE_BOOKS_H

#include "store/store.h"

/* ERR_STORE names the first thing that the log has heard otherwise, or not at all. What was there
 * before the log began (a store of the first program) is left out. */
bool books_check(struct store *store, struct err *err);

#endif
