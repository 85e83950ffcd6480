/* Pictures by gnuplot, and what happens when it is not there, fails or is something else. */
#include <engram/plot.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "support/support.h"

static const char path[] = "test_gnuplot.png", folder[] = "test_gnuplot.folder";
static eg_context *eg;
static char *old_path;

static void open_context(void)
{
    eg = eg_open(NULL);
    old_path = strdup(getenv("PATH") ? getenv("PATH") : "");
}
static void close_context(void)
{
    setenv("PATH", old_path, 1);
    free(old_path);
    eg_close(eg);
}

static eg_status draw(const char *where, eg_plot_renderer renderer)
{
    static const double y[] = {1, 3, 2, NAN, 2, 1};
    const eg_plot_series s[] = {
        {.num = 6, .y = eg_column_f64(y, 1), .label = "V"},
        {.kind = EG_PLOT_DOTS, .num = 6, .y = eg_column_f64(y, 1), .width = 9, .label = "it's"}};
    eg_plot_options o = {.title = "A 'title'", .xlabel = "x", .ylabel = "y", .y_max = 4, .renderer = renderer};
    return eg_plot_lines(eg, where, 2, s, &o);
}

/* A gnuplot of ours, the only one in PATH. */
static void fake(const char *script)
{
    char name[80], full[4096];
    mkdir(folder, 0777);
    snprintf(name, sizeof name, "%s/gnuplot", folder);
    FILE *f = fopen(name, "w");
    fprintf(f, "#!/bin/sh\n%s\n", script);
    fclose(f);
    chmod(name, 0755);
    ck_assert_ptr_nonnull(realpath(folder, full));
    setenv("PATH", full, 1);
}
static void no_fake(void)
{
    char name[80];
    snprintf(name, sizeof name, "%s/gnuplot", folder);
    remove(name);
    rmdir(folder);
    setenv("PATH", old_path, 1);
}

static void draws_itself(void)
{
    ck_assert_msg(draw(path, EG_PLOT_AUTO) == EG_OK, "%s", eg_message(eg));
    image m = image_read(path);
    ck_assert_int_eq(m.width, 1200);
    image_free(&m);
}

static void refuses(const char *message)
{
    ck_assert_int_eq(draw(path, EG_PLOT_GNUPLOT), EG_ERR_IO);
    ck_assert_msg(strstr(eg_message(eg), message) && strstr(eg_message(eg), "test_gnuplot.c"), "wanted '%s', got: %s",
                  message, eg_message(eg));
    ck_assert_int_ne(access(path, F_OK), 0);
    eg_clear_error(eg);
}

START_TEST(without_gnuplot_pictures_are_drawn_all_the_same)
{
    const char *paths[] = {"", "/nowhere", "relative:.:", NULL};
    for (int k = 0; k < 4; k++) {
        if (paths[k])
            setenv("PATH", paths[k], 1);
        else
            unsetenv("PATH");
        draws_itself();
        refuses("gnuplot is not in PATH");
    }
}
END_TEST

/* A folder of the project must not bring a gnuplot of its own. */
START_TEST(a_gnuplot_where_we_happen_to_be_is_not_run)
{
    fake("touch test_gnuplot.run");
    setenv("PATH", folder, 1);
    draws_itself();
    refuses("gnuplot is not in PATH");
    no_fake();
    ck_assert_int_ne(access("test_gnuplot.run", F_OK), 0);
}
END_TEST

