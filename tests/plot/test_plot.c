/* Pictures: files of the right kind and size with ink where data are, by both renderers; what is refused. */
#include <engram/plot.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"

static eg_context *eg;
static void open_context(void) { eg = eg_open(NULL); }
static void close_context(void)
{
    ck_assert_msg(!eg_error(eg), "%s", eg_message(eg));
    eg_close(eg);
}

static void says(eg_status status, const char *word)
{
    ck_assert_msg(eg_error(eg) == status && strstr(eg_message(eg), word), "%s: %s", eg_status_text(eg_error(eg)),
                  eg_message(eg));
    eg_clear_error(eg);
}

/* Pixels that are not nearly white in a rectangle given in parts of the picture; -1 if it is no such PNG. */
static int ink(const char *path, int width, int height, double x0, double x1, double y0, double y1)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path)) return -1;
    image.format = PNG_FORMAT_GRAY;
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
    int n = image.width == (unsigned)width && image.height == (unsigned)height ? 0 : -1;
    if (!png_image_finish_read(&image, NULL, pixels, 0, NULL)) n = -1;
    for (int y = (int)(y0 * height); n >= 0 && y < (int)(y1 * height); y++)
        for (int x = (int)(x0 * width); x < (int)(x1 * width); x++) n += pixels[y * width + x] < 230;
    free(pixels);
    return n;
}

static char *text_of(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 20);
    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, (1 << 20) - 1, f)] = 0;
    fclose(f);
    return text;
}

/* Spikes in the left half only. */
static void draw_raster(const char *path, eg_plot_renderer renderer)
{
    double x[200], y[200];
    for (int k = 0; k < 200; k++) {
        x[k] = 45.0 * k / 200;
        y[k] = (k * 37) % 100;
    }
    eg_plot_series s = {.num = 200, .x = eg_column_f64(x, 1), .y = eg_column_f64(y, 1), .label = "E"};
    eg_plot_options o = {.width = 800, .height = 500, .x_min = 0, .x_max = 100, .xlabel = "t", .renderer = renderer};
    eg_plot_raster(eg, path, 1, &s, &o);
    ck_assert_msg(!eg_error(eg), "%s", eg_message(eg));
}

START_TEST(dots_are_where_the_spikes_are)
{
    draw_raster("plot_raster.png", EG_PLOT_BUILTIN);
    ck_assert_int_gt(ink("plot_raster.png", 800, 500, 0.15, 0.5, 0.2, 0.8), 100);
    ck_assert_int_lt(ink("plot_raster.png", 800, 500, 0.6, 0.85, 0.3, 0.8), 60);
    unlink("plot_raster.png");
}
END_TEST

START_TEST(gnuplot_draws_where_it_is_and_is_missed_where_it_is_not)
{
    const char *path = getenv("PATH");
    char *kept = strdup(path ? path : "");
    if (system("gnuplot --version > /dev/null 2>&1") == 0) {
        draw_raster("plot_gnuplot.png", EG_PLOT_GNUPLOT);
        ck_assert_int_gt(ink("plot_gnuplot.png", 800, 500, 0.15, 0.5, 0.2, 0.8), 100);
        unlink("plot_gnuplot.png");
    }
    setenv("PATH", "/nowhere", 1);
    draw_raster("plot_auto.png", EG_PLOT_AUTO);
    ck_assert_int_gt(ink("plot_auto.png", 800, 500, 0.15, 0.5, 0.2, 0.8), 100);
    double y[2] = {0, 1};
    eg_plot_series s = {.num = 2, .y = eg_column_f64(y, 1)};
    eg_plot_lines(eg, "plot_none.png", 1, &s, &(eg_plot_options){.renderer = EG_PLOT_GNUPLOT});
    says(EG_ERR_IO, "gnuplot");
    ck_assert_int_ne(access("plot_none.png", F_OK), 0);
    setenv("PATH", kept, 1);
    free(kept);
    unlink("plot_auto.png");
}
END_TEST

START_TEST(an_svg_holds_labels_as_text)
{
    double y[100];
    for (int k = 0; k < 100; k++) y[k] = k == 50 ? NAN : sin(0.1 * k);
    eg_plot_series s[] = {{.num = 100, .y = eg_column_f64(y, 1), .label = "a < b & c"},
                          {.kind = EG_PLOT_SPIKES, .num = 2, .x = eg_column_f64(y, 1), .low = 0, .high = 1}};
    eg_plot_lines(eg, "plot_lines.svg", 2, s, &(eg_plot_options){.title = "sine", .ylabel = "V (mV)"});
    char *text = text_of("plot_lines.svg");
    ck_assert(strstr(text, "<svg") && strstr(text, "</svg>") && strstr(text, "sine") && strstr(text, "V (mV)"));
    ck_assert(strstr(text, "a &lt; b &amp; c") && !strstr(text, "nan"));
    free(text);
    unlink("plot_lines.svg");
}
END_TEST

