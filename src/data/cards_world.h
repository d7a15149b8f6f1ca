/*
 * cards_world: the customers, terminals and payments of the preset `cards`.
 *
 * The mechanics are the simulator's of Le Borgne et al., "Reproducible Machine Learning for Credit
 * Card Fraud Detection - Practical Handbook" (2022): customers and terminals on a square of 100 km,
 * a customer pays at terminals near home, a Poisson number of times a day, around noon, amounts
 * around a mean of his own. Three scenarios:
 *
 *     1  an amount above 220
 *     2  a terminal is compromised: all payments at it for 28 days
 *     3  a customer's card data are stolen: a third of the payments of 14 days, five times as large
 *
 * Scenarios 2 and 3 live in the past of a terminal and of a customer. So that a model without that
 * past sees something too, payments carry what a real feed carries: how the card was read, through
 * which channel, how far from home, what the bank knew of the customer before. Fraud shifts these
 * without deciding them. The scenario itself goes to a file of its own and is no feature.
 */
#ifndef DATA_CARDS_WORLD_H
#define DATA_CARDS_WORLD_H

#include "data/preset.h"

#include "base/rng.h"

enum { CARDS_DAYS_MAX = 3650, CARDS_LARGE_CENTS = 22000, DAY_SECONDS = 86400 };

/* Each kind of draw has streams of its own; shifts have one each from STREAM_SHIFTS. */
enum {
    STREAM_CUSTOMER,
    STREAM_TERMINAL,
    STREAM_PAYMENTS,
    STREAM_LABELS,
    STREAM_SHIFTS = 8,
};

enum channel { CHANNEL_POS, CHANNEL_ATM, CHANNEL_ONLINE };
enum entry { ENTRY_CHIP, ENTRY_CONTACTLESS, ENTRY_STRIPE, ENTRY_KEYED };
enum scenario { SCENARIO_NONE, SCENARIO_LARGE, SCENARIO_TERMINAL, SCENARIO_CUSTOMER };

struct terminal {
    double x, y;
    int32_t compromised_from; /* a day, or INT32_MAX: never */
    enum channel channel;
};

struct customer {
    double x, y;
    double mean_amount;
    double payments_a_day;
    int32_t compromised_from;
    uint32_t tenure_days;      /* on day 0 */
    uint32_t known_mean_cents; /* what the bank measured before day 0 */
    uint32_t near_first, near_count;
};

struct world {
    uint64_t seed;
    uint32_t days;
    uint32_t customers, terminals;
    struct customer *customer;
    struct terminal *terminal;
    uint32_t *near; /* terminals of all customers, one customer's after another's */
};

struct payment {
    uint32_t second, customer, order; /* sorted by these */
    uint32_t terminal;
    uint32_t cents;
    uint8_t scenario, entry;
    uint32_t event; /* where its shifted cells are, when the stream has shifts */
};

int64_t cards_first_day_ms(void);

bool cards_world_init(struct world *world, const struct preset_options *options,
                      struct arena *arena, struct err *err);

double cards_distance_km(const struct customer *customer, const struct terminal *terminal);

/* All payments of a day, in no order yet but those of a customer one after the other, drawn
 * `volume` times as often as customers pay. NULL: the arena is full. */
struct payment *cards_draw_day(const struct world *world, uint32_t day, double volume,
                               size_t *count, struct arena *arena);

#endif
