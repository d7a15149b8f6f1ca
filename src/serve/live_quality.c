#include "serve/live_quality.h"

#include "data/quality.h"

/* The live rules that judge a cell's value, or the others, from `count` on. */
static size_t add_rules(const struct quality_rules *rules, bool of_values, struct live_rule *rule,
                        size_t count)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct expectation *expectation = rules->rule[i].expectation;
        if (expectation->kind->live && (expectation->kind->holds != NULL) == of_values)
            rule[count++] =
                (struct live_rule){.expectation = expectation, .column = rules->rule[i].column};
    }
    return count;
}

bool live_quality_open(struct live_quality *quality, struct bundle *bundle, struct err *err)
{
    struct view paper = bundle->paper[PAPER_constraints];
    const struct doc *constraints = NULL;
    struct quality_rules rules;
    if (paper.length > 0) {
        constraints = doc_parse(paper, &bundle->arena, err);
        if (constraints == NULL)
            return err_while(err, "constraints.json");
    }
    if (!quality_rules_of(&rules, &bundle->schema, constraints, &bundle->arena, err))
        return false;
    struct live_rule *rule = arena_new(&bundle->arena, struct live_rule, rules.count + 1);
    if (rule == NULL)
        return err_set(err, ERR_LIMIT, "the expectations do not fit the memory limit");
    *quality = (struct live_quality){.rule = rule, .unplaced = rule};
    quality->of_gaps = add_rules(&rules, false, rule, 0);
    quality->count = add_rules(&rules, true, rule, quality->of_gaps);
    return true;
}

void live_quality_place(struct live_quality *quality, const struct schema *schema,
                        struct meters *meters)
{
    for (size_t i = 0; quality->unplaced != NULL && i < quality->count; i++) {
        struct live_rule *rule = &quality->unplaced[i];
        rule->place =
            meters_quality_place(meters, rule->expectation->name, schema->column[rule->column].name,
                                 expect_severity_names[rule->expectation->severity]);
    }
    quality->unplaced = NULL;
}

/* A missing cell breaks not_null and nothing else, a refused one type and nothing else. */
static bool breaks(const struct live_rule *rule, const struct column *column,
                   const struct cell *cell)
{
    const struct expectation_kind *kind = rule->expectation->kind;
    if (cell->refused)
        return kind == &expectation_type;
    if (cell_is_missing(column, cell))
        return kind == &expectation_not_null;
    return !expectation_holds(rule->expectation, cell);
}

void live_quality_see(const struct live_quality *quality, const struct record *record,
                      struct meters *meters, unsigned worker)
{
    meters_add(meters, worker, METER_QUALITY_ROWS, 1);
    for (size_t i = record->gaps == 0 ? quality->of_gaps : 0; i < quality->count; i++) {
        const struct live_rule *rule = &quality->rule[i];
        if (breaks(rule, &record->schema->column[rule->column], &record->cell[rule->column]))
            meters_violation(meters, worker, rule->place);
    }
}

void live_quality_refused(const struct live_quality *quality, const struct record *record,
                          struct meters *meters, unsigned worker)
{
    if (record->fault == 0)
        return;
    const struct expectation_kind *kind =
        record->fault_missing ? &expectation_not_null : &expectation_type;
    meters_add(meters, worker, METER_QUALITY_ROWS, 1);
    for (size_t i = 0; i < quality->count; i++) {
        const struct live_rule *rule = &quality->rule[i];
        if (rule->column == record->fault - 1 && rule->expectation->kind == kind)
            meters_violation(meters, worker, rule->place);
    }
}
