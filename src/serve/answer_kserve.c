#include "serve/visit.h"

void serve_kserve_models(struct visit *visit)
{
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "models");
    json_open(&json, '[');
    if (visit->served != NULL)
        json_string(&json, served_name(visit->served));
    for (size_t i = 0; i < visit->lineup->named_count; i++)
        json_string(&json, served_name(visit->lineup->named[i]));
    json_close(&json);
    json_close(&json);
}

void serve_kserve_model(struct visit *visit)
{
    const struct served *served = visit_model(visit, &contract_kserve);
    if (served == NULL)
        return;
    bool ready = visit_unready(visit) == NULL;
    visit->response->status = ready ? 200 : 503;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "name"), json_string(&json, served_name(served));
    json_key(&json, "ready"), json_bool(&json, ready);
    json_close(&json);
}

static void answer_named(struct visit *visit, const struct contract *contract)
{
    const struct served *served = visit_model(visit, contract);
    if (served != NULL)
        answer_by(visit, contract, served);
}

void serve_kserve_predict(struct visit *visit)
{
    answer_named(visit, &contract_kserve);
}

void serve_kserve_explain(struct visit *visit)
{
    answer_named(visit, &contract_kserve_explain);
}
