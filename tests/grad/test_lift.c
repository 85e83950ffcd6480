/* Products that leave their loop: what does and what does not, and that no bit changes. */
#include "grad/grad.h"
#include "ir/graph.h"
#include "opt/lift.h"
#include "opt/rebuild.h"

enum { STEPS = 7, WIDE = 37 };

/* -- layers -------------------------------------------------------------------------------------------------------- */

typedef enum form {
    DENSE,     /* h' = tanh(x W + 0.5 h) */
    RECURRENT, /* h' = tanh(x W + h U) */
    COLUMN,    /* the same as DENSE with a column: W x */
    VECTOR,    /* the same with vectors */
    DEEP,      /* z = tanh(2 x W) U before the recurrence */
    SCALED,    /* each row by a number of its own, and a bias from outside */
    SHARED,    /* x W twice, and x U: sums of one input, with W used in two products a step */
    NESTED,    /* each step is a loop of two steps of halves of the batch */
    NUM_FORMS
} form;

typedef struct layer {
    form form;
    eg_dtype t;
    int64_t steps, batch, in, out;
    eg_var *W, *U, *b;
} layer;

static eg_var *filled(const char *name, eg_spec s, double scale)
{
    eg_var *v = eg_variable(eg, name, s);
    const size_t n = bytes_of(s) / eg_dtype_size(s.dtype);
    double *x = calloc(n + 1, sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t k = 0; k < n; k++) {
        const double y = number(k + 7 * strlen(name) + (unsigned char)name[0], -scale, scale);
        if (s.dtype == EG_F64)
            x[k] = y;
        else
            ((float *)x)[k] = (float)y;
    }
    eg_init(v, x, bytes_of(s));
    free(x);
    fine();
    return v;
}

static void make(layer *m)
{
    const bool turned = m->form == COLUMN || m->form == VECTOR;
    m->W = filled("W", turned ? eg_matrix(m->t, m->out, m->in) : eg_matrix(m->t, m->in, m->out), 0.3);
    m->U = filled("U", eg_matrix(m->t, m->form == SHARED ? m->in : m->out, m->out), 0.3);
    m->b = filled("b", eg_vector(m->t, m->out), 0.5);
}

static eg_val inner(void *user, eg_val x)
{
    const layer *m = user;
    eg_val h = eg_tanh(eg_add(eg_dot(eg_item(x, 2), eg_get(m->W)), eg_mul(eg_item(x, 1), 0.5)));
    return eg_tuple(eg, 2, ((eg_val[]){h, h}));
}

static eg_val step(void *user, eg_val in)
{
    const layer *m = user;
    eg_val h = eg_item(in, 1), x = eg_item(in, 2), W = eg_get(m->W), z = eg_real(0);
    switch (m->form) {
    case COLUMN:
    case VECTOR: z = eg_dot(W, x); break;
    case DEEP: z = eg_dot(eg_tanh(eg_mul(eg_dot(x, W), 2)), eg_get(m->U)); break;
    case SCALED: z = eg_add(eg_dot(eg_mul(x, eg_sum(x)), W), eg_get(m->b)); break;
    case SHARED: z = eg_add(eg_dot(x, W), eg_mul(eg_dot(eg_mul(x, 2), W), eg_dot(x, eg_get(m->U)))); break;
    case NESTED: {
        eg_val halves = eg_reshape(x, 2, m->batch / 2, m->in), start = eg_slice(h, 0, 0, m->batch / 2, 1);
        z = eg_reshape(eg_item(eg_loop(eg, 2, inner, user, start, halves), 1), m->batch, m->out);
        break;
    }
    case RECURRENT: z = eg_add(eg_dot(x, W), eg_dot(h, eg_get(m->U))); break;
    default: z = eg_dot(x, W); break;
    }
    h = eg_tanh(eg_add(z, eg_mul(h, 0.5)));
    return eg_tuple(eg, 2, ((eg_val[]){h, eg_sum(h)}));
}

/* Loss, and the last h. */
static eg_val layer_fn(void *user, eg_val x)
{
    const layer *m = user;
    eg_val h = eg_zeros(eg, m->form == VECTOR   ? eg_vector(m->t, m->out)
                            : m->form == COLUMN ? eg_matrix(m->t, m->out, 1)
                                                : eg_matrix(m->t, m->batch, m->out));
    eg_val y = eg_loop(eg, m->steps, step, user, h, x);
    return eg_tuple(eg, 2, ((eg_val[]){eg_sum(eg_item(y, 1)), eg_item(y, 0)}));
}

