#include "base/number.h"

#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>

typedef unsigned __int128 u128;

/* Powers of ten that a double holds exactly. */
static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum {
    EXPONENT_MAX = 10000,
    DIGITS_FEW = 16,   /* on each side of the point, and one less before it */
    DIGITS_EXACT = 15, /* what a double holds, whatever the digits are */
    DIGITS_HELD = 19,  /* what 64 bits hold, whatever the digits are */
    POWER_EXACT = 22,  /* of ten, in a double */
    POWER_OF_FIVE = 27 /* the last that fits 64 bits */
};

static inline bool is_digit(char c)
{
    return (unsigned)(c - '0') <= 9;
}

static inline const char *read_digits(const char *at, const char *end, uint64_t *mantissa)
{
    uint64_t value = *mantissa;
    for (; at < end && is_digit(*at); at++)
        value = value * 10 + (uint64_t)(*at - '0');
    *mantissa = value;
    return at;
}

struct exponent {
    int value;
    const char *end; /* NULL: it is broken */
};

COLD static struct exponent read_exponent(const char *at, const char *end)
{
    bool negative = false;
    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    if (at == end || !is_digit(*at))
        return (struct exponent){0};
    int value = 0;
    for (; at < end && is_digit(*at); at++)
        if (value < EXPONENT_MAX)
            value = value * 10 + (*at - '0');
    return (struct exponent){negative ? -value : value, at};
}

/* A host of libassay may have set a locale with another decimal point. glibc keeps this one ready,
 * and neither allocates nor locks for it. */
static locale_t plain_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

COLD static bool read_by_library(struct view text, double *out)
{
    enum { TEXT_MAX = 400 };
    char copy[TEXT_MAX];
    if (text.length >= sizeof copy)
        return false;
    memcpy(copy, text.text, text.length);
    copy[text.length] = '\0';
    double value = strtod_l(copy, NULL, plain_locale());
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

/* wide x 2^power, and less than one unit of `wide` more if there is a `rest`: to the nearest
 * double, halves to even. `wide` has more bits than a double. */
static double nearest(u128 wide, bool rest, int power)
{
    uint64_t high = (uint64_t)(wide >> 64);
    int bits = high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)wide);
    int drop = bits - DBL_MANT_DIG;
    uint64_t kept = (uint64_t)(wide >> drop);
    u128 lost = wide - ((u128)kept << drop), half = (u128)1 << (drop - 1);
    kept += lost > half || (lost == half && (rest || (kept & 1) != 0));
    return ldexp((double)kept, power + drop);
}

/* mantissa x 10^exponent. 10^n is 5^n 2^n; what 5^n multiplies is whole, and what it divides leaves
 * a rest that only says whether there is one: both are exact in 128 bits. */
COLD static double scaled(uint64_t mantissa, int exponent)
{
    static const uint64_t ones[] = {1, 5, 25, 125, 625, 3125, 15625, 78125};
    static const uint64_t eights[] = {1, 390625, 152587890625, 59604644775390625};
    if (mantissa == 0)
        return 0;
    int shift = __builtin_clzll(mantissa);
    mantissa <<= shift;
    int power = exponent < 0 ? -exponent : exponent;
    uint64_t five = ones[power % 8] * eights[power / 8];
    if (exponent >= 0)
        return nearest((u128)mantissa * five, false, exponent - shift);
    int up = __builtin_clzll(five);
    five <<= up;
    u128 top = (u128)mantissa << 63, whole = top / five;
    return nearest(whole, whole * five != top, exponent - shift + up - 63);
}

/* The digits at `at`, which are followed by at least so many bytes: how many there are. */
INLINE size_t read_few(const char *at, uint64_t *mantissa)
{
    uint64_t value = *mantissa;
    size_t count = 0;
#pragma GCC unroll 16
    for (; count < DIGITS_FEW; count++) {
        if (!is_digit(at[count]))
            break;
        value = value * 10 + (uint64_t)(at[count] - '0');
    }
    *mantissa = value;
    return count;
}

/* What most numbers are, as JSON has it: some digits, and some behind a point. The size, or 0: then
 * scan_number tells. */
INLINE size_t scan_few(struct view view, double *out)
{
    enum { ROOM = 2 * DIGITS_FEW + 4 }; /* with a sign, a point and what comes behind */
    if (view.length < ROOM)
        return 0;
    const char *at = view.text;
    bool negative = *at == '-';
    at += negative;
    uint64_t mantissa = 0;
    size_t whole = read_few(at, &mantissa), behind = 0;
    if (whole == 0 || whole == DIGITS_FEW || (whole > 1 && *at == '0'))
        return 0;
    at += whole;
    if (*at == '.') {
        behind = read_few(at + 1, &mantissa);
        if (behind == 0 || whole + behind > DIGITS_EXACT)
            return 0;
        at += 1 + behind;
    }
    if ((*at | 0x20) == 'e')
        return 0;
    double value = (double)(int64_t)mantissa / power_of_ten[behind];
    *out = negative ? -value : value;
    return (size_t)(at - view.text);
}

