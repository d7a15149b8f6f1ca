/*
 * Azure ML's online endpoints: {"data":[row, ...]}, {"input_data":[row, ...]} or
 * {"input_data":{"columns","data"}} in, {"result":[score, ...],"outcome":["review", ...]} out. A
 * GET brings one row in its query.
 */
#include "serve/contract.h"

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "result");
    json_open(&json, '[');
    for (size_t i = 0; i < answer->count; i++)
        contract_probability(&json, answer->row[i].score);
    json_close(&json);
    json_key(&json, "outcome");
    json_open(&json, '[');
    for (size_t i = 0; i < answer->count; i++)
        json_string(&json, outcome_names[answer->row[i].outcome]);
    json_close(&json);
    json_close(&json);
}

static void fault(const struct contract_fault *fault, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "message"), json_text(&json, fault->text);
    json_close(&json);
}

const struct contract contract_azure = {
    .name = "azure",
    .answer = "{\"type\":\"object\",\"required\":[\"result\",\"outcome\"]}",
    .about = "Azure ML: data or input_data in, result out",
    .rules = {.takes = {{"application/json", &shape_azure},
                        {"application/x-www-form-urlencoded", &shape_form}}},
    .encode = encode,
    .fault = fault,
};
