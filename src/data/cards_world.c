#include "data/cards_world.h"

#include "base/clock.h"
#include "base/rng.h"

#include <math.h>

enum {
    CUSTOMERS_DEFAULT = 1000,
    CUSTOMERS_MAX = 200000,
    TERMINALS_PER_CUSTOMER = 2,
    DAYS_DEFAULT = 90,
    TERMINAL_DAYS = 28, /* a compromise lasts */
    CUSTOMER_DAYS = 14,
    NEVER = INT32_MAX,
};

static const double plane_km = 100, radius_km = 5;
/* A day's chance to be compromised: 2 of 10,000 terminals, 3 of 5,000 customers. */
static const double terminal_rate = 2.0 / 10000, customer_rate = 3.0 / 5000;

int64_t cards_first_day_ms(void)
{
    return civil_to_ms(&(struct civil){.year = 2025, .month = 1, .day = 1});
}

static double between(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_unit(rng);
}

static bool chance(struct rng *rng, double p)
{
    return rng_unit(rng) < p;
}

/* The first day of a thing that happens with chance `rate` a day: geometric, by inversion. */
static int32_t first_day_of(struct rng *rng, double rate)
{
    double day = floor(log(1 - rng_unit(rng)) / log(1 - rate));
    return day < CARDS_DAYS_MAX ? (int32_t)day : NEVER;
}

static struct terminal make_terminal(uint64_t seed, uint32_t index)
{
    struct rng rng = rng_of(seed, STREAM_TERMINAL, index);
    struct terminal terminal = {
        .x = between(&rng, 0, plane_km),
        .y = between(&rng, 0, plane_km),
    };
    double kind = rng_unit(&rng);
    terminal.channel = kind < 0.70 ? CHANNEL_POS : kind < 0.82 ? CHANNEL_ATM : CHANNEL_ONLINE;
    /* Machines without a clerk and shops without a counter are easier to tamper with. The weights
     * leave the mean rate as it is. */
    static const double weight[] = {
        [CHANNEL_POS] = 0.6, [CHANNEL_ATM] = 2.2, [CHANNEL_ONLINE] = 1.755};
    terminal.compromised_from = first_day_of(&rng, terminal_rate * weight[terminal.channel]);
    return terminal;
}

static struct customer make_customer(uint64_t seed, uint32_t index)
{
    struct rng rng = rng_of(seed, STREAM_CUSTOMER, index);
    struct customer customer = {
        .x = between(&rng, 0, plane_km),
        .y = between(&rng, 0, plane_km),
        .mean_amount = between(&rng, 5, 100),
        .payments_a_day = between(&rng, 0, 4),
        .tenure_days = 30 + (uint32_t)(-1500 * log(1 - rng_unit(&rng))),
    };
    customer.known_mean_cents =
        (uint32_t)lround(customer.mean_amount * 100 * exp(0.15 * rng_normal(&rng)));
    /* A fifth of the customers came within the last year; they lose their cards twice as often. */
    double weight = customer.tenure_days < 365 ? 1.67 : 0.83;
    customer.compromised_from = first_day_of(&rng, customer_rate * weight);
    return customer;
}

double cards_distance_km(const struct customer *customer, const struct terminal *terminal)
{
    return hypot(customer->x - terminal->x, customer->y - terminal->y);
}

/* Terminals by squares of the plane, so that near ones are found without looking at all. */
struct grid {
    double cell_km;
    uint32_t side;
    uint32_t *first; /* side * side + 1 */
    uint32_t *terminal;
};

static uint32_t cell_of(const struct grid *grid, double km)
{
    uint32_t cell = (uint32_t)(km / grid->cell_km);
    return cell < grid->side ? cell : grid->side - 1;
}

static bool grid_init(struct grid *grid, const struct world *world, double cell_km,
                      struct arena *arena)
{
    grid->cell_km = cell_km;
    grid->side = (uint32_t)ceil(plane_km / cell_km);
    size_t cells = (size_t)grid->side * grid->side;
    grid->first = arena_new(arena, uint32_t, cells + 2);
    grid->terminal = arena_new(arena, uint32_t, world->terminals);
    if (grid->first == NULL || grid->terminal == NULL)
        return false;
    /* Counted two ahead, summed one ahead, and filling moves each start to its end. */
    for (uint32_t i = 0; i < world->terminals; i++) {
        const struct terminal *terminal = &world->terminal[i];
        grid->first[cell_of(grid, terminal->y) * grid->side + cell_of(grid, terminal->x) + 2]++;
    }
    for (size_t i = 2; i < cells + 2; i++)
        grid->first[i] += grid->first[i - 1];
    for (uint32_t i = 0; i < world->terminals; i++) {
        const struct terminal *terminal = &world->terminal[i];
        uint32_t cell = cell_of(grid, terminal->y) * grid->side + cell_of(grid, terminal->x);
        grid->terminal[grid->first[cell + 1]++] = i;
    }
    return true;
}

