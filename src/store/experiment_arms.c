#include "store/experiment_arms.h"

#include "base/number.h"
#include "decide/outcome.h"
#include "store/journal_table.h"

#include <math.h>

/* The decision that stands, with the best label so far. */
struct decision {
    char id[200];
    int64_t at_us; /* an id may come again, another time or from another client */
    int arm;
    bool mature, known; /* its outcome is one of ours */
    enum outcome outcome;
    double amount;
    bool labelled, fraud;
    size_t strength;
    double lost;
};

struct gathering {
    struct experiment_arms *arms;
    const struct cost_matrix *costs;
    char entity[JOURNAL_TEXT_MAX + 1];
    bool begun, shadow;
    bool has[ARMS], has_mature[ARMS];
    double cost[ARMS];
    struct decision decision;
};

static double number_in(const struct db_statement *row, int column)
{
    double number;
    if (db_is_null(row, column) || !number_parse(db_text(row, column), &number))
        return (double)NAN;
    return number;
}

static double loss_of(const struct gathering *g)
{
    const struct decision *d = &g->decision;
    double amount = d->lost >= 0 ? d->lost : d->amount;
    if (g->costs == NULL)
        return amount >= 0 ? amount : 1;
    double lost = amount >= 0 ? amount * g->costs->loss_given_fraud : 0;
    return lost + g->costs->chargeback;
}

static double cost_of(const struct gathering *g)
{
    const struct decision *d = &g->decision;
    bool fraud = d->labelled && d->fraud;
    switch (d->outcome) {
    case OUTCOME_approve:
        return fraud ? loss_of(g) : 0;
    case OUTCOME_review:
        return g->costs == NULL ? 0 : g->costs->handling;
    default:
        return g->costs == NULL || fraud ? 0 : g->costs->insult;
    }
}

static void end_decision(struct gathering *g)
{
    const struct decision *d = &g->decision;
    struct experiment_arms *arms = g->arms;
    if (d->id[0] == '\0')
        return;
    g->has[d->arm] = true;
    arms->decisions[d->arm]++;
    if (d->known) /* a fallback decides nothing that could be compared */
        arms->outcome[d->arm][d->outcome]++;
    if (d->mature && d->known) {
        arms->mature[d->arm]++;
        arms->labelled[d->arm] += d->labelled;
        arms->frauds[d->arm] += d->labelled && d->fraud;
        g->has_mature[d->arm] = true;
        g->cost[d->arm] += cost_of(g);
    }
    g->decision.id[0] = '\0';
}

static void end_entity(struct gathering *g)
{
    end_decision(g);
    if (!g->begun)
        return;
    bool both = g->has[ARM_CHAMPION] && g->has[ARM_RIVAL];
    bool both_mature = g->has_mature[ARM_CHAMPION] && g->has_mature[ARM_RIVAL];
    g->arms->crossed += both && !g->shadow;
    for (size_t i = 0; i < ARMS; i++) {
        g->arms->entities[i] += g->has[i];
        /* A record that the shadow could not decide says nothing of the difference. */
        if (g->has_mature[i] && (both_mature || !g->shadow))
            arm_add(&g->arms->arm[i], g->cost[i]);
        g->has[i] = g->has_mature[i] = false;
        g->cost[i] = 0;
    }
}

/* Labels come oldest first: of equal strength the later one wins. */
static void take_label(struct gathering *g, const struct db_statement *row)
{
    struct decision *d = &g->decision;
    size_t strength = label_strength(db_text(row, 7));
    if (db_is_null(row, 6) || (d->labelled && strength > d->strength))
        return;
    d->labelled = true;
    d->strength = strength;
    d->fraud = view_is(db_text(row, 6), "fraud");
    d->lost = number_in(row, 8);
}

static void take_row(struct gathering *g, const struct db_statement *row, int64_t mature_us)
{
    struct decision *d = &g->decision;
    struct view entity = db_text(row, 0), id = db_text(row, 1);
    if (!g->begun || !view_is(entity, g->entity)) {
        end_entity(g);
        snprintf(g->entity, sizeof g->entity, "%.*s", (int)entity.length, entity.text);
        g->begun = true;
    }
    if (!view_is(id, d->id) || db_i64(row, 5) != d->at_us) {
        end_decision(g);
        *d = (struct decision){
            .at_us = db_i64(row, 5),
            .arm = view_is(db_text(row, 2), "champion") ? ARM_CHAMPION : ARM_RIVAL,
            .mature = db_i64(row, 5) <= mature_us,
            .amount = number_in(row, 4),
            .lost = (double)NAN,
        };
        d->known = outcome_find(db_text(row, 3), &d->outcome);
        snprintf(d->id, sizeof d->id, "%.*s", (int)id.length, id.text);
    }
    take_label(g, row);
}

#define SELECTED                                                                                   \
    ", d.id, d.variant, d.outcome, d.amount, d.at_us, l.label, l.source, l.amount_lost "
#define TOLD "replace(d.id, '" EXPERIMENT_SHADOW_ID "', '')"

static const char units[] =
    "select d.entity" SELECTED "from decision d left join label l on l.decision = d.id "
    "where d.experiment = $1 and d.at_us >= $2 order by d.entity, d.id, d.at_us, l.label_ms, "
    "l.id";
/* What was told and what the shadow would have said are about one record, and have its label. */
static const char pairs[] =
    "select " TOLD SELECTED "from decision d left join label l on l.decision = " TOLD
    " where d.experiment = $1 and d.at_us >= $2 order by 1, d.id, d.at_us, l.label_ms, l.id";

bool experiment_gather(struct store *store, const struct experiment *experiment,
                       const struct cost_matrix *costs, int64_t now_ms, struct experiment_arms *out,
                       struct err *err)
{
    CLEANUP(db_finish) struct db_statement row = {0};
    struct gathering gathering = {.arms = out, .costs = costs};
    int64_t mature_us = (now_ms - experiment->mature_ms) * 1000;
    *out = (struct experiment_arms){0};
    gathering.shadow = experiment->kind == EXPERIMENT_SHADOW;
    if (!db_prepare(&store->db, gathering.shadow ? pairs : units, &row, err))
        return false;
    db_bind_text(&row, 1, view_of(experiment->name));
    db_bind_i64(&row, 2, experiment->started_ms * 1000);
    while (db_next(&row, err))
        take_row(&gathering, &row, mature_us);
    end_entity(&gathering);
    return err->kind == ERR_NONE;
}
