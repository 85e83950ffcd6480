/* Complex values where they cross boundaries: literals, variables, arrays, arguments, results, tuples, loops, conds,
 * host calls, delays, text; operations that move elements, sums, products; what is not defined for them. */
#include <complex.h>

#include "engram/environment.h"
#include "engram/transform.h"
#include "unit/session.h"

#ifndef CMPLXF /* of C11, and not of every compiler */
#define CMPLXF(re, im) __builtin_complex((float)(re), (float)(im))
#endif
enum { N = 6 };
typedef float _Complex number;

#define C64V(n) eg_vector(EG_C64, n)

/* -- types and literals -------------------------------------------------------------------------------------------- */

static eg_val types(void *user, eg_val x)
{
    (void)user;
    eg_val b = eg_item(x, 0), i = eg_item(x, 1), f = eg_item(x, 2), d = eg_item(x, 3), z = eg_item(x, 4),
           w = eg_item(x, 5);
    const struct {
        eg_val v;
        eg_dtype t;
    } rows[] = {{eg_add(b, z), EG_C64},
                {eg_add(i, z), EG_C64},
                {eg_mul(f, z), EG_C64},
                {eg_mul(z, d), EG_C128},
                {eg_sub(z, w), EG_C128},
                {eg_div(f, w), EG_C128},
                {eg_add(z, 1), EG_C64},
                {eg_add(2.5, w), EG_C128},
                {eg_add(z, eg_complex(1, 2)), EG_C64},
                {eg_add(eg_complex(1, 2), w), EG_C128},
                {eg_mul(eg_complex(1, 2), f), EG_C64},
                {eg_mul(eg_complex(1, 2), d), EG_C128},
                {eg_mul(eg_complex(1, 2), i), EG_C64},
                {eg_mul(eg_complex(1, 2), b), EG_C64},
                {eg_complex(f, 1), EG_C64},
                {eg_complex(i, d), EG_C128},
                {eg_complex(i, i), EG_C64},
                {eg_abs(z), EG_F32},
                {eg_re(w), EG_F64},
                {eg_im(i), EG_F32},
                {eg_conj(d), EG_F64},
                {eg_angle(f), EG_F32},
                {eg_eq(z, w), EG_BOOL},
                {eg_isnan(z), EG_BOOL},
                {eg_convert(z, EG_BOOL), EG_BOOL},
                {eg_convert(z, EG_C128), EG_C128},
                {eg_convert(w, EG_C64), EG_C64},
                {eg_convert(b, EG_C64), EG_C64},
                {eg_where(b, z, 1), EG_C64},
                {eg_where(b, f, w), EG_C128},
                {eg_pow(z, 2), EG_C64},
                {eg_mean(z), EG_C64},
                {eg_sum(w), EG_C128},
                {eg_batch_mean(z), EG_C64},
                {eg_zeros(eg, eg_scalar(EG_C128)), EG_C128},
                {eg_iota(eg, 3, EG_C64), EG_C64}};
    for (size_t k = 0; k < LEN(rows); k++)
        ck_assert_msg(eg_spec_of(rows[k].v).dtype == rows[k].t, "row %zu: %s, not %s: %s", k,
                      eg_dtype_name(eg_spec_of(rows[k].v).dtype), eg_dtype_name(rows[k].t), eg_message(eg));
    return eg_nothing();
}

START_TEST(types_meet_in_one_that_holds_both)
{
    ck_assert_uint_eq(eg_dtype_size(EG_C64), 8);
    ck_assert_uint_eq(eg_dtype_size(EG_C128), 16);
    ck_assert_str_eq(eg_dtype_name(EG_C64), "c64");
    ck_assert_str_eq(eg_dtype_name(EG_C128), "c128");
    TRACE(types, eg_scalar(EG_BOOL), eg_scalar(EG_I32), eg_scalar(EG_F32), eg_scalar(EG_F64), eg_scalar(EG_C64),
          eg_scalar(EG_C128));
}
END_TEST

static eg_val literals(void *user, eg_val x)
{
    (void)user;
    eg_val w = eg_complex(0.1, 0.2);
    ck_assert_int_eq(eg_spec_of(w).dtype, EG_C64);
    double r = 0;
    ck_assert(eg_is_number(eg_re(w), &r) && r == 0.1);
    ck_assert(eg_is_number(eg_im(eg_conj(w)), &r) && r == -0.2);
    ck_assert(eg_is_number(eg_abs(eg_complex(3, 4)), &r) && r == 5);
    ck_assert(eg_is_number(eg_eq(eg_complex(3, 4), 3), &r) && r == 0);
    ck_assert(eg_is_number(eg_ne(eg_complex(3, 0), 3), &r) && r == 0);
    ck_assert(eg_is_number(eg_isinf(eg_complex(0, INFINITY)), &r) && r == 1);
    ck_assert(eg_is_number(eg_angle(eg_exp(eg_complex(0, 0.5))), &r) && fabs(r - 0.5) < 1e-15);
    eg_val v[] = {eg_mul(x, w),
                  eg_mul(x, eg_mul(w, eg_neg(eg_div(eg_complex(0, 2), eg_sub(3, eg_pow(eg_complex(0, 1), 2)))))),
                  eg_add(x, 1.0 + 2.0 * I), /* C's own */
                  eg_where(eg_eq(x, 0), eg_where(1, w, 3), x),
                  eg_add(x, eg_convert(0.1, EG_C64)),
                  eg_add(w, eg_re(x))};
    return eg_tuple(eg, LEN(v), v);
}

