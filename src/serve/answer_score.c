/* The way of every request that is to be decided: its key, its variant, its answer, its journal. */
#include "base/clock.h"
#include "base/number.h"
#include "serve/keep.h"
#include "store/experiment.h"

#include <math.h>

/* ---------------------------------------------------------------- meters */

static void count_decisions(struct server *server, unsigned worker, enum variant variant,
                            const struct contract_answer *answer)
{
    struct meters *meters = &server->meters;
    for (size_t i = 0; i < answer->count; i++) {
        const struct contract_row *row = &answer->row[i];
        struct meters_decision decision = {variant, (double)row->score, row->outcome, row->amount};
        meters_decision(meters, worker, &decision);
    }
    if (answer->filled > 0)
        meters_add(meters, worker, METER_ABSENT_FILLED, answer->filled);
    if (answer->unseen > 0)
        meters_add(meters, worker, METER_UNSEEN_CATEGORIES, answer->unseen);
}

static void count_work(struct server *server, unsigned worker, const struct contract_answer *answer,
                       bool failed, int64_t begun_ns, int64_t now_ns)
{
    struct meters_done done = {answer->served->work, failed, answer->count, now_ns - begun_ns,
                               now_ns};
    meters_work(&server->meters, worker, &done);
}

/* `answer` NULL: it is refused for what is in it, which is no work of the model's. */
static void count_variant(struct server *server, unsigned worker, enum variant variant,
                          const struct contract_answer *answer, bool failed, int64_t begun_ns)
{
    int64_t now_ns = clock_ticks_ns();
    meters_variant(&server->meters, worker, variant, failed, now_ns - begun_ns);
    if (answer != NULL)
        count_work(server, worker, answer, failed, begun_ns, now_ns);
}

/* ---------------------------------------------------------------- what is asked */

/* What "?reasons=" asks for, or the contract's own. */
static bool read_reasons(const struct visit *visit, const struct contract *contract,
                         enum contract_reasons *out, struct err *err)
{
    struct view wanted = http_request_query(visit->request, "reasons");
    *out = contract->explain;
    if (view_is(wanted, "all"))
        *out = REASONS_ALL;
    else if (view_is(wanted, "alerts"))
        *out = REASONS_ALERTS;
    else if (view_is(wanted, "none"))
        *out = REASONS_NONE;
    else if (wanted.text != NULL)
        return err_set(err, ERR_INPUT, "reasons='" VIEW_FMT "' is not all, alerts or none",
                       VIEW_ARG(wanted));
    return true;
}

/* ---------------------------------------------------------------- keys */

/* A request that may have been answered before. */
struct asked {
    bool given; /* it named a key */
    struct view id, key;
    struct digest request;
};

/* One client's keys are not another's. */
static bool name_key(const struct visit *visit, struct view id, struct asked *asked)
{
    struct text text = text_in_arena(visit->request->arena);
    asked->id = id;
    text_add(&text, visit->client.name);
    text_addc(&text, '\n');
    text_add(&text, id);
    asked->key = text_view(&text);
    struct digester digester;
    const struct http_request *request = visit->request;
    const struct view parts[] = {request->path, request->query, request->content_type,
                                 request->accept, request->body};
    digester_open(&digester);
    for (size_t i = 0; i < LENGTH_OF(parts); i++)
        digest_add(&digester, parts[i]);
    asked->request = digest_end(&digester);
    return !text.cut;
}

/* Whether the request is answered with this. */
static bool answered_before(struct visit *visit, const struct contract *contract,
                            const struct asked *asked)
{
    struct answered known;
    struct http_response *response = visit->response;
    switch (answers_begin(&visit->server->answers, asked->key, &asked->request, clock_now_ms(),
                          visit->request->arena, &known)) {
    case ANSWERS_NEW:
        return false;
    case ANSWERS_KNOWN:
        response->status = known.status;
        response->content_type = known.content_type;
        text_add(&response->body, known.body);
        http_response_field(response, "X-Assay-Decision", asked->id);
        http_response_field(response, "Idempotent-Replayed", VIEW("true"));
        meters_add(&visit->server->meters, visit->request->worker, METER_REPEATED, 1);
        keep_wait(visit->server, known.worker, known.ticket, response);
        return true;
    case ANSWERS_OTHER:
        contract_fail(contract, 409,
                      VIEW("this id came before with another request: send a new one"), response);
        return true;
    case ANSWERS_BUSY:
        contract_fail(contract, 409, VIEW("this id is being answered: try again"), response);
        http_response_field(response, "Retry-After", VIEW("1"));
        return true;
    case ANSWERS_FULL:
        break;
    }
    contract_fail(contract, 503, VIEW("too many requests with ids are being answered"), response);
    http_response_field(response, "Retry-After", VIEW("1"));
    return true;
}

/* ---------------------------------------------------------------- the cache */

