/* Records of events. */
#include "fuzz.h"

#include "api/ops.h"

eg_val fz_spikes(fz_trace *c, fz_rng *r, int64_t pre)
{
    eg_spec s = eg_vector(EG_BOOL, pre);
    fz_val *v = fz_pick(c, r, (fz_want){.types = fz_chance(r, 80) ? FZ_B : FZ_F, .fit = FZ_SAME_SHAPE, .like = &s});
    if (v && fz_chance(r, 70)) {
        if (v->spec.dtype != EG_BOOL && fz_chance(r, 60)) return eg_where(eg_gt(v->v, 0.25), v->v, 0);
        return v->v;
    }
    for (int k = 0; k < c->p->num_vars && fz_chance(r, 70); k++) {
        if (fz_same(eg_variable_spec(c->var[k]), s)) return eg_get(c->var[k]);
    }
    return eg_gt(fz_like(c, r, eg_vector(EG_F32, pre), 4), fz_number(c, r, 0, 1.5));
}

eg_val fz_weight(fz_trace *c, fz_rng *r, int k, eg_dtype t)
{
    static const double plain[] = {0.25, 0.25, 0.5, -0.125};
    switch (fz_below(r, 6)) {
    case 0: {
        fz_val *v = fz_pick(c, r, (fz_want){.types = 1u << t});
        if (v && v->spec.rank == 0) return fz_tame(c, r, v->v, v->bound, 2);
        break;
    }
    case 1: return fz_like(c, r, eg_vector(t, eg_csr_num_pre(c->csr[k])), 1);
    case 2: c->derived = true; return fz_as(eg_constant(c->weights[k]), t);
    default: break;
    }
    return eg_real(plain[fz_below(r, EGI_LEN(plain))]);
}

void fz_emit_event(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    if (!c->p->num_csrs) return;
    int k = (int)fz_below(r, c->p->num_csrs), n = 1 + (int)fz_below(r, 2);
    eg_csr *csr = c->csr[k];
    eg_dtype t = fz_chance(r, 75) ? EG_F32 : EG_F64;
    if (fz_chance(r, 20)) {
        eg_spec s = eg_vector(fz_chance(r, 50) ? EG_BOOL : t, eg_csr_num_post(csr));
        fz_keep(c, r, eg_event_transposed(csr, fz_like(c, r, s, 3), fz_weight(c, r, k, t)), 50);
        return;
    }
    eg_val s = fz_spikes(c, r, eg_csr_num_pre(csr));
    for (int j = 0; j < n; j++) {
        eg_val w = fz_weight(c, r, k, t);
        eg_spec post = eg_vector(t, eg_csr_num_post(csr));
        eg_val y = fz_chance(r, 40)
                       ? eg_event(csr, s, w)
                       : eg_event_add(fz_chance(r, 80) ? fz_like(c, r, post, 4) : fz_literal(c, r, t), csr, s, w);
        fz_keep(c, r, y, 50);
        for (int v = 0; v < c->p->num_vars && fz_chance(r, 70); v++) {
            if (fz_same(eg_variable_spec(c->var[v]), eg_spec_of(y))) {
                eg_set(c->var[v], fz_tame(c, r, y, 50, 6));
                break;
            }
        }
        int other = (int)fz_below(r, c->p->num_csrs);
        if (eg_csr_num_pre(c->csr[other]) == eg_csr_num_pre(csr)) csr = c->csr[k = other];
    }
}

/* The same product along the connections and with the dense matrix: weights are small whole numbers, sums exact. */
void fz_emit_dense(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    if (!c->p->num_csrs) return;
    int k = (int)fz_below(r, c->p->num_csrs);
    if (!c->dense[k] || c->num_equal == (int)EGI_LEN(c->equal)) return;
    int64_t pre = eg_csr_num_pre(c->csr[k]), post = eg_csr_num_post(c->csr[k]);
    bool other_way = fz_chance(r, 25);
    eg_val x = other_way ? fz_like(c, r, eg_vector(fz_chance(r, 50) ? EG_BOOL : EG_F32, post), 3)
                         : fz_spikes(c, r, pre),
           y[2];
    if (eg_spec_of(x).dtype != EG_BOOL) {
        x = eg_round(eg_clip(eg_convert(x, EG_F32), -3, 3));
        x = eg_where(eg_isnan(x), 0, x);
    }
    eg_val w = eg_constant(c->synapse[k]), dense = eg_constant(c->dense[k]), f = fz_as(x, EG_F32);
    if (other_way) {
        y[0] = eg_event_transposed(c->csr[k], x, w);
        y[1] = eg_dot(dense, f);
    } else {
        y[0] = eg_event(c->csr[k], x, w);
        y[1] = fz_chance(r, 50) ? eg_dot(f, dense) : eg_sum(eg_mul(dense, eg_new_axis(f, 1)), 0);
    }
    c->derived = true;
    /* -0 and +0 are the same sum. */
    for (int j = 0; j < 2; j++) y[j] = eg_add(y[j], 0.0);
    if (c->depth == 0) {
        c->equal[c->num_equal][0] = y[0];
        c->equal[c->num_equal++][1] = y[1];
    } else {
        for (int j = 0; j < 2; j++) fz_keep(c, r, y[j], 100);
    }
}

