/*
 * scrape: our servers' /metrics, looked at again and again, and kept, so that counters make
 * figures over a window whoever looked, and whether it runs on or once in a while.
 *
 *     scrape_server(&scraper, server, now_ms, &figures, &why)       asks and keeps
 *     scrape_window(&store, server, now_ms, window_ms, &window, err)
 *     if (window.covered_ms >= window_ms / 2) use(window.increase)
 */
#ifndef MONITOR_SCRAPE_H
#define MONITOR_SCRAPE_H

#include "monitor/figures.h"
#include "store/http_client.h"
#include "store/store.h"

struct scraper {
    struct store *store;
    struct http_client http;
    const char *key;       /* of a client with the scope metrics; NULL: the server wants none */
    const char *authority; /* PEM file, or NULL */
    struct arena arena;    /* of one answer */
};

bool scraper_open(struct scraper *scraper, struct store *store, struct err *err);
void scraper_close(struct scraper *scraper);

/* `server` is its URL, with or without /metrics. False: it did not give them, or the database
 * failed (ERR_STORE). */
bool scrape_server(struct scraper *scraper, struct view server, int64_t now_ms, struct figures *out,
                   struct err *err);

/* The page alone, for those who want more of it; until the next call. */
bool scrape_page(struct scraper *scraper, struct view server, struct view *out, struct err *err);

/* What was added between the last look before the window, or the first within, and its last. */
struct scrape_window {
    struct figures increase;
    int64_t covered_ms; /* between these two looks; 0: there are not two */
};
bool scrape_window(struct store *store, struct view server, int64_t until_ms, int64_t window_ms,
                   struct scrape_window *out, struct err *err);

bool scrape_prune(struct store *store, int64_t before_ms, struct err *err);

#endif
