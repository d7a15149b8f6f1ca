#include "store/sigv4.h"

#include "base/clock.h"

enum { DATE_LENGTH = 8 }; /* 20130524T000000Z */

void sigv4_encode(struct text *out, struct view text, bool is_path)
{
    static const char stays[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        if ((is_path && c == '/') || (c != '\0' && strchr(stays, c) != NULL))
            text_addc(out, c);
        else
            text_addf(out, "%%%02X", (unsigned char)c);
    }
}

/* ---------------------------------------------------------------- the canonical request */

struct parameter {
    struct view name, value;
};

static int by_name_and_value(const void *a, const void *b)
{
    const struct parameter *one = a, *two = b;
    int order = view_order(one->name, two->name);
    return order != 0 ? order : view_order(one->value, two->value);
}

/* Sorted; a name alone has an empty value. */
static bool add_query(struct text *out, struct view query, struct err *err)
{
    struct parameter parameter[SIGV4_PARAMETERS_MAX];
    size_t count = 0;
    struct view pair;
    while (view_cut(&query, '&', &pair)) {
        if (pair.length == 0)
            continue;
        if (count == SIGV4_PARAMETERS_MAX)
            return err_set(err, ERR_LIMIT, "a query has more than %d parameters",
                           SIGV4_PARAMETERS_MAX);
        struct parameter *one = &parameter[count++];
        one->value = pair;
        view_cut(&one->value, '=', &one->name);
    }
    qsort(parameter, count, sizeof *parameter, by_name_and_value);
    for (size_t i = 0; i < count; i++) {
        text_adds(out, i == 0 ? "" : "&");
        text_add(out, parameter[i].name);
        text_addc(out, '=');
        text_add(out, parameter[i].value);
    }
    return true;
}

static int by_header_name(const void *a, const void *b)
{
    const struct http_header *one = a, *two = b;
    return strcmp(one->name, two->name);
}

/* Runs of spaces count as one, those at the ends as none. */
static void add_value(struct text *out, struct view value)
{
    value = view_trim(value);
    for (size_t i = 0; i < value.length; i++)
        if (value.text[i] != ' ' || value.text[i - 1] != ' ')
            text_addc(out, value.text[i]);
}

static void add_names(struct text *out, const struct http_header *header, size_t headers)
{
    for (size_t i = 0; i < headers; i++) {
        text_adds(out, i == 0 ? "" : ";");
        text_adds(out, header[i].name);
    }
}

/* `header` is sorted. */
static bool add_canonical(struct text *out, const struct sigv4_request *request,
                          const struct http_header *header, size_t headers, struct err *err)
{
    char hex[DIGEST_HEX_SIZE];
    text_adds(out, request->method);
    text_addc(out, '\n');
    text_add(out, request->path);
    text_addc(out, '\n');
    if (!add_query(out, request->query, err))
        return false;
    text_addc(out, '\n');
    for (size_t i = 0; i < headers; i++) {
        text_adds(out, header[i].name);
        text_addc(out, ':');
        add_value(out, header[i].value);
        text_addc(out, '\n');
    }
    text_addc(out, '\n');
    add_names(out, header, headers);
    text_addc(out, '\n');
    text_adds(out, digest_print(&request->payload, hex));
    return true;
}

/* ---------------------------------------------------------------- the signature */

static struct view bytes_of(const struct digest *digest)
{
    return (struct view){(const char *)digest->bytes, sizeof digest->bytes};
}

static void add_scope(struct text *out, const struct sigv4_scope *scope, const char *stamp)
{
    text_add(out, (struct view){stamp, DATE_LENGTH});
    text_addc(out, '/');
    text_add(out, scope->region);
    text_addc(out, '/');
    text_add(out, scope->service);
    text_adds(out, "/aws4_request");
}

