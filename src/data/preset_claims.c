/*
 * The preset `claims`: car insurance claims and the customers who made them.
 *
 * Two tables joined one to one by policy_id, with the columns and the values that insurers' claim
 * tables of this kind have, "N/A" and a customer who gives no gender among them. A policy is drawn
 * from a stream of its own: the customer first, then the loss, then the claim. Whether it is fraud
 * is drawn last, with a chance that follows from a dozen signs an investigator would name. No sign
 * decides it: many honest claims look odd, and some frauds look plain.
 */
#include "data/preset.h"

#include "data/preset_csv.h"

#include "base/rng.h"

#include <math.h>

enum {
    POLICIES_DEFAULT = 5000,
    POLICIES_MAX = 10000000,
    CHUNK_POLICIES = 1000,
    STREAM_POLICY = 16,
};

/* A value and how often it comes; the last one takes what is left. */
struct choice {
    const char *text;
    double share;
};

static const struct choice relationships[] = {
    {"Self", 0.80}, {"Spouse", 0.10}, {"Child", 0.053}, {"Other", 0.047}};
static const struct choice incidents[] = {
    {"Collision", 0.854}, {"Break-in", 0.097}, {"Theft", 0.049}};
static const struct choice collisions[] = {{"Front", 0.49}, {"Rear", 0.26}, {"Side", 0.25}};
static const struct choice severities[] = {{"Minor", 0.44}, {"Major", 0.35}, {"Totaled", 0.21}};
static const struct choice states[] = {{"CA", 0.627}, {"WA", 0.121}, {"AZ", 0.108},
                                       {"OR", 0.073}, {"NV", 0.044}, {"ID", 0.027}};
static const struct choice liabilities[] = {
    {"25/50", 0.34}, {"15/30", 0.326}, {"30/60", 0.227}, {"100/200", 0.107}};
/* "Unkown" is how such tables spell it, and what a schema made for them expects. */
static const struct choice genders[] = {
    {"Male", 0.456}, {"Female", 0.442}, {"Unkown", 0.084}, {"Other", 0.018}};
static const struct choice educations[] = {{"Bachelor", 0.442},
                                           {"High School", 0.253},
                                           {"Advanced Degree", 0.19},
                                           {"Associate", 0.095},
                                           {"Below High School", 0.02}};

enum { RELATIONSHIP_OTHER = 3 };
enum { INCIDENT_COLLISION, INCIDENT_BREAK_IN, INCIDENT_THEFT };
enum { SEVERITY_MINOR, SEVERITY_MAJOR, SEVERITY_TOTALED };
enum { LIABILITY_15_30 = 1 };

enum authority { AUTHORITY_NONE, AUTHORITY_POLICE, AUTHORITY_AMBULANCE, AUTHORITY_FIRE };
static const char *const authority_names[] = {"None", "Police", "Ambulance", "Fire"};

/* Postal codes of a state, in the order of `states`. */
static const struct {
    uint32_t first, last;
} zips[] = {{90001, 96162}, {98001, 99403}, {85001, 86556},
            {97001, 97920}, {88901, 89883}, {83201, 83877}};

struct policy {
    uint32_t age, months, claims_past_year, insurers, state, deductable, premium, liability, zip;
    uint32_t gender, education, auto_year;
    uint32_t relationship, incident, collision, severity;
    enum authority authority;
    uint32_t vehicles, injuries, witnesses, month, day, weekday, hour;
    bool report;
    uint64_t injury_claim_cents, vehicle_claim_cents;
    bool fraud;
};

static bool chance(struct rng *rng, double p)
{
    return rng_unit(rng) < p;
}

static uint32_t pick(struct rng *rng, const struct choice *choice, size_t count)
{
    double draw = rng_unit(rng);
    uint32_t at = 0;
    while (at + 1 < count && draw >= choice[at].share)
        draw -= choice[at++].share;
    return at;
}
#define PICK(rng, choices) pick(rng, choices, LENGTH_OF(choices))

