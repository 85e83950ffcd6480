/* A figure laid out: where each panel is, what its axes say, what is drawn in which order.  Renderers take it from
 * here. */
#ifndef EGI_PLOT_SCENE_H
#define EGI_PLOT_SCENE_H

#include <math.h>

#include "engram/plot.h"

#define PLOT_HUGE 1e300 /* numbers beyond are not drawn */
enum {
    PLOT_TICKS = 24,
    PLOT_INK = 0x222222,
    PLOT_FRAME = 0x444444,
    PLOT_BARE = 0xE4E4E4 /* a cell without a number */
};

typedef struct point {
    double x, y; /* NaN: a gap */
} point;

typedef struct box {
    double left, top, right, bottom; /* pixels, y downwards */
} box;

typedef struct axis {
    double min, max;
    int num;
    double tick[PLOT_TICKS];
    char text[PLOT_TICKS][32];
} axis;

typedef struct panel {
    const eg_plot_panel *of;
    box at;
    axis y, z; /* z: the colour bar's, if there is a matrix */
    box bar;
    double legend; /* baseline of title and legend; NaN = neither */
} panel;

typedef struct scene {
    eg_context *eg;
    const eg_plot_options *o;
    int width, height, num;
    double font;  /* pixels */
    double point; /* for gnuplot: sizes of fonts in its units, for one pixel */
    axis x;
    panel *panel;
} scene;

/* Fills s but for eg, o, num and panel[k].of; false after an error. */
bool egi_plot_layout(scene *s);

/* Width of a panel's legend, with the space around its marks; 0 = there is none. */
double egi_plot_legend_width(const scene *s, const panel *p);

/* -- numbers ------------------------------------------------------------------------------------------------------ */

/* The k-th number of a column; NaN if it is not to be drawn. */
double egi_plot_at(const eg_column *c, int64_t k);
/* Widens a range by all numbers of a column; min > max = nothing yet. */
void egi_plot_widen(axis *a, const eg_column *c, int64_t num);
/* Makes a range fit for an axis, adding `pad` of its length at both ends. */
void egi_plot_settle(axis *a, double pad);
/* Moves ends that nearly are at a tick there. */
void egi_plot_snap(axis *a, int most);
/* At most `most` ticks, 1, 2 or 5 times a power of ten apart, with their texts. */
void egi_plot_ticks(axis *a, int most);
/* Where a value is: 0 at min, 1 at max. */
static inline double plot_share(const axis *a, double v) { return (v - a->min) / (a->max - a->min); }
double egi_plot_x(const scene *s, const panel *p, double x);
double egi_plot_y(const panel *p, double y);

/* -- what to draw ------------------------------------------------------------------------------------------------- */

uint32_t egi_plot_color(const eg_plot_panel *p, int k);
/* Width of a line or across a dot. */
double egi_plot_width(const scene *s, const panel *p, const eg_plot_series *series);
/* Points of a series in units of the axes, so many that a picture of this size does not change: lines with gaps, dots
 * one by one, spikes from low to high with gaps.  From eg_alloc; NULL after an error. */
point *egi_plot_points(const scene *s, const panel *p, const eg_plot_series *series, int64_t *num);
/* A matrix, or what of it is in sight, as at most one cell a pixel, the top row first: means of the numbers there, NaN
 * where there is none.  z is from eg_alloc.  False if there is nothing to draw, or after an error. */
typedef struct plot_cells {
    double *z;
    int64_t rows, cols;
    axis x, y; /* extent */
} plot_cells;
bool egi_plot_cells(const scene *s, const panel *p, plot_cells *cells);
/* The extent of all of it, as the axes have it. */
void egi_plot_extent(const eg_plot_matrix *m, axis *x, axis *y);
uint32_t egi_plot_shade(eg_plot_colors colors, double share);

/* -- renderers ---------------------------------------------------------------------------------------------------- */

/* A picture in memory, from eg_alloc. */
typedef struct picture {
    uint8_t *at;
    size_t n;
} picture;

bool egi_plot_png(const scene *s, picture *p);
bool egi_plot_svg(const scene *s, picture *p);
/* Through gnuplot; false with a reason if that did not work, or after an error of the context. */
bool egi_plot_gnuplot(const scene *s, bool svg, picture *p, char *why, size_t size);
/* RGB rows, the top one first, as a PNG. */
bool egi_png_encode(eg_context *eg, const uint8_t *rgb, int64_t width, int64_t height, picture *p);

#endif