/* gnuplot 5.4 takes \0567 for one letter: ".7" would be "w". */
START_TEST(no_digit_stands_behind_a_number_of_a_letter)
{
    char script[1 << 16] = "";
    fake("/bin/cat > test_gnuplot.saved; exit 1");
    draws_itself();
    no_fake();
    FILE *f = fopen("test_gnuplot.saved", "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(fread(script, 1, sizeof script - 1, f), 0);
    fclose(f);
    remove("test_gnuplot.saved");
    int escapes = 0;
    for (const char *c = script; (c = strchr(c, '\\')); c++) {
        if (strspn(c + 1, "01234567") < 3) continue; /* the end of a line */
        ck_assert_msg(strspn(c + 1, "01234567") == 3, "%.40s", c);
        escapes++;
    }
    ck_assert_int_gt(escapes, 5);
}
END_TEST

START_TEST(a_gnuplot_that_fails_is_replaced_or_an_error)
{
    fake("echo 'line 7: no such terminal' >&2; exit 1");
    draws_itself();
    refuses("exit status 1: line 7: no such terminal");
    fake("exit 0"); /* says nothing, reads nothing */
    draws_itself();
    refuses("no picture came from gnuplot");
    fake("/bin/cat; /bin/cat >&2"); /* something, but no picture */
    draws_itself();
    refuses("no picture came from gnuplot");
    fake("printf '\\211PNG\\r\\n\\032\\n'; /bin/dd if=/dev/zero bs=1000 count=1 2>/dev/null"); /* half a picture */
    draws_itself();
    refuses("no picture came from gnuplot");
    fake("kill -9 $$");
    draws_itself();
    refuses("exit status 128");
    no_fake();
}
END_TEST

START_TEST(signals_and_children_of_the_host_are_left_alone)
{
    sigset_t blocked, before, after;
    fake("exit 0"); /* closes its input before we have written all of it */
    signal(SIGPIPE, SIG_DFL);
    draws_itself();
    signal(SIGCHLD, SIG_IGN); /* children vanish by themselves: there is nothing to wait for */
    draws_itself();
    refuses("no picture came");
    signal(SIGCHLD, SIG_DFL);
    sigfillset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, &before);
    draws_itself();
    sigprocmask(SIG_SETMASK, &before, &after);
    ck_assert(sigismember(&after, SIGTERM) && sigismember(&after, SIGCHLD));
    no_fake();
}
END_TEST

/* -- the real one ------------------------------------------------------------------------------------------------- */

static bool gnuplot_is_here(void)
{
    if (!draw(path, EG_PLOT_GNUPLOT)) return true;
    ck_assert_msg(strstr(eg_message(eg), "not in PATH"), "%s", eg_message(eg));
    eg_clear_error(eg);
    printf("gnuplot is not installed: not tried\n");
    return false;
}

START_TEST(both_renderers_put_the_data_in_the_same_places)
{
    if (!gnuplot_is_here()) return;
    image g = image_read(path);
    ck_assert_int_eq(draw(path, EG_PLOT_BUILTIN), EG_OK);
    image b = image_read(path);
    ck_assert(g.width == b.width && g.height == b.height);
    const uint32_t colors[] = {EG_PLOT_BLUE, EG_PLOT_RED};
    enum { TILE = 60 };
    int tiles = 0;
    frame f = image_frame(&b);
    for (int k = 0; k < 2; k++) {
        for (int y = f.top; y + TILE <= f.bottom; y += TILE) {
            for (int x = f.left + 2; x + TILE <= f.right; x += TILE) {
                int64_t ng = image_count(&g, x, y, x + TILE, y + TILE, colors[k], 60);
                int64_t nb = image_count(&b, x, y, x + TILE, y + TILE, colors[k], 60);
                tiles += nb > 20;
                /* much ink in one, none near by in the other */
                if (nb > 20)
                    ck_assert_int_gt(image_count(&g, x - 5, y - 5, x + TILE + 5, y + TILE + 5, colors[k], 60), 5);
                if (ng > 20)
                    ck_assert_int_gt(image_count(&b, x - 5, y - 5, x + TILE + 5, y + TILE + 5, colors[k], 60), 5);
            }
        }
    }
    ck_assert_int_gt(tiles, 10);
    image_free(&g);
    image_free(&b);
}
END_TEST

