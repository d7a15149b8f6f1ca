#include "serve/visit.h"

void serve_livez(struct visit *visit)
{
    text_adds(&visit->response->body, "{\"live\":true}");
}

void serve_readyz(struct visit *visit)
{
    const char *why = visit_unready(visit);
    visit->response->status = why == NULL ? 200 : 503;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "ready"), json_bool(&json, why == NULL);
    if (why != NULL)
        json_key(&json, "reason"), json_string(&json, why);
    json_close(&json);
}

void serve_ping(struct visit *visit)
{
    const char *why = visit_unready(visit);
    if (why != NULL)
        contract_fail(&contract_system_a, 503, view_of(why), visit->response);
}

void serve_metrics(struct visit *visit)
{
    struct view accept = visit->request->accept;
    struct meters_outside outside;
    bool open_metrics = accept.length > 0 && memmem(accept.text, accept.length,
                                                    "application/openmetrics-text", 28) != NULL;
    visit->response->content_type =
        open_metrics ? VIEW(METERS_OPEN_CONTENT_TYPE) : VIEW(METERS_CONTENT_TYPE);
    server_look_outside(visit->server, visit->lineup, &outside);
    meters_write(&visit->server->meters, &outside, open_metrics, &visit->response->body);
}
