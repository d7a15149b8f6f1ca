/*
 * KServe's first protocol, which is TensorFlow Serving's:
 *
 *     {"instances":[row, ...]}  ->  {"predictions":[score, ...]}
 *
 * and of :explain {"predictions":[...],"explanations":[{...}, ...]}. A row is named or positional.
 */
#include "serve/contract.h"

static void encode_explained(const struct contract_answer *answer, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    contract_add_predictions(answer, &json);
    json_key(&json, "explanations");
    json_open(&json, '[');
    for (size_t i = 0; i < answer->count; i++)
        contract_add_explanation(answer, &answer->row[i], &json);
    json_close(&json);
    json_close(&json);
}

const struct contract contract_kserve = {
    .name = "kserve",
    .answer = "{\"type\":\"object\",\"properties\":{\"predictions\":{\"type\":\"array\",\"items\":{"
              "\"type\":\"number\"}}},\"required\":[\"predictions\"]}",
    .about = "KServe v1: instances in, predictions out",
    .rules = {.takes = {{"application/json", &shape_instances}}},
    .encode = contract_encode_predictions,
    .fault = contract_fault_error,
};

const struct contract contract_kserve_explain = {
    .name = "kserve_explain",
    .answer = "{\"type\":\"object\",\"required\":[\"predictions\",\"explanations\"]}",
    .about = "KServe v1: instances in, each feature's contribution out",
    .rules = {.takes = {{"application/json", &shape_instances}}},
    .explain = REASONS_ALL,
    .only_asks = true,
    .encode = encode_explained,
    .fault = contract_fault_error,
};
