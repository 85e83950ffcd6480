/* Graphs by hand that tempt the planner: what is overwritten while somebody still needs it, views of it, lists of
 * spikes through regions, empty arrays, the ends of number ranges. */
#include "corners.h"

/* -- in place, with later readers ---------------------------------------------------------------------------------- */

static eg_val row_replaced_old_sum_read(void *user, eg_val args)
{
    (void)user;
    eg_val old = eg_get(m);
    eg_set(m, eg_update_row(old, eg_mod(arg_count(args), (int64_t)ROWS), arg_x(args)));
    eg_set(total, eg_sum(old));
    return list3(eg_sum(eg_get(m), 0), eg_slice(old, 0, 1, 4, 2), eg_flip(old, 1));
}

static eg_val part_of_itself_moved(void *user, eg_val args)
{
    (void)user;
    eg_val x = eg_get(v[0]), half = eg_slice(x, 0, 0, (N + 1) / 2, 1);
    eg_val a = eg_update_slice(x, half, 0, eg_sub(arg_count(args), 1));
    eg_val b = eg_update_slice(a, eg_flip(eg_slice(a, 0, N / 2, N, 1), 0), 0, INT64_MIN);
    eg_set(v[0], eg_update_slice(b, eg_mul(half, 2), 0, INT64_MAX));
    return list2(half, eg_sub(a, x));
}

static eg_val chain_step(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_item(x, 0), a = eg_get(m);
    eg_val b = eg_update_row(a, eg_mod(i, (int64_t)ROWS), eg_get(v[0]));
    eg_val c = eg_update_row(b, eg_mod(eg_mul(i, 3), (int64_t)ROWS), eg_mul(eg_row(a, 2), 0.5));
    eg_set(v[0], eg_add(eg_row(b, 1), eg_row(c, 3)));
    eg_set(m, eg_scatter_add(c, eg_mod(i, (int64_t)7), eg_get(v[1])));
    eg_set(total, eg_sum(b));
    return pair(none(), eg_row(a, 4));
}
static eg_val chain_of_updates_in_a_loop(void *user, eg_val args)
{
    (void)user;
    (void)args;
    return eg_item(eg_loop(eg, 9, chain_step, NULL, none(), none()), 1);
}

static eg_val swap_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val a = eg_get(v[0]), b = eg_get(v[1]), c = eg_get(v[2]);
    eg_set(v[0], b);
    eg_set(v[1], eg_flip(c, 0));
    eg_set(v[2], eg_add(a, eg_flip(b, 0)));
    eg_set(v[3], eg_flip(eg_get(v[0]), 0));
    return pair(none(), eg_slice(a, 0, 0, 3, 1));
}
static eg_val variables_go_round(void *user, eg_val args)
{
    (void)user;
    eg_val rows = eg_item(eg_loop(eg, 5, swap_step, NULL, none(), none()), 1);
    STEPS(arg_count(args), swap_step, args);
    return rows;
}

static eg_val results_are_old_values(void *user, eg_val args)
{
    (void)user;
    eg_val a = eg_get(v[0]), b = eg_get(v[1]);
    eg_set(v[0], b);
    eg_set(v[1], eg_add(a, b));
    eg_set(v[2], arg_x(args));
    eg_set(v[3], eg_get(v[2]));
    eg_set(total, eg_sum(a));
    return eg_tuple(eg, 7, ((eg_val[]){a, b, a, arg_x(args), eg_get(v[1]), eg_get(v[1]), eg_get(total)}));
}

static eg_val set_to_numbers(void *user, eg_val args)
{
    (void)user;
    eg_val old = eg_get(v[0]);
    eg_set(v[0], 1.5);
    eg_set(v[1], eg_convert(eg_iota(eg, N, EG_I32), T));
    eg_set(v[2], eg_broadcast(eg_convert(arg_count(args), T), N));
    eg_set(v[3], eg_add(old, eg_flip(eg_get(v[1]), 0)));
    return list2(eg_get(v[0]), eg_get(v[2]));
}

