/* Drawing as SVG 1.1. */
#include <stdio.h>
#include <string.h>

#include "canvas.h"
#include "text.h"

typedef struct svg {
    canvas canvas; /* first */
    const scene *s;
    text out;
    int clips;
    bool clipped; /* a group is open */
} svg;

static svg *of(canvas *c) { return (svg *)(void *)c; }

static void clip(canvas *c, const box *b)
{
    svg *v = of(c);
    if (v->clipped) egi_text_put(&v->out, "</g>\n");
    v->clipped = b != NULL;
    if (!b) return;
    v->clips++;
    egi_text_put(&v->out,
                 "<clipPath id=\"c%d\"><rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/></clipPath>\n"
                 "<g clip-path=\"url(#c%d)\">\n",
                 v->clips, b->left, b->top, b->right - b->left, b->bottom - b->top, v->clips);
}

static void path(canvas *c, const point *p, int64_t num, plot_pen pen)
{
    text *t = &of(c)->out;
    if (!num) return;
    egi_text_put(
        t, "<path fill=\"none\" stroke=\"#%06x\" stroke-width=\"%.2f\" stroke-linecap=\"%s\" stroke-linejoin=\"round\"",
        pen.color, pen.width, pen.dash > 0 ? "butt" : "round");
    if (pen.dash > 0) egi_text_put(t, " stroke-dasharray=\"%.2f %.2f\"", pen.dash, pen.dash);
    egi_text_put(t, " d=\"");
    for (int64_t k = 0; k < num; k++) {
        if (isnan(p[k].x)) continue;
        bool begins = k == 0 || isnan(p[k - 1].x);
        egi_text_put(t, "%c%.2f %.2f", begins ? 'M' : 'L', p[k].x, p[k].y);
        if (begins && (k + 1 == num || isnan(p[k + 1].x))) egi_text_put(t, "h0"); /* a dot */
    }
    egi_text_put(t, "\"/>\n");
}

/* One path of strokes without length, which round ends make dots. */
static void dots(canvas *c, const point *p, int64_t num, double across, uint32_t color)
{
    text *t = &of(c)->out;
    if (!num) return;
    egi_text_put(t, "<path fill=\"none\" stroke=\"#%06x\" stroke-width=\"%.2f\" stroke-linecap=\"round\" d=\"", color,
                 across);
    for (int64_t k = 0; k < num; k++) egi_text_put(t, "M%.1f %.1fh0", p[k].x, p[k].y);
    egi_text_put(t, "\"/>\n");
}

static void fill(canvas *c, box b, uint32_t color)
{
    egi_text_put(&of(c)->out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#%06x\"/>\n", b.left,
                 b.top, b.right - b.left, b.bottom - b.top, color);
}

/* Text as XML takes it: markup escaped, control characters and what is no UTF-8 replaced. */
static void escape(text *t, const char *s)
{
    bool good;
    for (size_t n; *s; s += n) {
        n = egi_text_char(s, &good);
        switch (*s) {
        case '<': egi_text_put(t, "&lt;"); break;
        case '>': egi_text_put(t, "&gt;"); break;
        case '&': egi_text_put(t, "&amp;"); break;
        default: egi_text_add(t, good ? s : "?", good ? n : 1);
        }
    }
}

static void words_(canvas *c, words w)
{
    static const char *const anchor[] = {"start", "middle", "end"};
    text *t = &of(c)->out;
    egi_text_put(t, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.2f\" text-anchor=\"%s\" fill=\"#%06x\"", w.x, w.y,
                 w.font, anchor[w.align], w.color);
    if (w.bold) egi_text_put(t, " font-weight=\"bold\"");
    if (w.upwards) egi_text_put(t, " transform=\"rotate(-90 %.2f %.2f)\"", w.x, w.y);
    egi_text_put(t, ">");
    escape(t, w.text);
    egi_text_put(t, "</text>\n");
}

static void base64(text *t, const uint8_t *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t k = 0; k < n; k += 3) {
        uint32_t x = (uint32_t)p[k] << 16 | (k + 1 < n ? (uint32_t)p[k + 1] << 8 : 0) | (k + 2 < n ? p[k + 2] : 0);
        char four[4] = {digit[x >> 18], digit[x >> 12 & 63], k + 1 < n ? digit[x >> 6 & 63] : '=',
                        k + 2 < n ? digit[x & 63] : '='};
        egi_text_add(t, four, 4);
    }
}

/* Cells are a picture within: a PNG with several pixels a cell, since viewers smooth what they enlarge. */
static void cells(canvas *c, box b, const uint32_t *color, int64_t rows, int64_t cols)
{
    svg *v = of(c);
    text *t = &v->out;
    picture png;
    const double all_high = fmin(b.bottom - b.top, 2 * v->s->height),
                 all_wide = fmin(b.right - b.left, 2 * v->s->width);
    const int64_t high = (int64_t)fmax(1, ceil(2 * all_high / (double)rows));
    const int64_t wide = (int64_t)fmax(1, ceil(2 * all_wide / (double)cols)), width = cols * wide;
    uint8_t *rgb = eg_alloc(v->s->eg, 3 * rows * high * width, 1);
    for (int64_t y = 0; rgb && y < rows * high; y++) {
        for (int64_t x = 0; x < width; x++)
            for (int k = 0; k < 3; k++)
                rgb[3 * (y * width + x) + k] = (uint8_t)(color[y / high * cols + x / wide] >> (16 - 8 * k));
    }
    if (rgb && egi_png_encode(v->s->eg, rgb, width, rows * high, &png)) {
        egi_text_put(t,
                     "<image x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" preserveAspectRatio=\"none\" "
                     "style=\"image-rendering:pixelated\" xlink:href=\"data:image/png;base64,",
                     b.left, b.top, b.right - b.left, b.bottom - b.top);
        base64(t, png.at, png.n);
        egi_text_put(t, "\"/>\n");
        eg_release(v->s->eg, png.at);
    }
    eg_release(v->s->eg, rgb);
}

bool egi_plot_svg(const scene *s, picture *out)
{
    svg v = {.canvas = {clip, path, dots, fill, words_, cells}, .s = s, .out = {.eg = s->eg}};
    egi_text_put(&v.out,
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                 "xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                 "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n",
                 s->width, s->height, s->width, s->height);
    egi_plot_draw(s, &v.canvas);
    egi_text_put(&v.out, "</svg>\n");
    if (!eg_error(s->eg)) {
        *out = (picture){(uint8_t *)v.out.at, v.out.n};
        return true;
    }
    eg_release(s->eg, v.out.at);
    return false;
}
