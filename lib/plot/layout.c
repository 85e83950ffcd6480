/* Where everything is: one left edge for all panels, room for what stands at their sides. */
#include "scene.h"

#include "engram/parallel.h"
#include "font.h"

/* -- ranges ------------------------------------------------------------------------------------------------------- */

void egi_plot_extent(const eg_plot_matrix *m, axis *x, axis *y)
{
    bool own_x = m->left != m->right, own_y = m->bottom != m->top;
    *x = (axis){.min = own_x ? m->left : 0, .max = own_x ? m->right : (double)m->cols};
    *y = (axis){.min = own_y ? m->bottom : 0, .max = own_y ? m->top : (double)m->rows};
}

static void widen_by(axis *a, double low, double high)
{
    a->min = fmin(a->min, fmin(low, high));
    a->max = fmax(a->max, fmax(low, high));
}

static void range_x(scene *s)
{
    const bool given = s->o->x_min != s->o->x_max;
    s->x = (axis){.min = INFINITY, .max = -INFINITY};
    for (int k = 0; k < s->num; k++) {
        const eg_plot_panel *p = s->panel[k].of;
        for (int j = 0; j < p->num_series && !given; j++) egi_plot_widen(&s->x, &p->series[j].x, p->series[j].num);
        axis x, y;
        if (p->matrix) {
            egi_plot_extent(p->matrix, &x, &y);
            widen_by(&s->x, x.min, x.max);
        }
    }
    if (given)
        s->x = (axis){.min = s->o->x_min, .max = s->o->x_max};
    else
        egi_plot_settle(&s->x, 0);
    if (!given) egi_plot_snap(&s->x, 10);
}

static void range_y(panel *p)
{
    const eg_plot_panel *of = p->of;
    axis x, *y = &p->y;
    bool lines = false;
    *y = (axis){.min = INFINITY, .max = -INFINITY};
    for (int k = 0; k < of->num_series; k++) {
        const eg_plot_series *s = &of->series[k];
        lines = lines || s->kind == EG_PLOT_LINE;
        if (s->kind == EG_PLOT_SPIKES && s->num)
            widen_by(y, s->low, s->high);
        else if (s->kind != EG_PLOT_SPIKES)
            egi_plot_widen(y, &s->y, s->num);
    }
    if (of->matrix) {
        axis m;
        egi_plot_extent(of->matrix, &x, &m);
        widen_by(y, m.min, m.max);
    }
    if (of->y_min != of->y_max) {
        y->min = of->y_min;
        y->max = of->y_max;
    } else {
        egi_plot_settle(y, of->matrix ? 0 : lines ? 0.06 : 0.01);
    }
    if (!of->matrix) return;
    p->z = (axis){.min = INFINITY, .max = -INFINITY};
    if (of->matrix->low != of->matrix->high) {
        p->z.min = of->matrix->low;
        p->z.max = of->matrix->high;
    } else {
        egi_plot_widen(&p->z, &of->matrix->z, of->matrix->rows * of->matrix->cols);
        egi_plot_settle(&p->z, 0);
        egi_plot_snap(&p->z, 10);
    }
}

/* -- places ------------------------------------------------------------------------------------------------------- */

static int most_ticks(double length, double each, int most)
{
    double n = length / each;
    return n < 2 ? 2 : n > most ? most : (int)n;
}

static double widest(const axis *a, double font)
{
    double w = 0;
    for (int k = 0; k < a->num; k++) w = fmax(w, egi_font_width(a->text[k], font));
    return w;
}

double egi_plot_legend_width(const scene *s, const panel *p)
{
    double width = 0;
    for (int k = 0; k < p->of->num_series; k++) {
        const char *label = p->of->series[k].label;
        if (label)
            width += egi_font_width(label, s->font) + (p->of->series[k].kind == EG_PLOT_LINE ? 2.8 : 2.1) * s->font;
    }
    return width;
}

/* Does the panel need a row above it?  The first one's legend goes beside the picture's title, if there is room. */
static bool has_row(const scene *s, int k)
{
    const panel *p = &s->panel[k];
    double legend = egi_plot_legend_width(s, p);
    if (p->of->title) return true;
    if (k || !s->o->title) return legend > 0;
    return egi_font_width(s->o->title, 1.2 * s->font) + legend > s->width - 8 * s->font;
}

