#include "store/journal_record.h"

#include "store/journal_crc.h"

#include <errno.h>
#include <sys/random.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the journal's bytes are little-endian");

struct frame_head {
    uint32_t mark, crc, length;
    uint16_t kind, worker;
    uint64_t ticket;
    int64_t at_us;
};
static_assert(sizeof(struct frame_head) == JOURNAL_FRAME_SIZE, "no gaps");
enum { CRC_FROM = 8 };

struct request_head {
    uint32_t decisions, answers;
};

enum { ID, VARIANT, OUTCOME, CLIENT, ENTITY, EXPERIMENT, DECISION_TEXTS };

struct decision_head {
    uint32_t size, width; /* the whole of it; floats that follow */
    int64_t at_us;
    unsigned char bundle[32];
    double probability, amount;
    float margin, score;
    uint32_t latency_us;
    uint16_t fraud;
    uint16_t length[DECISION_TEXTS]; /* of the texts behind the row */
    uint16_t zero[3];
};
static_assert(sizeof(struct decision_head) == 96, "no gaps");

struct answer_head {
    uint32_t size, status;
    int64_t at_us;
    unsigned char request[32];
    uint32_t body;
    uint16_t key, content_type;
};
static_assert(sizeof(struct answer_head) == 56, "no gaps");

enum { LABEL_DECISION, LABEL_LABEL, LABEL_SOURCE, LABEL_CLIENT, LABEL_TEXTS };

struct label_head {
    int64_t at_us, label_ms;
    double amount_lost;
    uint16_t length[LABEL_TEXTS];
};
static_assert(sizeof(struct label_head) == 32, "no gaps");

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

/* ---------------------------------------------------------------- sizes */

static bool fits(struct view text, const char *what, struct err *err)
{
    if (text.length <= JOURNAL_TEXT_MAX)
        return true;
    return err_set(err, ERR_LIMIT, "the %s has %zu bytes, the journal keeps at most %d", what,
                   text.length, JOURNAL_TEXT_MAX);
}

static size_t decision_size(const struct journal_decision *d)
{
    return padded(sizeof(struct decision_head) + d->width * sizeof(float) + d->id.length +
                  d->variant.length + d->outcome.length + d->client.length + d->entity.length +
                  d->experiment.length);
}

static size_t answer_size(const struct journal_answer *a)
{
    return padded(sizeof(struct answer_head) + a->key.length + a->content_type.length +
                  a->body.length);
}

static bool decision_fits(const struct journal_decision *d, struct err *err)
{
    if (d->width > JOURNAL_WIDTH_MAX)
        return err_set(err, ERR_LIMIT, "the row has %zu floats, the journal keeps at most %d",
                       d->width, JOURNAL_WIDTH_MAX);
    return fits(d->id, "id", err) && fits(d->variant, "variant", err) &&
           fits(d->outcome, "outcome", err) && fits(d->client, "client's name", err) &&
           fits(d->entity, "entity", err) && fits(d->experiment, "experiment's name", err);
}

bool journal_request_size(const struct journal_decision *decision, size_t count,
                          const struct journal_answer *answer, size_t *out, struct err *err)
{
    size_t size = sizeof(struct frame_head) + sizeof(struct request_head);
    for (size_t i = 0; i < count; i++) {
        if (!decision_fits(&decision[i], err))
            return false;
        size += decision_size(&decision[i]);
    }
    if (answer != NULL) {
        if (!fits(answer->key, "idempotency key", err) ||
            !fits(answer->content_type, "answer's content type", err))
            return false;
        if (answer->body.length > JOURNAL_BODY_MAX)
            return err_set(err, ERR_LIMIT,
                           "the answer has %zu bytes, the journal keeps at most %d: send fewer "
                           "records in one request",
                           answer->body.length, JOURNAL_BODY_MAX);
        size += answer_size(answer);
    }
    if (size > JOURNAL_RECORD_MAX)
        return err_set(err, ERR_LIMIT,
                       "a request of %zu decisions takes %zu bytes, a record of the journal at "
                       "most %d: send fewer records in one request",
                       count, size, JOURNAL_RECORD_MAX);
    *out = size;
    return true;
}

