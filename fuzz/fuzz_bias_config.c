/*
 * Any bytes as Clarify's analysis_config.json: an error that says what is wrong, or a configuration
 * with a label, a favourable value and facets, whose every text can be read.
 */
#include "measure/bias.h"
#include "measure/bias_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_texts(const struct bias_texts *texts)
{
    size_t bytes = 0;
    for (size_t i = 0; i < texts->count; i++)
        for (size_t b = 0; b < texts->text[i].length; b++)
            bytes += (unsigned char)texts->text[i].text[b] != 0;
    return bytes;
}

static void check_methods(const struct bias_methods *methods)
{
    assert(!methods->named || methods->wanted);
    for (size_t i = 0; i < methods->names.count; i++) {
        size_t at = 0;
        while (at < biases_count && !view_is(methods->names.text[i], biases[at]->name))
            at++;
        assert(at < biases_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 64 << 20};
    static struct bias_config config;
    struct err err = {0};
    if (!bias_config_read(&config, (struct view){(const char *)data, size}, &arena, &err)) {
        assert(err.kind == ERR_INPUT || err.kind == ERR_LIMIT);
        assert(err.text[0] != '\0');
        return 0;
    }
    assert(config.label_values.count > 0 && config.facets > 0);
    assert(config.facets <= BIAS_CONFIG_FACETS_MAX);
    assert(config.unused_count <= BIAS_CONFIG_UNUSED_MAX);
    read_texts(&config.label_values);
    read_texts(&config.headers);
    for (size_t i = 0; i < config.facets; i++)
        read_texts(&config.facet[i].values);
    check_methods(&config.method[0]);
    check_methods(&config.method[1]);
    return 0;
}
