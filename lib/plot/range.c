/* Numbers along axes: ranges of data, ticks, their texts. */
#include <stdio.h>
#include <string.h>

#include "scene.h"

double egi_plot_at(const eg_column *c, int64_t k)
{
    const int64_t at = k * (c->stride ? c->stride : 1);
    double x = (double)k;
    if (c->data) {
        switch (c->dtype) {
        case EG_BOOL: x = ((const uint8_t *)c->data)[at] != 0; break;
        case EG_I32: x = ((const int32_t *)c->data)[at]; break;
        case EG_U32: x = ((const uint32_t *)c->data)[at]; break;
        case EG_I64: x = (double)((const int64_t *)c->data)[at]; break;
        case EG_F32: x = (double)((const float *)c->data)[at]; break;
        default: x = ((const double *)c->data)[at]; break;
        }
    }
    x = c->offset + (c->scale != 0 ? c->scale : 1) * x;
    return fabs(x) <= PLOT_HUGE ? x : (double)NAN;
}

void egi_plot_widen(axis *a, const eg_column *c, int64_t num)
{
    if (!c->data && num > 2) { /* even steps: the ends say all */
        egi_plot_widen(a, c, 1);
        eg_column last = *c;
        last.offset = egi_plot_at(c, num - 1);
        egi_plot_widen(a, &last, 1);
        return;
    }
    for (int64_t k = 0; k < num; k++) {
        double x = egi_plot_at(c, k);
        if (x < a->min) a->min = x;
        if (x > a->max) a->max = x;
    }
}

void egi_plot_settle(axis *a, double pad)
{
    if (!(a->min <= a->max)) {
        a->min = 0;
        a->max = 1;
        return;
    }
    double size = fmax(fabs(a->min), fabs(a->max)), length = a->max - a->min;
    if (length > size * 1e-9) {
        a->min -= pad * length;
        a->max += pad * length;
    } else { /* constant, as far as an axis could tell */
        double around = size > 1e-290 ? size * 0.1 : 1;
        a->min -= around;
        a->max += around;
    }
}

/* 0.5, 12, -3, 2.5e-7: as many digits as the step needs. */
static void write_tick(char *to, size_t size, double x, double step, double largest)
{
    size_t n;
    int last = (int)floor(log10(step) + 1e-9);
    if (x < 0) { /* U+2212, a minus as long as a plus */
        n = (size_t)snprintf(to, size, "\xE2\x88\x92");
        to += n;
        size -= n;
        x = -x;
    }
    if (x == 0) {
        snprintf(to, size, "0");
    } else if (largest < 1e6 && last >= -4) {
        snprintf(to, size, "%.*f", last < 0 ? -last : 0, x);
    } else {
        int first = (int)floor(log10(fabs(x)) + 1e-9), digits = first > last ? first - last : 0;
        snprintf(to, size, "%.*e", digits < 12 ? digits : 12, x);
        char *e = strchr(to, 'e'), *p = e; /* e+06 is e6 */
        if (!e) return;
        while (p > to && p[-1] == '0' && memchr(to, '.', (size_t)(p - to))) p--;
        if (p > to && p[-1] == '.') p--;
        char exponent[12];
        snprintf(exponent, sizeof exponent, "e%d", first);
        snprintf(p, size - (size_t)(p - to), "%s", exponent);
    }
}

/* The smallest of 1, 2, 5 times a power of ten that cuts the length into at most so many. */
static double step_of(double length, int most)
{
    const double power = pow(10, floor(log10(length / most)));
    double step = power;
    for (int k = 0; length / step > most && k < 3; k++) step = power * (k == 0 ? 2 : k == 1 ? 5 : 10);
    return step;
}

void egi_plot_snap(axis *a, int most)
{
    const double length = a->max - a->min, step = step_of(length, most);
    const double low = step * floor(a->min / step), high = step * ceil(a->max / step);
    if (a->min - low < 0.02 * length) a->min = low;
    if (high - a->max < 0.02 * length) a->max = high;
}

void egi_plot_ticks(axis *a, int most)
{
    const double length = a->max - a->min, step = step_of(length, most);
    const double slack = 1e-9 * length, largest = fmax(fabs(a->min), fabs(a->max));
    a->num = 0;
    for (double k = ceil((a->min - slack) / step); a->num < PLOT_TICKS; k += 1) {
        double x = k * step;
        if (!(x <= a->max + slack)) break;
        a->tick[a->num] = x;
        write_tick(a->text[a->num], sizeof a->text[0], x, step, largest);
        a->num++;
    }
}
