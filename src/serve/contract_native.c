/*
 * The answer that says all there is to say:
 *
 *     {"model":{"name","version","sha256"},
 *      "decisions":[{"id","outcome","fraud_probability","score","percentile","risk_level",
 *                    "is_fraud","reasons":[{"code","text","share"}]}]}
 */
#include "base/number.h"
#include "serve/contract.h"

#include <math.h>

/* Where nothing calibrates the model they are one number, which is printed once. */
static void add_probability(const struct contract_row *row, struct json *json)
{
    double score = (double)row->score;
    char bytes[NUMBER_SIZE];
    json_key(json, "fraud_probability");
    if (row->probability == score && isfinite(score)) {
        struct view printed = {bytes, number_print(score, bytes)};
        json_raw(json, printed);
        json_key(json, "score"), json_raw(json, printed);
        return;
    }
    json_number(json, row->probability);
    json_key(json, "score"), contract_probability(json, row->score);
}

static void add_decision(const struct contract_answer *answer, size_t i, struct json *json)
{
    const struct contract_row *row = &answer->row[i];
    json_open(json, '{');
    if (answer->id.length > 0)
        json_key(json, "id"), contract_add_id(answer, i, json);
    json_key(json, "outcome"), json_string(json, outcome_names[row->outcome]);
    add_probability(row, json);
    json_key(json, "percentile");
    json_number(json, percentile_of(&answer->served->bundle.policy, row->score));
    json_key(json, "risk_level"), json_string(json, risk_level_of(row->probability));
    json_key(json, "is_fraud"), json_bool(json, row->fraud);
    if (row->contribution != NULL)
        json_key(json, "reasons"), contract_add_reasons(row, json);
    json_close(json);
}

static void encode(const struct contract_answer *answer, struct http_response *response)
{
    contract_encode_rows(answer, "decisions", add_decision, response);
}

static void fall_back(struct view id, const char *outcome, const char *why,
                      struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "decisions");
    json_open(&json, '[');
    json_open(&json, '{');
    if (id.length > 0)
        json_key(&json, "id"), json_text(&json, id);
    json_key(&json, "outcome"), json_string(&json, outcome);
    json_key(&json, "fallback"), json_bool(&json, true);
    json_key(&json, "why"), json_string(&json, why);
    json_close(&json);
    json_close(&json);
    json_close(&json);
}

const struct contract contract_native = {
    .name = "native",
    .answer = "{\"type\":\"object\",\"required\":[\"decisions\"]}",
    .about = "outcome, calibrated probability, percentile and reasons",
    .rules = {.takes = {{"application/json", &shape_rows}, {"text/csv", &shape_csv}}},
    .explain = REASONS_ALERTS,
    .encode = encode,
    .fault = contract_fault_error,
    .fallback = fall_back,
};
