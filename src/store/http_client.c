#include "store/http_client.h"

#include "base/text.h"
#include "store/public_address.h"

#include <curl/curl.h>

enum {
    CONNECT_MS = 10000,
    STALLED_SECONDS = 30, /* without a byte: the other side is gone */
    HEADER_MAX = 8192,
};

/* One exchange, as libcurl's callbacks see it. */
struct exchange {
    const struct http_ask *ask;
    CURL *handle;
    struct view body; /* what is still to be sent */
    struct text answer;
    bool too_large;
    bool not_public; /* an address was refused */
    bool mail;
};

/* ---------------------------------------------------------------- callbacks */

static size_t give(char *to, size_t size, size_t count, void *self)
{
    struct exchange *exchange = self;
    size_t room = size * count, left = exchange->body.length;
    size_t now = left < room ? left : room;
    if (now > 0)
        memcpy(to, exchange->body.text, now);
    exchange->body = view_from(exchange->body, now);
    return now;
}

/* A connection that was kept and closed by the other side meanwhile is opened again by libcurl,
 * which then sends the body from its start. */
static int rewind_to(void *self, curl_off_t offset, int origin)
{
    struct exchange *exchange = self;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > exchange->ask->body.length)
        return CURL_SEEKFUNC_FAIL;
    exchange->body = view_from(exchange->ask->body, (size_t)offset);
    return CURL_SEEKFUNC_OK;
}

/* Room is made once where the size is known. */
static size_t take(char *from, size_t size, size_t count, void *self)
{
    struct exchange *exchange = self;
    struct text *answer = &exchange->answer;
    size_t length = size * count;
    curl_off_t announced = -1;
    curl_easy_getinfo(exchange->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (answer->length + length > exchange->ask->answer_max ||
        announced > (curl_off_t)exchange->ask->answer_max) {
        exchange->too_large = true;
        return 0;
    }
    if (answer->length == 0 && announced > 0 && text_reserve(answer, (size_t)announced) == NULL)
        exchange->too_large = true;
    text_add(answer, (struct view){from, length});
    exchange->too_large |= answer->cut;
    return exchange->too_large ? 0 : length;
}

/* Every connection is opened here, whatever the name was resolved to and how often. */
static curl_socket_t open_socket(void *self, curlsocktype purpose UNUSED,
                                 struct curl_sockaddr *address)
{
    struct exchange *exchange = self;
    if (exchange->ask->public_only && !is_public_address(&address->addr, address->addrlen)) {
        exchange->not_public = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---------------------------------------------------------------- the request */

static bool add_header(struct curl_slist **list, const char *line, struct err *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        return err_set(err, ERR_LIMIT, "no memory for a header");
    *list = longer;
    return true;
}

/* libcurl would add an Accept, a Content-Type and an Expect of its own. */
static bool add_headers(const struct http_ask *ask, struct curl_slist **list, struct err *err)
{
    static const char *const not_wanted[] = {"Accept:", "Content-Type:", "Expect:"};
    char line[HEADER_MAX];
    for (size_t i = 0; i < LENGTH_OF(not_wanted); i++)
        if (!add_header(list, not_wanted[i], err))
            return false;
    for (size_t i = 0; i < ask->headers; i++) {
        const struct http_header *header = &ask->header[i];
        struct text text = text_in(line, sizeof line);
        text_adds(&text, header->name);
        text_adds(&text, header->value.length == 0 ? ";" : ": ");
        text_add(&text, header->value);
        const char *whole = text_c(&text);
        if (text.cut || memchr(line, '\n', text.length) != NULL ||
            memchr(line, '\r', text.length) != NULL)
            return err_set(err, ERR_INPUT, "the header '%s' is too long or has a line break",
                           header->name);
        if (!add_header(list, whole, err))
            return false;
    }
    return true;
}

static void set_connection(CURL *handle, struct exchange *exchange, const char *protocols)
{
    const struct http_ask *ask = exchange->ask;
    curl_easy_setopt(handle, CURLOPT_URL, ask->url);
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, exchange);
    if (ask->public_only)
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
    if (ask->timeout_ms > 0)
        curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)ask->timeout_ms);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ask->authority != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, ask->authority);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)STALLED_SECONDS);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "assay");
    curl_easy_setopt(handle, CURLOPT_FILETIME, 1L);
}

static void set_body(CURL *handle, struct exchange *exchange)
{
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->ask->body.length);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(handle, CURLOPT_READDATA, exchange);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, rewind_to);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, exchange);
}

static void set_method(CURL *handle, struct exchange *exchange)
{
    const struct http_ask *ask = exchange->ask;
    curl_easy_setopt(handle, CURLOPT_NOBODY, strcmp(ask->method, "HEAD") == 0 ? 1L : 0L);
    if (strcmp(ask->method, "PUT") == 0 || strcmp(ask->method, "POST") == 0)
        set_body(handle, exchange);
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, ask->method);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, exchange);
}

