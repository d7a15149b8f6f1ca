/*
 * govern: the verbs of `assay models` that judge versions and put them in force.
 *
 * Each takes the words after it and what --comment says; cmd_models.c has them in its table.
 */
#ifndef CLI_GOVERN_H
#define CLI_GOVERN_H

#include "cli/project.h"

/* The version becomes the champion, if its standing allows it and `from` is the champion now;
 * GOVERNANCE_ANY: whatever is. */
bool govern_promote(struct project *project, int64_t from, const struct version *version,
                    const char *comment, struct err *err);

bool govern_approve(struct project *project, const char *reference, const char *comment,
                    struct err *err);
bool govern_reject(struct project *project, const char *reference, const char *comment,
                   struct err *err);
bool govern_rollback(struct project *project, const char *comment, struct err *err);
bool govern_tag(struct project *project, const char *reference, const char *tag, struct err *err);
bool govern_compare(struct project *project, const char *left, const char *right, struct err *err);

/* With the key of sign.key. */
bool govern_sign(struct project *project, const char *reference, struct err *err);

/* Every signature checked, every bundle opened and every golden record scored again, and the audit
 * log's chain. */
bool govern_verify(struct project *project, const char *reference, struct err *err);

/* Removes what nobody refers to or used for `older` days (a text; NULL: store.keep_days). */
bool govern_clear(struct project *project, const char *older, bool dry, struct err *err);

#endif
