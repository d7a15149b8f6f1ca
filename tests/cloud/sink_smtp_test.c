#include "catcher.h"

#define OPEN "kind: smtp, host: 127.0.0.1, port: PORT, from: assay@example.org, "

/* A mail server of few words: what it hears is noted, one answer of the script a command. */
static void serve(int listening, const char *const *answer, size_t count, char *heard)
{
    int fd = accept(listening, NULL, NULL);
    size_t have = 0;
    for (size_t i = 0; i < count; i++) {
        const char *end = strncmp(answer[i], "250 kept", 8) == 0 ? "\r\n.\r\n" : "\r\n";
        size_t from = have;
        ssize_t more = 1;
        while (i > 0 && more > 0 && strstr(heard + from, end) == NULL) {
            more = read(fd, heard + have, CATCH_SIZE - 1 - have);
            have += more > 0 ? (size_t)more : 0;
        }
        if (write(fd, answer[i], strlen(answer[i])) < 0)
            _exit(1);
    }
    close(fd);
    _exit(0);
}

static struct catcher smtp_start(const char *const *answer, size_t count)
{
    struct catcher catcher = catcher_start(answer, 0); /* for the memory it shares */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    catcher_stop(&catcher);
    assert(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1) == 0 &&
           getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    catcher.port = ntohs(address.sin_port);
    catcher.child = fork();
    if (catcher.child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(fd, answer, count, catcher.caught->text[0]);
    }
    close(fd);
    return catcher;
}

#define SMTP_FOR(settings, ...)                                                                    \
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};                               \
    CLEANUP(sinks_release) struct sinks sinks = {0};                                               \
    struct err err = {0};                                                                          \
    int64_t retry_after_ms = -1;                                                                   \
    struct config config;                                                                          \
    static const char *const script[] = {__VA_ARGS__};                                             \
    struct catcher catcher = smtp_start(script, LENGTH_OF(script));                                \
    struct notice notice = catcher_notice();                                                       \
    config_init(&config, &arena);                                                                  \
    WORKS(config_parse(&config, catcher_yaml(OPEN settings, catcher.port, &arena), &err), err);    \
    WORKS(sinks_read(&sinks, &config, &err), err)

TEST(a_mail_goes_to_every_recipient_and_belongs_to_its_conversation)
{
    SMTP_FOR("to: [a@example.org, b@example.org], tls: none, allow_private: true", "220 hi\r\n",
             "250 hello\r\n", "250 from\r\n", "250 to\r\n", "250 to\r\n", "354 go on\r\n",
             "250 kept\r\n");
    notice.id = VIEW("0123456789abcdef0123456789abcdef-2");
    WORKS(SEND(&notice), err);
    catcher_stop(&catcher);
    const char *heard = catcher.caught->text[0];
    TRUE(strstr(heard, "MAIL FROM:<assay@example.org>") != NULL);
    TRUE(strstr(heard, "RCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n") != NULL);
    TRUE(strstr(heard, "\r\nSubject: A column has drifted: amount\r\n") != NULL);
    TRUE(strstr(heard, "\r\nMessage-ID: <0123456789abcdef0123456789abcdef-2@example.org>\r\n") !=
         NULL);
    TRUE(strstr(heard, "\r\nIn-Reply-To: <0123456789abcdef0123456789abcdef-1@example.org>\r\n") !=
         NULL);
}

TEST(a_mail_that_one_recipient_refuses_goes_to_nobody_and_says_the_servers_last_word)
{
    SMTP_FOR("to: [a@example.org, b@example.org], tls: none, allow_private: true", "220 hi\r\n",
             "250 hello\r\n", "250 from\r\n", "250 to\r\n", "550 no such user\r\n", "250 bye\r\n");
    FAILS(SEND(&notice), err, ERR_IO);
    catcher_stop(&catcher);
    SAYS(err, "the mail server's last word was 550");
    TRUE(strstr(catcher.caught->text[0], "DATA") == NULL);
}

TEST(a_server_without_tls_gets_neither_password_nor_mail)
{
    setenv("CLOUD_PASSWORD", "s3cr3t", 1);
    SMTP_FOR("to: [a@example.org], user: u, password_env: CLOUD_PASSWORD, allow_private: true",
             "220 hi\r\n", "250-hello\r\n250 AUTH PLAIN LOGIN\r\n", "250 bye\r\n");
    FAILS(SEND(&notice), err, ERR_IO);
    catcher_stop(&catcher);
    TRUE(strstr(catcher.caught->text[0], "AUTH") == NULL);
    TRUE(strstr(catcher.caught->text[0], "MAIL") == NULL);
    TRUE(strstr(err.text, "s3cr3t") == NULL);
}

TEST(a_mail_server_that_is_not_public_is_refused_unless_told)
{
    SMTP_FOR("to: [a@example.org], tls: none", "220 hi\r\n");
    FAILS(SEND(&notice), err, ERR_IO);
    SAYS(err, "not one of the public Internet");
    catcher_stop(&catcher);
}
