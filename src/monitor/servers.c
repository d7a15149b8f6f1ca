#include "monitor/servers.h"

#include "base/file.h"

enum { KEY_SIZE_MAX = 4096 };

static bool is_named(const struct servers *servers, struct view server)
{
    for (size_t i = 0; i < servers->count; i++)
        if (view_same(servers->server[i], server))
            return true;
    return false;
}

static bool take_servers(struct servers *servers, const struct config *config, struct err *err)
{
    const struct yaml *list = config_node(config, "monitor.servers");
    for (const struct yaml *item = list == NULL ? NULL : list->first; item; item = item->next) {
        if (!view_starts(item->text, "http://") && !view_starts(item->text, "https://"))
            return config_wrong(config, item, err, "monitor.servers takes http://HOST:PORT");
        if (memchr(item->text.text, '@', item->text.length) != NULL)
            return config_wrong(config, item, err,
                                "a server's URL has no user: its key belongs into "
                                "monitor.key_file");
        if (is_named(servers, item->text))
            return config_wrong(config, item, err, "a server is named twice: it would count twice");
        if (servers->count == SERVERS_MAX)
            return config_wrong(config, item, err, "there are at most %d servers", SERVERS_MAX);
        servers->server[servers->count++] = item->text;
    }
    return true;
}

static bool take_key(struct scraper *scraper, const struct watch_look *look, struct err *err)
{
    const struct config *config = look->config;
    struct view key;
    if (config_text(config, KEY_MONITOR_CA_FILE).length > 0)
        scraper->authority = config_path(config, KEY_MONITOR_CA_FILE);
    if (config_text(config, KEY_MONITOR_KEY_FILE).length == 0)
        return true;
    if (!file_load(config_path(config, KEY_MONITOR_KEY_FILE), KEY_SIZE_MAX, look->arena, &key, err))
        return err_while(err, "monitor.key_file");
    scraper->key = view_copy(view_trim(key), look->arena);
    return scraper->key != NULL || err_set(err, ERR_LIMIT, "the key does not fit the memory limit");
}

bool servers_open(struct servers *servers, struct watch_look *look, struct err *err)
{
    *servers = (struct servers){0};
    if (!take_servers(servers, look->config, err))
        return false;
    if (servers->count == 0)
        return true;
    if (!scraper_open(&servers->scraper, look->store, err))
        return false;
    if (take_key(&servers->scraper, look, err))
        return true;
    servers_close(servers);
    return false;
}

void servers_close(struct servers *servers)
{
    if (servers->count > 0)
        scraper_close(&servers->scraper);
    servers->count = 0;
}