static eg_val gathered_step(void *user, eg_val x)
{
    eg_val index = arg_index(ARGS_OF(user));
    (void)x;
    eg_val a = eg_get(v[0]);
    if (N) eg_set(v[0], eg_gather(a, index, 0));
    eg_set(v[1], eg_scatter_add(a, index, eg_mul(a, 0.25)));
    eg_set(v[2], eg_scatter_add(eg_get(v[2]), index, eg_get(v[1])));
    eg_set(m, eg_transpose(eg_scatter_add(eg_transpose(eg_get(m)), index, eg_transpose(eg_get(m)))));
    return none();
}
static eg_val gathered_and_scattered_onto_itself(void *user, eg_val args)
{
    (void)user;
    eg_loop(eg, 3, gathered_step, &args, none(), none());
    eg_set(v[3], eg_scatter_add(eg_get(v[3]), arg_big(args), 2));
    return N ? list2(eg_gather(eg_get(v[0]), arg_big(args), 0), eg_gather(eg_get(m), arg_index(args), 1)) : none();
}

/* -- views --------------------------------------------------------------------------------------------------------- */

static eg_val views_of_views(void *user, eg_val args)
{
    (void)user;
    eg_val a = eg_get(m), t = eg_transpose(a), f = eg_flip(eg_slice(t, 1, 4, EG_END, -2), 0);
    eg_val r = eg_reshape(eg_slice(a, 0, 1, 3, 1), -1), b = eg_broadcast(eg_get(v[0]), 3, N);
    eg_set(m, eg_add(a, eg_mul(eg_flip(a, 0), 0.5)));
    eg_set(v[0], eg_sub(eg_get(v[0]), eg_row(eg_flip(b, 1), 1)));
    return list4(f, eg_flip(r, 0), eg_transpose(b), eg_slice_at(eg_row(a, 3), 0, eg_mul(arg_count(args), 1000), N / 3));
}

static eg_val square_step(void *user, eg_val x)
{
    eg_val i = eg_item(x, 0), a = eg_item(x, 1);
    (void)user;
    eg_val t = eg_transpose(a), part = eg_slice_at(a, 0, i, 2);
    eg_val next = eg_update_slice(t, eg_mul(eg_flip(part, 1), 0.5), 0, eg_sub(3, i));
    return pair(next, eg_row(a, eg_sub(4, i)));
}
static eg_val transposed_in_place(void *user, eg_val args)
{
    (void)user;
    eg_val a = N < ROWS ? eg_zeros(eg, eg_matrix(T, ROWS, ROWS)) : eg_slice(eg_get(m), 1, 0, ROWS, 1);
    (void)args;
    eg_val out = eg_loop(eg, 6, square_step, NULL, a, none());
    eg_val b = eg_item(out, 0);
    return list3(b, eg_item(out, 1), eg_dot(eg_transpose(b), b));
}

static eg_val rows_step(void *user, eg_val x)
{
    (void)user;
    eg_val carry = eg_item(x, 1), row = eg_item(eg_item(x, 2), 0), other = eg_item(eg_item(x, 2), 1);
    eg_val next = eg_add(eg_flip(carry, 0), eg_mul(row, 0.5));
    eg_set(v[0], eg_sub(eg_flip(row, 0), other));
    return pair(next, list3(carry, eg_sum(next), eg_slice(row, 0, 0, (N + 1) / 2, 1)));
}
static eg_val rows_of_rotated_sequences(void *user, eg_val args)
{
    (void)user;
    eg_val a = eg_get(m);
    eg_val out = eg_loop(eg, ROWS, rows_step, NULL, arg_x(args), list2(eg_flip(a, 0), eg_roll(a, 1, 1)));
    eg_val y = eg_item(out, 1), again = eg_loop(eg, ROWS, rows_step, NULL, eg_item(out, 0), list2(eg_item(y, 0), a));
    eg_set(m, eg_item(y, 0));
    return list4(eg_item(again, 0), eg_item(eg_item(again, 1), 0), eg_item(y, 1), eg_item(y, 2));
}

/* -- rotated states ------------------------------------------------------------------------------------------------ */

