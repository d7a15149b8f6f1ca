#include "cli/templates.h"

extern const char examples_claims_assay[], examples_cards_assay[];

const char *template_find(const char *name)
{
    const struct {
        const char *name, *yaml;
    } templates[] = {{"claims", examples_claims_assay}, {"cards", examples_cards_assay}};
    for (size_t i = 0; i < LENGTH_OF(templates); i++)
        if (strcmp(templates[i].name, name) == 0)
            return templates[i].yaml;
    return NULL;
}
