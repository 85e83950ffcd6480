/* Pictures read back, and asked where their ink is. */
#ifndef ENGRAM_TESTS_PLOT_IMAGE_H
#define ENGRAM_TESTS_PLOT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct image {
    int width, height;
    uint8_t *rgb;
} image;

/* Decodes a PNG with libpng; fails the test if it is none.  The file is removed. */
image image_read(const char *path);
void image_free(image *m);
/* Pixels in [left, right) x [top, bottom) that are within `near` of a colour in each channel. */
int64_t image_count(const image *m, int left, int top, int right, int bottom, uint32_t color, int near);
/* Pixels there that are not white. */
int64_t image_ink(const image *m, int left, int top, int right, int bottom);
uint32_t image_at(const image *m, int x, int y);

/* The box of the axes, by their dark lines: left and bottom; right from the length of the bottom line. */
typedef struct frame {
    int left, right, top, bottom;
} frame;
frame image_frame(const image *m);

/* A whole file as a string, from malloc; the file is removed. */
char *text_read(const char *path);
/* NULL, or what keeps the text from being well-formed XML. */
const char *xml_wrong(const char *text);

#endif
