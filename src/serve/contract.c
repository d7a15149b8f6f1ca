#include "serve/contract.h"

#include "base/number.h"

#include <math.h>

const struct contract *const contracts[] = {
#define CONTRACT(name) &contract_##name,
#include "serve/contracts.def"
#undef CONTRACT
};
const size_t contracts_count = LENGTH_OF(contracts);

/* ---------------------------------------------------------------- writing */

void contract_probability(struct json *json, float score)
{
    json_number(json, (double)score);
}

void contract_add_model(const struct served *served, struct json *json)
{
    json_key(json, "model"), json_raw(json, served->said);
}

void contract_encode_rows(const struct contract_answer *answer, const char *name,
                          void (*add)(const struct contract_answer *answer, size_t i,
                                      struct json *json),
                          struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    contract_add_model(answer->served, &json);
    json_key(&json, name);
    json_open(&json, '[');
    for (size_t i = 0; i < answer->count; i++)
        add(answer, i, &json);
    json_close(&json);
    json_close(&json);
}

void contract_add_id(const struct contract_answer *answer, size_t i, struct json *json)
{
    char bytes[CONTRACT_ID_MAX + 24];
    struct text text = text_in(bytes, sizeof bytes);
    text_add(&text, answer->id);
    if (answer->count > 1)
        text_addf(&text, "/%zu", i);
    json_text(json, text_view(&text));
}

void contract_add_reasons(const struct contract_row *row, struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < row->reasons; i++) {
        json_open(json, '{');
        json_key(json, "code"), json_text(json, row->reason[i].code);
        json_key(json, "text"), json_text(json, row->reason[i].text);
        json_key(json, "share"), json_number(json, row->reason[i].share);
        json_close(json);
    }
    json_close(json);
}

void contract_add_predictions(const struct contract_answer *answer, struct json *json)
{
    json_key(json, "predictions");
    json_open(json, '[');
    for (size_t i = 0; i < answer->count; i++)
        contract_probability(json, answer->row[i].score);
    json_close(json);
}

void contract_encode_predictions(const struct contract_answer *answer,
                                 struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    contract_add_predictions(answer, &json);
    json_close(&json);
}

static void add_fault(const char *key, struct view text, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, key), json_text(&json, text);
    json_close(&json);
}

void contract_fault_error(const struct contract_fault *fault, struct http_response *response)
{
    add_fault("error", fault->text, response);
}

void contract_fault_detail(const struct contract_fault *fault, struct http_response *response)
{
    add_fault("detail", fault->text, response);
}

static void fail(const struct contract *contract, const struct contract_fault *fault,
                 struct http_response *response)
{
    response->status = fault->status;
    response->content_type = VIEW("application/json");
    response->body.length = 0;
    response->body.cut = false;
    contract->fault(fault, response);
}

void contract_fail(const struct contract *contract, int status, struct view text,
                   struct http_response *response)
{
    fail(contract, &(struct contract_fault){.status = status, .text = text}, response);
}

void contract_fail_by(const struct contract *contract, const struct err *err,
                      struct http_response *response)
{
    struct contract_fault fault = {
        .status = err_http_status(err->kind), .kind = err->kind, .text = view_of(err->text)};
    if (err->kind == ERR_INPUT && contract->bad_input != 0)
        fault.status = contract->bad_input;
    fail(contract, &fault, response);
}

/* ---------------------------------------------------------------- deciding */

enum kept { KEPT_AMOUNT, KEPT_ENTITY, KEPT_UNIT };

/* One request's way through the bundle. */
struct work {
    struct contract_answer *answer;
    const struct served *served;
    struct arena *arena;
    struct decode decode;
    struct contract_row *row; /* grows by doubling in the arena */
    size_t count, size;

    /* For explanations, made when the first is wanted. */
    void *scratch;
    double *column, *group;
};

static bool too_much(struct err *err)
{
    return err_set(err, ERR_LIMIT, "the rows do not fit what one request may use");
}

static struct contract_row *add_row(struct work *work)
{
    if (work->count == work->size) {
        size_t size = work->size == 0 ? 1 : work->size * 2;
        struct contract_row *more = arena_new(work->arena, struct contract_row, size);
        if (more == NULL)
            return NULL;
        if (work->count > 0)
            memcpy(more, work->row, work->count * sizeof *more);
        work->row = more;
        work->size = size;
    }
    work->row[work->count] = (struct contract_row){0};
    return &work->row[work->count++];
}

