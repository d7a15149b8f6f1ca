#include "serve/visit.h"

/* What is in force, read by an errand: only it and the chore publish, so it stays while this runs.
 */
static void say_champion(const struct server *server, struct json *json)
{
    const struct served *served = atomic_load(&server->serving.now)->champion;
    json_key(json, "f1"), json_number(json, served->f1);
    json_key(json, "model"), json_string(json, served->model);
    json_key(json, "model_version"), json_string(json, served->version);
    json_key(json, "sha256"), json_string(json, served->sha256);
}

static void run_reload(struct errand *errand)
{
    struct server *server = errand->self;
    struct err err = {0};
    if (server->options.source.refresh == NULL) {
        http_response_error(&errand->response, 409,
                            VIEW("this server was started with one model, named by --bundle or "
                                 "--model: there is nothing to reload"));
        return;
    }
    if (!server_refresh(server, true, &err)) {
        http_response_fail(&errand->response, &err);
        return;
    }
    struct json json = json_to(&errand->response.body);
    json_open(&json, '{');
    json_key(&json, "message"), json_string(&json, "model reloaded");
    say_champion(server, &json);
    json_close(&json);
}

void serve_reload(struct visit *visit)
{
    errand_ask(&visit->server->errands, visit->request, visit->part, run_reload, visit->response);
}
