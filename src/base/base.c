#include "base/base.h"

void base_fail(const char *file, int line, const char *claim)
{
    fprintf(stderr, "assay: %s:%d: this should hold and does not: %s\n", file, line, claim);
    abort();
}