/* Whether it may be answered with an earlier answer's bytes, or leave its own. Who named a key has
 * another promise; an experiment counts every decision; and who speaks of caches wants none. Every
 * feature reads its record alone: a model whose features remember would be refused here. */
static bool may_repeat(const struct visit *visit, bool keyed)
{
    return !keyed && visit->lineup->trial.rival == NULL &&
           http_request_field(visit->request, "cache-control").text == NULL;
}

/* It was answered a moment ago, and is not decided again. */
static bool answered_lately(struct visit *visit, bool keyed)
{
    struct server *server = visit->server;
    const struct http_request *request = visit->request;
    struct http_response *response = visit->response;
    struct cached known;
    if (server->cache.entries == 0 || !may_repeat(visit, keyed))
        return false;
    struct cache_key key = {
        .lineup = visit->lineup->number,
        .client = visit->client.position,
        .part = {request->method, request->path, request->query, request->content_type,
                 request->accept, request->body},
    };
    bool hit = cache_find(&server->cache, request->worker, &key, request->arena,
                          request->started_ns, &visit->cached, &known);
    char *age = hit ? arena_new(request->arena, char, NUMBER_SIZE) : NULL;
    meters_add(&server->meters, request->worker,
               age != NULL ? METER_CACHE_HITS : METER_CACHE_MISSES, 1);
    if (age == NULL)
        return false;
    snprintf(age, NUMBER_SIZE, "%lld",
             (long long)((request->started_ns - known.at_ns) / 1000000000));
    response->content_type = known.content_type;
    text_add(&response->body, known.body);
    http_response_field(response, "Age", view_of(age));
    if (known.id.length > 0)
        http_response_field(response, "X-Assay-Decision", known.id);
    keep_wait(server, request->worker, known.ticket, response);
    return true;
}

/* ---------------------------------------------------------------- variants */

/* A request of many records has no one entity: it is the champion's, and in no verdict. */
static bool is_split(const struct trial *trial, const struct contract_answer *answer)
{
    return trial->rival != NULL && !trial->shadow && answer->count == 1 &&
           answer->row[0].unit.length > 0;
}

/* Decides with the champion, and with the rival where the experiment says so. A rival that cannot
 * is counted, and the champion's decision stands. */
static bool decide_variant(struct visit *visit, const struct contract *contract,
                           struct contract_answer *answer, enum variant *variant, struct err *err)
{
    const struct trial *trial = &visit->lineup->trial;
    bool champion = answer->served == visit->lineup->champion;
    /* Who is compared with another is timed as the other is. */
    int64_t begun_ns = trial->rival == NULL ? visit->request->started_ns : clock_ticks_ns();
    answer->unit_column = champion && trial->rival != NULL ? trial->entity_column : SIZE_MAX;
    if (!contract_decide(contract, answer, err)) {
        bool ours = err->kind != ERR_INPUT && err->kind != ERR_MEDIA && err->kind != ERR_LIMIT;
        count_variant(visit->server, visit->request->worker, VARIANT_CHAMPION, ours ? answer : NULL,
                      ours, begun_ns);
        return false;
    }
    bool split = champion && is_split(trial, answer);
    *variant = VARIANT_CHAMPION;
    if (!split || !experiment_picks(view_of(trial->name), trial->share, answer->row[0].unit)) {
        count_variant(visit->server, visit->request->worker, VARIANT_CHAMPION, answer, false,
                      begun_ns);
        if (split)
            meters_beside(&visit->server->meters, visit->request->worker, answer->row[0].outcome,
                          clock_ticks_ns() - begun_ns);
        return true;
    }
    *variant = VARIANT_RIVAL;
    struct contract_answer rival = *answer;
    struct err why = {0};
    rival.served = trial->rival;
    rival.meters = NULL; /* the record is counted already */
    rival.unit_column = SIZE_MAX;
    int64_t rival_ns = clock_ticks_ns();
    bool ok = contract_decide(contract, &rival, &why) && rival.count == 1;
    count_variant(visit->server, visit->request->worker, VARIANT_RIVAL, &rival, !ok, rival_ns);
    if (!ok) { /* the entity has not met both: nobody's verdict counts this one */
        *variant = VARIANT_CHAMPION;
        answer->left_out = true;
        count_work(visit->server, visit->request->worker, answer, false, begun_ns, rival_ns);
        return true;
    }
    /* What the rival says; but who it is about is the champion's to know. */
    struct contract_row *row = arena_new(visit->request->arena, struct contract_row, 1);
    if (row == NULL)
        return err_set(err, ERR_LIMIT, "the rows do not fit what one request may use");
    *row = rival.row[0];
    row->unit = answer->row[0].unit;
    row->entity = answer->row[0].entity;
    row->amount = answer->row[0].amount;
    rival.row = row;
    *answer = rival;
    return true;
}