START_TEST(plain_complex_numbers_take_the_type_of_what_they_meet)
{
    double _Complex x[] = {1.0 - 3.0 * I, 0}, out[6][2];
    const double _Complex w = 0.1 + 0.2 * I;
    void *to[] = {out[0], out[1], out[2], out[3], out[4], out[5]};
    eg_state_free(run_on_new(TRACE(literals, eg_vector(EG_C128, 2)), IN(x), to, true));
    ck_assert(cabs(out[0][0] - x[0] * w) < 1e-15); /* 0.1 is no f32 */
    ck_assert(cabs(out[1][0] - x[0] * w * (-0.5 * I)) < 1e-15);
    ck_assert(out[2][0] == 2.0 - 1.0 * I);
    ck_assert(out[3][0] == x[0] && out[3][1] == w);
    ck_assert(out[4][1] == (double)0.1f);
    ck_assert(out[5][0] == 1.1 + 0.2 * I);
    ck_assert_ptr_null(eg_complex(1, 2).of); /* nothing is traced */
}
END_TEST

static eg_val plain_result(void *user, eg_val x)
{
    (void)user, (void)x;
    return eg_tuple(eg, 2, (eg_val[]){eg_complex(1, 2), eg_exp(eg_complex(0, 1))});
}

START_TEST(the_environment_says_the_type_of_complex_numbers)
{
    static const eg_environment e[] = {{.x64 = EG_X64_ON},
                                       {.x64 = EG_X64_OFF},
                                       {.complex_ = EG_C128},
                                       {.x64 = EG_X64_ON, .complex_ = EG_C64},
                                       {.float_ = EG_F64}};
    static const eg_dtype want[] = {EG_C128, EG_C64, EG_C128, EG_C64, EG_C64};
    ck_assert_int_eq(eg_get_environment(eg).complex_, EG_C64);
    for (size_t k = 0; k < LEN(e); k++) {
        eg_enter_environment(eg, &e[k]);
        ck_assert_int_eq(eg_get_environment(eg).complex_, want[k]);
        eg_func *f = TRACE(plain_result);
        ck_assert_int_eq(eg_result_spec(f, 0).dtype, want[k]);
        ck_assert_int_eq(eg_result_spec(f, 1).dtype, want[k]);
        if (k != 3) eg_leave_environment(eg);
    }
}
END_TEST

/* -- variables, arrays, arguments ---------------------------------------------------------------------------------- */

static eg_var *z_var, *w_var, *s_var;
static eg_array *constants;

static void make_objects(void)
{
    number c[N];
    z_var = eg_variable(eg, "z", C64V(N));
    w_var = eg_variable(eg, "w", eg_matrix(EG_C128, 2, 3));
    s_var = eg_variable(eg, "s", eg_scalar(EG_C64));
    for (int k = 0; k < N; k++) c[k] = (float)k - 2.0f * I;
    constants = eg_array_new(eg, C64V(N), c);
    fine();
}

static eg_val step(void *user, eg_val x)
{
    (void)user;
    eg_val z = eg_get(z_var);
    eg_set(z_var, eg_add(eg_mul(z, eg_get(s_var)), eg_constant(constants)));
    eg_set(w_var, eg_add(eg_get(w_var), eg_convert(eg_sum(eg_get(z_var)), EG_C128)));
    eg_set(s_var, eg_mul(eg_get(s_var), eg_complex(0, 1)));
    return x.of ? eg_mul(x, z) : z;
}

