/* Any bytes as two files of records: an error that names one of them, or a comparison of which
 * every figure is a finite number. The first byte 0xff divides them. */
#include "monitor/compare_violations.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_column(const struct comparison_column *c)
{
    for (size_t i = 0; i < DRIFT_COUNT && c->left_out == NULL; i++) {
        assert(isfinite(c->figure[i]) && c->figure[i] >= 0);
        assert(c->chance[i] >= 0 && c->chance[i] <= 1);
    }
    assert(isfinite(c->rate.times) && isfinite(c->finding.floor));
}

static bool compare(struct sheet sheet[2], const struct drift_mode *mode, struct arena *arena,
                    struct err *err)
{
    struct drift_limits limits[6];
    for (size_t i = 0; i < LENGTH_OF(limits); i++)
        limits[i] = (struct drift_limits){.watch = 0.05, .alarm = 0.25, .rows_min = 2};
    assert(sheet[0].schema->count == LENGTH_OF(limits));
    struct comparison_options options = {.mode = mode, .limits = limits};
    struct comparison comparison;
    struct violations violations;
    struct view document;
    if (!compare_sheets(&sheet[0], &sheet[1], &options, arena, &comparison, err))
        return false;
    for (size_t i = 0; i < comparison.count; i++)
        check_column(&comparison.column[i]);
    violations_begin(&violations, arena);
    compare_violations(&comparison, &violations);
    return violations_end(&violations, &document, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum column_kind kinds[] = {COLUMN_NUMBER,  COLUMN_INTEGER,   COLUMN_CATEGORY,
                                             COLUMN_BOOLEAN, COLUMN_TIMESTAMP, COLUMN_ID};
    CLEANUP(arena_release) struct arena arena = {.limit = 256 << 20};
    struct column column[LENGTH_OF(kinds)];
    struct schema schema;
    struct sheet sheet[2];
    struct err err = {0};
    for (size_t i = 0; i < LENGTH_OF(kinds); i++)
        column[i] = (struct column){.name = {&"abcdef"[i], 1},
                                    .kind = kinds[i],
                                    .input = true,
                                    .values = dictionary_in(&arena)};
    bool ok = schema_init(&schema, column, LENGTH_OF(kinds), &arena, &err);
    assert(ok);
    const uint8_t *mark = size == 0 ? NULL : memchr(data, 0xff, size);
    size_t first = mark == NULL ? size : (size_t)(mark - data);
    struct view text[2] = {
        {(const char *)data, first},
        {(const char *)data + first + (mark != NULL), size - first - (mark != NULL)}};
    if (!sheet_read(&sheet[0], &schema, NULL, "before", text[0], &arena, &err) ||
        !sheet_read(&sheet[1], &schema, &sheet[0], "now", text[1], &arena, &err)) {
        assert(strstr(err.text, "before") != NULL || strstr(err.text, "now") != NULL);
        return 0;
    }
    for (size_t i = 0; i < drift_modes_count; i++)
        ok = compare(sheet, drift_modes[i], &arena, &err);
    assert(ok || err.kind == ERR_LIMIT);
    return 0;
}
