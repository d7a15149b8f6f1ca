#include "store/objects.h"

#include "base/clock.h"
#include "base/number.h"
#include "store/http_client.h"
#include "store/sigv4.h"
#include "store/xml.h"

#include <unistd.h>

enum {
    BUCKET_MIN = 3,
    BUCKET_MAX = 63,
    SMALL_ANSWER_MAX = 16 << 20, /* a page of a list has 1000 keys of 1024 bytes at most */
    REFUSAL_MAX = 64 << 10,      /* what a server says when it refuses */
    ATTEMPTS = 3,
    PAUSE_US = 250000, /* before the second attempt; four times that before the third */
    PAGES_MAX = 100000,
};

struct s3 {
    struct arena arena;   /* which it is in itself */
    struct arena scratch; /* of one request */
    struct http_client http;
    struct sigv4_keys keys;
    struct view region;
    const char *origin;    /* "https://host:port" */
    struct view host;      /* "host:port", with the bucket before it in virtual style */
    const char *root;      /* "/bucket", or "" in virtual style */
    const char *prefix;    /* "" or "a/b/" */
    const char *authority; /* a file of certificates, or NULL */
    const char *name;
};

/* One request as this file's functions want it. */
struct call {
    const char *method;
    const char *key;   /* NULL: the bucket itself */
    struct view query; /* encoded */
    struct view body;
    bool only_if_absent;
    size_t answer_max;
    struct arena *arena; /* of the answer's body */
};

static struct s3 *s3_of(const struct objects *objects)
{
    return objects->self;
}

/* ---------------------------------------------------------------- where and who */