START_TEST(panels_and_matrices_share_a_picture)
{
    float z[30][40], y[40];
    for (int k = 0; k < 1200; k++) z[k / 40][k % 40] = (float)(k % 40);
    for (int k = 0; k < 40; k++) y[k] = (float)k;
    eg_plot_matrix m = {.rows = 30, .cols = 40, .z = eg_column_f32(&z[0][0], 1)};
    eg_plot_heat(eg, "plot_heat.png", &m, &(eg_plot_options){.width = 400, .height = 300, .renderer = EG_PLOT_BUILTIN});
    ck_assert_int_gt(ink("plot_heat.png", 400, 300, 0.2, 0.7, 0.2, 0.8), 8000);
    eg_plot_series s = {.num = 40, .y = eg_column_f32(y, 1)};
    eg_plot_panel panels[] = {{.matrix = &m, .height = 2}, {.series = &s, .num_series = 1}};
    eg_plot_figure(eg, "plot_figure.png", 2, panels,
                   &(eg_plot_options){.width = 400, .height = 400, .renderer = EG_PLOT_BUILTIN});
    ck_assert_int_gt(ink("plot_figure.png", 400, 400, 0.2, 0.8, 0.1, 0.5), 4000);
    ck_assert_int_gt(ink("plot_figure.png", 400, 400, 0.2, 0.8, 0.7, 0.9), 20);
    unlink("plot_heat.png");
    unlink("plot_figure.png");
}
END_TEST

START_TEST(odd_data_give_pictures_too)
{
    double constant[3] = {7, 7, 7}, huge[3] = {1e300, -1e300, 0}, bad[3] = {NAN, INFINITY, -INFINITY};
    struct {
        const double *y;
        int num;
    } cases[] = {{constant, 3}, {huge, 3}, {bad, 3}, {constant, 1}, {constant, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        eg_plot_series s = {.num = cases[k].num, .y = eg_column_f64(cases[k].y, 1)};
        eg_plot_lines(eg, "plot_odd.png", 1, &s,
                      &(eg_plot_options){.width = 300, .height = 200, .renderer = EG_PLOT_BUILTIN});
        ck_assert_msg(!eg_error(eg), "case %zu: %s", k, eg_message(eg));
        ck_assert_int_gt(ink("plot_odd.png", 300, 200, 0, 1, 0, 1), 50);
    }
    unlink("plot_odd.png");
}
END_TEST

START_TEST(what_cannot_be_drawn_is_an_error_and_no_file)
{
    double y[2] = {0, 1};
    eg_plot_series s = {.num = 2, .y = eg_column_f64(y, 1)};
    eg_plot_lines(eg, "plot_x.jpg", 1, &s, NULL);
    says(EG_ERR_ARGUMENT, "plot_x.jpg");
    eg_plot_lines(eg, NULL, 1, &s, NULL);
    says(EG_ERR_ARGUMENT, "eg_plot_lines");
    eg_plot_lines(eg, "plot_x.png", 1, NULL, NULL);
    says(EG_ERR_ARGUMENT, "eg_plot_lines");
    eg_plot_raster(eg, "plot_x.png", -1, &s, NULL);
    says(EG_ERR_ARGUMENT, "eg_plot_raster");
    eg_plot_heat(eg, "plot_x.png", NULL, NULL);
    says(EG_ERR_ARGUMENT, "eg_plot_heat");
    eg_plot_figure(eg, "plot_x.png", 1, NULL, NULL);
    says(EG_ERR_ARGUMENT, "eg_plot_figure");
    eg_plot_lines(eg, "plot_x.png", 1, &s, &(eg_plot_options){.width = 5});
    says(EG_ERR_ARGUMENT, "5 x 0 pixels");
    eg_plot_lines(eg, "no/such/folder/x.png", 1, &s, &(eg_plot_options){.renderer = EG_PLOT_BUILTIN});
    says(EG_ERR_IO, "no/such/folder");
    ck_assert_int_eq(eg_plot_lines(NULL, "plot_x.png", 1, &s, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_ne(access("plot_x.png", F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plot");
    TCase *t = tcase_create("plot");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, open_context, close_context);
    tcase_add_test(t, dots_are_where_the_spikes_are);
    tcase_add_test(t, gnuplot_draws_where_it_is_and_is_missed_where_it_is_not);
    tcase_add_test(t, an_svg_holds_labels_as_text);
    tcase_add_test(t, panels_and_matrices_share_a_picture);
    tcase_add_test(t, odd_data_give_pictures_too);
    tcase_add_test(t, what_cannot_be_drawn_is_an_error_and_no_file);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
