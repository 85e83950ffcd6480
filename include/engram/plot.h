/* Pictures of results: rasters, traces, heat maps, and stacks of them over one time axis; PNG or SVG by the file's
 * name.
 *
 *     // E and I spikes as (step, neuron) above, a membrane potential below
 *     eg_plot_series spikes[] = {
 *         {.kind = EG_PLOT_DOTS, .num = nE, .x = eg_column_i32(&E[0][0], 2), .y = eg_column_i32(&E[0][1], 2), .label =
 * "E"},
 *         {.kind = EG_PLOT_DOTS, .num = nI, .x = eg_column_i32(&I[0][0], 2), .y = eg_column_i32(&I[0][1], 2), .label =
 * "I"}}; eg_plot_series trace = {.num = steps, .y = eg_column_f32(V, 1)}; eg_plot_panel panels[] = {{.series = spikes,
 * .num_series = 2, .ylabel = "neuron", .height = 2},
 *                               {.series = &trace, .num_series = 1, .ylabel = "V (mV)"}};
 *     eg_plot_figure(eg, "net.png", 2, panels, &(eg_plot_options){.xlabel = "step"});
 *
 * A PNG is drawn by gnuplot, if it is in PATH, else by Engram itself, an SVG by Engram; both place things alike.
 *   Nothing of the user's texts is executed, no shell is used, and the file appears whole or not at all.
 * Numbers that are not finite, or beyond 1e300, are left out: a line is interrupted there.  Series without points are
 *   fine.  Texts are UTF-8; what Engram's own letters lack (they have ASCII, common Greek and signs) is a box in a PNG.
 */
#ifndef ENGRAM_PLOT_H
#define ENGRAM_PLOT_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- data --------------------------------------------------------------------------------------------------------- */

/* Numbers as they lie in memory: the k-th is offset + scale * data[k * stride]. */
typedef struct eg_column {
    const void *data; /* NULL: offset + scale * k */
    eg_dtype dtype;
    int64_t stride; /* in elements; 0 = 1 */
    double scale;   /* 0 = 1 */
    double offset;
} eg_column;

/* Every stride-th number from data on. */
static inline eg_column eg_column_of(const void *data, eg_dtype dtype, int64_t stride)
{
    eg_column c;
    c.data = data;
    c.dtype = dtype;
    c.stride = stride;
    c.scale = 1;
    c.offset = 0;
    return c;
}
/* The same of one type. */
static inline eg_column eg_column_f32(const float *x, int64_t stride) { return eg_column_of(x, EG_F32, stride); }
static inline eg_column eg_column_f64(const double *x, int64_t stride) { return eg_column_of(x, EG_F64, stride); }
static inline eg_column eg_column_i32(const int32_t *x, int64_t stride) { return eg_column_of(x, EG_I32, stride); }
/* first, first + step, ... : the times of a trace. */
static inline eg_column eg_column_even(double first, double step)
{
    eg_column c = eg_column_of(0, EG_F64, 1);
    c.scale = step;
    c.offset = first;
    return c;
}

/* -- what is drawn ------------------------------------------------------------------------------------------------ */

/* Colours are 0xRRGGBB.  0 stands for the next of a palette that people who are colour-blind can tell apart. */
#define EG_PLOT_BLACK 0x000001
#define EG_PLOT_BLUE 0x1F6FB4
#define EG_PLOT_RED 0xD6432B
#define EG_PLOT_GREEN 0x2E8B57
#define EG_PLOT_ORANGE 0xE69F00
#define EG_PLOT_PURPLE 0x8E5BB5
#define EG_PLOT_GRAY 0x808080

/* How a series is drawn. */
typedef enum eg_plot_kind {
    EG_PLOT_LINE,
    EG_PLOT_DOTS,
    EG_PLOT_SPIKES /* vertical lines at x, from low to high, in the colour of the series before */
} eg_plot_kind;

/* Points, and how they look. */
typedef struct eg_plot_series {
    eg_plot_kind kind;
    int64_t num;       /* of points */
    eg_column x, y;    /* x.data NULL: 0, 1, ... or eg_column_even() */
    double low, high;  /* EG_PLOT_SPIKES, in units of y */
    const char *label; /* in the legend; NULL = not there */
    uint32_t color;
    double width; /* of a line, or across a dot, in pixels; 0 = by the size of the picture */
    bool dashed;
} eg_plot_series;

