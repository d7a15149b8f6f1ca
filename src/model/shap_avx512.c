#if defined(__AVX512VL__)

#include "model/cpu.h"
#include "model/shap_lanes.h"

static bool supported(void)
{
    return cpu_has_avx512();
}

const struct shap_kernel shap_kernel_avx512 = {
    .name = "avx512",
    .supported = supported,
    .lanes = 8,
    .row = explain_row,
    .block = explain_block,
    .tables = explain_tables,
};

#endif
