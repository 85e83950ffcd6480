/* Numbers of the text form.  Decimal where that is exact, bits where not.
 *
 * A decimal m * 10^e with |m| < 2^53 and |e| <= 22 is read with one correctly rounded operation on exact operands
 * (W. D. Clinger, How to read floating point numbers accurately, 1990), then rounded to f32 if that is the type.  Only
 * decimals that give back the same bits are printed, so both directions are exact; the C library's conversions are not
 * used because they follow the locale. */
#include <math.h>

#include "ir/check.h"

enum { MAX_TENS = 22 };
static const double MAX_DIGITS = 0x1p53;

static double tens(int e)
{
    double x = 1;
    while (e-- > 0) x *= 10; /* exact up to 1e22 */
    return x;
}

static double scaled(eg_dtype t, double m, int e)
{
    double x = e < 0 ? m / tens(-e) : m * tens(e);
    return t == EG_F32 ? (double)(float)x : x;
}

/* m * 10^e, with a point where that reads well. */
static void put_decimal(egi_text *t, bool minus, uint64_t m, int e)
{
    char text[64], *p = text + sizeof text;
    int digits = 0, length = 1;
    for (uint64_t rest = m; rest >= 10; rest /= 10) length++;
    bool point = e < 0 && -e < length + 4;
    *--p = 0;
    do {
        *--p = (char)('0' + m % 10);
        if (point && ++digits == -e) *--p = '.';
        m /= 10;
    } while (m || (point && digits <= -e));
    if (point || !e)
        egi_put(t, "%s%s", minus ? "-" : "", p);
    else
        egi_put(t, "%s%se%d", minus ? "-" : "", p, e);
}

static void put_float(egi_text *t, eg_dtype type, uint64_t bits)
{
    double x = egi_real_of_bits(type, bits), a = fabs(x);
    bool minus = signbit(x) != 0;
    if (bits == (type == EG_F32 ? 0x7fc00000u : 0x7ff8000000000000u)) {
        egi_put(t, "nan");
    } else if (isinf(x)) {
        egi_put(t, minus ? "-inf" : "inf");
    } else {
        for (int k = 0; k <= MAX_TENS && !isnan(x); k++) {
            double m = rint(a * tens(k));
            if (m >= MAX_DIGITS) break;
            if (scaled(type, m, -k) != a) continue;
            put_decimal(t, minus, (uint64_t)m, -k);
            return;
        }
        for (int k = MAX_TENS; k > 0 && a >= MAX_DIGITS; k--) {
            double m = rint(a / tens(k));
            if (m >= MAX_DIGITS || scaled(type, m, k) != a) continue;
            put_decimal(t, minus, (uint64_t)m, k);
            return;
        }
        egi_put(t, "0x%0*llx", type == EG_F32 ? 8 : 16, (unsigned long long)bits);
    }
}

void egi_put_literal(egi_text *t, eg_dtype type, uint64_t bits)
{
    switch (type) {
    case EG_BOOL: egi_put(t, bits ? "true" : "false"); return;
    case EG_I32:
    case EG_U32:
    case EG_I64: egi_put(t, "%lld", (long long)egi_int_of_bits(type, bits)); return;
    case EG_F32:
    case EG_F64: put_float(t, type, bits); return;
    case EG_C64: /* no node has them */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    egi_put(t, "?");
}

static bool word(const char **s, const char *w)
{
    size_t n = strlen(w);
    if (strncmp(*s, w, n) != 0) return false;
    *s += n;
    return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool egi_read_int(const char **s, int64_t *value)
{
    const char *p = *s;
    bool minus = *p == '-';
    p += minus;
    if (!is_digit(*p)) return false;
    int64_t x = 0;
    for (; is_digit(*p); p++) { /* downwards, so that the smallest number can be read */
        if (__builtin_mul_overflow(x, 10, &x) || __builtin_sub_overflow(x, *p - '0', &x)) return false;
    }
    if (!minus && __builtin_sub_overflow(0, x, &x)) return false;
    *value = x;
    *s = p;
    return true;
}

static bool read_hex(const char **s, int digits, uint64_t *bits)
{
    int n = 0;
    for (*bits = 0;; (*s)++, n++) {
        char c = **s;
        int d = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0) break;
        if (n == digits) return false;
        *bits = *bits << 4 | (uint64_t)d;
    }
    return n > 0;
}

static bool read_decimal(const char **s, double *m, int *e)
{
    int64_t digits = 0, exponent = 0, fraction = 0;
    if (!is_digit(**s)) return false;
    for (bool point = false; is_digit(**s) || (**s == '.' && !point); (*s)++) {
        if (**s == '.') {
            point = true;
            continue;
        }
        digits = digits * 10 + (**s - '0');
        fraction += point;
        if ((double)digits >= MAX_DIGITS || fraction > 400) return false;
    }
    if (**s == 'e') {
        (*s)++;
        if (**s == '+') (*s)++;
        if (!egi_read_int(s, &exponent)) return false;
    }
    if (exponent > 400 || exponent < -400) return false;
    exponent -= fraction;
    if (exponent > MAX_TENS || exponent < -MAX_TENS) return false;
    *m = (double)digits;
    *e = (int)exponent;
    return true;
}

static bool read_float(const char **s, eg_dtype type, uint64_t *bits)
{
    double m;
    int e;
    if (word(s, "0x")) return read_hex(s, type == EG_F32 ? 8 : 16, bits);
    if (word(s, "nan")) {
        *bits = type == EG_F32 ? 0x7fc00000u : 0x7ff8000000000000u;
        return true;
    }
    bool minus = word(s, "-");
    if (word(s, "inf")) {
        m = INFINITY;
    } else {
        if (!read_decimal(s, &m, &e)) return false;
        m = scaled(type, m, e);
    }
    *bits = egi_bits_of_real(type, minus ? -m : m);
    return true;
}

bool egi_read_literal(const char **s, eg_dtype type, uint64_t *bits)
{
    int64_t x;
    switch (type) {
    case EG_BOOL: *bits = word(s, "true"); return *bits || word(s, "false");
    case EG_I32:
    case EG_U32:
    case EG_I64:
        if (!egi_read_int(s, &x)) return false;
        *bits = egi_bits_of_int(type, x);
        return egi_int_of_bits(type, *bits) == x;
    case EG_F32:
    case EG_F64: return read_float(s, type, bits);
    case EG_C64: /* no node has them */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return false;
}
