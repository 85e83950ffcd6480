/* SVG, wrong arguments, folders that cannot be written, and memory that runs out. */
#include <engram/plot.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "support/faulty.h"
#include "support/support.h"

static const char svg[] = "test_figure.svg", png[] = "test_figure.png";
static eg_context *eg;

static void open_context(void) { eg = eg_open(NULL); }
static void close_context(void) { eg_close(eg); }

/* All there is, in two panels. */
static eg_status draw_all(const char *path, const char *text)
{
    static const double y[] = {1, 2, NAN, 4, 3, NAN, 7};
    static const float z[] = {0, 1, 2, 3, NAN, 5};
    const eg_plot_series s[] = {{.num = 7, .y = eg_column_f64(y, 1), .label = text, .dashed = true},
                                {.kind = EG_PLOT_DOTS, .num = 7, .y = eg_column_f64(y, 1), .label = text},
                                {.kind = EG_PLOT_SPIKES, .num = 7, .x = eg_column_f64(y, 1), .low = 1, .high = 3}};
    const eg_plot_matrix m = {.rows = 2, .cols = 3, .z = eg_column_f32(z, 1), .label = text};
    const eg_plot_panel p[] = {{.series = s, .num_series = 3, .title = text, .ylabel = text},
                               {.matrix = &m, .ylabel = text}};
    eg_plot_options o = {.title = text, .xlabel = text, .width = 500, .height = 400, .renderer = EG_PLOT_BUILTIN};
    return eg_plot_figure(eg, path, 2, p, &o);
}

START_TEST(svg_is_well_formed_whatever_the_texts_are)
{
    char all[256];
    for (int k = 0; k < 255; k++) all[k] = (char)(1 + k);
    all[255] = 0;
    const char *texts[] = {"V (mV)",
                           "<b> & \"quotes\" 'too' ]]>",
                           "\xCF\x84 = 20 ms",
                           "\xF0\x9F\x98\x80",
                           "\xEF\xBF\xBF\xED\xA0\x80\xC0\x80",
                           "",
                           all};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        ck_assert_msg(draw_all(svg, texts[k]) == EG_OK, "%s", eg_message(eg));
        char *text = text_read(svg);
        ck_assert_msg(!xml_wrong(text), "text %d: %s", (int)k, xml_wrong(text));
        ck_assert_ptr_nonnull(strstr(text, "width=\"500\" height=\"400\""));
        if (k == 0) ck_assert_ptr_nonnull(strstr(text, ">V (mV)</text>"));
        if (k == 1) ck_assert_ptr_nonnull(strstr(text, ">&lt;b&gt; &amp; \"quotes\" 'too' ]]&gt;</text>"));
        if (k == 2) ck_assert_ptr_nonnull(strstr(text, "\xCF\x84 = 20 ms"));
        ck_assert(!strstr(text, "nan") && !strstr(text, "inf"));
        free(text);
    }
}
END_TEST

START_TEST(ends_of_names_decide_about_the_format)
{
    ck_assert_msg(draw_all("test_figure.PNG", "x") == EG_OK, "%s", eg_message(eg));
    image m = image_read("test_figure.PNG");
    image_free(&m);
    ck_assert_int_eq(draw_all("test_figure.Svg", "x"), EG_OK);
    free(text_read("test_figure.Svg"));
    const char *wrong[] = {"test_figure.pdf", "test_figure", ".png", "", NULL};
    for (int k = 0; k < 5; k++) {
        ck_assert_int_eq(draw_all(wrong[k], "x"), EG_ERR_ARGUMENT);
        ck_assert_msg(strstr(eg_message(eg), "ends neither in .png nor in .svg"), "%s", eg_message(eg));
        eg_clear_error(eg);
    }
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_an_error)
{
    ck_assert_int_eq(draw_all("no_such_folder/x.png", "x"), EG_ERR_IO);
    ck_assert_msg(strstr(eg_message(eg), "'no_such_folder/x.png' cannot be written: No such file") &&
                      strstr(eg_message(eg), "test_figure.c"),
                  "%s", eg_message(eg));
    eg_clear_error(eg);
    ck_assert_int_eq(draw_all("/proc/x.svg", "x"), EG_ERR_IO);
}
END_TEST

static void wrong(eg_status status, const char *message)
{
    ck_assert_msg(status == EG_ERR_ARGUMENT && strstr(eg_message(eg), message), "wanted '%s', got: %s", message,
                  eg_message(eg));
    eg_clear_error(eg);
    ck_assert_int_ne(access(png, F_OK), 0);
}

