/* Copies side by side: each gives the bits of a call of its own. */
#include <math.h>

#include "api/ops.h"
#include "engram/random.h"
#include "engram/transform.h"
#include "unit/session.h"

#define FN(name) static eg_val name(void *user, eg_val x)
#define I(k) eg_item(x, k)
#define PAIR(a, b) eg_tuple(eg, 2, ((eg_val[]){a, b}))
enum { N = 5, M = 3, MOST_ARGS = 4, MOST_RESULTS = 6, MOST_BYTES = 1 << 14 };

static eg_csr *csr;

/* -- functions under test ------------------------------------------------------------------------------------------ */

FN(arithmetic)
{
    (void)user;
    eg_val a = I(0), b = I(1);
    return eg_tuple(eg, 5,
                    (eg_val[]){eg_add(eg_mul(a, b), 1.5), eg_where(eg_lt(a, b), a, eg_exp(b)), eg_fma(a, 2, b),
                               eg_convert(eg_gt(a, b), EG_I32), eg_max(eg_neg(a), eg_sin(b))});
}
FN(shapes)
{
    (void)user;
    eg_val a = I(0); /* [M, N] */
    return eg_tuple(eg, 6,
                    (eg_val[]){eg_transpose(a, 1, 0), eg_reshape(a, N, M), eg_slice(a, 1, 1, 2, 2), eg_flip(a, 0),
                               eg_concat(0, a, eg_mul(a, 2)), eg_roll(a, 2, 1)});
}
FN(spreading)
{
    (void)user;
    eg_val v = I(0); /* [N] */
    return eg_tuple(eg, 4,
                    (eg_val[]){eg_broadcast(v, M, N), eg_mul(eg_new_axis(v, 1), eg_new_axis(v, 0)),
                               eg_add(eg_zeros(eg, eg_matrix(EG_F64, M, N)), v), eg_outer(v, v)});
}
FN(reductions)
{
    (void)user;
    eg_val a = I(0);
    return eg_tuple(
        eg, 6, (eg_val[]){eg_sum(a), eg_sum(a, 0), eg_prod(a, 1), eg_argmax(a, 1), eg_cumsum(a, 1), eg_sort(a, 1)});
}
FN(more_reductions)
{
    (void)user;
    eg_val a = I(0);
    return eg_tuple(eg, 5,
                    (eg_val[]){eg_amin(a, 0), eg_mean(a), eg_argsort(a, 1), eg_any(eg_gt(a, 1)), eg_logsumexp(a, 1)});
}
/* x [M, N], i (i64) */
FN(windows)
{
    (void)user;
    eg_val a = I(0), i = I(1);
    return eg_tuple(eg, 4,
                    (eg_val[]){eg_row(a, i), eg_slice_at(a, 1, i, 2), eg_update_row(a, i, eg_mul(eg_row(a, 0), 3)),
                               eg_update_slice(a, eg_zeros(eg, eg_matrix(EG_F64, M, 2)), 1, i)});
}
/* x [M, N], index i32 [4] */
FN(indices)
{
    (void)user;
    eg_val a = I(0), i = I(1);
    return eg_tuple(eg, 4,
                    (eg_val[]){eg_gather(a, i, 0), eg_gather(a, i, 1), eg_gather(eg_sum(a, 0), i, 0),
                               eg_scatter_add(a, i, eg_ones(eg, eg_matrix(EG_F64, 4, N)))});
}
FN(index_matrix)
{
    (void)user;
    eg_val a = I(0), i = eg_reshape(I(1), 2, 2);
    return PAIR(eg_gather(a, i, 1), eg_gather(a, i, 0));
}
/* base + x w by the rows that fired, which no public call makes with a base of its own. */
static eg_val onto(eg_val base, eg_val x, eg_val w)
{
    eg_val v[] = {base, x, w};
    egi_call c = egi_begin("onto", __FILE__, __LINE__, 3, v);
    return c.g ? egi_end(&c, egi_dot_event(c.g, base.id, x.id, w.id)) : eg_nothing();
}

