#include "measure/budget.h"

#include <math.h>

/* Rows are sorted as their numbers; a rule of order is handed the stream. */
typedef int order_fn(const void *a, const void *b, void *stream);

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int higher_first(float a, float b)
{
    return (a < b) - (a > b);
}

static int by_period_and_score(const void *left, const void *right, void *self)
{
    const struct stream *stream = self;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = compare_u32(stream->period[a], stream->period[b]);
    return order != 0 ? order : higher_first(stream->sample.score[a], stream->sample.score[b]);
}

static int by_period_and_entity(const void *left, const void *right, void *self)
{
    const struct stream *stream = self;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = compare_u32(stream->period[a], stream->period[b]);
    return order != 0 ? order : compare_u32(stream->entity[a], stream->entity[b]);
}

static int by_entity_and_time(const void *left, const void *right, void *self)
{
    const struct stream *stream = self;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = compare_u32(stream->entity[a], stream->entity[b]);
    if (order == 0)
        order =
            (stream->time_ms[a] > stream->time_ms[b]) - (stream->time_ms[a] < stream->time_ms[b]);
    return order != 0 ? order : compare_u32(a, b);
}

static uint32_t *sorted_rows(const struct stream *stream, order_fn *order, struct arena *arena,
                             struct err *err)
{
    assert(stream->sample.count < UINT32_MAX);
    struct stream self = *stream;
    uint32_t *row = arena_new(arena, uint32_t, stream->sample.count + 1);
    if (row == NULL) {
        err_set(err, ERR_LIMIT, "%zu rows to sort do not fit the job's memory limit",
                stream->sample.count);
        return NULL;
    }
    for (size_t i = 0; i < stream->sample.count; i++)
        row[i] = (uint32_t)i;
    qsort_r(row, stream->sample.count, sizeof *row, order, &self);
    return row;
}

