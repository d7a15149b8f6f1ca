#include "cli/duration.h"

#include "base/number.h"

#define DAY_MS INT64_C(86400000)

bool duration_read(const char *text, const char *option, int64_t *out, struct err *err)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', DAY_MS}};
    enum { YEARS_MAX = 100 };
    struct view number = view_of(text);
    int64_t count;
    for (size_t i = 0; number.length > 1 && i < LENGTH_OF(units); i++) {
        if (number.text[number.length - 1] != units[i].unit)
            continue;
        number.length--;
        if (!number_parse_i64(number, &count) || count < 0 ||
            count > YEARS_MAX * 365 * DAY_MS / units[i].ms)
            break;
        *out = count * units[i].ms;
        return true;
    }
    return err_set(err, ERR_USAGE, "--%s takes 90d, 24h, 30m or 15s, not '%s'", option, text);
}