START_TEST(variables_and_arrays_hold_real_and_imaginary_part_side_by_side)
{
    make_objects();
    eg_func *f = TRACE(step, eg_scalar(EG_C64));
    const number x = 1.0f + 2.0f * I, s = 2.0f - 1.0f * I;
    number z[N], want[N], out[N];
    double _Complex w[6];
    for (int k = 0; k < N; k++) z[k] = 1.0f + (float)k * I;
    eg_init(z_var, z, sizeof z);
    eg_init(s_var, &s, sizeof s);
    eg_init_fill(w_var, 3);
    BOTH(f, IN(&x), out, "z", "w", "s");
    number sum = 0;
    for (int k = 0; k < N; k++) {
        ck_assert(out[k] == x * z[k]);
        want[k] = z[k] * s + ((float)k - 2.0f * I);
        sum += want[k];
    }
    ck_assert_mem_eq(eg_data(state, z_var), want, sizeof want);
    ck_assert(*(number *)eg_data(state, s_var) == s * I);
    memcpy(w, eg_data(state, w_var), sizeof w);
    for (int k = 0; k < 6; k++) ck_assert(w[k] == 3.0 + (double _Complex)sum);
    eg_fill(z_var, 7);
    eg_read(z_var, z, sizeof z);
    for (int k = 0; k < N; k++) ck_assert(z[k] == 7);
}
END_TEST

static eg_val filling(void *user, eg_val x)
{
    (void)user;
    eg_set(z_var, eg_complex(1, -1));
    eg_set(s_var, 2);
    eg_set(w_var, eg_complex(0.1, 0.2));
    return eg_tuple(eg, 3, (eg_val[]){eg_get(z_var), x, eg_get(s_var)});
}

START_TEST(numbers_fill_variables_and_values_pass_through)
{
    make_objects();
    eg_func *f = TRACE(filling, C64V(N));
    ck_assert_int_eq(eg_num_results(f), 3);
    ck_assert(eg_same_spec(eg_result_spec(f, 1), C64V(N)) && eg_same_spec(eg_result_spec(f, 2), eg_scalar(EG_C64)));
    number x[N] = {1, I, 3}, a[N], b[N], c;
    for (int interpret = 0; interpret < 2; interpret++) {
        eg_state *s = run_on_new(f, IN(x), (void *[]){a, b, &c}, interpret);
        ck_assert_mem_eq(x, b, sizeof x);
        ck_assert(a[5] == 1.0f - 1.0f * I && c == 2);
        ck_assert(((double _Complex *)eg_data(s, w_var))[5] == 0.1 + 0.2 * I);
        eg_state_free(s);
    }
    /* What only passes through is not taken apart. */
    ck_assert_ptr_null(strstr(eg_text(f), "slice"));
}
END_TEST

/* -- loops, conds, whiles ------------------------------------------------------------------------------------------ */

static eg_val body(void *user, eg_val x)
{
    (void)user;
    eg_val c = eg_item(x, 1), row = eg_item(x, 2);
    eg_val z = eg_item(c, 0), t = eg_item(c, 1);
    eg_set(s_var, eg_add(eg_get(s_var), z));
    eg_val next = eg_add(eg_mul(z, eg_complex(0, 1)), eg_sum(row));
    eg_val carry = eg_tuple(eg, 2, (eg_val[]){next, eg_add(t, 1)});
    return eg_tuple(eg, 2, (eg_val[]){carry, eg_tuple(eg, 2, (eg_val[]){eg_mul(row, z), t})});
}

static eg_val loops(void *user, eg_val x)
{
    (void)user;
    eg_val carry = eg_tuple(eg, 2, (eg_val[]){eg_complex(1, 1), eg_full(eg, eg_scalar(EG_F32), 0)});
    return eg_loop(eg, 4, body, NULL, carry, x);
}

START_TEST(loops_carry_stack_and_take_rows)
{
    make_objects();
    eg_func *f = TRACE(loops, eg_matrix(EG_C64, 4, 3));
    number x[4][3], y[2][4][3], last[2];
    float t[2], ts[2][4];
    for (int k = 0; k < 12; k++) x[k / 3][k % 3] = (float)k - 5.0f * I;
    for (int interpret = 0; interpret < 2; interpret++) {
        eg_state *s =
            run_on_new(f, IN(x), (void *[]){&last[interpret], &t[interpret], y[interpret], ts[interpret]}, interpret);
        number z = 1.0f + 1.0f * I, sum = 0;
        for (int i = 0; i < 4; i++) {
            sum += z;
            for (int k = 0; k < 3; k++) ck_assert(y[interpret][i][k] == x[i][k] * z);
            z = z * I + x[i][0] + x[i][1] + x[i][2];
        }
        ck_assert(last[interpret] == z && t[interpret] == 4 && ts[interpret][3] == 3);
        ck_assert(*(number *)eg_data(s, s_var) == sum);
        eg_state_free(s);
    }
    ck_assert_ptr_null(strstr(eg_text(f), "complex f"));
}
END_TEST

static eg_val turn(void *user, eg_val z)
{
    (void)user;
    eg_set(z_var, eg_mul(eg_get(z_var), 2));
    return eg_mul(z, eg_complex(0, 2));
}
static eg_val keep(void *user, eg_val z)
{
    (void)user;
    return eg_conj(z);
}
static eg_val small(void *user, eg_val z)
{
    (void)user;
    return eg_lt(eg_abs(eg_row(z, 0)), 50);
}

