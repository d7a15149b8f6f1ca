/*
 * Requests and the exact bytes that answer them, a directory of tests/serve/golden for each
 * contract. NAME.request is a request line without its version, fields, an empty line and the body;
 * Host and Content-Length are ours to say. NAME.response is the status, fields that have to be in
 * the answer ("Name: *": with any value; "!Name": not at all), an empty line and the body. A
 * timestamp's digits are zeros. The files of a directory are asked in order on one connection;
 * those named unready* before there is a model.
 */
#include "serve/server.h"

#include "base/file.h"
#include "model/small_bundle.h"
#include "http/client.h"
#include "serve/tiny_model.h"

#include <dirent.h>
#include <math.h>

enum { FILE_MAX = 1 << 20, CASES_MAX = 128 };
static const char golden[] = "tests/serve/golden";

static struct served *small_served(void)
{
    struct served *served = served_new();
    struct arena *arena = &served->bundle.arena;
    struct small_bundle small;
    struct err err = {0};
    struct view file;
    arena->limit = 64 << 20;
    small_bundle_init(&small, arena);
    WORKS(bundle_seal(&small.parts, arena, &file, &err), err);
    WORKS(bundle_open(&served->bundle, file, &err), err);
    snprintf(served->model, sizeof served->model, "small");
    snprintf(served->version, sizeof served->version, "7");
    snprintf(served->alias, sizeof served->alias, "champion");
    WORKS(served_ready(served, &err), err);
    return served;
}

/* The tiny model, whatever it is asked for as. */
static bool load_tiny(void *self UNUSED, struct view name, struct view url, struct served **out,
                      struct err *err)
{
    if (view_is(name, "missing") || view_is(url, "/nowhere"))
        return err_set(err, ERR_NOT_FOUND, "there is no model '" VIEW_FMT "'", VIEW_ARG(name));
    *out = tiny_served("1.0");
    return true;
}

static void open_server(struct server *server)
{
    struct server_options options = {
        .http = http_defaults,
        .source.load = load_tiny,
        .alias = {{"/my/health", ROUTE_vertex_health}, {"/my/predict", ROUTE_vertex_predict}},
    };
    options.http.host = "127.0.0.1";
    options.http.port = 0;
    options.http.workers = 1;
    struct err err = {0};
    WORKS(server_open(server, &options, &err), err);
}

/* ---------------------------------------------------------------- files */

static struct view read_golden(const char *contract, const char *name, const char *ending,
                               struct arena *arena)
{
    char path[300];
    struct view bytes;
    struct err err = {0};
    snprintf(path, sizeof path, "%s/%s/%s.%s", golden, contract, name, ending);
    WORKS(file_load(path, FILE_MAX, arena, &bytes, &err), err);
    return bytes;
}

/* Cuts a file at its empty line; the body's last line end is the file's own. */
static struct view cut_head(struct view *rest)
{
    const char *end = memmem(rest->text, rest->length, "\n\n", 2);
    FAIL_UNLESS(end != NULL, "no empty line in '%.*s'", (int)rest->length, rest->text);
    struct view head = {rest->text, (size_t)(end - rest->text) + 1};
    *rest = view_from(*rest, head.length + 1);
    if (view_ends(*rest, "\n"))
        rest->length--;
    return head;
}

static struct view as_sent(struct view file, struct arena *arena)
{
    struct text text = text_in_arena(arena);
    struct view head = cut_head(&file), line;
    view_cut(&head, '\n', &line);
    text_add(&text, line);
    text_adds(&text, " HTTP/1.1\r\nHost: x\r\n");
    while (view_cut(&head, '\n', &line) && line.length > 0)
        text_add(&text, line), text_adds(&text, "\r\n");
    text_addf(&text, "Content-Length: %zu\r\n\r\n", file.length);
    text_add(&text, file);
    TRUE(!text.cut);
    return text_view(&text);
}

static void blank_timestamp(struct view body)
{
    static const char key[] = "\"timestamp\":\"";
    const char *stamp = memmem(body.text, body.length, key, sizeof key - 1);
    if (stamp == NULL)
        return;
    char *c = (char *)(uintptr_t)stamp + sizeof key - 1;
    for (; c < body.text + body.length && *c != '"'; c++)
        if (*c >= '0' && *c <= '9')
            *c = '0';
}

