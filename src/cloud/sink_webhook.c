/*
 * A JSON document by POST, to any program. With a secret it is signed as Standard Webhooks 1.0 has
 * it:
 *
 *     webhook-signature: v1,BASE64(HMAC-SHA-256(secret, id "." timestamp "." body))
 *
 * The notice's id is in webhook-id and in Idempotency-Key: what is sent again has the same.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "cloud/letter.h"
#include "cloud/sink.h"
#include "store/base64.h"

enum { HEADERS_MAX = 6 };

/* A secret as the standard writes it, "whsec_" and base64, is the bytes it stands for; any other is
 * itself. */
static bool key_of(struct sink *sink, struct view secret, struct view *out, struct err *err)
{
    static const char before[] = "whsec_";
    *out = secret;
    if (!view_starts(secret, before))
        return true;
    return base64_read(view_from(secret, sizeof before - 1), &sink->scratch, out) ||
           err_set(err, ERR_INPUT, "its secret begins with whsec_ and is not base64 after that");
}

static void sign(struct text *out, struct view key, struct view id, struct view stamp,
                 struct view body, struct text *scratch)
{
    text_add(scratch, id);
    text_addc(scratch, '.');
    text_add(scratch, stamp);
    text_addc(scratch, '.');
    text_add(scratch, body);
    struct digest digest = digest_hmac(key, text_view(scratch));
    text_adds(out, "v1,");
    base64_add(out, (struct view){(const char *)digest.bytes, sizeof digest.bytes});
}

static bool send(struct sink *sink, const struct notice *notice, int64_t *retry_after_ms,
                 struct err *err)
{
    struct view token, secret, key;
    const char *url;
    if (!sink_url(sink, "", &url, err) ||
        !sink_secret(sink, KEY_ALARM_SINK_TOKEN_FILE, KEY_ALARM_SINK_TOKEN_ENV, &token, err) ||
        !sink_secret(sink, KEY_ALARM_SINK_SECRET_FILE, KEY_ALARM_SINK_SECRET_ENV, &secret, err) ||
        !key_of(sink, secret, &key, err))
        return false;
    struct text body = text_in_arena(&sink->scratch), stamp = text_in_arena(&sink->scratch);
    struct text signature = text_in_arena(&sink->scratch), bearer = text_in_arena(&sink->scratch);
    struct text scratch = text_in_arena(&sink->scratch);
    struct json json = json_to(&body);
    json_open(&json, '{');
    letter_json(&json, notice, sink->source);
    json_close(&json);
    text_addf(&stamp, "%lld", (long long)(clock_now_ms() / 1000));
    struct http_header header[HEADERS_MAX] = {
        {"content-type", VIEW("application/json")},
        {"idempotency-key", notice->id},
        {"webhook-id", notice->id},
        {"webhook-timestamp", text_view(&stamp)},
    };
    size_t headers = 4;
    if (secret.length > 0) {
        sign(&signature, key, notice->id, text_view(&stamp), text_view(&body), &scratch);
        header[headers++] = (struct http_header){"webhook-signature", text_view(&signature)};
    }
    if (token.length > 0) {
        text_adds(&bearer, "Bearer ");
        text_add(&bearer, token);
        header[headers++] = (struct http_header){"authorization", text_view(&bearer)};
    }
    if (body.cut || stamp.cut || signature.cut || bearer.cut || scratch.cut)
        return err_set(err, ERR_LIMIT, "a notice does not fit the memory limit");
    struct http_got got;
    return sink_post(sink, url, header, headers, text_view(&body), &got, retry_after_ms, err);
}

const struct sink_kind sink_webhook = {
    .name = "webhook",
    .about = "JSON by POST, signed when it has a secret",
    .takes = " url url_file url_env token_file token_env secret_file secret_env ca_file "
             "allow_private allow_http timeout_ms",
    .needs = "url",
    .send = send,
};
