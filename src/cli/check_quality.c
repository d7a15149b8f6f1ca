#include "cli/check_quality.h"

#include "monitor/violations.h"

/* Which of Model Monitor's checks a kind is. */
static enum violation violation_of(const struct expectation_kind *kind)
{
    const struct {
        const struct expectation_kind *kind;
        enum violation what;
    } checks[] = {
        {&expectation_not_null, VIOLATION_COMPLETENESS}, {&expectation_type, VIOLATION_DATA_TYPE},
        {&expectation_between, VIOLATION_RANGE},         {&expectation_matches, VIOLATION_PATTERN},
        {&expectation_unique, VIOLATION_UNIQUENESS},
    };
    for (size_t i = 0; i < LENGTH_OF(checks); i++)
        if (checks[i].kind == kind)
            return checks[i].what;
    return VIOLATION_CATEGORICAL_VALUES;
}

static void print_offenders(const struct quality_tally *tally)
{
    for (size_t i = 0; i < tally->shown; i++) {
        printf("%s line %zu", i == 0 ? "        first:" : ",", tally->line[i]);
        if (tally->value[i].length > 0)
            printf(" '%.*s'", (int)tally->value[i].length, tally->value[i].text);
    }
    if (tally->shown > 0)
        printf("\n");
}

static void print_rule(const struct quality *quality, size_t index)
{
    const struct quality_rule *rule = &quality->rules->rule[index];
    const struct expectation *expectation = rule->expectation;
    const struct quality_tally *tally = &quality->tally[index];
    bool passes = quality_passes(quality, index);
    if (tally->judged == 0 || (passes && expectation->implied && tally->violations == 0))
        return;
    printf("%-5s " VIEW_FMT " " VIEW_FMT "%s: %llu of %llu break it",
           passes ? "ok" : expect_severity_names[expectation->severity],
           VIEW_ARG(quality->schema->column[rule->column].name), VIEW_ARG(expectation->name),
           expectation->implied ? " (implied)" : "", (unsigned long long)tally->violations,
           (unsigned long long)tally->judged);
    if (expectation->mostly < 1)
        printf(", %.4g %% hold and %.4g %% must", 100 * quality_share(tally),
               100 * expectation->mostly);
    printf("\n");
    print_offenders(tally);
}

void check_quality_print(const struct quality *quality)
{
    for (size_t i = 0; i < quality->columns; i++) {
        const struct quality_column *column = &quality->column[i];
        printf("%-5s " VIEW_FMT ": the column is %s\n",
               column->missing && column->required ? "error" : "warn", VIEW_ARG(column->name),
               column->missing ? "not in the file" : "not in the schema");
    }
    for (size_t i = 0; i < quality->rules->count; i++)
        print_rule(quality, i);
    printf("expectations: %zu, held against %llu rows, of which %llu break one or more\n",
           quality->rules->count, (unsigned long long)quality->rows,
           (unsigned long long)quality->rows_failed);
}

bool check_quality_save(const struct quality *quality, const char *path, struct arena *arena,
                        struct err *err)
{
    struct violations violations;
    violations_begin(&violations, arena);
    for (size_t i = 0; i < quality->columns; i++)
        violations_add(&violations, quality->column[i].name,
                       quality->column[i].missing ? VIOLATION_MISSING_COLUMN
                                                  : VIOLATION_EXTRA_COLUMN,
                       "The column is %s.",
                       quality->column[i].missing ? "not in the data" : "not in the baseline");
    for (size_t i = 0; i < quality->rules->count; i++) {
        const struct quality_rule *rule = &quality->rules->rule[i];
        const struct quality_tally *tally = &quality->tally[i];
        if (quality_passes(quality, i))
            continue;
        violations_add(&violations, quality->schema->column[rule->column].name,
                       violation_of(rule->expectation->kind),
                       VIEW_FMT ": %.4g %% of %llu values hold, %.4g %% must.",
                       VIEW_ARG(rule->expectation->name), 100 * quality_share(tally),
                       (unsigned long long)tally->judged, 100 * rule->expectation->mostly);
    }
    return violations_save(&violations, path, err);
}
