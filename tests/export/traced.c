#include "traced.h"

#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof *(a))

static eg_context *eg; /* while tracing */

static eg_func *trace(const char *name, eg_fn fn, int n, const eg_spec *args)
{
    return eg_trace(eg, name, fn, NULL, n, args);
}

/* -- a neuron, one step a call, with denormals -------------------------------------------------------------------- */

enum { CELLS = 37 };
static eg_var *V, *held;

static eg_val lif(void *none, eg_val x)
{
    (void)none;
    eg_val input = eg_item(x, 0), dt = eg_convert(eg_item(x, 1), EG_F32), v = eg_get(V);
    eg_val next = eg_add(v, eg_mul(eg_mul(dt, 0.1), eg_sub(eg_add(input, -60), v)));
    eg_val spike = eg_and(eg_ge(next, -50), eg_le(eg_get(held), 0));
    eg_set(held, eg_where(spike, 20, eg_max(eg_sub(eg_get(held), 1), 0)));
    eg_set(V, eg_where(spike, -60, next));
    return eg_tuple(eg, 2, ((eg_val[]){spike, eg_mul(eg_sub(next, v), 1e-36)}));
}

static eg_func *trace_lif(eg_context *in)
{
    eg = in;
    V = eg_variable(eg, "cell.V", eg_vector(EG_F32, CELLS));
    held = eg_variable(eg, "cell.double", eg_vector(EG_I32, CELLS));
    float first[CELLS];
    for (int k = 0; k < CELLS; k++) first[k] = -60 + (float)k * 0.25f;
    eg_init(V, first, sizeof first);
    return trace("lif", lif, 2, (eg_spec[]){eg_vector(EG_F32, CELLS), eg_scalar(EG_F64)});
}

/* -- a network ----------------------------------------------------------------------------------------------------- */

static void project(eg_system *net, eg_system *pre, eg_system *post, const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = 0.1};
    eg_exp_synapse(net, NULL, pre, post, eg_fixed_prob(eg, eg_num(pre), eg_num(post), &p), synapse);
}

static eg_func *trace_network(eg_context *in)
{
    eg = in;
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    eg_system *E = eg_lif(net, "E", 321, &cell), *I = eg_lif(net, "I", 83, &cell);
    eg_current(net, NULL, E, 20);
    eg_current(net, NULL, I, 20);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    project(net, E, E, &excite);
    project(net, E, I, &excite);
    project(net, I, E, &inhibit);
    project(net, I, I, &inhibit);
    eg_spike_counter(net, "count", E);
    return eg_stepper(net);
}

/* -- random draws in a loop of run-time length --------------------------------------------------------------------- */

static eg_var *walk;

static eg_val walk_step(void *user, eg_val x)
{
    (void)user;
    eg_val noise = eg_normal(eg, eg_vector(EG_F32, 50), 0, 1), n = eg_poisson(eg, eg_scalar(EG_I64), 3);
    eg_set(walk, eg_add(eg_get(walk), eg_add(noise, eg_uniform(eg, eg_scalar(EG_F32), 0, 0.1))));
    return eg_tuple(eg, 2, ((eg_val[]){eg_add(eg_item(x, 1), n), eg_nothing()}));
}

static eg_val draws(void *none, eg_val x)
{
    (void)none;
    eg_val end = eg_loop(eg, x, walk_step, NULL, eg_zeros(eg, eg_scalar(EG_I64)), eg_nothing());
    return eg_tuple(eg, 2, ((eg_val[]){eg_item(end, 0), eg_random_bits(eg, eg_vector(EG_I64, 5))}));
}

static eg_func *trace_draws(eg_context *in)
{
    eg = in;
    walk = eg_variable(eg, "walk", eg_vector(EG_F32, 50));
    return trace("draws", draws, 1, &eg_scalar(EG_I64));
}

/* -- reductions, sorting, remainders, products, captured arrays ---------------------------------------------------- */

enum { MANY = 9001, ROWS = 19, COLUMNS = 23 };
static eg_array *weights;