/* The size of the number at the start of `view`, 0 when there is none. `strictly` as JSON has it:
 * digits on both sides of the point, no zero before them, no plus. */
INLINE size_t scan_number(struct view view, bool strictly, double *out)
{
    if (view.length == 0)
        return 0; /* and its text may be NULL */
    const char *at = view.text, *end = view.text + view.length;
    uint64_t mantissa = 0; /* meaningless past DIGITS_HELD digits */
    int exponent = 0;
    bool negative = at < end && *at == '-';
    at += negative || (!strictly && at < end && *at == '+');
    const char *whole = at;
    at = read_digits(at, end, &mantissa);
    size_t digits = (size_t)(at - whole), behind = 0;
    if (strictly && (digits == 0 || (digits > 1 && *whole == '0')))
        return 0;
    if (at < end && *at == '.') {
        const char *point = at;
        at = read_digits(point + 1, end, &mantissa);
        behind = (size_t)(at - point) - 1;
        if (strictly && behind == 0)
            return 0;
        digits += behind;
    }
    if (digits == 0)
        return 0;
    if (at < end && (*at | 0x20) == 'e') {
        struct exponent written = read_exponent(at + 1, end);
        at = written.end;
        exponent = written.value;
        if (at == NULL)
            return 0;
    }
    size_t size = (size_t)(at - view.text);
    if (digits > DIGITS_HELD)
        return read_by_library((struct view){view.text, size}, out) ? size : 0;
    exponent -= (int)behind;
    int power = exponent < 0 ? -exponent : exponent;
    double value;
    /* Exact by Clinger: both operands are exact doubles, so one rounding is made. */
    if (mantissa <= (uint64_t)NUMBER_EXACT_MAX && power <= POWER_EXACT) {
        value = (double)(int64_t)mantissa;
        value = exponent < 0 ? value / power_of_ten[power] : value * power_of_ten[power];
    } else if (power <= POWER_OF_FIVE) {
        value = scaled(mantissa, exponent);
    } else {
        return read_by_library((struct view){view.text, size}, out) ? size : 0;
    }
    *out = negative ? -value : value;
    return size;
}

/* Apart, so that the few do not pay for it. */
__attribute__((noinline)) static size_t scan_any(struct view view, double *out)
{
    return scan_number(view, true, out);
}

size_t number_scan_json(struct view view, double *out)
{
    size_t size = scan_few(view, out);
    return size != 0 ? size : scan_any(view, out);
}

bool number_parse(struct view view, double *out)
{
    double value;
    size_t size = scan_number(view, false, &value);
    if (size == 0 || size != view.length)
        return false;
    *out = value;
    return true;
}

