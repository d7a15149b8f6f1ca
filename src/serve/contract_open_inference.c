/*
 * The Open Inference Protocol, version 2, of KServe, Triton, MLServer and Seldon:
 *
 *     {"id","inputs":[{"name","shape","datatype","data"}, ...],"outputs":[{"name"}, ...]}
 *     {"model_name","model_version","id","outputs":[{"name","shape","datatype","data"}, ...]}
 *
 * Who asks for no output gets score, label and decision. The contributions' last column is what the
 * margin is expected to be, so that a row's sum is its margin.
 */
#include "serve/contract.h"
#include "serve/tensors.h"

static bool ask(struct contract_answer *answer, struct err *err UNUSED)
{
    const struct tensors *tensors = answer->state;
    for (size_t i = 0; i < tensors->wanted_count; i++)
        if (tensors->wanted[i] == TENSOR_CONTRIBUTIONS)
            answer->explain = REASONS_ALL;
    return true;
}

static void add_contributions(const struct contract_answer *answer, const struct contract_row *row,
                              struct json *json)
{
    for (size_t i = 0; i < answer->served->bundle.plan.width; i++)
        json_number(json, row->contribution[i]);
    json_number(json, answer->served->explainer.expected);
}

static void add_value(const struct contract_answer *answer, size_t i, enum tensor_output output,
                      struct json *json)
{
    const struct contract_row *row = &answer->row[i];
    switch (output) {
    case TENSOR_SCORE:
        contract_probability(json, row->score);
        break;
    case TENSOR_LABEL:
        json_count(json, row->fraud);
        break;
    case TENSOR_DECISION:
        json_string(json, outcome_names[row->outcome]);
        break;
    case TENSOR_CONTRIBUTIONS:
        add_contributions(answer, row, json);
        break;
    case TENSOR_OUTPUTS:
        break;
    }
}

static void add_output(const struct contract_answer *answer, enum tensor_output output,
                       struct json *json)
{
    json_open(json, '{');
    json_key(json, "name"), json_string(json, tensor_outputs[output].name);
    json_key(json, "shape");
    json_open(json, '[');
    json_count(json, answer->count);
    if (output == TENSOR_CONTRIBUTIONS)
        json_count(json, answer->served->bundle.plan.width + 1);
    json_close(json);
    json_key(json, "datatype"), json_string(json, tensor_outputs[output].datatype);
    json_key(json, "data");
    json_open(json, '[');
    for (size_t i = 0; i < answer->count; i++)
        add_value(answer, i, output, json);
    json_close(json);
    json_close(json);
}

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    static const enum tensor_output usual[] = {TENSOR_SCORE, TENSOR_LABEL, TENSOR_DECISION};
    const struct tensors *tensors = answer->state;
    bool said = tensors->wanted_count > 0;
    const enum tensor_output *wanted = said ? tensors->wanted : usual;
    size_t count = said ? tensors->wanted_count : LENGTH_OF(usual);
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "model_name"), json_string(&json, served_name(answer->served));
    json_key(&json, "model_version"), json_string(&json, answer->served->version);
    if (tensors->id.length > 0)
        json_key(&json, "id"), json_text(&json, tensors->id);
    else if (answer->id.length > 0)
        json_key(&json, "id"), json_text(&json, answer->id);
    json_key(&json, "outputs");
    json_open(&json, '[');
    for (size_t i = 0; i < count; i++)
        add_output(answer, wanted[i], &json);
    json_close(&json);
    json_close(&json);
}

const struct contract contract_open_inference = {
    .name = "open_inference",
    .answer = "{\"type\":\"object\",\"required\":[\"model_name\",\"model_version\",\"outputs\"]}",
    .about = "Open Inference Protocol v2: tensors in, tensors out",
    .rules = {.takes = {{"application/json", &shape_tensors}}},
    .ask = ask,
    .encode = encode,
    .fault = contract_fault_error,
};