/* Weights of the copies' own and shared ones, which then make one product of all rows. */
FN(spiking)
{
    (void)user;
    eg_val s = eg_gt(I(0), 0.2), w = I(1), shared = eg_convert(eg_reshape(eg_iota(eg, 2 * N, EG_F64), N, 2), EG_F64);
    eg_val values = eg_where(s, I(0), 0), same = eg_ge(eg_reshape(eg_iota(eg, M * N, EG_I32), M, N), 4);
    return eg_tuple(eg, 6,
                    (eg_val[]){eg_dot(s, w), eg_dot(s, shared), eg_dot(eg_row(s, 1), shared),
                               eg_dot(eg_transpose(s), eg_slice(w, 0, 0, M, 1)),
                               onto(eg_slice(I(0), 1, 0, 2, 1), values, shared),
                               onto(eg_slice(I(0), 1, 0, 2, 1), same, shared)});
}
FN(padding)
{
    (void)user;
    return PAIR(eg_pad(I(0), 1, 2, 1, eg_sum(I(0))), eg_pad(I(0), 0, 1, 0, 7.0));
}
FN(products)
{
    (void)user;
    eg_val a = I(0), b = I(1); /* [M, N], [N, 2] */
    return eg_tuple(eg, 4,
                    (eg_val[]){eg_dot(a, b), eg_dot(eg_row(a, 0), b), eg_dot(a, eg_row(eg_transpose(b, 1, 0), 1)),
                               eg_dot(eg_row(a, 1), eg_row(a, 2))});
}
FN(packing)
{
    (void)user;
    return PAIR(eg_pack(eg_gt(I(0), 0)), eg_unpack(eg_pack(eg_gt(I(0), 0)), N));
}
FN(events)
{
    (void)user;
    eg_val v = I(0), fired = eg_gt(v, 0);
    return eg_tuple(eg, 4,
                    (eg_val[]){eg_event(csr, fired, 0.5), eg_event(csr, fired, v),
                               eg_event_add(eg_zeros(eg, eg_vector(EG_F64, M)), csr, fired, eg_sum(v)),
                               eg_event_transposed(csr, eg_slice(v, 0, 0, M, 1), 2.0)});
}

/* -- control ------------------------------------------------------------------------------------------------------- */

