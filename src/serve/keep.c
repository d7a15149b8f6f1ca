#include "serve/keep.h"

#include "base/card_number.h"
#include "base/clock.h"
#include "store/experiment.h"

static bool has_only_printable(struct view text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.text[i] < '!' || text.text[i] > '~')
            return false;
    return true;
}

static bool refuse_card(const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "%s holds what looks like a card's number, which is never kept: send a token, "
                   "or set journal.card_numbers to hmac",
                   what);
}

bool keep_clean(const struct server *server, struct arena *arena, const char *what,
                struct view *text, struct err *err)
{
    if (!card_number_in(*text))
        return true;
    if (!server->options.cards_hashed)
        return refuse_card(what, err);
    struct digest digest = digest_hmac(server->options.card_key, *text);
    char *hex = arena_alloc(arena, 1, DIGEST_HEX_SIZE);
    if (hex == NULL)
        return err_set(err, ERR_LIMIT, "the request does not fit what one may use");
    *text = view_of(digest_print(&digest, hex));
    return true;
}

bool keep_clean_told(const struct server *server, struct arena *arena, struct text *body,
                     struct err *err)
{
    struct view rest = text_view(body), card;
    if (!card_number_in(rest))
        return true;
    if (!server->options.cards_hashed)
        return refuse_card("the answer, which repeats what was sent,", err);
    struct text clean = text_in_arena(arena);
    while (card_number_find(rest, &card)) {
        char hex[DIGEST_HEX_SIZE];
        struct digest digest = digest_hmac(server->options.card_key, card);
        text_add(&clean, (struct view){rest.text, (size_t)(card.text - rest.text)});
        text_adds(&clean, digest_print(&digest, hex));
        rest = view_from(rest, (size_t)(card.text - rest.text) + card.length);
    }
    text_add(&clean, rest);
    if (clean.cut)
        return err_set(err, ERR_LIMIT, "the answer is larger than one request may use");
    *body = clean;
    return true;
}

bool keep_id(const struct visit *visit, struct view *id, bool *given, struct err *err)
{
    const struct http_request *request = visit->request;
    struct server *server = visit->server;
    *id = http_request_field(request, "idempotency-key");
    if (id->length == 0)
        *id = http_request_field(request, "x-amzn-sagemaker-inference-id");
    *given = id->length > 0;
    if (*given) {
        if (id->length > CONTRACT_ID_MAX || !has_only_printable(*id))
            return err_set(err, ERR_INPUT,
                           "the request's id is longer than %d bytes or not plain ASCII",
                           CONTRACT_ID_MAX);
        if (view_ends(*id, EXPERIMENT_SHADOW_ID))
            return err_set(err, ERR_INPUT,
                           "an id that ends in " EXPERIMENT_SHADOW_ID
                           " is a shadow's: send another");
        return keep_clean(server, request->arena, "the request's id", id, err);
    }
    if (server->options.journal == NULL)
        return true;
    char *own = arena_alloc(request->arena, 1, JOURNAL_ID_SIZE);
    if (own == NULL)
        return err_set(err, ERR_LIMIT, "the request does not fit what one may use");
    journal_id(&server->ids[request->worker], clock_now_us(), own);
    *id = view_of(own);
    return true;
}

/* The id of row i, in the arena. */
static bool row_id(const struct contract_answer *answer, size_t i, enum variant variant,
                   struct arena *arena, struct view *out)
{
    *out = answer->id;
    if (answer->count == 1 && variant != VARIANT_SHADOW)
        return true;
    struct text text = text_in_arena(arena);
    text_add(&text, answer->id);
    if (answer->count > 1)
        text_addf(&text, "/%zu", i);
    if (variant == VARIANT_SHADOW) /* beside the decision that was told */
        text_adds(&text, EXPERIMENT_SHADOW_ID);
    *out = text_view(&text);
    return !text.cut;
}

bool keep_answer(struct server *server, const struct http_request *request,
                 const struct contract_answer *answer, const struct keep_as *as, struct view client,
                 const struct journal_answer *told, uint64_t *ticket, struct err *err)
{
    *ticket = 0;
    if (server->options.journal == NULL)
        return true;
    struct arena *arena = request->arena;
    struct journal_decision *decision = arena_new(arena, struct journal_decision, answer->count);
    if (decision == NULL)
        return err_set(err, ERR_LIMIT, "the decisions do not fit what one request may use");
    const struct trial *trial = &as->lineup->trial;
    int64_t now_us = clock_now_us(), took_ns = clock_ticks_ns() - request->started_ns;
    for (size_t i = 0; i < answer->count; i++) {
        const struct contract_row *row = &answer->row[i];
        /* The champion is in the experiment with those that it could have lost to the rival. */
        bool split = answer->count == 1 && row->unit.length > 0;
        bool in_trial = trial->rival != NULL && answer->served == as->lineup->champion &&
                        !answer->left_out && (trial->shadow || split);
        decision[i] = (struct journal_decision){
            .at_us = now_us,
            .bundle = answer->served->bundle.digest,
            .variant = view_of(variant_names[as->variant]),
            .outcome = view_of(outcome_names[row->outcome]),
            .fraud = row->fraud,
            .margin = row->margin,
            .score = row->score,
            .probability = row->probability,
            .latency_us = (uint32_t)(took_ns / 1000),
            .client = client,
            .entity = row->unit.length > 0 ? row->unit : row->entity,
            .amount = row->amount,
            .row = row->features,
            .width = answer->served->bundle.plan.width,
        };
        if (as->variant != VARIANT_CHAMPION || in_trial)
            decision[i].experiment = view_of(trial->name);
        if (!row_id(answer, i, as->variant, arena, &decision[i].id))
            return err_set(err, ERR_LIMIT, "the decisions do not fit what one request may use");
        if (!keep_clean(server, arena, "the entity", &decision[i].entity, err))
            return false;
    }
    return journal_append(&server->journal, request->worker, decision, answer->count, told, ticket,
                          err);
}

/* ---------------------------------------------------------------- waiting until it is kept */

static bool is_unkept(const struct http_wait *wait)
{
    const struct server *server = wait->self;
    return journal_kept(&server->journal, wait->worker) < wait->ticket;
}

void keep_wait(struct server *server, unsigned worker, uint64_t ticket,
               struct http_response *response)
{
    if (ticket > 0 && server->options.journal->durability == JOURNAL_FSYNC)
        response->wait = (struct http_wait){
            .waits = is_unkept, .self = server, .ticket = ticket, .worker = worker};
}