static eg_spec input_of(const layer *m)
{
    if (m->form == VECTOR) return (eg_spec){m->t, 2, {m->steps, m->in}};
    if (m->form == COLUMN) return (eg_spec){m->t, 3, {m->steps, m->in, 1}};
    return (eg_spec){m->t, 3, {m->steps, m->batch, m->in}};
}

static eg_func *trace_layer(layer *m)
{
    const eg_spec in = input_of(m);
    make(m);
    eg_func *f = eg_trace(eg, "layer", layer_fn, m, 1, &in);
    ck_assert_msg(f != NULL, "%s", eg_message(eg));
    return f;
}

static eg_func *gradient_of(eg_func *f, const layer *m, eg_checkpoint policy, int64_t every)
{
    const bool both = m->form == RECURRENT || m->form == DEEP || m->form == SHARED;
    eg_var *const vars[] = {m->W, m->U};
    const int x = 0;
    eg_func *df = eg_gradient(
        f, &(eg_gradient_options){
               .num_args = 1, .args = &x, .num_vars = both ? 2 : 1, .vars = vars, .policy = policy, .every = every});
    ck_assert_msg(df != NULL, "%s", eg_message(eg));
    return df;
}

/* -- what stands where --------------------------------------------------------------------------------------------- */

/* The function as it runs after the pass. */
static const egi_graph *lifted(eg_func *f)
{
    ck_assert_msg(eg_compile(f) == EG_OK, "%s", eg_message(eg));
    return f->lifted ? f->lifted->graph : f->graph;
}

static int products(const egi_graph *g, bool in_loops)
{
    int n = 0;
    for (egi_id id = 1; id < g->nodes.n; id++)
        n += egi_at(g, id)->op == EGI_DOT && (egi_at(g, id)->region > 0) == in_loops;
    return n;
}

static void expect_products(const layer *of, int outside, int inside)
{
    layer m = *of;
    teardown();
    setup();
    const egi_graph *g = lifted(trace_layer(&m));
    ck_assert_int_eq(products(g, false), outside);
    ck_assert_int_eq(products(g, true), inside);
}

static layer small(form f)
{
    return (layer){.form = f, .t = EG_F32, .steps = STEPS, .batch = 4, .in = WIDE, .out = 33};
}

START_TEST(a_product_of_the_input_is_made_before_the_loop)
{
    layer m = small(DENSE);
    expect_products(&m, 1, 0);
}
END_TEST

START_TEST(a_matrix_times_a_column_or_a_vector_is_too)
{
    layer column = small(COLUMN), vector = small(VECTOR);
    expect_products(&column, 1, 0);
    expect_products(&vector, 1, 0);
}
END_TEST

START_TEST(a_product_with_the_state_stays)
{
    layer m = small(RECURRENT);
    expect_products(&m, 1, 1);
}
END_TEST

START_TEST(elementwise_operations_and_products_between_are_made_for_all_steps)
{
    layer deep = small(DEEP), shared = small(SHARED);
    expect_products(&deep, 2, 0);
    expect_products(&shared, 3, 0);
}
END_TEST

START_TEST(a_reduction_between_keeps_the_product_in_the_loop)
{
    layer m = small(SCALED);
    expect_products(&m, 0, 1);
}
END_TEST

START_TEST(a_loop_in_a_loop_gets_its_product_before_it)
{
    layer m = small(NESTED);
    expect_products(&m, 0, 1);
}
END_TEST

START_TEST(many_rows_and_small_matrices_are_not_worth_it)
{
    layer tall = small(DENSE), tiny = small(DENSE);
    tall.batch = 500;
    tiny.in = tiny.out = 7;
    expect_products(&tall, 0, 1);
    expect_products(&tiny, 0, 1);
}
END_TEST

/* 40,000 steps of 4 x 512 floats would be 328 MB. */
START_TEST(what_would_take_too_much_memory_stays)
{
    layer m = small(DENSE);
    m.steps = 40000;
    m.out = 512;
    expect_products(&m, 0, 1);
}
END_TEST

/* -- loops that it must leave alone -------------------------------------------------------------------------------- */

static eg_val by_number(void *user, eg_val in)
{
    const layer *m = user;
    eg_val x = eg_add(eg_item(in, 2), eg_convert(eg_item(in, 0), m->t));
    return eg_tuple(eg, 2, ((eg_val[]){eg_add(eg_item(in, 1), eg_dot(x, eg_get(m->W))), eg_nothing()}));
}