FN(step)
{
    eg_val c = I(1), row = I(2);
    (void)user;
    c = eg_add(eg_mul(c, 0.5), row);
    return PAIR(c, eg_sum(c));
}
FN(loops)
{
    (void)user;
    eg_val r = eg_loop(eg, M, step, NULL, eg_zeros(eg, eg_vector(EG_F64, N)), I(0)); /* rows of [M, N] */
    return PAIR(eg_item(r, 0), eg_item(r, 1));
}
FN(stack_index) { return (void)user, PAIR(eg_nothing(), eg_mul(I(2), eg_convert(I(0), EG_F64))); }
FN(stacks) { return eg_item(eg_loop(eg, M, stack_index, user, eg_nothing(), I(0)), 1); }
FN(grow) { return (void)user, PAIR(eg_mul(I(1), 1.25), eg_nothing()); }
FN(own_length)
{
    eg_val n = eg_convert(eg_abs(eg_mul(eg_sum(I(0)), 3)), EG_I64);
    return eg_item(eg_loop(eg, n, grow, user, I(0), eg_nothing()), 0);
}
FN(inner) { return (void)user, PAIR(eg_add(eg_mul(I(1), 0.75), I(0)), eg_nothing()); }
FN(nested_step)
{
    return PAIR(eg_item(eg_loop(eg, eg_add(I(0), 1), inner, user, I(1), eg_nothing()), 0), eg_nothing());
}
FN(nested) { return eg_item(eg_loop(eg, 4, nested_step, user, I(0), eg_nothing()), 0); }
FN(small) { return (void)user, eg_lt(eg_sum(eg_abs(x)), 20); }
FN(twice) { return (void)user, eg_mul(x, 2); }
FN(whiles) { return eg_while(eg, small, twice, user, eg_add(I(0), 0.125)); }
FN(fixed_small) { return (void)user, eg_lt(I(0), 3); }
FN(fixed_more) { return (void)user, PAIR(eg_add(I(0), 1), eg_mul(I(1), 1.5)); }
FN(same_whiles) /* all copies make as many turns */
{
    eg_val r = eg_while(eg, fixed_small, fixed_more, user, PAIR(eg_full(eg, eg_scalar(EG_I32), 0), I(0)));
    return PAIR(eg_item(r, 0), eg_item(r, 1));
}
FN(yes) { return (void)user, PAIR(eg_exp(I(0)), eg_full(eg, eg_scalar(EG_I32), 1)); }
FN(no) { return (void)user, PAIR(eg_neg(I(0)), eg_full(eg, eg_scalar(EG_I32), 2)); }
FN(conds)
{
    eg_val p = eg_gt(eg_sum(I(0)), 0);
    return eg_cond(p, yes, no, user, x);
}
FN(same_conds)
{
    eg_val p = eg_full(eg, eg_scalar(EG_BOOL), 1);
    return eg_cond(p, yes, no, user, x);
}
/* Whiles and loops that end only for the copies that come to them. */
FN(below_10) { return (void)user, eg_lt(eg_item(x, 1), 10); }
FN(add_own) { return (void)user, PAIR(I(0), eg_add(I(1), eg_item(x, 0))); }
FN(count_up)
{
    eg_val r = eg_while(eg, below_10, add_own, user, PAIR(eg_sum(x), eg_sum(x)));
    return eg_add(x, eg_item(r, 1));
}
FN(guarded) { return eg_cond(eg_gt(eg_sum(I(0)), 0.5), count_up, NULL, user, I(0)); }
FN(still_positive) { return (void)user, eg_gt(eg_sum(x), 0.25); }
FN(count_and_sink) { return eg_sub(x, eg_mul(eg_sub(count_up(user, x), x), 0.05)); }
FN(sinking) { return eg_while(eg, still_positive, count_and_sink, user, I(0)); }
FN(long_loop) { return eg_item(eg_loop(eg, eg_item(x, 1), grow, user, I(0), eg_nothing()), 0); }
FN(short_one) { return (void)user, I(0); }
FN(guarded_length)
{
    eg_val n = eg_convert(eg_mul(eg_sum(eg_abs(I(0))), 1e17), EG_I64), small = eg_mod(n, 5);
    eg_val p = eg_lt(eg_sum(I(0)), 0);
    return eg_cond(p, long_loop, short_one, user, PAIR(I(0), eg_where(p, small, n)));
}
FN(other_conds) /* a predicate that is the same, arms that differ */
{
    eg_val p = eg_lt(eg_full(eg, eg_scalar(EG_F64), 1), 2);
    return eg_cond(p, twice, NULL, user, I(0));
}
FN(search) /* a while inside an arm inside a loop */ { return eg_cond(eg_lt(eg_sum(x), 5), whiles, NULL, user, x); }
FN(search_step) { return PAIR(eg_sub(search(user, I(1)), eg_convert(I(0), EG_F64)), eg_nothing()); }
FN(searches) { return eg_item(eg_loop(eg, 3, search_step, user, I(0), eg_nothing()), 0); }

static int twice_on_host(void *user, const void *const *in, void *const *out)
{
    (void)user;
    for (int k = 0; k < N; k++) ((double *)out[0])[k] = 2 * ((const double *)in[0])[k];
    *(int32_t *)out[1] = (int32_t)((const double *)in[0])[0];
    return 0;
}
FN(hosts)
{
    eg_val v = I(0);
    eg_spec out[] = {eg_vector(EG_F64, N), eg_scalar(EG_I32)};
    (void)user;
    return eg_host(eg, "twice", twice_on_host, NULL, 1, &v, 2, out);
}

/* -- comparing ----------------------------------------------------------------------------------------------------- */

