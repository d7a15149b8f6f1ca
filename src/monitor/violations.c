#include "monitor/violations.h"

#include "base/file.h"

#include <stdarg.h>

enum { DESCRIPTION_SIZE = 512 };

const char *const violation_names[VIOLATIONS] = {
    [VIOLATION_DATA_TYPE] = "data_type_check",
    [VIOLATION_COMPLETENESS] = "completeness_check",
    [VIOLATION_DRIFT] = "baseline_drift_check",
    [VIOLATION_MISSING_COLUMN] = "missing_column_check",
    [VIOLATION_EXTRA_COLUMN] = "extra_column_check",
    [VIOLATION_CATEGORICAL_VALUES] = "categorical_values_check",
    [VIOLATION_RANGE] = "range_check",
    [VIOLATION_PATTERN] = "pattern_check",
    [VIOLATION_UNIQUENESS] = "uniqueness_check",
    [VIOLATION_ATTRIBUTION] = "feature_attribution_drift_check",
};

void violations_begin(struct violations *violations, struct arena *arena)
{
    *violations = (struct violations){.text = text_in_arena(arena)};
    violations->json = json_pretty_to(&violations->text);
    json_open(&violations->json, '{');
    json_key(&violations->json, "violations");
    json_open(&violations->json, '[');
}

void violations_add(struct violations *violations, struct view feature, enum violation what,
                    const char *fmt, ...)
{
    char description[DESCRIPTION_SIZE];
    va_list args;
    va_start(args, fmt);
    vsnprintf(description, sizeof description, fmt, args);
    va_end(args);
    struct json *json = &violations->json;
    json_open(json, '{');
    json_key(json, "feature_name"), json_text(json, feature);
    json_key(json, "constraint_check_type"), json_string(json, violation_names[what]);
    json_key(json, "description"), json_string(json, description);
    json_close(json);
    violations->count++;
}

bool violations_end(struct violations *violations, struct view *out, struct err *err)
{
    json_close(&violations->json);
    json_close(&violations->json);
    text_addc(&violations->text, '\n');
    if (violations->text.cut)
        return err_set(err, ERR_LIMIT, "the violations do not fit the memory limit");
    *out = text_view(&violations->text);
    return true;
}

bool violations_save(struct violations *violations, const char *path, struct err *err)
{
    struct view whole;
    return violations_end(violations, &whole, err) && file_save(path, whole, err);
}
