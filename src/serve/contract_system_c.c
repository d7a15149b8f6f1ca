#include "serve/contract.h"

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    struct json json = json_to(&response->body);
    const struct contract_row *row = answer->row;
    json_open(&json, '{');
    json_key(&json, "prediction"), json_count(&json, row->fraud);
    json_key(&json, "fraud_score"), contract_probability(&json, row->score);
    json_key(&json, "message");
    json_string(&json, row->fraud ? "Fraud detected" : "Legitimate transaction");
    json_close(&json);
}

const struct contract contract_system_c = {
    .name = "system_c",
    .answer = "{\"type\":\"object\",\"required\":[\"prediction\",\"fraud_score\",\"message\"]}",
    .about = "card fraud with monitoring: features by position, score and message",
    .rules = {.takes = {{"application/json", &shape_features}}},
    .encode = encode,
    .fault = contract_fault_error,
};
