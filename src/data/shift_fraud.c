/* Shifts of fraud: how much there is, and what it looks like. */
#include "data/shift.h"

#include <math.h>

static double weigh_prior(const struct shift *shift, double strength,
                          const struct shift_event *event)
{
    return event->fraud == 0 ? 1 : 1 + (shift->factor - 1) * strength;
}

const struct shift_kind shift_prior = {
    .name = "prior",
    .about = "there is more fraud or less of it, of the kinds there were",
    .needs = 1U << SHIFT_FACTOR,
    .weight = weigh_prior,
};

static bool check_concept(struct shift *shift, struct err *err UNUSED)
{
    static const double share = 0.01; /* of the events that can be so: fraud about doubles */
    if (isnan(shift->share))
        shift->share = share;
    if (isnan(shift->fade))
        shift->fade = 0;
    return true;
}

static bool apply_concept(const struct shift *shift, double strength, struct rng *rng,
                          struct shift_event *event)
{
    double draw = rng_unit(rng);
    if (event->fraud != 0 || draw >= shift->share * strength ||
        !shift->stream->disguise(event, rng))
        return false;
    event->fraud = SHIFT_FRAUD_NEW;
    return true;
}

static double weigh_concept(const struct shift *shift, double strength,
                            const struct shift_event *event)
{
    bool old = event->fraud != 0 && event->fraud != SHIFT_FRAUD_NEW;
    return old ? 1 - shift->fade * strength : 1;
}

const struct shift_kind shift_concept = {
    .name = "concept",
    .about = "a share of honest events is a new kind of fraud that looks honest; the old may fade",
    .may = 1U << SHIFT_SHARE | 1U << SHIFT_FADE,
    .check = check_concept,
    .apply = apply_concept,
    .weight = weigh_concept,
};
