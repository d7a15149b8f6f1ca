#include "serve/contract.h"

#include "base/clock.h"
#include "base/number.h"
#include "decide/outcome.h"

#include <math.h>

static void add_timestamp(struct json *json)
{
    char bytes[40];
    struct text text = text_in(bytes, sizeof bytes);
    text_add_time_us(&text, clock_now_us());
    json_key(json, "timestamp"), json_text(json, text_view(&text));
}

/* The list of all probabilities, printed once; it stands in the answer three times. */
static struct view add_list(const struct contract_answer *answer, struct json *json)
{
    size_t from = json->text->length;
    json_open(json, '[');
    for (size_t i = 0; i < answer->count; i++)
        contract_probability(json, answer->row[i].score);
    json_close(json);
    /* A builder that is full has dropped some of it; its text is not sent. */
    if (json->text->cut)
        return VIEW("[]");
    return view_from(text_view(json->text), from);
}

static void add_detail(const struct contract_row *row, struct view printed, struct json *json)
{
    double probability = (double)row->score;
    json_open(json, '{');
    json_key(json, "fraud_probability"), json_raw(json, printed);
    json_key(json, "is_fraud"), json_bool(json, row->fraud);
    json_key(json, "risk_level"), json_string(json, risk_level_of(probability));
    json_key(json, "confidence"), json_number(json, 2 * fabs(probability - 0.5));
    json_close(json);
}

/* `list` is "[p,p,p]", as written before. */
static void add_details(const struct contract_answer *answer, struct view list, struct json *json)
{
    struct view rest = {list.text + 1, list.length - 2}, printed;
    json_open(json, '[');
    for (size_t i = 0; i < answer->count && view_cut(&rest, ',', &printed); i++)
        add_detail(&answer->row[i], printed, json);
    json_close(json);
}

static void encode_json(const struct contract_answer *answer, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "predictions");
    struct view list = add_list(answer, &json);
    json_key(&json, "fraud_probability"), json_raw(&json, list);
    json_key(&json, "detailed_predictions");
    add_details(answer, list, &json);
    json_key(&json, "metadata");
    json_open(&json, '{');
    json_key(&json, "model_version"), json_string(&json, answer->served->version);
    json_key(&json, "prediction_count"), json_count(&json, answer->count);
    add_timestamp(&json);
    json_close(&json);
    json_close(&json);
}

/* A score a line. */
static void encode_csv(const struct contract_answer *answer, struct http_response *response)
{
    char digits[NUMBER_SIZE];
    for (size_t i = 0; i < answer->count; i++) {
        size_t length = number_print((double)answer->row[i].score, digits);
        text_add(&response->body, (struct view){digits, length});
        text_addc(&response->body, '\n');
    }
}

/* A detailed prediction a line. */
static void encode_lines(const struct contract_answer *answer, struct http_response *response)
{
    for (size_t i = 0; i < answer->count; i++) {
        char digits[NUMBER_SIZE];
        size_t length = number_print((double)answer->row[i].score, digits);
        struct json json = json_to(&response->body);
        add_detail(&answer->row[i], (struct view){digits, length}, &json);
        text_addc(&response->body, '\n');
    }
}

/* What SAGEMAKER_INFERENCE_OUTPUT selects, in place of all that. */
static void encode_selected(const struct contract_answer *answer, bool lines,
                            struct http_response *response)
{
    struct json json = json_to(&response->body);
    if (!lines) {
        json_open(&json, '{');
        json_key(&json, "predictions");
        json_open(&json, '[');
    }
    for (size_t i = 0; i < answer->count; i++) {
        const struct contract_row *row = &answer->row[i];
        if (lines)
            json = json_to(&response->body);
        selection_add(answer->selection, row->score, row->fraud, &json);
        if (lines)
            text_addc(&response->body, '\n');
    }
    if (!lines) {
        json_close(&json);
        json_close(&json);
    }
}

static void encode_selected_csv(const struct contract_answer *answer,
                                struct http_response *response)
{
    for (size_t i = 0; i < answer->count; i++)
        selection_add_line(answer->selection, answer->row[i].score, answer->row[i].fraud,
                           &response->body);
}

enum form { AS_JSON, AS_CSV, AS_LINES };

/* As the client asks; lines are answered by lines to whom takes anything. */
static void encode(const struct contract_answer *answer, struct http_response *response)
{
    static const char *const types[] = {[AS_JSON] = "application/json",
                                        [AS_CSV] = "text/csv",
                                        [AS_LINES] = "application/jsonlines"};
    const struct http_request *request = answer->request;
    bool lines = http_media_is(request->content_type, types[AS_LINES]);
    size_t form =
        http_accepts(request->accept, types, LENGTH_OF(types), lines ? AS_LINES : AS_JSON);
    bool selected = answer->selection != NULL && answer->selection->count > 0;
    if (form != AS_JSON)
        response->content_type = view_of(types[form]);
    if (selected && form != AS_CSV)
        encode_selected(answer, form == AS_LINES, response);
    else if (selected)
        encode_selected_csv(answer, response);
    else if (form == AS_JSON)
        encode_json(answer, response);
    else if (form == AS_CSV)
        encode_csv(answer, response);
    else
        encode_lines(answer, response);
}

static void fault(const struct contract_fault *fault, struct http_response *response)
{
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "error"), json_text(&json, fault->text);
    add_timestamp(&json);
    json_close(&json);
}

static const char *const other_types[] = {"text/csv", "application/jsonlines", NULL};

const struct contract contract_system_a = {
    .name = "system_a",
    .answer = "{\"type\":\"object\",\"required\":[\"predictions\",\"fraud_probability\",\"detailed_"
              "predictions\",\"metadata\"]}",
    .answers_text = other_types,
    .about = "insurance fraud on SageMaker: named features, detailed predictions",
    .rules = {.takes = {{"application/json", &shape_rows},
                        {"text/csv", &shape_csv},
                        {"application/jsonlines", &shape_lines},
                        {"application/x-jsonlines", &shape_lines}},
              .fill_absent = true},
    .encode = encode,
    .fault = fault,
};