/* Counts upwards while the dice say so. */
static uint32_t count_while(struct rng *rng, double p, uint32_t most)
{
    uint32_t count = 0;
    while (count < most && chance(rng, p))
        count++;
    return count;
}

/* A normal number, drawn again until it lies within. */
static double normal_within(struct rng *rng, double mean, double spread, double low, double high)
{
    for (;;) {
        double value = mean + spread * rng_normal(rng);
        if (value >= low && value < high)
            return value;
    }
}

static double exponential(struct rng *rng, double mean)
{
    return -mean * log(1 - rng_unit(rng));
}

static void draw_customer(struct rng *rng, struct policy *policy)
{
    policy->age = (uint32_t)normal_within(rng, 44, 16, 18, 71);
    uint32_t months_max = (policy->age - 17) * 12;
    uint32_t months = 1 + (uint32_t)exponential(rng, 110);
    policy->months = months < months_max ? months : months_max;
    policy->claims_past_year = chance(rng, 0.09) ? 1 + count_while(rng, 0.3, 4) : 0;
    policy->insurers = chance(rng, 0.23) ? 2 + count_while(rng, 0.45, 3) : 1;
    policy->state = PICK(rng, states);
    policy->zip =
        zips[policy->state].first +
        (uint32_t)rng_below(rng, zips[policy->state].last - zips[policy->state].first + 1);
    policy->deductable = 750 + (chance(rng, 0.01) ? 50 * (1 + count_while(rng, 0.4, 5)) : 0);
    uint32_t discount = 50 * (uint32_t)exponential(rng, 2);
    policy->premium = 3000 - (discount < 800 ? discount : 800);
    policy->liability = PICK(rng, liabilities);
    policy->gender = PICK(rng, genders);
    policy->education = PICK(rng, educations);
    uint32_t car_age = (uint32_t)exponential(rng, 4.6);
    policy->auto_year = 2020 - (car_age < 19 ? car_age : 19);
}

static void draw_time(struct rng *rng, struct policy *policy)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const uint8_t month_weight[] = {10, 7, 8, 7, 7, 7, 7, 8, 7, 10, 11, 10};
    static const uint8_t weekday_weight[] = {17, 17, 15, 15, 16, 10, 10};
    uint32_t draw = (uint32_t)rng_below(rng, 99), month = 0; /* the weights' sum */
    while (draw >= month_weight[month])
        draw -= month_weight[month++];
    policy->month = month + 1;
    policy->day = 1 + (uint32_t)rng_below(rng, month_days[month]);
    draw = (uint32_t)rng_below(rng, 100);
    uint32_t weekday = 0;
    while (draw >= weekday_weight[weekday])
        draw -= weekday_weight[weekday++];
    policy->weekday = weekday;
    policy->hour = chance(rng, 0.1) ? (uint32_t)rng_below(rng, 24)
                                    : (uint32_t)normal_within(rng, 12, 4.8, 0, 24);
}

static void draw_loss(struct rng *rng, struct policy *policy)
{
    policy->incident = PICK(rng, incidents);
    policy->relationship = PICK(rng, relationships);
    policy->collision = PICK(rng, collisions);
    policy->severity = PICK(rng, severities);
    if (policy->incident == INCIDENT_THEFT && chance(rng, 0.7))
        policy->severity = SEVERITY_TOTALED;
    bool collision = policy->incident == INCIDENT_COLLISION;
    policy->vehicles = collision && chance(rng, 0.89) ? 2 + count_while(rng, 0.36, 4) : 1;
    double hurt = !collision ? 0.02 : policy->severity == SEVERITY_MINOR ? 0.2 : 0.5;
    policy->injuries = chance(rng, hurt) ? 1 + count_while(rng, 0.37, 3) : 0;
    policy->witnesses = count_while(rng, 0.48, 5);
    double draw = rng_unit(rng);
    policy->authority = AUTHORITY_NONE;
    if (draw < 0.7)
        policy->authority = AUTHORITY_POLICE;
    else if (draw < 0.73)
        policy->authority = policy->injuries > 0 ? AUTHORITY_AMBULANCE : AUTHORITY_NONE;
    else if (draw < 0.757)
        policy->authority = AUTHORITY_FIRE;
    policy->report = chance(rng, 0.6) && policy->authority == AUTHORITY_POLICE;
    draw_time(rng, policy);
}

