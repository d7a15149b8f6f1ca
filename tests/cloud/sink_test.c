#include "cloud/sink.h"

#include "catcher.h"

static bool is_read(const char *yaml, struct err *err)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    CLEANUP(sinks_release) struct sinks sinks = {0};
    struct config config;
    config_init(&config, &arena);
    return config_parse(&config, view_of(yaml), err) && sinks_read(&sinks, &config, err);
}

#define REFUSED(settings, part)                                                                    \
    do {                                                                                           \
        struct err err = {0};                                                                      \
        FAILS(is_read("alarms:\n  sinks:\n    it: {" settings "}\n", &err), err, ERR_INPUT);       \
        SAYS(err, part);                                                                           \
    } while (0)

TEST(every_kind_is_whole_named_once_and_in_the_keys_choices)
{
    const char *choices = config_keys[KEY_ALARM_SINK_KIND].choices;
    for (size_t i = 0; i < sink_kinds_count; i++) {
        const struct sink_kind *kind = sink_kinds[i];
        TRUE(kind->send != NULL && strlen(kind->about) > 10);
        FAIL_UNLESS(strstr(choices, kind->name) != NULL, "%s", kind->name);
        for (size_t j = 0; j < i; j++)
            TRUE(strcmp(kind->name, sink_kinds[j]->name) != 0);
        struct view rest = view_of(kind->takes), word;
        while (view_cut(&rest, ' ', &word)) {
            char path[100];
            size_t k = 0;
            if (word.length == 0)
                continue;
            snprintf(path, sizeof path, "alarms.sinks.*.%.*s%s", (int)word.length, word.text,
                     view_is(word, "to") ? "[]" : "");
            while (k < KEYS && strcmp(config_keys[k].path, path) != 0)
                k++;
            FAIL_UNLESS(k < KEYS, "%s: no key %s", kind->name, path);
        }
    }
}

TEST(without_a_word_there_is_the_log)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    CLEANUP(sinks_release) struct sinks sinks = {0};
    struct config config;
    struct err err = {0};
    config_init(&config, &arena);
    WORKS(sinks_read(&sinks, &config, &err), err);
    SAME(sinks.count, 1);
    TRUE(sinks_find(&sinks, "log") == &sinks.port[0] && sinks_find(&sinks, "other") == NULL);
    TRUE(sinks.sink[0].kind == &sink_log);
}

TEST(every_kind_can_be_had)
{
    static const char *const good[] = {
        "kind: log",
        "kind: webhook, url: 'https://a/'",
        "kind: slack, url_file: f",
        "kind: smtp, host: h, from: a@b, to: [c@d]",
        "kind: sns, topic: 'arn:aws:sns:eu-west-1:1:x'",
        "kind: pagerduty, token_env: T",
    };
    for (size_t i = 0; i < LENGTH_OF(good); i++) {
        struct err err = {0};
        char yaml[200];
        snprintf(yaml, sizeof yaml, "alarms:\n  sinks:\n    it: {%s}\n", good[i]);
        FAIL_UNLESS(is_read(yaml, &err), "%s: %s", good[i], err.text);
    }
}

TEST(settings_that_make_no_sense_are_refused_with_their_line)
{
    REFUSED("kind: slack, url: 'https://hooks.example.org/T/B/s3cr3t'", "line 3");
    REFUSED("kind: slack, url: 'https://hooks.example.org/T/B/s3cr3t'", "has no 'url'");
    REFUSED("least: info", "needs a 'kind'");
    REFUSED("kind: carrier_pigeon", "one of: log webhook");
    REFUSED("kind: webhook", "needs 'url', or the same with _file or _env");
    REFUSED("kind: webhook, url: 'https://a/', url_env: X", "has 'url' in two ways");
    REFUSED("kind: webhook, url: 'https://a/', secret_file: a, secret_env: X", "'secret' in two");
    REFUSED("kind: pagerduty", "needs 'token'");
    REFUSED("kind: sns", "needs 'topic'");
    REFUSED("kind: sns, topic: 'arn:aws:sqs:eu-west-1:1:x'", "arn:aws:sns:REGION:ACCOUNT:NAME");
    REFUSED("kind: log, url_env: X", "it takes: nothing more");
    REFUSED("kind: smtp, host: h, from: a@b, to: [a@b], user: u", "go together");
    REFUSED("kind: smtp, host: h, from: a@b, to: [a@b], password_env: P", "go together");
    REFUSED("kind: smtp, host: h, from: a@b, to: [a@b], user: u, password_env: P, tls: none",
            "could read the password");
    REFUSED("kind: smtp, host: h, from: 'a@b>', to: [a@b]", "'from' takes");
    REFUSED("kind: smtp, host: h, from: a@b, to: ['a@b,c@d']", "'to' takes addresses");
    REFUSED("kind: smtp, host: h, from: a@b, to: []", "1 to 16 addresses");
    REFUSED("kind: smtp, host: 'h/x', from: a@b, to: [a@b]", "'host' takes");
    REFUSED("kind: smtp, from: a@b, to: [a@b]", "needs 'host'");
    struct err err = {0};
    FAILS(is_read("alarms: {sinks: {it: {kind: slack, url: 'https://x/s3cr3t'}}}", &err), err,
          ERR_INPUT);
    TRUE(strstr(err.text, "s3cr3t") == NULL);
}

