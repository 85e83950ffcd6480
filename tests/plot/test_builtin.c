/* Pictures drawn by Engram itself: the ink is where the data is. */
#include <engram/plot.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "support/support.h"

static const char path[] = "test_builtin.png";
static eg_context *eg;

static void open_context(void) { eg = eg_open(NULL); }
static void close_context(void) { eg_close(eg); }

static image lines(int num, const eg_plot_series *s, eg_plot_options o)
{
    o.renderer = EG_PLOT_BUILTIN;
    ck_assert_msg(eg_plot_lines(eg, path, num, s, &o) == EG_OK, "%s", eg_message(eg));
    return image_read(path);
}

static int x_of(const frame *f, double share) { return f->left + (int)(share * (f->right - f->left) + 0.5); }
static int y_of(const frame *f, double share) { return f->bottom - (int)(share * (f->bottom - f->top) + 0.5); }

/* Pixels of a colour within r of a place. */
static int64_t around(const image *m, int x, int y, int r, uint32_t color)
{
    return image_count(m, x - r, y - r, x + r + 1, y + r + 1, color, 70);
}

START_TEST(a_picture_has_the_size_asked_for)
{
    const int sizes[][2] = {{0, 0}, {640, 480}, {100, 100}, {3001, 200}};
    const double y[] = {1, 2, 3};
    for (size_t k = 0; k < 4; k++) {
        image m = lines(1, &(eg_plot_series){.num = 3, .y = eg_column_f64(y, 1)},
                        (eg_plot_options){.width = sizes[k][0], .height = sizes[k][1]});
        ck_assert_int_eq(m.width, sizes[k][0] ? sizes[k][0] : 1200);
        ck_assert_int_eq(m.height, sizes[k][1] ? sizes[k][1] : 600);
        ck_assert_int_gt(image_count(&m, 0, 0, m.width, m.height, EG_PLOT_BLUE, 70), 20);
        image_free(&m);
    }
}
END_TEST

START_TEST(dots_are_where_their_numbers_say)
{
    const float data[] = {10, 1, 20, 2, 90, 9}; /* x, y pairs */
    eg_plot_series s = {.kind = EG_PLOT_DOTS, .num = 3, .width = 9};
    s.x = eg_column_f32(data, 2);
    s.y = eg_column_f32(data + 1, 2);
    image m = lines(1, &s, (eg_plot_options){.x_max = 100, .y_max = 10});
    frame f = image_frame(&m);
    for (int k = 1; k < 10; k++) {
        bool there = k == 1 || k == 2 || k == 9;
        int64_t n = around(&m, x_of(&f, k / 10.0), y_of(&f, k / 10.0), 8, EG_PLOT_BLUE);
        ck_assert_msg(there ? n >= 40 && n <= 90 : n == 0, "at %d: %d pixels", k, (int)n);
    }
    image_free(&m);
}
END_TEST

START_TEST(columns_take_every_type_with_stride_scale_and_offset)
{
    const uint8_t b[] = {0, 1};
    const int32_t i[] = {-5, 0, 5};
    const uint32_t u[] = {0, 3000000000U};
    const int64_t l[] = {-1, 1};
    const double d[] = {3, 7, 2, 7, 1}; /* backwards from the end */
    const eg_column y[] = {eg_column_of(b, EG_BOOL, 1),
                           {.data = i, .dtype = EG_I32, .stride = 2, .scale = 0.1, .offset = 0.5},
                           {.data = u, .dtype = EG_U32, .scale = 1 / 3e9},
                           {.data = l, .dtype = EG_I64, .scale = 0.5, .offset = 0.5},
                           {.data = d + 4, .dtype = EG_F64, .stride = -4, .scale = 0.5, .offset = -0.5}};
    for (size_t k = 0; k < 5; k++) { /* all of them 0 and 1 */
        image m = lines(
            1, &(eg_plot_series){.kind = EG_PLOT_DOTS, .num = 2, .y = y[k], .width = 9, .x = eg_column_even(0.25, 0.5)},
            (eg_plot_options){.x_max = 1, .y_min = -1, .y_max = 2});
        frame f = image_frame(&m);
        ck_assert_msg(around(&m, x_of(&f, 0.25), y_of(&f, 1 / 3.0), 8, EG_PLOT_BLUE) > 40, "%d", (int)k);
        ck_assert_msg(around(&m, x_of(&f, 0.75), y_of(&f, 2 / 3.0), 8, EG_PLOT_BLUE) > 40, "%d", (int)k);
        image_free(&m);
    }
}
END_TEST

