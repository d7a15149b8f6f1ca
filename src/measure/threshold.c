#include "measure/threshold.h"

bool threshold_best_f1(const struct ranking *ranking, struct threshold *out, struct err *err)
{
    if (ranking->fraud == 0)
        return err_set(err, ERR_INPUT,
                       "no threshold can be chosen: none of the %zu rows is fraud%s; give the "
                       "validation slice more rows",
                       ranking->sample.count,
                       ranking->sample.weight == NULL ? "" : " with a weight above 0");

    /* F1 = 2 caught / (alarms + fraud). Fractions are compared by products, whole where weights
     * are: two thresholds that are equally good must not differ by a rounding. */
    double caught = 0, insulted = 0, best_caught = 0, best_base = 1;
    for (size_t i = 0; i < ranking->groups; i++) {
        caught += ranking->group[i].fraud;
        insulted += ranking->group[i].legitimate;
        double base = caught + insulted + ranking->fraud;
        if (caught * best_base <= best_caught * base)
            continue;
        best_caught = caught;
        best_base = base;
        out->score = ranking->group[i].score;
    }
    out->f1 = 2 * best_caught / best_base;
    return true;
}