static eg_val branches(void *user, eg_val x)
{
    (void)user;
    eg_val z = eg_cond(eg_gt(eg_re(eg_row(x, 0)), 0), turn, keep, NULL, x);
    return eg_while(eg, small, turn, NULL, z);
}

START_TEST(conds_and_whiles_give_complex_values)
{
    make_objects();
    eg_func *f = TRACE(branches, C64V(N));
    eg_init_fill(z_var, 1);
    for (int sign = -1; sign < 2; sign += 2) {
        number x[N], out[N], z;
        for (int k = 0; k < N; k++) x[k] = (float)(sign * (k + 1)) + 1.0f * I;
        BOTH(f, IN(x), out, "z");
        int turns = sign > 0;
        z = sign > 0 ? x[0] * 2.0f * I : conjf(x[0]);
        for (; cabsf(z) < 50; turns++) z *= 2.0f * I;
        ck_assert(out[0] == z);
        ck_assert(*(number *)eg_data(state, z_var) == (float)(1 << turns));
    }
}
END_TEST

/* -- moving elements ----------------------------------------------------------------------------------------------- */

/* Each is done to a complex value, and to real ones that hold its parts. */
#define MOVES(X)                                                                                                       \
    X(reshape, eg_reshape(x, 2, -1))                                                                                   \
    X(transpose, eg_transpose(x))                                                                                      \
    X(swap, eg_swap_axes(x, 0, 1))                                                                                     \
    X(new_axis, eg_new_axis(x, 1))                                                                                     \
    X(broadcast, eg_broadcast(x, 2, 3, 4))                                                                             \
    X(slice, eg_slice(x, 1, 3, EG_END, -2))                                                                            \
    X(slice_at, eg_slice_at(x, 1, i, 2))                                                                               \
    X(row, eg_row(x, i))                                                                                               \
    X(flip, eg_flip(x, -1))                                                                                            \
    X(roll, eg_roll(x, 1, 1))                                                                                          \
    X(pad, eg_pad(x, 1, 1, 2, 0))                                                                                      \
    X(concat, eg_concat(0, x, eg_mul(x, 2)))                                                                           \
    X(stack, eg_stack(2, x, eg_flip(x, 0)))                                                                            \
    X(gather, eg_gather(x, eg_add(eg_iota(eg, 5, EG_I32), eg_convert(i, EG_I32)), 0))                                  \
    X(scatter, eg_scatter_add(x, eg_convert(eg_iota(eg, 2, EG_I32), EG_I64), eg_row(x, 1)))                            \
    X(update, eg_update_slice(x, eg_slice(x, 1, 0, 2, 1), 1, i))                                                       \
    X(update_row, eg_update_row(x, i, eg_row(x, 0)))                                                                   \
    X(sum, eg_sum(x, 1))                                                                                               \
    X(sum_all, eg_sum(x))                                                                                              \
    X(mean, eg_mean_axes(x, 1, ((const int[]){0}), true))                                                              \
    X(cumsum, eg_cumsum(x, 1))                                                                                         \
    X(stop, eg_stop_gradient(x))

#define X(name, moved)                                                                                                 \
    static eg_val move_##name(eg_val x, eg_val i) { return (void)i, moved; }
MOVES(X)
#undef X

typedef struct move {
    const char *name;
    eg_val (*fn)(eg_val x, eg_val i);
} move;
static const move moves[] = {
#define X(name, moved) {#name, move_##name},
    MOVES(X)
#undef X
};

static eg_val all_moved(void *user, eg_val x)
{
    const move *m = user;
    eg_val i = eg_item(x, 3), v[3];
    for (int k = 0; k < 3; k++) v[k] = m->fn(eg_item(x, k), i);
    return eg_tuple(eg, 3, v);
}

START_TEST(what_moves_elements_moves_both_parts)
{
    const move *m = &moves[_i];
    const eg_spec args[] = {eg_matrix(EG_C64, 3, 4), eg_matrix(EG_F32, 3, 4), eg_matrix(EG_F32, 3, 4),
                            eg_scalar(EG_I64)};
    eg_func *f = eg_trace(eg, m->name, all_moved, (void *)(uintptr_t)m, 4, args);
    ck_assert_msg(f != NULL, "%s: %s", m->name, eg_message(eg));
    number z[12], got[64];
    float re[12], im[12], want[2][64];
    const int64_t i = 1;
    for (int k = 0; k < 12; k++) {
        re[k] = (float)k * 0.7f - 3;
        im[k] = (float)(k * k) * 0.3f;
        z[k] = CMPLXF(re[k], im[k]);
    }
    eg_spec seen = eg_result_spec(f, 0), part = eg_result_spec(f, 1);
    ck_assert_int_eq(seen.dtype, EG_C64);
    seen.dtype = EG_F32;
    ck_assert(eg_same_spec(seen, part));
    for (int interpret = 0; interpret < 2; interpret++) {
        eg_state_free(run_on_new(f, IN(z, re, im, &i), (void *[]){got, want[0], want[1]}, interpret));
        for (size_t k = 0; k < bytes_of(part) / 4; k++)
            ck_assert_msg(crealf(got[k]) == want[0][k] && cimagf(got[k]) == want[1][k], "%s: element %zu", m->name, k);
    }
}
END_TEST

