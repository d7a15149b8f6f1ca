#include "http/tls.h"

#include "base/clock.h"
#include "http/certificates.h"

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
        TRUE(SSL_CTX_use_certificate_chain_file(talk.context, certificate(name)) == 1);
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
    return (struct tls_options){names[0], names[1], ca ? names[2] : NULL, NULL};
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
    int64_t left_ms = tls_state_of(tls).expires_ms - clock_now_ms();
    TRUE(left_ms > INT64_C(29) * 86400000 && left_ms <= INT64_C(30) * 86400000);
}

/* ---------------------------------------------------------------- revocation lists */

/* A server whose lists are the bytes of these files, one after the other. */
static void put_lists(const char *first, const char *second)
{
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct view bytes;
    struct err err = {0};
    struct text text = text_in_arena(&arena);
    WORKS(file_load(certificate(first), 1 << 16, &arena, &bytes, &err), err);
    text_add(&text, bytes);
    if (second != NULL) {
        WORKS(file_load(certificate(second), 1 << 16, &arena, &bytes, &err), err);
        text_add(&text, bytes);
    }
    WORKS(file_save(certificate("live.crl"), text_view(&text), &err), err);
}

static struct tls *open_with_lists(const char *first, const char *second, struct err *err)
{
    static char path[600];
    put_lists(first, second);
    snprintf(path, sizeof path, "%s/live.crl", certificates());
    struct tls_options options = options_of("server", "server", true);
    options.client_crl = path;
    return tls_open(&options, err);
}

static bool comes_in(struct tls *tls, const char *show, int version)
{
    TALK(talk, tls, .show = show, .least = version, .most = version);
    return talk.server_done;
}

TEST(a_revoked_client_is_refused_and_the_others_are_not)
{
    struct err err = {0};
    CLEANUP(close_tls) struct tls *tls = open_with_lists("lost.crl", NULL, &err);
    FAIL_UNLESS(tls != NULL, "%s", err.text);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < LENGTH_OF(versions); i++) {
        TRUE(!comes_in(tls, "lost", versions[i]));
        TRUE(comes_in(tls, "till", versions[i]));
    }
    TRUE(!comes_in(tls, "expired", 0));
    TRUE(!comes_in(tls, "stranger", 0));
    struct tls_state now = tls_state_of(tls);
    SAME(now.refused[TLS_REVOKED], 2);
    SAME(now.refused[TLS_EXPIRED], 1);
    SAME(now.refused[TLS_OTHER], 1);
    int64_t left_ms = now.lists_expire_ms - clock_now_ms();
    TRUE(left_ms > INT64_C(29) * 86400000 && left_ms <= INT64_C(30) * 86400000);
    WORKS(tls_check_lists(tls, clock_now_ms(), &err), err);
}

TEST(a_new_list_is_in_force_for_new_sessions_and_open_ones_go_on)
{
    struct err err = {0};
    bool changed;
    CLEANUP(close_tls) struct tls *tls = open_with_lists("nobody.crl", NULL, &err);
    FAIL_UNLESS(tls != NULL, "%s", err.text);
    TALK(before, tls, .show = "lost");
    TRUE(is_open(&before));
    put_lists("lost.crl", NULL);
    WORKS(tls_refresh(tls, false, &changed, &err), err);
    TRUE(changed);
    TRUE(!comes_in(tls, "lost", 0));
    char byte = 'x';
    TRUE(SSL_write(before.client, &byte, 1) == 1);
    hand_over(SSL_get_wbio(before.client), SSL_get_rbio(before.server));
    TRUE(SSL_read(before.server, &byte, 1) == 1 && byte == 'x');
}

TEST(where_the_list_has_expired_or_is_not_there_nobody_comes_in_and_the_remedy_is_named)
{
    struct err err = {0};
    CLEANUP(close_tls) struct tls *old = open_with_lists("old.crl", NULL, &err);
    FAIL_UNLESS(old != NULL, "%s", err.text);
    TRUE(!comes_in(old, "till", 0));
    SAME(tls_state_of(old).refused[TLS_LIST_EXPIRED], 1);
    FAILS(tls_check_lists(old, clock_now_ms(), &err), err, ERR_INPUT);
    SAYS(err, "the list of '/CN=ca' has expired");

    err = (struct err){0};
    CLEANUP(close_tls) struct tls *other = open_with_lists("foreign.crl", NULL, &err);
    FAIL_UNLESS(other != NULL, "%s", err.text);
    WORKS(tls_check_lists(other, clock_now_ms(), &err), err);
    TRUE(!comes_in(other, "till", 0));
    SAME(tls_state_of(other).refused[TLS_NO_LIST], 1);
    FAILS(tls_check_lists(other, clock_now_ms(), &err), err, ERR_INPUT);
    SAYS(err, "has no list of '/CN=ca'");
}

