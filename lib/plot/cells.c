/* Matrices as cells of a picture: those that are in sight, no more than there are pixels. */
#include "engram/parallel.h"
#include "scene.h"

/* Edge k of n parts of size. */
static int64_t edge(int64_t size, int64_t n, int64_t k) { return (int64_t)((double)size * (double)k / (double)n); }

/* Of num cells from `min` to `max`, those that the axis shows: from *first on, *num of them; their extent. */
static void window(const axis *shown, axis *extent, int64_t *first, int64_t *num)
{
    const double each = (extent->max - extent->min) / (double)(*num ? *num : 1);
    double from = floor((shown->min - extent->min) / each), to = ceil((shown->max - extent->min) / each);
    from = fmin(fmax(from, 0), (double)*num);
    to = fmin(fmax(to, from), (double)*num);
    *first = (int64_t)from;
    *num = (int64_t)to - *first;
    extent->max = extent->min + to * each;
    extent->min += from * each;
}

/* Mean of the numbers of a block; NaN if there is none. */
static double mean(const eg_plot_matrix *m, int64_t r0, int64_t r1, int64_t c0, int64_t c1)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t r = r0; r < r1; r++) {
        for (int64_t c = c0; c < c1; c++) {
            double z = egi_plot_at(&m->z, r * m->cols + c);
            if (!isnan(z)) sum += (z - sum) / (double)++n; /* cannot overflow */
        }
    }
    return n ? sum : (double)NAN;
}

bool egi_plot_cells(const scene *s, const panel *p, plot_cells *out)
{
    const eg_plot_matrix *m = p->of->matrix;
    const int64_t wide = (int64_t)fmax(1, p->at.right - p->at.left), high = (int64_t)fmax(1, p->at.bottom - p->at.top);
    int64_t r0, c0, rows = m->rows, cols = m->cols;
    egi_plot_extent(m, &out->x, &out->y);
    window(&s->x, &out->x, &c0, &cols);
    window(&p->y, &out->y, &r0, &rows);
    const int64_t nr = rows < high ? rows : high, nc = cols < wide ? cols : wide;
    out->rows = nr;
    out->cols = nc;
    out->z = eg_alloc(s->eg, nr * nc, sizeof *out->z);
    for (int64_t i = 0; out->z && i < nr; i++) {
        double *row = out->z + (m->top_down ? i : nr - 1 - i) * nc;
        for (int64_t j = 0; j < nc; j++)
            row[j] = mean(m, r0 + edge(rows, nr, i), r0 + edge(rows, nr, i + 1), c0 + edge(cols, nc, j),
                          c0 + edge(cols, nc, j + 1));
    }
    return out->z && nr && nc;
}

/* -- colours ------------------------------------------------------------------------------------------------------ */

uint32_t egi_plot_shade(eg_plot_colors colors, double share)
{
    /* viridis: Smith and van der Walt, matplotlib (CC0), every sixteenth of the way */
    static const uint32_t viridis[] = {0x440154, 0x481A6C, 0x472F7D, 0x414487, 0x39568C, 0x31688E,
                                       0x2A788E, 0x23888E, 0x1F988B, 0x22A884, 0x35B779, 0x54C568,
                                       0x7AD151, 0xA5DB36, 0xD2E21B, 0xEFE51C, 0xFDE725};
    static const uint32_t diverging[] = {0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xF7F7F7,
                                         0xFDDBC7, 0xF4A582, 0xD6604D, 0xB2182B};
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