static eg_val reduce(void *none, eg_val x)
{
    (void)none;
    eg_val a = eg_item(x, 0), m = eg_item(x, 1), w = eg_constant(weights);
    eg_val rest = eg_fmod(a, eg_add(eg_mul(a, 0.3), 0.7)), wide = eg_convert(a, EG_F64);
    return eg_tuple(eg, 8,
                    ((eg_val[]){eg_sum(a), eg_argmax(a, 0), eg_mean(eg_mul(rest, rest)), eg_sum(rest),
                                eg_sum(eg_fmod(eg_mul(wide, 1e6), 0.37)), eg_sort(eg_slice(a, 0, 0, 333, 1), 0),
                                eg_dot(m, w), eg_cumsum(eg_sum(m, 1), 0)}));
}

static eg_func *trace_reduce(eg_context *in)
{
    static float w[COLUMNS * 31];
    eg = in;
    for (size_t k = 0; k < LEN(w); k++) w[k] = (float)((k * 7919) % 1000) / 500 - 1;
    weights = eg_array_new(eg, eg_matrix(EG_F32, COLUMNS, 31), w);
    return trace("reduce", reduce, 2, (eg_spec[]){eg_vector(EG_F32, MANY), eg_matrix(EG_F32, ROWS, COLUMNS)});
}

/* -- a while ------------------------------------------------------------------------------------------------------- */

static eg_var *total;

static eg_val is_above(void *user, eg_val x) { return (void)user, eg_gt(eg_item(x, 0), 1); }
static eg_val collatz(void *user, eg_val x)
{
    (void)user;
    eg_val n = eg_item(x, 0), odd = eg_eq(eg_and(n, 1), 1);
    eg_set(total, eg_add(eg_get(total), eg_exp(eg_mul(eg_convert(n, EG_F64), -0.01))));
    return eg_tuple(eg, 2,
                    ((eg_val[]){eg_where(odd, eg_add(eg_mul(n, 3), 1), eg_div(n, 2)), eg_add(eg_item(x, 1), 1)}));
}

static eg_val count_collatz(void *none, eg_val x)
{
    (void)none;
    eg_val end = eg_while(eg, is_above, collatz, NULL, eg_tuple(eg, 2, ((eg_val[]){x, eg_sub(x, x)})));
    return eg_add(eg_item(end, 1), eg_bernoulli(eg, eg_scalar(EG_I64), 0.5));
}

static eg_func *trace_while(eg_context *in)
{
    eg = in;
    total = eg_variable(eg, "total", eg_scalar(EG_F64));
    eg_init_fill(total, 0.5);
    return trace("collatz", count_collatz, 1, &eg_scalar(EG_I64));
}

/* -- delays, and connections both ways ----------------------------------------------------------------------------- */

static eg_delay *line;
static eg_csr *csr, *back;
static eg_array *by_synapse, *by_source;
static eg_var *g;

static eg_val delayed(void *none, eg_val x)
{
    (void)none;
    eg_val spike = eg_gt(x, 25);
    eg_delay_push(line, spike);
    eg_val late = eg_delay_read(line, 3);
    eg_val base = eg_mul(eg_get(g), 0.9);
    eg_val now = eg_event_add(base, csr, late, eg_constant(by_synapse));
    now = eg_event_add(now, csr, eg_where(late, x, 0), eg_constant(by_source));
    eg_set(g, eg_event_add(now, back, late, -0.25));
    return eg_event_transposed(csr, eg_gt(now, 3), eg_constant(by_synapse));
}

static eg_func *trace_delay(eg_context *in)
{
    enum { PRE = 70, POST = 90, SIZE = PRE * 9 };
    static int64_t ptr[PRE + 1];
    static int32_t target[SIZE];
    static float w[SIZE];
    eg = in;
    for (int k = 0; k <= PRE; k++) ptr[k] = k * 9;
    for (int k = 0; k < SIZE; k++) {
        target[k] = (k * 37 + k / 9) % POST;
        w[k] = (float)(k % 13) * 0.1f;
    }
    csr = eg_csr_new(eg, PRE, POST, ptr, target);
    eg_fixed_prob_options few = {.prob = 0.2, .seed = 3};
    back = eg_fixed_prob(eg, PRE, POST, &few);
    by_synapse = eg_array_new(eg, eg_vector(EG_F32, SIZE), w);
    by_source = eg_array_new(eg, eg_vector(EG_F32, PRE), w);
    line = eg_delay_new(eg, "line", eg_vector(EG_BOOL, PRE), 5);
    g = eg_variable(eg, "g", eg_vector(EG_F32, POST));
    return trace("delayed", delayed, 1, &eg_vector(EG_F32, PRE));
}

