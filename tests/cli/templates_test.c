#include "cli/templates.h"

#include "data/declare.h"
#include "data/preset.h"
#include "feature/fit.h"
#include "harness.h"

TEST(every_template_is_a_project_that_reads)
{
    static const char *const names[] = {"claims", "cards"};
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
        struct config config;
        struct schema schema;
        struct declared_plan plan;
        struct err err = {0};
        const char *yaml = template_find(names[i]);
        TRUE(yaml != NULL);
        config_init(&config, &arena);
        WORKS(config_parse(&config, view_of(yaml), &err), err);
        WORKS(declare_schema(&config, &arena, &schema, &err), err);
        WORKS(plan_declare(&config, &schema, &arena, &plan, &err), err);
    }
    TRUE(template_find("nonsense") == NULL && template_find("") == NULL);
}