bool journal_label_size(const struct journal_label *label, size_t *out, struct err *err)
{
    if (!fits(label->decision, "decision's id", err) || !fits(label->label, "label", err) ||
        !fits(label->source, "label's source", err) || !fits(label->client, "client's name", err))
        return false;
    *out = padded(sizeof(struct frame_head) + sizeof(struct label_head) + label->decision.length +
                  label->label.length + label->source.length + label->client.length);
    return true;
}

/* ---------------------------------------------------------------- writing */

static unsigned char *put(unsigned char *at, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(at, bytes, size);
    return at + size;
}

static unsigned char *put_view(unsigned char *at, struct view text)
{
    return put(at, text.text, text.length);
}

/* Up to the multiple of 8 behind. */
static unsigned char *put_gap(unsigned char *at, unsigned char *end)
{
    memset(at, 0, (size_t)(end - at));
    return end;
}

static unsigned char *put_decision(unsigned char *at, const struct journal_decision *d)
{
    size_t size = decision_size(d);
    struct decision_head head = {
        .size = (uint32_t)size,
        .width = (uint32_t)d->width,
        .at_us = d->at_us,
        .probability = d->probability,
        .amount = d->amount,
        .margin = d->margin,
        .score = d->score,
        .latency_us = d->latency_us,
        .fraud = d->fraud,
        .length = {[ID] = (uint16_t)d->id.length,
                   [VARIANT] = (uint16_t)d->variant.length,
                   [OUTCOME] = (uint16_t)d->outcome.length,
                   [CLIENT] = (uint16_t)d->client.length,
                   [ENTITY] = (uint16_t)d->entity.length,
                   [EXPERIMENT] = (uint16_t)d->experiment.length},
    };
    memcpy(head.bundle, d->bundle.bytes, sizeof head.bundle);
    unsigned char *end = at + size;
    at = put(at, &head, sizeof head);
    at = put(at, d->row, d->width * sizeof(float));
    at = put_view(put_view(put_view(at, d->id), d->variant), d->outcome);
    at = put_view(put_view(put_view(at, d->client), d->entity), d->experiment);
    return put_gap(at, end);
}

static unsigned char *put_answer(unsigned char *at, const struct journal_answer *a)
{
    size_t size = answer_size(a);
    struct answer_head head = {
        .size = (uint32_t)size,
        .status = (uint32_t)a->status,
        .at_us = a->at_us,
        .body = (uint32_t)a->body.length,
        .key = (uint16_t)a->key.length,
        .content_type = (uint16_t)a->content_type.length,
    };
    memcpy(head.request, a->request.bytes, sizeof head.request);
    unsigned char *end = at + size;
    at = put(at, &head, sizeof head);
    at = put_view(put_view(put_view(at, a->key), a->content_type), a->body);
    return put_gap(at, end);
}

static void put_head(unsigned char *out, size_t size, enum journal_kind kind, int64_t at_us,
                     const struct journal_stamp *stamp)
{
    struct frame_head head = {
        .mark = JOURNAL_FRAME_MARK,
        .length = (uint32_t)size,
        .kind = (uint16_t)kind,
        .worker = stamp->worker,
        .ticket = stamp->ticket,
        .at_us = at_us,
    };
    memcpy(out, &head, sizeof head);
    head.crc = journal_crc(stamp->salt, out + CRC_FROM, size - CRC_FROM);
    memcpy(out, &head, sizeof head);
}

void journal_request_write(unsigned char *out, size_t size, const struct journal_stamp *stamp,
                           const struct journal_decision *decision, size_t count,
                           const struct journal_answer *answer)
{
    struct request_head head = {.decisions = (uint32_t)count, .answers = answer != NULL};
    unsigned char *at = put(out + sizeof(struct frame_head), &head, sizeof head);
    for (size_t i = 0; i < count; i++)
        at = put_decision(at, &decision[i]);
    if (answer != NULL)
        at = put_answer(at, answer);
    assert(at == out + size);
    int64_t at_us = count > 0 ? decision[0].at_us : answer != NULL ? answer->at_us : 0;
    put_head(out, size, JOURNAL_REQUEST, at_us, stamp);
}