/* Dots of pairs (step, neuron) [num, 2], as runners record events, with a label (NULL: none). */
static inline eg_plot_series eg_plot_events(const int64_t *pairs, int64_t num, const char *label)
{
    eg_plot_series s;
    s.kind = EG_PLOT_DOTS;
    s.num = num;
    s.x = eg_column_of(pairs, EG_I64, 2);
    s.y = eg_column_of(pairs ? pairs + 1 : pairs, EG_I64, 2);
    s.low = s.high = s.width = 0;
    s.label = label;
    s.color = 0;
    s.dashed = false;
    return s;
}

/* What numbers of a matrix look like. */
typedef enum eg_plot_colors {
    EG_PLOT_VIRIDIS,  /* dark to light */
    EG_PLOT_DIVERGING /* blue, white at the middle of the range, red */
} eg_plot_colors;

/* A matrix as colours; row 0 is at the bottom. */
typedef struct eg_plot_matrix {
    int64_t rows, cols;
    eg_column z;                     /* element (r, c) is number r * cols + c */
    bool top_down;                   /* row 0 at the top, and y downwards */
    double left, right, bottom, top; /* edges in units of the axes; equal = 0 to cols, 0 to rows */
    double low, high;                /* values with the first and last colour; equal = of the data */
    const char *label;               /* of the colour bar */
    eg_plot_colors colors;
} eg_plot_matrix;

/* A frame with its axes: series, a matrix below them, or both. */
typedef struct eg_plot_panel {
    const eg_plot_series *series;
    int num_series;
    const eg_plot_matrix *matrix; /* drawn below the series; NULL = none */
    const char *title, *ylabel;
    double y_min, y_max; /* equal = of the data */
    double height;       /* relative to other panels; 0 = 1 */
} eg_plot_panel;

/* Who draws. */
typedef enum eg_plot_renderer {
    EG_PLOT_AUTO, /* PNG: gnuplot if it is there and works; else, and for SVG, Engram's own */
    EG_PLOT_GNUPLOT,
    EG_PLOT_BUILTIN
} eg_plot_renderer;

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_plot_options {
    const char *title, *xlabel, *ylabel; /* ylabel and the y range: for pictures of one panel */
    int width, height;                   /* pixels, 100 to 10000; 0 = 1200 and, by the number of panels, 600 to 900 */
    double x_min, x_max;                 /* equal = of the data; all panels have the same */
    double y_min, y_max;
    double font_size; /* pixels; 0 = by the size of the picture */
    eg_plot_renderer renderer;
} eg_plot_options;

/* -- pictures ----------------------------------------------------------------------------------------------------- */

/* Spikes as dots: a series for each group, x the time and y the neuron; `kind` is not looked at. */
EG_API eg_status(eg_plot_raster)(eg_context *eg, const char *path, int num, const eg_plot_series *series,
                                 const eg_plot_options *options, EG_PLACE);
/* Curves, with dots and spikes among them if their kind says so. */
EG_API eg_status(eg_plot_lines)(eg_context *eg, const char *path, int num, const eg_plot_series *series,
                                const eg_plot_options *options, EG_PLACE);
/* A matrix with its colour bar. */
EG_API eg_status(eg_plot_heat)(eg_context *eg, const char *path, const eg_plot_matrix *matrix,
                               const eg_plot_options *options, EG_PLACE);
/* Panels one below the other, the first on top, over one x axis.
 * Errors: a path that ends neither in .png nor in .svg, series or data that are missing, sizes out of range, gnuplot
 * wanted and not there or failing (EG_ERR_IO), and what cannot be written. */
EG_API eg_status(eg_plot_figure)(eg_context *eg, const char *path, int num, const eg_plot_panel *panels,
                                 const eg_plot_options *options, EG_PLACE);

#ifndef __cplusplus
#define eg_plot_raster(...) (eg_plot_raster)(__VA_ARGS__, EG_HERE)
#define eg_plot_lines(...) (eg_plot_lines)(__VA_ARGS__, EG_HERE)
#define eg_plot_heat(...) (eg_plot_heat)(__VA_ARGS__, EG_HERE)
#define eg_plot_figure(...) (eg_plot_figure)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