static void read_answer(CURL *handle, const struct exchange *exchange, struct http_got *out)
{
    long status = 0;
    curl_off_t size = -1, modified = -1, retry_after = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    curl_easy_getinfo(handle, CURLINFO_FILETIME_T, &modified);
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
    *out = (struct http_got){
        .status = (int)status,
        .retry_after_ms = retry_after > 0 ? (int64_t)retry_after * 1000 : 0,
        .body = text_view(&exchange->answer),
        .size = size,
        .modified_ms = modified > 0 ? (int64_t)modified * 1000 : 0,
    };
}

static bool perform(struct exchange *exchange, struct err *err)
{
    CURL *handle = exchange->handle;
    char why[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(handle);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_OK)
        return true;
    if (exchange->too_large)
        return err_set(err, ERR_LIMIT, "the answer has more than %zu bytes",
                       exchange->ask->answer_max);
    if (exchange->not_public)
        return err_set(err, ERR_IO, "refused: its address is not one of the public Internet");
    return err_set(err, ERR_IO, "%s: %s", exchange->mail ? "not taken" : "no answer",
                   why[0] == '\0' || exchange->ask->discreet ? curl_easy_strerror(code) : why);
}

static bool exchange_it(struct exchange *exchange, struct curl_slist *headers, struct http_got *out,
                        struct err *err)
{
    CURL *handle = exchange->handle;
    curl_easy_reset(handle); /* keeps the connection */
    set_connection(handle, exchange, "http,https");
    set_method(handle, exchange);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    if (!perform(exchange, err))
        return false;
    read_answer(handle, exchange, out);
    return true;
}

/* ---------------------------------------------------------------- mail */

/* What could end a command and begin another. */
static bool is_address(const char *address)
{
    for (const char *at = address; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '<' || *at == '>')
            return false;
    return strchr(address, '@') != NULL;
}

static bool add_recipients(const struct mail_ask *ask, struct curl_slist **list, struct err *err)
{
    if (!is_address(ask->from))
        return err_set(err, ERR_INPUT, "'%s' is no mail address", ask->from);
    for (size_t i = 0; i < ask->recipients; i++) {
        if (!is_address(ask->to[i]))
            return err_set(err, ERR_INPUT, "'%s' is no mail address", ask->to[i]);
        if (!add_header(list, ask->to[i], err))
            return false;
    }
    return true;
}

static bool mail_it(struct exchange *exchange, const struct mail_ask *ask, struct curl_slist *to,
                    int *status, struct err *err)
{
    CURL *handle = exchange->handle;
    long code = 0;
    curl_easy_reset(handle);
    set_connection(handle, exchange, "smtp,smtps");
    curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)(ask->starttls ? CURLUSESSL_ALL : 0));
    if (ask->user != NULL) {
        curl_easy_setopt(handle, CURLOPT_USERNAME, ask->user);
        curl_easy_setopt(handle, CURLOPT_PASSWORD, ask->password);
    }
    curl_easy_setopt(handle, CURLOPT_MAIL_FROM, ask->from);
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, to);
    set_body(handle, exchange);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, exchange);
    bool ok = perform(exchange, err);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    *status = (int)code;
    return ok;
}

bool mail_send(struct http_client *client, const struct mail_ask *ask, int *status, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 16};
    struct curl_slist *to = NULL;
    const struct http_ask as_http = {.url = ask->url,
                                     .body = ask->message,
                                     .answer_max = HEADER_MAX,
                                     .authority = ask->authority,
                                     .public_only = ask->public_only,
                                     .discreet = true,
                                     .timeout_ms = ask->timeout_ms};
    struct exchange exchange = {.ask = &as_http,
                                .handle = client->handle,
                                .body = ask->message,
                                .answer = text_in_arena(&arena),
                                .mail = true};
    *status = 0;
    bool ok = add_recipients(ask, &to, err) && mail_it(&exchange, ask, to, status, err);
    curl_slist_free_all(to);
    return ok;
}

/* ---------------------------------------------------------------- the client */

bool http_client_open(struct http_client *client, struct err *err)
{
    client->handle = curl_easy_init();
    return client->handle != NULL || err_set(err, ERR_LIMIT, "no memory for an HTTP client");
}

void http_client_close(struct http_client *client)
{
    curl_easy_cleanup(client->handle);
    client->handle = NULL;
}

bool http_send(struct http_client *client, const struct http_ask *ask, struct arena *arena,
               struct http_got *out, struct err *err)
{
    struct curl_slist *headers = NULL;
    struct exchange exchange = {
        .ask = ask,
        .handle = client->handle,
        .body = ask->body,
        .answer = text_in_arena(arena),
    };
    bool ok = add_headers(ask, &headers, err) && exchange_it(&exchange, headers, out, err);
    curl_slist_free_all(headers);
    return ok;
}
