/* Records that make, move and index elements. */
#include "fuzz.h"

static eg_val index_like(fz_trace *c, fz_rng *r, eg_spec spec, int64_t extent)
{
    /* Mostly inside, sometimes outside: moved inside, or dropped. */
    eg_spec s = spec;
    s.dtype = fz_chance(r, 80) ? EG_I32 : fz_chance(r, 50) ? EG_I64 : EG_U32;
    eg_val i = fz_like(c, r, s, 1e9);
    if (extent > 0 && fz_chance(r, 70)) {
        i = eg_mod(i, eg_int(extent));
        c->derived = true;
    }
    return i;
}

static eg_val index_scalar(fz_trace *c, fz_rng *r, int64_t extent)
{
    if (fz_chance(r, 35)) {
        c->derived = true;
        return eg_int(fz_below(r, extent));
    }
    for (int k = c->n; k-- > 0;) {
        /* The step of the loop around, if there is one. */
        fz_val *v = &c->pool[k];
        if (v->spec.dtype == EG_I64 && v->spec.rank == 0 && fz_chance(r, 60)) {
            v->used = true;
            return fz_chance(r, 50) ? v->v : eg_sub(v->v, 1);
        }
    }
    return index_like(c, r, eg_scalar(EG_I32), extent);
}

void fz_emit_make(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    eg_dtype t = (eg_dtype)fz_below(r, EG_F64 + 1);
    int64_t n = c->p->size[fz_below(r, FZ_SIZES)], m = c->p->size[1];
    eg_spec s = fz_chance(r, 60) ? eg_vector(t, n) : fz_chance(r, 50) ? eg_matrix(t, m, n) : eg_scalar(t);
    switch (fz_below(r, 5)) {
    case 0: fz_keep(c, r, eg_full(c->eg, s, fz_literal(c, r, t)), 2); break;
    case 1:
        if (t == EG_BOOL) t = EG_I32;
        fz_keep(c, r, eg_iota(c->eg, n, t), 1000);
        break;
    case 2: {
        fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_I, .max_rank = 2});
        if (v && fz_count(v->spec) < 300) fz_keep(c, r, eg_one_hot(v->v, n, t), 1);
        break;
    }
    case 3:
        if (c->p->num_arrays) {
            int k = (int)fz_below(r, c->p->num_arrays);
            fz_keep(c, r, eg_constant(c->array[k]), 4);
        }
        break;
    default: fz_keep(c, r, fz_chance(r, 50) ? eg_zeros(c->eg, s) : eg_ones(c->eg, s), 1); break;
    }
}

static void slice(fz_trace *c, fz_rng *r, fz_val *v)
{
    static const int8_t steps[] = {1, 1, 1, -1, -1, 2, 3, -2};
    eg_val x = v->v;
    for (int axis = 0; axis < v->spec.rank; axis++) {
        if (axis && fz_chance(r, 60)) continue;
        int64_t n = v->spec.dim[axis], step = steps[fz_below(r, EGI_LEN(steps))];
        int64_t start = fz_chance(r, 40) ? 0 : fz_below(r, n < 5 ? n : 5), stop = EG_END;
        if (step < 0)
            start = -1 - start;
        else if (fz_chance(r, 40))
            stop = -1 - fz_below(r, 4);
        x = eg_slice(x, axis, start, stop, step);
    }
    c->derived = true;
    fz_keep(c, r, x, v->bound);
}

static void reshape(fz_trace *c, fz_rng *r, fz_val *v)
{
    eg_spec s = v->spec;
    int64_t n = fz_count(s), dim[EG_MAX_RANK];
    if (fz_chance(r, 40) || n == 0) {
        int64_t one = n;
        fz_keep(c, r, eg_reshape_to(v->v, 1, &one), v->bound);
        c->derived |= s.rank != 1;
        return;
    }
    int rank = 0;
    for (int64_t d = 2; d <= 10 && rank < 2; d++) {
        if (n % d == 0 && fz_chance(r, 50)) dim[rank++] = d, n /= d;
    }
    dim[rank++] = n;
    if (fz_chance(r, 30)) dim[rank++] = 1;
    c->derived = true;
    fz_keep(c, r, eg_reshape_to(v->v, rank, dim), v->bound);
}

void fz_emit_view(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY, .min_rank = 1});
    if (!v) return;
    eg_spec s = v->spec;
    int axis = (int)fz_below(r, s.rank);
    switch (fz_below(r, 9)) {
    case 0:
    case 1: slice(c, r, v); break;
    case 2:
        c->derived = true;
        fz_keep(c, r, eg_flip(v->v, axis), v->bound);
        break;
    case 3: {
        int perm[EG_MAX_RANK], n = s.rank;
        for (int k = 0; k < n; k++) perm[k] = k;
        for (int k = n - 1; k > 0; k--) {
            int j = (int)fz_below(r, k + 1), t = perm[k];
            perm[k] = perm[j];
            perm[j] = t;
        }
        fz_keep(c, r, fz_chance(r, 40) ? eg_transpose(v->v) : (eg_transpose)(v->v, n, perm, __FILE__, 0), v->bound);
        break;
    }
    case 4: reshape(c, r, v); break;
    case 5:
        if (s.rank < EG_MAX_RANK) fz_keep(c, r, eg_new_axis(v->v, (int)fz_below(r, s.rank + 1)), v->bound);
        break;
    case 6: {
        int64_t dim[EG_MAX_RANK], d = fz_chance(r, 50) ? 3 : c->p->size[1];
        if (s.rank == EG_MAX_RANK || fz_count(s) * d > 20000) return;
        dim[0] = d;
        memcpy(dim + 1, s.dim, (size_t)s.rank * sizeof *dim);
        fz_keep(c, r, eg_broadcast_to(v->v, s.rank + 1, dim), v->bound);
        break;
    }
    case 7:
        c->derived = true;
        fz_keep(c, r, eg_roll(v->v, fz_below(r, 7) - 3, axis), v->bound);
        break;
    default:
        fz_keep(c, r, eg_slice_at(v->v, axis, index_scalar(c, r, s.dim[axis]), (s.dim[axis] + 1) / 2), v->bound);
        c->derived = true;
    }
}

