#include "serve/visit.h"

static void count_decisions(const struct visit *visit, const struct contract_answer *answer)
{
    struct meters *meters = &visit->server->meters;
    unsigned worker = visit->request->worker;
    for (size_t i = 0; i < answer->count; i++)
        meters_score(meters, worker, (double)answer->row[i].score, answer->row[i].fraud);
    if (answer->filled > 0)
        meters_add(meters, worker, METER_ABSENT_FILLED, answer->filled);
    if (answer->unseen > 0)
        meters_add(meters, worker, METER_UNSEEN_CATEGORIES, answer->unseen);
}

/* A server that is stopping still answers what comes: the client has been told nothing yet. */
static void score(struct visit *visit, const struct contract *contract)
{
    struct contract_answer answer;
    if (visit->served == NULL)
        contract_fail(contract, 503, VIEW("no model is loaded"), visit->response);
    else if (contract_score(contract, visit->served, visit->request, visit->response, &answer))
        count_decisions(visit, &answer);
}

void serve_invocations(struct visit *visit)
{
    score(visit, &contract_system_a);
}

void serve_prod_predict(struct visit *visit)
{
    score(visit, &contract_system_c);
}

/* Two systems share this path and are told apart by what they send. */
void serve_predict(struct visit *visit)
{
    bool named = decode_names_features(visit->request->body, visit->request->arena);
    score(visit, named ? &contract_system_e : &contract_system_d);
}
