/* Series and matrices cut down to what a picture can show: a run of many steps costs no more than its pixels. */
#include <string.h>

#include "engram/parallel.h"
#include "scene.h"

static const uint32_t palette[] = {EG_PLOT_BLUE,   EG_PLOT_RED, EG_PLOT_GREEN, EG_PLOT_ORANGE,
                                   EG_PLOT_PURPLE, 0x56B4E9,    0x8C564B,      0x555555};

uint32_t egi_plot_color(const eg_plot_panel *p, int k)
{
    if (p->series[k].color) return p->series[k].color == EG_PLOT_BLACK ? 0 : p->series[k].color & 0xFFFFFF;
    int before = 0;
    for (int j = 0; j < k; j++) before += p->series[j].kind != EG_PLOT_SPIKES && !p->series[j].color;
    if (p->series[k].kind == EG_PLOT_SPIKES && k) return egi_plot_color(p, k - 1);
    return palette[(size_t)before % (sizeof palette / sizeof *palette)];
}

double egi_plot_width(const scene *s, const panel *p, const eg_plot_series *series)
{
    if (series->width > 0) return series->width;
    if (series->kind != EG_PLOT_DOTS) return 0.075 * s->font;
    int64_t dots = 0;
    for (int k = 0; k < p->of->num_series; k++)
        dots += p->of->series[k].kind == EG_PLOT_DOTS ? p->of->series[k].num : 0;
    /* A tenth of the area is ink, within what can be seen. */
    double area = (p->at.right - p->at.left) * (p->at.bottom - p->at.top) / 10 / (double)(dots ? dots : 1);
    double across = sqrt(area / 0.785);
    return fmax(0.055 * s->font, fmin(0.3 * s->font, across));
}

/* -- lines -------------------------------------------------------------------------------------------------------- */

/* The points of one column of pixels so far: its first, lowest, highest and last are what is seen. */
typedef struct column {
    int64_t pixel, num;
    point first, last, low, high;
    int64_t low_at, high_at;
} column;

static void put(point *out, int64_t *n, point p) { out[(*n)++] = p; }

static void put_column(const column *c, point *out, int64_t *n)
{
    if (c->num > 0) put(out, n, c->first);
    if (c->num > 2) {
        bool low_first = c->low_at < c->high_at;
        put(out, n, low_first ? c->low : c->high);
        put(out, n, low_first ? c->high : c->low);
    }
    if (c->num > 1) put(out, n, c->last);
}

static void into_column(column *c, point p)
{
    if (!c->num) c->first = c->low = c->high = p;
    if (p.y <= c->low.y) {
        c->low = p;
        c->low_at = c->num;
    }
    if (p.y > c->high.y || !c->num) {
        c->high = p;
        c->high_at = c->num;
    }
    c->last = p;
    c->num++;
}

static point at(const eg_plot_series *s, int64_t k)
{
    point p = {egi_plot_at(&s->x, k), egi_plot_at(&s->y, k)};
    if (isnan(p.x) || isnan(p.y)) p.x = p.y = (double)NAN;
    return p;
}

static bool ascends(const eg_plot_series *s)
{
    if (!s->x.data) return s->x.scale >= 0;
    double last = -INFINITY;
    for (int64_t k = 0; k < s->num; k++) {
        double x = egi_plot_at(&s->x, k);
        if (x < last) return false;
        if (!isnan(x)) last = x;
    }
    return true;
}

static point *thin_line(const scene *s, const panel *p, const eg_plot_series *series, int64_t *num)
{
    const double pixels = p->at.right - p->at.left;
    const int64_t columns = (int64_t)pixels + 3; /* one for all that is left of the box, one for all at its right */
    const bool many = series->num > 4 * columns && ascends(series);
    /* A gap ends a column's points, and so does the next pixel; gaps beyond one a pixel are not seen. */
    point *out = eg_alloc(s->eg, many ? 10 * columns : series->num, sizeof *out);
    *num = 0;
    if (!out) return NULL;
    column c = {.pixel = -2};
    int64_t gap_at = -2;
    for (int64_t k = 0; k < series->num; k++) {
        point q = at(series, k);
        if (!many) {
            put(out, num, q);
            continue;
        }
        if (isnan(q.x)) {
            if (!c.num || gap_at == c.pixel) continue;
            put_column(&c, out, num);
            put(out, num, q);
            gap_at = c.pixel;
            c.num = 0;
            continue;
        }
        double x = plot_share(&s->x, q.x) * pixels;
        int64_t pixel = x < 0 ? -1 : x > pixels ? columns - 2 : (int64_t)x;
        if (pixel != c.pixel) {
            put_column(&c, out, num);
            c = (column){.pixel = pixel};
        }
        into_column(&c, q);
    }
    if (many) put_column(&c, out, num);
    return out;
}

/* -- dots and spikes ---------------------------------------------------------------------------------------------- */

/* Half pixels that hold a dot already; a second one there is not seen. */
typedef struct grid {
    int64_t width, height;
    uint64_t *bit;
} grid;

static bool first_there(grid *g, double x, double y)
{
    int64_t i = (int64_t)(2 * x), j = (int64_t)(2 * y);
    if (i < 0 || j < 0 || i >= g->width || j >= g->height) return false;
    uint64_t k = (uint64_t)(j * g->width + i), mask = UINT64_C(1) << (k & 63);
    bool first = !(g->bit[k >> 6] & mask);
    g->bit[k >> 6] |= mask;
    return first;
}

static bool inside(const axis *a, double v) { return v >= a->min && v <= a->max; }

static point *thin_dots(const scene *s, const panel *p, const eg_plot_series *series, int64_t *num)
{
    const bool spikes = series->kind == EG_PLOT_SPIKES;
    grid g = {2 * s->width + 2, spikes ? 1 : 2 * s->height + 2, NULL};
    const int64_t words = g.width * g.height / 64 + 1, each = spikes ? 3 : 1;
    int64_t most = series->num < g.width * g.height ? series->num : g.width * g.height;
    g.bit = eg_alloc(s->eg, words, sizeof *g.bit);
    point *out = eg_alloc(s->eg, each * most, sizeof *out);
    *num = 0;
    if (!g.bit || !out) {
        eg_release(s->eg, g.bit);
        eg_release(s->eg, out);
        return NULL;
    }
    memset(g.bit, 0, (size_t)words * sizeof *g.bit);
    for (int64_t k = 0; k < series->num; k++) {
        point q = {egi_plot_at(&series->x, k), spikes ? 0 : egi_plot_at(&series->y, k)};
        if (!inside(&s->x, q.x) || (!spikes && !inside(&p->y, q.y))) continue;
        if (!first_there(&g, egi_plot_x(s, p, q.x), spikes ? 0 : egi_plot_y(p, q.y))) continue;
        if (spikes) {
            put(out, num, (point){q.x, series->low});
            put(out, num, (point){q.x, series->high});
            put(out, num, (point){(double)NAN, (double)NAN});
        } else {
            put(out, num, q);
        }
    }
    eg_release(s->eg, g.bit);
    return out;
}

point *egi_plot_points(const scene *s, const panel *p, const eg_plot_series *series, int64_t *num)
{
    return series->kind == EG_PLOT_LINE ? thin_line(s, p, series, num) : thin_dots(s, p, series, num);
}