void journal_label_write(unsigned char *out, size_t size, const struct journal_stamp *stamp,
                         const struct journal_label *label)
{
    struct label_head head = {
        .at_us = label->at_us,
        .label_ms = label->label_ms,
        .amount_lost = label->amount_lost,
        .length = {[LABEL_DECISION] = (uint16_t)label->decision.length,
                   [LABEL_LABEL] = (uint16_t)label->label.length,
                   [LABEL_SOURCE] = (uint16_t)label->source.length,
                   [LABEL_CLIENT] = (uint16_t)label->client.length},
    };
    unsigned char *at = put(out + sizeof(struct frame_head), &head, sizeof head);
    at = put_view(put_view(at, label->decision), label->label);
    at = put_view(put_view(at, label->source), label->client);
    put_gap(at, out + size);
    put_head(out, size, JOURNAL_LABEL, label->at_us, stamp);
}

/* ---------------------------------------------------------------- reading */

size_t journal_frame_length(const void *bytes)
{
    struct frame_head head;
    memcpy(&head, bytes, sizeof head);
    bool can_be = head.mark == JOURNAL_FRAME_MARK && head.length >= sizeof head &&
                  head.length <= JOURNAL_RECORD_MAX && head.length % 8 == 0;
    return can_be ? head.length : 0;
}

bool journal_frame_holds(struct view frame, uint32_t salt)
{
    struct frame_head head;
    memcpy(&head, frame.text, sizeof head);
    return head.crc == journal_crc(salt, frame.text + CRC_FROM, frame.length - CRC_FROM);
}

uint64_t journal_frame_ticket(const void *bytes)
{
    struct frame_head head;
    memcpy(&head, bytes, sizeof head);
    return head.ticket;
}

int64_t journal_frame_at(const void *bytes)
{
    struct frame_head head;
    memcpy(&head, bytes, sizeof head);
    return head.at_us;
}

static bool take(struct view *rest, size_t size, struct view *out)
{
    if (rest->length < size)
        return false;
    *out = (struct view){rest->text, size};
    *rest = (struct view){rest->text + size, rest->length - size};
    return true;
}

static bool take_into(struct view *rest, void *out, size_t size)
{
    struct view bytes;
    if (!take(rest, size, &bytes))
        return false;
    memcpy(out, bytes.text, size);
    return true;
}

static bool take_decision(struct view *rest, struct journal_decision *d)
{
    struct decision_head head;
    if (rest->length < sizeof head)
        return false;
    memcpy(&head, rest->text, sizeof head);
    struct view body, row;
    if (head.size < sizeof head || head.size % 8 != 0 || head.width > JOURNAL_WIDTH_MAX ||
        !take(rest, head.size, &body) || !take_into(&body, &head, sizeof head) ||
        !take(&body, head.width * sizeof(float), &row))
        return false;
    *d = (struct journal_decision){
        .at_us = head.at_us,
        .fraud = head.fraud != 0,
        .margin = head.margin,
        .score = head.score,
        .probability = head.probability,
        .latency_us = head.latency_us,
        .amount = head.amount,
        .row = (const float *)(const void *)row.text, /* a multiple of 8 from a multiple of 8 */
        .width = head.width,
    };
    memcpy(d->bundle.bytes, head.bundle, sizeof head.bundle);
    return take(&body, head.length[ID], &d->id) && take(&body, head.length[VARIANT], &d->variant) &&
           take(&body, head.length[OUTCOME], &d->outcome) &&
           take(&body, head.length[CLIENT], &d->client) &&
           take(&body, head.length[ENTITY], &d->entity) &&
           take(&body, head.length[EXPERIMENT], &d->experiment);
}

