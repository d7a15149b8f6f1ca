/* What is expected of a schema's columns, declared and implied. */
#include "data/quality.h"

#include <math.h>

struct gathering {
    const struct schema *schema;
    struct arena *arena;
    struct quality_rules *rules;
    uint32_t column;
};

static bool has_rule(const struct gathering *g, struct view name)
{
    for (size_t i = g->rules->count; i > 0 && g->rules->rule[i - 1].column == g->column; i--)
        if (view_same(g->rules->rule[i - 1].expectation->name, name))
            return true;
    return false;
}

/* What was declared under the same name stands. */
static bool imply(struct gathering *g, const struct expectation_spec *spec, struct err *err)
{
    struct expectation *made = arena_new(g->arena, struct expectation, 1);
    if (made == NULL)
        return err_set(err, ERR_LIMIT, "the expectations do not fit the memory limit");
    if (has_rule(g, spec->name.length > 0 ? spec->name : spec->check) ||
        g->rules->count == EXPECTATIONS_MAX)
        return true;
    if (!expectation_make(spec, &g->schema->column[g->column], g->arena, made, err))
        return false;
    made->implied = true;
    g->rules->rule[g->rules->count++] = (struct quality_rule){g->column, made};
    return true;
}

static bool imply_by_schema(struct gathering *g, struct err *err)
{
    const struct column *column = &g->schema->column[g->column];
    struct expectation_spec type = {.check = VIEW("type"), .mostly = 1};
    struct expectation_spec there = {.check = VIEW("not_null"), .mostly = 1};
    return imply(g, &type, err) && (column->optional || imply(g, &there, err));
}

static const struct doc *constraints_of(const struct doc *constraints, struct view column)
{
    const struct doc *features = doc_find(constraints, "features");
    const struct doc *item = features == NULL ? NULL : features->first;
    while (item != NULL) {
        const struct doc *name = doc_find(item, "name");
        if (name != NULL && name->kind == DOC_TEXT && view_same(name->text, column))
            return item;
        item = item->next;
    }
    return NULL;
}

static bool imply_set(struct gathering *g, const struct doc *domains, double threshold,
                      struct err *err)
{
    struct expectation_spec spec = {.check = VIEW("in_set"),
                                    .name = VIEW("domain"),
                                    .severity = VIEW("warn"),
                                    .mostly = 1 - threshold};
    bool none = domains == NULL || domains->kind != DOC_LIST || domains->count == 0;
    if (none || domains->count > EXPECTATION_SET_MAX || !(threshold >= 0 && threshold < 1) ||
        !kind_is_coded(g->schema->column[g->column].kind))
        return true;
    struct view *set = arena_new(g->arena, struct view, domains->count);
    if (set == NULL)
        return err_set(err, ERR_LIMIT, "the expectations do not fit the memory limit");
    for (const struct doc *item = domains->first; item != NULL; item = item->next)
        if (item->kind == DOC_TEXT)
            set[spec.set_count++] = item->text;
    spec.set = set;
    return spec.set_count == 0 || imply(g, &spec, err);
}

/* Model Monitor's own reading: as complete as it was, never negative if it never was, and at most
 * the threshold's share of values that were not there. */
static bool imply_by_constraints(struct gathering *g, const struct doc *constraints,
                                 struct err *err)
{
    const struct column *column = &g->schema->column[g->column];
    const struct doc *feature = constraints_of(constraints, column->name);
    const struct doc *complete = doc_find(feature, "completeness");
    const struct doc *positive = doc_find(doc_find(feature, "num_constraints"), "is_non_negative");
    const struct doc *domains = doc_find(doc_find(feature, "string_constraints"), "domains");
    const struct doc *threshold =
        doc_find(doc_find(constraints, "monitoring_config"), "domain_content_threshold");
    static const double threshold_default = 0.1;
    if (complete != NULL && complete->kind == DOC_NUMBER && complete->number > 0 &&
        complete->number <= 1) {
        struct expectation_spec spec = {
            .check = VIEW("not_null"), .severity = VIEW("warn"), .mostly = complete->number};
        if (!imply(g, &spec, err))
            return false;
    }
    bool number = column->kind == COLUMN_NUMBER || column->kind == COLUMN_INTEGER;
    if (positive != NULL && positive->kind == DOC_TRUE && number) {
        struct expectation_spec spec = {.check = VIEW("between"),
                                        .name = VIEW("non_negative"),
                                        .severity = VIEW("warn"),
                                        .mostly = 1,
                                        .min = VIEW("0")};
        if (!imply(g, &spec, err))
            return false;
    }
    return imply_set(g, domains,
                     threshold != NULL && threshold->kind == DOC_NUMBER ? threshold->number
                                                                        : threshold_default,
                     err);
}

bool quality_rules_of(struct quality_rules *rules, const struct schema *schema,
                      const struct doc *constraints, struct arena *arena, struct err *err)
{
    struct gathering g = {.schema = schema, .arena = arena, .rules = rules};
    size_t declared = 0, before = 0;
    for (size_t i = 0; i < schema->count; i++)
        declared += schema->column[i].expect_count;
    if (declared > EXPECTATIONS_MAX)
        return err_set(err, ERR_LIMIT, "%zu expectations, at most %d are taken", declared,
                       (int)EXPECTATIONS_MAX);
    *rules =
        (struct quality_rules){.rule = arena_new(arena, struct quality_rule, EXPECTATIONS_MAX + 1)};
    if (rules->rule == NULL)
        return err_set(err, ERR_LIMIT, "the expectations do not fit the memory limit");
    for (; g.column < schema->count; g.column++) {
        const struct column *column = &schema->column[g.column];
        /* Room is kept for what is declared further on. */
        bool room = rules->count + (declared - before) + 8 < EXPECTATIONS_MAX;
        for (size_t i = 0; i < column->expect_count; i++, before++)
            rules->rule[rules->count++] = (struct quality_rule){g.column, &column->expect[i]};
        if (column->input && room &&
            (!imply_by_schema(&g, err) ||
             (constraints != NULL && !imply_by_constraints(&g, constraints, err))))
            return err_while(err, "what is implied of '" VIEW_FMT "'", VIEW_ARG(column->name));
    }
    return true;
}