static eg_val decays_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val a = eg_mul(eg_get(g[0]), 0.75), b = eg_mul(eg_get(g[1]), 0.5);
    eg_val half = eg_mul(a, 0.5), V = eg_add(eg_mul(eg_get(v[0]), 0.9), eg_sub(half, b));
    eg_val spike = eg_gt(V, 0.5);
    eg_set(v[0], eg_where(spike, eg_flip(V, 0), V));
    eg_set(g[0], eg_event_add(half, csr[0], spike, 0.25));
    eg_set(g[1], eg_event_add(b, csr[1], spike, 0.125));
    return pair(none(), list2(eg_slice(eg_get(g[0]), 0, 0, 5, 1), eg_sum(a)));
}
static eg_val two_decays_and_a_reader(void *user, eg_val args)
{
    (void)user;
    eg_val out = eg_item(eg_loop(eg, 11, decays_step, NULL, none(), none()), 1);
    STEPS(arg_count(args), decays_step, args);
    return list3(eg_item(out, 0), eg_item(out, 1), eg_flip(eg_get(g[0]), 0));
}

static eg_val read_flipped_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val a = eg_mul(eg_get(g[0]), 0.75), next = eg_event_add(a, csr[0], eg_get(fired[0]), 0.25);
    eg_set(g[0], next);
    eg_set(v[0], eg_add(eg_get(v[0]), eg_flip(next, 0)));
    eg_set(v[1], eg_add(eg_mul(eg_get(v[1]), 0.5), next));
    eg_set(fired[0], eg_gt(eg_get(v[1]), 0));
    return none();
}
static eg_val rotated_value_read_flipped(void *user, eg_val args)
{
    (void)user;
    eg_loop(eg, 7, read_flipped_step, NULL, none(), none());
    eg_set(v[2], eg_flip(eg_get(g[0]), 0));
    (void)args;
    return eg_get(g[0]);
}

/* -- spikes -------------------------------------------------------------------------------------------------------- */

static eg_val spikes_step(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_item(x, 0), s = eg_get(fired[0]), t = eg_get(fired[1]);
    eg_set(g[0], eg_event_add(eg_event_add(eg_get(g[0]), csr[0], s, 0.25), csr[0], s, 0.25));
    eg_set(g[1], eg_event_add(eg_event_add(eg_get(g[1]), csr[1], s, 0.25), csr[0], t, 0.25));
    eg_set(g[2], eg_event_add(eg_get(g[2]), csr[0], t, eg_get(v[0])));
    eg_set(fired[0], eg_xor(t, eg_eq(eg_iota(eg, N, EG_I64), i)));
    eg_set(fired[1], s);
    return pair(none(), eg_sum(eg_convert(s, EG_I32)));
}
static eg_val spikes_delivered_twice_and_swapped(void *user, eg_val args)
{
    (void)user;
    eg_val out = eg_item(eg_loop(eg, 6, spikes_step, NULL, none(), none()), 1);
    STEPS(arg_count(args), spikes_step, args);
    return out;
}

static eg_val changed_step(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_item(x, 0), s = eg_get(fired[0]);
    eg_set(g[0], eg_event_add(eg_mul(eg_get(g[0]), 0.5), csr[0], s, 0.5));
    if (N) s = eg_update_row(s, eg_mod(i, N), eg_lt(i, 3));
    eg_set(g[1], eg_event_add(eg_get(g[1]), csr[1], s, 0.25));
    eg_set(fired[0], eg_flip(s, 0));
    eg_set(fired[1], N ? eg_update_slice(eg_get(fired[1]), eg_slice(s, 0, 0, 1, 1), 0, i) : s);
    eg_set(g[2], eg_event_add(eg_get(g[2]), csr[1], eg_get(fired[1]), 0.25));
    return none();
}
static eg_val spikes_changed_by_an_update(void *user, eg_val args)
{
    (void)user;
    eg_loop(eg, 8, changed_step, NULL, none(), none());
    return eg_event(csr[0], eg_flip(eg_get(fired[0]), 0), arg_x(args));
}

static eg_val strong(void *user, eg_val s)
{
    (void)user;
    eg_set(g[0], eg_event_add(eg_get(g[0]), csr[0], s, 0.5));
    return eg_event_add(eg_get(v[0]), csr[0], s, 0.25);
}
static eg_val weak(void *user, eg_val s)
{
    (void)user;
    eg_set(g[1], eg_event_add(eg_mul(eg_get(g[1]), 0.5), csr[1], eg_flip(s, 0), 0.125));
    return eg_event_add(eg_get(v[0]), csr[0], s, 0.125);
}
static eg_val arms_step(void *user, eg_val x)
{
    (void)user;
    eg_val s = eg_get(fired[0]), i = eg_item(x, 0);
    eg_val a = eg_cond(eg_eq(eg_mod(i, 2), 0), strong, weak, NULL, s);
    eg_val b = eg_cond(eg_gt(eg_sum(a), 0), weak, strong, NULL, eg_not(s));
    eg_set(v[0], eg_clip(eg_sub(a, eg_mul(b, 0.5)), -4, 4));
    eg_set(fired[0], eg_gt(eg_get(v[0]), 0.25));
    return none();
}
static eg_val events_in_arms(void *user, eg_val args)
{
    (void)user;
    (void)args;
    eg_loop(eg, 7, arms_step, NULL, none(), none());
    return eg_cond(eg_any(eg_get(fired[0])), strong, weak, NULL, eg_get(fired[1]));
}

