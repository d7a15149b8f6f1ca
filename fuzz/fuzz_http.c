/* Bytes from the network into requests: in one piece and in small ones the same requests, the same
 * refusal, and no memory that does not come back. The first byte says how small. */
#include "http/http_parse.h"

#include "base/view.h"

enum { BODY_MAX = 4096, REQUESTS_MAX = 64 };

struct outcome {
    size_t requests;
    int status;
    uint64_t hash;
};

static uint64_t mix(uint64_t hash, struct view view)
{
    return hash * 31 + view_hash(view) + view.length;
}

static void note(const struct http_request *request, struct outcome *outcome)
{
    outcome->requests++;
    outcome->hash = mix(outcome->hash, request->method);
    outcome->hash = mix(outcome->hash, request->path);
    outcome->hash = mix(outcome->hash, request->query);
    outcome->hash = mix(outcome->hash, request->body);
    outcome->hash = mix(outcome->hash, http_request_field(request, "x-request-id"));
    outcome->hash = mix(outcome->hash, http_request_query(request, "a"));
    assert(request->path.length > 0 && request->body.length <= BODY_MAX);
}

/* What is fed must lie in memory of its own size, so that a byte too far is seen. */
static size_t feed_copy(struct http_parse *parse, struct view bytes)
{
    char *copy = malloc(bytes.length + (bytes.length == 0));
    assert(copy != NULL);
    memcpy(copy, bytes.text, bytes.length);
    size_t taken = http_parse_feed(parse, (struct view){copy, bytes.length});
    assert(taken <= bytes.length);
    free(copy);
    return taken;
}

static struct outcome run(struct view bytes, size_t step)
{
    struct http_budget budget = {.max = BODY_MAX};
    struct http_parse parse;
    struct outcome outcome = {0};
    size_t from = 0, arrived = 0;
    http_parse_init(&parse, BODY_MAX, &budget);
    while (parse.state != HTTP_PARSE_REFUSED && outcome.requests < REQUESTS_MAX) {
        size_t taken = feed_copy(&parse, (struct view){bytes.text + from, arrived - from});
        from += taken;
        if (parse.state == HTTP_PARSE_WHOLE) {
            note(&parse.request, &outcome);
            http_parse_next(&parse);
        } else if (taken == 0 && arrived == bytes.length) {
            break;
        } else if (taken == 0 && parse.state != HTTP_PARSE_REFUSED) {
            arrived = bytes.length - arrived < step ? bytes.length : arrived + step;
        }
    }
    if (parse.state == HTTP_PARSE_REFUSED) {
        assert(parse.status >= 400 && parse.why != NULL);
        outcome.status = parse.status;
    }
    http_parse_release(&parse);
    assert(budget.used == 0);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct view bytes = {(const char *)data + 1, size - 1};
    struct outcome whole = run(bytes, bytes.length + 1), pieces = run(bytes, 1 + data[0] % 64);
    assert(whole.requests == pieces.requests && whole.hash == pieces.hash);
    assert(whole.status == pieces.status);
    return 0;
}
