/*
 * separate: monitor/domain.h's port, by libxgboost in its worker process.
 *
 * Forty shallow trees with nothing chosen by looking at the folds: who stops early on them finds a
 * difference where there is none.
 */
#ifndef CLI_SEPARATE_H
#define CLI_SEPARATE_H

#include "monitor/domain.h"

struct separator {
    const char *program; /* to run as the worker */
};

struct domain_port separator_port(struct separator *separator);

#endif
