#include "serve/contract.h"

const struct contract contract_vertex = {
    .name = "vertex",
    .answer = "{\"type\":\"object\",\"properties\":{\"predictions\":{\"type\":\"array\",\"items\":{"
              "\"type\":\"number\"}}},\"required\":[\"predictions\"]}",
    .about = "Vertex AI: instances in, predictions out",
    .rules = {.takes = {{"application/json", &shape_instances}}},
    .encode = contract_encode_predictions,
    .fault = contract_fault_error,
};
