#include "model/shap_lanes.h"

static bool supported(void)
{
    return true;
}

const struct shap_kernel shap_kernel_portable = {
    .name = "portable",
    .supported = supported,
    .lanes = 2,
    .row = explain_row,
    .block = explain_block,
    .tables = explain_tables,
};
