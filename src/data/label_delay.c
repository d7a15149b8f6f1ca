#include "data/label_delay.h"

#include <math.h>

enum { DAY_SECONDS = 86400, ANALYST_DAYS = 2 };

/* Chargebacks: half within 25 days, nine of ten within 54, none after the 120 that card schemes
 * give. Nobody tells of one fraud in twenty, and one label in two hundred is wrong. */
const struct label_delay label_delay_default = {
    .median = 25,
    .spread = 0.6,
    .most = 120,
    .analyst = 0.3,
    .cleared = 0.02,
    .unreported = 0.05,
    .noise = 0.005,
};

#define NUMBER(name, least, most)                                                                  \
    {                                                                                              \
#name, KNOB_NUMBER, offsetof(struct label_delay, name), least, most                        \
    }

static const struct knob settings[] = {
    NUMBER(median, 0, 3650), NUMBER(spread, 0, 5),     NUMBER(most, 0, 3650), NUMBER(analyst, 0, 1),
    NUMBER(cleared, 0, 1),   NUMBER(unreported, 0, 1), NUMBER(noise, 0, 1),   {0},
};

bool label_delay_parse(struct view text, struct label_delay *out, struct err *err)
{
    uint32_t given;
    struct label_delay delay = label_delay_default;
    if (text.length > 0 && !knobs_parse(text, settings, &delay, &given, err))
        return err_while(err, "the labels' delay '" VIEW_FMT "'", VIEW_ARG(text));
    *out = delay;
    return true;
}

bool label_delay_draw(const struct label_delay *delay, bool fraud, struct rng *rng,
                      struct label_said *out)
{
    double told = rng_unit(rng), by_analyst = rng_unit(rng), wrong = rng_unit(rng);
    double quick = rng_unit(rng) * ANALYST_DAYS;
    double slow = fmin(delay->median * exp(delay->spread * rng_normal(rng)), delay->most);
    if (fraud ? told < delay->unreported : told >= delay->cleared)
        return false;
    bool analyst = !fraud || by_analyst < delay->analyst;
    *out = (struct label_said){
        .fraud = fraud != (wrong < delay->noise),
        .source = analyst ? "analyst" : "chargeback",
        .delay_s = (uint32_t)((analyst ? quick : slow) * DAY_SECONDS),
    };
    return true;
}
