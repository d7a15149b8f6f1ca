#include "base/version.h"
#include "serve/named.h"
#include "serve/tensors.h"
#include "serve/visit.h"

void serve_v2_server(struct visit *visit)
{
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "name"), json_string(&json, "assay");
    json_key(&json, "version"), json_string(&json, ASSAY_VERSION);
    json_key(&json, "extensions");
    json_open(&json, '[');
    json_string(&json, "model_repository");
    json_string(&json, "statistics");
    json_close(&json);
    json_close(&json);
}

void serve_v2_live(struct visit *visit)
{
    text_adds(&visit->response->body, "{\"live\":true}");
}

/* The specification's key is "live", KServe's "ready": both are said. */
void serve_v2_ready(struct visit *visit)
{
    bool ready = visit_unready(visit) == NULL;
    visit->response->status = ready ? 200 : 503;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "ready"), json_bool(&json, ready);
    json_key(&json, "live"), json_bool(&json, true);
    json_close(&json);
}

void serve_v2_models(struct visit *visit)
{
    serve_kserve_models(visit);
}

/* ---------------------------------------------------------------- one model */

static void add_tensor(struct json *json, struct view name, const char *datatype, size_t width)
{
    json_open(json, '{');
    json_key(json, "name"), json_text(json, name);
    json_key(json, "datatype"), json_string(json, datatype);
    json_key(json, "shape");
    json_open(json, '[');
    json_i64(json, -1);
    if (width > 0)
        json_count(json, width);
    json_close(json);
    json_close(json);
}

static void add_metadata(const struct served *served, struct json *json)
{
    const struct schema *schema = &served->bundle.schema;
    json_key(json, "name"), json_string(json, served_name(served));
    json_key(json, "versions");
    json_open(json, '[');
    json_string(json, served->version);
    json_close(json);
    json_key(json, "platform"), json_string(json, "assay");
    json_key(json, "inputs");
    json_open(json, '[');
    for (size_t i = 0; i < schema->input_count; i++) {
        const struct column *column = &schema->column[schema->input[i]];
        add_tensor(json, column->name, datatype_of_column(column), 0);
    }
    json_close(json);
    json_key(json, "outputs");
    json_open(json, '[');
    for (size_t i = 0; i < TENSOR_OUTPUTS; i++)
        add_tensor(json, view_of(tensor_outputs[i].name), tensor_outputs[i].datatype,
                   i == TENSOR_CONTRIBUTIONS ? served->bundle.plan.width + 1 : 0);
    json_close(json);
}

void serve_v2_model(struct visit *visit)
{
    const struct served *served = visit_model(visit, &contract_open_inference);
    if (served == NULL)
        return;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    add_metadata(served, &json);
    json_close(&json);
}

void serve_v2_model_version(struct visit *visit)
{
    serve_v2_model(visit);
}

void serve_v2_model_ready(struct visit *visit)
{
    serve_kserve_model(visit);
}

void serve_v2_version_ready(struct visit *visit)
{
    serve_kserve_model(visit);
}

void serve_v2_infer(struct visit *visit)
{
    const struct served *served = visit_model(visit, &contract_open_inference);
    if (served != NULL)
        answer_by(visit, &contract_open_inference, served);
}

void serve_v2_version_infer(struct visit *visit)
{
    serve_v2_infer(visit);
}

/* ---------------------------------------------------------------- the repository */

static void add_state(const struct served *served, const char *why, struct json *json)
{
    json_open(json, '{');
    json_key(json, "name"), json_string(json, served_name(served));
    json_key(json, "version"), json_string(json, served->version);
    json_key(json, "state"), json_string(json, why == NULL ? "READY" : "UNAVAILABLE");
    json_key(json, "reason"), json_string(json, why == NULL ? "" : why);
    json_close(json);
}

/* {"ready": true}: only what is ready. An empty body asks for all. */
static bool read_index(const struct visit *visit, bool *ready_only, struct err *err)
{
    struct text scratch = text_in_arena(visit->request->arena);
    struct scan scan = scan_of(visit->request->body, &scratch);
    struct token key, value;
    *ready_only = false;
    if (visit->request->body.length == 0)
        return true;
    if (!scan_next(&scan, &key, err))
        return false;
    if (key.kind != TOKEN_OBJECT)
        return err_set(err, ERR_INPUT, "JSON: {\"ready\": true} or nothing is expected, not %s",
                       token_name(key.kind));
    while (scan_next(&scan, &key, err) && key.kind == TOKEN_KEY) {
        bool here = view_is(key.text, "ready");
        if (!here && !view_is(key.text, "repository_name"))
            return err_set(err, ERR_INPUT, "'" VIEW_FMT "' is not known here: 'ready' is",
                           VIEW_ARG(key.text));
        if (!scan_next(&scan, &value, err) || !scan_skip(&scan, &value, err))
            return false;
        if (here && value.kind != TOKEN_TRUE && value.kind != TOKEN_FALSE)
            return err_set(err, ERR_INPUT, "'ready' is true or false");
        *ready_only |= here && value.kind == TOKEN_TRUE;
    }
    return err->kind == ERR_NONE && !scan_next(&scan, &key, err) && err->kind == ERR_NONE;
}

void serve_v2_index(struct visit *visit)
{
    struct err err = {0};
    bool ready_only;
    if (!read_index(visit, &ready_only, &err)) {
        contract_fail_by(&contract_open_inference, &err, visit->response);
        return;
    }
    const char *why = visit_unready(visit);
    struct json json = json_to(&visit->response->body);
    json_open(&json, '[');
    if (visit->served != NULL && (why == NULL || !ready_only))
        add_state(visit->served, why, &json);
    for (size_t i = 0; i < visit->lineup->named_count; i++)
        if (why == NULL || !ready_only)
            add_state(visit->lineup->named[i], why, &json);
    json_close(&json);
}

static void say_done(struct errand *errand, const char *what)
{
    struct json json = json_to(&errand->response.body);
    json_open(&json, '{');
    json_key(&json, "name"), json_text(&json, errand->part[0]);
    json_key(&json, what), json_bool(&json, true);
    json_close(&json);
}

static bool is_champion(const struct server *server, struct view name)
{
    const struct served *champion = atomic_load(&server->serving.now)->champion;
    return view_is(name, "champion") || (champion != NULL && view_is(name, served_name(champion)));
}

static void run_load(struct errand *errand)
{
    struct server *server = errand->self;
    struct err err = {0};
    bool champion = is_champion(server, errand->part[0]);
    bool ok = !champion ? named_load(server, errand->part[0], (struct view){0}, true, &err)
              : server->options.source.refresh == NULL ? true /* the one model is loaded */
                                                       : server_refresh(server, true, &err);
    if (ok)
        say_done(errand, "load");
    else
        contract_fail_by(&contract_open_inference, &err, &errand->response);
}

static void run_unload(struct errand *errand)
{
    struct server *server = errand->self;
    struct err err = {0};
    bool ok = is_champion(server, errand->part[0])
                  ? err_set(&err, ERR_CONFLICT, "the champion is never unloaded")
                  : named_unload(server, errand->part[0], &err);
    if (ok)
        say_done(errand, "unload");
    else
        contract_fail_by(&contract_open_inference, &err, &errand->response);
}

void serve_v2_load(struct visit *visit)
{
    errand_ask(&visit->server->errands, visit->request, visit->part, run_load, visit->response);
}

void serve_v2_unload(struct visit *visit)
{
    errand_ask(&visit->server->errands, visit->request, visit->part, run_unload, visit->response);
}
