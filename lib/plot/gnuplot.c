/* A scene as a script for gnuplot.  It sees positions from 0 to 1 and the texts of our ticks, so that no range is too
 * large for it and both renderers agree; what it adds are fonts. */
#include <stdio.h>
#include <string.h>

#include "scene.h"
#include "spawn.h"

/* Pixels across a point of size 1: of pngcairo, measured; of svg, where its symbol grows with the font. */
static double point_pixels(const scene *s) { return s->point < 1 ? 8 : 0.7 * s->font; }

/* "text": what gnuplot might take for more than a letter is written by its number.  So is a digit behind such a number,
 * as gnuplot 5.4 reads \0567 as one of four digits. */
static void quote(text *t, const char *s)
{
    bool good, numbered = false;
    egi_text_put(t, "\"");
    for (size_t n; *s; s += n) {
        n = egi_text_char(s, &good);
        for (size_t k = 0; k < n; k++) {
            const unsigned char c = good ? (unsigned char)s[k] : ' ';
            const bool digit = c >= '0' && c <= '9', letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            const bool plain = (digit && !numbered) || letter || c == ' ';
            egi_text_put(t, plain ? "%c" : "\\%03o", c);
            numbered = !plain;
        }
    }
    egi_text_put(t, "\"");
}

static void put_label(const scene *s, text *t, const char *what, double x, double y, const char *how, double font,
                      bool bold)
{
    egi_text_put(t, "set label ");
    quote(t, what);
    egi_text_put(t, " at screen %.6f, screen %.6f %s font '%s%s,%.2f' tc rgb '#%06x' noenhanced front\n", x / s->width,
                 1 - y / s->height, how, s->point < 1 ? "Sans" : "Helvetica", bold && s->point < 1 ? ":Bold" : "",
                 font * s->point, PLOT_INK);
}

/* -- data --------------------------------------------------------------------------------------------------------- */

static double near(double share) { return fmin(fmax(share, -50), 50); }

static double share_y(const panel *p, double y)
{
    double share = plot_share(&p->y, y);
    return near(p->of->matrix && p->of->matrix->top_down ? 1 - share : share);
}

static void put_series(const scene *s, text *t, int k, int j)
{
    const panel *p = &s->panel[k];
    int64_t num;
    point *q = egi_plot_points(s, p, &p->of->series[j], &num);
    egi_text_put(t, "$d%d_%d << EOD\n", k, j);
    for (int64_t i = 0; q && i < num; i++) {
        if (isnan(q[i].x)) {
            egi_text_put(t, "\n");
            continue;
        }
        bool alone = (i == 0 || isnan(q[i - 1].x)) && (i + 1 == num || isnan(q[i + 1].x));
        bool twice = alone && p->of->series[j].kind == EG_PLOT_LINE; /* a line without length, which is a dot */
        for (int n = 0; n < 1 + twice; n++)
            egi_text_put(t, "%.7f %.7f\n", near(plot_share(&s->x, q[i].x)), share_y(p, q[i].y));
    }
    egi_text_put(t, "EOD\n");
    eg_release(s->eg, q);
}

/* Writes its cells, gives how they are plotted.  A picture needs two rows and columns: a single one is written twice.
 */
static void put_matrix(const scene *s, text *t, int k, char *plot, size_t size)
{
    const panel *p = &s->panel[k];
    plot_cells m;
    bool any = egi_plot_cells(s, p, &m);
    const int twice = m.rows == 1, each_twice = m.cols == 1;
    egi_text_put(t, "$m%d << EOD\n", k);
    for (int64_t i = any ? (m.rows << twice) - 1 : -1; i >= 0; i--) {
        for (int64_t j = 0; j < m.cols << each_twice; j++) {
            double v = m.z[(i >> twice) * m.cols + (j >> each_twice)];
            if (isnan(v))
                egi_text_put(t, "NaN ");
            else
                egi_text_put(t, "%.5f ", fmin(fmax(plot_share(&p->z, v), 0), 1));
        }
        egi_text_put(t, "\n");
    }
    egi_text_put(t, "EOD\n");
    eg_release(s->eg, m.z);
    double left = near(plot_share(&s->x, m.x.min)), right = near(plot_share(&s->x, m.x.max));
    double a = share_y(p, m.y.min), b = share_y(p, m.y.max), low = fmin(a, b), high = fmax(a, b);
    double dx = (right - left) / (double)(m.cols << each_twice), dy = (high - low) / (double)(m.rows << twice);
    if (any)
        snprintf(plot, size, "$m%d matrix using (%.9f + $1 * %.9f):(%.9f + $2 * %.9f):3 with image notitle, ", k,
                 left + dx / 2, dx, low + dy / 2, dy);
}

/* -- one panel ---------------------------------------------------------------------------------------------------- */