static eg_val spiking(void *user, eg_val in)
{
    const layer *m = user;
    eg_val x = eg_convert(eg_gt(eg_item(in, 2), 0), m->t);
    return eg_tuple(eg, 2, ((eg_val[]){eg_add(eg_item(in, 1), eg_dot(x, eg_get(m->W))), eg_nothing()}));
}

static eg_val drawn(void *user, eg_val in)
{
    const layer *m = user;
    eg_val x = eg_add(eg_item(in, 2), eg_uniform(eg, eg_matrix(m->t, m->batch, m->in), 0, 1));
    return eg_tuple(eg, 2, ((eg_val[]){eg_add(eg_item(in, 1), eg_dot(x, eg_get(m->W))), eg_nothing()}));
}

static eg_val changing(void *user, eg_val in)
{
    const layer *m = user;
    eg_set(m->W, eg_mul(eg_get(m->W), 0.99));
    return eg_tuple(eg, 2, ((eg_val[]){eg_add(eg_item(in, 1), eg_dot(eg_item(in, 2), eg_get(m->W))), eg_nothing()}));
}

static eg_fn body;
static eg_val loop_fn(void *user, eg_val x)
{
    const layer *m = user;
    return eg_item(eg_loop(eg, m->steps, body, user, eg_zeros(eg, eg_matrix(m->t, m->batch, m->out)), x), 0);
}

START_TEST(what_depends_on_anything_else_stays)
{
    static const eg_fn bodies[] = {by_number, spiking, drawn, changing};
    for (size_t k = 0; k < LEN(bodies); k++) {
        if (k) teardown(), setup();
        layer m = small(DENSE);
        const eg_spec in = input_of(&m);
        body = bodies[k];
        make(&m);
        const egi_graph *g = lifted(eg_trace(eg, "other", loop_fn, &m, 1, &in));
        const int inside = bodies[k] == spiking ? 0 : 1; /* a product with spikes is DOT_EVENT, and no DOT anywhere */
        ck_assert_msg(products(g, false) == 0 && products(g, true) == inside, "body %zu", k);
        ck_assert_int_eq(egi_holds(g, EGI_DOT_EVENT), !inside);
    }
}
END_TEST

/* -- gradients ----------------------------------------------------------------------------------------------------- */

START_TEST(gradients_of_weights_are_made_behind_the_loop)
{
    layer m = small(DENSE);
    const egi_graph *g = lifted(gradient_of(trace_layer(&m), &m, EG_CHECKPOINT_ALL, 0));
    /* x W; d W' for the input; x' d */
    ck_assert_int_eq(products(g, true), 1);
    ck_assert_int_eq(products(g, false), 2);
}
END_TEST

START_TEST(a_recurrent_layer_keeps_two_products_in_its_loops)
{
    layer m = small(RECURRENT);
    const egi_graph *g = lifted(gradient_of(trace_layer(&m), &m, EG_CHECKPOINT_ALL, 0));
    /* h U, d U', d W' stay; x W, x' d, h' d leave */
    ck_assert_int_eq(products(g, true), 3);
    ck_assert_int_eq(products(g, false), 3);
}
END_TEST

/* The product that the gradient stores is the one that was made before the loop. */
START_TEST(what_is_lifted_is_not_stored_twice)
{
    layer m = small(DENSE);
    const egi_graph *g = lifted(gradient_of(trace_layer(&m), &m, EG_CHECKPOINT_ALL, 0));
    int stacks = 0;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        const egi_shape *s = egi_shape_of(g, id);
        if (n->op != EGI_ITEM || s->rank != 3) continue;
        stacks += s->dim[0] == STEPS;
    }
    /* h of each step; d of each step; gradients of the rows */
    ck_assert_int_eq(stacks, 3);
}
END_TEST

/* -- the same bits ------------------------------------------------------------------------------------------------- */

static void run_layer(eg_func *f, const void *x, char **out, int threads, bool interpret)
{
    void *to[8] = {0};
    for (int k = 0; k < eg_num_results(f); k++) to[k] = out[k];
    eg_status status = eg_call(f, NULL, &x, to, &(eg_run_options){.threads = threads, .interpret = interpret});
    ck_assert_msg(status == EG_OK, "%s", eg_message(eg));
}

static char **results_of(const eg_func *f)
{
    char **out = calloc(8, sizeof *out);
    ck_assert_ptr_nonnull(out);
    for (int k = 0; k < eg_num_results(f); k++) {
        out[k] = calloc(1, bytes_of(eg_result_spec(f, k)) + 64);
        ck_assert_ptr_nonnull(out[k]);
    }
    return out;
}

static void free_results(char **out)
{
    for (int k = 0; k < 8; k++) free(out[k]);
    free(out);
}