#define WEBHOOK "kind: webhook, url_env: CLOUD_TEST_URL"

/* What sending says when the URL is this. */
static struct err said_of(const char *url, const char *more)
{
    char settings[300];
    snprintf(settings, sizeof settings, WEBHOOK "%s", more);
    SINK_FOR(settings, ANSWER_OK);
    struct notice notice = catcher_notice();
    setenv("CLOUD_TEST_URL", url, 1);
    FAIL_UNLESS(!SEND(&notice), "'%s' was taken", url);
    unsetenv("CLOUD_TEST_URL");
    catcher_stop(&catcher);
    return err;
}

TEST(a_secret_that_is_not_there_fails_its_sink_and_is_named_by_its_place)
{
    SINK_FOR("kind: webhook, url_file: no-such-file", ANSWER_OK);
    struct notice notice = catcher_notice();
    FAILS(SEND(&notice), err, ERR_NOT_FOUND);
    SAYS(err, "no-such-file");
    catcher_stop(&catcher);
    struct err unset = said_of("", "");
    SAYS(unset, "environment variable 'CLOUD_TEST_URL'");
}

TEST(a_url_is_https_unless_told_and_holds_no_user)
{
    struct err said = said_of("http://hooks.example.org/s3cr3t", "");
    SAYS(said, "allow_http");
    TRUE(strstr(said.text, "s3cr3t") == NULL);
    said = said_of("ftp://hooks.example.org/s3cr3t", ", allow_http: true");
    SAYS(said, "does not begin with https://");
    said = said_of("https://me:s3cr3t@hooks.example.org/", "");
    SAYS(said, "or a user");
    TRUE(strstr(said.text, "s3cr3t") == NULL);
    said = said_of("https://hooks.example.org/s3cr3t x", "");
    SAYS(said, "%XX");
    said = said_of("https:///s3cr3t", "");
    SAYS(said, "no host");
}

TEST(an_address_that_is_not_public_is_refused_unless_told)
{
    SINK_FOR("kind: webhook, url: 'http://127.0.0.1:PORT/x', allow_http: true", ANSWER_OK);
    struct notice notice = catcher_notice();
    FAILS(SEND(&notice), err, ERR_IO);
    SAYS(err, "not one of the public Internet");
    SAME(catcher_stop(&catcher), 0);
    struct err named = said_of("https://localhost:9/s3cr3t", "");
    SAYS(named, "not one of the public Internet");
}

#define OPEN                                                                                       \
    "kind: webhook, url: 'http://127.0.0.1:PORT/s3cr3t', allow_http: true, allow_private: true"

TEST(what_is_not_a_2xx_is_not_taken_and_says_when_to_come_again)
{
    SINK_FOR(OPEN, "HTTP/1.1 429 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", ANSWER_OK);
    struct notice notice = catcher_notice();
    FAILS(SEND(&notice), err, ERR_IO);
    SAYS(err, "it answered 429");
    SAME(retry_after_ms, 7000);
    err = (struct err){0};
    FAILS(SEND(&notice), err, ERR_IO);
    SAYS(err, "redirects are not followed");
    SAME(retry_after_ms, 0);
    err = (struct err){0};
    FAILS(SEND(&notice), err, ERR_IO);
    TRUE(strstr(err.text, "s3cr3t") == NULL);
    err = (struct err){0};
    WORKS(SEND(&notice), err);
    SAME(catcher_stop(&catcher), 4);
}

TEST(one_that_hangs_is_given_up_after_its_time)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 8 << 20};
    CLEANUP(sinks_release) struct sinks sinks = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    CLEANUP(fd_close) int fd = socket(AF_INET, SOCK_STREAM, 0);
    TRUE(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1) == 0 &&
         getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    struct config config;
    struct err err = {0};
    int64_t retry_after_ms;
    config_init(&config, &arena);
    WORKS(config_parse(&config,
                       catcher_yaml(OPEN ", timeout_ms: 200", ntohs(address.sin_port), &arena),
                       &err),
          err);
    WORKS(sinks_read(&sinks, &config, &err), err);
    struct notice notice = catcher_notice();
    FAILS(SEND(&notice), err, ERR_IO);
    SAYS(err, "Timeout");
}
