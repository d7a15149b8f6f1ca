/* templates: assay.yaml for the generated data, from examples/. */
#ifndef CLI_TEMPLATES_H
#define CLI_TEMPLATES_H

#include "base/view.h"

const char *template_find(const char *name); /* the file's text, or NULL */

#endif
