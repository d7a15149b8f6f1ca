/*
 * How much each feature added to the margin, exactly, and the reasons in words:
 *
 *     {"model":{...},
 *      "explanations":[{"fraud_probability","margin","expected",
 *                       "contributions":{"feature":0.12,...},"reasons":[...]}]}
 */
#include "serve/contract.h"

void contract_add_explanation(const struct contract_answer *answer, const struct contract_row *row,
                              struct json *json)
{
    const struct plan *plan = &answer->served->bundle.plan;
    json_open(json, '{');
    json_key(json, "fraud_probability"), json_number(json, row->probability);
    json_key(json, "margin"), json_number(json, (double)row->margin);
    json_key(json, "expected"), json_number(json, answer->served->explainer.expected);
    json_key(json, "contributions");
    json_open(json, '{');
    for (size_t i = 0; i < plan->width; i++)
        json_key_view(json, plan->width_name[i]), json_number(json, row->contribution[i]);
    json_close(json);
    json_key(json, "reasons"), contract_add_reasons(row, json);
    json_close(json);
}

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    contract_add_model(answer->served, &json);
    json_key(&json, "explanations");
    json_open(&json, '[');
    for (size_t i = 0; i < answer->count; i++)
        contract_add_explanation(answer, &answer->row[i], &json);
    json_close(&json);
    json_close(&json);
}

const struct contract contract_explain = {
    .name = "explain",
    .answer = "{\"type\":\"object\",\"required\":[\"model\",\"explanations\"]}",
    .about = "each feature's contribution, and reasons",
    .rules = {.takes = {{"application/json", &shape_rows}, {"text/csv", &shape_csv}}},
    .explain = REASONS_ALL,
    .only_asks = true,
    .encode = encode,
    .fault = contract_fault_error,
};
