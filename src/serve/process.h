/*
 * process: what the kernel says about this process, for the meters.
 *
 * Figures that cannot be read are NaN, which Prometheus understands.
 */
#ifndef SERVE_PROCESS_H
#define SERVE_PROCESS_H

#include "base/base.h"

struct process {
    double cpu_seconds;
    double resident_bytes;
    double open_files;
    double started_s; /* since 1970 */
};

struct process process_now(void);

#endif
