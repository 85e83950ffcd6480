/* Pixels as a PNG in memory, by libpng. */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "scene.h"
#include "text.h"

static void put(png_structp png, png_bytep data, size_t n) { egi_text_add(png_get_io_ptr(png), data, n); }
static void flush(png_structp png) { (void)png; }
static void fail(png_structp png, png_const_charp message)
{
    text *t = png_get_error_ptr(png);
    eg_fail(t->eg, EG_ERR_INTERNAL, NULL, 0, "libpng: %s", message);
    png_longjmp(png, 1);
}
static void warn(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}
static png_voidp take(png_structp png, png_alloc_size_t n) { return eg_alloc(png_get_mem_ptr(png), (int64_t)n, 1); }
static void give(png_structp png, png_voidp p) { eg_release(png_get_mem_ptr(png), p); }

/* A function of its own: nothing in it changes after setjmp. */
static bool encode(png_structp png, png_infop info, const uint8_t *rgb, int64_t width, int64_t height)
{
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int64_t y = 0; y < height; y++) png_write_row(png, rgb + 3 * y * width);
    png_write_end(png, info);
    return true;
}

bool egi_png_encode(eg_context *eg, const uint8_t *rgb, int64_t width, int64_t height, picture *p)
{
    text t = {.eg = eg};
    png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &t, fail, warn, eg, take, give);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = info != NULL;
    if (ok) {
        png_set_write_fn(png, &t, put, flush);
        ok = encode(png, info, rgb, width, height);
    }
    if (!ok)
        eg_fail(eg, EG_ERR_MEMORY, NULL, 0, "out of memory: the picture of %lld x %lld pixels", (long long)width,
                (long long)height);
    png_destroy_write_struct(&png, &info);
    if (eg_error(eg)) {
        eg_release(eg, t.at);
        return false;
    }
    *p = (picture){(uint8_t *)t.at, t.n};
    return true;
}
