/* Any bytes as a model in JSON: an error, or a forest that can be walked and comes back. */
#include "model/xgboost.h"

#include "round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};
    struct err err = {0};
    struct forest forest;
    if (!xgboost_is_json(bytes))
        return 0;
    CLEANUP(arena_release) struct arena arena = {.limit = 16 << 20};
    if (!xgboost_parse(bytes, &arena, &forest, &err)) {
        assert(err.kind == ERR_MODEL || err.kind == ERR_LIMIT);
        return 0;
    }
    round_trip(&forest);
    return 0;
}
