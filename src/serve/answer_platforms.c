/* What MLflow, Azure ML and Vertex AI ask for besides decisions, and their ways to ask for those.
 */
#include "base/clock.h"
#include "base/version.h"
#include "serve/request_id.h"
#include "serve/visit.h"

#include <sys/random.h>

/* ---------------------------------------------------------------- MLflow */

void serve_health(struct visit *visit)
{
    const char *why = visit_unready(visit);
    visit->response->status = why == NULL ? 200 : 503;
    struct json json = json_to(&visit->response->body);
    json_open(&json, '{');
    json_key(&json, "status"), json_string(&json, why == NULL ? "healthy" : why);
    json_close(&json);
}

void serve_version(struct visit *visit)
{
    visit->response->content_type = VIEW("text/plain");
    text_adds(&visit->response->body, ASSAY_VERSION);
}

/* ---------------------------------------------------------------- Vertex AI */

void serve_vertex_health(struct visit *visit)
{
    serve_health(visit);
}

void serve_vertex_predict(struct visit *visit)
{
    answer_with(visit, &contract_vertex);
}

/* ---------------------------------------------------------------- Azure ML */

enum { UUID_SIZE = 37, TOOK_SIZE = 32 };

static const char *const azure_ids[] = {"x-request-id", "x-ms-client-request-id",
                                        "x-ms-request-id"};

/* A random UUID, version 4. */
static void print_uuid(char out[UUID_SIZE])
{
    unsigned char b[16] = {0};
    ssize_t size = getrandom(b, sizeof b, 0);
    assert(size == (ssize_t)sizeof b); /* small reads are whole once the system is up */
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

static bool are_ids_short(struct visit *visit)
{
    for (size_t i = 0; i < LENGTH_OF(azure_ids); i++) {
        struct err err = {0};
        if (http_request_field(visit->request, azure_ids[i]).length <= REQUEST_ID_MAX)
            continue;
        err_set(&err, ERR_LIMIT, "%s is longer than %d bytes", azure_ids[i], (int)REQUEST_ID_MAX);
        contract_fail(&contract_azure, 431, view_of(err.text), visit->response);
        return false;
    }
    return true;
}

/* The request's own id or a new one, and the client's, by its name or its former name. */
static void say_ids(struct visit *visit)
{
    const struct http_request *request = visit->request;
    struct view id = request_id_sent(request);
    struct view client = request_id_in(request, "x-ms-client-request-id");
    char *room = id.length > 0 ? NULL : arena_alloc(request->arena, 1, UUID_SIZE);
    if (room != NULL) {
        print_uuid(room);
        id = view_of(room);
    }
    if (client.length == 0)
        client = request_id_in(request, "x-ms-request-id");
    if (id.length > 0)
        http_response_field(visit->response, "x-request-id", id);
    if (client.length > 0)
        http_response_field(visit->response, "x-ms-client-request-id", client);
    http_response_field(visit->response, "x-ms-request-id", client.length > 0 ? client : id);
}

static void say_how_it_went(struct visit *visit, int64_t begun_ns)
{
    struct http_response *response = visit->response;
    char *took = arena_alloc(visit->request->arena, 1, TOOK_SIZE);
    if (took != NULL) {
        snprintf(took, TOOK_SIZE, "%.3f", (double)(clock_ticks_ns() - begun_ns) / 1e6);
        http_response_field(response, "x-ms-run-fn-exec-ms", view_of(took));
    }
    if (response->status >= 400)
        http_response_field(response, "x-ms-run-function-failed", VIEW("True"));
}

void serve_score(struct visit *visit)
{
    int64_t begun_ns = clock_ticks_ns();
    if (!are_ids_short(visit))
        return;
    answer_with(visit, &contract_azure);
    say_ids(visit);
    say_how_it_went(visit, begun_ns);
}

/* The query is the body. */
void serve_score_query(struct visit *visit)
{
    const struct http_request *request = visit->request;
    struct http_request own = *request;
    own.content_type = VIEW("application/x-www-form-urlencoded");
    own.body = request->query;
    own.query = (struct view){0};
    visit->request = &own;
    if (own.body.length == 0)
        contract_fail(&contract_azure, 400,
                      VIEW("the query is empty: send name=value for each feature, or POST"),
                      visit->response);
    else
        serve_score(visit);
    visit->request = request;
    visit->note.shadow = false; /* it would be given the request without the query as its body */
}