/* A key for one day, region and service, so that the secret itself signs nothing else. */
static struct digest signing_key(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
                                 const char *stamp, struct text *scratch)
{
    text_adds(scratch, "AWS4");
    text_add(scratch, keys->secret);
    struct digest key = digest_hmac(text_view(scratch), (struct view){stamp, DATE_LENGTH});
    key = digest_hmac(bytes_of(&key), scope->region);
    key = digest_hmac(bytes_of(&key), scope->service);
    return digest_hmac(bytes_of(&key), VIEW("aws4_request"));
}

static void add_to_sign(struct text *out, const struct sigv4_scope *scope, const char *stamp,
                        struct view canonical)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest digest = digest_of(canonical);
    text_addf(out, "AWS4-HMAC-SHA256\n%s\n", stamp);
    add_scope(out, scope, stamp);
    text_addc(out, '\n');
    text_adds(out, digest_print(&digest, hex));
}

static void add_authorization(struct text *out, const struct sigv4_keys *keys,
                              const struct sigv4_scope *scope, const char *stamp,
                              const struct sigv4_signed *done, const struct digest *key)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest signature = digest_hmac(bytes_of(key), done->to_sign);
    text_adds(out, "AWS4-HMAC-SHA256 Credential=");
    text_add(out, keys->access);
    text_addc(out, '/');
    add_scope(out, scope, stamp);
    text_adds(out, ", SignedHeaders=");
    add_names(out, done->header, done->headers);
    text_addf(out, ", Signature=%s", digest_print(&signature, hex));
}

/* ---------------------------------------------------------------- the whole */

static bool gather_headers(const struct sigv4_keys *keys, const struct sigv4_request *request,
                           const char *stamp, const char *payload, struct sigv4_signed *out,
                           struct err *err)
{
    enum { ADDED = 4 };
    if (request->headers + ADDED > SIGV4_HEADERS_MAX)
        return err_set(err, ERR_LIMIT, "a request has more than %d headers",
                       SIGV4_HEADERS_MAX - ADDED);
    for (size_t i = 0; i < request->headers; i++)
        out->header[out->headers++] = request->header[i];
    out->header[out->headers++] = (struct http_header){"x-amz-date", view_of(stamp)};
    out->header[out->headers++] = (struct http_header){"x-amz-content-sha256", view_of(payload)};
    if (keys->token.length > 0)
        out->header[out->headers++] = (struct http_header){"x-amz-security-token", keys->token};
    qsort(out->header, out->headers, sizeof *out->header, by_header_name);
    return true;
}

bool sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
                const struct sigv4_request *request, struct arena *arena, struct sigv4_signed *out,
                struct err *err)
{
    struct civil c = civil_of(scope->time_ms);
    struct text stamp = text_in_arena(arena), payload = text_in_arena(arena);
    struct text canonical = text_in_arena(arena), to_sign = text_in_arena(arena);
    struct text authorization = text_in_arena(arena), scratch = text_in_arena(arena);
    struct sigv4_signed done = {0};
    char hex[DIGEST_HEX_SIZE];
    text_addf(&stamp, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute,
              c.second);
    text_adds(&payload, digest_print(&request->payload, hex));
    const char *when = text_c(&stamp), *what = text_c(&payload);
    if (stamp.cut || payload.cut)
        return err_set(err, ERR_LIMIT, "a signature does not fit the memory limit");
    if (!gather_headers(keys, request, when, what, &done, err) ||
        !add_canonical(&canonical, request, done.header, done.headers, err))
        return false;
    done.canonical = text_view(&canonical);
    add_to_sign(&to_sign, scope, when, done.canonical);
    done.to_sign = text_view(&to_sign);
    struct digest key = signing_key(keys, scope, when, &scratch);
    add_authorization(&authorization, keys, scope, when, &done, &key);
    if (canonical.cut || to_sign.cut || authorization.cut || scratch.cut)
        return err_set(err, ERR_LIMIT, "a signature does not fit the memory limit");
    done.header[done.headers++] = (struct http_header){"authorization", text_view(&authorization)};
    *out = done;
    return true;
}