static double share(double part, double whole)
{
    return whole == 0 ? (double)NAN : part / whole;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- rows in a budget */

/* The frauds and their money among rows of one score. */
struct tie {
    size_t rows;
    double mass;
    double frauds;
    double money;
};

static struct tie tie_at(const struct stream *stream, const uint32_t *row, size_t count)
{
    struct tie tie = {0};
    float score = stream->sample.score[row[0]];
    for (; tie.rows < count && stream->sample.score[row[tie.rows]] == score; tie.rows++) {
        uint32_t at = row[tie.rows];
        double mass = weight_of(&stream->sample, at);
        tie.mass += mass;
        if (!stream->sample.label[at])
            continue;
        tie.frauds += mass;
        tie.money += stream->amount == NULL ? 0 : mass * stream->amount[at];
    }
    return tie;
}

bool budget_of(const struct stream *stream, size_t k, struct arena *arena, struct budget *out,
               struct err *err)
{
    assert(k > 0 && (stream->period != NULL || stream->sample.count == 0));
    const uint32_t *row = sorted_rows(stream, by_period_and_score, arena, err);
    if (row == NULL)
        return false;
    struct budget budget = {0};
    double frauds = 0, money = 0, money_caught = 0, reachable = 0, frauds_here = 0;
    double places = 0;
    for (size_t i = 0, end = 0; i < stream->sample.count;) {
        if (i == end) {
            double rows = 0;
            while (end < stream->sample.count && stream->period[row[end]] == stream->period[row[i]])
                rows += weight_of(&stream->sample, row[end++]);
            places = least(rows, (double)k);
            budget.periods++;
            budget.alarms += places;
            frauds_here = 0;
        }
        struct tie tie = tie_at(stream, row + i, end - i);
        double taken = least(tie.mass, places), part = tie.mass > 0 ? taken / tie.mass : 0;
        budget.caught += tie.frauds * part;
        money_caught += tie.money * part;
        frauds_here += tie.frauds;
        money += tie.money;
        places -= taken;
        i += tie.rows;
        if (i == end) {
            frauds += frauds_here;
            reachable += least(frauds_here, (double)k);
        }
    }
    double all_places = (double)k * (double)budget.periods;
    budget.precision = share(budget.caught, all_places);
    budget.precision_ceiling = share(reachable, all_places);
    budget.recall = share(budget.caught, frauds);
    budget.recall_ceiling = share(reachable, frauds);
    budget.value_recall = share(money_caught, money);
    *out = budget;
    return true;
}

/* ---------------------------------------------------------------- cards in a budget */

/* A card on one day. */
struct card {
    uint32_t period;
    uint32_t entity;
    float score;
    bool fraud;
};

static int worst_case_first(const void *left, const void *right)
{
    const struct card *a = left, *b = right;
    int order = higher_first(a->score, b->score);
    if (order == 0)
        order = a->fraud - b->fraud;
    return order != 0 ? order : compare_u32(a->entity, b->entity);
}

static size_t cards_of(const struct stream *stream, const uint32_t *row, struct card *card)
{
    size_t cards = 0;
    for (size_t i = 0; i < stream->sample.count; i++) {
        uint32_t at = row[i];
        float score = stream->sample.score[at];
        struct card *last = cards == 0 ? NULL : &card[cards - 1];
        if (last == NULL || last->period != stream->period[at] ||
            last->entity != stream->entity[at]) {
            last = &card[cards++];
            *last = (struct card){stream->period[at], stream->entity[at], score, false};
        }
        last->score = last->score > score ? last->score : score;
        last->fraud |= stream->sample.label[at] == 1;
    }
    return cards;
}

/* Entities found so far: open addressing, by entity + 1. */
struct found {
    uint64_t *slot;
    size_t mask;
};

static bool found_init(struct found *found, size_t count, struct arena *arena)
{
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    *found = (struct found){.slot = arena_new(arena, uint64_t, slots), .mask = slots - 1};
    return found->slot != NULL;
}

static uint64_t *found_at(const struct found *found, uint32_t entity)
{
    size_t at = (size_t)(entity * 0x9E3779B97F4A7C15u >> 20) & found->mask;
    while (found->slot[at] != 0 && found->slot[at] != (uint64_t)entity + 1)
        at = (at + 1) & found->mask;
    return &found->slot[at];
}

/* The cards of one day are packed at the front of it, found ones gone; returns how many of the top
 * k are frauds, and remembers them. */
static size_t inspect(struct card *card, size_t count, size_t k, const struct found *found)
{
    size_t kept = 0, caught = 0;
    for (size_t i = 0; i < count; i++)
        if (*found_at(found, card[i].entity) == 0)
            card[kept++] = card[i];
    qsort(card, kept, sizeof *card, worst_case_first);
    for (size_t i = 0; i < kept && i < k; i++) {
        if (!card[i].fraud)
            continue;
        *found_at(found, card[i].entity) = (uint64_t)card[i].entity + 1;
        caught++;
    }
    return caught;
}

static size_t day_length(const struct card *card, size_t count)
{
    size_t length = 1;
    while (length < count && card[length].period == card[0].period)
        length++;
    return length;
}

/* Destroys the order of the cards within their days. */
static bool walk_days(struct card *card, size_t count, size_t k, struct arena *arena,
                      struct card_budget *out)
{
    struct found found;
    if (!found_init(&found, count, arena))
        return false;
    *out = (struct card_budget){0};
    for (size_t i = 0, length; i < count; i += length) {
        length = day_length(card + i, count - i);
        out->caught += inspect(card + i, length, k, &found);
        out->periods++;
    }
    out->precision = share((double)out->caught, (double)k * (double)out->periods);
    return true;
}

bool budget_of_cards(const struct stream *stream, size_t k, struct arena *arena,
                     struct card_budget *out, struct err *err)
{
    assert(k > 0);
    assert(stream->sample.count == 0 || (stream->period != NULL && stream->entity != NULL));
    const uint32_t *row = sorted_rows(stream, by_period_and_entity, arena, err);
    struct card *card = arena_new(arena, struct card, stream->sample.count + 1);
    struct card *known = arena_new(arena, struct card, stream->sample.count + 1);
    struct card_budget ours, ideal;
    if (row == NULL)
        return false;
    size_t cards = card == NULL || known == NULL ? 0 : cards_of(stream, row, card);
    for (size_t i = 0; i < cards; i++) {
        known[i] = card[i];
        known[i].score = card[i].fraud ? 1 : 0;
    }
    if (card == NULL || known == NULL || !walk_days(card, cards, k, arena, &ours) ||
        !walk_days(known, cards, k, arena, &ideal))
        return err_set(err, ERR_LIMIT, "the cards of %zu rows do not fit the job's memory limit",
                       stream->sample.count);
    *out = ours;
    out->ceiling = ideal.precision;
    return true;
}

/* ---------------------------------------------------------------- a threshold's meaning */

struct totals {
    double fraud_money, money_caught;
    double clean, insulted;
    double frauds_before, money_before, time_ms;
};

/* One entity, its rows in time order. */
static void watch_entity(const struct stream *stream, float threshold, const uint32_t *row,
                         size_t count, struct detection *out, struct totals *totals)
{
    bool compromised = false, detected = false, insulted = false;
    int64_t first_ms = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = row[i];
        bool alarm = stream->sample.score[at] >= threshold, fraud = stream->sample.label[at];
        double money = stream->amount[at], mass = weight_of(&stream->sample, at);
        insulted |= alarm;
        if (fraud) {
            totals->fraud_money += mass * money;
            totals->money_caught += alarm ? mass * money : 0;
            first_ms = compromised ? first_ms : stream->time_ms[at];
            compromised = true;
        }
        if (compromised && alarm && !detected) {
            detected = true;
            totals->time_ms += (double)(stream->time_ms[at] - first_ms);
        }
        if (fraud && !detected) {
            totals->frauds_before++;
            totals->money_before += money;
        }
    }
    out->compromised += compromised;
    out->detected += detected;
    totals->clean += !compromised;
    totals->insulted += !compromised && insulted;
}

bool detection_at(const struct stream *stream, float threshold, struct arena *arena,
                  struct detection *out, struct err *err)
{
    size_t count = stream->sample.count;
    assert(count == 0 || (stream->entity != NULL && stream->amount != NULL));
    assert(count == 0 || stream->time_ms != NULL);
    const uint32_t *row = sorted_rows(stream, by_entity_and_time, arena, err);
    if (row == NULL)
        return false;
    struct detection seen = {0};
    struct totals totals = {0};
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && stream->entity[row[end]] == stream->entity[row[i]];)
            end++;
        watch_entity(stream, threshold, row + i, end - i, &seen, &totals);
    }
    struct confusion confusion = confusion_at(&stream->sample, threshold);
    double compromised = (double)seen.compromised;
    seen.value_recall = share(totals.money_caught, totals.fraud_money);
    seen.false_per_true = confusion.false_positive + confusion.true_positive == 0
                              ? (double)NAN
                              : confusion.false_positive / confusion.true_positive;
    seen.insult_rate = share(totals.insulted, totals.clean);
    seen.frauds_before = share(totals.frauds_before, compromised);
    seen.money_before = share(totals.money_before, compromised);
    seen.time_to_detect_ms = share(totals.time_ms, (double)seen.detected);
    *out = seen;
    return true;
}
