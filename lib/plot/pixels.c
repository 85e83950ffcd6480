/* Drawing in pixels, with smooth edges: strokes go into a mask of how much each pixel is covered, and the mask into the
 * picture, so that joints and crossings of one stroke are not darker than the rest. */
#include <string.h>

#include "canvas.h"
#include "engram/parallel.h"
#include "font.h"

typedef struct pixels {
    canvas canvas; /* first */
    eg_context *eg;
    int64_t width, height;
    uint8_t *rgb, *mask;
    int64_t left, top, right, bottom;                         /* clip */
    int64_t dirty_left, dirty_top, dirty_right, dirty_bottom; /* of the mask */
} pixels;

static pixels *of(canvas *c) { return (pixels *)(void *)c; }

static int64_t clamp(double x, int64_t low, int64_t high)
{
    return x <= (double)low ? low : x >= (double)high ? high : (int64_t)x;
}

static void clip(canvas *c, const box *b)
{
    pixels *p = of(c);
    p->left = b ? clamp(floor(b->left), 0, p->width) : 0;
    p->top = b ? clamp(floor(b->top), 0, p->height) : 0;
    p->right = b ? clamp(ceil(b->right), 0, p->width) : p->width;
    p->bottom = b ? clamp(ceil(b->bottom), 0, p->height) : p->height;
}

/* -- the mask ----------------------------------------------------------------------------------------------------- */

static void clean(pixels *p)
{
    p->dirty_left = p->width;
    p->dirty_top = p->height;
    p->dirty_right = p->dirty_bottom = 0;
}

/* Puts a colour where the mask is, and empties it. */
static void blend(pixels *p, uint32_t color)
{
    const int ink[] = {(int)(color >> 16 & 255), (int)(color >> 8 & 255), (int)(color & 255)};
    for (int64_t y = p->dirty_top; y < p->dirty_bottom; y++) {
        uint8_t *mask = p->mask + y * p->width, *rgb = p->rgb + 3 * y * p->width;
        for (int64_t x = p->dirty_left; x < p->dirty_right; x++) {
            const int m = mask[x];
            if (!m) continue;
            for (int k = 0; k < 3; k++) {
                int old = rgb[3 * x + k], change = (ink[k] - old) * m;
                rgb[3 * x + k] = (uint8_t)(old + (change + (change < 0 ? -127 : 127)) / 255);
            }
            mask[x] = 0;
        }
    }
    clean(p);
}

/* A segment with round ends: a pixel is covered by how far its centre lies within. */
static void cover(pixels *p, point a, point b, double width)
{
    const double weight = width < 1 ? width : 1, half = fmax(width, 1) / 2, reach = half + 0.5;
    const double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
    const int64_t y0 = clamp(floor(fmin(a.y, b.y) - reach), p->top, p->bottom);
    const int64_t y1 = clamp(ceil(fmax(a.y, b.y) + reach), p->top, p->bottom);
    /* In a row of pixels the stroke is no wider than this around its middle. */
    const double slope = fabs(dy) > 1e-9 ? dx / dy : 0, extent = fabs(dy) > 1e-9 ? reach * sqrt(1 + slope * slope) : 0;
    for (int64_t y = y0; y < y1; y++) {
        const double cy = (double)y + 0.5;
        double low = fmin(a.x, b.x) - reach, high = fmax(a.x, b.x) + reach;
        if (extent > 0) {
            double middle = a.x + (cy - a.y) * slope;
            low = fmax(low, middle - extent);
            high = fmin(high, middle + extent);
        }
        const int64_t x0 = clamp(floor(low), p->left, p->right), x1 = clamp(ceil(high), p->left, p->right);
        uint8_t *mask = p->mask + y * p->width;
        for (int64_t x = x0; x < x1; x++) {
            const double px = (double)x + 0.5 - a.x, py = cy - a.y;
            const double t = length2 > 0 ? fmin(fmax((px * dx + py * dy) / length2, 0), 1) : 0;
            const double d = hypot(px - t * dx, py - t * dy), m = fmin(reach - d, 1) * weight;
            const int value = m > 0 ? (int)(m * 255 + 0.5) : 0;
            if (value > mask[x]) mask[x] = (uint8_t)value;
        }
        if (x0 < x1) {
            if (x0 < p->dirty_left) p->dirty_left = x0;
            if (x1 > p->dirty_right) p->dirty_right = x1;
            if (y < p->dirty_top) p->dirty_top = y;
            if (y + 1 > p->dirty_bottom) p->dirty_bottom = y + 1;
        }
    }
}

/* -- drawing ------------------------------------------------------------------------------------------------------ */

