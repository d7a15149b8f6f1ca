#include "monitor/servers.h"

#include "base/file.h"
#include "harness.h"

struct rig {
    struct arena arena;
    struct config config;
    struct store store;
    struct watch_look look;
};

static void begin(struct rig *rig, const char *yaml)
{
    struct err err = {0};
    *rig = (struct rig){.arena = {.limit = 4 << 20}};
    config_init(&rig->config, &rig->arena);
    WORKS(config_parse(&rig->config, view_of(yaml), &err), err);
    rig->look =
        (struct watch_look){.config = &rig->config, .store = &rig->store, .arena = &rig->arena};
}

static void rig_release(struct rig *rig)
{
    arena_release(&rig->arena);
}

TEST(none_are_named_and_there_is_nothing_to_close)
{
    CLEANUP(rig_release) struct rig rig;
    CLEANUP(servers_close) struct servers servers;
    struct err err = {0};
    begin(&rig, "monitor: {key_file: /nowhere/at/all}\n");
    WORKS(servers_open(&servers, &rig.look, &err), err);
    SAME(servers.count, 0);
}

TEST(servers_are_asked_with_the_key_and_the_certificates_that_are_named)
{
    CLEANUP(rig_release) struct rig rig;
    CLEANUP(servers_close) struct servers servers;
    CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
    struct err err = {0};
    struct text yaml = text_in_arena(&arena);
    const char *key = path_join(&arena, test_dir(), "key");
    WORKS(file_save(key, VIEW("  ak_1_secret\n"), &err), err);
    text_addf(&yaml,
              "monitor: {servers: ['http://a:8080', 'https://b'], key_file: '%s', "
              "ca_file: /etc/ca.pem}\n",
              key);
    begin(&rig, text_c(&yaml));
    WORKS(servers_open(&servers, &rig.look, &err), err);
    SAME(servers.count, 2);
    TEXT(servers.server[0], "http://a:8080");
    TEXT(servers.server[1], "https://b");
    TEXT(view_of(servers.scraper.key), "ak_1_secret");
    TEXT(view_of(servers.scraper.authority), "/etc/ca.pem");
    TRUE(servers.scraper.store == &rig.store);
}

TEST(without_a_key_and_certificates_none_are_shown)
{
    CLEANUP(rig_release) struct rig rig;
    CLEANUP(servers_close) struct servers servers;
    struct err err = {0};
    begin(&rig, "monitor: {servers: ['http://a:8080']}\n");
    WORKS(servers_open(&servers, &rig.look, &err), err);
    TRUE(servers.scraper.key == NULL && servers.scraper.authority == NULL);
}

TEST(what_is_no_server_is_refused_with_its_place)
{
    static const struct {
        const char *yaml, *says;
        enum err_kind kind;
    } cases[] = {
        {"monitor:\n  servers: ['ftp://host']\n", "http://HOST:PORT", ERR_INPUT},
        {"monitor:\n  servers: ['http://a', 'host:8080']\n", "http://HOST:PORT", ERR_INPUT},
        {"monitor:\n  servers: ['http://a', 'http://b', 'http://a']\n", "twice", ERR_INPUT},
        {"monitor:\n  servers: ['http://ann:sesame@host']\n", "monitor.key_file", ERR_INPUT},
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CLEANUP(rig_release) struct rig rig;
        struct servers servers;
        struct err err = {0};
        begin(&rig, cases[i].yaml);
        FAILS(servers_open(&servers, &rig.look, &err), err, cases[i].kind);
        SAYS(err, cases[i].says);
        SAYS(err, "line 2");
        TRUE(strstr(err.text, "sesame") == NULL);
    }
}

TEST(there_are_at_most_so_many)
{
    for (int more = 0; more < 2; more++) {
        CLEANUP(rig_release) struct rig rig;
        CLEANUP(arena_release) struct arena arena = {.limit = 1 << 20};
        struct servers servers;
        struct err err = {0};
        struct text yaml = text_in_arena(&arena);
        text_adds(&yaml, "monitor:\n  servers:\n");
        for (int i = 0; i < SERVERS_MAX + more; i++)
            text_addf(&yaml, "    - 'http://host%d'\n", i);
        begin(&rig, text_c(&yaml));
        if (more == 1) {
            FAILS(servers_open(&servers, &rig.look, &err), err, ERR_INPUT);
            SAYS(err, "at most 64");
            break;
        }
        WORKS(servers_open(&servers, &rig.look, &err), err);
        SAME(servers.count, SERVERS_MAX);
        servers_close(&servers);
    }
}

TEST(a_key_file_that_is_not_there_is_named_and_nothing_is_left_open)
{
    CLEANUP(rig_release) struct rig rig;
    struct servers servers;
    struct err err = {0};
    begin(&rig, "monitor: {servers: ['http://a'], key_file: /nowhere/at/all}\n");
    TRUE(!servers_open(&servers, &rig.look, &err));
    SAYS(err, "monitor.key_file");
    SAYS(err, "/nowhere/at/all");
    SAME(servers.count, 0);
}
