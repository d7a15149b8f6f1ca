#include "http/http_parse.h"

#include <llhttp.h>

/* Bodies up to this size are kept warm by their connection and cost the budget nothing. */
enum { BODY_WARM_MAX = 64 * 1024 };

/* Chunks of one byte each cost five bytes of framing for one of body. */
enum { FRAMING_RATIO_MAX = 8, FRAMING_FREE = 64 * 1024 };

static_assert(sizeof(llhttp_t) <= sizeof((struct http_parse *)0)->engine, "llhttp's state fits");

static llhttp_t *engine_of(struct http_parse *parse)
{
    return (llhttp_t *)(void *)parse->engine;
}

static bool refuse(struct http_parse *parse, int status, const char *why)
{
    parse->state = HTTP_PARSE_REFUSED;
    parse->status = status;
    parse->why = why;
    return false;
}

/* ---------------------------------------------------------------- memory */

static void store_add(struct http_store *store, struct view bytes)
{
    enum { FIRST_SIZE = 512 };
    size_t need = store->length + bytes.length;
    if (need > store->size) {
        size_t size = store->size == 0 ? FIRST_SIZE : store->size;
        while (size < need)
            size *= 2;
        store->bytes = realloc(store->bytes, size);
        assert(store->bytes != NULL);
        store->size = size;
    }
    memcpy(store->bytes + store->length, bytes.text, bytes.length);
    store->length = need;
}

static void store_release(struct http_store *store)
{
    free(store->bytes);
    *store = (struct http_store){0};
}

/* Bytes past the warm part are charged before they are kept. */
static bool charge(struct http_parse *parse, size_t length)
{
    if (parse->budget == NULL || length <= BODY_WARM_MAX)
        return true;
    size_t more = length - BODY_WARM_MAX - parse->charged;
    size_t used = atomic_fetch_add_explicit(&parse->budget->used, more, memory_order_relaxed);
    parse->charged += more;
    return used + more <= parse->budget->max;
}

static void forget_body(struct http_parse *parse)
{
    if (parse->charged > 0)
        atomic_fetch_sub_explicit(&parse->budget->used, parse->charged, memory_order_relaxed);
    parse->charged = 0;
    parse->body.length = 0;
    if (parse->body.size > BODY_WARM_MAX)
        store_release(&parse->body);
}

/* ---------------------------------------------------------------- llhttp's side */

static struct http_parse *parse_of(llhttp_t *engine)
{
    return engine->data;
}

static int on_headers_complete(llhttp_t *engine)
{
    engine->upgrade = 0; /* an offer to upgrade is declined by answering as usual */
    return 0;
}

/* A chunk that says it will not fit is not waited for. */
static int on_chunk(llhttp_t *engine)
{
    struct http_parse *parse = parse_of(engine);
    if (engine->content_length <= parse->body_bytes_max - parse->body.length)
        return 0;
    refuse(parse, 413, "the body is larger than this server takes");
    return HPE_USER;
}

static int on_body(llhttp_t *engine, const char *at, size_t length)
{
    struct http_parse *parse = parse_of(engine);
    if (length > parse->body_bytes_max - parse->body.length) {
        refuse(parse, 413, "the body is larger than this server takes");
        return HPE_USER;
    }
    if (!charge(parse, parse->body.length + length)) {
        refuse(parse, 503, "too many large bodies are being received at once; try again later");
        return HPE_USER;
    }
    store_add(&parse->body, (struct view){at, length});
    return 0;
}

static int on_message_complete(llhttp_t *engine)
{
    struct http_parse *parse = parse_of(engine);
    parse->request.keep_alive = llhttp_should_keep_alive(engine);
    parse->state = HTTP_PARSE_WHOLE;
    return HPE_PAUSED; /* what follows is another request, fed from a known byte */
}

static int on_extension(llhttp_t *engine, const char *at UNUSED, size_t length UNUSED)
{
    refuse(parse_of(engine), 400, "chunk extensions are not accepted");
    return HPE_USER;
}

static int on_field(llhttp_t *engine, const char *at UNUSED, size_t length UNUSED)
{
    struct http_parse *parse = parse_of(engine);
    if (parse->state != HTTP_PARSE_BODY)
        return 0; /* the head's fields are read by take_fields */
    refuse(parse, 400, "trailer fields are not accepted");
    return HPE_USER;
}

static const llhttp_settings_t settings = {
    .on_headers_complete = on_headers_complete,
    .on_chunk_header = on_chunk,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
    .on_chunk_extension_name = on_extension,
    .on_header_field = on_field,
};

/* Runs llhttp over the bytes; how many it took, 0 when it or a callback refused. */
static size_t run(struct http_parse *parse, struct view bytes)
{
    llhttp_t *engine = engine_of(parse);
    llhttp_errno_t result = llhttp_execute(engine, bytes.text, bytes.length);
    if (result == HPE_OK)
        return bytes.length;
    if (result == HPE_PAUSED)
        return (size_t)(llhttp_get_error_pos(engine) - bytes.text);
    if (parse->state != HTTP_PARSE_REFUSED)
        refuse(parse, 400, llhttp_get_error_reason(engine));
    return 0;
}

