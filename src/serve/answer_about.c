#include "base/version.h"
#include "serve/openapi.h"
#include "serve/visit.h"

static void add_routes(struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        json_open(json, '{');
        json_key(json, "method"), json_string(json, routes[i].method);
        json_key(json, "path"), json_string(json, routes[i].path);
        json_key(json, "about"), json_string(json, routes[i].about);
        json_close(json);
    }
    json_close(json);
}

/* Who names types and JSON is not among them. */
static bool wants_no_json(struct view accept)
{
    static const char *const json[] = {"json", "*/*", "application/*"};
    for (size_t i = 0; i < LENGTH_OF(json); i++)
        if (accept.length > 0 &&
            memmem(accept.text, accept.length, json[i], strlen(json[i])) != NULL)
            return false;
    return accept.length > 0;
}

/* Azure ML's probe reads a text; the others what this API is. */
void serve_information(struct visit *visit)
{
    const char *why = visit_unready(visit);
    if (wants_no_json(visit->request->accept)) {
        visit->response->status = why == NULL ? 200 : 503;
        visit->response->content_type = VIEW("text/plain");
        text_adds(&visit->response->body, why == NULL ? "Healthy" : why);
        return;
    }
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "message"), json_string(&json, "Assay fraud scoring API");
    json_key(&json, "version"), json_string(&json, ASSAY_VERSION);
    json_key(&json, "status"), json_string(&json, why == NULL ? "healthy" : why);
    if (visit->served != NULL) {
        json_key(&json, "model"), json_string(&json, visit->served->model);
        json_key(&json, "model_version"), json_string(&json, visit->served->version);
    }
    json_key(&json, "endpoints");
    add_routes(&json);
    json_close(&json);
}

void serve_openapi(struct visit *visit)
{
    bool keys = visit->server->options.gateway.auth & GATEWAY_KEYS;
    openapi_write(visit->served, NULL, keys, &visit->response->body);
}

void serve_swagger(struct visit *visit)
{
    bool keys = visit->server->options.gateway.auth & GATEWAY_KEYS;
    openapi_write(visit->served, routes[ROUTE_score].path, keys, &visit->response->body);
}

static void add_features(const struct schema *schema, struct json *json)
{
    json_open(json, '[');
    for (size_t i = 0; i < schema->input_count; i++)
        json_text(json, schema->column[schema->input[i]].name);
    json_close(json);
}

void serve_model_info(struct visit *visit)
{
    const struct served *served = visit->served;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "model_loaded"), json_bool(&json, served != NULL);
    if (served != NULL) {
        char hex[DIGEST_HEX_SIZE];
        const struct bundle *bundle = &served->bundle;
        json_key(&json, "model_type"), json_text(&json, bundle->algorithm);
        json_key(&json, "features"), add_features(&bundle->schema, &json);
        json_key(&json, "feature_count"), json_count(&json, bundle->schema.input_count);
        json_key(&json, "model"), json_string(&json, served->model);
        json_key(&json, "model_version"), json_string(&json, served->version);
        json_key(&json, "sha256"), json_string(&json, digest_print(&bundle->digest, hex));
        json_key(&json, "threshold"), json_number(&json, (double)bundle->policy.threshold);
    }
    json_close(&json);
}
