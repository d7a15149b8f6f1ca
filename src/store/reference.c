#include "store/reference.h"

#include "base/doc.h"
#include "store/base64.h"

static bool damaged(struct err *err, const char *what)
{
    return err_set(err, ERR_MODEL, "reference.json: %s", what);
}

/* `rows` bytes, each of them at most `most`. */
static bool read_bytes(const struct doc *doc, const char *key, size_t rows, uint8_t most,
                       struct arena *arena, const uint8_t **out, struct err *err)
{
    struct view text, bytes;
    if (!doc_need_text(doc, key, &text, err))
        return err_while(err, "reference.json");
    if (!base64_read(text, arena, &bytes) || bytes.length != rows)
        return damaged(err, "'slice' and 'label' must be base64, a byte a row");
    for (size_t i = 0; i < rows; i++)
        if ((uint8_t)bytes.text[i] > most)
            return damaged(err, "a slice or a label that there is not");
    *out = (const uint8_t *)bytes.text;
    return true;
}

static bool read_values(const struct doc *doc, struct reference *reference, struct arena *arena,
                        struct err *err)
{
    struct view text, bytes;
    if (!doc_need_text(doc, "values", &text, err))
        return err_while(err, "reference.json");
    size_t floats = reference->rows * reference->width;
    if (!base64_read(text, arena, &bytes) || bytes.length != floats * sizeof(float))
        return damaged(err, "'values' must be base64, four bytes for each feature of each row");
    float *value = arena_new(arena, float, floats);
    if (value == NULL)
        return err_set(err, ERR_LIMIT, "the reference rows do not fit the memory limit");
    memcpy(value, bytes.text, bytes.length); /* aligned; the program is little-endian alone */
    reference->value = value;
    return true;
}

static bool check_features(const struct doc *doc, const struct plan *plan, struct err *err)
{
    const struct doc *features;
    if (!doc_need(doc, "features", DOC_LIST, &features, err))
        return err_while(err, "reference.json");
    const struct doc *feature = features->first;
    for (size_t i = 0; i < plan->width; i++, feature = feature->next)
        if (feature == NULL || feature->kind != DOC_TEXT ||
            !view_same(feature->text, plan->width_name[i]))
            return damaged(err, "'features' are not the plan's");
    return feature == NULL || damaged(err, "'features' are not the plan's");
}

static bool no_rows(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND,
                   "the bundle carries no reference rows: it was imported, trained by an older "
                   "program, or with monitor.reference_rows 0; train it again to watch it");
}

bool reference_load(struct reference *out, const struct bundle *bundle, struct arena *arena,
                    struct err *err)
{
    struct reference read = {.width = bundle->plan.width};
    if (bundle->paper[PAPER_reference].length == 0)
        return no_rows(err);
    const struct doc *doc = doc_parse(bundle->paper[PAPER_reference], arena, err);
    size_t most = REFERENCE_FLOATS_MAX / (read.width > 0 ? read.width : 1);
    if (doc == NULL || !doc_need_count(doc, "rows", most, &read.rows, err))
        return err_while(err, "reference.json");
    if (read.rows == 0)
        return no_rows(err);
    if (!check_features(doc, &bundle->plan, err) ||
        !read_bytes(doc, "slice", read.rows, SLICE_NONE - 1, arena, &read.slice, err) ||
        !read_bytes(doc, "label", read.rows, 1, arena, &read.label, err) ||
        !read_values(doc, &read, arena, err))
        return false;
    *out = read;
    return true;
}

bool reference_next_held_out(const struct reference *reference, const struct bundle *bundle,
                             struct held_out *row)
{
    while (row->next < reference->rows && reference->slice[row->next] == SLICE_TRAIN)
        row->next++;
    if (row->next == reference->rows)
        return false;
    row->value = reference->value + row->next * reference->width;
    row->score = forest_predict(&bundle->forest, engine_margin(&bundle->engine, row->value));
    row->label = reference->label[row->next] != 0;
    row->fraud = row->score >= bundle->policy.threshold;
    row->next++;
    return true;
}
