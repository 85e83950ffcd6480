/* Optimisers against scalar C, in both types and every way of running; states of their own. */
#include "reference.h"
#include "train.h"

/* -- against the reference ----------------------------------------------------------------------------------------- */

enum { VARS = 5, STEPS = 12 };

/* Ranks 0 to 3, and one long enough for every thread to have a part. */
static eg_spec spec_of(int k, eg_dtype type)
{
    const eg_spec specs[VARS] = {
        {type, 0, {0}}, {type, 1, {5}}, {type, 2, {4, 3}}, {type, 3, {2, 3, 2}}, {type, 1, {2000}}};
    return specs[k];
}

/* Variables and their optimiser; arguments of the traced step are the gradients. */
typedef struct scene {
    eg_context *eg;
    eg_dtype type;
    eg_var *var[VARS];
    eg_optimizer *opt;
    eg_func *step;
} scene;

static eg_val one_step(void *user, eg_val x)
{
    scene *s = user;
    eg_val g[VARS];
    for (int k = 0; k < VARS; k++) g[k] = eg_item(x, k);
    eg_optimizer_update(s->opt, VARS, g);
    return eg_nothing();
}

/* In the type, as doubles. */
static double rounded(eg_dtype type, double x) { return type == EG_F32 ? (double)(float)x : x; }

static void put(eg_dtype type, void *to, int64_t i, double x)
{
    if (type == EG_F32)
        ((float *)to)[i] = (float)x;
    else
        ((double *)to)[i] = x;
}

