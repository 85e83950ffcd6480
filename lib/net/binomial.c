/* Binomial numbers by inversion of a table. */
#include "binomial.h"

static const double negligible = 1e-20;

binomial binomial_new(eg_context *eg, int64_t m, double p)
{
    /* Probabilities relative to the mode's: P(j + 1) / P(j) = (m - j) / (j + 1) p / (1 - p). */
    double odds = p < 1 ? p / (1 - p) : 0;
    int64_t mode = p < 1 ? (int64_t)((double)(m + 1) * p) : m;
    if (mode > m) mode = m;
    int64_t first = mode, last = mode;
    for (double x = 1; first > 0; first--) {
        x = p < 1 ? x * ((double)first / ((double)(m - first + 1) * odds)) : 0;
        if (!(x >= negligible)) break;
    }
    for (double x = 1; last < m; last++) {
        x *= (double)(m - last) / (double)(last + 1) * odds;
        if (!(x >= negligible)) break;
    }

    binomial b = {.first = first, .size = last - first + 1};
    b.cdf = eg_alloc(eg, b.size, sizeof *b.cdf);
    if (!b.cdf) return b;
    double *at_mode = b.cdf + (mode - first), x = 1;
    *at_mode = 1;
    for (int64_t j = mode; j > first; j--) {
        x *= (double)j / ((double)(m - j + 1) * odds);
        b.cdf[j - 1 - first] = x;
    }
    x = 1;
    for (int64_t j = mode; j < last; j++) {
        x *= (double)(m - j) / (double)(j + 1) * odds;
        b.cdf[j + 1 - first] = x;
    }
    double sum = 0;
    for (int64_t j = 0; j < b.size; j++) b.cdf[j] = sum += b.cdf[j];
    for (int64_t j = 0; j < b.size; j++) b.cdf[j] /= sum;
    b.cdf[b.size - 1] = 1;
    return b;
}

int64_t binomial_draw(const binomial *b, draw *d)
{
    double u = draw_unit(d);
    int64_t lo = 0, hi = b->size - 1;
    while (lo < hi) {
        int64_t mid = (lo + hi) / 2;
        if (b->cdf[mid] > u)
            hi = mid;
        else
            lo = mid + 1;
    }
    return b->first + lo;
}