/* The customer's terminals within `reach`, into `out` unless NULL; how many. */
static uint32_t find_near(const struct world *world, const struct grid *grid,
                          const struct customer *customer, double reach, uint32_t *out)
{
    uint32_t count = 0;
    uint32_t row = cell_of(grid, customer->y), column = cell_of(grid, customer->x);
    for (uint32_t y = row == 0 ? 0 : row - 1; y <= row + 1 && y < grid->side; y++) {
        for (uint32_t x = column == 0 ? 0 : column - 1; x <= column + 1 && x < grid->side; x++) {
            size_t cell = (size_t)y * grid->side + x;
            for (uint32_t i = grid->first[cell]; i < grid->first[cell + 1]; i++) {
                if (cards_distance_km(customer, &world->terminal[grid->terminal[i]]) > reach)
                    continue;
                if (out != NULL)
                    out[count] = grid->terminal[i];
                count++;
            }
        }
    }
    return count;
}

static uint32_t nearest_terminal(const struct world *world, const struct customer *customer)
{
    uint32_t nearest = 0;
    for (uint32_t i = 1; i < world->terminals; i++)
        if (cards_distance_km(customer, &world->terminal[i]) <
            cards_distance_km(customer, &world->terminal[nearest]))
            nearest = i;
    return nearest;
}

/* Gives each customer the terminals near home; who has none goes to the nearest. Past 10,000
 * terminals the reach shrinks, so that a customer keeps about 80 of them. */
static bool meet(struct world *world, struct arena *arena)
{
    enum { TERMINALS_FULL_REACH = 10000 };
    double crowd = (double)world->terminals / TERMINALS_FULL_REACH;
    double reach = crowd > 1 ? radius_km / sqrt(crowd) : radius_km;
    struct grid grid;
    if (!grid_init(&grid, world, reach, arena))
        return false;
    uint32_t total = 0;
    for (uint32_t i = 0; i < world->customers; i++) {
        struct customer *customer = &world->customer[i];
        uint32_t found = find_near(world, &grid, customer, reach, NULL);
        customer->near_first = total;
        customer->near_count = found > 0 ? found : 1;
        total += customer->near_count;
    }
    world->near = arena_new(arena, uint32_t, total);
    if (world->near == NULL)
        return false;
    for (uint32_t i = 0; i < world->customers; i++) {
        const struct customer *customer = &world->customer[i];
        uint32_t *near = world->near + customer->near_first;
        if (find_near(world, &grid, customer, reach, near) == 0)
            near[0] = nearest_terminal(world, customer);
    }
    return true;
}

bool cards_world_init(struct world *world, const struct preset_options *options,
                      struct arena *arena, struct err *err)
{
    *world = (struct world){
        .seed = options->seed,
        .days = options->days > 0 ? options->days : DAYS_DEFAULT,
        .customers = options->rows > 0 ? options->rows : CUSTOMERS_DEFAULT,
    };
    if (world->customers > CUSTOMERS_MAX)
        return err_set(err, ERR_USAGE, "%u customers are too many, at most %d can be had",
                       world->customers, CUSTOMERS_MAX);
    if (world->days > CARDS_DAYS_MAX)
        return err_set(err, ERR_USAGE, "%u days are too many, at most %d can be had", world->days,
                       CARDS_DAYS_MAX);
    world->terminals = world->customers * TERMINALS_PER_CUSTOMER;
    world->customer = arena_new(arena, struct customer, world->customers);
    world->terminal = arena_new(arena, struct terminal, world->terminals);
    if (world->customer == NULL || world->terminal == NULL)
        return err_set(err, ERR_LIMIT, "%u customers do not fit the memory limit",
                       world->customers);
    for (uint32_t i = 0; i < world->customers; i++)
        world->customer[i] = make_customer(world->seed, i);
    for (uint32_t i = 0; i < world->terminals; i++)
        world->terminal[i] = make_terminal(world->seed, i);
    return meet(world, arena) ||
           err_set(err, ERR_LIMIT, "%u customers do not fit the memory limit", world->customers);
}

static bool compromised(int32_t from, uint32_t day, int32_t lasts)
{
    return from <= (int32_t)day && (int32_t)day - from < lasts;
}