static eg_val some_left(void *user, eg_val x)
{
    (void)user;
    return eg_and(eg_lt(eg_item(x, 0), 5), eg_any(eg_item(x, 1)));
}
static eg_val burst(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_item(x, 0), s = eg_item(x, 1), a = eg_event_add(eg_mul(eg_item(x, 2), 0.5), csr[0], s, 0.5);
    eg_set(g[0], eg_event_add(eg_get(g[0]), csr[1], s, 0.25));
    eg_val still = eg_and(eg_flip(s, 0), eg_gt(a, 0.25));
    return eg_tuple(eg, 3, ((eg_val[]){eg_add(i, 1), still, a}));
}
static eg_val burst_step(void *user, eg_val x)
{
    (void)user;
    eg_val zero = eg_full(eg, eg_scalar(EG_I32), 0);
    eg_val out =
        eg_while(eg, some_left, burst, NULL, eg_tuple(eg, 3, ((eg_val[]){zero, eg_get(fired[0]), eg_get(v[0])})));
    eg_set(v[0], eg_item(out, 2));
    eg_set(fired[0], eg_or(eg_item(out, 1), eg_eq(eg_mod(eg_iota(eg, N, EG_I64), 5), eg_item(x, 0))));
    return pair(none(), eg_item(out, 0));
}
static eg_val spikes_through_a_while(void *user, eg_val args)
{
    (void)user;
    (void)args;
    return eg_item(eg_loop(eg, 4, burst_step, NULL, none(), none()), 1);
}

static eg_val inner_events(void *user, eg_val x)
{
    eg_val outer = ARGS_OF(user), s = eg_get(fired[0]);
    eg_set(g[0], eg_event_add(eg_get(g[0]), csr[0], s, 0.25));
    eg_set(g[1], eg_event_add(eg_get(g[1]), csr[1], outer, 0.25)); /* spikes of the outer step */
    eg_set(fired[0], eg_flip(s, 0));
    (void)x;
    return none();
}
static eg_val outer_events(void *user, eg_val x)
{
    (void)user;
    eg_val s = eg_gt(eg_add(eg_get(v[0]), eg_get(g[0])), 0.5);
    eg_loop(eg, 3, inner_events, &s, none(), none());
    eg_loop(eg, eg_mod(eg_item(x, 0), 3), inner_events, &s, none(), none());
    eg_set(g[2], eg_event_add(eg_get(g[2]), csr[0], s, eg_get(v[1])));
    eg_set(v[0], eg_mul(eg_get(v[0]), -0.75));
    return none();
}
static eg_val events_in_nested_loops(void *user, eg_val args)
{
    (void)user;
    STEPS(5, outer_events, args);
    return none();
}

static eg_val values_as_spikes(void *user, eg_val args)
{
    (void)user;
    eg_val x = arg_x(args), odd = eg_where(eg_eq(eg_mod(eg_iota(eg, N, EG_I64), 3), 0), -0.0, x);
    eg_val a = eg_event(csr[0], odd, 0.5), b = eg_event_add(-0.0, csr[0], odd, eg_get(v[0]));
    return list4(a, b, eg_event_transposed(csr[1], odd, 0.5), eg_event_transposed(csr[1], eg_get(fired[0]), x));
}

/* -- regions ------------------------------------------------------------------------------------------------------- */

