/* Any bytes as a page of metrics: an error with its line, or figures that read back as they were.
 */
#include "monitor/exposition.h"
#include "monitor/figures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct view text)
{
    struct exposition page = exposition_of(text);
    struct exposition_sample sample;
    struct err err = {0};
    while (exposition_next(&page, &sample, &err)) {
        assert(sample.name.length > 0 && sample.labels <= EXPOSITION_LABELS_MAX);
        for (size_t i = 0; i < sample.labels; i++)
            assert(sample.label[i].name.length > 0 && sample.label[i].value.length <= text.length);
    }
    assert(err.kind == ERR_NONE || err.kind == ERR_INPUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 << 20};
    struct view text = {(const char *)data, size};
    struct figures figures, back;
    struct err err = {0};
    walk(text);
    if (!figures_parse(&figures, text, &err)) {
        assert(err.kind == ERR_INPUT);
        return 0;
    }
    struct text kept = text_in_arena(&arena);
    struct json json = json_to(&kept);
    figures_write(&figures, &json);
    const struct doc *doc = doc_parse(text_view(&kept), &arena, &err);
    assert(doc != NULL && figures_read(&back, doc));
    assert(back.requests == figures.requests && back.bounds == figures.bounds);
    figures_quantile(&back, 0.99);
    struct figures increase = figures_increase(&back, &figures);
    figures_add(&increase, &figures);
    return 0;
}
