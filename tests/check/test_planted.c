/* Every planted fault is located exactly, by the interpreter and by compiled code on any team, in chunks of any length:
 * the same words, the same state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planted.h"

static int trace_line;
static float input[N], drive[STEPS][N];

static eg_val one_step(void *user, eg_val x)
{
    const planted *p = user;
    p->step(eg_item(x, 0), eg_item(x, 2));
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_nothing()}));
}

static eg_val steps(void *user, eg_val x)
{
    const planted *p = user;
    if (p->whole) return p->whole(eg_item(x, 0));
    eg_loop(eg, STEPS, one_step, user, eg_nothing(), eg_item(x, 1));
    return eg_nothing();
}

/* The message that is due: @ is the place of BAD, # that of the trace. */
static void expected(const planted *p, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "'planted', ");
    for (const char *c = p->says; *c && n + 1 < size; c++) {
        if (*c == '@')
            n += (size_t)snprintf(out + n, size - n, "%s:%d", bad_file, bad_line);
        else if (*c == '#')
            n += (size_t)snprintf(out + n, size - n, "%s:%d", __FILE__, trace_line);
        else
            out[n++] = *c;
    }
    snprintf(out + n, size - n, "; ");
}

typedef struct way {
    eg_options options;
    eg_run_options run;
} way;

static const way ways[] = {
    {{.interpret = true}, {.check = EG_CHECK_OUTPUT}},
    {{.threads = 1}, {.check = EG_CHECK_OUTPUT}},
    {{.threads = 1, .chunk_ms = 1e-6, .check = EG_CHECK_OUTPUT}, {0}},
    {{.check = EG_CHECK_OUTPUT}, {.threads = 2}},
    {{.check = EG_CHECK_ALL}, {.threads = 3, .check = EG_CHECK_OUTPUT}},
    {{.check = EG_CHECK_OFF, .chunk_ms = 1e-6}, {.threads = 4, .check = EG_CHECK_OUTPUT}},
    {{.no_passes = true}, {.threads = 2, .check = EG_CHECK_OUTPUT}},
};

/* What a run left: all variables. */
typedef struct left {
    float V[N], W[N], g[N], s, m[3][N];
    double D[N];
    uint64_t draws;
} left;

static void leave(left *l)
{
    eg_read(V, l->V, sizeof l->V);
    eg_read(W, l->W, sizeof l->W);
    eg_read(g, l->g, sizeof l->g);
    eg_read(s, &l->s, sizeof l->s);
    eg_read(m, l->m, sizeof l->m);
    eg_read(D, l->D, sizeof l->D);
}

static void locate(const planted *p, const way *w, const left *first, left *l)
{
    static float result[STEPS * N];
    char want[700], *got;
    eg = eg_open(&w->options);
    planted_objects(false);
    void *user = (void *)(uintptr_t)p;
    const eg_spec args[] = {eg_vector(EG_F32, N), eg_matrix(EG_F32, STEPS, N)};
    trace_line = __LINE__ + 1;
    eg_func *f = eg_trace(eg, "planted", steps, user, 2, args);
    ck_assert_msg(f != NULL, "%s: %s", p->name, eg_message(eg));
    expected(p, want, sizeof want);
    eg_status status = eg_call(f, NULL, (const void *[]){input, drive}, (void *[]){result}, &w->run);
    got = strdup(eg_message(eg));
    eg_clear_error(eg);
    const char *how = w == ways ? "interpreted" : "compiled";
    ck_assert_msg(status == EG_ERR_RUN, "%s, %s %d: status %d\n  not: %s", p->name, how, (int)(w - ways), status, want);
    ck_assert_msg(!strncmp(got, want, strlen(want)), "%s, %s %d: %s\n  not: %s", p->name, how, (int)(w - ways), got,
                  want);
    ck_assert_str_eq(got, eg_run_message(eg_own_state(eg)));
    free(got);
    memset(l, 0, sizeof *l);
    leave(l);
    ck_assert_msg(!first || !memcmp(first, l, sizeof *l), "%s, %s %d: another state is left", p->name, how,
                  (int)(w - ways));
    eg_close(eg);
}

static void locate_all(const planted *list, size_t n)
{
    static left first, l;
    for (size_t k = 0; k < n; k++) {
        for (size_t j = 0; j < LEN(ways); j++) locate(&list[k], &ways[j], j ? &first : NULL, j ? &l : &first);
    }
}

START_TEST(faults_of_elementwise_operations_are_located) { locate_all(planted_elementwise, num_elementwise); }
END_TEST
START_TEST(faults_of_sums_and_behind_moves_are_located) { locate_all(planted_moved, num_moved); }
END_TEST
START_TEST(faults_in_loops_and_conds_are_located) { locate_all(planted_flow, num_flow); }
END_TEST
START_TEST(faults_in_what_is_given_are_located) { locate_all(planted_given, num_given); }
END_TEST

int main(void)
{
    for (int i = 0; i < N; i++) {
        input[i] = i == 3 ? NAN : 1;
        for (int k = 0; k < STEPS; k++) drive[k][i] = k == 7 && i == 5 ? INFINITY : 1;
    }
    Suite *suite = suite_create("planted");
    TCase *t = tcase_create("planted");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, faults_of_elementwise_operations_are_located);
    tcase_add_test(t, faults_of_sums_and_behind_moves_are_located);
    tcase_add_test(t, faults_in_loops_and_conds_are_located);
    tcase_add_test(t, faults_in_what_is_given_are_located);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
