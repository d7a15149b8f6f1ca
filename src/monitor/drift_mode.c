#include "monitor/drift_mode.h"

#include "measure/drift_judge.h"

#include <math.h>

const struct drift_mode drift_mode_assay = {
    .name = "assay",
    .about = "PSI above its noise (Holm over all columns, 1 %) and large enough to matter",
    .alpha = DRIFT_ALPHA,
    .of_the_family = true,
    .categories = true,
};

const struct drift_mode drift_mode_ks = {
    .name = "ks",
    .about = "each numeric column alone: Kolmogorov-Smirnov p < 0.05",
    .alpha = 0.05,
};

const struct drift_mode drift_mode_columns = {
    .name = "columns",
    .about =
        "each column alone: p < 0.1, Kolmogorov-Smirnov for numbers, chi-square for categories",
    .alpha = 0.1,
    .categories = true,
};

const struct drift_mode *const drift_modes[] = {
#define DRIFT_MODE(name) &drift_mode_##name,
#include "monitor/drift_modes.def"
#undef DRIFT_MODE
};

const size_t drift_modes_count = LENGTH_OF(drift_modes);

const struct drift_mode *drift_mode_find(struct view name)
{
    for (size_t i = 0; i < drift_modes_count; i++)
        if (view_is(name, drift_modes[i]->name))
            return drift_modes[i];
    return NULL;
}

double drift_mode_false_alarms(const struct drift_mode *mode, size_t columns)
{
    if (columns == 0)
        return 0;
    return mode->of_the_family ? mode->alpha : 1 - pow(1 - mode->alpha, (double)columns);
}

const struct drift *drift_mode_test(bool numbers)
{
    return numbers ? &drift_ks : &drift_chi_square;
}
