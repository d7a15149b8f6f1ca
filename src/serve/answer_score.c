#include "serve/visit.h"

static void count_decisions(const struct visit *visit, const struct contract_answer *answer)
{
    struct meters *meters = &visit->server->meters;
    unsigned worker = visit->request->worker;
    for (size_t i = 0; i < answer->count; i++)
        meters_score(meters, worker, (double)answer->row[i].score, answer->row[i].outcome);
    if (answer->filled > 0)
        meters_add(meters, worker, METER_ABSENT_FILLED, answer->filled);
    if (answer->unseen > 0)
        meters_add(meters, worker, METER_UNSEEN_CATEGORIES, answer->unseen);
}

/* What "?reasons=" asks for, or the contract's own. */
static bool read_reasons(const struct visit *visit, const struct contract *contract,
                         enum contract_reasons *out, struct err *err)
{
    struct view wanted = http_request_query(visit->request, "reasons");
    *out = contract->explain;
    if (view_is(wanted, "all"))
        *out = REASONS_ALL;
    else if (view_is(wanted, "alerts"))
        *out = REASONS_ALERTS;
    else if (view_is(wanted, "none"))
        *out = REASONS_NONE;
    else if (wanted.length > 0)
        return err_set(err, ERR_INPUT, "reasons='" VIEW_FMT "' is not all, alerts or none",
                       VIEW_ARG(wanted));
    return true;
}

void answer_by(struct visit *visit, const struct contract *contract, const struct served *served)
{
    struct err err = {0};
    struct contract_answer answer = {.served = served, .request = visit->request};
    if (!read_reasons(visit, contract, &answer.explain, &err) ||
        !contract_decide(contract, &answer, &err)) {
        contract_fail_by(contract, &err, visit->response);
        return;
    }
    contract->encode(&answer, visit->response);
    http_response_field(visit->response, "X-Assay-Bundle", view_of(served->sha256));
    count_decisions(visit, &answer);
}

void answer_with(struct visit *visit, const struct contract *contract)
{
    if (visit->served == NULL)
        contract_fail(contract, 503, VIEW("no model is loaded"), visit->response);
    else
        answer_by(visit, contract, visit->served);
}

void serve_invocations(struct visit *visit)
{
    answer_with(visit, &contract_system_a);
}

void serve_prod_predict(struct visit *visit)
{
    answer_with(visit, &contract_system_c);
}

/* Two systems share this path and are told apart by what they send. */
void serve_predict(struct visit *visit)
{
    bool named = decode_names_features(visit->request->body, visit->request->arena);
    answer_with(visit, named ? &contract_system_e : &contract_system_d);
}

void serve_decide(struct visit *visit)
{
    answer_with(visit, &contract_native);
}
