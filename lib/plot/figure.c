/* Pictures: arguments checked, laid out, drawn by whom is there, written in one piece. */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engram/io.h"
#include "engram/parallel.h"
#include "scene.h"

enum { MOST_PANELS = 32, SMALLEST = 100, LARGEST = 10000 };

/* Who was called, and from where. */
typedef struct call {
    eg_context *eg;
    const char *what, *file;
    int line;
} call;

static bool fail(const call *c, const char *format, ...) EG_PRINTF(2, 3);

static bool fail(const call *c, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    eg_fail(c->eg, EG_ERR_ARGUMENT, c->file, c->line, "%s: %s", c->what, text);
    return false;
}

/* -- checking ----------------------------------------------------------------------------------------------------- */

static bool ends_in(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && !strcasecmp(path + n - m, suffix);
}

static bool fine_range(double low, double high)
{
    return low == high || (low < high && fabs(low) <= PLOT_HUGE && fabs(high) <= PLOT_HUGE &&
                           high - low > 1e-12 * fmax(fabs(low), fabs(high)));
}

/* Complex numbers have no place on an axis; their parts are columns with a stride of 2. */
static bool fine_column(const eg_column *c)
{
    return (unsigned)c->dtype <= EG_F64 && fabs(c->scale) <= PLOT_HUGE && fabs(c->offset) <= PLOT_HUGE;
}

static bool check_options(const call *c, const eg_plot_options *o)
{
    if ((o->width && (o->width < SMALLEST || o->width > LARGEST)) ||
        (o->height && (o->height < SMALLEST || o->height > LARGEST)))
        return fail(c, "the picture is to have %d x %d pixels; %d to %d are possible", o->width, o->height, SMALLEST,
                    LARGEST);
    if (!(o->font_size == 0 || (o->font_size >= 4 && o->font_size <= 500)))
        return fail(c, "font_size is %g; 4 to 500 pixels are possible", o->font_size);
    if (!fine_range(o->x_min, o->x_max)) return fail(c, "the x range is from %g to %g", o->x_min, o->x_max);
    if ((unsigned)o->renderer > EG_PLOT_BUILTIN) return fail(c, "there is no renderer %d", (int)o->renderer);
    return true;
}

static bool check_panel(const call *c, const eg_plot_panel *p, int k)
{
    if (p->num_series < 0 || (p->num_series && !p->series))
        return fail(c, "panel %d: %d series, at NULL", k, p->num_series);
    if (!fine_range(p->y_min, p->y_max))
        return fail(c, "panel %d: the y range is from %g to %g", k, p->y_min, p->y_max);
    if (!(p->height >= 0 && p->height <= 1000))
        return fail(c, "panel %d: height is %g; 0 to 1000 are possible", k, p->height);
    for (int j = 0; j < p->num_series; j++) {
        const eg_plot_series *s = &p->series[j];
        if (s->num < 0) return fail(c, "panel %d, series %d: num is %lld", k, j, (long long)s->num);
        if ((unsigned)s->kind > EG_PLOT_SPIKES)
            return fail(c, "panel %d, series %d: there is no kind %d", k, j, (int)s->kind);
        if (!fine_column(&s->x) || !fine_column(&s->y))
            return fail(c, "panel %d, series %d: a column has no such type, scale or offset", k, j);
        if (!(s->width >= 0 && s->width <= 1000)) return fail(c, "panel %d, series %d: width is %g", k, j, s->width);
        if (!(fabs(s->low) <= PLOT_HUGE && fabs(s->high) <= PLOT_HUGE))
            return fail(c, "panel %d, series %d: spikes are to go from %g to %g", k, j, s->low, s->high);
    }
    const eg_plot_matrix *m = p->matrix;
    int64_t cells;
    if (!m) return true;
    if (m->rows < 0 || m->cols < 0 || __builtin_mul_overflow(m->rows, m->cols, &cells))
        return fail(c, "panel %d: the matrix has %lld x %lld elements", k, (long long)m->rows, (long long)m->cols);
    if (!fine_column(&m->z)) return fail(c, "panel %d: the matrix has no such type, scale or offset", k);
    if (!fine_range(m->left, m->right) || !fine_range(m->bottom, m->top) || !fine_range(m->low, m->high))
        return fail(c, "panel %d: the matrix goes from %g to %g, %g to %g, colours from %g to %g", k, m->left, m->right,
                    m->bottom, m->top, m->low, m->high);
    return true;
}

/* -- drawing ------------------------------------------------------------------------------------------------------ */

