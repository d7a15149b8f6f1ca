#include "catcher.h"

#define OPEN(topic)                                                                                \
    "kind: sns, topic: 'arn:aws:sns:eu-west-1:123456789012:" topic "', url: "                      \
    "'http://127.0.0.1:PORT', allow_http: true, allow_private: true"

static void set_keys(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t", 1);
    unsetenv("AWS_SESSION_TOKEN");
}

TEST(a_notice_is_published_as_a_signed_form)
{
    set_keys();
    SINK_FOR(OPEN("fraud"), ANSWER_OK);
    struct notice notice = catcher_notice();
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    const char *heard = catcher.caught->text[0];
    TRUE(view_starts(view_of(heard), "POST / HTTP/1.1\r\n"));
    TRUE(strstr(heard, "authorization: AWS4-HMAC-SHA256 Credential=AKID/") != NULL);
    TRUE(strstr(heard, "/eu-west-1/sns/aws4_request, SignedHeaders=content-type;host;") != NULL);
    TRUE(strstr(heard, "s3cr3t") == NULL);
    const char *form = strstr(heard, "\r\n\r\n") + 4;
    TRUE(view_starts(view_of(form),
                     "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A"
                     "123456789012%3Afraud&Subject=A%20column%20has%20drifted%3A%20amount&"
                     "Message=A%20column%20has%20drifted%3A%20amount%0A%0Apsi%200.31"));
    TRUE(strstr(form, "&MessageAttributes.entry.2.Value.StringValue=error&") != NULL);
    TRUE(strstr(form, "Deduplication") == NULL);
}

TEST(a_fifo_topic_gets_the_id_to_tell_a_repetition_by)
{
    set_keys();
    SINK_FOR(OPEN("fraud.fifo"), ANSWER_OK);
    struct notice notice = catcher_notice();
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    const char *form = strstr(catcher.caught->text[0], "\r\n\r\n");
    TRUE(strstr(form, "&MessageGroupId=drift&MessageDeduplicationId="
                      "0123456789abcdef0123456789abcdef-1") != NULL);
}

TEST(a_subject_is_a_hundred_printable_characters_at_most)
{
    set_keys();
    SINK_FOR(OPEN("fraud"), ANSWER_OK);
    struct notice notice = catcher_notice();
    char title[150];
    memset(title, 'x', sizeof title);
    memcpy(title, "a\nb\xc3\xa4", 5);
    notice.title = (struct view){title, sizeof title};
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    const char *subject = strstr(catcher.caught->text[0], "&Subject=") + strlen("&Subject=");
    TRUE(view_starts(view_of(subject), "a%3Fb%3F%3Fxxx"));
    SAME(strcspn(subject, "&"), 100 + 2 * 3);
}

TEST(what_amazon_says_is_told_by_its_code_alone)
{
    set_keys();
    SINK_FOR(OPEN("fraud"),
             "HTTP/1.1 403 x\r\nContent-Length: 75\r\n\r\n<Error><Code>SignatureDoesNotMatch"
             "</Code><Message>s3cr3t</Message></Error>   ",
             "HTTP/1.1 403 x\r\nContent-Length: 22\r\n\r\n<Code>s3 cr3t</Code>  \n");
    struct notice notice = catcher_notice();
    FAILS(SEND(&notice), err, ERR_IO);
    SAYS(err, "SNS answered 403 SignatureDoesNotMatch");
    TRUE(strstr(err.text, "s3cr3t") == NULL);
    err = (struct err){0};
    FAILS(SEND(&notice), err, ERR_IO);
    SAYS(err, "it answered 403");
    catcher_stop(&catcher);
}

TEST(without_keys_nothing_is_sent)
{
    set_keys();
    unsetenv("AWS_SECRET_ACCESS_KEY");
    SINK_FOR(OPEN("fraud"), ANSWER_OK);
    struct notice notice = catcher_notice();
    FAILS(SEND(&notice), err, ERR_INPUT);
    SAYS(err, "AWS_SECRET_ACCESS_KEY");
    SAME(catcher_stop(&catcher), 0);
}