START_TEST(a_line_follows_its_points_and_stops_at_gaps)
{
    double y[] = {1, 1, NAN, 1, INFINITY, 1, 1, 1e301, 1, 1};
    image m = lines(1, &(eg_plot_series){.num = 10, .y = eg_column_f64(y, 1), .width = 3},
                    (eg_plot_options){.x_min = 0, .x_max = 9, .y_max = 2});
    frame f = image_frame(&m);
    const bool ink[] = {true, false, false, false, false, true, false, false, true}; /* half way from k to k + 1 */
    for (int k = 0; k < 9; k++) {
        int64_t n = around(&m, x_of(&f, (k + 0.5) / 9), y_of(&f, 0.5), 4, EG_PLOT_BLUE);
        ck_assert_msg(ink[k] == (n > 0), "after %d: %d", k, (int)n);
    }
    ck_assert_int_gt(around(&m, x_of(&f, 3 / 9.0), y_of(&f, 0.5), 4, EG_PLOT_BLUE), 0); /* alone, a dot */
    image_free(&m);
}
END_TEST

/* Thinning must not lose what stands out: one step in a million. */
START_TEST(no_extreme_of_a_long_line_is_lost)
{
    enum { N = 1000000 };
    float *y = calloc(N, sizeof *y);
    y[333333] = 8;
    y[777777] = -8;
    image m = lines(1, &(eg_plot_series){.num = N, .y = eg_column_f32(y, 1), .width = 3},
                    (eg_plot_options){.y_min = -10, .y_max = 10});
    frame f = image_frame(&m);
    ck_assert_int_gt(around(&m, x_of(&f, 0.333333), y_of(&f, 0.85), 2, EG_PLOT_BLUE), 0);
    ck_assert_int_gt(around(&m, x_of(&f, 0.777777), y_of(&f, 0.15), 2, EG_PLOT_BLUE), 0);
    for (int k = 1; k < 20; k++) ck_assert_int_gt(around(&m, x_of(&f, k / 20.0), y_of(&f, 0.5), 2, EG_PLOT_BLUE), 0);
    image_free(&m);
    free(y);
}
END_TEST

START_TEST(spikes_stand_from_low_to_high_in_the_colour_of_their_trace)
{
    const double at[] = {30, 70}, y[] = {-60, -60};
    const eg_plot_series s[] = {
        {.num = 2, .x = eg_column_even(0, 100), .y = eg_column_f64(y, 1), .color = EG_PLOT_GREEN},
        {.kind = EG_PLOT_SPIKES, .num = 2, .x = eg_column_f64(at, 1), .low = -50, .high = -20, .width = 3}};
    image m = lines(2, s, (eg_plot_options){.y_min = -100, .y_max = 0});
    frame f = image_frame(&m);
    for (int k = 0; k < 2; k++) {
        int x = x_of(&f, at[k] / 100);
        ck_assert_int_gt(around(&m, x, y_of(&f, 0.52), 2, EG_PLOT_GREEN), 0);
        ck_assert_int_gt(around(&m, x, y_of(&f, 0.78), 2, EG_PLOT_GREEN), 0);
        ck_assert_int_eq(around(&m, x, y_of(&f, 0.86), 2, EG_PLOT_GREEN), 0);
        ck_assert_int_eq(around(&m, x, y_of(&f, 0.46), 2, EG_PLOT_GREEN), 0);
    }
    image_free(&m);
}
END_TEST