static void draw_claim(struct rng *rng, struct policy *policy)
{
    static const double vehicle_mean[] = {10500, 17500, 31000};
    static const double vehicle_spread[] = {3500, 5500, 8000};
    double injury = 13000 * exp(0.98 * rng_normal(rng)) * (1 + 0.25 * policy->injuries);
    double hundreds = floor(injury / 100) * 100;
    policy->injury_claim_cents = (uint64_t)(fmin(fmax(hundreds, 300), 600000) * 100);
    double vehicle = normal_within(rng, vehicle_mean[policy->severity],
                                   vehicle_spread[policy->severity], 1000, 52000);
    policy->vehicle_claim_cents = (uint64_t)lround(vehicle * 100);
}

/* The logarithm of the odds that the claim is fraud. The signs are those of investigators' lists: a
 * young policy, earlier claims and many insurers, a large loss without police, witnesses or report,
 * injuries without an ambulance, night, an old car written off. The constant sets the share of
 * fraud to about 3.3 %. */
static double fraud_log_odds(const struct policy *policy)
{
    static const double constant = -7.15;
    double odds = constant;
    bool heavy = policy->severity != SEVERITY_MINOR;
    double injury = (double)policy->injury_claim_cents / 100;
    odds += policy->months < 12 ? 2.0 : policy->months < 36 ? 0.9 : 0;
    odds += 1.2 * fmin(policy->claims_past_year, 3);
    odds += 0.8 * (policy->insurers - 1);
    odds += heavy && !policy->report ? 1.3 : 0;
    odds += policy->authority == AUTHORITY_NONE ? 0.7 : 0;
    odds += policy->injuries > 1 && policy->authority != AUTHORITY_AMBULANCE ? 0.9 : 0;
    odds += policy->witnesses == 0 ? 0.5 : policy->witnesses > 1 ? -0.9 : 0;
    odds += 1.1 * fmin(fmax(log(injury / 13000), -1.5), 2);
    odds += policy->severity == SEVERITY_TOTALED && policy->auto_year < 2012 ? 2.0 : 0;
    odds += policy->hour < 5 || policy->hour > 21 ? 1.0 : 0;
    odds += policy->incident == INCIDENT_THEFT ? 1.1 : 0;
    odds += policy->incident == INCIDENT_COLLISION && policy->relationship == RELATIONSHIP_OTHER
                ? 1.0
                : 0;
    odds += policy->liability == LIABILITY_15_30 ? 0.3 : 0;
    return odds;
}

static struct policy draw_policy(uint64_t seed, uint32_t id)
{
    struct rng rng = rng_of(seed, STREAM_POLICY, id);
    struct policy policy = {0};
    draw_customer(&rng, &policy);
    draw_loss(&rng, &policy);
    draw_claim(&rng, &policy);
    policy.fraud = chance(&rng, 1 / (1 + exp(-fraud_log_odds(&policy))));
    return policy;
}

static void add_text(struct text *out, const char *cell)
{
    text_addc(out, ',');
    text_adds(out, cell);
}

static void add_whole(struct text *out, uint64_t cell)
{
    text_addc(out, ',');
    preset_add_whole(out, cell);
}

static void add_money(struct text *out, uint64_t cents)
{
    text_addc(out, ',');
    preset_add_hundredths(out, cents);
}