TEST(of_an_issuers_lists_the_one_that_is_valid_counts)
{
    struct err err = {0};
    CLEANUP(close_tls) struct tls *tls = open_with_lists("old.crl", "lost.crl", &err);
    FAIL_UNLESS(tls != NULL, "%s", err.text);
    WORKS(tls_check_lists(tls, clock_now_ms(), &err), err);
    TRUE(comes_in(tls, "till", 0));
    TRUE(!comes_in(tls, "lost", 0));
    CLEANUP(close_tls) struct tls *mixed = open_with_lists("old.crl", "foreign.crl", &err);
    FAILS(tls_check_lists(mixed, clock_now_ms(), &err), err, ERR_INPUT);
    SAYS(err, "'/CN=ca'");
}

TEST(a_ca_between_is_looked_up_where_there_is_a_list_of_who_signed_it)
{
    struct err err = {0};
    CLEANUP(close_tls) struct tls *leaf = open_with_lists("middle.crl", NULL, &err);
    TRUE(comes_in(leaf, "branch", 0));
    CLEANUP(close_tls) struct tls *above = open_with_lists("nobody.crl", NULL, &err);
    TRUE(!comes_in(above, "branch", 0)); /* its own issuer has no list */
    CLEANUP(close_tls) struct tls *good = open_with_lists("middle.crl", "nobody.crl", &err);
    TRUE(comes_in(good, "branch", 0));
    char room[1024];
    TALK(talk, good, .show = "branch");
    TEXT(names_of(&talk, room), "branch-2\nbranch-2.bank.example\n");
    CLEANUP(close_tls) struct tls *revoked = open_with_lists("middle.crl", "both.crl", &err);
    TRUE(!comes_in(revoked, "branch", 0));
    SAME(tls_state_of(revoked).refused[TLS_REVOKED], 1);
    CLEANUP(close_tls) struct tls *stale = open_with_lists("middle.crl", "old.crl", &err);
    TRUE(!comes_in(stale, "branch", 0));
}

TEST(who_is_signed_by_nobody_here_does_not_say_which_list_is_missing)
{
    struct err err = {0};
    CLEANUP(close_tls) struct tls *tls = open_with_lists("lost.crl", NULL, &err);
    FAIL_UNLESS(tls != NULL, "%s", err.text);
    TRUE(!comes_in(tls, "liar", 0));
    WORKS(tls_check_lists(tls, clock_now_ms(), &err), err);
    SAME(tls_state_of(tls).refused[TLS_NO_LIST], 0);
    SAME(tls_state_of(tls).refused[TLS_OTHER], 1);
}

TEST(a_file_that_holds_no_lists_is_named_and_changes_nothing)
{
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"", "holds no revocation list"},
        {"nothing\n", "holds no revocation list"},
        {"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "something that is no"},
        {"-----BEGIN X509 CRL-----\n!\n", "something that is no"},
    };
    struct err err = {0};
    bool changed;
    CLEANUP(close_tls) struct tls *tls = open_with_lists("lost.crl", NULL, &err);
    FAIL_UNLESS(tls != NULL, "%s", err.text);
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        err = (struct err){0};
        WORKS(file_save(certificate("live.crl"), view_of(bad[i].text), &err), err);
        FAILS(tls_refresh(tls, false, &changed, &err), err, ERR_INPUT);
        SAYS(err, "serve.tls_client_crl");
        SAYS(err, bad[i].said);
    }
    err = (struct err){0};
    WORKS(file_save(certificate("broken.crl"), view_of(bad[2].text), &err), err);
    put_lists("lost.crl", "broken.crl");
    FAILS(tls_refresh(tls, false, &changed, &err), err, ERR_INPUT);
    TRUE(unlink(certificate("live.crl")) == 0);
    err = (struct err){0};
    FAILS(tls_refresh(tls, false, &changed, &err), err, ERR_NOT_FOUND);
    TRUE(!comes_in(tls, "lost", 0));
    TRUE(comes_in(tls, "till", 0));
}

TEST(lists_past_their_ceiling_are_refused)
{
    struct err err = {0};
    CLEANUP(close_tls) struct tls *tls = open_with_lists("lost.crl", NULL, &err);
    bool changed;
    TRUE(truncate(certificate("live.crl"), (16 << 20) + 1) == 0);
    FAILS(tls_refresh(tls, false, &changed, &err), err, ERR_LIMIT);
    SAYS(err, "serve.tls_client_crl");
}