static eg_val carry_step(void *user, eg_val x)
{
    (void)user;
    eg_val a = eg_item(eg_item(x, 1), 0), b = eg_item(eg_item(x, 1), 1), i = eg_item(eg_item(x, 1), 2);
    return pair(list3(eg_flip(b, 0), eg_add(a, eg_mul(b, 0.5)), eg_add(i, eg_item(x, 0))), none());
}
static eg_val loops_of_any_length(void *user, eg_val args)
{
    (void)user;
    eg_val init = list3(eg_get(v[0]), arg_x(args), arg_count(args)), n = arg_count(args);
    eg_val a = eg_item(eg_loop(eg, eg_mul(n, 0), carry_step, NULL, init, none()), 0);
    eg_val b = eg_item(eg_loop(eg, n, carry_step, NULL, a, none()), 0);
    eg_val c = eg_item(eg_loop(eg, eg_neg(n), carry_step, NULL, list3(eg_item(b, 1), eg_item(b, 0), n), none()), 0);
    eg_set(v[0], eg_item(c, 0));
    eg_set(v[1], eg_item(a, 1));
    return list4(eg_item(b, 0), eg_item(c, 1), eg_item(a, 2), eg_item(b, 2));
}

static eg_val keeps(void *user, eg_val x)
{
    (void)user;
    return x;
}
static eg_val turns(void *user, eg_val x)
{
    (void)user;
    eg_set(v[1], eg_add(eg_get(v[1]), eg_flip(x, 0)));
    return eg_flip(x, 0);
}
static eg_val innermost(void *user, eg_val x)
{
    eg_val outer = ARGS_OF(user), i = eg_item(x, 0), a = eg_item(x, 1);
    eg_val next = eg_cond(eg_lt(eg_mod(eg_add(i, outer), 3), 1), turns, keeps, NULL, a);
    eg_set(m, eg_update_row(eg_get(m), eg_mod(eg_add(i, outer), (int64_t)ROWS), next));
    return pair(next, eg_row(eg_get(m), 1));
}
static eg_val middle(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_item(x, 0), out = eg_loop(eg, 4, innermost, &i, eg_item(x, 1), none());
    eg_set(v[0], eg_add(eg_get(v[0]), eg_sum(eg_item(out, 1), 0)));
    return pair(eg_mul(eg_item(out, 0), 0.5), eg_row(eg_item(out, 1), 2));
}
static eg_val conds_in_nested_loops(void *user, eg_val args)
{
    (void)user;
    eg_val out = eg_loop(eg, 5, middle, NULL, arg_x(args), none());
    return list2(eg_item(out, 0), eg_item(out, 1));
}

static eg_val old_part(void *user, eg_val x)
{
    (void)user;
    return list2(eg_slice(x, 0, 0, (N + 1) / 2, 1), x);
}
static eg_val other_part(void *user, eg_val x)
{
    (void)user;
    eg_set(v[2], x);
    return list2(eg_slice(eg_flip(x, 0), 0, 0, (N + 1) / 2, 1), eg_get(v[1]));
}
static eg_val outer_views_step(void *user, eg_val x)
{
    (void)user;
    eg_val a = eg_get(v[0]), out = eg_cond(eg_lt(eg_item(x, 0), 2), old_part, other_part, NULL, a);
    eg_set(v[0], eg_update_slice(eg_add(a, 1), eg_item(out, 0), 0, eg_item(x, 0)));
    eg_set(v[1], eg_sub(eg_item(out, 1), eg_mul(a, 0.5)));
    return pair(none(), eg_item(out, 0));
}
static eg_val arms_give_views_of_what_is_overwritten(void *user, eg_val args)
{
    (void)user;
    (void)args;
    return eg_item(eg_loop(eg, 5, outer_views_step, NULL, none(), none()), 1);
}

static eg_val several_step(void *user, eg_val x)
{
    (void)user;
    eg_set(v[0], eg_add(eg_mul(eg_get(v[0]), 0.5), eg_flip(eg_get(v[1]), 0)));
    eg_set(total, eg_add(eg_get(total), eg_amax(eg_get(v[0]))));
    return pair(none(), list2(eg_get(v[0]), eg_convert(eg_item(x, 0), T)));
}
static eg_val goes_on(void *user, eg_val x)
{
    (void)user;
    (void)x;
    /* the greatest element of an empty array is minus infinity, from where no step of 3 leads away */
    return eg_and(eg_lt(eg_get(total), 8), eg_gt(eg_get(total), -50));
}
static eg_val wears_out(void *user, eg_val x)
{
    (void)user;
    eg_set(total, eg_add(eg_get(total), 3));
    eg_set(v[1], eg_sub(eg_get(v[1]), eg_flip(x, 0)));
    return eg_mul(eg_flip(x, 0), 0.5);
}
static eg_val several_loops_and_a_while(void *user, eg_val args)
{
    (void)user;
    eg_val a = eg_item(eg_loop(eg, 3, several_step, NULL, none(), none()), 1);
    eg_val old = eg_get(v[0]);
    eg_set(v[1], eg_flip(old, 0));
    eg_val w = eg_while(eg, goes_on, wears_out, NULL, old);
    eg_val b = eg_item(eg_loop(eg, 2, several_step, NULL, none(), none()), 1);
    STEPS(arg_count(args), several_step, args);
    return list4(eg_item(a, 0), w, eg_item(b, 0), eg_add(eg_item(b, 1), eg_sum(old)));
}

