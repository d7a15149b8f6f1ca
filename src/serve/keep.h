/*
 * keep: an answer's decisions into the journal, and the texts that may go there.
 *
 * Ids, entities and clients are kept as they came, but never a card's number: where one is found,
 * the request is refused, or with server_options.cards_hashed the text is replaced by its HMAC, so
 * that the same card is still the same entity.
 */
#ifndef SERVE_KEEP_H
#define SERVE_KEEP_H

#include "serve/visit.h"

/* Who decided, and for the rival and the shadow in which experiment. */
struct keep_as {
    enum variant variant;
    const struct lineup *lineup;
};

/* The request's own id, from Idempotency-Key or X-Amzn-SageMaker-Inference-Id, or one of ours when
 * there is a journal; empty without. `given` says which. ERR_INPUT: it is too long, not printable,
 * or has a card's number in it. */
bool keep_id(const struct visit *visit, struct view *id, bool *given, struct err *err);

/* Makes a text fit to be kept, in the request's arena. ERR_INPUT names what it is. */
bool keep_clean(const struct server *server, struct arena *arena, const char *what,
                struct view *text, struct err *err);

/* The same of an answer that is kept because its request has a key: each card's number that it
 * repeats from the request stands as its HMAC. */
bool keep_clean_told(const struct server *server, struct arena *arena, struct text *body,
                     struct err *err);

/* The decisions, and what was told for a request that has a key. Ticket 0: there is no journal, or
 * it dropped them. */
bool keep_answer(struct server *server, const struct http_request *request,
                 const struct contract_answer *answer, const struct keep_as *as, struct view client,
                 const struct journal_answer *told, uint64_t *ticket, struct err *err);

/* The answer goes when the journal has the ticket, if its durability promises that. */
void keep_wait(struct server *server, unsigned worker, uint64_t ticket,
               struct http_response *response);

#endif
