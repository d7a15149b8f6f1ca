/*
 * contract: how one system speaks. What its requests look like, what its
 * answers and its errors say. Between the two every contract is the same:
 * records are decoded, decided, and written out again.
 *
 * One file and one row of contracts.def each; which path speaks which contract
 * is said by routes.def.
 */
#ifndef SERVE_CONTRACT_H
#define SERVE_CONTRACT_H

#include "base/json.h"
#include "serve/decode.h"
#include "serve/http_request.h"
#include "serve/http_response.h"
#include "serve/serving.h"

struct contract_row {
    float score; /* the fraud probability */
    bool fraud;  /* by the policy's threshold */
};

struct contract_answer {
    const struct served *served;
    const struct contract_row *row; /* in the request's arena */
    size_t count;
    uint64_t filled, unseen; /* absent features filled, category values never seen in training */
};

struct contract {
    const char *name;
    const char *about;
    struct decode_rules rules;
    void (*encode)(const struct contract_answer *answer, struct json *json);
    void (*fault)(struct view text, struct json *json);
};

#define CONTRACT(name) extern const struct contract contract_##name;
#include "serve/contracts.def"
#undef CONTRACT

extern const struct contract *const contracts[];
extern const size_t contracts_count;

/* Scores the request's records and writes the answer, or the fault and its status. `answer` is
 * what was decided; nothing after a fault. */
bool contract_score(const struct contract *contract, const struct served *served,
                    const struct http_request *request, struct http_response *response,
                    struct contract_answer *answer);

/* Writes a fault in the contract's words. */
void contract_fail(const struct contract *contract, int status, struct view text,
                   struct http_response *response);

/* A probability's shortest text, as every contract prints it: the float widened to double. */
void contract_probability(struct json *json, float score);

/* {"error": text}, {"detail": text} */
void contract_fault_error(struct view text, struct json *json);
void contract_fault_detail(struct view text, struct json *json);

#endif