static double number(uint64_t k)
{
    uint64_t z = (k + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-51 - 2;
}

static void fill(void *to, eg_spec s, uint64_t seed)
{
    int64_t n = 1;
    for (int k = 0; k < s.rank; k++) n *= s.dim[k];
    for (int64_t k = 0; k < n; k++) {
        double v = number(seed * 1000 + (uint64_t)k);
        switch (s.dtype) {
        case EG_F64: ((double *)to)[k] = v; break;
        case EG_F32: ((float *)to)[k] = (float)v; break;
        case EG_I64: ((int64_t *)to)[k] = (int64_t)(2 * v); break;
        case EG_I32: ((int32_t *)to)[k] = (int32_t)(2 * v); break;
        default: ck_abort_msg("no such argument");
        }
    }
}

static eg_spec many(eg_spec s, int64_t num)
{
    for (int k = s.rank; k > 0; k--) s.dim[k] = s.dim[k - 1];
    s.dim[0] = num;
    s.rank++;
    return s;
}

typedef struct data {
    _Alignas(64) char arg[MOST_ARGS][MOST_BYTES];
    char out[MOST_RESULTS][MOST_BYTES], again[MOST_RESULTS][MOST_BYTES], one[MOST_RESULTS][MOST_BYTES];
} data;

static void call(eg_func *f, const void *const *in, char (*out)[MOST_BYTES], const eg_run_options *o)
{
    void *to[MOST_RESULTS];
    eg_state *s = eg_state_new(eg);
    ck_assert_int_le(eg_num_results(f), MOST_RESULTS);
    for (int k = 0; k < eg_num_results(f); k++) to[k] = out[k];
    eg_call(f, s, in, to, o);
    ck_assert_msg(eg_run_status(s) == EG_OK, "%s", eg_run_message(s));
    eg_state_free(s);
    fine();
}

/* Copy k of all gives the bits of f with its own arguments; `shared`: a bit for each argument. */
static void as_singles(const char *name, eg_fn fn, int n, const eg_spec *spec, unsigned shared, int64_t num)
{
    static data d;
    const void *in[MOST_ARGS], *own[MOST_ARGS];
    int list[MOST_ARGS], num_shared = 0;
    eg_func *f = eg_trace(eg, name, fn, NULL, n, spec);
    fine();
    for (int k = 0; k < n; k++) {
        if (shared >> k & 1) list[num_shared++] = k;
        in[k] = d.arg[k];
        fill(d.arg[k], shared >> k & 1 ? spec[k] : many(spec[k], num), (uint64_t)k + 7);
    }
    eg_func *all = eg_vmap(f, num, &(eg_vmap_options){.num_shared = num_shared, .shared = list});
    ck_assert_msg(all != NULL, "%s: %s", name, eg_message(eg));
    call(all, in, d.out, &(eg_run_options){.interpret = true});
    for (int threads = 1; threads <= 2; threads++) {
        call(all, in, d.again, &(eg_run_options){.threads = threads});
        for (int k = 0; k < eg_num_results(all); k++)
            ck_assert_msg(!memcmp(d.out[k], d.again[k], bytes_of(eg_result_spec(all, k))), "%s: result %d", name, k);
    }
    for (int64_t c = 0; c < num; c++) {
        for (int k = 0; k < n; k++) own[k] = shared >> k & 1 ? d.arg[k] : d.arg[k] + (size_t)c * bytes_of(spec[k]);
        call(f, own, d.one, &(eg_run_options){.interpret = true});
        for (int k = 0; k < eg_num_results(f); k++) {
            const size_t bytes = bytes_of(eg_result_spec(f, k));
            ck_assert_msg(!memcmp(d.one[k], d.out[k] + (size_t)c * bytes, bytes), "%s: copy %lld of %lld, result %d",
                          name, (long long)c, (long long)num, k);
        }
    }
    eg_func_free(all);
    eg_func_free(f);
}

typedef struct row {
    const char *name;
    eg_fn fn;
    int n;
    eg_spec spec[MOST_ARGS];
} row;
/* clang-format off */
#define VEC {EG_F64, 1, {N}}
#define MAT {EG_F64, 2, {M, N}}
#define ROW(fn, n, ...) {#fn, fn, n, {__VA_ARGS__}}
/* clang-format on */
static const row rows[] = {
    ROW(arithmetic, 2, VEC, VEC),
    ROW(shapes, 1, MAT),
    ROW(spreading, 1, VEC),
    ROW(reductions, 1, MAT),
    ROW(more_reductions, 1, MAT),
    ROW(windows, 2, MAT, {EG_I64, 0, {0}}),
    ROW(indices, 2, MAT, {EG_I32, 1, {4}}),
    ROW(index_matrix, 2, MAT, {EG_I32, 1, {4}}),
    ROW(padding, 1, MAT),
    ROW(products, 2, MAT, {EG_F64, 2, {N, 2}}),
    ROW(spiking, 2, MAT, {EG_F64, 2, {N, 2}}),
    ROW(packing, 1, VEC),
    ROW(events, 1, VEC),
    ROW(loops, 1, MAT),
    ROW(stacks, 1, MAT),
    ROW(own_length, 1, VEC),
    ROW(nested, 1, VEC),
    ROW(whiles, 1, VEC),
    ROW(same_whiles, 1, VEC),
    ROW(conds, 1, VEC),
    ROW(same_conds, 2, VEC, VEC),
    ROW(searches, 1, VEC),
    ROW(guarded, 1, VEC),
    ROW(sinking, 1, VEC),
    ROW(guarded_length, 1, VEC),
    ROW(other_conds, 1, VEC),
    ROW(hosts, 1, VEC),
};

START_TEST(a_copy_gives_the_bits_of_a_call)
{
    const row *r = &rows[_i];
    for (int64_t num = 1; num <= 9; num += 4) {
        for (unsigned shared = 0; shared < 1u << r->n; shared++) as_singles(r->name, r->fn, r->n, r->spec, shared, num);
    }
}
END_TEST

/* -- variables, draws ---------------------------------------------------------------------------------------------- */

static eg_var *V, *w, *count, *all_V;

FN(leak)
{
    (void)user;
    eg_set(V, eg_add(eg_mul(eg_get(V), eg_get(w)), x));
    eg_set(count, eg_add(eg_get(count), 1));
    return eg_sum(eg_get(V));
}

START_TEST(each_copy_has_its_own_variables)
{
    enum { NUM = 6 };
    const double w0[N] = {0.5, 0.25, 1, 2, 0.125};
    double x[NUM], sum[NUM], one[NUM];
    V = eg_variable(eg, "V", eg_vector(EG_F64, N));
    w = eg_variable(eg, "w", eg_vector(EG_F64, N));
    count = eg_variable(eg, "count", eg_scalar(EG_I64));
    all_V = eg_variable(eg, "all.V", eg_matrix(EG_F64, NUM, N));
    eg_write(w, w0, sizeof w0);
    eg_func *f = TRACE(leak, eg_scalar(EG_F64)),
            *all =
                eg_vmap(f, NUM, &(eg_vmap_options){.num_vars = 1, .vars = &(eg_vmap_variable){.one = V, .all = all_V}});
    fine();
    for (int k = 0; k < NUM; k++) x[k] = number((uint64_t)k);
    for (int step = 0; step < 3; step++) eg_call(all, NULL, (const void *[]){x}, (void *[]){sum}, NULL);
    int64_t steps;
    eg_read(count, &steps, sizeof steps);
    ck_assert_int_eq(steps, 3);
    for (int k = 0; k < NUM; k++) {
        eg_fill(V, 0);
        for (int step = 0; step < 3; step++) eg_call(f, NULL, (const void *[]){&x[k]}, (void *[]){&one[k]}, NULL);
        fine();
        ck_assert_mem_eq(eg_data(NULL, V), (const double *)eg_data(NULL, all_V) + k * N, N * sizeof(double));
        ck_assert_double_eq(one[k], sum[k]);
    }
}
END_TEST

START_TEST(copies_that_keep_variables_begin_with_them_in_each_call)
{
    enum { NUM = 3 };
    const double w0[N] = {0.5, 0.25, 1, 2, 0.125}, x[NUM] = {1, -2, 0.5};
    double before[NUM][N], sum[NUM], one;
    V = eg_variable(eg, "V", eg_vector(EG_F64, N));
    w = eg_variable(eg, "w", eg_vector(EG_F64, N));
    count = eg_variable(eg, "count", eg_scalar(EG_I64));
    all_V = eg_variable(eg, "all.V", eg_matrix(EG_F64, NUM, N));
    for (int k = 0; k < NUM * N; k++) before[k / N][k % N] = number((uint64_t)(30 + k));
    eg_write(w, w0, sizeof w0);
    eg_func *f = TRACE(leak, eg_scalar(EG_F64));
    for (int with_all = 0; with_all < 2; with_all++) {
        eg_vmap_variable var = {.one = V, .all = with_all ? all_V : NULL, .keep = true};
        eg_func *all = eg_vmap(f, NUM, &(eg_vmap_options){.num_vars = 1, .vars = &var});
        eg_write(all_V, before, sizeof before);
        eg_write(V, before[1], sizeof before[1]);
        for (int call = 0; call < 2; call++) eg_call(all, NULL, (const void *[]){x}, (void *[]){sum}, NULL);
        fine();
        ck_assert_mem_eq(eg_data(NULL, V), before[1], sizeof before[1]);
        ck_assert_mem_eq(eg_data(NULL, all_V), before, sizeof before);
        for (int k = 0; k < NUM; k++) {
            eg_write(V, before[with_all ? k : 1], sizeof before[0]);
            eg_call(f, NULL, (const void *[]){&x[k]}, (void *[]){&one}, NULL);
            ck_assert_double_eq(one, sum[k]);
        }
    }
}
END_TEST

FN(draws)
{
    const eg_spec v = eg_vector(EG_F64, N), n = eg_vector(EG_I32, N);
    eg_val shape = eg_add(eg_abs(I(0)), 0.5);
    (void)user;
    return eg_tuple(
        eg, 3,
        (eg_val[]){eg_normal(eg, v, I(0), 1), eg_gamma(eg, v, shape, 2.0), eg_convert(eg_poisson(eg, n, 20), EG_F64)});
}

START_TEST(copies_draw_numbers_of_their_own)
{
    enum { NUM = 400 };
    static double in[NUM], out[3][NUM][N], again[3][NUM][N];
    eg_func *all = eg_vmap(TRACE(draws, eg_scalar(EG_F64)), NUM, NULL);
    fine();
    for (int way = 0; way < 2; way++) {
        eg_state *s = eg_state_new(eg);
        eg_call(all, s, (const void *[]){in},
                way ? (void *[]){again[0], again[1], again[2]} : (void *[]){out[0], out[1], out[2]},
                &(eg_run_options){.interpret = way});
        eg_state_free(s);
    }
    fine();
    ck_assert_mem_eq(out, again, sizeof out);
    const double mean[] = {0, 1, 20}, std[] = {1, sqrt(2), sqrt(20)}; /* of gamma(0.5, 2) */
    for (int r = 0; r < 3; r++) {
        double sum = 0, same = 0;
        for (int k = 0; k < NUM; k++) {
            for (int j = 0; j < N; j++) sum += out[r][k][j];
            same += k > 0 && !memcmp(out[r][k], out[r][k - 1], sizeof out[r][k]);
        }
        ck_assert_double_eq_tol(sum / (NUM * N), mean[r], 4.5 * std[r] / sqrt(NUM * N));
        ck_assert_double_eq(same, 0);
    }
}
END_TEST

/* -- with gradients ------------------------------------------------------------------------------------------------ */

FN(heaviside) { return (void)user, eg_convert(eg_ge(x, 0), EG_F64); }
FN(bell) { return (void)user, eg_mul(I(2), eg_exp(eg_neg(eg_square(I(0))))); }
FN(spike_step)
{
    eg_val u = eg_add(eg_mul(I(1), 0.9), I(2)), s = eg_custom_gradient(eg, heaviside, bell, user, eg_sub(u, 1));
    return PAIR(eg_sub(u, s), s);
}
/* v [N], rows [M, N] */
FN(spikes) { return eg_sum(eg_item(eg_loop(eg, M, spike_step, user, I(0), I(1)), 1)); }

START_TEST(gradients_of_copies_are_copies_of_gradients)
{
    enum { NUM = 4 };
    static double v[NUM][N], rows_[NUM][M][N], y[3][NUM], g[3][2][NUM][M][N];
    const eg_spec spec[] = {eg_vector(EG_F64, N), eg_matrix(EG_F64, M, N)}, seed = eg_vector(EG_F64, NUM);
    fill(v, many(spec[0], NUM), 1);
    fill(rows_, many(spec[1], NUM), 2);
    eg_func *f = TRACE(spikes, spec[0], spec[1]), *df = eg_gradient(f, NULL);
    eg_func *a = eg_vmap(df, NUM, NULL),
            *b = eg_gradient(eg_vmap(f, NUM, NULL), &(eg_gradient_options){.pullback = true});
    fine();
    double ones[NUM] = {1, 1, 1, 1};
    (void)seed;
    eg_call(a, NULL, (const void *[]){v, rows_}, (void *[]){y[0], g[0][0], g[0][1]}, NULL);
    eg_call(b, NULL, (const void *[]){v, rows_, ones}, (void *[]){y[1], g[1][0], g[1][1]}, NULL);
    double(*one)[N] = calloc(NUM * N, sizeof(double));
    for (int k = 0; k < NUM; k++)
        eg_call(df, NULL, (const void *[]){v[k], rows_[k]}, (void *[]){&y[2][k], one[k], g[2][1][k]}, NULL);
    fine();
    for (int k = 0; k < 2; k++) {
        ck_assert_mem_eq(y[k], y[2], sizeof y[k]);
        ck_assert_mem_eq(g[k][0], one, NUM * N * sizeof(double));
        ck_assert_mem_eq(g[k][1], g[2][1], sizeof g[k][1]);
    }
    ck_assert_double_ne(one[0][0], 0);
    free(one);
}
END_TEST

FN(root) { return (void)user, eg_sqrt(x); }
FN(thrice) { return (void)user, eg_mul(x, 3); }
FN(root_or_thrice) { return eg_cond(eg_gt(x, 0), root, thrice, user, x); }

START_TEST(an_arm_that_a_copy_did_not_choose_does_not_break_its_gradient)
{
    double x[] = {0, -1, 4}, ones[] = {1, 1, 1}, y[3], g[3];
    eg_func *f = eg_vmap(TRACE(root_or_thrice, eg_scalar(EG_F64)), 3, NULL);
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.pullback = true});
    fine();
    eg_call(df, NULL, (const void *[]){x, ones}, (void *[]){y, g}, NULL);
    fine();
    const double want[] = {3, 3, 0.25};
    ck_assert_mem_eq(g, want, sizeof g);
}
END_TEST