/* ---------------------------------------------------------------- the head */

static bool refuse_long(struct http_parse *parse, struct view bytes)
{
    size_t first = bytes.length < HTTP_TARGET_MAX ? bytes.length : HTTP_TARGET_MAX;
    if (memchr(bytes.text, '\n', first) == NULL)
        return refuse(parse, 414, "the request line is longer than 8 KiB");
    return refuse(parse, 431, "the request's head is longer than 16 KiB");
}

/* What stands at bytes[at], a control character: steps over a good line end. False when more
 * bytes are needed to tell, when the head ends here (*end), or when it is refused. */
static bool step(struct http_parse *parse, struct view bytes, size_t *at, size_t *end)
{
    size_t left = bytes.length - *at;
    const char *c = bytes.text + *at;
    if (c[0] != '\r')
        return refuse(parse, 400, "a control character or a bare line feed stands in the head");
    if (left < 2)
        return false;
    if (c[1] != '\n')
        return refuse(parse, 400, "a bare carriage return stands in the head");
    if (left < 3)
        return false;
    if (c[2] == ' ' || c[2] == '\t')
        return refuse(parse, 400, "a header field is folded over two lines");
    if (c[2] == ':')
        return refuse(parse, 400, "a header field has no name");
    if (c[2] == '\r') {
        if (left >= 4 && c[3] == '\n')
            *end = *at + 4;
        else if (left >= 4)
            refuse(parse, 400, "a bare carriage return stands in the head");
        return false;
    }
    *at += 2;
    return true;
}

/* The size of the head once it is whole, else 0. */
static size_t scan_head(struct http_parse *parse, struct view bytes)
{
    size_t end = 0;
    size_t at = parse->scanned;
    while (at < bytes.length) {
        unsigned char c = (unsigned char)bytes.text[at];
        if (c > '\r' || c == '\t')
            at++;
        else if (!step(parse, bytes, &at, &end))
            break;
    }
    parse->scanned = at;
    return end;
}

static bool is_version(struct view version)
{
    return version.length == 8 && view_starts(version, "HTTP/") && version.text[6] == '.';
}

