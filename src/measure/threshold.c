#include "measure/threshold.h"

bool threshold_best_f1(const struct ranking *ranking, struct threshold *out, struct err *err)
{
    if (ranking->fraud == 0)
        return err_set(err, ERR_INPUT,
                       "no threshold can be chosen: none of the %zu rows is fraud; give the "
                       "validation slice more rows",
                       ranking->sample.count);

    /* F1 = 2 caught / (alarms + fraud). Fractions are compared by whole numbers: two thresholds
     * that are equally good must not differ by a rounding. */
    uint64_t alarms = 0, caught = 0, best_caught = 0, best_base = 1;
    for (size_t i = 0; i < ranking->groups; i++) {
        alarms += ranking->group[i].count;
        caught += ranking->group[i].fraud;
        uint64_t base = alarms + ranking->fraud;
        if (caught * best_base <= best_caught * base)
            continue;
        best_caught = caught;
        best_base = base;
        out->score = ranking->group[i].score;
    }
    out->f1 = 2 * (double)best_caught / (double)best_base;
    return true;
}