/* Marks without their texts, which are labels, so that they stand where ours do. */
static void put_tics(text *t, const char *name, const axis *a, bool down, double scale)
{
    egi_text_put(t, "set %s nomirror out scale %.2f (", name, scale);
    for (int k = 0; k < a->num; k++) {
        double share = plot_share(a, a->tick[k]);
        egi_text_put(t, "%s'' %.7f", k ? ", " : "", down ? 1 - share : share);
    }
    egi_text_put(t, ")\n");
}

static void put_tic_texts(const scene *s, text *t, const panel *p, bool last)
{
    for (int k = 0; k < p->y.num; k++)
        put_label(s, t, p->y.text[k], p->at.left - 0.65 * s->font, egi_plot_y(p, p->y.tick[k]), "right", s->font,
                  false);
    for (int k = 0; k < s->x.num && last; k++)
        put_label(s, t, s->x.text[k], egi_plot_x(s, p, s->x.tick[k]), p->at.bottom + 1.05 * s->font, "center", s->font,
                  false);
    for (int k = 0; k < p->z.num && p->of->matrix; k++)
        put_label(s, t, p->z.text[k], p->bar.right + 0.6 * s->font,
                  p->bar.bottom - plot_share(&p->z, p->z.tick[k]) * (p->bar.bottom - p->bar.top), "left", s->font,
                  false);
}

static void put_frame(const scene *s, text *t, const panel *p, bool last)
{
    const box *b = &p->at;
    const bool down = p->of->matrix && p->of->matrix->top_down;
    egi_text_put(t,
                 "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset tmargin at screen %.6f\n"
                 "set bmargin at screen %.6f\n",
                 b->left / s->width, b->right / s->width, 1 - b->top / s->height, 1 - b->bottom / s->height);
    egi_text_put(t, "set xrange [0:1]\nset yrange [0:1]\nset border %d lw %.2f lc rgb '#%06x'\n",
                 p->of->matrix ? 15 : 3, fmax(1, 0.06 * s->font), PLOT_FRAME);
    put_tics(t, "xtics", &s->x, false, last ? 0.7 : 0.4);
    put_tics(t, "ytics", &p->y, down, 0.7);
    put_tic_texts(s, t, p, last);
}

static void put_words(const scene *s, text *t, const panel *p, int k)
{
    const box *b = &p->at;
    if (k == s->num - 1 && s->o->xlabel)
        put_label(s, t, s->o->xlabel, (b->left + b->right) / 2, b->bottom + 2.45 * s->font, "center", s->font, false);
    if (p->of->ylabel)
        put_label(s, t, p->of->ylabel, 0.85 * s->font, (b->top + b->bottom) / 2, "center rotate by 90", s->font, false);
    if (p->of->title) put_label(s, t, p->of->title, b->left, p->legend - 0.35 * s->font, "left", s->font, true);
    if (!k && s->o->title) put_label(s, t, s->o->title, b->left, 1.1 * s->font, "left", 1.2 * s->font, true);
}

/* Width of a text in fonts that we do not have: like DejaVu Sans, the widest of the usual ones. */
static double sans_width(const char *s, double font)
{
    double em = 0;
    bool good;
    for (; *s; s += egi_text_char(s, &good)) {
        if (strchr("iljI|!.,:;'", *s))
            em += 0.3;
        else if (strchr("mwMW@%", *s))
            em += 0.92;
        else
            em += *s >= 'A' && *s <= 'Z' ? 0.68 : *s == ' ' || strchr("tfr()-", *s) ? 0.38 : 0.61;
    }
    return em * font;
}

/* As in draw.c. */
static void put_legend(const scene *s, text *t, const panel *p)
{
    const double font = s->font, mark = p->legend - 0.34 * font;
    double x = p->at.right;
    for (int k = p->of->num_series - 1; k >= 0; k--) {
        const eg_plot_series *series = &p->of->series[k];
        if (!series->label) continue;
        const uint32_t color = egi_plot_color(p->of, k);
        const double y = 1 - mark / s->height;
        put_label(s, t, series->label, x, mark, "right", font, false);
        x -= sans_width(series->label, font) + 0.4 * font;
        if (series->kind == EG_PLOT_LINE) {
            egi_text_put(t,
                         "set arrow nohead from screen %.6f, screen %.6f to screen %.6f, screen %.6f lw %.2f dt %s lc "
                         "rgb '#%06x'\n",
                         (x - 1.3 * font) / s->width, y, x / s->width, y,
                         fmax(0.14 * font, egi_plot_width(s, p, series)), series->dashed ? "'-'" : "solid", color);
            x -= 1.3 * font;
        } else {
            egi_text_put(t,
                         "set object circle at screen %.6f, screen %.6f size screen %.6f fc rgb '#%06x' fs solid "
                         "noborder front\n",
                         (x - 0.3 * font) / s->width, y, 0.3 * font / s->width, color);
            x -= 0.6 * font;
        }
        x -= 1.1 * font;
    }
}

