/* A scene on a canvas: matrices and series, then axes and words over them. */
#include <string.h>

#include "canvas.h"
#include "engram/parallel.h"
#include "font.h"

/* -- data --------------------------------------------------------------------------------------------------------- */

/* Cuts the segment a-b to the box; false if nothing is left (Liang and Barsky). */
static bool cut(const box *in, point *a, point *b)
{
    const double dx = b->x - a->x, dy = b->y - a->y;
    const double step[] = {-dx, dx, -dy, dy};
    const double room[] = {a->x - in->left, in->right - a->x, a->y - in->top, in->bottom - a->y};
    double from = 0, to = 1;
    for (int k = 0; k < 4; k++) {
        if (step[k] == 0 && room[k] < 0) return false;
        if (step[k] == 0) continue;
        double t = room[k] / step[k];
        if (step[k] < 0)
            from = fmax(from, t);
        else
            to = fmin(to, t);
    }
    if (from > to) return false;
    *b = (point){a->x + to * dx, a->y + to * dy};
    *a = (point){a->x + from * dx, a->y + from * dy};
    return true;
}

/* Points of a line, in pixels, cut to the box: gaps where it leaves. */
static point *cut_line(const scene *s, const panel *p, const point *from, int64_t *num)
{
    point *out = eg_alloc(s->eg, 3 * *num + 2, sizeof *out);
    const double margin = s->font;
    const box near = {p->at.left - margin, p->at.top - margin, p->at.right + margin, p->at.bottom + margin};
    int64_t n = 0;
    point last = {NAN, NAN};
    for (int64_t k = 0; out && k < *num; k++) {
        point q = {egi_plot_x(s, p, from[k].x), egi_plot_y(p, from[k].y)}, a = last, b = q;
        bool alone = isnan(last.x) && (k + 1 == *num || isnan(from[k + 1].x)); /* between gaps: a dot */
        last = isnan(from[k].x) ? (point){NAN, NAN} : q;
        if (isnan(last.x) || (isnan(a.x) && !alone)) continue;
        if (alone) a = q;
        if (!cut(&near, &a, &b)) continue;
        if (!n || out[n - 1].x != a.x || out[n - 1].y != a.y) {
            if (n) out[n++] = (point){NAN, NAN};
            out[n++] = a;
        }
        out[n++] = b;
    }
    *num = n;
    return out;
}

static void draw_series(const scene *s, const panel *p, int k, canvas *c)
{
    const eg_plot_series *series = &p->of->series[k];
    const uint32_t color = egi_plot_color(p->of, k);
    const double width = egi_plot_width(s, p, series);
    int64_t num;
    point *q = egi_plot_points(s, p, series, &num);
    if (!q) return;
    if (series->kind == EG_PLOT_DOTS) {
        for (int64_t j = 0; j < num; j++) q[j] = (point){egi_plot_x(s, p, q[j].x), egi_plot_y(p, q[j].y)};
        c->dots(c, q, num, width, color);
    } else {
        point *line = cut_line(s, p, q, &num);
        if (line) c->path(c, line, num, (plot_pen){color, width, series->dashed ? 0.4 * s->font : 0});
        eg_release(s->eg, line);
    }
    eg_release(s->eg, q);
}

static void draw_matrix(const scene *s, const panel *p, canvas *c)
{
    plot_cells m;
    bool any = egi_plot_cells(s, p, &m);
    const int64_t num = m.rows * m.cols;
    uint32_t *color = any ? eg_alloc(s->eg, num, sizeof *color) : NULL;
    if (color) {
        for (int64_t k = 0; k < num; k++) color[k] = egi_plot_shade(p->of->matrix->colors, plot_share(&p->z, m.z[k]));
        double low = egi_plot_y(p, m.y.min), high = egi_plot_y(p, m.y.max);
        box b = {egi_plot_x(s, p, m.x.min), fmin(low, high), egi_plot_x(s, p, m.x.max), fmax(low, high)};
        c->cells(c, b, color, m.rows, m.cols);
    }
    eg_release(s->eg, m.z);
    eg_release(s->eg, color);
}

/* -- axes --------------------------------------------------------------------------------------------------------- */

static void line(canvas *c, double x0, double y0, double x1, double y1, plot_pen pen)
{
    point p[] = {{x0, y0}, {x1, y1}};
    c->path(c, p, 2, pen);
}

static plot_pen frame_pen(const scene *s) { return (plot_pen){PLOT_FRAME, fmax(1, 0.06 * s->font), 0}; }

static void write(canvas *c, const scene *s, const char *text, double x, double y, plot_align align)
{
    c->words(c, (words){.text = text, .x = x, .y = y, .font = s->font, .align = align, .color = PLOT_INK});
}