static const char *given_or_environment(const char *given, const char *const *names)
{
    if (given != NULL && given[0] != '\0')
        return given;
    for (; *names != NULL; names++) {
        const char *value = getenv(*names);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return "";
}

#define FROM(given, ...) given_or_environment(given, (const char *const[]){__VA_ARGS__, NULL})

static struct view kept(struct s3 *s3, const char *text)
{
    const char *copy = view_copy(view_of(text), &s3->arena);
    return copy == NULL ? VIEW("") : view_of(copy);
}

static bool take_keys(struct s3 *s3, struct err *err)
{
    s3->keys.access = kept(s3, FROM(NULL, "AWS_ACCESS_KEY_ID"));
    s3->keys.secret = kept(s3, FROM(NULL, "AWS_SECRET_ACCESS_KEY"));
    s3->keys.token = kept(s3, FROM(NULL, "AWS_SESSION_TOKEN"));
    const char *authority = FROM(NULL, "AWS_CA_BUNDLE");
    s3->authority = authority[0] == '\0' ? NULL : kept(s3, authority).text;
    return (s3->keys.access.length > 0 && s3->keys.secret.length > 0) ||
           err_set(err, ERR_INPUT,
                   "%s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to keys that may read and "
                   "write there",
                   s3->name);
}

static bool is_bucket(struct view bucket)
{
    if (bucket.length < BUCKET_MIN || bucket.length > BUCKET_MAX)
        return false;
    for (size_t i = 0; i < bucket.length; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", bucket.text[i]) == NULL)
            return false;
    return true;
}

/* "https://host:port": no path, no user. */
static bool cut_endpoint(const char *endpoint, struct view *scheme, struct view *host,
                         struct err *err)
{
    struct view rest = view_of(endpoint);
    size_t length = view_starts(rest, "https://") ? 8 : view_starts(rest, "http://") ? 7 : 0;
    if (view_ends(rest, "/"))
        rest.length--;
    *scheme = (struct view){endpoint, length};
    *host = length <= rest.length ? view_from(rest, length) : VIEW("");
    bool plain = host->length > 0;
    for (size_t i = 0; i < host->length; i++)
        plain = plain && strchr("/@?# ", host->text[i]) == NULL;
    return (length > 0 && plain) ||
           err_set(err, ERR_INPUT,
                   "store.endpoint takes https://HOST or https://HOST:PORT, not '%s'", endpoint);
}

static bool is_path_style(const char *addressing, bool own_endpoint, struct view bucket)
{
    if (strcmp(addressing, "path") == 0)
        return true;
    if (strcmp(addressing, "virtual") == 0)
        return false;
    /* A certificate for *.s3... does not hold for a bucket with a dot in it. */
    return own_endpoint || memchr(bucket.text, '.', bucket.length) != NULL;
}

static bool address(struct s3 *s3, const struct objects_place *place, struct view bucket,
                    struct err *err)
{
    char amazon[128];
    struct view scheme, host;
    const char *region = FROM(place->region, "AWS_REGION", "AWS_DEFAULT_REGION");
    const char *endpoint = FROM(place->endpoint, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
    const char *addressing = place->addressing == NULL ? "auto" : place->addressing;
    bool own = endpoint[0] != '\0';
    if (region[0] == '\0' && !own)
        return err_set(err, ERR_INPUT,
                       "%s: set store.region, or AWS_REGION, to the bucket's region", s3->name);
    s3->region = kept(s3, region[0] == '\0' ? "us-east-1" : region);
    snprintf(amazon, sizeof amazon, "https://s3.%.64s.amazonaws.com%s", region,
             view_starts(s3->region, "cn-") ? ".cn" : "");
    if (!cut_endpoint(own ? endpoint : amazon, &scheme, &host, err))
        return false;
    bool path_style = is_path_style(addressing, own, bucket);
    struct text origin = text_in_arena(&s3->arena), root = text_in_arena(&s3->arena);
    text_add(&origin, scheme);
    if (!path_style) {
        text_add(&origin, bucket);
        text_addc(&origin, '.');
    }
    text_add(&origin, host);
    if (path_style) {
        text_addc(&root, '/');
        text_add(&root, bucket);
    }
    s3->origin = text_c(&origin);
    s3->root = text_c(&root);
    s3->host = view_from(view_of(s3->origin), scheme.length);
    return true;
}

/* s3://bucket, s3://bucket/prefix, s3://bucket/prefix/ */
static bool take_place(struct s3 *s3, const struct objects_place *place, struct err *err)
{
    struct view rest = view_from(view_of(place->where), strlen("s3://")), bucket = {0};
    struct text prefix = text_in_arena(&s3->arena);
    view_cut(&rest, '/', &bucket);
    s3->name = kept(s3, place->where).text;
    while (view_ends(rest, "/"))
        rest.length--;
    if (!is_bucket(bucket) || view_starts(rest, "/"))
        return err_set(err, ERR_INPUT,
                       "store.bundles: '%s' is not s3://BUCKET/PREFIX, with a bucket of 3 to 63 "
                       "lower-case letters, digits, '.' and '-'",
                       place->where);
    text_add(&prefix, rest);
    text_adds(&prefix, rest.length > 0 ? "/" : "");
    s3->prefix = text_c(&prefix);
    return address(s3, place, bucket, err) && take_keys(s3, err);
}

static void release(struct s3 *s3)
{
    http_client_close(&s3->http);
    arena_release(&s3->scratch);
    struct arena arena = s3->arena;
    arena_release(&arena);
}

static bool open_it(struct objects *objects, const struct objects_place *place, struct err *err)
{
    struct arena arena = {.limit = 1 << 20};
    struct s3 *s3 = arena_new(&arena, struct s3, 1);
    if (s3 == NULL)
        return err_set(err, ERR_LIMIT, "no memory for an object store");
    s3->arena = arena;
    s3->scratch.limit = 4 * SMALL_ANSWER_MAX;
    if (!take_place(s3, place, err) || !http_client_open(&s3->http, err)) {
        release(s3);
        return false;
    }
    objects->self = s3;
    objects->name = s3->name;
    return true;
}

static void close_it(struct objects *objects)
{
    release(s3_of(objects));
}

/* ---------------------------------------------------------------- asking */

static bool ask_once(struct s3 *s3, const struct call *call, struct http_got *out, struct err *err)
{
    struct text path = text_in_arena(&s3->scratch), url = text_in_arena(&s3->scratch);
    text_adds(&path, s3->root);
    text_adds(&path, call->key != NULL || s3->root[0] == '\0' ? "/" : "");
    if (call->key != NULL) {
        sigv4_encode(&path, view_of(s3->prefix), true);
        sigv4_encode(&path, view_of(call->key), true);
    }
    text_adds(&url, s3->origin);
    text_add(&url, text_view(&path));
    text_adds(&url, call->query.length > 0 ? "?" : "");
    text_add(&url, call->query);

    const struct http_header header[] = {{"host", s3->host}, {"if-none-match", VIEW("*")}};
    struct sigv4_scope scope = {
        .region = s3->region, .service = VIEW("s3"), .time_ms = clock_now_ms()};
    struct sigv4_request request = {
        .method = call->method,
        .path = text_view(&path),
        .query = call->query,
        .header = header,
        .headers = call->only_if_absent ? 2 : 1,
        .payload = digest_of(call->body),
    };
    struct sigv4_signed done;
    struct http_ask ask = {
        .method = call->method,
        .url = text_c(&url),
        .body = call->body,
        .answer_max = call->answer_max,
        .authority = s3->authority,
    };
    if (path.cut || url.cut)
        return err_set(err, ERR_LIMIT, "%s: a name is too long", s3->name);
    if (!sigv4_sign(&s3->keys, &scope, &request, &s3->scratch, &done, err))
        return false;
    ask.header = done.header;
    ask.headers = done.headers;
    return http_send(&s3->http, &ask, call->arena, out, err) || err_while(err, "%s", s3->name);
}

static bool is_one_of(int status, const int *statuses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (statuses[i] == status)
            return true;
    return false;
}

/* A reading or a removal may be done twice. A writing is done again only when the server has said
 * that it did not do it: after silence nobody knows. */
static bool may_try_again(const struct call *call, bool answered, const struct http_got *got)
{
    static const int busy[] = {429, 503}, failing[] = {429, 500, 502, 503, 504};
    if (strcmp(call->method, "PUT") != 0)
        return !answered || is_one_of(got->status, failing, LENGTH_OF(failing));
    return answered && (is_one_of(got->status, busy, LENGTH_OF(busy)) ||
                        (got->status == 409 &&
                         view_is(xml_text(got->body, "Code"), "ConditionalRequestConflict")));
}

static bool ask(struct s3 *s3, const struct call *call, struct http_got *out, struct err *err)
{
    useconds_t pause = PAUSE_US;
    arena_reset(&s3->scratch);
    for (int attempt = 1;; attempt++) {
        struct err once = {0};
        bool answered = ask_once(s3, call, out, &once);
        bool again = (answered || once.kind == ERR_IO) && may_try_again(call, answered, out);
        if (!again || attempt == ATTEMPTS) {
            if (!answered)
                *err = once;
            return answered;
        }
        usleep(pause);
        pause *= 4;
    }
}

/* ---------------------------------------------------------------- what it said */

static const struct {
    const char *code, *remedy;
} refusals[] = {
    {"SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY is not the secret of AWS_ACCESS_KEY_ID"},
    {"InvalidAccessKeyId", "AWS_ACCESS_KEY_ID is not known there"},
    {"XAdminUserNotFound", "AWS_ACCESS_KEY_ID is not known there"}, /* Versity's word for it */
    {"InvalidToken", "AWS_SESSION_TOKEN does not go with these keys"},
    {"ExpiredToken", "these temporary keys have expired: get new ones"},
    {"RequestTimeTooSkewed", "this machine's clock is wrong"},
    {"AccessDenied", "these keys may not do that: they need s3:ListBucket on the bucket and "
                     "s3:GetObject, s3:PutObject and s3:DeleteObject in it"},
    {"NoSuchBucket", "there is no such bucket: make it first"},
    {"PermanentRedirect", "the bucket is in another region: correct store.region"},
    {"AuthorizationHeaderMalformed", "the bucket is in another region: correct store.region"},
    {"NotImplemented", "this server does not know what is asked of it (If-None-Match, for one)"},
};

static const char *remedy_of(struct view code, int status)
{
    for (size_t i = 0; i < LENGTH_OF(refusals); i++)
        if (view_is(code, refusals[i].code))
            return refusals[i].remedy;
    if (status == 401 || status == 403)
        return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are wrong, or may not do that";
    return status >= 500 ? "the server has a fault: try again later" : "not done";
}

/* A 404 may also be the bucket's, or, from some servers, the access key's. */
static bool is_absent(const struct http_got *got)
{
    struct view code = xml_text(got->body, "Code");
    return got->status == 404 && (code.length == 0 || view_is(code, "NoSuchKey"));
}

static bool refused(const struct s3 *s3, const struct call *call, const struct http_got *got,
                    struct err *err)
{
    struct view code = xml_text(got->body, "Code");
    if (call->key != NULL && is_absent(got))
        return err_set(err, ERR_NOT_FOUND, "%s has no '%s'", s3->name, call->key);
    return err_set(err, got->status >= 500 || got->status == 429 ? ERR_IO : ERR_STORE,
                   "%s: %s answered %d" VIEW_FMT VIEW_FMT ": %s", s3->name, call->method,
                   got->status, VIEW_ARG(code.length > 0 ? VIEW(" ") : VIEW("")), VIEW_ARG(code),
                   remedy_of(code, got->status));
}

/* ---------------------------------------------------------------- the port */

static bool put(struct objects *objects, const char *key, struct view bytes, bool *made,
                struct err *err)
{
    enum { ABSENT_NO_MORE = 412 };
    struct s3 *s3 = s3_of(objects);
    struct call call = {.method = "PUT",
                        .key = key,
                        .body = bytes,
                        .only_if_absent = true,
                        .answer_max = SMALL_ANSWER_MAX,
                        .arena = &s3->scratch};
    struct http_got got;
    if (!ask(s3, &call, &got, err))
        return false;
    if (got.status != 200 && got.status != ABSENT_NO_MORE)
        return refused(s3, &call, &got, err);
    *made = got.status == 200;
    return true;
}

static bool get(struct objects *objects, const char *key, size_t size_max, struct arena *arena,
                struct view *out, struct err *err)
{
    struct s3 *s3 = s3_of(objects);
    size_t most = size_max < REFUSAL_MAX ? REFUSAL_MAX : size_max;
    struct call call = {.method = "GET", .key = key, .answer_max = most, .arena = arena};
    struct http_got got;
    if (!ask(s3, &call, &got, err))
        return false;
    if (got.status != 200)
        return refused(s3, &call, &got, err);
    if (got.body.length > size_max)
        return err_set(err, ERR_LIMIT, "%s: '%s' has more than %zu bytes", s3->name, key, size_max);
    *out = got.body;
    return true;
}

static bool head(struct objects *objects, const char *key, bool *there, struct object *out,
                 struct err *err)
{
    struct s3 *s3 = s3_of(objects);
    struct call call = {
        .method = "HEAD", .key = key, .answer_max = SMALL_ANSWER_MAX, .arena = &s3->scratch};
    struct http_got got;
    if (!ask(s3, &call, &got, err))
        return false;
    if (got.status != 200 && got.status != 404)
        return refused(s3, &call, &got, err);
    *there = got.status == 200;
    *out = (struct object){view_of(key), got.size, got.modified_ms};
    return true;
}

static bool remove_it(struct objects *objects, const char *key, struct err *err)
{
    struct s3 *s3 = s3_of(objects);
    struct call call = {
        .method = "DELETE", .key = key, .answer_max = SMALL_ANSWER_MAX, .arena = &s3->scratch};
    struct http_got got;
    if (!ask(s3, &call, &got, err))
        return false;
    return got.status == 204 || got.status == 200 || is_absent(&got) ||
           refused(s3, &call, &got, err);
}

/* ---------------------------------------------------------------- the list */

struct listing {
    struct arena *arena;
    struct object *object;
    size_t count, room;
    bool encoded; /* the server encodes names as it was asked to; not all do */
};

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c | 0x20);
    if (c >= '0' && c <= '9')
        return c - '0';
    return at == NULL || *at == '\0' ? -1 : (int)(at - digits);
}

/* encoding-type=url: a '+' is a space, as in a form. */
static struct view decoded(struct view key, struct arena *arena)
{
    char *bytes = arena_new(arena, char, key.length + 1);
    size_t length = 0;
    for (size_t i = 0; bytes != NULL && i < key.length; i++) {
        char c = key.text[i] == '+' ? ' ' : key.text[i];
        bool escape = c == '%' && i + 2 < key.length && hex_digit(key.text[i + 1]) >= 0 &&
                      hex_digit(key.text[i + 2]) >= 0;
        if (escape) {
            c = (char)(hex_digit(key.text[i + 1]) << 4 | hex_digit(key.text[i + 2]));
            i += 2;
        }
        bytes[length++] = c;
    }
    return (struct view){bytes, length};
}

static bool make_room(struct listing *listing)
{
    if (listing->count < listing->room)
        return true;
    size_t room = listing->room == 0 ? 1024 : 2 * listing->room;
    struct object *object = arena_new(listing->arena, struct object, room);
    if (object == NULL)
        return false;
    if (listing->count > 0)
        memcpy(object, listing->object, listing->count * sizeof *object);
    listing->object = object;
    listing->room = room;
    return true;
}

static bool add_object(const struct s3 *s3, struct listing *listing, struct view item,
                       struct err *err)
{
    struct view key = xml_unescape(xml_text(item, "Key"), listing->arena);
    if (listing->encoded && key.text != NULL)
        key = decoded(key, listing->arena);
    struct object object = {0};
    if (key.text == NULL || !make_room(listing))
        return err_set(err, ERR_LIMIT, "%s: the list does not fit the memory limit", s3->name);
    if (!view_starts(key, s3->prefix) || !number_parse_i64(xml_text(item, "Size"), &object.size) ||
        !clock_parse(xml_text(item, "LastModified"), &object.modified_ms))
        return err_set(err, ERR_STORE, "%s: its list has an entry that cannot be read", s3->name);
    object.key = view_from(key, strlen(s3->prefix));
    if (object.key.length > 0) /* the prefix itself, as some tools make it */
        listing->object[listing->count++] = object;
    return true;
}

static struct view list_query(const struct s3 *s3, struct view token, struct arena *arena)
{
    struct text query = text_in_arena(arena);
    text_adds(&query, "list-type=2&encoding-type=url&delimiter=%2F&prefix=");
    sigv4_encode(&query, view_of(s3->prefix), false);
    if (token.length > 0) {
        text_adds(&query, "&continuation-token=");
        sigv4_encode(&query, token, false);
    }
    return text_view(&query);
}

/* `token` is where the page begins, and then where the next does; empty: there is none. */
static bool list_page(struct s3 *s3, struct listing *listing, struct view *token, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 4 * SMALL_ANSWER_MAX};
    struct call call = {.method = "GET",
                        .query = list_query(s3, *token, &arena),
                        .answer_max = SMALL_ANSWER_MAX,
                        .arena = &arena};
    struct http_got got;
    if (!ask(s3, &call, &got, err))
        return false;
    if (got.status != 200)
        return refused(s3, &call, &got, err);
    listing->encoded = view_is(xml_text(got.body, "EncodingType"), "url");
    struct view rest = got.body, item;
    while (xml_next(&rest, "Contents", &item))
        if (!add_object(s3, listing, item, err))
            return false;
    bool more = view_is(xml_text(got.body, "IsTruncated"), "true");
    struct view next = more ? xml_text(got.body, "NextContinuationToken") : VIEW("");
    *token = xml_unescape(next, listing->arena);
    return token->text != NULL && (!more || token->length > 0)
               ? true
               : err_set(err, ERR_STORE, "%s: its list breaks off", s3->name);
}

static bool list(struct objects *objects, struct arena *arena, struct object **out, size_t *count,
                 struct err *err)
{
    struct s3 *s3 = s3_of(objects);
    struct listing listing = {.arena = arena};
    struct view token = {0};
    size_t pages = 0;
    do {
        if (!list_page(s3, &listing, &token, err))
            return false;
        if (++pages == PAGES_MAX)
            return err_set(err, ERR_LIMIT, "%s: its list has no end", s3->name);
    } while (token.length > 0);
    *out = listing.object;
    *count = listing.count;
    return true;
}

const struct objects_kind objects_s3 = {
    .open = open_it,
    .close = close_it,
    .put = put,
    .get = get,
    .head = head,
    .list = list,
    .remove = remove_it,
};
