/* Engram's own letters: strokes, drawn at any size. */
#ifndef EGI_PLOT_FONT_H
#define EGI_PLOT_FONT_H

#include "scene.h"

enum { FONT_EM = 20, FONT_POINTS = 400 }; /* units of the drawings in the font's size; points of the largest letter */

/* Width of a text in pixels. */
double egi_font_width(const char *text, double font);
/* The strokes of one letter, beginning at the start of UTF-8 text: points in units of 1/20 of the font's size, y
 * upwards from the baseline, with gaps between strokes.  Gives the next letter, or NULL at the end; adds to *advance.
 */
const char *egi_font_letter(const char *text, point *stroke, int *num, double *advance);

#endif