/* ---------------------------------------------------------------- the fallback */

static bool is_late(const struct visit *visit)
{
    unsigned deadline_ms = visit->server->options.deadline_ms;
    if (deadline_ms == 0)
        return false;
    int64_t waited_ms = (clock_ticks_ns() - visit->request->started_ns) / 1000000;
    /* Who stands before us may have said when it took the request: "t=1700000000.123" or in ms. */
    struct view start = http_request_field(visit->request, "x-request-start");
    double since;
    if (view_starts(start, "t="))
        start = view_from(start, 2);
    if (number_parse(start, &since) && since > 0) {
        double since_ms = since < 1e11 ? since * 1000 : since;
        int64_t before_ms = clock_now_ms() - (int64_t)fmin(since_ms, 9e15);
        waited_ms = before_ms > waited_ms ? before_ms : waited_ms;
    }
    return waited_ms > (int64_t)deadline_ms;
}

/* The declared outcome instead of an error; false when none is declared, or the contract cannot
 * say it. */
static bool fall_back(struct visit *visit, const struct contract *contract, struct view id,
                      const char *why)
{
    const char *outcome = visit->server->options.fallback;
    if (outcome == NULL || contract->fallback == NULL)
        return false;
    struct http_response *response = visit->response;
    response->status = 200;
    response->content_type = VIEW("application/json");
    response->body.length = 0;
    response->body.cut = false;
    response->wait = (struct http_wait){0};
    contract->fallback(id, outcome, why, response);
    meters_add(&visit->server->meters, visit->request->worker, METER_FALLBACKS, 1);
    return true;
}

/* ---------------------------------------------------------------- the way */

/* The decisions are made and written: they are kept, and what a key was told. */
static bool keep(struct visit *visit, const struct contract_answer *answer, enum variant variant,
                 const struct asked *asked, struct err *err)
{
    struct http_response *response = visit->response;
    struct server *server = visit->server;
    struct keep_as as = {variant, visit->lineup};
    uint64_t ticket;
    if (asked->given && !keep_clean_told(server, visit->request->arena, &response->body, err))
        return false;
    struct journal_answer told = {.key = asked->key,
                                  .at_us = clock_now_us(),
                                  .request = asked->request,
                                  .status = response->status,
                                  .content_type = response->content_type,
                                  .body = text_view(&response->body)};
    if (response->body.cut)
        return err_set(err, ERR_LIMIT, "the answer is larger than one request may use");
    if (!keep_answer(server, visit->request, answer, &as, visit->client.name,
                     asked->given ? &told : NULL, &ticket, err))
        return false;
    unsigned worker = visit->request->worker;
    keep_wait(server, worker, ticket, response);
    if (response->status == 200)
        cache_put(&visit->cached, &(struct cached){.content_type = response->content_type,
                                                   .body = text_view(&response->body),
                                                   .id = answer->id,
                                                   .ticket = ticket,
                                                   .at_ns = visit->request->started_ns});
    if (asked->given)
        answers_finish(&server->answers, asked->key,
                       &(struct answered){.status = told.status,
                                          .content_type = told.content_type,
                                          .body = told.body,
                                          .worker = worker,
                                          .ticket = ticket});
    return true;
}

/* The shadow comes when the answer is on its way. */
static void note_shadow(struct visit *visit, const struct contract *contract,
                        const struct contract_answer *answer)
{
    const struct trial *trial = &visit->lineup->trial;
    if (trial->rival == NULL || !trial->shadow || answer->served != visit->lineup->champion)
        return;
    struct visit_note *note = &visit->note;
    note->shadow = true;
    note->trial = trial->id;
    for (size_t i = 0; i < contracts_count; i++)
        if (contracts[i] == contract)
            note->contract = (uint16_t)i;
    note->outcome = answer->row[0].outcome;
    note->id_length = (uint8_t)answer->id.length;
    if (answer->id.length > 0)
        memcpy(note->id, answer->id.text, answer->id.length);
}

/* In the request's arena: the head is written when the line-up has been left, and the model may be
 * gone by then. */
static void name_bundle(const struct visit *visit, const struct served *served)
{
    const char *digest = view_copy(view_of(served->sha256), visit->request->arena);
    if (digest != NULL)
        http_response_field(visit->response, "X-Assay-Bundle", view_of(digest));
}

static bool decide_and_keep(struct visit *visit, const struct contract *contract,
                            struct contract_answer *answer, const struct asked *asked,
                            struct err *err)
{
    enum variant variant = VARIANT_CHAMPION;
    if (!read_reasons(visit, contract, &answer->explain, err) ||
        !decide_variant(visit, contract, answer, &variant, err))
        return false;
    contract->encode(answer, visit->response);
    if (!keep(visit, answer, variant, asked, err))
        return false;
    name_bundle(visit, answer->served);
    if (answer->id.length > 0)
        http_response_field(visit->response, "X-Assay-Decision", answer->id);
    count_decisions(visit->server, visit->request->worker, variant, answer);
    note_shadow(visit, contract, answer);
    return true;
}

