/*
 * contract: how one platform or system speaks. How its requests' rows lie, what
 * its answers and its errors say. Between the two every contract is the same:
 * records are decoded, decided, and written out again.
 *
 * One file and one row of contracts.def each; which path speaks which contract
 * is said by routes.def and the handlers in answer_*.c.
 */
#ifndef SERVE_CONTRACT_H
#define SERVE_CONTRACT_H

#include "base/json.h"
#include "decide/decision.h"
#include "decide/outcome.h"
#include "serve/decode.h"
#include "http/http_request.h"
#include "http/http_response.h"
#include "serve/selection.h"
#include "serve/serving.h"
#include "serve/shape.h"

enum { CONTRACT_ID_MAX = 128 };

/* Which rows are explained. */
enum contract_reasons { REASONS_NONE, REASONS_ALERTS, REASONS_ALL };

struct contract_row {
    float score; /* the model's own, as most contracts print it */
    bool fraud;  /* by the policy's threshold */
    float margin;
    double probability; /* calibrated */
    enum outcome outcome;
    double amount;              /* NaN: not known */
    struct view entity;         /* empty: not known */
    struct view unit;           /* by what a running experiment splits; empty: not known */
    const float *features;      /* what the model saw, the plan's width */
    const double *contribution; /* by feature; NULL: not explained */
    const struct reason *reason;
    size_t reasons;
};

/* What is asked of contract_decide, and what comes of it. */
struct contract_answer {
    const struct served *served;
    const struct http_request *request;
    enum contract_reasons explain;
    size_t unit_column; /* of the schema; SIZE_MAX: none */
    struct view id;     /* of the request; row i of several is ID/i. Empty: none was made */

    const struct selection *selection; /* of SageMaker's contract; NULL or empty: none */
    struct meters *meters; /* what counts cells that break what is expected of them, or NULL */

    bool left_out; /* of the experiment that runs: its rival was to decide, and could not */

    const struct contract_row *row; /* in the request's arena, like all that it points to */
    size_t count;
    uint64_t filled, unseen; /* absent features filled, category values never seen in training */
    const void *state;       /* what the contract's shape has kept of the body */
};

struct contract_fault {
    int status;
    enum err_kind kind; /* ERR_NONE when it did not come from an error */
    struct view text;
};

struct contract {
    const char *name;
    const char *about;
    struct decode_rules rules;
    enum contract_reasons explain; /* without being asked */
    /* What the body itself asks for: may change answer->explain, once the shape has kept what it
     * keeps and before the first row. NULL: nothing. */
    bool (*ask)(struct contract_answer *answer, struct err *err);
    bool only_asks; /* what it answers is no decision: not kept, not counted, never the rival's */
    const char *answer;              /* its answers as JSON Schema */
    const char *const *answers_text; /* content types it answers in besides; NULL: none */
    /* Both write the body, and the content type where it is not JSON. */
    void (*encode)(const struct contract_answer *answer, struct http_response *response);
    void (*fault)(const struct contract_fault *fault, struct http_response *response);
    /* The declared outcome where none could be decided. NULL: the contract has no words for it. */
    void (*fallback)(struct view id, const char *outcome, const char *why,
                     struct http_response *response);
    int bad_input; /* the status of ERR_INPUT; 0: as base/errs.def says */
};

#define CONTRACT(name) extern const struct contract contract_##name;
#include "serve/contracts.def"
#undef CONTRACT

extern const struct contract *const contracts[];
extern const size_t contracts_count;

/* Decides the request's records: `answer` in with served, request and explain, out with rows. On
 * failure there are none; contract_fault writes what is wrong. */
bool contract_decide(const struct contract *contract, struct contract_answer *answer,
                     struct err *err);

/* Writes a fault in the contract's words, in place of whatever was written. */
void contract_fail(const struct contract *contract, int status, struct view text,
                   struct http_response *response);
void contract_fail_by(const struct contract *contract, const struct err *err,
                      struct http_response *response);

/* A probability's shortest text, as every contract prints it: the float widened to double. */
void contract_probability(struct json *json, float score);

/* "model": {"name", "version", "sha256"} */
void contract_add_model(const struct served *served, struct json *json);

/* {"model": {...}, "NAME": [what `add` writes of each row]} */
void contract_encode_rows(const struct contract_answer *answer, const char *name,
                          void (*add)(const struct contract_answer *answer, size_t i,
                                      struct json *json),
                          struct http_response *response);

/* A row's id: the request's, with its number behind when there are several. */
void contract_add_id(const struct contract_answer *answer, size_t i, struct json *json);

/* [{"code","text","share"}, ...] of a row that is explained. */
void contract_add_reasons(const struct contract_row *row, struct json *json);

/* "predictions": [score, ...] */
void contract_add_predictions(const struct contract_answer *answer, struct json *json);
void contract_encode_predictions(const struct contract_answer *answer,
                                 struct http_response *response); /* that alone, in an object */

/* The members of a row that is explained: probability, margin, expected, contributions, reasons. */
void contract_add_explanation(const struct contract_answer *answer, const struct contract_row *row,
                              struct json *json);

/* {"error": text}, {"detail": text} */
void contract_fault_error(const struct contract_fault *fault, struct http_response *response);
void contract_fault_detail(const struct contract_fault *fault, struct http_response *response);

#endif