/* A segment as dashes; done: the length of the stroke before it. */
static void cover_dashed(pixels *p, point a, point b, plot_pen pen, double *done)
{
    const double length = hypot(b.x - a.x, b.y - a.y);
    double at = 0;
    while (at < length) {
        const double phase = fmod(*done + at, 2 * pen.dash),
                     rest = (phase < pen.dash ? pen.dash : 2 * pen.dash) - phase;
        const double to = fmin(length, at + fmax(rest, 0.01));
        if (phase < pen.dash)
            cover(p, (point){a.x + (b.x - a.x) * at / length, a.y + (b.y - a.y) * at / length},
                  (point){a.x + (b.x - a.x) * to / length, a.y + (b.y - a.y) * to / length}, pen.width);
        at = to;
    }
    *done += length;
}

static void path(canvas *c, const point *q, int64_t num, plot_pen pen)
{
    pixels *p = of(c);
    double done = 0;
    for (int64_t k = 0; k < num; k++) {
        if (isnan(q[k].x)) {
            done = 0;
            continue;
        }
        if (k + 1 == num || isnan(q[k + 1].x)) {
            if (k == 0 || isnan(q[k - 1].x)) cover(p, q[k], q[k], pen.width);
            continue;
        }
        if (pen.dash > 0)
            cover_dashed(p, q[k], q[k + 1], pen, &done);
        else
            cover(p, q[k], q[k + 1], pen.width);
    }
    blend(p, pen.color);
}

static void dots(canvas *c, const point *q, int64_t num, double across, uint32_t color)
{
    for (int64_t k = 0; k < num; k++) cover(of(c), q[k], q[k], across);
    blend(of(c), color);
}

static void fill(canvas *c, box b, uint32_t color)
{
    pixels *p = of(c);
    const int64_t x1 = clamp(b.right + 0.5, p->left, p->right), y1 = clamp(b.bottom + 0.5, p->top, p->bottom);
    for (int64_t y = clamp(b.top + 0.5, p->top, p->bottom); y < y1; y++) {
        for (int64_t x = clamp(b.left + 0.5, p->left, p->right); x < x1; x++) {
            uint8_t *rgb = p->rgb + 3 * (y * p->width + x);
            for (int k = 0; k < 3; k++) rgb[k] = (uint8_t)(color >> (16 - 8 * k));
        }
    }
}

static void cells(canvas *c, box b, const uint32_t *color, int64_t rows, int64_t cols)
{
    const double high = (b.bottom - b.top) / (double)rows, wide = (b.right - b.left) / (double)cols;
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            const double x = b.left + (double)j * wide, y = b.top + (double)i * high;
            fill(c, (box){x, y, x + wide, y + high}, color[i * cols + j]);
        }
    }
}

static void words_(canvas *c, words w)
{
    pixels *p = of(c);
    const double unit = w.font / (double)FONT_EM, pen = w.font * (w.bold ? 0.125 : 0.085);
    const double width = egi_font_width(w.text, w.font);
    const double back = w.align == ALIGN_LEFT ? 0 : w.align == ALIGN_MIDDLE ? width / 2 : width;
    double advance = 0;
    point stroke[FONT_POINTS];
    for (const char *s = w.text; s && *s;) {
        int num;
        double at = advance * unit * (w.bold ? 1.03 : 1) - back; /* thick letters need more room */
        s = egi_font_letter(s, stroke, &num, &advance);
        for (int k = 0; k < num; k++) {
            if (isnan(stroke[k].x)) continue;
            double x = at + stroke[k].x * unit, y = stroke[k].y * unit;
            stroke[k] = w.upwards ? (point){w.x - y, w.y - x} : (point){w.x + x, w.y - y};
        }
        for (int k = 0; k + 1 < num; k++) {
            if (!isnan(stroke[k].x) && !isnan(stroke[k + 1].x)) cover(p, stroke[k], stroke[k + 1], pen);
        }
    }
    blend(p, w.color);
}

bool egi_plot_png(const scene *s, picture *out)
{
    pixels p = {.canvas = {clip, path, dots, fill, words_, cells}, .eg = s->eg, .width = s->width, .height = s->height};
    const int64_t area = p.width * p.height;
    p.rgb = eg_alloc(s->eg, 3 * area, 1);
    p.mask = eg_alloc(s->eg, area, 1);
    bool ok = p.rgb && p.mask;
    if (ok) {
        memset(p.mask, 0, (size_t)area);
        clean(&p);
        clip(&p.canvas, NULL);
        egi_plot_draw(s, &p.canvas);
        ok = !eg_error(s->eg) && egi_png_encode(s->eg, p.rgb, p.width, p.height, out);
    }
    eg_release(s->eg, p.rgb);
    eg_release(s->eg, p.mask);
    return ok;
}