static int counts(void *user, const void *const *in, void *const *out)
{
    (void)user;
    double sum = 0;
    for (int64_t i = 0; i < N; i++) sum += ((const uint8_t *)in[0])[i];
    *(int32_t *)out[0] = (int32_t)sum;
    return 0;
}
static eg_val hosted_step(void *user, eg_val x)
{
    (void)user;
    eg_val s = eg_gt(eg_get(v[0]), 0);
    eg_val n = eg_host(eg, "counts", counts, NULL, 1, &s, 1, &eg_scalar(EG_I32));
    eg_set(v[0], eg_sub(eg_flip(eg_get(v[0]), 0), eg_mul(eg_convert(n, T), 0.125)));
    eg_set(g[0], eg_event_add(eg_get(g[0]), csr[0], s, 0.25));
    (void)x;
    return pair(none(), n);
}
static eg_val a_host_sees_what_is_overwritten(void *user, eg_val args)
{
    (void)user;
    (void)args;
    return eg_item(eg_loop(eg, 5, hosted_step, NULL, none(), none()), 1);
}

static eg_val drawing_inner(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_set(v[1], eg_add(eg_get(v[1]), eg_uniform(eg, eg_vector(T, N), eg_real(0), eg_real(1))));
    return none();
}
static eg_val draws(void *user, eg_val x)
{
    (void)user;
    return eg_add(x, eg_normal(eg, eg_vector(T, N), eg_real(0), eg_real(1)));
}
static eg_val drawing_step(void *user, eg_val x)
{
    (void)user;
    eg_loop(eg, eg_mod(eg_item(x, 0), 3), drawing_inner, NULL, none(), none());
    eg_set(v[0],
           eg_cond(eg_gt(eg_uniform(eg, eg_scalar(T), eg_real(0), eg_real(1)), 0.5), draws, keeps, NULL, eg_get(v[0])));
    return none();
}
static eg_val draws_in_regions(void *user, eg_val args)
{
    (void)user;
    STEPS(6, drawing_step, args);
    STEPS(arg_count(args), drawing_step, args);
    return N ? eg_shuffle(arg_index(args)) : none();
}

/* -- numbers ------------------------------------------------------------------------------------------------------- */

static eg_val whole_numbers_at_their_ends(void *user, eg_val args)
{
    (void)user;
    eg_val a = eg_get(whole), b = eg_flip(arg_big(args), 0), c = arg_index(args);
    eg_val sums = eg_xor(eg_add(a, b), eg_xor(eg_sub(a, b), eg_mul(a, b)));
    eg_val parts = eg_xor(eg_div(a, b), eg_xor(eg_mod(a, b), eg_fmod(b, a)));
    eg_val shifts = eg_xor(eg_shl(a, c), eg_xor(eg_shr(a, b), eg_shr(c, 33)));
    eg_val signs = eg_xor(eg_abs(a), eg_xor(eg_neg(b), eg_sign(a)));
    eg_set(whole, eg_max(eg_min(sums, parts), signs));
    return eg_tuple(eg, 6, ((eg_val[]){sums, parts, shifts, eg_convert(a, EG_I32), eg_cumsum(a, 0), eg_prod(b)}));
}