START_TEST(groups_of_a_raster_have_two_colours_and_a_legend)
{
    int32_t E[400][2], I[100][2];
    for (int k = 0; k < 400; k++) {
        E[k][0] = k * 7 % 1000;
        E[k][1] = k % 80;
    }
    for (int k = 0; k < 100; k++) {
        I[k][0] = k * 13 % 1000;
        I[k][1] = 80 + k % 20;
    }
    eg_plot_series s[] = {{.num = 400, .label = "E"}, {.num = 100, .label = "I"}};
    s[0].x = eg_column_i32(&E[0][0], 2);
    s[0].y = eg_column_i32(&E[0][1], 2);
    s[1].x = eg_column_i32(&I[0][0], 2);
    s[1].y = eg_column_i32(&I[0][1], 2);
    eg_plot_options o = {.title = "Raster", .xlabel = "time (ms)", .ylabel = "neuron", .renderer = EG_PLOT_BUILTIN};
    ck_assert_msg(eg_plot_raster(eg, path, 2, s, &o) == EG_OK, "%s", eg_message(eg));
    image m = image_read(path);
    frame f = image_frame(&m);
    int border = y_of(&f, 0.8);
    int64_t blue_low = image_count(&m, f.left + 2, border + 8, f.right, f.bottom - 2, EG_PLOT_BLUE, 70);
    int64_t blue_high = image_count(&m, f.left + 2, f.top, f.right, border - 8, EG_PLOT_BLUE, 70);
    int64_t red_high = image_count(&m, f.left + 2, f.top, f.right, border - 8, EG_PLOT_RED, 70);
    int64_t red_low = image_count(&m, f.left + 2, border + 8, f.right, f.bottom - 2, EG_PLOT_RED, 70);
    ck_assert(blue_low > 800 && red_high > 200 && blue_high == 0 && red_low == 0);
    ck_assert_int_gt(image_count(&m, f.right - 200, 0, f.right, f.top, EG_PLOT_BLUE, 70), 30); /* marks of the legend */
    ck_assert_int_gt(image_count(&m, f.right - 200, 0, f.right, f.top, EG_PLOT_RED, 70), 30);
    ck_assert_int_gt(image_ink(&m, f.left, 0, f.left + 100, f.top), 100);           /* title */
    ck_assert_int_gt(image_ink(&m, 0, f.top, 30, f.bottom), 100);                   /* ylabel */
    ck_assert_int_gt(image_ink(&m, f.left, m.height - 30, f.right, m.height), 100); /* xlabel */
    image_free(&m);
}
END_TEST

START_TEST(panels_share_the_time_axis)
{
    const double t[] = {250, 750}, y[] = {0, 0}, z[] = {1, 1};
    const eg_plot_series a = {.kind = EG_PLOT_DOTS,
                              .num = 2,
                              .x = eg_column_f64(t, 1),
                              .y = eg_column_f64(y, 1),
                              .width = 9},
                         b = {.kind = EG_PLOT_DOTS,
                              .num = 2,
                              .x = eg_column_f64(t, 1),
                              .y = eg_column_f64(z, 1),
                              .width = 9,
                              .color = EG_PLOT_RED};
    const eg_plot_panel panels[] = {{.series = &a, .num_series = 1, .height = 2, .y_min = -1000000, .y_max = 1000000},
                                    {.series = &b, .num_series = 1, .y_max = 2}};
    eg_plot_options o = {.x_max = 1000, .renderer = EG_PLOT_BUILTIN};
    ck_assert_msg(eg_plot_figure(eg, path, 2, panels, &o) == EG_OK, "%s", eg_message(eg));
    image m = image_read(path);
    frame f = image_frame(&m); /* of the lower one */
    for (int k = 0; k < 2; k++) {
        int x = x_of(&f, t[k] / 1000);
        ck_assert_int_gt(image_count(&m, x - 6, 0, x + 7, f.top - 20, EG_PLOT_BLUE, 70), 40);
        ck_assert_int_gt(image_count(&m, x - 6, f.top, x + 7, f.bottom, EG_PLOT_RED, 70), 40);
    }
    ck_assert_int_eq(image_count(&m, 0, f.top, m.width, m.height, EG_PLOT_BLUE, 70), 0);
    image_free(&m);
}
END_TEST