/* "POST /path?query HTTP/1.1" */
static bool take_line(struct http_parse *parse, struct view line, struct view *target)
{
    struct http_request *request = &parse->request;
    struct view rest = line, version;
    if (!view_cut(&rest, ' ', &request->method) || !view_cut(&rest, ' ', target) ||
        !view_cut(&rest, ' ', &version) || rest.text != NULL || !is_version(version))
        return refuse(parse, 400, "the request line is not 'METHOD target HTTP/1.1'");
    if (!view_is(version, "HTTP/1.1") && !view_is(version, "HTTP/1.0"))
        return refuse(parse, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    if (target->length > HTTP_TARGET_MAX)
        return refuse(parse, 414, "the request's target is longer than 8 KiB");
    request->version_1_0 = view_ends(version, "0");
    return true;
}

/* "/path?query", "http://host/path?query" or, for OPTIONS, "*". */
static bool take_target(struct http_parse *parse, struct view target)
{
    struct http_request *request = &parse->request;
    if (view_is(request->method, "CONNECT"))
        return refuse(parse, 405, "this server is not a proxy");
    if (view_starts(target, "http://") || view_starts(target, "https://")) {
        struct view authority = view_from(target, view_starts(target, "https") ? 8 : 7);
        const char *path = memchr(authority.text, '/', authority.length);
        if (path == NULL)
            return refuse(parse, 400, "the request's target has no path");
        target = view_from(target, (size_t)(path - target.text));
    }
    bool whole_server = view_is(target, "*") && view_is(request->method, "OPTIONS");
    if (!view_starts(target, "/") && !whole_server)
        return refuse(parse, 400, "the request's target does not begin with '/'");
    struct view rest = target;
    view_cut(&rest, '?', &request->path);
    request->query = rest.text == NULL ? (struct view){"", 0} : rest;
    return true;
}

static bool take_transfer_encoding(struct http_parse *parse, struct view value)
{
    if (parse->chunked || parse->request.version_1_0 || !view_same_fold(value, VIEW("chunked")))
        return refuse(parse, 400, "the only Transfer-Encoding taken is 'chunked', once, in 1.1");
    parse->chunked = true;
    return true;
}

static bool take_expect(struct http_parse *parse, struct view value)
{
    if (!view_same_fold(value, VIEW("100-continue")))
        return refuse(parse, 417, "the only expectation met is '100-continue'");
    parse->wants_continue = !parse->request.version_1_0;
    return true;
}

static bool take_field(struct http_parse *parse, struct view name, struct view value)
{
    struct http_request *request = &parse->request;
    if (name.length == 0)
        return refuse(parse, 400, "a header line has no colon");
    request->lengths |= http_length_bit(name.length);
    if (view_same_fold(name, VIEW("host")))
        parse->hosts++;
    else if (view_same_fold(name, VIEW("content-type")))
        request->content_type = value;
    else if (view_same_fold(name, VIEW("accept")))
        request->accept = value;
    else if (view_same_fold(name, VIEW("transfer-encoding")))
        return take_transfer_encoding(parse, value);
    else if (view_same_fold(name, VIEW("expect")))
        return take_expect(parse, value);
    return true;
}

static bool take_fields(struct http_parse *parse)
{
    struct http_request *request = &parse->request;
    struct view rest = request->fields, name, value;
    size_t count = 0;
    while (http_field_next(&rest, &name, &value)) {
        if (++count > HTTP_FIELDS_MAX)
            return refuse(parse, 431, "more than 100 header fields");
        if (!take_field(parse, name, value))
            return false;
    }
    if (parse->hosts > 1 || (parse->hosts == 0 && !request->version_1_0))
        return refuse(parse, 400, "a request names exactly one Host");
    return true;
}

/* Runs llhttp over the head: it settles the framing. */
static bool frame(struct http_parse *parse)
{
    struct view head = {parse->head.bytes, parse->head.length};
    if (run(parse, head) != head.length) {
        if (parse->state != HTTP_PARSE_REFUSED)
            refuse(parse, 400, "the head ends before its empty line");
        return false;
    }
    const llhttp_t *engine = engine_of(parse);
    if ((engine->flags & F_CONTENT_LENGTH) && engine->content_length > parse->body_bytes_max)
        return refuse(parse, 413, "the body is larger than this server takes");
    if (parse->state == HTTP_PARSE_HEAD)
        parse->state = HTTP_PARSE_BODY;
    return true;
}

static void take_head(struct http_parse *parse, struct view bytes)
{
    parse->head.length = 0;
    store_add(&parse->head, bytes);
    struct view head = {parse->head.bytes, bytes.length - 2}; /* without the empty line */
    struct view line, target;
    view_cut(&head, '\n', &line);
    assert(line.length > 0); /* scan_head has seen a CR before each LF */
    line.length--;
    parse->request.fields = head;
    if (take_line(parse, line, &target) && take_target(parse, target) && take_fields(parse))
        frame(parse);
}

static size_t feed_head(struct http_parse *parse, struct view bytes)
{
    if (bytes.length == 0)
        return 0;
    /* An empty line before a request is an old client's habit (RFC 9112, 2.2). */
    if (parse->scanned == 0 && view_starts(bytes, "\r\n"))
        return 2;
    if (parse->scanned == 0 && view_is(bytes, "\r"))
        return 0;
    parse->state = HTTP_PARSE_HEAD;
    size_t size = scan_head(parse, bytes);
    if (parse->state == HTTP_PARSE_REFUSED)
        return 0;
    if (size > HTTP_HEAD_MAX || (size == 0 && bytes.length >= HTTP_HEAD_MAX)) {
        refuse_long(parse, bytes);
        return 0;
    }
    if (size > 0)
        take_head(parse, (struct view){bytes.text, size});
    return size;
}

/* ---------------------------------------------------------------- the body */

static size_t feed_body(struct http_parse *parse, struct view bytes)
{
    size_t taken = run(parse, bytes);
    parse->body_seen += taken;
    if (parse->body_seen / FRAMING_RATIO_MAX > parse->body.length + FRAMING_FREE) {
        refuse(parse, 400, "the chunks are almost all framing");
        return 0;
    }
    return taken;
}

size_t http_parse_feed(struct http_parse *parse, struct view bytes)
{
    size_t taken = 0;
    if (parse->state == HTTP_PARSE_EMPTY || parse->state == HTTP_PARSE_HEAD)
        taken = feed_head(parse, bytes);
    else if (parse->state == HTTP_PARSE_BODY && bytes.length > 0)
        taken = feed_body(parse, bytes);
    if (parse->state == HTTP_PARSE_WHOLE)
        parse->request.body = (struct view){parse->body.bytes, parse->body.length};
    return taken;
}

/* ---------------------------------------------------------------- life */

void http_parse_init(struct http_parse *parse, size_t body_bytes_max, struct http_budget *budget)
{
    *parse = (struct http_parse){.body_bytes_max = body_bytes_max, .budget = budget};
    llhttp_init(engine_of(parse), HTTP_REQUEST, &settings);
    engine_of(parse)->data = parse;
}

void http_parse_release(struct http_parse *parse)
{
    forget_body(parse);
    store_release(&parse->head);
    store_release(&parse->body);
}

void http_parse_next(struct http_parse *parse)
{
    forget_body(parse);
    llhttp_reset(engine_of(parse));
    parse->state = HTTP_PARSE_EMPTY;
    parse->request = (struct http_request){0};
    parse->wants_continue = parse->chunked = false;
    parse->hosts = parse->scanned = parse->body_seen = 0;
}

void http_parse_trim(struct http_parse *parse)
{
    assert(parse->state == HTTP_PARSE_EMPTY);
    store_release(&parse->head);
    store_release(&parse->body);
}
