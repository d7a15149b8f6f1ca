#if defined(__AVX2__)

#include "model/cpu.h"
#include "model/shap_lanes.h"

static bool supported(void)
{
    return cpu_has_avx2();
}

const struct shap_kernel shap_kernel_avx2 = {
    .name = "avx2",
    .supported = supported,
    .lanes = 4,
    .row = explain_row,
    .block = explain_block,
    .tables = explain_tables,
};

#endif