/* while (uniform < 0.8) count */
FN(drawn_low) { return (void)user, eg_lt(eg_uniform(eg, eg_scalar(EG_F64), 0, 1), eg_item(x, 1)); }
FN(count_turn) { return (void)user, PAIR(eg_add(I(0), 1), I(1)); }
FN(geometric)
{
    return eg_item(eg_while(eg, drawn_low, count_turn, user, PAIR(eg_full(eg, eg_scalar(EG_I32), 0), I(0))), 0);
}

START_TEST(draws_of_a_condition_are_those_of_its_turn)
{
    const double p[] = {0.8, 0.95, 0.5};
    int32_t all[3], one;
    eg_func *f = TRACE(geometric, eg_scalar(EG_F64)), *v = eg_vmap(f, 3, &(eg_vmap_options){.same_draws = true});
    fine();
    for (int way = 0; way < 2; way++) {
        eg_reset(eg, NULL);
        eg_call(v, NULL, (const void *[]){p}, (void *[]){all}, &(eg_run_options){.interpret = way});
        for (int k = 0; k < 3; k++) {
            eg_reset(eg, NULL);
            eg_call(f, NULL, (const void *[]){&p[k]}, (void *[]){&one}, NULL);
            ck_assert_int_eq(all[k], one);
        }
    }
    ck_assert_int_gt(all[1], 0);
    fine();
}
END_TEST

