/* Copies of a run over time are run one by one on the threads there are: a sweep over networks gives the bits of single
 * runs, changes all variables or none, and needs no code of its own. */
#include "engram/random.h"
#include "engram/transform.h"
#include "unit/session.h"

enum { NUM = 5, E = 400, I = 100, N = E + I, STEPS = 120, OUT = 10, VARS = 5 };

static eg_csr *from_E, *from_I;
static eg_var *one[VARS], *all[VARS], *steps_done;
static const char *const names[VARS] = {"V", "gE", "gI", "rest", "spike"};
static bool with_noise;

/* COBA: V' = (-60 - V + gE (0 - V) + gI (-80 - V) + drive) / 20, threshold -50, 5 ms at rest. */
static eg_val step(void *user, eg_val x)
{
    const eg_val *arg = user; /* drive, weights of E and I */
    eg_val V = eg_get(one[0]), gE = eg_get(one[1]), gI = eg_get(one[2]), rest = eg_get(one[3]);
    eg_val s = eg_get(one[4]);
    gE = eg_event_add(eg_mul(gE, 0.98), from_E, eg_slice(s, 0, 0, E, 1), arg[1]);
    gI = eg_event_add(eg_mul(gI, 0.99), from_I, eg_slice(s, 0, E, N, 1), arg[2]);
    eg_val drive = eg_add(eg_sub(-60, V), eg_sub(arg[0], eg_add(eg_mul(gE, V), eg_mul(gI, eg_add(V, 80)))));
    if (with_noise) drive = eg_add(drive, eg_normal(eg, eg_vector(EG_F32, N), 0, 4));
    eg_val next = eg_where(eg_gt(rest, 0), V, eg_add(V, eg_mul(drive, 0.005))), fires = eg_gt(next, -50);
    eg_set(one[0], eg_where(fires, -60, next));
    eg_set(one[1], gE);
    eg_set(one[2], gI);
    eg_set(one[3], eg_where(fires, 50, eg_sub(rest, 1)));
    eg_set(one[4], fires);
    eg_set(steps_done, eg_add(eg_get(steps_done), 1));
    eg_val count = eg_add(x.of ? eg_item(x, 1) : x, eg_sum(eg_convert(fires, EG_I32)));
    return eg_tuple(eg, 2, ((eg_val[]){count, eg_slice(next, 0, 0, OUT, 1)}));
}

/* Drive, weight of E, weight of I -> number of spikes, potentials of ten neurons in each step. */
static eg_val run(void *user, eg_val x)
{
    eg_val arg[] = {eg_item(x, 0), eg_item(x, 1), eg_item(x, 2)};
    (void)user;
    return eg_loop(eg, STEPS, step, arg, eg_full(eg, eg_scalar(EG_I32), 0), eg_nothing());
}

static eg_csr *connect(int pre, int degree)
{
    static int64_t ptr[N + 1];
    static int32_t target[N * 20];
    for (int k = 0; k < pre; k++) {
        ptr[k + 1] = ptr[k] + degree;
        for (int j = 0; j < degree; j++) target[k * degree + j] = (int32_t)((k * 37 + j * 53 + j * j * k) % N);
    }
    return eg_csr_new(eg, pre, N, ptr, target);
}

static eg_func *network(void)
{
    const eg_dtype types[VARS] = {EG_F32, EG_F32, EG_F32, EG_I32, EG_BOOL};
    char name[40];
    from_E = connect(E, 20);
    from_I = connect(I, 20);
    steps_done = eg_variable(eg, "steps", eg_scalar(EG_I64));
    for (int k = 0; k < VARS; k++) {
        snprintf(name, sizeof name, "all.%s", names[k]);
        one[k] = eg_variable(eg, names[k], eg_vector(types[k], N));
        all[k] = eg_variable(eg, name, eg_matrix(types[k], NUM, N));
    }
    return TRACE(run, eg_scalar(EG_F32), eg_scalar(EG_F32), eg_scalar(EG_F32));
}

static eg_func *copies(eg_func *f, const eg_vmap_options *o)
{
    eg_vmap_variable vars[VARS];
    eg_vmap_options with = o ? *o : (eg_vmap_options){0};
    for (int k = 0; k < VARS; k++) vars[k] = (eg_vmap_variable){.one = one[k], .all = all[k]};
    with.num_vars = VARS;
    with.vars = vars;
    eg_func *made = eg_vmap(f, NUM, &with);
    fine();
    return made;
}