START_TEST(texts_are_never_run)
{
    if (!gnuplot_is_here()) return;
    remove(path);
    const char *evil[] = {"'; system('touch test_gnuplot.run'); set title '",
                          "`touch test_gnuplot.run`",
                          "\"; !touch test_gnuplot.run\n\"",
                          "x\nsystem('touch test_gnuplot.run')\n",
                          "\\'; !touch test_gnuplot.run",
                          "$(touch test_gnuplot.run)",
                          "@x {/Bold y} ^_%s%n",
                          "EOD\nsystem('touch test_gnuplot.run')"};
    const double y[] = {1, 2};
    for (size_t k = 0; k < sizeof evil / sizeof *evil; k++) {
        const eg_plot_series s = {.num = 2, .y = eg_column_f64(y, 1), .label = evil[k]};
        const eg_plot_panel p = {.series = &s, .num_series = 1, .title = evil[k], .ylabel = evil[k]};
        eg_plot_options o = {.title = evil[k], .xlabel = evil[k], .renderer = EG_PLOT_GNUPLOT};
        ck_assert_msg(eg_plot_figure(eg, path, 1, &p, &o) == EG_OK, "%s: %s", evil[k], eg_message(eg));
        image m = image_read(path);
        image_free(&m);
        ck_assert_msg(access("test_gnuplot.run", F_OK) != 0, "%s", evil[k]);
    }
}
END_TEST

START_TEST(odd_data_is_drawn_by_gnuplot_too)
{
    if (!gnuplot_is_here()) return;
    remove(path);
    const double none[] = {NAN, NAN}, one[] = {5}, huge[] = {-1e300, 1e300}, tiny[] = {1e-300, 2e-300}, same[] = {7, 7};
    const float row[] = {1, 2, NAN};
    const eg_plot_matrix matrices[] = {{.rows = 1, .cols = 3, .z = eg_column_f32(row, 1), .label = "w"},
                                       {.rows = 1, .cols = 1, .z = eg_column_f32(row, 1)},
                                       {.rows = 0, .cols = 0},
                                       {.rows = 3, .cols = 1, .z = eg_column_f32(row, 1), .top_down = true}};
    const eg_plot_series s[] = {{.num = 2, .y = eg_column_f64(none, 1)},
                                {.num = 1, .y = eg_column_f64(one, 1)},
                                {.num = 2, .y = eg_column_f64(huge, 1)},
                                {.num = 2, .x = eg_column_f64(tiny, 1), .y = eg_column_f64(tiny, 1)},
                                {.num = 2, .y = eg_column_f64(same, 1), .dashed = true},
                                {.num = 0},
                                {.kind = EG_PLOT_SPIKES, .num = 2, .x = eg_column_f64(same, 1), .low = 1, .high = 2}};
    for (size_t k = 0; k < sizeof s / sizeof *s; k++) {
        eg_plot_options o = {.width = 400, .height = 300, .renderer = EG_PLOT_GNUPLOT};
        ck_assert_msg(eg_plot_lines(eg, path, 1, &s[k], &o) == EG_OK, "%d: %s", (int)k, eg_message(eg));
        image m = image_read(path);
        ck_assert_int_eq(m.width, 400);
        image_free(&m);
        if (k < 4) {
            ck_assert_msg(eg_plot_heat(eg, path, &matrices[k], &o) == EG_OK, "%d: %s", (int)k, eg_message(eg));
            m = image_read(path);
            image_free(&m);
        }
    }
    ck_assert_msg(draw("test_gnuplot.svg", EG_PLOT_GNUPLOT) == EG_OK, "%s", eg_message(eg));
    char *text = text_read("test_gnuplot.svg");
    ck_assert_msg(!xml_wrong(text), "%s", xml_wrong(text));
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gnuplot");
    TCase *c = tcase_create("gnuplot");
    tcase_add_checked_fixture(c, open_context, close_context);
    tcase_set_timeout(c, 0);
    tcase_add_test(c, without_gnuplot_pictures_are_drawn_all_the_same);
    tcase_add_test(c, a_gnuplot_where_we_happen_to_be_is_not_run);
    tcase_add_test(c, no_digit_stands_behind_a_number_of_a_letter);
    tcase_add_test(c, a_gnuplot_that_fails_is_replaced_or_an_error);
    tcase_add_test(c, signals_and_children_of_the_host_are_left_alone);
    tcase_add_test(c, both_renderers_put_the_data_in_the_same_places);
    tcase_add_test(c, texts_are_never_run);
    tcase_add_test(c, odd_data_is_drawn_by_gnuplot_too);
    suite_add_tcase(s, c);
    return test_run(s);
}