static void draw_axes(const scene *s, const panel *p, bool last, canvas *c)
{
    const double tick = 0.3 * s->font;
    const plot_pen pen = frame_pen(s);
    const box *b = &p->at;
    line(c, b->left, b->top, b->left, b->bottom, pen);
    line(c, b->left, b->bottom, b->right, b->bottom, pen);
    if (p->of->matrix) {
        line(c, b->left, b->top, b->right, b->top, pen);
        line(c, b->right, b->top, b->right, b->bottom, pen);
    }
    for (int k = 0; k < p->y.num; k++) {
        double y = egi_plot_y(p, p->y.tick[k]);
        line(c, b->left - tick, y, b->left, y, pen);
        write(c, s, p->y.text[k], b->left - 0.65 * s->font, y + 0.35 * s->font, ALIGN_RIGHT);
    }
    for (int k = 0; k < s->x.num; k++) {
        double x = egi_plot_x(s, p, s->x.tick[k]);
        line(c, x, b->bottom, x, b->bottom + (last ? tick : 0.6 * tick), pen);
        if (last) write(c, s, s->x.text[k], x, b->bottom + 1.35 * s->font, ALIGN_MIDDLE);
    }
    if (last && s->o->xlabel)
        write(c, s, s->o->xlabel, (b->left + b->right) / 2, b->bottom + 2.75 * s->font, ALIGN_MIDDLE);
    if (p->of->ylabel)
        c->words(c, (words){.text = p->of->ylabel,
                            .x = 1.15 * s->font,
                            .y = (b->top + b->bottom) / 2,
                            .font = s->font,
                            .align = ALIGN_MIDDLE,
                            .upwards = true,
                            .color = PLOT_INK});
}

static void draw_bar(const scene *s, const panel *p, canvas *c)
{
    enum { SHADES = 256 };
    uint32_t color[SHADES];
    const box *b = &p->bar;
    const plot_pen pen = frame_pen(s);
    const eg_plot_matrix *m = p->of->matrix;
    double widest = 0;
    for (int k = 0; k < SHADES; k++) color[k] = egi_plot_shade(m->colors, 1 - (k + 0.5) / (double)SHADES);
    c->cells(c, *b, color, SHADES, 1);
    point frame[] = {
        {b->left, b->top}, {b->right, b->top}, {b->right, b->bottom}, {b->left, b->bottom}, {b->left, b->top}};
    c->path(c, frame, 5, pen);
    for (int k = 0; k < p->z.num; k++) {
        double y = b->bottom - plot_share(&p->z, p->z.tick[k]) * (b->bottom - b->top);
        line(c, b->right, y, b->right + 0.2 * s->font, y, pen);
        write(c, s, p->z.text[k], b->right + 0.6 * s->font, y + 0.35 * s->font, ALIGN_LEFT);
        widest = fmax(widest, egi_font_width(p->z.text[k], s->font));
    }
    if (m->label)
        c->words(c, (words){.text = m->label,
                            .x = b->right + 1.8 * s->font + widest,
                            .y = (b->top + b->bottom) / 2,
                            .font = s->font,
                            .align = ALIGN_MIDDLE,
                            .upwards = true,
                            .color = PLOT_INK});
}

/* Title at the left, labels from the right, each behind a mark of its series. */
static void draw_legend(const scene *s, const panel *p, canvas *c)
{
    if (isnan(p->legend)) return;
    const double font = s->font, y = p->legend, mark = y - 0.34 * font;
    if (p->of->title)
        c->words(c,
                 (words){.text = p->of->title, .x = p->at.left, .y = y, .font = font, .bold = true, .color = PLOT_INK});
    double x = p->at.right;
    for (int k = p->of->num_series - 1; k >= 0; k--) {
        const eg_plot_series *series = &p->of->series[k];
        if (!series->label) continue;
        const uint32_t color = egi_plot_color(p->of, k);
        write(c, s, series->label, x, y, ALIGN_RIGHT);
        x -= egi_font_width(series->label, font) + 0.4 * font;
        if (series->kind == EG_PLOT_LINE) {
            line(c, x - 1.3 * font, mark, x, mark,
                 (plot_pen){color, fmax(0.14 * font, egi_plot_width(s, p, series)), series->dashed ? 0.3 * font : 0});
            x -= 1.3 * font;
        } else {
            c->dots(c, &(point){x - 0.3 * font, mark}, 1, 0.6 * font, color);
            x -= 0.6 * font;
        }
        x -= 1.1 * font;
    }
}

void egi_plot_draw(const scene *s, canvas *c)
{
    c->fill(c, (box){0, 0, s->width, s->height}, 0xFFFFFF);
    for (int k = 0; k < s->num; k++) {
        const panel *p = &s->panel[k];
        const double edge = frame_pen(s).width;
        /* A curve along the border is seen whole. */
        c->clip(c, &(box){p->at.left - edge, p->at.top - edge, p->at.right + edge, p->at.bottom + edge});
        if (p->of->matrix) draw_matrix(s, p, c);
        for (int j = 0; j < p->of->num_series; j++) draw_series(s, p, j, c);
        c->clip(c, NULL);
        draw_axes(s, p, k == s->num - 1, c);
        if (p->of->matrix) draw_bar(s, p, c);
        draw_legend(s, p, c);
    }
    if (s->o->title)
        c->words(c, (words){.text = s->o->title,
                            .x = s->panel[0].at.left,
                            .y = 1.55 * s->font,
                            .font = 1.2 * s->font,
                            .bold = true,
                            .color = PLOT_INK});
}
