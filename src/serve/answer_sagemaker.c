/*
 * SageMaker's routes. /invocations is shared by system A, SageMaker's formats and MLflow: an object
 * whose first member is one of MLflow's and no column of the model is MLflow's; rows, lists, CSV
 * and JSON lines are system A's, which answers as Accept asks.
 */
#include "serve/named.h"
#include "serve/visit.h"

static bool is_mlflow(const struct visit *visit, const struct served *served)
{
    const struct http_request *request = visit->request;
    return served != NULL && http_media_is(request->content_type, "application/json") &&
           shape_begins(&shape_mlflow, &served->bundle.schema, request->body, request->arena);
}

static const char attributes[] = "X-Amzn-SageMaker-Custom-Attributes";
enum { ATTRIBUTES_MAX = 1024 }; /* as the platform has it */

static void echo_attributes(struct visit *visit)
{
    struct view sent = http_request_field(visit->request, attributes);
    if (sent.length > 0)
        http_response_field(visit->response, attributes, sent);
}

/* `served` NULL: there is none. */
static void invoke(struct visit *visit, const struct served *served)
{
    const struct contract *contract =
        is_mlflow(visit, served) ? &contract_mlflow : &contract_system_a;
    if (http_request_field(visit->request, attributes).length > ATTRIBUTES_MAX) {
        contract_fail(contract, 431, VIEW("the custom attributes are longer than 1024 bytes"),
                      visit->response);
        return;
    }
    if (contract == &contract_mlflow && !http_media_is_utf8(visit->request->content_type))
        contract_fail(contract, 415, VIEW("only the charset UTF-8 is taken"), visit->response);
    else if (served == visit->served)
        answer_with(visit, contract);
    else
        answer_by(visit, contract, served);
    echo_attributes(visit);
}

void serve_invocations(struct visit *visit)
{
    invoke(visit, visit->served);
}

void serve_invoke_model(struct visit *visit)
{
    const struct served *served = visit_model(visit, &contract_system_a);
    if (served != NULL)
        invoke(visit, served);
}

void serve_execution_parameters(struct visit *visit)
{
    const struct server_options *options = &visit->server->options;
    const struct server_batch *batch = &options->batch;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "MaxConcurrentTransforms");
    json_count(&json, batch->concurrent > 0 ? batch->concurrent : visit->server->http.workers);
    json_key(&json, "BatchStrategy");
    json_string(&json, batch->single ? "SINGLE_RECORD" : "MULTI_RECORD");
    json_key(&json, "MaxPayloadInMB"), json_count(&json, options->http.body_bytes_max >> 20);
    json_close(&json);
}

/* ---------------------------------------------------------------- models by name */

static void add_loaded(const struct served *served, struct json *json)
{
    json_open(json, '{');
    json_key(json, "modelName"), json_string(json, served->name);
    json_key(json, "modelUrl"), json_string(json, served->url);
    json_close(json);
}

/* A whole number of the query; `otherwise` without one. */
static bool read_count(const struct visit *visit, const char *name, size_t otherwise, size_t *out,
                       struct err *err)
{
    enum { DIGITS = 3 };
    struct view text = http_request_query(visit->request, name);
    *out = otherwise;
    if (text.text == NULL)
        return true;
    size_t number = 0;
    bool whole = text.length > 0 && text.length <= DIGITS;
    for (size_t i = 0; whole && i < text.length; i++) {
        whole = text.text[i] >= '0' && text.text[i] <= '9';
        number = number * 10 + (size_t)(text.text[i] - '0');
    }
    if (!whole)
        return err_set(err, ERR_INPUT, "'%s' is a count of up to %d digits, not '" VIEW_FMT "'",
                       name, (int)DIGITS, VIEW_ARG(text));
    *out = number;
    return true;
}

