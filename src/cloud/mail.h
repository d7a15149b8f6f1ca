/*
 * mail: a message of plain text as the Internet wants it (RFC 5322, 2045, 2047).
 *
 * Whatever the texts hold, they end no header and begin none: what is not printable ASCII goes
 * into encoded words, control characters become spaces, and the body is base64.
 */
#ifndef CLOUD_MAIL_H
#define CLOUD_MAIL_H

#include "base/text.h"

struct mail {
    struct view from; /* one address, checked */
    const struct view *to;
    size_t recipients;
    struct view subject, body;
    struct view id;       /* of Message-ID, before the '@' and from's domain */
    struct view reply_to; /* the id of the message it belongs to; empty: none */
    int64_t at_ms;
};

/* local@domain, printable ASCII without spaces, quotes, brackets or commas. */
bool mail_is_address(struct view address);

void mail_write(struct text *out, const struct mail *mail);

#endif