/* -- products by the rows that fired ------------------------------------------------------------------------------- */

/* base + x w, which no public call makes with a base of its own. */
static eg_val onto(eg_val base, eg_val x, eg_val w)
{
    eg_val v[] = {base, x, w};
    egi_call c = egi_begin("onto", __FILE__, __LINE__, 3, v);
    return c.g ? egi_end(&c, egi_dot_event(c.g, base.id, x.id, w.id)) : eg_nothing();
}

/* A variable of that spec, or what a loop's step has of it: so a product is put into what a loop carries. */
static eg_val base_like(fz_trace *c, fz_rng *r, eg_spec s, int *var)
{
    *var = -1;
    for (int k = 0; k < c->p->num_vars && fz_chance(r, 80); k++) {
        if (!fz_same(eg_variable_spec(c->var[k]), s)) continue;
        *var = k;
        return eg_get(c->var[k]);
    }
    if (fz_chance(r, 30)) return eg_full(c->eg, s, fz_literal(c, r, s.dtype));
    return fz_like(c, r, s, 4);
}

/* Spikes of that shape: bool, made of bool, or values many of which are 0. */
static eg_val spikes_like(fz_trace *c, fz_rng *r, eg_dtype t, int64_t m, int64_t k)
{
    bool turned = fz_chance(r, 40);
    eg_spec s = turned ? eg_matrix(EG_BOOL, k, m) : eg_matrix(EG_BOOL, m, k), f = s;
    f.dtype = t;
    eg_val x = fz_chance(r, 50) ? fz_like(c, r, s, 1) : eg_gt(fz_like(c, r, f, 4), fz_number(c, r, 0, 1.5));
    if (fz_chance(r, 25)) x = eg_and(x, eg_lt(fz_like(c, r, f, 4), fz_number(c, r, 0, 1)));
    switch (fz_below(r, 4)) {
    case 0: x = eg_where(x, fz_like(c, r, f, 3), 0); break;
    case 1: x = eg_convert(x, t); break;
    default: break;
    }
    return turned ? eg_transpose(x) : x;
}

void fz_emit_fired(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    eg_dtype t = fz_chance(r, 75) ? EG_F32 : EG_F64;
    fz_val *like = fz_pick(c, r, (fz_want){.types = 1u << t, .min_rank = 2, .max_rank = 2});
    int64_t m = like && fz_chance(r, 60) ? like->spec.dim[0] : c->p->size[fz_below(r, FZ_SIZES)];
    int64_t n = like && fz_chance(r, 60) ? like->spec.dim[1] : c->p->size[fz_below(r, FZ_SIZES)];
    int64_t k = c->p->size[fz_below(r, FZ_SIZES)];
    if (m * k > 20000 || k * n > 20000 || m * n > 20000) return;
    eg_val x = spikes_like(c, r, t, m, k), w = fz_like(c, r, eg_matrix(t, k, n), 2);
    double bound = 4 + 6 * (double)(k + 1);
    if (fz_chance(r, 30)) {
        fz_keep(c, r, eg_dot(x, w), bound);
        return;
    }
    int var;
    eg_val y = onto(base_like(c, r, eg_matrix(t, m, n), &var), x, w);
    if (fz_chance(r, 30)) y = onto(y, spikes_like(c, r, t, m, k), w);
    fz_keep(c, r, y, bound);
    if (var >= 0 && fz_chance(r, 80)) eg_set(c->var[var], fz_chance(r, 70) ? y : fz_tame(c, r, y, 50, 6));
}
