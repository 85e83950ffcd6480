/* A loop with products of its input, as a layer has them: what the compiler takes out of loops, and what it must not.
 */
#include "fuzz.h"

typedef struct layer {
    fz_rng r;
    eg_val W, V, other; /* other: like a row */
    bool column;
} layer;

/* The row on its way to the product. */
static eg_val changed(layer *l, eg_val i, eg_val row, eg_val h)
{
    switch (fz_below(&l->r, 10)) {
    case 0: return eg_tanh(row);
    case 1: return eg_mul(row, l->other);
    case 2: return eg_where(eg_gt(row, 0), row, l->other);
    case 3: return eg_flip(row, 0);
    case 4: return eg_add(row, eg_convert(i, eg_spec_of(row).dtype));
    case 5: return eg_convert(eg_gt(row, 0.25), eg_spec_of(row).dtype);
    case 6: return eg_mul(row, eg_sum(h));
    default: return row;
    }
}

static eg_val step(void *user, eg_val x)
{
    layer *l = user;
    eg_val h = eg_item(x, 1), row = eg_item(x, 2);
    for (int k = 0; k < 2; k++) row = changed(l, eg_item(x, 0), row, h);
    eg_val z = l->column ? eg_dot(l->W, row) : eg_dot(row, l->W);
    if (fz_chance(&l->r, 30)) z = l->column ? eg_dot(l->V, eg_tanh(z)) : eg_dot(eg_tanh(z), l->V);
    if (fz_chance(&l->r, 20)) z = l->column ? eg_add(z, eg_dot(l->V, h)) : eg_add(z, eg_dot(h, l->V));
    h = eg_tanh(eg_add(z, eg_mul(h, 0.5)));
    return eg_tuple(eg_context_of(h), 2, ((eg_val[]){h, fz_chance(&l->r, 50) ? z : h}));
}

void fz_layer(fz_trace *c, fz_rng *r)
{
    fz_val *x = fz_pick(c, r, (fz_want){.types = FZ_F, .min_rank = 2, .max_rank = 3});
    if (!x) return;
    const eg_spec s = x->spec;
    const eg_dtype t = s.dtype;
    layer l = {.r = *r, .column = s.rank == 2 && fz_chance(r, 50)};
    const int64_t K = s.dim[s.rank - 1], B = s.rank == 3 ? s.dim[1] : 1;
    const int64_t N = c->p->size[1 + fz_below(r, FZ_SIZES - 1)];
    if (s.dim[0] * B > 2000 || K * N > 20000 || N * N > 20000 || s.dim[0] * B * N > 20000) return;
    l.W = fz_like(c, r, l.column ? eg_matrix(t, N, K) : eg_matrix(t, K, N), 2);
    l.V = fz_like(c, r, eg_matrix(t, N, N), 2);
    l.other = fz_like(c, r, s.rank == 3 ? eg_matrix(t, B, K) : eg_vector(t, K), 2);
    eg_val h = fz_like(c, r, s.rank == 3 ? eg_matrix(t, B, N) : eg_vector(t, N), 1);
    eg_val rows = fz_tame(c, r, x->v, x->bound, 8);
    c->derived = true;
    eg_val out = eg_loop(c->eg, s.dim[0], step, &l, h, rows);
    if (eg_error(c->eg)) return;
    fz_keep(c, r, eg_item(out, 0), 4);
    fz_keep(c, r, eg_item(out, 1), 64 * (double)(K + N + 1));
}
