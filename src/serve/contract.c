#include "serve/contract.h"

#include "decide/decision.h"

const struct contract *const contracts[] = {
#define CONTRACT(name) &contract_##name,
#include "serve/contracts.def"
#undef CONTRACT
};
const size_t contracts_count = LENGTH_OF(contracts);

void contract_probability(struct json *json, float score)
{
    json_number(json, (double)score);
}

static void fault(const char *key, struct view text, struct json *json)
{
    json_open(json, '{');
    json_key(json, key), json_text(json, text);
    json_close(json);
}

void contract_fault_error(struct view text, struct json *json)
{
    fault("error", text, json);
}

void contract_fault_detail(struct view text, struct json *json)
{
    fault("detail", text, json);
}

void contract_fail(const struct contract *contract, int status, struct view text,
                   struct http_response *response)
{
    response->status = status;
    response->content_type = VIEW("application/json");
    response->body.length = 0;
    response->body.cut = false;
    struct json json = json_to(&response->body);
    contract->fault(text, &json);
}

/* Rows grow by doubling in the request's arena. */
struct rows {
    struct contract_row *row;
    size_t count, size;
};

static bool add_row(struct rows *rows, const struct contract_row *row, struct arena *arena,
                    struct err *err)
{
    enum { FIRST_SIZE = 8 };
    if (rows->count == rows->size) {
        size_t size = rows->size == 0 ? FIRST_SIZE : rows->size * 2;
        struct contract_row *more = arena_new(arena, struct contract_row, size);
        if (more == NULL)
            return err_set(err, ERR_LIMIT, "the rows do not fit what one request may use");
        if (rows->count > 0)
            memcpy(more, rows->row, rows->count * sizeof *more);
        rows->row = more;
        rows->size = size;
    }
    rows->row[rows->count++] = *row;
    return true;
}

static bool decide_all(const struct contract *contract, const struct bundle *bundle,
                       const struct http_request *request, struct contract_answer *answer,
                       struct err *err)
{
    CLEANUP(decode_close) struct decode decode;
    struct rows rows = {0};
    if (!decode_open(&decode, &contract->rules, &bundle->schema, request->content_type,
                     request->body, request->arena, err))
        return false;
    float *features = arena_new(request->arena, float, bundle->plan.width);
    if (features == NULL)
        return err_set(err, ERR_LIMIT, "a record does not fit what one request may use");
    while (decode_next(&decode, err)) {
        struct decision decision = decide(bundle, &decode.record, features);
        struct contract_row row = {decision.score, decision.fraud};
        if (!add_row(&rows, &row, request->arena, err))
            return false;
    }
    answer->row = rows.row;
    answer->count = rows.count;
    answer->filled = decode.filled;
    answer->unseen = decode.unseen;
    return err->kind == ERR_NONE;
}

bool contract_score(const struct contract *contract, const struct served *served,
                    const struct http_request *request, struct http_response *response,
                    struct contract_answer *answer)
{
    struct err err = {0};
    *answer = (struct contract_answer){.served = served};
    if (!decide_all(contract, &served->bundle, request, answer, &err)) {
        *answer = (struct contract_answer){.served = served};
        contract_fail(contract, err_http_status(err.kind), view_of(err.text), response);
        return false;
    }
    struct json json = json_to(&response->body);
    contract->encode(answer, &json);
    return true;
}