/* -- matrices ----------------------------------------------------------------------------------------------------- */

static void check_matrix(bool top_down)
{
    const double z[] = {0, 1, NAN, /* row 0 */ 1, 0, 0.5};
    eg_plot_matrix x = {.rows = 2, .cols = 3, .z = eg_column_f64(z, 1), .label = "weight", .top_down = top_down};
    eg_plot_options o = {.title = "Weights", .width = 700, .height = 500, .renderer = EG_PLOT_BUILTIN};
    ck_assert_msg(eg_plot_heat(eg, path, &x, &o) == EG_OK, "%s", eg_message(eg));
    image m = image_read(path);
    frame f = image_frame(&m);
    int low = y_of(&f, 0.25), high = y_of(&f, 0.75), row0 = top_down ? high : low, row1 = top_down ? low : high;
    f.right = f.left; /* the bottom line ends with the box: find it anew, the colour bar's is further right */
    while (image_at(&m, f.right + 1, f.bottom) != 0xFFFFFF) f.right++;
    ck_assert_int_eq(image_at(&m, x_of(&f, 1 / 6.0), row0), 0x440154);
    ck_assert_int_eq(image_at(&m, x_of(&f, 3 / 6.0), row0), 0xFDE725);
    ck_assert_int_eq(image_at(&m, x_of(&f, 5 / 6.0), row0), 0xE4E4E4);
    ck_assert_int_eq(image_at(&m, x_of(&f, 1 / 6.0), row1), 0xFDE725);
    ck_assert_int_eq(image_at(&m, x_of(&f, 3 / 6.0), row1), 0x440154);
    ck_assert_int_eq(image_at(&m, x_of(&f, 5 / 6.0), row1), 0x1F988B);
    ck_assert_int_gt(image_count(&m, f.right + 3, f.top, m.width, f.bottom, 0x1F988B, 4), 10); /* the colour bar */
    image_free(&m);
}

START_TEST(cells_have_the_colours_of_their_numbers) { check_matrix(false); }
END_TEST
START_TEST(rows_can_go_down) { check_matrix(true); }
END_TEST

START_TEST(matrices_larger_than_the_picture_are_averaged_and_zoomed_into)
{
    enum { N = 3000 };
    uint8_t *z = malloc((size_t)N * N); /* left half 0 and 1 in turn, right half 1 */
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) z[i * N + j] = j >= N / 2 || (i + j) % 2;
    eg_plot_matrix x = {.rows = N, .cols = N, .z = eg_column_of(z, EG_BOOL, 1), .high = 1};
    eg_plot_options o = {.width = 500, .height = 400, .renderer = EG_PLOT_BUILTIN};
    ck_assert_msg(eg_plot_heat(eg, path, &x, &o) == EG_OK, "%s", eg_message(eg));
    image m = image_read(path);
    ck_assert_int_gt(image_count(&m, 60, 20, 200, 350, 0x1F988B, 40), 140 * 330 * 9 / 10);
    image_free(&m);
    o.x_min = N / 2 - 0.75; /* two cells across the whole picture */
    o.x_max = N / 2 + 0.25;
    o.y_min = 0.25;
    o.y_max = 0.75;
    ck_assert_msg(eg_plot_heat(eg, path, &x, &o) == EG_OK, "%s", eg_message(eg));
    m = image_read(path);
    ck_assert_int_eq(image_at(&m, 200, 200), 0xFDE725);
    image_free(&m);
    free(z);
}
END_TEST