bool number_parse_i64(struct view view, int64_t *out)
{
    bool negative = view.length > 0 && view.text[0] == '-';
    size_t at = negative;
    if (at == view.length || view.length - at > 19)
        return false;
    uint64_t value = 0;
    for (; at < view.length; at++) {
        if (!is_digit(view.text[at]))
            return false;
        value = value * 10 + (uint64_t)(view.text[at] - '0');
    }
    if (value > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static int print_away_from_zero(double value, int digits, char out[NUMBER_SIZE])
{
    int before = fegetround();
    fesetround(value < 0 ? FE_DOWNWARD : FE_UPWARD);
    int length = snprintf(out, NUMBER_SIZE, "%.*g", digits, value);
    fesetround(before);
    return length;
}

/* ---------------------------------------------------------------- the usual numbers, by integers
 */

enum { U64_DIGITS = 20 };

/* The digits of a whole number up to the end of `out`; where they begin. */
static char *print_back(uint64_t value, char out[U64_DIGITS])
{
    static const char pair[] = "00010203040506070809101112131415161718192021222324"
                               "25262728293031323334353637383940414243444546474849"
                               "50515253545556575859606162636465666768697071727374"
                               "75767778798081828384858687888990919293949596979899";
    char *at = out + U64_DIGITS;
    for (; value >= 100; value /= 100)
        memcpy(at -= 2, pair + value % 100 * 2, 2);
    if (value >= 10)
        memcpy(at -= 2, pair + value * 2, 2);
    else
        *--at = (char)('0' + value);
    return at;
}

/* The digits of a whole number; returns how many. */
static size_t print_u64(uint64_t value, char *out)
{
    char digits[U64_DIGITS];
    const char *first = print_back(value, digits);
    size_t count = (size_t)(digits + U64_DIGITS - first);
    memcpy(out, first, count);
    return count;
}

/* digits x 10^-decimals, as "%g" writes it: no zeros at the end, no dot without a digit behind. */
static size_t print_fixed(uint64_t digits, int decimals, char *out)
{
    char digit[U64_DIGITS];
    for (; decimals > 0 && digits % 10 == 0; decimals--)
        digits /= 10;
    const char *first = print_back(digits, digit);
    int count = (int)(digit + U64_DIGITS - first), whole = count - decimals;
    if (decimals == 0) {
        memcpy(out, first, (size_t)count);
        return (size_t)count;
    }
    char *to = out;
    if (whole <= 0) {
        memcpy(to, "0.000", 5); /* a ten-thousandth has three zeros behind the dot */
        to += 2 - whole;
        memcpy(to, first, (size_t)count);
        return (size_t)(to + count - out);
    }
    memcpy(to, first, (size_t)whole);
    to[whole] = '.';
    memcpy(to + whole + 1, first + whole, (size_t)decimals);
    return (size_t)count + 1;
}

/* From a ten-thousandth to a thousand million million every step of the shortest text is exact in
 * 128 bits. With value = m 2^-s, the nearest text of `decimals` digits behind the dot is m
 * 10^decimals over 2^s, rounded; it reads back when it is off by less than half a unit of m.
 * Returns 0 where this does not hold. */
static size_t print_usual(double value, char *out)
{
    static const double tens[] = {1e-4, 1e-3, 1e-2, 1e-1, 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
                                  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    static const uint64_t whole[] = {1,       10,       100,       1000,       10000,      100000,
                                     1000000, 10000000, 100000000, 1000000000, 10000000000};
    enum { FRACTION = DBL_MANT_DIG - 1, BIAS = 1023 }; /* of a double's 64 bits */
    uint64_t bits, one = UINT64_C(1) << FRACTION;
    memcpy(&bits, &value, sizeof bits);
    uint64_t m = (bits & (one - 1)) | one;
    int power = 0, s = FRACTION + BIAS - (int)(bits >> FRACTION);
    if (!(value >= 1e-4 && value < 1e15) || m == one)
        return 0; /* below a power of two doubles are closer than above it */
    while (value >= tens[power + 1])
        power++;
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        int decimals = digits - 1 - (power - 4);
        u128 scale = (u128)whole[decimals / 2] * whole[decimals - decimals / 2];
        u128 exact = m * scale, text = exact >> s, rest = exact - (text << s),
             half = (u128)1 << (s - 1);
        text += rest > half || (rest == half && (text & 1) != 0);
        u128 back = text << s, off = back > exact ? back - exact : exact - back;
        if (2 * off < scale) /* no text of 17 digits stands half-way between two doubles here */
            return print_fixed((uint64_t)text, decimals, out);
    }
    return 0;
}

static size_t print_plain(double value, char out[NUMBER_SIZE])
{
    if (isnan(value))
        return (size_t)snprintf(out, NUMBER_SIZE, "nan");
    if (isinf(value))
        return (size_t)snprintf(out, NUMBER_SIZE, value < 0 ? "-inf" : "inf");
    /* Up to 15 digits survive a normal double, so 15 hold every shorter text; the subnormal ones
     * have fewer digits to give. */
    int length = 0;
    for (int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG; digits < DBL_DECIMAL_DIG; digits++) {
        length = snprintf(out, NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return (size_t)length;
    }
    /* Above a power of two doubles are twice as far apart as below it: the next text up may read
     * back where the nearest, below, does not. */
    int exponent;
    if (fabs(frexp(value, &exponent)) == 0.5) {
        length = print_away_from_zero(value, DBL_DECIMAL_DIG - 1, out);
        if (strtod(out, NULL) == value)
            return (size_t)length;
    }
    return (size_t)snprintf(out, NUMBER_SIZE, "%.*g", DBL_DECIMAL_DIG, value);
}

size_t number_print(double value, char out[NUMBER_SIZE])
{
    size_t sign = signbit(value) && !isnan(value) ? 1 : 0, length = 0;
    double size = fabs(value);
    if (size < 1e15 && size == (double)(uint64_t)size)
        length = print_u64((uint64_t)size, out + sign);
    else if (isfinite(size))
        length = print_usual(size, out + sign);
    if (length > 0) {
        if (sign == 1)
            out[0] = '-';
        out[sign + length] = '\0';
        return sign + length;
    }
    locale_t before = uselocale(plain_locale());
    length = print_plain(value, out);
    uselocale(before);
    return length;
}

void text_add_number(struct text *text, double value)
{
    char digits[NUMBER_SIZE];
    text_add(text, (struct view){digits, number_print(value, digits)});
}

void text_add_u64(struct text *text, uint64_t value)
{
    char digits[U64_DIGITS];
    text_add(text, (struct view){digits, print_u64(value, digits)});
}

/* Maps floats to integers so that neighbours differ by one across zero too. */
static int64_t ladder(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? (int64_t)INT32_MIN - bits : bits;
}

uint32_t number_ulps(float a, float b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : UINT32_MAX;
    int64_t gap = ladder(a) - ladder(b);
    return (uint32_t)(gap < 0 ? -gap : gap);
}
