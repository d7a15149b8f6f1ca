/* Whether the scanner and jansson agree on any bytes: see tests/base/scan_peer.h. */
#include "base/scan_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[256] = "";
    bool taken;
    if (!scan_peer_agrees((struct view){(const char *)data, size}, &taken, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    return 0;
}
