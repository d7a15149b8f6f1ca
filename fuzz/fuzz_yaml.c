/*
 * Any bytes as assay.yaml: an error that names its line, or a configuration whose every value can
 * be read, whose schema is declared or refused, and whose plan is declared or refused.
 */
#include "data/declare.h"
#include "feature/fit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fault(const struct err *err)
{
    assert(err->kind == ERR_INPUT || err->kind == ERR_LIMIT);
    assert(err->text[0] != '\0');
}

static void read_every_value(const struct config *config)
{
    for (int i = 0; i < KEYS; i++) {
        const struct key *key = &config_keys[i];
        if (key_is_collection(key))
            continue;
        if (key->type == KEY_NUMBER || key->type == KEY_COUNT) {
            double number = config_number(config, (enum key_id)i);
            assert(number >= key->min && number <= key->max);
        }
        assert(config_text(config, (enum key_id)i).text != NULL);
    }
}

static void digest_every_section(const struct config *config)
{
    static const char *const sections[] = {"project", "data",  "data.join",        "columns",
                                           "split",   "model", "model.parameters", "features",
                                           "gate",    "serve"};
    struct digester digester;
    digester_open(&digester);
    for (size_t i = 0; i < LENGTH_OF(sections); i++)
        config_digest(config, sections[i], &digester);
    digest_end(&digester);
}

static void check_plan(const struct declared_plan *declared, const struct schema *schema)
{
    for (size_t i = 0; i < declared->plan.count; i++) {
        const struct feature *feature = &declared->plan.feature[i];
        assert(feature->column < schema->count && feature->other < schema->count);
        assert(schema->column[feature->column].input && schema->column[feature->other].input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    struct config config;
    struct schema schema;
    struct declared_plan declared;
    struct err err = {0};
    config_init(&config, &arena);
    if (!config_parse(&config, (struct view){(const char *)data, size}, &err)) {
        check_fault(&err);
        return 0;
    }
    read_every_value(&config);
    digest_every_section(&config);
    if (!declare_schema(&config, &arena, &schema, &err)) {
        check_fault(&err);
        return 0;
    }
    assert(schema.count > 0 && schema.input_count <= schema.count);
    if (!plan_declare(&config, &schema, &arena, &declared, &err))
        check_fault(&err);
    else
        check_plan(&declared, &schema);
    return 0;
}