/* -- data ---------------------------------------------------------------------------------------------------------- */

static float drive[NUM] = {19, 20, 21, 22, 40}, wE[NUM] = {0.02f, 0.02f, 0.03f, 0.02f, 0.01f},
             wI[NUM] = {0.2f, 0.3f, 0.2f, 0.1f, 0.2f};

typedef struct outcome {
    int32_t spikes[NUM];
    float rows[NUM][STEPS][OUT];
} outcome;

static void start(eg_state *s)
{
    float *V = eg_data(s, all[0]);
    for (int k = 0; k < NUM * N; k++) V[k] = -60 + (float)(k * 7919 % 1000) / 80;
}

static eg_status call(eg_func *f, eg_state *s, outcome *o, const eg_run_options *with)
{
    return eg_call(f, s, IN(drive, wE, wI), (void *[]){o->spikes, o->rows}, with);
}

static size_t row_bytes(int k) { return bytes_of(eg_variable_spec(one[k])); }

/* Each alone: the same results, and the same variables as in s. */
static void agrees_with_singles(eg_func *f, eg_state *s, const outcome *o)
{
    eg_state *before = eg_state_new(eg);
    start(before);
    for (int c = 0; c < NUM; c++) {
        static float rows[STEPS][OUT];
        int32_t spikes;
        eg_state *t = eg_state_new(eg);
        memcpy(eg_data(t, one[0]), (char *)eg_data(before, all[0]) + (size_t)c * row_bytes(0), row_bytes(0));
        eg_call(f, t, IN(&drive[c], &wE[c], &wI[c]), (void *[]){&spikes, rows}, NULL);
        fine();
        ck_assert_int_eq(spikes, o->spikes[c]);
        ck_assert_mem_eq(rows, o->rows[c], sizeof rows);
        for (int k = 0; k < VARS; k++)
            ck_assert_mem_eq(eg_data(t, one[k]), (char *)eg_data(s, all[k]) + (size_t)c * row_bytes(k), row_bytes(k));
        eg_state_free(t);
    }
    eg_state_free(before);
}

static int64_t done_in(eg_state *s) { return *(int64_t *)eg_data(s, steps_done); }

/* -- tests --------------------------------------------------------------------------------------------------------- */

START_TEST(networks_of_a_sweep_give_the_bits_of_single_runs)
{
    static const eg_run_options ways[] = {{.threads = 1},      {.threads = 2},
                                          {.threads = 3},      {.threads = 5},
                                          {.interpret = true}, {.check = EG_CHECK_OUTPUT},
                                          {.threads = 8},      {.threads = 2, .more = true}};
    static outcome o;
    eg_func *f = network(), *sweep = copies(f, NULL);
    for (size_t k = 0; k < LEN(ways); k++) {
        eg_state *s = eg_state_new(eg);
        start(s);
        ck_assert_msg(call(sweep, s, &o, &ways[k]) == EG_OK, "%s %s", eg_message(eg), eg_run_message(s));
        agrees_with_singles(f, s, &o);
        ck_assert_int_eq(done_in(s), STEPS);
        for (int c = 1; c < NUM; c++) ck_assert_int_gt(o.spikes[c], 0);
        ck_assert_int_ne(o.spikes[1], o.spikes[2]);
        eg_state_free(s);
    }
}
END_TEST

START_TEST(a_sweep_runs_the_code_of_a_single_network)
{
    static outcome o;
    eg_func *f = network(), *sweep = copies(f, NULL);
    eg_compile(f);
    const int64_t compiles = eg_get_stats(eg).compiles;
    eg_compile(sweep);
    for (int k = 0; k < 3; k++) {
        drive[0] += 1; /* other values */
        call(sweep, NULL, &o, &(eg_run_options){.threads = 2});
        fine();
    }
    drive[0] -= 3;
    ck_assert_int_eq(eg_get_stats(eg).compiles, compiles);
}
END_TEST

