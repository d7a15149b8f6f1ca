/*
 * request_id: by what name a request goes in logs and answers.
 *
 * The client's own X-Request-ID, when it is a short word and no card's number
 * is in it; else sixteen hex digits that no other request of this process has.
 */
#ifndef SERVE_REQUEST_ID_H
#define SERVE_REQUEST_ID_H

#include "http/http_request.h"

enum { REQUEST_ID_MAX = 64 };

/* The client's own; {0} when it sent none that may be used. */
struct view request_id_sent(const struct http_request *request);

/* The same of another field. */
struct view request_id_in(const struct http_request *request, const char *field);

/* One or the other. The digits are written into `room`. */
struct view request_id_of(const struct http_request *request, char room[REQUEST_ID_MAX]);

#endif