static bool take_answer(struct view *rest, struct journal_answer *a)
{
    struct answer_head head;
    if (rest->length < sizeof head)
        return false;
    memcpy(&head, rest->text, sizeof head);
    struct view body;
    if (head.size < sizeof head || head.size % 8 != 0 || !take(rest, head.size, &body) ||
        !take_into(&body, &head, sizeof head))
        return false;
    *a = (struct journal_answer){.status = (int)head.status, .at_us = head.at_us};
    memcpy(a->request.bytes, head.request, sizeof head.request);
    return take(&body, head.key, &a->key) && take(&body, head.content_type, &a->content_type) &&
           take(&body, head.body, &a->body);
}

static bool read_request(struct view payload, struct journal_record *out)
{
    struct request_head head;
    if (!take_into(&payload, &head, sizeof head) || head.answers > 1)
        return false;
    struct view rest = payload;
    for (uint32_t i = 0; i < head.decisions; i++) {
        struct journal_decision decision;
        if (!take_decision(&rest, &decision)) /* each takes bytes: a great count ends here */
            return false;
    }
    out->rest = payload;
    out->decisions = head.decisions;
    out->answered = head.answers == 1;
    return (!out->answered || take_answer(&rest, &out->answer)) && rest.length == 0;
}

static bool read_label(struct view payload, struct journal_label *label)
{
    struct label_head head;
    if (!take_into(&payload, &head, sizeof head))
        return false;
    *label = (struct journal_label){
        .at_us = head.at_us, .label_ms = head.label_ms, .amount_lost = head.amount_lost};
    return take(&payload, head.length[LABEL_DECISION], &label->decision) &&
           take(&payload, head.length[LABEL_LABEL], &label->label) &&
           take(&payload, head.length[LABEL_SOURCE], &label->source) &&
           take(&payload, head.length[LABEL_CLIENT], &label->client) && payload.length < 8;
}

bool journal_record_read(struct view frame, struct journal_record *out, struct err *err)
{
    struct frame_head head;
    if (frame.length < sizeof head || journal_frame_length(frame.text) != frame.length)
        return err_set(err, ERR_INPUT, "this is no record of a journal");
    memcpy(&head, frame.text, sizeof head);
    struct view payload = view_from(frame, sizeof head);
    struct journal_record record = {
        .kind = (enum journal_kind)head.kind,
        .worker = head.worker,
        .ticket = head.ticket,
        .at_us = head.at_us,
    };
    bool ok = head.kind == JOURNAL_REQUEST ? read_request(payload, &record)
              : head.kind == JOURNAL_LABEL ? read_label(payload, &record.label)
                                           : false;
    if (!ok)
        return err_set(err, ERR_INPUT,
                       "record %llu of worker %u is of a kind (%u) that this program does not "
                       "know, or not what its kind says",
                       (unsigned long long)head.ticket, head.worker, head.kind);
    *out = record;
    return true;
}

bool journal_decision_next(struct journal_record *record, struct journal_decision *out)
{
    if (record->decisions == 0)
        return false;
    record->decisions--;
    bool whole = take_decision(&record->rest, out);
    assert(whole); /* decoding has walked them all */
    return true;
}

/* ---------------------------------------------------------------- ids */

bool journal_ids_init(struct journal_ids *ids, struct err *err)
{
    struct journal_ids made;
    if (getrandom(&made, sizeof made, 0) != (ssize_t)sizeof made)
        return err_set(err, ERR_IO, "no random bytes for ids: %s", strerror(errno));
    *ids = made;
    return true;
}

static void put_hex(char *out, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value >>= 4)
        out[i] = "0123456789abcdef"[value & 15];
}

/* SplitMix64's finisher (Steele, Lea, Flood, 2014): one to one, so no number comes twice. */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

void journal_id(struct journal_ids *ids, int64_t at_us, char out[JOURNAL_ID_SIZE])
{
    ids->next += 0x9E3779B97F4A7C15;
    put_hex(out, (uint64_t)(at_us / 1000), 12);
    put_hex(out + 12, ids->maker, 4);
    put_hex(out + 16, mixed(ids->next), 16);
    out[32] = '\0';
}