START_TEST(wrong_options_are_errors)
{
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.width = 99}), "99 x 0 pixels");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.height = 10001}), "0 x 10001 pixels");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.width = -1}), "-1 x 0 pixels");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.font_size = -3}), "font_size is -3");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.font_size = NAN}), "font_size is");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.x_min = 2, .x_max = 1}), "x range is from 2 to 1");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.x_max = NAN}), "x range");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.x_max = INFINITY}), "x range");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.y_min = -1, .y_max = -2}), "y range is from -1 to -2");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.renderer = (eg_plot_renderer)7}), "no renderer 7");
    wrong(eg_plot_lines(eg, png, 0, NULL, &(eg_plot_options){.font_size = 400}), "do not fit");
    wrong(eg_plot_lines(eg, png, 1, NULL, NULL), "1 series, at NULL");
    wrong(eg_plot_raster(eg, png, 1, NULL, NULL), "1 series, at NULL");
    wrong(eg_plot_raster(eg, png, -1, NULL, NULL), "-1 series");
    wrong(eg_plot_heat(eg, png, NULL, NULL), "the matrix is NULL");
    wrong(eg_plot_figure(eg, png, 0, NULL, NULL), "0 panels");
    wrong(eg_plot_figure(eg, png, 1, NULL, NULL), "1 panels");
    wrong(eg_plot_figure(eg, png, 1, &(eg_plot_panel){.height = -1}, NULL), "height is -1");
    ck_assert_int_eq(eg_plot_lines(NULL, png, 0, NULL, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_plot_raster(NULL, png, 0, NULL, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_plot_heat(NULL, png, NULL, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_plot_figure(NULL, png, 0, NULL, NULL), EG_ERR_ARGUMENT);
}
END_TEST

START_TEST(wrong_series_and_matrices_are_errors)
{
    wrong(eg_plot_lines(eg, png, 1, &(eg_plot_series){.num = -1}, NULL), "series 0: num is -1");
    wrong(eg_plot_lines(eg, png, 1, &(eg_plot_series){.kind = (eg_plot_kind)9}, NULL), "no kind 9");
    wrong(eg_plot_lines(eg, png, 1, &(eg_plot_series){.width = -1}, NULL), "width is -1");
    wrong(eg_plot_lines(eg, png, 1, &(eg_plot_series){.y.dtype = EG_DTYPE_COUNT}, NULL), "no such type");
    wrong(eg_plot_lines(eg, png, 1, &(eg_plot_series){.x.scale = NAN}, NULL), "no such type, scale");
    wrong(eg_plot_lines(eg, png, 1, &(eg_plot_series){.high = INFINITY}, NULL), "spikes are to go");
    wrong(eg_plot_heat(eg, png, &(eg_plot_matrix){.rows = -1}, NULL), "-1 x 0 elements");
    wrong(eg_plot_heat(eg, png, &(eg_plot_matrix){.rows = INT64_MAX, .cols = 3}, NULL), "elements");
    wrong(eg_plot_heat(eg, png, &(eg_plot_matrix){.left = 3, .right = 2}, NULL), "goes from 3 to 2");
    wrong(eg_plot_heat(eg, png, &(eg_plot_matrix){.low = NAN}, NULL), "colours from nan");
}
END_TEST

/* -- memory ------------------------------------------------------------------------------------------------------- */

static bool draw_png(eg_context *other)
{
    eg = other;
    return draw_all(png, "text") == EG_OK;
}
static bool draw_svg(eg_context *other)
{
    eg = other;
    return draw_all(svg, "text") == EG_OK;
}

START_TEST(every_allocation_may_fail)
{
    eg_context *mine = eg;
    faulty_every(draw_png);
    faulty_every(draw_svg);
    remove(png);
    remove(svg);
    eg = mine;
}
END_TEST

int main(void)
{
    Suite *s = suite_create("figure");
    TCase *c = tcase_create("figure");
    tcase_add_checked_fixture(c, open_context, close_context);
    tcase_set_timeout(c, 0);
    tcase_add_test(c, svg_is_well_formed_whatever_the_texts_are);
    tcase_add_test(c, ends_of_names_decide_about_the_format);
    tcase_add_test(c, a_folder_that_cannot_be_written_is_an_error);
    tcase_add_test(c, wrong_options_are_errors);
    tcase_add_test(c, wrong_series_and_matrices_are_errors);
    tcase_add_test(c, every_allocation_may_fail);
    suite_add_tcase(s, c);
    return test_run(s);
}