static void *input(const layer *m)
{
    const eg_spec s = input_of(m);
    const size_t n = bytes_of(s) / eg_dtype_size(s.dtype);
    double *x = calloc(n + 8, sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t k = 0; k < n; k++) {
        if (m->t == EG_F64)
            x[k] = number(k, -1, 1);
        else
            ((float *)x)[k] = (float)number(k, -1, 1);
    }
    return x;
}

static void same_results(const eg_func *f, char **a, char **b, const layer *m, const char *what)
{
    for (int k = 0; k < eg_num_results(f); k++)
        ck_assert_msg(!memcmp(a[k], b[k], bytes_of(eg_result_spec(f, k))), "form %d, %s: result %d differs",
                      (int)m->form, what, k);
}

/* Interpreted without the pass, compiled with it on 1 to 4 threads. */
static void agree(eg_func *f, const layer *m, char **want)
{
    void *x = input(m);
    char **got = results_of(f), what[64];
    run_layer(f, x, want, 1, true);
    for (int threads = 1; threads <= 4; threads++) {
        snprintf(what, sizeof what, "%d threads", threads);
        run_layer(f, x, got, threads, false);
        same_results(f, got, want, m, what);
    }
    free_results(got);
    free(x);
}

static void each_form(void (*check)(layer *m), eg_options o)
{
    for (int k = 0; k < NUM_FORMS; k++) {
        for (int wide = 0; wide < 2; wide++) {
            layer m = small((form)k);
            m.t = wide ? EG_F64 : EG_F32;
            teardown();
            eg = eg_open(&o);
            check(&m);
        }
    }
}

static void check_forward(layer *m)
{
    eg_func *f = trace_layer(m);
    char **want = results_of(f);
    agree(f, m, want);
    free_results(want);
}

static void check_backward(layer *m)
{
    eg_func *f = trace_layer(m), *df = gradient_of(f, m, EG_CHECKPOINT_ALL, 0);
    char **want = results_of(df), **other = results_of(df);
    agree(df, m, want);
    df = gradient_of(f, m, EG_CHECKPOINT_SQRT, 0);
    agree(df, m, other);
    same_results(df, other, want, m, "checkpoints of the root");
    df = gradient_of(f, m, EG_CHECKPOINT_EVERY, 2);
    agree(df, m, other);
    same_results(df, other, want, m, "every second step");
    free_results(want);
    free_results(other);
}

START_TEST(the_pass_changes_no_bit)
{
    each_form(check_forward, (eg_options){0});
    each_form(check_forward, (eg_options){.lanes = 4});
}
END_TEST

START_TEST(the_pass_changes_no_bit_of_a_gradient) { each_form(check_backward, (eg_options){0}); }
END_TEST

START_TEST(sizes_from_one_step_and_one_row_agree)
{
    static const int64_t sizes[][3] = {{1, 1, 33}, {2, 1, 64}, {2, 2, 129}, {3, 64, 40}, {40, 1, 47}};
    for (size_t k = 0; k < LEN(sizes); k++) {
        layer m = small(RECURRENT);
        m.steps = sizes[k][0];
        m.batch = sizes[k][1];
        m.in = m.out = sizes[k][2];
        if (k) teardown(), setup();
        check_backward(&m);
    }
}
END_TEST

/* The slope along a direction of the weights, in f64. */
static double slope(layer *m, eg_func *f, eg_var *v, const double *along, size_t n, const void *x)
{
    static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
    const double h = 1e-4;
    double sum = 0, *old = calloc(n, sizeof *old), *moved = calloc(n, sizeof *moved);
    char **out = results_of(f);
    ck_assert(old && moved);
    eg_read(v, old, n * sizeof *old);
    for (int i = 0; i < 4; i++) {
        double y;
        for (size_t k = 0; k < n; k++) moved[k] = old[k] + at[i] * h * along[k];
        eg_write(v, moved, n * sizeof *moved);
        run_layer(f, x, out, 1, false);
        memcpy(&y, out[0], sizeof y);
        sum += weight[i] * y;
    }
    eg_write(v, old, n * sizeof *old);
    free_results(out);
    free(old);
    free(moved);
    (void)m;
    return sum / (12 * h);
}

