/*
 * MLflow's scoring server: four ways to lay out rows in JSON, {"predictions":[score, ...]} out.
 *
 * A charset other than UTF-8 is answered as its server does it, in plain text.
 */
#include "serve/contract.h"

static const char *code_of(int status)
{
    switch (status) {
    case 400:
        return "BAD_REQUEST";
    case 404:
        return "RESOURCE_DOES_NOT_EXIST";
    case 409:
        return "RESOURCE_CONFLICT";
    case 413:
        return "REQUEST_LIMIT_EXCEEDED";
    case 503:
        return "TEMPORARILY_UNAVAILABLE";
    default:
        return "INTERNAL_ERROR";
    }
}

static void fault(const struct contract_fault *fault, struct http_response *response)
{
    if (fault->status == 415) {
        response->content_type = VIEW("text/plain");
        text_add(&response->body, fault->text);
        return;
    }
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "error_code"), json_string(&json, code_of(fault->status));
    json_key(&json, "message"), json_text(&json, fault->text);
    json_close(&json);
}

const struct contract contract_mlflow = {
    .name = "mlflow",
    .answer = "{\"type\":\"object\",\"properties\":{\"predictions\":{\"type\":\"array\",\"items\":{"
              "\"type\":\"number\"}}},\"required\":[\"predictions\"]}",
    .about = "MLflow scoring: dataframes, instances or inputs in, predictions out",
    .rules = {.takes = {{"application/json", &shape_mlflow}}},
    .encode = contract_encode_predictions,
    .fault = fault,
};