void fz_emit_join(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY, .min_rank = 1});
    if (!v || fz_count(v->spec) > 10000) return;
    int axis = (int)fz_below(r, v->spec.rank);
    c->derived = true;
    if (v->spec.dtype == EG_BOOL && fz_chance(r, 50)) {
        fz_val *bits = fz_keep(c, r, eg_pack(v->v), 0);
        if (bits && fz_chance(r, 50)) fz_keep(c, r, eg_unpack(bits->v, v->spec.dim[v->spec.rank - 1]), 1);
        return;
    }
    if (v->spec.dtype == EG_U32 && fz_chance(r, 50) && fz_count(v->spec) && fz_count(v->spec) < 1000) {
        int64_t words = v->spec.dim[v->spec.rank - 1];
        fz_keep(c, r, eg_unpack(v->v, 32 * words - fz_below(r, 32)), 1);
        return;
    }
    if (fz_chance(r, 35)) {
        int64_t before = fz_below(r, 4), after = fz_below(r, 4);
        fz_keep(c, r, eg_pad(v->v, axis, before, after, fz_literal(c, r, v->spec.dtype)), v->bound);
        return;
    }
    eg_val part[3] = {v->v};
    int n = 2 + (int)fz_below(r, 2);
    for (int k = 1; k < n; k++) {
        part[k] = fz_like(c, r, v->spec, v->bound);
        if (fz_chance(r, 25)) part[k] = eg_slice(part[k], axis, 0, 3, 1);
    }
    bool equal = true;
    for (int k = 1; k < n; k++) equal &= fz_same(eg_spec_of(part[k]), v->spec);
    if (equal && v->spec.rank < EG_MAX_RANK && fz_chance(r, 40))
        fz_keep(c, r, eg_stack_n(axis, n, part), v->bound);
    else
        fz_keep(c, r, eg_concat_n(axis, n, part), v->bound);
}

void fz_emit_index(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY, .min_rank = 1});
    if (!v || fz_count(v->spec) == 0) return;
    int axis = (int)fz_below(r, v->spec.rank);
    switch (fz_below(r, 4)) {
    case 0: fz_keep(c, r, eg_row(v->v, index_scalar(c, r, v->spec.dim[0])), v->bound); break;
    case 1:
        c->derived = true;
        fz_keep(c, r,
                eg_slice_at(v->v, axis, index_scalar(c, r, v->spec.dim[axis]), 1 + fz_below(r, v->spec.dim[axis])),
                v->bound);
        break;
    default: {
        fz_val *i = fz_pick(c, r, (fz_want){.types = FZ_I, .max_rank = 2});
        int64_t rest = fz_count(v->spec) / v->spec.dim[axis];
        eg_val index;
        if (i && fz_chance(r, 60) && fz_count(i->spec) * rest < 20000 && i->spec.rank + v->spec.rank <= 5)
            index = i->v;
        else
            index = index_like(c, r, eg_vector(EG_I32, c->p->size[fz_below(r, FZ_SIZES)]), v->spec.dim[axis]);
        if (fz_count(eg_spec_of(index)) * rest < 20000) fz_keep(c, r, eg_gather(v->v, index, axis), v->bound);
    }
    }
}

void fz_emit_update(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY, .min_rank = 1});
    if (!v || fz_count(v->spec) == 0) return;
    int axis = (int)fz_below(r, v->spec.rank);
    eg_spec row = v->spec;
    memmove(row.dim, row.dim + 1, (size_t)--row.rank * sizeof *row.dim);
    switch (fz_below(r, 4)) {
    case 0:
        fz_keep(c, r, eg_update_row(v->v, index_scalar(c, r, v->spec.dim[0]), fz_like(c, r, row, 8)), v->bound + 8);
        break;
    case 1: {
        eg_spec part = v->spec;
        part.dim[axis] = 1 + fz_below(r, part.dim[axis]);
        c->derived = true;
        fz_keep(c, r, eg_update_slice(v->v, fz_like(c, r, part, 8), axis, index_scalar(c, r, v->spec.dim[axis])),
                v->bound + 8);
        break;
    }
    default: {
        if (v->spec.dtype == EG_BOOL) return;
        eg_val index = index_like(c, r, eg_vector(EG_I32, c->p->size[fz_below(r, FZ_SIZES)]), v->spec.dim[0]);
        eg_spec u = eg_spec_of(index);
        if (fz_count(u) * fz_count(row) > 20000) return;
        memcpy(u.dim + u.rank, row.dim, (size_t)row.rank * sizeof *u.dim);
        u.rank += row.rank;
        u.dtype = v->spec.dtype;
        eg_val x = u.rank > 4 || fz_chance(r, 25) ? fz_literal(c, r, u.dtype) : fz_like(c, r, u, 2);
        fz_keep(c, r, eg_scatter_add(v->v, index, x), v->bound + 100);
    }
    }
}