static void add_claim(struct text *out, uint32_t id, const struct policy *policy)
{
    bool collision = policy->incident == INCIDENT_COLLISION;
    preset_add_whole(out, id);
    add_text(out, collision ? relationships[policy->relationship].text : "N/A");
    add_text(out, incidents[policy->incident].text);
    add_text(out, collision ? collisions[policy->collision].text : "N/A");
    add_text(out, severities[policy->severity].text);
    add_text(out, authority_names[policy->authority]);
    add_whole(out, policy->vehicles);
    add_whole(out, policy->injuries);
    add_whole(out, policy->witnesses);
    add_text(out, policy->report ? "Yes" : "No");
    add_money(out, policy->injury_claim_cents);
    add_money(out, policy->vehicle_claim_cents);
    add_money(out, policy->injury_claim_cents + policy->vehicle_claim_cents);
    add_whole(out, policy->month);
    add_whole(out, policy->day);
    add_whole(out, policy->weekday);
    add_whole(out, policy->hour);
    text_adds(out, policy->fraud ? ",1\n" : ",0\n");
}

static void add_customer(struct text *out, uint32_t id, const struct policy *policy)
{
    preset_add_whole(out, id);
    add_whole(out, policy->age);
    add_whole(out, policy->months);
    add_whole(out, policy->claims_past_year);
    add_whole(out, policy->insurers);
    add_text(out, states[policy->state].text);
    add_whole(out, policy->deductable);
    add_whole(out, policy->premium);
    add_text(out, liabilities[policy->liability].text);
    add_whole(out, policy->zip);
    add_text(out, genders[policy->gender].text);
    add_text(out, educations[policy->education].text);
    add_whole(out, policy->auto_year);
    text_addc(out, '\n');
}

static bool write_policies(const void *self, uint32_t chunk, struct text *out,
                           struct arena *arena UNUSED)
{
    const struct preset_options *options = self;
    uint32_t first = chunk * CHUNK_POLICIES;
    for (uint32_t i = first; i < first + CHUNK_POLICIES && i < options->rows; i++) {
        struct policy policy = draw_policy(options->seed, i);
        add_claim(&out[0], i + 1, &policy);
        add_customer(&out[1], i + 1, &policy);
    }
    return true;
}

static bool write_claims(const struct preset_options *options, struct err *err)
{
    static const struct preset_file files[] = {
        {"claims.csv",
         "policy_id,driver_relationship,incident_type,collision_type,incident_severity,"
         "authorities_contacted,num_vehicles_involved,num_injuries,num_witnesses,"
         "police_report_available,injury_claim,vehicle_claim,total_claim_amount,incident_month,"
         "incident_day,incident_dow,incident_hour,fraud\n"},
        {"customers.csv",
         "policy_id,customer_age,months_as_customer,num_claims_past_year,"
         "num_insurers_past_5_years,policy_state,policy_deductable,policy_annual_premium,"
         "policy_liability,customer_zip,customer_gender,customer_education,auto_year\n"},
    };
    if (!preset_refuse_stream(options, "claims", err))
        return false;
    if (options->rows > POLICIES_MAX)
        return err_set(err, ERR_USAGE, "%u policies are too many, at most %d can be had",
                       options->rows, POLICIES_MAX);
    struct preset_options whole = *options;
    if (whole.rows == 0)
        whole.rows = POLICIES_DEFAULT;
    struct preset_run run = {
        .dir = whole.dir,
        .keep = whole.keep,
        .files = files,
        .file_count = LENGTH_OF(files),
        .chunks = (whole.rows + CHUNK_POLICIES - 1) / CHUNK_POLICIES,
        .threads = whole.threads,
        .write = write_policies,
        .world = &whole,
    };
    return preset_run_write(&run, err);
}

const struct preset preset_claims = {
    .name = "claims",
    .about = "car insurance claims and their customers, joined by policy_id",
    .files = "claims.csv, customers.csv",
    .write = write_claims,
};
