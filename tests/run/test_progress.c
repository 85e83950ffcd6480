/* What is told while a run goes on. */
#include "scene.h"

#include <stdio.h>

typedef struct heard {
    int num;
    eg_run_progress first, last;
    bool ascending;
} heard;

static int listen(void *user, const eg_run_progress *p)
{
    heard *h = user;
    if (h->num++ == 0) h->first = *p;
    if (h->num > 1) h->ascending &= p->step >= h->last.step && p->run_s >= h->last.run_s;
    h->last = *p;
    return 0;
}

static eg_system *runner_of(eg_context *eg, int64_t num)
{
    static const eg_monitor m[] = {{.variable = "A.spike", .events = true}, {.variable = "A.V", .every = 10}};
    return eg_dsrunner(scene_net(eg, num), NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = m});
}

START_TEST(progress_begins_at_none_and_ends_at_all)
{
    eg_context *eg = test_open(_i);
    eg_system *run = runner_of(eg, 50);
    for (int again = 0; again < 2; again++) {
        heard h = {.ascending = true};
        eg_run(run, 1000.3, &(eg_dsrun_options){.progress = listen, .user = &h});
        test_fine(eg);
        ck_assert_int_ge(h.num, 2);
        ck_assert_int_eq(h.first.step, 0);
        ck_assert_int_eq(h.first.steps, 10003);
        ck_assert_double_eq(h.first.run_s, 0);
        ck_assert_int_eq(h.last.step, 10003);
        ck_assert_double_gt(h.last.run_s, 0);
        ck_assert(h.ascending);
        if (again)
            ck_assert_double_eq(h.first.compile_s, 0); /* compiled before */
        else
            ck_assert_double_gt(h.first.compile_s, 0);
    }
    test_close(eg);
}
END_TEST

START_TEST(a_long_run_is_heard_of_about_every_20_ms)
{
    eg_context *eg = test_open(1);
    heard h = {.ascending = true};
    eg_run(runner_of(eg, 3000), 4000, &(eg_dsrun_options){.progress = listen, .user = &h});
    ck_assert(h.ascending);
    ck_assert_int_ge(h.num, 3);
    ck_assert_int_le(h.num, 3 + (int)(h.last.run_s / 0.015));
    test_close(eg);
}
END_TEST

static size_t text_of(FILE *f, char *text, size_t size)
{
    rewind(f);
    size_t n = fread(text, 1, size - 1, f);
    text[n] = 0;
    return n;
}

START_TEST(a_bar_in_a_file_is_one_line_at_the_end)
{
    eg_context *eg = test_open(1);
    FILE *f = tmpfile();
    eg_progress_bar bar = {.file = f, .label = "LIF"};
    eg_run(runner_of(eg, 50), 1000, &(eg_dsrun_options){.progress = eg_progress_bar_show, .user = &bar});
    char text[2000];
    text_of(f, text, sizeof text);
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    static const char *const want[] = {"LIF [##############################] 100 %", "10000 of 10000 steps", "steps/s",
                                       "in all", "compiled in"};
    for (size_t k = 0; k < sizeof want / sizeof *want; k++)
        ck_assert_msg(strstr(text, want[k]), "'%s' is not in: %s", want[k], text);
    fclose(f);
    test_close(eg);
}
END_TEST

START_TEST(a_bar_on_a_terminal_is_redrawn_with_rate_and_time_left)
{
    FILE *f = tmpfile();
    eg_progress_bar bar = {.file = f, .always = true};
    eg_progress_bar_show(&bar, &(eg_run_progress){0, 4000000, 2.5, 0});
    eg_progress_bar_show(&bar, &(eg_run_progress){500000, 4000000, 2.5, 0.05}); /* too soon */
    eg_progress_bar_show(&bar, &(eg_run_progress){1000000, 4000000, 2.5, 2});
    eg_progress_bar_show(&bar, &(eg_run_progress){2000000, 4000000, 2.5, 400});
    eg_progress_bar_show(&bar, &(eg_run_progress){4000000, 4000000, 0.0123, 9000});
    char text[3000];
    text_of(f, text, sizeof text);
    int drawn = 0;
    for (const char *p = text; (p = strchr(p, '\r')); p++) drawn++;
    ck_assert_int_eq(drawn, 4);
    static const char *const want[] = {" 0 % ",
                                       "25 %",
                                       "500 k steps/s, 6.0 s left",
                                       "compiled in 2.5 s",
                                       "6 min 40 s left",
                                       "2 h 30 min in all",
                                       "444 steps/s",
                                       "compiled in 12 ms"};
    for (size_t k = 0; k < sizeof want / sizeof *want; k++)
        ck_assert_msg(strstr(text, want[k]), "'%s' is not in: %s", want[k], text);
    fclose(f);
}
END_TEST

START_TEST(a_bar_without_a_file_shows_nothing)
{
    eg_progress_bar bar = {0};
    ck_assert_int_eq(eg_progress_bar_show(NULL, NULL), 0);
    ck_assert_int_eq(eg_progress_bar_show(&bar, &(eg_run_progress){1, 2, 0, 1}), 0);
    eg_context *eg = test_open(1);
    eg_run(runner_of(eg, 5), 1, &(eg_dsrun_options){.progress = eg_progress_bar_show});
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("progress");
    TCase *c = tcase_create("progress");
    tcase_add_loop_test(c, progress_begins_at_none_and_ends_at_all, 0, WAYS);
    tcase_add_test(c, a_long_run_is_heard_of_about_every_20_ms);
    tcase_add_test(c, a_bar_in_a_file_is_one_line_at_the_end);
    tcase_add_test(c, a_bar_on_a_terminal_is_redrawn_with_rate_and_time_left);
    tcase_add_test(c, a_bar_without_a_file_shows_nothing);
    suite_add_tcase(s, c);
    return test_run(s);
}
