#include "serve/contract.h"

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "prediction"), json_string(&json, answer->row->fraud ? "fraud" : "legit");
    json_key(&json, "fraud_probability"), contract_probability(&json, answer->row->score);
    json_close(&json);
}

const struct contract contract_system_d = {
    .name = "system_d",
    .answer = "{\"type\":\"object\",\"required\":[\"prediction\",\"fraud_probability\"]}",
    .about = "compare and deploy: features by position, fraud or legit",
    .rules = {.takes = {{"application/json", &shape_features}}},
    .encode = encode,
    .fault = contract_fault_detail,
};