static eg_val numbers_converted(void *user, eg_val args)
{
    (void)user;
    eg_val x = eg_get(v[0]), huge = eg_mul(eg_mul(arg_x(args), 1e18), 1e3);
    eg_val u = eg_convert(arg_index(args), EG_U32);
    return eg_tuple(eg, 8,
                    ((eg_val[]){eg_convert(huge, EG_I64), eg_convert(huge, EG_I32), eg_convert(eg_neg(x), EG_U32),
                                eg_convert(x, EG_BOOL), eg_convert(eg_get(whole), EG_F32),
                                eg_convert(eg_get(whole), EG_F64), eg_convert(u, T), eg_sub(u, eg_shr(u, 1))}));
}

static eg_val extremes_and_ties(void *user, eg_val args)
{
    (void)user;
    eg_val x = eg_get(v[0]), round = eg_round(arg_x(args));
    eg_val zeros = eg_where(eg_gt(arg_x(args), 0), 0.0, -0.0), nothing = eg_div(eg_mul(zeros, 0), eg_mul(zeros, 0));
    eg_set(v[1], eg_sort(eg_where(eg_isnan(x), x, zeros), 0));
    eg_set(v[2], eg_gather(eg_get(v[0]), eg_argsort(round, 0), 0));
    return eg_tuple(eg, 8,
                    ((eg_val[]){eg_argmax(round, 0), eg_argmin(x, 0), eg_argmax(zeros, 0), eg_argmin(nothing, 0),
                                eg_amax(zeros), eg_amin(x), eg_argsort(x, 0), eg_argmax(eg_get(m), 0)}));
}

static eg_val sums_of_odd_numbers(void *user, eg_val args)
{
    (void)user;
    eg_val x = eg_get(v[0]), a = eg_get(m), zeros = eg_mul(arg_x(args), -0.0);
    eg_set(m, eg_cumsum(a, 0));
    eg_set(v[0], eg_cumsum(zeros, 0));
    return eg_tuple(eg, 8,
                    ((eg_val[]){eg_sum(x), eg_prod(x), eg_sum(a, 0), eg_sum(a, 1), eg_logsumexp(arg_x(args)),
                                eg_variance(arg_x(args)), eg_cumsum(a, 1), eg_sum(zeros)}));
}

static eg_val denormals_pass_or_not(void *user, eg_val args)
{
    (void)user;
    eg_val tiny = eg_mul(arg_x(args), T == EG_F32 ? 1e-38 : 1e-308), x = eg_get(v[0]);
    eg_set(v[0], eg_where(eg_gt(arg_x(args), 0), x, eg_neg(tiny)));
    eg_set(v[1], eg_min(x, tiny));
    eg_set(v[2], eg_clip(x, -1e-40, 1e-40));
    eg_set(v[3], eg_sort(eg_mul(tiny, 0.25), 0));
    return list4(eg_mul(x, 1), eg_sub(tiny, eg_flip(tiny, 0)), eg_eq(eg_mul(tiny, 0.1), 0), eg_amax(eg_neg(tiny)));
}

/* -- shapes -------------------------------------------------------------------------------------------------------- */

static eg_val nothing_step(void *user, eg_val x)
{
    (void)user;
    eg_val a = eg_item(x, 1);
    return pair(eg_concat(0, eg_slice(a, 0, 1, EG_END, 1), eg_slice(a, 0, 0, 1, 1)), eg_slice(a, 0, 0, 0, 1));
}
static eg_val empty_arrays(void *user, eg_val args)
{
    (void)user;
    eg_val x = arg_x(args), empty = eg_slice(x, 0, 0, 0, 1), grid = eg_slice(eg_get(m), 0, 0, 0, 1);
    eg_val out = eg_loop(eg, 2, nothing_step, NULL, x, none());
    eg_val none_rows = eg_loop(eg, 0, nothing_step, NULL, x, none());
    eg_set(v[0], eg_update_slice(eg_get(v[0]), empty, 0, arg_count(args)));
    eg_set(v[1], eg_concat(0, empty, x, empty));
    eg_set(v[2], eg_add(eg_sum(grid, 0), eg_amax(empty)));
    return eg_tuple(eg, 8,
                    ((eg_val[]){eg_item(out, 0), eg_item(out, 1), eg_item(none_rows, 0), eg_item(none_rows, 1),
                                eg_dot(eg_transpose(grid), grid), eg_cumsum(grid, 1), eg_sort(empty, 0),
                                eg_scatter_add(x, eg_slice(arg_index(args), 0, 0, 0, 1), empty)}));
}

