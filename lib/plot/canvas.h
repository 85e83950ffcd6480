/* What a scene is drawn on: pixels or SVG. */
#ifndef EGI_PLOT_CANVAS_H
#define EGI_PLOT_CANVAS_H

#include "scene.h"

typedef enum plot_align { ALIGN_LEFT, ALIGN_MIDDLE, ALIGN_RIGHT } plot_align;

typedef struct plot_pen {
    uint32_t color;
    double width, dash; /* dash: length of dashes and gaps; 0 = none */
} plot_pen;

typedef struct words {
    const char *text;
    double x, y; /* baseline */
    double font;
    plot_align align;
    bool bold, upwards; /* upwards: turned left, read from below */
    uint32_t color;
} words;

/* Nothing fails: a canvas without memory draws nothing, and the context has the error. */
typedef struct canvas {
    /* Everything from here on stays within the box; NULL = the picture. */
    void (*clip)(struct canvas *c, const box *b);
    /* Strokes of points in pixels, with gaps. */
    void (*path)(struct canvas *c, const point *p, int64_t num, plot_pen pen);
    void (*dots)(struct canvas *c, const point *p, int64_t num, double across, uint32_t color);
    void (*fill)(struct canvas *c, box b, uint32_t color);
    void (*words)(struct canvas *c, words w);
    /* Cells in rows, the top one first, that fill the box. */
    void (*cells)(struct canvas *c, box b, const uint32_t *color, int64_t rows, int64_t cols);
} canvas;

void egi_plot_draw(const scene *s, canvas *c);

#endif