static double got(eg_dtype type, const void *from, int64_t i)
{
    return type == EG_F32 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

static double start(int k, int64_t i) { return train_number((uint64_t)(k * 10000 + i), -1, 1); }

/* Gradients whose sizes differ and that are 0 at times. */
static double slope(int k, int64_t i, int step)
{
    uint64_t at = (uint64_t)(1000000 * step + k * 10000) + (uint64_t)i;
    return (at + (uint64_t)i) % 7 == 0 ? 0 : train_number(at, -2, 2) * pow(10, (double)(i % 4) - 2);
}

static scene scene_open(int way, eg_dtype type, const eg_optimizer_params *p)
{
    scene s = {.eg = test_open(way), .type = type};
    static const char *const names[VARS] = {"s", "b", "W", "net.T", "long"};
    eg_spec args[VARS];
    for (int k = 0; k < VARS; k++) {
        args[k] = spec_of(k, type);
        s.var[k] = eg_variable(s.eg, names[k], args[k]);
        int64_t n = train_count(args[k]);
        void *x = calloc((size_t)n, 8);
        for (int64_t i = 0; i < n; i++) put(type, x, i, start(k, i));
        eg_init(s.var[k], x, (size_t)n * eg_dtype_size(type));
        free(x);
    }
    s.opt = eg_optimizer_new(s.eg, NULL, p, VARS, s.var);
    test_fine(s.eg);
    return s;
}

static void scene_trace(scene *s)
{
    eg_spec args[VARS];
    for (int k = 0; k < VARS; k++) args[k] = spec_of(k, s->type);
    s->step = eg_trace(s->eg, "step", one_step, s, VARS, args);
    test_fine(s->eg);
}

static void scene_step(scene *s, eg_state *state, int step)
{
    void *g[VARS];
    for (int k = 0; k < VARS; k++) {
        int64_t n = train_count(spec_of(k, s->type));
        g[k] = calloc((size_t)n, 8);
        for (int64_t i = 0; i < n; i++) put(s->type, g[k], i, slope(k, i, step));
    }
    eg_call(s->step, state, (const void *const *)g, NULL, NULL);
    for (int k = 0; k < VARS; k++) free(g[k]);
    test_fine(s->eg);
}

static void scene_check(const scene *s, const reference *r, const char *what, int step)
{
    double tolerance = s->type == EG_F32 ? 3e-5 : 1e-12;
    for (int k = 0; k < VARS; k++) {
        const void *x = eg_data(eg_own_state(s->eg), s->var[k]);
        for (int64_t i = 0; i < train_count(r[k].spec); i++)
            ck_assert_msg(fabs(got(s->type, x, i) - r[k].x[i]) <= tolerance * (1 + fabs(r[k].x[i])),
                          "%s %s: element %lld of variable %d is %.17g after update %d, the reference %.17g", what,
                          eg_dtype_name(s->type), (long long)i, k, got(s->type, x, i), step + 1, r[k].x[i]);
    }
}

/* The bytes of all variables of two contexts. */
static void check_same(const scene *a, const scene *b, const char *what)
{
    for (int k = 0; k < eg_optimizer_num_variables(a->opt) + VARS; k++) {
        eg_var *v = k < VARS ? a->var[k] : eg_optimizer_variable(a->opt, k - VARS);
        eg_var *w = k < VARS ? b->var[k] : eg_optimizer_variable(b->opt, k - VARS);
        eg_spec spec = eg_variable_spec(v);
        ck_assert_msg(!memcmp(eg_data(eg_own_state(a->eg), v), eg_data(eg_own_state(b->eg), w),
                              (size_t)train_count(spec) * eg_dtype_size(spec.dtype)),
                      "%s: '%s' has other bits", what, eg_variable_name(v));
    }
}

START_TEST(every_rule_is_that_of_its_formula)
{
    static reference r[VARS];
    eg_dtype type = _i % 2 ? EG_F32 : EG_F64;
    eg_optimizer_params p = variant_params(_i / 2);
    const char *what = eg_optimizer_kind_name(p.kind);
    scene s[WAYS];
    for (int way = 0; way < WAYS; way++) {
        s[way] = scene_open(way, type, &p);
        scene_trace(&s[way]);
    }
    for (int k = 0; k < VARS; k++) {
        r[k] = (reference){.p = p, .spec = spec_of(k, type)};
        for (int64_t i = 0; i < train_count(r[k].spec); i++) r[k].x[i] = rounded(type, start(k, i));
    }
    for (int step = 0; step < STEPS; step++) {
        for (int k = 0; k < VARS; k++) {
            static double g[REFERENCE_MOST];
            for (int64_t i = 0; i < train_count(r[k].spec); i++) g[i] = rounded(type, slope(k, i, step));
            reference_update(&r[k], g, 0.05 * pow(0.7, step / 3.0));
        }
        for (int way = 0; way < WAYS; way++) scene_step(&s[way], NULL, step);
        scene_check(&s[0], r, what, step);
        for (int way = 1; way < WAYS; way++) check_same(&s[0], &s[way], what);
    }
    for (int way = 0; way < WAYS; way++) {
        ck_assert_int_eq(eg_optimizer_steps(s[way].opt, NULL), STEPS);
        test_close(s[way].eg);
    }
}
END_TEST

/* -- states -------------------------------------------------------------------------------------------------------- */

START_TEST(reset_and_saved_states_go_the_same_way_again)
{
    eg_optimizer_params p = variant_params(_i);
    scene a = scene_open(1, EG_F32, &p), b = scene_open(1, EG_F32, &p);
    scene_trace(&a);
    scene_trace(&b);
    for (int step = 0; step < 6; step++) scene_step(&a, NULL, step);
    /* Everything to its start; the same updates again. */
    for (int step = 0; step < 4; step++) scene_step(&b, NULL, step + 3);
    eg_reset(b.eg, NULL);
    ck_assert_int_eq(eg_optimizer_steps(b.opt, NULL), 0);
    for (int step = 0; step < 3; step++) scene_step(&b, NULL, step);
    /* Half way into a state of its own, variable by variable, as a file would. */
    eg_state *half = eg_state_new(b.eg);
    for (int k = 0; k < eg_optimizer_num_variables(b.opt) + VARS; k++) {
        eg_var *v = k < VARS ? b.var[k] : eg_optimizer_variable(b.opt, k - VARS);
        eg_spec spec = eg_variable_spec(v);
        size_t bytes = (size_t)train_count(spec) * eg_dtype_size(spec.dtype);
        memcpy(eg_data(half, v), eg_data(eg_own_state(b.eg), v), bytes);
    }
    ck_assert_int_eq(eg_optimizer_steps(b.opt, half), 3);
    for (int step = 3; step < 6; step++) scene_step(&b, half, step);
    ck_assert_int_eq(eg_optimizer_steps(b.opt, NULL), 3);
    for (int step = 3; step < 6; step++) scene_step(&b, NULL, step);
    check_same(&a, &b, "after a reset");
    for (int k = 0; k < VARS; k++) {
        size_t bytes = (size_t)train_count(spec_of(k, EG_F32)) * 4;
        ck_assert_mem_eq(eg_data(half, b.var[k]), eg_data(eg_own_state(b.eg), b.var[k]), bytes);
    }
    eg_state_free(half);
    test_close(a.eg);
    test_close(b.eg);
}
END_TEST

START_TEST(a_reset_of_its_own_leaves_what_it_trains)
{
    eg_optimizer_params p = variant_params(VARIANT_ADAM);
    scene s = scene_open(1, EG_F64, &p);
    scene_trace(&s);
    for (int step = 0; step < 3; step++) scene_step(&s, NULL, step);
    double before[12], after[12];
    eg_read(s.var[2], before, sizeof before);
    ck_assert_double_eq_tol(eg_optimizer_lr(s.opt, NULL), 0.05 * 0.7, 1e-15);
    ck_assert_int_eq(eg_optimizer_reset(s.opt, NULL), EG_OK);
    eg_read(s.var[2], after, sizeof after);
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert_int_eq(eg_optimizer_steps(s.opt, NULL), 0);
    ck_assert_double_eq(eg_optimizer_lr(s.opt, NULL), 0.05);
    for (int k = 0; k < eg_optimizer_num_variables(s.opt); k++) {
        eg_var *v = eg_optimizer_variable(s.opt, k);
        eg_spec spec = eg_variable_spec(v);
        const char *at = eg_data(eg_own_state(s.eg), v);
        for (size_t i = 0; i < (size_t)train_count(spec) * eg_dtype_size(spec.dtype); i++) ck_assert_int_eq(at[i], 0);
    }
    test_close(s.eg);
}
END_TEST

static eg_val zero_gradients(void *user, eg_val x)
{
    scene *s = user;
    (void)x;
    eg_val g[VARS];
    for (int k = 0; k < VARS; k++) g[k] = eg_real(k == 0 ? 1 : 0);
    eg_optimizer_update(s->opt, VARS, g);
    return eg_nothing();
}

START_TEST(models_reset_without_it_and_numbers_are_gradients)
{
    eg_optimizer_params p = eg_optimizer_defaults(EG_SGD);
    p.lr = eg_constant_lr(0.25);
    scene s = scene_open(1, EG_F64, &p);
    eg_system *net = eg_network(s.eg, "model", NULL);
    eg_call(eg_trace(s.eg, "zero", zero_gradients, &s, 0, NULL), NULL, NULL, NULL, NULL);
    eg_reset_state(net, NULL);
    ck_assert_int_eq(eg_optimizer_steps(s.opt, NULL), 1);
    double x = NAN, b[5];
    eg_read(s.var[0], &x, sizeof x);
    eg_read(s.var[1], b, sizeof b);
    ck_assert_double_eq(x, start(0, 0) - 0.25);
    for (int i = 0; i < 5; i++) ck_assert_double_eq(b[i], start(1, i));
    test_close(s.eg);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("optimizers");
    TCase *t = tcase_create("rules");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, every_rule_is_that_of_its_formula, 0, 2 * VARIANTS);
    suite_add_tcase(s, t);
    t = tcase_create("states");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, reset_and_saved_states_go_the_same_way_again, 0, VARIANTS);
    tcase_add_test(t, a_reset_of_its_own_leaves_what_it_trains);
    tcase_add_test(t, models_reset_without_it_and_numbers_are_gradients);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return test_run(suite()); }