/* What changes nothing: no key, no variant, no journal. */
static void only_answer(struct visit *visit, const struct contract *contract,
                        const struct served *served)
{
    struct err err = {0};
    struct contract_answer answer = {.served = served,
                                     .request = visit->request,
                                     .explain = contract->explain,
                                     .unit_column = SIZE_MAX};
    if (!contract_decide(contract, &answer, &err)) {
        contract_fail_by(contract, &err, visit->response);
        return;
    }
    contract->encode(&answer, visit->response);
    name_bundle(visit, served);
}

void answer_by(struct visit *visit, const struct contract *contract, const struct served *served)
{
    if (contract->only_asks) {
        only_answer(visit, contract, served);
        return;
    }
    struct err err = {0};
    struct asked asked = {0};
    struct contract_answer answer = {.served = served,
                                     .request = visit->request,
                                     .meters = &visit->server->meters,
                                     .selection = &visit->server->options.selection};
    bool given, keyed = visit->server->options.journal != NULL;
    if (!keep_id(visit, &answer.id, &given, &err)) {
        contract_fail_by(contract, &err, visit->response);
        return;
    }
    asked.given = given && keyed;
    if (asked.given && !name_key(visit, answer.id, &asked)) {
        contract_fail(contract, 413, VIEW("the id does not fit what one request may use"),
                      visit->response);
        return;
    }
    if (asked.given && answered_before(visit, contract, &asked))
        return;
    bool late = is_late(visit) && fall_back(visit, contract, answer.id, "the deadline has passed");
    if (!late && answered_lately(visit, given)) {
        name_bundle(visit, served);
        return;
    }
    if (!late && decide_and_keep(visit, contract, &answer, &asked, &err))
        return;
    if (asked.given)
        answers_abandon(&visit->server->answers, asked.key);
    if (late)
        return;
    bool ours = err.kind == ERR_UNAVAILABLE || err.kind == ERR_IO;
    if (ours && fall_back(visit, contract, answer.id, err.text))
        return;
    contract_fail_by(contract, &err, visit->response);
    if (ours)
        http_response_field(visit->response, "Retry-After", VIEW("1"));
}

void answer_with(struct visit *visit, const struct contract *contract)
{
    if (visit->served != NULL)
        answer_by(visit, contract, visit->served);
    else if (!fall_back(visit, contract, (struct view){0}, "no model is loaded"))
        contract_fail(contract, 503, VIEW("no model is loaded"), visit->response);
}

/* ---------------------------------------------------------------- the shadow */

static void decide_in_shadow(struct server *server, const struct lineup *lineup,
                             const struct http_request *request, const struct visit_note *note)
{
    struct contract_answer answer = {
        .served = lineup->trial.rival,
        .request = request,
        .unit_column = SIZE_MAX,
        .id = {note->id, note->id_length},
    };
    struct keep_as as = {VARIANT_SHADOW, lineup};
    struct err err = {0};
    uint64_t ticket;
    int64_t begun_ns = clock_ticks_ns();
    bool ok = contract_decide(contracts[note->contract], &answer, &err);
    count_variant(server, request->worker, VARIANT_SHADOW, &answer, !ok, begun_ns);
    if (!ok)
        return;
    count_decisions(server, request->worker, VARIANT_SHADOW, &answer);
    if (answer.row[0].outcome != note->outcome)
        meters_add(&server->meters, request->worker, METER_SHADOW_DIFFERENCES, 1);
    /* What the journal cannot take is in its own counters. */
    struct view client = gateway_name(&server->gateway, note->client);
    (void)keep_answer(server, request, &answer, &as, client, NULL, &ticket, &err);
}

void score_in_shadow(struct server *server, const struct http_request *request,
                     const struct visit_note *note)
{
    const struct lineup *lineup = serving_take(&server->serving, request->worker);
    if (lineup->trial.rival != NULL && lineup->trial.shadow && lineup->trial.id == note->trial)
        decide_in_shadow(server, lineup, request, note);
    serving_leave(&server->serving, request->worker);
}

/* ---------------------------------------------------------------- routes */

void serve_prod_predict(struct visit *visit)
{
    answer_with(visit, &contract_system_c);
}

/* Two systems share this path and are told apart by what they send. */
void serve_predict(struct visit *visit)
{
    bool named = decode_names_features(visit->request->body, visit->request->arena);
    answer_with(visit, named ? &contract_system_e : &contract_system_d);
}

void serve_decide(struct visit *visit)
{
    answer_with(visit, &contract_native);
}

void serve_explain(struct visit *visit)
{
    answer_with(visit, &contract_explain);
}