void serve_loaded_models(struct visit *visit)
{
    const struct lineup *lineup = visit->lineup;
    struct err err = {0};
    size_t limit, from;
    if (!read_count(visit, "limit", LINEUP_NAMED_MAX, &limit, &err) ||
        !read_count(visit, "next_page_token", 0, &from, &err)) {
        http_response_fail(visit->response, &err);
        return;
    }
    size_t end =
        limit > 0 && from + limit < lineup->named_count ? from + limit : lineup->named_count;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "models");
    json_open(&json, '[');
    for (size_t i = from; i < end; i++)
        add_loaded(lineup->named[i], &json);
    json_close(&json);
    if (end < lineup->named_count) {
        char token[24];
        snprintf(token, sizeof token, "%zu", end);
        json_key(&json, "nextPageToken"), json_string(&json, token);
    }
    json_close(&json);
}

static void say_unknown(struct view name, struct http_response *response)
{
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "no model is loaded as '" VIEW_FMT "'", VIEW_ARG(name));
    http_response_fail(response, &err);
}

void serve_loaded_model(struct visit *visit)
{
    const struct served *served = named_find(visit->lineup, visit->part[0]);
    if (served == NULL) {
        say_unknown(visit->part[0], visit->response);
        return;
    }
    struct json json = json_to(&visit->response->body);
    add_loaded(served, &json);
}

/* Loading that finds no room is 507, so that the platform lets another model go. */
static void fail(struct errand *errand, const struct err *err)
{
    http_response_fail(&errand->response, err);
    if (err->kind == ERR_LIMIT)
        errand->response.status = 507;
}

/* {"model_name", "url"} */
static bool read_wanted(const struct http_request *request, struct view *name, struct view *url,
                        struct err *err)
{
    struct text scratch = text_in_arena(request->arena);
    struct scan scan = scan_of(request->body, &scratch);
    struct token key, value;
    if (!scan_next(&scan, &key, err))
        return false;
    if (key.kind != TOKEN_OBJECT)
        return err_set(err, ERR_INPUT, "JSON: {\"model_name\", \"url\"} is expected, not %s",
                       token_name(key.kind));
    while (scan_next(&scan, &key, err) && key.kind == TOKEN_KEY) {
        struct view *place = view_is(key.text, "model_name") ? name
                             : view_is(key.text, "url")      ? url
                                                             : NULL;
        if (!scan_next(&scan, &value, err) || !scan_skip(&scan, &value, err))
            return false;
        if (place == NULL)
            continue; /* the platform may come to say more */
        if (value.kind != TOKEN_TEXT || value.text.length == 0 || place->length > 0)
            return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is one text", VIEW_ARG(key.text));
        *place = value.text;
    }
    if (err->kind != ERR_NONE)
        return false;
    return (name->length > 0 && url->length > 0) ||
           err_set(err, ERR_INPUT, "'model_name' or 'url' is missing");
}

static void run_load(struct errand *errand)
{
    struct err err = {0};
    struct view name = {0}, url = {0};
    if (!read_wanted(&errand->request, &name, &url, &err) ||
        !named_load(errand->self, name, url, false, &err)) {
        fail(errand, &err);
        return;
    }
    struct json json = json_to(&errand->response.body);
    json_open(&json, '{');
    json_key(&json, "modelName"), json_text(&json, name);
    json_key(&json, "modelUrl"), json_text(&json, url);
    json_close(&json);
}

static void run_unload(struct errand *errand)
{
    struct err err = {0};
    if (!named_unload(errand->self, errand->part[0], &err)) {
        fail(errand, &err);
        return;
    }
    struct json json = json_to(&errand->response.body);
    json_open(&json, '{');
    json_key(&json, "modelName"), json_text(&json, errand->part[0]);
    json_close(&json);
}

void serve_load_model(struct visit *visit)
{
    errand_ask(&visit->server->errands, visit->request, visit->part, run_load, visit->response);
}

void serve_unload_model(struct visit *visit)
{
    errand_ask(&visit->server->errands, visit->request, visit->part, run_unload, visit->response);
}
