/*
 * ledger: the journal that `assay serve` keeps, as assay.yaml wants it, and its way to the
 * database.
 *
 *     CLEANUP(ledger_close) struct ledger ledger = {0};
 *     if (!ledger_open(&ledger, &project, &options, err)) ...      before server_open
 *     if (!ledger_begin(&ledger, server, err)) ...                in server_options.prepare
 *     ... server_close, then ledger_close ...
 *
 * Where there is no project, there is no journal unless journal.enabled asks for it: a server of
 * one bundle's file writes nothing anywhere.
 */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "cli/project.h"
#include "serve/server.h"
#include "store/journal_move.h"

struct ledger {
    struct project *project;
    struct journal_options journal;
    struct journal_mover mover;
    bool kept, moving;
};

bool ledger_open(struct ledger *ledger, struct project *project, struct server_options *options,
                 struct err *err);

/* What was answered before is known again, and what is sealed begins to go there. */
bool ledger_begin(struct ledger *ledger, struct server *server, struct err *err);
void ledger_close(struct ledger *ledger); /* safe on a zeroed struct */

#endif
