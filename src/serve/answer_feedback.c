/* What decisions turned out to be: append-only, and the journal's to keep. */
#include "base/clock.h"
#include "base/number.h"
#include "serve/keep.h"

#include <math.h>

enum { LABELS_MAX = 10000, SOURCE_MAX = 64 };

/* One label being read; texts in the body or the arena. */
struct reading {
    const struct visit *visit;
    struct scan scan;
    struct text scratch;
    struct journal_label *label;
    size_t count, room;
    unsigned seen; /* members of the one being read, a bit each */
};

static bool take_text(const struct token *token, const char *name, struct view *out,
                      struct arena *arena, struct err *err)
{
    if (token->kind != TOKEN_TEXT || token->text.length == 0)
        return err_set(err, ERR_INPUT, "'%s' is a text, not %s", name, token_name(token->kind));
    *out =
        (struct view){arena_copy(arena, token->text.text, token->text.length), token->text.length};
    return out->text != NULL || err_set(err, ERR_LIMIT, "the labels do not fit one request");
}

/* "2025-06-20T03:49:44Z", or seconds since 1970. */
static bool take_time(const struct token *token, int64_t *out, struct err *err)
{
    const double latest_s = 253402300799.0; /* 9999-12-31T23:59:59Z */
    if (token->kind == TOKEN_TEXT && clock_parse(token->text, out))
        return true;
    if (token->kind == TOKEN_NUMBER && fabs(token->number) <= latest_s) {
        *out = (int64_t)(token->number * 1000);
        return true;
    }
    return err_set(err, ERR_INPUT,
                   "'label_ts' is an instant, 2025-06-20T03:49:44Z or seconds since 1970");
}

static bool take_amount(const struct token *token, double *out, struct err *err)
{
    if (token->kind != TOKEN_NUMBER || token->number < 0)
        return err_set(err, ERR_INPUT, "'amount_lost' is a number, 0 or more");
    *out = token->number;
    return true;
}

enum member { EVENT_ID, LABEL, SOURCE, LABEL_TS, AMOUNT_LOST, MEMBERS };
static const char *const member_names[MEMBERS] = {"event_id", "label", "source", "label_ts",
                                                  "amount_lost"};

static bool take_member(struct reading *reading, struct view key, const struct token *token,
                        struct journal_label *label, struct err *err)
{
    struct arena *arena = reading->visit->request->arena;
    size_t member = 0;
    while (member < MEMBERS && !view_is(key, member_names[member]))
        member++;
    if (member < MEMBERS && (reading->seen >> member & 1) != 0)
        return err_set(err, ERR_INPUT, "'%s' came twice", member_names[member]);
    reading->seen |= 1U << member;
    switch (member) {
    case EVENT_ID:
        return take_text(token, "event_id", &label->decision, arena, err);
    case LABEL:
        return take_text(token, "label", &label->label, arena, err);
    case SOURCE:
        return take_text(token, "source", &label->source, arena, err);
    case LABEL_TS:
        return take_time(token, &label->label_ms, err);
    case AMOUNT_LOST:
        return take_amount(token, &label->amount_lost, err);
    default:
        return err_set(err, ERR_INPUT,
                       "'" VIEW_FMT "' is not known here: event_id, label, source, label_ts and "
                       "amount_lost are",
                       VIEW_ARG(key));
    }
}

static bool is_name(struct view text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return text.length > 0 && text.length <= SOURCE_MAX;
}

static bool check(const struct reading *reading, struct journal_label *label, struct err *err)
{
    struct arena *arena = reading->visit->request->arena;
    if (label->decision.length == 0)
        return err_set(err, ERR_INPUT, "'event_id' is missing: the id that the decision came with");
    if (label->decision.length > CONTRACT_ID_MAX + 16)
        return err_set(err, ERR_INPUT, "'event_id' is longer than an id is");
    if (!view_is(label->label, "fraud") && !view_is(label->label, "legit"))
        return err_set(err, ERR_INPUT, "'label' is fraud or legit");
    if (!is_name(label->source))
        return err_set(err, ERR_INPUT,
                       "'source' is a name such as chargeback, analyst or customer, of letters "
                       "a-z, digits, '_' and '-'");
    return keep_clean(reading->visit->server, arena, "'event_id'", &label->decision, err) &&
           keep_clean(reading->visit->server, arena, "'source'", &label->source, err);
}