START_TEST(odd_matrices_are_drawn)
{
    const float one = 3, nan = NAN, row[] = {1, 2, 3};
    const eg_plot_matrix odd[] = {{.rows = 1, .cols = 1, .z = eg_column_f32(&one, 1)},
                                  {.rows = 1, .cols = 1, .z = eg_column_f32(&nan, 1)},
                                  {.rows = 0, .cols = 5},
                                  {.rows = 5, .cols = 0},
                                  {.rows = 1, .cols = 3, .z = eg_column_f32(row, 1)},
                                  {.rows = 3, .cols = 1, .z = eg_column_f32(row, 1), .left = -1e200, .right = 1e200},
                                  {.rows = 2, .cols = 2, .z = {.scale = 1e299}, .colors = EG_PLOT_DIVERGING}};
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        eg_plot_options o = {.width = 300, .height = 200, .renderer = EG_PLOT_BUILTIN};
        ck_assert_msg(eg_plot_heat(eg, path, &odd[k], &o) == EG_OK, "%d: %s", (int)k, eg_message(eg));
        image m = image_read(path);
        image_free(&m);
    }
}
END_TEST

/* -- odd data ----------------------------------------------------------------------------------------------------- */

START_TEST(odd_data_is_drawn)
{
    const double none[] = {NAN, NAN, NAN}, one[] = {5}, same[] = {7, 7, 7}, huge[] = {-1e300, 0, 1e300},
                 tiny[] = {1e-300, 2e-300, 3e-300}, close[] = {1e9, 1e9 + 1e-6, 1e9}, zero[] = {0, 0, 0},
                 back[] = {3, 1, 2}, whole[] = {1e15, 1e15 + 1, 1e15 + 2};
    const struct {
        const double *x;
        int num;
    } odd[] = {{none, 3}, {one, 1},  {same, 3},  {huge, 3}, {tiny, 3}, {close, 3},
               {zero, 3}, {back, 3}, {whole, 3}, {NULL, 0}, {NULL, 3}};
    enum { ODD = sizeof odd / sizeof *odd };
    for (int k = 0; k < ODD * ODD * 3; k++) {
        const int a = k % ODD, b = k / ODD % ODD, num = odd[a].num < odd[b].num ? odd[a].num : odd[b].num;
        eg_plot_series s = {.kind = (eg_plot_kind)(k / ODD / ODD),
                            .num = num,
                            .x = eg_column_f64(odd[a].x, 1),
                            .y = eg_column_f64(odd[b].x, 1)};
        image m = lines(1, &s, (eg_plot_options){.width = 300, .height = 200});
        ck_assert_int_gt(image_ink(&m, 0, 0, m.width, m.height), 300); /* the axes at least */
        const bool seen = a && b && s.kind == EG_PLOT_DOTS && num;
        if (seen) ck_assert_msg(image_count(&m, 0, 0, m.width, m.height, EG_PLOT_BLUE, 100) > 0, "%d over %d", b, a);
        image_free(&m);
    }
}
END_TEST

START_TEST(what_lies_outside_of_the_ranges_is_not_drawn)
{
    const double y[] = {-1e250, 1e250, 0, 1e250}, out[] = {50, 60};
    image m =
        lines(1, &(eg_plot_series){.num = 4, .y = eg_column_f64(y, 1)}, (eg_plot_options){.y_min = -1, .y_max = 1});
    frame f = image_frame(&m);
    ck_assert_int_gt(image_count(&m, f.left, f.top, f.right, f.bottom, EG_PLOT_BLUE, 70), 100);
    ck_assert_int_eq(image_count(&m, 0, 0, f.left - 2, m.height, EG_PLOT_BLUE, 70), 0);
    ck_assert_int_eq(image_count(&m, 0, 0, m.width, f.top - 3, EG_PLOT_BLUE, 70), 0);
    ck_assert_int_eq(image_count(&m, 0, f.bottom + 3, m.width, m.height, EG_PLOT_BLUE, 70), 0);
    image_free(&m);
    for (int kind = EG_PLOT_LINE; kind <= EG_PLOT_SPIKES; kind++) {
        m = lines(1,
                  &(eg_plot_series){.kind = (eg_plot_kind)kind,
                                    .num = 2,
                                    .x = eg_column_f64(out, 1),
                                    .y = eg_column_f64(out, 1),
                                    .high = 1},
                  (eg_plot_options){.x_max = 10, .y_max = 10});
        ck_assert_int_eq(image_count(&m, 0, 0, m.width, m.height, EG_PLOT_BLUE, 70), 0);
        image_free(&m);
    }
}
END_TEST

