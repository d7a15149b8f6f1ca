/*
 * A message to a topic of Amazon SNS. Keys come from the environment, as the object store's do:
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. A FIFO topic gets the notice's id as
 * MessageDeduplicationId; any other may get a notice twice when an answer is lost on the way.
 */
#include "cloud/letter.h"
#include "cloud/sink.h"

#include "base/clock.h"
#include "store/sigv4.h"
#include "store/xml.h"

#include <ctype.h>

enum { SUBJECT_MAX = 100, HOST_MAX = 256 };

/* arn:aws:sns:REGION:ACCOUNT:NAME */
static bool cut_topic(struct view topic, struct view *partition, struct view *region)
{
    struct view arn, service, account;
    return view_cut(&topic, ':', &arn) && view_is(arn, "arn") && view_cut(&topic, ':', partition) &&
           view_cut(&topic, ':', &service) && view_is(service, "sns") &&
           view_cut(&topic, ':', region) && region->length > 0 && view_cut(&topic, ':', &account) &&
           account.length > 0 && topic.length > 0;
}

static bool check(const struct config *config, const struct yaml *item, struct err *err)
{
    struct view partition, region;
    const struct yaml *topic = yaml_find(item, "topic");
    return cut_topic(topic->text, &partition, &region) ||
           config_wrong(config, topic, err,
                        "'topic' takes arn:aws:sns:REGION:ACCOUNT:NAME, not '" VIEW_FMT "'",
                        VIEW_ARG(topic->text));
}

/* ---------------------------------------------------------------- the form */

static void add_pair(struct text *out, const char *name, struct view value)
{
    text_adds(out, out->length == 0 ? "" : "&");
    sigv4_encode(out, view_of(name), false);
    text_addc(out, '=');
    sigv4_encode(out, value, false);
}

static void add_attribute(struct text *out, int number, const char *name, struct view value)
{
    char key[64];
    if (value.length == 0)
        return;
    snprintf(key, sizeof key, "MessageAttributes.entry.%d.Name", number);
    add_pair(out, key, view_of(name));
    snprintf(key, sizeof key, "MessageAttributes.entry.%d.Value.DataType", number);
    add_pair(out, key, VIEW("String"));
    snprintf(key, sizeof key, "MessageAttributes.entry.%d.Value.StringValue", number);
    add_pair(out, key, value);
}

/* Printable ASCII, which is all that a subject may hold. */
static struct view subject_of(struct view title, char out[SUBJECT_MAX])
{
    size_t length = title.length < SUBJECT_MAX ? title.length : SUBJECT_MAX;
    for (size_t i = 0; i < length; i++) {
        char c = title.text[i];
        out[i] = c >= ' ' && c < 0x7f ? c : '?';
    }
    return (struct view){out, length};
}

static void write_form(struct text *out, const struct notice *notice, struct view topic,
                       struct view message)
{
    char subject[SUBJECT_MAX];
    add_pair(out, "Action", VIEW("Publish"));
    add_pair(out, "Version", VIEW("2010-03-31"));
    add_pair(out, "TopicArn", topic);
    add_pair(out, "Subject", subject_of(notice->title, subject));
    add_pair(out, "Message", message);
    add_attribute(out, 1, "alarm", notice->alarm);
    add_attribute(out, 2, "severity", view_of(severities[notice->severity]));
    add_attribute(out, 3, "kind", view_of(notice_kinds[notice->kind]));
    if (view_ends(topic, ".fifo")) {
        add_pair(out, "MessageGroupId", notice->alarm);
        add_pair(out, "MessageDeduplicationId", notice->id);
    }
}

/* ---------------------------------------------------------------- where and who */

static struct view from_environment(const char *name)
{
    const char *value = getenv(name);
    return view_of(value == NULL ? "" : value);
}

static bool take_keys(struct sigv4_keys *out, struct err *err)
{
    out->access = from_environment("AWS_ACCESS_KEY_ID");
    out->secret = from_environment("AWS_SECRET_ACCESS_KEY");
    out->token = from_environment("AWS_SESSION_TOKEN");
    return (out->access.length > 0 && out->secret.length > 0) ||
           err_set(err, ERR_INPUT,
                   "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to keys that may publish to "
                   "the topic");
}

/* The setting `url`, or AWS_ENDPOINT_URL_SNS, or Amazon's own. */
static bool find_endpoint(struct sink *sink, struct view partition, struct view region,
                          const char **out, struct err *err)
{
    struct text amazon = text_in_arena(&sink->scratch);
    struct view given = from_environment("AWS_ENDPOINT_URL_SNS");
    if (given.length > 0)
        text_add(&amazon, given);
    else
        text_addf(&amazon, "https://sns.%.*s.amazonaws.com%s", (int)region.length, region.text,
                  view_is(partition, "aws-cn") ? ".cn" : "");
    return sink_url(sink, text_c(&amazon), out, err);
}

static struct view host_of(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return (struct view){host, strcspn(host, "/?#")};
}

/* Of the error's code what is a code: letters and digits. */
static bool refused(const struct http_got *got, struct err *err)
{
    struct view code = got->status == 0 ? VIEW("") : xml_text(got->body, "Code");
    bool plain = code.length > 0 && code.length <= 64;
    for (size_t i = 0; plain && i < code.length; i++)
        plain = isalnum((unsigned char)code.text[i]);
    return plain ? err_set(err, ERR_IO, "SNS answered %d " VIEW_FMT, got->status, VIEW_ARG(code))
                 : false;
}

static bool send(struct sink *sink, const struct notice *notice, int64_t *retry_after_ms,
                 struct err *err)
{
    struct view topic = sink_setting(sink, KEY_ALARM_SINK_TOPIC), partition, region;
    struct sigv4_keys keys;
    const char *endpoint;
    if (!cut_topic(topic, &partition, &region))
        return err_set(err, ERR_INPUT, "'topic' is no topic's ARN");
    if (!take_keys(&keys, err) || !find_endpoint(sink, partition, region, &endpoint, err))
        return false;
    struct text message = text_in_arena(&sink->scratch), form = text_in_arena(&sink->scratch);
    struct text url = text_in_arena(&sink->scratch);
    struct view host = host_of(endpoint);
    letter_text(&message, notice, sink->source);
    write_form(&form, notice, topic, text_view(&message));
    text_add(&url, (struct view){endpoint, (size_t)(host.text + host.length - endpoint)});
    text_addc(&url, '/');
    if (message.cut || form.cut || url.cut)
        return err_set(err, ERR_LIMIT, "a notice does not fit the memory limit");
    const struct http_header header[] = {
        {"content-type", VIEW("application/x-www-form-urlencoded; charset=utf-8")},
        {"host", host},
    };
    struct sigv4_scope scope = {
        .region = region, .service = VIEW("sns"), .time_ms = clock_now_ms()};
    struct sigv4_request request = {
        .method = "POST",
        .path = VIEW("/"),
        .header = header,
        .headers = LENGTH_OF(header),
        .payload = digest_of(text_view(&form)),
    };
    struct sigv4_signed done;
    struct http_got got;
    return sigv4_sign(&keys, &scope, &request, &sink->scratch, &done, err) &&
           (sink_post(sink, text_c(&url), done.header, done.headers, text_view(&form), &got,
                      retry_after_ms, err) ||
            refused(&got, err));
}

const struct sink_kind sink_sns = {
    .name = "sns",
    .about = "a topic of Amazon SNS",
    .takes = " topic url url_file url_env ca_file allow_private allow_http timeout_ms",
    .needs = "topic",
    .check = check,
    .send = send,
};