START_TEST(a_second_run_goes_on)
{
    static outcome a, b;
    eg_func *f = network(), *sweep = copies(f, NULL);
    eg_state *s = eg_state_new(eg), *t = eg_state_new(eg);
    start(s);
    start(t);
    for (int k = 0; k < 3; k++) {
        call(sweep, s, &a, &(eg_run_options){.threads = 1 + k});
        call(sweep, t, &b, &(eg_run_options){.interpret = true});
    }
    fine();
    ck_assert_mem_eq(&a, &b, sizeof a);
    for (int k = 0; k < VARS; k++) ck_assert_mem_eq(eg_data(s, all[k]), eg_data(t, all[k]), NUM * row_bytes(k));
    ck_assert_int_eq(done_in(s), 3 * STEPS);
}
END_TEST

START_TEST(copies_outlive_what_they_were_made_of_and_new_variables)
{
    static outcome a, b;
    eg_func *f = network(), *sweep = copies(f, NULL);
    start(NULL);
    call(sweep, NULL, &a, NULL);
    eg_func_free(f);
    eg_variable(eg, "another", eg_vector(EG_F32, 3)); /* states are laid out anew */
    eg_reset(eg, NULL);
    start(NULL);
    call(sweep, NULL, &b, &(eg_run_options){.threads = 2});
    fine();
    ck_assert_mem_eq(&a, &b, sizeof a);
    eg_func_free(sweep);
    fine();
}
END_TEST

START_TEST(copies_may_keep_or_begin_from_one_value)
{
    static outcome o;
    static float V[NUM * N], common[N];
    eg_func *f = network();
    eg_vmap_variable vars[VARS];
    for (int k = 0; k < VARS; k++) vars[k] = (eg_vmap_variable){.one = one[k], .all = k ? NULL : all[0], .keep = true};
    eg_func *sweep = eg_vmap(f, NUM, &(eg_vmap_options){.num_vars = VARS, .vars = vars});
    fine();
    start(NULL);
    memcpy(V, eg_data(NULL, all[0]), sizeof V);
    for (int k = 0; k < N; k++) common[k] = (float)(k % 7) * 0.01f;
    eg_write(one[1], common, sizeof common);
    static outcome first;
    call(sweep, NULL, &first, NULL);
    call(sweep, NULL, &o, &(eg_run_options){.interpret = true});
    fine();
    ck_assert_mem_eq(&o, &first, sizeof o);
    ck_assert_mem_eq(eg_data(NULL, all[0]), V, sizeof V);
    ck_assert_mem_eq(eg_data(NULL, one[1]), common, sizeof common);
}
END_TEST

START_TEST(noise_that_all_share_is_that_of_a_single_run)
{
    static outcome o;
    with_noise = true;
    eg_func *f = network(), *sweep = copies(f, &(eg_vmap_options){.same_draws = true}), *own = copies(f, NULL);
    with_noise = false;
    eg_state *s = eg_state_new(eg);
    start(s);
    call(sweep, s, &o, &(eg_run_options){.threads = 2});
    agrees_with_singles(f, s, &o);
    /* With numbers of their own copies are no single runs, and go side by side. */
    static outcome a, b;
    eg_state *t = eg_state_new(eg), *u = eg_state_new(eg);
    start(t);
    start(u);
    call(own, t, &a, &(eg_run_options){.threads = 2});
    call(own, u, &b, &(eg_run_options){.interpret = true});
    fine();
    ck_assert_mem_eq(&a, &b, sizeof a);
    ck_assert_mem_ne(a.rows[1], o.rows[1], sizeof a.rows[1]);
}
END_TEST

typedef struct told {
    int64_t last;
    int calls, stop_at;
} told;

static int progress(void *user, int64_t done, int64_t steps)
{
    told *t = user;
    ck_assert_int_eq(steps, STEPS);
    ck_assert_int_ge(done, t->last);
    ck_assert_int_le(done, steps);
    t->last = done;
    return ++t->calls == t->stop_at;
}

START_TEST(progress_is_told_and_a_cancelled_sweep_has_not_happened)
{
    static outcome o;
    static float V[NUM * N];
    eg_close(eg);
    eg = eg_open(&(eg_options){.chunk_ms = 1e-6});
    eg_func *f = network(), *sweep = copies(f, NULL);
    for (int stop = 0; stop < 4; stop++) {
        told t = {.stop_at = stop ? 100 * stop : 0};
        eg_state *s = eg_state_new(eg);
        start(s);
        memcpy(V, eg_data(s, all[0]), sizeof V);
        eg_run_options with = {.threads = 1, .progress = progress, .user = &t};
        ck_assert_int_eq(call(sweep, s, &o, &with), stop ? EG_ERR_CANCELLED : EG_OK);
        if (stop) {
            ck_assert_mem_eq(eg_data(s, all[0]), V, sizeof V);
            ck_assert_int_eq(done_in(s), 0);
            call(sweep, s, &o, NULL);
        } else {
            ck_assert_int_gt(t.calls, NUM);
        }
        agrees_with_singles(f, s, &o);
        eg_state_free(s);
    }
    fine();
}
END_TEST

