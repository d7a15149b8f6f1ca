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

static void add_row(const struct contract_answer *answer, size_t i, struct json *json)
{
    contract_add_explanation(answer, &answer->row[i], json);
}

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    contract_encode_rows(answer, "explanations", add_row, response);
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
