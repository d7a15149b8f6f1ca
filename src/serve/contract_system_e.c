#include "serve/contract.h"

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "pred_proba"), contract_probability(&json, answer->row->score);
    json_close(&json);
}

const struct contract contract_system_e = {
    .name = "system_e",
    .answer = "{\"type\":\"object\",\"required\":[\"pred_proba\"]}",
    .about = "scoring API: features by name, the probability alone",
    .rules = {.takes = {{"application/json", &shape_features}}},
    .encode = encode,
    .fault = contract_fault_detail,
};