START_TEST(results_may_lie_on_arguments_and_on_each_other)
{
    enum { ROOM = sizeof((outcome *)0)->rows / sizeof(float) };
    static float memory[2][ROOM + NUM];
    eg_func *sweep = copies(network(), NULL);
    for (int way = 0; way < 2; way++) {
        float *at = memory[way];
        memcpy(at, drive, sizeof drive);
        memcpy(at + NUM, wE, sizeof wE);
        memcpy(at + 2 * NUM, wI, sizeof wI);
        eg_state *s = eg_state_new(eg);
        start(s);
        eg_run_options with = {.threads = 2, .interpret = way == 1};
        eg_call(sweep, s, IN(at, at + NUM, at + 2 * NUM), (void *[]){at, at + NUM}, &with);
        fine();
        eg_state_free(s);
    }
    ck_assert_mem_eq(memory[0], memory[1], sizeof memory[0]);
    /* On the memory of variables, which copies read as they begin. */
    static outcome o;
    eg_state *s = eg_state_new(eg), *t = eg_state_new(eg);
    start(s);
    start(t);
    call(sweep, s, &o, NULL);
    eg_call(sweep, t, IN(drive, wE, wI), (void *[]){eg_data(t, all[4]), NULL}, &(eg_run_options){.threads = 1});
    fine();
    ck_assert_mem_eq(eg_data(s, all[0]), eg_data(t, all[0]), NUM * row_bytes(0));
    ck_assert_mem_eq(eg_data(t, all[4]), o.spikes, sizeof o.spikes);
}
END_TEST

static eg_val endless_step(void *user, eg_val x)
{
    (void)x;
    eg_set(one[0], eg_add(eg_mul(eg_get(one[0]), 0.5), *(eg_val *)user));
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_nothing()}));
}

static eg_val endless(void *user, eg_val x)
{
    (void)user;
    eg_loop(eg, 1ll << 40, endless_step, &x, eg_nothing(), eg_nothing());
    return eg_sum(eg_get(one[0]));
}

static int stop_it(void *user, int64_t done, int64_t steps)
{
    (void)steps;
    ++*(int *)user;
    return done > 0;
}

START_TEST(progress_stops_the_other_threads_copies_too)
{
    enum { WIDE = 2048 };
    int calls = 0;
    float x[2] = {1, 2}, y[2];
    one[0] = eg_variable(eg, "V", eg_vector(EG_F32, WIDE));
    eg_vmap_variable var = {.one = one[0], .keep = true};
    eg_func *f = TRACE(endless, eg_scalar(EG_F32));
    eg_func *sweep = eg_vmap(f, 2, &(eg_vmap_options){.num_vars = 1, .vars = &var});
    fine();
    eg_run_options with = {.threads = 2, .progress = stop_it, .user = &calls};
    eg_state *s = eg_state_new(eg);
    ck_assert_int_eq(eg_call(sweep, s, IN(x), (void *[]){y}, &with), EG_ERR_CANCELLED);
    ck_assert_int_ge(calls, 1);
    fine();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("one by one");
    TCase *c = tcase_create("one by one");
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, networks_of_a_sweep_give_the_bits_of_single_runs);
    tcase_add_test(c, a_sweep_runs_the_code_of_a_single_network);
    tcase_add_test(c, a_second_run_goes_on);
    tcase_add_test(c, copies_outlive_what_they_were_made_of_and_new_variables);
    tcase_add_test(c, copies_may_keep_or_begin_from_one_value);
    tcase_add_test(c, noise_that_all_share_is_that_of_a_single_run);
    tcase_add_test(c, progress_is_told_and_a_cancelled_sweep_has_not_happened);
    tcase_add_test(c, results_may_lie_on_arguments_and_on_each_other);
    tcase_add_test(c, progress_stops_the_other_threads_copies_too);
    suite_add_tcase(s, c);
    return test_run(s);
}
