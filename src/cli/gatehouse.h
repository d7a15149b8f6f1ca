/*
 * gatehouse: what serve.* says about who comes in, checked and opened: addresses,
 * certificates, authentication, origins.
 *
 *     CLEANUP(gatehouse_close) struct gatehouse gatehouse = {0};
 *     if (!gatehouse_open(&gatehouse, &project, err)) ...
 *     options.gateway = gatehouse.gateway;
 *     gatehouse_listen(&gatehouse, &options.http);
 *
 * An address that others can reach is refused without authentication.
 */
#ifndef CLI_GATEHOUSE_H
#define CLI_GATEHOUSE_H

#include "cli/project.h"
#include "serve/gateway.h"
#include "http/http.h"

struct gatehouse {
    struct gateway_options gateway; /* its texts are the project's arena's */
    struct tls *tls;
    const char *host;   /* NULL: none */
    const char *socket; /* NULL: none */
    bool access_log;    /* to access_log_path, NULL: standard error */
    const char *access_log_path;
    bool emf; /* the same */
    const char *emf_path;
    const char *emf_namespace, *endpoint;
    const char *warning; /* what is not as it should be, and is allowed; NULL: nothing */
};

bool gatehouse_open(struct gatehouse *gatehouse, struct project *project, struct err *err);
void gatehouse_close(struct gatehouse *gatehouse); /* after the server; safe on a zeroed struct */

void gatehouse_listen(const struct gatehouse *gatehouse, struct http_options *options);

#endif