static void check_field(const char *where, const struct reply *reply, struct view line)
{
    char wanted[300];
    struct text text = text_in(wanted, sizeof wanted);
    bool absent = view_starts(line, "!"), any = view_ends(line, ": *");
    text_adds(&text, "\r\n");
    text_add(&text, absent ? view_from(line, 1) : line);
    if (any)
        text.length--;
    else
        text_adds(&text, absent ? ":" : "\r\n");
    text_c(&text);
    FAIL_UNLESS(reply_has(reply, wanted) != absent, "%s: '%.*s' does not hold of\n%.*s", where,
                (int)line.length, line.text, (int)reply->head.length, reply->head.text);
}

static void check_reply(const char *where, const struct reply *reply, struct view file)
{
    char status[16];
    struct view head = cut_head(&file), line;
    view_cut(&head, '\n', &line);
    snprintf(status, sizeof status, "%d", reply->status);
    FAIL_UNLESS(view_is(line, status), "%s: %s, wanted %.*s: %.*s", where, status, (int)line.length,
                line.text, (int)reply->body.length, reply->body.text);
    while (view_cut(&head, '\n', &line) && line.length > 0)
        check_field(where, reply, line);
    blank_timestamp(reply->body);
    FAIL_UNLESS(view_same(reply->body, file), "%s:\n%.*s\nwanted:\n%.*s", where,
                (int)reply->body.length, reply->body.text, (int)file.length, file.text);
}

/* ---------------------------------------------------------------- a directory */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t list_cases(const char *contract, char name[CASES_MAX][80])
{
    char path[200];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", golden, contract);
    DIR *dir = opendir(path);
    FAIL_UNLESS(dir != NULL, "no %s: tests are run from the top of the tree", path);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct view file = view_of(entry->d_name);
        if (!view_ends(file, ".request"))
            continue;
        TRUE(count < CASES_MAX && file.length < 80);
        snprintf(name[count++], 80, "%.*s", (int)(file.length - strlen(".request")), file.text);
    }
    closedir(dir);
    qsort(name, count, sizeof *name, by_name);
    FAIL_UNLESS(count > 0, "nothing in %s", path);
    return count;
}

static void ask_all(const char *contract, struct client *client, char name[CASES_MAX][80],
                    size_t count, bool ready)
{
    for (size_t i = 0; i < count; i++) {
        char where[200];
        CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
        if (view_starts(view_of(name[i]), "unready") == ready)
            continue;
        snprintf(where, sizeof where, "%s/%s", contract, name[i]);
        struct reply reply =
            client_ask(client, as_sent(read_golden(contract, name[i], "request", &arena), &arena));
        check_reply(where, &reply, read_golden(contract, name[i], "response", &arena));
    }
}

/* A check that fails leaves the server running: it must not lie where the next one will. */
static void free_server(struct server **server)
{
    server_close(*server);
    free(*server);
}

static void ask_contract(const char *contract)
{
    static char name[CASES_MAX][80];
    size_t count = list_cases(contract, name);
    CLEANUP(free_server) struct server *server = calloc(1, sizeof *server);
    TRUE(server != NULL);
    open_server(server);
    CLEANUP(client_close) struct client client = client_open(server->http.port);
    ask_all(contract, &client, name, count, false);
    server_serve(server, small_served());
    ask_all(contract, &client, name, count, true);
}

TEST(kserve_v1_answers_byte_for_byte)
{
    ask_contract("kserve");
}

TEST(the_open_inference_protocol_answers_byte_for_byte)
{
    ask_contract("open_inference");
}

TEST(mlflow_answers_byte_for_byte)
{
    ask_contract("mlflow");
}

TEST(sagemaker_answers_byte_for_byte)
{
    ask_contract("sagemaker");
}

TEST(azure_ml_answers_byte_for_byte)
{
    ask_contract("azure");
}

TEST(vertex_ai_answers_byte_for_byte)
{
    ask_contract("vertex");
}

TEST(the_five_systems_answer_byte_for_byte)
{
    ask_contract("systems");
}