START_TEST(lifted_gradients_are_slopes)
{
    for (int k = 0; k < NUM_FORMS; k++) {
        layer m = small((form)k);
        m.t = EG_F64;
        if (k) teardown(), setup();
        eg_func *f = trace_layer(&m), *df = gradient_of(f, &m, EG_CHECKPOINT_ALL, 0);
        void *x = input(&m);
        char **out = results_of(df);
        run_layer(df, x, out, 2, false);
        for (int j = 3; j < eg_num_results(df); j++) { /* loss, h, d of x, then of the weights */
            eg_var *v = j == 3 ? m.W : m.U;
            const size_t n = bytes_of(eg_variable_spec(v)) / sizeof(double);
            double *along = calloc(n, sizeof *along), want = 0;
            ck_assert_ptr_nonnull(along);
            for (size_t i = 0; i < n; i++) {
                double g;
                memcpy(&g, out[j] + i * sizeof g, sizeof g);
                along[i] = number(i + 1000, -0.5, 0.5);
                want += g * along[i];
            }
            const double got = slope(&m, f, v, along, n, x);
            ck_assert_msg(fabs(got - want) <= 1e-7 * fmax(1, fabs(got)), "form %d, variable %d: %.12g, not %.12g", k, j,
                          want, got);
            free(along);
        }
        free_results(out);
        free(x);
    }
}
END_TEST

/* -- what comes with it -------------------------------------------------------------------------------------------- */

/* The same input in each step is one value outside. */
static eg_val constant_input(void *user, eg_val x)
{
    layer *m = user;
    return layer_fn(m, eg_broadcast_to(x, 3, ((int64_t[]){m->steps, m->batch, m->in})));
}

START_TEST(an_input_that_is_the_same_in_each_step_makes_one_product)
{
    layer m = small(DENSE);
    make(&m);
    eg_func *f = eg_trace(eg, "constant", constant_input, &m, 1, (eg_spec[]){eg_matrix(EG_F32, m.batch, m.in)});
    fine();
    ck_assert_int_eq(products(f->graph, false), 1);
    ck_assert_int_eq(products(f->graph, true), 0);
    char **want = results_of(f);
    agree(f, &m, want);
    free_results(want);
}
END_TEST

/* A checked run names the step, which a product of all steps has not. */
START_TEST(checked_runs_take_the_loop_as_it_was_written)
{
    layer m = small(DENSE);
    eg_func *f = trace_layer(&m);
    float *x = input(&m);
    char **out = results_of(f);
    x[3 * m.batch * m.in + 5] = INFINITY;
    x[3 * m.batch * m.in + 6] = -INFINITY;
    char message[2][512];
    for (int k = 0; k < 2; k++) {
        eg_state *s = eg_state_new(eg);
        const void *in[] = {x};
        eg_status status = eg_call(f, s, in, (void *[]){out[0], out[1]},
                                   &(eg_run_options){.check = EG_CHECK_OUTPUT, .interpret = k == 0, .threads = 2});
        ck_assert_int_eq(status, EG_ERR_RUN);
        snprintf(message[k], sizeof message[k], "%s", eg_run_message(s));
    }
    ck_assert_str_eq(message[0], message[1]);
    ck_assert_msg(strstr(message[0], "step 3") != NULL, "%s", message[0]);
    run_layer(f, x, out, 1, false); /* and then the other one */
    free_results(out);
    free(x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lift");
    TCase *c = tcase_create("lift");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 300);
    tcase_add_test(c, a_product_of_the_input_is_made_before_the_loop);
    tcase_add_test(c, a_matrix_times_a_column_or_a_vector_is_too);
    tcase_add_test(c, a_product_with_the_state_stays);
    tcase_add_test(c, elementwise_operations_and_products_between_are_made_for_all_steps);
    tcase_add_test(c, a_reduction_between_keeps_the_product_in_the_loop);
    tcase_add_test(c, a_loop_in_a_loop_gets_its_product_before_it);
    tcase_add_test(c, many_rows_and_small_matrices_are_not_worth_it);
    tcase_add_test(c, what_would_take_too_much_memory_stays);
    tcase_add_test(c, what_depends_on_anything_else_stays);
    tcase_add_test(c, gradients_of_weights_are_made_behind_the_loop);
    tcase_add_test(c, a_recurrent_layer_keeps_two_products_in_its_loops);
    tcase_add_test(c, what_is_lifted_is_not_stored_twice);
    tcase_add_test(c, the_pass_changes_no_bit);
    tcase_add_test(c, the_pass_changes_no_bit_of_a_gradient);
    tcase_add_test(c, sizes_from_one_step_and_one_row_agree);
    tcase_add_test(c, lifted_gradients_are_slopes);
    tcase_add_test(c, an_input_that_is_the_same_in_each_step_makes_one_product);
    tcase_add_test(c, checked_runs_take_the_loop_as_it_was_written);
    suite_add_tcase(s, c);
    return test_run(s);
}