static bool has_room(struct reading *reading, struct err *err)
{
    if (reading->count < reading->room)
        return true;
    if (reading->count == LABELS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d labels in one request: send them in several",
                       (int)LABELS_MAX);
    enum { FIRST_ROOM = 16 };
    size_t room = reading->room == 0 ? FIRST_ROOM : reading->room * 2;
    struct journal_label *more =
        arena_new(reading->visit->request->arena, struct journal_label, room);
    if (more == NULL)
        return err_set(err, ERR_LIMIT, "the labels do not fit one request");
    if (reading->count > 0)
        memcpy(more, reading->label, reading->count * sizeof *more);
    reading->label = more;
    reading->room = room;
    return true;
}

/* An object that has been entered. */
static bool take_label(struct reading *reading, struct err *err)
{
    struct token key, value;
    int64_t now_us = clock_now_us();
    reading->seen = 0;
    if (!has_room(reading, err))
        return false;
    struct journal_label *label = &reading->label[reading->count];
    *label = (struct journal_label){.at_us = now_us,
                                    .label_ms = now_us / 1000,
                                    .amount_lost = (double)NAN,
                                    .client = reading->visit->client.name};
    while (scan_next(&reading->scan, &key, err)) {
        if (key.kind == TOKEN_OBJECT_END) {
            reading->count++;
            return check(reading, label, err);
        }
        if (!scan_next(&reading->scan, &value, err) ||
            !take_member(reading, key.text, &value, label, err))
            return false;
    }
    return false;
}

static bool read_labels(struct reading *reading, struct err *err)
{
    struct token token;
    if (!scan_next(&reading->scan, &token, err))
        return false;
    if (token.kind == TOKEN_OBJECT) {
        if (!take_label(reading, err))
            return false;
    } else if (token.kind == TOKEN_LIST) {
        while (scan_next(&reading->scan, &token, err) && token.kind == TOKEN_OBJECT)
            if (!take_label(reading, err))
                return err_while(err, "label %zu", reading->count + 1);
        if (err->kind != ERR_NONE)
            return false;
        if (token.kind != TOKEN_LIST_END)
            return err_set(err, ERR_INPUT, "JSON: a label is an object, not %s",
                           token_name(token.kind));
    } else {
        return err_set(err, ERR_INPUT, "JSON: an object or a list of them is expected");
    }
    return !scan_next(&reading->scan, &token, err) && err->kind == ERR_NONE;
}

static bool keep_labels(struct visit *visit, const struct reading *reading, struct err *err)
{
    struct server *server = visit->server;
    unsigned worker = visit->request->worker;
    uint64_t ticket = 0;
    for (size_t i = 0; i < reading->count; i++)
        if (!journal_append_label(&server->journal, worker, &reading->label[i], &ticket, err))
            return err_while(err, "label %zu of %zu; those before it are kept", i + 1,
                             reading->count);
    meters_add(&server->meters, worker, METER_LABELS, reading->count);
    keep_wait(server, worker, ticket, visit->response);
    return true;
}

void serve_feedback(struct visit *visit)
{
    struct http_response *response = visit->response;
    struct err err = {0};
    struct reading reading = {.visit = visit, .scratch = text_in_arena(visit->request->arena)};
    reading.scan = scan_of(visit->request->body, &reading.scratch);
    if (visit->server->options.journal == NULL) {
        http_response_error(response, 503,
                            VIEW("this server keeps no journal, and so no labels: set "
                                 "journal.enabled"));
        return;
    }
    if (!read_labels(&reading, &err) || !keep_labels(visit, &reading, &err)) {
        http_response_fail(response, &err);
        return;
    }
    response->status = 202;
    struct json json = json_to(&response->body);
    json_open(&json, '{');
    json_key(&json, "accepted"), json_count(&json, reading.count);
    json_close(&json);
}
