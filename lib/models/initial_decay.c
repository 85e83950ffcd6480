/* Weights that depend on the distance between source and target. */
#include <math.h>

#include "initial.h"

grids grids_of(const eg_initializer *i, eg_spec spec)
{
    grids g = {.axes = spec.rank / 2, .targets = 1};
    for (int k = 0; k < g.axes; k++) {
        g.source[k] = spec.dim[k];
        g.target[k] = spec.dim[g.axes + k];
        g.targets *= g.target[k];
    }
    if (g.axes == 1 && i->width > 0) {
        g.axes = 2;
        g.source[0] /= i->width;
        g.target[0] /= i->width;
        g.source[1] = g.target[1] = i->width;
    }
    return g;
}

/* Coordinate of place k of n. */
static double place(const eg_initializer *i, int64_t k, int64_t n)
{
    return i->low < i->high ? i->low + (i->high - i->low) / (double)n * (double)k : (double)k;
}

static double distance_along(const eg_initializer *i, int64_t from, int64_t sources, int64_t to, int64_t targets)
{
    double d = fabs(place(i, from, sources) - place(i, to, targets));
    double around = i->low < i->high ? i->high - i->low : (double)sources;
    return i->periodic && d > around / 2 ? around - d : d;
}

static double squared_distance(const eg_initializer *i, const grids *g, int64_t source, int64_t target)
{
    double sum = 0;
    for (int k = g->axes - 1; k >= 0; k--) {
        double d = distance_along(i, source % g->source[k], g->source[k], target % g->target[k], g->target[k]);
        sum += d * d;
        source /= g->source[k];
        target /= g->target[k];
    }
    return sum;
}

static double bell(double squared, double sigma, double max_w) { return max_w * exp(-squared / sigma / sigma / 2); }

static double smallest(const eg_initializer *i)
{
    if (i->min_w != 0) return i->min_w;
    return 0.005 * (i->kind == EG_INIT_DOG_DECAY ? fmin(fabs(i->b), fabs(i->d)) : fabs(i->b));
}

double decay_weight(const eg_initializer *i, const grids *g, int64_t k)
{
    int64_t source = k / g->targets, target = k % g->targets;
    if (i->no_self && source == target) return 0;
    double squared = squared_distance(i, g, source, target), w = bell(squared, i->a, i->b);
    if (i->kind == EG_INIT_DOG_DECAY) w -= bell(squared, i->c, i->d);
    return fabs(w) < smallest(i) ? 0 : w;
}