/* A normal amount around the customer's mean; a negative one is drawn again, evenly. */
static double draw_amount(struct rng *rng, const struct customer *customer)
{
    double amount = customer->mean_amount * (1 + 0.5 * rng_normal(rng));
    return amount >= 0 ? amount : between(rng, 0, 2 * customer->mean_amount);
}

/* Thieves prefer to shop where no card is shown: the second of two looks counts if it is better. */
static uint32_t draw_terminal(struct rng *rng, const struct world *world,
                              const struct customer *customer, bool stolen)
{
    const uint32_t *near = world->near + customer->near_first;
    uint32_t terminal = near[rng_below(rng, customer->near_count)];
    uint32_t other = near[rng_below(rng, customer->near_count)];
    return stolen && world->terminal[other].channel == CHANNEL_ONLINE ? other : terminal;
}

/* How the card was read. Copies of a card have no chip: they are swiped or keyed in. */
static enum entry draw_entry(struct rng *rng, enum channel channel, enum scenario scenario)
{
    bool copied = scenario == SCENARIO_TERMINAL || scenario == SCENARIO_CUSTOMER;
    double draw = rng_unit(rng);
    if (channel == CHANNEL_ONLINE)
        return ENTRY_KEYED;
    if (draw < (copied ? 0.55 : 0.05))
        return ENTRY_STRIPE;
    if (draw < (copied ? 0.65 : 0.06))
        return ENTRY_KEYED;
    return channel == CHANNEL_POS && chance(rng, 0.5) ? ENTRY_CONTACTLESS : ENTRY_CHIP;
}

/* Around noon; what falls outside the day is lost, as in the original. Copies of cards are used at
 * night too. */
static bool draw_second(struct rng *rng, enum scenario scenario, uint32_t *second)
{
    static const double noon = 43200, spread = 20000, night_share = 0.3, night = 21600;
    bool copied = scenario == SCENARIO_TERMINAL || scenario == SCENARIO_CUSTOMER;
    double at = noon + spread * rng_normal(rng);
    if (chance(rng, night_share) && copied)
        at = between(rng, 0, night);
    if (at < 0 || at >= DAY_SECONDS)
        return false;
    *second = (uint32_t)at;
    return true;
}

/* One payment of a customer's day. False: it falls outside the day. */
static bool draw_payment(struct rng *rng, const struct world *world, uint32_t day,
                         struct payment *out)
{
    const struct customer *customer = &world->customer[out->customer];
    bool victim = compromised(customer->compromised_from, day, CUSTOMER_DAYS);
    bool stolen = chance(rng, 1.0 / 3) && victim;
    double amount = draw_amount(rng, customer) * (stolen ? 5 : 1);
    out->terminal = draw_terminal(rng, world, customer, stolen);
    const struct terminal *terminal = &world->terminal[out->terminal];
    uint32_t cents = (uint32_t)lround(amount * 100);
    out->cents = cents > 0 ? cents : 1;

    enum scenario scenario = SCENARIO_NONE;
    if (out->cents > CARDS_LARGE_CENTS)
        scenario = SCENARIO_LARGE;
    if (compromised(terminal->compromised_from, day, TERMINAL_DAYS))
        scenario = SCENARIO_TERMINAL;
    if (stolen)
        scenario = SCENARIO_CUSTOMER;
    out->scenario = (uint8_t)scenario;
    out->entry = (uint8_t)draw_entry(rng, terminal->channel, scenario);
    return draw_second(rng, scenario, &out->second);
}

static struct rng payments_rng(const struct world *world, uint32_t day, uint32_t customer)
{
    return rng_of(world->seed, STREAM_PAYMENTS, (uint64_t)day << 32 | customer);
}

struct payment *cards_draw_day(const struct world *world, uint32_t day, double volume,
                               size_t *count, struct arena *arena)
{
    size_t most = 0;
    for (uint32_t i = 0; i < world->customers; i++) {
        struct rng rng = payments_rng(world, day, i);
        most += rng_poisson(&rng, world->customer[i].payments_a_day * volume);
    }
    struct payment *payment = arena_new(arena, struct payment, most);
    if (payment == NULL)
        return NULL;
    *count = 0;
    for (uint32_t i = 0; i < world->customers; i++) {
        struct rng rng = payments_rng(world, day, i);
        unsigned wanted = rng_poisson(&rng, world->customer[i].payments_a_day * volume);
        for (unsigned order = 0; order < wanted; order++) {
            payment[*count] = (struct payment){.customer = i, .order = order};
            *count += draw_payment(&rng, world, day, &payment[*count]);
        }
    }
    return payment;
}