static eg_val products(void *user, eg_val x)
{
    (void)user;
    eg_val a = eg_item(x, 0), b = eg_item(x, 1), r = eg_re(b), v[5];
    v[0] = eg_dot(a, b);
    v[1] = eg_dot(a, r);
    v[2] = eg_dot(eg_re(a), b);
    v[3] = eg_outer(eg_row(a, 0), eg_row(b, 1));
    v[4] = eg_dot(eg_row(a, 1), eg_conj(eg_row(a, 1)));
    return eg_tuple(eg, 5, v);
}

START_TEST(products_of_matrices_are_those_of_complex_numbers)
{
    enum { M = 3, K = 4, P = 2 };
    eg_func *f = TRACE(products, eg_matrix(EG_C128, M, K), eg_matrix(EG_C128, K, P));
    double _Complex a[M][K], b[K][P], out[2][3][M][P], outer[2][K][P], norm[2];
    for (int k = 0; k < M * K; k++) a[k / K][k % K] = sin(k) + cos(2 * k) * I;
    for (int k = 0; k < K * P; k++) b[k / P][k % P] = cos(k) - sin(3 * k) * I;
    for (int way = 0; way < 2; way++) {
        void *to[] = {out[way][0], out[way][1], out[way][2], outer[way], &norm[way]};
        eg_state_free(run_on_new(f, IN(a, b), to, way));
    }
    ck_assert_mem_eq(out[0], out[1], sizeof out[0]);
    ck_assert_mem_eq(outer[0], outer[1], sizeof outer[0]);
    ck_assert_mem_eq(&norm[0], &norm[1], sizeof norm[0]);
    for (int m = 0; m < M; m++) {
        for (int p = 0; p < P; p++) {
            double _Complex want[3] = {0, 0, 0};
            for (int k = 0; k < K; k++) {
                want[0] += a[m][k] * b[k][p];
                want[1] += a[m][k] * creal(b[k][p]);
                want[2] += creal(a[m][k]) * b[k][p];
            }
            for (int v = 0; v < 3; v++) ck_assert(cabs(out[0][v][m][p] - want[v]) < 1e-14);
        }
    }
    for (int k = 0; k < K; k++) ck_assert(cabs(outer[0][k][1] - a[0][k] * b[1][1]) < 1e-15);
    double size = 0;
    for (int k = 0; k < K; k++) size += creal(a[1][k] * conj(a[1][k]));
    ck_assert(cabs(norm[0] - size) < 1e-14);
}
END_TEST

/* -- calls, delays, text ------------------------------------------------------------------------------------------- */

static int twice(void *user, const void *const *in, void *const *out)
{
    (void)user;
    const number *z = in[0];
    for (int k = 0; k < N; k++) ((number *)out[0])[k] = 2 * z[k];
    *(double _Complex *)out[1] = z[1] * z[2];
    return 0;
}

static eg_val hosted(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_host(eg, "twice", twice, NULL, 1, &x, 2, (const eg_spec[]){C64V(N), eg_scalar(EG_C128)});
    return eg_add(eg_item(y, 0), eg_convert(eg_item(y, 1), EG_C64));
}

static eg_val applied(void *user, eg_val x) { return eg_apply(user, eg_mul(x, eg_complex(0, 1))); }

START_TEST(host_functions_and_applied_ones_take_and_give_them)
{
    eg_func *f = TRACE(hosted, C64V(N));
    eg_func *g = eg_trace(eg, "applied", applied, f, 1, (const eg_spec[]){C64V(N)});
    fine();
    number x[N], out[N];
    for (int k = 0; k < N; k++) x[k] = (float)k + 1.0f * I;
    BOTH(g, IN(x), out);
    for (int k = 0; k < N; k++) ck_assert(out[k] == 2 * I * x[k] + I * x[1] * I * x[2]);
}
END_TEST

static eg_val applied_step(void *user, eg_val x)
{
    eg_val carry = eg_apply(user, eg_item(x, 1));
    return eg_tuple(eg, 2, (eg_val[]){eg_sum(carry), eg_nothing()});
}
static eg_val applied_in_loop(void *user, eg_val x)
{
    return eg_item(eg_loop(eg, 3, applied_step, user, x, eg_nothing()), 0);
}