static void put_colors(const scene *s, text *t, const panel *p)
{
    enum { STEPS = 16 };
    const eg_plot_matrix *m = p->of->matrix;
    egi_text_put(t, "set palette defined (");
    for (int k = 0; k <= STEPS; k++)
        egi_text_put(t, "%s%d '#%06x'", k ? ", " : "", k, egi_plot_shade(m->colors, (double)k / (double)STEPS));
    egi_text_put(t, ")\nset cbrange [0:1]\n");
    egi_text_put(t, "set colorbox user origin screen %.6f, screen %.6f size screen %.6f, screen %.6f border 99\n",
                 p->bar.left / s->width, 1 - p->bar.bottom / s->height, (p->bar.right - p->bar.left) / s->width,
                 (p->bar.bottom - p->bar.top) / s->height);
    put_tics(t, "cbtics", &p->z, false, 0.5);
    egi_text_put(
        t, "set object rectangle from graph 0, graph 0 to graph 1, graph 1 fc rgb '#%06x' fs solid noborder behind\n",
        PLOT_BARE);
    if (m->label)
        put_label(s, t, m->label, s->width - 0.9 * s->font, (p->bar.top + p->bar.bottom) / 2, "center rotate by 90",
                  s->font, false);
}

static void put_plot(const scene *s, text *t, int k, const char *matrix)
{
    const panel *p = &s->panel[k];
    egi_text_put(t, "plot %s", matrix);
    for (int j = 0; j < p->of->num_series; j++) {
        const eg_plot_series *series = &p->of->series[j];
        const uint32_t color = egi_plot_color(p->of, j);
        const double width = egi_plot_width(s, p, series);
        if (series->kind == EG_PLOT_DOTS)
            egi_text_put(t, "$d%d_%d using 1:2 with points pt 7 ps %.3f lc rgb '#%06x' notitle, ", k, j,
                         width / point_pixels(s), color);
        else
            egi_text_put(t, "$d%d_%d using 1:2 with lines lw %.2f dt %s lc rgb '#%06x' notitle, ", k, j, width,
                         series->dashed ? "'-'" : "solid", color);
    }
    egi_text_put(t, "-1 with lines notitle\n"); /* something, even for an empty panel */
}

static void put_panel(const scene *s, text *t, int k)
{
    const panel *p = &s->panel[k];
    char matrix[200] = "";
    egi_text_put(t, "unset label\nunset arrow\nunset object\nunset colorbox\nunset key\n");
    if (p->of->matrix) put_matrix(s, t, k, matrix, sizeof matrix);
    for (int j = 0; j < p->of->num_series; j++) put_series(s, t, k, j);
    put_frame(s, t, p, k == s->num - 1);
    put_words(s, t, p, k);
    if (p->of->matrix) put_colors(s, t, p);
    if (!isnan(p->legend)) put_legend(s, t, p);
    put_plot(s, t, k, matrix);
}

/* -- the whole ---------------------------------------------------------------------------------------------------- */

static bool is_picture(const text *t, bool svg)
{
    const char *end = svg ? "</svg>" : "IEND\xAE\x42\x60\x82";
    size_t n = t->n, m = strlen(end);
    while (svg && n && t->at[n - 1] == '\n') n--;
    return n > 100 && !memcmp(t->at, svg ? "<?xml" : "\x89PNG\r", 5) && !memcmp(t->at + n - m, end, m);
}

bool egi_plot_gnuplot(const scene *laid, bool svg, picture *p, char *why, size_t size)
{
    scene mine = *laid;
    const scene *s = &mine;
    mine.point = svg ? 1 : 0.75; /* pngcairo counts in typographic points */
    text script = {.eg = s->eg}, out = {.eg = s->eg};
    egi_text_put(&script, "set encoding utf8\nset terminal %s size %d,%d %s font '%s,%.2f'\n", svg ? "svg" : "pngcairo",
                 s->width, s->height, svg ? "rounded background '#ffffff'" : "rounded background rgb '#ffffff'",
                 svg ? "Helvetica" : "Sans", s->font * s->point);
    egi_text_put(&script, "set linetype 99 lw 1 lc rgb '#%06x'\nset multiplot\n", PLOT_FRAME);
    for (int k = 0; k < s->num; k++) put_panel(s, &script, k);
    egi_text_put(&script, "unset multiplot\n");
    char name[] = "gnuplot", defaults[] = "-d";
    char *const args[] = {name, defaults, NULL};
    bool ok = !eg_error(s->eg) && egi_spawn(name, args, &script, &out, why, size);
    ok = ok && is_picture(&out, svg); /* if not, an error was said and it went on */
    eg_release(s->eg, script.at);
    if (ok) {
        *p = (picture){(uint8_t *)out.at, out.n};
        return true;
    }
    eg_release(s->eg, out.at);
    return false;
}