/* -- what cannot be ------------------------------------------------------------------------------------------------ */

FN(host_in_arm) { return eg_cond(eg_gt(eg_sum(x), 0), hosts, hosts, user, x); }
FN(deep) { return (void)user, eg_add(x, eg_zeros(eg, ((eg_spec){EG_F64, 6, {1, 1, 1, 1, 1, 1}}))); }
FN(sets_shared) { return (void)user, eg_set(w, eg_mul(x, eg_get(w))), x; }

START_TEST(what_cannot_be_says_so)
{
    const eg_spec v = eg_vector(EG_F64, N);
    w = eg_variable(eg, "w", v);
    V = eg_variable(eg, "V", eg_matrix(EG_F64, 3, N));
    eg_func *f = TRACE(sets_shared, v);
    ck_assert_ptr_null(eg_vmap(f, 3, NULL));
    SAYS(EG_ERR_ARGUMENT, "eg_vmap", "'w'", "options.vars");
    ck_assert_ptr_null(eg_vmap(f, 0, NULL));
    SAYS(EG_ERR_ARGUMENT, "sets_shared", "0 copies", "test_vmap.c");
    ck_assert_ptr_null(
        eg_vmap(f, 4, &(eg_vmap_options){.num_vars = 1, .vars = &(eg_vmap_variable){.one = w, .all = V}}));
    SAYS(EG_ERR_SHAPE, "'V'", "f64[3,5]", "axis of 4");
    ck_assert_ptr_null(
        eg_vmap(f, 4, &(eg_vmap_options){.num_vars = 1, .vars = &(eg_vmap_variable){.one = w, .all = NULL}}));
    SAYS(EG_ERR_ARGUMENT, "NULL");
    ck_assert_ptr_null(eg_vmap(f, 4, &(eg_vmap_options){.num_shared = 1, .shared = (const int[]){1}}));
    SAYS(EG_ERR_ARGUMENT, "no argument 1");
    eg_vmap_variable twice_V[] = {{.one = w, .all = V}, {.one = w, .all = V}};
    ck_assert_ptr_null(eg_vmap(f, 3, &(eg_vmap_options){.num_vars = 2, .vars = twice_V}));
    SAYS(EG_ERR_ARGUMENT, "'V' holds copies of two variables", "test_vmap.c");
    ck_assert_ptr_null(eg_vmap(f, 4, &(eg_vmap_options){.num_vars = 1}));
    SAYS(EG_ERR_ARGUMENT, "options.vars is missing");
    ck_assert_ptr_nonnull(
        eg_vmap(f, 3, &(eg_vmap_options){.num_vars = 1, .vars = &(eg_vmap_variable){.one = w, .all = V}}));
    fine();
    ck_assert_ptr_null(eg_vmap(TRACE(host_in_arm, v), 3, NULL));
    SAYS(EG_ERR_TYPE, "eg_vmap", "host_in_arm", "host: copies", "test_vmap.c");
    const eg_spec six = {EG_F64, 6, {1, 1, 1, 1, 1, 1}};
    ck_assert_ptr_null(eg_vmap(TRACE(deep, six), 3, NULL));
    SAYS(EG_ERR_SHAPE, "eg_vmap of 'deep': argument 0", "one more", "test_vmap.c");
    ck_assert_ptr_null(eg_vmap(NULL, 3, NULL));
}
END_TEST

static void open_all(void)
{
    const int64_t indptr[N + 1] = {0, 2, 2, 3, 5, 6};
    const int32_t indices[6] = {2, 0, 1, 1, 2, 0};
    setup();
    csr = eg_csr_new(eg, N, M, indptr, indices);
    fine();
}

int main(void)
{
    Suite *s = suite_create("vmap");
    TCase *c = tcase_create("vmap");
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, open_all, teardown);
    tcase_add_loop_test(c, a_copy_gives_the_bits_of_a_call, 0, (int)LEN(rows));
    tcase_add_test(c, each_copy_has_its_own_variables);
    tcase_add_test(c, copies_that_keep_variables_begin_with_them_in_each_call);
    tcase_add_test(c, copies_draw_numbers_of_their_own);
    tcase_add_test(c, gradients_of_copies_are_copies_of_gradients);
    tcase_add_test(c, an_arm_that_a_copy_did_not_choose_does_not_break_its_gradient);
    tcase_add_test(c, draws_of_a_condition_are_those_of_its_turn);
    tcase_add_test(c, what_cannot_be_says_so);
    suite_add_tcase(s, c);
    return test_run(s);
}
