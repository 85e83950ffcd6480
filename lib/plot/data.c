/* Series and matrices cut down to what a picture can show: a run of many steps costs no more than its pixels. */
#include <string.h>

#include "engram/parallel.h"
#include "scene.h"

static const uint32_t palette[] = {EG_PLOT_BLUE, EG_PLOT_RED, EG_PLOT_GREEN, EG_PLOT_ORANGE, EG_PLOT_PURPLE, 0x56B4E9,
                                   0x8C564B,     0x555555};

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

/* -- matrices ----------------------------------------------------------------------------------------------------- */

/* Edge k of n parts of size. */
static int64_t edge(int64_t size, int64_t n, int64_t k) { return (int64_t)((double)size * (double)k / (double)n); }

double *egi_plot_cells(const scene *s, const panel *p, int64_t *rows, int64_t *cols)
{
    const eg_plot_matrix *m = p->of->matrix;
    const int64_t wide = (int64_t)fmax(1, p->at.right - p->at.left), high = (int64_t)fmax(1, p->at.bottom - p->at.top);
    const int64_t nr = m->rows < high ? m->rows : high, nc = m->cols < wide ? m->cols : wide;
    double *out = eg_alloc(s->eg, nr * nc, sizeof *out);
    *rows = nr;
    *cols = nc;
    for (int64_t i = 0; out && i < nr; i++) {
        for (int64_t j = 0; j < nc; j++) {
            double sum = 0;
            int64_t n = 0;
            for (int64_t r = edge(m->rows, nr, i); r < edge(m->rows, nr, i + 1); r++)
                for (int64_t c = edge(m->cols, nc, j); c < edge(m->cols, nc, j + 1); c++) {
                    double z = egi_plot_at(&m->z, r * m->cols + c);
                    if (isnan(z)) continue;
                    n++;
                    sum += (z - sum) / (double)n; /* a mean that cannot overflow */
                }
            out[(m->top_down ? i : nr - 1 - i) * nc + j] = n ? sum : (double)NAN;
        }
    }
    return out;
}

/* -- colours ------------------------------------------------------------------------------------------------------ */

uint32_t egi_plot_shade(eg_plot_colors colors, double share)
{
    /* viridis: Smith and van der Walt, matplotlib (CC0), every sixteenth of the way */
    static const uint32_t viridis[] = {0x440154, 0x481A6C, 0x472F7D, 0x414487, 0x39568C, 0x31688E, 0x2A788E, 0x23888E, 0x1F988B,
                                       0x22A884, 0x35B779, 0x54C568, 0x7AD151, 0xA5DB36, 0xD2E21B, 0xEFE51C, 0xFDE725};
    static const uint32_t diverging[] = {0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xF7F7F7, 0xFDDBC7, 0xF4A582, 0xD6604D, 0xB2182B};
    if (isnan(share)) return PLOT_BARE;
    const uint32_t *at = colors == EG_PLOT_DIVERGING ? diverging : viridis;
    int last = colors == EG_PLOT_DIVERGING ? 8 : 16;
    double x = fmin(fmax(share, 0), 1) * last;
    int k = x >= last ? last - 1 : (int)x;
    uint32_t color = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        double low = at[k] >> shift & 255, high = at[k + 1] >> shift & 255;
        color |= (uint32_t)(low + (high - low) * (x - k) + 0.5) << shift;
    }
    return color;
}
