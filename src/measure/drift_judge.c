#include "measure/drift_judge.h"

#include "measure/chance.h"

#include <math.h>

const struct drift_limits drift_limits_default = {.watch = 0.05, .alarm = 0.25, .rows_min = 500};

const char *drift_state_name(enum drift_state state)
{
    static const char *const names[] = {[DRIFT_OK] = "OK",
                                        [DRIFT_INSUFFICIENT] = "INSUFFICIENT",
                                        [DRIFT_WATCH] = "WATCH",
                                        [DRIFT_ALARM] = "ALARM"};
    return names[state];
}

bool drift_limits_check(const struct drift_limits *limits, struct err *err)
{
    if (limits->watch >= 0 && limits->watch <= limits->alarm && isfinite(limits->alarm))
        return true;
    return err_set(err, ERR_INPUT,
                   "drift limits of %g (watch) and %g (alarm): 0 <= watch <= alarm is wanted",
                   limits->watch, limits->alarm);
}

static enum drift_state state_of(bool above, double effect, double watch, double alarm)
{
    if (!above || effect < watch)
        return DRIFT_OK;
    return effect < alarm ? DRIFT_WATCH : DRIFT_ALARM;
}

/* ---------------------------------------------------------------- columns */

struct drift_case drift_case_of(const struct drift_reference *reference,
                                const struct drift_window *window,
                                const struct drift_limits *limits)
{
    return (struct drift_case){
        .psi = drift_psi.distance(reference, window),
        .bins = drift_bins_used(reference, window),
        .reference_rows = reference->self.rows,
        .rows = window->rows,
        .limits = limits == NULL ? drift_limits_default : *limits,
    };
}

static bool has_rows(const struct drift_case *column)
{
    size_t fewer = column->rows < column->reference_rows ? column->rows : column->reference_rows;
    return fewer > 0 && fewer >= column->limits.rows_min;
}

/* PSI in units of chi-square. */
static double unit_of(const struct drift_case *column)
{
    return 1 / (double)column->rows + 1 / (double)column->reference_rows;
}

/* A gap g between two shares around m adds g^2/m (1 + (g/m)^2/12 + ...) to PSI and g^2/m to
 * chi-square. The second term counts while rows are few; it is largest when all of the gap is in
 * one bin of B alike: PSI = x (1 + x B/12) at most, with x what chi-square would be. */
static double psi_of_chi_square(double x, double bins)
{
    return x * (1 + x * bins / 12);
}

static double chi_square_of_psi(double psi, double bins)
{
    return (sqrt(1 + psi * bins / 3) - 1) / (bins / 6);
}

void drift_judge(const struct drift_case *column, size_t count, double alpha,
                 struct drift_finding *out)
{
    size_t family = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct drift_finding){.state = DRIFT_INSUFFICIENT, .chance = 1};
        if (!has_rows(&column[i]))
            continue;
        family++;
        double bins = (double)column[i].bins, x = chi_square_of_psi(column[i].psi, bins);
        if (bins > 1)
            out[i].chance = chi_square_above(x / unit_of(&column[i]), bins - 1);
    }
    if (family == 0)
        return;
    double level = holm_level(&out[0].chance, sizeof out[0], count, family, alpha);
    for (size_t i = 0; i < count; i++) {
        const struct drift_limits *limits = &column[i].limits;
        if (!has_rows(&column[i]))
            continue;
        out[i].above = out[i].chance <= level;
        double bins = (double)column[i].bins;
        if (bins > 1)
            out[i].floor =
                psi_of_chi_square(chi_square_limit(level, bins - 1) * unit_of(&column[i]), bins);
        out[i].state = state_of(out[i].above, column[i].psi, limits->watch, limits->alarm);
    }
}

static int gravity(enum drift_state state)
{
    return state == DRIFT_INSUFFICIENT ? -1 : (int)state;
}

enum drift_state drift_worst(const struct drift_finding *finding, size_t count)
{
    enum drift_state worst = DRIFT_INSUFFICIENT;
    for (size_t i = 0; i < count; i++)
        worst = gravity(finding[i].state) > gravity(worst) ? finding[i].state : worst;
    return worst;
}

/* ---------------------------------------------------------------- rates */

static double rate_of(uint64_t hits, uint64_t rows)
{
    return rows == 0 ? 0 : (double)hits / (double)rows;
}

static bool has_rate(const struct rate_case *rate)
{
    uint64_t fewer = rate->rows < rate->rows_before ? rate->rows : rate->rows_before;
    return fewer > 0 && fewer >= rate->rows_min;
}

void rate_judge(const struct rate_case *rate, size_t count, double alpha, struct rate_finding *out)
{
    size_t family = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rate_case *r = &rate[i];
        double before = ((double)r->hits_before + 0.5) / ((double)r->rows_before + 1);
        double now = ((double)r->hits + 0.5) / ((double)r->rows + 1);
        family += has_rate(r);
        out[i] = (struct rate_finding){
            .state = DRIFT_INSUFFICIENT,
            .before = rate_of(r->hits_before, r->rows_before),
            .now = rate_of(r->hits, r->rows),
            .times = now / before,
            .chance =
                has_rate(r) ? rates_chance(r->hits_before, r->rows_before, r->hits, r->rows) : 1,
        };
    }
    if (family == 0)
        return;
    double level = holm_level(&out[0].chance, sizeof out[0], count, family, alpha);
    for (size_t i = 0; i < count; i++)
        if (has_rate(&rate[i]))
            out[i].state = state_of(out[i].chance <= level, fmax(out[i].times, 1 / out[i].times),
                                    rate[i].watch, rate[i].alarm);
}
