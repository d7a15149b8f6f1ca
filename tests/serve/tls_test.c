#include "serve/tls.h"

#include "base/clock.h"
#include "serve/certificates.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two sessions that talk to each other through memory: no sockets, no threads. */
struct talk {
    SSL_CTX *context; /* the client's */
    SSL *client;
    struct ssl_st *server;
    bool client_done, server_done;
};

static void talk_close(struct talk *talk)
{
    SSL_free(talk->client);
    SSL_free(talk->server);
    SSL_CTX_free(talk->context);
}

static void hand_over(BIO *from, BIO *to)
{
    char bytes[16384];
    int size;
    while ((size = BIO_read(from, bytes, sizeof bytes)) > 0)
        TRUE(BIO_write(to, bytes, size) == size);
}

/* One turn of each side. */
static void turn(struct talk *talk)
{
    talk->client_done = SSL_do_handshake(talk->client) == 1;
    hand_over(SSL_get_wbio(talk->client), SSL_get_rbio(talk->server));
    talk->server_done = SSL_do_handshake(talk->server) == 1;
    hand_over(SSL_get_wbio(talk->server), SSL_get_rbio(talk->client));
    ERR_clear_error();
}

struct wish {
    const char *show;     /* certificate and key, without the ending; NULL: none */
    int least, most;      /* protocol versions; 0: any */
    const char *ciphers;  /* of TLS 1.2; NULL: any */
    const char *protocol; /* to ask for, with its length before it; NULL: none */
};

