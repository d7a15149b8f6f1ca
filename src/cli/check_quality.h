/*
 * check_quality: what `assay check` prints of expectations, of a file or of the past, and writes as
 * constraint_violations.json.
 */
#ifndef CLI_CHECK_QUALITY_H
#define CLI_CHECK_QUALITY_H

#include "data/quality.h"

/* A line for each rule that was judged: the verdict, the share that held, the first offenders. */
void check_quality_print(const struct quality *quality);

/* What failed, in Model Monitor's form. */
bool check_quality_save(const struct quality *quality, const char *path, struct arena *arena,
                        struct err *err);

#endif
