#include "serve/openapi.h"

#include "base/version.h"
#include "serve/contract.h"
#include "serve/describe.h"

enum { OPERATION_CONTRACTS = 2 };

struct operation {
    const struct contract *contract[OPERATION_CONTRACTS]; /* the same twice: it is one */
    const char *body, *type, *answer;                     /* without a contract; "": none */
};

static const struct operation operations[ROUTE_COUNT] = {
#define OPERATION(handler, body, type, answer) [ROUTE_##handler] = {{0}, body, type, answer},
#define CONTRACT_OPERATION(handler, one, other)                                                    \
    [ROUTE_##handler] = {.contract = {&contract_##one, &contract_##other}},
#include "serve/operations.def"
#undef OPERATION
#undef CONTRACT_OPERATION
};

enum {
    OPERATION_COUNT = 0
#define OPERATION(handler, body, type, answer)  +1
#define CONTRACT_OPERATION(handler, one, other) +1
#include "serve/operations.def"
#undef OPERATION
#undef CONTRACT_OPERATION
};
static_assert((int)OPERATION_COUNT == (int)ROUTE_COUNT,
              "every route has its row in operations.def");

static const char *const scopes[] = {
    [SCOPE_HEALTH] = "health", [SCOPE_METRICS] = "metrics", [SCOPE_READ] = "read",
    [SCOPE_SCORE] = "score",   [SCOPE_LABEL] = "label",     [SCOPE_ADMIN] = "admin",
};

/* What a document is written from. */
struct writing {
    const struct served *served;
    bool keys;
    struct json json;
};

/* ---------------------------------------------------------------- parameters */

static void add_parameter(struct json *json, struct view name, const char *where, bool required)
{
    json_key(json, "name"), json_text(json, name);
    json_key(json, "in"), json_string(json, where);
    json_key(json, "required"), json_bool(json, required);
    json_key(json, "schema");
}

/* A {name} of a path; a model's is one that is served. */
static void add_part(struct writing *writing, struct view name)
{
    struct json *json = &writing->json;
    const struct served *served = writing->served;
    json_open(json, '{');
    add_parameter(json, name, "path", true);
    json_open(json, '{');
    json_key(json, "type"), json_string(json, "string");
    bool ours = view_is(name, "model") || view_is(name, "version");
    if (ours)
        json_key(json, "pattern"), json_string(json, "^[A-Za-z0-9._-]{1,128}$");
    if (ours && served != NULL) {
        json_key(json, "examples");
        json_open(json, '[');
        json_string(json, view_is(name, "version") ? served->version : served_name(served));
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

static void add_query(struct json *json, const char *name, const char *schema)
{
    json_open(json, '{');
    add_parameter(json, view_of(name), "query", false);
    json_raw(json, view_of(schema));
    json_close(json);
}

/* A row in the query: a pair for each column. */
static void add_columns(struct writing *writing)
{
    struct json *json = &writing->json;
    const struct schema *schema = &writing->served->bundle.schema;
    for (size_t i = 0; i < schema->input_count; i++) {
        const struct column *column = &schema->column[schema->input[i]];
        json_open(json, '{');
        add_parameter(json, column->name, "query", !column->optional);
        describe_column(column, json);
        json_close(json);
    }
}

static void add_parameters(struct writing *writing, const struct route *route)
{
    struct json *json = &writing->json;
    struct view rest = view_of(route->path), before, name;
    json_key(json, "parameters");
    json_open(json, '[');
    while (view_cut(&rest, '{', &before) && rest.length > 0 && view_cut(&rest, '}', &name))
        add_part(writing, name);
    enum route_index index = (enum route_index)(route - routes);
    bool decides =
        operations[index].contract[0] != NULL && !operations[index].contract[0]->only_asks;
    if (decides)
        add_query(json, "reasons", "{\"enum\":[\"all\",\"alerts\",\"none\"]}");
    if (index == ROUTE_loaded_models) {
        add_query(json, "limit", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":999}");
        add_query(json, "next_page_token", "{\"type\":\"string\",\"pattern\":\"^[0-9]{1,3}$\"}");
    }
    if (index == ROUTE_score_query && writing->served != NULL)
        add_columns(writing);
    json_close(json);
}

/* ---------------------------------------------------------------- bodies */

static bool is_json(const char *type)
{
    return strcmp(type, "application/json") == 0;
}

static void describe_body(struct writing *writing, const struct contract *contract,
                          const struct shape *shape)
{
    struct description description = {
        .schema = writing->served == NULL ? NULL : &writing->served->bundle.schema,
        .filled = contract->rules.fill_absent,
        .json = &writing->json,
    };
    shape->describe(shape, &description);
}

/* What one contract takes as JSON. */
static void add_json_body(struct writing *writing, const struct contract *contract)
{
    for (size_t i = 0; i < DECODE_TYPES && contract->rules.takes[i].shape != NULL; i++)
        if (is_json(contract->rules.takes[i].type))
            describe_body(writing, contract, contract->rules.takes[i].shape);
}

static void add_json_bodies(struct writing *writing, const struct operation *operation)
{
    struct json *json = &writing->json;
    json_key(json, "application/json");
    json_open(json, '{');
    json_key(json, "schema");
    if (operation->contract[0] == operation->contract[1]) {
        add_json_body(writing, operation->contract[0]);
    } else {
        json_open(json, '{');
        json_key(json, "anyOf");
        json_open(json, '[');
        for (size_t i = 0; i < OPERATION_CONTRACTS; i++)
            add_json_body(writing, operation->contract[i]);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void add_body(struct writing *writing, const struct operation *operation)
{
    struct json *json = &writing->json;
    const struct contract *first = operation->contract[0];
    if (first == NULL && operation->body[0] == '\0')
        return;
    json_key(json, "requestBody");
    json_open(json, '{');
    json_key(json, "required");
    json_bool(json, operation != &operations[ROUTE_v2_index]);
    json_key(json, "content");
    json_open(json, '{');
    if (first == NULL) {
        json_key(json, "application/json");
        json_open(json, '{');
        json_key(json, "schema"), json_raw(json, view_of(operation->body));
        json_close(json);
    } else {
        add_json_bodies(writing, operation);
    }
    for (size_t i = 0; first != NULL && i < DECODE_TYPES && first->rules.takes[i].shape != NULL;
         i++) {
        const struct shape *shape = first->rules.takes[i].shape;
        if (is_json(first->rules.takes[i].type) || shape->describe == NULL)
            continue;
        json_key(json, first->rules.takes[i].type);
        json_open(json, '{');
        json_key(json, "schema");
        describe_body(writing, first, shape);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

/* ---------------------------------------------------------------- answers */

static void add_content(const char *type, const char *schema, struct json *json)
{
    json_key(json, type);
    json_open(json, '{');
    json_key(json, "schema"), json_raw(json, view_of(schema));
    json_close(json);
}

static void add_contract_answers(const struct operation *operation, struct json *json)
{
    const struct contract *one = operation->contract[0], *other = operation->contract[1];
    json_key(json, "application/json");
    json_open(json, '{');
    json_key(json, "schema");
    if (one == other) {
        json_raw(json, view_of(one->answer));
    } else {
        json_open(json, '{');
        json_key(json, "anyOf");
        json_open(json, '[');
        json_raw(json, view_of(one->answer)), json_raw(json, view_of(other->answer));
        json_close(json);
        json_close(json);
    }
    json_close(json);
    if (one->answers_text == NULL)
        return;
    for (const char *const *type = one->answers_text; *type != NULL; type++)
        add_content(*type, "{\"type\":\"string\"}", json);
}

static void add_answers(const struct route *route, const struct operation *operation,
                        struct json *json)
{
    bool accepted = route == &routes[ROUTE_feedback];
    json_key(json, "responses");
    json_open(json, '{');
    json_key(json, accepted ? "202" : "200");
    json_open(json, '{');
    json_key(json, "description"), json_string(json, route->about);
    if (operation->contract[0] != NULL || operation->type[0] != '\0') {
        json_key(json, "content");
        json_open(json, '{');
        if (operation->contract[0] != NULL)
            add_contract_answers(operation, json);
        else
            add_content(operation->type, operation->answer, json);
        json_close(json);
    }
    json_close(json);
    json_key(json, "default");
    json_raw(json, VIEW("{\"$ref\":\"#/components/responses/Fault\"}"));
    json_close(json);
}

/* ---------------------------------------------------------------- the document */

static void add_operation(struct writing *writing, const struct route *route)
{
    struct json *json = &writing->json;
    const struct operation *operation = &operations[route - routes];
    char method[8] = {0};
    for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof method; i++)
        method[i] = (char)(route->method[i] | 0x20);
    json_key(json, method);
    json_open(json, '{');
    json_key(json, "summary"), json_string(json, route->about);
    json_key(json, "x-scope"), json_string(json, scopes[route->scope]);
    if (writing->keys && route->scope != SCOPE_HEALTH)
        json_key(json, "security"), json_raw(json, VIEW("[{\"key\":[]},{\"bearer\":[]}]"));
    add_parameters(writing, route);
    add_body(writing, operation);
    add_answers(route, operation, json);
    json_close(json);
}

static bool is_first_of_path(size_t route)
{
    return route == 0 || strcmp(routes[route].path, routes[route - 1].path) != 0;
}

static void add_paths(struct writing *writing, const char *path)
{
    struct json *json = &writing->json;
    bool open = false;
    json_key(json, "paths");
    json_open(json, '{');
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (path != NULL && strcmp(path, routes[i].path) != 0)
            continue;
        if (!open || is_first_of_path(i)) {
            if (open)
                json_close(json);
            json_key(json, routes[i].path);
            json_open(json, '{');
            open = true;
        }
        add_operation(writing, &routes[i]);
    }
    if (open)
        json_close(json);
    json_close(json);
}

static const char label[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"event_id\":{\"type\":\"string\",\"pattern\":\"^[!-~]{1,64}$\"},"
    "\"label\":{\"enum\":[\"fraud\",\"legit\"]},"
    "\"source\":{\"type\":\"string\",\"pattern\":\"^[a-z0-9_-]{1,64}$\"},"
    "\"label_ts\":{\"type\":[\"string\",\"number\"],\"minimum\":-253402300799,"
    "\"maximum\":253402300799,\"pattern\":\"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T"
    "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$\"},"
    "\"amount_lost\":{\"type\":\"number\",\"minimum\":0}},"
    "\"required\":[\"event_id\",\"label\",\"source\"],\"additionalProperties\":false}";

/* What is read over: anything but a text with U+0000 in it. */
static const char free_form[] =
    "{\"anyOf\":[{\"type\":[\"null\",\"boolean\",\"number\"]},"
    "{\"type\":\"string\",\"pattern\":\"^[^\\\\u0000]*$\"},"
    "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Free\"}},"
    "{\"type\":\"object\",\"propertyNames\":{\"pattern\":\"^[^\\\\u0000]*$\"},"
    "\"additionalProperties\":{\"$ref\":\"#/components/schemas/Free\"}}]}";

static const char fault[] = "{\"Fault\":{\"description\":\"what is wrong, in the words of the "
                            "route's platform\",\"content\":"
                            "{\"application/json\":{\"schema\":{\"type\":\"object\"}},"
                            "\"text/plain\":{\"schema\":{\"type\":\"string\"}}}}}";

static void add_components(struct writing *writing)
{
    struct json *json = &writing->json;
    json_key(json, "components");
    json_open(json, '{');
    json_key(json, "schemas");
    json_open(json, '{');
    if (writing->served != NULL) {
        describe_rows(&writing->served->bundle.schema, json);
    } else {
        json_key(json, "NamedRow"), json_raw(json, VIEW("{\"type\":\"object\"}"));
        json_key(json, "FilledRow"), json_raw(json, VIEW("{\"type\":\"object\"}"));
        json_key(json, "ListedRow"), json_raw(json, VIEW("{\"type\":\"array\"}"));
    }
    json_key(json, "Free"), json_raw(json, view_of(free_form));
    json_key(json, "Label"), json_raw(json, view_of(label));
    json_close(json);
    json_key(json, "responses"), json_raw(json, view_of(fault));
    if (writing->keys) {
        json_key(json, "securitySchemes");
        json_raw(json,
                 VIEW("{\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"},"
                      "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}"));
    }
    json_close(json);
}

void openapi_write(const struct served *served, const char *path, bool keys, struct text *out)
{
    struct writing writing = {.served = served, .keys = keys, .json = json_to(out)};
    struct json *json = &writing.json;
    json_open(json, '{');
    json_key(json, "openapi"), json_string(json, "3.1.0");
    json_key(json, "info");
    json_open(json, '{');
    json_key(json, "title"), json_string(json, served == NULL ? "assay" : served_name(served));
    json_key(json, "version"), json_string(json, served == NULL ? ASSAY_VERSION : served->version);
    json_key(json, "description"), json_string(json, "Assay fraud scoring API");
    json_close(json);
    add_paths(&writing, path);
    add_components(&writing);
    json_close(json);
}