START_TEST(functions_applied_in_loops_pack_nothing_in_a_step)
{
    make_objects();
    eg_func *one = TRACE(step, eg_scalar(EG_C64));
    eg_func *f = eg_trace(eg, "loop", applied_in_loop, one, 1, (const eg_spec[]){eg_scalar(EG_C64)});
    fine();
    const char *text = eg_text(f), *loop = strstr(text, " = loop"), *end = loop ? strstr(loop, "  }\n") : NULL;
    ck_assert_msg(end && strstr(end, " = concat"), "%s", text); /* behind the loop */
    ck_assert_msg(strstr(loop, " = concat") > end, "%s", text);
    number x = 1.0f + 1.0f * I, out[2], z[N];
    const number s = 0.5f + 0.25f * I;
    for (int k = 0; k < N; k++) z[k] = (float)k * I;
    eg_init(z_var, z, sizeof z);
    eg_init(s_var, &s, sizeof s);
    BOTH(f, IN(&x), out, "z", "w", "s");
    eg_reset(eg, NULL);
    for (int t = 0; t < 3; t++) {
        ck_assert_int_eq(eg_call(one, NULL, IN(&x), (void *[]){z}, NULL), EG_OK);
        x = 0;
        for (int k = 0; k < N; k++) x += z[k];
    }
    ck_assert(cabsf(out[0] - x) < 1e-4f * cabsf(x));
    ck_assert_mem_eq(eg_data(state, z_var), eg_data(NULL, z_var), sizeof z);
}
END_TEST

static eg_delay *line_of_z;
static eg_val delayed(void *user, eg_val x)
{
    (void)user;
    eg_val z = eg_item(x, 0);
    eg_delay_push(line_of_z, z);
    return eg_add(eg_delay_read(line_of_z, 1), eg_delay_read(line_of_z, eg_item(x, 1)));
}

START_TEST(delays_remember_complex_values)
{
    line_of_z = eg_delay_new(eg, "d", C64V(3), 3);
    eg_func *f = TRACE(delayed, C64V(3), eg_vector(EG_I32, 3));
    const int32_t lag[] = {0, 2, 3};
    ck_assert_int_eq(eg_variable_spec(eg_delay_ring(line_of_z)).dtype, EG_C64);
    ck_assert_int_eq(eg_variable_spec(eg_delay_ring(line_of_z)).rank, 2);
    number x[3], out[3];
    eg_state *s[] = {eg_state_new(eg), eg_state_new(eg)};
    for (int t = 0; t < 6; t++) {
        for (int k = 0; k < 3; k++) x[k] = (float)(t + 1) + (float)k * I;
        for (int way = 0; way < 2; way++) {
            ck_assert_int_eq(eg_call(f, s[way], IN(x, lag), (void *[]){out}, &(eg_run_options){.interpret = way}),
                             EG_OK);
            for (int k = 0; k < 3; k++) {
                number want = t >= 1 ? (float)t + (float)k * I : 0;
                if (t >= lag[k]) want += (float)(t + 1 - lag[k]) + (float)k * I;
                ck_assert(out[k] == want);
            }
        }
    }
}
END_TEST