static bool render(const call *c, const scene *s, bool svg, picture *p)
{
    char why[300] = "";
    /* What gnuplot adds are fonts, and those of an SVG are whoever's who looks at it. */
    bool try_gnuplot = s->o->renderer == EG_PLOT_GNUPLOT || (s->o->renderer == EG_PLOT_AUTO && !svg);
    if (try_gnuplot && egi_plot_gnuplot(s, svg, p, why, sizeof why)) return true;
    if (eg_error(c->eg)) return false;
    if (s->o->renderer == EG_PLOT_GNUPLOT) {
        eg_fail(c->eg, EG_ERR_IO, c->file, c->line,
                "%s: no picture came from gnuplot: %s; leave the renderer to Engram", c->what, why);
        return false;
    }
    return svg ? egi_plot_svg(s, p) : egi_plot_png(s, p);
}

/* Numbers are written with a point, whatever the host's locale says. */
static bool render_in_c(const call *c, const scene *s, bool svg, picture *p)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain) {
        eg_fail(c->eg, EG_ERR_MEMORY, c->file, c->line, "%s: out of memory", c->what);
        return false;
    }
    locale_t before = uselocale(plain);
    bool ok = render(c, s, svg, p);
    uselocale(before);
    freelocale(plain);
    return ok;
}

static eg_status draw(const call *c, const char *path, int num, const eg_plot_panel *panels, const eg_plot_options *o)
{
    static const eg_plot_options defaults = {0};
    eg_context *eg = c->eg;
    if (!eg || eg_error(eg)) return eg_error(eg);
    if (!o) o = &defaults;
    bool svg = path && ends_in(path, ".svg"), ok = check_options(c, o);
    if (ok && !svg && !(path && ends_in(path, ".png")))
        ok = fail(c, "the path '%.200s' ends neither in .png nor in .svg", path ? path : "NULL");
    if (ok && (num < 1 || num > MOST_PANELS || !panels))
        ok = fail(c, "%d panels; 1 to %d are possible", num, MOST_PANELS);
    for (int k = 0; ok && k < num; k++) ok = check_panel(c, &panels[k], k);
    if (!ok) return eg_error(eg);

    scene s = {.eg = eg, .o = o, .num = num};
    picture p = {0};
    s.panel = eg_alloc(eg, num, sizeof *s.panel);
    if (!s.panel) return eg_error(eg);
    for (int k = 0; k < num; k++) s.panel[k] = (panel){.of = &panels[k]};
    if (!egi_plot_layout(&s))
        fail(c, "%d panels with letters of %.0f pixels do not fit into %d x %d; make the picture larger", num, s.font,
             s.width, s.height);
    else if (render_in_c(c, &s, svg, &p))
        (eg_write_file)(eg, path, p.at, p.n, c->file, c->line);
    eg_release(eg, p.at);
    eg_release(eg, s.panel);
    return eg_error(eg);
}

/* -- calls -------------------------------------------------------------------------------------------------------- */

eg_status(eg_plot_figure)(eg_context *eg, const char *path, int num, const eg_plot_panel *panels,
                          const eg_plot_options *options, const char *file, int line)
{
    return draw(&(call){eg, "eg_plot_figure", file, line}, path, num, panels, options);
}

static eg_status one(const call *c, const char *path, eg_plot_panel p, const eg_plot_options *o)
{
    if (o) {
        p.ylabel = o->ylabel;
        p.y_min = o->y_min;
        p.y_max = o->y_max;
    }
    return draw(c, path, 1, &p, o);
}

eg_status(eg_plot_lines)(eg_context *eg, const char *path, int num, const eg_plot_series *series,
                         const eg_plot_options *options, const char *file, int line)
{
    return one(&(call){eg, "eg_plot_lines", file, line}, path, (eg_plot_panel){.series = series, .num_series = num},
               options);
}

eg_status(eg_plot_heat)(eg_context *eg, const char *path, const eg_plot_matrix *matrix, const eg_plot_options *options,
                        const char *file, int line)
{
    const call c = {eg, "eg_plot_heat", file, line};
    if (!eg || eg_error(eg)) return eg_error(eg);
    if (matrix) return one(&c, path, (eg_plot_panel){.matrix = matrix}, options);
    fail(&c, "the matrix is NULL");
    return eg_error(eg);
}

eg_status(eg_plot_raster)(eg_context *eg, const char *path, int num, const eg_plot_series *series,
                          const eg_plot_options *options, const char *file, int line)
{
    const call c = {eg, "eg_plot_raster", file, line};
    if (!eg || eg_error(eg)) return eg_error(eg);
    if (num < 0 || (num && !series)) {
        fail(&c, "%d series, at NULL", num);
        return eg_error(eg);
    }
    eg_plot_series *dots = eg_alloc(eg, num, sizeof *dots);
    if (!dots) return eg_error(eg);
    for (int k = 0; k < num; k++) {
        dots[k] = series[k];
        dots[k].kind = EG_PLOT_DOTS;
    }
    eg_status status = one(&c, path, (eg_plot_panel){.series = dots, .num_series = num}, options);
    eg_release(eg, dots);
    return status;
}