/* -- nothing but state; nothing at all ----------------------------------------------------------------------------- */

static eg_val count_up(void *none, eg_val x)
{
    (void)none, (void)x;
    eg_val n = eg_variable(eg, "a.n", eg_scalar(EG_I64)) ? eg_get(eg_find_variable(eg, "a.n")) : eg_nothing();
    eg_set(eg_find_variable(eg, "a.n"), eg_add(n, 1));
    eg_set(eg_variable(eg, "a_n", eg_vector(EG_U32, 3)), eg_convert(n, EG_U32));
    return eg_nothing();
}

static eg_func *trace_count(eg_context *in)
{
    eg = in;
    return trace("count_up", count_up, 0, NULL);
}

static eg_val sine(void *none, eg_val x) { return (void)none, eg_mul(eg_sin(eg_mul(x, 100)), eg_pow(x, 1.5)); }

static eg_func *trace_sine(eg_context *in)
{
    eg = in;
    return trace("sine", sine, 1, &eg_matrix(EG_F64, 3, 33));
}

const traced traced_functions[NUM_TRACED] = {
    {"lif", trace_lif, 2},     {"network", trace_network, 7}, {"draws", trace_draws, 1}, {"reduce", trace_reduce, 0},
    {"while", trace_while, 1}, {"delay", trace_delay, 3},     {"count", trace_count, 2}, {"sine", trace_sine, 0}};

const char *const traced_variables[] = {"cell.V",    "cell.double", "step",         "count.count", "E.V",   "E.spike",
                                        "I.V",       "I.spike",     "I.refractory", "walk",        "total", "line.ring",
                                        "line.head", "g",           "a.n",          "a_n",         NULL};

/* -- arguments ----------------------------------------------------------------------------------------------------- */

static size_t bytes_of(eg_spec s)
{
    size_t n = eg_dtype_size(s.dtype);
    for (int k = 0; k < s.rank; k++) n *= (size_t)s.dim[k];
    return n;
}

void arguments_make(arguments *a, const eg_func *f)
{
    *a = (arguments){.num_in = eg_num_args(f), .num_out = eg_num_results(f)};
    for (int k = 0; k < a->num_in; k++) a->in[k] = calloc(1, a->in_bytes[k] = bytes_of(eg_arg_spec(f, k)));
    for (int k = 0; k < a->num_out; k++) a->out[k] = calloc(1, a->out_bytes[k] = bytes_of(eg_result_spec(f, k)));
    arguments_fill(a, f, 0);
}

void arguments_fill(arguments *a, const eg_func *f, int call)
{
    uint32_t x = 12345u + (uint32_t)call;
    for (int k = 0; k < a->num_in; k++) {
        eg_spec s = eg_arg_spec(f, k);
        size_t n = a->in_bytes[k] / eg_dtype_size(s.dtype);
        for (size_t j = 0; j < n; j++) {
            x = x * 1664525u + 1013904223u;
            double value = (double)(x >> 8) / (1 << 24) * 30;
            if (s.dtype == EG_I64) ((int64_t *)a->in[k])[j] = 7 + call % 3;
            if (s.dtype == EG_F32) ((float *)a->in[k])[j] = (float)value;
            if (s.dtype == EG_F64) ((double *)a->in[k])[j] = s.rank ? value : 0.1;
        }
    }
}

void arguments_free(arguments *a)
{
    for (int k = 0; k < a->num_in; k++) free(a->in[k]);
    for (int k = 0; k < a->num_out; k++) free(a->out[k]);
}