/* Every letter leaves ink of its own, and no two look the same. */
START_TEST(every_letter_is_drawn)
{
    enum { LETTERS = 94 };
    uint8_t *seen[LETTERS] = {NULL};
    for (int k = 0; k < LETTERS; k++) {
        char label[] = {(char)(33 + k), 0};
        image m = lines(0, NULL, (eg_plot_options){.title = label, .width = 200, .height = 150, .font_size = 20});
        frame f = image_frame(&m);
        ck_assert_msg(image_ink(&m, 0, 0, m.width, f.top - 8) > 5, "'%s'", label);
        for (int j = 0; j < k; j++)
            ck_assert_msg(memcmp(seen[j], m.rgb, 200 * 40 * 3) != 0, "'%c' and '%s'", 33 + j, label);
        seen[k] = m.rgb;
    }
    for (int k = 0; k < LETTERS; k++) free(seen[k]);
}
END_TEST

START_TEST(any_bytes_may_stand_in_a_label)
{
    char label[260] = "";
    for (int k = 0; k < 255; k++) label[k] = (char)(1 + k);
    image m =
        lines(0, NULL,
              (eg_plot_options){.title = label, .xlabel = "\xF0\x9F\x98\x80 \xCF\x84 \xE2\x82", .ylabel = "\xFF\xFE"});
    image_free(&m);
}
END_TEST

START_TEST(the_locale_of_the_host_does_not_matter_and_stays)
{
    const double y[] = {0.5, 1.5};
    const eg_plot_series s = {.num = 2, .y = eg_column_f64(y, 1)};
    image a = lines(1, &s, (eg_plot_options){0});
    const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C.UTF-8"};
    const char *set = NULL;
    for (int k = 0; k < 4 && !set; k++) set = setlocale(LC_ALL, names[k]);
    locale_t before = uselocale((locale_t)0);
    image b = lines(1, &s, (eg_plot_options){0});
    ck_assert(uselocale((locale_t)0) == before);
    ck_assert_str_eq(setlocale(LC_ALL, NULL), set);
    setlocale(LC_ALL, "C");
    ck_assert_mem_eq(a.rgb, b.rgb, (size_t)a.width * (size_t)a.height * 3);
    image_free(&a);
    image_free(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("builtin");
    TCase *c = tcase_create("builtin");
    tcase_add_checked_fixture(c, open_context, close_context);
    tcase_set_timeout(c, 0);
    tcase_add_test(c, a_picture_has_the_size_asked_for);
    tcase_add_test(c, dots_are_where_their_numbers_say);
    tcase_add_test(c, columns_take_every_type_with_stride_scale_and_offset);
    tcase_add_test(c, a_line_follows_its_points_and_stops_at_gaps);
    tcase_add_test(c, no_extreme_of_a_long_line_is_lost);
    tcase_add_test(c, spikes_stand_from_low_to_high_in_the_colour_of_their_trace);
    tcase_add_test(c, groups_of_a_raster_have_two_colours_and_a_legend);
    tcase_add_test(c, panels_share_the_time_axis);
    tcase_add_test(c, cells_have_the_colours_of_their_numbers);
    tcase_add_test(c, rows_can_go_down);
    tcase_add_test(c, matrices_larger_than_the_picture_are_averaged_and_zoomed_into);
    tcase_add_test(c, odd_matrices_are_drawn);
    tcase_add_test(c, odd_data_is_drawn);
    tcase_add_test(c, what_lies_outside_of_the_ranges_is_not_drawn);
    tcase_add_test(c, every_letter_is_drawn);
    tcase_add_test(c, any_bytes_may_stand_in_a_label);
    tcase_add_test(c, the_locale_of_the_host_does_not_matter_and_stays);
    suite_add_tcase(s, c);
    return test_run(s);
}