/* Vertical places: title, then for each panel its legend and its box, then the x axis. */
static bool stack(scene *s)
{
    const double font = s->font, row = 1.5 * font, gap = 0.9 * font;
    double top = s->o->title ? 2.4 * font : 0.9 * font, bottom = s->height - (s->o->xlabel ? 3.3 : 2.0) * font;
    double room = bottom - top, shares = 0;
    for (int k = 0; k < s->num; k++) {
        const eg_plot_panel *p = s->panel[k].of;
        room -= (has_row(s, k) ? row : 0) + (k ? gap : 0);
        shares += p->height > 0 ? p->height : 1;
    }
    if (room < s->num * 1.5 * font) return false;
    for (int k = 0; k < s->num; k++) {
        panel *p = &s->panel[k];
        const double share = p->of->height > 0 ? p->of->height : 1;
        const bool beside = !k && s->o->title && !p->of->title;
        if (k) top += gap;
        p->legend = has_row(s, k) ? top + 0.9 * font : beside ? 1.55 * font : (double)NAN;
        if (has_row(s, k)) top += row;
        p->at.top = top;
        top += room * share / shares;
        p->at.bottom = top;
        const int most = most_ticks(p->at.bottom - p->at.top, 2.1 * font, 10);
        egi_plot_ticks(&p->y, most);
        if (p->of->matrix) egi_plot_ticks(&p->z, most);
    }
    return true;
}

/* Horizontal places, by the widest of the texts at the sides. */
static bool spread(scene *s)
{
    const double font = s->font;
    double left = 0, bar = 0;
    for (int k = 0; k < s->num; k++) {
        const panel *p = &s->panel[k];
        left = fmax(left, widest(&p->y, font) + (p->of->ylabel ? 1.7 * font : 0));
        if (p->of->matrix) bar = fmax(bar, 2.5 * font + widest(&p->z, font) + (p->of->matrix->label ? 1.7 * font : 0));
    }
    left += 1.45 * font;
    double right = s->width - bar;
    egi_plot_ticks(&s->x, most_ticks(right - left, 5 * font, 12));
    double last = s->x.num ? egi_font_width(s->x.text[s->x.num - 1], font) / 2 : 0;
    right -= bar > 0 ? 0.6 * font : fmax(1.0 * font, last + 0.4 * font);
    if (right - left < 3 * font) return false;
    egi_plot_ticks(&s->x, most_ticks(right - left, fmax(5 * font, widest(&s->x, font) + 1.5 * font), 12));
    for (int k = 0; k < s->num; k++) {
        panel *p = &s->panel[k];
        p->at.left = left;
        p->at.right = right;
        p->bar = (box){right + 0.6 * font, p->at.top, right + 1.4 * font, p->at.bottom};
    }
    return true;
}

bool egi_plot_layout(scene *s)
{
    const int heights[] = {600, 780, 900};
    s->width = s->o->width ? s->o->width : 1200;
    s->height = s->o->height ? s->o->height : heights[s->num < 3 ? s->num - 1 : 2];
    s->font = s->o->font_size > 0 ? s->o->font_size : fmax(9, sqrt((double)s->width * s->height) / 48);
    range_x(s);
    for (int k = 0; k < s->num; k++) range_y(&s->panel[k]);
    return stack(s) && spread(s);
}

/* Far outside is as good as any other place outside, and can be drawn. */
static double near(double pixel, int size)
{
    double most = 100.0 * size;
    return pixel < -most ? -most : pixel > most ? most : pixel;
}

double egi_plot_x(const scene *s, const panel *p, double x)
{
    return near(p->at.left + plot_share(&s->x, x) * (p->at.right - p->at.left), s->width);
}

double egi_plot_y(const panel *p, double y)
{
    double share = plot_share(&p->y, y);
    bool down = p->of->matrix && p->of->matrix->top_down;
    return near(p->at.bottom - (down ? 1 - share : share) * (p->at.bottom - p->at.top), 10000);
}