static struct talk talk_open(struct tls *tls, struct wish wish)
{
    struct talk talk = {.context = SSL_CTX_new(TLS_client_method()), .server = tls_accept(tls)};
    TRUE(talk.context != NULL && talk.server != NULL);
    SSL_CTX_set_security_level(talk.context, 0);
    SSL_CTX_set_min_proto_version(talk.context, wish.least);
    SSL_CTX_set_max_proto_version(talk.context, wish.most);
    TRUE(SSL_CTX_load_verify_locations(talk.context, certificate("ca.pem"), NULL) == 1);
    SSL_CTX_set_verify(talk.context, SSL_VERIFY_PEER, NULL);
    if (wish.ciphers != NULL)
        TRUE(SSL_CTX_set_cipher_list(talk.context, wish.ciphers) == 1);
    if (wish.protocol != NULL)
        TRUE(SSL_CTX_set_alpn_protos(talk.context, (const unsigned char *)wish.protocol,
                                     (unsigned)strlen(wish.protocol)) == 0);
    char name[64];
    if (wish.show != NULL) {
        snprintf(name, sizeof name, "%s.pem", wish.show);
        TRUE(SSL_CTX_use_certificate_file(talk.context, certificate(name), SSL_FILETYPE_PEM) == 1);
        snprintf(name, sizeof name, "%s.key", wish.show);
        TRUE(SSL_CTX_use_PrivateKey_file(talk.context, certificate(name), SSL_FILETYPE_PEM) == 1);
    }
    talk.client = SSL_new(talk.context);
    SSL_set_connect_state(talk.client);
    SSL_set_accept_state(talk.server);
    SSL_set_bio(talk.client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_bio(talk.server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    for (int i = 0; i < 6; i++)
        turn(&talk);
    return talk;
}

#define TLS(name, ca) CLEANUP(close_tls) struct tls *name = open_tls("server", "server", ca)
#define TALK(name, tls, ...)                                                                       \
    CLEANUP(talk_close) struct talk name = talk_open(tls, (struct wish){__VA_ARGS__})

static void close_tls(struct tls **tls)
{
    tls_close(*tls);
}

static struct tls_options options_of(const char *server, const char *key, bool ca)
{
    static char names[3][600];
    snprintf(names[0], sizeof names[0], "%s/%s.pem", certificates(), server);
    snprintf(names[1], sizeof names[1], "%s/%s.key", certificates(), key);
    snprintf(names[2], sizeof names[2], "%s/ca.pem", certificates());
    return (struct tls_options){names[0], names[1], ca ? names[2] : NULL};
}

static struct tls *open_tls(const char *server, const char *key, bool ca)
{
    struct err err = {0};
    struct tls_options options = options_of(server, key, ca);
    struct tls *tls = tls_open(&options, &err);
    FAIL_UNLESS(tls != NULL, "%s", err.text);
    return tls;
}

static bool is_open(const struct talk *talk)
{
    return talk->client_done && talk->server_done;
}

static struct view names_of(struct talk *talk, char room[1024])
{
    struct text text = text_in(room, 1024);
    tls_names(talk->server, &text);
    return text_view(&text);
}

TEST(versions_1_2_and_1_3_are_spoken_and_older_ones_are_not)
{
    TLS(tls, false);
    TALK(old, tls, .most = TLS1_1_VERSION);
    TRUE(!is_open(&old));
    TALK(two, tls, .most = TLS1_2_VERSION);
    TRUE(is_open(&two));
    TALK(three, tls, .least = TLS1_3_VERSION);
    TRUE(is_open(&three));
    TEXT(view_of(SSL_get_version(three.client)), "TLSv1.3");
}

TEST(ciphers_without_forward_secrecy_or_authentication_of_bytes_are_not_taken)
{
    TLS(tls, false);
    TALK(cbc, tls, .most = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA256");
    TRUE(!is_open(&cbc));
    TALK(gcm, tls, .most = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256");
    TRUE(is_open(&gcm));
}

TEST(a_client_that_renegotiates_is_refused)
{
    TLS(tls, false);
    TALK(talk, tls, .most = TLS1_2_VERSION);
    TRUE(is_open(&talk));
    TRUE(SSL_renegotiate(talk.client) == 1);
    turn(&talk);
    turn(&talk);
    TRUE(!SSL_is_init_finished(talk.client) || SSL_get_shutdown(talk.client) != 0 ||
         SSL_session_reused(talk.client) == 0);
    TRUE(SSL_do_handshake(talk.client) != 1);
}

TEST(http_1_1_is_chosen_of_several_protocols)
{
    TLS(tls, false);
    TALK(talk, tls, .protocol = "\x02h2\x08http/1.1");
    const unsigned char *chosen;
    unsigned size;
    SSL_get0_alpn_selected(talk.client, &chosen, &size);
    TRUE(is_open(&talk) && size == 8 && memcmp(chosen, "http/1.1", 8) == 0);
    TALK(other, tls, .protocol = "\x02h2");
    TRUE(is_open(&other));
}

TEST(with_a_client_ca_only_its_certificates_come_in)
{
    TLS(tls, true);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < LENGTH_OF(versions); i++) {
        TALK(till, tls, .show = "till", .least = versions[i], .most = versions[i]);
        TRUE(is_open(&till));
        TALK(none, tls, .least = versions[i], .most = versions[i]);
        TRUE(!none.server_done);
        TALK(expired, tls, .show = "expired", .least = versions[i], .most = versions[i]);
        TRUE(!expired.server_done);
        TALK(stranger, tls, .show = "stranger", .least = versions[i], .most = versions[i]);
        TRUE(!stranger.server_done);
    }
}

TEST(a_certificates_names_are_its_common_name_and_its_alternative_names)
{
    char room[1024];
    TLS(tls, true);
    TALK(talk, tls, .show = "till");
    TEXT(names_of(&talk, room), "till-7\ntill-7.bank.example\nspiffe://bank/till-7\n");
    TLS(open, false);
    TALK(other, open, .show = "till");
    TRUE(is_open(&other));
    TEXT(names_of(&other, room), "");
}

TEST(with_a_client_ca_no_session_is_resumed)
{
    TLS(tls, true);
    TALK(talk, tls, .show = "till", .most = TLS1_2_VERSION);
    TRUE(is_open(&talk));
    SAME(SSL_SESSION_has_ticket(SSL_get_session(talk.client)), 0);
    unsigned size;
    SSL_SESSION_get_id(SSL_get_session(talk.client), &size);
    SAME(size, 0);
}

static void copy(const char *from, const char *to)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view bytes;
    struct err err = {0};
    WORKS(file_load(certificate(from), 1 << 16, &arena, &bytes, &err), err);
    WORKS(file_save(certificate(to), bytes, &err), err);
}

static long serial_of(struct talk *talk)
{
    X509 *certificate = SSL_get1_peer_certificate(talk->client);
    unsigned long hash = X509_issuer_and_serial_hash(certificate);
    X509_free(certificate);
    return (long)(hash & 0x7fffffff);
}

TEST(a_changed_certificate_is_shown_from_then_on_and_open_sessions_go_on)
{
    copy("server.pem", "live.pem");
    copy("server.key", "live.key");
    CLEANUP(close_tls) struct tls *tls = open_tls("live", "live", false);
    struct err err = {0};
    bool changed = true;
    TALK(before, tls, .show = NULL);
    WORKS(tls_refresh(tls, false, &changed, &err), err);
    TRUE(!changed);

    copy("other.pem", "live.pem"); /* and not yet its key */
    FAILS(tls_refresh(tls, false, &changed, &err), err, ERR_INPUT);
    SAYS(err, "serve.tls_key");
    TRUE(!changed);
    TALK(between, tls, .show = NULL);
    SAME(serial_of(&between), serial_of(&before));

    copy("other.key", "live.key");
    err = (struct err){0};
    WORKS(tls_refresh(tls, false, &changed, &err), err);
    TRUE(changed);
    TALK(after, tls, .show = NULL);
    TRUE(is_open(&after));
    TRUE(serial_of(&after) != serial_of(&before));

    char byte = 'x';
    TRUE(SSL_write(before.client, &byte, 1) == 1);
    hand_over(SSL_get_wbio(before.client), SSL_get_rbio(before.server));
    byte = 0;
    TRUE(SSL_read(before.server, &byte, 1) == 1 && byte == 'x');
    WORKS(tls_refresh(tls, false, &changed, &err), err);
    TRUE(!changed);
    WORKS(tls_refresh(tls, true, &changed, &err), err);
    TRUE(changed);
}

TEST(files_that_do_not_fit_are_named)
{
    struct err err = {0};
    struct tls_options options = options_of("server", "other", false);
    TRUE(tls_open(&options, &err) == NULL);
    SAME(err.kind, ERR_INPUT);
    SAYS(err, "other.key");
    options = options_of("nowhere", "other", false);
    TRUE(tls_open(&options, &err) == NULL);
    SAME(err.kind, ERR_NOT_FOUND);
    SAYS(err, "nowhere.pem");
    options = options_of("server", "server", false);
    options.client_ca = options.key;
    TRUE(tls_open(&options, &err) == NULL);
    SAME(err.kind, ERR_INPUT);
    SAYS(err, "serve.tls_client_ca");
}

TEST(the_expiry_is_the_certificates)
{
    TLS(tls, false);
    int64_t left_ms = tls_expires_ms(tls) - clock_now_ms();
    TRUE(left_ms > INT64_C(29) * 86400000 && left_ms <= INT64_C(30) * 86400000);
}
