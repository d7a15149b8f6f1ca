/*
 * servers: those of monitor.servers, with the key and the certificates they are asked with.
 */
#ifndef MONITOR_SERVERS_H
#define MONITOR_SERVERS_H

#include "monitor/scrape.h"
#include "monitor/watch.h"

enum { SERVERS_MAX = 64 };

struct servers {
    struct scraper scraper;
    struct view server[SERVERS_MAX]; /* URLs */
    size_t count;                    /* 0: none is named, and there is nothing to close */
};

bool servers_open(struct servers *servers, struct watch_look *look, struct err *err);
void servers_close(struct servers *servers);

#endif