static eg_val edges_of_shapes(void *user, eg_val args)
{
    (void)user;
    eg_val x = arg_x(args), a = eg_get(m);
    eg_set(m, eg_roll(a, -3, 0));
    eg_set(v[0], eg_roll(eg_get(v[0]), N / 2 + 1, 0));
    eg_set(v[1], eg_slice(eg_pad(x, 0, 3, 2, -0.0), 0, 2, N + 2, 1));
    return eg_tuple(eg, 6,
                    ((eg_val[]){eg_pad(a, 1, 0, 3, eg_sum(x)), eg_pad(eg_flip(x, 0), 0, 2, 0, 1),
                                eg_stack(1, x, eg_flip(x, 0), eg_get(v[2])), eg_concat(1, a, eg_flip(a, 0), a),
                                eg_one_hot(arg_index(args), 3, T), eg_outer(eg_slice(x, 0, 0, 3, 1), x)}));
}

static eg_val product_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val a = eg_get(m), b = eg_dot(a, eg_get(v[0]));
    eg_set(v[0], eg_clip(eg_dot(b, a), -2, 2));
    eg_set(m, eg_clip(eg_mul(eg_dot(eg_dot(a, eg_transpose(a)), a), 0.125), -1, 1));
    return pair(none(), b);
}
static eg_val products_in_place(void *user, eg_val args)
{
    (void)user;
    (void)args;
    return eg_item(eg_loop(eg, 4, product_step, NULL, none(), none()), 1);
}

static eg_val sorted_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val a = eg_get(m), by = eg_argsort(a, 1);
    eg_set(m, eg_flip(eg_sort(a, 1), 1));
    eg_set(v[0], eg_gather(eg_sort(eg_get(v[0]), 0), eg_row(by, 2), 0));
    eg_set(v[1], eg_sort(eg_add(eg_get(v[1]), eg_get(v[0])), 0));
    return pair(none(), by);
}
static eg_val sorted_again_and_again(void *user, eg_val args)
{
    (void)user;
    (void)args;
    return N ? eg_item(eg_loop(eg, 3, sorted_step, NULL, none(), none()), 1) : none();
}

#define CASES(X)                                                                                                       \
    X(row_replaced_old_sum_read)                                                                                       \
    X(part_of_itself_moved)                                                                                            \
    X(chain_of_updates_in_a_loop)                                                                                      \
    X(variables_go_round)                                                                                              \
    X(results_are_old_values)                                                                                          \
    X(set_to_numbers)                                                                                                  \
    X(gathered_and_scattered_onto_itself)                                                                              \
    X(views_of_views)                                                                                                  \
    X(transposed_in_place)                                                                                             \
    X(rows_of_rotated_sequences)                                                                                       \
    X(two_decays_and_a_reader)                                                                                         \
    X(rotated_value_read_flipped)                                                                                      \
    X(spikes_delivered_twice_and_swapped)                                                                              \
    X(spikes_changed_by_an_update)                                                                                     \
    X(events_in_arms)                                                                                                  \
    X(spikes_through_a_while)                                                                                          \
    X(events_in_nested_loops)                                                                                          \
    X(values_as_spikes)                                                                                                \
    X(loops_of_any_length)                                                                                             \
    X(conds_in_nested_loops)                                                                                           \
    X(arms_give_views_of_what_is_overwritten)                                                                          \
    X(several_loops_and_a_while)                                                                                       \
    X(a_host_sees_what_is_overwritten)                                                                                 \
    X(draws_in_regions)                                                                                                \
    X(whole_numbers_at_their_ends)                                                                                     \
    X(numbers_converted)                                                                                               \
    X(extremes_and_ties)                                                                                               \
    X(sums_of_odd_numbers)                                                                                             \
    X(denormals_pass_or_not)                                                                                           \
    X(empty_arrays)                                                                                                    \
    X(edges_of_shapes)                                                                                                 \
    X(products_in_place)                                                                                               \
    X(sorted_again_and_again)

#define X(name)                                                                                                        \
    START_TEST(test_##name) { agrees_always(#name, name); }                                                            \
    END_TEST
CASES(X)
#undef X

int main(void)
{
    Suite *s = suite_create("corners");
    TCase *t = tcase_create("corners");
    tcase_set_timeout(t, 0);
#define X(name) tcase_add_test(t, test_##name);
    CASES(X)
#undef X
    suite_add_tcase(s, t);
    return test_run(s);
}