static bool prepare_explaining(struct work *work)
{
    const struct served *served = work->served;
    work->scratch = arena_room(work->arena, served->explainer.row_scratch);
    work->column = arena_new(work->arena, double, served->bundle.schema.count);
    work->group = arena_new(work->arena, double, served->reasons.groups);
    return work->scratch != NULL && work->column != NULL && work->group != NULL;
}

static bool explain(struct work *work, struct contract_row *row)
{
    const struct served *served = work->served;
    if (work->scratch == NULL && !prepare_explaining(work))
        return false;
    double *phi = arena_new(work->arena, double, served->bundle.plan.width);
    struct reason *reason = arena_new(work->arena, struct reason, served->reasons.most);
    if (phi == NULL || reason == NULL)
        return false;
    shap_row(&served->explainer, row->features, phi, work->scratch);
    reason_columns(&served->bundle.plan, phi, work->column);
    row->reasons = reasons_of(&served->reasons, work->column, work->group, reason);
    row->reason = reason;
    row->contribution = phi;
    return true;
}

static bool wants_reasons(enum contract_reasons explain, enum outcome outcome)
{
    return explain == REASONS_ALL || (explain == REASONS_ALERTS && outcome != OUTCOME_approve);
}

static double amount_in(struct view text)
{
    double amount;
    return number_parse(view_trim(text), &amount) && amount >= 0 ? amount : (double)NAN;
}

/* An escaped text is gone with the next row. */
static bool keep_text(const struct work *work, enum kept which, struct view *out)
{
    struct view text = work->decode.kept[which];
    if (text.length == 0)
        return true;
    *out = (struct view){arena_copy(work->arena, text.text, text.length), text.length};
    return out->text != NULL;
}

static bool decide_row(struct work *work, struct err *err)
{
    const struct bundle *bundle = &work->served->bundle;
    float *features = arena_new(work->arena, float, bundle->plan.width);
    struct contract_row *row = features == NULL ? NULL : add_row(work);
    if (row == NULL)
        return too_much(err);
    struct decision decision = decide(bundle, &work->decode.record, features);
    row->score = decision.score;
    row->fraud = decision.fraud;
    row->margin = decision.margin;
    row->probability = decision.probability;
    row->features = features;
    row->amount = amount_in(work->decode.kept[KEPT_AMOUNT]);
    row->outcome = outcome_of(&bundle->policy, row->score, row->probability, row->amount);
    if (!keep_text(work, KEPT_ENTITY, &row->entity) || !keep_text(work, KEPT_UNIT, &row->unit))
        return too_much(err);
    if (wants_reasons(work->answer->explain, row->outcome) && !explain(work, row))
        return too_much(err);
    return true;
}

static bool decide_all(const struct contract *contract, struct work *work, struct err *err)
{
    const struct http_request *request = work->answer->request;
    const struct served *served = work->served;
    if (!decode_open(&work->decode, &contract->rules, &served->bundle.schema, request->content_type,
                     request->body, work->arena, err))
        return false;
    work->decode.keep[KEPT_AMOUNT] = served->amount_column;
    work->decode.keep[KEPT_ENTITY] = served->entity_column;
    work->decode.keep[KEPT_UNIT] = work->answer->unit_column;
    work->answer->state = work->decode.state;
    if (contract->ask != NULL && !contract->ask(work->answer, err))
        return false;
    struct meters *meters = work->answer->meters;
    while (decode_next(&work->decode, err)) {
        if (meters != NULL)
            live_quality_see(&served->quality, &work->decode.record, meters, request->worker);
        if (!decide_row(work, err))
            return false;
    }
    if (meters != NULL && work->decode.rows > 0)
        live_quality_refused(&served->quality, &work->decode.record, meters, request->worker);
    return err->kind == ERR_NONE;
}

bool contract_decide(const struct contract *contract, struct contract_answer *answer,
                     struct err *err)
{
    struct work work = {
        .answer = answer, .served = answer->served, .arena = answer->request->arena};
    bool ok = decide_all(contract, &work, err);
    if (ok) {
        answer->row = work.row;
        answer->count = work.count;
        answer->filled = work.decode.filled;
        answer->unseen = work.decode.unseen;
    }
    decode_close(&work.decode);
    return ok;
}