START_TEST(text_reads_back_with_its_types)
{
    make_objects();
    eg_func *f = TRACE(step, eg_scalar(EG_C64));
    const char *text = eg_text(f);
    ck_assert_ptr_nonnull(strstr(text, "arg c64\n"));
    ck_assert_ptr_nonnull(strstr(text, "variable c64[6] \"z\""));
    ck_assert_ptr_nonnull(strstr(text, "array c64[6]"));
    ck_assert_ptr_nonnull(strstr(text, "result complex %"));
    eg_func *back = eg_parse(eg, text);
    ck_assert_msg(back != NULL, "%s\n%s", eg_message(eg), text);
    ck_assert_str_eq(eg_text(back), text);
    ck_assert(eg_same_spec(eg_result_spec(back, 0), C64V(N)));
    const number x = 2;
    number z[N] = {1, I}, out[2][N];
    eg_init(z_var, z, sizeof z);
    BOTH(f, IN(&x), out[0], "z");
    BOTH(back, IN(&x), out[1], "z");
    ck_assert_mem_eq(out[0], out[1], sizeof out[0]);
    static const char *const bad[] = {
        "engram 1\narg c64\n%1 = arg c64 #0\nresult %1\n", /* a node is real */
        "engram 1\narg f32[3]\n%1 = arg f32[3] #0\nresult complex %1\n",
        "engram 1\narg f32[2]\n%1 = arg f32[2] #0\nresult complex\n",
        "engram 1\narg f32\narg f32\n%1 = arg f32 #0\n%2 = arg f32 #1\n%3 = complex c64 %1 %2\nresult\n"};
    for (size_t k = 0; k < LEN(bad); k++) {
        ck_assert_ptr_null(eg_parse(eg, bad[k]));
        SAYS(EG_ERR_ARGUMENT, "text of a graph");
    }
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

#define NOT_DEFINED(X)                                                                                                 \
    X(eg_lt(z, 1))                                                                                                     \
    X(eg_ge(1, z))                                                                                                     \
    X(eg_min(z, z))                                                                                                    \
    X(eg_max(z, 1))                                                                                                    \
    X(eg_floor(z))                                                                                                     \
    X(eg_round(z))                                                                                                     \
    X(eg_sign(z))                                                                                                      \
    X(eg_sqrt(z))                                                                                                      \
    X(eg_log(z))                                                                                                       \
    X(eg_tanh(z))                                                                                                      \
    X(eg_sin(z))                                                                                                       \
    X(eg_mod(z, 2))                                                                                                    \
    X(eg_fmod(z, 2))                                                                                                   \
    X(eg_pow(z, 0.5))                                                                                                  \
    X(eg_pow(2, z))                                                                                                    \
    X(eg_atan2(z, z))                                                                                                  \
    X(eg_hypot(z, z))                                                                                                  \
    X(eg_and(z, 1))                                                                                                    \
    X(eg_not(z))                                                                                                       \
    X(eg_shl(z, 1))                                                                                                    \
    X(eg_fma(z, z, z))                                                                                                 \
    X(eg_clip(z, 0, 1))                                                                                                \
    X(eg_prod(z))                                                                                                      \
    X(eg_amin(z))                                                                                                      \
    X(eg_amax(z, 0))                                                                                                   \
    X(eg_variance(z))                                                                                                  \
    X(eg_logsumexp(z))                                                                                                 \
    X(eg_argmin(z, 0))                                                                                                 \
    X(eg_argmax(z, 0))                                                                                                 \
    X(eg_sort(z, 0))                                                                                                   \
    X(eg_argsort(z, 0))                                                                                                \
    X(eg_complex(z, 1))                                                                                                \
    X(eg_lt(eg_complex(1, 2), 1))                                                                                      \
    X(eg_sqrt(eg_complex(1, 2)))                                                                                       \
    X(eg_prod(eg_complex(1, 2)))                                                                                       \
    X(eg_pow(eg_complex(1, 2), 0.5))                                                                                   \
    X(eg_event(csr, z, 1))                                                                                             \
    X(eg_event(csr, eg_re(z), eg_complex(1, 2)))

static eg_val not_defined(void *user, eg_val z)
{
    (void)user;
    eg_csr *csr = eg_csr_new(eg, N, N, (const int64_t[N + 1]){0}, (const int32_t[]){0});
#define X(call)                                                                                                        \
    ck_assert_msg((call).of == NULL, "%s", #call);                                                                     \
    SAYS(EG_ERR_TYPE, "is not defined for complex values", "eg_abs", "test_complex.c:");
    NOT_DEFINED(X)
#undef X
    return z;
}

#define WRONG(X)                                                                                                       \
    X(TYPE, eg_convert(z, EG_F32), "eg_convert", "would lose its imaginary part in f32")                               \
    X(TYPE, eg_convert(z, EG_I32), "eg_convert", "would lose its imaginary part in i32")                               \
    X(TYPE, eg_full(eg, eg_scalar(EG_F32), eg_complex(1, 2)), "1+2i", "would lose its imaginary part")                 \
    X(TYPE, eg_update_row(eg_re(z), 0, eg_complex(1, 2)), "does not go into", "f32[6]")                                \
    X(TYPE, eg_gather(eg_re(z), z, 0), "the index is", "c64[6]")                                                       \
    X(TYPE, eg_one_hot(z, 3, EG_F32), "the index is", "c64[6]")                                                        \
    X(SHAPE, eg_complex(eg_re(z), eg_iota(eg, 5, EG_F32)), "eg_complex", "broadcast")                                  \
    X(ARGUMENT, eg_reshape(eg_complex(1, 2), 1), "plain number 1+2i", "eg_full")                                       \
    X(SHAPE, eg_reshape(z, 4), "c64[6]", "eg_reshape")

static eg_val wrong(void *user, eg_val z)
{
    (void)user;
#define X(status, call, ...)                                                                                           \
    ck_assert_msg((call).of == NULL, "%s", #call);                                                                     \
    SAYS(EG_ERR_##status, __VA_ARGS__, "test_complex.c:");
    WRONG(X)
#undef X
    eg_set(eg_variable(eg, "r", eg_vector(EG_F32, N)), z);
    SAYS(EG_ERR_TYPE, "eg_set: 'r' is f32, the value is c64");
    eg_set(eg_variable(eg, "z", C64V(N)), eg_re(z));
    SAYS(EG_ERR_TYPE, "eg_set: 'z' is c64, the value is f32");
    return z;
}

START_TEST(what_is_not_defined_is_an_error_that_names_operation_and_value) { TRACE(not_defined, C64V(N)); }
END_TEST

START_TEST(misuse_is_named) { TRACE(wrong, C64V(N)); }
END_TEST

static eg_val as_it_is(void *user, eg_val x)
{
    (void)user;
    return x;
}
static eg_val axes(void *user, eg_val x)
{
    (void)user;
    return eg_reshape(x, 1, 1, 1, 1, 1, N);
}
static eg_val real_carry(void *user, eg_val x)
{
    (void)user;
    return eg_tuple(eg, 2, (eg_val[]){eg_abs(eg_item(x, 1)), eg_nothing()});
}
static eg_val pair_carry(void *user, eg_val x)
{
    (void)user;
    eg_val z = eg_item(x, 1), two = eg_tuple(eg, 2, (eg_val[]){eg_re(z), eg_im(z)});
    return eg_tuple(eg, 2, (eg_val[]){two, eg_nothing()});
}
static eg_val bad_loop(void *user, eg_val x) { return eg_loop(eg, 3, *(eg_fn *)user, NULL, x, eg_nothing()); }
static eg_val real_arm(void *user, eg_val x)
{
    (void)user;
    return eg_re(x);
}
static eg_val bad_cond(void *user, eg_val x)
{
    (void)user;
    return eg_cond(eg_gt(eg_abs(eg_row(x, 0)), 1), NULL, real_arm, NULL, x);
}
static eg_val bad_arms(void *user, eg_val x)
{
    (void)user;
    return eg_cond(eg_gt(eg_abs(eg_row(x, 0)), 1), as_it_is, real_arm, NULL, x);
}

START_TEST(boundaries_name_what_does_not_fit)
{
    ck_assert_ptr_null(eg_variable(eg, "v", (eg_spec){.dtype = EG_C64, .rank = EG_MAX_RANK}));
    SAYS(EG_ERR_SHAPE, "eg_variable 'v'", "rank 6 of complex numbers");
    eg_spec spec = C64V(N);
    ck_assert_ptr_null(eg_trace(eg, "axes", axes, NULL, 1, &spec));
    SAYS(EG_ERR_SHAPE, "a complex value of 6 axes cannot be stored");
    eg_fn bodies[] = {real_carry, pair_carry};
    ck_assert_ptr_null(eg_trace(eg, "f", bad_loop, &bodies[0], 1, &spec));
    SAYS(EG_ERR_SHAPE, "eg_loop: a carried value: c64[6] becomes f32[6]");
    ck_assert_ptr_null(eg_trace(eg, "f", bad_loop, &bodies[1], 1, &spec));
    SAYS(EG_ERR_SHAPE, "eg_loop: a carried value: c64[6] becomes f32[6]");
    ck_assert_ptr_null(eg_trace(eg, "f", bad_arms, NULL, 1, &spec));
    SAYS(EG_ERR_SHAPE, "eg_cond: a result of the second branch: c64[6] becomes f32[6]");
    ck_assert_ptr_null(eg_trace(eg, "f", bad_cond, NULL, 1, &spec));
    SAYS(EG_ERR_TYPE, "eg_cond");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("complex");
    TCase *t = tcase_create("complex");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, types_meet_in_one_that_holds_both);
    tcase_add_test(t, plain_complex_numbers_take_the_type_of_what_they_meet);
    tcase_add_test(t, the_environment_says_the_type_of_complex_numbers);
    tcase_add_test(t, variables_and_arrays_hold_real_and_imaginary_part_side_by_side);
    tcase_add_test(t, numbers_fill_variables_and_values_pass_through);
    tcase_add_test(t, loops_carry_stack_and_take_rows);
    tcase_add_test(t, conds_and_whiles_give_complex_values);
    tcase_add_loop_test(t, what_moves_elements_moves_both_parts, 0, (int)LEN(moves));
    tcase_add_test(t, products_of_matrices_are_those_of_complex_numbers);
    tcase_add_test(t, host_functions_and_applied_ones_take_and_give_them);
    tcase_add_test(t, functions_applied_in_loops_pack_nothing_in_a_step);
    tcase_add_test(t, delays_remember_complex_values);
    tcase_add_test(t, text_reads_back_with_its_types);
    tcase_add_test(t, what_is_not_defined_is_an_error_that_names_operation_and_value);
    tcase_add_test(t, misuse_is_named);
    tcase_add_test(t, boundaries_name_what_does_not_fit);
    suite_add_tcase(s, t);
    return test_run(s);
}
